//! Rules for header fields: of what is forwarded, with static values or with what was verified, and of what comes
//! back. What the gateway itself says, and what frames a message, is no rule's to change.

use super::Say;
use crate::{
    expression::{self, KNOWN, Known, holds, text},
    headers::{is, is_withheld},
    onlook::Onlooker,
    problem,
    refuse::No,
};
use access::{Caller, TenantRecord};
use http::{HeaderMap, HeaderName, HeaderValue};
use protocol::expression::Expression;
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
    /// An expression (CEL), whose value it says instead. Requests only; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// A condition (CEL): where it does not hold, nothing is done. Requests only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
}

/// What becomes of a request's path and query, as an operator writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RewriteSpec {
    /// An expression (CEL) that says the path after the tenant. Where it says nothing, the path stays.
    #[serde(default)]
    pub path: Option<String>,
    /// An expression (CEL) that says the query. Where it says nothing, the query stays.
    #[serde(default)]
    pub query: Option<String>,
}

/// What becomes of a request's path and query.
#[derive(Debug)]
pub(crate) struct Rewrite {
    pub(crate) path: Option<Expression>,
    pub(crate) query: Option<Expression>,
}

impl Rewrite {
    pub(super) fn of(spec: &RewriteSpec, say: Say<'_>) -> Self {
        let mut read = |source: &Option<String>, key: &str| {
            let fault = |what: String| say("policies.rewrite", format!("{key}: {what}"));
            expression::read(source.as_deref()?, KNOWN, fault)
        };
        Rewrite { path: read(&spec.path, "path"), query: read(&spec.query, "query") }
    }

    pub(super) fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.path.iter().chain(&self.query)
    }
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

impl Fact {
    /// Whether it is about who calls, rather than at which tenant.
    pub(super) fn is_of_caller(self) -> bool {
        matches!(self, Fact::UserId | Fact::SubscriberId | Fact::Roles)
    }
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
    when: Option<Expression>,
}

impl HeaderRule {
    /// The header that it is about.
    pub(crate) fn name(&self) -> &HeaderName {
        &self.name
    }

    fn says(&self) -> Option<&Expression> {
        match &self.does {
            Does::Set(Says::Expression(expression)) | Does::Append(Says::Expression(expression)) => {
                Some(expression)
            }
            _ => None,
        }
    }

    pub(super) fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.when.iter().chain(self.says())
    }
}

/// What the expressions of rules came to for one request; empty where no rule has any.
#[derive(Default)]
pub(crate) struct Said(Vec<Verdict>);

enum Verdict {
    PassedOver,
    /// What its expression says, if it has one that says anything.
    Done(Option<HeaderValue>),
}

/// Works out what the rules ask of a request.
pub(crate) fn work_out(
    rules: &[HeaderRule],
    known: &Known<'_>,
    onlooker: &mut impl Onlooker,
) -> Result<Said, No> {
    if rules.iter().all(|rule| rule.expressions().next().is_none()) {
        return Ok(Said::default());
    }
    let key = "policies.request_headers";
    let mut verdict = |rule: &HeaderRule| {
        if !holds(key, rule.when.as_ref(), known, onlooker)? {
            return Ok(Verdict::PassedOver);
        }
        let Some(says) = rule.says() else { return Ok(Verdict::Done(None)) };
        let said = text(key, says, known, onlooker)?;
        let value = said.map(|text| HeaderValue::from_str(&text)).transpose();
        let odd =
            |_| No::with(problem::EXPRESSION, "What a rule says cannot be sent in a header.".to_owned());
        Ok(Verdict::Done(value.map_err(odd)?))
    };
    rules.iter().map(&mut verdict).collect::<Result<_, No>>().map(Said)
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
    Expression(Expression),
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
    let when = match &spec.when {
        Some(_) if side == Side::Answer => return Err("an answer's header has no `when`".into()),
        Some(source) => Some(Expression::read(source, KNOWN).map_err(|bad| format!("when: {bad}"))?),
        None => None,
    };
    if let Some(source) = &spec.expression {
        if side == Side::Answer || spec.value.is_some() || spec.fact.is_some() || spec.remove.is_some() {
            return Err("an expression stands alone, where a request's header is set or appended".into());
        }
        let says = Expression::read(source, KNOWN).map_err(|bad| format!("expression: {bad}"))?;
        return Ok(HeaderRule { name, does: does(Says::Expression(says)), when });
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
        _ => return Err("exactly one of value, fact and expression says what the header says".into()),
    };
    Ok(HeaderRule { name, does: does(says), when })
}

/// Does to an answer what the rules say.
pub(crate) fn finish(rules: &[HeaderRule], headers: &mut HeaderMap) {
    for rule in rules {
        rule.apply(headers, None, |_| None);
    }
}

/// Does to a request what the rules say.
pub(crate) fn write(
    rules: &[HeaderRule],
    said: &Said,
    headers: &mut HeaderMap,
    tenant: &TenantRecord,
    caller: &Caller,
) {
    for (at, rule) in rules.iter().enumerate() {
        let says = match said.0.get(at) {
            Some(Verdict::PassedOver) => continue,
            Some(Verdict::Done(says)) => says.as_ref(),
            None => None,
        };
        rule.apply(headers, says, |fact| {
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
    fn apply(
        &self,
        headers: &mut HeaderMap,
        said: Option<&HeaderValue>,
        known: impl Fn(Fact) -> Option<HeaderValue>,
    ) {
        let value = |says: &Says| match says {
            Says::This(value) => Some(value.clone()),
            Says::Fact(fact) => known(*fact),
            Says::Expression(_) => said.cloned(),
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
