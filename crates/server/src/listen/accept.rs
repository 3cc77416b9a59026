//! Serves one connection, HTTP/1.1 or HTTP/2, within the bounds that every connection has.

use super::{Stop, body::Reply, patience::Patient};
use gateway::limits;
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};
use tokio::io::{AsyncRead, AsyncWrite};

/// The settings of every connection.
pub(super) fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
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

/// Serves a connection until it ends, or until it is time to stop and what is under way is done.
pub(super) async fn serve<IO, F, A>(builder: Arc<Builder<TokioExecutor>>, io: IO, mut stop: Stop, answer: F)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(Request<Incoming>) -> A,
    A: Future<Output = Response<Reply>> + Send + 'static,
{
    let service = service_fn(|request| {
        let answered = answer(request);
        async move { Ok::<_, Infallible>(answered.await) }
    });
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(Patient::new(io)), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.wait() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Clients break off all the time; what they broke off is nobody's fault.
        tracing::debug!(%error, "a connection ended early: {error}");
    }
}
