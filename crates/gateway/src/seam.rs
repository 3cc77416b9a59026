//! Where a tenant's part of a shared host is sewn on: a backend's paths begin with `inner`, the client's
//! with `outer`, and what a backend says about paths is put back into the client's terms.

use crate::{Authority, cookie};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONTENT_LOCATION, LOCATION, SET_COOKIE},
};
use std::borrow::Cow;

/// The two beginnings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seam {
    pub(crate) inner: String,
    pub(crate) outer: String,
}

/// What follows `prefix` in `path`, if the path lies in it.
pub(crate) fn within<'p>(path: &'p str, prefix: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(prefix)?;
    (rest.is_empty() || rest.starts_with(['/', '?', '#'])).then_some(rest)
}

impl Seam {
    /// Whether paths are the same on both sides.
    pub(crate) fn is_flat(&self) -> bool {
        self.inner.is_empty() && self.outer.is_empty()
    }

    /// Puts back the redirects and cookies of an answer. `asked` is the path that the backend was asked
    /// for, `hosts` are the authorities under which it may mean itself.
    pub(crate) fn mend(&self, headers: &mut HeaderMap, asked: &str, hosts: &[&str]) {
        if self.is_flat() {
            return;
        }
        for name in [LOCATION, CONTENT_LOCATION] {
            self.mend_location(headers, name, asked, hosts);
        }
        if headers.contains_key(SET_COOKIE) {
            let cookies: Vec<_> =
                headers.get_all(SET_COOKIE).iter().filter_map(|value| self.cookie(value)).collect();
            headers.remove(SET_COOKIE);
            for cookie in cookies {
                headers.append(SET_COOKIE, cookie);
            }
        }
    }

    fn mend_location(&self, headers: &mut HeaderMap, name: HeaderName, asked: &str, hosts: &[&str]) {
        let mended = headers
            .get(&name)
            .and_then(|value| value.to_str().ok())
            .and_then(|location| self.location(location, asked, hosts))
            .and_then(|location| HeaderValue::try_from(location).ok());
        if let Some(mended) = mended {
            headers.insert(name, mended);
        }
    }

    /// The client's form of a backend's redirect; none if it may stay as it is.
    fn location(&self, location: &str, asked: &str, hosts: &[&str]) -> Option<String> {
        if location.starts_with("//") || location.starts_with("/\\") {
            return self.own(location.get(2..)?, hosts);
        }
        if location.starts_with('/') {
            return Some(self.put_back(&folded(location)));
        }
        if let Some((scheme, rest)) = location.split_once("://") {
            let web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
            return if web { self.own(rest, hosts) } else { None };
        }
        // Relative to where the backend thinks it is: only steps upwards could leave the prefix.
        let climbs =
            location.split(['?', '#']).next().is_some_and(|path| path.split('/').any(|part| part == ".."));
        let has_scheme = location.split(['/', '?', '#']).next().is_some_and(|start| start.contains(':'));
        (climbs && !has_scheme).then(|| {
            let directory = asked.rsplit_once('/').map_or("", |(directory, _)| directory);
            self.put_back(&folded(&format!("{directory}/{location}")))
        })
    }

    /// An absolute address of the backend's own becomes a path; one of another host stays as it is.
    fn own(&self, rest: &str, hosts: &[&str]) -> Option<String> {
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let host = Authority::parse(authority).ok()?.host;
        let same = |known: &&str| Authority::parse(known).is_ok_and(|known| known.host == host);
        let path = if path.starts_with('/') { Cow::Borrowed(path) } else { Cow::Owned(format!("/{path}")) };
        hosts.iter().any(same).then(|| self.put_back(&folded(&path)))
    }

    fn put_back(&self, path: &str) -> String {
        let bare = within(path, &self.inner).unwrap_or(path);
        let slash = if self.outer.is_empty() && !bare.starts_with('/') { "/" } else { "" };
        format!("{}{slash}{bare}", self.outer)
    }

    /// A cookie whose path lies inside the prefix; none for one that must be sent to the whole host.
    fn cookie(&self, value: &HeaderValue) -> Option<HeaderValue> {
        let text = value.as_bytes();
        let begins = text.trim_ascii_start().get(..7);
        if !self.outer.is_empty() && begins.is_some_and(|begins| begins.eq_ignore_ascii_case(b"__host-")) {
            return None;
        }
        let is_path = |key: &[u8]| key.eq_ignore_ascii_case(b"path");
        let path = cookie::attributes(text).filter(|(key, _)| is_path(key)).last();
        let path =
            path.and_then(|(_, path)| std::str::from_utf8(path).ok()).filter(|path| path.starts_with('/'));
        if self.outer.is_empty() && path.is_none_or(|path| within(path, &self.inner).is_none()) {
            return Some(value.clone());
        }
        let path = self.put_back(path.unwrap_or("/"));
        let path = if path.len() > 1 { path.trim_end_matches('/') } else { &path };
        let key =
            |part: &[u8]| is_path(part.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii());
        let kept: Vec<_> = text.split(|byte| *byte == b';').filter(|part| !key(part)).collect();
        let mended = [&kept.join(&b';'), b"; Path=".as_slice(), path.as_bytes()].concat();
        HeaderValue::from_bytes(&mended).ok()
    }
}

/// The path without its dot segments (RFC 3986 section 5.2.4); query and fragment stay.
fn folded(location: &str) -> Cow<'_, str> {
    let end = location.find(['?', '#']).unwrap_or(location.len());
    let (path, rest) = location.split_at(end);
    if !path.split('/').any(|part| part == "." || part == "..") {
        return Cow::Borrowed(location);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').skip(1) {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Cow::Owned(format!("/{}{rest}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seam(inner: &str, outer: &str) -> Seam {
        Seam { inner: inner.into(), outer: outer.into() }
    }

    fn redirect(seam: &Seam, location: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, location.parse().unwrap());
        seam.mend(&mut headers, "/a/b", &["app.base:8080", "10.0.0.1:3000"]);
        headers[LOCATION].to_str().unwrap().to_owned()
    }

    #[test]
    fn redirects_of_a_backend_that_knows_no_prefix_come_back_inside_it() {
        let stripped = seam("", "/t1");
        for (said, seen) in [
            ("/y", "/t1/y"),
            ("/", "/t1/"),
            ("/y?z=/../w#v", "/t1/y?z=/../w#v"),
            ("http://app.base:8080/y", "/t1/y"),
            ("https://APP.base", "/t1/"),
            ("http://10.0.0.1:3000/y", "/t1/y"),
            ("//app.base/y", "/t1/y"),
            ("../../../t2/y", "/t1/t2/y"),
            ("/../t2/y", "/t1/t2/y"),
            ("y", "y"),
            ("?page=2", "?page=2"),
            ("https://elsewhere.test/y", "https://elsewhere.test/y"),
            ("//elsewhere.test/y", "//elsewhere.test/y"),
            ("mailto:a@b.test", "mailto:a@b.test"),
        ] {
            assert_eq!(redirect(&stripped, said), seen, "{said}");
        }
    }

    #[test]
    fn redirects_of_a_backend_that_keeps_the_prefix_are_left_or_brought_inside() {
        let kept = seam("/t1", "/t1");
        assert_eq!(redirect(&kept, "/t1/y"), "/t1/y");
        assert_eq!(redirect(&kept, "/t12/y"), "/t1/t12/y");
        assert_eq!(redirect(&kept, "/y"), "/t1/y");
    }

    #[test]
    fn a_tenant_that_was_written_into_the_path_is_taken_out_again() {
        assert_eq!(redirect(&seam("/in/t1", ""), "/in/t1/y"), "/y");
        assert_eq!(redirect(&seam("/in/t1", ""), "/in/t1"), "/");
        assert_eq!(redirect(&seam("/in/t1", "/t1"), "/in/t1/y"), "/t1/y");
    }

    #[test]
    fn cookies_stay_inside_the_prefix() {
        let set = |seam: &Seam, cookie: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(SET_COOKIE, cookie.parse().unwrap());
            seam.mend(&mut headers, "/a", &[]);
            headers.get(SET_COOKIE).map(|value| value.to_str().unwrap().to_owned())
        };
        let stripped = seam("", "/t1");
        assert_eq!(set(&stripped, "a=b; Path=/; HttpOnly").unwrap(), "a=b; HttpOnly; Path=/t1");
        assert_eq!(set(&stripped, "a=b; path=/x; Path=/y").unwrap(), "a=b; Path=/t1/y");
        assert_eq!(set(&stripped, "a=b").unwrap(), "a=b; Path=/t1");
        assert_eq!(set(&stripped, "__Host-a=b; Secure; Path=/"), None);
        assert_eq!(set(&seam("/t1", "/t1"), "a=b; Path=/t1/x").unwrap(), "a=b; Path=/t1/x");
        assert_eq!(set(&seam("/t1", "/t1"), "a=b; Path=/").unwrap(), "a=b; Path=/t1");
        assert_eq!(set(&seam("/in/t1", ""), "__Host-a=b; Path=/").unwrap(), "__Host-a=b; Path=/");
        assert_eq!(set(&seam("/in/t1", ""), "a=b; Path=/in/t1").unwrap(), "a=b; Path=/");
    }
}
