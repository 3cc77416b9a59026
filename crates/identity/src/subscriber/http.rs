//! Subscribers on the wire.

use super::{create, list};
use crate::Identity;
use access::{ManageKeys, ReadKeys};
use axum::{extract::State, http::StatusCode};
use domain::{DisplayName, EmailAddress};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Allow, Json, Listing, Paging, Problem, Query, Routes};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .get("/v1/tenants/{tenant}/subscribers", list_some)
        .says("Lists the programs and partners that may have API keys, the oldest first.")
        .asks::<Paging>()
        .answers::<Listing<Subscriber>>(200)
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

async fn add(
    Allow(permit): Allow<ManageKeys>,
    State(room): State<Identity>,
    Json(new): Json<NewSubscriber>,
) -> Result<(StatusCode, Json<Subscriber>), Problem> {
    let subscriber = create(&room, &permit, new.name, new.contact).await?;
    Ok((StatusCode::CREATED, Json(subscriber.into())))
}
