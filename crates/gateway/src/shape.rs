//! What a request must look like, whoever asks: within bounds, and readable in one way only. What a proxy in front, a
//! backend and we could read differently hides a second request from one of them, so it is refused, and nothing more is
//! read from a connection that brought it.

use crate::{
    body::Body,
    gateway::Gateway,
    limits,
    problem::{self, Problem},
    proxy,
    refuse::{No, Reader},
};
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, Uri, Version,
    header::{CONNECTION, CONTENT_LENGTH, EXPECT, TRANSFER_ENCODING},
    request::Parts,
};

/// After these it is in doubt where the next request begins, or whom the client takes itself to be talking to.
const DOUBTFUL: [Problem; 7] = [
    problem::BAD_METHOD,
    problem::BAD_HOST,
    problem::BAD_PATH,
    problem::BAD_CODING,
    problem::BAD_BODY,
    problem::BAD_EXPECTATION,
    problem::FORWARDED,
];

/// Bounds and forms that do not depend on who asks.
pub(crate) fn check(parts: &Parts) -> Result<(), No> {
    check_head(&parts.method, &parts.uri, parts.version, &parts.headers).map_err(No::because)
}

fn check_head(method: &Method, uri: &Uri, version: Version, headers: &HeaderMap) -> Result<(), Problem> {
    let target = uri.path_and_query().map_or(0, |target| target.as_str().len());
    let head: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    match () {
        () if *method == Method::CONNECT || *method == Method::TRACE => Err(problem::BAD_METHOD),
        () if target > limits::MOST_TARGET => Err(problem::LONG_TARGET),
        () if head > limits::MOST_HEAD || headers.len() > limits::MOST_FIELDS => Err(problem::LONG_HEAD),
        () if !is_of_the_web(uri, version) => Err(problem::BAD_HOST),
        // Whatever else it was coded with would be lost on the way.
        () if !is_once(headers, &TRANSFER_ENCODING, |coding| coding.eq_ignore_ascii_case(b"chunked")) => {
            Err(problem::BAD_CODING)
        }
        () if !is_once(headers, &CONTENT_LENGTH, is_plain_number) => Err(problem::BAD_BODY),
        () if !expects_nothing_odd(headers) => Err(problem::BAD_EXPECTATION),
        () if proxy::hops(headers) >= limits::MOST_HOPS => Err(problem::LOOP),
        () => Ok(()),
    }
}

/// An address that is whole says how it is reached; HTTP/2 always does. A name at the end of another way is another's.
fn is_of_the_web(uri: &Uri, version: Version) -> bool {
    match uri.scheme_str() {
        Some(scheme) => scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"),
        None => version < Version::HTTP_2,
    }
}

/// Whether there is no such field, or one that is as it should be.
fn is_once(headers: &HeaderMap, name: &http::HeaderName, is_sound: impl Fn(&[u8]) -> bool) -> bool {
    let mut fields = headers.get_all(name).iter();
    fields.next().is_none_or(|first| is_sound(first.as_bytes())) && fields.next().is_none()
}

/// A zero in front makes a number that some read to the base of eight.
fn is_plain_number(value: &[u8]) -> bool {
    value == b"0" || value.first().is_some_and(|first| *first != b'0') && value.iter().all(u8::is_ascii_digit)
}

fn expects_nothing_odd(headers: &HeaderMap) -> bool {
    let expected = headers.get_all(EXPECT).iter();
    expected.map(HeaderValue::as_bytes).all(|value| value.eq_ignore_ascii_case(b"100-continue"))
}

impl Gateway {
    /// The answer to a request for somebody else in this process that is not of a shape that anybody here takes.
    pub fn refuse_misshapen<B>(&self, request: &Request<B>) -> Option<Response<Body>> {
        let head = check_head(request.method(), request.uri(), request.version(), request.headers());
        head.err().map(|problem| self.refuse(request, &No::because(problem)))
    }

    /// A no, after which nothing more is read where that is in doubt.
    pub(crate) fn turn_away(&self, no: &No, reader: &Reader, version: Version) -> Response<Body> {
        let mut response = self.0.refusals.answer(no, reader);
        // A stream of HTTP/2 ends where its frames say, whatever stood in it.
        if version < Version::HTTP_2 && DOUBTFUL.contains(&no.problem) {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(version: Version, uri: &str, fields: &[(&str, &str)]) -> Result<(), Problem> {
        let mut request = Request::post(uri).version(version);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap();
        check_head(request.method(), request.uri(), version, request.headers())
    }

    #[test]
    fn a_length_is_said_once_and_plainly() {
        for sound in ["0", "1", "10", "104857600"] {
            assert_eq!(judged(Version::HTTP_11, "/", &[("content-length", sound)]), Ok(()), "{sound}");
        }
        for odd in ["", "00", "06", "+6", "-6", "0x6", "6 6", "6, 6", "6;0", "6e0"] {
            let judged = judged(Version::HTTP_11, "/", &[("content-length", odd)]);
            assert_eq!(judged, Err(problem::BAD_BODY), "{odd}");
        }
        let twice = [("content-length", "6"), ("content-length", "6")];
        assert_eq!(judged(Version::HTTP_2, "http://t1.base/", &twice), Err(problem::BAD_BODY));
    }

    #[test]
    fn an_address_that_is_reached_otherwise_is_not_ours() {
        for uri in ["/", "http://t1.base/", "HTTPS://t1.base/"] {
            assert_eq!(judged(Version::HTTP_11, uri, &[]), Ok(()), "{uri}");
        }
        for uri in ["ftp://t1.base/", "javascript://t1.base/", "ws://t1.base/"] {
            assert_eq!(judged(Version::HTTP_11, uri, &[]), Err(problem::BAD_HOST), "{uri}");
        }
        assert_eq!(judged(Version::HTTP_2, "/", &[]), Err(problem::BAD_HOST));
    }

    #[test]
    fn nothing_is_expected_but_permission_to_send() {
        for odd in ["", "y 100-continue", "100-continue, x", "200-ok"] {
            assert_eq!(
                judged(Version::HTTP_11, "/", &[("expect", odd)]),
                Err(problem::BAD_EXPECTATION),
                "{odd}"
            );
            let second = [("expect", "100-continue"), ("expect", odd)];
            assert_eq!(judged(Version::HTTP_11, "/", &second), Err(problem::BAD_EXPECTATION), "{odd}");
        }
        assert_eq!(judged(Version::HTTP_11, "/", &[("expect", "100-Continue")]), Ok(()));
    }
}
