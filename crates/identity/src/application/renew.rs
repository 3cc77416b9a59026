//! An application gets a new secret, while the old one goes on for a while.

use super::{Added, Application, ApplicationError, SecretMark, add::new_secret, rows};
use crate::Identity;
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{ApplicationId, Change, Event, Moment, event::names};
use serde_json::json;
use std::time::Duration;

/// The longest that two secrets may be good side by side.
const LONGEST: Duration = Duration::from_secs(90 * 24 * 3_600);

/// Makes a new secret. The one before is taken for `overlap` longer; any earlier one is not.
///
/// # Errors
/// [`ApplicationError`].
pub async fn renew(
    room: &Identity,
    permit: &OperatorPermit<ChangePlatformSettings>,
    id: ApplicationId,
    overlap: Duration,
) -> Result<Added, ApplicationError> {
    if overlap > LONGEST {
        let why = "two secrets are good side by side for at most 90 days".to_owned();
        return Err(ApplicationError::Rule("overlap_seconds", why));
    }
    let renewed = room.store.operate(permit, async |tx| {
        let before = rows::find(tx, id).await?.ok_or(ApplicationError::Unknown)?;
        if !before.metadata.token_endpoint_auth_method.by_secret() {
            let why = "it does not prove itself by a secret".to_owned();
            return Err(ApplicationError::Rule("token_endpoint_auth_method", why));
        }
        let secret = new_secret(tx);
        let mut secrets = vec![SecretMark::of(secret.reveal(), Moment::from_micros(i64::MAX))];
        let until = (tx.now() + overlap).micros();
        let old = before.secrets.first().cloned();
        secrets.extend(old.map(|old| SecretMark { until: old.until.min(until), ..old }));
        rows::put(tx, id, &before.metadata, &secrets).await?;
        tx.changed(Change::new(id, json!({ "secret": "set" }), json!({ "secret": "changed" })));
        tx.emit_platform(Event::new(names::APPLICATION_CHANGED, id)).await?;
        Ok(Added {
            application: Application { secrets, changed_at: tx.now(), ..before },
            secret: Some(secret),
        })
    });
    let renewed = renewed.await?;
    room.reload_applications(permit).await?;
    Ok(renewed)
}
