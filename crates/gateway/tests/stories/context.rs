//! What a backend is told, and that it can check it by itself (ledger C12, A17).

use crate::{
    house::{ACME, CAROL, DEPLOYMENT, House, ISSUER, PROOF_SECRET, carol},
    wire::{Told, ask, get},
};
use domain::{Clock, Digest, digest::MacKey, event::names};
use protocol::{
    JwkSet,
    context::{Context, Parties},
    context::{ContextCaller, ContextUser},
    proof::Proven,
};
use std::time::Duration;

fn keys(house: &House) -> JwkSet {
    let published = protocol::jose::published_key_set([(house.key.kid(), house.key.public())]);
    JwkSet::parse(published.to_string().as_bytes()).unwrap()
}

/// Believes the context as a backend does.
fn believed(house: &House, told: &Told) -> Context {
    let token = &told.got("partywall-context")[0];
    let echoed = told.echoed();
    let proven = Proven {
        method: echoed["method"].as_str().unwrap(),
        path: echoed["target"].as_str().unwrap(),
        context: &Digest::of(token.as_bytes()),
    };
    let now = Clock::System.now();
    proven.check(&MacKey::new(PROOF_SECRET), &told.got("partywall-proof")[0], now).unwrap();
    let parties = Parties { issuer: ISSUER, audience: DEPLOYMENT };
    Context::verify(token, &keys(house), &parties, now, Duration::from_secs(10)).unwrap()
}

#[tokio::test]
async fn a_backend_can_believe_the_context_and_that_it_is_for_this_request() {
    let house = House::new().await;
    let session = house.carol_at(ACME);
    let told =
        ask("POST", "acme.base.test", "/a?b=c").with("cookie", &session).body("x").at(house.address).await;
    let context = believed(&house, &told);
    assert_eq!((context.tenant.id, context.tenant.slug.as_str()), (ACME, "acme"));
    let Some(ContextCaller::User(caller)) = context.caller else { panic!("{context:?}") };
    assert_eq!((caller.user, caller.member.id), (CAROL, carol(ACME, &[]).member));
    assert_eq!(caller.member.name.unwrap().as_str(), "Carol");
    assert_eq!(told.got("partywall-roles"), ["surveys.reader"]);
    assert_eq!(told.got("partywall-request-id").len(), 1);
    assert_eq!(told.headers["partywall-request-id"], told.got("partywall-request-id")[0]);
}

#[tokio::test]
async fn an_anonymous_context_names_the_tenant_and_nobody() {
    let house = House::routed(r#"[{"name": "open", "host": "*.base.test", "open": true}]"#).await;
    let told = get("acme.base.test", "/").at(house.address).await;
    assert_eq!(believed(&house, &told).caller, None);
}

#[tokio::test]
async fn the_token_is_kept_and_the_proof_is_new_for_each_request() {
    let house = House::new().await;
    let session = house.carol_at(ACME);
    let ask = || get("acme.base.test", "/").with("cookie", &session).at(house.address);
    let (one, two) = (ask().await, ask().await);
    assert_eq!(one.got("partywall-context"), two.got("partywall-context"));
    assert_ne!(one.got("partywall-proof"), two.got("partywall-proof"));
}

#[tokio::test]
async fn a_role_that_was_taken_is_not_told_once_the_feed_has_spoken() {
    let house = House::new().await;
    let session = house.carol_at(ACME);
    let ask = || get("acme.base.test", "/").with("cookie", &session).at(house.address);
    assert_eq!(ask().await.got("partywall-roles"), ["surveys.reader"]);
    for grant in house.facts.sessions.lock().unwrap().values_mut() {
        grant.member = carol(ACME, &["surveys.admin", "audit"]);
    }
    house.tell(ACME, names::MEMBER_CHANGED).await;
    let told = ask().await;
    assert_eq!(told.got("partywall-roles"), ["audit,surveys.admin"]);
    let Some(ContextCaller::User(ContextUser { roles, .. })) = believed(&house, &told).caller else {
        panic!()
    };
    assert_eq!(roles.iter().map(|role| role.as_str()).collect::<Vec<_>>(), ["audit", "surveys.admin"]);
}

#[tokio::test]
async fn what_a_client_says_about_itself_is_deleted() {
    let house = House::new().await;
    let told = get("acme.base.test", "/")
        .with("cookie", &house.carol_at(ACME))
        .with("partywall-tenant", "tnt_forged")
        .with("Partywall-User", "usr_forged")
        .with("partywall_roles", "admin")
        .with("partywall-proof", "t=1,n=x,v=y")
        .with("partywall-anything", "x")
        .with("x-forwarded-for", "6.6.6.6")
        .with("x-forwarded-host", "beta.base.test")
        .with("forwarded", "for=6.6.6.6")
        .with("connection", "partywall-tenant, partywall-context")
        .at(house.address)
        .await;
    assert_eq!(told.got("partywall-tenant"), [ACME.to_string()]);
    assert_eq!(told.got("partywall-user"), [CAROL.to_string()]);
    assert_eq!(told.got("partywall-context").len(), 1);
    assert_eq!(told.got("partywall-proof").len(), 1);
    for gone in ["partywall_roles", "partywall-anything"] {
        assert_eq!(told.got(gone), [""; 0], "{gone}");
    }
    assert_eq!(told.got("x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(told.got("x-forwarded-host"), ["acme.base.test"]);
    assert_eq!(told.got("x-forwarded-proto"), ["http"]);
    assert_eq!(told.got("forwarded"), ["for=127.0.0.1;host=\"acme.base.test\";proto=http"]);
}
