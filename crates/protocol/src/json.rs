//! JSON from strangers: documents in which no member is named twice, at any depth.
//!
//! Two members of one name are how one reader is made to see another token than the next one
//! (RFC 8725 section 2.4, RFC 8259 section 4). Depth is bounded by serde_json, length by the callers.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::{cell::Cell, collections::HashSet, fmt};

/// The object in `bytes`; none if it is anything else, or ambiguous.
pub(crate) fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    match read(bytes, Strict { left: &Cell::new(usize::MAX), loosely: false }) {
        Ok(Value::Object(members)) => Some(members),
        _ => None,
    }
}

/// The document in `bytes`, of at most so many values, for somebody who must see in it what the next reader does: not
/// even names that some readers take for one ([`are_alike`]) stand in one object.
///
/// # Errors
/// What is wrong with it.
pub fn document(bytes: &[u8], most: usize) -> Result<Value, serde_json::Error> {
    read(bytes, Strict { left: &Cell::new(most), loosely: true })
}

/// Whether some reader takes these two names for one: they differ in capitals alone, in any script.
pub fn are_alike(one: &str, two: &str) -> bool {
    one == two || folded(one).eq(folded(two))
}

/// By capitals and back, so that the letters which share one are one.
fn folded(name: &str) -> impl Iterator<Item = char> {
    name.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

fn read(bytes: &[u8], strict: Strict<'_>) -> Result<Value, serde_json::Error> {
    let mut from = serde_json::Deserializer::from_slice(bytes);
    let value = strict.deserialize(&mut from)?;
    from.end()?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct Strict<'c> {
    /// How many values there may still be.
    left: &'c Cell<usize>,
    /// Whether names that are alike are one.
    loosely: bool,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        let left = self.left.get().checked_sub(1);
        self.left.set(left.ok_or_else(|| D::Error::custom("it has too many values"))?);
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without repeated members")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = from.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let (mut members, mut seen) = (Map::new(), HashSet::new());
        while let Some(name) = from.next_key::<String>()? {
            let is_new = !self.loosely || seen.insert(folded(&name).collect::<String>());
            if !is_new || members.contains_key(&name) {
                return Err(A::Error::custom(format_args!("`{name}` stands there twice")));
            }
            members.insert(name, from.next_value_seed(self)?);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_objects_come_through_unchanged() {
        let text = r#"{"a":[1,-2,3.5,null,true,"x"],"b":{"c":{}}}"#;
        assert_eq!(object(text.as_bytes()).map(Value::Object), serde_json::from_str(text).ok());
    }

    #[test]
    fn a_member_named_twice_is_refused_at_any_depth() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"b":[{"a":1,"a":2}]}"#, r#"{"a":1,"\u0061":2}"#] {
            assert_eq!(object(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn names_that_some_readers_take_for_one_are_one_in_what_others_read_too() {
        for text in
            [r#"{"a":1,"A":1}"#, r#"{"b":[{"kind":1,"\u212aind":2}]}"#, r#"{"users":1,"u\u017fers":2}"#]
        {
            assert!(object(text.as_bytes()).is_some(), "{text}: to us they are two");
            assert!(document(text.as_bytes(), 100).unwrap_err().to_string().contains("twice"), "{text}");
        }
        assert!(are_alike("kind", "\u{212a}IND") && !are_alike("kind", "kinds"));
        assert_eq!(document(b"[1, \"a\"]", 3).unwrap(), serde_json::json!([1, "a"]), "of any form");
    }

    #[test]
    fn a_document_has_so_many_values_and_no_more() {
        assert!(document(br#"{"a":[1,2]}"#, 4).is_ok());
        assert!(document(br#"{"a":[1,2]}"#, 3).unwrap_err().to_string().contains("too many"));
    }

    #[test]
    fn deep_nesting_is_refused_without_exhausting_the_stack() {
        let depth = 100_000;
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let text = format!("{{\"a\":{}1{}}}", open.repeat(depth), close.repeat(depth));
            assert_eq!(object(text.as_bytes()), None);
        }
    }

    #[test]
    fn what_is_not_one_object_is_refused() {
        for text in ["", "[]", "1", "{} {}", "{", "{\"a\":1e999}", "\u{feff}{}", "{'a':1}"] {
            assert_eq!(object(text.as_bytes()), None, "{text}");
        }
    }
}
