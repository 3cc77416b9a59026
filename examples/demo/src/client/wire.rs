//! One HTTP/1.1 exchange on a connection of its own.

use std::net::IpAddr;
use std::time::Duration;

use http::{HeaderMap, Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use url::{Host, Position, Url};

use crate::client::{Ask, ClientError, Page, without_query};

/// Everything here runs on one machine; what takes longer has gone wrong.
const DEADLINE: Duration = Duration::from_secs(20);

/// No page of ours is longer.
const LARGEST: usize = 4 * 1024 * 1024;

type Trouble = Box<dyn std::error::Error + Send + Sync>;

pub(super) async fn exchange(ask: &Ask, url: &Url, headers: HeaderMap) -> Result<Page, ClientError> {
    let unreachable = |why: String| ClientError::Unreachable { address: without_query(url), why };
    match timeout(DEADLINE, at_leisure(ask, url, headers)).await {
        Ok(Ok(page)) => Ok(page),
        Ok(Err(trouble)) => Err(unreachable(trouble.to_string())),
        Err(_) => Err(unreachable("no answer in time".to_owned())),
    }
}

async fn at_leisure(ask: &Ask, url: &Url, headers: HeaderMap) -> Result<Page, Trouble> {
    if url.scheme() != "http" {
        return Err("this client speaks plain http only".into());
    }
    let port = url.port_or_known_default().unwrap_or(80);
    let stream = connect(&dial_name(url)?, port, ask.source.as_deref()).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut request = Request::builder()
        .method(&ask.method)
        .uri(&url[Position::BeforePath..Position::AfterQuery])
        .body(Full::new(ask.body.clone()))?;
    *request.headers_mut() = headers;
    let sent = request.headers_mut();
    if !sent.contains_key(header::HOST) {
        sent.insert(header::HOST, url.authority().parse()?);
    }
    sent.entry(header::ACCEPT)
        .or_insert(header::HeaderValue::from_static("text/html, application/json;q=0.9, */*;q=0.8"));
    let (parts, body) = sender.send_request(request).await?.into_parts();
    let body = Limited::new(body, LARGEST).collect().await?.to_bytes();
    Ok(Page {
        url: url.clone(),
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
        way: Vec::new(),
    })
}

async fn connect(name: &str, port: u16, source: Option<&str>) -> Result<TcpStream, Trouble> {
    let Some(source) = source else { return Ok(TcpStream::connect((name, port)).await?) };
    let socket = TcpSocket::new_v4()?;
    socket.bind((source.parse::<IpAddr>()?, 0).into())?;
    Ok(socket.connect((name.parse::<IpAddr>()?, port).into()).await?)
}

/// Everything under `localhost` is this machine, by RFC 6761, but not every resolver knows that.
fn dial_name(url: &Url) -> Result<String, Trouble> {
    Ok(match url.host().ok_or("the address names no host")? {
        Host::Domain(name) if name == "localhost" || name.ends_with(".localhost") => "127.0.0.1".to_owned(),
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    })
}
