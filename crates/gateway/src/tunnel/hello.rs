//! The name that a client asks for, read without taking a byte away: whoever serves the connection finds all of it.

use std::{io, time::Duration};
use tokio::{net::TcpStream, time::sleep};
use tokio_rustls::rustls::server::Acceptor;

/// The longest first message that is looked at. Those of browsers have up to 2 KiB.
pub(super) const LONGEST: usize = 16 * 1024;
/// A message that came in pieces is looked at again after this.
const AGAIN: Duration = Duration::from_millis(5);

/// The name, in small letters; none if the client asks for none, or speaks something else.
///
/// # Errors
/// The connection's own.
pub async fn asked_name(stream: &TcpStream) -> io::Result<Option<String>> {
    let mut seen = vec![0; LONGEST];
    let mut before = 0;
    loop {
        let length = stream.peek(&mut seen).await?;
        let grew = length > before;
        match read(&seen[..length]) {
            Read::Name(name) => return Ok(name),
            Read::More if length == LONGEST || length == 0 => return Ok(None),
            // What is there stays there, so that nothing wakes us when more comes.
            Read::More if !grew => sleep(AGAIN).await,
            Read::More => before = length,
        }
    }
}

enum Read {
    Name(Option<String>),
    More,
}

fn read(mut seen: &[u8]) -> Read {
    // A handshake's record, and no other.
    if seen.first().is_some_and(|kind| *kind != 22) {
        return Read::Name(None);
    }
    let mut acceptor = Acceptor::default();
    while !seen.is_empty() {
        if acceptor.read_tls(&mut seen).is_err() {
            return Read::Name(None);
        }
        match acceptor.accept() {
            Ok(Some(accepted)) => {
                return Read::Name(accepted.client_hello().server_name().map(str::to_ascii_lowercase));
            }
            Ok(None) => {}
            Err(_) => return Read::Name(None),
        }
    }
    Read::More
}
