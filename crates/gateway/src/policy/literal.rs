//! No policy names a tenant. What varies between tenants is data: their plans, their settings, what was verified.

use super::{PolicySpec, Say};
use crate::{
    expression::KNOWN,
    route::{RouteFault, RouteSpec},
};
use domain::TenantId;
use protocol::expression::Expression;
use serde_json::Value;

/// The rule's name, for the one who broke it.
const RULE: &str = "no-literal-tenant";

/// Says where a policy holds a tenant's id, wherever that is.
pub(super) fn check_ids(spec: &PolicySpec, say: Say<'_>) {
    let mut texts = Vec::new();
    collect(&serde_json::to_value(spec).unwrap_or_default(), &mut texts);
    check_texts(texts.iter().map(String::as_str), &mut |what| say("policies", what));
}

/// Says where one of these texts holds a tenant's id.
pub(crate) fn check_texts<'t>(texts: impl Iterator<Item = &'t str>, say: &mut dyn FnMut(String)) {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for text in texts {
        for word in text.split(|c| !is_part(c)).filter(|word| word.parse::<TenantId>().is_ok()) {
            say(format!("{RULE}: `{word}` is a tenant's id; {ADVICE}"));
        }
    }
}

const ADVICE: &str = "a policy holds for every tenant. Let the plan, a setting or a fact say what varies";

fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(members) => members.values().for_each(|member| collect(member, texts)),
        _ => {}
    }
}

/// Where a route's policies hold the name of a tenant that there is: in what headers say, in origins, and in the texts
/// of expressions. To be asked when routes are put, and not when they are loaded: a tenant that comes later makes nothing wrong.
pub(crate) fn names(specs: &[RouteSpec], is_tenants: impl Fn(&str) -> bool) -> Vec<RouteFault> {
    let mut faults = Vec::new();
    for spec in specs {
        let policies = &spec.policies;
        let values = policies.request_headers.iter().chain(&policies.answer_headers);
        let values = values.filter_map(|rule| rule.value.as_deref());
        let origins = policies.cors.iter().flat_map(|cors| &cors.origins);
        let hosts = origins.filter_map(|origin| origin.split_once("://").map(|(_, host)| host));
        let expressions: Vec<_> = expressions(spec);
        let texts = expressions.iter().flat_map(Expression::texts);
        for name in values.chain(hosts).chain(texts).filter(|name| is_tenants(name)) {
            let what = format!("{RULE}: `{name}` is the name of a tenant; {ADVICE}");
            faults.push(RouteFault { route: spec.name.clone(), key: "policies", what });
        }
    }
    faults
}

/// The expressions of a route; what is none was said elsewhere.
fn expressions(spec: &RouteSpec) -> Vec<Expression> {
    let policies = &spec.policies;
    let rules = policies.request_headers.iter().flat_map(|rule| rule.when.iter().chain(&rule.expression));
    let limits = policies.limits.iter().filter_map(|limit| limit.when.as_ref());
    let screen = policies.screen.iter().filter_map(|screen| screen.when.as_ref());
    let rewrite = policies.rewrite.iter().flat_map(|rewrite| rewrite.path.iter().chain(&rewrite.query));
    let all = spec.when.iter().chain(&spec.tenant).chain(rules).chain(limits).chain(screen).chain(rewrite);
    all.filter_map(|source| Expression::read(source, KNOWN).ok()).collect()
}
