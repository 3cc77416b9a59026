//! What a tenant has subscribed to, and what it may subscribe to.

use super::{Subscription, rows};
use crate::{
    Control,
    product::{self, Product, Standing},
};
use access::{Origin, Permit, TenantAction, Upkeep};
use domain::ProductName;
use store::{Store, StoreError};

/// A product that is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// Its name.
    pub name: ProductName,
    /// What people call it.
    pub title: String,
    /// Whether it is for everybody, without a subscription.
    pub public: bool,
    /// Whether the tenant's plan allows it.
    pub in_plan: bool,
}

/// The tenant's subscriptions, in order of product.
///
/// # Errors
/// [`StoreError`].
pub async fn list<A: TenantAction>(
    store: &Store,
    permit: &Permit<A>,
) -> Result<Vec<Subscription>, StoreError> {
    store.read(permit, async |tx| rows::all(tx).await).await
}

/// The products that are published, in order of name.
///
/// # Errors
/// [`StoreError`].
pub async fn offered<A: TenantAction>(
    room: &Control,
    permit: &Permit<A>,
) -> Result<Vec<Offered>, StoreError> {
    let limits = permit.caller().tenant().map(|tenant| tenant.record.limits.clone()).unwrap_or_default();
    let published = products(room, permit).await?.into_iter();
    let published = published.filter(|product| product.standing == Standing::Published);
    Ok(published
        .map(|product| Offered {
            in_plan: product.entitlement.is_empty() || limits.entitlements.contains(&product.entitlement),
            name: product.name,
            title: product.title.to_string(),
            public: product.public,
        })
        .collect())
}

/// All products, whatever their standing.
pub(super) async fn products<A: TenantAction>(
    room: &Control,
    permit: &Permit<A>,
) -> Result<Vec<Product>, StoreError> {
    let origin = Origin { request: permit.caller().request() };
    match room.web.warden.platform::<Upkeep>(origin) {
        Ok(upkeep) => product::load(&room.store, &upkeep).await,
        Err(_) => Ok(Vec::new()),
    }
}
