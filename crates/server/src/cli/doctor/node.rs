//! What the node that runs here says of itself.

use super::{finding::Finding, machine::is_running};
use crate::config::Config;
use domain::Clock;
use outbound::{Call, Outbound, Policy};
use std::{net::SocketAddr, time::Duration};

const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn look(config: &Config) -> Option<Finding> {
    if !is_running(config) {
        return None;
    }
    Some(match ask(config.listen.private).await {
        Ok((200, _)) => Finding::good("readiness", "the node is ready and hears the change feed"),
        Ok((_, why)) => Finding::wrong(
            "readiness",
            format!("the node is not ready: {}", why.trim()),
            "see operating.md on what each word means; its log says more",
        ),
        Err(why) => Finding::mind(
            "readiness",
            format!("the node does not say whether it is ready: {why}"),
            "is listen.private the one that it was started with?",
        ),
    })
}

/// Asks the private listener, by the guarded client that every call goes through.
async fn ask(private: SocketAddr) -> Result<(u16, String), String> {
    // Whoever listens everywhere listens on loopback too.
    let at = if private.ip().is_unspecified() {
        SocketAddr::from(([127, 0, 0, 1], private.port()))
    } else {
        private
    };
    let allow = vec![at.to_string().parse().map_err(|why| format!("{at}: {why}"))?];
    let policy = Policy { development: true, allow, deadline: PATIENCE, ..Policy::default() };
    let outbound = Outbound::new(policy, Clock::System).map_err(|error| error.to_string())?;
    let url = outbound.admit(&format!("http://{at}/readyz")).map_err(|error| error.to_string())?;
    let answer = outbound.send(Call::get(url)).await.map_err(|error| error.to_string())?;
    Ok((answer.status.as_u16(), String::from_utf8_lossy(&answer.body).into_owned()))
}
