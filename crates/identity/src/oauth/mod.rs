//! The authorization server: what applications speak with to get tokens (OAuth 2.0 under the rules of RFC 9700, OpenID
//! Connect Core 1.0). The issuer is `id.`; every token is for one tenant and one audience.
//!
//! [`http::authorize`] lets a person's browser bring a code, by the person's session at `id.` where that opens the tenant.
//! [`http::token`] takes codes, refresh tokens and applications' own proofs. What an application may do is a grant, a row of the
//! tenant's; every code and token names it, with the tenant, under a keyed code of ours, so that a guess reaches no
//! database and no statement crosses tenants. When a grant ends, so does everything that names it, on every node.
//!
//! [`http::introspect`], [`http::revoke`] and [`http::userinfo`] are shown tokens; [`http::logout`] ends a person's session, and [`ended`] what
//! rests on it.
//!
//! Tells others `grant.ended`. Keeps no token, and no secret of an application.

mod body;
mod client;
pub mod ended;
mod exchange;
pub(crate) mod http;
mod issue;
mod pages;
mod params;
mod request;
mod rows;
pub(crate) mod sender;
mod show;
#[cfg(test)]
mod tests;
mod voucher;

use http::denied::Denied;
use params::Params;
pub(crate) use request::Request;
