//! What passes through and what does not: cookies, credentials, hop-by-hop fields, the reserved prefix.

use crate::{
    backend::{Backend, echo, full},
    house::{ACME, House},
    wire::{ask, get},
};
use hyper::Response;

#[tokio::test]
async fn our_credentials_stay_here_and_the_application_s_own_pass() {
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    let told = get("acme.base.test", "/")
        .with("cookie", &format!("theme=dark; {carol}; pw_bind=x; lang=de"))
        .with("authorization", "Bearer of-the-application")
        .at(house.address)
        .await;
    assert_eq!(told.got("cookie"), ["theme=dark; lang=de"]);
    assert_eq!(told.got("authorization"), ["Bearer of-the-application"]);
    let told = get("acme.base.test", "/")
        .with("cookie", &carol)
        .with("authorization", "Bearer pwo_x")
        .at(house.address)
        .await;
    assert_eq!((told.got("cookie"), told.got("authorization")), (vec![], vec![]));
}

#[tokio::test]
async fn a_backend_can_neither_plant_our_cookies_nor_reach_sibling_tenants() {
    let backend = Backend::adding(&[
        ("set-cookie", "theme=dark; Path=/"),
        ("set-cookie", "pw_session=stolen"),
        ("set-cookie", "__Host-pw_session=stolen; Path=/; Secure"),
        ("set-cookie", "=pw_session=stolen"),
        ("set-cookie", "a=b; Domain=base.test"),
        ("set-cookie", "c=d; Domain=acme.base.test"),
        ("partywall-tenant", "tnt_forged"),
        ("partywall-request-id", "req_forged"),
        ("keep-alive", "timeout=5"),
        ("x-app", "kept"),
    ])
    .await;
    let house = House::with(backend, |_| {}).await;
    let told = get("acme.base.test", "/").with("cookie", &house.carol_at(ACME)).at(house.address).await;
    let cookies: Vec<_> = told.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["theme=dark; Path=/", "c=d; Domain=acme.base.test"]);
    assert_eq!(told.headers.get("partywall-tenant"), None);
    assert_eq!(told.headers.get("keep-alive"), None);
    let ids: Vec<_> = told.headers.get_all("partywall-request-id").iter().collect();
    assert!(ids.len() == 1 && ids[0] != "req_forged");
    assert_eq!(told.headers["x-app"], "kept");
    assert_eq!(told.headers["via"], "1.1 partywall");
}

#[tokio::test]
async fn fields_of_a_connection_end_with_it() {
    let house = House::new().await;
    let told = get("acme.base.test", "/")
        .with("cookie", &house.carol_at(ACME))
        .with("connection", "keep-alive, x-mine")
        .with("x-mine", "1")
        .with("keep-alive", "timeout=9")
        .with("proxy-authorization", "Basic x")
        .with("upgrade", "h2c")
        .with("http2-settings", "x")
        .with("te", "gzip")
        .with("x-theirs", "1")
        .at(house.address)
        .await;
    for gone in
        ["connection", "x-mine", "keep-alive", "proxy-authorization", "upgrade", "http2-settings", "te"]
    {
        assert_eq!(told.got(gone), [""; 0], "{gone}");
    }
    assert_eq!(told.got("x-theirs"), ["1"]);
    assert_eq!(told.got("via"), ["1.1 partywall"]);
}

#[tokio::test]
async fn the_reserved_prefix_and_paths_with_dots_reach_no_backend() {
    let house = House::routed(
        r#"[{"name": "tenants", "host": "*.base.test"},
            {"name": "path", "host": "app.base.test", "map_by": ["path"]}]"#,
    )
    .await;
    let carol = format!("{}; {}", house.carol_at(ACME), house.carol_on_shared(ACME));
    for (host, target, status) in [
        ("acme.base.test", "/.partywall/sign-in", 404),
        ("acme.base.test", "/%2Epartywall/", 404),
        ("acme.base.test", "//.partywall/x", 404),
        ("acme.base.test", "/.PARTYWALL%2fx", 404),
        ("app.base.test", "/acme/.partywall/x", 404),
        ("app.base.test", "/acme/%2epartywall", 404),
        ("acme.base.test", "/./.partywall/", 400),
        ("acme.base.test", "/a/..%2f.partywall/", 400),
        ("app.base.test", "/acme/../beta/x", 400),
        ("app.base.test", "/acme/%2e%2e/beta/x", 400),
        ("acme.base.test", "/a%00b", 400),
    ] {
        let told = get(host, target).with("cookie", &carol).at(house.address).await;
        assert_eq!(told.status, status, "{host}{target}");
    }
    assert_eq!(house.backend.hits(), 0);
}

#[tokio::test]
async fn head_and_empty_answers_keep_their_fields_and_the_connection() {
    let backend = Backend::answering(|request| async move {
        match request.uri().path() {
            "/none" => Response::builder().status(204).body(full("")).unwrap(),
            "/same" => Response::builder().status(304).header("etag", "\"x\"").body(full("")).unwrap(),
            _ => echo(request).await,
        }
    })
    .await;
    let house = House::with(backend, |_| {}).await;
    let carol = house.carol_at(ACME);
    let head = ask("HEAD", "acme.base.test", "/").with("cookie", &carol).at(house.address).await;
    assert!(head.status == 200 && head.body.is_empty());
    assert!(head.headers["content-length"].to_str().unwrap().parse::<u32>().unwrap() > 100);
    assert_eq!(get("acme.base.test", "/none").with("cookie", &carol).at(house.address).await.status, 204);
    let same = get("acme.base.test", "/same").with("cookie", &carol).at(house.address).await;
    assert_eq!((same.status.as_u16(), &same.headers["etag"]), (304, &"\"x\"".parse().unwrap()));
    assert_eq!(get("acme.base.test", "/").with("cookie", &carol).at(house.address).await.status, 200);
    assert_eq!(house.backend.connections(), 1, "all four went over one connection");
}

#[tokio::test]
async fn what_was_used_is_counted_for_whom_it_was_used() {
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    let told =
        ask("POST", "acme.base.test", "/").with("cookie", &carol).body("12345").at(house.address).await;
    get("nosuch.base.test", "/").at(house.address).await;
    let readings = house.gateway.meters().drain();
    assert_eq!(readings.len(), 1);
    let reading = readings[0];
    assert_eq!((reading.tenant, reading.used.requests, reading.used.errors), (ACME, 1, 0));
    assert_eq!((reading.used.bytes_in, reading.used.bytes_out), (5, told.body.len() as u64));
}

#[tokio::test]
async fn a_backend_at_the_base_domain_itself_sets_no_cookie_for_all_tenants() {
    let backend =
        Backend::adding(&[("set-cookie", "a=b; Domain=base.test"), ("set-cookie", "c=d; Path=/")]).await;
    let house = House::with(backend, |_| {}).await;
    let routes = r#"[{"name": "shared", "host": "base.test", "map_by": ["query"], "audience": "api"}]"#;
    house.gateway.set_routes(routes).unwrap();
    let told = get("base.test", "/?tenant=acme")
        .with("cookie", &house.carol_on_shared(ACME))
        .at(house.address)
        .await;
    assert_eq!(told.headers.get_all("set-cookie").iter().collect::<Vec<_>>(), ["c=d; Path=/"]);
}

#[tokio::test]
async fn an_answer_of_ours_to_head_is_a_head_alone() {
    let house = House::new().await;
    let told = ask("HEAD", "nosuch.base.test", "/").at_h2(house.address).await;
    assert!(told.status == 403 && told.body.is_empty());
    let whole = get("nosuch.base.test", "/").at_h2(house.address).await;
    assert_eq!(told.headers["content-length"], whole.body.len().to_string());
}
