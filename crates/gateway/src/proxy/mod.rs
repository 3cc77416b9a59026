//! Forwarding: what is sent to a backend, how it gets there, and what comes back. Everything here is
//! given a [`Pass`](crate::vigil::Pass) or something made from one; nothing here decides who may.

mod answer;
mod exchange;
mod frames;
mod outgoing;
mod socket;
mod sockets;

pub(crate) use answer::{finish, switch};
pub(crate) use exchange::{Answered, exchange, fault_of, may_be_sent_twice};
pub(crate) use outgoing::{Target, hops, is_websocket, write_headers};
pub(crate) use socket::{Carried, Socket, carry, join};
pub(crate) use sockets::Sockets;
