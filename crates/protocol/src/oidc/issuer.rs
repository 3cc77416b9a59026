//! The name of a provider, as its connection pins it.

use super::ProviderError;
use std::fmt;
use url::Url;

const ADDRESS_LIMIT: usize = 2_000;

/// Which addresses a provider may have. What lies behind them is the outgoing client's concern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// https only.
    Https,
    /// http as well: the development setting.
    Development,
}

impl Transport {
    /// An absolute address that a provider may have: of a permitted scheme, with a host, without a user
    /// or a fragment.
    pub(crate) fn address(self, text: &str) -> Option<Url> {
        // The URL parser would silently drop line breaks and turn backslashes; then the address that is
        // called is not the one that was read by people.
        if text.len() > ADDRESS_LIMIT || !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
            return None;
        }
        let url = Url::parse(text).ok()?;
        let scheme = url.scheme() == "https" || (self == Transport::Development && url.scheme() == "http");
        let plain = url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none();
        (scheme && plain).then_some(url)
    }
}

/// An issuer identifier (OpenID Connect Core 1.0 section 2): compared letter by letter, so it keeps the
/// letters it was given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Issuer(String);

impl Issuer {
    /// Reads an issuer as an admin typed it.
    ///
    /// # Errors
    /// [`ProviderError::Metadata`] if it is not an absolute address without query and fragment.
    pub fn parse(text: &str, transport: Transport) -> Result<Self, ProviderError> {
        transport
            .address(text)
            .filter(|url| url.query().is_none())
            .map(|_| Issuer(text.to_owned()))
            .ok_or(ProviderError::Metadata("the issuer must be an https address without query or fragment"))
    }

    /// The text, as `iss` must give it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where its metadata lies (Discovery 1.0 section 4).
    pub fn metadata_address(&self) -> Url {
        let base = self.0.strip_suffix('/').unwrap_or(&self.0);
        Url::parse(&format!("{base}/.well-known/openid-configuration"))
            .expect("an address without query remains one with a longer path")
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
