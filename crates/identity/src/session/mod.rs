//! Sessions at a tenant's host. One begins by taking a hand-over, has an id of its own every time, and ends
//! by itself, by signing out, or when what it rests on ends: the member, the connection, the tenant.
//!
//! Tells others when one ends. Of a session's id only the hash is kept.

mod begin;
mod end;
pub(crate) mod http;
mod pages;

pub(crate) use begin::{Begun, begin};
pub(crate) use end::{end, ended};
