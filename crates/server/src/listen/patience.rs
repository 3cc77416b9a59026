//! A client that stops reading holds memory and a connection. Whoever takes no byte for a while is cut off.

use gateway::poll_write_pieces;
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

/// A connection whose beginning and whose writes must get on.
pub(super) struct Patient<IO> {
    io: IO,
    waiting: Option<Pin<Box<Sleep>>>,
    opening: Option<Opening>,
}

/// The first bytes of a connection, and by when they must have come.
struct Opening {
    until: Pin<Box<Sleep>>,
    seen: usize,
}

impl<IO> Patient<IO> {
    pub(super) fn new(io: IO) -> Self {
        let opening = Opening { until: Box::pin(sleep(gateway::limits::HEAD_WITHIN)), seen: 0 };
        Patient { io, waiting: None, opening: Some(opening) }
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

impl Opening {
    /// Whether more must come before it is known what the client speaks.
    fn goes_on(&mut self, bytes: &[u8]) -> bool {
        let rest = &PREFACE[self.seen..];
        self.seen += bytes.len();
        bytes.len() < rest.len() && rest.starts_with(bytes)
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Patient<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buffer);
        let Some(opening) = &mut self.opening else { return read };
        match read {
            Poll::Ready(_) if opening.goes_on(&buffer.filled()[before..]) => {}
            Poll::Ready(_) => self.opening = None,
            Poll::Pending => {
                ready!(opening.until.as_mut().poll(cx));
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client says nothing")));
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
        let mut server = Patient::new(server);
        let error = server.write_all(&[0; 64]).await.expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_says_nothing_or_half_a_preface_is_cut_off() {
        for begun in ["", "PRI * HT"] {
            let (mut client, server) = duplex(64);
            let mut server = Patient::new(server);
            client.write_all(begun.as_bytes()).await.expect("there is room");
            let error = server.read_to_end(&mut Vec::new()).await.expect_err("nothing more comes");
            assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{begun}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_has_begun_may_be_silent() {
        let (mut client, server) = duplex(64);
        let mut server = Patient::new(server);
        client.write_all(b"GET / HTTP/1.1\r\n").await.expect("there is room");
        server.read_exact(&mut [0; 16]).await.expect("it came");
        let silent = tokio::time::timeout(PATIENCE * 2, server.read_u8()).await;
        assert!(silent.is_err(), "the next deadline is the server's own");
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_client_that_gets_on_is_served() {
        let (mut client, server) = duplex(16);
        let mut server = Patient::new(server);
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
