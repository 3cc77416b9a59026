//! The claims of a token that was believed.

use super::{Algorithm, TokenError};
use domain::Moment;
use serde_json::{Map, Value};
use std::fmt;

/// The last second of the year 9999; no sound date lies beyond.
const LAST_SECOND: i64 = 253_402_300_799;

/// What a believed token says. Does not print: claims are about people.
#[derive(Clone, PartialEq)]
pub struct Claims {
    algorithm: Algorithm,
    members: Map<String, Value>,
}

impl Claims {
    pub(super) fn new(algorithm: Algorithm, members: Map<String, Value>) -> Self {
        Claims { algorithm, members }
    }

    /// The algorithm that the token was signed with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// A claim.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// A claim that is a text; none if it is missing or something else.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// A claim that is a date: seconds since 1970, perhaps with a fraction (RFC 7519 section 2).
    ///
    /// # Errors
    /// [`TokenError::Malformed`] if it is there and is no such number.
    pub fn moment(&self, name: &str) -> Result<Option<Moment>, TokenError> {
        const BAD: TokenError = TokenError::Malformed("a date is not a number of seconds");
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds.floor() as i64));
        match seconds {
            Some(seconds @ 0..=LAST_SECOND) => Ok(Some(Moment::from_seconds(seconds))),
            _ => Err(BAD),
        }
    }

    /// Every claim.
    pub fn into_members(self) -> Map<String, Value> {
        self.members
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claims(…)")
    }
}
