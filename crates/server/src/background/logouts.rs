//! Tells applications that sessions ended, a few at once, whichever node is first; and again while one is away.

use super::origin;
use crate::{assemble::Node, listen::Stop};
use identity::oauth::ended::{CLASS, tell};
use std::{sync::Arc, time::Duration};

/// How often a node looks for somebody to tell.
const PAUSE: Duration = Duration::from_secs(1);
/// How many are told before a node looks at the time again.
const MOST: usize = 32;

pub(super) async fn run(node: Arc<Node>, stop: Stop) {
    stop.every(PAUSE, || async {
        for _ in 0..MOST {
            let (permit, job) = match node.web.warden.claim(CLASS, origin(&node)).await {
                Ok(Some(claimed)) => claimed,
                Ok(None) => return,
                Err(refusal) => {
                    tracing::warn!(%refusal, "sessions that ended cannot be looked for: {refusal}");
                    return;
                }
            };
            if let Err(why) = tell(&node.identity, &permit, &job).await {
                tracing::warn!(tenant = %job.tenant, job = %job.id, "an application could not be told of an end: {why}");
                // A lease that is lost is somebody else's by now.
                let _ = node.store.fail_job(&permit, &job, &why).await;
            }
        }
    })
    .await;
}
