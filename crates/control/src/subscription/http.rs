//! Subscriptions on the wire.

use super::{cancel, list, offered, subscribe};
use crate::Control;
use access::{ManageSubscriptions, ReadSubscriptions};
use axum::{extract::State, http::StatusCode};
use domain::{ProductName, SubscriberId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{Allow, Json, Listing, Path, Problem, Query, Routes};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .get("/v1/tenants/{tenant}/products", list_offered)
        .says("Lists the API products that are published, and whether the tenant's plan allows them.")
        .answers::<Listing<Offered>>(200)
        .get("/v1/tenants/{tenant}/subscriptions", list_all)
        .says("Lists what the tenant has subscribed to.")
        .answers::<Listing<Subscription>>(200)
        .post("/v1/tenants/{tenant}/subscriptions", post)
        .says("Subscribes the tenant to a product: for everybody in it, or for one of its subscribers.")
        .takes::<NewSubscription>()
        .answers::<Subscription>(201)
        .delete("/v1/tenants/{tenant}/subscriptions/{product}", delete)
        .says("Cancels a subscription. Requests that rest on it are refused within seconds.")
        .asks::<For>()
        .answers_empty(204)
}

/// A product that is published.
#[derive(Serialize, ToSchema)]
#[schema(as = OfferedProduct)]
pub(crate) struct Offered {
    /// Its name.
    name: String,
    /// What people call it.
    title: String,
    /// Whether it is for everybody, without a subscription.
    public: bool,
    /// Whether the tenant's plan allows it.
    in_plan: bool,
}

/// What a tenant has subscribed to.
#[derive(Serialize, ToSchema)]
pub(crate) struct Subscription {
    /// The product's name.
    product: String,
    /// The subscriber whom it is for; null if it is for everybody in the tenant.
    subscriber: Option<String>,
    /// Since when.
    created_at: String,
}

impl From<super::Subscription> for Subscription {
    fn from(subscription: super::Subscription) -> Self {
        Subscription {
            product: subscription.product.to_string(),
            subscriber: subscription.subscriber.map(|subscriber| subscriber.to_string()),
            created_at: subscription.created_at.to_string(),
        }
    }
}

/// What to subscribe to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSubscription {
    /// The product's name.
    #[schema(value_type = String)]
    product: ProductName,
    /// The subscriber whom it is for; everybody in the tenant if it is left out.
    #[schema(value_type = Option<String>)]
    subscriber: Option<SubscriberId>,
}

/// Whose subscription.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct For {
    /// The subscriber whom it is for; the one that is for everybody if it is left out.
    #[param(value_type = Option<String>)]
    subscriber: Option<SubscriberId>,
}

async fn list_offered(
    Allow(permit): Allow<ReadSubscriptions>,
    State(room): State<Control>,
) -> Result<Json<Listing<Offered>>, Problem> {
    let items = offered(&room, &permit).await?.into_iter().map(|offered| Offered {
        name: offered.name.to_string(),
        title: offered.title,
        public: offered.public,
        in_plan: offered.in_plan,
    });
    Ok(Json(Listing { items: items.collect(), next: None }))
}

async fn list_all(
    Allow(permit): Allow<ReadSubscriptions>,
    State(room): State<Control>,
) -> Result<Json<Listing<Subscription>>, Problem> {
    let items = list(&room.store, &permit).await?;
    Ok(Json(Listing { items: items.into_iter().map(Subscription::from).collect(), next: None }))
}

async fn post(
    Allow(permit): Allow<ManageSubscriptions>,
    State(room): State<Control>,
    Json(body): Json<NewSubscription>,
) -> Result<(StatusCode, Json<Subscription>), Problem> {
    let made = subscribe(&room, &permit, body.product, body.subscriber).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

async fn delete(
    Allow(permit): Allow<ManageSubscriptions>,
    State(room): State<Control>,
    Path((_, product)): Path<(TenantId, String)>,
    Query(of): Query<For>,
) -> Result<StatusCode, Problem> {
    let product = product.parse().map_err(|_| Problem::new("item.unknown"))?;
    cancel(&room, &permit, &product, of.subscriber).await?;
    Ok(StatusCode::NO_CONTENT)
}
