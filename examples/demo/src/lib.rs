//! The demonstration's parts: identity providers for its organisations, a client that walks through pages
//! as a browser does, and the teller of what each step proved.
//!
//! It stands outside the product and knows it only as others do: by its pages, its API and its commands.

pub mod chance;
pub mod client;
pub mod clock;
pub mod provider;
pub mod story;
