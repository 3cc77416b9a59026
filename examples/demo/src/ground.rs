//! Where everything stands: one port for each part, all on this machine, counted from one number so that
//! several demonstrations can run side by side.

use std::net::{Ipv4Addr, SocketAddr};

/// The domain below which tenants are found. Every name under `localhost` is this machine.
pub const BASE_DOMAIN: &str = "partywall.localhost";

/// Where the proxy stands that ends TLS for devices: another address of this machine.
pub const PROXY: &str = "127.0.0.3";

/// The ports of one demonstration.
#[derive(Clone, Copy, Debug)]
pub struct Ground {
    base: u16,
}

impl Ground {
    /// How many ports a demonstration takes.
    pub const SIZE: u16 = 11;

    /// A demonstration whose first port is this one.
    #[must_use]
    pub fn from(base: u16) -> Self {
        Self { base }
    }

    /// Where Partywall serves everybody.
    #[must_use]
    pub fn public(self) -> SocketAddr {
        self.port(0)
    }

    /// Where Surveys waits for the gateway.
    #[must_use]
    pub fn surveys(self) -> SocketAddr {
        self.port(1)
    }

    /// Where the provider of the organisation with this number listens.
    #[must_use]
    pub fn provider(self, number: u16) -> SocketAddr {
        self.port(2 + number)
    }

    /// Where Partywall answers about its health.
    #[must_use]
    pub fn private(self) -> SocketAddr {
        self.port(Self::SIZE - 1)
    }

    /// The public address of a host below the base domain: a tenant's, or `id`, `console`, `api`.
    #[must_use]
    pub fn origin(self, label: &str) -> String {
        format!("http://{label}.{BASE_DOMAIN}:{}", self.base)
    }

    /// The issuer of an organisation's provider. A host of its own keeps its cookies apart from others'.
    #[must_use]
    pub fn issuer(self, slug: &str, number: u16) -> String {
        format!("http://login.{slug}.localhost:{}", self.base + 2 + number)
    }

    fn port(self, number: u16) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.base + number))
    }
}
