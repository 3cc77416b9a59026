//! What the platform does with API keys by itself: it notes that they are used, warns of those that end soon, and
//! switches off those that nobody uses.

use crate::{FromRow, Row, Store, StoreError, TenantWrite, operator_sql, sql, values};
use access::{LookAfterKeys, OperatorPermit, Permit, Upkeep};
use domain::{ApiKeyId, Change, Digest, Event, Moment, TenantId, event::names};
use serde_json::json;

/// How many keys of a tenant are looked after in one transaction.
const BATCH: u32 = 500;

/// A key that is due for something.
struct Due {
    id: ApiKeyId,
    digest: Digest,
    said: Moment,
    ends: Moment,
}

impl FromRow for Due {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Due {
            id: row.parse("id")?,
            digest: row.digest("digest")?,
            said: row.moment("signed_until")?,
            ends: row.moment("ends_at")?,
        })
    }
}

/// What tells every node that a key ends at `ends`, or has ended. `said` is the end that a signed key says itself.
pub fn key_changed(id: ApiKeyId, digest: Digest, said: Moment, ends: Moment, because: &str) -> Event {
    let event = Event::new(names::KEY_CHANGED, id).with("digest", digest).with("because", because);
    if said == Moment::NEVER {
        return event;
    }
    let revoked = matches!(because, "revoked" | "unused");
    event.with("said", said.micros()).with("ends", ends.micros()).with("revoked", revoked)
}

impl Store {
    /// Notes that these keys of the tenant are in use now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note_key_use(
        &self,
        permit: &Permit<LookAfterKeys>,
        keys: &[ApiKeyId],
    ) -> Result<(), StoreError> {
        let note = sql!(
            "UPDATE api_key SET used_at = $3, idle_ends = CASE WHEN idle = 0 THEN idle_ends ELSE $3 + idle END
             WHERE tenant_id = $1 AND id = $2 AND ended_because <> 'unused'"
        );
        self.write(permit, async |tx| {
            for key in keys {
                tx.run(note, values![*key, tx.now()]).await?;
            }
            Ok(())
        })
        .await
    }

    /// The tenants that [`Store::look_after_keys`] would do something for.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn tenants_with_keys_due(
        &self,
        permit: &OperatorPermit<Upkeep>,
    ) -> Result<Vec<TenantId>, StoreError> {
        let due = operator_sql!(
            "SELECT tenant_id FROM api_key WHERE warn_at > 0 AND warn_at <= $1
             UNION SELECT tenant_id FROM api_key WHERE idle > 0 AND ended_because = '' AND idle_ends <= $1"
        );
        let found: Vec<Tenant> =
            self.survey(permit, async |tx| tx.rows(due, values![tx.now()]).await).await?;
        Ok(found.into_iter().map(|row| row.0).collect())
    }

    /// Warns of the tenant's keys that end soon, and switches off those that nobody used for too long; gives how
    /// many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn look_after_keys(&self, permit: &Permit<LookAfterKeys>) -> Result<usize, StoreError> {
        self.write(permit, async |tx| Ok(warn(tx).await? + switch_off(tx).await?)).await
    }
}

async fn warn(tx: &mut TenantWrite) -> Result<usize, StoreError> {
    let due = sql!(
        "SELECT id, digest, signed_until, ends_at FROM api_key
         WHERE tenant_id = $1 AND warn_at > 0 AND warn_at <= $2 ORDER BY id LIMIT $3"
    );
    let warned = sql!("UPDATE api_key SET warn_at = 0 WHERE tenant_id = $1 AND id = $2");
    let now = tx.now();
    let due: Vec<Due> = tx.rows(due, values![now, BATCH]).await?;
    for key in &due {
        tx.run(warned, values![key.id]).await?;
        // Nobody need be warned of a key that has ended meanwhile.
        if key.ends > tx.now() {
            tx.emit(Event::new(names::KEY_ENDING, key.id).with("ends_at", key.ends)).await?;
            tx.changed(Change::new(key.id, json!({}), json!({ "warned_of_end": key.ends.to_string() })));
        }
    }
    Ok(due.len())
}

async fn switch_off(tx: &mut TenantWrite) -> Result<usize, StoreError> {
    let due = sql!(
        "SELECT id, digest, signed_until, ends_at FROM api_key
         WHERE tenant_id = $1 AND idle > 0 AND ended_because = '' AND idle_ends <= $2 ORDER BY id LIMIT $3"
    );
    let end = sql!(
        "UPDATE api_key SET ended_because = 'unused', ends_at = $3, warn_at = 0 WHERE tenant_id = $1 AND id = $2"
    );
    let now = tx.now();
    let due: Vec<Due> = tx.rows(due, values![now, BATCH]).await?;
    for key in &due {
        let ends = key.ends.min(tx.now());
        tx.run(end, values![key.id, ends]).await?;
        tx.emit(key_changed(key.id, key.digest, key.said, ends, "unused")).await?;
        let before = json!({ "ends_at": key.ends.to_string() });
        tx.changed(Change::new(key.id, before, json!({ "ends_at": ends.to_string(), "because": "unused" })));
    }
    Ok(due.len())
}

struct Tenant(TenantId);
impl FromRow for Tenant {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.parse("tenant_id").map(Tenant)
    }
}
