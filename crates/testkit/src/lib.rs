//! What tests stand on: a migrated database of either engine, a clock that moves only when told, the real
//! warden over the real directory, two tenants and a canary beside them.
//!
//! ```no_run
//! # async fn story() {
//! testkit::for_each_engine(async |world| {
//!     let town = testkit::Town::build(world).await;
//!     let permit = world.permit::<access::ListMembers>(&town.contoso, &town.contoso.admin).await;
//!     // …
//! })
//! .await;
//! # }
//! ```
//!
//! A test needs no other test, no order, no sleep and no real clock. Everything that is put into the
//! database here goes through the store and permits of the warden; only [`World::raw`] goes around it, for
//! tests that break things on purpose.

mod device_authority;
mod engines;
mod postgres;
mod town;
mod witness;
mod world;

pub use device_authority::{Authority, Badge};
pub use engines::{for_each_engine, for_postgres, for_sqlite};
pub use town::{Canary, Person, Town, Village};
pub use witness::Recorder;
pub use world::World;
