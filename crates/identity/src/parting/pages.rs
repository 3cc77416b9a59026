//! The pages after signing out.

use askama::Template;
use axum::response::{IntoResponse, Response};
use web::{Page, Plain};

#[derive(Template)]
#[template(path = "parting/going.html")]
struct Going {
    plain: Plain,
    to: String,
}

/// On the way to `id.`
pub(crate) fn going(plain: Plain, to: &str) -> Response {
    let plain = plain.title("Signing out").describe("You are signed out here. One moment.").goes_on_to(to);
    Page::new(Going { plain, to: to.to_owned() }).into_response()
}

/// The provider's own page for signing out.
pub(crate) struct ProviderLogout {
    pub(crate) name: String,
    pub(crate) address: String,
}

#[derive(Template)]
#[template(path = "parting/gone.html")]
struct Gone {
    plain: Plain,
    again: String,
    provider: Option<ProviderLogout>,
}

/// Signed out.
pub(crate) fn gone(plain: Plain, again: String, provider: Option<ProviderLogout>) -> Response {
    let plain = plain.title("You are signed out").describe("The next visit asks your provider again.");
    Page::new(Gone { plain, again, provider }).into_response()
}

#[derive(Template)]
#[template(path = "parting/still_here.html")]
struct StillHere {
    plain: Plain,
    again: String,
}

/// What one signed out of has ended; what this browser has at `id.` is not theirs, or began since, and it is said.
pub(crate) fn still_here(plain: Plain, again: String) -> Response {
    let plain = plain.title("Somebody is still signed in here").describe(
        "What you signed out of has ended. This browser's session here is another person's, or began since.",
    );
    Page::new(StillHere { plain, again }).into_response()
}
