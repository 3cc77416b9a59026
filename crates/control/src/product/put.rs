//! A product is put, whole: made as a draft, or changed as it stands.

use super::{Product, ProductError, Standing, facts, open_route, rows};
use crate::route;
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{Change, DisplayName, Event, ProductName, event::names};
use serde_json::Value;
use store::Store;

/// What a product is to be.
#[derive(Clone, Debug)]
pub struct Described {
    /// What people call it.
    pub title: DisplayName,
    /// Whether it is for everybody, without a subscription.
    pub public: bool,
    /// What a tenant's plan must switch on; empty if any will do.
    pub entitlement: String,
}

/// Puts what the product of this name is. A new one is a draft.
///
/// # Errors
/// [`ProductError::BadEntitlement`]; [`ProductError::Open`] where it is published and would let anybody in.
pub async fn put(
    store: &Store,
    permit: &OperatorPermit<ChangePlatformSettings>,
    name: ProductName,
    described: Described,
) -> Result<Product, ProductError> {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    if described.entitlement.len() > 60 || !described.entitlement.bytes().all(known) {
        return Err(ProductError::BadEntitlement);
    }
    store
        .operate(permit, async |tx| {
            let old = rows::find(tx, &name).await?;
            let Described { title, public, entitlement } = described;
            let standing = old.as_ref().map_or(Standing::Draft, |old| old.standing);
            let product = Product { name, title, standing, public, entitlement, changed_at: tx.now() };
            if standing == Standing::Published {
                let routes = route::find(tx).await?.map(|routing| rows::bundled(&routing.document));
                if let Some(open) = open_route(&product, routes.iter().flatten()) {
                    return Err(ProductError::Open(open.route.clone()));
                }
            }
            rows::put(tx, &product).await?;
            let before = old.as_ref().map_or(Value::Null, facts);
            tx.changed(Change::new(&product.name, before, facts(&product)));
            tx.emit_platform(Event::new(names::DEPLOYMENT_CHANGED, &product.name)).await?;
            Ok(product)
        })
        .await
}
