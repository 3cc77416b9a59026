//! What is written down of the requests of a route.

use serde::{Deserialize, Serialize};

/// The access log of a route as an operator writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSpec {
    /// Which requests have a line.
    pub requests: Logged,
    /// What stands in it besides.
    pub also: Vec<Detail>,
}

/// Which requests have a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Logged {
    /// Each that is forwarded.
    #[default]
    All,
    /// Those that are answered with 400 or more.
    Failed,
    /// None.
    None,
}

/// What an operator may want to know of a request, and others may not want to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Detail {
    /// The path as it was asked for, without the query.
    Path,
    /// Who asked, by id.
    Caller,
    /// From where.
    Address,
}

impl LogSpec {
    /// Whether a request that was answered so has a line.
    pub(crate) fn has(&self, status: u16) -> bool {
        match self.requests {
            Logged::All => true,
            Logged::Failed => status >= 400,
            Logged::None => false,
        }
    }

    /// Whether this stands in it.
    pub(crate) fn says(&self, detail: Detail) -> bool {
        self.also.contains(&detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written_for_all_requests_for_those_that_failed_or_for_none() {
        for (json, ok, failed) in [
            ("{}", true, true),
            (r#"{"requests": "failed"}"#, false, true),
            (r#"{"requests": "none", "also": ["path"]}"#, false, false),
        ] {
            let log: LogSpec = serde_json::from_str(json).unwrap();
            assert_eq!((log.has(200), log.has(404)), (ok, failed), "{json}");
        }
        assert!(serde_json::from_str::<LogSpec>(r#"{"also": ["query"]}"#).is_err(), "queries hold secrets");
    }
}
