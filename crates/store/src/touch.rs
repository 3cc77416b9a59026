//! Notes that sessions are in use, so that their idle ends move on. A session that has ended stays ended.

use crate::{Store, StoreError, operator_sql, sql, values};
use access::{OperatorPermit, Permit, SweepTenant, Upkeep};
use domain::{Digest, UserId};

impl Store {
    /// Moves on the idle ends of this tenant's sessions with these hashes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn touch_sessions(
        &self,
        permit: &Permit<SweepTenant>,
        sessions: &[Digest],
    ) -> Result<(), StoreError> {
        let touch = sql!(
            "UPDATE session SET idle_ends = $3 + idle
             WHERE tenant_id = $1 AND digest = $2 AND idle_ends > $3 AND ends > $3"
        );
        self.write(permit, async |tx| {
            for session in sessions {
                tx.run(touch, values![*session, tx.now()]).await?;
            }
            Ok(())
        })
        .await
    }

    /// Moves on the idle ends of these persons' sessions.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn touch_person_sessions(
        &self,
        permit: &OperatorPermit<Upkeep>,
        sessions: &[(UserId, Digest)],
    ) -> Result<(), StoreError> {
        let touch = operator_sql!(
            "UPDATE person_session SET idle_ends = $3 + idle
             WHERE user_id = $1 AND digest = $2 AND idle_ends > $3 AND ends > $3"
        );
        self.operate(permit, async |tx| {
            for (user, session) in sessions {
                tx.run(touch, values![*user, *session, tx.now()]).await?;
            }
            Ok(())
        })
        .await
    }
}
