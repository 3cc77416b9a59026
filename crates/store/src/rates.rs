//! Rates that all nodes count together: each takes shares out of one number for each window of each budget.

use crate::{FromRow, Row, Store, StoreError, operator_sql, values};
use access::{OperatorPermit, Upkeep};
use domain::{Digest, Moment};
use std::time::Duration;

/// How far back one looks for what is drained: clocks differ, and writes land late.
const LOOK_BACK: Duration = Duration::from_secs(5);

/// A share to be taken, or with a negative amount to be given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateShare {
    /// Of what.
    pub budget: Digest,
    /// The second in which the window ends.
    pub ends: i64,
    /// How many.
    pub amount: i64,
    /// How many there are for all.
    pub limit: i64,
}

/// A window of a budget of which nothing is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Of what.
    pub budget: Digest,
    /// The second in which the window ends.
    pub ends: i64,
}

struct Taken(i64);

impl FromRow for Taken {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.int("taken").map(Taken)
    }
}

impl FromRow for Drained {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Drained { budget: row.digest("budget")?, ends: row.int("ends")? })
    }
}

impl Store {
    /// Takes these shares; gives how many of each are taken by all nodes now, which may be more than there are.
    /// Tells all nodes where nothing is left.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is taken then.
    pub async fn take_shares(
        &self,
        permit: &OperatorPermit<Upkeep>,
        shares: &[RateShare],
    ) -> Result<Vec<i64>, StoreError> {
        let take = operator_sql!(
            "INSERT INTO rate_share (budget, ends, taken, drained_at)
             VALUES ($1, $2, $3, CASE WHEN CAST($3 AS BIGINT) >= CAST($4 AS BIGINT) THEN CAST($5 AS BIGINT) ELSE 0 END)
             ON CONFLICT (budget, ends) DO UPDATE SET
               taken = rate_share.taken + excluded.taken,
               drained_at = CASE WHEN rate_share.taken + excluded.taken >= CAST($4 AS BIGINT)
                                 THEN CAST($5 AS BIGINT) ELSE 0 END
             RETURNING taken"
        );
        // All nodes go through the rows in one order, so that none waits for another in a circle.
        let mut order: Vec<usize> = (0..shares.len()).collect();
        order.sort_by_key(|at| (*shares[*at].budget.bytes(), shares[*at].ends));
        self.operate(permit, async |tx| {
            let (mut taken, now) = (vec![0; shares.len()], tx.now());
            for at in order {
                let share = shares[at];
                let values = values![share.budget, share.ends, share.amount, share.limit, now];
                let row: Option<Taken> = tx.row(take, values).await?;
                taken[at] = row.map_or(share.amount, |row| row.0);
                if taken[at] >= share.limit {
                    tx.has_news();
                }
            }
            Ok(taken)
        })
        .await
    }

    /// The windows of which nothing has been left since then, or a little before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn drained_since(
        &self,
        permit: &OperatorPermit<Upkeep>,
        since: Moment,
    ) -> Result<Vec<Drained>, StoreError> {
        let drained = operator_sql!(
            "SELECT budget, ends FROM rate_share WHERE drained_at > 0 AND drained_at >= $1 LIMIT 10000"
        );
        self.survey(permit, async |tx| tx.rows(drained, values![since - LOOK_BACK]).await).await
    }
}
