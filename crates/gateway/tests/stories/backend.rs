//! Backends: one that says what it got, and some that misbehave.

use bytes::Bytes;
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::{
    convert::Infallible,
    future::Future,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

pub(crate) type Body = BoxBody<Bytes, Infallible>;

/// A running backend.
pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    hits: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
}

impl Backend {
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests reached it.
    pub(crate) fn hits(&self) -> usize {
        self.hits.load(SeqCst)
    }

    /// How many connections were made to it.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }

    /// Answers with what it got: method, target, headers as pairs, body.
    pub(crate) async fn echo() -> Self {
        Self::answering(|request| async { echo(request).await }).await
    }

    /// Answers with what it got, and with these headers besides.
    pub(crate) async fn adding(fields: &'static [(&'static str, &'static str)]) -> Self {
        Self::answering(move |request| async move {
            let mut response = echo(request).await;
            for (name, value) in fields {
                response.headers_mut().append(*name, value.parse().unwrap());
            }
            response
        })
        .await
    }

    /// Answers at `/slow` when it is told to, and elsewhere at once.
    pub(crate) async fn slow() -> (Self, Arc<Notify>) {
        let release = Arc::new(Notify::new());
        let waiting = release.clone();
        let backend = Self::answering(move |request| {
            let waiting = waiting.clone();
            async move {
                if request.uri().path() == "/slow" {
                    waiting.notified().await;
                }
                echo(request).await
            }
        });
        (backend.await, release)
    }

    pub(crate) async fn answering<F, A>(answer: F) -> Self
    where
        F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Response<Body>> + Send + 'static,
    {
        let hits = Arc::new(AtomicUsize::new(0));
        let seen = hits.clone();
        let mut backend = Self::raw(move |stream| {
            let (answer, seen) = (answer.clone(), seen.clone());
            async move {
                let service = service_fn(move |request| {
                    seen.fetch_add(1, SeqCst);
                    let answer = answer(request);
                    async move { Ok::<_, Infallible>(answer.await) }
                });
                let server = hyper::server::conn::http1::Builder::new();
                let _ = server.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
            }
        })
        .await;
        backend.hits = hits;
        backend
    }

    /// Does what it likes with each connection.
    pub(crate) async fn raw<F, A>(serve: F) -> Self
    where
        F: Fn(TcpStream) -> A + Send + Sync + 'static,
        A: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                count.fetch_add(1, SeqCst);
                tokio::spawn(serve(stream));
            }
        });
        Backend { address, hits: Arc::default(), connections }
    }

    /// Reads a head and answers with these bytes, whatever they are, then closes.
    pub(crate) async fn saying(bytes: &'static [u8]) -> Self {
        Self::raw(move |mut stream| async move {
            read_head(&mut stream).await;
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
        })
        .await
    }
}

/// Reads up to the end of a head.
pub(crate) async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

pub(crate) async fn echo(request: Request<Incoming>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let headers: Vec<_> =
        parts.headers.iter().map(|(name, value)| json!([name.as_str(), value.to_str().unwrap()])).collect();
    let collected = body.collect().await;
    let body = collected.map(|body| body.to_bytes()).unwrap_or_default();
    let said: Value = json!({
        "method": parts.method.as_str(),
        "target": parts.uri.to_string(),
        "headers": headers,
        "body": String::from_utf8_lossy(&body),
    });
    Response::new(full(said.to_string()))
}

pub(crate) fn full(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).boxed()
}
