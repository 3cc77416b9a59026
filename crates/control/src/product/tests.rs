use super::*;
use crate::{
    route::{self, RouteCheck, RouteError},
    scene::Scene,
};
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::for_each_engine;

fn name(text: &str) -> ProductName {
    text.parse().expect("a product's name")
}

fn described(public: bool) -> Described {
    Described {
        title: "Orders".parse().expect("a name"),
        public,
        entitlement: String::new(),
        roles: Vec::new(),
    }
}

async fn put_routes(scene: &Scene<'_>, routes: Value) -> Result<(), RouteError> {
    let sound: RouteCheck = Arc::new(|_| Ok(()));
    route::put(scene.store(), &scene.may().await, routes, &sound).await.map(drop)
}

#[tokio::test]
async fn a_product_is_published_only_when_every_route_of_it_asks_who_calls() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let orders = name("orders");
        let publish = async || stand(scene.store(), &scene.may().await, &orders, Standing::Published).await;
        assert!(matches!(publish().await, Err(ProductError::Unknown)));
        let made = put(scene.store(), &scene.may().await, orders.clone(), described(false)).await;
        assert_eq!(made.expect("put").standing, Standing::Draft);
        assert!(matches!(publish().await, Err(ProductError::Empty)));
        let open = json!([{ "name": "r1", "product": "orders" }, { "name": "r2", "product": "orders", "open": true }]);
        put_routes(&scene, open.clone()).await.expect("a draft may have any route");
        let refused = publish().await.expect_err("r2 lets anybody in");
        assert!(matches!(&refused, ProductError::Open(route) if route == "r2"), "{refused}");
        assert_eq!(refused.code(), "product.unfinished");
        // Marked public by its name, it may; then the mark cannot be taken away.
        put(scene.store(), &scene.may().await, orders.clone(), described(true)).await.expect("put");
        assert_eq!(publish().await.expect("public").standing, Standing::Published);
        let taken = put(scene.store(), &scene.may().await, orders.clone(), described(false)).await;
        assert!(matches!(taken, Err(ProductError::Open(_))));
        // Nor does an open route come to a product that is published and not public.
        put_routes(&scene, json!([{ "name": "r1", "product": "orders" }])).await.expect("routes");
        put(scene.store(), &scene.may().await, orders.clone(), described(false)).await.expect("put");
        let Err(RouteError::Refused(whys)) = put_routes(&scene, open).await else { panic!("it is open") };
        assert!(matches!(&whys[..], [why] if why.contains("route `r2`: open")), "{whys:?}");
        let Err(RouteError::Refused(whys)) = put_routes(&scene, json!([{ "name": "r", "product": "x" }])).await
        else {
            panic!("there is no such product")
        };
        assert!(whys[0].contains("there is no product `x`"), "{whys:?}");
        assert!(scene.events(scene.house).await.contains(&"deployment.changed".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn roles_that_open_a_product_or_a_route_are_ones_that_there_are() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let orders = name("orders");
        let wanted = |names: &[&str], public| Described {
            roles: names.iter().map(|role| role.parse().expect("a role's name")).collect(),
            ..described(public)
        };
        let put_with = async |names: &[&str], public| {
            put(scene.store(), &scene.may().await, orders.clone(), wanted(names, public)).await
        };
        let refused = put_with(&["orders.clerc"], false).await.expect_err("misspelt");
        assert_eq!((refused.code(), refused.place()), ("input.invalid", Some("roles")));
        let clerk = ("orders.clerk".parse().expect("a name"), "Clerk".parse().expect("a title"));
        crate::role::put(scene.store(), &scene.may().await, clerk.0, clerk.1, "").await.expect("put");
        let product = put_with(&["orders.clerk", "partywall.admin"], false).await.expect("both are there");
        assert_eq!(product.roles.len(), 2);
        let found = find(scene.store(), &scene.may().await, &orders).await.expect("it was put");
        assert_eq!(found.roles, product.roles);
        assert!(matches!(put_with(&["orders.clerk"], true).await, Err(ProductError::PublicRoles)));
        let routes = |role: &str| json!([{ "name": "r1", "roles": [role] }]);
        put_routes(&scene, routes("orders.clerk")).await.expect("known");
        let Err(RouteError::Refused(whys)) = put_routes(&scene, routes("orders.clerc")).await else {
            panic!("there is no such role")
        };
        assert!(whys[0].contains("there is no role `orders.clerc`"), "{whys:?}");
    })
    .await;
}
