//! Stories of requests, told over real sockets: a client, the gateway in a real server, a backend that
//! says what it got.

#![expect(clippy::unwrap_used, reason = "a test that unwraps fails where it stands")]

mod backend;
mod bad_input;
mod balancing;
mod bodies;
mod context;
mod credentials;
mod deciding;
mod exchanged;
mod expressions;
mod grpc;
mod held;
mod house;
mod kept;
mod keys;
mod looking;
mod mapping;
mod moving;
mod passing;
mod policies;
mod products;
mod rehearsing;
mod roles;
mod scopes;
mod streams;
mod times;
mod tokens;
mod tunnels;
mod upstreams;
mod wire;
