//! What requests and answers say about being kept (RFC 9111 sections 3 and 5.2).

use crate::policy::cache::CachePolicy;
use domain::Moment;
use http::{
    HeaderMap, HeaderName, StatusCode,
    header::{
        AGE, AUTHORIZATION, CACHE_CONTROL, DATE, ETAG, EXPIRES, LAST_MODIFIED, PRAGMA, SET_COOKIE, VARY,
    },
};
use std::{sync::Arc, time::Duration};

/// Statuses whose answers are kept where they say for how long.
const KEPT: [u16; 7] = [200, 203, 204, 301, 308, 404, 410];

/// For how long an answer is fresh, and what answers at its address differ by.
#[derive(Clone)]
pub(crate) struct Freshness {
    pub(super) made: Moment,
    pub(super) until: Moment,
    /// Until when it may be given while a newer one is asked for (RFC 5861).
    pub(super) stale_until: Moment,
    /// Until when it is worth asking whether it still holds.
    pub(super) known_until: Moment,
    pub(super) varies: Arc<[HeaderName]>,
}

/// The directives of all fields of `Cache-Control`, in lower case, with their arguments.
fn directives(headers: &HeaderMap) -> Vec<(String, String)> {
    let texts = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let parts = texts.flat_map(|text| text.split(','));
    parts
        .map(|part| {
            let (name, argument) = part.split_once('=').unwrap_or((part, ""));
            (name.trim().to_ascii_lowercase(), argument.trim().trim_matches('"').to_owned())
        })
        .collect()
}

fn has(directives: &[(String, String)], name: &str) -> bool {
    directives.iter().any(|(known, _)| known == name)
}

/// The seconds of a directive; one that is said twice or is no number counts as none at all (section 4.2.1).
fn seconds(directives: &[(String, String)], name: &str) -> Option<u64> {
    let mut found = directives.iter().filter(|(known, _)| known == name);
    let (_, argument) = found.next()?;
    Some(if found.next().is_some() { 0 } else { argument.parse().unwrap_or(0) })
}

/// Whether a request wants nothing of it kept.
pub(super) fn forbids(headers: &HeaderMap) -> bool {
    has(&directives(headers), "no-store")
}

/// Whether a request wants the backend itself to answer.
pub(super) fn asked_anew(headers: &HeaderMap) -> bool {
    let said = directives(headers);
    let has_control = headers.contains_key(CACHE_CONTROL);
    let pragma = !has_control && headers.get(PRAGMA).is_some_and(|value| value.as_bytes() == b"no-cache");
    pragma || has(&said, "no-cache") || seconds(&said, "max-age").is_some()
}

impl Freshness {
    /// None for an answer that is not kept.
    pub(super) fn of(
        status: StatusCode,
        headers: &HeaderMap,
        asked: &HeaderMap,
        policy: &CachePolicy,
        now: Moment,
    ) -> Option<Self> {
        let said = directives(headers);
        let refuses = has(&said, "no-store")
            || (policy.shared && has(&said, "private"))
            || headers.contains_key(SET_COOKIE);
        if refuses || !KEPT.contains(&status.as_u16()) {
            return None;
        }
        // A credential of the application's own (section 3.5): only with its leave.
        let leave = ["public", "s-maxage", "must-revalidate"].iter().any(|name| has(&said, name));
        if asked.contains_key(AUTHORIZATION) && !leave {
            return None;
        }
        let varies = varies(headers)?;
        let age = headers.get(AGE).map_or(Some(0), |age| age.to_str().ok()?.parse().ok())?;
        let life = seconds(&said, "s-maxage")
            .filter(|_| policy.shared)
            .or_else(|| seconds(&said, "max-age"))
            .or_else(|| expires(headers))
            .or(has(&said, "no-cache").then_some(0))?;
        let asks_always = has(&said, "no-cache");
        let left = if asks_always { 0 } else { life.min(policy.most_seconds + age).saturating_sub(age) };
        // Nobody may be given it stale where its backend says so (section 5.2.2).
        let strict =
            asks_always || ["must-revalidate", "proxy-revalidate"].iter().any(|name| has(&said, name));
        let lenient = seconds(&said, "stale-while-revalidate").filter(|_| !strict).unwrap_or(0);
        let can_be_asked_about = headers.contains_key(ETAG) || headers.contains_key(LAST_MODIFIED);
        let worth = if can_be_asked_about { policy.most_seconds } else { 0 };
        if left == 0 && worth == 0 && lenient == 0 {
            return None;
        }
        let after = |seconds: u64| now + Duration::from_secs(left + seconds.min(policy.most_seconds));
        let (stale_until, until) = (after(lenient), after(0));
        let known_until = stale_until.max(after(worth));
        let made = now - Duration::from_secs(age);
        Some(Freshness { made, until, stale_until, known_until, varies })
    }
}

/// What answers differ by; none where nobody can say.
fn varies(headers: &HeaderMap) -> Option<Arc<[HeaderName]>> {
    let mut names = Vec::new();
    for value in headers.get_all(VARY) {
        for name in value.to_str().ok()?.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if name == "*" || names.len() == 16 {
                return None;
            }
            names.push(name.parse().ok()?);
        }
    }
    Some(names.into())
}

/// How many seconds lie between when an answer was made and when it ends.
fn expires(headers: &HeaderMap) -> Option<u64> {
    let at = |name: HeaderName| Moment::from_http_date(headers.get(name)?.to_str().ok()?);
    Some(at(EXPIRES)?.since(at(DATE)?).as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_seconds(1_000);

    fn map(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    fn left(shared: bool, fields: &[(&'static str, &'static str)]) -> Option<u64> {
        let policy = CachePolicy { shared, most_seconds: 600, most_body: 1_000, written: [].into() };
        let fresh = Freshness::of(StatusCode::OK, &map(fields), &HeaderMap::new(), &policy, NOW);
        fresh.map(|fresh| fresh.until.since(NOW).as_secs())
    }

    #[test]
    fn an_answer_is_kept_for_as_long_as_it_says_and_no_longer_than_the_route_does() {
        for (shared, fields, seconds) in [
            (true, &[("cache-control", "max-age=60")][..], Some(60)),
            (true, &[("cache-control", "max-age=6000")], Some(600)),
            (true, &[("cache-control", "max-age=60"), ("age", "20")], Some(40)),
            (true, &[("cache-control", "max-age=60"), ("age", "60")], None),
            (true, &[("cache-control", "s-maxage=30, max-age=60")], Some(30)),
            (false, &[("cache-control", "s-maxage=30, max-age=60")], Some(60)),
            (true, &[("cache-control", "max-age=60"), ("cache-control", "max-age=50")], None),
            (true, &[("cache-control", "max-age=x")], None),
            (true, &[("cache-control", "private, max-age=60")], None),
            (false, &[("cache-control", "private, max-age=60")], Some(60)),
            (false, &[("cache-control", "Max-Age=60, No-Store")], None),
            (false, &[("cache-control", "max-age=60, no-cache")], None),
            (false, &[("cache-control", "max-age=60"), ("set-cookie", "a=b")], None),
            (false, &[("cache-control", "max-age=60"), ("vary", "*")], None),
            (false, &[("cache-control", "max-age=60"), ("vary", "Accept, Accept-Encoding")], Some(60)),
            (false, &[], None),
            (
                false,
                &[("date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("expires", "Sun, 06 Nov 1994 08:50:37 GMT")],
                Some(60),
            ),
            (false, &[("date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("expires", "0")], None),
        ] {
            assert_eq!(left(shared, fields), seconds, "{shared} {fields:?}");
        }
    }

    #[test]
    fn what_is_stale_is_given_or_asked_about_for_as_long_as_its_backend_and_the_route_say() {
        let policy = CachePolicy { shared: true, most_seconds: 600, most_body: 1_000, written: [].into() };
        for (fields, fresh, stale, known) in [
            (&[("cache-control", "max-age=60")][..], 60, 60, 60),
            (&[("cache-control", "max-age=60, stale-while-revalidate=30")], 60, 90, 90),
            (&[("cache-control", "max-age=60, stale-while-revalidate=9000")], 60, 660, 660),
            (&[("cache-control", "max-age=60, stale-while-revalidate=30, must-revalidate")], 60, 60, 60),
            (&[("cache-control", "max-age=60, stale-while-revalidate=30"), ("etag", "\"a\"")], 60, 90, 660),
            (&[("cache-control", "max-age=60"), ("last-modified", "x")], 60, 60, 660),
            (&[("cache-control", "no-cache, stale-while-revalidate=30"), ("etag", "\"a\"")], 0, 0, 600),
            (&[("cache-control", "max-age=0"), ("etag", "\"a\"")], 0, 0, 600),
        ] {
            let found = Freshness::of(StatusCode::OK, &map(fields), &HeaderMap::new(), &policy, NOW);
            let found = found.expect("it is kept");
            let said = [found.until, found.stale_until, found.known_until].map(|at| at.since(NOW).as_secs());
            assert_eq!(said, [fresh, stale, known], "{fields:?}");
        }
    }

    #[test]
    fn an_application_s_own_credential_keeps_an_answer_out_unless_it_says_so() {
        let policy = CachePolicy { shared: true, most_seconds: 600, most_body: 1_000, written: [].into() };
        let asked = map(&[("authorization", "Basic x")]);
        let kept = |control: &'static str| {
            let headers = map(&[("cache-control", control)]);
            Freshness::of(StatusCode::OK, &headers, &asked, &policy, NOW).is_some()
        };
        assert!(!kept("max-age=60") && kept("public, max-age=60") && kept("s-maxage=60"));
    }

    #[test]
    fn who_wants_to_know_it_anew_asks_the_backend() {
        assert!(
            asked_anew(&map(&[("cache-control", "no-cache")])) && asked_anew(&map(&[("pragma", "no-cache")]))
        );
        assert!(asked_anew(&map(&[("cache-control", "max-age=0")])) && !asked_anew(&HeaderMap::new()));
        assert!(forbids(&map(&[("cache-control", "no-store")])));
    }
}
