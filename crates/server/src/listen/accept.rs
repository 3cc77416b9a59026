//! Serves one connection, HTTP/1.1 or HTTP/2, within the bounds that every connection has.

use super::{
    Stop,
    body::Reply,
    patience::Patient,
    rest::{AtWork, Held, Work},
};
use gateway::{Tether, limits};
use hyper::{Request, Response, body::Incoming, rt::Executor, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};

/// How long a client may take to end a connection after it was told to.
const GOODBYE: Duration = Duration::from_secs(10);

tokio::task_local! {
    /// What ends the stream, or on HTTP/1.1 the connection, that is being served.
    static TETHER: Tether;
}

/// Runs each stream of HTTP/2 so that it can be ended from outside: a stream whose client makes no room is not
/// asked whether it wants to go on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Streams;

impl<F> Executor<F> for Streams
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, stream: F) {
        tokio::spawn(tethered(stream));
    }
}

async fn tethered<F: Future>(work: F) -> Option<F::Output> {
    let tether = Tether::default();
    tokio::select! {
        done = TETHER.scope(tether.clone(), work) => Some(done),
        () = tether.is_cut() => None,
    }
}

/// The settings of every connection.
pub(super) fn builder() -> Builder<Streams> {
    let mut builder = Builder::new(Streams);
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HEAD_WITHIN)
        .max_buf_size(limits::SERVER_BUFFER)
        .max_headers(limits::MOST_FIELDS + 1)
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(limits::SERVER_BUFFER as u32)
        .max_concurrent_streams(limits::MOST_STREAMS)
        .initial_stream_window_size(limits::STREAM_WINDOW)
        .initial_connection_window_size(limits::CONNECTION_WINDOW)
        .max_send_buf_size(limits::STREAM_SEND_BUFFER)
        // Rapid resets (CVE-2023-44487) and their like end the connection.
        .max_pending_accept_reset_streams(20)
        .max_local_error_reset_streams(64)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}

/// Serves a connection until it ends, until nothing was asked on it for too long, or until it is time to stop and
/// what is under way is done.
pub(super) async fn serve<IO, F, A>(builder: Arc<Builder<Streams>>, io: IO, mut stop: Stop, answer: F)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(Request<Incoming>) -> A + Send + Sync + 'static,
    A: Future<Output = Response<Reply>> + Send + 'static,
{
    let (answer, work) = (Arc::new(answer), Work::new());
    let service = service_fn(|request| answered(answer.clone(), request, work.begin()));
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(Patient::new(io)), service);
    let served = tethered(async {
        tokio::pin!(connection);
        tokio::select! {
            ended = connection.as_mut() => return ended,
            () = work.rests_for(limits::RESTS_FOR) => {
                connection.as_mut().graceful_shutdown();
                return timeout(GOODBYE, connection).await.unwrap_or(Ok(()));
            }
            () = stop.wait() => connection.as_mut().graceful_shutdown(),
        }
        connection.await
    });
    if let Some(Err(error)) = served.await {
        // Clients break off all the time; what they broke off is nobody's fault.
        tracing::debug!(%error, "a connection ended early: {error}");
    }
}

/// Answers a request, which says how it is ended; whoever serves a stream is known only where its work is done.
async fn answered<F, A>(
    answer: Arc<F>,
    mut request: Request<Incoming>,
    at_work: AtWork,
) -> Result<Response<Held>, Infallible>
where
    F: Fn(Request<Incoming>) -> A,
    A: Future<Output = Response<Reply>>,
{
    if let Ok(tether) = TETHER.try_with(Clone::clone) {
        request.extensions_mut().insert(tether);
    }
    Ok(answer(request).await.map(|body| at_work.holds(body)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    #[tokio::test]
    async fn what_is_served_can_be_ended_from_outside() {
        let served = tethered(async {
            TETHER.with(Tether::cut);
            pending::<()>().await;
        });
        assert!(served.await.is_none());
        assert_eq!(tethered(async { 1 }).await, Some(1));
    }
}
