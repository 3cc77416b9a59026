//! Ending.

use domain::{Digest, Event, event::names};
use store::{StoreError, TenantWrite, sql, values};

/// Ends a session, and tells every node. One that has ended already stays so.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn end(tx: &mut TenantWrite, session: Digest) -> Result<(), StoreError> {
    let sql = sql!("DELETE FROM session WHERE tenant_id = $1 AND digest = $2");
    if tx.run(sql, values![session]).await? == 1 {
        tx.emit(ended(session)).await?;
    }
    Ok(())
}

/// What every node hears of it.
pub(crate) fn ended(session: Digest) -> Event {
    Event::new(names::SESSION_ENDED, session).with("session", session)
}
