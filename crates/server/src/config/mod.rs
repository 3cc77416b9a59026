//! The configuration: read once at start from a file, the environment and flags, checked whole, and handed
//! on as plain values. Nothing else in the product reads a file of settings or the environment.
//!
//! Every setting stands in [`settings::SETTINGS`], from which `docs/configuration.md` is written.

mod gather;
mod read;
pub mod settings;

pub use gather::{Gathered, gather};

use domain::{Hostname, Region, Secret};
use gateway::Fronts;
use outbound::AllowRule;
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// Where a node's settings may come from besides its file and environment.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// The file; `partywall.toml` in the working directory if it is there.
    pub file: Option<PathBuf>,
    /// `key=value`, which win over everything.
    pub set: Vec<String>,
}

/// One thing that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The setting.
    pub key: String,
    /// Where its value came from.
    pub origin: String,
    /// What is wrong, and what to do.
    pub why: String,
}

/// Everything that is wrong with the configuration, together.
#[derive(Debug, thiserror::Error)]
#[error("the configuration is not usable:\n{}", .0.iter().map(|f| format!("  {} ({}): {}", f.key, f.origin, f.why)).collect::<Vec<_>>().join("\n"))]
pub struct ConfigError(pub Vec<Fault>);

/// The configuration of one node.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where files live: the database, the master key, the socket.
    pub data: PathBuf,
    /// Plain HTTP to and from loopback is meant.
    pub development: bool,
    /// What tenants' slugs stand before.
    pub base_domain: Hostname,
    /// Where new tenants and new people are at home.
    pub home_region: Region,
    /// Where to listen.
    pub listen: Listen,
    /// The platform's public addresses.
    pub hosts: web::Hosts,
    /// Certificate and key, if this node ends TLS.
    pub tls: Option<Tls>,
    /// Whom certificates are ordered from, if from anybody.
    pub acme: Option<Acme>,
    /// The database.
    pub database: store::Database,
    /// The master key.
    pub master_key: MasterKeyPlace,
    /// The guarded client.
    pub outbound: Outgoing,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// How identity providers are dealt with.
    pub providers: Providers,
    /// How tenants' own domains are proved.
    pub domains: Domains,
    /// How much is taken.
    pub limits: Limits,
    /// When refused attempts raise an alert.
    pub alerts: store::audit::AlertRule,
    /// What is told.
    pub observe: Observe,
}

/// Where to listen.
#[derive(Clone, Debug)]
pub struct Listen {
    /// For everybody.
    pub public: SocketAddr,
    /// For metrics and health.
    pub private: SocketAddr,
    /// For the command line.
    pub socket: PathBuf,
    /// How many connections are held at once.
    pub connections: usize,
    /// How many of them one address may hold.
    pub connections_per_address: usize,
    /// Whose addresses may hold any number.
    pub uncounted: Vec<outbound::Network>,
    /// The proxies in front.
    pub fronts: Fronts,
    /// Whether their connections begin with the PROXY protocol.
    pub proxy_protocol: bool,
    /// For plain HTTP beside TLS.
    pub plain: Option<SocketAddr>,
    /// Whether they say which certificate their client has shown.
    pub client_cert: bool,
    /// For other proxies that ask.
    pub decide: Option<Decide>,
    /// How long requests under way may take when the node stops.
    pub drain: Duration,
}

/// Where other proxies ask whether a request may pass.
#[derive(Clone, Debug)]
pub struct Decide {
    /// Where to listen for them.
    pub listen: SocketAddr,
    /// Who they are.
    pub trusted: Vec<outbound::Network>,
    /// Whether they say which certificate their client has shown.
    pub client_cert: bool,
}

/// Certificate and key, read again when they change.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The chain, in PEM.
    pub certificate: PathBuf,
    /// The key, in PEM.
    pub key: PathBuf,
    /// Whether they are shown for names that nobody has.
    pub own_for_others: bool,
    /// Whether they are shown to whoever asks for no name.
    pub own_for_nobody: bool,
}

/// A certificate authority that is asked for the certificates of tenants' own names.
#[derive(Clone, Debug)]
pub struct Acme {
    /// The address of its directory.
    pub directory: String,
    /// Whom it may write to.
    pub contact: Vec<String>,
    /// Authorities to trust when calling it, beside the system's.
    pub roots: Option<PathBuf>,
    /// The account there that ours is bound to: its key's id, and the file that holds the key.
    pub binding: Option<(String, PathBuf)>,
    /// How it may ask, the dearest way first.
    pub challenges: Vec<Challenge>,
    /// How many orders all nodes make in an hour.
    pub per_hour: u32,
    /// How many of them for one tenant.
    pub per_tenant: u32,
    /// How long after a first failure the next try comes.
    pub retry: Duration,
}

/// How a certificate authority asks for the proof that a name leads here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// Over plain HTTP, at port 80.
    Http,
    /// In a TLS handshake, at port 443.
    TlsAlpn,
}

impl std::str::FromStr for Challenge {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "http-01" => Ok(Challenge::Http),
            "tls-alpn-01" => Ok(Challenge::TlsAlpn),
            _ => Err("write http-01 or tls-alpn-01"),
        }
    }
}

/// Where the master key is.
#[derive(Clone, Debug)]
pub struct MasterKeyPlace {
    /// The file of mode 0600 that holds it, in base64.
    pub file: PathBuf,
    /// Files of earlier ones, which still open.
    pub previous: Vec<PathBuf>,
}

/// The guarded client.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Private addresses that may be called.
    pub allow: Vec<AllowRule>,
    /// Networks that are never called.
    pub refuse: Vec<outbound::Network>,
    /// Further authorities to trust.
    pub extra_roots: Option<PathBuf>,
    /// Over everything.
    pub deadline: Duration,
    /// The largest answer.
    pub most_bytes: usize,
}

/// How long things live.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// A session that is not used.
    pub session_idle: Duration,
    /// A session at the latest.
    pub session: Duration,
    /// A sign-in under way.
    pub pending: Duration,
    /// A hand-over between our hosts.
    pub hand_over: Duration,
    /// The one-time link of a new installation.
    pub bootstrap: Duration,
    /// The one-time link of a new tenant.
    pub invitation: Duration,
    /// An access token.
    pub token: Duration,
    /// How long an application may go on refreshing.
    pub refresh: Duration,
    /// For how long a refresh token is taken again that was used.
    pub refresh_grace: Duration,
    /// How long a released name rests.
    pub name_rest: Duration,
    /// How long the feed may be silent.
    pub feed_silence: Duration,
}

/// How identity providers are dealt with.
#[derive(Clone, Copy, Debug)]
pub struct Providers {
    /// How long one answer may take.
    pub patience: Duration,
    /// How long metadata and keys are believed.
    pub memory: Duration,
    /// How soon one is asked again.
    pub retry: Duration,
    /// How long keys of issuers of bearer tokens are believed while these are away.
    pub keys_kept: Duration,
    /// How far clocks may differ.
    pub leeway: Duration,
}

/// How tenants' own domains are proved.
#[derive(Clone, Debug)]
pub struct Domains {
    /// Who is asked for records; the machine's own resolvers if nobody is named.
    pub resolvers: Vec<SocketAddr>,
    /// How long a claim waits for its proof.
    pub claim: Duration,
    /// How often a proof is looked at again.
    pub recheck: Duration,
    /// How long a domain goes on whose proof is missing.
    pub grace: Duration,
    /// How long names are remembered at the least.
    pub lifetime: Duration,
    /// In development, the port of plain HTTP at which a file is looked for too.
    pub plain_port: u16,
}

/// How much is taken.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Sign-in starts, callbacks and one-time links, from one address in a minute.
    pub sign_ins_per_address: u32,
    /// The same for one tenant.
    pub sign_ins_per_tenant: u32,
    /// Trials of connections and fetches of a provider's metadata, for one address in a minute.
    pub trials_per_address: u32,
    /// The same for one tenant.
    pub trials_per_tenant: u32,
    /// Sessions that a node remembers.
    pub sessions: usize,
    /// Wrong API keys and tokens from one address in a minute.
    pub key_guesses_per_address: u32,
    /// Signed contexts that a node remembers.
    pub contexts: usize,
    /// Bearer tokens.
    pub tokens: usize,
    /// Client certificates that proxies say.
    pub certificates: usize,
    /// Bytes of answers that a node keeps.
    pub kept_answers: u64,
    /// The same for one tenant.
    pub kept_answers_per_tenant: u64,
    /// Bytes of bodies that a node looks into at a time.
    pub bodies: u64,
}

/// What is told, and where.
#[derive(Clone, Debug)]
pub struct Observe {
    /// `human` or `json`.
    pub json: bool,
    /// A filter such as `info` or `info,gateway=debug`.
    pub level: String,
    /// Where traces are sent.
    pub traces: Option<Secret<String>>,
    /// How many of a thousand traces are kept.
    pub traces_per_thousand: u32,
}

impl Config {
    /// Reads and checks the whole configuration.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is wrong.
    pub fn load(flags: &Flags) -> Result<Self, ConfigError> {
        read::config(gather(flags)?)
    }
}
