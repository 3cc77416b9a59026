//! OpenTelemetry traces, sent by OTLP over HTTP through a guarded client of their own, which may call the
//! one address that the operator named.

use crate::config::Observe;
use http::HeaderValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracerProvider},
};
use outbound::{Call, Outbound, Policy};
use std::{fmt, future::Future, pin::Pin};
use tokio::runtime::Handle;
use tracing_subscriber::{Layer, Registry, filter::LevelFilter};

/// The target of spans that are for traces only.
pub(crate) const TARGET: &str = "traces";

/// Sends what is left when the node stops.
pub struct Exporter(SdkTracerProvider);

impl Exporter {
    /// Sends what is left.
    pub fn finish(self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "the last traces could not be sent: {error}");
        }
    }
}

type Boxed = Box<dyn Layer<Registry> + Send + Sync>;

/// The layer that records spans, if an endpoint is configured.
pub(super) fn layer(observe: &Observe) -> Result<Option<(Boxed, Exporter)>, String> {
    let Some(endpoint) = &observe.traces else { return Ok(None) };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Client::for_endpoint(endpoint.reveal())?)
        .with_protocol(Protocol::HttpJson)
        .with_endpoint(endpoint.reveal())
        .build()
        .map_err(|error| format!("traces.endpoint: {error}"))?;
    let kept = Sampler::TraceIdRatioBased(f64::from(observe.traces_per_thousand) / 1_000.0);
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(kept)))
        .with_resource(Resource::builder().with_service_name("partywall").build())
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("partywall"));
    Ok(Some((Box::new(layer.with_filter(LevelFilter::INFO)), Exporter(provider))))
}

/// The exporter works on a thread of its own; the calls run on the node's runtime.
struct Client {
    outbound: Outbound,
    runtime: Handle,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl Client {
    fn for_endpoint(endpoint: &str) -> Result<Self, String> {
        let url: http::Uri = endpoint.parse().map_err(|error| format!("traces.endpoint: {error}"))?;
        let authority = url
            .authority()
            .ok_or("traces.endpoint: write a whole address, such as http://127.0.0.1:4318/v1/traces")?;
        let policy = Policy {
            development: url.scheme_str() == Some("http"),
            allow: authority.as_str().parse().into_iter().collect(),
            ..Policy::default()
        };
        let outbound = Outbound::new(policy, domain::Clock::System).map_err(|error| error.to_string())?;
        Ok(Client { outbound, runtime: Handle::current() })
    }
}

impl HttpClient for Client {
    fn send_bytes<'life0, 'async_trait>(
        &'life0 self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        let outbound = self.outbound.clone();
        let sent = self.runtime.spawn(async move {
            let (parts, body) = request.into_parts();
            let url = outbound.admit(&parts.uri.to_string())?;
            let json = HeaderValue::from_static("application/json");
            outbound.send(Call::new(parts.method, url).body(json, body)).await
        });
        Box::pin(async move {
            let answer = sent.await??;
            let mut response = Response::new(answer.body);
            *response.status_mut() = answer.status;
            Ok(response)
        })
    }
}
