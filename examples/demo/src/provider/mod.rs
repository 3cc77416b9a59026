//! An OpenID Connect provider, one for each organisation of the demonstration.
//!
//! It stands for what a customer brings along: Entra, Okta, Keycloak. It is strict where those are strict
//! (redirect addresses match exactly, PKCE is required, a code works once and for a minute), so that a
//! sign-in that works here proves something. It keeps everything in memory and its passwords are on the
//! page, which is why it lives in the demo and never in the product.

mod applications;
mod authorize;
mod discovery;
mod keys;
mod people;
mod sign_in;
mod sign_out;
mod token;
mod userinfo;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::chance;
use crate::clock::Clock;

pub use applications::Application;
pub use keys::Algorithm;
pub use people::{Organisation, Person, contoso, fabrikam, tailspin};

use keys::SigningKey;

/// How long a code waits to be exchanged.
const CODE_LIFE: i64 = 60;

/// How long access and id tokens are good.
const TOKEN_LIFE: i64 = 300;

/// How long a login page waits for its answer.
const LOGIN_LIFE: i64 = 600;

/// A running provider. Dropping it stops it.
pub struct Provider {
    state: Shared,
    serving: JoinHandle<()>,
}

/// What all handlers share.
type Shared = Arc<State>;

struct State {
    organisation: Organisation,
    issuer: String,
    clock: Clock,
    key: SigningKey,
    kept: Mutex<Kept>,
}

/// What changes.
#[derive(Default)]
struct Kept {
    applications: Vec<Application>,
    /// Login pages that were shown, by the id in their form.
    logins: HashMap<String, authorize::Login>,
    codes: HashMap<String, token::Code>,
    access_tokens: HashMap<String, userinfo::Access>,
    sessions: HashMap<String, sign_in::Session>,
}

impl Provider {
    /// Starts the organisation's provider at this address; people and products reach it by `issuer`.
    pub async fn start(
        organisation: Organisation,
        listen: SocketAddr,
        issuer: impl Into<String>,
        clock: Clock,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let key = SigningKey::generate(organisation.algorithm);
        let kept = Mutex::default();
        let state = Arc::new(State { organisation, issuer: issuer.into(), clock, key, kept });
        let router = router(Arc::clone(&state));
        let serving = tokio::spawn(async move {
            // Serving ends only when the task is stopped.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { state, serving })
    }

    /// What the product's discovery begins with.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.state.issuer
    }

    /// Whose provider this is.
    #[must_use]
    pub fn organisation(&self) -> &Organisation {
        &self.state.organisation
    }

    /// Makes an application known, as the organisation's administrator would in the provider's portal.
    #[must_use]
    pub fn register(&self, name: &str, redirect_uri: &str) -> Application {
        self.state.register(name, redirect_uri)
    }

    /// Replaces the signing key, as real providers do now and then.
    pub fn roll_key(&self) {
        self.state.key.roll();
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl State {
    fn now(&self) -> i64 {
        (self.clock)()
    }

    fn cookie_name(&self) -> String {
        format!("{}_login", self.organisation.slug)
    }

    /// The person whose session this browser carries.
    fn signed_in(&self, headers: &HeaderMap) -> Option<sign_in::Session> {
        let name = self.cookie_name();
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let (_, id) = pairs.find(|(key, _)| *key == name)?;
        self.kept.lock().sessions.get(id).cloned()
    }
}

fn router(state: Shared) -> Router {
    Router::new()
        .route("/", get(discovery::front))
        .route("/provider.css", get(discovery::style))
        .route("/.well-known/openid-configuration", get(discovery::metadata))
        .route("/keys", get(discovery::keys))
        .route("/authorize", get(authorize::get).post(authorize::post))
        .route("/login", post(sign_in::submit))
        .route("/token", post(token::exchange))
        .route("/userinfo", get(userinfo::get).post(userinfo::get))
        .route("/logout", get(sign_out::get).post(sign_out::post))
        .route("/applications", get(applications::show).post(applications::submit))
        .layer(middleware::map_response(with_manners))
        .with_state(state)
}

async fn with_manners(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let policy = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// A page for the person at the browser.
fn page(status: StatusCode, template: &impl askama::Template) -> Response {
    (status, Html(template.render().expect("rendering into a string does not fail"))).into_response()
}

/// A one-time value.
fn secret() -> String {
    chance::word()
}
