//! Asking once, to look at the answer; the load comes from wrk.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{Request, client::conn::http1, client::conn::http1::SendRequest};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

/// A connection that is kept.
pub(crate) struct Line(SendRequest<Empty<Bytes>>);

/// What is asked.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ask<'a> {
    pub(crate) host: &'a str,
    pub(crate) path: &'a str,
    pub(crate) cookie: Option<&'a str>,
    pub(crate) key: Option<&'a str>,
    pub(crate) token: Option<&'a str>,
    /// Pretends to be the proxy.
    pub(crate) forged_tenant: Option<&'a str>,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Line {
    /// Connects.
    pub(crate) async fn open(at: SocketAddr) -> Result<Self, String> {
        Self::over(TcpStream::connect(at).await.map_err(|error| format!("{at}: {error}"))?).await
    }

    /// Over a connection that was made.
    pub(crate) async fn over(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> Result<Self, String> {
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        tokio::spawn(async move {
            // The one who asks is told by the sender.
            let _ = connection.await;
        });
        Ok(Line(sender))
    }

    /// Asks and reads the whole answer.
    pub(crate) async fn ask(&mut self, ask: Ask<'_>) -> Result<Answer, String> {
        let words = |error: hyper::Error| format!("{}{}: {error}", ask.host, ask.path);
        let mut request =
            Request::get(ask.path).header("host", ask.host).header("accept", "application/json");
        if let Some(cookie) = ask.cookie {
            request = request.header("cookie", cookie);
        }
        if let Some(key) = ask.key {
            request = request.header("x-api-key", key);
        }
        if let Some(token) = ask.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(tenant) = ask.forged_tenant {
            request = request.header("partywall-tenant", tenant);
        }
        let request = request.body(Empty::new()).map_err(|error| error.to_string())?;
        self.0.ready().await.map_err(words)?;
        let response = self.0.send_request(request).await.map_err(words)?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.map_err(words)?.to_bytes();
        Ok(Answer { status, text: String::from_utf8_lossy(&body).into_owned() })
    }
}

impl Answer {
    /// The value of a header field that the upstream says it was sent; none if it was not sent, or twice.
    pub(crate) fn seen(&self, name: &str) -> Option<&str> {
        let mut values = self.text.lines().filter_map(|line| {
            let (field, value) = line.split_once(": ")?;
            field.eq_ignore_ascii_case(name).then_some(value)
        });
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }
}
