//! What a URL asks for, after everything that can be judged from its text alone.

use crate::{OutboundError, UrlFault};
use std::{fmt, net::IpAddr};
use url::{Host, Url};

/// Where a call goes: never constructed from a URL that must not be called.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) secure: bool,
    pub(crate) host: Host<String>,
    pub(crate) port: u16,
}

/// The ports that browsers refuse ("bad port" in the Fetch standard), because something listens there
/// that may take an HTTP request for a command of its own.
const OTHER_PROTOCOLS: &[u16] = &[
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103,
    104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514,
    515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723,
    2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

impl Target {
    /// Judges a URL. The parser has already turned every way of writing an IPv4 address (octal,
    /// hexadecimal, one number, full-width digits) into four numbers.
    pub(crate) fn of(url: &Url, development: bool) -> Result<Self, OutboundError> {
        let secure = match url.scheme() {
            "https" => true,
            "http" if development => false,
            "http" => return Err(OutboundError::Insecure),
            _ => return Err(OutboundError::Url(UrlFault::Scheme)),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OutboundError::Url(UrlFault::UserInfo));
        }
        let host = url.host().ok_or(OutboundError::Url(UrlFault::Host))?.to_owned();
        // A final dot would be a second spelling of one name, which rules and certificates do not know.
        if matches!(&host, Host::Domain(name) if name.is_empty() || name.ends_with('.')) {
            return Err(OutboundError::Url(UrlFault::Host));
        }
        let port = url.port_or_known_default().ok_or(OutboundError::Url(UrlFault::Port))?;
        if OTHER_PROTOCOLS.contains(&port) {
            return Err(OutboundError::Url(UrlFault::Port));
        }
        Ok(Target { secure, host, port })
    }

    /// The address that the URL itself gives, if it gives one rather than a name.
    pub(crate) fn literal(&self) -> Option<IpAddr> {
        match self.host {
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
            Host::Domain(_) => None,
        }
    }
}

/// The host alone, as it stands in the URL.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.host.fmt(f)
    }
}
