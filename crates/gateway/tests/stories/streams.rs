//! What flows: bodies both ways, events, sockets, and how they end.

use crate::{
    backend::{Backend, full},
    house::{ACME, House},
    wire::{get, within},
};
use access::Maintenance;
use bytes::Bytes;
use domain::Clock;
use http_body_util::BodyExt;
use hyper::{HeaderMap, Request, Response, body::Frame, client::conn::http1};
use hyper_util::rt::TokioIo;
use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
};

/// A body that is sent piece by piece, as its other end likes.
struct Flow(mpsc::Receiver<Frame<Bytes>>);

impl hyper::body::Body for Flow {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|frame| frame.map(Ok))
    }
}

fn flow() -> (mpsc::Sender<Frame<Bytes>>, Flow) {
    let (sender, receiver) = mpsc::channel(1);
    (sender, Flow(receiver))
}

fn data(text: impl Into<Bytes>) -> Frame<Bytes> {
    Frame::data(text.into())
}

/// A backend that answers with a flow, whose other end the story holds.
async fn flowing() -> (Backend, mpsc::Sender<Frame<Bytes>>) {
    let (sender, body) = flow();
    let once = Arc::new(Mutex::new(Some(body)));
    let backend =
        Backend::answering(move |_| {
            let body = once.lock().unwrap().take().expect("asked once");
            async move {
                Response::builder().header("content-type", "text/event-stream").body(body.boxed()).unwrap()
            }
        })
        .await;
    (backend, sender)
}

async fn connect<B>(house: &House) -> http1::SendRequest<B>
where
    B: hyper::body::Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let stream = TcpStream::connect(house.address).await.unwrap();
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection.with_upgrades());
    sender
}

fn request<B>(house: &House, method: &str, body: B) -> Request<B> {
    Request::builder()
        .method(method)
        .uri("/")
        .header("host", "acme.base.test")
        .header("cookie", house.carol_at(ACME))
        .body(body)
        .unwrap()
}

#[tokio::test]
async fn events_arrive_when_they_are_sent() {
    let (backend, events) = flowing().await;
    let house = House::with(backend, |_| {}).await;
    within(async {
        let mut client = connect(&house).await;
        let mut answer = client.send_request(request(&house, "GET", full(""))).await.unwrap();
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        for event in ["data: 1\n\n", "data: 2\n\n"] {
            events.send(data(event)).await.unwrap();
            assert_eq!(answer.frame().await.unwrap().unwrap().into_data().unwrap(), event);
        }
        drop(events);
        assert!(answer.frame().await.is_none());
    })
    .await;
}

#[tokio::test]
async fn a_body_is_passed_on_while_it_is_being_sent() {
    let (arrived, mut arrivals) = mpsc::channel::<Bytes>(1);
    let backend = Backend::answering(move |mut request| {
        let arrived = arrived.clone();
        async move {
            while let Some(Ok(frame)) = request.frame().await {
                arrived.send(frame.into_data().unwrap()).await.unwrap();
            }
            Response::new(full("all"))
        }
    })
    .await;
    let house = House::with(backend, |_| {}).await;
    within(async {
        let mut client = connect(&house).await;
        let (pieces, body) = flow();
        let answer = tokio::spawn(client.send_request(request(&house, "POST", body)));
        for piece in ["one", "two"] {
            pieces.send(data(piece)).await.unwrap();
            assert_eq!(arrivals.recv().await.unwrap(), piece);
        }
        drop(pieces);
        let whole = answer.await.unwrap().unwrap().collect().await.unwrap();
        assert_eq!(whole.to_bytes(), "all");
    })
    .await;
}

/// Bytes of memory that this process uses.
fn memory() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[tokio::test]
async fn two_hundred_megabytes_flow_through_both_ways_in_little_memory() {
    const PIECES: usize = 3_200;
    const PIECE: usize = 64 * 1024;
    let backend = Backend::answering(|mut request| async move {
        // Sends back what it gets, piece by piece.
        let (sender, body) = flow();
        tokio::spawn(async move {
            while let Some(Ok(frame)) = request.frame().await {
                if sender.send(frame).await.is_err() {
                    break;
                }
            }
        });
        Response::new(body.boxed())
    })
    .await;
    let house = House::with(backend, |_| {}).await;
    house
        .gateway
        .set_routes(r#"[{"name": "large", "host": "*.base.test", "most_body": 1000000000}]"#)
        .unwrap();
    let mut client = connect(&house).await;
    let (pieces, body) = flow();
    tokio::spawn(async move {
        let piece = Bytes::from(vec![b'x'; PIECE]);
        for _ in 0..PIECES {
            pieces.send(data(piece.clone())).await.unwrap();
        }
    });
    let before = memory();
    let mut most = 0;
    let mut received = 0;
    let mut answer = client.send_request(request(&house, "POST", body)).await.unwrap();
    while let Some(frame) = answer.frame().await {
        received += frame.unwrap().into_data().unwrap().len();
        most = most.max(memory());
    }
    assert_eq!(received, PIECES * PIECE);
    let grown = most.saturating_sub(before) / 1024 / 1024;
    assert!(grown < 48, "memory grew by {grown} MiB for client, gateway and backend together");
}

/// A backend whose sockets echo in capitals.
async fn shouting() -> Backend {
    Backend::answering(|mut request| async move {
        assert_eq!(request.headers()["upgrade"], "websocket");
        assert_eq!(request.headers()["sec-websocket-key"], "dGhlIHNhbXBsZSBub25jZQ==");
        let upgraded = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let mut socket = TokioIo::new(upgraded.await.unwrap());
            let mut buffer = [0; 64];
            while let Ok(read @ 1..) = socket.read(&mut buffer).await {
                let loud = buffer[..read].to_ascii_uppercase();
                if socket.write_all(&loud).await.is_err() {
                    break;
                }
            }
        });
        Response::builder()
            .status(101)
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
            .body(full(""))
            .unwrap()
    })
    .await
}

/// An open socket through the gateway, with the head that opened it.
async fn socket(house: &House) -> TcpStream {
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    let cookie = house.carol_at(ACME);
    let head = format!(
        "GET /socket HTTP/1.1\r\nHost: acme.base.test\r\nCookie: {cookie}\r\nConnection: keep-alive, Upgrade\r\n\
         Upgrade: websocket\r\nOrigin: http://acme.base.test\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let said = crate::backend::read_head(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 101"), "{said}");
    assert!(said.contains("upgrade: websocket") && said.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{said}");
    stream
}

async fn say(socket: &mut TcpStream, text: &str) -> String {
    socket.write_all(text.as_bytes()).await.unwrap();
    let mut heard = vec![0; text.len()];
    socket.read_exact(&mut heard).await.unwrap();
    String::from_utf8(heard).unwrap()
}

async fn ends(mut socket: TcpStream) {
    let mut rest = Vec::new();
    // An end and a reset are the same to a socket that was cut.
    let _ = socket.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
}

#[tokio::test]
async fn a_socket_carries_both_ways_and_is_counted() {
    let house = House::with(shouting().await, |_| {}).await;
    within(async {
        let mut socket = socket(&house).await;
        assert_eq!(say(&mut socket, "hello").await, "HELLO");
        assert_eq!(say(&mut socket, "again").await, "AGAIN");
        assert_eq!(house.gateway.in_flight(), 1);
        drop(socket);
        while house.gateway.in_flight() > 0 {
            tokio::task::yield_now().await;
        }
        let reading = house.gateway.meters().drain()[0];
        assert_eq!((reading.used.requests, reading.used.bytes_in, reading.used.bytes_out), (1, 10, 10));
    })
    .await;
}

#[tokio::test]
async fn a_sibling_s_page_cannot_open_a_socket_with_a_session() {
    let house = House::with(shouting().await, |_| {}).await;
    let told = get("acme.base.test", "/socket")
        .with("cookie", &house.carol_at(ACME))
        .with("connection", "upgrade")
        .with("upgrade", "websocket")
        .with("origin", "http://beta.base.test")
        .at(house.address)
        .await;
    assert_eq!(told.code(), "request.cross-site");
    assert_eq!(house.backend.hits(), 0);
}

#[tokio::test]
async fn a_request_for_a_socket_that_brings_a_body_is_an_ordinary_request() {
    let house = House::new().await;
    let told = get("acme.base.test", "/socket")
        .with("cookie", &house.carol_at(ACME))
        .with("connection", "upgrade")
        .with("upgrade", "websocket")
        .body("GET / HTTP/1.1")
        .at(house.address)
        .await;
    assert_eq!((told.got("upgrade"), told.echoed()["body"].as_str()), (vec![], Some("GET / HTTP/1.1")));
}

#[tokio::test]
async fn a_socket_ends_soon_after_its_session() {
    let house =
        House::with(shouting().await, |settings| settings.ask_again = Duration::from_millis(20)).await;
    within(async {
        let mut socket = socket(&house).await;
        assert_eq!(say(&mut socket, "hello").await, "HELLO");
        house.everybody_leaves(ACME).await;
        ends(socket).await;
    })
    .await;
}

/// The goodbye that comes, and that nothing follows it.
async fn goodbye(mut socket: TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    let _ = socket.read_to_end(&mut rest).await;
    rest
}

#[tokio::test]
async fn a_socket_of_a_tenant_that_is_worked_on_is_told_to_come_back_at_once() {
    let house = House::with(shouting().await, |_| {}).await;
    within(async {
        let (told, mut busy) = (socket(&house).await, socket(&house).await);
        // What the backend says here is the beginning of a frame that is not over.
        assert_eq!(say(&mut busy, "hello").await, "HELLO");
        house.gateway.upkeep();
        assert_eq!(house.gateway.in_flight(), 2, "nothing happened yet");
        let now = Clock::System.now();
        let maintenance = Maintenance { from: now, until: now + Duration::from_secs(600) };
        house.change(ACME, |record| record.maintenance = maintenance).await;
        // As the node does every second.
        while house.gateway.in_flight() > 0 {
            house.gateway.upkeep();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(goodbye(told).await, [0x88, 2, 0x03, 0xf4], "1012: the service restarts");
        assert!(goodbye(busy).await.is_empty(), "no frame may stand within another");
    })
    .await;
}

#[tokio::test]
async fn a_socket_whose_node_stops_or_whose_session_ends_is_told_why() {
    let stops = House::with(shouting().await, |_| {}).await;
    let ends = House::with(shouting().await, |settings| settings.ask_again = Duration::from_millis(20)).await;
    within(async {
        let told = socket(&stops).await;
        stops.gateway.drain().await;
        assert_eq!(goodbye(told).await, [0x88, 2, 0x03, 0xe9], "1001: going away");
        let told = socket(&ends).await;
        ends.everybody_leaves(ACME).await;
        assert_eq!(goodbye(told).await, [0x88, 2, 0x03, 0xf0], "1008: not permitted");
    })
    .await;
}

#[tokio::test]
async fn a_stream_of_events_ends_soon_after_its_session_even_on_an_open_route() {
    for routes in ["[]", r#"[{"name": "open", "host": "*.base.test", "open": true}]"#] {
        let (backend, events) = flowing().await;
        let house = House::with(backend, |settings| settings.ask_again = Duration::from_millis(20)).await;
        house.gateway.set_routes(routes).unwrap();
        within(async {
            let mut client = connect(&house).await;
            let mut answer = client.send_request(request(&house, "GET", full(""))).await.unwrap();
            events.send(data("data: 1\n\n")).await.unwrap();
            answer.frame().await.unwrap().unwrap();
            house.everybody_leaves(ACME).await;
            assert!(answer.frame().await.unwrap().is_err(), "cut off, not ended");
        })
        .await;
    }
}

#[tokio::test]
async fn a_stream_ends_soon_after_its_products_subscription_was_cancelled() {
    let (backend, events) = flowing().await;
    let house = House::with(backend, |settings| settings.ask_again = Duration::from_millis(20)).await;
    let product: domain::ProductName = "events".parse().unwrap();
    let routes = r#"[{"name": "events", "host": "*.base.test", "product": "events"}]"#;
    house.gateway.set_routes(routes).unwrap();
    house.gateway.set_products(vec![gateway::ProductSpec {
        name: product.clone(),
        public: false,
        roles: Vec::new(),
    }]);
    house
        .change(ACME, |record| record.subscriptions = access::Subscriptions::of(vec![(product, None)]))
        .await;
    within(async {
        let mut client = connect(&house).await;
        let mut answer = client.send_request(request(&house, "GET", full(""))).await.unwrap();
        events.send(data("data: 1\n\n")).await.unwrap();
        answer.frame().await.unwrap().unwrap();
        house.change(ACME, |record| record.subscriptions = access::Subscriptions::default()).await;
        assert!(answer.frame().await.unwrap().is_err(), "cut off, not ended");
    })
    .await;
}

#[tokio::test]
async fn what_is_still_for_too_long_ends() {
    let routes = r#"[{"name": "short", "host": "*.base.test", "idle_seconds": 1}]"#;
    let (backend, events) = flowing().await;
    let house = House::with(backend, |_| {}).await;
    house.gateway.set_routes(routes).unwrap();
    within(async {
        let mut client = connect(&house).await;
        let mut answer = client.send_request(request(&house, "GET", full(""))).await.unwrap();
        assert!(answer.frame().await.unwrap().is_err());
        drop(events);
    })
    .await;
    let sockets = House::with(shouting().await, |_| {}).await;
    sockets.gateway.set_routes(routes).unwrap();
    let told = within(async { goodbye(socket(&sockets).await).await }).await;
    assert_eq!(told, [0x88, 2, 0x03, 0xe9], "1001: nobody says anything");
}

#[tokio::test]
async fn a_client_that_stops_sending_is_given_up() {
    let house = House::routed(r#"[{"name": "short", "host": "*.base.test", "idle_seconds": 1}]"#).await;
    within(async {
        let mut client = connect(&house).await;
        let (pieces, body) = flow();
        let answer = client.send_request(request(&house, "POST", body));
        pieces.send(data("a")).await.unwrap();
        assert_eq!(answer.await.unwrap().status(), 408);
    })
    .await;
}

#[tokio::test]
async fn a_backend_learns_that_the_client_went_away() {
    let (backend, events) = flowing().await;
    let house = House::with(backend, |_| {}).await;
    within(async {
        let mut client = connect(&house).await;
        let mut answer = client.send_request(request(&house, "GET", full(""))).await.unwrap();
        events.send(data("data: 1\n\n")).await.unwrap();
        answer.frame().await.unwrap().unwrap();
        drop((answer, client));
        // The backend's body is dropped once its connection is gone.
        while events.send(data("data: 2\n\n")).await.is_ok() {}
    })
    .await;
}

#[tokio::test]
async fn trailers_pass_and_say_nothing_that_is_ours() {
    let backend = Backend::answering(|_| async {
        let (sender, body) = flow();
        tokio::spawn(async move {
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", "0".parse().unwrap());
            trailers.insert("partywall-tenant", "tnt_forged".parse().unwrap());
            let _ = sender.send(data("x")).await;
            let _ = sender.send(Frame::trailers(trailers)).await;
        });
        let trailer = "grpc-status, partywall-tenant";
        Response::builder().header("trailer", trailer).body(body.boxed()).unwrap()
    })
    .await;
    let house = House::with(backend, |_| {}).await;
    let told = get("acme.base.test", "/")
        .with("te", "trailers")
        .with("cookie", &house.carol_at(ACME))
        .at_h2(house.address)
        .await;
    let trailers = told.trailers.unwrap();
    assert_eq!((trailers.len(), &trailers["grpc-status"]), (1, &"0".parse().unwrap()));
}

#[tokio::test]
async fn a_node_that_stops_answers_what_it_has_begun_and_ends_its_sockets() {
    let (backend, events) = flowing().await;
    let house = House::with(backend, |_| {}).await;
    within(async {
        let mut client = connect(&house).await;
        let answer = client.send_request(request(&house, "GET", full(""))).await.unwrap();
        let gateway = house.gateway.clone();
        let drained = tokio::spawn(async move { gateway.drain().await });
        events.send(data("last words")).await.unwrap();
        assert!(!drained.is_finished());
        drop(events);
        assert_eq!(answer.collect().await.unwrap().to_bytes(), "last words");
        drained.await.unwrap();
    })
    .await;
    let sockets = House::with(shouting().await, |_| {}).await;
    within(async {
        let mut socket = socket(&sockets).await;
        assert_eq!(say(&mut socket, "hello").await, "HELLO");
        sockets.gateway.drain().await;
        ends(socket).await;
    })
    .await;
}

#[tokio::test]
async fn a_cookie_that_http_2_split_is_one_cookie_to_the_backend() {
    let house = House::new().await;
    let told = get("acme.base.test", "/")
        .with("cookie", "a=b")
        .with("cookie", &house.carol_at(ACME))
        .with("cookie", "c=d")
        .at_h2(house.address)
        .await;
    assert_eq!(told.got("cookie"), ["a=b; c=d"]);
}
