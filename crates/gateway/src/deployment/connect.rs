//! Making a connection to an upstream.

use super::{
    Connections, UpstreamOrigin,
    line::{Handover, Line},
    sender::Sender,
};
use crate::{
    limits::{self, UPSTREAM_BUFFER},
    pieces::Pieces,
};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::{
    future::{Future, poll_fn},
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::pin,
    sync::Arc,
    task::Poll,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream, rustls::pki_types::ServerName};

/// A fresh connection, ready for a request.
pub(super) async fn connect(
    origin: &UpstreamOrigin,
    connections: &Connections,
    line: &Line,
) -> io::Result<Sender> {
    let stream = dial(&origin.host, origin.port).await?;
    stream.set_nodelay(true)?;
    if origin.h2 {
        return speak_h2(stream, line).await;
    }
    if !origin.tls {
        return speak(stream, line).await;
    }
    speak(secure(origin, connections, stream).await?, line).await
}

/// A connection on which nothing was said yet.
pub(super) trait Transport: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Transport for S {}

/// The same for a question of our own, which waits for nobody's room.
pub(super) async fn transport(
    origin: &UpstreamOrigin,
    connections: &Connections,
) -> io::Result<Box<dyn Transport>> {
    let stream = dial(&origin.host, origin.port).await?;
    if !origin.tls {
        return Ok(Box::new(stream));
    }
    Ok(Box::new(secure(origin, connections, stream).await?))
}

async fn secure(
    origin: &UpstreamOrigin,
    connections: &Connections,
    stream: TcpStream,
) -> io::Result<TlsStream<TcpStream>> {
    let tls =
        connections.tls.clone().ok_or_else(|| io::Error::other("no trust is set up for https upstreams"))?;
    let name = ServerName::try_from(origin.host.to_string()).map_err(io::Error::other)?;
    TlsConnector::from(tls).connect(name, stream).await
}

/// A connection on which the upstream's own protocol is spoken by somebody else.
pub(crate) async fn bare(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = dial(host, port).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn dial(host: &str, port: u16) -> io::Result<TcpStream> {
    if host == "localhost" || host.ends_with(".localhost") {
        // Names that never leave the machine (RFC 6761 section 6.3); many resolvers do not know the longer ones.
        let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        return TcpStream::connect(loopback.map(|address| SocketAddr::new(address, port)).as_slice()).await;
    }
    TcpStream::connect((host, port)).await
}

/// HTTP/2 with prior knowledge (RFC 9113, section 3.3).
async fn speak_h2(stream: TcpStream, line: &Line) -> io::Result<Sender> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(limits::STREAM_WINDOW)
        .initial_connection_window_size(limits::CONNECTION_WINDOW)
        .max_send_buf_size(limits::STREAM_SEND_BUFFER)
        .max_header_list_size(UPSTREAM_BUFFER as u32);
    let (sender, connection) =
        builder.handshake(TokioIo::new(Pieces(stream))).await.map_err(io::Error::other)?;
    let driven = tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to an upstream ended: {error}");
        }
    });
    line.is_driven_by(driven.abort_handle());
    Ok(Sender::Http2(sender))
}

async fn speak<S>(stream: S, line: &Line) -> io::Result<Sender>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = http1::Builder::new();
    builder.max_buf_size(UPSTREAM_BUFFER);
    let (sender, connection) =
        builder.handshake(TokioIo::new(Pieces(stream))).await.map_err(io::Error::other)?;
    let handover = line.handover.clone();
    let driven = tokio::spawn(async move {
        // Whoever waits for the answer is told by its sender; an idle connection may end as it likes.
        if let Err(error) = drive(connection.with_upgrades(), handover).await {
            tracing::debug!(%error, "a connection to an upstream ended: {error}");
        }
    });
    line.is_driven_by(driven.abort_handle());
    Ok(Sender::Http1(sender))
}

/// Drives a connection, so that requests that are ready at the same time are sent one right after the other.
///
/// Whoever hands a request over has this task run at once, before anybody else's request is looked at. Each request
/// would then find the backend asleep again, and waking it costs more than sending does (docs/performance.md). So a
/// connection that was just handed a request lets those have their turn who are ready now.
async fn drive<C: Future>(connection: C, handover: Arc<Handover>) -> C::Output {
    let mut connection = pin!(connection);
    poll_fn(|cx| {
        if handover.is_taken() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        connection.as_mut().poll(cx)
    })
    .await
}
