//! The PROXY protocol, versions 1 and 2: who is at the far end of a connection that a proxy passes on byte by
//! byte. It is read from proxies that the operator named and from nobody else, before anything else is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use tokio::io::{AsyncRead, AsyncReadExt};

/// What version 2 begins with.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// The longest line of version 1, with its end.
const MOST_LINE: usize = 107;
/// The most that may follow the head of version 2: addresses, and what the proxy adds about TLS.
const MOST_AFTER: usize = 1_024;

/// What came was no such head.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadHead {
    #[error("the connection ended before its head was whole: {0}")]
    Short(#[from] std::io::Error),
    #[error("the connection does not begin with the PROXY protocol")]
    Form,
}

/// Reads the head, and not one byte more. None where the proxy speaks for itself, as in its health checks, or
/// does not know who is behind it.
pub(super) async fn read_head(from: &mut (impl AsyncRead + Unpin)) -> Result<Option<IpAddr>, BadHead> {
    let mut begins = [0; SIGNATURE.len()];
    from.read_exact(&mut begins).await?;
    if begins == SIGNATURE {
        return second(from).await;
    }
    if !begins.starts_with(b"PROXY ") {
        return Err(BadHead::Form);
    }
    let mut line = begins.to_vec();
    while !line.ends_with(b"\r\n") {
        if line.len() == MOST_LINE {
            return Err(BadHead::Form);
        }
        line.push(from.read_u8().await?);
    }
    first(&line[..line.len() - 2])
}

/// Version 1: a line of text.
fn first(line: &[u8]) -> Result<Option<IpAddr>, BadHead> {
    let line = std::str::from_utf8(line).map_err(|_| BadHead::Form)?;
    let mut words = line.split(' ').skip(1);
    let family = words.next();
    if family == Some("UNKNOWN") {
        return Ok(None);
    }
    let [source, target, source_port, target_port] = [(); 4].map(|()| words.next().unwrap_or_default());
    let address = |text: &str| text.parse::<IpAddr>().map_err(|_| BadHead::Form);
    let (source, target) = (address(source)?, address(target)?);
    let fits = match family {
        Some("TCP4") => source.is_ipv4() && target.is_ipv4(),
        Some("TCP6") => source.is_ipv6() && target.is_ipv6(),
        _ => false,
    };
    let ports = [source_port, target_port].iter().all(|port| port.parse::<u16>().is_ok());
    if fits && ports && words.next().is_none() { Ok(Some(source)) } else { Err(BadHead::Form) }
}

/// Version 2: what follows the signature.
async fn second(from: &mut (impl AsyncRead + Unpin)) -> Result<Option<IpAddr>, BadHead> {
    let (command, family) = (from.read_u8().await?, from.read_u8().await?);
    let length = usize::from(from.read_u16().await?);
    if length > MOST_AFTER {
        return Err(BadHead::Form);
    }
    let mut after = vec![0; length];
    from.read_exact(&mut after).await?;
    match (command, family >> 4) {
        (0x20, _) | (0x21, 0) => Ok(None),
        (0x21, 1) => ipv4(&after).map(Some).ok_or(BadHead::Form),
        (0x21, 2) => ipv6(&after).map(Some).ok_or(BadHead::Form),
        _ => Err(BadHead::Form),
    }
}

fn ipv4(after: &[u8]) -> Option<IpAddr> {
    let source: [u8; 4] = after.get(..12)?[..4].try_into().ok()?;
    Some(Ipv4Addr::from(source).into())
}

fn ipv6(after: &[u8]) -> Option<IpAddr> {
    let source: [u8; 16] = after.get(..36)?[..16].try_into().ok()?;
    Some(Ipv6Addr::from(source).to_canonical())
}

#[cfg(test)]
#[path = "../../../protocol/src/dice.rs"]
mod dice;

#[cfg(test)]
mod tests {
    use super::*;
    use dice::Dice;

    async fn read(bytes: &[u8]) -> Result<Option<String>, BadHead> {
        let mut rest = bytes;
        let read = read_head(&mut rest).await?;
        assert_eq!(rest, b"GET", "what follows the head is not touched");
        Ok(read.map(|address| address.to_string()))
    }

    fn second(command: u8, family: u8, after: &[u8]) -> Vec<u8> {
        let length = (after.len() as u16).to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, after, b"GET"].concat()
    }

    #[tokio::test]
    async fn a_line_of_version_1_says_who_is_there() {
        for (line, who) in [
            ("PROXY TCP4 192.0.2.1 10.0.0.1 56324 443", Some("192.0.2.1")),
            ("PROXY TCP6 2001:db8::1 fd00::1 56324 443", Some("2001:db8::1")),
            ("PROXY UNKNOWN", None),
            ("PROXY UNKNOWN ffff::1 ffff::2 1 2", None),
        ] {
            let said = read(format!("{line}\r\nGET").as_bytes()).await.expect(line);
            assert_eq!(said.as_deref(), who, "{line}");
        }
    }

    #[tokio::test]
    async fn a_head_of_version_2_says_who_is_there() {
        let v4 = [192, 0, 2, 1, 10, 0, 0, 1, 0, 80, 0, 81];
        assert_eq!(read(&second(0x21, 0x11, &v4)).await.unwrap().as_deref(), Some("192.0.2.1"));
        let with_more = [&v4[..], &[0x04, 0, 1, 0]].concat();
        assert_eq!(read(&second(0x21, 0x11, &with_more)).await.unwrap().as_deref(), Some("192.0.2.1"));
        let mut v6 = [0; 36];
        (v6[0], v6[15]) = (0x20, 1);
        assert_eq!(read(&second(0x21, 0x21, &v6)).await.unwrap().as_deref(), Some("2000::1"));
        assert_eq!(read(&second(0x20, 0, &[])).await.unwrap(), None, "a health check");
    }

    #[tokio::test]
    async fn what_is_no_head_is_refused() {
        let long = format!("PROXY TCP4 {}", "1".repeat(120));
        for bad in [
            "GET / HTTP/1.1\r\n\r\n",
            "PROXY TCP4 192.0.2.1 10.0.0.1 56324\r\nGET",
            "PROXY TCP4 192.0.2.1 10.0.0.1 56324 443 9\r\nGET",
            "PROXY TCP4 2001:db8::1 fd00::1 1 2\r\nGET",
            "PROXY TCP4 192.0.2.1 10.0.0.1 70000 443\r\nGET",
            "PROXY UDP4 192.0.2.1 10.0.0.1 1 2\r\nGET",
            "PROXY TCP4 192.0.2.1",
            &long,
            "PR",
        ] {
            assert!(read_head(&mut bad.as_bytes()).await.is_err(), "{bad}");
        }
        for bad in [
            second(0x11, 0x11, &[0; 12]),
            second(0x21, 0x11, &[0; 11]),
            second(0x21, 0x31, &[0; 216]),
            second(0x21, 0x11, &[0; MOST_AFTER + 1]),
        ] {
            assert!(read_head(&mut &bad[..]).await.is_err(), "{bad:?}");
        }
    }

    #[tokio::test]
    async fn no_wounded_head_is_read_beyond_its_end() {
        let mut dice = Dice::of(21);
        let mut binary = SIGNATURE.to_vec();
        binary.extend([0x21, 0x11, 0, 12, 192, 0, 2, 1, 10, 0, 0, 1, 0, 80, 1, 187]);
        for sound in [b"PROXY TCP4 192.0.2.1 10.0.0.1 56324 443\r\n".to_vec(), binary] {
            for mut wounded in dice.wounded(&sound, 3_000).collect::<Vec<_>>() {
                wounded.extend([b'x'; 4]);
                let mut rest = wounded.as_slice();
                if read_head(&mut rest).await.is_ok() {
                    assert!(wounded.len() - rest.len() <= SIGNATURE.len() + 4 + MOST_AFTER);
                }
            }
        }
    }
}
