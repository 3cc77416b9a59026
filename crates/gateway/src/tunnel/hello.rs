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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::Dice;

    /// What a client says first that asks for this name.
    fn hello(name: &str) -> Vec<u8> {
        let config = tokio_rustls::rustls::ClientConfig::builder()
            .with_root_certificates(tokio_rustls::rustls::RootCertStore::empty())
            .with_no_client_auth();
        let name = name.to_owned().try_into().unwrap();
        let mut client = tokio_rustls::rustls::ClientConnection::new(config.into(), name).unwrap();
        let mut said = Vec::new();
        client.write_tls(&mut said).unwrap();
        said
    }

    #[test]
    fn the_name_of_a_sound_message_is_found_once_all_of_it_is_there() {
        let sound = hello("Acme.base.test");
        assert!(matches!(read(&sound), Read::Name(Some(name)) if name == "acme.base.test"));
        for length in [0, 1, 4, 5, 50, sound.len() - 1] {
            assert!(matches!(read(&sound[..length]), Read::More), "{length}");
        }
        assert!(matches!(read(b"GET / HTTP/1.1"), Read::Name(None)));
    }

    #[test]
    fn a_wounded_message_asks_for_a_plain_name_or_none() {
        let (mut dice, sound) = (Dice::of(19), hello("acme.base.test"));
        for wounded in dice.wounded(&sound, 3_000) {
            if let Read::Name(Some(name)) = read(&wounded) {
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
                assert!(name.bytes().all(plain), "{name}");
            }
        }
    }
}
