//! Somebody who collects traces, by OTLP over HTTP; or only seems to.

use axum::{Router, extract::State, routing::post};
use serde_json::{Map, Value};
use std::sync::{Arc, Mutex};

/// A running receiver. Dropping it stops it.
pub(crate) struct Receiver {
    /// Where it collects.
    pub(crate) endpoint: String,
    desk: Arc<Desk>,
    serving: tokio::task::JoinHandle<()>,
}

/// A span, with what was noted about it.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) name: String,
    /// Names and values, in order.
    pub(crate) notes: Vec<(String, String)>,
}

impl Span {
    /// What was noted under this name; none if nothing, or more than one thing.
    pub(crate) fn note(&self, name: &str) -> Option<&str> {
        let mut found = self.notes.iter().filter(|(key, _)| key == name);
        found.next().filter(|_| found.next().is_none()).map(|(_, value)| value.as_str())
    }
}

/// What came, and whether anybody is told so.
struct Desk {
    got: Mutex<Vec<String>>,
    hangs: bool,
}

impl Receiver {
    /// One that takes what comes.
    pub(crate) async fn start() -> Self {
        Self::with(false).await
    }

    /// One that takes what comes and never says a word.
    pub(crate) async fn hanging() -> Self {
        Self::with(true).await
    }

    async fn with(hangs: bool) -> Self {
        let desk = Arc::new(Desk { got: Mutex::default(), hangs });
        let router = Router::new().route("/v1/traces", post(collect)).with_state(desk.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has ports");
        let endpoint = format!("http://{}/v1/traces", listener.local_addr().expect("it is bound"));
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves until it is stopped");
        });
        Receiver { endpoint, desk, serving }
    }

    /// Everything that came, as it was written.
    pub(crate) fn text(&self) -> String {
        self.desk.got.lock().expect("nobody panics here").join("\n")
    }

    /// The spans that came.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let got = self.desk.got.lock().expect("nobody panics here");
        got.iter().flat_map(|text| spans(&serde_json::from_str(text).expect("OTLP in JSON"))).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn collect(State(desk): State<Arc<Desk>>, body: String) -> axum::Json<Value> {
    desk.got.lock().expect("nobody panics here").push(body);
    if desk.hangs {
        std::future::pending::<()>().await;
    }
    axum::Json(Value::Object(Map::new()))
}

/// The spans of one delivery (OTLP 1.5, `ExportTraceServiceRequest`).
fn spans(delivery: &Value) -> Vec<Span> {
    let of_resources = items(&delivery["resourceSpans"]);
    let of_scopes = of_resources.flat_map(|resource| items(&resource["scopeSpans"]));
    of_scopes.flat_map(|scope| items(&scope["spans"])).map(span).collect()
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn span(span: &Value) -> Span {
    let note = |note: &Value| {
        let value = note["value"].as_object().and_then(|value| value.values().next()).cloned();
        let value = value.unwrap_or_default();
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (note["key"].as_str().unwrap_or_default().to_owned(), text)
    };
    Span {
        name: span["name"].as_str().unwrap_or_default().to_owned(),
        notes: items(&span["attributes"]).map(note).collect(),
    }
}
