//! The way to the authority: the guarded client, in the words of the ACME library.

use bytes::Bytes;
use http::{Request, Response, header::RETRY_AFTER};
use http_body_util::{BodyExt, Full};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use outbound::{Call, Outbound};
use parking_lot::Mutex;
use std::{pin::Pin, sync::Arc, time::Duration};

/// How long one answer may take: authorities are slow when they sign.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest chain and the wordiest refusal.
const MOST_BYTES: usize = 256 * 1024;
/// Nobody is waited for longer.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

/// Asks, and remembers how long the authority wants to be left alone.
#[derive(Clone)]
pub(super) struct Guarded {
    outbound: Outbound,
    wait: Arc<Mutex<Option<Duration>>>,
}

impl Guarded {
    pub(super) fn new(outbound: &Outbound) -> Self {
        Guarded { outbound: outbound.clone(), wait: Arc::default() }
    }

    /// How long it wants to be left alone, if it said so.
    pub(super) fn asked_to_wait(&self) -> Option<Duration> {
        *self.wait.lock()
    }

    async fn ask(self, request: Request<BodyWrapper<Bytes>>) -> Result<BytesResponse, Error> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(|never| Error::Other(Box::new(never)))?.to_bytes();
        let other = |error| Error::Other(Box::new(error));
        let url = self.outbound.admit(&head.uri.to_string()).map_err(other)?;
        let mut call = Call::new(head.method, url).within(PATIENCE).at_most(MOST_BYTES);
        (call.headers, call.body) = (head.headers, body);
        let answer = self.outbound.send(call).await.map_err(other)?;
        if [429, 503].contains(&answer.status.as_u16()) {
            let said = answer.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            *self.wait.lock() = said.map(|seconds| Duration::from_secs(seconds).min(LONGEST));
        }
        let mut response = Response::new(Full::new(answer.body));
        (*response.status_mut(), *response.headers_mut()) = (answer.status, answer.headers);
        Ok(BytesResponse::from(response))
    }
}

impl HttpClient for Guarded {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        Box::pin(self.clone().ask(request))
    }
}
