//! A client that stops reading, or never comes to the end of a head, holds memory and a connection. Whoever takes no byte
//! for a while is cut off, and so is whoever began to ask and does not finish. One that asks nothing may rest.

use super::rest::Work;
use gateway::{limits::HEAD_WITHIN, poll_write_pieces};
use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// How long a client may take no byte of what waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a client of HTTP/2 says first (RFC 9113 section 3.4). Until it is known whether a client says this or
/// something else, no other deadline runs.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection whose beginning, heads and writes must get on.
pub(super) struct Patient<IO> {
    io: IO,
    waiting: Option<Pin<Box<Sleep>>>,
    opening: Option<Opening>,
    head: Head,
}

/// What is known of the head that is being read. HTTP/2 has frames instead, and deadlines of its own.
struct Head {
    work: Work,
    is_h1: bool,
    /// Something came while nothing was under way, when so many requests had begun: a part of the next, unless that has
    /// begun meanwhile.
    part: Option<u64>,
    until: Option<Pin<Box<Sleep>>>,
}

/// The first bytes of a connection, and by when they must have come.
struct Opening {
    until: Pin<Box<Sleep>>,
    seen: usize,
}

impl<IO> Patient<IO> {
    pub(super) fn new(io: IO, work: Work) -> Self {
        let opening = Opening { until: Box::pin(sleep(HEAD_WITHIN)), seen: 0 };
        let head = Head { work, is_h1: true, part: None, until: None };
        Patient { io, waiting: None, opening: Some(opening), head }
    }

    /// What came of a write; an error if it has been waited for too long.
    fn judge<T>(&mut self, written: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(PATIENCE)));
        ready!(waiting.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes nothing")))
    }
}

impl Head {
    fn came(&mut self) {
        self.part = (!self.work.is_under_way()).then(|| self.work.begun());
    }

    /// Whether a part of a head has waited for the rest for too long.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let waits = self.part.is_some_and(|begun| begun == self.work.begun() && !self.work.is_under_way());
        if !waits || !self.is_h1 {
            self.until = None;
            return Poll::Pending;
        }
        self.until.get_or_insert_with(|| Box::pin(sleep(HEAD_WITHIN))).as_mut().poll(cx)
    }
}

impl Opening {
    /// Whether more must come before it is known what the client speaks.
    fn goes_on(&mut self, bytes: &[u8]) -> bool {
        let rest = &PREFACE[self.seen..];
        self.seen += bytes.len();
        bytes.len() < rest.len() && rest.starts_with(bytes)
    }

    /// Whether all of what a client of HTTP/2 says first has come, and this after it.
    fn is_over_with(&self, bytes: &[u8]) -> bool {
        let rest = &PREFACE[self.seen..];
        bytes.starts_with(rest)
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Patient<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let this = &mut *self;
        let read = Pin::new(&mut this.io).poll_read(cx, buffer);
        if read.is_pending() {
            let late = this.opening.as_mut().map_or(Poll::Pending, |opening| opening.until.as_mut().poll(cx));
            ready!(if late.is_ready() { late } else { this.head.poll_late(cx) });
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not go on")));
        }
        let came = &buffer.filled()[before..];
        this.head.came();
        if let Some(opening) = &mut this.opening {
            this.head.is_h1 = !opening.is_over_with(came);
            if !opening.goes_on(came) {
                this.opening = None;
            }
        }
        read
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Patient<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.judge(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = poll_write_pieces(Pin::new(&mut self.io), cx, pieces);
        self.judge(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        self.judge(flushed, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = Pin::new(&mut self.io).poll_shutdown(cx);
        self.judge(ended, cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_cut_off() {
        let (_client, server) = duplex(16);
        let mut server = Patient::new(server, Work::new());
        let error = server.write_all(&[0; 64]).await.expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_says_nothing_or_half_a_preface_is_cut_off() {
        for begun in ["", "PRI * HT"] {
            let (mut client, server) = duplex(64);
            let mut server = Patient::new(server, Work::new());
            client.write_all(begun.as_bytes()).await.expect("there is room");
            let error = server.read_to_end(&mut Vec::new()).await.expect_err("nothing more comes");
            assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{begun}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_finish_its_head_is_cut_off_however_much_it_says() {
        let (mut client, server) = duplex(64);
        let mut server = Patient::new(server, Work::new());
        let dribbling = tokio::spawn(async move {
            while client.write_all(b"GET").await.is_ok() {
                sleep(HEAD_WITHIN / 4).await;
            }
        });
        let begun = tokio::time::Instant::now();
        let error = server.read_to_end(&mut Vec::new()).await.expect_err("it never ends");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(begun.elapsed() < HEAD_WITHIN * 2);
        dribbling.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_may_rest_between_requests_and_while_one_is_under_way() {
        let work = Work::new();
        let (mut client, server) = duplex(64);
        let mut server = Patient::new(server, work.clone());
        for rest_while_asking in [true, false] {
            client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("there is room");
            server.read_exact(&mut [0; 18]).await.expect("it came");
            let asked = work.begin();
            if rest_while_asking {
                client.write_all(b"body").await.expect("there is room");
                server.read_exact(&mut [0; 4]).await.expect("it came");
                let silent = tokio::time::timeout(HEAD_WITHIN * 2, server.read_u8()).await;
                assert!(silent.is_err(), "a body has a deadline of its own");
            }
            drop(asked);
            let silent = tokio::time::timeout(HEAD_WITHIN * 2, server.read_u8()).await;
            assert!(silent.is_err(), "nothing is asked");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn frames_of_http_2_are_no_part_of_a_head() {
        let (mut client, server) = duplex(64);
        let mut server = Patient::new(server, Work::new());
        client.write_all(PREFACE).await.expect("there is room");
        client.write_all(b"\0\0\0\x04").await.expect("there is room");
        server.read_exact(&mut [0; 28]).await.expect("it came");
        let silent = tokio::time::timeout(HEAD_WITHIN * 2, server.read_u8()).await;
        assert!(silent.is_err(), "the next deadline is the server's own");
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_client_that_gets_on_is_served() {
        let (mut client, server) = duplex(16);
        let mut server = Patient::new(server, Work::new());
        let reading = tokio::spawn(async move {
            let mut taken = 0;
            while taken < 64 {
                sleep(PATIENCE / 2).await;
                taken += client.read(&mut [0; 16]).await.expect("the server writes");
            }
        });
        server.write_all(&[0; 64]).await.expect("slowly, but all of it");
        reading.await.expect("the client got everything");
    }
}
