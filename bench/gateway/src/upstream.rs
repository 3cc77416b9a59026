//! The application behind every proxy: one kibibyte for whatever is asked, or, at `/seen`, what it was sent.
//! A process of its own, so that its processor time is nobody else's.

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{convert::Infallible, fmt::Write, net::SocketAddr};
use tokio::net::TcpListener;

/// How many bytes an answer has.
pub(crate) const SIZE: usize = 1_024;

static BODY: [u8; SIZE] = [b'.'; SIZE];

/// The path at which it answers with what it was sent.
pub(crate) const SEEN: &str = "/seen";

/// Answers until somebody ends the process.
pub(crate) async fn serve(listen: SocketAddr) -> Result<(), String> {
    let listener = TcpListener::bind(listen).await.map_err(|error| format!("{listen}: {error}"))?;
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
        tokio::spawn(async move {
            // Whoever asked notices by itself when a connection breaks.
            let _ = connection.await;
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body =
        if request.uri().path().ends_with(SEEN) { seen(&request).into() } else { Bytes::from_static(&BODY) };
    Ok(Response::new(Full::new(body)))
}

/// A line for each header field.
fn seen(request: &Request<Incoming>) -> String {
    let fields = request.headers().iter();
    fields.fold(String::new(), |mut text, (name, value)| {
        let _ = writeln!(text, "{name}: {}", String::from_utf8_lossy(value.as_bytes()));
        text
    })
}
