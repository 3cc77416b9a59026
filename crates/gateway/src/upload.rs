//! The body of a request on its way to an upstream: counted, bounded, never still for too long. What
//! became of it is written where the one who waits for the answer can read it.

use crate::{headers::clean_trailers, look::Ahead, traffic::Account};
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc,
        atomic::{
            AtomicU8, AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep};

/// What became of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Fate {
    /// It is still on its way.
    Running,
    /// It arrived whole.
    Done,
    /// It is larger than the route takes.
    TooLarge,
    /// The client sent nothing for too long.
    Stalled,
    /// It broke off or is malformed.
    Broken,
}

/// Shared between a body and whoever waits for the answer to it.
#[derive(Debug)]
pub(crate) struct Upload {
    fate: AtomicU8,
    begin: Instant,
    /// Milliseconds after `begin`, of the last piece that was handed on.
    moved: AtomicU64,
}

impl Upload {
    fn new() -> Arc<Self> {
        Arc::new(Upload {
            fate: AtomicU8::new(Fate::Running as u8),
            begin: Instant::now(),
            moved: AtomicU64::new(0),
        })
    }

    pub(crate) fn fate(&self) -> Fate {
        match self.fate.load(Acquire) {
            1 => Fate::Done,
            2 => Fate::TooLarge,
            3 => Fate::Stalled,
            4 => Fate::Broken,
            _ => Fate::Running,
        }
    }

    /// When something of it was last handed on.
    pub(crate) fn moved(&self) -> Instant {
        self.begin + Duration::from_millis(self.moved.load(Relaxed))
    }

    fn end(&self, fate: Fate) {
        self.note_move();
        self.fate.store(fate as u8, Release);
    }

    fn note_move(&self) {
        self.moved.store(self.begin.elapsed().as_millis() as u64, Relaxed);
    }
}

/// What is sent to an upstream as a body.
pub(crate) enum RequestBody {
    /// Nothing.
    Empty,
    /// All of it, kept so that it can be sent again.
    Whole(Bytes),
    /// What the client sends.
    Streamed(Box<Streamed>),
}

pub(crate) struct Streamed {
    /// What was read already and is to be sent first.
    ahead: Option<Bytes>,
    body: Incoming,
    upload: Arc<Upload>,
    left: u64,
    idle: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    account: Account,
}

/// A body that does not go on.
#[derive(Debug)]
pub(crate) struct Stopped(Fate);

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the body of the request does not go on: {:?}", self.0)
    }
}

impl std::error::Error for Stopped {}

impl RequestBody {
    /// The client's body, of which perhaps something was read already, of at most `most` bytes; and where to read what
    /// became of it, if there is more to come.
    pub(crate) fn of(
        body: Incoming,
        ahead: Option<&Ahead>,
        (most, idle): (u64, Duration),
        account: Account,
    ) -> (Self, Option<Arc<Upload>>) {
        if let Some(Ahead { bytes, whole: true, .. }) = ahead {
            account.count_in(bytes.len());
            return (RequestBody::Whole(bytes.clone()), None);
        }
        let ahead = ahead.map(|ahead| ahead.bytes.clone());
        if ahead.is_none() && body.is_end_stream() {
            return (RequestBody::Empty, None);
        }
        let upload = Upload::new();
        let streamed =
            Streamed { ahead, body, upload: upload.clone(), left: most, idle, timer: None, account };
        (RequestBody::Streamed(Box::new(streamed)), Some(upload))
    }

    /// The same body once more; none of one that is gone when it is sent.
    pub(crate) fn again(&self) -> Option<Self> {
        match self {
            RequestBody::Empty => Some(RequestBody::Empty),
            RequestBody::Whole(bytes) => Some(RequestBody::Whole(bytes.clone())),
            RequestBody::Streamed(_) => None,
        }
    }

    /// The whole of it, if it says that it is no more than this.
    pub(crate) async fn whole(mut self, most: u64) -> Result<Self, Fate> {
        let size = self.size_hint().exact();
        let Some(size) = size.filter(|size| *size <= most && matches!(self, RequestBody::Streamed(_))) else {
            return Ok(self);
        };
        let mut bytes = BytesMut::with_capacity(size as usize);
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut self).poll_frame(cx)).await {
            let frame = frame.map_err(|Stopped(fate)| fate)?;
            if let Some(data) = frame.data_ref() {
                bytes.extend_from_slice(data);
            }
        }
        Ok(RequestBody::Whole(bytes.freeze()))
    }
}

impl Streamed {
    fn stop<T>(&self, fate: Fate) -> Poll<Option<Result<T, Stopped>>> {
        self.upload.end(fate);
        Poll::Ready(Some(Err(Stopped(fate))))
    }

    fn take(&mut self, mut frame: Frame<Bytes>) -> Poll<Option<Result<Frame<Bytes>, Stopped>>> {
        self.timer = None;
        if let Some(trailers) = frame.trailers_mut() {
            clean_trailers(trailers);
        }
        if let Some(data) = frame.data_ref() {
            let Some(left) = self.left.checked_sub(data.len() as u64) else {
                return self.stop(Fate::TooLarge);
            };
            self.left = left;
            self.account.count_in(data.len());
        }
        match self.body.is_end_stream() {
            true => self.upload.end(Fate::Done),
            false => self.upload.note_move(),
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Stopped>>> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(self.idle)));
        ready!(timer.as_mut().poll(cx));
        self.stop(Fate::Stalled)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Stopped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Stopped>>> {
        let streamed = match &mut *self {
            RequestBody::Streamed(streamed) => streamed,
            RequestBody::Whole(bytes) if !bytes.is_empty() => {
                return Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes)))));
            }
            RequestBody::Empty | RequestBody::Whole(_) => return Poll::Ready(None),
        };
        if let Some(ahead) = streamed.ahead.take() {
            return streamed.take(Frame::data(ahead));
        }
        match Pin::new(&mut streamed.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => streamed.take(frame),
            Poll::Ready(Some(Err(_))) => streamed.stop(Fate::Broken),
            Poll::Ready(None) => {
                streamed.upload.end(Fate::Done);
                Poll::Ready(None)
            }
            Poll::Pending => streamed.wait(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            RequestBody::Empty => true,
            RequestBody::Whole(bytes) => bytes.is_empty(),
            RequestBody::Streamed(streamed) => streamed.ahead.is_none() && streamed.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            RequestBody::Empty => SizeHint::with_exact(0),
            RequestBody::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            RequestBody::Streamed(streamed) => {
                let (ahead, rest) =
                    (streamed.ahead.as_ref().map_or(0, Bytes::len), streamed.body.size_hint());
                match rest.exact() {
                    Some(rest) => SizeHint::with_exact(rest + ahead as u64),
                    None => rest,
                }
            }
        }
    }
}
