//! Claim rules: how what a provider says of a person becomes what one tenant keeps of them.
//!
//! A list of rules is worked through in its order, over a copy of the claims. It always ends: there are at most
//! [`MOST_RULES`] of them, every expression counts its steps, and all together may take [`MOST_STEPS`]. A rule that
//! cannot do its work leaves nothing behind rather than what stood there before, and says why.
//!
//! Rules decide over what is kept and which of the application's roles are given. They cannot say who vouches, for
//! which tenant, how strongly somebody signed in, or that an address was checked ([`is_evidence`]): such a list is
//! refused whole, with the number of the rule. Which claim tells people apart is said by a rule of its own, which
//! stands first and reads what the provider said, never what another rule made of it.

mod apply;
mod compile;
mod evidence;
mod sample;
mod scopes;
#[cfg(test)]
mod tests;

pub use apply::{Difference, Outcome, Step};
pub use evidence::is_evidence;
pub use sample::sample;
pub use scopes::asked;

use compile::Compiled;
use domain::RoleName;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The most rules of a list.
pub const MOST_RULES: usize = 50;
/// The most bytes of a list as JSON.
pub const MOST_TEXT: usize = 32 * 1024;
/// The most claims that one rule may name.
pub const MOST_NAMES: usize = 50;
/// The most values that one rule may map.
pub const MOST_VALUES: usize = 500;
/// The most bytes of a claim's name.
pub const MOST_NAME: usize = 128;
/// The most steps that all expressions of a list may take together.
pub const MOST_STEPS: u32 = 20_000;
/// The most attributes that are kept of a person.
pub const MOST_ATTRIBUTES: usize = 32;
/// The most bytes that they may have together, as JSON: they travel in a header.
pub const MOST_BYTES: usize = 2 * 1024;

/// One rule, as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "lowercase", deny_unknown_fields)]
pub enum Rule {
    /// People are told apart by this claim, in place of the protocol's own subject. Stands first.
    Subject {
        /// Which.
        claim: String,
    },
    /// Only these go on.
    Select {
        /// Which.
        claims: Vec<String>,
    },
    /// A claim is said, whatever stood there: a value, or what an expression is worked out to.
    Add {
        /// Which.
        claim: String,
        /// The value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Value>,
        /// The expression, over `claims`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expression: Option<String>,
    },
    /// These go no further.
    Remove {
        /// Which.
        claims: Vec<String>,
    },
    /// A claim goes on under another name.
    Rename {
        /// Which.
        claim: String,
        /// Its new name.
        to: String,
    },
    /// A claim that is there is worked out anew.
    Rewrite {
        /// Which.
        claim: String,
        /// The expression, over `claims` and `value`, which is the claim's own.
        expression: String,
    },
    /// The values of a claim become others, each by itself; one that is not named is left out.
    Map {
        /// Which.
        claim: String,
        /// What becomes what.
        values: BTreeMap<String, Value>,
        /// What there is where none was named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        otherwise: Option<Value>,
        /// Under which name; none for the same.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
    },
    /// The values of a claim give roles of the application, which go again when they are not said any more.
    Roles {
        /// Which.
        claim: String,
        /// Which value gives which roles.
        values: BTreeMap<String, Vec<RoleName>>,
        /// The roles where none was named.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        otherwise: Vec<RoleName>,
    },
}

/// What is wrong with a list of rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct BadRule {
    /// Which rule, counted from 1; none for the list as such.
    pub rule: Option<usize>,
    /// What is wrong, in words.
    pub what: String,
}

impl BadRule {
    fn list(what: impl Into<String>) -> Self {
        BadRule { rule: None, what: what.into() }
    }
}

/// A list of rules that was checked.
#[derive(Debug, Default)]
pub struct Rules(Vec<Compiled>);

/// Reads a list from JSON: an array with an object for each rule.
///
/// # Errors
/// What is wrong, and with which rule.
pub fn parse(text: &str) -> Result<Vec<Rule>, BadRule> {
    if text.len() > MOST_TEXT {
        return Err(BadRule::list(format!("The list may have {MOST_TEXT} bytes.")));
    }
    let list: Vec<Value> = match text.trim() {
        "" => return Ok(Vec::new()),
        text => serde_json::from_str(text)
            .map_err(|why| BadRule::list(format!("This is no list of rules in JSON: {why}.")))?,
    };
    from_values(list)
}

/// The same from a document that was read.
///
/// # Errors
/// What is wrong, and with which rule.
pub fn from_values(list: Vec<Value>) -> Result<Vec<Rule>, BadRule> {
    let read = |(at, value): (usize, Value)| {
        serde_json::from_value(value).map_err(|why| BadRule { rule: Some(at + 1), what: format!("{why}.") })
    };
    list.into_iter().enumerate().map(read).collect()
}

/// Whether this claim, as the provider says it, is of any use: not if a rule drops it before any reads it.
pub fn uses(rules: &[Rule], claim: &str) -> bool {
    let telling = rules.iter().find(|rule| rule.reads(claim) || rule.drops(claim));
    telling.is_none_or(|rule| rule.reads(claim))
}

impl Rules {
    /// Checks a list whole.
    ///
    /// # Errors
    /// What is wrong with the first rule that is, and which it is.
    pub fn read(rules: &[Rule]) -> Result<Self, BadRule> {
        if rules.len() > MOST_RULES {
            return Err(BadRule::list(format!("There may be {MOST_RULES} rules.")));
        }
        if serde_json::to_string(rules).map_or(usize::MAX, |text| text.len()) > MOST_TEXT {
            return Err(BadRule::list(format!("The list may have {MOST_TEXT} bytes.")));
        }
        let compile = |(at, rule): (usize, &Rule)| {
            compile::check(rule, at).map_err(|what| BadRule { rule: Some(at + 1), what })
        };
        rules.iter().enumerate().map(compile).collect::<Result<_, _>>().map(Rules)
    }

    /// What becomes of these claims.
    pub fn apply(&self, said: &Map<String, Value>) -> Outcome {
        apply::apply(&self.0, said, None)
    }

    /// The same, with what each rule did.
    pub fn explain(&self, said: &Map<String, Value>) -> (Outcome, Vec<Step>) {
        let mut steps = Vec::new();
        let outcome = apply::apply(&self.0, said, Some(&mut steps));
        (outcome, steps)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The claim by which people are told apart, where a rule says so.
    pub fn subject(&self) -> Option<&str> {
        self.0.first().and_then(|first| match &first.rule {
            Rule::Subject { claim } => Some(claim.as_str()),
            _ => None,
        })
    }

    /// The roles that rules may give.
    pub fn roles(&self) -> impl Iterator<Item = (usize, &RoleName)> {
        self.0.iter().enumerate().flat_map(|(at, compiled)| {
            let (values, otherwise) = match &compiled.rule {
                Rule::Roles { values, otherwise, .. } => (Some(values), otherwise.as_slice()),
                _ => (None, &[][..]),
            };
            let named = values.into_iter().flatten().flat_map(|(_, roles)| roles);
            named.chain(otherwise).map(move |role| (at + 1, role))
        })
    }

    /// Whether a rule that reads a claim by its name finds it missing here.
    pub fn lacks(&self, said: &Map<String, Value>) -> bool {
        self.0.iter().any(|compiled| match &compiled.rule {
            Rule::Subject { claim }
            | Rule::Rename { claim, .. }
            | Rule::Rewrite { claim, .. }
            | Rule::Map { claim, .. }
            | Rule::Roles { claim, .. } => !said.contains_key(claim),
            Rule::Select { claims } => claims.iter().any(|claim| !said.contains_key(claim)),
            Rule::Add { expression, .. } => expression.is_some(),
            Rule::Remove { .. } => false,
        })
    }
}

impl Rule {
    /// What it is called.
    pub const fn name(&self) -> &'static str {
        match self {
            Rule::Subject { .. } => "subject",
            Rule::Select { .. } => "select",
            Rule::Add { .. } => "add",
            Rule::Remove { .. } => "remove",
            Rule::Rename { .. } => "rename",
            Rule::Rewrite { .. } => "rewrite",
            Rule::Map { .. } => "map",
            Rule::Roles { .. } => "roles",
        }
    }

    /// Whether it may read this claim; of expressions, whether the name stands anywhere in them.
    fn reads(&self, name: &str) -> bool {
        let names = |text: &String| text.contains(name);
        match self {
            Rule::Subject { claim }
            | Rule::Rename { claim, .. }
            | Rule::Map { claim, .. }
            | Rule::Roles { claim, .. } => claim == name,
            Rule::Rewrite { claim, expression } => {
                claim == name || speaks_of_all(expression) || names(expression)
            }
            Rule::Add { expression: Some(expression), .. } => speaks_of_all(expression) || names(expression),
            Rule::Add { .. } | Rule::Select { .. } | Rule::Remove { .. } => false,
        }
    }

    fn drops(&self, name: &str) -> bool {
        match self {
            Rule::Select { claims } => !claims.iter().any(|claim| claim == name),
            Rule::Remove { claims } => claims.iter().any(|claim| claim == name),
            Rule::Add { claim, .. } => claim == name,
            _ => false,
        }
    }

    /// The claims that it speaks for: whoever writes them down means to keep them.
    fn keeps(&self) -> &[String] {
        match self {
            Rule::Select { claims } => claims,
            Rule::Add { claim, .. } | Rule::Rewrite { claim, .. } => std::slice::from_ref(claim),
            Rule::Rename { to, .. } => std::slice::from_ref(to),
            Rule::Map { claim, to, .. } => std::slice::from_ref(to.as_ref().unwrap_or(claim)),
            Rule::Subject { .. } | Rule::Remove { .. } | Rule::Roles { .. } => &[],
        }
    }
}

/// Whether an expression may reach claims without writing their names: by an index that is worked out, or a loop.
fn speaks_of_all(expression: &str) -> bool {
    expression
        .match_indices("claims")
        .any(|(at, word)| !names_one(expression[at + word.len()..].trim_start()))
}

/// Whether what follows the word `claims` names one of them as it is.
fn names_one(rest: &str) -> bool {
    let mut letters = rest.chars();
    match letters.next() {
        Some('.') => {
            let end = rest[1..].find(|letter: char| !letter.is_alphanumeric() && letter != '_');
            end.is_none_or(|end| !rest[1 + end..].trim_start().starts_with('('))
        }
        Some('[') => {
            let Some(quote @ ('"' | '\'')) = letters.next() else { return false };
            letters.as_str().split_once(quote).is_some_and(|(_, after)| after.starts_with(']'))
        }
        _ => false,
    }
}
