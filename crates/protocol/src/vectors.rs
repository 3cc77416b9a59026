//! The cases that every reader library is held to (`readers/vectors`), held against our own reading, so
//! that what the gateway means and what backends understand cannot drift apart.

use crate::{
    context::TYP,
    jose::{Expect, JwkSet, Typ, verify},
    proof::{Proven, WINDOW},
};
use domain::{Digest, Moment, digest::MacKey};
use serde_json::Value;

/// What only a reader with a memory, a key source and all the headers can refuse.
const BEYOND_US: &[&str] = &["missing", "replayed", "disagrees", "keys_away", "unknown_key"];

#[test]
fn we_believe_and_refuse_what_the_readers_do() {
    let vectors: Value = serde_json::from_str(include_str!("../../../readers/vectors/vectors.json")).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    let mut seen = 0;
    for case in cases.iter().filter(|case| case["key_sets"] == serde_json::json!(["first"])) {
        for request in case["requests"].as_array().unwrap() {
            let expected = request["expect"].as_str().unwrap();
            if !BEYOND_US.contains(&expected) {
                assert_eq!(is_believed(&vectors, request), expected == "ok", "{}: {expected}", case["name"]);
                seen += 1;
            }
        }
    }
    assert!(seen > 30, "the vectors hold cases for us");
}

fn is_believed(vectors: &Value, request: &Value) -> bool {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let [issuer, audience, secret] = ["issuer", "audience", "proof_secret"].map(|name| text(&vectors[name]));
    let [method, path] = ["method", "target"].map(|name| text(&request[name]));
    let headers = &request["headers"];
    let [token, proof] = ["Partywall-Context", "Partywall-Proof"].map(|name| text(&headers[name]));
    let now = Moment::from_seconds(request["now"].as_i64().unwrap());
    let context = Digest::of(token.as_bytes());
    let proven = Proven { method: &method, path: &path, context: &context };
    let keys = JwkSet::parse(vectors["key_sets"]["first"].to_string().as_bytes()).unwrap();
    let expect = Expect { issuer: &issuer, audience: &audience, typ: Typ::Named(TYP) };
    let claims = verify(&token, &keys, &expect, now, WINDOW);
    let is_whole = claims.is_ok_and(|claims| {
        let [workload, device] = ["workload", "device"].map(|kind| claims.get(kind));
        claims.get("tenant").is_some_and(Value::is_object)
            && workload.is_none_or(|workload| workload["issuer"].is_string())
            && device.is_none_or(|device| device["anchor"].is_string())
    });
    proven.check(&MacKey::new(secret.as_bytes()), &proof, now).is_ok() && is_whole
}
