//! The demonstration's parts: the product as a running binary, a sample SaaS behind it, identity providers
//! for its organisations, a client that walks through pages as a browser does, and the teller of what each
//! step proved.
//!
//! It stands outside the product and knows it only as others do: by its pages, its API and its commands.

pub mod backend;
pub mod chance;
pub mod client;
pub mod clock;
pub mod ground;
pub mod guide;
pub mod partywall;
pub mod product;
pub mod provider;
pub mod setup;
pub mod stage;
pub mod story;
pub mod walk;
