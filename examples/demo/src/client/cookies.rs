//! Cookies, by the host that set them.

use http::{HeaderMap, header};
use url::Url;

/// A jar. As in browsers, ports make no difference.
#[derive(Clone, Debug, Default)]
pub struct Cookies {
    kept: Vec<Cookie>,
}

/// One of them.
#[derive(Clone, Debug)]
struct Cookie {
    host: String,
    /// Sent below the host too, because the site said so.
    below: bool,
    path: String,
    name: String,
    value: String,
}

impl Cookies {
    /// What is sent along to this address.
    #[must_use]
    pub fn for_url(&self, url: &Url) -> Option<String> {
        let host = url.host_str()?;
        let fits = |cookie: &&Cookie| cookie.reaches(host) && is_within(url.path(), &cookie.path);
        let pairs: Vec<String> =
            self.kept.iter().filter(fits).map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        if pairs.is_empty() { None } else { Some(pairs.join("; ")) }
    }

    /// Takes what an answer sets.
    pub fn take(&mut self, url: &Url, headers: &HeaderMap) {
        let Some(host) = url.host_str() else { return };
        for line in headers.get_all(header::SET_COOKIE) {
            if let Some((cookie, goes)) = line.to_str().ok().and_then(|line| parse(host, line)) {
                self.remove(&cookie.host, &cookie.name);
                if !goes {
                    self.kept.push(cookie);
                }
            }
        }
    }

    /// The value a host keeps under this name.
    #[must_use]
    pub fn get(&self, host: &str, name: &str) -> Option<&str> {
        let found = self.kept.iter().find(|cookie| cookie.host == host && cookie.name == name);
        found.map(|cookie| cookie.value.as_str())
    }

    /// Puts a cookie there by hand, as a thief would.
    pub fn put(&mut self, host: &str, name: &str, value: &str) {
        self.remove(host, name);
        self.kept.push(Cookie {
            host: host.to_owned(),
            below: false,
            path: "/".to_owned(),
            name: name.to_owned(),
            value: value.to_owned(),
        });
    }

    /// Forgets one.
    pub fn remove(&mut self, host: &str, name: &str) {
        self.kept.retain(|cookie| cookie.host != host || cookie.name != name);
    }
}

impl Cookie {
    fn reaches(&self, host: &str) -> bool {
        host == self.host || (self.below && is_below(host, &self.host))
    }
}

/// The cookie that a `Set-Cookie` line sets, and whether it takes it away instead. None if the site may not
/// set it.
fn parse(host: &str, line: &str) -> Option<(Cookie, bool)> {
    let mut parts = line.split(';').map(str::trim);
    let (name, value) = parts.next()?.split_once('=')?;
    let mut cookie = Cookie {
        host: host.to_owned(),
        below: false,
        path: "/".to_owned(),
        name: name.trim().to_owned(),
        value: value.trim().to_owned(),
    };
    let mut goes = false;
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        match key.to_ascii_lowercase().as_str() {
            "domain" => {
                let domain = value.trim_start_matches('.').to_ascii_lowercase();
                if host != domain && !is_below(host, &domain) {
                    return None;
                }
                (cookie.host, cookie.below) = (domain, true);
            }
            "path" if value.starts_with('/') => cookie.path = value.to_owned(),
            "max-age" => goes = value.parse::<i64>().is_ok_and(|seconds| seconds <= 0),
            "expires" => goes = goes || value.contains("1970"),
            _ => {}
        }
    }
    Some((cookie, goes))
}

fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

fn is_within(path: &str, folder: &str) -> bool {
    path == folder
        || path.strip_prefix(folder).is_some_and(|rest| folder.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jar(at: &str, lines: &[&str]) -> Cookies {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::SET_COOKIE, line.parse().unwrap());
        }
        let mut jar = Cookies::default();
        jar.take(&Url::parse(at).unwrap(), &headers);
        jar
    }

    fn sent(jar: &Cookies, to: &str) -> Option<String> {
        jar.for_url(&Url::parse(to).unwrap())
    }

    #[test]
    fn a_cookie_stays_with_its_host_on_any_port() {
        let jar = jar("http://contoso.localhost:8080/", &["a=1; HttpOnly; Path=/"]);
        assert_eq!(sent(&jar, "http://contoso.localhost:9090/x"), Some("a=1".to_owned()));
        assert_eq!(sent(&jar, "http://fabrikam.localhost:8080/"), None);
        assert_eq!(sent(&jar, "http://below.contoso.localhost:8080/"), None);
    }

    #[test]
    fn a_site_may_share_with_hosts_below_and_with_no_others() {
        let shared = jar("http://app.example/", &["a=1; Domain=.app.example", "b=2; Domain=other.example"]);
        assert_eq!(sent(&shared, "http://x.app.example/"), Some("a=1".to_owned()));
        assert_eq!(sent(&shared, "http://notapp.example/"), None);
    }

    #[test]
    fn a_newer_value_replaces_and_an_ended_one_goes() {
        let jar = jar("http://a.example/", &["a=1", "a=2; Path=/", "b=1", "b=; Max-Age=0"]);
        assert_eq!(sent(&jar, "http://a.example/"), Some("a=2".to_owned()));
    }

    #[test]
    fn a_path_bounds_a_cookie() {
        let jar = jar("http://a.example/", &["a=1; Path=/in"]);
        assert_eq!(sent(&jar, "http://a.example/in/side"), Some("a=1".to_owned()));
        assert_eq!(sent(&jar, "http://a.example/inside"), None);
    }
}
