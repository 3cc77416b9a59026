//! One plain HTTP GET, for key sets on a private network or a laptop.

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::{Host, Url};

use crate::FetchError;

/// A key set is small; what is longer is none.
const LARGEST: usize = 256 * 1024;

/// The body at this address.
pub(crate) async fn get(address: String) -> Result<String, FetchError> {
    let url = Url::parse(&address)?;
    if url.scheme() != "http" {
        return Err("only http:// addresses are fetched here; use KeySource::fetched for others".into());
    }
    let port = url.port_or_known_default().unwrap_or(80);
    let stream = TcpStream::connect((dial_name(&url)?, port)).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let authority = url.authority().to_owned();
    let request = Request::get(&url[url::Position::BeforePath..url::Position::AfterQuery])
        .header(header::HOST, authority)
        .header(header::ACCEPT, "application/json")
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    if response.status() != StatusCode::OK {
        return Err(format!("the key set's address answered {}", response.status()).into());
    }
    let body = Limited::new(response.into_body(), LARGEST).collect().await?.to_bytes();
    Ok(String::from_utf8(body.into())?)
}

/// The name to connect to. Everything under `localhost` is this machine, by RFC 6761, but not every
/// system's resolver knows that.
fn dial_name(url: &Url) -> Result<String, FetchError> {
    Ok(match url.host().ok_or("the address names no host")? {
        Host::Domain(name) if name == "localhost" || name.ends_with(".localhost") => "127.0.0.1".to_owned(),
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    })
}
