//! A line of a trail in the words of a page.

use crate::{form::address, words::abbreviated};
use serde_json::Value;
use std::collections::BTreeSet;
use store::audit::AuditLine;
use web::parts::At;

/// One line in a table.
pub(super) struct Line {
    pub(super) id: String,
    pub(super) at: At,
    pub(super) actor: Named,
    pub(super) action: String,
    pub(super) target: Named,
    pub(super) tone: &'static str,
    pub(super) outcome: String,
    pub(super) reason: String,
    pub(super) request: String,
    pub(super) request_short: String,
    pub(super) changes: Vec<Change>,
}

/// An id in a table: abbreviated, whole beside it, and where the lines are that name it.
pub(super) struct Named {
    pub(super) short: String,
    pub(super) whole: String,
    pub(super) path: String,
}

impl Named {
    fn of(whole: String, trail: &str, filter: &str) -> Self {
        let path = address(trail, &[(filter, &whole)]);
        Named { short: abbreviated(&whole), whole, path }
    }
}

/// One value that a write changed.
#[derive(Debug, PartialEq)]
pub(super) struct Change {
    pub(super) field: String,
    pub(super) before: String,
    pub(super) after: String,
}

impl Line {
    /// A line of the trail that is shown at this path.
    pub(super) fn of(line: AuditLine, trail: &str) -> Self {
        let done = line.outcome == "done";
        let mut changes = changes(&line.before, &line.after);
        changes.extend(line.personal.into_iter().map(|value| Change {
            field: value.name,
            before: String::new(),
            after: value.value.unwrap_or_else(|| "erased".to_owned()),
        }));
        Line {
            id: line.id.to_string(),
            at: line.at.into(),
            actor: Named::of(line.actor, trail, "actor"),
            action: line.action,
            target: Named::of(line.target, trail, "target"),
            tone: if done { "mute" } else { "bad" },
            outcome: if done { "Done".to_owned() } else { line.outcome },
            reason: line.reason,
            request_short: abbreviated(&line.request),
            request: line.request,
            changes,
        }
    }
}

/// What is different between two sets of values; of values that are no sets, the whole.
fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let nothing = serde_json::Map::new();
    let (was, is) = (before.as_object().unwrap_or(&nothing), after.as_object().unwrap_or(&nothing));
    let whole = [before, after].iter().any(|value| !value.is_null() && !value.is_object());
    if whole {
        return vec![Change { field: "value".into(), before: words(before), after: words(after) }];
    }
    let fields: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let all = fields.into_iter().map(|field| Change {
        field: field.replace('_', " "),
        before: was.get(field).map(words).unwrap_or_default(),
        after: is.get(field).map(words).unwrap_or_default(),
    });
    all.filter(|change| change.before != change.after).collect()
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(words).collect::<Vec<_>>().join(", "),
        other => {
            // A whole document of routes would bury every other line.
            let text = other.to_string();
            let short: String = text.chars().take(400).collect();
            if short.len() < text.len() { format!("{short}…") } else { short }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_is_different_is_shown() {
        let before = json!({ "name": "Acme", "published": true, "upstreams": ["a", "b"] });
        let after = json!({ "name": "Acme", "published": false, "upstreams": ["a"], "plan_name": "Silver" });
        let change = |field: &str, before: &str, after: &str| Change {
            field: field.into(),
            before: before.into(),
            after: after.into(),
        };
        let expected = [
            change("plan name", "", "Silver"),
            change("published", "yes", "no"),
            change("upstreams", "a, b", "a"),
        ];
        assert_eq!(changes(&before, &after), expected);
        assert!(changes(&Value::Null, &Value::Null).is_empty());
        assert_eq!(changes(&json!("{torn"), &Value::Null), [change("value", "{torn", "")]);
    }
}
