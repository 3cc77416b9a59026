//! Addresses to which an application has people sent. They are compared letter for letter (RFC 9700 section 2.1); the
//! one exception is the port of a loopback address, which an application at somebody's own machine learns only when it
//! starts (RFC 8252 section 7.3).

use super::{Metadata, metadata::Kind};
use url::Url;

const MOST_LETTERS: usize = 1_000;

/// Why an address cannot be registered; none if it can.
pub(super) fn fault_of(text: &str, kind: Kind, development: bool) -> Option<&'static str> {
    if text.len() > MOST_LETTERS || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some("an address is at most 1,000 letters of ASCII, without spaces");
    }
    if text.contains(['*', '\\', '"', '<', '>', '`', '{', '}', '|', '^']) {
        return Some("an address holds no wildcards and nothing that would have to be escaped");
    }
    let Ok(url) = Url::parse(text) else { return Some("this is no address") };
    if url.fragment().is_some() {
        return Some("an address has no fragment");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("an address holds no user's name");
    }
    let host = url.host_str().unwrap_or_default();
    let is_loopback = matches!(host, "127.0.0.1" | "[::1]" | "localhost");
    match url.scheme() {
        "https" if host.is_empty() => Some("an address names a host"),
        "https" => None,
        "http" if is_loopback || development => None,
        "http" => Some("an address begins with https://, unless it is this machine's own"),
        "javascript" | "data" | "file" | "blob" | "vbscript" | "about" => {
            Some("this is no address of an application")
        }
        scheme if kind == Kind::Native && scheme.contains('.') => None,
        _ => Some("a native application's own scheme holds a dot, such as com.example.app"),
    }
}

impl Metadata {
    /// Whether codes may be sent there.
    pub(crate) fn may_redirect_to(&self, text: &str) -> bool {
        self.redirect_uris.iter().any(|known| {
            known == text || self.application_type == Kind::Native && differs_in_loopback_port(known, text)
        })
    }
}

impl Metadata {
    /// Whether people may be sent there after signing out.
    pub(crate) fn may_part_to(&self, text: &str) -> bool {
        self.post_logout_redirect_uris.iter().any(|known| known == text)
    }
}

/// Whether two texts are one loopback address (an IP address, never a name) but for the port.
fn differs_in_loopback_port(known: &str, text: &str) -> bool {
    ["http://127.0.0.1", "http://[::1]"].iter().any(|host| {
        let without_port = |whole: &'_ str| -> Option<String> {
            let rest = whole.strip_prefix(host)?;
            let rest = match rest.strip_prefix(':') {
                Some(port) => {
                    let digits = port.bytes().take_while(u8::is_ascii_digit).count();
                    let number: u16 = port[..digits].parse().ok()?;
                    (number > 0).then_some(&port[digits..])?
                }
                None => rest,
            };
            (rest.is_empty() || rest.starts_with('/') || rest.starts_with('?')).then(|| rest.to_owned())
        };
        matches!((without_port(known), without_port(text)), (Some(one), Some(other)) if one == other)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn metadata(kind: &str, uris: &[&str]) -> Metadata {
        serde_json::from_value(
            json!({ "client_name": "App", "application_type": kind, "redirect_uris": uris }),
        )
        .unwrap()
    }

    #[test]
    fn redirect_tricks_lead_nowhere() {
        let app = metadata("web", &["https://app.example.com/cb"]);
        assert!(app.may_redirect_to("https://app.example.com/cb"));
        for trick in [
            "https://app.example.com/cb/",
            "https://app.example.com/cb/../evil",
            "https://app.example.com/cb?x=1",
            "https://app.example.com/cb#x",
            "https://app.example.com/CB",
            "https://APP.example.com/cb",
            "https://app.example.com:443/cb",
            "https://app.example.com:8443/cb",
            "https://app.example.com@evil.test/cb",
            "https://evil.test\\@app.example.com/cb",
            "https://app.example.com.evil.test/cb",
            "http://app.example.com/cb",
            "https://app.example.com/%63b",
            "https://app.example.com/cb%00",
            " https://app.example.com/cb",
            "https://app.example.com/cb\n",
            "//app.example.com/cb",
            "",
        ] {
            assert!(!app.may_redirect_to(trick), "{trick}");
        }
    }

    #[test]
    fn only_the_port_of_a_loopback_address_may_differ_and_only_for_native_applications() {
        let app = metadata("native", &["http://127.0.0.1/cb", "http://[::1]:7/cb", "http://localhost/cb"]);
        for fine in
            ["http://127.0.0.1/cb", "http://127.0.0.1:49152/cb", "http://[::1]/cb", "http://[::1]:9/cb"]
        {
            assert!(app.may_redirect_to(fine), "{fine}");
        }
        for trick in [
            "http://127.0.0.1:49152/cb2",
            "http://127.0.0.1:49152@evil.test/cb",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:0/cb",
            "http://127.0.0.1:99999/cb",
            "http://127.0.0.1.evil.test/cb",
            "http://127.0.0.1:1.evil.test/cb",
            "http://127.0.0.2:1/cb",
            "https://127.0.0.1:1/cb",
            "http://localhost:1/cb",
        ] {
            assert!(!app.may_redirect_to(trick), "{trick}");
        }
        assert!(!metadata("web", &["http://127.0.0.1/cb"]).may_redirect_to("http://127.0.0.1:1/cb"));
    }

    #[test]
    fn an_address_that_could_be_read_in_two_ways_is_not_registered() {
        for (text, kind) in [
            ("https://app.example.com/*", Kind::Web),
            ("https://app.example.com/cb#f", Kind::Web),
            ("https://user@app.example.com/cb", Kind::Web),
            ("http://app.example.com/cb", Kind::Web),
            ("javascript:alert(1)", Kind::Web),
            ("data:text/html,x", Kind::Native),
            ("com.example.app:/cb", Kind::Web),
            ("example:/cb", Kind::Native),
            ("/cb", Kind::Web),
            ("https://app.example.com\\cb", Kind::Web),
        ] {
            assert!(fault_of(text, kind, false).is_some(), "{text}");
        }
        assert_eq!(fault_of("com.example.app:/cb", Kind::Native, false), None);
        assert_eq!(fault_of("http://127.0.0.1/cb", Kind::Native, false), None);
        assert_eq!(fault_of("https://app.example.com/cb", Kind::Web, false), None);
    }
}
