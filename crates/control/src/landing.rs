//! Where a form leads when all went well: back to a page, which says once what has just happened.

use crate::form::address;
use serde::Deserialize;
use web::{Frame, Response, sign_in::see_other};

/// What may have just happened.
const HAPPENED: &[(&str, &str)] = &[
    ("anchor-added", "The authority is trusted. Its certificates are believed within seconds."),
    ("anchor-removed", "The anchor is removed. Its certificates are refused within seconds."),
    ("certificate-revoked", "The certificate is taken back. It is refused within seconds."),
    (
        "backends-asked",
        "The backends were asked without a context. Those that could be reached do not answer that.",
    ),
    ("backends-open", "A backend answers without a context: whoever reaches it comes around the gateway."),
    ("domain-claimed", "The domain is claimed. Lay down its proof, then have it looked at."),
    ("domain-looked", "The proof was not found. What was missing stands beside the domain."),
    ("domain-proved", "The domain is proved. It answers within seconds."),
    ("domain-removed", "The domain is given back."),
    ("hostname-added", "The hostname belongs to this tenant. It answers within seconds."),
    ("hostname-removed", "The hostname is given back and rests."),
    ("issuer-removed", "The issuer is removed. Its tokens are refused within seconds."),
    ("job-dropped", "The job is dropped."),
    ("job-revived", "The job is tried again."),
    ("maintenance-begun", "The application is in maintenance, on every node within seconds."),
    ("maintenance-ended", "The application is back."),
    ("name-released", "The name is released. Anybody may have it now."),
    ("plan-saved", "The plan is saved and holds for its tenants within seconds."),
    (
        "product-cancelled",
        "The subscription is cancelled. Requests that rest on it are refused within seconds.",
    ),
    ("product-published", "The product is published. Tenants may subscribe to it."),
    ("product-retired", "The product is retired. Its routes refuse everybody within seconds."),
    ("product-saved", "The product is saved, and holds within seconds."),
    ("product-subscribed", "Subscribed. It holds within seconds."),
    ("region-removed", "The region is forgotten. Its deployments are asked from everywhere within seconds."),
    ("region-saved", "The region is saved. Requests for its deployments are handed on to it within seconds."),
    ("role-removed", "The role is removed. Nobody can be given it any more."),
    ("role-saved", "The role is saved."),
    ("routes-saved", "The routes are live within seconds."),
    ("saved", "Saved."),
    ("scope-removed", "The scope is declared no more. Keys that have it keep it."),
    ("scope-saved", "The scope is declared."),
    ("secret-in-use", "The new proof secret is in use."),
    ("standing-changed", "The standing is changed, and holds within seconds."),
    ("token-ended", "The token has ended."),
];

/// The query of a page that a form may lead to.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Landing {
    #[serde(default)]
    done: String,
    /// Where the page's list goes on.
    #[serde(default)]
    pub(crate) after: String,
}

impl Landing {
    /// Says on the page what has just happened.
    pub(crate) fn tell(&self, frame: Frame) -> Frame {
        tell(&self.done, frame)
    }
}

/// The same for a page whose query holds more.
pub(crate) fn tell(done: &str, frame: Frame) -> Frame {
    match HAPPENED.iter().find(|(key, _)| *key == done) {
        Some((_, words)) => frame.flash("good", *words),
        None => frame,
    }
}

/// Leads to a page, which says what has happened.
pub(crate) fn land(path: &str, happened: &'static str) -> Response {
    debug_assert!(HAPPENED.iter().any(|(key, _)| *key == happened), "{happened} has no words");
    see_other(&address(path, &[("done", happened)]))
}
