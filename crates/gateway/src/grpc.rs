//! What a gRPC client is told: it reads the status of gRPC and no page, no problem and hardly a status of HTTP.

use crate::body::Body;
use http::{HeaderName, HeaderValue, Response, StatusCode, header::CONTENT_LENGTH, header::CONTENT_TYPE};
use web::Entry;

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// The same answer as a call that ended before it began (`Trailers-Only`): the status says what to do about it, the
/// message has the problem's code first, so that a program can tell problems apart.
pub(crate) fn told(response: Response<Body>, entry: &Entry) -> Response<Body> {
    let (mut head, _) = response.into_parts();
    head.status = StatusCode::OK;
    head.headers.remove(CONTENT_LENGTH);
    head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    head.headers.insert(STATUS, HeaderValue::from(status(entry.status)));
    let message = format!("{}: {}", entry.code, entry.title);
    head.headers
        .insert(MESSAGE, HeaderValue::try_from(escaped(&message)).expect("escaped text is plain ASCII"));
    Response::from_parts(head, Body::empty())
}

/// The status of HTTP that says what an answer does: its own, or for a call that ended before it began that which its
/// status of gRPC stands for.
pub fn status_told<B>(response: &Response<B>) -> u16 {
    let own = response.status().as_u16();
    let said = response.headers().get(STATUS).and_then(|status| status.to_str().ok()?.parse::<u8>().ok());
    match said {
        None | Some(0) => own,
        Some(3 | 9 | 11) => 400,
        Some(16) => 401,
        Some(7) => 403,
        Some(5 | 12) => 404,
        Some(6 | 10) => 409,
        Some(8) => 429,
        Some(1) => 499,
        Some(14) => 503,
        Some(4) => 504,
        Some(_) => 500,
    }
}

/// The status of gRPC that says the same as one of HTTP.
fn status(http: u16) -> u16 {
    match http {
        400 | 413..=417 | 422 | 431 => 3, // INVALID_ARGUMENT
        401 => 16,                        // UNAUTHENTICATED
        403 | 421 => 7,                   // PERMISSION_DENIED
        404 | 405 | 501 => 12,            // UNIMPLEMENTED
        408 | 504 => 4,                   // DEADLINE_EXCEEDED
        409 => 10,                        // ABORTED
        429 => 8,                         // RESOURCE_EXHAUSTED
        502 | 503 | 508 => 14,            // UNAVAILABLE
        500..=599 => 13,                  // INTERNAL
        _ => 2,                           // UNKNOWN
    }
}

/// Percent-encoded as gRPC wants it: everything that is not printable ASCII, and the sign itself.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'%' => escaped.push_str("%25"),
            b' '..=b'~' => escaped.push(char::from(byte)),
            other => escaped.push_str(&format!("%{other:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem;

    #[test]
    fn every_problem_has_a_status_that_a_client_can_act_on() {
        for problem in problem::ALL {
            let entry = problem.entry();
            let told = told(Response::new(Body::empty()), entry);
            let said = told.headers()[MESSAGE].to_str().unwrap().to_owned();
            assert!(said.starts_with(entry.code), "{said}");
            assert_ne!(told.headers()[STATUS], "2", "{}: {} says nothing", entry.code, entry.status);
            let (told, meant) = (status_told(&told) / 100, entry.status / 100);
            assert!(
                told == meant || (entry.status, told) == (501, 4) || (entry.status, told) == (408, 5),
                "{}",
                entry.code
            );
        }
        assert_eq!(escaped("50 % – é"), "50 %25 %E2%80%93 %C3%A9");
    }
}
