//! No policy names a tenant. What varies between tenants is data: their plans, their settings, what was verified.

use super::{PolicySpec, Say};
use crate::route::{RouteFault, RouteSpec};
use domain::TenantId;
use serde_json::Value;

/// The rule's name, for the one who broke it.
const RULE: &str = "no-literal-tenant";

/// Says where a policy holds a tenant's id, wherever that is.
pub(super) fn check_ids(spec: &PolicySpec, say: Say<'_>) {
    let mut texts = Vec::new();
    collect(&serde_json::to_value(spec).unwrap_or_default(), &mut texts);
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for text in texts {
        for word in text.split(|c| !is_part(c)).filter(|word| word.parse::<TenantId>().is_ok()) {
            say("policies", format!("{RULE}: `{word}` is a tenant's id; {ADVICE}"));
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

/// Where a route's policies hold the name of a tenant that there is: in what headers say, and in origins. To be
/// asked when routes are put, and not when they are loaded: a tenant that comes later makes nothing wrong.
pub(crate) fn names(specs: &[RouteSpec], is_tenants: impl Fn(&str) -> bool) -> Vec<RouteFault> {
    let mut faults = Vec::new();
    for spec in specs {
        let policies = &spec.policies;
        let values = policies.request_headers.iter().chain(&policies.answer_headers);
        let values = values.filter_map(|rule| rule.value.as_deref());
        let origins = policies.cors.iter().flat_map(|cors| &cors.origins);
        let hosts = origins.filter_map(|origin| origin.split_once("://").map(|(_, host)| host));
        for name in values.chain(hosts).filter(|name| is_tenants(name)) {
            let what = format!("{RULE}: `{name}` is the name of a tenant; {ADVICE}");
            faults.push(RouteFault { route: spec.name.clone(), key: "policies", what });
        }
    }
    faults
}
