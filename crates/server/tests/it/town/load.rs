//! Clients that keep asking over connections that they keep.

use super::backend::WHOLE;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{
    Request, Response,
    body::Incoming,
    client::conn::{
        http1::{SendRequest, handshake},
        http2,
    },
    header::{CONNECTION, COOKIE, HOST},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{net::TcpStream, task::JoinHandle};

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The whole answer came. With it, that the connection ends here, or not.
    Whole { last: bool },
    /// The connection ended, or could not be made, before anything of an answer came: an honest client asks
    /// somebody else.
    Unheard,
    /// Anything else.
    Broken(String),
}

/// A client of one node.
pub(crate) struct Client {
    port: u16,
    host: String,
    cookie: String,
    open: Option<SendRequest<Empty<Bytes>>>,
}

impl Client {
    /// One that asks the node at `port` for `host`, with this cookie.
    pub(crate) fn new(port: u16, host: &str, cookie: &str) -> Self {
        Client { port, host: host.to_owned(), cookie: cookie.to_owned(), open: None }
    }

    /// Asks for a path whose answer comes in pieces.
    pub(crate) async fn ask(&mut self, path: &str) -> Fate {
        let Some(mut sender) = self.sender().await else { return Fate::Unheard };
        let request = Request::get(path).header(HOST, &self.host).header(COOKIE, &self.cookie);
        let request = request.body(Empty::new()).expect("a plain request");
        let Ok(answer) = sender.send_request(request).await else { return Fate::Unheard };
        let fate = fate(path, answer).await;
        self.open = (fate == Fate::Whole { last: false }).then_some(sender);
        fate
    }

    /// Asks for a path and gives the answer's status; 0 where nothing came.
    pub(crate) async fn status(&mut self, path: &str) -> u16 {
        self.answer(path).await.map_or(0, |answer| answer.status().as_u16())
    }

    /// Asks for a path and gives a field of the answer's header.
    pub(crate) async fn header(&mut self, path: &str, name: &str) -> Option<String> {
        let answer = self.answer(path).await?;
        answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    }

    /// Asks for a path and gives the answer's status and text.
    pub(crate) async fn text(&mut self, path: &str) -> Option<(u16, String)> {
        let (head, body) = self.answer(path).await?.into_parts();
        Some((head.status.as_u16(), String::from_utf8_lossy(&body).into_owned()))
    }

    /// From now on it sends this cookie too, as a browser does that was given it.
    pub(crate) fn keeps(&mut self, set_cookie: &str) {
        let pair = set_cookie.split(';').next().unwrap_or_default();
        let between = if self.cookie.is_empty() { "" } else { "; " };
        self.cookie = format!("{}{between}{pair}", self.cookie);
    }

    async fn answer(&mut self, path: &str) -> Option<Response<Bytes>> {
        let mut sender = self.sender().await?;
        let request = Request::get(path).header(HOST, &self.host).header(COOKIE, &self.cookie);
        let request = request.body(Empty::new()).expect("a plain request");
        let (head, body) = sender.send_request(request).await.ok()?.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        self.open = Some(sender);
        Some(Response::from_parts(head, body))
    }

    /// Asks for all of these at once, over one connection of HTTP/2.
    pub(crate) async fn ask_together(self, paths: &'static [&'static str]) -> Vec<Fate> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.expect("it listens");
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2");
        tokio::spawn(connection);
        let asked = paths.iter().map(|path| {
            let request = Request::get(format!("http://{}{path}", self.host)).header(COOKIE, &self.cookie);
            let request = request.body(Empty::<Bytes>::new()).expect("a plain request");
            let mut sender = sender.clone();
            async move {
                match sender.send_request(request).await {
                    Ok(answer) => fate(path, answer).await,
                    Err(_) => Fate::Unheard,
                }
            }
        });
        futures_util::future::join_all(asked).await
    }

    /// The connection that was kept, or a new one.
    async fn sender(&mut self) -> Option<SendRequest<Empty<Bytes>>> {
        if let Some(mut open) = self.open.take()
            && open.ready().await.is_ok()
        {
            return Some(open);
        }
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.ok()?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.ok()?;
        tokio::spawn(connection);
        Some(sender)
    }
}

/// What became of a request whose answer began.
async fn fate(path: &str, answer: Response<Incoming>) -> Fate {
    let (head, body) = answer.into_parts();
    let length = match body.collect().await {
        Ok(body) => body.to_bytes().len(),
        Err(error) => return Fate::Broken(format!("{path} broke off: {error}")),
    };
    if head.status != 200 || length != WHOLE {
        return Fate::Broken(format!("{path}: {} with {length} bytes", head.status));
    }
    Fate::Whole { last: head.headers.get(CONNECTION).is_some_and(|value| value == "close") }
}

/// What a client of the crowd asked for, and what became of it.
pub(crate) type Diary = Vec<(String, Fate)>;

/// A crowd of clients at one node.
pub(crate) struct Crowd {
    asked: Arc<AtomicU64>,
    enough: Arc<AtomicBool>,
    members: Vec<JoinHandle<Diary>>,
}

impl Crowd {
    /// `size` clients, each of which asks over and over. With `goes_over`, whoever is told that their connection
    /// ends, or is not heard, goes elsewhere.
    pub(crate) fn gather(name: &str, size: usize, goes_over: bool, client: impl Fn() -> Client) -> Self {
        let (asked, enough) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let members = (0..size).map(|number| {
            let (mut client, asked, enough) = (client(), asked.clone(), enough.clone());
            let name = format!("{name}-{number}");
            tokio::spawn(async move {
                let mut diary = Diary::new();
                while !enough.load(Relaxed) {
                    let path = format!("/slow/{name}/{}", diary.len());
                    let fate = client.ask(&path).await;
                    let goes = goes_over && matches!(fate, Fate::Unheard | Fate::Whole { last: true });
                    diary.push((path, fate));
                    asked.fetch_add(1, Relaxed);
                    if goes {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                diary
            })
        });
        let members = members.collect();
        Crowd { asked, enough, members }
    }

    /// Waits until the crowd has asked so many times more.
    pub(crate) async fn asks(&self, more: u64) {
        let goal = self.asked.load(Relaxed) + more;
        while self.asked.load(Relaxed) < goal {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until everybody has gone over.
    pub(crate) async fn goes_over(self) -> Vec<Diary> {
        let mut diaries = Vec::new();
        for member in self.members {
            diaries.push(member.await.expect("a client does not panic"));
        }
        diaries
    }

    /// It is enough.
    pub(crate) async fn ends(self) -> Vec<Diary> {
        self.enough.store(true, Relaxed);
        self.goes_over().await
    }
}
