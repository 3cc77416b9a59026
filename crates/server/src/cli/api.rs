//! Speaks to a running node's API: over its socket, or by HTTP(S) with an operator token.

use crate::config::Config;
use bytes::Bytes;
use domain::Secret;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::net::UnixStream;
use web::ASSUME_REASON;

/// The way to the API.
pub(super) struct Api {
    way: Way,
    json: bool,
    reason: Option<String>,
}

#[derive(Clone)]
enum Way {
    Socket(PathBuf),
    Http { outbound: outbound::Outbound, origin: String, token: Secret<String> },
}

const MOST: usize = 64 << 20;
const JSON: &str = "application/json";
const PATIENCE: Duration = Duration::from_secs(60);

impl Api {
    pub(super) fn new(config: &Config, url: Option<&str>, json: bool) -> Result<Self, String> {
        let way = match url {
            None => Way::Socket(config.listen.socket.clone()),
            Some(url) => {
                let token = token().ok_or("--api needs an operator token in PARTYWALL_TOKEN; make one with `partywall token create`")?;
                let policy = outbound::Policy {
                    development: config.development,
                    allow: config.outbound.allow.clone(),
                    extra_roots: config.outbound.extra_roots.clone(),
                    most_bytes: MOST,
                    deadline: PATIENCE,
                    ..outbound::Policy::default()
                };
                let outbound = outbound::Outbound::new(policy, domain::Clock::System)
                    .map_err(|error| error.to_string())?;
                Way::Http {
                    outbound,
                    origin: url.trim_end_matches('/').to_owned(),
                    token: Secret::new(token),
                }
            }
        };
        Ok(Api { way, json, reason: None })
    }

    /// Whether answers are printed as JSON.
    pub(super) fn json(&self) -> bool {
        self.json
    }

    /// The same way into a tenant, for a reason that the tenant can read.
    pub(super) fn inside(&self, reason: &str) -> Api {
        Api { way: self.way.clone(), json: self.json, reason: Some(reason.to_owned()) }
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, String> {
        self.call(Method::GET, path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Result<Value, String> {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(super) async fn put(&self, path: &str, body: Value) -> Result<Value, String> {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub(super) async fn patch(&self, path: &str, body: Value) -> Result<Value, String> {
        self.call(Method::PATCH, path, Some(body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<Value, String> {
        self.call(Method::DELETE, path, None).await
    }

    /// An answer as it came, for what is written into a file.
    pub(super) async fn take(&self, path: &str) -> Result<Bytes, String> {
        let (status, bytes) = self.exchange(Method::GET, path, None).await?;
        if status.is_success() { Ok(bytes) } else { Err(words(status, &parsed(&bytes))) }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, String> {
        let (status, bytes) = self.exchange(method, path, body).await?;
        let value = parsed(&bytes);
        if status.is_success() { Ok(value) } else { Err(words(status, &value)) }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(StatusCode, Bytes), String> {
        match &self.way {
            Way::Socket(socket) => over_socket(socket, self.request(method, path, body)?).await,
            Way::Http { outbound, origin, token } => {
                let (parts, body) = self.request(method, &format!("{origin}{path}"), body)?.into_parts();
                let url = outbound.admit(&parts.uri.to_string()).map_err(|error| error.to_string())?;
                let bearer = format!("Bearer {}", token.reveal());
                let bearer = bearer.parse().map_err(|_| "PARTYWALL_TOKEN holds what cannot be a token")?;
                let mut call = outbound::Call::new(parts.method, url).header(header::AUTHORIZATION, bearer);
                if let Some(reason) = parts.headers.get(ASSUME_REASON) {
                    call = call.header(HeaderName::from_static(ASSUME_REASON), reason.clone());
                }
                if !body.is_empty() {
                    call = call.body(HeaderValue::from_static(JSON), body);
                }
                let answer = outbound.send(call).await.map_err(|error| error.to_string())?;
                Ok((answer.status, answer.body))
            }
        }
    }

    fn request(&self, method: Method, uri: &str, body: Option<Value>) -> Result<Request<Bytes>, String> {
        let mut request = Request::builder().method(method).uri(uri);
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, JSON);
        }
        if let Some(reason) = &self.reason {
            request = request.header(ASSUME_REASON, reason);
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        request.body(Bytes::from(body)).map_err(|_| "a reason is one line of plain text".to_owned())
    }
}

fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or(Value::Null)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a token is no setting: it must not stand in a file of settings"
)]
fn token() -> Option<String> {
    std::env::var("PARTYWALL_TOKEN").ok()
}

async fn over_socket(socket: &Path, mut request: Request<Bytes>) -> Result<(StatusCode, Bytes), String> {
    let stream = UnixStream::connect(socket).await.map_err(|error| {
        format!(
            "no node answers at {}: {error}; start one with `partywall serve`, or name its data directory with --set data=…",
            socket.display()
        )
    })?;
    request.headers_mut().insert(header::HOST, HeaderValue::from_static("partywall.sock"));
    let exchange = async {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let answer = sender.send_request(request.map(Full::new)).await?;
        let status = answer.status();
        let bytes = Limited::new(answer.into_body(), MOST).collect().await;
        Ok::<_, hyper::Error>((status, bytes.map(http_body_util::Collected::to_bytes).unwrap_or_default()))
    };
    tokio::time::timeout(PATIENCE, exchange)
        .await
        .map_err(|_| "the node did not answer within a minute".to_owned())?
        .map_err(|error| format!("the node broke off: {error}"))
}

/// A problem in words: what is the matter, and what may be done.
fn words(status: StatusCode, problem: &Value) -> String {
    let text = |name: &str| problem.get(name).and_then(Value::as_str);
    let mut words = text("title").map_or_else(|| format!("the node answered {status}"), str::to_owned);
    if let Some(detail) = text("detail") {
        words.push_str(&format!("\n  {detail}"));
    }
    for error in problem.get("errors").and_then(Value::as_array).into_iter().flatten() {
        let part = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        words.push_str(&format!("\n  {}: {}", part("pointer"), part("detail")));
    }
    if let Some(code) = text("code") {
        words.push_str(&format!("\n  ({code})"));
    }
    words
}

/// A text for a path or query, percent-encoded.
pub(super) fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}
