//! Starts Surveys: `surveys --help` says with what.

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use partywall_reader::{KeySource, Reader, ReaderConfig};
use surveys::{App, Shelf, router};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// A small SaaS that stands behind Partywall.
#[derive(Parser)]
struct Flags {
    /// Where to listen; only the gateway needs to reach it.
    #[arg(long, default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
    /// The public URL of the id. host, which issues the contexts.
    #[arg(long)]
    issuer: String,
    /// Where the key set is: plain http, reached over a private network.
    #[arg(long)]
    keys_url: String,
    /// This deployment's id, dep_….
    #[arg(long)]
    audience: String,
    /// This deployment's proof secret. Others on this machine can see it among the processes; prefer the file.
    #[arg(long, conflicts_with = "proof_secret_file", required_unless_present = "proof_secret_file")]
    proof_secret: Option<String>,
    /// A file that holds the proof secret.
    #[arg(long)]
    proof_secret_file: Option<PathBuf>,
    /// The folder to keep surveys in.
    #[arg(long, default_value = "surveys-data")]
    data: PathBuf,
    /// The public URL of the console, to link to.
    #[arg(long)]
    console: Option<String>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let flags = Flags::parse();
    let secret = match (flags.proof_secret, flags.proof_secret_file) {
        (Some(secret), _) => secret,
        (None, Some(file)) => std::fs::read_to_string(&file)?.trim().to_owned(),
        (None, None) => return Err("give --proof-secret-file".into()),
    };
    let keys = KeySource::plain_http(flags.keys_url);
    let reader = Reader::new(ReaderConfig::new(flags.audience, flags.issuer, keys, secret))?;
    let app = App::new(reader, Shelf::open(flags.data)?, flags.console);
    let listener = TcpListener::bind(flags.listen).await?;
    println!("surveys: listening on http://{}", listener.local_addr()?);

    let mut stop = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (stopping, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = axum::serve(listener, router(app)).with_graceful_shutdown(async move {
        tokio::select! {
            _ = stop.recv() => {}
            _ = interrupt.recv() => {}
        }
        // Receiving ends when this side is dropped as well, so there is nothing to do if nobody listens.
        let _ = stopping.send(());
    });
    tokio::select! {
        served = serving => served?,
        () = a_little_after(stopped) => {}
    }
    Ok(())
}

/// Streams live for a minute; nobody waits that long for a program to stop.
async fn a_little_after(stopped: tokio::sync::oneshot::Receiver<()>) {
    match stopped.await {
        Ok(()) => tokio::time::sleep(Duration::from_secs(3)).await,
        Err(_) => std::future::pending().await,
    }
}
