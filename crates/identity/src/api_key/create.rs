//! A key is made.

use super::{ApiKey, KeyError, life::Life, rows};
use crate::{Identity, state::tenant_of, subscriber, turn};
use access::{ManageKeys, Permit, Tenant};
use domain::{
    ApiKeyId, ApiKeyKind, ApiKeyText, Change, DisplayName, Event, Limit, Moment, Network, ScopeName, Secret,
    SignedKey, SubscriberId, api_key, event::names,
};
use serde_json::Value;
use std::time::Duration;
use store::TenantWrite;

/// A key that is to be.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Whose.
    pub subscriber: SubscriberId,
    /// Which kind.
    pub kind: ApiKeyKind,
    /// What it is for.
    pub name: DisplayName,
    /// What it is good for.
    pub scopes: Vec<ScopeName>,
    /// Where it may be used from; anywhere if there are none.
    pub networks: Vec<Network>,
    /// How long it lives; as long as is usual if nothing is said.
    pub life: Option<Duration>,
}

/// A key that was just made.
#[derive(Debug)]
pub struct Made {
    /// What is known of it from now on.
    pub key: ApiKey,
    /// The key itself. Shown once.
    pub secret: Secret<String>,
}

/// The most scopes, and the most networks, that a key may have.
const MOST: usize = 20;

/// Makes a key.
///
/// # Errors
/// [`KeyError`].
pub async fn create(room: &Identity, permit: &Permit<ManageKeys>, new: NewKey) -> Result<Made, KeyError> {
    let tenant = tenant_of(permit).map_err(|_| KeyError::Unknown)?.clone();
    check_scopes(room, &new)?;
    room.store
        .write(permit, async |tx| {
            turn::take(tx).await?;
            add(room, tx, &tenant, new, None, permit.caller().actor().to_string()).await
        })
        .await
}

/// What a route asks for must be what an operator has declared; a misspelt scope would open nothing.
fn check_scopes(room: &Identity, new: &NewKey) -> Result<(), KeyError> {
    let known = room.known_scopes.load();
    if let Some(unknown) = new.scopes.iter().find(|scope| !known.contains(scope)) {
        return Err(KeyError::UnknownScope(unknown.clone()));
    }
    if new.scopes.len() > MOST || new.networks.len() > MOST { Err(KeyError::TooMuch) } else { Ok(()) }
}

/// Makes a key and writes down what is kept of it. Its turn has been taken.
pub(super) async fn add(
    room: &Identity,
    tx: &mut TenantWrite,
    tenant: &Tenant,
    new: NewKey,
    replaces: Option<ApiKeyId>,
    created_by: String,
) -> Result<Made, KeyError> {
    let most = tenant.record.limits.of(Limit::ApiKeys);
    if rows::count_live(tx).await? >= i64::try_from(most).unwrap_or(i64::MAX) {
        return Err(KeyError::TooMany(most));
    }
    make(room, tx, tenant, new, replaces, created_by).await
}

/// The same, whatever the plan allows.
pub(super) async fn make(
    room: &Identity,
    tx: &mut TenantWrite,
    tenant: &Tenant,
    new: NewKey,
    replaces: Option<ApiKeyId>,
    created_by: String,
) -> Result<Made, KeyError> {
    let rules = rows::rules(tx).await?;
    let (id, now) = (tx.new_id(), tx.now());
    let life = Life::of(tenant, rules, new.life, now)?;
    let secret = text(room, tx, id, &new, life.ends)?;
    let parsed = ApiKeyText::parse(secret.reveal()).ok_or(KeyError::TooMuch)?;
    let key = ApiKey {
        id,
        subscriber: new.subscriber,
        subscriber_name: subscriber::rows::find(tx, new.subscriber)
            .await?
            .ok_or(KeyError::UnknownSubscriber)?
            .name,
        kind: new.kind,
        name: new.name,
        scopes: new.scopes,
        networks: new.networks,
        created_by,
        created_at: now,
        ends_at: life.ends,
        end: None,
        used_at: None,
        replaces,
        digest: parsed.digest(),
        said: if new.kind == ApiKeyKind::Signed { life.ends } else { Moment::NEVER },
        idle: life.idle,
    };
    rows::add(tx, &key, life).await?;
    tx.changed(Change::new(id, Value::Null, key.facts()));
    tx.emit(Event::new(names::KEY_CREATED, id).with("subscriber", key.subscriber)).await?;
    Ok(Made { key, secret })
}

/// The key itself. Nobody hands it in.
fn text(
    room: &Identity,
    tx: &TenantWrite,
    key: ApiKeyId,
    new: &NewKey,
    ends: Moment,
) -> Result<Secret<String>, KeyError> {
    match new.kind {
        ApiKeyKind::Random => Ok(api_key::random(room.store.chance())),
        ApiKeyKind::Signed => {
            let keyring = room.keyring.load();
            let secret = keyring.api_keys.first().ok_or(KeyError::NoSecret)?;
            let (scopes, networks) = (new.scopes.clone(), new.networks.clone());
            let says =
                SignedKey { key, tenant: tx.tenant(), subscriber: new.subscriber, ends, scopes, networks };
            says.sign(&secret.secret).ok_or(KeyError::TooMuch)
        }
    }
}
