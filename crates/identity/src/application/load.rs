//! Applications as nodes hold them in memory.

use super::{Application, rows};
use crate::Identity;
use access::{OperatorAction, OperatorPermit};
use domain::ApplicationId;
use std::{collections::BTreeMap, sync::Arc};
use store::{Store, StoreError};

/// All of them, by id.
pub type Applications = BTreeMap<ApplicationId, Arc<Application>>;

/// Loads all of them.
///
/// # Errors
/// [`StoreError`].
pub async fn load<A: OperatorAction>(
    store: &Store,
    permit: &OperatorPermit<A>,
) -> Result<Applications, StoreError> {
    let all = store.survey(permit, async |tx| rows::all(tx).await).await?;
    Ok(all.into_iter().map(|application| (application.id, Arc::new(application))).collect())
}

impl Identity {
    /// The application of this client id.
    pub(crate) fn application(&self, id: &str) -> Option<Arc<Application>> {
        id.parse().ok().and_then(|id: ApplicationId| self.applications.load().get(&id).cloned())
    }

    /// The application whose API this resource is.
    pub(crate) fn application_at(&self, resource: &str) -> Option<Arc<Application>> {
        let all = self.applications.load();
        let mut found = all.values().filter(|one| one.metadata.resource.as_deref() == Some(resource));
        found.next().cloned()
    }

    /// This node need not wait for the feed to hear what it changed itself.
    pub(super) async fn reload_applications<A: OperatorAction>(
        &self,
        permit: &OperatorPermit<A>,
    ) -> Result<(), StoreError> {
        self.applications.store(Arc::new(load(&self.store, permit).await?));
        Ok(())
    }
}
