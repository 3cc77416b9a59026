//! Tokens that API keys were exchanged for, at the door: what they are good for, with what they end, and every way in
//! which one is none (ledger E07).

use crate::{
    house::{ACME, BETA, House, ISSUER},
    wire::{Told, get},
};
use access::{KeyEnd, KeyGrant};
use domain::{
    ApiKeyId, ApiKeyText, Chance, Clock, Digest, Event, Moment, RequestId, SigningKey, SubscriberId,
    TenantId, event::names,
};
use protocol::{Signer, access_token::AccessToken};
use std::{sync::atomic::Ordering::SeqCst, time::Duration};

/// One route for tokens that asks for a scope and one that asks for none, one for keys, one for both.
const ROUTES: &str = r#"[
    {"name": "api", "host": "api.base.test", "map_by": ["token"], "audience": "api", "credentials": ["token"]},
    {"name": "reports", "host": "api.base.test", "path": "/reports", "map_by": ["token"], "audience": "api",
     "credentials": ["token"], "scopes": ["surveys.read"]},
    {"name": "edits", "host": "api.base.test", "path": "/edits", "map_by": ["token"], "audience": "api",
     "credentials": ["token"], "scopes": ["surveys.write"]},
    {"name": "keys", "host": "keys.base.test", "map_by": ["key"], "audience": "api", "credentials": ["api_key"]},
    {"name": "both", "host": "both.base.test", "map_by": ["key", "token"], "audience": "api",
     "credentials": ["api_key", "token"]},
    {"name": "hosts", "host": "*.base.test", "audience": "api", "credentials": ["session", "token"]}
]"#;

async fn house() -> House {
    House::routed(ROUTES).await
}

fn digest(key: &str) -> Digest {
    ApiKeyText::parse(key).unwrap().digest()
}

/// A key that is good for reading and writing.
fn key(house: &House, change: impl FnOnce(&mut KeyGrant)) -> String {
    house.key_of(ACME, |grant| {
        grant.scopes = vec!["surveys.read".parse().unwrap(), "surveys.write".parse().unwrap()];
        change(grant);
    })
}

/// What this key is exchanged for, for everything that it is good for and five minutes.
fn exchanged(key: &str) -> AccessToken {
    let now = Moment::from_seconds(Clock::System.now().seconds());
    AccessToken {
        id: RequestId::new(now, &Chance::system()),
        tenant: ACME,
        subscriber: SubscriberId::from_bits(600 + ACME.bits()),
        key: ApiKeyId::from_bits(500 + ACME.bits()),
        key_hash: digest(key),
        scopes: vec!["surveys.read".parse().unwrap(), "surveys.write".parse().unwrap()],
        issued: now,
        ends: now + Duration::from_secs(300),
    }
}

fn signed(house: &House, token: &AccessToken) -> String {
    token.sign(&house.key, ISSUER)
}

async fn with(house: &House, host: &str, target: &str, text: &str) -> Told {
    get(host, target).with("authorization", &format!("Bearer {text}")).at(house.address).await
}

async fn verdict(house: &House, host: &str, target: &str, text: &str) -> (u16, String) {
    let told = with(house, host, target, text).await;
    (told.status.as_u16(), if told.status == 200 { String::new() } else { told.code() })
}

fn no(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn a_token_says_whose_the_request_is_and_is_not_passed_on() {
    let house = house().await;
    let key = key(&house, |_| {});
    let text = signed(&house, &exchanged(&key));
    for (host, target) in [
        ("api.base.test", "/x"),
        ("api.base.test", "/reports"),
        ("both.base.test", "/"),
        ("acme.base.test", "/"),
    ] {
        let told = with(&house, host, target, &text).await;
        assert_eq!(told.got("partywall-tenant"), [ACME.to_string()], "{host}{target}");
        assert_eq!(told.got("partywall-subscriber"), [SubscriberId::from_bits(601).to_string()]);
        assert_eq!(told.got("partywall-scopes"), ["surveys.read,surveys.write"]);
        assert!(told.got("authorization").is_empty(), "whoever has it could use it here");
    }
    assert_eq!(house.facts.asked.load(SeqCst), 1, "the key is asked about once, the token never");
}

#[tokio::test]
async fn where_tokens_are_asked_for_a_key_is_told_to_be_exchanged() {
    let house = house().await;
    let key = key(&house, |_| {});
    let told = with(&house, "api.base.test", "/", &key).await;
    assert_eq!((told.status.as_u16(), told.code().as_str()), (401, "key.exchange-needed"));
    assert_eq!(told.headers["www-authenticate"], "Bearer");
    assert_eq!(verdict(&house, "keys.base.test", "/", &key).await.0, 200);
    // And the other way round: what takes keys takes no token in their place.
    let text = signed(&house, &exchanged(&key));
    assert_eq!(verdict(&house, "keys.base.test", "/", &text).await, no(401, "credential.kind"));
}

#[tokio::test]
async fn an_organisation_may_say_that_its_keys_are_for_exchanging_only() {
    let house = house().await;
    let (key, theirs) = (key(&house, |_| {}), house.key_of(BETA, |_| {}));
    let text = signed(&house, &exchanged(&key));
    assert_eq!(verdict(&house, "both.base.test", "/", &key).await.0, 200);
    house.change(ACME, |record| record.exchanges_keys = true).await;
    for host in ["both.base.test", "keys.base.test"] {
        assert_eq!(verdict(&house, host, "/", &key).await, no(401, "key.exchange-needed"), "{host}");
    }
    assert_eq!(verdict(&house, "both.base.test", "/", &text).await.0, 200);
    assert_eq!(verdict(&house, "both.base.test", "/", &theirs).await.0, 200, "others are as they were");
}

#[tokio::test]
async fn a_token_is_good_for_no_more_than_it_says_and_no_more_than_its_key() {
    let house = house().await;
    let key = key(&house, |grant| grant.scopes = vec!["surveys.read".parse().unwrap()]);
    let narrow = AccessToken { scopes: vec![], ..exchanged(&key) };
    // One that says more than its key would be a mistake of ours; it is worth nothing all the same.
    let wide = exchanged(&key);
    let missing = no(403, "scope.missing");
    assert_eq!(verdict(&house, "api.base.test", "/", &signed(&house, &narrow)).await.0, 200);
    assert_eq!(verdict(&house, "api.base.test", "/reports", &signed(&house, &narrow)).await, missing);
    assert_eq!(verdict(&house, "api.base.test", "/reports", &signed(&house, &wide)).await.0, 200);
    assert_eq!(verdict(&house, "api.base.test", "/edits", &signed(&house, &wide)).await, missing);
    // What one token of a key is told as is not what another is told as.
    let told = with(&house, "api.base.test", "/", &signed(&house, &narrow)).await;
    assert!(told.got("partywall-scopes").concat().is_empty());
    let told = with(&house, "api.base.test", "/", &signed(&house, &wide)).await;
    assert_eq!(told.got("partywall-scopes"), ["surveys.read"]);
}

#[tokio::test]
async fn the_keys_networks_hold_for_its_tokens() {
    let house = house().await;
    for (network, expected) in [("127.0.0.0/8", (200, String::new())), ("10.0.0.0/8", no(403, "key.network"))]
    {
        let key = key(&house, |grant| grant.networks = vec![network.parse().unwrap()]);
        let text = signed(&house, &exchanged(&key));
        assert_eq!(verdict(&house, "api.base.test", "/", &text).await, expected, "{network}");
    }
}

#[tokio::test]
async fn a_token_ends_with_its_time_and_with_its_key_on_every_node() {
    let house = house().await;
    let (node, address) = house.second_node().await;
    node.set_routes(ROUTES).unwrap();
    let key = key(&house, |_| {});
    let fresh = exchanged(&key);
    let over = AccessToken { ends: fresh.issued, ..exchanged(&key) };
    let told = with(&house, "api.base.test", "/", &signed(&house, &over)).await;
    assert_eq!((told.status.as_u16(), told.code().as_str()), (401, "bearer.expired"));
    let text = signed(&house, &fresh);
    let there = async || {
        let ask = get("api.base.test", "/").with("authorization", &format!("Bearer {text}"));
        ask.at(address).await
    };
    assert_eq!(verdict(&house, "api.base.test", "/", &text).await.0, 200);
    assert_eq!(there().await.status, 200);
    house.facts.keys.lock().unwrap().get_mut(&digest(&key)).unwrap().end.revoked = true;
    let event = Event::new(names::KEY_CHANGED, fresh.key).with("digest", digest(&key));
    house.tell_of(ACME, event).await;
    let told = with(&house, "api.base.test", "/", &text).await;
    assert_eq!((told.status.as_u16(), told.code().as_str()), (401, "bearer.ended"));
    assert_eq!(told.headers["www-authenticate"], "Bearer error=\"invalid_token\"");
    // A node that never saw the key asks about it, and hears the same.
    let (late, address) = house.second_node().await;
    late.set_routes(ROUTES).unwrap();
    let told = get("api.base.test", "/").with("authorization", &format!("Bearer {text}")).at(address).await;
    assert_eq!(told.code(), "bearer.ended");
    // One whose key is not there at all, or ended by its time, is no better.
    let nobodys = AccessToken { key_hash: Digest::of(b"nobody's"), ..exchanged(&key) };
    assert_eq!(
        verdict(&house, "api.base.test", "/", &signed(&house, &nobodys)).await,
        no(401, "bearer.ended")
    );
    let ended = self::key(&house, |grant| grant.end = KeyEnd { at: Clock::System.now(), revoked: false });
    let text = signed(&house, &exchanged(&ended));
    assert_eq!(verdict(&house, "api.base.test", "/", &text).await, no(401, "bearer.ended"));
}

#[tokio::test]
async fn a_token_is_worthless_at_another_tenants_address_and_the_attempt_is_recorded() {
    let house = house().await;
    let key = key(&house, |_| {});
    let text = signed(&house, &exchanged(&key));
    let absent = with(&house, "nosuch.base.test", "/", &text).await;
    let hits = house.backend.hits();
    for (host, header) in [("beta.base.test", ""), ("gamma.base.test", ""), ("api.base.test", "beta")] {
        let ask = get(host, "/").with("authorization", &format!("Bearer {text}"));
        let ask = if header.is_empty() { ask } else { ask.with("tenant-id", header) };
        let told = ask.at(house.address).await;
        assert_eq!(told.shape(), absent.shape(), "{host} {header}");
    }
    assert_eq!((house.backend.hits(), house.refused().len()), (hits, 3));
    assert!(house.refused().iter().all(|attempt| attempt.from == Some(ACME)));
    // A token that speaks of another tenant than its key does opens neither.
    let moved = AccessToken { tenant: BETA, ..exchanged(&key) };
    for host in ["beta.base.test", "api.base.test"] {
        assert_eq!(
            verdict(&house, host, "/", &signed(&house, &moved)).await,
            no(401, "bearer.ended"),
            "{host}"
        );
    }
    let nowhere = AccessToken { tenant: TenantId::from_bits(99), ..exchanged(&key) };
    assert_eq!(
        verdict(&house, "api.base.test", "/", &signed(&house, &nowhere)).await,
        no(403, "tenant.unknown")
    );
}

#[tokio::test]
async fn what_is_forged_altered_or_made_for_another_purpose_is_no_token() {
    let house = house().await;
    let key = key(&house, |_| {});
    let token = exchanged(&key);
    let sound = signed(&house, &token);
    let stranger = Signer::new("key_1", SigningKey::generate(&Chance::system()));
    let (head, rest) = sound.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    let unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
    let context = with(&house, "api.base.test", "/", &sound).await.got("partywall-context").concat();
    for (what, text, code) in [
        ("another's key under our name", token.sign(&stranger, ISSUER), "bearer.refused"),
        ("another installation's", token.sign(&house.key, "http://id.elsewhere.test"), "bearer.issuer"),
        ("unsigned", format!("{unsigned}.{claims}."), "bearer.refused"),
        ("with a signature left over", format!("{head}.{claims}.{signature}AA"), "bearer.refused"),
        ("without one", format!("{head}.{claims}."), "bearer.refused"),
        ("what a backend was told", context, "bearer.refused"),
        ("an API key in a token's dress", format!("{head}.{key}.{signature}"), "bearer.refused"),
    ] {
        let told = with(&house, "both.base.test", "/", &text).await;
        assert_eq!((told.status.as_u16(), told.code().as_str()), (401, code), "{what}");
    }
    // Two credentials are not one, whichever comes first.
    let both = get("both.base.test", "/").with("authorization", &format!("Bearer {sound}"));
    assert_eq!(both.with("x-api-key", &key).at(house.address).await.code(), "credential.several");
    // Whoever goes on trying is stopped.
    let mut last = String::new();
    for _ in 0..80 {
        last = with(&house, "api.base.test", "/", &token.sign(&stranger, ISSUER)).await.code();
    }
    assert_eq!(last, "limit.exceeded");
    assert_eq!(
        with(&house, "api.base.test", "/", &sound).await.status,
        200,
        "what is believed is believed still"
    );
}

#[tokio::test]
async fn keys_that_are_rolled_end_what_was_believed_by_the_old_ones() {
    let house = house().await;
    let key = key(&house, |_| {});
    let text = signed(&house, &exchanged(&key));
    assert_eq!(verdict(&house, "api.base.test", "/", &text).await.0, 200);
    house.gateway.set_signing(crate::house::signing(&house.key));
    assert_eq!(verdict(&house, "api.base.test", "/", &text).await.0, 200, "published still");
    let next = Signer::new("key_2", SigningKey::generate(&Chance::system()));
    house.gateway.set_signing(crate::house::signing(&std::sync::Arc::new(next)));
    assert_eq!(verdict(&house, "api.base.test", "/", &text).await, no(401, "bearer.refused"));
}
