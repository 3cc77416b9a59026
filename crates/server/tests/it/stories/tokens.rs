//! Bearer tokens of three organisations' own issuers, from the operator who registers them to the backend that is told
//! whose the request is (ledger A11, A12, A23, B07, C01, C02).

use crate::town::{Engine, Town};
use axum::{Router, extract::State, routing::get};
use demo::client::{Ask, Browser};
use domain::{Chance, Clock, SigningKey};
use protocol::{Signer, jose::published_key_set};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// The host at which only tokens are taken.
const API: &str = "calls.partywall.localhost";
const AUDIENCE: &str = "https://api.partywall.test";

/// An issuer of tokens that knows nothing of us.
struct Idp {
    url: String,
    signers: Arc<Mutex<Vec<Arc<Signer>>>>,
    serving: tokio::task::JoinHandle<()>,
}

fn signer(kid: &str) -> Arc<Signer> {
    Arc::new(Signer::new(kid, SigningKey::generate(&Chance::system())))
}

impl Idp {
    async fn start() -> Self {
        let signers = Arc::new(Mutex::new(vec![signer("k1")]));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has ports");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let metadata = json!({ "issuer": url, "jwks_uri": format!("{url}/keys") }).to_string();
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(async move || metadata))
            .route("/keys", get(keys))
            .with_state(signers.clone());
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves until it is stopped");
        });
        Idp { url, signers, serving }
    }

    fn token(&self, further: Value) -> String {
        let now = Clock::System.now().seconds();
        let mut claims =
            json!({ "iss": self.url, "aud": AUDIENCE, "sub": "robot", "iat": now, "exp": now + 600 });
        for (name, value) in further.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        let signer = self.signers.lock().expect("nobody panics here").last().cloned().expect("it has a key");
        signer.sign("at+jwt", &claims)
    }

    /// Signs with a new key from now on, and publishes both.
    fn roll(&self) {
        self.signers.lock().expect("nobody panics here").push(signer("k2"));
    }
}

impl Drop for Idp {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn keys(State(signers): State<Arc<Mutex<Vec<Arc<Signer>>>>>) -> String {
    let signers = signers.lock().expect("nobody panics here");
    published_key_set(signers.iter().map(|signer| (signer.kid(), signer.public()))).to_string()
}

/// What the node answers to a call with this token: the status, and the body where it is JSON.
async fn call(town: &Town, path: &str, tenant: &str, token: &str) -> (u16, Value) {
    let port = town.node.port;
    let mut ask = Ask::get(&format!("http://127.0.0.1:{port}{path}"))
        .with("host", &format!("{API}:{port}"))
        .with("accept", "application/json")
        .with("authorization", &format!("Bearer {token}"));
    if !tenant.is_empty() {
        ask = ask.with("tenant-id", tenant);
    }
    let page = Browser::new().send(&ask).await.expect("the gateway answers");
    (page.status.as_u16(), page.json().unwrap_or(Value::Null))
}

struct Three {
    one: Idp,
    two: Idp,
    three: Idp,
}

/// The routes, and three issuers that name tenants in three ways.
async fn register(town: &Town) -> Three {
    let routes = json!([
        { "name": "tenants", "host": "*.partywall.localhost" },
        { "name": "calls", "host": API, "map_by": ["header", "token"], "audience": "api", "credentials": ["token"] },
        { "name": "reports", "host": API, "path": "/reports", "map_by": ["token"], "audience": "api",
          "credentials": ["token"], "scopes": ["surveys.read"] },
    ]);
    let file = town.folder.path().join("routes.json");
    std::fs::write(&file, routes.to_string()).expect("the folder can be written");
    town.node.run(&["route", "put", file.to_str().expect("a plain path")]);
    let (one, two, three) = (Idp::start().await, Idp::start().await, Idp::start().await);
    let audience = ["--audience", AUDIENCE];
    let add = |url: &str, more: &[&str]| {
        let words = [&["issuer", "add", url][..], &audience, more].concat();
        town.node.run(&words)["id"].as_str().expect("an id").to_owned()
    };
    add(&one.url, &["--tenant-claim", "org", "--all-tenants"]);
    add(&two.url, &["--tenant-claim", "tid", "--tenant", "fabrikam"]);
    let by_mail = add(&three.url, &["--user-claim", "email", "--all-tenants", "--caller", "user"]);
    for tenant in ["contoso", "fabrikam"] {
        town.node.run(&["issuer", "assign", &by_mail, "carol@example.test", tenant]);
    }
    town.node.run(&["issuer", "assign", &by_mail, "alice@example.test", "contoso"]);
    town.eventually(async || {
        let issuers = town.node.run(&["issuer", "list"]);
        let listed = issuers["items"].as_array().or(issuers.as_array()).cloned().unwrap_or_default();
        (listed.len() == 3 && listed.iter().all(|issuer| issuer["keys"] == 1)).then_some(())
    })
    .await;
    Three { one, two, three }
}

fn mail(address: &str, verified: bool) -> Value {
    json!({ "email": address, "email_verified": verified })
}

async fn three_issuers(engine: Engine) {
    let town = Town::build(engine).await;
    let idps = register(&town).await;
    let good = idps.three.token(mail("carol@example.test", true));
    town.eventually(async || (call(&town, "/", "contoso", &good).await.0 == 200).then_some(())).await;
    for (token, tenant, person) in [
        (idps.one.token(json!({ "org": "contoso" })), &town.contoso, false),
        (idps.two.token(json!({ "tid": town.fabrikam })), &town.fabrikam, false),
        (idps.three.token(mail("Alice@Example.test", true)), &town.contoso, true),
    ] {
        let (status, seen) = call(&town, "/", "", &token).await;
        assert_eq!(status, 200, "{seen}");
        let headers = &seen["headers"];
        assert_eq!(headers["partywall-tenant"], tenant.as_str());
        assert!(headers["authorization"].is_null() && headers["partywall-user"].is_null(), "{headers}");
        let context =
            headers["partywall-context"].as_str().expect("a context").split('.').nth(1).map(decoded);
        let context = context.expect("three parts");
        assert_eq!((&context["kind"], &context["workload"]["person"]), (&json!("workload"), &json!(person)));
    }
    // She chooses between her tenants on one sign-in; others' are not to be had.
    for (tenant, id) in [("contoso", &town.contoso), ("fabrikam", &town.fabrikam), ("contoso", &town.contoso)]
    {
        let (status, seen) = call(&town, "/", tenant, &good).await;
        assert_eq!((status, &seen["headers"]["partywall-tenant"]), (200, &json!(id)));
    }
    let hits = town.backend.hits();
    let alice = idps.three.token(mail("alice@example.test", true));
    for (token, tenant, status, code) in [
        (good.clone(), "house", 403, "tenant.unknown"),
        (good.clone(), "", 400, "tenant.unnamed"),
        (alice, "fabrikam", 403, "tenant.unknown"),
        (idps.three.token(mail("alice@example.test", false)), "", 401, "bearer.tenant"),
        (idps.two.token(json!({ "tid": town.contoso })), "", 403, "tenant.unknown"),
        (idps.one.token(json!({ "org": "contoso" })), "fabrikam", 403, "tenant.unknown"),
        (idps.one.token(json!({ "org": "contoso", "aud": "x" })), "", 401, "bearer.audience"),
        (idps.one.token(json!({ "org": "contoso", "iss": "http://127.0.0.1:1" })), "", 401, "bearer.issuer"),
        (idps.one.token(json!({ "org": "contoso", "exp": 1 })), "", 401, "bearer.expired"),
    ] {
        let (seen, body) = call(&town, "/", tenant, &token).await;
        assert_eq!((seen, &body["code"]), (status, &json!(code)), "{body}");
    }
    let (status, body) = call(&town, "/reports", "", &idps.one.token(json!({ "org": "contoso" }))).await;
    assert_eq!((status, &body["code"]), (403, &json!("scope.missing")));
    assert_eq!(town.backend.hits(), hits, "nothing that was refused reached the backend");
    let reads = idps.one.token(json!({ "org": "contoso", "scope": "surveys.read" }));
    assert_eq!(call(&town, "/reports", "", &reads).await.0, 200);
    // The issuer rolls its key, and the first request with it is answered.
    idps.one.roll();
    let rolled = idps.one.token(json!({ "org": "contoso" }));
    let (status, seen) = call(&town, "/", "", &rolled).await;
    assert_eq!(status, 200, "{seen}");
    let (_, out, _) = town.node.try_run(&["issuer", "test", &rolled]);
    assert!(out.contains("\"believed\":true") || out.contains("\"believed\": true"), "{out}");
    let trail = town.node.run(&["audit", "list", "--action", "security.cross-tenant"]);
    assert!(trail["items"].as_array().is_some_and(|lines| lines.len() >= 3), "{trail}");
}

fn decoded(part: &str) -> Value {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

#[tokio::test]
async fn three_issuers_give_one_shape_of_context_on_sqlite() {
    three_issuers(Engine::Sqlite).await;
}

#[tokio::test]
async fn three_issuers_give_one_shape_of_context_on_postgresql() {
    three_issuers(Engine::Postgres).await;
}

#[tokio::test]
async fn tokens_are_believed_while_the_database_and_their_issuer_are_away() {
    let town = Town::build(Engine::Postgres).await;
    let idps = register(&town).await;
    let warm = idps.one.token(json!({ "org": "contoso" }));
    town.eventually(async || (call(&town, "/", "", &warm).await.0 == 200).then_some(())).await;
    let fresh =
        [json!({ "org": "contoso", "n": 1 }), json!({ "org": "fabrikam" })].map(|said| idps.one.token(said));
    drop(idps);
    town.take_database_away();
    for token in [&warm, &fresh[0], &fresh[1]] {
        let (status, seen) = call(&town, "/", "", token).await;
        assert_eq!(status, 200, "{seen}");
    }
}
