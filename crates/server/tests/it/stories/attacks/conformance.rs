//! HTTP/2 as RFC 9113 and RFC 7541 have it, by their sections: what a peer must be told, and what must be borne. The
//! cases are those that the well-known conformance suites try.

use super::Scene;
use crate::town::Frames;
use crate::town::frames::{
    ACK, Became, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HAS_PRIORITY, HEADERS, PADDED, PING,
    PREFACE, PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS, WHOLE, WINDOW_UPDATE, field, frame, setting,
};

/// What must become of it.
#[derive(Clone, Copy, Debug)]
enum Must {
    /// The connection ends.
    End,
    /// The stream is reset, or the connection ends.
    Reset,
    /// The stream is answered.
    Answer,
    /// Nothing, and the connection goes on.
    GoOn,
}

use Must::{Answer, End, GoOn, Reset};

/// A frame, or several.
type Bytes = Vec<u8>;

async fn holds(scene: &Scene, cases: Vec<(&str, Must, Vec<Bytes>)>) {
    let mut wrong = Vec::new();
    for (name, must, frames) in cases {
        let mut client = scene.frames().await;
        let bytes = frames.concat();
        let became = match must {
            GoOn => client.became_of(&bytes).await,
            _ => {
                client.send(&bytes).await;
                client.became().await
            }
        };
        let held = match must {
            End => matches!(became, Became::Ended(_)),
            Reset => matches!(became, Became::Ended(_) | Became::Reset),
            Answer => became == Became::Answered(200),
            GoOn => became == Became::Nothing,
        };
        if !held {
            wrong.push(format!("{name}: {became:?} where it must {must:?}"));
        }
    }
    scene.victim(0).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(scene.tap.odd(), Vec::<String>::new());
}

/// A stream that is open: its head was sent, and its body is due.
fn open(scene: &Scene, stream: u32) -> Bytes {
    frame(HEADERS, END_HEADERS, stream, &scene.block("POST"))
}

/// A stream that was asked whole.
fn whole(scene: &Scene, stream: u32) -> Bytes {
    frame(HEADERS, WHOLE, stream, &scene.block("GET"))
}

#[tokio::test]
async fn section_3_what_a_client_says_first() {
    let scene = Scene::new().await;
    for first in
        [b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".as_slice(), b"PRI * HTTP/2.0\r\n\r\nGET / HTTP/1.1\r\n\r\n"]
    {
        let said = scene.say(first).await;
        assert!(said.starts_with("HTTP/1.1 400"), "{said}");
    }
    let mut client = Frames::silent(scene.node.port).await;
    client.send(&[PREFACE, &frame(PING, 0, 0, b"short")].concat()).await;
    assert!(matches!(client.became().await, Became::Ended(_)));
    scene.victim(0).await;
}

#[tokio::test]
async fn section_4_frames() {
    let scene = Scene::new().await;
    let (block, post) = (scene.block("GET"), scene.block("POST"));
    let large = [block.clone(), field("x", vec![b'a'; 16_300])].concat();
    let cases = vec![
        ("a kind that is not known is passed over", GoOn, vec![frame(0x16, 0, 0, b"12345678")]),
        ("flags that are not known are passed over", GoOn, vec![frame(PING, 0xfe, 0, b"12345678")]),
        ("the reserved bit is passed over", GoOn, vec![frame(PING, 0, 0x8000_0000, b"12345678")]),
        ("the largest DATA", Answer, vec![open(&scene, 1), frame(DATA, END_STREAM, 1, &[b'a'; 16_384])]),
        ("DATA beyond it", Reset, vec![open(&scene, 1), frame(DATA, END_STREAM, 1, &[b'a'; 16_385])]),
        ("HEADERS beyond it", End, vec![frame(HEADERS, WHOLE, 1, &large)]),
        ("a block that is none", End, vec![frame(HEADERS, WHOLE, 1, b"\x00\xff\xff")]),
        (
            "PRIORITY within a block",
            End,
            vec![frame(HEADERS, END_STREAM, 1, &block), frame(PRIORITY, 0, 1, b"\0\0\0\0\xff")],
        ),
        (
            "another stream's HEADERS within a block",
            End,
            vec![frame(HEADERS, END_STREAM, 1, &block[..10]), frame(HEADERS, WHOLE, 3, &post)],
        ),
    ];
    holds(&scene, cases).await;
}

#[tokio::test]
async fn section_5_streams() {
    let scene = Scene::new().await;
    let reset = |stream| frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes());
    let block = scene.block("GET");
    let depends = |stream: u32| [stream.to_be_bytes().as_slice(), b"\xff"].concat();
    let cases = vec![
        ("DATA of a stream that was never begun", End, vec![frame(DATA, END_STREAM, 1, b"x")]),
        ("RST_STREAM of one", End, vec![reset(1)]),
        ("WINDOW_UPDATE of one", End, vec![frame(WINDOW_UPDATE, 0, 1, &100_u32.to_be_bytes())]),
        ("CONTINUATION of one", End, vec![frame(CONTINUATION, END_HEADERS, 1, &block)]),
        ("DATA after the end", Reset, vec![whole(&scene, 1), frame(DATA, END_STREAM, 1, b"x")]),
        ("HEADERS after the end", Reset, vec![whole(&scene, 1), whole(&scene, 1)]),
        (
            "CONTINUATION after the end",
            End,
            vec![whole(&scene, 1), frame(CONTINUATION, END_HEADERS, 1, &block)],
        ),
        ("DATA after a reset", Reset, vec![open(&scene, 1), reset(1), frame(DATA, END_STREAM, 1, b"x")]),
        ("a stream used twice", Reset, vec![open(&scene, 1), reset(1), whole(&scene, 1)]),
        ("a stream with an even number", End, vec![whole(&scene, 2)]),
        ("a stream with a lower number", End, vec![whole(&scene, 5), whole(&scene, 3)]),
        ("HEADERS of no stream", End, vec![whole(&scene, 0)]),
        (
            "HEADERS that depend on themselves",
            Reset,
            vec![frame(HEADERS, WHOLE | HAS_PRIORITY, 1, &[depends(1), block.clone()].concat())],
        ),
        ("PRIORITY that depends on itself", Reset, vec![frame(PRIORITY, 0, 1, &depends(1))]),
        ("PRIORITY of a stream to come", GoOn, vec![frame(PRIORITY, 0, 9, &depends(3))]),
        (
            "a reset with a reason that is not known",
            GoOn,
            vec![open(&scene, 1), frame(RST_STREAM, 0, 1, &[0, 0, 0, 0xff])],
        ),
    ];
    holds(&scene, cases).await;
}

#[tokio::test]
async fn section_6_each_kind_of_frame() {
    let scene = Scene::new().await;
    let block = scene.block("GET");
    let most = 0x7fff_ffff_u32.to_be_bytes();
    let padded = [&[5], block.as_slice(), &[0; 5]].concat();
    let cases = vec![
        ("DATA of no stream", End, vec![frame(DATA, END_STREAM, 0, b"x")]),
        (
            "DATA with too much padding",
            End,
            vec![open(&scene, 1), frame(DATA, PADDED | END_STREAM, 1, b"\x06abc")],
        ),
        (
            "HEADERS with too much padding",
            End,
            vec![frame(HEADERS, WHOLE | PADDED, 1, &[&[0xff], &block[..9]].concat())],
        ),
        ("HEADERS with padding", Answer, vec![frame(HEADERS, WHOLE | PADDED, 1, &padded)]),
        ("PRIORITY of no stream", End, vec![frame(PRIORITY, 0, 0, b"\0\0\0\0\xff")]),
        ("PRIORITY that is short", Reset, vec![frame(PRIORITY, 0, 1, b"\0\0\0\0")]),
        ("RST_STREAM of no stream", End, vec![frame(RST_STREAM, 0, 0, b"\0\0\0\x08")]),
        ("RST_STREAM that is short", End, vec![open(&scene, 1), frame(RST_STREAM, 0, 1, b"\0\0\0")]),
        ("SETTINGS that confirm and say something", End, vec![frame(SETTINGS, ACK, 0, b"\0")]),
        ("SETTINGS of a stream", End, vec![frame(SETTINGS, 0, 1, b"")]),
        ("SETTINGS that are short", End, vec![frame(SETTINGS, 0, 0, b"\0\x03\0")]),
        ("ENABLE_PUSH of two", End, vec![frame(SETTINGS, 0, 0, &setting(2, 2))]),
        ("a window beyond measure", End, vec![frame(SETTINGS, 0, 0, &setting(4, 1 << 31))]),
        ("frames below measure", End, vec![frame(SETTINGS, 0, 0, &setting(5, 16_383))]),
        ("frames beyond measure", End, vec![frame(SETTINGS, 0, 0, &setting(5, 1 << 24))]),
        ("a setting that is not known", GoOn, vec![frame(SETTINGS, 0, 0, &setting(0xff, 1))]),
        (
            "PUSH_PROMISE of a client",
            End,
            vec![frame(PUSH_PROMISE, END_HEADERS, 1, &[&[0, 0, 0, 2], block.as_slice()].concat())],
        ),
        ("PING that confirms", GoOn, vec![frame(PING, ACK, 0, b"12345678")]),
        ("PING of a stream", End, vec![frame(PING, 0, 1, b"12345678")]),
        ("PING that is short", End, vec![frame(PING, 0, 0, b"123")]),
        ("GOAWAY of a stream", End, vec![frame(GOAWAY, 0, 1, &[0; 8])]),
        ("GOAWAY leaves what is under way", Answer, vec![whole(&scene, 1), frame(GOAWAY, 0, 0, &[0; 8])]),
        ("WINDOW_UPDATE by nothing", End, vec![frame(WINDOW_UPDATE, 0, 0, &[0; 4])]),
        (
            "WINDOW_UPDATE of a stream by nothing",
            Reset,
            vec![open(&scene, 1), frame(WINDOW_UPDATE, 0, 1, &[0; 4])],
        ),
        ("WINDOW_UPDATE that is short", End, vec![frame(WINDOW_UPDATE, 0, 0, &[0; 3])]),
        (
            "a window that overflows",
            End,
            vec![frame(WINDOW_UPDATE, 0, 0, &most), frame(WINDOW_UPDATE, 0, 0, &most)],
        ),
        (
            "a stream's window that overflows",
            Reset,
            vec![open(&scene, 1), frame(WINDOW_UPDATE, 0, 1, &most), frame(WINDOW_UPDATE, 0, 1, &most)],
        ),
        (
            "windows that overflow by SETTINGS",
            Reset,
            vec![
                open(&scene, 1),
                frame(WINDOW_UPDATE, 0, 1, &0x7fff_0000_u32.to_be_bytes()),
                frame(SETTINGS, 0, 0, &setting(4, i32::MAX as u32)),
            ],
        ),
        (
            "CONTINUATION in pieces",
            Answer,
            vec![
                frame(HEADERS, END_STREAM, 1, &block[..5]),
                frame(CONTINUATION, 0, 1, &block[5..9]),
                frame(CONTINUATION, END_HEADERS, 1, &block[9..]),
            ],
        ),
        (
            "CONTINUATION of no stream",
            End,
            vec![
                frame(HEADERS, END_STREAM, 1, &block[..5]),
                frame(CONTINUATION, END_HEADERS, 0, &block[5..]),
            ],
        ),
        (
            "CONTINUATION after the block",
            End,
            vec![open(&scene, 1), frame(CONTINUATION, END_HEADERS, 1, b"")],
        ),
        (
            "CONTINUATION after DATA",
            End,
            vec![open(&scene, 1), frame(DATA, 0, 1, b"a"), frame(CONTINUATION, END_HEADERS, 1, b"")],
        ),
    ];
    holds(&scene, cases).await;
}

#[tokio::test]
async fn section_8_requests() {
    let scene = Scene::new().await;
    let sound =
        [(":method", "GET"), (":scheme", "http"), (":authority", scene.host.as_str()), (":path", "/x")];
    let block = |fields: &[(&str, &str)]| {
        fields.iter().flat_map(|(name, value)| field(name, value)).collect::<Bytes>()
    };
    let ask = |fields: &[(&str, &str)]| vec![frame(HEADERS, WHOLE, 1, &block(fields))];
    let mut cases = vec![
        ("names in capitals", Reset, ask(&[&sound[..], &[("X-Upper", "y")]].concat())),
        ("a pseudo field that is none", Reset, ask(&[&sound[..], &[(":foo", "y")]].concat())),
        ("a pseudo field of answers", Reset, ask(&[&sound[..], &[(":status", "200")]].concat())),
        ("a pseudo field after others", Reset, ask(&[&[("a", "b")], &sound[..]].concat())),
        (
            "no end after trailers",
            Reset,
            vec![open(&scene, 1), frame(HEADERS, END_HEADERS, 1, &field("x", "y"))],
        ),
        ("an empty path", Reset, ask(&[sound[0], sound[1], sound[2], (":path", "")])),
    ];
    for (at, (name, _)) in sound.iter().enumerate() {
        if *name != ":authority" {
            let mut without = sound.to_vec();
            without.remove(at);
            cases.push(("a pseudo field that is missing", Reset, ask(&without)));
        }
        cases.push(("a pseudo field twice", Reset, ask(&[&[sound[at]], &sound[..]].concat())));
    }
    holds(&scene, cases).await;
}

#[tokio::test]
async fn fields_as_rfc_7541_has_them() {
    let scene = Scene::new().await;
    let block = scene.block("GET");
    let ask = |before: &[u8], after: &[u8]| vec![frame(HEADERS, WHOLE, 1, &[before, &block, after].concat())];
    let cases = vec![
        ("a new size of the table at the end", End, ask(b"", b"\x20")),
        ("a table larger than was allowed", End, ask(b"\x3f\xe1\xff\x7f", b"")),
        ("a smaller table", Answer, ask(b"\x20", b"")),
        ("place 0 of the table", End, ask(b"\x80", b"")),
        ("a place beyond the table", End, ask(b"\xc6", b"")),
        ("padding of more than seven bits", End, ask(b"", b"\0\x85\xf2\xb2\x4a\x84\xff\x84\x49\x50\x9f\xff")),
        (
            "the end of Huffman's code within a text",
            End,
            ask(b"", b"\0\x85\xf2\xb2\x4a\x87\xff\xff\xff\xfd\x25\x42\x7f"),
        ),
        ("a number beyond measure", End, ask(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", b"")),
        ("a text longer than its frame", End, ask(b"", b"\0\x7f\xff\x7fabc")),
    ];
    holds(&scene, cases).await;
    // The client has the table of what we say grow and shrink between two answers.
    let mut client = scene.frames().await;
    let sizes = [frame(SETTINGS, 0, 0, &setting(1, 0)), whole(&scene, 1)];
    client.send(&sizes.concat()).await;
    assert_eq!(client.became().await, Became::Answered(200));
    assert_eq!(client.body().await, b"GET /x");
    client.send(&[frame(SETTINGS, 0, 0, &setting(1, 65_536)), whole(&scene, 3)].concat()).await;
    assert_eq!(client.became().await, Became::Answered(200));
    assert_eq!(client.body().await, b"GET /x");
}
