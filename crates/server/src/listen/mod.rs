//! Listeners. One accept loop serves everybody and looks at the host: the platform's own hosts and the
//! reserved prefix go to the site, everything else to the gateway. A second listener, on loopback, tells
//! metrics and health; one more, for other proxies, says whether a request may pass; one for plain HTTP beside
//! TLS leads to https; a socket of mode 0600 serves the command line.

mod accept;
mod body;
mod client_certificate;
mod crowd;
mod decide;
mod dispatch;
mod pair;
mod patience;
mod plain;
mod private;
mod proxied;
mod public;
mod questions;
mod rest;
mod sni;
mod socket;
mod tls;

pub use decide::decide;
pub use pair::{judge, proof, read_pair};
pub use plain::plain;
pub use private::private;
pub use public::public;
pub use sni::{Question, Shown, TenantCertificates};
pub use socket::{bind as bind_socket, socket};
pub use tls::Certificates;

use std::{future::Future, time::Duration};
use tokio::sync::watch;

/// Tells every part of a node that it is time to stop.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// The one that says so, and the one that hears it.
    pub fn pair() -> (watch::Sender<bool>, Stop) {
        let (say, hear) = watch::channel(false);
        (say, Stop(hear))
    }

    /// Waits until it is time to stop.
    pub async fn wait(&mut self) {
        // An error means that whoever could say so is gone: then it is time as well.
        let _ = self.0.wait_for(|stop| *stop).await;
    }

    /// Whether it is time to stop.
    pub fn is_time(&self) -> bool {
        *self.0.borrow()
    }

    /// Runs `work` over and over with a pause in between, until it is time to stop.
    pub async fn every<F: Future<Output = ()>>(mut self, pause: Duration, mut work: impl FnMut() -> F) {
        while !self.is_time() {
            work().await;
            self.rest(pause).await;
        }
    }

    /// Waits for so long, or until it is time to stop.
    pub async fn rest(&mut self, pause: Duration) {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.wait() => {}
        }
    }
}
