//! A provider is slow, endless or huge, out of malice or misfortune.

use crate::provider::*;
use domain::Fault;
use outbound::{Bounds, Call, OutboundError, Policy, TooLarge};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{
    io::AsyncWriteExt,
    time::{Instant, sleep},
};

const HEAD: &str = "HTTP/1.1 200 OK\r\n";

#[tokio::test(start_paused = true)]
async fn a_provider_that_accepts_and_then_says_nothing_is_cut_off() {
    let provider = Provider::doing("127.0.0.1", |stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let started = Instant::now();
    let failure = get(&client(development(), &[]), &provider.at("http", "127.0.0.1")).await.unwrap_err();
    assert_eq!(failure.code(), "outbound.timeout");
    assert_eq!(started.elapsed().as_secs(), 10, "the policy's deadline");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_never_finishes_its_handshake_is_cut_off() {
    let provider = Provider::doing("127.0.0.1", |stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let client = client(allowing("127.0.0.1"), &[]);
    assert_eq!(outcome(&client, &provider.at("https", "127.0.0.1")).await, "outbound.timeout");
    assert_eq!(provider.visits(), 1);
}

/// Says `first`, and then one byte a second for ever.
async fn dripping(first: &'static str) -> (Provider, Arc<AtomicUsize>) {
    let drops = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&drops);
    let provider = Provider::doing("127.0.0.1", move |mut stream| {
        let count = Arc::clone(&count);
        async move {
            let _ = stream.write_all(first.as_bytes()).await;
            while stream.write_all(b"x").await.is_ok() {
                count.fetch_add(1, SeqCst);
                sleep(Duration::from_secs(1)).await;
            }
        }
    })
    .await;
    (provider, drops)
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_drips_is_cut_off_however_alive_it_looks() {
    for first in
        ["HTTP/1.1 200 ", "HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"]
    {
        let (provider, drops) = dripping(first).await;
        let call =
            Call::get(provider.at("http", "127.0.0.1").parse().unwrap()).within(Duration::from_secs(5));
        let failure = client(development(), &[]).send(call).await.unwrap_err();
        assert_eq!(failure.to_string(), "the other side took longer than 5000 ms", "after {first:?}");
        assert!(drops.load(SeqCst) >= 3, "it did drip");
    }
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_a_place_counts_into_the_deadline() {
    let (slow, _) = dripping("HTTP/1.1 200 ").await;
    let bounds = Bounds { per_host: 1, ..Bounds::default() };
    let client = client(Policy { bounds, ..development() }, &[]);
    let url = slow.at("http", "127.0.0.1");
    let first = tokio::spawn({
        let (client, url) = (client.clone(), url.clone());
        async move { outcome(&client, &url).await }
    });
    // The first call has the only place before the second asks for one.
    while slow.visits() == 0 {
        tokio::task::yield_now().await;
    }
    let impatient = Call::get(url.parse().unwrap()).within(Duration::from_secs(2));
    assert_eq!(client.send(impatient).await.unwrap_err().code(), "outbound.timeout");
    assert_eq!(slow.visits(), 1, "the second call never left");
    assert_eq!(first.await.unwrap(), "outbound.timeout");
}

#[tokio::test]
async fn a_body_that_announces_too_much_is_refused_before_it_is_read() {
    let provider = Provider::saying(format!("{HEAD}Content-Length: 1048577\r\n\r\n")).await;
    let failure = get(&client(development(), &[]), &provider.at("http", "127.0.0.1")).await.unwrap_err();
    assert!(matches!(failure, OutboundError::TooLarge { what: TooLarge::Body }), "{failure:?}");
}

#[tokio::test]
async fn a_body_that_announces_nothing_is_counted() {
    for (bytes, code) in [(1000, "answered"), (1001, "outbound.too-large"), (1_000_000, "outbound.too-large")]
    {
        let provider = Provider::saying(format!("{HEAD}\r\n{}", "x".repeat(bytes))).await;
        let client = client(Policy { most_bytes: 1000, ..development() }, &[]);
        assert_eq!(outcome(&client, &provider.at("http", "127.0.0.1")).await, code, "{bytes}");
    }
}

#[tokio::test]
async fn a_body_in_endless_chunks_is_counted() {
    let provider = Provider::doing("127.0.0.1", |mut stream| async move {
        hear(&mut stream).await;
        let _ = stream.write_all(format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).await;
        while stream.write_all(b"8\r\nxxxxxxxx\r\n").await.is_ok() {}
    })
    .await;
    let client = client(development(), &[]);
    assert_eq!(outcome(&client, &provider.at("http", "127.0.0.1")).await, "outbound.too-large");
}

#[tokio::test]
async fn one_call_may_ask_for_more_or_less_than_the_policy_says() {
    let provider = Provider::answering("0123456789").await;
    let client = client(Policy { most_bytes: 5, ..development() }, &[]);
    let call = || Call::get(provider.at("http", "127.0.0.1").parse().unwrap());
    assert_eq!(client.send(call()).await.unwrap_err().code(), "outbound.too-large");
    assert_eq!(client.send(call().at_most(10)).await.unwrap().body, "0123456789");
    assert_eq!(client.send(call().at_most(9)).await.unwrap_err().code(), "outbound.too-large");
}

#[tokio::test]
async fn a_head_that_is_too_long_or_has_too_many_headers_is_refused() {
    let long = format!("{HEAD}X: {}\r\n\r\n", "x".repeat(100_000));
    let many = format!("{HEAD}{}\r\n", "X: y\r\n".repeat(200));
    let endless = format!("{HEAD}X: {}", "x".repeat(1_000_000));
    for words in [long, many, endless] {
        let provider = Provider::saying(words).await;
        let failure = get(&client(development(), &[]), &provider.at("http", "127.0.0.1")).await.unwrap_err();
        assert!(matches!(failure, OutboundError::TooLarge { what: TooLarge::Head }), "{failure:?}");
    }
}
