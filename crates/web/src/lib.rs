//! HTTP manners, shared by every room: permits as extractors, the list of routes and what is derived from
//! it, problems, cookies and forgery checks, bodies, limits, the page frame and its assets.
//!
//! A room's `http.rs` reads:
//!
//! ```ignore
//! pub fn routes() -> Routes<Identity> {
//!     Routes::new()
//!         .get("/v1/tenants/{tenant}/members", list)
//!         .says("Lists the members of a tenant.")
//!         .asks::<Paging>()
//!         .answers::<Listing<Member>>(200)
//! }
//!
//! async fn list(
//!     Allow(permit): Allow<ListMembers>,
//!     State(room): State<Identity>,
//!     Query(paging): Query<Paging>,
//! ) -> Result<Json<Listing<Member>>, Problem> { … }
//! ```
//!
//! This crate tells nobody anything, stores nothing and decides nothing about who may do what: that is
//! `access`. It is the only one besides the rooms' own `http.rs`, `routes.rs` and `pages.rs` that names axum.

mod allow;
mod ask;
pub mod assets;
mod body;
pub mod catalogue;
mod client;
pub mod cookie;
pub mod credential;
pub mod csrf;
mod foreign;
mod frame;
pub mod guard;
pub mod headers;
mod host;
pub mod limit;
mod listing;
mod maintenance;
pub mod open;
pub mod openapi;
mod own;
mod page;
#[cfg(test)]
mod page_tests;
pub mod pages;
pub mod parts;
mod plain;
mod problem;
pub mod program;
mod proofs;
mod routes;
pub mod shared;
pub mod sign_in;
mod site;
mod state;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod visitor;
pub mod wants;

pub use allow::{ASSUME_REASON, Allow, AllowBy, AllowOperator, AllowPerson, InQuery, NamesTenant};
pub use ask::origin_of;
pub use axum::response::Response;
pub use body::{Form, Json, MOST, Path, Query};
pub use catalogue::{CATALOGUE, Entry};
pub use client::{AllowKey, ClientForm, ReadsKeys};
pub use foreign::{AllowForeign, ForeignForm};
pub use frame::{
    Button, Flash, Frame, FramePerson, Link, Notice, Organisation, OtherOrganisation, SIGN_OUT, Tab, brand,
    letters,
};
pub use host::{BadPublicUrl, HostKind, Hosts, PublicUrl};
pub use limit::{ClientAddress, Counted, Limited, Throttle};
pub use listing::{Listing, Paging};
pub use maintenance::maintenance_page;
pub use open::{EXEMPTIONS, Exemption, Open};
pub use own::own_routes;
pub use page::Page;
pub use pages::{Pages, Section};
pub use plain::{FormToken, Plain};
pub use problem::{FieldError, Problem, Refused, assert_known, gateway_page};
pub use program::{AllowProgram, OpenProgram};
pub use proofs::Proofs;
pub use routes::{Doc, Route, Routes, Surface, Type, matrix};
pub use shared::{NoneShared, SharedHost, SharedHosts};
pub use site::{HOP, REQUEST_ID, Site};
pub use state::{Manners, Web};
pub use visitor::Visitor;
