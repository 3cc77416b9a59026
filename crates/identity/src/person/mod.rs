//! A person's own session at `id.` and in the console: what spares them a second sign-in. It carries the
//! provider by which they were proven and opens only tenants that are connected to that provider. Here too
//! is the central entry page, for those who do not know their organisation's address.
//!
//! Tells others when such a session ends. It reaches no tenant's rows, save to end its own person's
//! sessions there.

mod begin;
mod end;
mod end_everywhere;
mod find;
pub(crate) mod http;
mod list;
mod pages;

pub(crate) use begin::{Host, begin};
use end::end_all;
pub(crate) use end::{end, end_presented};
pub(crate) use end_everywhere::end_everywhere;
pub(crate) use find::{FoundTenant, find};
pub(crate) use list::{Own, list};
