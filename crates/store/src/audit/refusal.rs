//! Refused cross-tenant attempts, as security events in the trail of the tenant attacked and of the house.

use super::{NewLine, append};
use crate::{Store, StoreError};
use access::{CrossTenant, Permit, RecordRefusal};
use domain::Change;
use serde_json::{Value as Json, json};

impl Store {
    /// Records that an attempt to cross into a tenant was refused, in this permit's trail: that of the tenant
    /// attacked, or the house's. From where it came is told to the house alone: a tenant learns the person's
    /// id and nothing of another tenant.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn record_refusal(
        &self,
        permit: &Permit<RecordRefusal>,
        attempt: &CrossTenant,
    ) -> Result<(), StoreError> {
        let own = permit.tenant_id() == attempt.at;
        let from =
            attempt.from.filter(|_| !own).map_or(Json::Null, |from| json!({ "from": from.to_string() }));
        let change = Change::new(attempt.at, Json::Null, from);
        let line = NewLine {
            actor: attempt.user.map_or_else(|| "anonymous".to_owned(), |user| user.to_string()),
            action: "security.cross-tenant",
            outcome: "refused",
            reason: attempt.how.to_owned(),
            request: attempt.request.clone(),
            change: &change,
        };
        self.write(permit, async |tx| append(tx, line).await).await
    }
}
