//! An answer's body, from the site or from the gateway, without a box around the gateway's.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// The body of an answer.
pub(super) enum Reply {
    /// The site's.
    Site(axum::body::Body),
    /// The gateway's.
    Gateway(gateway::Body),
}

/// Why a body broke off.
pub(super) type Broken = Box<dyn std::error::Error + Send + Sync>;

impl Body for Reply {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match self.get_mut() {
            Reply::Site(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
            Reply::Gateway(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Reply::Site(body) => body.is_end_stream(),
            Reply::Gateway(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Reply::Site(body) => body.size_hint(),
            Reply::Gateway(body) => body.size_hint(),
        }
    }
}
