//! The gateway: a reverse proxy that knows tenants.
//!
//! It owns the operator's routes, the connections to upstreams, and the counts of what tenants used. A
//! request takes one straight line ([`Gateway::handle`]): its host and path are read in one way only;
//! everything in it that names a tenant must agree; the warden says who is calling and whether they may;
//! what a client may not say is deleted; the signed context and its proof are added; a backend of the
//! tenant's deployment answers, and what a backend may not say is deleted too.
//!
//! Beside other proxies it only decides: the same line, and instead of the forwarding an answer that says what
//! the backend is to be told ([`Gateway::answer_front`]).
//!
//! It is handed its configuration ([`Gateway::set_routes`], [`Gateway::set_deployments`]) and tells others
//! nothing but its meters.
//!
//! It never mints a permit, never opens a database, never falls back to a default tenant, never forwards
//! a credential of ours, and holds no request whole in memory but a small one that may have to be sent again.

mod admit;
mod authority;
mod body;
mod cache;
mod certificate;
mod connection;
mod context;
mod cookie;
mod credential;
mod decide;
mod deployment;
mod expression;
mod flight;
mod forwarded;
mod furnish;
mod gateway;
mod grpc;
mod headers;
pub mod limits;
mod look;
mod named_in_body;
mod onlook;
mod peer;
mod pieces;
pub mod policy;
pub mod problem;
pub mod product;
mod proxy;
mod refuse;
mod region;
mod rehearse;
mod report;
mod resolve;
mod role;
pub mod route;
mod seam;
mod setup;
mod shape;
mod shared;
mod target;
mod token;
mod traffic;
mod tunnel;
mod upload;
mod vigil;

#[cfg(test)]
#[path = "../../protocol/src/dice.rs"]
mod dice;
#[cfg(test)]
mod wounds;

pub use authority::{Authority, BadAuthority};
pub use body::{Body, BodyError};
pub use certificate::{AnchorSpec, ClientCertificate, ListSpec};
pub use connection::Connection;
pub use context::Signing;
pub use credential::KeySecrets;
pub use decide::Front;
pub use deployment::{
    BadOrigin, Connections, DeploymentSpec, UpstreamOrigin, UpstreamStanding, UpstreamState,
};
pub use flight::Tether;
pub use forwarded::{Fronts, Original, Unclear};
pub use gateway::Gateway;
pub use grpc::status_told;
pub use look::BodyKind;
pub use onlook::{Rehearsal, Sample, Step};
pub use peer::{Peer, household};
pub use pieces::poll_write_pieces;
pub use policy::{ShareAsk, Shares};
pub use problem::Problem;
pub use product::ProductSpec;
pub use refuse::{MaintenancePage, Pages, plain_page};
pub use region::RegionSpec;
pub use resolve::parameters;
pub use route::{Hosts, RouteFault, RouteSpec, Routes};
pub use setup::{Needs, OnTheSameHost, Settings, SignIn};
pub use target::RESERVED;
pub use token::{IssuerSpec, IssuerStanding};
pub use traffic::{BOUNDS, Latency, Meters, Reading, Times, Used};
pub use tunnel::{Arrival, asked_name};
