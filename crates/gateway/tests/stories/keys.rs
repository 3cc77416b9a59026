//! API keys at the door: where they are read, whom they map to, and what those see whose keys are none
//! (ledger A13, C01, E02, E08, H02).

use crate::{
    backend::Backend,
    house::{ACME, BETA, DEPLOYMENT, GAMMA, House, ISSUER, KEY_SECRET},
    wire::{Told, get},
};
use access::{CutShort, KeyEnd, KeyGrant};
use domain::{
    ApiKeyId, ApiKeyText, Clock, Digest, Event, Moment, SubscriberId, digest::MacKey, event::names,
};
use protocol::context::{Context, ContextCaller, Parties};
use std::{sync::atomic::Ordering::SeqCst, time::Duration};

/// One route that maps by the key alone, one by the host, one for sessions only, one for both.
const ROUTES: &str = r#"[
    {"name": "api", "host": "api.base.test", "map_by": ["key"], "audience": "api", "credentials": ["api_key"]},
    {"name": "reports", "host": "api.base.test", "path": "/reports", "map_by": ["key"], "audience": "api",
     "credentials": ["api_key"], "scopes": ["surveys.read"]},
    {"name": "hosts", "host": "*.base.test", "audience": "api", "credentials": ["session", "api_key"]},
    {"name": "pages", "host": "*.base.test", "path": "/pages"},
    {"name": "paths", "host": "app.base.test", "map_by": ["path"], "audience": "api", "credentials": ["api_key"]},
    {"name": "queries", "host": "query.base.test", "map_by": ["query"], "audience": "api", "credentials": ["api_key"]},
    {"name": "headers", "host": "header.base.test", "map_by": ["header", "key"], "audience": "api",
     "credentials": ["api_key"], "key_header": "Api-Token"}
]"#;

async fn house() -> House {
    House::routed(ROUTES).await
}

fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

async fn with(house: &House, host: &str, target: &str, key: &str) -> Told {
    get(host, target).with("authorization", &bearer(key)).at(house.address).await
}

fn digest(key: &str) -> Digest {
    ApiKeyText::parse(key).unwrap().digest()
}

#[tokio::test]
async fn a_key_alone_says_whose_the_request_is_and_by_which_subscriber() {
    let house = house().await;
    let keys = [
        (house.key_of(ACME, |grant| grant.subscriber = SubscriberId::from_bits(1)), ACME, 1),
        (house.key_of(ACME, |grant| grant.subscriber = SubscriberId::from_bits(2)), ACME, 2),
        (house.key_of(BETA, |grant| grant.subscriber = SubscriberId::from_bits(3)), BETA, 3),
        (house.signed_key_of(GAMMA, |key| key.subscriber = SubscriberId::from_bits(4)), GAMMA, 4),
    ];
    for (key, tenant, subscriber) in &keys {
        let told = with(&house, "api.base.test", "/x", key).await;
        assert_eq!(told.got("partywall-tenant"), [tenant.to_string()]);
        let subscriber = SubscriberId::from_bits(*subscriber);
        assert_eq!(told.got("partywall-subscriber"), [subscriber.to_string()]);
        assert!(told.got("partywall-user").is_empty());
        let parties = Parties { issuer: ISSUER, audience: DEPLOYMENT };
        let published =
            protocol::jose::published_key_set([(house.key.kid(), house.key.public())]).to_string();
        let set = protocol::JwkSet::parse(published.as_bytes()).unwrap();
        let token = &told.got("partywall-context")[0];
        let context =
            Context::verify(token, &set, &parties, Clock::System.now(), Duration::from_secs(10)).unwrap();
        let Some(ContextCaller::Subscriber(caller)) = context.caller else { panic!("{context:?}") };
        assert_eq!((context.tenant.id, caller.id), (*tenant, subscriber));
    }
}

#[tokio::test]
async fn a_key_is_read_in_its_two_places_and_reaches_no_backend() {
    let house = house().await;
    let key = house.key_of(ACME, |_| {});
    for (name, value) in [
        ("authorization", bearer(&key)),
        ("Authorization", format!("bearer   {key}")),
        ("x-api-key", key.clone()),
        ("X-Api-Key", format!(" {key} ")),
    ] {
        let told = get("api.base.test", "/").with(name, &value).at(house.address).await;
        assert_eq!(told.status, 200, "{name}: {value}");
        assert!(!told.text().contains(&key), "{name} reached the backend");
    }
    let told = get("header.base.test", "/").with("api-token", &key).at(house.address).await;
    assert_eq!((told.status.as_u16(), told.text().contains(&key)), (200, false), "the route's own header");
    let query = get("api.base.test", &format!("/?api_key={key}&x-api-key={key}")).at(house.address).await;
    assert_eq!((query.status.as_u16(), query.code().as_str()), (401, "key.needed"), "never in the address");
}

#[tokio::test]
async fn whatever_is_wrong_with_a_key_the_answer_is_one() {
    let house = house().await;
    let sound = house.key_of(ACME, |_| {});
    let revoked = house.key_of(ACME, |grant| grant.end.revoked = true);
    let unknown = domain::api_key::random(&domain::Chance::system()).reveal().clone();
    let mut altered = sound.clone().into_bytes();
    altered[20] ^= 1;
    let altered = String::from_utf8(altered).unwrap();
    let forged = domain::SignedKey {
        key: ApiKeyId::from_bits(1),
        tenant: ACME,
        subscriber: SubscriberId::from_bits(1),
        ends: Clock::System.now() + Duration::from_secs(60),
        scopes: vec![],
        networks: vec![],
    };
    let forged = forged.sign(&MacKey::new(b"another installation")).unwrap().reveal().clone();
    let first = with(&house, "api.base.test", "/", &unknown).await;
    assert_eq!((first.status.as_u16(), first.code().as_str()), (401, "key.refused"));
    assert_eq!(first.headers["www-authenticate"], "Bearer error=\"invalid_token\"");
    for key in [revoked.as_str(), &altered, &forged, "pwk_short", "pws_", &format!("{sound}x")] {
        // Nor does it tell which tenants there are.
        for host in ["api.base.test", "acme.base.test", "gamma.base.test", "nosuch.base.test"] {
            assert_eq!(with(&house, host, "/", key).await.shape(), first.shape(), "{key} at {host}");
        }
    }
}

#[tokio::test]
async fn an_expired_key_is_told_so() {
    let house = house().await;
    let random = house.key_of(ACME, |grant| grant.end.at = Moment::from_seconds(1));
    let signed = house.signed_key_of(ACME, |key| key.ends = Moment::from_seconds(1));
    for key in [random, signed] {
        let told = with(&house, "api.base.test", "/", &key).await;
        assert_eq!((told.status.as_u16(), told.code().as_str()), (401, "key.expired"));
    }
}

#[tokio::test]
async fn a_key_of_one_tenant_is_worthless_at_another_whatever_names_it() {
    let house = house().await;
    for key in [house.key_of(ACME, |_| {}), house.signed_key_of(ACME, |_| {})] {
        assert_eq!(with(&house, "acme.base.test", "/", &key).await.status, 200);
        assert_eq!(with(&house, "app.base.test", "/acme/", &key).await.status, 200);
        assert_eq!(with(&house, "query.base.test", "/?tenant=acme", &key).await.status, 200);
        let hits = house.backend.hits();
        let recorded = house.refused().len();
        let header = |tenant: &str| {
            get("header.base.test", "/").with("tenant-id", tenant).with("api-token", &key).at(house.address)
        };
        let by_key = get("api.base.test", "/").with("tenant-id", "beta").with("x-api-key", &key);
        let attempts = [
            with(&house, "beta.base.test", "/", &key).await,
            with(&house, "app.base.test", "/beta/", &key).await,
            with(&house, "query.base.test", "/?tenant=beta", &key).await,
            header("beta").await,
            by_key.at(house.address).await,
        ];
        let absent = with(&house, "nosuch.base.test", "/", &key).await;
        for told in attempts {
            assert_eq!(told.status, 403);
            assert_eq!(told.shape(), absent.shape(), "another's tenant and none are one");
        }
        assert_eq!(house.backend.hits(), hits, "nothing reached the backend");
        assert_eq!(house.refused().len(), recorded + 5, "and each was recorded");
    }
}

#[tokio::test]
async fn a_credential_is_taken_only_where_the_route_says_so() {
    let house = house().await;
    let (key, session) = (house.key_of(ACME, |_| {}), house.carol_at(ACME));
    for name in ["authorization", "x-api-key"] {
        let told = get("acme.base.test", "/pages").with(name, &bearer(&key)).at(house.address).await;
        let expected =
            if name == "authorization" { (401, "credential.kind") } else { (401, "session.needed") };
        assert_eq!((told.status.as_u16(), told.code().as_str()), expected, "{name}");
    }
    let told = get("acme.base.test", "/pages").with("x-api-key", &key).at(house.address).await;
    assert_eq!((told.status.as_u16(), told.code().as_str()), (401, "credential.kind"));
    // What is no key of ours is the application's own affair.
    let told = get("acme.base.test", "/pages").with("x-api-key", "theirs").with("cookie", &session);
    assert_eq!(told.at(house.address).await.got("x-api-key"), ["theirs"]);
    // A session is no key, and is not looked at where only keys are taken.
    let told = get("api.base.test", "/").with("cookie", &session).at(house.address).await;
    assert_eq!((told.status.as_u16(), told.code().as_str()), (401, "key.needed"));
    let both = |host: &'static str| get(host, "/").with("cookie", &session).with("x-api-key", &key);
    assert_eq!(both("api.base.test").at(house.address).await.status, 200);
    let told = both("acme.base.test").at(house.address).await;
    assert_eq!((told.status.as_u16(), told.code().as_str()), (400, "credential.several"));
    for host in ["acme.base.test", "api.base.test"] {
        let twice = get(host, "/").with("authorization", &bearer(&key)).with("x-api-key", &key);
        assert_eq!(twice.at(house.address).await.code(), "credential.several");
    }
    assert_eq!(get("acme.base.test", "/").with("cookie", &session).at(house.address).await.status, 200);
    assert_eq!(get("acme.base.test", "/").with("x-api-key", &key).at(house.address).await.status, 200);
}

#[tokio::test]
async fn a_key_is_good_for_its_scopes_and_from_its_networks() {
    let house = house().await;
    let bare = house.key_of(ACME, |_| {});
    let told = with(&house, "api.base.test", "/reports", &bare).await;
    assert_eq!((told.status.as_u16(), told.code().as_str()), (403, "scope.missing"));
    assert!(told.text().contains("surveys.read"), "{}", told.text());
    let reads = |grant: &mut KeyGrant| grant.scopes = vec!["surveys.read".parse().unwrap()];
    let told = with(&house, "api.base.test", "/reports", &house.key_of(ACME, reads)).await;
    assert_eq!(told.got("partywall-scopes"), ["surveys.read"]);
    let signed = house.signed_key_of(ACME, |key| key.scopes = vec!["surveys.read".parse().unwrap()]);
    assert_eq!(with(&house, "api.base.test", "/reports", &signed).await.status, 200);
    let near = house.key_of(ACME, |grant| grant.networks = vec!["127.0.0.0/8".parse().unwrap()]);
    assert_eq!(with(&house, "api.base.test", "/", &near).await.status, 200);
    for far in [
        house.key_of(ACME, |grant| grant.networks = vec!["10.0.0.0/8".parse().unwrap()]),
        house.signed_key_of(ACME, |key| key.networks = vec!["fd00::/8".parse().unwrap()]),
    ] {
        let told = with(&house, "api.base.test", "/", &far).await;
        assert_eq!((told.status.as_u16(), told.code().as_str()), (403, "key.network"));
    }
}

/// The feed tells that a key was taken back.
async fn revoke(house: &House, key: ApiKeyId, digest: Digest, said: Moment) {
    let now = Clock::System.now();
    let event = Event::new(names::KEY_CHANGED, key).with("digest", digest);
    let event = event.with("said", said.micros()).with("ends", now.micros()).with("revoked", true);
    house.tell_of(ACME, event).await;
}

#[tokio::test]
async fn a_key_that_is_taken_back_is_refused_once_the_feed_has_spoken() {
    let house = house().await;
    let random = house.key_of(ACME, |_| {});
    let signed = house.signed_key_of(ACME, |_| {});
    for key in [&random, &signed] {
        assert_eq!(with(&house, "api.base.test", "/", key).await.status, 200);
    }
    house.facts.keys.lock().unwrap().get_mut(&digest(&random)).unwrap().end.revoked = true;
    let later = Clock::System.now() + Duration::from_secs(3_600);
    revoke(&house, ApiKeyId::from_bits(501), digest(&random), later).await;
    revoke(&house, ApiKeyId::from_bits(701), digest(&signed), later).await;
    for key in [&random, &signed] {
        assert_eq!(with(&house, "api.base.test", "/", key).await.code(), "key.refused");
    }
}

#[tokio::test]
async fn a_node_that_begins_knows_which_signed_keys_were_taken_back() {
    let house = house().await;
    let signed = house.signed_key_of(ACME, |_| {});
    let now = Clock::System.now();
    let end = KeyEnd { at: now, revoked: true };
    let cut = CutShort { key: ApiKeyId::from_bits(701), end, said: now + Duration::from_secs(3_600) };
    house.facts.cut_short.lock().unwrap().push(cut);
    house.warden.fill().await.unwrap();
    assert_eq!(with(&house, "api.base.test", "/", &signed).await.code(), "key.refused");
}

#[tokio::test]
async fn a_signed_key_needs_no_database_and_is_not_believed_once_the_feed_is_lost() {
    let house = house().await;
    house.facts.away.store(true, SeqCst);
    let signed = house.signed_key_of(ACME, |_| {});
    assert_eq!(with(&house, "api.base.test", "/", &signed).await.status, 200);
    assert_eq!(house.facts.asked.load(SeqCst), 0, "nobody was asked");
    house.warden.lose_touch();
    assert_eq!(with(&house, "api.base.test", "/", &signed).await.code(), "node.out-of-touch");
    house.facts.away.store(false, SeqCst);
    assert_eq!(with(&house, "api.base.test", "/", &signed).await.status, 200, "asked anew, it is good");
}

#[tokio::test]
async fn rolled_secrets_overlap() {
    let house = house().await;
    let old = house.signed_key_of(ACME, |_| {});
    let (now, hour) = (Clock::System.now(), Duration::from_secs(3_600));
    let (fresh, far) = (MacKey::new(b"fresh"), now + hour);
    house.gateway.set_key_secrets(vec![(fresh.clone(), far), (MacKey::new(KEY_SECRET), far)]);
    assert_eq!(with(&house, "api.base.test", "/", &old).await.status, 200);
    house.gateway.set_key_secrets(vec![(fresh, far), (MacKey::new(KEY_SECRET), now)]);
    assert_eq!(with(&house, "api.base.test", "/", &old).await.code(), "key.refused");
}

#[tokio::test]
async fn guessing_costs_the_database_next_to_nothing() {
    let house = house().await;
    let unknown = domain::api_key::random(&domain::Chance::system()).reveal().clone();
    for _ in 0..50 {
        with(&house, "api.base.test", "/", &unknown).await;
        with(&house, "api.base.test", "/", "pwk_0123456789012345678901234567890123456789012345678").await;
    }
    assert_eq!(house.facts.asked.load(SeqCst), 1, "what is known to be none is not asked about again");
    let mut last = String::new();
    for _ in 0..100 {
        let guess = domain::api_key::random(&domain::Chance::system()).reveal().clone();
        last = with(&house, "api.base.test", "/", &guess).await.code();
    }
    assert_eq!(last, "limit.exceeded");
    assert!(house.facts.asked.load(SeqCst) < 65, "whoever guesses is stopped");
}

#[tokio::test]
async fn the_use_of_a_key_is_noted_once_and_not_for_every_request() {
    let house = house().await;
    let fresh = house.key_of(ACME, |grant| grant.used = Moment::NEVER);
    for _ in 0..5 {
        with(&house, "api.base.test", "/", &fresh).await;
    }
    assert_eq!(*house.facts.used.lock().unwrap(), [(ACME, ApiKeyId::from_bits(501))]);
    assert_eq!(house.facts.asked.load(SeqCst), 1, "the warm path asks nobody");
}

#[tokio::test]
async fn what_a_subscriber_used_is_counted_apart_and_for_its_tenant() {
    let house = house().await;
    let key_of =
        |number: u128| house.key_of(ACME, |grant| grant.subscriber = SubscriberId::from_bits(number));
    let (one, two, theirs) = (key_of(1), key_of(2), house.key_of(BETA, |_| {}));
    for key in [&one, &one, &two, &theirs] {
        assert_eq!(with(&house, "api.base.test", "/x", key).await.status, 200);
    }
    let readings = house.gateway.meters().drain();
    let requests = |tenant, subscriber: Option<u128>| {
        let subscriber = subscriber.map(SubscriberId::from_bits);
        let is_it =
            |reading: &&gateway::Reading| (reading.tenant, reading.subscriber) == (tenant, subscriber);
        readings.iter().find(is_it).map(|reading| reading.used.requests)
    };
    assert_eq!((requests(ACME, None), requests(BETA, None)), (Some(3), Some(1)));
    assert_eq!((requests(ACME, Some(1)), requests(ACME, Some(2))), (Some(2), Some(1)));
    assert_eq!(requests(BETA, Some(602)), Some(1));
    let sum = |tenant, own: bool| -> u64 {
        let of = readings.iter().filter(|reading| reading.tenant == tenant);
        of.filter(|reading| reading.subscriber.is_some() == own).map(|reading| reading.used.bytes_out).sum()
    };
    assert!(sum(ACME, true) > 0 && sum(ACME, true) == sum(ACME, false), "the parts are the whole");
    assert_eq!(house.gateway.meters().drain(), [], "each is read out once");
}

#[tokio::test]
async fn routes_that_could_not_work_are_refused_when_they_are_put() {
    let house = House::with(Backend::echo().await, |_| {}).await;
    for (bad, why) in [
        (
            r#"[{"name": "a", "host": "a.base.test", "map_by": ["key"], "audience": "api"}]"#,
            "credentials hold",
        ),
        (
            r#"[{"name": "a", "host": "a.base.test", "map_by": ["key"], "credentials": ["api_key"]}]"#,
            "browser-facing",
        ),
        (r#"[{"name": "a", "host": "*", "scopes": ["x"]}]"#, "has scopes"),
        (r#"[{"name": "a", "host": "*", "credentials": []}]"#, "at least one kind"),
        (r#"[{"name": "a", "host": "*", "credentials": ["password"]}]"#, "password"),
        (r#"[{"name": "a", "host": "*", "key_header": "Cookie"}]"#, "no header"),
        (r#"[{"name": "a", "host": "*", "key_header": "Authorization"}]"#, "no header"),
    ] {
        let faults = house.gateway.check_routes(bad).unwrap_err();
        assert!(faults.iter().any(|fault| fault.to_string().contains(why)), "{bad}: {faults:?}");
    }
}
