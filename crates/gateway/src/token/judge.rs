//! Whether a token is believed, and what follows from it: its issuer's rules are applied to what it says.

use super::{
    issuers::Issuer,
    memory::{Bearing, Believed, By},
};
use crate::{
    gateway::Gateway,
    onlook::{Nobody, Onlooker},
    peer::Peer,
    problem::{self, Problem},
    refuse::No,
};
use access::{Origin, Shortcut, Tenant, TokenHolder};
use domain::{Digest, Moment, ScopeName, TenantFrom, TokenCaller};
use protocol::{
    TokenError,
    jose::{Bearer, BearerExpect, Claims},
};
use serde_json::Value;
use std::sync::Arc;
use web::{Limited, limit::Counted};

/// How many tenants one token may name.
const MOST_TENANTS: usize = 64;

/// Why a token is not believed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unbelieved {
    #[error("{0}")]
    Token(TokenError),
    #[error("no issuer of that name is registered")]
    Stranger,
    #[error("the issuer's keys are not known, or were fetched too long ago")]
    KeysAway(IssuerRef),
    #[error("the token is signed with a key that is not in the issuer's key set")]
    KeyUnknown(IssuerRef),
    #[error("what should name the tenant is missing, unverified or no text: {0}")]
    Nameless(String),
    #[error("none of the tenants that it names is there, or the issuer does not speak for them")]
    Foreign,
}

/// An issuer, which does not print: its rules are nobody's but the operator's.
pub(crate) struct IssuerRef(Arc<Issuer>);

impl std::fmt::Debug for IssuerRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.spec.id.fmt(f)
    }
}

impl Unbelieved {
    /// At which step it was.
    pub(crate) fn step(&self) -> &'static str {
        match self {
            Unbelieved::Token(TokenError::Malformed(_)) => "form",
            Unbelieved::Stranger => "issuer",
            Unbelieved::KeysAway(_) | Unbelieved::KeyUnknown(_) => "keys",
            Unbelieved::Token(_) => "token",
            Unbelieved::Nameless(_) | Unbelieved::Foreign => "tenant",
        }
    }

    fn problem(&self) -> Problem {
        match self {
            Unbelieved::Token(TokenError::Expired) => problem::BEARER_EXPIRED,
            Unbelieved::Token(TokenError::NotYet) => problem::BEARER_EARLY,
            Unbelieved::Token(TokenError::Audience) => problem::BEARER_AUDIENCE,
            Unbelieved::Token(_) | Unbelieved::KeyUnknown(_) => problem::BEARER_REFUSED,
            Unbelieved::Stranger => problem::BEARER_ISSUER,
            Unbelieved::KeysAway(_) => problem::BEARER_KEYS,
            Unbelieved::Nameless(_) => problem::BEARER_TENANT,
            Unbelieved::Foreign => problem::TENANT_UNKNOWN,
        }
    }

    /// Whether it cost more than looking at the text: whoever does that often is stopped.
    fn is_costly(&self) -> bool {
        !matches!(self, Unbelieved::Token(TokenError::Expired) | Unbelieved::KeysAway(_))
    }
}

impl Gateway {
    /// What a token comes to: from memory, or by judging it.
    pub(crate) async fn bearing(
        &self,
        text: &str,
        peer: &Peer,
        origin: Origin,
        onlooker: &mut impl Onlooker,
    ) -> Result<Bearing, No> {
        let digest = Digest::of(text.as_bytes());
        let tenants = self.0.needs.warden.tenants();
        if !onlooker.is_rehearsal()
            && let Some(bearing) = self.0.tokens.get(&digest, self.0.needs.clock.now(), tenants)
        {
            return Ok(bearing);
        }
        let who = Counted::Address(peer.ip);
        if !self.0.guesses.has_left(Limited::KeyGuess, who) {
            return Err(No::because(problem::GUESSING));
        }
        let judged = match self.judge(text, origin, onlooker) {
            Err(Unbelieved::KeyUnknown(issuer) | Unbelieved::KeysAway(issuer))
                if !onlooker.is_rehearsal()
                    && self.0.issuers.renewed(&issuer.0, self.0.needs.clock.now()).await =>
            {
                self.judge(text, origin, &mut Nobody)
            }
            judged => judged,
        };
        match judged {
            Ok(believed) => {
                let bearing = believed.bearing.clone();
                if !onlooker.is_rehearsal() {
                    self.0.tokens.put(digest, believed);
                }
                Ok(bearing)
            }
            Err(why) => {
                if why.is_costly() && !onlooker.is_rehearsal() {
                    // That this was the last one is told with the next.
                    let _ = self.0.guesses.check(Limited::KeyGuess, who);
                }
                tracing::debug!(request = %origin.request, "a bearer token is not believed: {why}");
                Err(No::because(why.problem()))
            }
        }
    }

    /// Judges a token by its issuer's keys and rules, from memory alone.
    pub(super) fn judge(
        &self,
        text: &str,
        origin: Origin,
        onlooker: &mut impl Onlooker,
    ) -> Result<Believed, Unbelieved> {
        let bearer = Bearer::read(text).map_err(Unbelieved::Token)?;
        onlooker.passed("form", || "a signed token in the compact form".to_owned());
        if let Some(own) = self.0.own.named(bearer.issuer().unwrap_or_default()) {
            return self.judge_own(bearer, own, onlooker);
        }
        let issuer = bearer.issuer().and_then(|name| self.0.issuers.named(name));
        let issuer = issuer.ok_or(Unbelieved::Stranger)?;
        let rules = &issuer.spec.rules;
        onlooker.passed("issuer", || format!("{} ({})", rules.issuer, issuer.spec.id));
        let now = self.0.needs.clock.now();
        let epoch = issuer.epoch();
        let shelf = issuer.keys(now).ok_or_else(|| Unbelieved::KeysAway(IssuerRef(issuer.clone())))?;
        onlooker.passed("keys", || format!("{} can be used, until {}", shelf.keys.usable(), shelf.until));
        let leeway = self.0.settings.leeway;
        let expect = BearerExpect {
            issuer: &rules.issuer,
            audiences: &rules.audiences,
            algorithms: &issuer.algorithms,
            typ: rules.typ.as_deref(),
        };
        let claims = bearer.verify(&shelf.keys, &expect, now, leeway).map_err(|error| match error {
            TokenError::UnknownKey => Unbelieved::KeyUnknown(IssuerRef(issuer.clone())),
            other => Unbelieved::Token(other),
        })?;
        onlooker.passed("token", || {
            let algorithm = claims.algorithm().name();
            format!("signed with {algorithm} by the issuer, for us, of the right type, and within its time")
        });
        let (tenants, listed) = self.tenants_of(&issuer, &claims, origin, onlooker)?;
        onlooker.passed("tenant", || {
            let names: Vec<_> = tenants.iter().map(|tenant| tenant.record.slug.to_string()).collect();
            format!("good at {}", names.join(", "))
        });
        let holder = self.holder_of(&issuer, &claims, &tenants, listed);
        onlooker.passed("scopes", || {
            let scopes: Vec<_> = holder.scopes.iter().map(AsRef::as_ref).collect();
            format!(
                "`{}` gives {}",
                rules.scope_claim,
                if scopes.is_empty() { "none".into() } else { scopes.join(", ") }
            )
        });
        let tenants = tenants.iter().map(|tenant| (tenant.record.id, tenant.epoch())).collect();
        let begins = claims.moment("nbf").ok().flatten().map_or(Moment::NEVER, |begins| begins - leeway);
        let until = holder.ends.min(shelf.until);
        let by = By::Issuer(issuer, epoch);
        Ok(Believed { bearing: Bearing::Issued(Arc::new(holder)), by, tenants, begins, until })
    }

    fn holder_of(
        &self,
        issuer: &Issuer,
        claims: &Claims,
        tenants: &[Arc<Tenant>],
        listed: Option<Digest>,
    ) -> TokenHolder {
        let rules = &issuer.spec.rules;
        let subject = claims.text("sub").unwrap_or_default();
        let words = claims.words(&rules.scope_claim);
        let mut scopes: Vec<ScopeName> = words.iter().filter_map(|word| word.parse().ok()).collect();
        scopes.sort_unstable();
        scopes.dedup();
        let ends = claims.moment("exp").ok().flatten().unwrap_or(Moment::NEVER) + self.0.settings.leeway;
        let id = issuer.spec.id.to_string();
        let mut told: Vec<&[u8]> =
            vec![b"partywall token\n", id.as_bytes(), rules.caller.name().as_bytes(), b"\n"];
        for scope in &scopes {
            told.extend([scope.as_ref().as_bytes(), b"\n"]);
        }
        told.extend([b"\n", subject.as_bytes()]);
        TokenHolder {
            issuer: issuer.spec.id,
            subject: subject.into(),
            who: self.0.issuers.hash(issuer, "sub", subject),
            told: Digest::of_parts(&told),
            person: rules.caller == TokenCaller::User,
            tenants: tenants.iter().map(|tenant| tenant.record.id).collect(),
            listed,
            scopes: scopes.into(),
            ends,
            lately: Shortcut::default(),
        }
    }

    /// The tenants that a token is good at, and under what its user is listed, if that is how they are found.
    fn tenants_of(
        &self,
        issuer: &Issuer,
        claims: &Claims,
        origin: Origin,
        onlooker: &impl Onlooker,
    ) -> Result<(Vec<Arc<Tenant>>, Option<Digest>), Unbelieved> {
        let directory = self.0.needs.warden.tenants();
        let rules = &issuer.spec.rules;
        let (named, listed): (Vec<_>, _) = match &rules.tenant_from {
            TenantFrom::Claim(claim) => {
                let names = names(claims, claim).ok_or_else(|| Unbelieved::Nameless(claim.clone()))?;
                let find = |name: &&str| match rules.aliases.get(*name) {
                    Some(id) => directory.by_id(*id),
                    None => name.parse().map_or_else(|_| directory.by_slug(name), |id| directory.by_id(id)),
                };
                (names.iter().filter_map(find).collect(), None)
            }
            TenantFrom::Users(claim) => {
                let name = user(claims, claim).ok_or_else(|| Unbelieved::Nameless(claim.clone()))?;
                let listed = self.0.issuers.hash(issuer, claim, name);
                let ids = issuer.spec.users.get(&listed).map(Vec::as_slice).unwrap_or_default();
                (ids.iter().filter_map(|id| directory.by_id(*id)).collect(), Some(listed))
            }
        };
        let mut tenants: Vec<Arc<Tenant>> = Vec::new();
        for tenant in named {
            let id = tenant.record.id;
            if !rules.tenants.holds(id) {
                if !onlooker.is_rehearsal() {
                    self.0.needs.warden.note_unbound(id, origin);
                }
            } else if tenants.iter().all(|known| known.record.id != id) {
                tenants.push(tenant);
            }
        }
        if tenants.is_empty() { Err(Unbelieved::Foreign) } else { Ok((tenants, listed)) }
    }
}

/// What a claim names: one, or several.
fn names<'c>(claims: &'c Claims, claim: &str) -> Option<Vec<&'c str>> {
    let names: Vec<&str> = match claims.get(claim)? {
        Value::String(one) => vec![one.as_str()],
        Value::Array(all) if all.len() <= MOST_TENANTS => {
            all.iter().map(Value::as_str).collect::<Option<_>>()?
        }
        _ => return None,
    };
    let is_sound = !names.is_empty() && names.iter().all(|name| !name.is_empty());
    is_sound.then_some(names)
}

/// The user whom a claim names. An address says nothing unless the issuer has verified it (ledger A11).
fn user<'c>(claims: &'c Claims, claim: &str) -> Option<&'c str> {
    let verified = claim != "email" || claims.get("email_verified") == Some(&Value::Bool(true));
    claims.text(claim).filter(|name| verified && !name.is_empty())
}
