//! What came back.

use crate::OutboundError;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use std::fmt;

/// An answer, read to its end. A redirect is one too.
#[derive(Clone)]
pub struct Answer {
    /// How it went, in the other side's opinion.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, as it was sent.
    pub body: Bytes,
}

impl Answer {
    /// Whether the status is one of the 200s.
    pub fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// The body as JSON, whatever content type it claims to be: issuers are careless about that.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, OutboundError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // Not the error's own words: they quote the body, which may hold tokens.
            let (line, column) = (error.line(), error.column());
            OutboundError::protocol(format_args!(
                "not the JSON that was expected, at line {line}, column {column}"
            ))
        })
    }
}

/// Says how it went and how much came, never what: headers and body may hold tokens.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
