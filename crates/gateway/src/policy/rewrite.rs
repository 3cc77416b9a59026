//! Rules for header fields: of what is forwarded, with static values or with what was verified, and of what comes
//! back. What the gateway itself says, and what frames a message, is no rule's to change.

use super::Say;
use crate::headers::{is, is_withheld};
use access::{Caller, TenantRecord};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

/// A rule as an operator writes it: one of `set`, `append` and `remove` names the header.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderRuleSpec {
    /// The header that is put in place of all that were sent.
    #[serde(default)]
    pub set: Option<String>,
    /// The header that is added.
    #[serde(default)]
    pub append: Option<String>,
    /// The header that is taken away.
    #[serde(default)]
    pub remove: Option<String>,
    /// What it says.
    #[serde(default)]
    pub value: Option<String>,
    /// What was verified, which it says instead. Requests only; absent where nothing was.
    #[serde(default)]
    pub fact: Option<Fact>,
}

/// What was verified about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// The tenant's id.
    TenantId,
    /// The tenant's slug.
    TenantSlug,
    /// The person's id.
    UserId,
    /// The id of the subscriber whose API key was presented.
    SubscriberId,
    /// The roles of the person in this tenant, parted by commas.
    Roles,
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Request,
    Answer,
}

/// A rule that was checked.
#[derive(Debug)]
pub(crate) struct HeaderRule {
    name: HeaderName,
    does: Does,
}

impl HeaderRule {
    /// The header that it is about.
    pub(crate) fn name(&self) -> &HeaderName {
        &self.name
    }
}

#[derive(Debug)]
enum Does {
    Remove,
    Set(Says),
    Append(Says),
}

#[derive(Debug)]
enum Says {
    This(HeaderValue),
    Fact(Fact),
}

/// Fields that frame or address a message, or hold credentials.
const NOT_FOR_RULES: [&str; 14] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "upgrade",
    "te",
    "trailer",
    "expect",
    "via",
    "cookie",
    "set-cookie",
    "ratelimit",
    "ratelimit-policy",
];

pub(super) fn rules(specs: &[HeaderRuleSpec], side: Side, say: Say<'_>) -> Box<[HeaderRule]> {
    let key = match side {
        Side::Request => "policies.request_headers",
        Side::Answer => "policies.answer_headers",
    };
    let mut rules = Vec::new();
    for (at, spec) in specs.iter().enumerate() {
        match rule(spec, side) {
            Ok(rule) => rules.push(rule),
            Err(what) => say(key, format!("number {}: {what}", at + 1)),
        }
    }
    rules.into()
}

fn rule(spec: &HeaderRuleSpec, side: Side) -> Result<HeaderRule, String> {
    let (text, does): (_, fn(Says) -> Does) = match (&spec.set, &spec.append, &spec.remove) {
        (Some(name), None, None) => (name, Does::Set),
        (None, Some(name), None) => (name, Does::Append),
        (None, None, Some(name)) => (name, |_| Does::Remove),
        _ => return Err("exactly one of set, append and remove names the header".into()),
    };
    let name: HeaderName = text.parse().map_err(|_| format!("`{text}` is no header"))?;
    if is_withheld(name.as_str()) || NOT_FOR_RULES.iter().any(|own| is(name.as_str(), own)) {
        return Err(format!("`{text}` is not a rule's to change"));
    }
    let says = match (&spec.value, spec.fact) {
        (None, None) if spec.remove.is_some() => Says::This(HeaderValue::from_static("")),
        _ if spec.remove.is_some() => {
            return Err("what is taken away says nothing; leave value and fact out".into());
        }
        (Some(value), None) => Says::This(
            HeaderValue::from_str(value).map_err(|_| format!("`{value}` cannot be sent in a header"))?,
        ),
        (None, Some(fact)) if side == Side::Request => Says::Fact(fact),
        (None, Some(_)) => return Err("an answer's header says a value, no fact".into()),
        _ => return Err("exactly one of value and fact says what the header says".into()),
    };
    Ok(HeaderRule { name, does: does(says) })
}

/// Does to an answer what the rules say.
pub(crate) fn finish(rules: &[HeaderRule], headers: &mut HeaderMap) {
    for rule in rules {
        rule.apply(headers, |_| None);
    }
}

/// Does to a request what the rules say.
pub(crate) fn write(rules: &[HeaderRule], headers: &mut HeaderMap, tenant: &TenantRecord, caller: &Caller) {
    for rule in rules {
        rule.apply(headers, |fact| {
            let text = match fact {
                Fact::TenantId => tenant.id.to_string(),
                Fact::TenantSlug => tenant.slug.to_string(),
                Fact::UserId => caller.person()?.user.to_string(),
                Fact::SubscriberId => caller.key()?.subscriber.to_string(),
                Fact::Roles => {
                    let roles = caller.person()?.roles.iter();
                    roles.map(ToString::to_string).collect::<Vec<_>>().join(",")
                }
            };
            HeaderValue::try_from(text).ok()
        });
    }
}

impl HeaderRule {
    fn apply(&self, headers: &mut HeaderMap, known: impl Fn(Fact) -> Option<HeaderValue>) {
        let value = |says: &Says| match says {
            Says::This(value) => Some(value.clone()),
            Says::Fact(fact) => known(*fact),
        };
        match &self.does {
            Does::Remove => self.clear(headers),
            Does::Set(says) => {
                self.clear(headers);
                if let Some(value) = value(says) {
                    headers.insert(&self.name, value);
                }
            }
            Does::Append(says) => {
                if let Some(value) = value(says) {
                    headers.append(&self.name, value);
                }
            }
        }
    }

    /// In every spelling that a backend could take for the same.
    fn clear(&self, headers: &mut HeaderMap) {
        let same: Vec<_> =
            headers.keys().filter(|name| is(name.as_str(), self.name.as_str())).cloned().collect();
        for name in same {
            headers.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, side: Side) -> (Box<[HeaderRule]>, Vec<String>) {
        let mut faults = Vec::new();
        let rules =
            rules(&serde_json::from_str::<Vec<_>>(json).unwrap(), side, &mut |_, what| faults.push(what));
        (rules, faults)
    }

    #[test]
    fn a_rule_replaces_adds_and_takes_away() {
        let json = r#"[{"set": "X-Frame-Options", "value": "DENY"}, {"append": "X-A", "value": "2"},
                       {"remove": "Server"}]"#;
        let (rules, faults) = read(json, Side::Answer);
        assert!(faults.is_empty(), "{faults:?}");
        let mut headers = HeaderMap::new();
        for (name, value) in
            [("x-frame-options", "ALLOW"), ("x_frame_options", "ALLOW"), ("x-a", "1"), ("server", "x")]
        {
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        finish(&rules, &mut headers);
        assert_eq!(headers["x-frame-options"], "DENY");
        assert_eq!(headers.get_all("x-a").iter().count(), 2);
        assert_eq!(headers.len(), 3);
    }

    #[test]
    fn what_is_ours_and_what_frames_a_message_is_no_rules_to_change() {
        for (name, side) in [
            ("Partywall-Tenant", Side::Request),
            ("X-Forwarded-For", Side::Request),
            ("Content_Length", Side::Request),
            ("Cookie", Side::Request),
            ("Set-Cookie", Side::Answer),
            ("Connection", Side::Answer),
        ] {
            let (_, faults) = read(&format!(r#"[{{"remove": "{name}"}}]"#), side);
            assert!(faults[0].contains("not a rule's to change"), "{name}: {faults:?}");
        }
        let both =
            r#"[{"set": "X-A"}, {"set": "X-A", "remove": "X-B"}, {"set": "X-A", "fact": "tenant_id"}]"#;
        assert_eq!(read(both, Side::Answer).1.len(), 3);
        assert_eq!(read(both, Side::Request).1.len(), 2);
    }
}
