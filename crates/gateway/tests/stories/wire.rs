//! Clients: one that speaks HTTP properly, and one that writes whatever it likes.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use std::{future::Future, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A request in the making.
pub(crate) struct Ask {
    method: &'static str,
    target: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) trailers: Option<HeaderMap>,
}

pub(crate) fn get(host: &str, target: &str) -> Ask {
    ask("GET", host, target)
}

pub(crate) fn ask(method: &'static str, host: &str, target: &str) -> Ask {
    let headers = vec![("host".to_owned(), host.to_owned())];
    Ask { method, target: target.to_owned(), headers, body: Bytes::new() }
}

impl Ask {
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// As a browser that opens a page.
    pub(crate) fn page(self) -> Self {
        self.with("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    fn request(self) -> Request<Full<Bytes>> {
        let mut request = Request::builder().method(self.method).uri(self.target);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        request.body(Full::new(self.body)).unwrap()
    }

    pub(crate) async fn at(self, address: SocketAddr) -> Told {
        within(async {
            let stream = TcpStream::connect(address).await.unwrap();
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            read(sender.send_request(self.request()).await.unwrap()).await
        })
        .await
    }

    /// Over HTTP/2, where the host is the authority.
    pub(crate) async fn at_h2(self, address: SocketAddr) -> Told {
        within(async {
            let stream = TcpStream::connect(address).await.unwrap();
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                    .await
                    .unwrap();
            tokio::spawn(connection);
            let mut request = self.request();
            let host = request.headers_mut().remove("host").unwrap();
            *request.uri_mut() =
                format!("http://{}{}", host.to_str().unwrap(), request.uri()).parse().unwrap();
            read(sender.send_request(request).await.unwrap()).await
        })
        .await
    }
}

async fn read(response: hyper::Response<hyper::body::Incoming>) -> Told {
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap();
    let trailers = body.trailers().cloned();
    Told { status: head.status, headers: head.headers, body: body.to_bytes(), trailers }
}

impl Told {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    /// What an echoing backend got.
    pub(crate) fn echoed(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The values of a header that an echoing backend got.
    pub(crate) fn got(&self, name: &str) -> Vec<String> {
        let echoed = self.echoed();
        let pairs = echoed["headers"].as_array().unwrap().iter();
        pairs.filter(|pair| pair[0] == name).map(|pair| pair[1].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn target(&self) -> String {
        self.echoed()["target"].as_str().unwrap().to_owned()
    }

    pub(crate) fn code(&self) -> String {
        let problem: Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem["status"], self.status.as_u16());
        problem["code"].as_str().unwrap().to_owned()
    }

    /// Everything but what differs from request to request by design.
    pub(crate) fn shape(&self) -> (StatusCode, HeaderMap, Bytes) {
        let mut headers = self.headers.clone();
        headers.remove("date");
        headers.remove("partywall-request-id");
        (self.status, headers, self.body.clone())
    }
}

/// Sends these bytes, and reads until the other side closes or has been quiet for a while.
pub(crate) async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // Whoever is cut off in the middle of sending sees a broken pipe; what was said before is read all the same.
    let _ = stream.write_all(bytes).await;
    let mut said = Vec::new();
    // The one place that waits for time to pass: that nothing more is said cannot be seen otherwise.
    let quiet = Duration::from_millis(300);
    let mut buffer = [0; 4096];
    while let Ok(Ok(read)) = tokio::time::timeout(quiet, stream.read(&mut buffer)).await {
        if read == 0 {
            break;
        }
        said.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8_lossy(&said).into_owned()
}

/// A story that does not end is a failure.
pub(crate) async fn within<T>(story: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), story).await.expect("this should have come to an end")
}
