//! What a body says to expressions.

use super::BodyKind;
use crate::{
    limits, problem,
    refuse::No,
    target::{escape, unescaped},
};
use protocol::{
    expression::{Names, Stopped, Value},
    json::{are_alike, document},
};
use serde_json::Value as Json;
use std::{borrow::Cow, fmt};

/// A body that was read.
#[derive(Debug)]
pub(crate) enum Said {
    /// There is none.
    Nothing,
    Json(Json),
    Form(String),
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Said::Nothing => "nothing",
            Said::Json(_) => "JSON",
            Said::Form(_) => "a form",
        })
    }
}

/// A body that cannot be read, or not in one way.
pub(crate) fn unreadable(why: impl fmt::Display) -> No {
    No::with(problem::BODY_UNREADABLE, format!("What is wrong: {why}."))
}

impl Said {
    pub(super) fn read(kind: BodyKind, bytes: &[u8]) -> Result<Self, No> {
        match kind {
            BodyKind::Json => document(bytes, limits::MOST_VALUES_READ).map(Said::Json).map_err(unreadable),
            BodyKind::Form => {
                let text = std::str::from_utf8(bytes).map_err(|_| unreadable("it is no text"))?;
                let mut escapes = text.as_bytes().windows(3).filter(|three| three[0] == b'%');
                let cut = text.len() - text.len().min(2);
                if text.as_bytes()[cut..].contains(&b'%') || !escapes.all(|three| escape(three).is_some()) {
                    return Err(unreadable("it has an escape that is none"));
                }
                Ok(Said::Form(text.to_owned()))
            }
        }
    }

    /// The document, if it is one.
    pub(crate) fn document(&self) -> Option<Value<'_>> {
        match self {
            Said::Json(json) => Some(Value::json(json, Names::Unsure)),
            _ => None,
        }
    }

    /// What stands in this field of the form. One that stands there twice, or whose name some readers take for this
    /// one, may be read in two ways.
    pub(crate) fn field(&self, name: &str) -> Result<Option<Value<'_>>, Stopped> {
        let Said::Form(text) = self else { return Ok(None) };
        let unclear = || Stopped::Unclear(format!("form.{name}").into());
        let mut found = None;
        for pair in text.split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let key: Cow<'_, str> = unescaped(key).ok_or_else(unclear)?;
            // Several languages make a list of what is called `name[]`.
            let bare = key.split('[').next().unwrap_or_default();
            if !are_alike(bare, name) {
                continue;
            }
            if found.is_some() || key != name {
                return Err(unclear());
            }
            found = Some(Value::Text(unescaped(value).ok_or_else(unclear)?));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Said {
        Said::read(BodyKind::Form, text.as_bytes()).unwrap_or_else(|no| panic!("{text}: {:?}", no.detail))
    }

    #[test]
    fn a_field_of_a_form_is_read_with_its_escapes_undone() {
        let form = form("a=1&n%61me=Z%c3%bcrich+8%21&tags=1&tags=2&empty=&bare");
        for (name, value) in [
            ("a", Some("1")),
            ("name", Some("Zürich 8!")),
            ("empty", Some("")),
            ("bare", Some("")),
            ("b", None),
        ] {
            let found = form.field(name).unwrap();
            assert_eq!(found.as_ref().and_then(Value::as_text), value, "{name}");
        }
    }

    #[test]
    fn a_field_that_can_be_read_in_two_ways_is_neither_there_nor_not() {
        for text in
            ["kind=a&kind=b", "kind=a&kind=a", "Kind=a", "kind=a&%4bind=b", "kind[]=a", "kind=a&kind[0]=b"]
        {
            assert!(matches!(form(text).field("kind"), Err(Stopped::Unclear(_))), "{text}");
        }
        assert!(matches!(form("%ff=a").field("kind"), Err(Stopped::Unclear(_))), "no text in UTF-8");
        assert!(form("kind=a&kind=b&x=1").field("x").unwrap().is_some(), "nobody asks for the other");
    }

    #[test]
    fn what_is_no_document_and_no_form_is_refused() {
        for text in ["a=%", "a=%4", "a=%zz", "%"] {
            assert!(Said::read(BodyKind::Form, text.as_bytes()).is_err(), "{text}");
        }
        assert!(Said::read(BodyKind::Form, b"a=\xff").is_err());
        let many = format!("[{}0]", "0,".repeat(limits::MOST_VALUES_READ));
        for text in [
            "",
            "{",
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"A":2}"#,
            "{} {}",
            "\u{feff}{}",
            r#""\ud800""#,
            many.as_str(),
        ] {
            assert!(Said::read(BodyKind::Json, text.as_bytes()).is_err(), "{text:.40}");
        }
    }
}
