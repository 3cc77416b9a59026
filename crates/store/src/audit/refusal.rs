//! Refused cross-tenant attempts, as security events in the trail of the tenant attacked and of the house.

use super::{Alert, NewLine, alert, append};
use crate::{Store, StoreError};
use access::{CrossTenant, Permit, RecordRefusal};
use domain::Change;
use serde_json::{Map, Value as Json, json};

impl Store {
    /// Records that an attempt to cross into a tenant was refused, in this permit's trail: that of the tenant
    /// attacked, or the house's. From where it came is told to the house alone: a tenant learns the person's
    /// id and nothing of another tenant. `times` is how many attempts this line stands for. Gives the alert that
    /// this attempt raised, if it did.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn record_refusal(
        &self,
        permit: &Permit<RecordRefusal>,
        attempt: &CrossTenant,
        times: u64,
    ) -> Result<Option<Alert>, StoreError> {
        let own = permit.tenant_id() == attempt.at;
        let mut facts = Map::new();
        if let Some(from) = attempt.from.filter(|_| !own) {
            facts.insert("from".to_owned(), json!(from));
        }
        if times > 1 {
            facts.insert("times".to_owned(), json!(times));
        }
        let after = if facts.is_empty() { Json::Null } else { Json::Object(facts) };
        let change = Change::new(attempt.at, Json::Null, after);
        let line = NewLine {
            actor: attempt.user.map_or_else(|| "anonymous".to_owned(), |user| user.to_string()),
            action: "security.cross-tenant",
            outcome: "refused",
            reason: attempt.how.to_owned(),
            request: attempt.request.clone(),
            change: &change,
        };
        let rule = self.alerts;
        self.write(permit, async |tx| {
            append(tx, line).await?;
            alert::raise(tx, rule, attempt, times).await
        })
        .await
    }
}
