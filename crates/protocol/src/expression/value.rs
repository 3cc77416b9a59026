//! What expressions are worked out to.

use crate::json::are_alike;
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
    Json(&'v Json, Names),
    /// A table that is handed in, by its name.
    Table(&'static str),
}

/// How whoever reads a document next may take the names in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// As they are.
    Exact,
    /// Perhaps without regard to capitals: what is asked for by another spelling than it has is neither there nor not.
    Unsure,
}

impl<'v> Value<'v> {
    /// A text that lives elsewhere.
    pub fn text(text: &'v str) -> Self {
        Value::Text(Cow::Borrowed(text))
    }

    /// What a document says.
    pub fn json(json: &'v Json, names: Names) -> Self {
        match json {
            Json::Null => Value::Null,
            Json::Bool(is) => Value::Bool(*is),
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Value::Int(whole),
                None => Value::Double(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Value::text(text),
            Json::Array(_) | Json::Object(_) => Value::Json(json, names),
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
            Value::Json(Json::Array(items), names) => {
                Some(items.iter().map(|item| Value::json(item, names)).collect())
            }
            _ => None,
        }
    }

    /// What stands under this name.
    pub(super) fn member(&self, name: &str) -> Option<Value<'v>> {
        match self {
            Value::Map(members) => {
                members.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
            }
            Value::Json(Json::Object(members), names) => {
                members.get(name).map(|member| Value::json(member, *names))
            }
            _ => None,
        }
    }

    /// Whether it has a member whose name some readers take for this one.
    pub(super) fn has_one_like(&self, name: &str) -> bool {
        match self {
            Value::Json(Json::Object(members), Names::Unsure) => {
                members.keys().any(|member| are_alike(member, name))
            }
            _ => false,
        }
    }

    /// How many letters, items or members it has.
    pub(super) fn size(&self) -> Option<usize> {
        match self {
            Value::Text(text) => Some(text.chars().count()),
            Value::List(items) => Some(items.len()),
            Value::Map(members) => Some(members.len()),
            Value::Json(Json::Array(items), _) => Some(items.len()),
            Value::Json(Json::Object(members), _) => Some(members.len()),
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
            (Value::Json(one, _), Value::Json(two, _)) => one == two,
            (Value::List(one), Value::List(two)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.is(two))
            }
            (Value::List(one), Value::Json(Json::Array(two), names))
            | (Value::Json(Json::Array(two), names), Value::List(one)) => {
                let same = |(one, two): (&Value<'_>, _)| one.is(&Value::json(two, *names));
                one.len() == two.len() && one.iter().zip(two).all(same)
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
            Value::Json(json, _) => json.fmt(f),
            Value::Table(name) => f.write_str(name),
        }
    }
}
