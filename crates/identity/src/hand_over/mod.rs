//! Hand-overs: the way from `id.` back to where a sign-in began. A hand-over is a code that is good once,
//! for a short while, at one host of one tenant, and in the hands of the browser that left from there.
//!
//! Nothing is told here; the session that follows tells. A code is kept as its hash only.

mod give;
pub(crate) mod http;
mod take;

use give::code_digest;
pub(crate) use give::{Gift, give};
pub(crate) use take::{HandOver, HandOverError, look, take};
