//! Rules are applied to somebody who comes in.

use crate::sign_in::{ConnectionSettings, SignInError};
use domain::{DisplayName, EmailAddress, RoleName};
use protocol::{
    IdentityClaims,
    claims::{Outcome, Rules, uses},
};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Somebody in the tenant's words. Does not say how they signed in: rules have no say in that.
#[derive(Clone, PartialEq)]
pub(crate) struct Ruled {
    /// What they are known by at the provider. Which claim it is stands in it, so that two connections to one
    /// provider that tell people apart by different claims never take one person for another.
    pub(crate) key: String,
    /// Their name.
    pub(crate) name: Option<DisplayName>,
    /// Their address.
    pub(crate) email: Option<EmailAddress>,
    /// What else is kept.
    pub(crate) attributes: Map<String, Value>,
    /// The roles that the rules give.
    pub(crate) roles: BTreeSet<RoleName>,
}

/// What rules are worked through over: every claim as it came, and what the protocol made of them where the claim has
/// another name there.
pub(super) fn said(claims: &IdentityClaims) -> Map<String, Value> {
    let mut said = claims.raw.clone();
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            said.entry(name).or_insert(value);
        }
    };
    add("sub", Some(json!(claims.subject)));
    add("name", claims.name.as_ref().map(|name| json!(name)));
    add("email", claims.email.as_ref().map(|email| json!(email.to_string())));
    said
}

/// What the connection's rules make of somebody.
///
/// # Errors
/// [`SignInError::Rules`] if the rules cannot be used, [`SignInError::NoSubject`] if the claim by which people are told
/// apart was not said.
pub(crate) fn ruled(settings: &ConnectionSettings, claims: &IdentityClaims) -> Result<Ruled, SignInError> {
    if claims.subject.contains(char::is_control) {
        return Err(SignInError::NoSubject);
    }
    if settings.claim_rules.is_empty() {
        return Ok(Ruled {
            key: claims.subject.clone(),
            name: claims.name.clone(),
            email: claims.email.clone(),
            attributes: Map::new(),
            roles: BTreeSet::new(),
        });
    }
    let rules = Rules::read(&settings.claim_rules).map_err(SignInError::Rules)?;
    let outcome = rules.apply(&said(claims));
    let key = match (rules.subject(), &outcome.subject) {
        (None, _) => claims.subject.clone(),
        // No subject holds a control character, so that no other claim's value passes for one.
        (Some(claim), Some(value)) => format!("\n{claim}\n{value}"),
        (Some(_), None) => return Err(SignInError::NoSubject),
    };
    Ok(Ruled::of(key, outcome))
}

impl Ruled {
    pub(super) fn of(key: String, outcome: Outcome) -> Self {
        Ruled {
            key,
            name: text(&outcome.claims, "name").and_then(|name| name.parse().ok()),
            email: text(&outcome.claims, "email").and_then(|email| email.parse().ok()),
            attributes: outcome.attributes,
            roles: outcome.roles,
        }
    }

    /// The profile as it is kept: what was not said is not in it.
    pub(crate) fn profile(&self) -> Map<String, Value> {
        let mut profile = Map::new();
        for (field, value) in self.shown() {
            profile.insert(field.to_owned(), Value::String(value));
        }
        if !self.attributes.is_empty() {
            profile.insert("attributes".to_owned(), Value::Object(self.attributes.clone()));
        }
        profile
    }

    /// Name and address, as far as there are any.
    pub(crate) fn shown(&self) -> impl Iterator<Item = (&'static str, String)> {
        let name = self.name.as_ref().map(|name| ("name", name.to_string()));
        let email = self.email.as_ref().map(|email| ("email", email.to_string()));
        name.into_iter().chain(email)
    }
}

fn text<'c>(claims: &'c Map<String, Value>, name: &str) -> Option<&'c str> {
    claims.get(name).and_then(Value::as_str)
}

/// Whether the provider is to be asked for more than it said: name and address where they are wanted, and what rules
/// speak of.
pub(crate) fn wants_more(settings: &ConnectionSettings, claims: &IdentityClaims) -> bool {
    let rules = &settings.claim_rules;
    (claims.name.is_none() && uses(rules, "name"))
        || (claims.email.is_none() && uses(rules, "email"))
        || Rules::read(rules).is_ok_and(|rules| rules.lacks(&claims.raw))
}
