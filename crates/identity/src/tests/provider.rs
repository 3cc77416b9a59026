//! A provider that lives in the tests: an issuer on a loopback port, with faults on demand.

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing,
};
use domain::{Chance, Clock, Digest, SigningKey};
use parking_lot::Mutex;
use protocol::jose::{Signer, published_key_set};
use serde_json::{Map, Value, json};
use std::{collections::HashMap, sync::Arc};
use url::Url;

/// Somebody with an account at a provider.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) subject: String,
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
    /// What else the provider says of them.
    pub(crate) more: Map<String, Value>,
}

impl Account {
    /// Somebody whom the provider gives a name and an address.
    pub(crate) fn of(who: &str) -> Self {
        Account {
            subject: who.to_owned(),
            name: Some(who.to_owned()),
            email: Some(format!("{who}@people.test")),
            more: Map::new(),
        }
    }

    /// Somebody of whom it says nothing but the subject.
    pub(crate) fn bare(subject: &str) -> Self {
        Account { subject: subject.to_owned(), name: None, email: None, more: Map::new() }
    }

    /// The same, of whom the provider says this too.
    pub(crate) fn saying(mut self, name: &str, value: Value) -> Self {
        self.more.insert(name.to_owned(), value);
        self
    }
}

/// What goes wrong.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// Says nothing at all, to anybody.
    pub(crate) hangs: bool,
    /// Answers 503 to everything.
    pub(crate) is_away: bool,
    /// Puts this nonce into its ID tokens.
    pub(crate) nonce: Option<String>,
    /// Takes every code as often as it is shown.
    pub(crate) takes_codes_again: bool,
    /// Knows us as a client that shows its secret in the body, whatever its metadata says.
    pub(crate) wants_the_secret_in_the_body: bool,
    /// Answers at its userinfo endpoint with this status, type and body; none for what it knows.
    pub(crate) userinfo: Option<(u16, &'static str, String)>,
    /// Never answers there.
    pub(crate) userinfo_hangs: bool,
}

struct Code {
    account: Account,
    nonce: String,
    challenge: String,
    client: String,
    redirect: String,
}

struct Inner {
    issuer: String,
    signer: Signer,
    faults: Faults,
    codes: HashMap<String, Code>,
    /// What is told at the userinfo endpoint only, and to whom.
    discreet: bool,
    access: HashMap<String, Account>,
    asked: Vec<&'static str>,
}

/// The provider.
#[derive(Clone)]
pub(crate) struct Provider {
    inner: Arc<Mutex<Inner>>,
    clock: Clock,
    chance: Chance,
}

impl Provider {
    pub(crate) async fn start(clock: &Clock) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let chance = Chance::system();
        let signer = Signer::new("first", SigningKey::generate(&chance));
        let inner = Inner {
            issuer,
            signer,
            faults: Faults::default(),
            codes: HashMap::new(),
            discreet: false,
            access: HashMap::new(),
            asked: Vec::new(),
        };
        let provider = Provider { inner: Arc::new(Mutex::new(inner)), clock: clock.clone(), chance };
        let router = Router::new()
            .route("/.well-known/openid-configuration", routing::get(metadata))
            .route("/keys", routing::get(keys))
            .route("/token", routing::post(token))
            .route("/me", routing::get(userinfo))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        provider
    }

    pub(crate) fn issuer(&self) -> String {
        self.inner.lock().issuer.clone()
    }

    /// From now on this goes wrong.
    pub(crate) fn fail(&self, faults: Faults) {
        self.inner.lock().faults = faults;
    }

    /// From now on tells name and address at its userinfo endpoint only.
    pub(crate) fn be_discreet(&self) {
        self.inner.lock().discreet = true;
    }

    /// Signs with another key from now on.
    pub(crate) fn roll(&self, kid: &str) {
        self.inner.lock().signer = Signer::new(kid, SigningKey::generate(&self.chance));
    }

    /// How often this was asked for: `metadata`, `keys`, `token` or `userinfo`.
    pub(crate) fn times(&self, what: &str) -> usize {
        self.inner.lock().asked.iter().filter(|asked| **asked == what).count()
    }

    /// Somebody signs in at the address that their browser was sent to; gives where it is sent back.
    pub(crate) fn authorize(&self, address: &str, account: &Account) -> String {
        let query: HashMap<String, String> = pairs(address);
        let code = self.chance.token();
        let redirect = query["redirect_uri"].clone();
        assert_eq!(query["code_challenge_method"], "S256");
        let entry = Code {
            account: account.clone(),
            nonce: query["nonce"].clone(),
            challenge: query["code_challenge"].clone(),
            client: query["client_id"].clone(),
            redirect: redirect.clone(),
        };
        self.inner.lock().codes.insert(code.clone(), entry);
        let mut back = Url::parse(&redirect).unwrap();
        back.query_pairs_mut().append_pair("code", &code).append_pair("state", &query["state"]);
        back.to_string()
    }

    /// Somebody thinks better of it there.
    pub(crate) fn cancel(&self, address: &str) -> String {
        let query = pairs(address);
        let mut back = Url::parse(&query["redirect_uri"]).unwrap();
        back.query_pairs_mut().append_pair("error", "access_denied").append_pair("state", &query["state"]);
        back.to_string()
    }

    async fn answer(&self, what: &'static str, say: impl FnOnce(&mut Inner) -> Response) -> Response {
        let faults = {
            let mut inner = self.inner.lock();
            inner.asked.push(what);
            inner.faults.clone()
        };
        if faults.hangs {
            std::future::pending::<()>().await;
        }
        if faults.is_away {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        say(&mut self.inner.lock())
    }
}

/// The query of an address.
pub(crate) fn pairs(address: &str) -> HashMap<String, String> {
    Url::parse(address).unwrap().query_pairs().into_owned().collect()
}

async fn metadata(State(provider): State<Provider>) -> Response {
    let say = |inner: &mut Inner| {
        let at = |path: &str| format!("{}{path}", inner.issuer);
        json_of(&json!({
            "issuer": inner.issuer,
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "jwks_uri": at("/keys"),
            "userinfo_endpoint": at("/me"),
            "end_session_endpoint": at("/logout"),
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["ES256"],
        }))
    };
    provider.answer("metadata", say).await
}

async fn keys(State(provider): State<Provider>) -> Response {
    let say = |inner: &mut Inner| json_of(&published_key_set([(inner.signer.kid(), inner.signer.public())]));
    provider.answer("keys", say).await
}

async fn token(State(provider): State<Provider>, headers: HeaderMap, body: Bytes) -> Response {
    let now = provider.clock.now().seconds();
    let say = |inner: &mut Inner| {
        let form: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
        let found = match inner.faults.takes_codes_again {
            true => inner.codes.get(&form["code"]),
            false => inner.codes.remove(&form["code"]).map(|code| &*Box::leak(Box::new(code))),
        };
        let in_header =
            headers.get(header::AUTHORIZATION).is_some_and(|value| value.as_bytes().starts_with(b"Basic "));
        let in_body = form.contains_key("client_secret");
        if (in_header, in_body)
            != (!inner.faults.wants_the_secret_in_the_body, inner.faults.wants_the_secret_in_the_body)
        {
            return (StatusCode::UNAUTHORIZED, json_of(&json!({ "error": "invalid_client" })))
                .into_response();
        }
        let Some(code) = found.filter(|code| {
            Digest::of(form["code_verifier"].as_bytes()).to_string() == code.challenge
                && form["redirect_uri"] == code.redirect
        }) else {
            return (StatusCode::BAD_REQUEST, json_of(&json!({ "error": "invalid_grant" }))).into_response();
        };
        let claims = claims(inner, code, now);
        let id_token = inner.signer.sign("JWT", &claims);
        let (access, account) = (provider.chance.token(), code.account.clone());
        let answer = json!({ "token_type": "Bearer", "access_token": access, "id_token": id_token });
        inner.access.insert(access, account);
        json_of(&answer)
    };
    provider.answer("token", say).await
}

async fn userinfo(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let access = bearer.and_then(|bearer| bearer.strip_prefix("Bearer ")).unwrap_or_default().to_owned();
    let hangs = provider.inner.lock().faults.userinfo_hangs;
    let say = |inner: &mut Inner| match (&inner.faults.userinfo, inner.access.get(&access)) {
        (Some((status, kind, body)), _) => {
            let status = StatusCode::from_u16(*status).unwrap();
            (status, [(header::CONTENT_TYPE, *kind)], body.clone()).into_response()
        }
        (None, None) => StatusCode::UNAUTHORIZED.into_response(),
        (None, Some(account)) => {
            let mut told = Map::from_iter([("sub".to_owned(), json!(account.subject))]);
            tell(&mut told, account);
            json_of(&Value::Object(told))
        }
    };
    let answer = provider.answer("userinfo", say).await;
    if hangs {
        std::future::pending::<()>().await;
    }
    answer
}

fn claims(inner: &Inner, code: &Code, now: i64) -> Value {
    let mut claims = Map::from_iter([
        ("iss".to_owned(), json!(inner.issuer)),
        ("aud".to_owned(), json!(code.client)),
        ("sub".to_owned(), json!(code.account.subject)),
        ("nonce".to_owned(), json!(inner.faults.nonce.as_ref().unwrap_or(&code.nonce))),
        ("iat".to_owned(), json!(now)),
        ("exp".to_owned(), json!(now + 300)),
    ]);
    if !inner.discreet {
        tell(&mut claims, &code.account);
    }
    Value::Object(claims)
}

fn tell(claims: &mut Map<String, Value>, account: &Account) {
    for (name, value) in [("name", &account.name), ("email", &account.email)] {
        if let Some(value) = value {
            claims.insert(name.to_owned(), json!(value));
        }
    }
    claims.extend(account.more.clone());
}

fn json_of(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}
