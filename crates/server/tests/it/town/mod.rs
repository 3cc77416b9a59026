//! A town to tell stories in: the real binary, real identity providers of three organisations, a real
//! backend, and people with browsers. Everything on loopback, on free ports, gone when the story ends.

mod authority;
mod backend;
#[expect(
    unreachable_pub,
    dead_code,
    reason = "the testkit's own, which the binary under test must not be built with"
)]
#[path = "../../../../testkit/src/device_authority.rs"]
mod device_authority;
mod dns;
pub(crate) mod frames;
mod fronts;
mod handshake;
mod load;
mod node;
mod people;
mod postgres;
mod process;
mod receiver;
mod shared;
mod tap;

pub(crate) use authority::{Pebble, connector, name as named};
pub(crate) use backend::Backend;
pub(crate) use device_authority::{Authority, Badge};
pub(crate) use dns::{Dns, Mood};
pub(crate) use frames::Frames;
pub(crate) use fronts::{Front, Kind};
pub(crate) use handshake::shown;
pub(crate) use load::{Client, Crowd, Diary, Fate};
pub(crate) use node::{Engine, Node, binary, free_port};
pub(crate) use people::{Person, Town, database as new_database};
pub(crate) use process::Process;
pub(crate) use receiver::Receiver;
pub(crate) use shared::{BY_QUERY, SHARED};
pub(crate) use tap::{Heard, Tap};
