//! The one guarded client for every call that leaves the product: to issuers, their discovery documents
//! and key sets, token endpoints, webhooks. The addresses come from tenants, so none of them is trusted.
//!
//! It owns the outgoing connection: which address a name leads to, whether that address may be called,
//! the encryption, and the bounds in size, time and number.
//!
//! What holds for every call:
//! - every address that the name resolved to is checked, and the connection goes to a checked address
//!   itself, so that a second look-up can change nothing;
//! - private and special ranges are refused, whatever way they are written, unless the operator's
//!   allow-list opens them; some are never opened;
//! - certificates are always verified; there is no way to turn that off;
//! - a redirect is an answer like any other and is never followed;
//! - head, body, time and simultaneous calls are bounded.
//!
//! It tells others what came back, or in one of eight ways why nothing did ([`OutboundError`]).
//! It never retries, follows, decompresses, remembers, or reads a proxy from the environment.

mod address;
mod answer;
mod bulkhead;
mod call;
mod error;
mod policy;
mod resolve;
mod send;
mod target;
mod tls;
mod txt;

pub use address::RangeKind;
pub use answer::Answer;
pub use call::Call;
pub use domain::{Network, NetworkError};
pub use error::{OutboundError, SetupError, TlsFault, TooLarge, Unreachable, UrlFault};
pub use policy::{AllowRule, Bounds, Policy, RuleError};
pub use resolve::{Resolve, Resolving, SystemResolver};
pub use send::Outbound;
pub use txt::{TxtError, TxtResolver};
