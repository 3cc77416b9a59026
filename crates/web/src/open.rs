//! What needs no permit. A route must either begin with a permit or name one of these reasons, each of
//! which lists the only paths that may give it. The list may only shrink; a test holds its length.

use crate::{Refused, Web, ask::Ask};
use axum::{
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
};
use std::marker::PhantomData;

mod sealed {
    pub trait Sealed {}
}

/// Why something is open to everybody. Sealed: this file lists them all.
pub trait Reason: sealed::Sealed + Send + Sync + 'static {
    /// Its name in the route list.
    const NAME: &'static str;
    /// The paths that may give it.
    const PATHS: &'static [&'static str];
}

/// The first argument of a handler that anybody may call, for the reason `R`.
pub struct Open<R: Reason>(PhantomData<fn() -> R>);

impl<S, R: Reason> FromRequestParts<S> for Open<R>
where
    S: Send + Sync,
    Web: FromRef<S>,
{
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        Ask::of(parts, &Web::from_ref(state))?;
        Ok(Open(PhantomData))
    }
}

/// One line of the list, for the picture and the tests.
#[derive(Clone, Copy, Debug)]
pub struct Exemption {
    /// The reason's name.
    pub name: &'static str,
    /// Why, in words.
    pub why: &'static str,
    /// The paths that may give it.
    pub paths: &'static [&'static str],
}

macro_rules! reasons {
    ($(#[doc = $why:literal] $name:ident $text:literal $paths:expr;)*) => {
        $(
            #[doc = $why]
            #[derive(Debug)]
            pub enum $name {}
            impl sealed::Sealed for $name {}
            impl Reason for $name {
                const NAME: &'static str = $text;
                const PATHS: &'static [&'static str] = $paths;
            }
        )*
        /// Every exemption.
        pub const EXEMPTIONS: &[Exemption] = &[$(Exemption { name: $text, why: $why, paths: $paths }),*];
    };
}

reasons! {
    #[doc = " The front page of a platform host says what it is, or leads to where one belongs."]
    Home "home" &["/"];
    #[doc = " Style, script and icons hold nothing about anybody."]
    Assets "assets" &["/assets/{hash}/{file}", "/.partywall/assets/{hash}/{file}"];
    #[doc = " What the API is like is the same for everybody."]
    ApiDescription "api-description" &["/v1/openapi.json"];
    #[doc = " A problem's explanation is the same for everybody."]
    ProblemPages "problem-pages" &["/problems", "/problems/{code}"];
    #[doc = " Backends verify context tokens with the public halves of our keys."]
    KeySet "key-set" &["/.well-known/jwks.json"];
    #[doc = " What an application must know of us to speak to us is the same for everybody."]
    ServerMetadata "server-metadata" &["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"];
    #[doc = " OAuth begins before there is a tenant; whoever asks is proven, or sent to sign in, and only then is there a permit."]
    ApplicationDoor "application-door" &[
        "/oauth/authorize",
        "/oauth/par",
        "/oauth/logout",
        "/oauth/userinfo",
    ];
    #[doc = " The secret behind a one-time link is its own proof; the verb checks and uses it up."]
    OneTimeLink "one-time-link" &["/bootstrap"];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_exemptions_only_shrinks() {
        assert!(EXEMPTIONS.len() <= 8, "give the route an action instead");
        let paths: usize = EXEMPTIONS.iter().map(|exemption| exemption.paths.len()).sum();
        assert!(paths <= 14, "give the route an action instead");
        assert!(EXEMPTIONS.iter().all(|exemption| exemption.why.trim().ends_with('.')));
    }
}
