//! Trials: an admin tries a connection without letting anybody in by it. The console makes a ticket, which
//! `id.` takes; at the end stands a page that shows what came.

use crate::{
    Identity,
    sign_in::{
        SignInError,
        pending::{Aim, Pending},
    },
};
use access::{FinishSignIn, Permit, TestConnection};
use domain::{Chance, Change, ConnectionId, Moment, Sealed, TenantId, UserId, seal::SealingKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;
use store::{sql, values};

/// What a ticket is sealed for.
const PURPOSE: &str = "trial of a connection";
/// How long a ticket is good: as long as it takes to follow a link.
const LIFE: Duration = Duration::from_secs(5 * 60);

/// Says that its bearer may try this connection.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ticket {
    pub(crate) tenant: TenantId,
    pub(crate) connection: ConnectionId,
    pub(crate) by: UserId,
    ends: Moment,
}

impl Ticket {
    fn seal(&self, key: &SealingKey, chance: &Chance) -> String {
        let plain = serde_json::to_vec(self).expect("a ticket is plain data");
        key.seal(PURPOSE, &plain, chance).as_str().to_owned()
    }

    /// The ticket in this text, if it was made here and its time is not over.
    pub(crate) fn open(text: &str, key: &SealingKey, now: Moment) -> Option<Self> {
        let plain = key.open(PURPOSE, &Sealed::from_text(text.to_owned())).ok()?;
        let ticket: Ticket = serde_json::from_slice(&plain).ok()?;
        (now < ticket.ends).then_some(ticket)
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
    let ticket = Ticket { tenant: permit.tenant_id(), connection, by, ends: room.now() + LIFE };
    let sealed = ticket.seal(&room.keyring.load().pending, &room.web.chance);
    Some(format!("{}/trial?ticket={sealed}", room.web.hosts.id))
}

/// Remembers that the connection was tried; lets nobody in.
///
/// # Errors
/// [`SignInError::Store`].
pub(crate) async fn record(
    room: &Identity,
    permit: &Permit<FinishSignIn>,
    pending: &Pending,
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
            tx.changed(Change::new(pending.connection, Value::Null, json!({ "trial": "passed", "by": by })));
            Ok(())
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_good_for_five_minutes_and_under_our_key_only() {
        let chance = Chance::system();
        let key = SealingKey::generate(&chance);
        let now = Moment::from_seconds(1_800_000_000);
        let ticket = Ticket {
            tenant: TenantId::from_bits(1),
            connection: ConnectionId::from_bits(2),
            by: UserId::from_bits(3),
            ends: now + LIFE,
        };
        let text = ticket.seal(&key, &chance);
        assert_eq!(Ticket::open(&text, &key, now).map(|ticket| ticket.connection), Some(ticket.connection));
        assert!(Ticket::open(&text, &key, now + LIFE).is_none());
        assert!(Ticket::open(&text, &SealingKey::generate(&chance), now).is_none());
        assert!(text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'&' && byte != b'+'));
    }
}
