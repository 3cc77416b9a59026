//! How backends stand at this node. The gateway knows; this room shows it to operators.

use super::{Deployment, DeploymentError, read};
use crate::Control;
use access::{OperatorPermit, ReadPlatformSettings};
use domain::DeploymentId;
use futures_util::future::BoxFuture;
use std::{sync::Arc, time::Duration};
use store::Store;

/// One backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendStanding {
    /// Its address.
    pub address: String,
    /// Whether it gets requests.
    pub state: BackendState,
    /// In words, where there is more to say.
    pub more: String,
    /// How much it takes compared with the others.
    pub weight: u32,
    /// Requests under way to it.
    pub outstanding: u32,
    /// Requests that it answered with less than 500 since the node began.
    pub answered: u64,
    /// Requests that it did not answer, or with 500 and more.
    pub failed: u64,
    /// What it said the last time that it was asked about its health, and how long ago.
    pub checked: Option<(Duration, String)>,
    /// Whether it answers without a context, if it was asked.
    pub exposed: Option<bool>,
}

/// Whether a backend gets requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackendState {
    /// It does.
    Up,
    /// Only where nobody else does.
    Waiting,
    /// It does not: it says that it is not well, or nothing.
    Down,
    /// It is left out for a while because of how it answered.
    Ejected,
    /// It could not be reached just now.
    Unreachable,
    /// Only from those who are bound to it.
    Drained,
}

impl BackendState {
    /// Its name on the wire, the badge that shows it, and what people read.
    pub(crate) fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            BackendState::Up => ("up", "good", "Up"),
            BackendState::Waiting => ("waiting", "warn", "Not asked yet"),
            BackendState::Down => ("down", "bad", "Down"),
            BackendState::Ejected => ("ejected", "bad", "Left out"),
            BackendState::Unreachable => ("unreachable", "bad", "Cannot be reached"),
            BackendState::Drained => ("drained", "warn", "Takes nobody new"),
        }
    }
}

/// What knows them. `server` hands it in, because rooms do not know each other.
pub type StandingOf = Arc<dyn Fn(DeploymentId) -> Vec<BackendStanding> + Send + Sync>;

/// What asks a deployment's backends for something without a context.
pub type AskDirectly = Arc<dyn Fn(DeploymentId) -> BoxFuture<'static, ()> + Send + Sync>;

/// For where nobody asks anybody.
pub(crate) fn nobody_asks() -> AskDirectly {
    Arc::new(|_| Box::pin(std::future::ready(())))
}

/// Asks the backends of a deployment for something without a context, and gives how they stand.
///
/// # Errors
/// [`DeploymentError::Unknown`].
pub async fn look_for_exposure(
    room: &Control,
    permit: &OperatorPermit<ReadPlatformSettings>,
    id: DeploymentId,
) -> Result<Vec<BackendStanding>, DeploymentError> {
    let Deployment { id, .. } = read(&room.store, permit, id).await?;
    (room.ask_directly)(id).await;
    Ok((room.standing_of)(id))
}

/// For where nobody forwards anything.
pub(crate) fn nobody_stands() -> StandingOf {
    Arc::new(|_| Vec::new())
}

/// The backends of a deployment as this node sees them.
///
/// # Errors
/// [`DeploymentError::Unknown`].
pub async fn standing(
    store: &Store,
    standing_of: &StandingOf,
    permit: &OperatorPermit<ReadPlatformSettings>,
    id: DeploymentId,
) -> Result<Vec<BackendStanding>, DeploymentError> {
    let Deployment { id, .. } = read(store, permit, id).await?;
    Ok(standing_of(id))
}
