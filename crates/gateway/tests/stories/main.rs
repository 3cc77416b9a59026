//! Stories of requests, told over real sockets: a client, the gateway in a real server, a backend that
//! says what it got.

mod backend;
mod bad_input;
mod context;
mod credentials;
mod house;
mod mapping;
mod passing;
mod streams;
mod upstreams;
mod wire;
