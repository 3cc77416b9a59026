//! A line and a checkpoint exactly as they lie in the database, and the bytes that are hashed and signed.

use super::merkle::{self, Frontier};
use crate::{FromRow, Row, StoreError};
use domain::{Digest, KeyId, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

/// A line in the trail's order. Every field is text or number as stored; nothing is interpreted, so that
/// what is verified is what was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredLine {
    /// The trail it belongs to.
    pub tenant_id: String,
    /// Its id.
    pub id: String,
    /// Its place in the trail, from 1.
    pub seq: i64,
    /// The hash that the tree holds for it.
    pub leaf: String,
    /// When, in microseconds.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// Did what.
    pub action: String,
    /// To what.
    pub target: String,
    /// `done`, or the code of what went wrong.
    pub outcome: String,
    /// Why, where somebody had to say.
    pub reason: String,
    /// In which request.
    pub request: String,
    /// The values before, as JSON.
    pub before_values: String,
    /// The values after, as JSON.
    pub after_values: String,
    /// Sealed personal values, as JSON.
    pub personal: String,
}

impl FromRow for StoredLine {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(StoredLine {
            tenant_id: row.text("tenant_id")?,
            id: row.text("id")?,
            seq: row.int("seq")?,
            leaf: row.text("leaf")?,
            at: row.int("at")?,
            actor: row.text("actor")?,
            action: row.text("action")?,
            target: row.text("target")?,
            outcome: row.text("outcome")?,
            reason: row.text("reason")?,
            request: row.text("request")?,
            before_values: row.text("before_values")?,
            after_values: row.text("after_values")?,
            personal: row.text("personal")?,
        })
    }
}

impl StoredLine {
    /// The hash of all its fields but `leaf` itself, were it at place `seq`. Each field is preceded by its
    /// length, so that no two lines give the same bytes.
    pub fn hash_at(&self, seq: i64) -> Digest {
        let (seq, at) = (seq.to_string(), self.at.to_string());
        let fields = [
            "partywall audit line 1",
            &self.tenant_id,
            &self.id,
            &seq,
            &at,
            &self.actor,
            &self.action,
            &self.target,
            &self.outcome,
            &self.reason,
            &self.request,
            &self.before_values,
            &self.after_values,
            &self.personal,
        ];
        let mut bytes = Vec::new();
        for field in fields {
            bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
            bytes.extend_from_slice(field.as_bytes());
        }
        merkle::leaf(&bytes)
    }
}

/// What the sequencer signs after every batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Whose trail.
    pub tenant_id: String,
    /// How many lines it has.
    pub size: i64,
    /// The root of the tree over them.
    pub root: String,
    /// The roots of the whole subtrees, largest first, separated by blanks.
    pub frontier: String,
    /// When it was made, in microseconds.
    pub at: i64,
    /// Under which key it is signed.
    pub key_id: String,
    /// ES256 over [`Checkpoint::signed_text`], in base64url.
    pub signature: String,
}

impl FromRow for Checkpoint {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Checkpoint {
            tenant_id: row.text("tenant_id")?,
            size: row.int("size")?,
            root: row.text("root")?,
            frontier: row.text("frontier")?,
            at: row.int("at")?,
            key_id: row.text("key_id")?,
            signature: row.text("signature")?,
        })
    }
}

impl Checkpoint {
    /// A checkpoint of the tree with this frontier, signed.
    pub(crate) fn sign(tenant: &str, tree: &Frontier, at: i64, key_id: KeyId, key: &SigningKey) -> Self {
        let roots: Vec<_> = tree.roots().iter().map(Digest::to_string).collect();
        let mut checkpoint = Checkpoint {
            tenant_id: tenant.to_owned(),
            size: i64::try_from(tree.size()).expect("nobody writes 2^63 lines"),
            root: tree.root().to_string(),
            frontier: roots.join(" "),
            at,
            key_id: key_id.to_string(),
            signature: String::new(),
        };
        checkpoint.signature = base64_of(&key.sign(checkpoint.signed_text().as_bytes()));
        checkpoint
    }

    /// The text that is signed. The frontier needs no signature: the root follows from it.
    pub fn signed_text(&self) -> String {
        let Checkpoint { tenant_id, size, root, at, key_id, .. } = self;
        format!("partywall audit checkpoint 1\n{tenant_id}\n{size}\n{root}\n{at}\n{key_id}\n")
    }

    /// Whether `key` signed this.
    pub fn is_signed_by(&self, key: &VerifyingKey) -> bool {
        bytes_of(&self.signature)
            .is_some_and(|signature| key.verifies(self.signed_text().as_bytes(), &signature))
    }

    /// The tree to append to; none if the frontier does not lead to the root.
    pub fn tree(&self) -> Option<Frontier> {
        let roots: Option<Vec<_>> = self.frontier.split_whitespace().map(Digest::parse).collect();
        let tree = Frontier::from_roots(u64::try_from(self.size).ok()?, roots?)?;
        (tree.root().to_string() == self.root).then_some(tree)
    }
}

pub(crate) fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn bytes_of(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}
