//! A user whom an issuer only names is assigned to a tenant, or is there no longer.

use super::{IssuerError, MOST_USERS, rows};
use crate::Control;
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{Change, Event, IssuerId, TenantFrom, TenantId, event::names, issuer::name_hash};
use serde_json::{Value, json};
use store::{Keyring, OperatorWrite, StoreError};

/// Assigns a user to a tenant. Somebody may be at several, and chooses one in each request.
///
/// # Errors
/// [`IssuerError`].
pub async fn assign(
    room: &Control,
    permit: &OperatorPermit<ChangePlatformSettings>,
    id: IssuerId,
    name: &str,
    tenant: TenantId,
) -> Result<(), IssuerError> {
    room.store.operate(permit, async |tx| put(tx, id, name, tenant, true).await).await
}

/// Takes a user off a tenant.
///
/// # Errors
/// [`IssuerError`].
pub async fn unassign(
    room: &Control,
    permit: &OperatorPermit<ChangePlatformSettings>,
    id: IssuerId,
    name: &str,
    tenant: TenantId,
) -> Result<(), IssuerError> {
    room.store.operate(permit, async |tx| put(tx, id, name, tenant, false).await).await
}

async fn put(
    tx: &mut OperatorWrite,
    id: IssuerId,
    name: &str,
    tenant: TenantId,
    is_there: bool,
) -> Result<(), IssuerError> {
    let issuer = rows::find(tx, id).await?.ok_or(IssuerError::Unknown)?;
    let TenantFrom::Users(claim) = &issuer.rules.tenant_from else { return Err(IssuerError::NeedsNoUsers) };
    if name.trim().is_empty() || name.len() > 500 {
        return Err(IssuerError::Rule("user", "a user has a name of at most 500 characters".to_owned()));
    }
    let keyring = Keyring::open(tx).await?;
    let keyring = keyring.ok_or_else(|| StoreError::Unreadable {
        column: "sealed".to_owned(),
        why: "the platform has no keys".to_owned(),
    })?;
    let names = keyring.token_names();
    let digest = name_hash(&names, id, claim, name);
    let (before, after) = match is_there {
        true if issuer.users >= MOST_USERS => return Err(IssuerError::TooMany),
        true => (rows::assign(tx, id, digest, tenant).await?.then_some(Value::Null), entry(digest, tenant)),
        false if rows::unassign(tx, id, digest, tenant).await? => (Some(entry(digest, tenant)), Value::Null),
        false => return Err(IssuerError::Unknown),
    };
    tx.changed(Change::new(id, before.unwrap_or_else(|| after.clone()), after));
    tx.emit_platform(Event::new(names::ISSUER_CHANGED, id)).await?;
    Ok(())
}

/// What an audit line says of an entry: never the name.
fn entry(digest: domain::Digest, tenant: TenantId) -> Value {
    json!({ "user": digest.to_string(), "tenant": tenant })
}
