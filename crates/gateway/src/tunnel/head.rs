//! What a passed connection begins with, if the backend wants to know who is at its far end: the PROXY protocol,
//! version 2.

use std::net::{IpAddr, SocketAddr};

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Version 2, on behalf of somebody else.
const COMMAND: u8 = 0x21;

/// The head that says who the client is, and where it came to.
pub(super) fn second(client: SocketAddr, here: SocketAddr) -> Vec<u8> {
    let (client_ip, here_ip) = (client.ip().to_canonical(), here.ip().to_canonical());
    let mut head = SIGNATURE.to_vec();
    head.push(COMMAND);
    match (client_ip, here_ip) {
        (IpAddr::V4(client_ip), IpAddr::V4(here_ip)) => {
            head.extend([0x11, 0, 12]);
            head.extend(client_ip.octets());
            head.extend(here_ip.octets());
        }
        (client_ip, here_ip) => {
            head.extend([0x21, 0, 36]);
            head.extend(sixteen(client_ip));
            head.extend(sixteen(here_ip));
        }
    }
    head.extend(client.port().to_be_bytes());
    head.extend(here.port().to_be_bytes());
    head
}

fn sixteen(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families_are_said() {
        let head = second("192.0.2.1:1234".parse().unwrap(), "198.51.100.2:443".parse().unwrap());
        assert_eq!(head[12..], [0x21, 0x11, 0, 12, 192, 0, 2, 1, 198, 51, 100, 2, 4, 210, 1, 187]);
        let head = second("[2001:db8::1]:1".parse().unwrap(), "198.51.100.2:443".parse().unwrap());
        assert_eq!((head.len(), head[13], head[15]), (16 + 36, 0x21, 36));
    }
}
