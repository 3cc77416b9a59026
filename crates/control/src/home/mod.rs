//! A tenant's front page in the console: where its application is, and what its admins should look at.

pub(crate) mod pages;
mod read;
mod rows;

pub use read::{Health, read};
