//! Bearer tokens at the door: three issuers that name tenants in three ways, who may choose among tenants, and what
//! those see whose tokens are not believed (ledger A11, A12, A23, B07, C01, C02).

use crate::{
    house::{ACME, BETA, DEPLOYMENT, GAMMA, House, ISSUER},
    wire::{Told, get},
};
use domain::{
    BoundTo, Chance, Clock, Digest, IssuerId, IssuerRules, SigningKey, TenantFrom, TenantId, TokenAlgorithm,
    TokenCaller, digest::MacKey, issuer::name_hash,
};
use gateway::IssuerSpec;
use protocol::{
    JwkSet, Signer,
    context::{Context, ContextCaller, ContextWorkload, Parties},
    jose::published_key_set,
};
use serde_json::{Value, json};
use std::{collections::HashMap, sync::atomic::Ordering::SeqCst, time::Duration};

const ROUTES: &str = r#"[
    {"name": "api", "host": "api.base.test", "map_by": ["header", "token"], "audience": "api", "credentials": ["token"]},
    {"name": "reports", "host": "api.base.test", "path": "/reports", "map_by": ["token"], "audience": "api",
     "credentials": ["token"], "scopes": ["surveys.read"]},
    {"name": "hosts", "host": "*.base.test", "audience": "api", "credentials": ["session", "token", "api_key"]},
    {"name": "pages", "host": "*.base.test", "path": "/pages"},
    {"name": "own", "host": "*", "audience": "api", "credentials": ["token"]},
    {"name": "paths", "host": "app.base.test", "map_by": ["path"], "audience": "api", "credentials": ["token"]},
    {"name": "queries", "host": "query.base.test", "map_by": ["query"], "audience": "api", "credentials": ["token"]}
]"#;
const AUDIENCE: &str = "https://api.base.test";
const NAMES: &[u8] = b"the names of users";

/// An issuer somewhere.
pub(crate) struct Idp {
    id: IssuerId,
    name: &'static str,
    signer: Signer,
}

impl Idp {
    fn new(number: u128, name: &'static str) -> Self {
        let signer = Signer::new("k1", SigningKey::generate(&Chance::system()));
        Idp { id: IssuerId::from_bits(number), name, signer }
    }

    fn spec(&self, tenant_from: TenantFrom, tenants: BoundTo) -> IssuerSpec {
        let rules = IssuerRules {
            issuer: self.name.to_owned(),
            audiences: vec![AUDIENCE.to_owned()],
            algorithms: vec![TokenAlgorithm::Es256, TokenAlgorithm::Rs256],
            typ: None,
            jwks_uri: None,
            tenant_from,
            aliases: [("acme-inc".to_owned(), ACME)].into(),
            tenants,
            scope_claim: "scope".to_owned(),
            caller: TokenCaller::Workload,
        };
        IssuerSpec { id: self.id, rules, users: HashMap::new() }
    }

    /// Publishes the keys that it signs with.
    fn publish(&self, house: &House, signers: &[&Signer]) {
        let set = published_key_set(signers.iter().map(|signer| (signer.kid(), signer.public()))).to_string();
        let keys = JwkSet::parse(set.as_bytes()).unwrap();
        let until = Clock::System.now() + Duration::from_secs(3_600);
        house.gateway.set_issuer_keys(self.id, keys, Digest::of(set.as_bytes()), until);
    }

    fn claims(&self, further: Value) -> Value {
        let now = Clock::System.now().seconds();
        let mut claims =
            json!({ "iss": self.name, "aud": AUDIENCE, "sub": "robot", "iat": now, "exp": now + 300 });
        for (name, value) in further.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    pub(crate) fn token(&self, further: Value) -> String {
        self.signer.sign("at+jwt", &self.claims(further))
    }
}

pub(crate) struct Scene {
    pub(crate) house: House,
    /// Names tenants in `org`, by id, slug or alias, and may speak for all.
    pub(crate) one: Idp,
    /// Names tenants in `tid`, and speaks for Acme and Beta only.
    two: Idp,
    /// Names only its users' addresses.
    three: Idp,
}

impl Scene {
    pub(crate) async fn open() -> Self {
        let house = House::routed(ROUTES).await;
        let one = Idp::new(1, "https://one.test");
        let (two, three) = (Idp::new(2, "https://two.test/tenant/"), Idp::new(3, "https://three.test"));
        let scene = Scene { house, one, two, three };
        scene.register(&[("carol@acme.test", &[ACME, BETA]), ("alice@acme.test", &[ACME])]);
        for idp in [&scene.one, &scene.two, &scene.three] {
            idp.publish(&scene.house, &[&idp.signer]);
        }
        scene
    }

    fn register(&self, users: &[(&str, &[TenantId])]) {
        let names = MacKey::new(NAMES);
        let mut three = self.three.spec(TenantFrom::Users("email".into()), BoundTo::All);
        three.rules.caller = TokenCaller::User;
        for (address, tenants) in users {
            three.users.insert(name_hash(&names, self.three.id, "email", address), tenants.to_vec());
        }
        let one = self.one.spec(TenantFrom::Claim("org".into()), BoundTo::All);
        let two = self.two.spec(TenantFrom::Claim("tid".into()), BoundTo::These(vec![ACME, BETA]));
        self.house.gateway.set_issuers(vec![one, two, three], names);
    }

    async fn ask(&self, host: &str, target: &str, token: &str) -> Told {
        get(host, target).with("authorization", &format!("Bearer {token}")).at(self.house.address).await
    }

    async fn ask_for(&self, tenant: &str, token: &str) -> Told {
        let ask = get("api.base.test", "/").with("tenant-id", tenant);
        ask.with("authorization", &format!("Bearer {token}")).at(self.house.address).await
    }

    fn context(&self, told: &Told) -> (TenantId, ContextWorkload) {
        assert_eq!(told.status, 200, "{}", told.text());
        let key = &self.house.key;
        let set = published_key_set([(key.kid(), key.public())]).to_string();
        let set = JwkSet::parse(set.as_bytes()).unwrap();
        let parties = Parties { issuer: ISSUER, audience: DEPLOYMENT };
        let (token, now) = (&told.got("partywall-context")[0], Clock::System.now());
        let context = Context::verify(token, &set, &parties, now, Duration::from_secs(10)).unwrap();
        let Some(ContextCaller::Workload(workload)) = context.caller else { panic!("{context:?}") };
        (context.tenant.id, workload)
    }
}

fn refused(told: &Told) -> (u16, String) {
    (told.status.as_u16(), told.code())
}

fn is(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn mail(address: &str, verified: Value) -> Value {
    json!({ "email": address, "email_verified": verified })
}

#[tokio::test]
async fn three_issuers_that_name_tenants_differently_give_one_shape_of_context() {
    let scene = Scene::open().await;
    for (idp, further, tenant, person) in [
        (&scene.one, json!({ "org": "acme" }), ACME, false),
        (&scene.one, json!({ "org": GAMMA }), GAMMA, false),
        (&scene.one, json!({ "org": "acme-inc" }), ACME, false),
        (&scene.two, json!({ "tid": BETA }), BETA, false),
        (&scene.three, mail("Alice@Acme.test", json!(true)), ACME, true),
    ] {
        let mut further = further;
        further["scope"] = json!("surveys.read openid surveys.read Odd:Scope");
        let told = scene.ask("api.base.test", "/", &idp.token(further)).await;
        let (at, workload) = scene.context(&told);
        assert_eq!((at, workload.issuer, workload.person), (tenant, idp.id, person));
        assert_eq!(workload.subject, "robot");
        assert_eq!(told.got("partywall-tenant"), [tenant.to_string()]);
        assert!(told.got("partywall-scopes")[0].contains("surveys.read"));
        assert!(told.got("partywall-user").is_empty() && told.got("partywall-subscriber").is_empty());
        assert!(told.got("authorization").is_empty(), "the token was meant for us");
    }
}

#[tokio::test]
async fn an_unverified_address_an_unregistered_issuer_and_a_tenant_out_of_bounds_are_refused() {
    let scene = Scene::open().await;
    let hits = scene.house.backend.hits();
    for further in [
        mail("alice@acme.test", json!(false)),
        mail("alice@acme.test", json!("true")),
        mail("alice@acme.test", json!(1)),
        json!({ "email": "alice@acme.test" }),
        json!({}),
    ] {
        let told = scene.ask("api.base.test", "/", &scene.three.token(further)).await;
        assert_eq!(refused(&told), is(401, "bearer.tenant"));
    }
    let nobody = scene.three.token(mail("nobody@acme.test", json!(true)));
    assert_eq!(refused(&scene.ask("api.base.test", "/", &nobody).await), is(403, "tenant.unknown"));
    let stranger = Idp::new(9, "https://nine.test").token(json!({ "org": "acme" }));
    let told = scene.ask("api.base.test", "/", &stranger).await;
    assert_eq!(refused(&told), is(401, "bearer.issuer"));
    assert_eq!(told.headers["www-authenticate"], "Bearer error=\"invalid_token\"");
    // The second issuer does not speak for Gamma, which learns that somebody tried.
    let recorded = scene.house.refused().len();
    let beyond = scene.ask("api.base.test", "/", &scene.two.token(json!({ "tid": GAMMA }))).await;
    let absent = scene.ask("api.base.test", "/", &scene.two.token(json!({ "tid": "nosuch" }))).await;
    assert_eq!((beyond.status, beyond.shape()), (absent.status, absent.shape()));
    let refused = scene.house.refused();
    assert_eq!((refused.len(), refused[recorded].at), (recorded + 1, GAMMA));
    assert_eq!(scene.house.backend.hits(), hits, "nothing reached the backend");
}

#[tokio::test]
async fn somebody_in_several_tenants_chooses_one_in_each_request() {
    let scene = Scene::open().await;
    let carol = scene.three.token(mail("carol@acme.test", json!(true)));
    let alice = scene.three.token(mail("alice@acme.test", json!(true)));
    for _ in 0..2 {
        for (name, tenant) in [("acme", ACME), ("beta", BETA)] {
            assert_eq!(scene.context(&scene.ask_for(name, &carol).await).0, tenant);
        }
    }
    assert_eq!(refused(&scene.ask("api.base.test", "/", &carol).await), is(400, "tenant.unnamed"));
    for (who, tenant) in [(&carol, "gamma"), (&alice, "beta"), (&carol, "nosuch")] {
        assert_eq!(refused(&scene.ask_for(tenant, who).await), is(403, "tenant.unknown"));
    }
    // Her address is taken off the second tenant: what was remembered is not believed.
    scene.register(&[("carol@acme.test", &[ACME]), ("alice@acme.test", &[ACME])]);
    assert_eq!(refused(&scene.ask_for("beta", &carol).await), is(403, "tenant.unknown"));
    assert_eq!(scene.context(&scene.ask("api.base.test", "/", &carol).await).0, ACME);
}

#[tokio::test]
async fn a_token_of_one_tenant_is_worthless_at_another_whatever_names_it() {
    let scene = Scene::open().await;
    let token = scene.one.token(json!({ "org": "acme" }));
    assert_eq!(scene.ask("acme.base.test", "/", &token).await.status, 200);
    assert_eq!(scene.ask("www.acme.test", "/", &token).await.status, 200);
    let (hits, recorded) = (scene.house.backend.hits(), scene.house.refused().len());
    let attempts = [
        scene.ask("beta.base.test", "/", &token).await,
        scene.ask("app.base.test", "/beta/", &token).await,
        scene.ask("query.base.test", "/?tenant=beta", &token).await,
        scene.ask_for("beta", &token).await,
        scene.ask_for(&GAMMA.to_string(), &token).await,
    ];
    let absent = scene.ask_for("nosuch", &token).await;
    for told in attempts {
        assert_eq!((told.status.as_u16(), told.shape()), (403, absent.shape()));
    }
    assert_eq!(scene.house.backend.hits(), hits, "nothing reached the backend");
    assert_eq!(scene.house.refused().len(), recorded + 5, "and each was recorded");
    // Two identifiers of which one is the token's: still no.
    let both = get("acme.base.test", "/").with("tenant-id", "beta");
    let told = both.with("authorization", &format!("Bearer {token}")).at(scene.house.address).await;
    assert_eq!(told.status, 403);
}

#[tokio::test]
async fn what_is_wrong_with_a_token_is_told_apart() {
    let scene = Scene::open().await;
    let now = Clock::System.now().seconds();
    let with = |further: Value| scene.one.token(json!({ "org": "acme" }).tap(further));
    for (token, code) in [
        (with(json!({ "aud": "https://other.test" })), "bearer.audience"),
        (with(json!({ "exp": now - 61 })), "bearer.expired"),
        (with(json!({ "nbf": now + 120 })), "bearer.not-yet"),
        (with(json!({ "iss": "https://one.test/" })), "bearer.issuer"),
        (with(json!({ "org": 7 })), "bearer.tenant"),
        (with(json!({ "org": [] })), "bearer.tenant"),
        (with(json!({ "sub": "" })), "bearer.refused"),
        (Idp::new(1, scene.one.name).token(json!({ "org": "acme" })), "bearer.refused"),
        (scene.one.signer.sign("logout+jwt", &scene.one.claims(json!({ "org": "acme" }))), "bearer.refused"),
        ("no.token.atall".to_owned(), "bearer.refused"),
    ] {
        let told = scene.ask("api.base.test", "/", &token).await;
        assert_eq!(refused(&told), is(401, code));
        let challenge = told.headers["www-authenticate"].to_str().unwrap();
        assert!(challenge.starts_with("Bearer error=\"invalid_token\""), "{challenge}");
    }
    let none = get("api.base.test", "/").at(scene.house.address).await;
    assert_eq!(
        (refused(&none), &none.headers["www-authenticate"]),
        (is(401, "bearer.needed"), &"Bearer".parse().unwrap())
    );
}

trait Tap {
    fn tap(self, further: Value) -> Value;
}

impl Tap for Value {
    fn tap(mut self, further: Value) -> Value {
        further.as_object().unwrap().iter().for_each(|(name, value)| self[name] = value.clone());
        self
    }
}

#[tokio::test]
async fn a_token_is_good_for_the_scopes_that_the_route_asks_for() {
    let scene = Scene::open().await;
    let bare = scene.one.token(json!({ "org": "acme", "scope": "surveys.write" }));
    let told = scene.ask("api.base.test", "/reports", &bare).await;
    assert_eq!(refused(&told), is(403, "scope.missing"));
    assert_eq!(told.headers["www-authenticate"], "Bearer error=\"insufficient_scope\"");
    let reads = scene.one.token(json!({ "org": "acme", "scope": "surveys.write surveys.read" }));
    assert_eq!(scene.ask("api.base.test", "/reports", &reads).await.status, 200);
}

#[tokio::test]
async fn a_token_is_taken_only_where_the_route_says_so_and_stands_in_one_place() {
    let scene = Scene::open().await;
    let token = scene.one.token(json!({ "org": "acme" }));
    let session = scene.house.carol_at(ACME);
    let told = scene.ask("acme.base.test", "/pages", &token).await;
    assert_eq!(refused(&told), is(401, "credential.kind"));
    // A token of nobody that is registered is the application's own affair there.
    let theirs = Idp::new(9, "https://nine.test").token(json!({}));
    let bearer = format!("Bearer {theirs}");
    let ask = get("acme.base.test", "/pages").with("cookie", &session).with("authorization", &bearer);
    assert_eq!(ask.at(scene.house.address).await.got("authorization"), [bearer]);
    let bearer = format!("Bearer {token}");
    let address = scene.house.address;
    let twice = get("api.base.test", "/").with("authorization", &bearer).with("authorization", &bearer);
    assert_eq!(refused(&twice.at(address).await), is(400, "credential.several"));
    let both = get("acme.base.test", "/").with("authorization", &bearer).with("cookie", &session);
    assert_eq!(refused(&both.at(address).await), is(400, "credential.several"));
    let key = scene.house.key_of(ACME, |_| {});
    let both = get("acme.base.test", "/").with("authorization", &bearer).with("x-api-key", &key);
    assert_eq!(refused(&both.at(address).await), is(400, "credential.several"));
    let cookie = get("api.base.test", "/").with("authorization", &bearer).with("cookie", &session);
    assert_eq!(cookie.at(address).await.status, 200, "a browser sends cookies unasked");
    for odd in [format!("Bearer {token} x"), "Bearer".to_owned(), format!("Bearer {token},{token}")] {
        let told = get("api.base.test", "/").with("authorization", &odd).at(address).await;
        assert_eq!(refused(&told), is(401, "bearer.refused"), "{odd}");
    }
    let query = get("api.base.test", &format!("/?access_token={token}")).at(address).await;
    assert_eq!(refused(&query), is(401, "bearer.needed"), "never in the address");
    // A token maps where the route says so, and nowhere else.
    let unnamed = get("query.base.test", "/").with("authorization", &bearer).at(address).await;
    assert_ne!(unnamed.status, 200);
}

#[tokio::test]
async fn nothing_of_our_own_passes_for_a_token() {
    let scene = Scene::open().await;
    let told = scene.ask("acme.base.test", "/", &scene.one.token(json!({ "org": "acme" }))).await;
    let context = told.got("partywall-context")[0].clone();
    let session = scene.house.carol_at(ACME);
    let cookie = session.trim_start_matches("pw_session=").to_owned();
    for ours in [context, cookie, format!("pwo_{}", "a".repeat(43))] {
        let told = scene.ask("api.base.test", "/", &ours).await;
        assert_eq!(told.status, 401, "{}", told.text());
    }
}

#[tokio::test]
async fn neither_a_warm_token_nor_a_new_one_asks_anybody() {
    let scene = Scene::open().await;
    let token = scene.one.token(json!({ "org": "acme" }));
    assert_eq!(scene.ask("api.base.test", "/", &token).await.status, 200);
    scene.house.facts.away.store(true, SeqCst);
    scene.house.gateway.note_issuer_away(scene.one.id, "nobody answers".into());
    assert_eq!(scene.ask("api.base.test", "/", &token).await.status, 200);
    let fresh = scene.one.token(json!({ "org": "beta", "n": 2 }));
    assert_eq!(scene.ask("api.base.test", "/", &fresh).await.status, 200, "a new token asks nobody either");
}

#[tokio::test]
async fn what_was_believed_is_asked_again_when_the_tenant_the_issuer_or_its_keys_change() {
    let scene = Scene::open().await;
    let token = scene.one.token(json!({ "org": "acme" }));
    assert_eq!(scene.context(&scene.ask("api.base.test", "/", &token).await).0, ACME);
    // The slug is another's now.
    scene.house.change(ACME, |record| record.slug = "acme-old".parse().unwrap()).await;
    assert_eq!(refused(&scene.ask("api.base.test", "/", &token).await), is(403, "tenant.unknown"));
    scene.house.change(BETA, |record| record.slug = "acme".parse().unwrap()).await;
    assert_eq!(scene.context(&scene.ask("api.base.test", "/", &token).await).0, BETA);
    // The key is withdrawn.
    let next = Signer::new("k2", SigningKey::generate(&Chance::system()));
    scene.one.publish(&scene.house, &[&next]);
    assert_eq!(refused(&scene.ask("api.base.test", "/", &token).await), is(401, "bearer.refused"));
    // The issuer is removed.
    scene.house.gateway.set_issuers(vec![], MacKey::new(NAMES));
    let other = scene.two.token(json!({ "tid": "acme" }));
    assert_eq!(refused(&scene.ask("api.base.test", "/", &other).await), is(401, "bearer.issuer"));
}

#[tokio::test]
async fn keys_roll_without_a_failed_request() {
    let scene = Scene::open().await;
    let old = scene.one.token(json!({ "org": "acme" }));
    let next = Signer::new("k2", SigningKey::generate(&Chance::system()));
    let new = next.sign("at+jwt", &scene.one.claims(json!({ "org": "acme" })));
    let fetch = async {
        scene.house.gateway.keys_wanted().await;
        let wanted: Vec<_> = scene.house.gateway.issuers().into_iter().filter(|one| one.wanted).collect();
        assert_eq!(wanted.iter().map(|one| one.id).collect::<Vec<_>>(), [scene.one.id]);
        scene.one.publish(&scene.house, &[&scene.one.signer, &next]);
    };
    // Registering them left a wish for first keys, which was met.
    scene.house.gateway.keys_wanted().await;
    let (told, ()) = tokio::join!(scene.ask("api.base.test", "/", &new), fetch);
    assert_eq!(told.status, 200, "the first request with the new key waits for it: {}", told.text());
    assert_eq!(scene.ask("api.base.test", "/", &old).await.status, 200, "the old one is published still");
    // Whoever makes up keys makes us ask no more often.
    let forged = Signer::new("k9", SigningKey::generate(&Chance::system()));
    for number in 0..5 {
        let forged = forged.sign("at+jwt", &scene.one.claims(json!({ "org": "acme", "n": number })));
        assert_eq!(refused(&scene.ask("api.base.test", "/", &forged).await), is(401, "bearer.refused"));
    }
}

#[tokio::test]
async fn keys_that_are_too_old_are_not_believed_and_that_is_nobodys_fault() {
    let scene = Scene::open().await;
    let set = published_key_set([("k1", scene.one.signer.public())]).to_string();
    let keys = JwkSet::parse(set.as_bytes()).unwrap();
    let over = Clock::System.now() - Duration::from_secs(1);
    scene.house.gateway.set_issuer_keys(scene.one.id, keys, Digest::of(b"other"), over);
    let away = async {
        scene.house.gateway.keys_wanted().await;
        scene.house.gateway.keys_wanted().await;
        scene.house.gateway.note_issuer_away(scene.one.id, "nobody answers".into());
    };
    let token = scene.one.token(json!({ "org": "acme" }));
    let (told, ()) = tokio::join!(scene.ask("api.base.test", "/", &token), away);
    assert_eq!(refused(&told), is(503, "bearer.keys-away"));
    assert!(told.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn failed_verifications_are_bounded_for_each_address() {
    let scene = Scene::open().await;
    let forger = Idp::new(1, scene.one.name);
    let mut last = String::new();
    for number in 0..100 {
        last = scene.ask("api.base.test", "/", &forger.token(json!({ "n": number }))).await.code();
    }
    assert_eq!(last, "limit.exceeded");
    let warm = scene.one.token(json!({ "org": "acme" }));
    assert_eq!(scene.ask("api.base.test", "/", &warm).await.code(), "limit.exceeded");
}

#[tokio::test]
async fn an_explanation_says_how_far_a_token_comes() {
    let scene = Scene::open().await;
    let steps = |token: &str| {
        let steps = scene.house.gateway.explain_token(token);
        let last = steps.last().cloned().unwrap();
        (last.step, last.passed, last.how)
    };
    let good = scene.one.token(json!({ "org": "acme", "scope": "surveys.read" }));
    assert_eq!(steps(&good).0, "verdict");
    assert!(scene.house.gateway.explain_token(&good).iter().any(|step| step.how.contains("surveys.read")));
    let recorded = scene.house.refused().len();
    for (token, step) in [
        ("x".to_owned(), "form"),
        (Idp::new(9, "https://nine.test").token(json!({})), "issuer"),
        (scene.one.token(json!({ "aud": "x" })), "token"),
        (scene.two.token(json!({ "tid": GAMMA })), "tenant"),
    ] {
        let (at, passed, how) = steps(&token);
        assert_eq!((at, passed), (step, false), "{how}");
    }
    assert_eq!(scene.house.refused().len(), recorded, "it is only played through");
}
