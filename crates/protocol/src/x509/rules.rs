//! What the rules of an anchor make of a certificate that its authority vouches for.

use super::Facts;
use domain::{
    AnchorRules, CertificateRule, Machine, RuleTenant, ScopeName,
    anchor::{Attribute, fits},
};

/// Whom a certificate speaks for at one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant<T> {
    /// The tenant.
    pub tenant: T,
    /// What names the caller there.
    pub identity: String,
    /// What it is.
    pub machine: Machine,
    /// What it may do, sorted.
    pub scopes: Vec<ScopeName>,
}

/// What follows from the rules, in their order: for each tenant the first that fits. `tenant_of` says which tenant a
/// rule is about, from the rule and from what stands in the certificate where the rule says so.
pub fn grants<T: PartialEq>(
    rules: &AnchorRules,
    facts: &Facts,
    tenant_of: impl Fn(Option<&RuleTenant>, Option<&str>) -> Option<T>,
) -> Vec<Grant<T>> {
    let mut found: Vec<Grant<T>> = Vec::new();
    for rule in &rules.rules {
        let Some(identity) = means(rule, facts) else { continue };
        let named = match &rule.tenant {
            Some(RuleTenant::From(attribute)) => match facts.only(*attribute) {
                Some(text) => Some(text),
                None => continue,
            },
            _ => None,
        };
        let Some(tenant) = tenant_of(rule.tenant.as_ref(), named) else { continue };
        if found.iter().all(|grant| grant.tenant != tenant) {
            let (identity, machine) = (identity.to_owned(), rule.machine);
            let mut scopes = rule.scopes.clone();
            scopes.sort_unstable();
            scopes.dedup();
            found.push(Grant { tenant, identity, machine, scopes });
        }
    }
    found
}

/// The caller's name by this rule, if the certificate fits it. A part of a name that stands there twice fits nothing;
/// of alternative names, of which there may be several, one must fit.
pub fn means<'f>(rule: &CertificateRule, facts: &'f Facts) -> Option<&'f str> {
    let holds = |(attribute, wanted): (&Attribute, &String)| match attribute {
        Attribute::SanDns | Attribute::SanUri | Attribute::SanEmail => {
            facts.all(*attribute).any(|text| fits(wanted, text))
        }
        single => facts.only(*single).is_some_and(|text| fits(wanted, text)),
    };
    if rule.when.is_empty() || !rule.when.iter().all(holds) {
        return None;
    }
    // Of several alternative names, the one that the rule asked for is the caller's.
    let asked = rule.when.get(&rule.identity);
    let mut named = facts.all(rule.identity).filter(|text| asked.is_none_or(|asked| fits(asked, text)));
    let first = named.next().filter(|text| !text.is_empty())?;
    named.next().is_none().then_some(first)
}
