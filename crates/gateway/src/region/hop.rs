//! What one node tells another about a request that it hands on: who asked for it and how, and how often it was
//! handed on already. It is signed over all of that and over what is asked for, and good for seconds and once.

use crate::{certificate::digest_said, peer::Peer};
use domain::{Digest, Moment, RequestId, digest::MacKey};
use http::{HeaderValue, Request, header::HOST};
use std::net::IpAddr;

/// How far two nodes' clocks may differ, in seconds.
pub(super) const WINDOW: i64 = 10;
/// How often a request may be handed on: once to where its tenant is, and once more where that has just moved.
const MOST: u8 = 2;

/// A request that came from another node.
#[derive(Debug)]
pub(crate) struct Hop {
    /// The client, as the node saw it where the request entered.
    pub(crate) peer: Peer,
    pub(crate) id: RequestId,
    /// How often it was handed on.
    pub(crate) count: u8,
}

/// What tells one handing on from every other.
pub(super) type Nonce = [u8; 16];

/// What is asked for.
#[derive(Clone, Copy)]
pub(super) struct Asked<'r> {
    pub(super) method: &'r str,
    pub(super) path: &'r str,
    pub(super) host: &'r str,
    /// What is said beside it of the certificate that the client has shown.
    pub(super) certificate: Option<Digest>,
}

/// From which region to which.
#[derive(Clone, Copy)]
pub(super) struct Way<'r> {
    pub(super) from: &'r str,
    pub(super) to: u128,
}

impl Hop {
    /// Whether it must not be handed on any more.
    pub(crate) fn is_last(&self) -> bool {
        self.count >= MOST
    }

    /// What is said of a request that is handed on.
    pub(super) fn write(
        &self,
        key: &MacKey,
        way: Way<'_>,
        asked: Asked<'_>,
        (now, nonce): (Moment, Nonce),
    ) -> HeaderValue {
        let Way { from, to } = way;
        let (scheme, ip, count, seconds) = (self.peer.scheme(), self.peer.ip, self.count, now.seconds());
        let nonce = u128::from_be_bytes(nonce);
        let said = format!("{from};{to:032x};{count};{seconds};{scheme};{ip};{};{nonce:032x}", self.id);
        let code = sign(key, &said, asked);
        HeaderValue::try_from(format!("{said};{code}")).expect("names, numbers and codes are plain ASCII")
    }

    /// What was said, if it was said by a node of ours, to this region, just now and about this request; and what tells
    /// it from every other.
    pub(super) fn read(
        said: &str,
        key: &MacKey,
        to: u128,
        asked: Asked<'_>,
        now: Moment,
    ) -> Option<(Self, Nonce)> {
        let (said, code) = said.rsplit_once(';')?;
        if sign(key, said, asked) != Digest::parse(code)? {
            return None;
        }
        let parts: Vec<&str> = said.split(';').collect();
        let [_, region, count, seconds, scheme, ip, id, nonce] = parts[..] else { return None };
        let late = now.seconds().checked_sub(seconds.parse().ok()?)?;
        if region != format!("{to:032x}") || !(-WINDOW..=WINDOW).contains(&late) {
            return None;
        }
        let peer = Peer::new(ip.parse::<IpAddr>().ok()?, scheme == "https");
        let nonce = u128::from_str_radix(nonce, 16).ok()?.to_be_bytes();
        Some((Hop { peer, id: id.parse().ok()?, count: count.parse().ok()? }, nonce))
    }
}

fn sign(key: &MacKey, said: &str, asked: Asked<'_>) -> Digest {
    let Asked { method, path, host, certificate } = asked;
    let certificate = certificate.map(|digest| digest.to_string()).unwrap_or_default();
    let parts = ["from one region to another 2", said, method, path, host, &certificate];
    key.sign(&parts.map(|part| [part.as_bytes(), b"\n"]).concat())
}

impl<'r> Asked<'r> {
    /// What this request asks for, as it was sent over HTTP/1.1.
    pub(super) fn of<B>(request: &'r Request<B>) -> Self {
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
        Asked {
            method: request.method().as_str(),
            path: request.uri().path_and_query().map_or("/", |path| path.as_str()),
            host: host.unwrap_or_default(),
            certificate: digest_said(request.headers()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_micros(1_800_000_000_000_000);
    const ASKED: Asked<'_> =
        Asked { method: "GET", path: "/x?y", host: "contoso.example.com", certificate: None };

    fn later(seconds: i64) -> Moment {
        Moment::from_micros(NOW.micros() + seconds * 1_000_000)
    }

    fn said() -> String {
        let peer = Peer::new("192.0.2.7".parse().unwrap(), true);
        let hop = Hop { peer, id: RequestId::from_bits(5), count: 1 };
        let value = hop.write(&MacKey::new(b"ours"), Way { from: "eu", to: 7 }, ASKED, (NOW, [9; 16]));
        value.to_str().unwrap().to_owned()
    }

    #[test]
    fn what_a_node_says_is_believed_by_the_region_that_it_is_said_to() {
        let (hop, nonce) = Hop::read(&said(), &MacKey::new(b"ours"), 7, ASKED, later(9)).unwrap();
        assert_eq!(nonce, [9; 16]);
        assert_eq!(hop.peer.ip.to_string(), "192.0.2.7");
        assert_eq!((hop.peer.scheme(), hop.id, hop.count), ("https", RequestId::from_bits(5), 1));
        assert!(!hop.is_last());
    }

    #[test]
    fn anything_else_is_not() {
        let (ours, said) = (MacKey::new(b"ours"), said());
        assert!(Hop::read(&said, &MacKey::new(b"theirs"), 7, ASKED, NOW).is_none(), "another key");
        assert!(Hop::read(&said, &ours, 8, ASKED, NOW).is_none(), "to another region");
        assert!(Hop::read(&said, &ours, 7, ASKED, later(11)).is_none(), "too late");
        let other = Asked { path: "/z", ..ASKED };
        assert!(Hop::read(&said, &ours, 7, other, NOW).is_none(), "about another request");
        let shown = Asked { certificate: Some(Digest::of(b"another's")), ..ASKED };
        assert!(Hop::read(&said, &ours, 7, shown, NOW).is_none(), "with a certificate that nobody said");
        let forged = said.replacen(";1;", ";0;", 1);
        assert!(Hop::read(&forged, &ours, 7, ASKED, NOW).is_none(), "fewer hops");
        for bad in ["", ";", "a;b;c;d;e;f;g;h;i"] {
            assert!(Hop::read(bad, &ours, 7, ASKED, NOW).is_none(), "{bad}");
        }
    }
}
