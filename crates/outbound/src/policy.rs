//! What the operator has decided about outgoing calls, and the one place where it is applied to an
//! address.

use crate::{
    Network, NetworkError, OutboundError,
    address::{RangeKind, range_around, range_of},
    target::Target,
};
use http::HeaderValue;
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};
use url::Host;

/// What may be called, and within which bounds.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Lets loopback addresses be called, and plain HTTP be spoken there and where `allow` leads.
    pub development: bool,
    /// Private addresses that may be called nevertheless. Holds for every tenant.
    pub allow: Vec<AllowRule>,
    /// Networks that are never called although they look public: the operator's own public addresses.
    pub refuse: Vec<Network>,
    /// A PEM file with certificate authorities that are trusted beside the system's.
    pub extra_roots: Option<PathBuf>,
    /// How long a call may take from its first wait to its last byte, unless the call says otherwise.
    pub deadline: Duration,
    /// How large the body of an answer may be, unless the call says otherwise.
    pub most_bytes: usize,
    /// How many calls may be under way at once.
    pub bounds: Bounds,
    /// How we introduce ourselves.
    pub user_agent: HeaderValue,
}

/// How many calls may be under way at once, so that a receiver that hangs holds up only itself.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// To all receivers together.
    pub everywhere: usize,
    /// To one host.
    pub per_host: usize,
    /// For one tenant, of the calls that name one.
    pub per_tenant: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { everywhere: 256, per_host: 32, per_tenant: 16 }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            development: false,
            allow: Vec::new(),
            refuse: Vec::new(),
            extra_roots: None,
            deadline: Duration::from_secs(10),
            most_bytes: 1024 * 1024,
            bounds: Bounds::default(),
            user_agent: HeaderValue::from_static(concat!("Partywall/", env!("CARGO_PKG_VERSION"))),
        }
    }
}

/// Addresses that were checked for one target. Made by [`Policy::check`] only, and the only thing that a
/// connection is opened to.
#[derive(Debug)]
pub(crate) struct Checked(Vec<SocketAddr>);

impl Checked {
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.0
    }
}

impl Policy {
    /// Checks every address that the target's name led to. One that is refused spoils them all: a name
    /// that leads to both a public and a private address is an attempt, or about to become one.
    pub(crate) fn check(&self, target: &Target, addresses: &[IpAddr]) -> Result<Checked, OutboundError> {
        for address in addresses {
            self.check_one(target, *address)?;
        }
        Ok(Checked(addresses.iter().map(|address| SocketAddr::new(*address, target.port)).collect()))
    }

    fn check_one(&self, target: &Target, address: IpAddr) -> Result<(), OutboundError> {
        let refused =
            |range| Err(OutboundError::ForbiddenAddress { host: target.to_string(), address, range });
        if self.refuse.iter().any(|network| network.contains(address)) {
            return refused("refused by the operator");
        }
        match range_of(address) {
            // Plain HTTP is for the private and the local only, even in development.
            None if target.secure => Ok(()),
            None => Err(OutboundError::Insecure),
            Some(range) if self.opens(range.kind, target, address) => Ok(()),
            Some(range) => refused(range.name),
        }
    }

    fn opens(&self, kind: RangeKind, target: &Target, address: IpAddr) -> bool {
        match kind {
            RangeKind::Closed => false,
            RangeKind::Loopback if self.development => true,
            RangeKind::Loopback | RangeKind::Private => {
                self.allow.iter().any(|rule| rule.covers(target, address))
            }
        }
    }
}

/// One entry of the allow-list: private or loopback addresses that may be called.
///
/// | written | opens |
/// |---|---|
/// | `10.1.0.0/16`, `fd12:3456::/32` | every address of this network, on every port, by whatever name |
/// | `10.1.2.3`, `10.1.2.3:8443`, `[fd12::7]:8443` | this address, on every port or on this one |
/// | `idp.corp.example`, `idp.corp.example:8443` | whatever private address this name leads to |
/// | `*.corp.example` | the same for every name below, not for `corp.example` itself |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowRule {
    whom: Whom,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Whom {
    Network(Network),
    Name(String),
    Below(String),
}

/// Why an entry of the allow-list cannot be used; each says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Neither an address nor a network nor a name.
    #[error(
        "`{0}` is no address, network or host name; write 10.1.2.3:8443, 10.1.0.0/16 or idp.corp.example:8443"
    )]
    Form(String),
    /// A network that is written wrongly.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A network that reaches beyond the private ranges.
    #[error("`{0}` does not lie within one private or loopback range; public addresses need no rule")]
    NotPrivate(String),
    /// A range that nothing opens.
    #[error("`{given}` lies in a range that is never called ({range})")]
    Closed {
        /// What was written.
        given: String,
        /// What the range is for.
        range: &'static str,
    },
}

impl AllowRule {
    fn covers(&self, target: &Target, address: IpAddr) -> bool {
        let whom = match (&self.whom, &target.host) {
            (Whom::Network(network), _) => network.contains(address),
            (Whom::Name(name), Host::Domain(host)) => host == name,
            (Whom::Below(parent), Host::Domain(host)) => {
                host.strip_suffix(parent.as_str()).is_some_and(|rest| rest.ends_with('.') && rest.len() > 1)
            }
            (Whom::Name(_) | Whom::Below(_), _) => false,
        };
        whom && self.port.is_none_or(|port| port == target.port)
    }

    fn network(network: Network, port: Option<u16>, given: &str) -> Result<Self, RuleError> {
        match range_around(network) {
            None => Err(RuleError::NotPrivate(given.to_owned())),
            Some(range) if range.kind == RangeKind::Closed => {
                Err(RuleError::Closed { given: given.to_owned(), range: range.name })
            }
            Some(_) => Ok(AllowRule { whom: Whom::Network(network), port }),
        }
    }

    fn name(text: &str) -> Result<Self, RuleError> {
        let form = || RuleError::Form(text.to_owned());
        let (name, port) = match text.split_once(':') {
            Some((name, port)) => (name, Some(port.parse().map_err(|_| form())?)),
            None => (text, None),
        };
        let (below, name) = match name.strip_prefix("*.") {
            Some(parent) => (true, parent),
            None => (false, name),
        };
        // The same parser as for URLs, so that both are folded and encoded alike.
        match Host::parse(name) {
            Ok(Host::Domain(name)) if !name.contains('*') && !name.ends_with('.') => {
                Ok(AllowRule { whom: if below { Whom::Below(name) } else { Whom::Name(name) }, port })
            }
            _ => Err(form()),
        }
    }
}

impl FromStr for AllowRule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        if text.contains('/') {
            return AllowRule::network(text.parse()?, None, text);
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return AllowRule::network(Network::only(address), None, text);
        }
        if let Ok(socket) = text.parse::<SocketAddr>() {
            return AllowRule::network(Network::only(socket.ip()), Some(socket.port()), text);
        }
        AllowRule::name(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_opens_what_it_says_and_nothing_beside_it() {
        let opens = |rule: &str, url: &str, address: &str| {
            let target = Target::of(&url.parse().unwrap(), true).unwrap();
            let policy = Policy { allow: vec![rule.parse().unwrap()], ..Policy::default() };
            policy.check(&target, &[address.parse().unwrap()]).is_ok()
        };
        for (rule, url, address, expected) in [
            ("10.1.0.0/16", "https://idp.example", "10.1.255.9", true),
            ("10.1.0.0/16", "https://idp.example:8443", "10.1.255.9", true),
            ("10.1.0.0/16", "https://idp.example", "10.2.0.0", false),
            ("10.1.2.3", "https://10.1.2.3:8443", "10.1.2.3", true),
            ("10.1.2.3:8443", "https://10.1.2.3:8443", "10.1.2.3", true),
            ("10.1.2.3:8443", "https://10.1.2.3", "10.1.2.3", false),
            ("127.0.0.1:9000", "http://127.0.0.1:9000", "127.0.0.1", true),
            ("[fd12::7]:8443", "https://idp.example:8443", "fd12::7", true),
            ("fd12::7", "https://idp.example", "fd12::8", false),
            ("idp.corp.example", "https://IDP.corp.example", "192.168.7.7", true),
            ("IDP.Corp.Example", "https://idp.corp.example", "192.168.7.7", true),
            ("idp.corp.example:8443", "https://idp.corp.example", "192.168.7.7", false),
            ("idp.corp.example", "https://evil.idp.corp.example", "192.168.7.7", false),
            ("*.corp.example", "https://a.b.corp.example", "192.168.7.7", true),
            ("*.corp.example", "https://corp.example", "192.168.7.7", false),
            ("*.corp.example", "https://evilcorp.example", "192.168.7.7", false),
            ("bücher.example", "https://xn--bcher-kva.example", "10.0.0.1", true),
            // Nothing opens these, not even by a trusted name.
            ("idp.corp.example", "https://idp.corp.example", "169.254.169.254", false),
            ("fd00::/8", "https://idp.corp.example", "fd00:ec2::254", false),
        ] {
            assert_eq!(opens(rule, url, address), expected, "{rule} for {url} at {address}");
        }
    }

    #[test]
    fn a_rule_that_would_open_nothing_or_too_much_is_refused_with_a_reason() {
        let refusal = |text: &str| text.parse::<AllowRule>().unwrap_err();
        for text in ["0.0.0.0/0", "::/0", "172.0.0.0/8", "192.0.0.0/2", "8.8.8.8", "2606:4700::/32"] {
            assert!(matches!(refusal(text), RuleError::NotPrivate(_)), "{text}");
        }
        for text in ["169.254.169.254", "0.0.0.0", "::ffff:10.0.0.1", "64:ff9b::/96", "100.100.100.200:80"] {
            assert!(matches!(refusal(text), RuleError::Closed { .. }), "{text}");
        }
        for text in ["10.1.2.3/8", "10.0.0.0/8:443", "10.0.0.0/"] {
            assert!(matches!(refusal(text), RuleError::Network(_)), "{text}");
        }
        for text in [
            "",
            "*",
            "*.",
            "a.*.b",
            "idp.example:",
            "idp.example:99999",
            "0x7f.1",
            "127.1",
            "idp.example.",
            "a b",
        ] {
            assert!(matches!(refusal(text), RuleError::Form(_)), "{text}");
        }
    }
}
