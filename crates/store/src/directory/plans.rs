//! What plans allow. All tenants of a plan hold one copy of it: a copy of its own would be most of the memory that a
//! tenant takes, and would seldom be in a processor's cache when a request asks for a limit.

use super::{
    Reading,
    rows::{PlanRow, PlannedRow, TenantRow},
};
use crate::{StoreError, operator_sql, values};
use access::TenantRecord;
use domain::{Limits, PlanId};
use parking_lot::Mutex;
use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

/// Plans as they were read last.
#[derive(Clone, Default)]
pub(super) struct Plans(Arc<Mutex<HashMap<PlanId, Arc<Limits>>>>);

impl Plans {
    /// The records of these tenants, each with what its plan allows now: a plan is read once, not with each tenant.
    pub(super) async fn with_limits(
        &self,
        reading: &mut Reading,
        rows: Vec<TenantRow>,
    ) -> Result<Vec<TenantRecord>, StoreError> {
        let mut read: HashMap<PlanId, Arc<Limits>> = HashMap::new();
        let mut records = Vec::with_capacity(rows.len());
        for TenantRow { mut record, plan } in rows {
            record.limits = match read.entry(plan) {
                Entry::Occupied(known) => known.get().clone(),
                Entry::Vacant(unknown) => unknown.insert(self.read(reading, plan).await?).clone(),
            };
            records.push(record);
        }
        Ok(records)
    }

    /// The record of this tenant, whose plan was read with it.
    pub(super) fn planned(&self, row: PlannedRow) -> TenantRecord {
        let PlannedRow { tenant: TenantRow { record, plan }, limits } = row;
        TenantRecord { limits: self.shared(plan, limits), ..record }
    }

    async fn read(&self, reading: &mut Reading, plan: PlanId) -> Result<Arc<Limits>, StoreError> {
        let sql = operator_sql!("SELECT body FROM plan WHERE id = $1");
        let found: Option<PlanRow> = reading.row(sql, values![plan]).await?;
        // The database lets no plan go that a tenant has.
        let PlanRow(limits) = found.unwrap_or_default();
        Ok(self.shared(plan, limits))
    }

    fn shared(&self, plan: PlanId, limits: Limits) -> Arc<Limits> {
        let mut known = self.0.lock();
        let kept = known.entry(plan).or_default();
        if **kept != limits {
            *kept = Arc::new(limits);
        }
        kept.clone()
    }
}
