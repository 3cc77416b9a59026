//! A product is published, or retired. Both hold on every node within seconds.

use super::{Product, ProductError, Standing, facts, open_route, rows};
use crate::route;
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{Change, Event, ProductName, event::names};
use store::Store;

/// Publishes a product, takes it back to a draft, or retires it. Subscriptions stay, and are worth something again
/// when it is published again.
///
/// # Errors
/// [`ProductError::Unknown`]; [`ProductError::Empty`] and [`ProductError::Open`] where it cannot be published.
pub async fn stand(
    store: &Store,
    permit: &OperatorPermit<ChangePlatformSettings>,
    name: &ProductName,
    standing: Standing,
) -> Result<Product, ProductError> {
    store
        .operate(permit, async |tx| {
            let old = rows::find(tx, name).await?.ok_or(ProductError::Unknown)?;
            if standing == Standing::Published {
                let routes = route::find(tx).await?.map(|routing| rows::bundled(&routing.document));
                let routes = routes.unwrap_or_default();
                if routes.iter().all(|route| route.product != name.as_str()) {
                    return Err(ProductError::Empty);
                }
                if let Some(open) = open_route(&old, routes.iter()) {
                    return Err(ProductError::Open(open.route.clone()));
                }
            }
            let product = Product { standing, changed_at: tx.now(), ..old.clone() };
            rows::put(tx, &product).await?;
            tx.changed(Change::new(name, facts(&old), facts(&product)));
            tx.emit_platform(Event::new(names::DEPLOYMENT_CHANGED, name)).await?;
            Ok(product)
        })
        .await
}
