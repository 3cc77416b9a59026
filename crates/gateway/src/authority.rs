//! The host that a request is for. Taken from one place only, and refused where two places could be read
//! differently by us and by a backend (RFC 9112 section 3.2, RFC 9113 section 8.3.1).

use http::{HeaderMap, Request, Uri, header::HOST};
use std::{borrow::Cow, net::Ipv6Addr};

/// The host of a request: as it was sent, and in the form that names are compared in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority<'r> {
    /// With the port, as the client wrote it.
    pub sent: &'r str,
    /// In lower case, without port and trailing dot.
    pub host: Cow<'r, str>,
    /// The port, if one was sent.
    pub port: Option<u16>,
}

/// Why a request has no usable host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAuthority {
    /// None was sent.
    #[error("the request names no host")]
    Missing,
    /// Two header fields, even equal ones.
    #[error("the request has two Host header fields")]
    Two,
    /// The request line or the pseudo-header says one thing, the Host header another.
    #[error("the request line and the Host header name different hosts")]
    Conflict,
    /// Userinfo, spaces, percent-encoding, an empty label, a bad port.
    #[error("the host is not a plain host name with an optional port")]
    Odd,
}

impl<'r> Authority<'r> {
    /// The host that this request is for.
    ///
    /// # Errors
    /// [`BadAuthority`] unless there is exactly one and it is plain.
    pub fn of_request<B>(request: &'r Request<B>) -> Result<Self, BadAuthority> {
        Self::of(request.headers(), request.uri())
    }

    /// As [`Authority::of_request`], for a request in parts.
    ///
    /// # Errors
    /// [`BadAuthority`].
    pub fn of(headers: &'r HeaderMap, uri: &'r Uri) -> Result<Self, BadAuthority> {
        let mut fields = headers.get_all(HOST).iter();
        let field = fields.next();
        if fields.next().is_some() {
            return Err(BadAuthority::Two);
        }
        let field = field
            .map(|value| value.to_str().map_err(|_| BadAuthority::Odd))
            .transpose()?
            .map(Self::parse)
            .transpose()?;
        let line = uri.authority().map(|line| Self::parse(line.as_str())).transpose()?;
        match (line, field) {
            (None, None) => Err(BadAuthority::Missing),
            (Some(line), Some(field)) if line.host != field.host || line.port != field.port => {
                Err(BadAuthority::Conflict)
            }
            (_, Some(only)) | (Some(only), None) => Ok(only),
        }
    }

    /// Reads a host with an optional port.
    ///
    /// # Errors
    /// [`BadAuthority::Odd`].
    pub fn parse(sent: &'r str) -> Result<Self, BadAuthority> {
        let (name, port) = split_port(sent).ok_or(BadAuthority::Odd)?;
        let host = if name.starts_with('[') { address(name) } else { dns_name(name) };
        Ok(Authority { sent, host: host.ok_or(BadAuthority::Odd)?, port })
    }
}

fn split_port(sent: &str) -> Option<(&str, Option<u16>)> {
    // The colons of an IPv6 address stand before its closing bracket.
    let from = sent.find(']').map_or(0, |end| end + 1);
    let Some(colon) = sent[from..].find(':') else { return Some((sent, None)) };
    let (name, port) = (&sent[..from + colon], &sent[from + colon + 1..]);
    let digits = (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| port.parse().ok()).flatten().map(|port| (name, Some(port)))
}

fn address(name: &str) -> Option<Cow<'_, str>> {
    let address: Ipv6Addr = name.strip_prefix('[')?.strip_suffix(']')?.parse().ok()?;
    Some(Cow::Owned(format!("[{address}]")))
}

fn dns_name(name: &str) -> Option<Cow<'_, str>> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let mut upper = false;
    let mut label = 0;
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => label += 1,
            b'A'..=b'Z' => {
                upper = true;
                label += 1;
            }
            b'.' if label > 0 => label = 0,
            _ => return None,
        }
        if label > 63 {
            return None;
        }
    }
    let sound = label > 0 && name.len() <= 253;
    sound.then(|| if upper { Cow::Owned(name.to_ascii_lowercase()) } else { Cow::Borrowed(name) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(uri: &str, hosts: &[&str]) -> Result<(String, Option<u16>), BadAuthority> {
        let mut request = Request::builder().uri(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        Authority::of_request(&request.body(()).unwrap())
            .map(|authority| (authority.host.into_owned(), authority.port))
    }

    #[test]
    fn every_spelling_of_a_host_is_the_same_host() {
        for sent in ["t1.base", "T1.BASE:443", "t1.base.", "T1.base.:443"] {
            assert_eq!(of("/", &[sent]).unwrap().0, "t1.base", "{sent}");
        }
        assert_eq!(of("/", &["127.0.0.3:8080"]), Ok(("127.0.0.3".into(), Some(8080))));
        assert_eq!(of("/", &["[0:0::1]:8080"]), Ok(("[::1]".into(), Some(8080))));
    }

    #[test]
    fn a_host_said_twice_is_refused_even_if_it_is_the_same() {
        assert_eq!(of("/", &["t1.base", "t1.base"]), Err(BadAuthority::Two));
        assert_eq!(of("/", &[]), Err(BadAuthority::Missing));
    }

    #[test]
    fn a_request_line_that_names_another_host_is_refused() {
        assert_eq!(of("http://t2.base/x", &["t1.base"]), Err(BadAuthority::Conflict));
        assert_eq!(of("http://t1.base:81/x", &["t1.base:80"]), Err(BadAuthority::Conflict));
        assert_eq!(of("http://T1.base/x", &["t1.base."]), Ok(("t1.base".into(), None)));
        assert_eq!(of("http://t1.base/x", &[]), Ok(("t1.base".into(), None)));
    }

    #[test]
    fn odd_forms_are_refused() {
        for odd in [
            "",
            ".",
            "t1.base..",
            "t1..base",
            ".t1.base",
            "t1.base:",
            "t1.base:80:80",
            "t1.base:+80",
            "t1.base:123456",
            "t1.base:99999",
            "a@t1.base",
            "t1 .base",
            "t1%2ebase",
            "t1.base/x",
            "t1.base,t2.base",
            "t1.base\\t2.base",
            "[::1",
            "[::1]x",
            "::1",
            "t\u{fc}.base",
            &format!("{}.base", "a".repeat(64)),
            &"a.".repeat(130),
        ] {
            assert_eq!(Authority::parse(odd), Err(BadAuthority::Odd), "{odd}");
        }
    }
}
