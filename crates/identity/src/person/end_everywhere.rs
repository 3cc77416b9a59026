//! Ending everything that one has open: at `id.`, in the console, and at every tenant, in every browser.

use crate::{Identity, person::end_all};
use access::{EndPersonSession, EndSession, Permit, PersonPermit};
use domain::{Event, UserId, event::names};
use store::{StoreError, sql, values};

/// Ends all sessions of the permit's person.
///
/// # Errors
/// [`StoreError`]; what was ended before stays so.
pub(crate) async fn end_everywhere(
    room: &Identity,
    permit: &PersonPermit<EndPersonSession>,
) -> Result<(), StoreError> {
    end_all(room, permit).await?;
    for tenant in room.store.directory().tenants_of(permit).await? {
        if let Some(there) = room.web.warden.parting_from(permit, tenant) {
            end_at(room, &there, permit.user()).await?;
        }
    }
    Ok(())
}

async fn end_at(room: &Identity, there: &Permit<EndSession>, user: UserId) -> Result<(), StoreError> {
    let hand_overs = sql!("DELETE FROM hand_over WHERE tenant_id = $1 AND user_id = $2");
    let sessions = sql!(
        "DELETE FROM session WHERE tenant_id = $1 AND member_id IN
         (SELECT id FROM member WHERE tenant_id = $1 AND user_id = $2)"
    );
    let ended = || Event::new(names::SESSIONS_ENDED, user).with("user", user);
    room.store
        .write(there, async |tx| {
            tx.run(hand_overs, values![user]).await?;
            tx.run(sessions, values![user]).await?;
            tx.emit(ended()).await
        })
        .await?;
    room.web.warden.hear_at_once(there.tenant_id(), ended()).await;
    Ok(())
}
