//! Trials: an admin tries a connection without letting anybody in by it. The console makes a ticket, which
//! `id.` takes; at the end stands a page that shows what came.

use crate::{
    Identity,
    claim_rule::keep,
    sign_in::{
        SignInError,
        pending::{Aim, Pending},
    },
    ticket::Ticket,
};
use access::{FinishSignIn, Permit, TestConnection};
use domain::{Change, ConnectionId, Moment, TenantId, UserId};
use protocol::IdentityClaims;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;
use store::{sql, values};

/// How long a ticket is good: as long as it takes to follow a link.
const LIFE: Duration = Duration::from_secs(5 * 60);

/// Says that its bearer may try this connection.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TrialTicket {
    pub(crate) tenant: TenantId,
    pub(crate) connection: ConnectionId,
    pub(crate) by: UserId,
    ends: Moment,
}

impl Ticket for TrialTicket {
    const PURPOSE: &'static str = "trial of a connection";

    fn ends(&self) -> Moment {
        self.ends
    }
}

/// The link by which the permit's caller tries `connection`, in use or not. None for a caller who is no
/// person.
pub fn trial_link(
    room: &Identity,
    permit: &Permit<TestConnection>,
    connection: ConnectionId,
) -> Option<String> {
    let by = permit.caller().person()?.user;
    let ticket = TrialTicket { tenant: permit.tenant_id(), connection, by, ends: room.now() + LIFE };
    let sealed = ticket.seal(&room.keyring.load().pending, &room.web.chance);
    Some(format!("{}/trial?ticket={sealed}", room.web.hosts.id))
}

/// Remembers that the connection was tried, and for a while what came; lets nobody in.
///
/// # Errors
/// [`SignInError::Store`].
pub(crate) async fn record(
    room: &Identity,
    permit: &Permit<FinishSignIn>,
    pending: &Pending,
    claims: &IdentityClaims,
) -> Result<(), SignInError> {
    let by = match pending.aim {
        Aim::Trial { by } => json!(by),
        _ => Value::Null,
    };
    room.store
        .write(permit, async |tx| {
            let now = tx.now();
            let sql = sql!("UPDATE connection SET tested_at = $3 WHERE tenant_id = $1 AND id = $2");
            tx.run(sql, values![pending.connection, now]).await?;
            keep(tx, pending.connection, claims).await?;
            tx.changed(Change::new(pending.connection, Value::Null, json!({ "trial": "passed", "by": by })));
            Ok(())
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Chance, seal::SealingKey};

    #[test]
    fn a_ticket_is_good_for_five_minutes_and_under_our_key_only() {
        let chance = Chance::system();
        let key = SealingKey::generate(&chance);
        let now = Moment::from_seconds(1_800_000_000);
        let ticket = TrialTicket {
            tenant: TenantId::from_bits(1),
            connection: ConnectionId::from_bits(2),
            by: UserId::from_bits(3),
            ends: now + LIFE,
        };
        let text = ticket.seal(&key, &chance);
        assert_eq!(
            TrialTicket::open(&text, &key, now).map(|ticket| ticket.connection),
            Some(ticket.connection)
        );
        assert!(TrialTicket::open(&text, &key, now + LIFE).is_none());
        assert!(TrialTicket::open(&text, &SealingKey::generate(&chance), now).is_none());
        assert!(text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'&' && byte != b'+'));
    }
}
