//! Hearing the bell that other nodes ring.

use super::Engine;
use crate::Tools;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use std::{sync::Weak, time::Duration};
use tokio::{task::JoinHandle, time::sleep};

/// Rings this node's bell whenever another node rings, until dropped. On SQLite there is no other node.
pub(crate) struct Listening(Option<JoinHandle<()>>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

/// How long to wait before connecting again, and at most.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(15);

impl Engine {
    pub(crate) fn listen(&self, tools: Weak<Tools>) -> Listening {
        match self {
            Engine::Sqlite { .. } => Listening(None),
            Engine::Postgres { options, .. } => {
                Listening(Some(tokio::spawn(keep_listening((**options).clone(), tools))))
            }
        }
    }
}

/// While the connection is away the feed is polled, so that a lost bell delays and never loses.
async fn keep_listening(options: PgConnectOptions, tools: Weak<Tools>) {
    let mut wait = FIRST_WAIT;
    loop {
        if let Ok(mut listener) = connect(&options).await {
            wait = FIRST_WAIT;
            while listener.recv().await.is_ok() {
                let Some(tools) = tools.upgrade() else { return };
                tools.bell.notify_waiters();
            }
        }
        if tools.strong_count() == 0 {
            return;
        }
        tracing::warn!("the change feed's bell is away; polling until it is back");
        sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

async fn connect(options: &PgConnectOptions) -> Result<PgListener, sqlx::Error> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .acquire_timeout(super::Patience::default().connection)
        .connect_with(options.clone())
        .await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen("partywall").await?;
    Ok(listener)
}
