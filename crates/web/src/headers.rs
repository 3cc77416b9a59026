//! The headers that every answer of ours has.

use crate::Hosts;
use axum::{
    http::{HeaderValue, header},
    response::Response,
};

/// The content policy. No inline script or style, no frame, nothing from elsewhere, no form to elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Put into a response's extensions by a page whose form goes on to the one provider named here, as an
/// origin. Browsers hold redirects after a form to the policy too.
#[derive(Clone, Debug)]
pub struct FormsGoTo(pub String);

/// Sets what is not set yet. Same-origin rather than no referrer at all, because browsers send
/// `Origin: null` with a form under the latter, and [`crate::csrf`] wants to see the origin.
pub(crate) fn apply(response: &mut Response, hosts: &Hosts) {
    let policy = match response.extensions_mut().remove::<FormsGoTo>() {
        Some(FormsGoTo(origin)) => HeaderValue::from_str(
            &POLICY.replace("form-action 'self'", &format!("form-action 'self' {origin}")),
        )
        .unwrap_or(HeaderValue::from_static(POLICY)),
        None => HeaderValue::from_static(POLICY),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    for (name, value) in FIXED {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    if hosts.https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

const FIXED: &[(&str, &str)] = &[
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    ("referrer-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
];
