//! Head and body of a message are pieces of memory, and are sent in one call. A few bytes are copied together first:
//! the kernel takes 0.1 to 0.2 µs less for one piece than for a list of them.

use std::{
    io::{self, IoSlice},
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncWrite, ReadBuf};

/// What is copied at most, in bytes.
const SMALL: usize = 4096;

/// Writes these pieces, or as many bytes of them from the beginning as are taken now.
pub fn poll_write_pieces<IO: AsyncWrite>(
    io: Pin<&mut IO>,
    cx: &mut Context<'_>,
    pieces: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    if let [only] = pieces {
        return io.poll_write(cx, only);
    }
    if pieces.iter().map(|piece| piece.len()).sum::<usize>() > SMALL {
        return io.poll_write_vectored(cx, pieces);
    }
    let mut space = [MaybeUninit::uninit(); SMALL];
    let mut together = ReadBuf::uninit(&mut space);
    pieces.iter().for_each(|piece| together.put_slice(piece));
    io.poll_write(cx, together.filled())
}

/// A connection that writes in this manner.
pub(crate) struct Pieces<IO>(pub(crate) IO);

impl<IO: tokio::io::AsyncRead + Unpin> tokio::io::AsyncRead for Pieces<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Pieces<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        poll_write_pieces(Pin::new(&mut self.0), cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    async fn sent(pieces: &[&[u8]], room: usize) -> Vec<u8> {
        let (ours, mut theirs) = duplex(room);
        let mut ours = Pieces(ours);
        let pieces: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        let count =
            poll_fn(|cx| Pin::new(&mut ours).poll_write_vectored(cx, &pieces)).await.expect("there is room");
        ours.shutdown().await.expect("it is open");
        let mut all = Vec::new();
        theirs.read_to_end(&mut all).await.expect("it was written");
        assert_eq!(all.len(), count);
        all
    }

    #[tokio::test]
    async fn pieces_arrive_in_their_order_however_many_and_large_they_are() {
        let large = [b'x'; SMALL];
        assert_eq!(sent(&[b"head", b"", b"body"], 1 << 16).await, b"headbody");
        assert_eq!(sent(&[b"only"], 1 << 16).await, b"only");
        assert_eq!(sent(&[], 1 << 16).await, b"");
        assert_eq!(sent(&[b"head", &large], 1 << 16).await, [b"head".as_slice(), &large].concat());
    }

    #[tokio::test]
    async fn what_is_not_taken_at_once_is_not_said_to_be() {
        assert_eq!(sent(&[b"head", b"body"], 6).await, b"headbo");
    }
}
