//! The guarded client from outside: somebody's address is called, and this is what comes of it.

#![expect(clippy::unwrap_used, reason = "a story that cannot begin should fail where it stands")]

mod addresses;
mod bounds;
mod names;
mod provider;
mod tls;
mod wire;
