//! Parting: who signs out of a tenant or of the console is signed out of `id.` in this browser too, so that
//! the next visit asks their provider. Sessions at other tenants are ended only where that is asked for.
//!
//! The host where one signs out cannot see the cookie of `id.`, so the browser goes by there with a ticket:
//! sealed, good once and for as long as a hand-over, and only for the person who signed out. Whoever is led
//! to another's ticket keeps their session. The way is a page that goes on by itself rather than a redirect,
//! because browsers hold redirects after a form to the policy of the page with the form, which is often the
//! application's.

pub(crate) mod http;
mod pages;
mod slip;

pub(crate) use http::go_on;
pub(crate) use pages::gone;
pub(crate) use slip::Slip;
