//! Working an expression out. Every part that is looked at is a step, every byte that is made is counted, and there
//! is no way past either.

use super::{
    Expression, Facts, MOST_BYTES, MOST_ITEMS, MOST_STEPS, Worked,
    node::{Loop, Node, Order, Sum},
    value::{Names, Value},
};
use std::{borrow::Cow, cmp::Ordering};

/// How many bytes are looked at for the price of a step.
const BYTES_A_STEP: usize = 64;

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// It asks for something that is not there.
    #[error("there is no `{0}`")]
    Absent(Box<str>),
    /// It asks for something that whoever reads it next may read otherwise.
    #[error("`{0}` can be read in two ways")]
    Unclear(Box<str>),
    /// It does with a value what cannot be done with one of its kind.
    #[error("`{0}` cannot be done with a value of this kind")]
    Kind(&'static str),
    /// It asks for a place that a text or a list does not have.
    #[error("there is no such place in a text or a list")]
    Range,
    /// Its numbers leave what can be counted.
    #[error("a number is too large, or divided by zero")]
    Number,
    /// It took too many steps.
    #[error("it was stopped after {MOST_STEPS} steps")]
    Steps,
    /// It made too much.
    #[error("it was stopped because it made more than {MOST_BYTES} bytes or {MOST_ITEMS} items")]
    Bytes,
}

impl Stopped {
    /// Whether nothing can make up for it.
    fn is_final(&self) -> bool {
        matches!(self, Stopped::Steps | Stopped::Bytes | Stopped::Unclear(_))
    }
}

type Result<T> = std::result::Result<T, Stopped>;

/// What is left to spend.
pub(super) struct Machine {
    steps: u32,
    bytes: usize,
}

impl Machine {
    fn step(&mut self) -> Result<()> {
        self.steps = self.steps.checked_sub(1).ok_or(Stopped::Steps)?;
        Ok(())
    }

    /// So many bytes are looked at.
    pub(super) fn look(&mut self, bytes: usize) -> Result<()> {
        let steps = u32::try_from(bytes / BYTES_A_STEP).unwrap_or(u32::MAX);
        match self.steps.checked_sub(steps) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => {
                self.steps = 0;
                Err(Stopped::Steps)
            }
        }
    }

    /// A text that is looked through.
    pub(super) fn seen<'t>(&mut self, text: &'t str) -> Result<&'t str> {
        self.look(text.len()).map(|()| text)
    }

    /// So many bytes are made.
    pub(super) fn make(&mut self, bytes: usize) -> Result<()> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(Stopped::Bytes)?;
        Ok(())
    }

    /// A text that was made, which is no longer than one that was there before.
    pub(super) fn made<'v>(&mut self, text: String) -> Result<Value<'v>> {
        self.make(text.len() + size_of::<Value<'_>>())?;
        Ok(Value::Text(Cow::Owned(text)))
    }

    /// Whether a list of so many has room for one more.
    pub(super) fn room(&mut self, items: usize) -> Result<()> {
        self.step()?;
        if items < MOST_ITEMS { Ok(()) } else { Err(Stopped::Bytes) }
    }
}

struct Run<'v, F> {
    facts: &'v F,
    /// What loops hold; what an item lacked, a later one may make up for.
    slots: Vec<Result<Value<'v>>>,
    machine: Machine,
}

pub(super) fn work_out<'v, F: Facts>(expression: &'v Expression, facts: &'v F) -> Worked<'v> {
    let slots = if expression.slots == 0 { Vec::new() } else { vec![Ok(Value::Null); expression.slots] };
    let mut run = Run { facts, slots, machine: Machine { steps: MOST_STEPS, bytes: MOST_BYTES } };
    let value = run.node(&expression.root);
    Worked { value, steps: MOST_STEPS - run.machine.steps }
}

impl<'v, F: Facts> Run<'v, F> {
    fn node(&mut self, node: &'v Node) -> Result<Value<'v>> {
        self.machine.step()?;
        Ok(match node {
            Node::Null => Value::Null,
            Node::Bool(is) => Value::Bool(*is),
            Node::Int(number) => Value::Int(*number),
            Node::Double(number) => Value::Double(*number),
            Node::Text(text) => Value::text(text),
            Node::Fact(name) => self.facts.value(name).ok_or_else(|| Stopped::Absent((*name).into()))?,
            Node::Table(name) => Value::Table(name),
            Node::Slot(at) => {
                let held = self.slots[*at].clone()?;
                self.copied(&held)?;
                held
            }
            Node::Field(table, name) => self.field(table, name)?,
            Node::HasField(table, name) => Value::Bool(self.facts.field(table, name)?.is_some()),
            Node::Select(of, name) => {
                let of = self.node(of)?;
                self.member(&of, name)?.ok_or_else(|| Stopped::Absent(name.clone()))?
            }
            Node::Has(of, name) => {
                let of = self.node(of)?;
                Value::Bool(self.member(&of, name)?.is_some())
            }
            Node::Index(both) => self.index(both)?,
            Node::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    self.machine.make(size_of::<Value<'_>>())?;
                    list.push(self.node(item)?);
                }
                Value::List(list)
            }
            Node::Map(members) => self.map(members)?,
            Node::And(both) => self.joined(both, false)?,
            Node::Or(both) => self.joined(both, true)?,
            Node::Not(of) => Value::Bool(!self.yes(of, "!")?),
            Node::If(parts) => {
                let [asked, then, otherwise] = &**parts;
                self.chosen(asked, then, otherwise)?
            }
            Node::NotFalse(of) => match self.node(of) {
                Err(stopped) if stopped.is_final() => return Err(stopped),
                Ok(Value::Bool(is)) => Value::Bool(is),
                _ => Value::Bool(true),
            },
            Node::Equal(both) => Value::Bool(self.same(both)?),
            Node::Differ(both) => Value::Bool(!self.same(both)?),
            Node::Order(order, both) => self.order(*order, both)?,
            Node::In(both) => self.is_in(both)?,
            Node::Reckon(sum, both) => self.reckon(*sum, both)?,
            Node::Negate(of) => match self.node(of)? {
                Value::Int(number) => Value::Int(number.checked_neg().ok_or(Stopped::Number)?),
                Value::Double(number) => Value::Double(-number),
                _ => return Err(Stopped::Kind("-")),
            },
            Node::Push(slot, item) => {
                let item = self.node(item)?;
                self.machine.make(size_of::<Value<'_>>())?;
                let Value::List(mut list) = std::mem::replace(&mut self.slots[*slot], Ok(Value::Null))?
                else {
                    return Err(Stopped::Kind("+"));
                };
                self.machine.room(list.len())?;
                list.push(item);
                Value::List(list)
            }
            Node::Loop(around) => self.around(around)?,
            Node::Matches(of, pattern) => {
                let text = self.node(of)?;
                let text = text.as_text().ok_or(Stopped::Kind("matches"))?;
                // A pattern looks at every byte, and at each for longer than a search does.
                self.machine.look(text.len().saturating_mul(8))?;
                Value::Bool(pattern.is_match(text.as_bytes()))
            }
            Node::Call(call, arguments) => {
                let mut values = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    values.push(self.node(argument)?);
                }
                call.of(&values, &mut self.machine)?
            }
        })
    }

    /// What a copy costs: what lives elsewhere is not copied.
    fn copied(&mut self, value: &Value<'_>) -> Result<()> {
        match value {
            Value::Text(Cow::Owned(text)) => self.machine.make(text.len()),
            Value::List(items) => {
                self.machine.make(items.len() * size_of::<Value<'_>>())?;
                items.iter().try_for_each(|item| self.copied(item))
            }
            Value::Map(members) => {
                self.machine.make(members.len() * size_of::<Value<'_>>())?;
                members.iter().try_for_each(|(_, value)| self.copied(value))
            }
            _ => Ok(()),
        }
    }

    fn field(&self, table: &str, name: &str) -> Result<Value<'v>> {
        self.facts.field(table, name)?.ok_or_else(|| Stopped::Absent(format!("{table}.{name}").into()))
    }

    /// What stands under this name, if nobody reads another spelling of it there.
    fn member(&mut self, of: &Value<'v>, name: &str) -> Result<Option<Value<'v>>> {
        let found = of.member(name);
        if found.is_none() && matches!(of, Value::Json(_, Names::Unsure)) {
            self.machine.look(of.size().unwrap_or(0) * size_of::<Value<'_>>())?;
            if of.has_one_like(name) {
                return Err(Stopped::Unclear(name.into()));
            }
        }
        Ok(found)
    }

    fn yes(&mut self, of: &'v Node, what: &'static str) -> Result<bool> {
        match self.node(of)? {
            Value::Bool(is) => Ok(is),
            _ => Err(Stopped::Kind(what)),
        }
    }

    fn index(&mut self, [of, at]: &'v [Node; 2]) -> Result<Value<'v>> {
        let (of, at) = (self.node(of)?, self.node(at)?);
        match (&of, &at) {
            (Value::Table(table), Value::Text(name)) => self.field(table, name),
            (_, Value::Text(name)) => {
                self.member(&of, name)?.ok_or_else(|| Stopped::Absent(name.as_ref().into()))
            }
            (_, Value::Int(at)) => {
                let at = usize::try_from(*at).map_err(|_| Stopped::Range)?;
                let items = of.into_items().ok_or(Stopped::Kind("[]"))?;
                self.machine.look(items.len() * size_of::<Value<'_>>())?;
                items.into_iter().nth(at).ok_or(Stopped::Range)
            }
            _ => Err(Stopped::Kind("[]")),
        }
    }

    fn map(&mut self, members: &'v [[Node; 2]]) -> Result<Value<'v>> {
        let mut map: Vec<(Cow<'v, str>, Value<'v>)> = Vec::with_capacity(members.len());
        for [name, value] in members {
            let Value::Text(name) = self.node(name)? else { return Err(Stopped::Kind("{}")) };
            self.machine.make(2 * size_of::<Value<'_>>())?;
            if map.iter().any(|(known, _)| *known == name) {
                return Err(Stopped::Kind("{}"));
            }
            let value = self.node(value)?;
            map.push((name, value));
        }
        Ok(Value::Map(map))
    }

    /// `&&` and `||`: one side that settles it makes up for the other.
    fn joined(&mut self, [one, two]: &'v [Node; 2], settles: bool) -> Result<Value<'v>> {
        let what = if settles { "||" } else { "&&" };
        let one = self.yes(one, what);
        match &one {
            Ok(is) if *is == settles => return Ok(Value::Bool(settles)),
            Err(stopped) if stopped.is_final() => return Err(stopped.clone()),
            _ => {}
        }
        match (one, self.yes(two, what)) {
            (_, Ok(is)) if is == settles => Ok(Value::Bool(settles)),
            (_, Err(stopped)) if stopped.is_final() => Err(stopped),
            (Err(stopped), _) | (_, Err(stopped)) => Err(stopped),
            _ => Ok(Value::Bool(!settles)),
        }
    }

    fn chosen(&mut self, asked: &'v Node, then: &'v Node, otherwise: &'v Node) -> Result<Value<'v>> {
        if self.yes(asked, "?")? { self.node(then) } else { self.node(otherwise) }
    }

    fn same(&mut self, [one, two]: &'v [Node; 2]) -> Result<bool> {
        let (one, two) = (self.node(one)?, self.node(two)?);
        self.compared(&one)?;
        self.compared(&two)?;
        Ok(one.is(&two))
    }

    /// What comparing costs.
    fn compared(&mut self, value: &Value<'_>) -> Result<()> {
        match value {
            Value::Text(text) => self.machine.look(text.len()),
            Value::List(items) => {
                self.machine.look(items.len() * size_of::<Value<'_>>())?;
                items.iter().try_for_each(|item| self.compared(item))
            }
            Value::Map(members) => {
                self.machine.look(members.len() * members.len() * size_of::<Value<'_>>())?;
                members.iter().try_for_each(|(_, value)| self.compared(value))
            }
            Value::Json(json, _) => self.machine.look(weight(json)),
            _ => Ok(()),
        }
    }

    fn order(&mut self, order: Order, [one, two]: &'v [Node; 2]) -> Result<Value<'v>> {
        let (one, two) = (self.node(one)?, self.node(two)?);
        self.compared(&one)?;
        let is = match one.order(&two) {
            Some(is) => is,
            // Not a number is neither before nor after anything.
            None if matches!((&one, &two), (Value::Double(_), Value::Double(_))) => {
                return Ok(Value::Bool(false));
            }
            None => return Err(Stopped::Kind("<")),
        };
        Ok(Value::Bool(match order {
            Order::Less => is == Ordering::Less,
            Order::LessOrEqual => is != Ordering::Greater,
            Order::Greater => is == Ordering::Greater,
            Order::GreaterOrEqual => is != Ordering::Less,
        }))
    }

    fn is_in(&mut self, [item, of]: &'v [Node; 2]) -> Result<Value<'v>> {
        let (item, of) = (self.node(item)?, self.node(of)?);
        if let (Value::Table(table), Value::Text(name)) = (&of, &item) {
            return Ok(Value::Bool(self.facts.field(table, name)?.is_some()));
        }
        if matches!(of, Value::Map(_) | Value::Json(serde_json::Value::Object(_), _)) {
            let name = item.as_text().ok_or(Stopped::Kind("in"))?;
            return Ok(Value::Bool(self.member(&of, name)?.is_some()));
        }
        for one in of.into_items().ok_or(Stopped::Kind("in"))? {
            self.machine.step()?;
            self.compared(&one)?;
            if one.is(&item) {
                return Ok(Value::Bool(true));
            }
        }
        Ok(Value::Bool(false))
    }

    fn reckon(&mut self, sum: Sum, [one, two]: &'v [Node; 2]) -> Result<Value<'v>> {
        let (one, two) = (self.node(one)?, self.node(two)?);
        match (sum, one, two) {
            (Sum::Add, Value::Text(one), Value::Text(two)) => {
                self.machine.make(one.len() + two.len())?;
                Ok(Value::Text(Cow::Owned(one.into_owned() + &two)))
            }
            (_, Value::Int(one), Value::Int(two)) => whole(sum, one, two).map(Value::Int),
            (_, Value::Double(one), Value::Double(two)) => broken(sum, one, two).map(Value::Double),
            (Sum::Add, one, two) => {
                let (Some(mut list), Some(more)) = (one.into_items(), two.into_items()) else {
                    return Err(Stopped::Kind("+"));
                };
                self.machine.make((list.len() + more.len()) * size_of::<Value<'_>>())?;
                list.extend(more);
                self.machine.room(list.len().saturating_sub(1))?;
                Ok(Value::List(list))
            }
            _ => Err(Stopped::Kind(sign(sum))),
        }
    }

    fn around(&mut self, around: &'v Loop) -> Result<Value<'v>> {
        let over = self.node(&around.over)?;
        let items = match over {
            Value::Map(members) => members.into_iter().map(|(name, _)| Value::Text(name)).collect(),
            _ => over.into_items().ok_or(Stopped::Kind("a loop"))?,
        };
        if items.len() > MOST_ITEMS {
            return Err(Stopped::Bytes);
        }
        let gathered = around.slot + 1;
        self.slots[gathered] = self.node(&around.begin);
        for item in items {
            self.machine.step()?;
            if matches!(self.node(&around.goes_on)?, Value::Bool(false)) {
                break;
            }
            self.copied(&item)?;
            self.slots[around.slot] = Ok(item);
            self.slots[gathered] = match self.node(&around.step) {
                Err(stopped) if stopped.is_final() => return Err(stopped),
                next => next,
            };
        }
        self.node(&around.result)
    }
}

/// How many bytes comparing with a document looks at, at least.
fn weight(json: &serde_json::Value) -> usize {
    match json {
        serde_json::Value::String(text) => text.len(),
        serde_json::Value::Array(items) => items.iter().map(weight).sum::<usize>() + items.len() * 8,
        serde_json::Value::Object(members) => {
            members.iter().map(|(name, value)| name.len() + weight(value)).sum::<usize>() + members.len() * 8
        }
        _ => 8,
    }
}

fn whole(sum: Sum, one: i64, two: i64) -> Result<i64> {
    let is = match sum {
        Sum::Add => one.checked_add(two),
        Sum::Subtract => one.checked_sub(two),
        Sum::Multiply => one.checked_mul(two),
        Sum::Divide => one.checked_div(two),
        Sum::Remainder => one.checked_rem(two),
    };
    is.ok_or(Stopped::Number)
}

fn broken(sum: Sum, one: f64, two: f64) -> Result<f64> {
    Ok(match sum {
        Sum::Add => one + two,
        Sum::Subtract => one - two,
        Sum::Multiply => one * two,
        Sum::Divide => one / two,
        Sum::Remainder => return Err(Stopped::Kind("%")),
    })
}

fn sign(sum: Sum) -> &'static str {
    match sum {
        Sum::Add => "+",
        Sum::Subtract => "-",
        Sum::Multiply => "*",
        Sum::Divide => "/",
        Sum::Remainder => "%",
    }
}
