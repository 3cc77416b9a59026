//! Sessions that are in use live on: their idle ends move, noted now and then and never on the path of a
//! request.

use crate::{Store, StoreError, operator_sql, sql, values};
use access::{OperatorPermit, Permit, SweepTenant, Upkeep};
use domain::{Digest, UserId};

impl Store {
    /// Moves the idle ends of these sessions of one tenant.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn touch_sessions(
        &self,
        permit: &Permit<SweepTenant>,
        digests: &[Digest],
    ) -> Result<(), StoreError> {
        self.write(permit, async |tx| {
            for digest in digests {
                let now = tx.now();
                let update =
                    sql!("UPDATE session SET idle_ends = $3 + idle WHERE tenant_id = $1 AND digest = $2");
                tx.run(update, values![*digest, now]).await?;
            }
            Ok(())
        })
        .await
    }

    /// Moves the idle ends of these persons' sessions at `id.` and in the console.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn touch_person_sessions(
        &self,
        permit: &OperatorPermit<Upkeep>,
        sessions: &[(UserId, Digest)],
    ) -> Result<(), StoreError> {
        self.operate(permit, async |tx| {
            for (user, digest) in sessions {
                let now = tx.now();
                let update = operator_sql!(
                    "UPDATE person_session SET idle_ends = $3 + idle WHERE user_id = $1 AND digest = $2"
                );
                tx.run(update, values![*user, *digest, now]).await?;
            }
            Ok(())
        })
        .await
    }
}
