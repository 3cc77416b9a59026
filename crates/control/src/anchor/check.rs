//! Whether an anchor's rules can be kept to.

use super::AnchorError;
use access::{Permit, TenantAction};
use domain::{
    AnchorRules, CertificateRule, ListPolicy, Slug,
    anchor::{Attribute, LONGEST, MOST_RULES},
};
use protocol::x509::plain_hex;
use url::Url;

/// A list is asked for no more often than this, and forgotten no sooner, in seconds.
const SOONEST: u64 = 60;
const LATEST: u64 = 366 * 24 * 3_600;

/// Whether the permit is for the operator's own organisation, whose anchors may speak for others.
pub(super) fn is_house<A: TenantAction>(permit: &Permit<A>) -> bool {
    permit.caller().tenant().is_some_and(|tenant| tenant.record.slug == Slug::house())
}

/// The rules as they are compared with certificates; refused where they could not mean what they say.
pub(super) fn checked(mut rules: AnchorRules, house: bool, plain: bool) -> Result<AnchorRules, AnchorError> {
    let wrong = |what: &str| Err(AnchorError::Rule("rules", what.to_owned()));
    if rules.rules.is_empty() {
        return wrong("without a rule no certificate speaks for anybody");
    }
    if rules.rules.len() > MOST_RULES {
        return wrong("there may be 200 rules");
    }
    for rule in &mut rules.rules {
        check_rule(rule, house)?;
    }
    rules.lists.as_ref().map_or(Ok(()), |lists| check_lists(lists, plain))?;
    Ok(rules)
}

fn check_rule(rule: &mut CertificateRule, house: bool) -> Result<(), AnchorError> {
    let wrong = |what: String| Err(AnchorError::Rule("rules", what));
    if rule.when.is_empty() {
        return wrong("a rule says what must stand in a certificate, at least one thing".into());
    }
    if rule.tenant.is_some() && !house {
        return wrong("only anchors of the operator's own organisation speak for other tenants".into());
    }
    if rule.tenant.is_none() && house {
        return wrong("say for which tenant the rule speaks".into());
    }
    if rule.scopes.len() > 20 {
        return wrong("a rule has at most 20 scopes".into());
    }
    for (attribute, text) in &mut rule.when {
        let name = attribute.name();
        let stars = text.matches('*').count();
        let at_an_end = text.starts_with('*') || text.ends_with('*');
        if text.is_empty() || text.len() > LONGEST || text.chars().any(char::is_control) {
            return wrong(format!("{name}: give 1 to {LONGEST} characters"));
        }
        if stars > 1 || (stars == 1 && !at_an_end) {
            return wrong(format!("{name}: one `*`, at the beginning or at the end, stands for some text"));
        }
        match attribute {
            Attribute::Fingerprint => match plain_hex(text).filter(|plain| plain.len() == 64) {
                Some(plain) => *text = plain,
                None => return wrong(format!("{name}: give 64 hexadecimal digits")),
            },
            Attribute::SanDns | Attribute::SanEmail => text.make_ascii_lowercase(),
            _ => {}
        }
    }
    Ok(())
}

fn check_lists(lists: &ListPolicy, plain: bool) -> Result<(), AnchorError> {
    let wrong = |what: &str| Err(AnchorError::Rule("lists", what.to_owned()));
    if !(SOONEST..=LATEST).contains(&lists.fresh_seconds) {
        return wrong("a list is fresh for a minute to a year");
    }
    let Some(url) = &lists.url else { return Ok(()) };
    match Url::parse(url) {
        Ok(url) if url.scheme() == "https" || (plain && url.scheme() == "http") => Ok(()),
        _ => wrong("the list's address begins with https://"),
    }
}
