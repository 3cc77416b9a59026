//! Subscribers on the wire.

use super::{create, list, usage};
use crate::Identity;
use access::{ManageKeys, ReadKeys};
use axum::{extract::State, http::StatusCode};
use domain::{Cursor, DisplayName, EmailAddress};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{Allow, Json, Listing, Paging, Problem, Query, Routes};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .get("/v1/tenants/{tenant}/subscribers", list_some)
        .says("Lists the programs and partners that may have API keys, the oldest first.")
        .asks::<Paging>()
        .answers::<Listing<Subscriber>>(200)
        .get("/v1/tenants/{tenant}/subscribers/usage", show_usage)
        .says("Shows what each subscriber used, by its API keys and the tokens that they were exchanged for.")
        .asks::<UsageQuery>()
        .answers::<Listing<SubscriberUsage>>(200)
        .post("/v1/tenants/{tenant}/subscribers", add)
        .says("Adds a subscriber.")
        .takes::<NewSubscriber>()
        .answers::<Subscriber>(201)
}

/// A program or partner that calls with API keys.
#[derive(Serialize, ToSchema)]
pub(crate) struct Subscriber {
    /// Its id; what backends and the audit trail know it by.
    id: String,
    /// Its name.
    name: String,
    /// Whom to write to about its keys.
    contact: String,
    /// Since when there is one.
    created_at: String,
}

impl From<super::Subscriber> for Subscriber {
    fn from(subscriber: super::Subscriber) -> Self {
        Subscriber {
            id: subscriber.id.to_string(),
            name: subscriber.name.to_string(),
            contact: subscriber.contact.to_string(),
            created_at: subscriber.created_at.to_string(),
        }
    }
}

/// A subscriber to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSubscriber {
    /// Its name, which no other has.
    #[schema(value_type = String)]
    name: DisplayName,
    /// The e-mail address of whoever looks after it.
    #[schema(value_type = String)]
    contact: EmailAddress,
}

async fn list_some(
    Allow(permit): Allow<ReadKeys>,
    State(room): State<Identity>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listing<Subscriber>>, Problem> {
    Ok(Json(list(&room.store, &permit, &paging.into()).await?.into()))
}

/// Over how long, and where the list goes on.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UsageQuery {
    /// The `next` of the page before; left out at the beginning.
    #[serde(default)]
    after: String,
    /// How many at most, 1 to 200; 50 where nothing is said.
    limit: Option<u32>,
    /// For the last so many hours, 1 to 744; 24 where nothing is said.
    hours: Option<i64>,
}

/// What a subscriber used.
#[derive(Serialize, ToSchema)]
pub(crate) struct SubscriberUsage {
    /// The subscriber's id.
    subscriber: String,
    /// Its name.
    name: String,
    /// Requests that were forwarded.
    requests: i64,
    /// Requests whose backend failed or answered with 5xx.
    errors: i64,
    /// Bytes from the subscriber.
    bytes_in: i64,
    /// Bytes to the subscriber.
    bytes_out: i64,
    /// Milliseconds until backends began to answer, added up.
    upstream_ms: i64,
}

impl SubscriberUsage {
    fn of((subscriber, used): (super::Subscriber, super::Usage)) -> Self {
        let super::Usage { requests, errors, bytes_in, bytes_out, upstream_ms } = used;
        let (subscriber, name) = (subscriber.id.to_string(), subscriber.name.to_string());
        SubscriberUsage { subscriber, name, requests, errors, bytes_in, bytes_out, upstream_ms }
    }
}

/// The longest span that is given at once: 31 days.
pub(crate) const MOST_HOURS: i64 = 31 * 24;

async fn show_usage(
    Allow(permit): Allow<ReadKeys>,
    State(room): State<Identity>,
    Query(query): Query<UsageQuery>,
) -> Result<Json<Listing<SubscriberUsage>>, Problem> {
    let hours = query.hours.unwrap_or(24);
    if !(1..=MOST_HOURS).contains(&hours) {
        let words = format!("give 1 to {MOST_HOURS} hours");
        return Err(Problem::new("input.invalid").at("/hours", words));
    }
    let found = list(&room.store, &permit, &Cursor::new(query.after, query.limit)).await?;
    let items = usage(&room, &permit, found.items, hours).await?;
    let items = items.into_iter().map(SubscriberUsage::of).collect();
    Ok(Json(Listing { items, next: found.next }))
}

async fn add(
    Allow(permit): Allow<ManageKeys>,
    State(room): State<Identity>,
    Json(new): Json<NewSubscriber>,
) -> Result<(StatusCode, Json<Subscriber>), Problem> {
    let subscriber = create(&room, &permit, new.name, new.contact).await?;
    Ok((StatusCode::CREATED, Json(subscriber.into())))
}
