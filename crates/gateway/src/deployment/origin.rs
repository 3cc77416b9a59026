//! Where an upstream listens.

use crate::Authority;
use http::Uri;
use std::{fmt, str::FromStr};

/// The scheme, host and port of an upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamOrigin {
    pub(crate) tls: bool,
    /// Whether HTTP/2 is spoken, without asking first.
    pub(crate) h2: bool,
    pub(crate) host: Box<str>,
    pub(crate) port: u16,
    authority: Box<str>,
}

/// The text is no address of an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an upstream is `http://host:port`, `https://host:port` or `h2c://host:port`, without path, query and user"
)]
pub struct BadOrigin;

impl UpstreamOrigin {
    /// Host and port, as an absolute redirect of the backend may name them.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }
}

impl FromStr for UpstreamOrigin {
    type Err = BadOrigin;

    fn from_str(text: &str) -> Result<Self, BadOrigin> {
        let uri: Uri = text.parse().map_err(|_| BadOrigin)?;
        let (tls, h2) = match uri.scheme_str() {
            Some("http") => (false, false),
            Some("https") => (true, false),
            Some("h2c") => (false, true),
            _ => return Err(BadOrigin),
        };
        let bare = uri.path_and_query().is_none_or(|rest| rest == "/");
        let authority = uri.authority().filter(|_| bare).ok_or(BadOrigin)?;
        let Authority { host, port, .. } = Authority::parse(authority.as_str()).map_err(|_| BadOrigin)?;
        let port = port.unwrap_or(if tls { 443 } else { 80 });
        let bare_host = host.trim_start_matches('[').trim_end_matches(']');
        Ok(UpstreamOrigin {
            tls,
            h2,
            host: bare_host.into(),
            port,
            authority: format!("{host}:{port}").into(),
        })
    }
}

impl fmt::Display for UpstreamOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match (self.tls, self.h2) {
            (true, _) => "https",
            (false, true) => "h2c",
            (false, false) => "http",
        };
        write!(f, "{scheme}://{}", self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_is_a_scheme_a_host_and_a_port() {
        let parsed = |text: &str| text.parse::<UpstreamOrigin>().map(|origin| origin.to_string());
        assert_eq!(parsed("http://127.0.0.1:3000"), Ok("http://127.0.0.1:3000".into()));
        assert_eq!(parsed("https://App.internal/"), Ok("https://app.internal:443".into()));
        assert_eq!(parsed("h2c://127.0.0.1:50051"), Ok("h2c://127.0.0.1:50051".into()));
        assert_eq!(parsed("http://[::1]:80"), Ok("http://[::1]:80".into()));
        for bad in ["", "app:3000", "ftp://a", "http://a/b", "http://a?b", "http://u@a", "http://", "/a"] {
            assert_eq!(parsed(bad), Err(BadOrigin), "{bad}");
        }
    }
}
