//! How backends stand at this node, for those who look.

use super::{Deployment, Deployments, Member, health::Verdict};
use domain::DeploymentId;
use std::{sync::atomic::Ordering::Relaxed, time::Duration};
use tokio::time::Instant;

/// Whether a backend gets requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamState {
    /// It does.
    Up,
    /// It was not asked about its health yet, and gets them only where nobody else does.
    Waiting,
    /// It says that it is not well, or says nothing.
    Down,
    /// It is left out for this long, because of how it answered.
    Ejected(Duration),
    /// It could not be reached just now.
    Unreachable,
    /// Its weight is 0: only those come who are bound to it.
    Drained,
}

/// How one backend stands at this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamStanding {
    /// Whose backend.
    pub deployment: DeploymentId,
    /// Its address.
    pub address: String,
    /// Whether it gets requests.
    pub state: UpstreamState,
    /// How much it takes compared with the others.
    pub weight: u32,
    /// Requests under way to it.
    pub outstanding: u32,
    /// Requests that it answered with less than 500, since the node began.
    pub answered: u64,
    /// Requests that it did not answer, or with 500 and more.
    pub failed: u64,
    /// What it said the last time that it was asked about its health, and how long ago: a status, or why there was
    /// none.
    pub checked: Option<(Duration, Result<u16, String>)>,
    /// Whether it answers without a context, if it was asked.
    pub exposed: Option<bool>,
}

impl Deployments {
    /// Every backend of every deployment.
    pub(crate) fn standing(&self) -> Vec<UpstreamStanding> {
        let all = self.all.load();
        let mut deployments: Vec<_> = all.values().collect();
        deployments.sort_by_key(|deployment| deployment.id);
        deployments.into_iter().flat_map(|deployment| deployment.standing()).collect()
    }

    /// How many requests were tried again, by deployment.
    pub(crate) fn retried(&self) -> Vec<(DeploymentId, u64)> {
        let all = self.all.load();
        let mut retried: Vec<_> = all.values().map(|one| (one.id, one.retried.load(Relaxed))).collect();
        retried.sort();
        retried
    }
}

impl Deployment {
    fn standing(&self) -> impl Iterator<Item = UpstreamStanding> {
        self.members.iter().map(|member| {
            let (answered, failed) = member.upstream.health.counts();
            let checked = member.upstream.health.last_check();
            UpstreamStanding {
                deployment: self.id,
                address: member.upstream.origin.to_string(),
                state: member.state(),
                weight: member.weight,
                outstanding: member.upstream.outstanding(),
                answered,
                failed,
                exposed: member.upstream.health.exposed(),
                checked: checked.map(|checked| (Instant::now() - checked.at, checked.said)),
            }
        })
    }
}

impl Member {
    fn state(&self) -> UpstreamState {
        let health = &self.upstream.health;
        match (health.verdict(), health.ejected_for()) {
            (Verdict::Down, _) => UpstreamState::Down,
            (_, Some(left)) => UpstreamState::Ejected(left),
            _ if health.is_passed_over() => UpstreamState::Unreachable,
            _ if self.weight == 0 => UpstreamState::Drained,
            (Verdict::Waiting, None) => UpstreamState::Waiting,
            (Verdict::Up | Verdict::Unasked, None) => UpstreamState::Up,
        }
    }
}
