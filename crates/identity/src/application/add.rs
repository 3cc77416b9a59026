//! An application is registered.

use super::{Application, ApplicationError, MOST, Metadata, SecretMark, check::check, facts, rows};
use crate::Identity;
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{ApplicationId, Change, Event, Moment, Secret, event::names};
use serde_json::Value;
use store::{OperatorRead, OperatorWrite};

/// An application that was just registered, or was given a secret.
#[derive(Debug)]
pub struct Added {
    /// The application.
    pub application: Application,
    /// Its new secret, which is shown now and never again.
    pub secret: Option<Secret<String>>,
}

/// Registers an application.
///
/// # Errors
/// [`ApplicationError`].
pub async fn add(
    room: &Identity,
    permit: &OperatorPermit<ChangePlatformSettings>,
    metadata: Metadata,
) -> Result<Added, ApplicationError> {
    check(room, &metadata)?;
    let added = room.store.operate(permit, async |tx| {
        let id = tx.new_id();
        is_unique(tx, id, &metadata).await?;
        if rows::all(tx).await?.len() >= MOST {
            return Err(ApplicationError::TooMany);
        }
        let secret = metadata.token_endpoint_auth_method.by_secret().then(|| new_secret(tx));
        let secrets: Vec<SecretMark> = secret
            .iter()
            .map(|secret| SecretMark::of(secret.reveal(), Moment::from_micros(i64::MAX)))
            .collect();
        rows::put(tx, id, &metadata, &secrets).await?;
        tx.changed(Change::new(id, Value::Null, facts(&metadata)));
        tx.emit_platform(Event::new(names::APPLICATION_CHANGED, id)).await?;
        let (created_at, changed_at) = (tx.now(), tx.now());
        Ok(Added { application: Application { id, metadata, secrets, created_at, changed_at }, secret })
    });
    let added = added.await?;
    room.reload_applications(permit).await?;
    Ok(added)
}

/// Two applications of one realm could not be told apart by whoever gets a token for it.
pub(super) async fn is_unique(
    tx: &mut OperatorRead,
    id: ApplicationId,
    metadata: &Metadata,
) -> Result<(), ApplicationError> {
    let Some(resource) = &metadata.resource else { return Ok(()) };
    let all = rows::all(tx).await?;
    let is_taken = all.iter().any(|one| one.id != id && one.metadata.resource.as_ref() == Some(resource));
    if is_taken {
        let why = "another application has this realm".to_owned();
        return Err(ApplicationError::Rule("resource", why));
    }
    Ok(())
}

/// 256 bits, with a beginning by which leak scanners find it.
pub(super) fn new_secret(tx: &OperatorWrite) -> Secret<String> {
    Secret::new(format!("pwa_{}", tx.new_token()))
}
