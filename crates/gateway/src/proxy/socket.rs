//! WebSockets: once both sides have switched, bytes are copied both ways until one side ends, nothing
//! moves for too long, the permit is not given again, or the node stops. Where it is we who end it, the client is told why
//! in a frame of its own, if one may stand there.

use super::frames::{Frames, goodbye};
use crate::{deployment::Lease, flight::Flight, traffic::Account, vigil::Watch};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use std::{future::poll_fn, io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split},
    sync::Notify,
    time::{Instant, timeout},
};

const BUFFER: usize = 16 * 1024;
/// How long a client may take to be told why its socket ends.
const GOODBYE: Duration = Duration::from_secs(2);

/// Two sides that are about to be joined, with everything that must last as long as they are.
pub(crate) struct Socket {
    pub(crate) client: OnUpgrade,
    pub(crate) upstream: OnUpgrade,
    pub(crate) lease: Lease,
    pub(crate) account: Account,
    pub(crate) watch: Watch,
    pub(crate) flight: Flight,
    /// Rings when it should be asked at once whether it may go on.
    pub(crate) bell: Arc<Notify>,
}

/// What is carried: frames, between which there is room for one of ours, or anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carried {
    Frames,
    Anything,
}

/// Joins the two sides, in a task of their own.
pub(crate) fn join(socket: Socket) {
    tokio::spawn(async move {
        let Socket { client, upstream, lease, account, mut watch, flight, bell } = socket;
        let (Ok(client), Ok(upstream)) = tokio::join!(client, upstream) else { return };
        let sides = (TokioIo::new(client), TokioIo::new(upstream));
        carry(sides, Carried::Frames, &account, (&mut watch, &bell), &flight).await;
        // Held until here: it counts against what may be open at the upstream.
        drop(lease);
    });
}

/// What has passed to the client.
#[derive(Default)]
struct Passed {
    frames: Frames,
    /// Whether more is being written, of which nobody knows how much has gone.
    writing: bool,
}

/// Carries bytes both ways until one of those things happens.
pub(crate) async fn carry(
    (client, upstream): (impl AsyncRead + AsyncWrite, impl AsyncRead + AsyncWrite),
    carried: Carried,
    account: &Account,
    (watch, bell): (&mut Watch, &Notify),
    flight: &Flight,
) {
    let (mut client_in, mut client_out) = split(client);
    let (mut upstream_in, mut upstream_out) = split(upstream);
    let last = Mutex::new(Instant::now());
    let passed = Mutex::new(Passed::default());
    let code = {
        let inward = pump(&mut client_in, &mut upstream_out, &last, |step| {
            if let Step::Written(bytes) = step {
                account.count_in(bytes.len());
            }
        });
        let outward = pump(&mut upstream_in, &mut client_out, &last, |step| {
            let mut passed = passed.lock();
            passed.writing = matches!(step, Step::Writing);
            if let Step::Written(bytes) = step {
                account.count_out(bytes.len());
                passed.frames.pass(bytes);
            }
        });
        tokio::select! {
            // A side that has ended is told to the other, which may still have something to say.
            _ = async { tokio::join!(inward, outward) } => None,
            code = ends(watch, bell, &last) => Some(code),
            () = flight.node_stops() => Some(GOING_AWAY),
        }
    };
    let passed = passed.into_inner();
    if let Some(code) =
        code.filter(|_| carried == Carried::Frames && !passed.writing && passed.frames.is_between())
    {
        let told = async {
            client_out.write_all(&goodbye(code)).await?;
            client_out.shutdown().await
        };
        // Whoever does not take it is cut off like anybody.
        let _ = timeout(GOODBYE, told).await;
    }
}

/// The server is going down, or nothing was said for too long (RFC 6455 section 7.4.1).
const GOING_AWAY: u16 = 1_001;

/// Ready when it must end, with the code that says why.
async fn ends(watch: &mut Watch, bell: &Notify, last: &Mutex<Instant>) -> u16 {
    loop {
        let rung = bell.notified();
        let over = poll_fn(|cx| {
            watch.moved(*last.lock());
            watch.poll_over(Instant::now(), cx)
        });
        tokio::select! {
            over = over => return watch.code_of(over),
            () = rung => {}
        }
        watch.ask_now();
    }
}

/// How far a piece has come.
enum Step<'b> {
    Writing,
    Written(&'b [u8]),
}

async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    last: &Mutex<Instant>,
    step: impl Fn(Step<'_>),
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        match from.read(&mut buffer).await {
            Ok(0) => return to.shutdown().await,
            Ok(bytes) => {
                step(Step::Writing);
                to.write_all(&buffer[..bytes]).await?;
                step(Step::Written(&buffer[..bytes]));
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
