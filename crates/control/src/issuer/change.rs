//! An issuer's rules are put in place of those before.

use super::{Issuer, IssuerError, check::check, facts, rows};
use crate::Control;
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{Change, Event, IssuerId, IssuerRules, event::names};

/// Puts an issuer's rules, whole. What was believed by those before is asked again.
///
/// # Errors
/// [`IssuerError`].
pub async fn change(
    room: &Control,
    permit: &OperatorPermit<ChangePlatformSettings>,
    id: IssuerId,
    rules: IssuerRules,
) -> Result<Issuer, IssuerError> {
    room.store
        .operate(permit, async |tx| {
            check(&rules, &room.web.hosts)?;
            let before = rows::find(tx, id).await?.ok_or(IssuerError::Unknown)?;
            if rows::is_taken(tx, id, &rules.issuer).await? {
                return Err(IssuerError::Exists);
            }
            rows::put(tx, id, &rules).await?;
            tx.changed(Change::new(id, facts(&before.rules), facts(&rules)));
            tx.emit_platform(Event::new(names::ISSUER_CHANGED, id)).await?;
            Ok(Issuer { rules, changed_at: tx.now(), ..before })
        })
        .await
}
