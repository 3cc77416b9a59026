//! Other proxies forward, Partywall decides (ledger H08): each real proxy, with the configuration that is shipped
//! for it, before the real program.

use crate::town::{Kind, Person, Town};
use demo::client::Ask;
use domain::{Clock, Digest, digest::MacKey};
use http::Method;
use protocol::proof::Proven;
use serde_json::Value;
use std::time::Duration;

/// The whole story of one kind of proxy.
async fn beside(kind: Kind) {
    if !kind.is_here() {
        return;
    }
    let (mut town, front) = Town::build_behind(kind).await;
    let told = std::panic::AssertUnwindSafe(stories(kind, &mut town));
    if let Err(panic) = futures_util::FutureExt::catch_unwind(told).await {
        eprintln!("{kind:?} said:\n{}\nthe node said:\n{}", front.log(), town.node.output());
        std::panic::resume_unwind(panic);
    }
}

async fn stories(kind: Kind, town: &mut Town) {
    let mut alice = a_stranger_signs_in_and_comes_back(town).await;
    what_a_client_says_of_itself_means_nothing(town, &mut alice).await;
    a_foreign_session_is_refused(town, &mut alice).await;
    every_refusal_is_the_problem_that_it_is(town, &mut alice).await;
    a_change_comes_through_whole_and_only_from_the_own_page(town, &mut alice).await;
    the_reserved_prefix_never_reaches_the_application(town, &mut alice).await;
    a_slow_or_dead_partywall_lets_nobody_in(kind, town, &mut alice).await;
}

fn at(town: &Town, label: &str, path: &str) -> String {
    format!("{}{path}", town.node.origin(label))
}

async fn a_stranger_signs_in_and_comes_back(town: &Town) -> Person {
    let (alice, page) =
        town.visit("alice@contoso.test", &at(town, "contoso", "/deep/link?x=1,2&y=%2Fz")).await;
    let seen: Value =
        page.json().unwrap_or_else(|_| panic!("{:?} leads to {}: {}", page.way, page.status, page.body));
    assert_eq!(seen["path"], "/deep/link?x=1,2&y=%2Fz");
    told_as_alice(town, &seen);
    let host = format!("contoso.partywall.localhost:{}", town.node.facing);
    assert_eq!(seen["headers"]["host"], host.as_str(), "{seen}");
    alice
}

/// The backend was told once who is calling and where, with a proof of this very request, and no credential of ours.
fn told_as_alice(town: &Town, seen: &Value) {
    let header = |name: &str| seen["headers"][name].as_str().unwrap_or_default();
    assert_eq!(header("partywall-tenant"), town.contoso, "{seen}");
    assert_eq!(header("partywall-tenant-slug"), "contoso", "{seen}");
    assert!(header("partywall-user").starts_with("usr_") && header("partywall-user").len() == 30, "{seen}");
    assert!(!header("cookie").contains("pw_session"), "{seen}");
    let secret = town.deployment["proof_secret"].as_str().expect("a deployment has a secret");
    let context = Digest::of(header("partywall-context").as_bytes());
    let method = seen["method"].as_str().unwrap_or_default();
    let path = seen["path"].as_str().unwrap_or_default();
    let proven = Proven { method, path, context: &context };
    let checked =
        proven.check(&MacKey::new(secret.as_bytes()), header("partywall-proof"), Clock::System.now());
    assert!(checked.is_ok(), "{checked:?}: {seen}");
}

fn forged(town: &Town, ask: Ask) -> Ask {
    let host = format!("fabrikam.partywall.localhost:{}", town.node.facing);
    ask.with("partywall-tenant", &town.fabrikam)
        .with("partywall-tenant-slug", "fabrikam")
        .with("partywall-user", "usr_01h2xcejqtf2nbrexx3vqjhp41")
        .with("partywall-roles", "admin")
        .with("partywall-context", "e30.e30.e30")
        .with("x-forwarded-host", &host)
        .with("x-forwarded-for", "198.51.100.7")
        .with("x-forwarded-uri", "/open")
        .with("x-forwarded-method", "POST")
        .with("x-original-uri", "/open")
        .with("x-original-method", "POST")
        .with("x-original-url", "/open")
        .with("accept", "application/json")
}

async fn what_a_client_says_of_itself_means_nothing(town: &Town, alice: &mut Person) {
    alice.browser.cookies.put("contoso.partywall.localhost", "theme", "dark");
    let ask = forged(town, Ask::get(&at(town, "contoso", "/mine?a=b")));
    let page = alice.browser.send(&ask).await.expect("the front answers");
    let seen: Value = page.json().unwrap_or_else(|_| panic!("{} {}", page.status, page.body));
    told_as_alice(town, &seen);
    assert_eq!((&seen["method"], &seen["path"]), (&"GET".into(), &"/mine?a=b".into()));
    let text = seen.to_string();
    for word in [
        "fabrikam",
        town.fabrikam.as_str(),
        "198.51.100.7",
        "/open",
        "e30.e30",
        "usr_01h2xcejqtf2nbrexx3vqjhp41",
    ] {
        assert!(!text.contains(word), "`{word}` came through: {seen}");
    }
    assert_eq!(seen["headers"]["cookie"], "theme=dark", "the application's own cookies come through: {seen}");

    let hits = town.backend.hits();
    let ask = forged(town, Ask::get(&at(town, "contoso", "/mine")));
    let page = Person::stranger().browser.send(&ask).await.expect("the front answers");
    assert_eq!(page.status, 401, "a stranger who claims to be somebody is a stranger: {}", page.body);
    assert_eq!(town.backend.hits(), hits);
}

async fn a_foreign_session_is_refused(town: &Town, alice: &mut Person) {
    let hits = town.backend.hits();
    let (status, _) = alice.echo(&at(town, "fabrikam", "/deep")).await;
    assert_eq!(status, 401, "at fabrikam alice is nobody");
    let cookie = alice.browser.cookies.get("contoso.partywall.localhost", "pw_session").map(str::to_owned);
    let mut thief = Person::stranger();
    thief.browser.cookies.put("fabrikam.partywall.localhost", "pw_session", &cookie.expect("a session"));
    let (status, said) = thief.echo(&at(town, "fabrikam", "/deep")).await;
    assert_eq!((status, said["code"].as_str()), (403, Some("tenant.unknown")), "{said}");
    assert_eq!(town.backend.hits(), hits, "no refused request reached the backend");
}

async fn every_refusal_is_the_problem_that_it_is(town: &Town, alice: &mut Person) {
    let hits = town.backend.hits();
    for (label, path, status, code) in [
        ("contoso", "/x", 401, "session.needed"),
        ("nosuch", "/x", 403, "tenant.unknown"),
        ("contoso", "/x?tenant=fabrikam", 401, "session.needed"),
    ] {
        let ask = Ask::get(&at(town, label, path)).with("accept", "application/json");
        let page = Person::stranger().browser.send(&ask).await.expect("the front answers");
        let said: Value = page.json().unwrap_or_default();
        assert_eq!(
            (page.status.as_u16(), said["code"].as_str()),
            (status, Some(code)),
            "{label}{path}: {}",
            page.body
        );
        assert_eq!(page.headers["content-type"], "application/problem+json");
        assert!(!page.headers.contains_key("partywall-context"), "{:?}", page.headers);
    }
    let ask = Ask::get(&at(town, "contoso", "/x")).with("tenant-id", "fabrikam");
    let page = alice.browser.send(&ask.with("accept", "application/json")).await.expect("the front answers");
    assert_eq!(page.status, 403, "two tenants in one request: {}", page.body);
    let ask = Ask { method: Method::HEAD, ..Ask::get(&at(town, "contoso", "/x")) };
    let page = Person::stranger()
        .browser
        .send(&ask.with("accept", "application/json"))
        .await
        .expect("the front answers");
    assert_eq!((page.status.as_u16(), page.body.as_str()), (401, ""), "a head has no body");
    assert_eq!(town.backend.hits(), hits);
}

async fn a_change_comes_through_whole_and_only_from_the_own_page(town: &Town, alice: &mut Person) {
    let address = at(town, "contoso", "/change");
    let post = |body: String| Ask { method: Method::POST, body: body.into(), ..Ask::get(&address) };
    let body = "b".repeat(200_000);
    let page = alice.browser.send(&post(body.clone())).await.expect("the front answers");
    let seen: Value = page.json().unwrap_or_else(|_| panic!("{} {}", page.status, page.body));
    assert_eq!(seen["body"].as_str().map(str::len), Some(body.len()));
    told_as_alice(town, &seen);

    // Another tab of the same browser, where somebody else's page is open.
    let mut tab = alice.browser.clone();
    tab.get(&at(town, "fabrikam", "/")).await.expect("fabrikam has a sign-in page");
    let hits = town.backend.hits();
    let page = tab.clone().send(&post("x".into())).await.expect("the front answers");
    assert_eq!(page.status, 403, "{}", page.body);
    let socket = Ask::get(&at(town, "contoso", "/socket"))
        .with("connection", "upgrade")
        .with("upgrade", "websocket")
        .with("sec-websocket-version", "13")
        .with("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .with("origin", &town.node.origin("fabrikam"));
    let page = tab.send(&socket).await.expect("the front answers");
    assert_eq!(page.status, 403, "another's page opens no socket: {}", page.body);
    assert_eq!(town.backend.hits(), hits);
}

async fn the_reserved_prefix_never_reaches_the_application(town: &Town, alice: &mut Person) {
    let hits = town.backend.hits();
    let (status, who) = alice.echo(&at(town, "contoso", "/.partywall/session")).await;
    assert_eq!(status, 200, "{who}");
    for path in ["/%2Epartywall/session", "/.PartyWall/session", "//.partywall/session"] {
        let (status, said) = alice.echo(&at(town, "contoso", path)).await;
        // Some fronts write a path anew before they look at it, and then it is the reserved one.
        assert!(status < 500, "{path}: {status} {said}");
    }
    assert_eq!(town.backend.hits(), hits);
}

async fn a_slow_or_dead_partywall_lets_nobody_in(kind: Kind, town: &mut Town, alice: &mut Person) {
    let ask = Ask::get(&at(town, "contoso", "/late")).with("accept", "application/json");
    let (status, _) = alice.echo(&at(town, "contoso", "/late")).await;
    assert_eq!(status, 200);
    let hits = town.backend.hits();
    town.node.freeze();
    match tokio::time::timeout(Duration::from_secs(15), alice.browser.send(&ask)).await {
        Ok(Ok(page)) => assert!(page.status.is_server_error(), "{}: {}", page.status, page.body),
        // Traefik waits for half a minute, which is longer than a browser of ours does.
        Ok(Err(_)) | Err(_) => assert_eq!(kind, Kind::Traefik, "a front does not wait for ever"),
    }
    assert_eq!(town.backend.hits(), hits, "while Partywall sleeps, nothing comes through");
    town.node.thaw();
    town.eventually(async || {
        let page = alice.browser.send(&ask).await.ok()?;
        (page.status == 200).then_some(())
    })
    .await;
    let after = town.backend.hits();
    town.node.kill();
    let page = alice.browser.send(&ask).await.expect("the front answers");
    assert!(page.status.is_server_error(), "{}: {}", page.status, page.body);
    assert_eq!(town.backend.hits(), after);
}

#[tokio::test]
async fn nginx_forwards_what_partywall_lets_pass() {
    beside(Kind::Nginx).await;
}

#[tokio::test]
async fn haproxy_forwards_what_partywall_lets_pass() {
    beside(Kind::Haproxy).await;
}

#[tokio::test]
async fn caddy_forwards_what_partywall_lets_pass() {
    beside(Kind::Caddy).await;
}

#[tokio::test]
async fn traefik_forwards_what_partywall_lets_pass() {
    beside(Kind::Traefik).await;
}

#[tokio::test]
async fn envoy_forwards_what_partywall_lets_pass_over_grpc() {
    beside(Kind::EnvoyGrpc).await;
}

#[tokio::test]
async fn envoy_forwards_what_partywall_lets_pass_over_http() {
    beside(Kind::EnvoyHttp).await;
}
