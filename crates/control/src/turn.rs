//! Taking turns: decisions about tenants' entries and names, and about the first start, look at several
//! rows, so two nodes that decide at once must go one after the other. SQLite has one writer anyway; on
//! PostgreSQL the update of one row is the queue, because what is read after it is read as the one before
//! left it.

use store::{OperatorWrite, StoreError, operator_sql, values};

/// What is taken in turns.
#[derive(Clone, Copy)]
pub(crate) enum Turn {
    /// Changing tenants' entries, and giving them names.
    Registry,
    /// The first start.
    FirstStart,
}

impl Turn {
    const fn document(self) -> &'static str {
        match self {
            Turn::Registry => "turn.registry",
            Turn::FirstStart => "turn.first-start",
        }
    }

    /// Waits for this transaction's turn, which lasts until it ends.
    pub(crate) async fn take(self, tx: &mut OperatorWrite) -> Result<(), StoreError> {
        let now = tx.now();
        let sql = operator_sql!(
            "INSERT INTO platform_document (name, body, changed_at) VALUES ($1, '{}', $2)
             ON CONFLICT (name) DO UPDATE SET changed_at = excluded.changed_at"
        );
        tx.run(sql, values![self.document(), now]).await.map(drop)
    }
}
