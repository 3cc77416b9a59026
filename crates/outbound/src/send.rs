//! The way of a call: judge the URL, wait for a place, resolve, check, connect, encrypt, ask, read.

use crate::{
    Answer, Call, OutboundError, Policy, Resolve, SetupError, SystemResolver, TooLarge, Unreachable,
    UrlFault, bulkhead::Bulkhead, policy::Checked, resolve::this_machine, target::Target, tls,
};
use bytes::{Bytes, BytesMut};
use domain::Clock;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header};
use http_body::Body as _;
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use std::{io, net::IpAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep_until, timeout, timeout_at},
};
use tokio_rustls::TlsConnector;
use url::{Position, Url};

/// When a name gets its no, whatever the reason: longer than looking one up takes.
const NO_AFTER: Duration = Duration::from_millis(500);
/// Status line and headers of an answer, and as much again for trailers.
const MOST_HEAD: usize = 64 * 1024;
/// How many headers an answer may have.
const MOST_HEADERS: usize = 128;
/// How much of an answer lies in memory before it is counted.
const BUFFER: usize = 128 * 1024;

/// The client. Cheap to clone; all clones share the bounds.
#[derive(Clone)]
pub struct Outbound {
    inner: Arc<Inner>,
}

struct Inner {
    policy: Policy,
    resolver: Arc<dyn Resolve>,
    tls: TlsConnector,
    bulkhead: Bulkhead,
}

impl Outbound {
    /// A client that asks the system for addresses. Reads the root certificates.
    pub fn new(policy: Policy, clock: Clock) -> Result<Self, SetupError> {
        Outbound::with_resolver(policy, clock, Arc::new(SystemResolver::default()))
    }

    /// A client that asks somebody else for addresses.
    pub fn with_resolver(
        policy: Policy,
        clock: Clock,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self, SetupError> {
        let tls = tls::connector(policy.extra_roots.as_deref(), clock)?;
        let bulkhead = Bulkhead::new(policy.bounds);
        Ok(Outbound { inner: Arc::new(Inner { policy, resolver, tls, bulkhead }) })
    }

    /// Parses an address that somebody typed and judges what can be judged without calling anybody, so
    /// that a form can refuse it at once. A name may still turn out to lead where it must not.
    pub fn admit(&self, text: &str) -> Result<Url, OutboundError> {
        let url = Url::parse(text).map_err(|_| OutboundError::Url(UrlFault::Form))?;
        let policy = &self.inner.policy;
        let target = Target::of(&url, policy.development)?;
        if let Some(addresses) = known_addresses(&target) {
            policy.check(&target, &addresses)?;
        }
        Ok(url)
    }

    /// Makes the call. One deadline covers all of it, the wait for a place and the look-up included.
    pub async fn send(&self, call: Call) -> Result<Answer, OutboundError> {
        let after = call.deadline.unwrap_or(self.inner.policy.deadline);
        let until = Instant::now() + after;
        timeout_at(until, self.inner.send(call, until)).await.unwrap_or(Err(OutboundError::Timeout { after }))
    }
}

impl Inner {
    async fn send(&self, call: Call, until: Instant) -> Result<Answer, OutboundError> {
        let target = Target::of(&call.url, self.policy.development)?;
        let most_bytes = call.most_bytes.unwrap_or(self.policy.most_bytes);
        let _places = self.bulkhead.enter(call.tenant, target.to_string()).await;
        let addresses = self.checked(&target).await?;
        let request = self.request(call)?;
        let stream = connect(&target, &addresses, until).await?;
        if target.secure {
            exchange(tls::secure(&self.tls, &target, stream).await?, request, most_bytes).await
        } else {
            exchange(stream, request, most_bytes).await
        }
    }

    /// The addresses that may be called. A name that leads nowhere and one that leads inside get their no at the same
    /// time, so that the look-up's own time does not tell them apart.
    async fn checked(&self, target: &Target) -> Result<Checked, OutboundError> {
        let told = Instant::now() + NO_AFTER;
        let checked = match self.addresses_of(target).await {
            Ok(addresses) => self.policy.check(target, &addresses),
            Err(unknown) => Err(unknown),
        };
        if checked.is_err() && known_addresses(target).is_none() {
            sleep_until(told).await;
        }
        checked
    }

    async fn addresses_of(&self, target: &Target) -> Result<Vec<IpAddr>, OutboundError> {
        if let Some(addresses) = known_addresses(target) {
            return Ok(addresses);
        }
        let unknown =
            |source| OutboundError::Unreachable { host: target.to_string(), why: Unreachable::Name, source };
        let addresses = self.resolver.resolve(&target.to_string()).await.map_err(unknown)?;
        if addresses.is_empty() {
            return Err(unknown(io::Error::from(io::ErrorKind::NotFound)));
        }
        Ok(addresses)
    }

    fn request(&self, call: Call) -> Result<Request<Full<Bytes>>, OutboundError> {
        let unusable = OutboundError::Url(UrlFault::Form);
        let Ok(path) = call.url[Position::BeforePath..Position::AfterQuery].parse::<Uri>() else {
            return Err(unusable);
        };
        let Ok(host) = HeaderValue::from_str(&call.url[Position::BeforeHost..Position::AfterPort]) else {
            return Err(unusable);
        };
        let mut request = Request::new(Full::new(call.body));
        *request.method_mut() = call.method;
        *request.uri_mut() = path;
        *request.headers_mut() = self.headers(call.headers, host);
        Ok(request)
    }

    fn headers(&self, mut headers: HeaderMap, host: HeaderValue) -> HeaderMap {
        for name in OURS {
            headers.remove(name);
        }
        headers.insert(header::HOST, host);
        headers.insert(header::USER_AGENT, self.policy.user_agent.clone());
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers
    }
}

/// Headers that frame the message or speak about this connection: a caller's would contradict ours.
const OURS: [HeaderName; 6] = [
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::EXPECT,
];

/// The addresses of a target that needs no look-up.
fn known_addresses(target: &Target) -> Option<Vec<IpAddr>> {
    target.literal().map(|address| vec![address]).or_else(|| this_machine(&target.to_string()))
}

/// Connects to the first checked address that accepts. Each has an equal share of the time that is left,
/// so that one that swallows packets does not use up its neighbours' chance.
async fn connect(target: &Target, checked: &Checked, until: Instant) -> Result<TcpStream, OutboundError> {
    let addresses = checked.addresses();
    let mut failure = io::Error::from(io::ErrorKind::NotFound);
    for (tried, address) in addresses.iter().enumerate() {
        let left = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let attempt = TcpStream::connect(address);
        let outcome = match left {
            1 => attempt.await,
            _ => timeout(until.saturating_duration_since(Instant::now()) / left, attempt)
                .await
                .unwrap_or_else(|elapsed| Err(elapsed.into())),
        };
        match outcome {
            Ok(stream) => {
                // Requests are written whole, so waiting to fill a packet only costs time.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => failure = error,
        }
    }
    Err(OutboundError::Unreachable {
        host: target.to_string(),
        why: Unreachable::Connection,
        source: failure,
    })
}

/// Asks and reads over a connection that serves this one call. Whoever wants to keep connections begins
/// here: what the policy checked is settled before, and nothing below knows whom it speaks to.
async fn exchange<S>(
    stream: S,
    request: Request<Full<Bytes>>,
    most_bytes: usize,
) -> Result<Answer, OutboundError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(BUFFER)
        .max_header_size(MOST_HEAD)
        .max_headers(MOST_HEADERS)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(OutboundError::protocol)?;
    // Dropped with this call, also when the deadline cuts it off, and the connection with it.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let (head, body) = sender.send_request(request).await.map_err(head_failure)?.into_parts();
    refuse_encoded(&head.headers)?;
    let body = read(body, most_bytes).await?;
    Ok(Answer { status: head.status, headers: head.headers, body })
}

fn head_failure(error: hyper::Error) -> OutboundError {
    if error.is_parse_too_large() {
        OutboundError::TooLarge { what: TooLarge::Head }
    } else {
        OutboundError::protocol(error)
    }
}

/// We ask for none and undo none: a small body may hide a large one.
fn refuse_encoded(headers: &HeaderMap) -> Result<(), OutboundError> {
    let encoded = headers.get_all(header::CONTENT_ENCODING).iter().any(|value| value != "identity");
    if encoded {
        Err(OutboundError::protocol("the answer is compressed, which was not asked for"))
    } else {
        Ok(())
    }
}

async fn read(mut body: Incoming, most: usize) -> Result<Bytes, OutboundError> {
    let too_large = OutboundError::TooLarge { what: TooLarge::Body };
    // The announced length, if one was announced: what is too large is not even begun.
    if body.size_hint().lower() > most as u64 {
        return Err(too_large);
    }
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(OutboundError::protocol)?;
        let Some(data) = frame.data_ref() else { continue };
        if data.len() > most - whole.len() {
            return Err(too_large);
        }
        whole.extend_from_slice(data);
    }
    Ok(whole.freeze())
}
