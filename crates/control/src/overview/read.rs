//! What there is, counted.

use crate::{
    deployment, plan,
    tenant::{self, Count, Filter, Order, Tenant},
};
use access::{OperatorPermit, ReadTenants};
use domain::Cursor;
use std::time::Duration;
use store::{OperatorRead, Store, StoreError, operator_sql, values};

/// How far back an alert is still news.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The platform at a glance.
#[derive(Clone, Debug)]
pub struct Overview {
    /// Tenants by standing, the house included.
    pub tenants: Vec<Count>,
    /// The newest tenants, the house included.
    pub newest: Vec<Tenant>,
    /// Deployments.
    pub deployments: usize,
    /// Deployments that have a backend.
    pub hosting: usize,
    /// Plans.
    pub plans: usize,
    /// Roles of the application.
    pub roles: i64,
    /// Alerts about refused attempts since yesterday.
    pub alerts: i64,
}

impl Overview {
    /// Tenants besides the house.
    pub fn customers(&self) -> i64 {
        self.tenants.iter().map(|count| count.tenants).sum::<i64>() - 1
    }
}

/// Looks at the platform.
///
/// # Errors
/// [`StoreError`].
pub async fn read(store: &Store, permit: &OperatorPermit<ReadTenants>) -> Result<Overview, StoreError> {
    store.survey(permit, async |tx| look(tx).await).await
}

async fn look(tx: &mut OperatorRead) -> Result<Overview, StoreError> {
    let newest = Filter { order: Order::Newest, ..Filter::default() };
    let deployments = deployment::rows::all(tx).await?;
    Ok(Overview {
        tenants: tenant::rows::count(tx).await?,
        newest: tenant::rows::list(tx, &newest, &Cursor::new(String::new(), Some(5))).await?,
        hosting: deployments.iter().filter(|deployment| !deployment.upstreams.is_empty()).count(),
        deployments: deployments.len(),
        plans: plan::rows::all(tx).await?.len(),
        alerts: tx.alerts_since(tx.now() - DAY).await?,
        roles: tx.number(operator_sql!("SELECT COUNT(*) AS n FROM app_role"), values![]).await?,
    })
}
