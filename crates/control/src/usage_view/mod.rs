//! The views of use: what a tenant's traffic was, hour by hour. The counts are the gateway's, kept by the
//! store.

mod chart;
pub(crate) mod http;
pub(crate) mod pages;
mod read;

pub use read::{Hour, Usage, read};
