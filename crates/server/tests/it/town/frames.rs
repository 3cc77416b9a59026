//! HTTP/2 frame by frame, sound or not (RFC 9113, RFC 7541).

use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// What a client says first.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 0x1;
pub(crate) const ACK: u8 = 0x1;
pub(crate) const END_HEADERS: u8 = 0x4;
pub(crate) const PADDED: u8 = 0x8;
pub(crate) const HAS_PRIORITY: u8 = 0x20;
/// A head that is all of its stream.
pub(crate) const WHOLE: u8 = END_HEADERS | END_STREAM;

/// How long something may take that should come at once. Generous: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(30);
/// What is asked to know whether a connection goes on.
const ALIVE: &[u8; 8] = b"alive???";

/// What became of what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Became {
    /// The connection ended; with this reason, if one was given.
    Ended(Option<u32>),
    /// A stream was reset.
    Reset,
    /// A stream was answered.
    Answered(u16),
    /// Neither, and the connection goes on.
    Nothing,
}

/// One frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("no frame is that long").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A setting's number and value, as they stand in a frame.
pub(crate) fn setting(number: u16, value: u32) -> Vec<u8> {
    [number.to_be_bytes().as_slice(), &value.to_be_bytes()].concat()
}

/// A field as it stands in a block: literally, and remembered by nobody.
pub(crate) fn field(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Vec<u8> {
    let (name, value) = (name.as_ref(), value.as_ref());
    [&[0], length(name.len()).as_slice(), name, &length(value.len()), value].concat()
}

/// The same, remembered as the newest.
pub(crate) fn remembered_field(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Vec<u8> {
    let mut field = field(name, value);
    field[0] = 0x40;
    field
}

/// A length in seven bits, and more where it needs them (RFC 7541 section 5.1).
fn length(length: usize) -> Vec<u8> {
    if length < 127 {
        return vec![length as u8];
    }
    let (mut bytes, mut rest) = (vec![127], length - 127);
    while rest >= 128 {
        bytes.push((rest % 128 + 128) as u8);
        rest /= 128;
    }
    bytes.push(rest as u8);
    bytes
}

/// A connection.
pub(crate) struct Frames(TcpStream);

impl Frames {
    /// Connects, and says what a client says first.
    pub(crate) async fn open(port: u16) -> Self {
        let mut frames = Self::silent(port).await;
        frames.send(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).await;
        frames
    }

    /// Connects and says nothing.
    pub(crate) async fn silent(port: u16) -> Self {
        Frames(TcpStream::connect(("127.0.0.1", port)).await.expect("the node listens"))
    }

    /// Sends these bytes. Whoever is cut off meanwhile reads what became of it.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes).await;
    }

    /// Sends one piece after the other, reading meanwhile, until all are sent or the connection ends.
    pub(crate) async fn flood(&mut self, mut piece: impl FnMut(u32) -> Vec<u8>, pieces: u32) -> bool {
        let (mut reading, mut writing) = self.0.split();
        let read = async {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(1..) = reading.read(&mut buffer).await {}
        };
        let write = async {
            for first in (0..pieces).step_by(64) {
                let several: Vec<u8> = (first..first + 64).flat_map(&mut piece).collect();
                if writing.write_all(&several).await.is_err() {
                    return false;
                }
            }
            true
        };
        tokio::select! {
            () = read => false,
            all = write => all,
        }
    }

    /// Sends until nobody takes any more of it, and reads nothing.
    pub(crate) async fn flood_unread(&mut self, piece: &[u8], most: usize) {
        let many = piece.repeat(64);
        for _ in 0..most / 64 {
            if timeout(Duration::from_secs(2), self.0.write_all(&many)).await.is_err() {
                return;
            }
        }
    }

    /// What became of what was sent, as far as it is told at all.
    pub(crate) async fn became(&mut self) -> Became {
        let mut why = None;
        loop {
            let Some((kind, flags, _, payload)) = self.next().await else { return Became::Ended(why) };
            match kind {
                GOAWAY => why = Some(u32::from_be_bytes(payload[4..8].try_into().expect("four bytes"))),
                RST_STREAM => return Became::Reset,
                HEADERS => return Became::Answered(status(&payload)),
                PING if flags & ACK != 0 && payload == ALIVE => return Became::Nothing,
                _ => {}
            }
        }
    }

    /// The same where nothing need be told.
    pub(crate) async fn became_of(&mut self, bytes: &[u8]) -> Became {
        self.send(&[bytes, &frame(PING, 0, 0, ALIVE)].concat()).await;
        self.became().await
    }

    /// The body of the stream that was answered.
    pub(crate) async fn body(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        while let Some((kind, flags, _, payload)) = self.next().await {
            if kind == DATA {
                body.extend(payload);
                if flags & END_STREAM != 0 {
                    break;
                }
            }
        }
        body
    }

    async fn next(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let read = async {
            let mut head = [0; 9];
            self.0.read_exact(&mut head).await.ok()?;
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; length as usize];
            self.0.read_exact(&mut payload).await.ok()?;
            let stream = u32::from_be_bytes(head[5..9].try_into().expect("four bytes"));
            Some((head[3], head[4], stream, payload))
        };
        timeout(PATIENCE, read).await.expect("it comes, or the connection ends")
    }
}

/// The status that a block begins with: out of the table, or in letters, plain or by Huffman's code.
fn status(block: &[u8]) -> u16 {
    let usual = [200, 204, 206, 304, 400, 404, 500];
    let mut begin = 0;
    while block[begin] & 0xe0 == 0x20 {
        // A new size of the table, whose bytes go on for as long as their first bit is set.
        let small = block[begin] != 0x3f;
        begin +=
            if small { 1 } else { 2 + block[begin + 1..].iter().take_while(|byte| **byte >= 0x80).count() };
    }
    match block[begin] {
        indexed @ 0x88..=0x8e => usual[usize::from(indexed) - 0x88],
        _ if block[begin + 1] & 0x80 == 0 => {
            let letters = std::str::from_utf8(&block[begin + 2..begin + 5]).expect("digits");
            letters.parse().expect("a number")
        }
        _ => huffman_digits(&block[begin + 2..]),
    }
}

/// Three digits: 0 to 2 have five bits, the others six (RFC 7541 appendix B).
fn huffman_digits(bytes: &[u8]) -> u16 {
    let mut bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| u16::from(byte >> at & 1)));
    let mut take = |count: usize| bits.by_ref().take(count).fold(0, |sum, bit| sum * 2 + bit);
    (0..3).fold(0, |sum, _| {
        let five = take(5);
        let digit = if five < 3 { five } else { five * 2 + take(1) - 0x19 + 3 };
        sum * 10 + digit
    })
}
