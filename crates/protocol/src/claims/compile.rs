//! One rule is checked.

use super::{MOST_NAME, MOST_NAMES, MOST_VALUES, Rule, evidence::tells_apart, is_evidence};
use crate::expression::{Expression, Kind, Word};
use domain::RoleName;
use serde_json::Value;

/// What a rule's expression may speak of.
const CLAIMS: Word = Word { name: "claims", kind: Kind::Value };
const OWN: Word = Word { name: "value", kind: Kind::Value };

/// The most bytes of a value that stands in a rule.
const MOST_VALUE: usize = 1024;

/// A rule with its expression, ready to be worked out.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) rule: Rule,
    pub(super) expression: Option<Expression>,
}

/// Checks a rule at this place of its list, counted from 0.
pub(super) fn check(rule: &Rule, at: usize) -> Result<Compiled, String> {
    let expression = match rule {
        Rule::Subject { claim } => {
            named(claim)?;
            if at > 0 {
                return Err("The rule that says how people are told apart stands first.".into());
            }
            if !tells_apart(claim) {
                return Err(format!(
                    "Nobody is told apart by {claim}: it may change, and be somebody else's next."
                ));
            }
            None
        }
        Rule::Select { claims } | Rule::Remove { claims } => {
            if claims.is_empty() || claims.len() > MOST_NAMES {
                return Err(format!("Name 1 to {MOST_NAMES} claims."));
            }
            claims.iter().try_for_each(|claim| named(claim))?;
            None
        }
        Rule::Add { claim, value, expression } => {
            may_be_said(claim)?;
            match (value, expression) {
                (Some(value), None) => small(value).map(|()| None)?,
                (None, Some(expression)) => Some(read(expression, &[CLAIMS])?),
                _ => return Err("Give either a value or an expression.".into()),
            }
        }
        Rule::Rename { claim, to } => {
            named(claim)?;
            may_be_said(to)?;
            None
        }
        Rule::Rewrite { claim, expression } => {
            may_be_said(claim)?;
            Some(read(expression, &[CLAIMS, OWN])?)
        }
        Rule::Map { claim, values, otherwise, to } => {
            named(claim)?;
            may_be_said(to.as_ref().unwrap_or(claim))?;
            counted(values.len())?;
            values.values().chain(otherwise).try_for_each(small)?;
            None
        }
        Rule::Roles { claim, values, otherwise } => {
            named(claim)?;
            counted(values.len())?;
            values.values().flatten().chain(otherwise).try_for_each(of_the_application)?;
            None
        }
    };
    Ok(Compiled { rule: rule.clone(), expression })
}

fn named(claim: &str) -> Result<(), String> {
    let fit =
        (1..=MOST_NAME).contains(&claim.len()) && !claim.contains(char::is_control) && claim.trim() == claim;
    if fit {
        Ok(())
    } else {
        Err(format!("A claim's name has 1 to {MOST_NAME} letters, and no blanks around it."))
    }
}

/// Rules have no say in who vouches, for which tenant and how.
fn may_be_said(claim: &str) -> Result<(), String> {
    named(claim)?;
    match is_evidence(claim) {
        true => Err(format!("No rule may set {claim}: only the provider's own proof says it.")),
        false => Ok(()),
    }
}

fn counted(values: usize) -> Result<(), String> {
    match values {
        1..=MOST_VALUES => Ok(()),
        _ => Err(format!("Name 1 to {MOST_VALUES} values.")),
    }
}

fn small(value: &Value) -> Result<(), String> {
    match value.to_string().len() {
        0..=MOST_VALUE => Ok(()),
        _ => Err(format!("A value has at most {MOST_VALUE} bytes.")),
    }
}

fn of_the_application(role: &RoleName) -> Result<(), String> {
    match role.is_platform() {
        true => Err(format!("No rule gives {role}: nobody becomes an admin by signing in.")),
        false => Ok(()),
    }
}

fn read(expression: &str, words: &[Word]) -> Result<Expression, String> {
    Expression::read(expression, words).map_err(|bad| format!("In the expression, {bad}."))
}
