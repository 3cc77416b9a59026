//! The room of the control plane: tenants and their names, deployments, routes, plans, the application's
//! roles, operator tokens, tenants' own settings, and the views of audit and usage.
//!
//! It owns the platform's registry and tells others `tenant.changed`, `domain.changed`, `deployment.changed`, `plan.changed`,
//! `roles.changed`, `issuer.changed` and `tokens.changed`. It never looks at a tenant's members, roles or connections with an
//! operator's permit, and never assigns anybody a role: the first admin comes by a one-time link (C06).

pub mod anchor;
pub mod assume;
pub mod audit_view;
pub mod brand;
pub mod certificate;
pub mod deployment;
mod form;
pub mod home;
pub mod hostname;
pub mod house;
pub mod invitation;
pub mod issuer;
pub mod job;
pub mod kept_answer;
pub mod key_secret;
mod landing;
pub mod maintenance;
pub mod order;
pub mod overview;
pub mod own_domain;
mod pages;
pub mod plan;
pub mod product;
pub mod region;
pub mod resting_name;
pub mod role;
pub mod route;
mod routes;
pub mod scope;
pub mod setting;
pub mod sign_in_view;
mod state;
pub mod subscription;
pub mod tenant;
mod terms;
pub mod times;
pub mod token;
mod turn;
pub mod usage_view;
mod words;

#[cfg(test)]
mod api_tests;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod page_tests;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod write_tests;

pub use routes::{pages, routes};
pub use state::Control;
pub use terms::Terms;
