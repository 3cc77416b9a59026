//! Asks backends whether they are well, beside all traffic and over connections of its own. It has no context, as
//! nobody is asking; what it asks for must be open to that.

use super::{
    Deployments, Upstream,
    choose::scatter,
    connect::{Transport, transport},
    health::Verdict,
};
use crate::upload::RequestBody;
use domain::{DeploymentId, HealthCheck};
use http::{
    HeaderValue, Request,
    header::{CONNECTION, HOST, USER_AGENT},
};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{
    collections::HashMap,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};

/// How many are asked at a time.
const MOST: usize = 64;
/// When nothing is due, somebody looks again after this.
const REST: Duration = Duration::from_secs(60);

/// A backend that is to be asked.
struct Wanted {
    deployment: DeploymentId,
    upstream: Arc<Upstream>,
    check: HealthCheck,
}

/// When each is asked next, by its number; none while it is being asked.
type Due = HashMap<u64, Option<Instant>>;

impl Deployments {
    /// Asks for ever, each in its own time. Whoever drops this ends every question with it.
    pub(crate) async fn check(&self) {
        let (mut due, mut asked) = (Due::new(), JoinSet::new());
        loop {
            let now = Instant::now();
            let wanted = self.wanted();
            due.retain(|serial, _| wanted.iter().any(|wanted| wanted.upstream.serial == *serial));
            for wanted in wanted {
                let next = due.entry(wanted.upstream.serial).or_insert(Some(now));
                if next.is_some_and(|next| next <= now) && asked.len() < MOST {
                    *next = None;
                    asked.spawn(ask(wanted));
                }
            }
            let soonest = if asked.len() < MOST { due.values().flatten().min().copied() } else { None };
            tokio::select! {
                () = sleep_until(soonest.unwrap_or(now + REST)) => {}
                () = self.changed.notified() => {}
                Some(Ok((serial, after))) = asked.join_next() => {
                    due.insert(serial, Some(Instant::now() + after));
                }
            }
        }
    }

    fn wanted(&self) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        for deployment in self.all.load().values() {
            let Some(check) = &deployment.balancing.check else { continue };
            wanted.extend(deployment.members.iter().map(|member| Wanted {
                deployment: deployment.id,
                upstream: member.upstream.clone(),
                check: check.clone(),
            }));
        }
        wanted
    }
}

/// Asks one; gives its number, and after how long to ask again.
async fn ask(wanted: Wanted) -> (u64, Duration) {
    let Wanted { deployment, upstream, check } = wanted;
    let within = Duration::from_millis(check.timeout_ms);
    let said = match timeout(within, status(&upstream, &check)).await {
        Ok(said) => said,
        Err(_) => Err(format!("no answer within {} ms", check.timeout_ms)),
    };
    let words = match &said {
        Ok(status) => format!("it answered {status}"),
        Err(why) => why.clone(),
    };
    let origin = &upstream.origin;
    match upstream.health.checked(said, &check) {
        Some(Verdict::Down) => {
            tracing::warn!(%deployment, upstream = %origin, "upstream {origin} of deployment {deployment} is down: {words}");
        }
        Some(_) => {
            tracing::info!(%deployment, upstream = %origin, "upstream {origin} of deployment {deployment} is up: {words}");
        }
        None => {}
    }
    (upstream.serial, jittered(Duration::from_millis(check.interval_ms)))
}

/// A tenth more or less, so that nodes do not ask in step.
fn jittered(interval: Duration) -> Duration {
    static QUESTIONS: AtomicU64 = AtomicU64::new(0);
    let part = scatter(QUESTIONS.fetch_add(1, Relaxed)) % 201;
    interval * (900 + part as u32) / 1_000
}

/// The status that it answers with.
pub(super) async fn status(upstream: &Upstream, check: &HealthCheck) -> Result<u16, String> {
    let stream = transport(&upstream.origin, upstream.connections()).await;
    let stream = stream.map_err(|error| format!("connecting failed: {error}"))?;
    if upstream.origin.h2 {
        return status_h2(stream, upstream, check).await;
    }
    let made = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = made.map_err(|error| error.to_string())?;
    let request = Request::get(check.path.as_str())
        .header(HOST, host(upstream, check))
        .header(USER_AGENT, HeaderValue::from_static("Partywall (health check)"))
        .header(CONNECTION, HeaderValue::from_static("close"))
        .body(RequestBody::Empty)
        .map_err(|error| error.to_string())?;
    let mut answer = pin!(sender.send_request(request));
    let answered = tokio::select! {
        biased;
        answered = &mut answer => answered,
        // What it said before it ended is there already.
        _ = connection => answer.await,
    };
    answered.map(|response| response.status().as_u16()).map_err(|error| error.to_string())
}

/// The same of one that speaks HTTP/2.
async fn status_h2(
    stream: Box<dyn Transport>,
    upstream: &Upstream,
    check: &HealthCheck,
) -> Result<u16, String> {
    let made = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (mut sender, connection) = made.map_err(|error| error.to_string())?;
    let request = Request::get(format!("http://{}{}", host(upstream, check), check.path))
        .header(USER_AGENT, HeaderValue::from_static("Partywall (health check)"))
        .body(RequestBody::Empty)
        .map_err(|error| error.to_string())?;
    let mut answer = pin!(sender.send_request(request));
    let answered = tokio::select! {
        biased;
        answered = &mut answer => answered,
        _ = connection => answer.await,
    };
    answered.map(|response| response.status().as_u16()).map_err(|error| error.to_string())
}

fn host<'h>(upstream: &'h Upstream, check: &'h HealthCheck) -> &'h str {
    if check.host.is_empty() { upstream.origin.authority() } else { &check.host }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_spread_around_their_interval() {
        let asked: Vec<_> = (0..1_000).map(|_| jittered(Duration::from_secs(1)).as_millis()).collect();
        assert!(asked.iter().all(|millis| (900..=1_100).contains(millis)));
        assert!(asked.iter().any(|millis| *millis < 920) && asked.iter().any(|millis| *millis > 1_080));
    }
}
