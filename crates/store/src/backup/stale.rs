//! What a backup would bring back though it may have ended since: nobody can know what was signed out, ended or used
//! between the backup and its return, so all of it ends, and every trail says so.

use super::{BackupError, manifest::Table};
use crate::{Store, Value, engine::Tx, keyring, values};
use domain::AuditLineId;
use serde_json::json;

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// Sessions, hand-overs, sign-ins under way, one-time links that were not used, and operator tokens end.
    Ends,
    /// It lives on, for whoever knows that nothing ended since the backup.
    Lives,
}

/// The action that the trails name.
const ACTION: &str = "backup.restore";

/// Of which nothing comes back.
const TABLES: [&str; 4] = ["session", "person_session", "hand_over", "operator_token"];

/// What was left out, and whose trails say so.
pub(super) struct Sieve {
    stale: Stale,
    tenants: Vec<String>,
    pub(super) ended: u64,
}

impl Sieve {
    pub(super) fn new(stale: Stale) -> Self {
        Sieve { stale, tenants: Vec::new(), ended: 0 }
    }

    /// Whether a row comes back.
    pub(super) fn lets_through(&mut self, table: &Table, row: &[Value]) -> bool {
        let is = |column: &str, value: Value| {
            table.columns.iter().position(|name| name == column).is_some_and(|at| row[at] == value)
        };
        if table.name == "tenant"
            && let Some(at) = table.columns.iter().position(|name| name == "id")
            && let Value::Text(id) = &row[at]
        {
            self.tenants.push(id.clone());
        }
        let ends = self.stale == Stale::Ends
            && match table.name.as_str() {
                "invitation" => is("used_at", Value::Int(0)),
                "platform_key" => is("purpose", keyring::PENDING.into()),
                name => TABLES.contains(&name),
            };
        // The key makes room for a new one; it is nothing that anybody held.
        self.ended += u64::from(ends && table.name != "platform_key");
        !ends
    }

    /// A key under which no sign-in has begun, in place of the one that did not come back.
    pub(super) async fn renew(&self, tx: &mut Tx, store: &Store) -> Result<(), BackupError> {
        if self.stale == Stale::Lives || self.tenants.is_empty() {
            return Ok(());
        }
        let columns = keyring::COLUMNS.map(str::to_owned);
        Ok(tx.copy_in("platform_key", &columns, vec![keyring::new_pending(store)]).await?)
    }

    /// A line in the trail of every tenant, the house among them.
    pub(super) async fn tell(&self, tx: &mut Tx, store: &Store, taken_at: &str) -> Result<(), BackupError> {
        let now = store.clock().now();
        let after = json!({ "backup_of": taken_at, "sessions": if self.stale == Stale::Ends { "ended" } else { "kept" } });
        let columns = [
            "tenant_id",
            "id",
            "seq",
            "leaf",
            "at",
            "actor",
            "action",
            "target",
            "outcome",
            "reason",
            "request",
            "before_values",
            "after_values",
            "personal",
        ]
        .map(str::to_owned);
        for tenant in &self.tenants {
            let id = AuditLineId::new(now, store.chance());
            let actor = access::Actor::CommandLine.to_string();
            let row = values![
                tenant,
                id,
                0_i64,
                "",
                now,
                actor,
                ACTION,
                tenant,
                "done",
                "",
                "",
                "",
                after.to_string(),
                "{}"
            ];
            tx.copy_in("audit_line", &columns, vec![row.to_vec()]).await?;
        }
        Ok(())
    }
}
