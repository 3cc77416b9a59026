//! The body of an answer: the gateway's own few words, or what an upstream sends, piece by piece as the
//! client takes it.

use crate::{
    cache::Gather,
    deployment::Lease,
    flight::Flight,
    headers::clean_trailers,
    traffic::Account,
    upload::{Fate, Upload},
    vigil::{Over, Watch},
};
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::time::Instant;

/// The body of an answer.
pub struct Body(Kind);

enum Kind {
    Own(Bytes),
    Streamed(Box<Streamed>),
}

/// An upstream's body, with everything that must last as long as it does.
pub(crate) struct Streamed {
    pub(crate) body: Incoming,
    pub(crate) lease: Option<Lease>,
    pub(crate) upload: Option<Arc<Upload>>,
    pub(crate) account: Account,
    pub(crate) watch: Watch,
    pub(crate) flight: Flight,
    /// What keeps a copy of it.
    pub(crate) gather: Option<Gather>,
}

/// Why the body of an answer breaks off.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The upstream's did.
    #[error("the upstream's answer broke off")]
    Upstream(#[source] hyper::Error),
    /// It was still for too long, or is not permitted any more.
    #[error("the answer was ended by the gateway: {0}")]
    Ended(&'static str),
}

impl From<Over> for BodyError {
    fn from(over: Over) -> Self {
        BodyError::Ended(match over {
            Over::Idle => "nothing moved for too long",
            Over::Refused => "it is not permitted any more",
        })
    }
}

impl Body {
    pub(crate) fn empty() -> Self {
        Body(Kind::Own(Bytes::new()))
    }

    pub(crate) fn full(bytes: Bytes) -> Self {
        Body(Kind::Own(bytes))
    }

    /// The gateway's own words; none of an upstream's.
    pub(crate) fn own(self) -> Bytes {
        match self.0 {
            Kind::Own(bytes) => bytes,
            Kind::Streamed(_) => Bytes::new(),
        }
    }

    pub(crate) fn streamed(mut streamed: Streamed) -> Self {
        // Answers without a body are over before anybody polls them.
        streamed.keep_connection_if_over();
        if streamed.body.is_end_stream() {
            streamed.gathered(Gather::end);
        }
        Body(Kind::Streamed(Box::new(streamed)))
    }
}

impl Streamed {
    /// The connection can serve another request once this answer is read and its request was sent whole.
    fn keep_connection_if_over(&mut self) {
        let sent = self.upload.as_ref().is_none_or(|upload| upload.fate() == Fate::Done);
        if self.body.is_end_stream()
            && let Some(lease) = self.lease.take()
            && sent
        {
            lease.give_back();
        }
    }

    fn gathered(&mut self, what: impl FnOnce(&mut Gather)) {
        if let Some(gather) = &mut self.gather {
            what(gather);
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        let now = Instant::now();
        match polled {
            Poll::Ready(Some(Ok(mut frame))) => {
                if let Some(trailers) = frame.trailers_mut() {
                    clean_trailers(trailers);
                    self.gathered(Gather::give_up);
                }
                if let Some(piece) = frame.data_ref() {
                    self.gathered(|gather| gather.take(piece));
                }
                if self.body.is_end_stream() {
                    self.gathered(Gather::end);
                }
                self.account.count_out(frame.data_ref().map_or(0, Bytes::len));
                self.watch.moved(now);
                self.keep_connection_if_over();
                // One that never pauses is asked about too.
                match self.watch.poll_asking(now, cx) {
                    Poll::Ready(false) => Poll::Ready(Some(Err(Over::Refused.into()))),
                    _ => Poll::Ready(Some(Ok(frame))),
                }
            }
            Poll::Ready(Some(Err(error))) => {
                self.gathered(Gather::give_up);
                self.account.count_error();
                self.flight.log_broken(&error);
                Poll::Ready(Some(Err(BodyError::Upstream(error))))
            }
            Poll::Ready(None) => {
                self.gathered(Gather::end);
                self.keep_connection_if_over();
                Poll::Ready(None)
            }
            Poll::Pending => self.watch.poll_over(now, cx).map(|over| Some(Err(over.into()))),
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.0 {
            Kind::Own(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Own(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Kind::Streamed(streamed) => streamed.poll(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Own(bytes) => bytes.is_empty(),
            Kind::Streamed(streamed) => streamed.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Own(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Streamed(streamed) => streamed.body.size_hint(),
        }
    }
}
