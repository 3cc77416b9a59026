//! Products on the wire.

use super::{Bundled, Described, Standing, list, put, stand};
use crate::Control;
use access::{ChangePlatformSettings, ReadPlatformSettings};
use axum::extract::State;
use domain::{DisplayName, ProductName, RoleName, event::names};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{AllowOperator, Json, Listing, Path, Problem, Routes};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .get("/v1/platform/products", list_all)
        .says("Lists API products and the routes that belong to them.")
        .answers::<Listing<Product>>(200)
        .put("/v1/platform/products/{name}", put_one)
        .says("Makes the product of this name, as a draft, or puts anew what it is.")
        .takes::<Put>()
        .answers::<Product>(200)
        .post("/v1/platform/products/{name}/publish", publish)
        .says("Publishes a product: tenants may subscribe to it. Refused while a route of it lets in who proves nothing, unless it is marked public.")
        .answers::<Product>(200)
        .post("/v1/platform/products/{name}/retire", retire)
        .says("Retires a product: its routes refuse everybody within seconds. Subscriptions stay.")
        .answers::<Product>(200)
}

/// An API product.
#[derive(Serialize, ToSchema)]
pub(crate) struct Product {
    /// Its name, by which routes know it.
    name: String,
    /// What people call it.
    title: String,
    /// `draft`, `published` or `retired`.
    standing: &'static str,
    /// Whether it is for everybody, without a subscription.
    public: bool,
    /// What a tenant's plan must switch on, so that it may subscribe; empty if any plan will do.
    entitlement: String,
    /// Which roles open it to people; any member's if there are none.
    roles: Vec<String>,
    /// The routes that belong to it.
    routes: Vec<String>,
    /// When it last changed.
    changed_at: String,
}

impl Product {
    fn of(product: super::Product, routes: &[Bundled]) -> Self {
        let own = routes.iter().filter(|route| route.product == product.name.as_str());
        Product {
            routes: own.map(|route| route.route.clone()).collect(),
            name: product.name.to_string(),
            title: product.title.to_string(),
            standing: product.standing.name(),
            public: product.public,
            entitlement: product.entitlement,
            roles: product.roles.iter().map(ToString::to_string).collect(),
            changed_at: product.changed_at.to_string(),
        }
    }
}

/// What a product is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProductBody)]
pub(crate) struct Put {
    /// What people call it.
    #[schema(value_type = String)]
    title: DisplayName,
    /// Whether it is for everybody, without a subscription.
    #[serde(default)]
    public: bool,
    /// What a tenant's plan must switch on, so that it may subscribe.
    #[serde(default)]
    entitlement: String,
    /// Which roles open it to people: one of these is enough; any member's if there are none.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    roles: Vec<RoleName>,
}

pub(super) fn named(text: &str) -> Result<ProductName, Problem> {
    text.parse().map_err(|why: domain::NameError| Problem::new("input.invalid").at("/name", why.to_string()))
}

async fn list_all(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
) -> Result<Json<Listing<Product>>, Problem> {
    let (products, routes) = list(&room.store, &permit).await?;
    let items = products.into_iter().map(|product| Product::of(product, &routes)).collect();
    Ok(Json(Listing { items, next: None }))
}

async fn put_one(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Path(name): Path<String>,
    Json(body): Json<Put>,
) -> Result<Json<Product>, Problem> {
    let Put { title, public, entitlement, roles } = body;
    let described = Described { title, public, entitlement, roles };
    let product = put(&room.store, &permit, named(&name)?, described).await?;
    room.hear_platform(names::DEPLOYMENT_CHANGED).await;
    Ok(Json(Product::of(product, &[])))
}

async fn publish(
    permit: AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Path(name): Path<String>,
) -> Result<Json<Product>, Problem> {
    change(permit, &room, &name, Standing::Published).await
}

async fn retire(
    permit: AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Path(name): Path<String>,
) -> Result<Json<Product>, Problem> {
    change(permit, &room, &name, Standing::Retired).await
}

async fn change(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    room: &Control,
    name: &str,
    standing: Standing,
) -> Result<Json<Product>, Problem> {
    let product = stand(&room.store, &permit, &named(name)?, standing).await?;
    room.hear_platform(names::DEPLOYMENT_CHANGED).await;
    Ok(Json(Product::of(product, &[])))
}
