//! Events, which tell other rooms and nodes what happened, and changes, which tell the audit trail.

use crate::MemberId;
use serde_json::{Map, Value};

/// Something that happened. Ids only: personal values travel in no event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// For example `member.suspended`; every name is listed in [`names`].
    pub name: &'static str,
    /// What it happened to, as an id in text.
    pub subject: String,
    /// Further ids and plain facts.
    pub body: Value,
}

impl Event {
    /// An event about `subject`.
    pub fn new(name: &'static str, subject: impl ToString) -> Self {
        Event { name, subject: subject.to_string(), body: Value::Object(Map::new()) }
    }

    /// The same event with a further fact.
    pub fn with(mut self, key: &str, value: impl ToString) -> Self {
        if let Value::Object(facts) = &mut self.body {
            facts.insert(key.to_owned(), Value::String(value.to_string()));
        }
        self
    }
}

/// An event as it comes back out of the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// The event's name.
    pub name: String,
    /// The tenant in whose write it happened.
    pub tenant: crate::TenantId,
    /// What it happened to.
    pub subject: String,
    /// Further facts.
    pub body: Value,
}

impl Heard {
    /// A fact by name.
    pub fn fact(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }
}

/// The events there are, and nowhere else are their names spelled.
pub mod names {
    macro_rules! names {
        ($($(#[$doc:meta])* $constant:ident = $text:literal;)*) => {
            $($(#[$doc])* pub const $constant: &str = $text;)*
            /// Every event name.
            pub const ALL: &[&str] = &[$($text),*];
        };
    }
    names! {
        /// A tenant came into being, or anything about its entry in the directory changed:
        /// name, slug, hostnames, standing, plan, deployment.
        TENANT_CHANGED = "tenant.changed";
        /// A deployment's upstreams, routes or secrets changed.
        DEPLOYMENT_CHANGED = "deployment.changed";
        /// A plan changed; tenants on it are loaded anew.
        PLAN_CHANGED = "plan.changed";
        /// The roles that the application knows changed.
        ROLES_CHANGED = "roles.changed";
        /// A member joined, was suspended, restored or removed, or got other roles.
        MEMBER_CHANGED = "member.changed";
        /// A connection or provider was made, changed, switched on or off, or shared.
        CONNECTION_CHANGED = "connection.changed";
        /// A person signed in.
        SIGNED_IN = "session.started";
        /// One session ended; the fact `session` is its digest.
        SESSION_ENDED = "session.ended";
        /// A person's session at `id.` or in the console ended; the fact `session` is its digest.
        PERSON_SESSION_ENDED = "person-session.ended";
        /// All sessions of the fact `user` in this tenant ended.
        SESSIONS_ENDED = "sessions.ended";
        /// An operator token was made or ended.
        TOKENS_CHANGED = "tokens.changed";
        /// An API key was made. The fact `subscriber` says whose.
        KEY_CREATED = "api-key.created";
        /// An API key changed or ended before its time: rotated, revoked, switched off. The fact `digest` is its
        /// hash, `ends` when it ends in microseconds, `why` the reason.
        KEY_CHANGED = "api-key.changed";
        /// An API key ends soon: its owner should rotate it. The fact `ends_at` says when.
        KEY_ENDING = "api-key.ending";
        /// An issuer of bearer tokens was registered, changed or removed, or whom it speaks for.
        ISSUER_CHANGED = "issuer.changed";
        /// An application was registered, changed or removed.
        APPLICATION_CHANGED = "application.changed";
        /// What an application may do at a tenant ended: one grant, which is the subject, or all of those that the
        /// application, or the member, of the subject has there.
        GRANT_ENDED = "grant.ended";
        /// A trust anchor was laid down, changed or removed, or took something back.
        ANCHOR_CHANGED = "anchor.changed";
        /// A tenant claimed a domain, proved it, lost its proof or gave it back; `standing` says how it stands.
        DOMAIN_CHANGED = "domain.changed";
        /// The certificate of a tenant's own domain was laid down, taken back or ordered, or an authority asks for a
        /// proof of it.
        CERTIFICATE_CHANGED = "certificate.changed";
        /// A signing key was made, took over or retired.
        KEYS_CHANGED = "keys.changed";
    }
}

/// A personal value inside a [`Change`]: sealed under the key of the member it is about before it
/// reaches the audit trail, so that erasing the key erases the value and leaves the proof.
#[derive(Clone, Debug, PartialEq)]
pub struct Personal {
    /// Whose it is.
    pub member: MemberId,
    /// The value in the clear.
    pub value: String,
}

/// What a write changed, for its audit line: the target and the values before and after. Secrets are
/// never put in; say `"client_secret": "changed"` instead.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// What was changed, as an id in text.
    pub target: String,
    /// The values before; null for something new.
    pub before: Value,
    /// The values after; null for something removed.
    pub after: Value,
    /// Personal values, by name.
    pub personal: Vec<(&'static str, Personal)>,
}

impl Change {
    /// A change of `target` from `before` to `after`.
    pub fn new(target: impl ToString, before: Value, after: Value) -> Self {
        Change { target: target.to_string(), before, after, personal: Vec::new() }
    }

    /// The same change with a personal value about `member`.
    pub fn personal(mut self, name: &'static str, member: MemberId, value: impl Into<String>) -> Self {
        self.personal.push((name, Personal { member, value: value.into() }));
        self
    }
}
