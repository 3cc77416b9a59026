//! The ways in which a call can fail, in two voices: `Display` and `detail` are fit for the tenant who
//! gave the address, `for_log` is for the operator and names addresses and causes.

use domain::Fault;
use std::{fmt, io, net::IpAddr, path::PathBuf, time::Duration};

/// Why a call was not made or brought no answer.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The address itself is not one that is called.
    #[error("this address cannot be called: {0}")]
    Url(UrlFault),
    /// The address leads into a network that is not public and was not opened.
    #[error("its name was not found, or leads to a network that may not be called")]
    ForbiddenAddress {
        /// The name or address that was asked for.
        host: String,
        /// What it led to.
        address: IpAddr,
        /// What that is.
        range: &'static str,
    },
    /// The address is plain HTTP.
    #[error("this address is not encrypted; only https is called")]
    Insecure,
    /// No connection came about.
    #[error("the other side could not be reached: {why}")]
    Unreachable {
        /// The name or address that was asked for.
        host: String,
        /// In words for the tenant.
        why: Unreachable,
        /// In words for the log.
        source: io::Error,
    },
    /// There was a connection, but the other side did not prove who it is.
    #[error("no trustworthy encrypted connection could be made: {fault}")]
    Tls {
        /// The name or address that was asked for.
        host: String,
        /// In words for the tenant.
        fault: TlsFault,
        /// In words for the log.
        source: io::Error,
    },
    /// It took longer than allowed, waiting for a free place included.
    #[error("the other side took longer than {} ms", .after.as_millis())]
    Timeout {
        /// How long that was.
        after: Duration,
    },
    /// The answer was larger than allowed.
    #[error("the {what} of the answer is too large")]
    TooLarge {
        /// Which part of it.
        what: TooLarge,
    },
    /// The other side did not speak HTTP, or not what was expected of it.
    #[error("the other side gave no proper answer")]
    Protocol {
        /// In words for the log; holds nothing of the answer itself.
        cause: String,
    },
}

/// What is wrong with a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlFault {
    /// It does not parse.
    #[error("it is not a URL")]
    Form,
    /// Another scheme than https, or http in development.
    #[error("it does not begin with https://")]
    Scheme,
    /// It carries a user name or a password.
    #[error("it holds a user name or password")]
    UserInfo,
    /// The host ends in a dot, or is no name that a certificate could bear.
    #[error("its host is not a usable name")]
    Host,
    /// A port that browsers refuse too, because another protocol listens there.
    #[error("its port is not one that is called")]
    Port,
}

/// Why no connection came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// The name has no address.
    #[error("its name was not found, or leads to a network that may not be called")]
    Name,
    /// None of its addresses accepted a connection.
    #[error("it accepted no connection")]
    Connection,
}

/// Why a certificate or a handshake was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TlsFault {
    /// Signed by itself or by nobody we trust.
    #[error("its certificate comes from an issuer that is not trusted")]
    Issuer,
    /// Made out to somebody else.
    #[error("its certificate is for another name")]
    Name,
    /// Its time is over.
    #[error("its certificate has expired")]
    Expired,
    /// Its time has not come.
    #[error("its certificate is not valid yet")]
    NotYetValid,
    /// Anything else about the certificate.
    #[error("its certificate is not valid")]
    Certificate,
    /// The handshake failed for another reason.
    #[error("the handshake failed")]
    Handshake,
}

/// Which part of an answer was too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooLarge {
    /// Status line and headers.
    #[error("head")]
    Head,
    /// The body.
    #[error("body")]
    Body,
}

/// Why the client could not be set up; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The file of extra roots could not be read or is not PEM.
    #[error("the file of extra root certificates {path} cannot be used: {cause}")]
    ExtraRoots {
        /// Which file.
        path: PathBuf,
        /// What is the matter with it.
        cause: String,
    },
    /// The cryptography library refused its own defaults.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

impl Fault for OutboundError {
    fn code(&self) -> &'static str {
        match self {
            OutboundError::Url(_) => "outbound.url",
            // Whoever asks must not learn which of the two: it would tell which inside names there are.
            OutboundError::ForbiddenAddress { .. }
            | OutboundError::Unreachable { why: Unreachable::Name, .. } => "outbound.forbidden-address",
            OutboundError::Insecure => "outbound.insecure",
            OutboundError::Unreachable { .. } => "outbound.unreachable",
            OutboundError::Tls { .. } => "outbound.tls",
            OutboundError::Timeout { .. } => "outbound.timeout",
            OutboundError::TooLarge { .. } => "outbound.too-large",
            OutboundError::Protocol { .. } => "outbound.protocol",
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            OutboundError::Unreachable { why: why @ Unreachable::Name, .. } => Some(why.to_string()),
            _ => Some(self.to_string()),
        }
    }
}

impl OutboundError {
    /// Everything that is known, for the operator's log and never for a client: a tenant must not learn
    /// which addresses the operator's own names have.
    pub fn for_log(&self) -> impl fmt::Display + '_ {
        ForLog(self)
    }

    pub(crate) fn protocol(cause: impl fmt::Display) -> Self {
        OutboundError::Protocol { cause: cause.to_string() }
    }
}

struct ForLog<'a>(&'a OutboundError);

impl fmt::Display for ForLog<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code(), self.0)?;
        match self.0 {
            OutboundError::ForbiddenAddress { host, address, range } => {
                write!(f, " ({host} is {address}, {range})")
            }
            OutboundError::Unreachable { host, source, .. } | OutboundError::Tls { host, source, .. } => {
                write!(f, " ({host}: {source})")
            }
            OutboundError::Protocol { cause } => write!(f, " ({cause})"),
            _ => Ok(()),
        }
    }
}
