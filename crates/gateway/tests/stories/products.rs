//! API products (ledger H02): only those who have subscribed to a route's product are let through, and answers of a
//! version that goes say so.

use crate::{
    house::{ACME, BETA, House},
    wire::get,
};
use access::Subscriptions;
use domain::{ProductName, SubscriberId, TenantId};
use gateway::ProductSpec;

const ROUTES: &str = r#"[
    {"name": "orders-2", "host": "api.base.test", "path": "/v2/orders", "map_by": ["key"], "audience": "api",
     "credentials": ["api_key"], "product": "orders", "version": {"name": "2"}},
    {"name": "orders-1", "host": "api.base.test", "path": "/orders", "map_by": ["key"], "audience": "api",
     "credentials": ["api_key"], "product": "orders", "version": {"name": "1",
       "deprecated": "2026-01-01T00:00:00Z", "sunset": "2027-01-01T00:00:00Z", "link": "https://docs.base.test/v2"}},
    {"name": "orders-head", "host": "api.base.test", "path": "/orders", "when": "headers['api-version'] == '2'",
     "map_by": ["key"], "audience": "api", "credentials": ["api_key"], "product": "orders", "version": {"name": "2"}},
    {"name": "reports", "host": "api.base.test", "path": "/reports", "map_by": ["key"], "audience": "api",
     "credentials": ["api_key"], "product": "reports"},
    {"name": "status", "host": "api.base.test", "path": "/status", "map_by": ["header"], "audience": "api",
     "open": true, "product": "status"},
    {"name": "people", "host": "*.base.test", "audience": "api", "product": "orders"}
]"#;

fn name(text: &str) -> ProductName {
    text.parse().unwrap()
}

async fn subscribe(house: &House, tenant: TenantId, all: &[(&str, Option<SubscriberId>)]) {
    let all = all.iter().map(|(product, whose)| (name(product), *whose)).collect();
    house.change(tenant, |record| record.subscriptions = Subscriptions::of(all)).await;
}

fn offer(house: &House, products: &[(&str, bool)]) {
    let specs = products.iter().map(|(product, public)| ProductSpec {
        name: name(product),
        public: *public,
        roles: Vec::new(),
    });
    house.gateway.set_products(specs.collect());
}

async fn shop() -> House {
    let house = House::routed(ROUTES).await;
    offer(&house, &[("orders", false), ("reports", false), ("status", true)]);
    house
}

async fn call(house: &House, path: &str, key: &str) -> (u16, String) {
    let ask = get("api.base.test", path).with("authorization", &format!("Bearer {key}"));
    let told = ask.at(house.address).await;
    (told.status.as_u16(), if told.status == 200 { String::new() } else { told.code() })
}

#[tokio::test]
async fn who_has_subscribed_to_one_product_is_refused_at_another_and_cancelling_is_felt_at_once() {
    let house = shop().await;
    let (acme, beta) = (house.key_of(ACME, |_| {}), house.key_of(BETA, |_| {}));
    let no = |code: &str| (403, code.to_owned());
    assert_eq!(call(&house, "/v2/orders", &acme).await, no("product.subscription"));
    subscribe(&house, ACME, &[("orders", None)]).await;
    assert_eq!(call(&house, "/v2/orders", &acme).await.0, 200);
    assert_eq!(call(&house, "/orders", &acme).await.0, 200);
    assert_eq!(call(&house, "/reports", &acme).await, no("product.subscription"));
    assert_eq!(call(&house, "/v2/orders", &beta).await, no("product.subscription"), "it is Acme's alone");
    subscribe(&house, ACME, &[]).await;
    assert_eq!(call(&house, "/v2/orders", &acme).await, no("product.subscription"));
    // For one subscriber only.
    let partner = SubscriberId::from_bits(600 + ACME.bits());
    subscribe(&house, ACME, &[("orders", Some(partner))]).await;
    assert_eq!(call(&house, "/v2/orders", &acme).await.0, 200);
    let other = house.key_of(ACME, |grant| grant.subscriber = SubscriberId::from_bits(77));
    assert_eq!(call(&house, "/v2/orders", &other).await, no("product.subscription"));
    // People are everybody, and one subscriber's subscription is not theirs.
    let carol = house.carol_at(ACME);
    let ask = async || get("acme.base.test", "/x").with("cookie", &carol).at(house.address).await;
    assert_eq!(ask().await.code(), "product.subscription");
    subscribe(&house, ACME, &[("orders", None)]).await;
    assert_eq!(ask().await.status, 200);
}

#[tokio::test]
async fn what_is_a_draft_or_retired_is_closed_to_everybody_and_what_is_public_to_nobody() {
    let house = shop().await;
    let acme = house.key_of(ACME, |_| {});
    subscribe(&house, ACME, &[("orders", None)]).await;
    let status = get("api.base.test", "/status").with("tenant-id", "acme").at(house.address).await;
    assert_eq!(status.status, 200, "{}", status.text());
    offer(&house, &[("reports", false)]);
    assert_eq!(call(&house, "/v2/orders", &acme).await, (403, "product.closed".to_owned()));
    let status = get("api.base.test", "/status").with("tenant-id", "acme").at(house.address).await;
    assert_eq!(status.code(), "product.closed");
}

#[tokio::test]
async fn a_version_is_chosen_by_path_or_header_and_one_that_goes_says_so() {
    let house = shop().await;
    let key = format!("Bearer {}", house.key_of(ACME, |_| {}));
    subscribe(&house, ACME, &[("orders", None)]).await;
    let old = get("api.base.test", "/orders").with("authorization", &key).at(house.address).await;
    assert_eq!(old.headers["deprecation"], "@1767225600");
    assert_eq!(old.headers["sunset"], "Fri, 01 Jan 2027 00:00:00 GMT");
    assert_eq!(old.headers["link"], "<https://docs.base.test/v2>; rel=\"sunset\"; type=\"text/html\"");
    for ask in [get("api.base.test", "/v2/orders"), get("api.base.test", "/orders").with("api-version", "2")]
    {
        let told = ask.with("authorization", &key).at(house.address).await;
        assert!(told.status == 200 && !told.headers.contains_key("deprecation"), "{:?}", told.headers);
    }
}

#[tokio::test]
async fn mistakes_in_versions_are_named() {
    let house = House::new().await;
    let faults = |version: &str, product: &str| {
        let routes = format!(r#"[{{"name": "a", "host": "*" {product}, "version": {version}}}]"#);
        house.gateway.set_routes(&routes).unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let product = r#", "product": "orders""#;
    for (version, product, told) in [
        (r#"{"name": "1"}"#, "", "name that under `product`"),
        (r#"{"name": "one two"}"#, product, "its name has"),
        (r#"{"name": "1", "sunset": "soon"}"#, product, "a moment has the form"),
        (r#"{"name": "1", "link": "http://x"}"#, product, "begins with https://"),
        (
            r#"{"name": "1", "deprecated": "2027-01-01T00:00:00Z", "sunset": "2026-01-01T00:00:00Z"}"#,
            product,
            "not before",
        ),
    ] {
        assert!(faults(version, product)[0].contains(told), "{version}: {:?}", faults(version, product));
    }
}
