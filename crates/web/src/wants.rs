//! Whether the caller reads pages or data.

use crate::HostKind;
use axum::http::{HeaderMap, header, request::Parts};

/// Whether the answer is for somebody who reads pages: at a host with pages, outside the API, and the
/// browser asks for HTML.
pub fn page(parts: &Parts) -> bool {
    let kind = parts.extensions.get::<HostKind>().copied();
    kind.is_some_and(HostKind::reads_cookies) && !parts.uri.path().starts_with("/v1/") && html(&parts.headers)
}

/// Whether `Accept` names HTML. `*/*`, which scripts send, does not.
pub fn html(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .into_iter()
        .filter_map(|accept| accept.to_str().ok())
        .flat_map(|accept| accept.split(','))
        .filter_map(|range| range.split(';').next())
        .any(|kind| kind.trim().eq_ignore_ascii_case("text/html"))
}

/// What is remembered of a request until its answer leaves, to write a problem as its sender reads it.
pub(crate) struct Reader {
    /// Whether it reads pages.
    pub(crate) page: bool,
    /// The host it came to; where nobody said, one without pages.
    pub(crate) kind: HostKind,
}

impl Reader {
    pub(crate) fn of(parts: &Parts) -> Self {
        Reader {
            page: page(parts),
            kind: parts.extensions.get::<HostKind>().copied().unwrap_or(HostKind::Api),
        }
    }
}
