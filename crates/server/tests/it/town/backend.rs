//! A backend that says what it was sent, and counts. Some paths make it behave otherwise: see [`Backend`].

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, Uri, header::SET_COOKIE},
    response::{AppendHeaders, IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use serde_json::{Map, Value, json};
use std::{
    collections::HashSet,
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::Semaphore;

/// A running backend. Dropping it stops it. `/set-cookie` sets the cookie in its query; below `/slow` an answer
/// takes its time and comes in pieces, below `/piece` it comes at once and in one; below `/hold` it waits until it
/// is let go, and then comes in pieces.
pub(crate) struct Backend {
    /// Its origin.
    pub(crate) origin: String,
    seen: Arc<Seen>,
    serving: tokio::task::JoinHandle<()>,
}

struct Seen {
    paths: Mutex<(u64, HashSet<String>)>,
    held: Semaphore,
}

/// How long an answer in pieces is.
pub(crate) const WHOLE: usize = PIECES * PIECE.len();
const PIECES: usize = 8;
const PIECE: [u8; 4_096] = [b'x'; 4_096];

impl Backend {
    /// Starts one on a free port.
    pub(crate) async fn start() -> Self {
        let seen = Arc::new(Seen { paths: Mutex::default(), held: Semaphore::new(0) });
        let router = Router::new().fallback(answer).with_state(seen.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has ports");
        let origin = format!("http://{}", listener.local_addr().expect("it is bound"));
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves until it is stopped");
        });
        Backend { origin, seen, serving }
    }

    /// How often it was asked.
    pub(crate) fn hits(&self) -> u64 {
        self.seen.paths.lock().expect("nobody panics here").0
    }

    /// Whether it was ever asked for this path.
    pub(crate) fn saw(&self, path: &str) -> bool {
        self.seen.paths.lock().expect("nobody panics here").1.contains(path)
    }

    /// Lets those go that wait below `/hold`.
    pub(crate) fn let_go(&self) {
        self.seen.held.close();
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(
    State(seen): State<Arc<Seen>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    {
        let mut paths = seen.paths.lock().expect("nobody panics here");
        paths.0 += 1;
        paths.1.insert(uri.path().to_owned());
    }
    if uri.path().starts_with("/slow") {
        tokio::time::sleep(Duration::from_millis(60)).await;
        return in_pieces();
    }
    if uri.path().starts_with("/piece") {
        return Bytes::from_static(&[b'x'; WHOLE]).into_response();
    }
    if uri.path().starts_with("/hold") {
        let _ = seen.held.acquire().await;
        return in_pieces();
    }
    echo(&method, &uri, &headers, &body)
}

fn in_pieces() -> Response {
    let pieces = stream::iter(0..PIECES).then(|_| async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        Ok::<_, Infallible>(Bytes::from_static(&PIECE))
    });
    Body::from_stream(pieces).into_response()
}

fn echo(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Response {
    let mut seen: Map<String, Value> = Map::new();
    for (name, value) in headers {
        let value = value.to_str().unwrap_or("(not text)");
        let before =
            seen.get(name.as_str()).and_then(Value::as_str).map(|before| format!("{before} | {value}"));
        seen.insert(name.to_string(), before.unwrap_or_else(|| value.to_owned()).into());
    }
    let body = String::from_utf8_lossy(body).into_owned();
    let said = json!({ "method": method.as_str(), "path": uri.to_string(), "headers": seen, "body": body });
    let set = uri.query().filter(|_| uri.path() == "/set-cookie");
    let cookies = set.into_iter().map(|pair| (SET_COOKIE, format!("{pair}; Path=/"))).collect::<Vec<_>>();
    (AppendHeaders(cookies), axum::Json(said)).into_response()
}
