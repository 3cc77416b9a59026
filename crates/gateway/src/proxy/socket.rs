//! WebSockets: once both sides have switched, bytes are copied both ways until one side ends, nothing
//! moves for too long, the permit is not given again, or the node stops.

use crate::{deployment::Lease, flight::Flight, traffic::Traffic, vigil::Watch};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use std::{future::poll_fn, io, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split},
    time::Instant,
};

const BUFFER: usize = 16 * 1024;

/// Two sides that are about to be joined, with everything that must last as long as they are.
pub(crate) struct Socket {
    pub(crate) client: OnUpgrade,
    pub(crate) upstream: OnUpgrade,
    pub(crate) lease: Lease,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) watch: Watch,
    pub(crate) flight: Flight,
}

/// Joins the two sides, in a task of their own.
pub(crate) fn join(socket: Socket) {
    tokio::spawn(async move {
        let Socket { client, upstream, lease, traffic, mut watch, flight } = socket;
        let (Ok(client), Ok(upstream)) = tokio::join!(client, upstream) else { return };
        carry(TokioIo::new(client), TokioIo::new(upstream), &traffic, &mut watch, &flight).await;
        // Held until here: it counts against what may be open at the upstream.
        drop(lease);
    });
}

/// Carries bytes both ways until one of those things happens.
pub(crate) async fn carry(
    client: impl AsyncRead + AsyncWrite,
    upstream: impl AsyncRead + AsyncWrite,
    traffic: &Traffic,
    watch: &mut Watch,
    flight: &Flight,
) {
    let (mut client_in, mut client_out) = split(client);
    let (mut upstream_in, mut upstream_out) = split(upstream);
    let last = Mutex::new(Instant::now());
    let inward = pump(&mut client_in, &mut upstream_out, &last, |bytes| traffic.count_in(bytes));
    let outward = pump(&mut upstream_in, &mut client_out, &last, |bytes| traffic.count_out(bytes));
    let over = poll_fn(|cx| {
        watch.moved(*last.lock());
        watch.poll_over(Instant::now(), cx)
    });
    tokio::select! {
        // A side that has ended is told to the other, which may still have something to say.
        _ = async { tokio::join!(inward, outward) } => {}
        _ = over => {}
        () = flight.node_stops() => {}
    }
}

async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    last: &Mutex<Instant>,
    count: impl Fn(usize),
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        match from.read(&mut buffer).await {
            Ok(0) => return to.shutdown().await,
            Ok(bytes) => {
                to.write_all(&buffer[..bytes]).await?;
                count(bytes);
                *last.lock() = Instant::now();
            }
            Err(error) => {
                // The other side learns that nothing more will come.
                let _ = to.shutdown().await;
                return Err(error);
            }
        }
    }
}
