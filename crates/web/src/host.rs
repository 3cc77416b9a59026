//! Where things answer: the public addresses of the platform's hosts, and which of them a request came to.

use domain::{Hostname, Slug};
use std::{fmt, str::FromStr};

/// Which host a request came to. `server` decides it from the listener and the authority, before routing,
/// and puts it into the request's extensions; nothing here guesses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostKind {
    /// `id.`: sign-in.
    Id,
    /// `console.`: the console's pages, and the API for them.
    Console,
    /// `api.`: the API.
    Api,
    /// A tenant's own host; only the reserved prefix is ours there.
    Tenant,
    /// The machine's own socket of mode 0600.
    Socket,
}

impl HostKind {
    /// Whether browsers come here with a cookie of ours.
    pub const fn reads_cookies(self) -> bool {
        matches!(self, HostKind::Id | HostKind::Console | HostKind::Tenant)
    }

    /// Whether an operator token is read here. A tenant's `Authorization` header is the application's.
    pub const fn reads_tokens(self) -> bool {
        matches!(self, HostKind::Api | HostKind::Console | HostKind::Socket)
    }
}

/// A public address as browsers write an origin: scheme, host and, unless it is the usual one, port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(url::Url);

/// The text is not a public address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a public address is http:// or https://, a host and perhaps a port, with nothing after it")]
pub struct BadPublicUrl;

impl FromStr for PublicUrl {
    type Err = BadPublicUrl;

    fn from_str(text: &str) -> Result<Self, BadPublicUrl> {
        let url = url::Url::parse(text).map_err(|_| BadPublicUrl)?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let nobody = url.username().is_empty() && url.password().is_none();
        (matches!(url.scheme(), "http" | "https") && bare && nobody)
            .then_some(PublicUrl(url))
            .ok_or(BadPublicUrl)
    }
}

impl PublicUrl {
    /// The origin, for example `https://id.example.com`; no slash at the end.
    pub fn origin(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// Host and, unless it is the usual one, port: what a request's `Host` says.
    pub fn authority(&self) -> &str {
        self.0.authority()
    }

    /// The host alone.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Whether it is https.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.origin())
    }
}

/// The platform's addresses.
#[derive(Clone, Debug)]
pub struct Hosts {
    /// Sign-in.
    pub id: PublicUrl,
    /// The console.
    pub console: PublicUrl,
    /// The API.
    pub api: PublicUrl,
    /// What tenants' slugs stand before.
    pub base_domain: Hostname,
    /// Whether people reach us by https; then cookies are `__Host-` and `Secure`.
    pub https: bool,
    /// The port that people reach tenants' hosts by; none for the usual one.
    pub port: Option<u16>,
    /// Whether plain HTTP to loopback addresses is meant.
    pub development: bool,
}

impl Hosts {
    /// Which platform host answers at this authority (a `Host` header's value); none for a tenant's.
    pub fn kind_of(&self, authority: &str) -> Option<HostKind> {
        let authority = self.tidy(authority);
        [(HostKind::Id, &self.id), (HostKind::Console, &self.console), (HostKind::Api, &self.api)]
            .into_iter()
            .find_map(|(kind, url)| (authority == url.authority()).then_some(kind))
    }

    /// The origin of a host at which tenants answer: a slug before the base domain, or their own.
    pub fn origin_of(&self, host: &str) -> String {
        let scheme = if self.https { "https" } else { "http" };
        match self.port {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        }
    }

    /// The origin of a tenant by its slug.
    pub fn tenant_origin(&self, slug: &Slug) -> String {
        self.origin_of(&format!("{slug}.{}", self.base_domain))
    }

    /// The origin that a request to `authority` was meant for, as its browser would write it.
    pub fn origin_at(&self, authority: &str) -> String {
        let scheme = if self.https { "https" } else { "http" };
        format!("{scheme}://{}", self.tidy(authority))
    }

    fn tidy(&self, authority: &str) -> String {
        let usual = if self.https { ":443" } else { ":80" };
        let lower = authority.to_ascii_lowercase();
        lower.strip_suffix(usual).unwrap_or(&lower).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_address_is_an_origin_and_no_more() {
        let url = |text: &str| text.parse::<PublicUrl>();
        assert_eq!(
            url("https://id.example.com:443/").map(|u| u.to_string()),
            Ok("https://id.example.com".into())
        );
        assert_eq!(
            url("http://127.0.0.2:8080").map(|u| u.authority().to_owned()),
            Ok("127.0.0.2:8080".into())
        );
        for bad in
            ["id.example.com", "ftp://id.example.com", "https://id.example.com/x", "https://u@id.example.com"]
        {
            assert_eq!(url(bad), Err(BadPublicUrl), "{bad}");
        }
    }

    #[test]
    fn a_platform_host_is_known_however_its_name_is_written() {
        let hosts = crate::testing::hosts();
        assert_eq!(hosts.kind_of("id.example.com"), Some(HostKind::Id));
        assert_eq!(hosts.kind_of("CONSOLE.example.com:443"), Some(HostKind::Console));
        assert_eq!(hosts.kind_of("acme.example.com"), None);
        assert_eq!(hosts.kind_of("id.example.com:8443"), None);
        let acme = "acme".parse().expect("a slug");
        assert_eq!(hosts.tenant_origin(&acme), "https://acme.example.com");
    }
}
