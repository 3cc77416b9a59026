//! A tenant subscribes to a product.

use super::{MOST, Subscription, SubscriptionError, facts, list::products, rows};
use crate::{Control, product::Standing};
use access::{ManageSubscriptions, Permit};
use domain::{Change, Event, ProductName, SubscriberId, event::names};
use serde_json::Value;

/// Subscribes the permit's tenant to a product: for everybody in it, or for one of its subscribers. To subscribe once
/// more changes nothing.
///
/// # Errors
/// [`SubscriptionError`].
pub async fn subscribe(
    room: &Control,
    permit: &Permit<ManageSubscriptions>,
    product: ProductName,
    subscriber: Option<SubscriberId>,
) -> Result<Subscription, SubscriptionError> {
    // Looked at before: what belongs to the platform is not this write's. A product that is retired meanwhile lets
    // nobody in, subscribed or not.
    let products = products(room, permit).await?;
    let found =
        products.iter().find(|offered| offered.name == product && offered.standing == Standing::Published);
    let needs = &found.ok_or(SubscriptionError::NoProduct)?.entitlement;
    let limits = permit.caller().tenant().map(|tenant| tenant.record.limits.clone()).unwrap_or_default();
    if !needs.is_empty() && !limits.entitlements.contains(needs) {
        return Err(SubscriptionError::NotInPlan(needs.clone()));
    }
    let made = room
        .store
        .write(permit, async |tx| {
            if let Some(there) = rows::find(tx, &product, subscriber).await? {
                return Ok(there);
            }
            if let Some(subscriber) = subscriber
                && !rows::has_subscriber(tx, subscriber).await?
            {
                return Err(SubscriptionError::NoSubscriber);
            }
            if rows::count(tx).await? >= MOST {
                return Err(SubscriptionError::TooMany);
            }
            let made =
                Subscription { product, subscriber, subscriber_name: String::new(), created_at: tx.now() };
            rows::add(tx, &made).await?;
            tx.changed(Change::new(&made.product, Value::Null, facts(subscriber)));
            tx.emit(Event::new(names::TENANT_CHANGED, tx.tenant())).await?;
            Ok(made)
        })
        .await?;
    room.hear_tenant(permit.tenant_id()).await;
    Ok(made)
}
