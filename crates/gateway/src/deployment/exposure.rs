//! Asks backends for something without a context, as anybody would who came around the gateway. One that answers as if
//! nothing were missing is open to them.

use super::{Deployments, Upstream, check::status};
use domain::{DeploymentId, HealthCheck};
use std::{sync::Arc, time::Duration};
use tokio::{task::JoinSet, time::timeout};

/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many are asked at a time.
const MOST: usize = 32;

impl Deployments {
    /// Asks the backends of this deployment, or of all; what they do stands in their standing then.
    pub(crate) async fn look_for_exposure(&self, only: Option<DeploymentId>) {
        let mut asked = JoinSet::new();
        for (upstream, question) in self.open_to_strangers(only) {
            while asked.len() >= MOST {
                asked.join_next().await;
            }
            asked.spawn(async move { ask(&upstream, &question).await });
        }
        asked.join_all().await;
    }

    fn open_to_strangers(&self, only: Option<DeploymentId>) -> Vec<(Arc<Upstream>, HealthCheck)> {
        let mut asked = Vec::new();
        for deployment in self.all.load().values().filter(|one| only.is_none_or(|only| one.id == only)) {
            let path = deployment.balancing.stranger_path.as_deref().unwrap_or("/");
            if path.is_empty() {
                continue;
            }
            let question = HealthCheck { path: path.to_owned(), ..HealthCheck::default() };
            asked.extend(deployment.members.iter().map(|member| (member.upstream.clone(), question.clone())));
        }
        asked
    }
}

async fn ask(upstream: &Upstream, question: &HealthCheck) {
    let origin = &upstream.origin;
    let said = timeout(PATIENCE, status(upstream, question)).await;
    // Whoever cannot be reached from here has said nothing.
    let Ok(Ok(status)) = said else { return };
    let answers = (200..300).contains(&status);
    if answers && upstream.health.exposed() != Some(true) {
        tracing::warn!(
            upstream = %origin, status,
            "upstream {origin} answered {status} to a request without a context: it can be reached around the gateway"
        );
    }
    upstream.health.set_exposed(answers);
}
