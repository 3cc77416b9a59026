//! Surveys, standing behind the gateway.

use std::net::SocketAddr;
use std::path::Path;

use partywall_reader::{KeySource, Reader, ReaderConfig};
use surveys::{App, Shelf, router};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What a deployment's backend must know to believe its gateway.
#[derive(Clone, Debug)]
pub struct Trust {
    /// The deployment's id.
    pub audience: String,
    /// Who signs contexts: the public address of `id.`.
    pub issuer: String,
    /// The deployment's proof secret.
    pub proof_secret: String,
}

/// A running Surveys. Dropping it stops it.
pub struct Backend(JoinHandle<()>);

/// Surveys could not be started.
pub type BackendError = Box<dyn std::error::Error + Send + Sync>;

impl Backend {
    /// Starts Surveys with its books in this folder.
    pub async fn start(
        listen: SocketAddr,
        trust: Trust,
        folder: &Path,
        console: String,
    ) -> Result<Self, BackendError> {
        let keys = KeySource::plain_http(format!("{}/.well-known/jwks.json", trust.issuer));
        let reader = Reader::new(ReaderConfig::new(trust.audience, trust.issuer, keys, trust.proof_secret))?;
        let app = App::new(reader, Shelf::open(folder)?, Some(console));
        let listener = TcpListener::bind(listen).await?;
        Ok(Self(tokio::spawn(async move {
            // Serving ends only when the task is stopped.
            let _ = axum::serve(listener, router(app)).await;
        })))
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.0.abort();
    }
}
