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
        tokio::spawn(Tether::hold(stream));
    }
}

/// The settings of every connection.
pub(super) fn builder() -> Builder<Streams> {
    let mut builder = Builder::new(Streams);
    builder
        .http1()
        .timer(TokioTimer::new())
        // Its deadline runs while a connection rests; `Patient` has one that does not.
        .header_read_timeout(None)
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

/// Serves a connection until it ends, until nothing was asked on it for too long, or until it is time to stop, or a
/// tenant has no room for it, and what is under way is done.
pub(super) async fn serve<IO, F, A>(
    builder: Arc<Builder<Streams>>,
    io: IO,
    (mut stop, own): (Stop, Arc<gateway::Connection>),
    answer: F,
) where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(Request<Incoming>) -> A + Send + Sync + 'static,
    A: Future<Output = Response<Reply>> + Send + 'static,
{
    let (answer, work) = (Arc::new(answer), Work::new());
    let io = Patient::new(io, work.clone());
    let service = service_fn(|request| answered(answer.clone(), request, work.begin()));
    // In a box: each layer around it would else hold room for it more than once, for as long as the connection rests.
    let mut connection = Box::pin(builder.serve_connection_with_upgrades(TokioIo::new(io), service));
    let served = Tether::hold(async {
        tokio::select! {
            ended = connection.as_mut() => return ended,
            () = work.rests_for(limits::RESTS_FOR) => {
                connection.as_mut().graceful_shutdown();
                return timeout(GOODBYE, connection).await.unwrap_or(Ok(()));
            }
            () = own.turned_away() => connection.as_mut().graceful_shutdown(),
            () = stop.wait() => connection.as_mut().graceful_shutdown(),
        }
        connection.await
    });
    if let Some(Err(error)) = served.await {
        // Clients break off all the time; what they broke off is nobody's fault.
        tracing::debug!(%error, "a connection ended early: {error}");
    }
}

/// Answers a request, which is at work until its answer was sent.
async fn answered<F, A>(
    answer: Arc<F>,
    request: Request<Incoming>,
    at_work: AtWork,
) -> Result<Response<Held>, Infallible>
where
    F: Fn(Request<Incoming>) -> A,
    A: Future<Output = Response<Reply>>,
{
    Ok(answer(request).await.map(|body| at_work.holds(body)))
}
