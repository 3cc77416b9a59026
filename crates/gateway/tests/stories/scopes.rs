//! Policies above routes (ledger H01): one for all routes, or for those of a product, is obeyed by each of them.

use crate::{
    house::{ACME, House},
    wire::get,
};

const ROUTES: &str = r#"[
    {"name": "orders", "host": "*.base.test", "path": "/orders", "audience": "api"},
    {"name": "items", "host": "*.base.test", "path": "/items", "audience": "api",
     "policies": {"addresses": {"allow": ["127.0.0.0/8"]},
                  "limits": [{"name": "own", "window": 86400, "limit": 3}],
                  "request_headers": [{"set": "X-Scope", "value": "route"}]}},
    {"name": "rest", "host": "*.base.test", "audience": "api", "open": true}
]"#;

fn over(scopes: &str) -> String {
    format!(r#"{{{scopes}, "routes": {ROUTES}}}"#)
}

#[tokio::test]
async fn a_policy_of_all_routes_is_obeyed_by_each_at_once_and_no_route_gets_around_it() {
    let house = House::routed(ROUTES).await;
    let carol = house.carol_at(ACME);
    let ask = async |path: &str| get("acme.base.test", path).with("cookie", &carol).at(house.address).await;
    let paths = ["/orders", "/items", "/else"];
    for path in paths {
        assert_eq!(ask(path).await.status, 200);
    }
    for networks in [r#"{"deny": ["127.0.0.0/8"]}"#, r#"{"allow": ["10.0.0.0/8"]}"#] {
        let scopes = format!(r#""policies": {{"addresses": {networks}}}"#);
        house.gateway.set_routes(&over(&scopes)).unwrap();
        for path in paths {
            assert_eq!(ask(path).await.code(), "address.refused", "{path} {networks}");
        }
    }
    // Without a route of one's own the usual ones obey too.
    house.gateway.set_routes(r#"{"policies": {"addresses": {"deny": ["127.0.0.0/8"]}}}"#).unwrap();
    assert_eq!(ask("/x").await.code(), "address.refused");
    house.gateway.set_routes(ROUTES).unwrap();
    assert_eq!(ask("/orders").await.status, 200);
}

#[tokio::test]
async fn limits_above_count_all_their_routes_together_and_headers_are_written_from_far_to_near() {
    let house = House::routed(&over(
        r#""policies": {"limits": [{"name": "all", "window": 86400, "limit": 4}],
                        "request_headers": [{"set": "X-Scope", "value": "all"}, {"set": "X-All", "value": "1"}],
                        "answer_headers": [{"set": "X-Frame-Options", "value": "DENY"}]}"#,
    ))
    .await;
    let carol = house.carol_at(ACME);
    let ask = async |path: &str| get("acme.base.test", path).with("cookie", &carol).at(house.address).await;
    let (orders, items) = (ask("/orders").await, ask("/items").await);
    assert_eq!((orders.got("x-scope"), orders.got("x-all")), (vec!["all".to_owned()], vec!["1".to_owned()]));
    assert_eq!((items.got("x-scope"), items.got("x-all")), (vec!["route".to_owned()], vec!["1".to_owned()]));
    assert_eq!(items.headers["x-frame-options"], "DENY");
    assert_eq!(items.headers["ratelimit-policy"], "\"all\";q=4;w=86400, \"own\";q=3;w=86400");
    assert!(items.headers["ratelimit"].to_str().unwrap().contains("\"all\";r=2"), "{:?}", items.headers);
    assert_eq!([ask("/else").await.status, ask("/orders").await.status], [200, 200]);
    assert_eq!(ask("/items").await.code(), "limit.rate", "the four are used up, wherever");
}

#[tokio::test]
async fn a_mistake_above_is_named_once_and_everything_stays() {
    let house = House::routed(ROUTES).await;
    let carol = house.carol_at(ACME);
    let faults = |json: &str| {
        let faults = house.gateway.set_routes(json).expect_err(json);
        faults.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let bad = over(
        r#""policies": {"addresses": {"deny": ["127.0.0.0/99"]}}, "product_policies": {"api": {"cache": {"most_body": 0}}}"#,
    );
    let said = faults(&bad);
    assert!(said.len() == 2 && said[0].starts_with("route `every route`: policies.addresses"), "{said:#?}");
    assert!(said[1].starts_with("route `every route of product api`: policies.cache"), "{said:#?}");
    for (json, told) in [
        (r#"{"polices": {}, "routes": []}"#, "unknown field `polices`"),
        (r#"{"policies": {"limit": []}}"#, "unknown field `limit`"),
        (r#"{"product_policies": {"orders": {}}}"#, "no route belongs to this product"),
        (r#"{"routes": {}}"#, "no array"),
        (r#""routes""#, "neither an array"),
        ("{", "no JSON"),
    ] {
        assert!(faults(json)[0].contains(told), "{json}: {:?}", faults(json));
    }
    let names = over(r#""policies": {"request_headers": [{"set": "X-A", "value": "acme"}]}"#);
    let faults = house.gateway.check_routes(&names).unwrap_err();
    assert!(faults[0].to_string().contains("no-literal-tenant"), "{faults:?}");
    // One limit too many is the route's, where the two come together.
    let limits =
        (0..8).map(|at| format!(r#"{{"name": "l{at}", "window": 60, "limit": 9}}"#)).collect::<Vec<_>>();
    let full = over(&format!(r#""policies": {{"limits": [{}]}}"#, limits.join(",")));
    let said = house.gateway.set_routes(&full).unwrap_err();
    assert!(
        said.len() == 1 && said[0].to_string().contains("route `items`: policies.limits: there may be 8"),
        "{said:?}"
    );
    let told = get("acme.base.test", "/items").with("cookie", &carol).at(house.address).await;
    assert_eq!(told.got("x-scope"), ["route"], "those before are in force");
}
