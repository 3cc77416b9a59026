//! Answers that are kept (ledger H01): given to whom they were made for, never across tenants, and never for longer than
//! their backend said.

use crate::{
    backend::Backend,
    house::{ACME, BETA, House},
    wire::{Told, ask, get},
};
use access::Subscriptions;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Response;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

/// Says how often it was asked, by whom and for what; and about being kept what the address tells it to.
async fn counting() -> Backend {
    let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    Backend::answering(move |request| {
        let number = 1 + count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async move {
            let said = |name: &str| {
                request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("-").to_owned()
            };
            let text = format!(
                "{number} {} {} {}",
                said("partywall-tenant-slug"),
                said("partywall-user"),
                said("accept-language")
            );
            let query = request.uri().query().unwrap_or_default();
            let mut response = Response::new(Full::new(Bytes::from(text)).boxed());
            for pair in query.split('&').filter(|pair| !pair.is_empty()) {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                let value = value.replace("%20", " ");
                response
                    .headers_mut()
                    .append(name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap());
            }
            response
        }
    })
    .await
}

async fn shop(policies: &str) -> House {
    let house = House::with(counting().await, |_| {}).await;
    let routes =
        format!(r#"[{{"name": "hosts", "host": "*.base.test", "audience": "api", "policies": {policies}}}]"#);
    house.gateway.set_routes(&routes).unwrap();
    house
}

fn number(told: &Told) -> u32 {
    assert_eq!(told.status, 200, "{}", told.text());
    told.text().split(' ').next().unwrap().parse().unwrap()
}

async fn carol(house: &House, slug: &str, cookie: &str, target: &str) -> Told {
    get(&format!("{slug}.base.test"), target).with("cookie", cookie).at(house.address).await
}

#[tokio::test]
async fn an_answer_is_given_again_with_its_age_and_where_it_came_from() {
    let house = shop(r#"{"cache": {}, "limits": [{"name": "day", "window": 86400, "limit": 100}]}"#).await;
    let cookie = house.carol_at(ACME);
    let target = "/x?cache-control=max-age=60&etag=v1";
    let first = carol(&house, "acme", &cookie, target).await;
    assert_eq!(
        (number(&first), first.headers["cache-status"].to_str().unwrap()),
        (1, "partywall; fwd=uri-miss")
    );
    let again = carol(&house, "acme", &cookie, target).await;
    assert_eq!(number(&again), 1);
    assert!(
        again.headers["cache-status"].to_str().unwrap().starts_with("partywall; hit; ttl="),
        "{:?}",
        again.headers
    );
    assert_eq!(again.headers["age"], "0");
    assert!(again.headers["ratelimit"].to_str().unwrap().contains("r=98"), "it counts: {:?}", again.headers);
    let head = ask("HEAD", "acme.base.test", target).with("cookie", &cookie).at(house.address).await;
    assert!(head.status == 200 && head.body.is_empty() && head.headers["age"] == "0");
    let known = get("acme.base.test", target).with("cookie", &cookie).with("if-none-match", "W/v1");
    assert_eq!(known.at(house.address).await.status, 304);
    assert_eq!(house.backend.hits(), 1);
    let anew = get("acme.base.test", target).with("cookie", &cookie).with("cache-control", "no-cache");
    let anew = anew.at(house.address).await;
    assert_eq!(
        (number(&anew), anew.headers["cache-status"].to_str().unwrap()),
        (2, "partywall; fwd=request")
    );
    assert_eq!(number(&carol(&house, "acme", &cookie, target).await), 2, "the newer one is kept");
    house.gateway.forget_answers();
    assert_eq!(number(&carol(&house, "acme", &cookie, target).await), 3);
}

#[tokio::test]
async fn no_kept_answer_crosses_from_one_tenant_or_caller_to_another() {
    let house = shop(r#"{"cache": {"share": "caller"}}"#).await;
    let (acme, beta) = (house.carol_at(ACME), house.carol_at(BETA));
    let target = "/x?cache-control=public,max-age=60";
    assert!(carol(&house, "acme", &acme, target).await.text().starts_with("1 acme"));
    assert!(
        carol(&house, "beta", &beta, target).await.text().starts_with("2 beta"),
        "the same person, another tenant"
    );
    assert!(carol(&house, "acme", &acme, target).await.text().starts_with("1 acme"));
    // Who is not let in gets nothing that is kept either.
    let stranger = get("acme.base.test", target).at(house.address).await;
    assert_eq!(stranger.status, 401);
    let foreign = carol(&house, "acme", &beta, target).await;
    assert_eq!(foreign.status, 403);
    // A session that ended, and anything that changes at the tenant, makes what is kept worthless.
    house.change(ACME, |record| record.subscriptions = Subscriptions::default()).await;
    assert!(carol(&house, "acme", &acme, target).await.text().starts_with("3 acme"));
    assert!(carol(&house, "beta", &beta, target).await.text().starts_with("2 beta"), "Beta notices nothing");
}

#[tokio::test]
async fn shared_in_the_tenant_is_shared_there_and_nowhere_else() {
    let house = House::with(counting().await, |_| {}).await;
    house
        .gateway
        .set_routes(
            r#"[{"name": "keys", "host": "api.base.test", "map_by": ["key"], "audience": "api", "credentials": ["api_key"],
                 "policies": {"cache": {"share": "tenant"}}}]"#,
        )
        .unwrap();
    let one = house.key_of(ACME, |_| {});
    let two = house.key_of(ACME, |grant| grant.subscriber = domain::SubscriberId::from_bits(77));
    let beta = house.key_of(BETA, |_| {});
    let call = async |key: &str, target: &str| {
        get("api.base.test", target).with("authorization", &format!("Bearer {key}")).at(house.address).await
    };
    let target = "/x?cache-control=max-age=60";
    assert_eq!(number(&call(&one, target).await), 1);
    assert_eq!(number(&call(&two, target).await), 1, "another subscriber of the tenant");
    assert!(call(&beta, target).await.text().starts_with("2 beta"), "the address alone is no key");
    let private = "/y?cache-control=private,max-age=60";
    assert_eq!((number(&call(&one, private).await), number(&call(&one, private).await)), (3, 4));
}

#[tokio::test]
async fn what_differs_by_a_header_or_must_not_be_kept_is_asked_for_anew() {
    let house = shop(r#"{"cache": {}}"#).await;
    let cookie = house.carol_at(ACME);
    let in_language = async |language: &str| {
        let target = "/x?cache-control=max-age=60&vary=accept-language";
        let ask = get("acme.base.test", target).with("cookie", &cookie).with("accept-language", language);
        number(&ask.at(house.address).await)
    };
    assert_eq!((in_language("de").await, in_language("en").await), (1, 2));
    assert_eq!((in_language("de").await, in_language("en").await), (1, 2));
    for refusing in [
        "",
        "cache-control=no-store,max-age=60",
        "cache-control=max-age=0",
        "cache-control=max-age=60&vary=*",
        "cache-control=max-age=60&set-cookie=a=b",
    ] {
        let target = format!("/z?{refusing}");
        let first = number(&carol(&house, "acme", &cookie, &target).await);
        assert_ne!(number(&carol(&house, "acme", &cookie, &target).await), first, "{refusing}");
    }
    // Nor is a request that changes something ever answered from it, or what an application's own cookie differs by.
    let target = "/x?cache-control=max-age=60";
    let first = number(&carol(&house, "acme", &cookie, target).await);
    let own = carol(&house, "acme", &format!("{cookie}; theme=dark"), target).await;
    assert_ne!(number(&own), first);
    let post = ask("POST", "acme.base.test", target).with("cookie", &cookie).at(house.address).await;
    assert_ne!(number(&post), first);
    assert_eq!(number(&carol(&house, "acme", &cookie, target).await), first);
    let ranged = get("acme.base.test", target)
        .with("cookie", &cookie)
        .with("range", "bytes=0-1")
        .at(house.address)
        .await;
    assert_ne!(number(&ranged), first);
}

/// Calls what it has `"v<number>"` and says so for as long as that number stands; says how often it was asked.
async fn versioned(control: &'static str, version: Arc<AtomicUsize>) -> Backend {
    let asked = Arc::new(AtomicUsize::new(0));
    Backend::answering(move |request| {
        let (number, version) = (1 + asked.fetch_add(1, SeqCst), version.load(SeqCst));
        let tag = format!("\"v{version}\"");
        let is_known = request.headers().get("if-none-match").is_some_and(|known| *known == tag);
        let asks = request.headers().get("if-none-match").map(|known| known.to_str().unwrap().to_owned());
        async move {
            let text = if is_known { String::new() } else { format!("{version}") };
            let mut response = Response::new(Full::new(Bytes::from(text)).boxed());
            *response.status_mut() = if is_known { 304 } else { 200 }.try_into().unwrap();
            let fields = [
                ("etag", tag),
                ("cache-control", control.to_owned()),
                ("x-asked", number.to_string()),
                ("x-condition", asks.unwrap_or_default()),
            ];
            for (name, value) in fields {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            response
        }
    })
    .await
}

async fn library(control: &'static str) -> (House, Arc<AtomicUsize>) {
    let version = Arc::new(AtomicUsize::new(1));
    let house = House::with(versioned(control, version.clone()).await, |_| {}).await;
    let routes =
        r#"[{"name": "hosts", "host": "*.base.test", "audience": "api", "policies": {"cache": {}}}]"#;
    house.gateway.set_routes(routes).unwrap();
    (house, version)
}

fn field<'t>(told: &'t Told, name: &str) -> &'t str {
    told.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn what_is_stale_is_asked_about_and_given_again_if_it_still_holds() {
    for control in
        ["max-age=0", "no-cache", "no-cache, stale-while-revalidate=60", "max-age=0, must-revalidate"]
    {
        let (house, version) = library(control).await;
        let (acme, beta) = (house.carol_at(ACME), house.carol_at(BETA));
        assert_eq!(carol(&house, "acme", &acme, "/x").await.text(), "1");
        for asked in ["2", "3"] {
            let told = carol(&house, "acme", &acme, "/x").await;
            assert_eq!((told.status.as_u16(), told.text().as_str()), (200, "1"), "{control}");
            assert_eq!(field(&told, "cache-status"), "partywall; fwd=stale; fwd-status=304");
            assert_eq!(
                (field(&told, "x-asked"), field(&told, "x-condition")),
                (asked, "\"v1\""),
                "its header is new"
            );
        }
        let other = carol(&house, "beta", &beta, "/x").await;
        assert_eq!(field(&other, "x-condition"), "", "of another tenant's answer nothing is said");
        let own = get("acme.base.test", "/x").with("cookie", &acme).with("if-none-match", "\"v1\"");
        assert_eq!(own.at(house.address).await.status, 304, "who asks about their own is told about that");
        version.store(2, SeqCst);
        let told = carol(&house, "acme", &acme, "/x").await;
        assert_eq!((told.text().as_str(), field(&told, "cache-status")), ("2", "partywall; fwd=stale"));
        assert_eq!(field(&carol(&house, "acme", &acme, "/x").await, "x-condition"), "\"v2\"");
        house.gateway.forget_answers();
        let told = carol(&house, "acme", &acme, "/x").await;
        assert_eq!(field(&told, "x-condition"), "", "what was forgotten is not asked about");
    }
}

#[tokio::test]
async fn what_is_stale_is_given_at_once_where_its_backend_allows_it_and_one_asks_for_all() {
    let (house, version) = library("max-age=0, stale-while-revalidate=60").await;
    let acme = house.carol_at(ACME);
    assert_eq!(carol(&house, "acme", &acme, "/x").await.text(), "1");
    version.store(2, SeqCst);
    assert_eq!(carol(&house, "acme", &acme, "/x").await.text(), "1", "nobody waits for the backend");
    let hits = house.backend.hits();
    let four = tokio::join!(
        carol(&house, "acme", &acme, "/x"),
        carol(&house, "acme", &acme, "/x"),
        carol(&house, "acme", &acme, "/x"),
        carol(&house, "acme", &acme, "/x")
    );
    for told in [four.0, four.1, four.2, four.3] {
        assert!(["1", "2"].contains(&told.text().as_str()) && field(&told, "cache-status").contains("hit"));
    }
    assert!(house.backend.hits() <= hits + 4);
    let mut tries = 0;
    while carol(&house, "acme", &acme, "/x").await.text() != "2" {
        tries += 1;
        assert!(tries < 200, "the newer one comes");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let stale = carol(&house, "acme", &acme, "/x").await;
    assert!(field(&stale, "cache-status").starts_with("partywall; hit; ttl="), "{:?}", stale.headers);
}

#[tokio::test]
async fn mistakes_are_named_and_nothing_is_kept_unless_a_route_says_so() {
    let house = shop("{}").await;
    let cookie = house.carol_at(ACME);
    let target = "/x?cache-control=max-age=60";
    let first = number(&carol(&house, "acme", &cookie, target).await);
    assert_ne!(number(&carol(&house, "acme", &cookie, target).await), first);
    for (cache, rules, told) in [
        (r#"{"most_seconds": 0}"#, "[]", "most_seconds"),
        (r#"{"most_body": 100000000}"#, "[]", "most_body"),
        (r#"{"share": "tenant"}"#, r#"[{"set": "X-User", "fact": "user_id"}]"#, "let share be `caller`"),
    ] {
        let routes = format!(
            r#"[{{"name": "a", "host": "*", "policies": {{"cache": {cache}, "request_headers": {rules}}}}}]"#
        );
        let faults = house.gateway.set_routes(&routes).unwrap_err();
        assert!(faults[0].to_string().contains(told), "{faults:?}");
    }
}
