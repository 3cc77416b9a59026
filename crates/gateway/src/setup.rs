//! What a gateway is made with.

use crate::{
    deployment::Connections,
    refuse::{MaintenancePage, Pages},
    route::Hosts,
    target,
};
use access::{Tenant, Warden};
use domain::{Chance, Clock};
use http::uri::PathAndQuery;
use std::{sync::Arc, time::Duration};

/// How a gateway is set up.
#[derive(Clone)]
pub struct Settings {
    /// The hosts that routes are checked against.
    pub hosts: Hosts,
    /// The region that this node is in.
    pub region: String,
    /// Whether tenants are reached by https, which decides how cookies are called.
    pub secure: bool,
    /// What the address of a page that explains a problem begins with.
    pub problems: String,
    /// How a problem looks as a page.
    pub pages: Arc<Pages>,
    /// How it looks as a page that a tenant's application is being worked on.
    pub maintenance: Arc<MaintenancePage>,
    /// How connections to upstreams are made and kept.
    pub connections: Connections,
    /// After how long a stream's permit is asked for again.
    pub ask_again: Duration,
    /// How many signed contexts are kept.
    pub contexts: usize,
    /// How many bearer tokens that were believed are kept.
    pub tokens: usize,
    /// How many client certificates that proxies said are kept.
    pub certificates: usize,
    /// How many wrong API keys and tokens one address may try in a minute.
    pub guesses: u32,
    /// Bytes that kept answers may take, all together and those of one tenant.
    pub kept: (u64, u64),
    /// Bytes that bodies which are looked into may take, all together.
    pub held: u64,
    /// How far the clocks of those who issue tokens may differ from ours.
    pub leeway: Duration,
    /// Whether other nodes count the rates of the same tenants, so that all count together.
    pub counts_with_others: bool,
}

impl Settings {
    /// The recommended settings.
    pub fn new(hosts: Hosts) -> Self {
        Settings {
            hosts,
            region: "default".to_owned(),
            secure: true,
            problems: "/problems/".to_owned(),
            pages: Arc::new(crate::refuse::plain_page),
            maintenance: Arc::new(|_, seconds| crate::refuse::plain_maintenance(seconds)),
            connections: Connections::default(),
            ask_again: Duration::from_secs(60),
            contexts: 100_000,
            tokens: 100_000,
            certificates: 10_000,
            guesses: 60,
            kept: (128 << 20, 16 << 20),
            held: 256 << 20,
            leeway: Duration::from_secs(60),
            counts_with_others: false,
        }
    }
}

/// What a gateway works with.
#[derive(Clone)]
pub struct Needs {
    /// Who may.
    pub warden: Arc<Warden>,
    /// Where somebody is sent to sign in.
    pub sign_in: Arc<dyn SignIn>,
    /// What time it is.
    pub clock: Clock,
    /// Randomness, for the ids of requests and the nonces of proofs.
    pub chance: Chance,
}

/// Knows the way to sign in. The reserved prefix itself never comes to the gateway.
pub trait SignIn: Send + Sync {
    /// Where the browser goes, so that it comes back to `back` signed in. `shared` says that the host
    /// alone does not name the tenant.
    fn location(&self, tenant: &Tenant, back: &PathAndQuery, shared: bool) -> String;
}

/// The way of `docs/wire.md`: `/.partywall/sign-in?return=…` on the same host. Where the host is shared,
/// `tenant=<id>` says which.
#[derive(Clone, Copy, Debug, Default)]
pub struct OnTheSameHost;

impl SignIn for OnTheSameHost {
    fn location(&self, tenant: &Tenant, back: &PathAndQuery, shared: bool) -> String {
        let mut location = format!("/{}/sign-in?return=", target::RESERVED);
        for byte in back.as_str().bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                    location.push(char::from(byte));
                }
                _ => location.push_str(&format!("%{byte:02X}")),
            }
        }
        if shared {
            location.push_str(&format!("&tenant={}", tenant.record.id));
        }
        location
    }
}
