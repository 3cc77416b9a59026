//! The operator's front page: what there is, and what to do next.

pub(crate) mod pages;
mod read;

pub use read::{Overview, read};
