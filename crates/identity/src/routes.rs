//! This room's routes, and how its handlers get at what they share.

use crate::{
    Identity, access_token, api_key, application, asked::Asked, claim_rule, connection, hand_over,
    invitation, key_set, member, oauth, parting, person, preset, provider, saml, session, sign_in,
    sign_in_domain, subscriber, switch,
};
use access::{ListMembers, ReadApplications, ReadConnection, ReadKeys, ReadPlatformSettings};
use axum::extract::{FromRef, FromRequestParts, Query};
use http::{HeaderValue, Uri, header, request::Parts};
use serde::de::DeserializeOwned;
use web::{Pages, Problem, Routes, Section, Web};

/// All of them: on tenants' hosts under the reserved prefix, at `id.`, and in the console where a session
/// there begins and ends.
pub fn routes() -> Routes<Identity> {
    sign_in::http::routes()
        .merge(saml::http::routes())
        .merge(hand_over::http::routes())
        .merge(session::http::routes())
        .merge(parting::http::routes())
        .merge(person::http::routes())
        .merge(switch::http::routes())
        .merge(invitation::http::routes())
        .merge(member::http::routes())
        .merge(member::pages::routes())
        .merge(connection::http::routes())
        .merge(connection::pages::routes())
        .merge(preset::http::routes())
        .merge(claim_rule::http::routes())
        .merge(claim_rule::pages::routes())
        .merge(sign_in_domain::http::routes())
        .merge(sign_in_domain::pages::routes())
        .merge(provider::http::routes())
        .merge(provider::pages::routes())
        .merge(subscriber::http::routes())
        .merge(access_token::http::routes())
        .merge(api_key::http::routes())
        .merge(api_key::pages::routes())
        .merge(application::http::routes())
        .merge(application::pages::routes())
        .merge(application::pages::console::routes())
        .merge(oauth::http::authorize::routes())
        .merge(oauth::http::token::routes())
        .merge(oauth::http::par::routes())
        .merge(oauth::http::userinfo::routes())
        .merge(oauth::http::introspect::routes())
        .merge(oauth::http::revoke::routes())
        .merge(oauth::http::logout::routes())
        .merge(oauth::http::discovery::routes())
        .merge(key_set::http::routes())
}

/// This room's pages in the console's navigation.
pub fn pages() -> Pages {
    Pages::new()
        .tenant::<ListMembers>("/t/{tenant}/members", "Members", Section::People, "members")
        .tenant::<ReadConnection>("/t/{tenant}/connections", "Connections", Section::SignIn, "connections")
        .tenant::<ReadApplications>("/t/{tenant}/applications", "Applications", Section::SignIn, "link")
        .tenant::<ReadConnection>(
            "/t/{tenant}/sign-in-domains",
            "Sign-in domains",
            Section::SignIn,
            "hostnames",
        )
        .tenant::<ReadKeys>("/t/{tenant}/keys", "API keys", Section::SignIn, "keys")
        .platform::<ReadPlatformSettings>("/platform/applications", "Applications", "link")
}

impl FromRef<Identity> for Web {
    fn from_ref(room: &Identity) -> Web {
        room.web.clone()
    }
}

impl FromRequestParts<Identity> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, room: &Identity) -> Result<Self, Problem> {
        Asked::of(parts, &room.web)
    }
}

/// The query, parsed within the handler: what is said about a query must come after what is said about the
/// tenant, or the difference would betray it.
pub(crate) fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    let parsed = Query::<T>::try_from_uri(uri);
    parsed.map(|Query(query)| query).map_err(|cause| Problem::new("input.invalid").detail(cause.body_text()))
}

/// The same answer with these `Set-Cookie`s.
pub(crate) fn with_cookies(
    mut response: axum::response::Response,
    cookies: impl IntoIterator<Item = HeaderValue>,
) -> axum::response::Response {
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
