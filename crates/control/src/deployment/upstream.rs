//! The address of a backend, parsed once.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Scheme, host and port of a backend, written in one way: `http://127.0.0.1:3000`. `h2c` is HTTP/2 in plain text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Upstream(String);

/// The text is no backend's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a backend's address is http://, https:// or h2c://, a host and perhaps a port, with nothing after it"
)]
pub struct BadUpstream;

impl Upstream {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Upstream {
    type Err = BadUpstream;

    fn from_str(text: &str) -> Result<Self, BadUpstream> {
        // The same kind of address as that of plain HTTP, which is what the parser knows.
        let text = text.trim();
        let plain = text.strip_prefix("h2c://").map(|rest| format!("http://{rest}"));
        let url = url::Url::parse(plain.as_deref().unwrap_or(text)).map_err(|_| BadUpstream)?;
        let scheme = if plain.is_some() { "h2c" } else { url.scheme() };
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let nobody = url.username().is_empty() && url.password().is_none();
        let known = matches!(url.scheme(), "http" | "https");
        match (url.host_str(), url.port_or_known_default()) {
            (Some(host), Some(port)) if known && bare && nobody && port != 0 => {
                Ok(Upstream(format!("{scheme}://{host}:{port}")))
            }
            _ => Err(BadUpstream),
        }
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Upstream> for String {
    fn from(upstream: Upstream) -> String {
        upstream.0
    }
}

impl TryFrom<String> for Upstream {
    type Error = BadUpstream;
    fn try_from(text: String) -> Result<Self, BadUpstream> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backend_is_scheme_host_and_port() {
        let parsed = |text: &str| text.parse::<Upstream>().map(|upstream| upstream.to_string());
        assert_eq!(parsed("http://127.0.0.1:3000"), Ok("http://127.0.0.1:3000".into()));
        assert_eq!(parsed(" https://App.Example.com/ "), Ok("https://app.example.com:443".into()));
        assert_eq!(parsed("h2c://127.0.0.1:50051"), Ok("h2c://127.0.0.1:50051".into()));
        assert_eq!(parsed("http://[::1]:81"), Ok("http://[::1]:81".into()));
        for bad in [
            "",
            "127.0.0.1:3000",
            "app.example.com",
            "ftp://app.example.com",
            "http://app.example.com/path",
            "http://app.example.com?x",
            "http://user@app.example.com",
            "http://:80",
            "http://app.example.com:0",
            "http://app.example.com:99999",
            "http://a b",
        ] {
            assert_eq!(parsed(bad), Err(BadUpstream), "{bad}");
        }
    }
}
