//! The tenant's name in the body of a request: where it stands there.

use crate::{
    look::{Look, Reads, unreadable},
    problem,
    refuse::No,
    resolve::parameters,
};
use http::request::Parts;
use protocol::json::are_alike;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Where in a body the tenant is named.
#[derive(Debug)]
pub(crate) struct NamedInBody {
    pub(crate) place: BodyPlace,
    pub(crate) reads: Reads,
}

#[derive(Debug)]
pub(crate) enum BodyPlace {
    /// In JSON, under these keys one below the other.
    Pointer(Box<[Box<str>]>),
    /// In this field of a form.
    Field(Box<str>),
}

impl NamedInBody {
    /// The names in a body. In a question without one, as fronts ask, none can be read.
    pub(crate) async fn names(&self, parts: &Parts, look: &mut Look<'_>) -> Result<Vec<String>, No> {
        if look.is_withheld() {
            let how = "Its body names the tenant, and this request came without it.";
            return Err(No::with(problem::TENANT_UNNAMED, how.to_owned()));
        }
        let unnamed =
            || No::with(problem::TENANT_UNNAMED, format!("Name the tenant in the body, {}.", self.place()));
        if look.is_empty() {
            return Err(unnamed());
        }
        self.reads.kind_of(&parts.headers)?;
        let names = self.named(look.whole(self.reads.most).await?)?;
        if names.is_empty() { Err(unnamed()) } else { Ok(names) }
    }

    fn place(&self) -> String {
        match &self.place {
            BodyPlace::Pointer(keys) => format!("in JSON at `/{}`", keys.join("/")),
            BodyPlace::Field(name) => format!("in the form field `{name}`"),
        }
    }

    fn named(&self, bytes: &[u8]) -> Result<Vec<String>, No> {
        let found = match &self.place {
            BodyPlace::Pointer(keys) => find(bytes, keys)?.into_iter().collect(),
            BodyPlace::Field(name) => {
                let text = std::str::from_utf8(bytes).map_err(|_| unreadable("it is no text"))?;
                parameters(text, name).map(str::to_owned).collect::<Vec<_>>()
            }
        };
        Ok(found.into_iter().filter(|name: &String| !name.is_empty()).collect())
    }
}

/// The text under these keys; none if there is none.
fn find(bytes: &[u8], keys: &[Box<str>]) -> Result<Option<String>, No> {
    // What is passed over is not looked into, and would be text to nobody or to some.
    let text = std::str::from_utf8(bytes).map_err(|_| unreadable("it is no text"))?;
    let mut json = serde_json::Deserializer::from_str(text);
    let found = Find(keys).deserialize(&mut json).map_err(unreadable)?;
    json.end().map_err(unreadable)?;
    Ok(found)
}

/// Looks for the text under these keys, and refuses a key that stands there twice: who reads it next may take the other.
/// Keys that differ only in capitals are one, because some read them so.
struct Find<'p>(&'p [Box<str>]);

impl<'de> DeserializeSeed<'de> for Find<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Find<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut found, mut seen) = (None, false);
        while let Some(key) = map.next_key::<String>()? {
            let wanted = self.0.first().filter(|wanted| are_alike(wanted, &key));
            let Some(wanted) = wanted else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if seen {
                return Err(A::Error::custom(format!("`{key}` stands there twice")));
            }
            seen = true;
            if **wanted == *key {
                found = map.next_value_seed(Find(&self.0[1..]))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let wanted = self.0.first().and_then(|key| key.parse::<usize>().ok());
        let (mut found, mut at) = (None, 0);
        loop {
            let more = if wanted == Some(at) {
                let value = seq.next_element_seed(Find(&self.0[1..]))?;
                let more = value.is_some();
                found = value.flatten();
                more
            } else {
                seq.next_element::<IgnoredAny>()?.is_some()
            };
            if !more {
                return Ok(found);
            }
            at += 1;
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(self.0.is_empty().then(|| text.to_owned()))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(json: &str, pointer: &[&str]) -> Result<Option<String>, String> {
        let keys: Vec<Box<str>> = pointer.iter().map(|key| (*key).into()).collect();
        find(json.as_bytes(), &keys).map_err(|no| no.detail.unwrap_or_default())
    }

    #[test]
    fn a_text_is_found_where_the_pointer_leads() {
        let found = |json, pointer: &[&str]| at(json, pointer).unwrap();
        assert_eq!(found(r#"{"a":1,"tenant":"t1","z":[{}]}"#, &["tenant"]).as_deref(), Some("t1"));
        assert_eq!(
            found(r#"{"a":{"t\u0065nant":"t1"},"tenant":"t2"}"#, &["a", "tenant"]).as_deref(),
            Some("t1")
        );
        assert_eq!(found(r#"{"a":[{"b":"t0"},{"b":"t1"}]}"#, &["a", "1", "b"]).as_deref(), Some("t1"));
        for (json, pointer) in [
            (r#"{"tenant":7}"#, &["tenant"][..]),
            (r#"{"tenant":null}"#, &["tenant"]),
            (r#"{"tenant":{"id":"t1"}}"#, &["tenant"]),
            (r#"{"tenant":"t1"}"#, &["tenant", "id"]),
            (r#"{"Tenant":"t1"}"#, &["tenant"]),
            (r#"["t1"]"#, &["tenant"]),
            ("[]", &["0"]),
        ] {
            assert_eq!(found(json, pointer), None, "{json}");
        }
    }

    #[test]
    fn what_a_wounded_body_names_is_what_any_reader_finds_there() {
        let mut dice = crate::dice::Dice::of(20);
        let sound = br#"{"a": [1, {"b": "x"}], "org": {"tenant": "t1", "n": null}, "z": "\u0074"}"#;
        let keys: Vec<Box<str>> = vec!["org".into(), "tenant".into()];
        for wounded in dice.wounded(sound, 5_000) {
            if let Ok(found) = find(&wounded, &keys) {
                // An escape that is no letter may stand in what is passed over.
                let Ok(value) = serde_json::from_slice::<serde_json::Value>(&wounded) else { continue };
                assert_eq!(value.pointer("/org/tenant").and_then(|named| named.as_str()), found.as_deref());
            }
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for json in [
            r#"{"tenant":"t1","tenant":"t2"}"#,
            r#"{"tenant":"t1","tenant":"t1"}"#,
            r#"{"tenant":"t1","t\u0065nant":"t2"}"#,
            r#"{"tenant":"t1","Tenant":"t2"}"#,
            r#"{"TENANT":"t2","tenant":"t1"}"#,
        ] {
            assert!(at(json, &["tenant"]).unwrap_err().contains("twice"), "{json}");
        }
        let no_text = b"{\"a\":\"\xff\",\"tenant\":\"t1\"}";
        assert!(find(no_text, &["tenant".into()]).is_err(), "what is passed over is text too");
        for json in ["", "{", r#"{"tenant":"t1"} {}"#, r#"{"tenant":"t1",}"#, "{'tenant':'t1'}", "\u{feff}{}"]
        {
            assert!(at(json, &["tenant"]).is_err(), "{json}");
        }
        let deep = "[".repeat(10_000);
        assert!(at(&deep, &["tenant"]).is_err(), "no stack is that deep");
    }
}
