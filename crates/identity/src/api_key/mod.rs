//! API keys: what a tenant's subscribers call with. A key is made here and nowhere else, shown once, good for some
//! scopes, from some networks and for some time; only its hash is kept.
//!
//! Tells others `api-key.created` and `api-key.changed`; the store itself tells `api-key.ending`. Never takes a
//! value that somebody else chose.

mod create;
pub(crate) mod http;
mod life;
mod list;
pub(crate) mod pages;
mod revoke;
mod rotate;
mod rows;
#[cfg(test)]
mod tests;

pub use create::{Made, NewKey, create};
pub use list::{list, read};
pub use revoke::revoke;
pub use rotate::{MOST_OVERLAP, Rotated, rotate};

use access::{ManageKeys, ReadKeys, TenantAction};
use domain::{ApiKeyId, ApiKeyKind, Digest, DisplayName, Fault, Moment, Network, ScopeName, SubscriberId};
use serde_json::{Value, json};
use std::time::Duration;
use store::StoreError;

/// The actions in which keys are looked at: seeing them, and whatever shows them afterwards.
pub trait ReadsKeys: TenantAction {}
impl ReadsKeys for ReadKeys {}
impl ReadsKeys for ManageKeys {}

/// A key, without itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Whose it is.
    pub subscriber: SubscriberId,
    /// What they are called.
    pub subscriber_name: DisplayName,
    /// Which kind.
    pub kind: ApiKeyKind,
    /// What it is for.
    pub name: DisplayName,
    /// What it is good for.
    pub scopes: Vec<ScopeName>,
    /// Where it may be used from; anywhere if there are none.
    pub networks: Vec<Network>,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Moment,
    /// When it ends or ended.
    pub ends_at: Moment,
    /// Why it ends before its time, if it does.
    pub end: Option<EarlyEnd>,
    /// When it was last used, to within a minute.
    pub used_at: Option<Moment>,
    /// The key that it was made to replace.
    pub replaces: Option<ApiKeyId>,
    /// The hash of its text.
    pub(crate) digest: Digest,
    /// The end that a signed key says itself.
    pub(crate) said: Moment,
    /// How long it may go unused; nothing is for ever.
    pub(crate) idle: Duration,
}

/// Why a key ends before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarlyEnd {
    /// Another took its place, and both work for a while.
    Rotated,
    /// Somebody took it back.
    Revoked,
    /// Nobody used it.
    Unused,
}

impl EarlyEnd {
    /// Its name in columns.
    pub const fn name(self) -> &'static str {
        match self {
            EarlyEnd::Rotated => "rotated",
            EarlyEnd::Revoked => "revoked",
            EarlyEnd::Unused => "unused",
        }
    }

    pub(crate) fn of(text: &str) -> Option<Self> {
        [EarlyEnd::Rotated, EarlyEnd::Revoked, EarlyEnd::Unused].into_iter().find(|end| end.name() == text)
    }
}

impl ApiKey {
    /// Whether it works.
    pub fn is_live(&self, now: Moment) -> bool {
        now < self.ends_at && !matches!(self.end, Some(EarlyEnd::Revoked | EarlyEnd::Unused))
    }

    /// How it stands, in a word: `active`, `ending`, `rotated`, `revoked`, `unused` or `expired`.
    pub fn standing(&self, now: Moment) -> &'static str {
        match self.end {
            Some(EarlyEnd::Rotated) if now < self.ends_at => "ending",
            Some(end) => end.name(),
            None if now < self.ends_at => "active",
            None => "expired",
        }
    }

    /// What an audit line says of it.
    fn facts(&self) -> Value {
        json!({
            "subscriber": self.subscriber,
            "kind": self.kind.name(),
            "name": self.name,
            "scopes": self.scopes,
            "networks": self.networks.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "ends_at": self.ends_at.to_string(),
            "because": self.end.map(EarlyEnd::name),
        })
    }
}

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no such key.
    #[error("there is no such key")]
    Unknown,
    /// There is no such subscriber.
    #[error("there is no such subscriber")]
    UnknownSubscriber,
    /// The key has ended, or is being replaced already.
    #[error("the key has ended")]
    Ended,
    /// The operator has not declared this scope.
    #[error("there is no scope `{0}`")]
    UnknownScope(ScopeName),
    /// It would live for too long, or hardly at all.
    #[error("a key lives for at least a minute and at most {0} days")]
    Life(u64),
    /// Old and new would work side by side for too long.
    #[error("old and new may both work for at most 30 days")]
    Overlap,
    /// It is to say more than a key can hold.
    #[error(
        "a key has at most 20 scopes and 20 networks, and a signed one room for some 700 letters of them"
    )]
    TooMuch,
    /// The tenant has as many as its plan allows.
    #[error("the plan allows {0} keys that work")]
    TooMany(u64),
    /// The installation has nothing to sign with.
    #[error("there is no secret to sign keys with")]
    NoSecret,
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for KeyError {
    fn code(&self) -> &'static str {
        match self {
            KeyError::Unknown => "item.unknown",
            KeyError::UnknownSubscriber
            | KeyError::UnknownScope(_)
            | KeyError::Life(_)
            | KeyError::Overlap
            | KeyError::TooMuch => "input.invalid",
            KeyError::Ended => "key.ended",
            KeyError::TooMany(_) => "plan.limit",
            KeyError::NoSecret => "internal",
            KeyError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            KeyError::Unknown | KeyError::Ended | KeyError::NoSecret | KeyError::Store(_) => None,
            told => Some(told.to_string()),
        }
    }

    fn place(&self) -> Option<&'static str> {
        match self {
            KeyError::UnknownSubscriber => Some("subscriber"),
            KeyError::UnknownScope(_) | KeyError::TooMuch => Some("scopes"),
            KeyError::Life(_) => Some("life_seconds"),
            KeyError::Overlap => Some("overlap_seconds"),
            _ => None,
        }
    }
}
