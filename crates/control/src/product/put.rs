//! A product is put, whole: made as a draft, or changed as it stands.

use super::{Product, ProductError, Standing, facts, open_route, rows};
use crate::{role, route};
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{Change, DisplayName, Event, ProductName, RoleName, event::names};
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
    /// Which roles open it to people; any member's if there are none.
    pub roles: Vec<RoleName>,
}

/// Puts what the product of this name is. A new one is a draft.
///
/// # Errors
/// [`ProductError::BadEntitlement`], [`ProductError::UnknownRole`], [`ProductError::PublicRoles`];
/// [`ProductError::Open`] where it is published and would let anybody in.
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
    if described.public && !described.roles.is_empty() {
        return Err(ProductError::PublicRoles);
    }
    store
        .operate(permit, async |tx| {
            if let Some(unknown) = role::first_unknown(tx, &described.roles).await? {
                return Err(ProductError::UnknownRole(unknown));
            }
            let old = rows::find(tx, &name).await?;
            let Described { title, public, entitlement, roles } = described;
            let standing = old.as_ref().map_or(Standing::Draft, |old| old.standing);
            let product = Product { name, title, standing, public, entitlement, roles, changed_at: tx.now() };
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
