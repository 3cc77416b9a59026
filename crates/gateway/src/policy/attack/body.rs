//! What attacks look like in bodies: in each text of JSON, each field of a form, each part of one with files, and in
//! other text as a whole.

use super::{Attacks, Bodies};
use crate::{
    limits,
    look::{Ahead, Look, is_packed, media_type},
    problem,
    refuse::No,
    route::Route,
};
use http::{HeaderMap, header::CONTENT_TYPE};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::{cell::RefCell, fmt, sync::Arc};
use tokio::task::spawn_blocking;

/// Kinds of bodies in which nobody looks for words.
const NO_TEXT: [&str; 11] = [
    "image/",
    "audio/",
    "video/",
    "font/",
    "application/octet-stream",
    "application/zip",
    "application/gzip",
    "application/pdf",
    "application/grpc",
    "application/x-protobuf",
    "application/protobuf",
];

/// What attacks are looked for in.
enum Text {
    Json,
    Form,
    Parts(Vec<u8>),
    Plain,
}

/// None of what is no text.
fn text_of(headers: &HeaderMap) -> Option<Text> {
    let media_type = media_type(headers).unwrap_or_default();
    match media_type.as_str() {
        none if NO_TEXT.iter().any(|kind| none.starts_with(kind)) => None,
        "application/x-www-form-urlencoded" => Some(Text::Form),
        "application/json" => Some(Text::Json),
        json if json.ends_with("+json") => Some(Text::Json),
        "multipart/form-data" => Some(boundary(headers).map_or(Text::Plain, Text::Parts)),
        _ => Some(Text::Plain),
    }
}

/// What parts the parts, as their sender says.
fn boundary(headers: &HeaderMap) -> Option<Vec<u8>> {
    let said = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let parameter = said.split(';').skip(1).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })?;
    (!parameter.is_empty()).then(|| [b"--", parameter.as_bytes()].concat())
}

impl Attacks {
    pub(crate) fn look_into_bodies(&self) -> bool {
        self.spec.bodies != Bodies::No
    }

    /// Reads as much of a body as is looked into.
    pub(crate) async fn take_in(&self, headers: &HeaderMap, look: &mut Look<'_>) -> Result<(), No> {
        if look.is_withheld() {
            return Err(No::because(problem::BODY_WITHHELD));
        }
        if look.is_empty() || text_of(headers).is_none() {
            return Ok(());
        }
        if is_packed(headers) || (headers.contains_key(CONTENT_TYPE) && media_type(headers).is_none()) {
            return Err(No::because(problem::BODY_TYPE));
        }
        match self.spec.bodies {
            Bodies::Whole => look.whole(self.most).await.map(|_| ()),
            _ => look.read_on(self.most).await,
        }
    }

    pub(super) fn finds_in(&self, headers: &HeaderMap, body: &Ahead) -> Option<String> {
        let bytes = &body.bytes;
        let found = match text_of(headers)? {
            Text::Form => self.in_pairs(bytes),
            Text::Json => self.in_json(body),
            Text::Parts(boundary) => self.in_parts(bytes, &boundary),
            Text::Plain => self.in_value(bytes, false),
        };
        found.map(|found| format!("{found}, in the body."))
    }

    /// In every text of a document. What is none is looked at as it stands: whoever is behind us may read more than we.
    fn in_json(&self, body: &Ahead) -> Option<String> {
        let scan = Scan { attacks: self, found: &RefCell::default() };
        let mut from = serde_json::Deserializer::from_slice(&body.bytes);
        let read = scan.deserialize(&mut from).and_then(|()| from.end());
        let found = scan.found.take();
        let is_cut = |error: &serde_json::Error| error.is_eof() && !body.whole;
        match read {
            Err(error) if found.is_none() && !is_cut(&error) => self.in_value(&body.bytes, false),
            _ => found,
        }
    }

    /// In the fields of a form that has files, and in what those are called.
    fn in_parts(&self, bytes: &[u8], boundary: &[u8]) -> Option<String> {
        let mut rest = bytes;
        while let Some(start) = find(rest, boundary) {
            rest = &rest[start + boundary.len()..];
            let part = &rest[..find(rest, boundary).unwrap_or(rest.len())];
            let (head, body) = match find(part, b"\r\n\r\n") {
                Some(end) => (&part[..end], &part[end + 4..]),
                None => (part, &[][..]),
            };
            let lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
            let in_head = lines
                .flat_map(|line| line.split(|byte| *byte == b'"'))
                .find_map(|said| self.in_value(said, false));
            let is_file = find(&head.to_ascii_lowercase(), b"filename").is_some();
            let in_body = || if is_file { None } else { self.in_value(body.trim_ascii_end(), false) };
            if let Some(found) = in_head.or_else(in_body) {
                return Some(found);
            }
        }
        None
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// What in a body looks like an attack. A long one is looked through on a thread of its own.
pub(crate) async fn find_in_body(route: &Arc<Route>, headers: &HeaderMap, body: &Ahead) -> Option<String> {
    let finds = |route: &Route, headers: &HeaderMap, body: &Ahead| {
        route.policies.screen.as_ref()?.attacks.as_ref()?.finds_in(headers, body)
    };
    if body.bytes.len() <= limits::LONG_TO_SCREEN {
        return finds(route, headers, body);
    }
    let (route, body, mut said) = (route.clone(), body.clone(), HeaderMap::new());
    for value in headers.get_all(CONTENT_TYPE) {
        said.append(CONTENT_TYPE, value.clone());
    }
    let looking = spawn_blocking(move || finds(&route, &said, &body));
    looking.await.expect("looking for rules does not panic")
}

/// Goes through a document without keeping it, and ends with what it finds.
#[derive(Clone, Copy)]
struct Scan<'s> {
    attacks: &'s Attacks,
    found: &'s RefCell<Option<String>>,
}

impl Scan<'_> {
    fn text<E: Error>(self, text: &str) -> Result<(), E> {
        let Some(found) = self.attacks.in_value(text.as_bytes(), false) else { return Ok(()) };
        *self.found.borrow_mut() = Some(found);
        Err(E::custom("this is enough"))
    }
}

impl<'de> DeserializeSeed<'de> for Scan<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scan<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.text(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if self.attacks.is_excepted(name.as_bytes()) {
                map.next_value::<serde::de::IgnoredAny>()?;
            } else {
                self.text(&name)?;
                map.next_value_seed(self)?;
            }
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}
