//! A backend that says what it was sent, and counts. Under `/set-cookie` it sets the cookie in its query.

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, Uri, header::SET_COOKIE},
    response::{AppendHeaders, IntoResponse, Response},
};
use serde_json::{Map, Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// A running backend. Dropping it stops it.
pub(crate) struct Backend {
    /// Its origin.
    pub(crate) origin: String,
    hits: Arc<AtomicU64>,
    serving: tokio::task::JoinHandle<()>,
}

impl Backend {
    /// Starts one on a free port.
    pub(crate) async fn start() -> Self {
        let hits = Arc::new(AtomicU64::new(0));
        let router = Router::new().fallback(echo).with_state(hits.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has ports");
        let origin = format!("http://{}", listener.local_addr().expect("it is bound"));
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves until it is stopped");
        });
        Backend { origin, hits, serving }
    }

    /// How often it was asked.
    pub(crate) fn hits(&self) -> u64 {
        self.hits.load(Relaxed)
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn echo(
    State(hits): State<Arc<AtomicU64>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    hits.fetch_add(1, Relaxed);
    let mut seen: Map<String, Value> = Map::new();
    for (name, value) in &headers {
        let value = value.to_str().unwrap_or("(not text)");
        let before =
            seen.get(name.as_str()).and_then(Value::as_str).map(|before| format!("{before} | {value}"));
        seen.insert(name.to_string(), before.unwrap_or_else(|| value.to_owned()).into());
    }
    let body = String::from_utf8_lossy(&body).into_owned();
    let said = json!({ "method": method.as_str(), "path": uri.to_string(), "headers": seen, "body": body });
    let set = uri.query().filter(|_| uri.path() == "/set-cookie");
    let cookies = set.into_iter().map(|pair| (SET_COOKIE, format!("{pair}; Path=/"))).collect::<Vec<_>>();
    (AppendHeaders(cookies), axum::Json(said)).into_response()
}
