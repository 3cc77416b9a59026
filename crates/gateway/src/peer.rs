//! Who is at the other end of a connection.

use crate::{certificate::ClientCertificate, connection::Connection};
use bytes::Bytes;
use domain::Digest;
use http::HeaderValue;
use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

/// The other end of a client's connection. Made once for each connection.
#[derive(Clone, Debug)]
pub struct Peer {
    pub(crate) secure: bool,
    pub(crate) ip: IpAddr,
    pub(crate) address: HeaderValue,
    /// As `Forwarded` wants it (RFC 7239 section 6).
    pub(crate) node: Bytes,
    /// The client certificate that it came with.
    pub(crate) certificate: Option<Arc<ClientCertificate>>,
    /// The connection, where it is the client's own: a proxy's serves many.
    pub(crate) connection: Option<Arc<Connection>>,
}

impl Peer {
    /// A client at this address, whose connection is protected or not as far as browsers can tell.
    pub fn new(address: IpAddr, secure: bool) -> Self {
        let address = address.to_canonical();
        let node = if address.is_ipv6() { format!("\"[{address}]\"") } else { address.to_string() };
        let text = HeaderValue::try_from(address.to_string()).expect("addresses are plain ASCII");
        Peer { secure, ip: address, address: text, node: node.into(), certificate: None, connection: None }
    }

    /// SHA-256 of the certificate that the client has shown.
    pub fn shown_certificate(&self) -> Option<Digest> {
        self.certificate.as_ref()?.fingerprint()
    }

    /// The same client, with this certificate.
    pub fn with_certificate(self, certificate: Option<Arc<ClientCertificate>>) -> Self {
        Peer { certificate, ..self }
    }

    /// The same client, over this connection of its own.
    pub fn over(self, connection: Option<Arc<Connection>>) -> Self {
        Peer { connection, ..self }
    }

    pub(crate) fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }
}

/// What one client has as its own: an address of IPv4; of IPv6 the 64 bits in which anybody can take any
/// address (RFC 4291 section 2.5.4).
pub fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}
