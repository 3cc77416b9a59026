//! What a proxy in front says about a request: for which host it came, from whom, and whether by https. It is
//! believed of nobody but the proxies that the operator named, and only where it can be read in one way.

use domain::Network;
use http::{HeaderMap, HeaderName, header::FORWARDED};
use std::net::{IpAddr, SocketAddr};

use crate::headers::names;

/// How many proxies in a row are looked at.
const MOST_HOPS: usize = 32;

/// The proxies in front, and where they say what they were asked.
#[derive(Clone, Debug)]
pub struct Fronts {
    trusted: Vec<Network>,
    host: HeaderName,
    /// Whether they say which certificate their client has shown.
    pub(crate) certificates: bool,
}

/// A request as the client sent it to the first of the proxies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// The host, if a proxy said it.
    pub host: Option<String>,
    /// Who asked.
    pub address: IpAddr,
    /// Whether by https, if a proxy said it.
    pub https: Option<bool>,
}

/// Said twice, as a list, or in no form that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what the proxy in front says about the request cannot be read in one way")]
pub struct Unclear;

impl Fronts {
    /// Proxies in these networks, which say the original host in this header. If that is `Forwarded`
    /// (RFC 7239), they say everything there; else the rest in `X-Forwarded-For` and `X-Forwarded-Proto`.
    pub fn new(trusted: Vec<Network>, host: HeaderName) -> Self {
        Fronts { trusted, host, certificates: false }
    }

    /// The same, which say besides which certificate their client has shown, or not.
    pub fn saying_certificates(self, certificates: bool) -> Self {
        Fronts { certificates, ..self }
    }

    /// Whether what this peer says is believed.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.trusted.iter().any(|network| network.contains(peer))
    }

    /// What the proxies say about a request that this peer, which is one of them, passed on.
    ///
    /// # Errors
    /// [`Unclear`].
    pub fn original(&self, peer: IpAddr, headers: &HeaderMap) -> Result<Original, Unclear> {
        if self.host == FORWARDED {
            return self.standard(peer, headers);
        }
        let host = once(headers, &self.host)?.map(str::to_owned);
        let https = once(headers, &names::FORWARDED_PROTO)?.map(is_https).transpose()?;
        Ok(Original { host, address: self.client(peer, headers), https })
    }

    /// The nearest address in `X-Forwarded-For` that is none of the proxies': whatever stands before it may
    /// have been made up by whoever has it. Where all are, the farthest.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer;
        let lists = headers.get_all(&names::FORWARDED_FOR).iter().rev();
        let hops = lists.flat_map(|list| list.as_bytes().rsplit(|byte| *byte == b','));
        for hop in hops.take(MOST_HOPS) {
            if !self.trusts(client) {
                break;
            }
            let Some(address) = std::str::from_utf8(hop).ok().and_then(address) else { break };
            client = address;
        }
        client
    }

    /// The same from `Forwarded`, whose elements say host and protocol too. An element is believed if the one
    /// after it says that a proxy of ours wrote it.
    fn standard(&self, peer: IpAddr, headers: &HeaderMap) -> Result<Original, Unclear> {
        let mut original = Original { host: None, address: peer, https: None };
        let lists = headers.get_all(FORWARDED).iter().rev();
        for list in lists {
            let list = list.to_str().map_err(|_| Unclear)?;
            for element in split_outside_quotes(list, b',')?.into_iter().rev() {
                if !self.trusts(original.address) {
                    return Ok(original);
                }
                let Some(address) = read_element(element, &mut original)? else { return Ok(original) };
                original.address = address;
            }
        }
        Ok(original)
    }
}

/// Reads one element, and gives the address that it came from if that is said.
fn read_element(element: &str, original: &mut Original) -> Result<Option<IpAddr>, Unclear> {
    let mut from = None;
    for pair in split_outside_quotes(element, b';')? {
        let Some((name, value)) = pair.split_once('=') else { return Err(Unclear) };
        let value = unquoted(value.trim())?;
        match name.trim().to_ascii_lowercase().as_str() {
            "for" => from = address(value),
            "host" => original.host = Some(value.to_owned()),
            "proto" => original.https = Some(is_https(value)?),
            _ => {}
        }
    }
    Ok(from)
}

/// The one value of a field; none if it is not there.
pub(crate) fn once<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, Unclear> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let value = value.to_str().map_err(|_| Unclear)?;
    if values.next().is_some() || value.is_empty() || value.contains(',') {
        return Err(Unclear);
    }
    Ok(Some(value))
}

/// Some proxies call a WebSocket's scheme by its own name.
pub(crate) fn is_https(scheme: &str) -> Result<bool, Unclear> {
    match scheme.to_ascii_lowercase().as_str() {
        "https" | "wss" => Ok(true),
        "http" | "ws" => Ok(false),
        _ => Err(Unclear),
    }
}

/// An address as proxies write it: with a port or without, of IPv6 in brackets or without.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let address: Option<IpAddr> = text.parse().ok().or_else(bare).or_else(with_port);
    address.map(|address| address.to_canonical())
}

fn split_outside_quotes(text: &str, at: u8) -> Result<Vec<&str>, Unclear> {
    let (mut parts, mut begins, mut quoted) = (Vec::new(), 0, false);
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            // Escapes occur in no address and no host.
            b'\\' => return Err(Unclear),
            b'"' => quoted = !quoted,
            byte if byte == at && !quoted => {
                parts.push(&text[begins..place]);
                begins = place + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[begins..]);
    let few = parts.len() <= MOST_HOPS;
    if quoted || !few { Err(Unclear) } else { Ok(parts) }
}

fn unquoted(value: &str) -> Result<&str, Unclear> {
    match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').filter(|inner| !inner.contains('"')).ok_or(Unclear),
        None if value.contains('"') => Err(Unclear),
        None => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: HeaderName = names::FORWARDED_HOST;

    fn fronts(host: HeaderName) -> Fronts {
        Fronts::new(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()], host)
    }

    fn headers(fields: &[(&str, &str)]) -> HeaderMap {
        let field =
            |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        fields.iter().map(field).collect()
    }

    fn client(fields: &[(&str, &str)]) -> String {
        fronts(HOST).client("10.0.0.1".parse().unwrap(), &headers(fields)).to_string()
    }

    #[test]
    fn the_client_is_the_nearest_that_is_none_of_ours() {
        for (said, who) in [
            ("192.0.2.1", "192.0.2.1"),
            ("203.0.113.9, 192.0.2.1", "192.0.2.1"),
            ("203.0.113.9, 192.0.2.1, 10.9.9.9", "192.0.2.1"),
            ("10.3.3.3, 10.2.2.2", "10.3.3.3"),
            ("192.0.2.1:4711", "192.0.2.1"),
            ("[2001:db8::1]:4711, fd00::7", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("192.0.2.1, unknown", "10.0.0.1"),
            ("192.0.2.1, unknown, 10.4.4.4", "10.4.4.4"),
            ("", "10.0.0.1"),
        ] {
            assert_eq!(client(&[("x-forwarded-for", said)]), who, "{said}");
        }
        assert_eq!(client(&[]), "10.0.0.1");
        let twice = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "192.0.2.1")];
        assert_eq!(client(&twice), "192.0.2.1", "two fields are one list");
    }

    #[test]
    fn whoever_is_no_proxy_of_ours_is_the_client_whatever_they_say() {
        let stranger = "192.0.2.1".parse().unwrap();
        assert!(!fronts(HOST).trusts(stranger));
        let said = headers(&[("x-forwarded-for", "198.51.100.1")]);
        assert_eq!(fronts(HOST).client(stranger, &said), stranger);
    }

    #[test]
    fn host_and_scheme_are_said_once_or_not_at_all() {
        let read =
            |fields: &[(&str, &str)]| fronts(HOST).original("10.0.0.1".parse().unwrap(), &headers(fields));
        let original = read(&[("x-forwarded-host", "t2.base:8443"), ("x-forwarded-proto", "HTTPS")]).unwrap();
        assert_eq!((original.host.as_deref(), original.https), (Some("t2.base:8443"), Some(true)));
        assert_eq!(read(&[]).unwrap().host, None);
        for unclear in [
            &[("x-forwarded-host", "t1.base, t2.base")][..],
            &[("x-forwarded-host", "t2.base"), ("x-forwarded-host", "t2.base")],
            &[("x-forwarded-host", "")],
            &[("x-forwarded-proto", "gopher")],
            &[("x-forwarded-proto", "https, http")],
        ] {
            assert_eq!(read(unclear), Err(Unclear), "{unclear:?}");
        }
    }

    #[test]
    fn another_header_is_read_where_the_operator_says_so_and_no_other() {
        let fronts = fronts(HeaderName::from_static("x-original-host"));
        let said = headers(&[("x-original-host", "t2.base"), ("x-forwarded-host", "t3.base")]);
        let original = fronts.original("10.0.0.1".parse().unwrap(), &said).unwrap();
        assert_eq!(original.host.as_deref(), Some("t2.base"));
    }

    #[test]
    fn an_element_of_forwarded_counts_if_a_proxy_of_ours_wrote_it() {
        let read = |said: &str| {
            let original =
                fronts(FORWARDED).original("10.0.0.1".parse().unwrap(), &headers(&[("forwarded", said)]));
            original.map(|original| {
                (original.host.unwrap_or_default(), original.address.to_string(), original.https)
            })
        };
        let is = |host: &str, address: &str, https| Ok((host.to_owned(), address.to_owned(), https));
        assert_eq!(read("for=192.0.2.1;host=t2.base;proto=https"), is("t2.base", "192.0.2.1", Some(true)));
        assert_eq!(read("host=evil.base, for=192.0.2.1;host=t2.base"), is("t2.base", "192.0.2.1", None));
        assert_eq!(read("for=192.0.2.1;host=t2.base, for=10.2.2.2"), is("t2.base", "192.0.2.1", None));
        assert_eq!(
            read("For=\"[2001:db8::1]:47\";Host=\"t2.base:8443\""),
            is("t2.base:8443", "2001:db8::1", None)
        );
        assert_eq!(read("for=_hidden;host=t2.base"), is("t2.base", "10.0.0.1", None));
        for unclear in ["host", "host=\"t2.base", "host=\"t2\\.base\"", "proto=x", "host=t\"2\""] {
            assert_eq!(read(unclear), Err(Unclear), "{unclear}");
        }
    }
}
