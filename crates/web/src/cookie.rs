//! Cookies, read with suspicion and written in one way (`docs/wire.md`).

use axum::http::{HeaderMap, HeaderValue, header};
use std::time::Duration;

/// A session at a tenant's host.
pub const SESSION: &str = "pw_session";
/// A person's session at `id.`.
pub const PERSON: &str = "pw_person";
/// A person's session in the console.
pub const CONSOLE: &str = "pw_console";
/// What binds a hand-over to this browser.
pub const BIND: &str = "pw_bind";
/// How a session's cookie begins at a host that tenants share; the tenant's id follows.
pub const SHARED_SESSION: &str = "pw_session_";
/// How the cookie that binds a hand-over begins there.
pub const SHARED_BIND: &str = "pw_bind_";
/// How the cookie of a pending sign-in begins; eight letters follow.
pub const SIGN_IN: &str = "pw_signin_";
/// The gateway's own: which backend of a deployment a browser was at; the deployment's id follows.
pub const BACKEND: &str = "pw_backend_";

/// Every name, or beginning of one, for the gateway's strip list and the test of `docs/wire.md`.
pub const NAMES: &[&str] = &[SESSION, SHARED_SESSION, PERSON, CONSOLE, BIND, SHARED_BIND, SIGN_IN, BACKEND];

/// How cookies are named and flagged at this installation: on https `__Host-` and `Secure`, which keeps
/// sibling hosts from planting one; on plain http, in the development setting, neither.
#[derive(Clone, Copy, Debug)]
pub struct Jar {
    secure: bool,
}

impl Jar {
    /// For an installation that is reached by https, or not.
    pub fn new(secure: bool) -> Self {
        Jar { secure }
    }

    /// The name as it goes over the wire.
    pub fn name(self, name: &str) -> String {
        let prefix = if self.secure { "__Host-" } else { "" };
        format!("{prefix}{name}")
    }

    /// The value of one of our cookies. A cookie that comes twice counts as none: one of the two was
    /// planted, and nobody can say which.
    pub fn read(self, headers: &HeaderMap, name: &str) -> Option<String> {
        let name = self.name(name);
        let mut found = pairs(headers).filter(|(key, _)| *key == name.as_bytes());
        let (_, value) = found.next()?;
        match found.next() {
            None => String::from_utf8(value.to_vec()).ok(),
            Some(_) => None,
        }
    }

    /// Our cookies whose names begin so, each with its name as it is written here and its value.
    pub fn all(self, headers: &HeaderMap, beginning: &str) -> Vec<(String, String)> {
        let wanted = self.name(beginning);
        pairs(headers)
            .filter_map(|(key, value)| {
                Some((std::str::from_utf8(key).ok()?, std::str::from_utf8(value).ok()?))
            })
            .filter_map(|(key, value)| {
                let rest = key.strip_prefix(wanted.as_str())?;
                Some((format!("{beginning}{rest}"), value.to_owned()))
            })
            .collect()
    }

    /// A `Set-Cookie` that lives for `age`, or as long as the browser where there is none.
    ///
    /// # Panics
    /// For a value that no cookie can hold; ours are letters, digits, `.`, `-` and `_`.
    pub fn set(self, name: &str, value: &str, age: Option<Duration>) -> HeaderValue {
        let mut text = format!("{}={value}; HttpOnly; SameSite=Lax; Path=/", self.name(name));
        if let Some(age) = age {
            text.push_str(&format!("; Max-Age={}", age.as_secs()));
        }
        if self.secure {
            text.push_str("; Secure");
        }
        HeaderValue::from_str(&text).expect("our cookies hold only characters that a header may")
    }

    /// A `Set-Cookie` that ends one.
    pub fn remove(self, name: &str) -> HeaderValue {
        self.set(name, "", Some(Duration::ZERO))
    }
}

/// Every pair of every `Cookie` header; HTTP/2 may send one header for each pair (RFC 9113, 8.2.3).
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    headers
        .get_all(header::COOKIE)
        .into_iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=')?;
            Some((pair[..at].trim_ascii(), pair[at + 1..].trim_ascii()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(
                header::COOKIE,
                HeaderValue::from_bytes(value.as_bytes()).expect("fits into a header"),
            );
        }
        headers
    }

    #[test]
    fn a_cookie_is_found_among_others_in_one_header_or_many() {
        let jar = Jar::new(true);
        for headers in [sent(&["a=b; __Host-pw_session=x.y; c=ü"]), sent(&["a=b", "__Host-pw_session=x.y"])]
        {
            assert_eq!(jar.read(&headers, SESSION).as_deref(), Some("x.y"));
        }
    }

    #[test]
    fn cookies_of_one_kind_are_found_by_how_their_names_begin() {
        let headers =
            sent(&["__Host-pw_signin_a=1; pw_signin_b=2; __Host-pw_session=3", "__Host-pw_signin_c=4"]);
        let found = Jar::new(true).all(&headers, SIGN_IN);
        assert_eq!(found, [("pw_signin_a".into(), "1".into()), ("pw_signin_c".into(), "4".into())]);
    }

    #[test]
    fn a_cookie_that_comes_twice_counts_as_none() {
        let headers = sent(&["pw_session=x; pw_session=y"]);
        assert_eq!(Jar::new(false).read(&headers, SESSION), None);
        let headers = sent(&["pw_session=x", "pw_session=x"]);
        assert_eq!(Jar::new(false).read(&headers, SESSION), None);
    }

    #[test]
    fn on_https_a_sibling_cannot_plant_a_cookie_by_its_bare_name() {
        assert_eq!(Jar::new(true).read(&sent(&["pw_session=planted"]), SESSION), None);
    }

    #[test]
    fn a_cookie_is_written_as_the_wire_page_says() {
        assert_eq!(
            Jar::new(true).set(BIND, "x", Some(Duration::from_secs(600))),
            "__Host-pw_bind=x; HttpOnly; SameSite=Lax; Path=/; Max-Age=600; Secure"
        );
        assert_eq!(Jar::new(false).set(PERSON, "x", None), "pw_person=x; HttpOnly; SameSite=Lax; Path=/");
        assert_eq!(
            Jar::new(true).remove(CONSOLE),
            "__Host-pw_console=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0; Secure"
        );
    }

    #[test]
    fn the_wire_page_lists_every_cookie() {
        let page = include_str!("../../../docs/wire.md");
        for name in NAMES {
            assert!(page.contains(&format!("`{name}")), "{name}");
        }
    }
}
