//! Runs a node.

use super::Outcome;
use crate::{
    assemble::{Assembled, assemble, stop_on_signal},
    background,
    config::Config,
    descriptors,
    listen::{self, Certificates, Stop},
    observe::logs,
};
use clap::Args;
use control::house::FirstStart;
use std::{io::Write, time::Duration};
use tokio::net::TcpListener;

/// Run a node.
#[derive(Debug, Args)]
pub(super) struct Serve {}

/// How long loops may take to end after everything else has.
const LAST_WORDS: Duration = Duration::from_secs(10);

impl Serve {
    pub(super) async fn run(self, config: Config) -> Outcome {
        let exporter = logs::start(&config.observe, false)?;
        let listen = descriptors::fit(&config.listen, descriptors::raise());
        let certificates = config.tls.as_ref().map(Certificates::read).transpose()?;
        let public = listen_at("listen.public", config.listen.public).await?;
        let private = listen_at("listen.private", config.listen.private).await?;
        let plain = match config.listen.plain {
            Some(address) => Some(listen_at("listen.plain", address).await?),
            None => None,
        };
        let decide = match config.listen.decide.clone() {
            Some(decide) => Some((listen_at("listen.decide", decide.listen).await?, decide)),
            None => None,
        };
        let Assembled { node, feed, notes, first_start } = assemble(&config).await?;
        let socket = listen::bind_socket(&config.listen.socket).await?;

        let (say, stop) = Stop::pair();
        stop_on_signal(say, node.readiness.clone());
        let mut loops = background::start(&node, feed, notes, &stop);
        if let Some(certificates) = certificates.clone() {
            certificates.show(node.certificates.clone());
            loops.spawn(certificates.watch(stop.clone(), node.metrics.clone(), node.web.clock.clone()));
        }
        let mut others = vec![
            tokio::spawn(listen::private(private, node.clone(), stop.clone())),
            tokio::spawn(listen::socket(socket, node.clone(), stop.clone())),
        ];
        if let Some(listener) = plain {
            others.push(tokio::spawn(listen::plain(listener, node.clone(), stop.clone())));
        }
        if let Some((listener, settings)) = decide {
            others.push(tokio::spawn(listen::decide(listener, node.clone(), settings, stop.clone())));
        }
        announce(&config, &first_start);
        listen::public(public, node.clone(), certificates, &listen, stop).await;
        if tokio::time::timeout(config.listen.drain, node.gateway.drain()).await.is_err() {
            tracing::warn!("some requests were still under way and were cut");
        }
        let ended = async { while loops.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_WORDS, ended).await.is_err() {
            tracing::warn!("a background loop did not end in time and was cut");
        }
        others.iter().for_each(tokio::task::JoinHandle::abort);
        let _ = std::fs::remove_file(&config.listen.socket);
        node.store.engine().close().await;
        if let Some(exporter) = exporter {
            // It waits for calls that need the runtime, so it must not hold one of the runtime's own threads.
            let _ = tokio::task::spawn_blocking(|| exporter.finish()).await;
        }
        tracing::info!("stopped");
        Ok(())
    }
}

async fn listen_at(key: &str, address: std::net::SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| format!("{key} ({address}): {error}"))
}

/// What the operator should see at every start. The one-time link goes to standard output and never into
/// the log.
fn announce(config: &Config, first_start: &FirstStart) {
    if config.development {
        tracing::warn!("DEVELOPMENT: plain HTTP on loopback is allowed. Never set this in production.");
    }
    tracing::info!("listening at {}; console at {}", config.listen.public, config.hosts.console);
    if config.tls.is_none() && config.hosts.https {
        tracing::warn!(
            "{} answers plain HTTP only: something in front must end TLS before {} can be opened. To try Partywall out on this machine, set development = true.",
            config.listen.public,
            config.hosts.id.origin()
        );
    }
    let words = match first_start {
        FirstStart::Operated => return,
        FirstStart::LinkIsOut { until } => format!(
            "There is no operator yet. The link that was printed works until {until}; `partywall bootstrap` makes another.\n"
        ),
        FirstStart::LinkMade(invitation) => format!(
            "There is no operator yet. Whoever opens this link first and brings an identity provider becomes one:\n  {}\n\
             It works once, until {}.\n",
            bootstrap_link(config.hosts.id.origin(), invitation.secret.reveal()),
            invitation.ends
        ),
    };
    // A node runs on where nobody reads what it says.
    let _ = std::io::stdout().write_all(words.as_bytes());
}

/// The address that makes its holder the first operator.
pub(super) fn bootstrap_link(id_origin: &str, secret: &str) -> String {
    format!("{id_origin}/bootstrap?code={secret}")
}
