//! The functions that expressions may call: those of the standard that work on texts and lists, and those of its
//! `strings` extension that a gateway has a use for. Texts are counted by letters, as CEL does.

use super::{evaluate::Machine, evaluate::Stopped, value::Value};
use std::borrow::Cow;

macro_rules! calls {
    ($($call:ident $name:literal on $receiver:literal takes [$arguments:pat];)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Call { $($call),* }

        impl Call {
            /// The function of this name, called on something or by itself, with so many arguments beside.
            pub(super) fn find(name: &str, receiver: bool, arguments: usize) -> Option<Call> {
                match (name, receiver, arguments) {
                    $(($name, $receiver, $arguments) => Some(Call::$call),)*
                    _ => None,
                }
            }

            pub(super) fn name(self) -> &'static str {
                match self { $(Call::$call => $name),* }
            }
        }
    };
}

calls! {
    Size "size" on false takes [1];
    SizeOf "size" on true takes [0];
    Text "string" on false takes [1];
    Int "int" on false takes [1];
    Contains "contains" on true takes [1];
    StartsWith "startsWith" on true takes [1];
    EndsWith "endsWith" on true takes [1];
    LowerAscii "lowerAscii" on true takes [0];
    UpperAscii "upperAscii" on true takes [0];
    Trim "trim" on true takes [0];
    Split "split" on true takes [1];
    Join "join" on true takes [0 | 1];
    Replace "replace" on true takes [2];
    Substring "substring" on true takes [1 | 2];
    IndexOf "indexOf" on true takes [1];
    LastIndexOf "lastIndexOf" on true takes [1];
    CharAt "charAt" on true takes [1];
}

impl Call {
    /// What it gives for these values, the receiver first.
    pub(super) fn of<'v>(self, values: &[Value<'v>], machine: &mut Machine) -> Result<Value<'v>, Stopped> {
        let wrong = || Stopped::Kind(self.name());
        let text = |at: usize| values.get(at).and_then(Value::as_text).ok_or_else(wrong);
        let number = |at: usize| match values.get(at) {
            Some(Value::Int(number)) => Ok(*number),
            _ => Err(wrong()),
        };
        Ok(match self {
            Call::Size | Call::SizeOf => {
                if let Value::Text(text) = &values[0] {
                    machine.look(text.len())?;
                }
                Value::Int(whole(values[0].size().ok_or_else(wrong)?))
            }
            Call::Text => match &values[0] {
                Value::Text(_) => values[0].clone(),
                Value::Bool(_) | Value::Int(_) => machine.made(values[0].to_string())?,
                Value::Double(number) => machine.made(number.to_string())?,
                _ => return Err(wrong()),
            },
            Call::Int => match &values[0] {
                Value::Int(number) => Value::Int(*number),
                Value::Text(text) => Value::Int(text.parse().map_err(|_| wrong())?),
                Value::Double(number) if number.abs() < 9.0e15 => Value::Int(number.trunc() as i64),
                _ => return Err(wrong()),
            },
            Call::Contains => Value::Bool(machine.seen(text(0)?)?.contains(text(1)?)),
            Call::StartsWith => Value::Bool(text(0)?.starts_with(text(1)?)),
            Call::EndsWith => Value::Bool(text(0)?.ends_with(text(1)?)),
            Call::LowerAscii => machine.made(text(0)?.to_ascii_lowercase())?,
            Call::UpperAscii => machine.made(text(0)?.to_ascii_uppercase())?,
            Call::Trim => machine.made(text(0)?.trim().to_owned())?,
            Call::Split => split(text(0)?, text(1)?, machine)?,
            Call::Join => join(values[0].clone(), if values.len() == 2 { text(1)? } else { "" }, machine)?,
            Call::Replace => replace(text(0)?, text(1)?, text(2)?, machine)?,
            Call::Substring => {
                let end = if values.len() == 3 { Some(number(2)?) } else { None };
                let part = part(machine.seen(text(0)?)?, number(1)?, end);
                machine.made(part.ok_or(Stopped::Range)?.to_owned())?
            }
            Call::IndexOf => {
                let (all, wanted) = (machine.seen(text(0)?)?, text(1)?);
                place(all, all.find(wanted))
            }
            Call::LastIndexOf => {
                let (all, wanted) = (machine.seen(text(0)?)?, text(1)?);
                place(all, all.rfind(wanted))
            }
            Call::CharAt => {
                let (all, at) = (machine.seen(text(0)?)?, number(1)?);
                let part = part(all, at, Some(at + 1)).or_else(|| part(all, at, Some(at)));
                machine.made(part.ok_or(Stopped::Range)?.to_owned())?
            }
        })
    }
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn split<'v>(text: &str, by: &str, machine: &mut Machine) -> Result<Value<'v>, Stopped> {
    let mut items = Vec::new();
    // An empty separator parts every letter from the next, and leaves nothing before the first.
    let parts = text.split(by).filter(|part| !by.is_empty() || !part.is_empty());
    for part in parts {
        machine.room(items.len())?;
        items.push(machine.made(part.to_owned())?);
    }
    Ok(Value::List(items))
}

fn join<'v>(list: Value<'_>, by: &str, machine: &mut Machine) -> Result<Value<'v>, Stopped> {
    let mut joined = String::new();
    for (at, item) in list.into_items().ok_or(Stopped::Kind("join"))?.iter().enumerate() {
        let text = item.as_text().ok_or(Stopped::Kind("join"))?;
        machine.make(by.len() + text.len())?;
        if at > 0 {
            joined.push_str(by);
        }
        joined.push_str(text);
    }
    Ok(Value::Text(Cow::Owned(joined)))
}

fn replace<'v>(text: &str, old: &str, new: &str, machine: &mut Machine) -> Result<Value<'v>, Stopped> {
    // Counted before it is made.
    machine.make(text.matches(old).count() * new.len() + text.len())?;
    Ok(Value::Text(Cow::Owned(text.replace(old, new))))
}

/// The letters from one place to another; none if there are no such places.
fn part(text: &str, from: i64, until: Option<i64>) -> Option<&str> {
    let place = |at: i64| -> Option<usize> {
        let at = usize::try_from(at).ok()?;
        text.char_indices().map(|(byte, _)| byte).chain([text.len()]).nth(at)
    };
    let from = place(from)?;
    let until = until.map_or(Some(text.len()), place)?;
    text.get(from..until)
}

fn place<'v>(text: &str, byte: Option<usize>) -> Value<'v> {
    Value::Int(byte.map_or(-1, |byte| whole(text[..byte].chars().count())))
}
