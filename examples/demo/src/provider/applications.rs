//! Applications that may send people here to sign in, and the page on which one is made known.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use url::Url;

use crate::provider::{Kept, Shared, page, secret};

/// One application, with what it needs to know.
#[derive(Clone, Debug)]
pub struct Application {
    /// The name people see when they sign in.
    pub name: String,
    /// The public half of its registration.
    pub client_id: String,
    /// The secret half.
    pub client_secret: String,
    /// The one address that codes are sent to. It must match to the letter.
    pub redirect_uri: String,
}

impl Application {
    /// After signing out a browser may be sent to anywhere on the same host.
    pub(super) fn may_end_at(&self, address: &str) -> bool {
        let origin = |text: &str| Url::parse(text).map(|url| url.origin());
        matches!((origin(&self.redirect_uri), origin(address)), (Ok(ours), Ok(theirs)) if ours == theirs)
    }
}

impl Kept {
    pub(super) fn application(&self, client_id: &str) -> Option<&Application> {
        self.applications.iter().find(|application| application.client_id == client_id)
    }
}

impl super::State {
    pub(super) fn register(&self, name: &str, redirect_uri: &str) -> Application {
        let application = Application {
            name: name.to_owned(),
            client_id: format!("{}-{}", self.organisation.slug, &secret()[..10]),
            client_secret: secret(),
            redirect_uri: redirect_uri.to_owned(),
        };
        self.kept.lock().applications.push(application.clone());
        application
    }
}

#[derive(Template)]
#[template(path = "provider/applications.html")]
struct Page<'a> {
    organisation: &'a str,
    trade: &'a str,
    issuer: &'a str,
    trouble: Option<&'a str>,
    made: Option<Application>,
}

async fn page_for(state: &Shared, made: Option<Application>, trouble: Option<&str>) -> Response {
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let (organisation, trade) = (state.organisation.name, state.organisation.trade);
    page(status, &Page { organisation, trade, issuer: &state.issuer, trouble, made })
}

pub(super) async fn show(State(state): State<Shared>) -> Response {
    page_for(&state, None, None).await
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    name: String,
    redirect_uri: String,
}

pub(super) async fn submit(State(state): State<Shared>, Form(wanted): Form<Wanted>) -> Response {
    let redirect_uri = wanted.redirect_uri.trim();
    let fits = Url::parse(redirect_uri)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.fragment().is_none());
    if !fits || wanted.name.trim().is_empty() {
        let trouble = "Give a name and a redirect address that begins with http:// or https://.";
        return page_for(&state, None, Some(trouble)).await;
    }
    let made = state.register(wanted.name.trim(), redirect_uri);
    page_for(&state, Some(made), None).await
}
