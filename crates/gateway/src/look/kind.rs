//! What a body is said to be.

use crate::{problem, refuse::No};
use http::{
    HeaderMap, HeaderValue,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use serde::{Deserialize, Serialize};

/// A kind of body that can be looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BodyKind {
    /// JSON.
    Json,
    /// A form as browsers send it, without files.
    Form,
}

impl BodyKind {
    fn name(self) -> &'static str {
        match self {
            BodyKind::Json => "application/json",
            BodyKind::Form => "application/x-www-form-urlencoded",
        }
    }

    fn is(self, media_type: &str) -> bool {
        media_type == self.name() || (self == BodyKind::Json && media_type.ends_with("+json"))
    }
}

/// Which bodies a route reads.
#[derive(Debug)]
pub(crate) struct Reads {
    pub(crate) kinds: Box<[BodyKind]>,
    /// The most bytes that are read.
    pub(crate) most: u64,
}

impl Reads {
    /// The kind that the body is said to be, which must be one of these.
    pub(crate) fn kind_of(&self, headers: &HeaderMap) -> Result<BodyKind, No> {
        let said = media_type(headers).filter(|_| !is_packed(headers)).unwrap_or_default();
        self.kinds.iter().copied().find(|kind| kind.is(&said)).ok_or_else(|| {
            let kinds: Vec<_> = self.kinds.iter().map(|kind| kind.name()).collect();
            No::with(problem::BODY_TYPE, format!("Bodies are {} here.", kinds.join(" or ")))
        })
    }
}

/// Whether a body would have to be unpacked to be read.
pub(crate) fn is_packed(headers: &HeaderMap) -> bool {
    headers.contains_key(CONTENT_ENCODING)
}

/// The one kind that a body is said to be, in small letters; none where several are said, or another alphabet than
/// UTF-8, in which whoever reads it next would find other words than we.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(Ok(one)), None) = (types.next().map(HeaderValue::to_str), types.next()) else { return None };
    let one = one.to_ascii_lowercase();
    let mut parts = one.split(';').map(str::trim);
    let media_type = parts.next()?.to_owned();
    let alphabets =
        parts.filter_map(|part| part.split_once('=')).filter(|(name, _)| name.trim() == "charset");
    let known = |said: &str| matches!(said.trim().trim_matches('"'), "utf-8" | "utf8" | "us-ascii");
    let clear = alphabets.into_iter().all(|(_, said)| known(said));
    clear.then_some(media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(types: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        types.iter().for_each(|one| {
            headers.append(CONTENT_TYPE, one.parse().unwrap());
        });
        media_type(&headers)
    }

    #[test]
    fn a_body_is_of_one_kind_and_in_one_alphabet() {
        for (types, kind) in [
            (&["application/json"][..], Some("application/json")),
            (&["Application/JSON ; Charset=\"UTF-8\""], Some("application/json")),
            (&["text/plain; boundary=x"], Some("text/plain")),
            (&["application/json; charset=utf-7"], None),
            (&["application/json; charset=ibm037"], None),
            (&["application/json; charset=utf-8; charset=utf-16"], None),
            (&["application/json", "text/plain"], None),
            (&[], None),
        ] {
            assert_eq!(said(types).as_deref(), kind, "{types:?}");
        }
    }
}
