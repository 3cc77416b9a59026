//! Trust anchors: authorities whose client certificates an organisation believes, the rules that say whom such a
//! certificate is for, and what was taken back. An anchor is laid down by whoever shows that they have the authority's
//! key: nobody takes another's devices for their own, and no public authority is anybody's. An anchor speaks for its own
//! tenant; only those of the operator's own organisation may speak for others, by rules that name them.
//!
//! Tells others `anchor.changed`. Never fetches anything itself: the lists of authorities are brought to it.

mod add;
mod change;
mod check;
mod explain;
pub(crate) mod http;
mod list;
mod look_after;
pub(crate) mod pages;
mod put_list;
mod remove;
mod revoke;
mod rows;

pub use add::{NewAnchor, add};
pub use change::{Changed, change};
pub use explain::{Verdict, explain};
pub use list::{Loaded, list, load_all, load_of, read, revocations};
pub use look_after::{Due, due, take, take_turn};
pub use put_list::put_list;
pub use remove::remove;
pub use revoke::{restore, revoke};

use domain::{AnchorId, AnchorRules, DisplayName, Fault, Moment};
use protocol::x509::{Authority, BadAuthority};
use serde_json::{Value, json};
use store::StoreError;

/// How many anchors a tenant may have.
pub const MOST: i64 = 20;
/// How many the operator's own organisation may have.
pub const MOST_OF_THE_HOUSE: i64 = 500;
/// How many certificates of one anchor may be taken back by hand.
pub const MOST_REVOCATIONS: i64 = 10_000;
/// How many lists one anchor may have: its own, and those of authorities below it.
pub const MOST_LISTS: i64 = 8;

/// An anchor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Its id.
    pub id: AnchorId,
    /// What it is called.
    pub name: DisplayName,
    /// The authority's certificate, in DER.
    pub certificate: Vec<u8>,
    /// What its certificates mean.
    pub rules: AnchorRules,
    /// When it was laid down.
    pub created_at: Moment,
    /// When it last changed.
    pub changed_at: Moment,
    /// How many certificates were taken back by hand.
    pub revoked: i64,
    /// The lists that are held.
    pub lists: Vec<HeldList>,
    /// Why its list could not be fetched the last time; empty if it could, or is not.
    pub list_fault: String,
}

/// A list that is held, without itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldList {
    pub(crate) anchor: AnchorId,
    /// When the authority made it.
    pub made_at: Moment,
    /// When it says that another should be there.
    pub ends_at: Moment,
    /// How many certificates it names.
    pub entries: i64,
    /// When it was fetched or laid down.
    pub fetched_at: Moment,
}

/// A certificate that was taken back by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Its serial number or its fingerprint, in hexadecimal.
    pub mark: String,
    /// Why.
    pub note: String,
    /// By whom.
    pub revoked_by: String,
    /// When.
    pub revoked_at: Moment,
}

impl Anchor {
    /// Its authority.
    pub fn authority(&self) -> Option<Authority> {
        Authority::read(&self.certificate).ok()
    }

    /// What an audit line says of it.
    fn facts(&self) -> Value {
        let fingerprint =
            self.authority().map(|authority| protocol::x509::hex(authority.facts().fingerprint.bytes()));
        json!({ "name": self.name, "fingerprint": fingerprint, "rules": self.rules.rules, "lists": self.rules.lists })
    }
}

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum AnchorError {
    /// There is no such anchor, or nothing of that kind at it.
    #[error("there is no such anchor")]
    Unknown,
    /// The certificate is none of an authority.
    #[error("the certificate cannot be used: {0}")]
    Authority(#[from] BadAuthority),
    /// The text is no certificate.
    #[error("the certificate cannot be read: {0}")]
    Text(&'static str),
    /// Everybody trusts this authority, and everybody can have a certificate of it.
    #[error(
        "this is a public authority: it vouches for anybody's names, and never for whose devices they are"
    )]
    Public,
    /// Whoever lays it down has not shown that they have its key.
    #[error(
        "show that you have the authority's key: have it sign any certificate whose subject is CN={0}, and send that \
         along as proof"
    )]
    Proof(String),
    /// The tenant has this authority already.
    #[error("this authority is laid down already")]
    Exists,
    /// There are as many as there may be.
    #[error("there are {0}, and there may be no more")]
    TooMany(i64),
    /// Something in the rules is wrong.
    #[error("{1}")]
    Rule(&'static str, String),
    /// The list cannot be used.
    #[error("the list cannot be used: {0}")]
    List(&'static str),
    /// The text is neither a serial number nor a fingerprint.
    #[error("give a serial number or a SHA-256 fingerprint, in hexadecimal")]
    Mark,
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for AnchorError {
    fn code(&self) -> &'static str {
        match self {
            AnchorError::Unknown => "item.unknown",
            AnchorError::Proof(_) => "anchor.proof-needed",
            AnchorError::Exists => "name.taken",
            AnchorError::TooMany(_) => "plan.limit",
            AnchorError::Authority(_)
            | AnchorError::Text(_)
            | AnchorError::Public
            | AnchorError::Rule(..)
            | AnchorError::List(_)
            | AnchorError::Mark => "input.invalid",
            AnchorError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        (!matches!(self, AnchorError::Store(_) | AnchorError::Unknown)).then(|| self.to_string())
    }

    fn place(&self) -> Option<&'static str> {
        match self {
            AnchorError::Authority(_) | AnchorError::Text(_) | AnchorError::Public | AnchorError::Exists => {
                Some("certificate")
            }
            AnchorError::Proof(_) => Some("proof"),
            AnchorError::Rule(place, _) => Some(place),
            AnchorError::List(_) => Some("list"),
            AnchorError::Mark => Some("mark"),
            _ => None,
        }
    }
}
