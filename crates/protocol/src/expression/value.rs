//! What expressions are worked out to.

use serde_json::Value as Json;
use std::{borrow::Cow, cmp::Ordering, fmt};

/// A value. Texts and documents that are handed in are not copied.
#[derive(Clone, Debug)]
pub enum Value<'v> {
    /// Nothing.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any number.
    Double(f64),
    /// Text.
    Text(Cow<'v, str>),
    /// Several.
    List(Vec<Value<'v>>),
    /// Values by name.
    Map(Vec<(Cow<'v, str>, Value<'v>)>),
    /// An array or an object of a document.
    Json(&'v Json),
    /// A table that is handed in, by its name.
    Table(&'static str),
}

impl<'v> Value<'v> {
    /// A text that lives elsewhere.
    pub fn text(text: &'v str) -> Self {
        Value::Text(Cow::Borrowed(text))
    }

    /// What a document says.
    pub fn json(json: &'v Json) -> Self {
        match json {
            Json::Null => Value::Null,
            Json::Bool(is) => Value::Bool(*is),
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Value::Int(whole),
                None => Value::Double(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Value::text(text),
            Json::Array(_) | Json::Object(_) => Value::Json(json),
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub(super) fn into_items(self) -> Option<Vec<Value<'v>>> {
        match self {
            Value::List(items) => Some(items),
            Value::Json(Json::Array(items)) => Some(items.iter().map(Value::json).collect()),
            _ => None,
        }
    }

    /// What stands under this name.
    pub(super) fn member(&self, name: &str) -> Option<Value<'v>> {
        match self {
            Value::Map(members) => {
                members.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
            }
            Value::Json(Json::Object(members)) => members.get(name).map(Value::json),
            _ => None,
        }
    }

    /// How many letters, items or members it has.
    pub(super) fn size(&self) -> Option<usize> {
        match self {
            Value::Text(text) => Some(text.chars().count()),
            Value::List(items) => Some(items.len()),
            Value::Map(members) => Some(members.len()),
            Value::Json(Json::Array(items)) => Some(items.len()),
            Value::Json(Json::Object(members)) => Some(members.len()),
            _ => None,
        }
    }

    /// Whether both are the same. Values of different kinds never are, save for numbers.
    pub(super) fn is(&self, other: &Value<'_>) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(one), Value::Bool(two)) => one == two,
            (Value::Text(one), Value::Text(two)) => one == two,
            (Value::Int(_) | Value::Double(_), Value::Int(_) | Value::Double(_)) => {
                self.order(other) == Some(Ordering::Equal)
            }
            (Value::Json(one), Value::Json(two)) => one == two,
            (Value::List(one), Value::List(two)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.is(two))
            }
            (Value::List(one), Value::Json(Json::Array(two)))
            | (Value::Json(Json::Array(two)), Value::List(one)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.is(&Value::json(two)))
            }
            (Value::Map(one), Value::Map(_)) => {
                self.size() == other.size()
                    && one.iter().all(|(name, value)| other.member(name).is_some_and(|two| value.is(&two)))
            }
            _ => false,
        }
    }

    /// Which comes first, of values that have an order.
    pub(super) fn order(&self, other: &Value<'_>) -> Option<Ordering> {
        match (self, other) {
            (Value::Bool(one), Value::Bool(two)) => Some(one.cmp(two)),
            (Value::Int(one), Value::Int(two)) => Some(one.cmp(two)),
            (Value::Text(one), Value::Text(two)) => Some(one.cmp(two)),
            (Value::Double(one), Value::Double(two)) => one.partial_cmp(two),
            (Value::Int(one), Value::Double(two)) => (*one as f64).partial_cmp(two),
            (Value::Double(one), Value::Int(two)) => one.partial_cmp(&(*two as f64)),
            _ => None,
        }
    }
}

/// As CEL would write it, for people who try an expression out.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(is) => is.fmt(f),
            Value::Int(number) => number.fmt(f),
            Value::Double(number) => write!(f, "{number:?}"),
            Value::Text(text) => write!(f, "{text:?}"),
            Value::List(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
            Value::Map(members) => {
                f.write_str("{")?;
                for (at, (name, value)) in members.iter().enumerate() {
                    write!(f, "{}{name:?}: {value}", if at == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
            Value::Json(json) => json.fmt(f),
            Value::Table(name) => f.write_str(name),
        }
    }
}
