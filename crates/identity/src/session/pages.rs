//! The page that asks whether to sign out.

use access::{Person, Tenant};
use askama::Template;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use web::{Page, Plain};

#[derive(Template)]
#[template(path = "session/ask.html")]
struct AskPage {
    plain: Plain,
    ask: Ask,
    who: String,
}

/// What is asked before signing out.
pub(crate) struct Ask {
    /// Where the form goes.
    pub(crate) to: String,
    /// Where one goes who stays.
    pub(crate) cancel: String,
    /// The form's hidden value.
    pub(crate) token: String,
}

impl Ask {
    pub(crate) fn page(self, plain: Plain, tenant: &Tenant, person: Option<&Arc<Person>>) -> Response {
        let who = person.and_then(|person| person.name.as_deref().or(person.email.as_deref()));
        let who = who.unwrap_or_default().to_owned();
        let plain = plain.of(tenant).title("Sign out?");
        Page::new(AskPage { plain, ask: self, who }).into_response()
    }
}
