//! Deciding for other proxies (ledger H08): what each kind of front says is read in one way, and what is decided
//! is what would have been forwarded here.

use crate::house::{ACME, BETA, CAROL, House, PROOF_SECRET};
use domain::{Clock, Digest, digest::MacKey};
use gateway::Fronts;
use http::{HeaderMap, HeaderName, Request, Response};
use http_body_util::{BodyExt, Empty};
use protocol::proof::Proven;
use std::net::IpAddr;

const FROM: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

pub(crate) fn fronts() -> Fronts {
    Fronts::new(vec!["10.0.0.0/8".parse().unwrap()], HeaderName::from_static("x-forwarded-host"))
}

async fn ask(house: &House, path: &str, fields: &[(&str, &str)]) -> (u16, HeaderMap, String) {
    let mut request = Request::builder().uri(path);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let request = request.body(Empty::<bytes::Bytes>::new()).unwrap();
    let response: Response<gateway::Body> = house.gateway.answer_front(request, FROM, &fronts()).await;
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status.as_u16(), head.headers, String::from_utf8(body.to_vec()).unwrap())
}

/// What a front of each kind says about `method target` at `host`, and where it asks.
pub(crate) fn said<'t>(
    kind: &str,
    method: &'t str,
    target: &'t str,
    host: &'t str,
) -> (String, Vec<(&'t str, &'t str)>) {
    let common = [("x-forwarded-for", "192.0.2.1"), ("x-forwarded-proto", "http")];
    let own = match kind {
        "nginx" => vec![
            ("host", host),
            ("x-forwarded-host", host),
            ("x-original-method", method),
            ("x-original-uri", target),
        ],
        "haproxy" => vec![
            ("host", "decide.internal"),
            ("x-forwarded-host", host),
            ("x-original-method", method),
            ("x-original-uri", target),
        ],
        "caddy" => vec![
            ("host", host),
            ("x-forwarded-host", host),
            ("x-forwarded-method", method),
            ("x-forwarded-uri", target),
        ],
        "traefik" => vec![
            ("host", "decide.internal"),
            ("x-forwarded-host", host),
            ("x-forwarded-method", method),
            ("x-forwarded-uri", target),
        ],
        _ => vec![("host", host)],
    };
    let path = if kind == "envoy" { format!("/envoy{target}") } else { format!("/{kind}") };
    (path, common.into_iter().chain(own).collect())
}

const KINDS: [&str; 5] = ["nginx", "haproxy", "caddy", "traefik", "envoy"];

#[tokio::test]
async fn every_front_is_told_who_is_calling_and_where() {
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    let cookie = format!("theme=dark; {carol}");
    for kind in KINDS {
        let (path, mut fields) = said(kind, "GET", "/x,y?z=%20", "acme.base.test");
        fields.push(("cookie", &cookie));
        fields.push(("partywall-tenant", "tnt_forged"));
        let (status, told, body) = ask(&house, &path, &fields).await;
        assert_eq!((status, body.as_str()), (200, ""), "{kind}");
        assert_eq!(told["partywall-tenant"], ACME.to_string(), "{kind}");
        assert_eq!(told["partywall-user"], CAROL.to_string(), "{kind}");
        assert_eq!(told["cookie"], "theme=dark", "{kind}: our own cookies stay here");
        let context = Digest::of(told["partywall-context"].as_bytes());
        let proven = Proven { method: "GET", path: "/x,y?z=%20", context: &context };
        let proof = told["partywall-proof"].to_str().unwrap();
        assert!(proven.check(&MacKey::new(PROOF_SECRET), proof, Clock::System.now()).is_ok(), "{kind}");
    }
    assert_eq!(house.backend.hits(), 0, "who decides does not forward");
}

#[tokio::test]
async fn what_one_kind_of_front_says_means_nothing_from_another() {
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    for (kind, others) in [("nginx", "caddy"), ("caddy", "nginx"), ("traefik", "haproxy"), ("envoy", "nginx")]
    {
        let (path, mut fields) = said(kind, "GET", "/mine", "acme.base.test");
        // A client sends what the other kind would read.
        let (_, forged) = said(others, "POST", "/theirs", "beta.base.test");
        let new = |name: &str| fields.iter().all(|(known, _)| *known != name);
        let forged: Vec<_> = forged.into_iter().filter(|(name, _)| new(name)).collect();
        fields.extend(forged);
        fields.push(("cookie", &carol));
        let (status, told, _) = ask(&house, &path, &fields).await;
        assert_eq!(status, 200, "{kind}");
        let context = Digest::of(told["partywall-context"].as_bytes());
        let proven = Proven { method: "GET", path: "/mine", context: &context };
        let proof = told["partywall-proof"].to_str().unwrap();
        assert!(proven.check(&MacKey::new(PROOF_SECRET), proof, Clock::System.now()).is_ok(), "{kind}");
    }
}

#[tokio::test]
async fn what_a_front_says_twice_or_not_at_all_is_refused() {
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    for kind in ["haproxy", "caddy", "traefik"] {
        let (path, whole) = said(kind, "GET", "/x", "acme.base.test");
        for (at, (name, value)) in whole.iter().enumerate() {
            if matches!(*name, "x-forwarded-for" | "host") {
                continue;
            }
            let mut without = whole.clone();
            without.remove(at);
            let mut twice = whole.clone();
            twice.push((name, value));
            for mut fields in [without, twice] {
                fields.push(("cookie", &carol));
                let (status, told, body) = ask(&house, &path, &fields).await;
                assert_eq!(status, 400, "{kind} {name}: {body}");
                assert!(body.contains("request.forwarded"), "{kind} {name}: {body}");
                assert!(!told.contains_key("partywall-context"));
            }
        }
    }
    let (path, mut fields) = said("caddy", "GET", "/x", "acme.base.test");
    fields.retain(|(name, _)| *name != "host");
    fields.push(("host", "beta.base.test"));
    assert_eq!(ask(&house, &path, &fields).await.0, 400, "two hosts that disagree");
    assert_eq!(ask(&house, "/unheard-of", &fields).await.0, 404);
}

#[tokio::test]
async fn a_no_is_the_answer_that_a_client_of_ours_would_get() {
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    for kind in ["haproxy", "caddy", "traefik", "envoy"] {
        let (path, mut fields) = said(kind, "GET", "/x?y", "acme.base.test");
        fields.push(("accept", "text/html"));
        let (status, told, _) = ask(&house, &path, &fields).await;
        let whole = "http://acme.base.test/.partywall/sign-in?return=/x%3Fy";
        let path = whole.strip_prefix("http://acme.base.test").unwrap();
        // Traefik would take a path for one on the host of the listener that it asked.
        let location = if kind == "traefik" { whole } else { path };
        assert_eq!((status, told["location"].to_str().unwrap()), (303, location), "{kind}");
        let (path, mut fields) = said(kind, "GET", "/x", "beta.base.test");
        fields.push(("cookie", &carol));
        let (status, _, body) = ask(&house, &path, &fields).await;
        assert!(status == 403 && body.contains("tenant.unknown"), "{kind}: {status} {body}");
        let (path, fields) = said(kind, "GET", "/.partywall/session", "acme.base.test");
        assert_eq!(ask(&house, &path, &fields).await.0, 404, "{kind}: ours is not the application's");
    }
    assert_eq!(house.refused().len(), 4, "a crossing is recorded, whoever would have forwarded it");
    assert_eq!(house.refused()[0].at, BETA);
}

#[tokio::test]
async fn nginx_hears_no_and_asks_for_the_words_separately() {
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    let (_, mut fields) = said("nginx", "HEAD", "/x", "beta.base.test");
    fields.push(("cookie", &carol));
    let (status, told, body) = ask(&house, "/nginx", &fields).await;
    assert_eq!((status, body.as_str(), told.contains_key("location")), (401, "", false));
    let (status, _, body) = ask(&house, "/nginx/refusal", &fields).await;
    assert!(status == 403 && body.contains("tenant.unknown"), "{status} {body}");
    let (_, mut fields) = said("nginx", "GET", "/x", "acme.base.test");
    fields.push(("cookie", &carol));
    let (status, told, body) = ask(&house, "/nginx/refusal", &fields).await;
    assert!(status == 503 && body.contains("decide.changed"), "{status} {body}");
    assert!(!told.contains_key("partywall-context"), "the context never goes to a client");
}

#[tokio::test]
async fn a_sibling_s_page_opens_no_socket_behind_another_proxy_either() {
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    for (origin, status) in [("http://acme.base.test", 200), ("http://beta.base.test", 403)] {
        let (path, mut fields) = said("traefik", "GET", "/socket", "acme.base.test");
        fields.extend([("cookie", carol.as_str()), ("origin", origin), ("sec-websocket-version", "13")]);
        assert_eq!(ask(&house, &path, &fields).await.0, status, "{origin}");
    }
}

#[tokio::test]
async fn a_route_that_changes_what_is_forwarded_is_not_decided_on() {
    let routes = r#"[
        {"name": "tenants", "host": "*.base.test"},
        {"name": "path", "host": "app.base.test", "map_by": ["path"]},
        {"name": "kept", "host": "kept.base.test", "map_by": ["path"], "strip_prefix": false,
         "write_tenant": {"into": "header", "name": "X-Tenant"}}
    ]"#;
    let house = House::routed(routes).await;
    let carol = house.carol_on_shared(ACME);
    let (path, mut fields) = said("traefik", "GET", "/acme/x", "app.base.test");
    fields.push(("cookie", &carol));
    let (status, told, body) = ask(&house, &path, &fields).await;
    assert!(status == 503 && body.contains("decide.rewrites"), "{status} {body}");
    assert!(!told.contains_key("partywall-context"));
    let (path, mut fields) = said("traefik", "GET", "/acme/x", "kept.base.test");
    fields.extend([("cookie", carol.as_str()), ("x-tenant", "forged")]);
    let (status, told, _) = ask(&house, &path, &fields).await;
    assert_eq!((status, &told["x-tenant"]), (200, &ACME.to_string().parse().unwrap()));
}
