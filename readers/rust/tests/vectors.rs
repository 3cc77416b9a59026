//! The vectors that every language's reader is held to.
#![expect(clippy::unwrap_used, reason = "a test that unwraps fails where it stands")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use partywall_reader::{KeySource, Reader, ReaderConfig};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Vectors {
    issuer: String,
    audience: String,
    proof_secret: String,
    key_sets: BTreeMap<String, Value>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    key_sets: Vec<String>,
    fetches: usize,
    requests: Vec<Request>,
}

#[derive(Deserialize)]
struct Request {
    now: i64,
    method: String,
    target: String,
    headers: BTreeMap<String, String>,
    expect: String,
    context: Option<Value>,
}

fn vectors() -> &'static Vectors {
    static VECTORS: OnceLock<Vectors> = OnceLock::new();
    VECTORS.get_or_init(|| serde_json::from_str(include_str!("../../vectors/vectors.json")).unwrap())
}

/// A reader for one case, and the count of how often it asked for keys.
fn reader(case: &'static Case) -> (Reader, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let keys = KeySource::fetched(move || {
        let turn = count.fetch_add(1, Ordering::SeqCst).min(case.key_sets.len() - 1);
        let set = vectors().key_sets.get(&case.key_sets[turn]).map(Value::to_string);
        async move { set.ok_or_else(|| "away".into()) }
    });
    let all = vectors();
    let config = ReaderConfig::new(&all.audience, &all.issuer, keys, &all.proof_secret);
    (Reader::new(config).unwrap(), asked)
}

#[tokio::test]
async fn every_vector_gets_its_answer() {
    for case in &vectors().cases {
        let (reader, asked) = reader(case);
        for (number, request) in case.requests.iter().enumerate() {
            let header = |name: &str| request.headers.get(name).map(String::as_str);
            let read = reader.read(&request.method, &request.target, header, request.now).await;
            let place = format!("{}, request {}", case.name, number + 1);
            match read {
                Ok(context) => {
                    assert_eq!("ok", request.expect, "{place}");
                    assert_eq!(Some(serde_json::to_value(context).unwrap()), request.context, "{place}");
                }
                Err(refusal) => assert_eq!(refusal.code(), request.expect, "{place}: {refusal}"),
            }
        }
        assert_eq!(asked.load(Ordering::SeqCst), case.fetches, "{}: fetches", case.name);
    }
}

#[tokio::test]
async fn a_fixed_key_set_reads_too() {
    let all = vectors();
    let keys = KeySource::fixed(all.key_sets["first"].to_string());
    let reader = Reader::new(ReaderConfig::new(&all.audience, &all.issuer, keys, &all.proof_secret)).unwrap();
    let request = &all.cases[0].requests[0];
    let header = |name: &str| request.headers.get(name).map(String::as_str);
    assert!(reader.read(&request.method, &request.target, header, request.now).await.is_ok());
}

#[test]
fn a_reader_that_could_only_refuse_is_not_made() {
    let keys = || KeySource::fixed(vectors().key_sets["first"].to_string());
    let make = |audience, issuer, keys, secret| {
        Reader::new(ReaderConfig::new(audience, issuer, keys, secret)).unwrap_err().to_string()
    };
    let secret = "long-enough-to-be-secret";
    assert!(make("", "https://id.example.com", keys(), secret).starts_with("the audience is empty"));
    assert!(make("dep_1", "", keys(), secret).starts_with("the issuer is empty"));
    assert!(make("dep_1", "https://id.example.com", keys(), "short").starts_with("the proof secret"));
    let words = KeySource::fixed("words");
    assert!(make("dep_1", "https://id.example.com", words, secret).starts_with("the key set is not"));
}
