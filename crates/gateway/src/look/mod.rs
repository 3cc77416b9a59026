//! A bounded look into the body of a request, on routes that ask for one: to find the tenant, for expressions, and for
//! screens. What was read goes on from here byte for byte, and what a route does not ask for is not held.
//!
//! All of a body is read that anything is decided by, because what says one thing at its beginning may say another at
//! its end. A screen may look at the beginning alone; the rest then follows as it comes.

mod kind;
mod room;
mod said;

pub use kind::BodyKind;
pub(crate) use kind::{Reads, is_packed, media_type};
pub(crate) use room::Held;
pub(crate) use said::{Said, unreadable};

use crate::{onlook::Onlooker, problem, refuse::No};
use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http_body::Body;
use hyper::body::Incoming;
use room::Room;
use std::{future::poll_fn, pin::Pin, sync::Arc, time::Duration};
use tokio::time::timeout;

/// How long such a body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(30);

/// From where a body comes.
pub(crate) enum BodyFrom<'b> {
    /// The client sends it.
    Client(&'b mut Incoming),
    /// Somebody tries out what would become of it.
    Sample(Bytes),
    /// A proxy in front keeps it to itself.
    Withheld,
}

/// What is known of a body so far.
pub(crate) struct Look<'b> {
    from: BodyFrom<'b>,
    read: BytesMut,
    held: &'b Held,
    /// What it takes of that, as soon as there is something.
    room: Option<Room>,
    ended: bool,
    said: Option<Said>,
}

/// What was read of a body before it was forwarded.
#[derive(Clone)]
pub(crate) struct Ahead {
    pub(crate) bytes: Bytes,
    /// Whether that is all of it.
    pub(crate) whole: bool,
    /// Given back when nobody needs it any more.
    pub(crate) _room: Option<Arc<Room>>,
}

#[cfg(test)]
impl Ahead {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Ahead { bytes: Bytes::copy_from_slice(bytes), whole: true, _room: None }
    }
}

impl<'b> Look<'b> {
    pub(crate) fn new(from: BodyFrom<'b>, held: &'b Held) -> Self {
        let (read, ended) = match &from {
            BodyFrom::Client(body) => (BytesMut::new(), body.is_end_stream()),
            BodyFrom::Sample(bytes) => (BytesMut::from(&bytes[..]), true),
            BodyFrom::Withheld => (BytesMut::new(), true),
        };
        Look { from, read, held, room: None, ended, said: None }
    }

    /// Whether there is a body here that nobody lets us see, if there is one.
    pub(crate) fn is_withheld(&self) -> bool {
        matches!(self.from, BodyFrom::Withheld)
    }

    /// Whether it is known that there is no body.
    pub(crate) fn is_empty(&self) -> bool {
        self.ended && self.read.is_empty()
    }

    /// What the body says to expressions; none where it was not asked for.
    pub(crate) fn said(&self) -> Option<&Said> {
        self.said.as_ref()
    }

    /// Reads the body for the expressions of a route. It is of a kind that the route reads and can be read in one way
    /// only, or the request ends here: nobody gets around a policy by sending something else.
    pub(crate) async fn read_for(
        &mut self,
        reads: &Reads,
        parts: &Parts,
        onlooker: &mut impl Onlooker,
    ) -> Result<(), No> {
        if self.is_withheld() {
            return Err(No::because(problem::BODY_WITHHELD));
        }
        let kind = match self.is_empty() {
            true => None,
            false => Some(reads.kind_of(&parts.headers)?),
        };
        self.whole(reads.most).await?;
        if self.said.is_none() {
            let said = match kind.filter(|_| !self.read.is_empty()) {
                Some(kind) => Said::read(kind, &self.read)?,
                None => Said::Nothing,
            };
            onlooker.passed("body", || format!("{said}, of {} bytes, all of them read", self.read.len()));
            self.said = Some(said);
        }
        Ok(())
    }

    /// All of it, which must be no more than this.
    pub(crate) async fn whole(&mut self, most: u64) -> Result<&[u8], No> {
        let too_large = || No::with(problem::TOO_LARGE, format!("It is looked into, up to {most} bytes."));
        if let BodyFrom::Client(body) = &self.from
            && body.size_hint().lower() + self.read.len() as u64 > most
        {
            return Err(too_large());
        }
        self.read_on(most).await?;
        if self.ended && self.read.len() as u64 <= most { Ok(&self.read) } else { Err(too_large()) }
    }

    /// Reads until this much was read, or all of it.
    pub(crate) async fn read_on(&mut self, most: u64) -> Result<(), No> {
        let Look { from: BodyFrom::Client(body), read, held, room, ended, .. } = self else { return Ok(()) };
        if !*ended {
            read.reserve(body.size_hint().lower().min(most) as usize);
        }
        let reading = async {
            while !*ended && read.len() as u64 <= most {
                match poll_fn(|cx| Pin::new(&mut **body).poll_frame(cx)).await {
                    Some(Ok(frame)) => {
                        let Some(data) = frame.data_ref() else { continue };
                        room.get_or_insert_with(|| held.room()).grow(data.len())?;
                        read.extend_from_slice(data);
                    }
                    Some(Err(_)) => return Err(No::because(problem::BAD_BODY)),
                    None => *ended = true,
                }
            }
            Ok(())
        };
        timeout(ARRIVAL, reading).await.unwrap_or_else(|_| Err(No::because(problem::TOO_SLOW)))
    }

    /// What goes on from here before the rest; none where nothing was read.
    pub(crate) fn into_ahead(self) -> Option<Ahead> {
        match self.from {
            BodyFrom::Withheld => None,
            _ if self.read.is_empty() => None,
            _ => Some(Ahead { bytes: self.read.freeze(), whole: self.ended, _room: self.room.map(Arc::new) }),
        }
    }
}
