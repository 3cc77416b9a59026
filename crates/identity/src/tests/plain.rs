//! Signing in by plain OAuth 2.0: a provider like GitHub or Facebook, without an ID token.

use super::{
    browser::{Browser, Reply},
    console::{AtConsole, api, page},
    house::House,
    provider::pairs,
};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, header},
    response::IntoResponse,
    routing,
};
use domain::Digest;
use http::Method;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc};
use testkit::{Village, World, for_each_engine};
use url::Url;

#[derive(Default)]
struct Inner {
    /// What is said of whom, and the challenge and redirect address of the request, by code.
    codes: HashMap<String, (Value, HashMap<String, String>)>,
    users: HashMap<String, Value>,
    emails: Option<Value>,
}

/// A provider in the shape of GitHub's: numbers for people, refusals with status 200, addresses in a list.
#[derive(Clone)]
struct Hub {
    inner: Arc<Mutex<Inner>>,
    at: String,
}

impl Hub {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hub = Hub { inner: Arc::default(), at: format!("http://{}", listener.local_addr().unwrap()) };
        let router = Router::new()
            .route("/token", routing::post(token))
            .route("/user", routing::get(user))
            .route("/emails", routing::get(emails))
            .with_state(hub.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        hub
    }

    fn issuer(&self, with_emails: bool) -> String {
        let escaped = |path: &str| {
            url::form_urlencoded::byte_serialize(format!("{}{path}", self.at).as_bytes()).collect::<String>()
        };
        let emails = if with_emails { format!("&emails={}", escaped("/emails")) } else { String::new() };
        format!("oauth2+{}/authorize?token={}&user={}{emails}", self.at, escaped("/token"), escaped("/user"))
    }

    /// Somebody agrees there; gives where they are sent back.
    fn authorize(&self, address: &str, user: Value) -> String {
        let query = pairs(address);
        assert!(address.starts_with(&self.at) && !query.contains_key("nonce"));
        assert_eq!(query["code_challenge_method"], "S256");
        let mut back = Url::parse(&query["redirect_uri"]).unwrap();
        let code = format!("code-{}", self.inner.lock().codes.len());
        back.query_pairs_mut().append_pair("code", &code).append_pair("state", &query["state"]);
        self.inner.lock().codes.insert(code, (user, query));
        back.to_string()
    }
}

async fn token(State(hub): State<Hub>, body: String) -> impl IntoResponse {
    let form: HashMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let mut inner = hub.inner.lock();
    let found = inner.codes.remove(&form["code"]).filter(|(_, query)| {
        Digest::of(form["code_verifier"].as_bytes()).to_string() == query["code_challenge"]
            && form["redirect_uri"] == query["redirect_uri"]
            && form["client_id"] == query["client_id"]
            && form["client_secret"] == "hub-secret"
    });
    let answer = match found {
        Some((user, _)) => {
            let access = format!("token-{}", inner.users.len());
            inner.users.insert(access.clone(), user);
            json!({ "access_token": access, "token_type": "bearer", "scope": "read:user" })
        }
        None => json!({ "error": "bad_verification_code" }),
    };
    ([(header::CONTENT_TYPE, "application/json")], answer.to_string())
}

fn holder(hub: &Hub, headers: &HeaderMap) -> Option<Value> {
    let bearer = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
    hub.inner.lock().users.get(bearer).cloned()
}

async fn user(State(hub): State<Hub>, headers: HeaderMap) -> impl IntoResponse {
    holder(&hub, &headers).unwrap_or_else(|| json!({ "message": "Bad credentials" })).to_string()
}

async fn emails(State(hub): State<Hub>, headers: HeaderMap) -> impl IntoResponse {
    let list = holder(&hub, &headers).and_then(|_| hub.inner.lock().emails.clone());
    list.unwrap_or_else(|| json!({ "message": "Bad credentials" })).to_string()
}

async fn connect(world: &World, house: &House, village: &Village, issuer: &str) -> String {
    let admin = AtConsole::person(world, house, village, &village.admin).await;
    let new = json!({
        "issuer": issuer, "name": "Hub", "client_id": "hub-client", "client_secret": "hub-secret",
        "scopes": "read:user user:email",
    });
    let made = admin.send(Method::POST, &api(village, "connections"), new).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    world.raw(&format!("UPDATE connection SET standing = 'active', tested_at = 1 WHERE id = '{id}'")).await;
    house.heard(village).await;
    id
}

async fn come<'h>(
    house: &'h House,
    village: &Village,
    hub: &Hub,
    id: &str,
    user: Value,
) -> (Browser<'h>, Reply) {
    let mut browser = Browser::new(house);
    let start = format!("{}/.partywall/sign-in?return=/&connection={id}", house.origin(village));
    let address = browser.follow(&start).await.location();
    let reply = browser.follow(&hub.authorize(&address, user)).await;
    (browser, reply)
}

#[tokio::test]
async fn a_provider_without_an_id_token_says_who_it_is_at_its_own_endpoint() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let (contoso, hub) = (&house.town.contoso, Hub::start().await);
        let id = connect(world, &house, contoso, &hub.issuer(true)).await;
        hub.inner.lock().emails =
            Some(json!([{ "email": "octo@people.test", "primary": true, "verified": true }]));
        let octo = json!({ "id": 42, "login": "octo", "name": "Octo", "email": "boss@contoso.test" });
        let (mut browser, _) = come(&house, contoso, &hub, &id, octo).await;
        let first = browser.session_at(&house, contoso).await.expect("signed in");
        assert_eq!(
            (&first["member"]["name"], &first["member"]["email"]),
            (&json!("Octo"), &json!("octo@people.test"))
        );
        let renamed = json!({ "id": 42, "login": "another" });
        let (mut browser, _) = come(&house, contoso, &hub, &id, renamed).await;
        assert_eq!(
            browser.session_at(&house, contoso).await.unwrap()["user"],
            first["user"],
            "known by the number"
        );
        let taken = json!({ "id": 43, "login": "octo", "email": "octo@people.test" });
        let (mut browser, _) = come(&house, contoso, &hub, &id, taken).await;
        assert_ne!(
            browser.session_at(&house, contoso).await.unwrap()["user"],
            first["user"],
            "and by nothing else"
        );
        let (_, nobody) = come(&house, contoso, &hub, &id, json!({ "login": "octo" })).await;
        assert_eq!(nobody.status, 502, "{}", nobody.body);
    })
    .await;
}

#[tokio::test]
async fn an_answer_of_plain_oauth_is_good_once_in_one_browser_and_at_its_own_connection() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let (contoso, hub) = (&house.town.contoso, Hub::start().await);
        let id = connect(world, &house, contoso, &hub.issuer(false)).await;
        let start = format!("{}/.partywall/sign-in?return=/&connection={id}", house.origin(contoso));
        let mut victim = Browser::new(&house);
        let mut mallory = Browser::new(&house);
        let address = mallory.follow(&start).await.location();
        let back = hub.authorize(&address, json!({ "id": 666 }));
        assert_eq!(
            victim.follow(&back).await.code(),
            "callback.state",
            "code injection into another browser"
        );
        let other = back.replace(&id, &contoso.connection.to_string());
        assert_eq!(
            mallory.follow(&other).await.code(),
            "callback.state",
            "mix-up: another connection's callback"
        );
        mallory.follow(&back).await;
        assert!(mallory.session_at(&house, contoso).await.is_some());
        assert_eq!(mallory.get(&back).await.code(), "callback.state", "replay");
        let mut again = Browser::new(&house);
        let address = again.follow(&start).await.location();
        let mut stolen = Url::parse(&hub.authorize(&address, json!({ "id": 1 }))).unwrap();
        let state = pairs(stolen.as_str())["state"].clone();
        stolen.query_pairs_mut().clear().append_pair("code", "a-code-of-nobody").append_pair("state", &state);
        let refused = again.follow(stolen.as_str()).await;
        assert!(refused.status.is_client_error() || refused.status.is_server_error(), "{}", refused.status);
        assert!(again.session_at(&house, contoso).await.is_none(), "a refusal with status 200 is one");
        assert!(!address.contains("hub-secret") && address.starts_with(&hub.at));
    })
    .await;
}

#[tokio::test]
async fn plain_oauth_endpoints_that_point_inward_or_pass_for_an_issuer_are_refused() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        for issuer in [
            "oauth2+https://a.test/authorize?token=http%3A%2F%2F169.254.169.254%2Ft&user=https%3A%2F%2Fa.test%2Fu",
            "oauth2+https://a.test/authorize?token=https%3A%2F%2Fa.test%2Ft&user=https%3A%2F%2F10.0.0.1%2Fu",
            "oauth2+file:///etc/passwd?token=x&user=y",
            "oauth2+https://a.test/authorize",
        ] {
            let new = json!({ "issuer": issuer, "client_id": "c", "client_secret": "s" });
            let refused = admin.send(Method::POST, &api(contoso, "connections"), new).await;
            assert!(refused.status.is_client_error() || refused.status == 502, "{issuer}: {}", refused.body);
            assert_ne!(refused.status, 201);
        }
        let presets = admin.get(&api(contoso, "connection-presets")).await.json();
        let github = presets["items"].as_array().unwrap().iter().find(|one| one["name"] == "github").unwrap();
        assert_eq!(github["kind"], "oauth2");
        let shown = admin.get(&page(contoso, "connections/new?preset=github")).await;
        let shown = admin.get(shown.headers["location"].to_str().unwrap()).await;
        assert!(shown.body.contains("api.github.com") && shown.body.contains("register a new OAuth app"), "{}", shown.body);
    })
    .await;
}
