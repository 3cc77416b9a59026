use super::*;
use crate::{
    Control,
    desk::Desk,
    product::{self, Described, Standing},
    route,
    scene::trail,
};
use access::{ManageSubscriptions, Permit};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use testkit::{Town, Village, World, for_each_engine};

fn name(text: &str) -> ProductName {
    text.parse().expect("a product's name")
}

async fn publish(world: &World, text: &str, entitlement: &str) {
    let described = Described {
        title: "Orders".parse().unwrap(),
        public: false,
        entitlement: entitlement.into(),
        roles: Vec::new(),
    };
    product::put(&world.store, &world.operator().await, name(text), described).await.expect("put");
    let routes = json!([{ "name": "r", "product": text }]);
    route::put(&world.store, &world.operator().await, routes, &(Arc::new(|_: &_| Ok(())) as _))
        .await
        .expect("routes");
    stand(world, text, Standing::Published).await;
}

async fn stand(world: &World, text: &str, standing: Standing) {
    let permit = world.operator().await;
    product::stand(&world.store, &permit, &name(text), standing).await.expect("it stands");
}

async fn permit(world: &World, at: &Village) -> Permit<ManageSubscriptions> {
    world.pass(Duration::from_millis(1));
    world.permit(at, &at.admin).await
}

/// Whether the gateway would let a caller of this tenant in.
async fn is_open(world: &World, at: &Village, product: &str, subscriber: Option<SubscriberId>) -> bool {
    world.warden.reload(at.id).await.expect("the directory answers");
    world.resolved(at).tenant().record.subscriptions.open(&name(product), subscriber)
}

async fn add_subscriber(world: &World, at: &Village) -> SubscriberId {
    let id: SubscriberId = world.new_id();
    let sql = format!(
        "INSERT INTO subscriber (tenant_id, id, name, contact, created_at, changed_at)
         VALUES ('{}', '{id}', 'Partner', 'a@x.test', 0, 0)",
        at.id
    );
    world.raw(&sql).await;
    id
}

#[tokio::test]
async fn a_tenant_subscribes_for_everybody_or_for_one_and_cancels() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let room: Control = Desk::at(world).room();
        let (contoso, fabrikam) = (&town.contoso, &town.fabrikam);
        publish(world, "orders", "").await;
        let partner = add_subscriber(world, contoso).await;
        subscribe(&room, &permit(world, contoso).await, name("orders"), Some(partner))
            .await
            .expect("subscribed");
        assert!(is_open(world, contoso, "orders", Some(partner)).await);
        assert!(!is_open(world, contoso, "orders", Some(world.new_id())).await, "another subscriber");
        assert!(!is_open(world, contoso, "orders", None).await, "a person");
        assert!(!is_open(world, contoso, "reports", Some(partner)).await, "another product");
        assert!(!is_open(world, fabrikam, "orders", Some(partner)).await, "another tenant");
        let all = list(&room.store, &permit(world, contoso).await).await.expect("a list");
        assert!(matches!(&all[..], [one] if one.subscriber_name == "Partner"), "{all:?}");
        assert!(list(&room.store, &permit(world, fabrikam).await).await.expect("a list").is_empty());
        // For everybody; once more changes nothing.
        for _ in 0..2 {
            subscribe(&room, &permit(world, contoso).await, name("orders"), None).await.expect("subscribed");
        }
        assert!(is_open(world, contoso, "orders", None).await);
        cancel(&room, &permit(world, contoso).await, &name("orders"), None).await.expect("cancelled");
        assert!(!is_open(world, contoso, "orders", None).await);
        assert!(is_open(world, contoso, "orders", Some(partner)).await, "that one has its own");
        let again = cancel(&room, &permit(world, contoso).await, &name("orders"), None).await;
        assert!(matches!(again, Err(SubscriptionError::Unknown)));
        let lines = trail(world, contoso.id).await;
        let told: Vec<_> = lines.iter().filter(|line| line.action == "subscription.manage").collect();
        assert_eq!(told.len(), 5, "a line for each: {told:?}");
    })
    .await;
}

#[tokio::test]
async fn what_is_no_published_product_no_subscriber_of_ones_own_or_not_in_the_plan_is_refused() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let room: Control = Desk::at(world).room();
        let contoso = &town.contoso;
        publish(world, "orders", "api.orders").await;
        let theirs = add_subscriber(world, &town.fabrikam).await;
        let ask = async |product: &str, subscriber| {
            subscribe(&room, &permit(world, contoso).await, name(product), subscriber)
                .await
                .expect_err(product)
        };
        assert_eq!(ask("reports", None).await.place(), Some("product"));
        assert_eq!(ask("orders", None).await.code(), "plan.limit");
        let offered = offered(&room, &permit(world, contoso).await).await.expect("a list");
        assert!(matches!(&offered[..], [one] if !one.in_plan), "{offered:?}");
        publish(world, "orders", "").await;
        assert_eq!(ask("orders", Some(theirs)).await.place(), Some("subscriber"));
        stand(world, "orders", Standing::Retired).await;
        assert_eq!(ask("orders", None).await.place(), Some("product"));
    })
    .await;
}
