//! Which tenant a request is for (ledger A01, A03, A04, A08, A09, A10, A16, A17).

use crate::{
    backend::Backend,
    house::{ACME, BETA, CAROL, House, tenant},
    wire::{get, raw},
};
use domain::TenantId;
use std::sync::atomic::Ordering::SeqCst;

/// An API at one address for all tenants, mapped in three ways, and one by path for browsers.
const ROUTES: &str = r#"[
    {"name": "tenants", "host": "*.base.test"},
    {"name": "path", "host": "app.base.test", "map_by": ["path"]},
    {"name": "kept", "host": "kept.base.test", "map_by": ["path"], "strip_prefix": false},
    {"name": "query", "host": "query.base.test", "map_by": ["query"], "audience": "api"},
    {"name": "header", "host": "header.base.test", "map_by": ["header"], "audience": "api"},
    {"name": "either", "host": "either.base.test", "map_by": ["header", "query"], "audience": "api"}
]"#;

#[tokio::test]
async fn every_spelling_of_a_tenants_host_reaches_the_tenant() {
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    for host in
        ["acme.base.test", "ACME.BASE.TEST:443", "acme.base.test.", "www.acme.test", "WWW.Acme.Test.:80"]
    {
        let told = get(host, "/x?y=z").with("cookie", &carol).at(house.address).await;
        assert_eq!(told.got("partywall-tenant"), [ACME.to_string()], "{host}");
        assert_eq!(told.target(), "/x?y=z");
    }
    let told = get("acme.base.test", "/").with("cookie", &carol).at_h2(house.address).await;
    assert_eq!(told.got("partywall-tenant"), [ACME.to_string()]);
    assert_eq!(told.got("host"), ["acme.base.test"]);
}

#[tokio::test]
async fn a_request_for_no_tenant_reaches_no_backend() {
    let house = House::routed(ROUTES).await;
    for (host, target) in [
        ("nosuch.base.test", "/"),
        ("base.test", "/"),
        ("www.nosuch.test", "/"),
        ("a.acme.base.test", "/"),
        ("app.base.test", "/"),
        ("app.base.test", "/nosuch/x"),
        ("app.base.test", "//acme/x"),
        ("app.base.test", "/%61cme/x"),
        ("app.base.test", "/ACME/x"),
        ("query.base.test", "/x?tenant=nosuch"),
        ("query.base.test", "/x?tenant="),
    ] {
        let told = get(host, target).at(house.address).await;
        assert_eq!((told.status.as_u16(), told.code().as_str()), (403, "tenant.unknown"), "{host}{target}");
    }
    assert_eq!(house.backend.hits(), 0);
}

#[tokio::test]
async fn a_path_prefix_maps_and_is_stripped_or_kept() {
    let house = House::routed(ROUTES).await;
    let carol = house.carol_on_shared(ACME);
    for (host, target, seen) in [
        ("app.base.test", "/acme/x?y", "/x?y"),
        ("app.base.test", "/acme", "/"),
        ("app.base.test", "/acme?y=z", "/?y=z"),
        ("app.base.test", "/acme/", "/"),
        ("kept.base.test", "/acme/x", "/acme/x"),
    ] {
        let told = get(host, target).with("cookie", &carol).at(house.address).await;
        assert_eq!(told.target(), seen, "{target}");
        assert_eq!(told.got("partywall-tenant"), [ACME.to_string()]);
    }
    let by_id = format!("/{ACME}/x");
    let told = get("app.base.test", &by_id).with("cookie", &carol).at(house.address).await;
    assert_eq!(told.target(), "/x");
}

#[tokio::test]
async fn redirects_and_cookies_stay_inside_the_path_prefix() {
    let backend =
        Backend::adding(&[("location", "/y"), ("set-cookie", "a=b; Path=/"), ("set-cookie", "c=d")]).await;
    let house = House::with(backend, |_| {}).await;
    house.gateway.set_routes(ROUTES).unwrap();
    let carol = house.carol_on_shared(ACME);
    let told = get("app.base.test", "/acme/x").with("cookie", &carol).at(house.address).await;
    assert_eq!(told.headers["location"], "/acme/y");
    let cookies: Vec<_> = told.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=b; Path=/acme", "c=d; Path=/acme"]);
}

#[tokio::test]
async fn a_query_parameter_maps_and_must_not_contradict_itself() {
    let house = House::routed(ROUTES).await;
    let carol = house.carol_on_shared(ACME);
    let at = |target: &'static str| get("query.base.test", target).with("cookie", &carol).at(house.address);
    assert_eq!(at("/app?tenant=acme").await.got("partywall-tenant"), [ACME.to_string()]);
    assert_eq!(at("/app?tenant=acme&tenant=acme").await.status, 200);
    for contradiction in ["/app?tenant=acme&tenant=beta", "/app?tenant=acme&t%65nant=beta"] {
        assert_eq!(at(contradiction).await.code(), "tenant.unknown", "{contradiction}");
    }
    let missing = at("/app").await;
    assert_eq!((missing.status.as_u16(), missing.code().as_str()), (400, "tenant.unnamed"));
    assert!(missing.text().contains("query parameter `tenant`"), "{}", missing.text());
}

#[tokio::test]
async fn a_header_maps_on_an_api_and_is_asked_for_by_name() {
    let house = House::routed(ROUTES).await;
    let carol = house.carol_on_shared(ACME);
    let told = get("header.base.test", "/x")
        .with("tenant-id", "acme")
        .with("cookie", &carol)
        .at(house.address)
        .await;
    assert_eq!(told.got("partywall-tenant"), [ACME.to_string()]);
    let missing = get("header.base.test", "/x").with("cookie", &carol).at(house.address).await;
    assert_eq!((missing.status.as_u16(), missing.code().as_str()), (400, "tenant.unnamed"));
    assert!(missing.text().contains("`Tenant-Id`"), "{}", missing.text());
    let either = get("either.base.test", "/x").with("cookie", &carol).at(house.address).await;
    assert!(either.text().contains("`Tenant-Id` or the query parameter `tenant`"), "{}", either.text());
}

#[tokio::test]
async fn routes_with_a_mistake_are_refused_and_the_old_ones_stay() {
    let house = House::routed(ROUTES).await;
    let carol = house.carol_on_shared(ACME);
    let browser = r#"[{"name": "gate", "host": "header.base.test", "map_by": ["header"]}]"#;
    let faults = house.gateway.set_routes(browser).unwrap_err();
    assert!(faults[0].to_string().contains("a header cannot name the tenant on a browser-facing route"));
    let told = get("app.base.test", "/acme/x").with("cookie", &carol).at(house.address).await;
    assert_eq!(told.target(), "/x");
}

#[tokio::test]
async fn identifiers_that_disagree_are_refused_and_recorded_by_name() {
    let house = House::routed(ROUTES).await;
    let carol = house.carol_at(ACME);
    for (host, target) in
        [("acme.base.test", "/x"), ("app.base.test", "/acme/x"), ("query.base.test", "/?tenant=acme")]
    {
        let before = house.refused().len();
        let told = get(host, target).with("tenant-id", "beta").with("cookie", &carol).at(house.address).await;
        assert_eq!((told.status.as_u16(), told.code().as_str()), (403, "tenant.unknown"), "{host}");
        let refused = house.refused();
        assert_eq!(refused.len(), before + 1);
        assert_eq!((refused[before].from, refused[before].at), (Some(ACME), BETA));
    }
    assert_eq!(house.backend.hits(), 0);
    let agreed =
        get("acme.base.test", "/x").with("tenant-id", "acme").with("cookie", &carol).at(house.address).await;
    assert_eq!(agreed.status, 200);
}

#[tokio::test]
async fn one_person_at_two_tenants_is_one_user_and_two_tenants() {
    let house = House::new().await;
    for (host, tenant) in [("acme.base.test", ACME), ("beta.base.test", BETA)] {
        let told = get(host, "/").with("cookie", &house.carol_at(tenant)).at(house.address).await;
        assert_eq!(told.got("partywall-user"), [CAROL.to_string()]);
        assert_eq!(told.got("partywall-tenant"), [tenant.to_string()]);
    }
}

#[tokio::test]
async fn the_verified_tenant_is_written_where_the_route_says_and_only_there() {
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    let write = |write: &str| {
        let routes = format!(r#"[{{"name": "a", "host": "*.base.test", "write_tenant": {write}}}]"#);
        house.gateway.set_routes(&routes).unwrap();
        get("acme.base.test", "/x?a=b&t=beta")
            .with("x-tenant", "beta")
            .with("x_tenant", "beta")
            .with("cookie", &carol)
            .at(house.address)
    };
    let told = write(r#"{"into": "header", "name": "X-Tenant", "as": "slug"}"#).await;
    assert_eq!((told.got("x-tenant"), told.got("x_tenant")), (vec!["acme".to_owned()], vec![]));
    let told = write(r#"{"into": "path", "as": "slug", "prefix": "/in"}"#).await;
    assert_eq!(told.target(), "/in/acme/x?a=b&t=beta");
    let told = write(r#"{"into": "path"}"#).await;
    assert_eq!(told.target(), format!("/{ACME}/x?a=b&t=beta"));
    let told = write(r#"{"into": "query", "name": "t"}"#).await;
    assert_eq!(told.target(), format!("/x?a=b&t={ACME}"));
    let told = write(r#"{"into": "host", "suffix": "backend.internal", "as": "slug"}"#).await;
    assert_eq!(told.got("host"), ["acme.backend.internal"]);
    assert_eq!(told.got("x-forwarded-host"), ["acme.base.test"]);
}

#[tokio::test]
async fn a_renamed_tenant_keeps_its_people_and_leaves_nothing_under_its_old_name() {
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    house.change(ACME, |acme| acme.slug = "apex".parse().unwrap()).await;
    house.change(BETA, |beta| beta.slug = "acme".parse().unwrap()).await;
    let told = get("apex.base.test", "/").with("cookie", &carol).at(house.address).await;
    assert_eq!(told.got("partywall-tenant"), [ACME.to_string()]);
    assert_eq!(told.got("partywall-tenant-slug"), ["apex"]);
    let told = get("acme.base.test", "/").with("cookie", &carol).at(house.address).await;
    assert_eq!(told.code(), "tenant.unknown");
}

#[tokio::test]
async fn a_host_that_is_not_said_plainly_and_once_is_refused() {
    let house = House::new().await;
    for head in [
        "GET / HTTP/1.1\r\nHost: acme.base.test\r\nHost: acme.base.test\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: acme.base.test\r\nHost: beta.base.test\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: \r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x@acme.base.test\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: acme.base.test beta.base.test\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: acme%2ebase.test\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: acme.base.test:0x50\r\n\r\n",
        "GET http://beta.base.test/ HTTP/1.1\r\nHost: acme.base.test\r\n\r\n",
        "GET http://x@acme.base.test/ HTTP/1.1\r\nHost: acme.base.test\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: acme.base.test\r\n\r\n",
    ] {
        let said = raw(house.address, head.as_bytes()).await;
        assert!(said.starts_with("HTTP/1.1 400") || said.starts_with("HTTP/1.0 400"), "{head}\n{said}");
    }
    assert_eq!(house.backend.hits(), 0);
}

#[tokio::test]
async fn among_100_000_tenants_nobody_is_asked_while_memory_is_warm() {
    const TENANTS: u128 = 100_000;
    let house = House::routed(
        r#"[{"name": "open", "host": "*.base.test", "path": "/open", "open": true},
            {"name": "keys", "host": "*.base.test", "path": "/api", "credentials": ["api_key"]},
            {"name": "all", "host": "*.base.test"},
            {"name": "own", "host": "*"}]"#,
    )
    .await;
    let id = |number: u128| TenantId::from_bits(1_000 + number);
    for number in 0..TENANTS {
        let own = format!("{number}.own.test");
        let record = tenant(id(number), &format!("t{number}"), true, &[&own]);
        house.facts.tenants.lock().unwrap().insert(record.id, record);
    }
    house.warden.fill().await.unwrap();
    // Some of them have somebody who was here before.
    let known: Vec<_> = (0..TENANTS).step_by(2_000).collect();
    let mut callers = Vec::new();
    for &number in &known {
        let (cookie, key) = (house.carol_at(id(number)), house.key_of(id(number), |_| {}));
        let signed = house.signed_key_of(id(number), |_| {});
        callers.push((number, cookie, key, signed));
    }
    let ask_all = async || {
        for (number, cookie, key, signed) in &callers {
            let host = format!("t{number}.base.test");
            let seen = [
                get(&host, "/open").at(house.address).await,
                get(&format!("{number}.own.test"), "/").with("cookie", cookie).at(house.address).await,
                get(&host, "/").with("cookie", cookie).at(house.address).await,
                get(&host, "/api").with("x-api-key", key).at(house.address).await,
                get(&host, "/api").with("x-api-key", signed).at(house.address).await,
            ];
            for told in seen {
                assert_eq!(told.got("partywall-tenant"), [id(*number).to_string()]);
            }
        }
    };
    ask_all().await;
    let asked = house.facts.questions.load(SeqCst);
    assert!(asked >= known.len() as u64, "memory was cold");
    // From here on there is no database, and nothing was forgotten.
    house.facts.away.store(true, SeqCst);
    ask_all().await;
    // Whose tenants have nobody here are found all the same, and those that are nobody's are not.
    for number in (1_000..TENANTS).step_by(4_999) {
        let told = get(&format!("t{number}.base.test"), "/open").at(house.address).await;
        assert_eq!(told.got("partywall-tenant"), [id(number).to_string()]);
    }
    let told = get("t100000.base.test", "/open").at(house.address).await;
    assert_eq!(told.code(), "tenant.unknown");
    assert_eq!(house.facts.questions.load(SeqCst), asked, "somebody was asked");
}
