//! Heads: the last checkpoint of every trail, for keeping elsewhere. Whoever keeps them sees that a trail was
//! cut or rewritten, which nobody who has the database alone can see.
//!
//! A file of heads is a checkpoint a line, in JSON, of any number of tenants and days.

use super::{BundleError, Checkpoint, PublicKey, Record, verify::Known};
use crate::{Store, StoreError, operator_sql, values};
use access::{OperatorPermit, ReadPlatformAudit};
use domain::{Cursor, Page};
use std::io::BufRead;

impl Store {
    /// The last checkpoint of each tenant's trail, the house's among them, in order of the tenants' ids.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn audit_heads(
        &self,
        permit: &OperatorPermit<ReadPlatformAudit>,
        cursor: &Cursor,
    ) -> Result<Page<Checkpoint>, StoreError> {
        let heads = operator_sql!(
            "SELECT c.tenant_id, c.size, c.root, c.frontier, c.at, c.key_id, c.signature
             FROM tenant t JOIN audit_checkpoint c ON c.tenant_id = t.id
               AND c.size = (SELECT MAX(size) FROM audit_checkpoint WHERE tenant_id = t.id)
             WHERE t.id > $1 ORDER BY t.id LIMIT $2"
        );
        let values = values![&cursor.after, cursor.limit + 1];
        let rows = self.survey(permit, async |tx| tx.rows(heads, values).await).await?;
        Ok(Page::cut(rows, cursor, |head: &Checkpoint| head.tenant_id.clone()))
    }
}

/// Heads that were kept elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptHeads(Vec<Checkpoint>);

impl KeptHeads {
    /// Reads a file of heads.
    ///
    /// # Errors
    /// [`BundleError`] for a line that is no head.
    pub fn read(file: impl BufRead) -> Result<Self, BundleError> {
        let mut heads = Vec::new();
        for (at, line) in file.lines().enumerate() {
            let line = line?;
            if line.trim().is_empty() {
                continue;
            }
            let head = serde_json::from_str(&line)
                .map_err(|why| BundleError::Head { at: at + 1, why: why.to_string() })?;
            heads.push(head);
        }
        Ok(KeptHeads(heads))
    }

    /// Those of this tenant's trail.
    pub fn of(&self, tenant: &str) -> Vec<Known> {
        let own = self.0.iter().filter(|head| head.tenant_id == tenant);
        own.map(|head| Known { size: head.size, root: head.root.clone() }).collect()
    }

    /// Whether each head of this tenant's trail bears the signature of one of these keys.
    ///
    /// # Errors
    /// [`BundleError::Forged`] for the first that does not.
    pub fn check(&self, tenant: &str, keys: &[PublicKey]) -> Result<(), BundleError> {
        let signed = |head: &&Checkpoint| {
            let key = keys.iter().find(|key| key.kid == head.key_id).and_then(PublicKey::parse);
            key.is_some_and(|key| head.is_signed_by(&key))
        };
        let mut own = self.0.iter().filter(|head| head.tenant_id == tenant);
        own.find(|head| !signed(head)).map_or(Ok(()), |head| Err(BundleError::Forged { size: head.size }))
    }
}

/// The public keys in a file: the beginning of an export, or its lines that hold keys.
///
/// # Errors
/// [`BundleError`] for a file that cannot be read; a line of another kind ends the keys.
pub fn read_keys(file: impl BufRead) -> Result<Vec<PublicKey>, BundleError> {
    let mut keys = Vec::new();
    for line in file.lines() {
        match serde_json::from_str(&line?) {
            Ok(Record::Trail(_)) => {}
            Ok(Record::Key(key)) => keys.push(key),
            _ => break,
        }
    }
    Ok(keys)
}
