//! Floods of HTTP/2, each by the name that it was published under: the connection ends, or it costs its sender more than
//! us; the node holds no memory for it, and serves everybody else.

use super::Scene;
use crate::town::{
    Frames,
    frames::{
        Became, CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PADDED, PING, PRIORITY, RST_STREAM,
        SETTINGS, WHOLE, WINDOW_UPDATE, field, frame, remembered_field, setting,
    },
};

/// What a node may grow by while it is flooded. One that kept what it is sent would grow by far more.
const MOST: u64 = 24 * 1024 * 1024;
/// ENHANCE_YOUR_CALM.
const CALM: u32 = 11;
/// Far more frames than any of them needs.
const MANY: u32 = 200_000;

/// The connection ends long before all of it was sent.
async fn ends(scene: &Scene, name: &str, begin: Vec<u8>, piece: impl FnMut(u32) -> Vec<u8>) {
    let before = scene.node.memory();
    let mut client = scene.frames().await;
    client.send(&begin).await;
    assert!(!client.flood(piece, MANY).await, "{name}: all of it was taken");
    scene.victim(0).await;
    let grown = scene.node.memory().saturating_sub(before);
    assert!(grown < MOST, "{name}: the node grew by {grown} bytes");
}

/// All of it is taken, and the connection still answers.
async fn is_borne(scene: &Scene, name: &str, piece: impl FnMut(u32) -> Vec<u8>) {
    let before = scene.node.memory();
    let mut client = scene.frames().await;
    assert!(client.flood(piece, MANY / 2).await, "{name}: the connection ended");
    client.send(&frame(HEADERS, WHOLE, MANY * 2 + 1, &scene.block("GET"))).await;
    assert_eq!(client.became().await, Became::Answered(200), "{name}");
    scene.victim(0).await;
    let grown = scene.node.memory().saturating_sub(before);
    assert!(grown < MOST, "{name}: the node grew by {grown} bytes");
}

fn reset(stream: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes())
}

fn stream(at: u32) -> u32 {
    at * 2 + 1
}

#[tokio::test]
async fn continuation_flood_cve_2024_27316() {
    let scene = Scene::new().await;
    let head = || frame(HEADERS, END_STREAM, 1, &scene.block("GET"));
    let full = field("x", vec![b'a'; 1_000]);
    ends(&scene, "full", head(), |_| frame(CONTINUATION, 0, 1, &full)).await;
    ends(&scene, "empty", head(), |_| frame(CONTINUATION, 0, 1, b"")).await;
    assert!(scene.tap.heard().iter().all(|heard| heard.asked.starts_with("GET /victim")));
}

#[tokio::test]
async fn rapid_reset_cve_2023_44487() {
    let scene = Scene::new().await;
    let block = scene.block("GET");
    ends(&scene, "reset", vec![], |at| {
        [frame(HEADERS, WHOLE, stream(at), &block), reset(stream(at))].concat()
    })
    .await;
}

#[tokio::test]
async fn made_you_reset_cve_2025_8671() {
    let scene = Scene::new().await;
    let (get, post) = (scene.block("GET"), scene.block("POST"));
    let open = |at| frame(HEADERS, END_HEADERS, stream(at), &post);
    let short = [post.clone(), field("content-length", "1")].concat();
    let malformed = [get.clone(), field("connection", "close")].concat();
    let most = 0x7fff_ffff_u32.to_be_bytes();
    ends(&scene, "no window", vec![], |at| [open(at), frame(WINDOW_UPDATE, 0, stream(at), &[0; 4])].concat())
        .await;
    ends(&scene, "too much window", vec![], |at| {
        [open(at), frame(WINDOW_UPDATE, 0, stream(at), &most)].concat()
    })
    .await;
    ends(&scene, "wrong length", vec![], |at| {
        [frame(HEADERS, END_HEADERS, stream(at), &short), frame(DATA, END_STREAM, stream(at), b"abc")]
            .concat()
    })
    .await;
    ends(&scene, "depends on itself", vec![], |at| {
        let depends = [stream(at).to_be_bytes().as_slice(), b"\x01"].concat();
        [frame(HEADERS, WHOLE, stream(at), &get), frame(PRIORITY, 0, stream(at), &depends)].concat()
    })
    .await;
    ends(&scene, "malformed", vec![], |at| frame(HEADERS, WHOLE, stream(at), &malformed)).await;
    ends(&scene, "too many at once", vec![], open).await;
}

#[tokio::test]
async fn empty_frames_flood_cve_2019_9518() {
    let scene = Scene::new().await;
    let open = || frame(HEADERS, END_HEADERS, 1, &scene.block("POST"));
    ends(&scene, "empty", open(), |_| frame(DATA, 0, 1, b"")).await;
    let padded = [[255].as_slice(), &[0; 255]].concat();
    ends(&scene, "padding", open(), |_| frame(DATA, PADDED, 1, &padded)).await;
}

#[tokio::test]
async fn ping_and_settings_floods_cve_2019_9512_and_9515() {
    let scene = Scene::new().await;
    let settings = frame(SETTINGS, 0, 0, &setting(4, 65_535));
    let ping = frame(PING, 0, 0, b"12345678");
    is_borne(&scene, "ping", |_| ping.clone()).await;
    is_borne(&scene, "settings", |_| settings.clone()).await;
    // Whoever does not read the answers is not read either, so that none are kept.
    for piece in [ping, settings] {
        let before = scene.node.memory();
        let mut client = Frames::open(scene.node.port).await;
        client.flood_unread(&piece, 4_000_000).await;
        let grown = scene.node.memory().saturating_sub(before);
        assert!(grown < MOST, "the node grew by {grown} bytes");
        scene.victim(0).await;
    }
}

#[tokio::test]
async fn priority_and_window_floods_cve_2019_9513_and_9511() {
    let scene = Scene::new().await;
    is_borne(&scene, "priority", |at| frame(PRIORITY, 0, stream(at), b"\0\0\0\0\x01")).await;
    is_borne(&scene, "a byte of window", |_| frame(WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes())).await;
    is_borne(&scene, "kinds that are not known", |_| frame(0x16, 0, 0, &[0; 100])).await;
}

#[tokio::test]
async fn hpack_bomb_cve_2016_6581() {
    let scene = Scene::new().await;
    let before = scene.node.memory();
    // One field that is remembered, and then named by one byte each time: 30 MB of fields in a frame.
    let bomb = [scene.block("GET"), remembered_field("x", vec![b'a'; 3_000]), vec![0xbe; 10_000]].concat();
    let mut client = scene.frames().await;
    client.send(&frame(HEADERS, WHOLE, 1, &bomb)).await;
    assert_eq!(client.became().await, Became::Ended(Some(CALM)));
    // A little of it in each of many requests is refused each time, for as long as the connection lasts.
    let mut client = scene.frames().await;
    let first = [scene.block("GET"), remembered_field("x", vec![b'a'; 3_000])].concat();
    client.send(&frame(HEADERS, WHOLE, 1, &first)).await;
    assert_eq!(client.became().await, Became::Answered(200));
    let little = [scene.block("GET"), vec![0xbe; 15]].concat();
    client.send(&frame(HEADERS, WHOLE, 3, &little)).await;
    assert_eq!(client.became().await, Became::Answered(431));
    let grown = scene.node.memory().saturating_sub(before);
    assert!(grown < MOST, "the node grew by {grown} bytes");
    scene.victim(0).await;
}
