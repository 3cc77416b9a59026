//! API keys on the wire. A key is in the answer that made it and in no other; no body takes one.

use super::{NewKey as New, create, list, read, revoke, rotate};
use crate::Identity;
use access::{ManageKeys, ReadKeys};
use axum::{extract::State, http::StatusCode};
use domain::{ApiKeyId, ApiKeyKind, Cursor, DisplayName, Moment, Network, ScopeName, SubscriberId, TenantId};
use serde::{Deserialize, Serialize};
use std::{str::FromStr, time::Duration};
use utoipa::{IntoParams, ToSchema};
use web::{Allow, Json, Listing, Path, Problem, Query, Routes};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .get("/v1/tenants/{tenant}/keys", list_some)
        .says("Lists the tenant's API keys, the newest first, those that have ended included.")
        .asks::<KeyQuery>()
        .answers::<Listing<ApiKey>>(200)
        .post("/v1/tenants/{tenant}/keys", add)
        .says("Makes an API key, which is shown once. Nobody can choose its value.")
        .takes::<NewKey>()
        .answers::<MadeKey>(201)
        .get("/v1/tenants/{tenant}/keys/{key}", show)
        .says("Shows one API key, without the key itself.")
        .answers::<ApiKey>(200)
        .post("/v1/tenants/{tenant}/keys/{key}/rotate", post_rotate)
        .says("Makes a new key in place of this one, which works on for a while.")
        .takes::<Rotation>()
        .answers::<RotatedKey>(201)
        .delete("/v1/tenants/{tenant}/keys/{key}", delete)
        .says("Revokes an API key: at once here, within seconds on every node.")
        .answers::<ApiKey>(200)
}

/// Whose keys, and where the list goes on.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyQuery {
    /// The `next` of the page before; left out at the beginning.
    #[serde(default)]
    after: String,
    /// How many at most, 1 to 200; 50 where nothing is said.
    limit: Option<u32>,
    /// Only this subscriber's.
    #[serde(default)]
    subscriber: String,
}

/// An API key, without the key itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKey {
    /// Its id, which is not the key.
    id: String,
    /// Whose it is.
    subscriber: String,
    /// What they are called.
    subscriber_name: String,
    /// `random` or `signed`.
    kind: &'static str,
    /// What it is for.
    name: String,
    /// `active`, `ending`, `rotated`, `revoked`, `unused` or `expired`.
    standing: &'static str,
    /// What it is good for.
    scopes: Vec<String>,
    /// The networks that it may be used from; anywhere if there are none.
    networks: Vec<String>,
    /// Who made it.
    created_by: String,
    /// When it was made.
    created_at: String,
    /// When it ends or ended.
    ends_at: String,
    /// When it was last used, to within a minute; null if never.
    used_at: Option<String>,
    /// After how many days without use it is switched off; 0 is never.
    unused_days: u64,
    /// The key that it was made to replace.
    replaces: Option<String>,
}

impl ApiKey {
    fn of(key: super::ApiKey, now: Moment) -> Self {
        ApiKey {
            id: key.id.to_string(),
            subscriber: key.subscriber.to_string(),
            standing: key.standing(now),
            subscriber_name: key.subscriber_name.to_string(),
            kind: key.kind.name(),
            name: key.name.to_string(),
            scopes: key.scopes.iter().map(ToString::to_string).collect(),
            networks: key.networks.iter().map(ToString::to_string).collect(),
            created_by: key.created_by,
            created_at: key.created_at.to_string(),
            ends_at: key.ends_at.to_string(),
            used_at: key.used_at.map(|at| at.to_string()),
            unused_days: key.idle.as_secs() / (24 * 60 * 60),
            replaces: key.replaces.map(|id| id.to_string()),
        }
    }
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeKey {
    #[serde(flatten)]
    key: ApiKey,
    /// The key. Shown only now.
    secret: String,
}

/// A key that was just made in place of another.
#[derive(Serialize, ToSchema)]
pub(crate) struct RotatedKey {
    #[serde(flatten)]
    key: ApiKey,
    /// The key. Shown only now.
    secret: String,
    /// The old one: when it ends, and when it was last used.
    old: ApiKey,
}

/// A key to make. There is no place for its value.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    /// Whose: a subscriber's id.
    subscriber: String,
    /// What it is for.
    #[schema(value_type = String)]
    name: DisplayName,
    /// `random`, of which only the hash is kept, or `signed`, which is verified without a look-up.
    #[serde(default = "random")]
    kind: String,
    /// What it is good for, in the operator's words.
    #[serde(default)]
    scopes: Vec<String>,
    /// The networks that it may be used from, such as 10.1.0.0/16; anywhere if there are none.
    #[serde(default)]
    networks: Vec<String>,
    /// How long it lives, in seconds; at most what plan and tenant allow.
    life_seconds: Option<u64>,
}

fn random() -> String {
    ApiKeyKind::Random.name().to_owned()
}

impl NewKey {
    fn read(self) -> Result<New, Problem> {
        Ok(New {
            subscriber: at("/subscriber", &self.subscriber)?,
            kind: at("/kind", &self.kind)?,
            name: self.name,
            scopes: all::<ScopeName>("scopes", &self.scopes)?,
            networks: all::<Network>("networks", &self.networks)?,
            life: self.life_seconds.map(Duration::from_secs),
        })
    }
}

fn at<T: FromStr<Err: ToString>>(place: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|why: T::Err| Problem::new("input.invalid").at(place, why.to_string()))
}

fn all<T: FromStr<Err: ToString>>(place: &str, texts: &[String]) -> Result<Vec<T>, Problem> {
    texts.iter().enumerate().map(|(n, text)| at(&format!("/{place}/{n}"), text)).collect()
}

/// How a key is replaced.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    /// For how long the old key works on, in seconds: 30 days at most.
    overlap_seconds: u64,
}

async fn list_some(
    Allow(permit): Allow<ReadKeys>,
    State(room): State<Identity>,
    Query(query): Query<KeyQuery>,
) -> Result<Json<Listing<ApiKey>>, Problem> {
    let subscriber = match query.subscriber.as_str() {
        "" => None,
        id => Some(at::<SubscriberId>("/subscriber", id)?),
    };
    let now = room.now();
    let found = list(&room.store, &permit, subscriber, &Cursor::new(query.after, query.limit)).await?;
    let items = found.items.into_iter().map(|key| ApiKey::of(key, now)).collect();
    Ok(Json(Listing { items, next: found.next }))
}

async fn add(
    Allow(permit): Allow<ManageKeys>,
    State(room): State<Identity>,
    Json(new): Json<NewKey>,
) -> Result<(StatusCode, Json<MadeKey>), Problem> {
    let made = create(&room, &permit, new.read()?).await?;
    let secret = made.secret.reveal().clone();
    Ok((StatusCode::CREATED, Json(MadeKey { key: ApiKey::of(made.key, room.now()), secret })))
}

async fn show(
    Allow(permit): Allow<ReadKeys>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ApiKeyId)>,
) -> Result<Json<ApiKey>, Problem> {
    Ok(Json(ApiKey::of(read(&room.store, &permit, id).await?, room.now())))
}

async fn post_rotate(
    Allow(permit): Allow<ManageKeys>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ApiKeyId)>,
    Json(Rotation { overlap_seconds }): Json<Rotation>,
) -> Result<(StatusCode, Json<RotatedKey>), Problem> {
    let rotated = rotate(&room, &permit, id, Duration::from_secs(overlap_seconds)).await?;
    let now = room.now();
    let secret = rotated.made.secret.reveal().clone();
    let (key, old) = (ApiKey::of(rotated.made.key, now), ApiKey::of(rotated.old, now));
    Ok((StatusCode::CREATED, Json(RotatedKey { key, secret, old })))
}

async fn delete(
    Allow(permit): Allow<ManageKeys>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ApiKeyId)>,
) -> Result<Json<ApiKey>, Problem> {
    Ok(Json(ApiKey::of(revoke(&room, &permit, id).await?, room.now())))
}
