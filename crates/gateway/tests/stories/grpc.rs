//! gRPC by the same rules as everything else (ledger A18): mapped, checked, told who asks, refused in its own words.

use crate::{
    backend::Backend,
    house::{ACME, BETA, House, deployment},
};
use bytes::{BufMut, Bytes, BytesMut};
use domain::Standing;
use http::{HeaderMap, HeaderValue, Request, Response, Version};
use http_body_util::{BodyExt, Empty};
use hyper::{
    body::{Body, Frame, Incoming},
    client::conn::http2::{SendRequest, handshake},
    server::conn::http2,
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::{net::TcpStream, sync::mpsc};

const ROUTES: &str =
    r#"[{"name": "calls", "host": "*.base.test", "audience": "api", "credentials": ["api_key"]}]"#;
const METHOD: &str = "/surveys.Surveys/Chat";

/// Messages that go out one by one, and perhaps trailers.
struct Flow(mpsc::Receiver<Frame<Bytes>>);

impl Body for Flow {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|frame| frame.map(Ok))
    }
}

/// One message as gRPC frames it: not compressed, its length, its bytes.
fn message(text: &str) -> Bytes {
    let mut framed = BytesMut::new();
    framed.put_u8(0);
    framed.put_u32(text.len() as u32);
    framed.put(text.as_bytes());
    framed.freeze()
}

/// A server that answers each message at once with the same, and tells in its trailers whom it was asked for. It ends
/// with a status of its own, as servers do that found something wrong.
async fn server() -> Backend {
    Backend::raw(|stream| async {
        let service = service_fn(|request: Request<Incoming>| async { Ok::<_, Infallible>(chat(request)) });
        let _ =
            http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
    })
    .await
}

fn chat(request: Request<Incoming>) -> Response<Flow> {
    let (sender, receiver) = mpsc::channel(4);
    assert_eq!(request.version(), Version::HTTP_2);
    let told = |name: &str| request.headers().get(name).cloned().unwrap_or(HeaderValue::from_static(""));
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("5"));
    trailers.insert("grpc-message", HeaderValue::from_static("no such survey"));
    trailers.insert("tenant", told("partywall-tenant"));
    trailers.insert("te-seen", told("te"));
    trailers.insert("authority", request.uri().host().unwrap_or_default().parse().unwrap());
    let is_proved =
        ["partywall-context", "partywall-proof"].iter().all(|name| request.headers().contains_key(*name));
    trailers.insert("proved", HeaderValue::from_static(if is_proved { "yes" } else { "no" }));
    let mut body = request.into_body();
    tokio::spawn(async move {
        while let Some(Ok(frame)) = body.frame().await {
            if let Ok(data) = frame.into_data() {
                let _ = sender.send(Frame::data(data)).await;
            }
        }
        let _ = sender.send(Frame::trailers(trailers)).await;
    });
    Response::builder().header("content-type", "application/grpc").body(Flow(receiver)).unwrap()
}

async fn house() -> House {
    let house = House::routed(ROUTES).await;
    let server = server().await;
    house.gateway.set_deployments(vec![deployment(&[&format!("h2c://{}", server.address)])]);
    house
}

async fn client<B>(house: &House) -> SendRequest<B>
where
    B: Body<Data = Bytes, Error = Infallible> + Send + Unpin + 'static,
{
    let stream = TcpStream::connect(house.address).await.unwrap();
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn call<B>(slug: &str, key: &str, body: B) -> Request<B> {
    Request::post(format!("http://{slug}.base.test{METHOD}"))
        .header("content-type", "application/grpc+proto")
        .header("te", "trailers")
        .header("authorization", format!("Bearer {key}"))
        .body(body)
        .unwrap()
}

#[tokio::test]
async fn a_call_streams_both_ways_and_keeps_its_trailers() {
    let house = house().await;
    let key = house.key_of(ACME, |_| {});
    let mut client = client(&house).await;
    for round in 0..2 {
        let (sender, receiver) = mpsc::channel(1);
        let answer = client.send_request(call("acme", &key, Flow(receiver))).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["content-type"]),
            (200, &"application/grpc".parse::<HeaderValue>().unwrap())
        );
        assert!(answer.headers().contains_key("partywall-request-id"));
        let mut body = answer.into_body();
        // Each message is answered before the next is sent.
        for text in ["one", "two", "three"] {
            sender.send(Frame::data(message(text))).await.unwrap();
            let frame = body.frame().await.unwrap().unwrap();
            assert_eq!(frame.into_data().unwrap(), message(text), "round {round}");
        }
        drop(sender);
        let trailers = loop {
            let frame = body.frame().await.expect("trailers come last").unwrap();
            if let Ok(trailers) = frame.into_trailers() {
                break trailers;
            }
        };
        let said = |name: &str| trailers[name].to_str().unwrap().to_owned();
        assert_eq!((said("grpc-status").as_str(), said("grpc-message").as_str()), ("5", "no such survey"));
        assert_eq!(said("tenant"), ACME.to_string());
        let rest = [said("te-seen"), said("authority"), said("proved")];
        assert_eq!(rest, ["trailers", "acme.base.test", "yes"]);
    }
}

#[tokio::test]
async fn a_call_is_refused_in_words_that_grpc_reads() {
    let house = house().await;
    let (theirs, ours) = (house.key_of(BETA, |_| {}), house.key_of(ACME, |_| {}));
    let mut client = client(&house).await;
    let mut refused = async |slug: &str, key: &str, status: &str, code: &str| {
        let answer = client.send_request(call(slug, key, Empty::<Bytes>::new())).await.unwrap();
        let said = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        let kind = (answer.status().as_u16(), said("content-type"), said("grpc-status"));
        assert_eq!(kind, (200, "application/grpc".to_owned(), status.to_owned()), "{slug}");
        assert!(said("grpc-message").starts_with(code), "{}", said("grpc-message"));
        assert!(answer.into_body().collect().await.unwrap().to_bytes().is_empty());
    };
    refused("acme", &theirs, "7", "tenant.unknown").await;
    refused("nobody", &ours, "7", "tenant.unknown").await;
    refused("acme", "pw_nonsense", "16", "key.needed").await;
    house.change(ACME, |record| record.standing = Standing::Maintenance).await;
    refused("acme", &ours, "14", "tenant.maintenance").await;
    house.change(ACME, |record| record.standing = Standing::Active).await;
    // No backend that speaks HTTP/2: the same.
    house.gateway.set_deployments(vec![deployment(&["h2c://127.0.0.1:9"])]);
    refused("acme", &ours, "14", "upstream").await;
}
