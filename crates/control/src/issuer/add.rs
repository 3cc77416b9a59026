//! An issuer is registered.

use super::{Issuer, IssuerError, MOST, check::check, facts, rows};
use crate::Control;
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{Change, Event, IssuerRules, event::names};
use serde_json::Value;

/// Registers an issuer.
///
/// # Errors
/// [`IssuerError`].
pub async fn add(
    room: &Control,
    permit: &OperatorPermit<ChangePlatformSettings>,
    rules: IssuerRules,
) -> Result<Issuer, IssuerError> {
    room.store
        .operate(permit, async |tx| {
            check(&rules, &room.web.hosts)?;
            let id = tx.new_id();
            if rows::is_taken(tx, id, &rules.issuer).await? {
                return Err(IssuerError::Exists);
            }
            if rows::count(tx).await? >= MOST {
                return Err(IssuerError::TooMany);
            }
            rows::put(tx, id, &rules).await?;
            tx.changed(Change::new(id, Value::Null, facts(&rules)));
            tx.emit_platform(Event::new(names::ISSUER_CHANGED, id)).await?;
            Ok(Issuer { id, rules, users: 0, changed_at: tx.now() })
        })
        .await
}
