//! A tenant owns a name and points it where it likes, differently from one moment to the next.

use crate::provider::*;
use domain::{Clock, Fault};
use outbound::{Call, Outbound, OutboundError, Policy, Resolve, Resolving, Unreachable};
use std::{
    io,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

#[tokio::test]
async fn a_name_with_one_public_and_one_private_address_is_refused_whichever_comes_first() {
    for addresses in [["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"], ["2606:4700::1111", "::1"]] {
        let client = client(production(), &addresses);
        assert_eq!(
            outcome(&client, "https://idp.example/").await,
            "outbound.forbidden-address",
            "{addresses:?}"
        );
    }
}

/// Tells a good address the first time and a bad one ever after.
struct Rebinding {
    asked: AtomicUsize,
}

impl Resolve for Rebinding {
    fn resolve<'a>(&'a self, _name: &'a str) -> Resolving<'a> {
        let first = self.asked.fetch_add(1, SeqCst) == 0;
        let address = if first { Ipv4Addr::new(127, 0, 0, 1) } else { Ipv4Addr::new(127, 0, 0, 2) };
        Box::pin(async move { Ok(vec![address.into()]) })
    }
}

#[tokio::test]
async fn a_name_that_changes_after_the_check_changes_nothing_because_it_is_asked_once() {
    let good = Provider::answering("good").await;
    let policy = Policy { refuse: vec!["127.0.0.2/32".parse().unwrap()], ..development() };
    let rebinding = Arc::new(Rebinding { asked: AtomicUsize::new(0) });
    let client = Outbound::with_resolver(policy, Clock::System, rebinding.clone()).unwrap();

    assert_eq!(get(&client, &good.at("http", "idp.example")).await.unwrap().body, "good");
    assert_eq!(rebinding.asked.load(SeqCst), 1, "checked and connected with one and the same answer");
    assert_eq!(outcome(&client, &good.at("http", "idp.example")).await, "outbound.forbidden-address");
    assert_eq!(good.visits(), 1);
}

#[tokio::test]
async fn names_of_this_machine_are_never_looked_up() {
    let directory = Directory::telling(&["8.8.8.8"]);
    let client = Outbound::with_resolver(production(), Clock::System, directory.clone()).unwrap();
    for url in [
        "https://localhost/",
        "https://LOCALHOST/",
        "https://a.localhost/",
        "https://127.0.0.1/",
        "https://[::1]/",
    ] {
        assert_eq!(outcome(&client, url).await, "outbound.forbidden-address", "{url}");
    }
    assert_eq!(directory.asked.load(SeqCst), 0);
}

#[tokio::test]
async fn a_name_that_merely_looks_like_this_machine_is_an_ordinary_one() {
    let client = client(production(), &[]);
    for url in ["https://notlocalhost/", "https://localhost.example/"] {
        let failure = get(&client, url).await.unwrap_err();
        assert!(matches!(failure, OutboundError::Unreachable { why: Unreachable::Name, .. }), "{url}");
    }
}

#[tokio::test]
async fn the_second_address_is_tried_when_the_first_accepts_nothing() {
    let provider = Provider::answering("hello").await;
    let client = client(development(), &["127.0.0.9", "127.0.0.1"]);
    assert_eq!(get(&client, &provider.at("http", "idp.example")).await.unwrap().body, "hello");
}

#[tokio::test]
async fn where_nobody_listens_the_answer_is_unreachable() {
    let failure = get(&client(development(), &["127.0.0.9"]), "http://idp.example:47/").await.unwrap_err();
    assert!(
        matches!(failure, OutboundError::Unreachable { why: Unreachable::Connection, .. }),
        "{failure:?}"
    );
}

struct Silent;

impl Resolve for Silent {
    fn resolve<'a>(&'a self, _name: &'a str) -> Resolving<'a> {
        Box::pin(std::future::pending())
    }
}

struct Broken;

impl Resolve for Broken {
    fn resolve<'a>(&'a self, _name: &'a str) -> Resolving<'a> {
        Box::pin(async { Err(io::Error::other("no servers could be reached at 10.9.8.7")) })
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_server_that_never_answers_is_cut_off_by_the_deadline() {
    let client = Outbound::with_resolver(production(), Clock::System, Arc::new(Silent)).unwrap();
    assert_eq!(outcome(&client, "https://idp.example/").await, "outbound.timeout");
}

#[tokio::test]
async fn what_the_name_server_complained_about_is_for_the_log() {
    let client = Outbound::with_resolver(production(), Clock::System, Arc::new(Broken)).unwrap();
    let failure = client.send(Call::get("https://idp.example/".parse().unwrap())).await.unwrap_err();
    assert_eq!(
        failure.detail().unwrap(),
        "its name was not found, or leads to a network that may not be called"
    );
    assert!(failure.for_log().to_string().contains("10.9.8.7"));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_not_there_and_one_that_leads_inside_are_not_told_apart() {
    let ask = async |client: Outbound| {
        let begun = tokio::time::Instant::now();
        let failure = client.send(Call::get("https://vault.internal/".parse().unwrap())).await.unwrap_err();
        (failure.code(), failure.detail(), begun.elapsed())
    };
    let absent = ask(Outbound::with_resolver(production(), Clock::System, Arc::new(Broken)).unwrap()).await;
    let inside = ask(client(production(), &["10.20.30.40"])).await;
    assert_eq!(absent, inside);
}
