//! Rules are worked through.

use super::{Compiled, MOST_ATTRIBUTES, MOST_BYTES, MOST_STEPS, Rule, is_evidence};
use crate::expression::{Expression, Facts, Names, Stopped, Value as Worked};
use domain::RoleName;
use serde_json::{Map, Number, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What becomes of somebody's claims. Does not say who they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The value of the claim by which people are told apart, where a rule names one and it was said.
    pub subject: Option<String>,
    /// The claims as they are after the last rule.
    pub claims: Map<String, Value>,
    /// Those that are kept beside name and address.
    pub attributes: Map<String, Value>,
    /// Those that would be, and are too long.
    pub left_out: Vec<String>,
    /// The roles that the rules give.
    pub roles: BTreeSet<RoleName>,
}

/// What one rule did.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Which rule, counted from 1.
    pub rule: usize,
    /// What it is called.
    pub name: &'static str,
    /// What came of it, in words.
    pub said: String,
    /// Whether it could do its work.
    pub worked: bool,
    /// What is different since.
    pub changed: Vec<Difference>,
    /// The roles that it gives.
    pub roles: Vec<RoleName>,
}

/// One claim, before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Which.
    pub claim: String,
    /// What stood there.
    pub before: Option<Value>,
    /// What stands there now.
    pub after: Option<Value>,
}

/// What a rule says of its work.
enum Did {
    Well(String),
    InVain(String),
}

struct Work<'r> {
    said: &'r Map<String, Value>,
    /// An object, so that expressions can speak of it.
    claims: Value,
    subject: Option<String>,
    roles: BTreeSet<RoleName>,
    spent: u32,
}

pub(super) fn apply(
    rules: &[Compiled],
    said: &Map<String, Value>,
    mut steps: Option<&mut Vec<Step>>,
) -> Outcome {
    let claims = Value::Object(said.clone());
    let mut work = Work { said, claims, subject: None, roles: BTreeSet::new(), spent: 0 };
    for (at, compiled) in rules.iter().enumerate() {
        let before = steps.as_ref().map(|_| (work.claims.clone(), work.roles.clone()));
        let did = work.rule(compiled);
        if let (Some(steps), Some((claims, roles))) = (steps.as_deref_mut(), before) {
            let (worked, said) = match did {
                Did::Well(said) => (true, said),
                Did::InVain(said) => (false, said),
            };
            let changed = Difference::between(object(&claims), object(&work.claims));
            let roles = work.roles.difference(&roles).cloned().collect();
            steps.push(Step { rule: at + 1, name: compiled.rule.name(), said, worked, changed, roles });
        }
    }
    work.end(rules)
}

impl Work<'_> {
    fn claims(&mut self) -> &mut Map<String, Value> {
        match &mut self.claims {
            Value::Object(claims) => claims,
            _ => unreachable!("the claims are made as an object and stay one"),
        }
    }

    fn rule(&mut self, compiled: &Compiled) -> Did {
        match &compiled.rule {
            Rule::Subject { claim } => self.take_subject(claim),
            Rule::Select { claims } => {
                self.claims().retain(|name, _| claims.contains(name));
                Did::Well(format!("Only {} go on.", listed(claims)))
            }
            Rule::Remove { claims } => {
                let gone = claims.iter().filter(|claim| self.claims().remove(*claim).is_some()).count();
                Did::Well(match gone {
                    0 => "None of them was said.".into(),
                    _ => format!("{} go no further.", listed(claims)),
                })
            }
            Rule::Add { claim, value: Some(value), .. } => {
                self.claims().insert(claim.clone(), value.clone());
                Did::Well(format!("{claim} is said."))
            }
            Rule::Add { claim, .. } => self.work_out(claim, compiled.expression.as_ref(), Worked::Null),
            Rule::Rename { claim, to } => match self.claims().remove(claim) {
                Some(value) => {
                    self.claims().insert(to.clone(), value);
                    Did::Well(format!("{claim} goes on as {to}."))
                }
                None => Did::InVain(format!("{claim} was not said.")),
            },
            Rule::Rewrite { claim, .. } => match self.claims().get(claim).cloned() {
                Some(own) => {
                    self.work_out(claim, compiled.expression.as_ref(), Worked::json(&own, Names::Exact))
                }
                None => Did::InVain(format!("{claim} was not said.")),
            },
            Rule::Map { claim, values, otherwise, to } => {
                self.map(claim, values, otherwise.as_ref(), to.as_ref().unwrap_or(claim))
            }
            Rule::Roles { claim, values, otherwise } => self.give(claim, values, otherwise),
        }
    }

    /// Read from what the provider said, so that no rule makes up who somebody is.
    fn take_subject(&mut self, claim: &str) -> Did {
        let value = match self.said.get(claim) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => return Did::InVain(format!("{claim} was not said, so that nobody is signed in.")),
        };
        if !(1..=255).contains(&value.len()) || value.contains(char::is_control) {
            return Did::InVain(format!(
                "{claim} is no name to tell people apart by, so that nobody is signed in."
            ));
        }
        self.subject = Some(value);
        Did::Well(format!("People are told apart by {claim}."))
    }

    fn work_out(&mut self, claim: &str, expression: Option<&Expression>, own: Worked<'_>) -> Did {
        let expression = expression.expect("a rule with an expression is compiled with it");
        let made = match self.spent < MOST_STEPS {
            true => {
                let facts = Said { claims: &self.claims, own };
                let worked = expression.work_out(&facts);
                self.spent = self.spent.saturating_add(worked.steps);
                worked.value.map_err(|stopped| stopped.to_string()).and_then(|value| {
                    let mut room = MOST_BYTES;
                    plain(value, &mut room)
                })
            }
            false => Err(format!("the rules have taken {MOST_STEPS} steps, and may take no more")),
        };
        match made {
            Ok(Some(value)) => {
                self.claims().insert(claim.to_owned(), value);
                Did::Well(format!("{claim} is worked out."))
            }
            Ok(None) => {
                self.claims().remove(claim);
                Did::Well(format!("{claim} is worked out to nothing."))
            }
            Err(why) => {
                self.claims().remove(claim);
                Did::InVain(format!("{claim} is left out: {why}."))
            }
        }
    }

    fn map(
        &mut self,
        claim: &str,
        values: &BTreeMap<String, Value>,
        otherwise: Option<&Value>,
        to: &str,
    ) -> Did {
        let source = self.claims().get(claim).cloned();
        let is_list = matches!(source, Some(Value::Array(_)));
        let mut made: Vec<Value> = Vec::new();
        for value in texts(source.as_ref()).iter().filter_map(|text| values.get(text)) {
            if !made.contains(value) {
                made.push(value.clone());
            }
        }
        let value = match (made.is_empty(), is_list) {
            (true, _) => otherwise.cloned(),
            (false, true) => Some(Value::Array(made)),
            (false, false) => made.pop(),
        };
        match value {
            Some(value) => {
                self.claims().insert(to.to_owned(), value);
                Did::Well(format!("{to} is what {claim} means."))
            }
            None => {
                self.claims().remove(to);
                Did::InVain(format!("{claim} has no value that is named, so that there is no {to}."))
            }
        }
    }

    fn give(&mut self, claim: &str, values: &BTreeMap<String, Vec<RoleName>>, otherwise: &[RoleName]) -> Did {
        let source = self.claims().get(claim).cloned();
        let named: Vec<&Vec<RoleName>> =
            texts(source.as_ref()).iter().filter_map(|text| values.get(text)).collect();
        let none = named.is_empty();
        let given: BTreeSet<RoleName> = match none {
            true => otherwise.iter().cloned().collect(),
            false => named.into_iter().flatten().cloned().collect(),
        };
        let said = match (none, given.is_empty()) {
            (true, true) => {
                return Did::InVain(format!("{claim} has no value that is named: it gives no role."));
            }
            (true, false) => format!("{claim} has no value that is named: the others' roles are given."),
            (false, _) => format!("{claim} gives roles."),
        };
        self.roles.extend(given.into_iter().filter(|role| !role.is_platform()));
        Did::Well(said)
    }

    fn end(mut self, rules: &[Compiled]) -> Outcome {
        let kept: BTreeSet<&String> = rules.iter().flat_map(|compiled| compiled.rule.keeps()).collect();
        let (mut attributes, mut left_out, mut room) = (Map::new(), Vec::new(), MOST_BYTES);
        let claims = std::mem::take(self.claims());
        for name in kept {
            if is_evidence(name) || name == "name" || name == "email" {
                continue;
            }
            let Some(value) = claims.get(name).filter(|value| !value.is_null()) else { continue };
            let bytes = name.len() + value.to_string().len() + 4;
            if bytes > room || attributes.len() == MOST_ATTRIBUTES {
                left_out.push(name.clone());
                continue;
            }
            room -= bytes;
            attributes.insert(name.clone(), value.clone());
        }
        Outcome { subject: self.subject, claims, attributes, left_out, roles: self.roles }
    }
}

struct Said<'c> {
    claims: &'c Value,
    own: Worked<'c>,
}

impl Facts for Said<'_> {
    fn value(&self, name: &str) -> Option<Worked<'_>> {
        match name {
            "claims" => Some(Worked::json(self.claims, Names::Exact)),
            "value" => Some(self.own.clone()),
            _ => None,
        }
    }

    fn field(&self, _: &str, _: &str) -> Result<Option<Worked<'_>>, Stopped> {
        Ok(None)
    }
}

/// What was worked out, as a document of at most so many bytes. Nothing is none.
fn plain(value: Worked<'_>, room: &mut usize) -> Result<Option<Value>, String> {
    Ok(Some(match value {
        Worked::Null | Worked::Table(_) => return Ok(None),
        Worked::Bool(is) => Value::Bool(is),
        Worked::Int(number) => Value::from(number),
        Worked::Double(number) => match Number::from_f64(number) {
            Some(number) => Value::Number(number),
            None => return Ok(None),
        },
        Worked::Text(text) => {
            take(room, text.len() + 2)?;
            Value::String(text.into_owned())
        }
        Worked::Json(json, _) => {
            take(room, json.to_string().len())?;
            json.clone()
        }
        Worked::List(items) => {
            take(room, items.len() + 2)?;
            let items = items.into_iter().map(|item| plain(item, room));
            Value::Array(items.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        }
        Worked::Map(members) => {
            take(room, 2)?;
            let mut made = Map::new();
            for (name, member) in members {
                take(room, name.len() + 4)?;
                if let Some(member) = plain(member, room)? {
                    made.insert(name.into_owned(), member);
                }
            }
            Value::Object(made)
        }
    }))
}

fn take(room: &mut usize, bytes: usize) -> Result<(), String> {
    *room = room
        .checked_sub(bytes)
        .ok_or_else(|| format!("what is worked out has more than {MOST_BYTES} bytes"))?;
    Ok(())
}

/// The values of a claim as texts, one or several.
fn texts(value: Option<&Value>) -> Vec<String> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        _ => None,
    };
    match value {
        Some(Value::Array(items)) => items.iter().filter_map(one).collect(),
        Some(value) => one(value).into_iter().collect(),
        None => Vec::new(),
    }
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().expect("the claims are an object")
}

impl Difference {
    /// The claims that are not the same before and after.
    pub fn between(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<Difference> {
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let different = |name: &&String| before.get(*name) != after.get(*name);
        let shown = |name: &String| Difference {
            claim: name.clone(),
            before: before.get(name).cloned(),
            after: after.get(name).cloned(),
        };
        names.into_iter().filter(different).map(shown).collect()
    }
}

fn listed(claims: &[String]) -> String {
    claims.join(", ")
}
