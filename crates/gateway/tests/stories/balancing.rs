//! Several backends of one deployment: who gets what, who is left out, and what is tried again.

use crate::{
    backend::{Backend, echo, full, read_head},
    house::{ACME, BETA, House, deployment},
    wire::{Ask, Told, ask, get, within},
};
use gateway::{DeploymentSpec, UpstreamState};
use hyper::Response;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

async fn carol_asks(house: &House, ask: Ask) -> Told {
    ask.with("cookie", &house.carol_at(ACME)).at(house.address).await
}

/// A deployment with backends at these places, and rules.
fn sharing(upstreams: &[&str], balancing: &str) -> DeploymentSpec {
    let balancing: domain::Balancing = serde_json::from_str(balancing).unwrap();
    assert_eq!(balancing.faults(upstreams), Vec::<String>::new());
    DeploymentSpec { balancing, ..deployment(upstreams) }
}

/// Asks until the state of the backend at this place is this.
async fn until(house: &House, at: usize, state: impl Fn(UpstreamState) -> bool) {
    within(async {
        while !state(house.gateway.upstreams()[at].state) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// Somebody asks backends about their health while the story goes on.
fn with_checks(house: &House) {
    let gateway = house.gateway.clone();
    tokio::spawn(async move { gateway.check_upstreams().await });
}

/// A backend that answers 503 as long as the switch is on.
async fn switched(broken: &Arc<AtomicBool>) -> Backend {
    let broken = broken.clone();
    Backend::answering(move |request| {
        let broken = broken.clone();
        async move {
            let mut response = echo(request).await;
            if broken.load(SeqCst) {
                *response.status_mut() = hyper::StatusCode::SERVICE_UNAVAILABLE;
            }
            response
        }
    })
    .await
}

#[tokio::test]
async fn a_heavier_backend_gets_more_and_one_of_no_weight_nobody() {
    let backends = [Backend::echo().await, Backend::echo().await, Backend::echo().await];
    let [a, b, c] = backends.each_ref().map(Backend::origin);
    let house = House::new().await;
    let weights = format!(r#"{{"weights": {{"{b}": 3, "{c}": 0}}}}"#);
    house.gateway.set_deployments(vec![sharing(&[&a, &b, &c], &weights)]);
    for _ in 0..40 {
        carol_asks(&house, get("acme.base.test", "/")).await.echoed();
    }
    assert_eq!(backends.map(|backend| backend.hits()), [10, 30, 0]);
}

#[tokio::test]
async fn a_backend_that_says_it_is_not_well_gets_nothing_and_comes_back() {
    let broken = Arc::new(AtomicBool::new(false));
    let (moody, steady) = (switched(&broken).await, Backend::echo().await);
    let house = House::new().await;
    let rules = r#"{"check": {"path": "/well", "interval_ms": 100, "down_after": 1}, "retry": {"tries": 0}}"#;
    house.gateway.set_deployments(vec![sharing(&[&moody.origin(), &steady.origin()], rules)]);
    with_checks(&house);
    until(&house, 0, |state| state == UpstreamState::Up).await;
    broken.store(true, SeqCst);
    until(&house, 0, |state| state == UpstreamState::Down).await;
    for _ in 0..20 {
        assert_eq!(carol_asks(&house, get("acme.base.test", "/")).await.status, 200);
    }
    broken.store(false, SeqCst);
    until(&house, 0, |state| state == UpstreamState::Up).await;
    let before = house.gateway.upstreams()[0].answered;
    for _ in 0..4 {
        carol_asks(&house, get("acme.base.test", "/")).await.echoed();
    }
    assert_eq!(house.gateway.upstreams()[0].answered - before, 2);
}

#[tokio::test]
async fn when_none_is_well_the_answer_says_so_and_when_to_come_back() {
    let broken = Arc::new(AtomicBool::new(true));
    let backend = switched(&broken).await;
    let house = House::new().await;
    house.gateway.set_deployments(vec![sharing(&[&backend.origin()], r#"{"check": {}}"#)]);
    with_checks(&house);
    until(&house, 0, |state| state == UpstreamState::Down).await;
    let told = carol_asks(&house, get("acme.base.test", "/")).await;
    assert_eq!((told.status.as_u16(), told.code().as_str()), (503, "upstream.down"));
    assert_eq!(told.headers["retry-after"], "5");
}

#[tokio::test]
async fn checks_end_with_the_deployment_and_carry_no_context() {
    let [before, after] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
    let asked = [before.clone(), after.clone()];
    let backend = Backend::answering(move |request| {
        asked[usize::from(request.uri().path() == "/after")].fetch_add(1, SeqCst);
        assert!(!request.headers().keys().any(|name| name.as_str().starts_with("partywall")));
        async { Response::new(full("well")) }
    })
    .await;
    let house = House::new().await;
    let checked_at = |path: &str| {
        let rules = format!(r#"{{"check": {{"interval_ms": 100, "path": "{path}"}}}}"#);
        house.gateway.set_deployments(vec![sharing(&[&backend.origin()], &rules)]);
    };
    checked_at("/before");
    with_checks(&house);
    until(&house, 0, |state| state == UpstreamState::Up).await;
    house.gateway.set_deployments(vec![]);
    let asked_until_then = before.load(SeqCst);
    checked_at("/after");
    // By the time of several new checks, none of the old ones came, save for one that was under way.
    until(&house, 0, |_| after.load(SeqCst) > 3).await;
    assert!(before.load(SeqCst) <= asked_until_then + 1);
}

#[tokio::test]
async fn a_request_that_may_be_sent_twice_is_tried_elsewhere_and_another_is_not() {
    let broken = Arc::new(AtomicBool::new(true));
    let (moody, steady) = (switched(&broken).await, Backend::echo().await);
    let house = House::new().await;
    house.gateway.set_deployments(vec![deployment(&[&moody.origin(), &steady.origin()])]);
    for _ in 0..4 {
        assert_eq!(carol_asks(&house, get("acme.base.test", "/")).await.status, 200);
        let put = ask("PUT", "acme.base.test", "/").body("a small body");
        assert_eq!(carol_asks(&house, put).await.echoed()["body"], "a small body");
    }
    let mut posted = Vec::new();
    for _ in 0..4 {
        let post = ask("POST", "acme.base.test", "/").body("once");
        posted.push(carol_asks(&house, post).await.status.as_u16());
    }
    posted.sort_unstable();
    assert_eq!(posted, [200, 200, 503, 503], "what may not be sent twice is told what the backend said");
    let mut large = Vec::new();
    for _ in 0..2 {
        let put = ask("PUT", "acme.base.test", "/").body("x".repeat(70_000));
        large.push(carol_asks(&house, put).await.status.as_u16());
    }
    assert!(large.contains(&503), "what is too large to be kept is sent once: {large:?}");
    assert_eq!(house.gateway.retried()[0].1, 4);
}

#[tokio::test]
async fn a_budget_bounds_how_much_is_tried_again() {
    let broken = Arc::new(AtomicBool::new(true));
    let (one, two) = (switched(&broken).await, switched(&broken).await);
    let house = House::new().await;
    let rules = r#"{"retry": {"budget_percent": 10}}"#;
    house.gateway.set_deployments(vec![sharing(&[&one.origin(), &two.origin()], rules)]);
    for _ in 0..100 {
        assert_eq!(carol_asks(&house, get("acme.base.test", "/")).await.status, 503);
    }
    let asked = one.hits() + two.hits();
    assert!((125..=131).contains(&asked), "20 that were saved up, 10 of 100: {asked}");
}

#[tokio::test]
async fn a_backend_that_hangs_is_left_and_then_left_out() {
    let hanging = Backend::raw(|mut stream| async move {
        read_head(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let steady = Backend::echo().await;
    let house = House::new().await;
    let rules = r#"{"retry": {"try_ms": 50}, "eject": {"failures": 2}}"#;
    house.gateway.set_deployments(vec![sharing(&[&hanging.origin(), &steady.origin()], rules)]);
    for _ in 0..10 {
        assert_eq!(carol_asks(&house, get("acme.base.test", "/")).await.status, 200);
    }
    assert!(matches!(house.gateway.upstreams()[0].state, UpstreamState::Ejected(_)));
    assert_eq!(house.gateway.upstreams()[0].failed, 2, "nobody was sent there after that");
}

#[tokio::test]
async fn one_that_is_found_to_be_down_is_not_waited_for() {
    let hanging = Backend::raw(|mut stream| async move {
        read_head(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let steady = Backend::echo().await;
    let house = House::new().await;
    let rules = r#"{"check": {"interval_ms": 100, "timeout_ms": 50}}"#;
    house.gateway.set_deployments(vec![sharing(&[&hanging.origin(), &steady.origin()], rules)]);
    // Both wait to be asked, so that one of these goes to each.
    let asked: Vec<_> = (0..2)
        .map(|_| {
            let cookie = house.carol_at(ACME);
            tokio::spawn(get("acme.base.test", "/").with("cookie", &cookie).at(house.address))
        })
        .collect();
    within(async {
        while house.gateway.upstreams()[0].outstanding == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    with_checks(&house);
    for one in asked {
        assert_eq!(within(one).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn one_that_answers_worse_than_the_others_is_left_out_and_never_all() {
    let broken = Arc::new(AtomicBool::new(true));
    let backends = [switched(&broken).await, Backend::echo().await, Backend::echo().await];
    let [a, b, c] = backends.each_ref().map(Backend::origin);
    let house = House::new().await;
    let rules = r#"{"eject": {"errors_percent": 50, "least": 5, "window_ms": 1000}, "retry": {"tries": 0}}"#;
    house.gateway.set_deployments(vec![sharing(&[&a, &b, &c], rules)]);
    house.gateway.upkeep();
    for _ in 0..30 {
        carol_asks(&house, get("acme.base.test", "/")).await;
    }
    until(&house, 0, |state| {
        house.gateway.upkeep();
        matches!(state, UpstreamState::Ejected(_))
    })
    .await;
    for _ in 0..10 {
        assert_eq!(carol_asks(&house, get("acme.base.test", "/")).await.status, 200);
    }
}

#[tokio::test]
async fn a_browser_stays_where_it_was_by_a_cookie_that_does_not_say_where() {
    let backends = [Backend::echo().await, Backend::echo().await, Backend::echo().await];
    let origins = backends.each_ref().map(Backend::origin);
    let [a, b, c] = origins.each_ref().map(String::as_str);
    let house = House::new().await;
    house.gateway.set_deployments(vec![sharing(&[a, b, c], r#"{"affinity": "cookie"}"#)]);
    let carol = house.carol_at(ACME);
    let first = get("acme.base.test", "/").with("cookie", &carol).at(house.address).await;
    let set = first.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(set.starts_with("pw_backend_dep_") && set.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{set}");
    assert!(!set.contains("127.0.0.1"));
    let bound = format!("{carol}; {}", set.split(';').next().unwrap());
    for _ in 0..6 {
        let told = get("acme.base.test", "/").with("cookie", &bound).at(house.address).await;
        assert!(!told.headers.contains_key("set-cookie"), "it knows already");
        assert!(!told.text().contains("pw_backend"), "the backend is not told");
    }
    let mut hits = backends.each_ref().map(Backend::hits);
    hits.sort_unstable();
    assert_eq!(hits, [0, 0, 7]);
    // The one that it was at is gone: it goes elsewhere, and stays there.
    let gone = backends.iter().position(|backend| backend.hits() == 7).unwrap();
    let left: Vec<_> = [a, b, c].into_iter().filter(|origin| *origin != origins[gone]).collect();
    house.gateway.set_deployments(vec![sharing(&left, r#"{"affinity": "cookie"}"#)]);
    let told = get("acme.base.test", "/").with("cookie", &bound).at(house.address).await;
    assert!(told.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn tenants_stay_where_they_are_when_another_backend_leaves() {
    let backends = [Backend::echo().await, Backend::echo().await, Backend::echo().await];
    let origins = backends.each_ref().map(Backend::origin);
    let house = House::new().await;
    let all: Vec<_> = origins.iter().map(String::as_str).collect();
    house.gateway.set_deployments(vec![sharing(&all, r#"{"affinity": "tenant"}"#)]);
    let beta = house.carol_at(BETA);
    for _ in 0..5 {
        carol_asks(&house, get("acme.base.test", "/")).await.echoed();
        get("beta.base.test", "/").with("cookie", &beta).at(house.address).await.echoed();
    }
    assert!(backends.iter().all(|backend| backend.hits() % 5 == 0));
    let idle = backends.iter().position(|backend| backend.hits() == 0).unwrap();
    let before = backends.each_ref().map(Backend::hits);
    let left: Vec<_> = all.iter().copied().filter(|origin| *origin != origins[idle]).collect();
    house.gateway.set_deployments(vec![sharing(&left, r#"{"affinity": "tenant"}"#)]);
    for _ in 0..5 {
        carol_asks(&house, get("acme.base.test", "/")).await.echoed();
        get("beta.base.test", "/").with("cookie", &beta).at(house.address).await.echoed();
    }
    let after = backends.each_ref().map(Backend::hits);
    assert_eq!(after, before.map(|hits| 2 * hits));
}

#[tokio::test]
async fn a_backend_that_answers_strangers_is_reported() {
    let careful = Backend::answering(|request| async move {
        let mut response = echo(request).await;
        *response.status_mut() = hyper::StatusCode::FORBIDDEN;
        response
    })
    .await;
    let (open, unasked) = (Backend::echo().await, Backend::echo().await);
    let house = House::new().await;
    let several = sharing(&[&careful.origin(), &open.origin()], "{}");
    let mut silent = sharing(&[&unasked.origin()], r#"{"stranger_path": ""}"#);
    silent.id = domain::DeploymentId::from_bits(several.id.bits() + 1);
    house.gateway.set_deployments(vec![several, silent]);
    house.gateway.look_for_exposure(None).await;
    let exposed: Vec<_> = house.gateway.upstreams().iter().map(|one| one.exposed).collect();
    assert_eq!(exposed, [Some(false), Some(true), None]);
    assert_eq!(unasked.hits(), 0);
}
