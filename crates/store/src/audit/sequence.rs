//! Gives waiting lines their places in the trail, and signs what the trail is then.
//!
//! Lines are written by whoever does something, at the same time and in no order. One transaction at a
//! time takes those that wait, appends them to the tenant's tree and leaves a checkpoint.

use super::{Checkpoint, StoredLine, merkle::Frontier};
use crate::{FromRow, Keyring, Row, Store, StoreError, TenantWrite, operator_sql, sql, values};
use access::{OperatorPermit, Permit, SequenceAudit, Upkeep};
use domain::TenantId;

/// How many lines one transaction takes. A checkpoint follows each batch, so this is also the widest range
/// that verification can only name as a whole.
const BATCH: i64 = 500;

impl Store {
    /// Puts this tenant's waiting lines in order, with a checkpoint after every batch; gives how many there
    /// were. Two nodes may try at once: they take turns.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if the last checkpoint was altered: nothing is appended to a broken trail.
    pub async fn sequence_audit(
        &self,
        permit: &Permit<SequenceAudit>,
        keys: &Keyring,
    ) -> Result<u64, StoreError> {
        let mut all = 0;
        loop {
            let taken = self.write(permit, async |tx| sequence_batch(tx, keys).await).await?;
            all += taken;
            if taken < BATCH as u64 {
                return Ok(all);
            }
        }
    }

    /// The tenants whose trails have lines that wait.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn tenants_with_waiting_lines(
        &self,
        permit: &OperatorPermit<Upkeep>,
    ) -> Result<Vec<TenantId>, StoreError> {
        let waiting = operator_sql!("SELECT DISTINCT tenant_id FROM audit_line WHERE seq = 0");
        let rows: Vec<Waiting> = self.survey(permit, async |tx| tx.rows(waiting, &[]).await).await?;
        Ok(rows.into_iter().map(|row| row.0).collect())
    }
}

async fn sequence_batch(tx: &mut TenantWrite, keys: &Keyring) -> Result<u64, StoreError> {
    tx.take_turns("audit").await?;
    let mut tree = head(tx, keys).await?;
    let waiting: Vec<StoredLine> = tx
        .rows(
            sql!(
                "SELECT tenant_id, id, seq, leaf, at, actor, action, target, outcome, reason, request, before_values,
                 after_values, personal FROM audit_line WHERE tenant_id = $1 AND seq = 0 ORDER BY id LIMIT $2"
            ),
            values![BATCH],
        )
        .await?;
    for line in &waiting {
        let seq = i64::try_from(tree.size()).expect("nobody writes 2^63 lines") + 1;
        let leaf = line.hash_at(seq);
        let place =
            sql!("UPDATE audit_line SET seq = $3, leaf = $4 WHERE tenant_id = $1 AND id = $2 AND seq = 0");
        tx.run(place, values![&line.id, seq, leaf]).await?;
        tree.append(leaf);
    }
    if !waiting.is_empty() {
        put_checkpoint(tx, &tree, keys).await?;
    }
    Ok(waiting.len() as u64)
}

/// The tree as the last checkpoint left it, after checking that it is what was signed.
async fn head(tx: &mut TenantWrite, keys: &Keyring) -> Result<Frontier, StoreError> {
    let last: Option<Checkpoint> = tx
        .row(
            sql!(
                "SELECT tenant_id, size, root, frontier, at, key_id, signature FROM audit_checkpoint
                 WHERE tenant_id = $1 ORDER BY size DESC LIMIT 1"
            ),
            &[],
        )
        .await?;
    let Some(last) = last else { return Ok(Frontier::default()) };
    let signed =
        keys.audit.iter().any(|(id, key)| id.to_string() == last.key_id && last.is_signed_by(key.public()));
    last.tree().filter(|_| signed).ok_or_else(|| StoreError::Unreadable {
        column: "audit_checkpoint.root".into(),
        why: format!("the checkpoint at {} of {} is not what was signed", last.size, last.tenant_id),
    })
}

async fn put_checkpoint(tx: &mut TenantWrite, tree: &Frontier, keys: &Keyring) -> Result<(), StoreError> {
    let (key_id, key) = keys.audit.first().ok_or_else(|| StoreError::Unreadable {
        column: "platform_key.sealed".into(),
        why: "there is no key to sign checkpoints with".into(),
    })?;
    let signed = Checkpoint::sign(&tx.tenant().to_string(), tree, tx.now().micros(), *key_id, key);
    let Checkpoint { size, root, frontier, at, key_id, signature, .. } = signed;
    let insert = sql!(
        "INSERT INTO audit_checkpoint (tenant_id, size, root, frontier, at, key_id, signature)
         VALUES ($1, $2, $3, $4, $5, $6, $7)"
    );
    tx.run(insert, values![size, root, frontier, at, key_id, signature]).await.map(drop)
}

struct Waiting(TenantId);
impl FromRow for Waiting {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.parse("tenant_id").map(Waiting)
    }
}
