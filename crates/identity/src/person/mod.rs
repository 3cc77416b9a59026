//! A person's own session at `id.` and in the console: what spares them a second sign-in. It carries the
//! provider by which they were proven and opens only tenants that are connected to that provider. Here too
//! is the central entry page, for those who do not know their organisation's address.
//!
//! Tells others when such a session ends. It reaches no tenant's rows by itself.

mod begin;
mod end;
mod find;
pub(crate) mod http;
mod list;
mod pages;

pub(crate) use begin::{Host, begin};
pub(crate) use end::{end, end_all, end_presented};
pub(crate) use find::find;
pub(crate) use list::{Own, list};
