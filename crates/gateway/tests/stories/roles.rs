//! Roles at the door: which of a member's roles open a route or an API product, and to whom that says nothing (ledger
//! H02).

use crate::{
    house::{ACME, BETA, House},
    wire::{Told, get},
};
use access::Subscriptions;
use gateway::ProductSpec;

/// One route for a role that carol has, one for one of two, one for a role that she has not, one for programs as well.
const ROUTES: &str = r#"[
    {"name": "all", "host": "*.base.test"},
    {"name": "read", "host": "*.base.test", "path": "/read", "roles": ["surveys.reader"]},
    {"name": "either", "host": "*.base.test", "path": "/either", "roles": ["surveys.lead", "surveys.reader"]},
    {"name": "lead", "host": "*.base.test", "path": "/lead", "audience": "api", "roles": ["surveys.lead", "surveys.owner"]},
    {"name": "mixed", "host": "*.base.test", "path": "/mixed", "audience": "api", "roles": ["surveys.lead"],
     "credentials": ["session", "api_key"], "scopes": ["surveys.read"]},
    {"name": "orders", "host": "*.base.test", "path": "/orders", "audience": "api", "product": "orders",
     "credentials": ["session", "api_key"]}
]"#;

async fn at(house: &House, target: &str, session: &str) -> Told {
    get("acme.base.test", target).with("cookie", session).at(house.address).await
}

#[tokio::test]
async fn a_route_opens_to_whoever_has_one_of_its_roles_at_this_tenant() {
    let house = House::routed(ROUTES).await;
    let carol = house.carol_at(ACME);
    for target in ["/", "/read", "/either"] {
        assert_eq!(at(&house, target, &carol).await.status, 200, "{target}");
    }
    let hits = house.backend.hits();
    let told = at(&house, "/lead", &carol).await;
    assert_eq!((told.status.as_u16(), told.code().as_str()), (403, "role.missing"));
    assert!(
        told.text().contains("One of the roles `surveys.lead`, `surveys.owner` is needed."),
        "{}",
        told.text()
    );
    // Whoever is nobody here learns nothing of roles, and no trick with headers gives one.
    let told = get("acme.base.test", "/lead").with("partywall-roles", "surveys.lead").at(house.address).await;
    assert_eq!(told.code(), "session.needed");
    let told = get("acme.base.test", "/lead").with("cookie", &carol).with("partywall-roles", "surveys.lead");
    assert_eq!(told.at(house.address).await.code(), "role.missing");
    // A role at one tenant is none at another.
    house.promote(ACME, &["surveys.lead"]).await;
    assert_eq!(at(&house, "/lead", &carol).await.status, 200, "given, it counts at once");
    let there = get("beta.base.test", "/lead").with("cookie", &house.carol_at(BETA)).at(house.address).await;
    assert_eq!(there.code(), "role.missing");
    house.promote(ACME, &["surveys.reader"]).await;
    assert_eq!(at(&house, "/lead", &carol).await.code(), "role.missing", "and taken, at once as well");
    assert_eq!(house.backend.hits(), hits + 1);
}

#[tokio::test]
async fn roles_are_for_people_and_scopes_for_programs() {
    let house = House::routed(ROUTES).await;
    let carol = house.carol_at(ACME);
    assert_eq!(at(&house, "/mixed", &carol).await.code(), "role.missing");
    let key = house.key_of(ACME, |grant| grant.scopes = vec!["surveys.read".parse().unwrap()]);
    let told = get("acme.base.test", "/mixed").with("x-api-key", &key).at(house.address).await;
    assert_eq!(told.status, 200, "{}", told.text());
    let bare = house.key_of(ACME, |_| {});
    let told = get("acme.base.test", "/mixed").with("x-api-key", &bare).at(house.address).await;
    assert_eq!(told.code(), "scope.missing");
}

#[tokio::test]
async fn a_product_opens_to_people_by_its_own_roles() {
    let house = House::routed(ROUTES).await;
    let carol = house.carol_at(ACME);
    let product = |roles: &[&str]| ProductSpec {
        name: "orders".parse().unwrap(),
        public: false,
        roles: roles.iter().map(|role| role.parse().unwrap()).collect(),
    };
    house.gateway.set_products(vec![product(&["orders.clerk"])]);
    assert_eq!(at(&house, "/orders", &carol).await.code(), "product.subscription", "that is asked first");
    let subscribed = Subscriptions::of(vec![("orders".parse().unwrap(), None)]);
    house.change(ACME, |record| record.subscriptions = subscribed).await;
    let told = at(&house, "/orders", &carol).await;
    assert_eq!((told.status.as_u16(), told.code().as_str()), (403, "role.missing"));
    assert!(told.text().contains("The role `orders.clerk` is needed."), "{}", told.text());
    let key = house.key_of(ACME, |_| {});
    let told = get("acme.base.test", "/orders").with("x-api-key", &key).at(house.address).await;
    assert_eq!(told.status, 200, "a program has no roles");
    house.gateway.set_products(vec![product(&["orders.clerk", "surveys.reader"])]);
    assert_eq!(at(&house, "/orders", &carol).await.status, 200);
}

#[tokio::test]
async fn routes_that_ask_for_roles_of_nobody_are_refused_when_they_are_put() {
    let house = House::new().await;
    for (bad, why) in [
        (
            r#"[{"name": "a", "host": "a.base.test", "map_by": ["key"], "audience": "api", "credentials": ["api_key"], "roles": ["x.y"]}]"#,
            "only people have roles",
        ),
        (r#"[{"name": "a", "host": "*", "open": true, "roles": ["x.y"]}]"#, "open lets in who has no role"),
        (r#"[{"name": "a", "host": "*", "roles": ["No Role"]}]"#, "role"),
    ] {
        let faults = house.gateway.check_routes(bad).unwrap_err();
        assert!(faults.iter().any(|fault| fault.to_string().contains(why)), "{bad}: {faults:?}");
    }
}
