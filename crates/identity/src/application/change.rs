//! An application's registration changes: its return addresses, say, from one environment to the next.

use super::{Added, Application, ApplicationError, Metadata, SecretMark, add, check::check, facts, rows};
use crate::Identity;
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{ApplicationId, Change, Event, Moment, event::names};

/// Puts a registration in place of the one before. An application that proves itself by a secret from now on gets one.
///
/// # Errors
/// [`ApplicationError`].
pub async fn change(
    room: &Identity,
    permit: &OperatorPermit<ChangePlatformSettings>,
    id: ApplicationId,
    metadata: Metadata,
) -> Result<Added, ApplicationError> {
    check(room, &metadata)?;
    let changed = room.store.operate(permit, async |tx| {
        let before = rows::find(tx, id).await?.ok_or(ApplicationError::Unknown)?;
        add::is_unique(tx, id, &metadata).await?;
        let wants_secret = metadata.token_endpoint_auth_method.by_secret();
        let secret = (wants_secret && before.secrets.is_empty()).then(|| add::new_secret(tx));
        let secrets: Vec<SecretMark> = match (&secret, wants_secret) {
            (Some(secret), _) => vec![SecretMark::of(secret.reveal(), Moment::from_micros(i64::MAX))],
            (None, true) => before.secrets.clone(),
            (None, false) => Vec::new(),
        };
        rows::put(tx, id, &metadata, &secrets).await?;
        tx.changed(Change::new(id, facts(&before.metadata), facts(&metadata)));
        tx.emit_platform(Event::new(names::APPLICATION_CHANGED, id)).await?;
        let application = Application { metadata, secrets, changed_at: tx.now(), ..before };
        Ok::<_, ApplicationError>(Added { application, secret })
    });
    let changed = changed.await?;
    room.reload_applications(permit).await?;
    Ok(changed)
}
