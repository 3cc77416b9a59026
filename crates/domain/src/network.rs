//! A network: an address and how many of its leading bits count, written `10.0.0.0/8`.

use std::{fmt, net::IpAddr, str::FromStr};

/// A network in CIDR form (RFC 4632, RFC 4291 section 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    bits: u8,
}

/// The text was not a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// Not an address, a slash and a number of bits that fits.
    #[error("`{0}` is not a network; write it like 10.1.0.0/16 or fd12:3456::/32")]
    Form(String),
    /// There are bits beyond the prefix, so that something else was probably meant.
    #[error("`{given}` has bits beyond its prefix; the network that holds this address is {meant}")]
    Bits {
        /// What was written.
        given: String,
        /// The network with those bits cleared.
        meant: Network,
    },
}

impl Network {
    /// The network with these leading bits. The bits beyond must be zero: for constants, where a test
    /// sees to it.
    pub const fn of(first: IpAddr, bits: u8) -> Self {
        Network { first, bits }
    }

    /// The network that holds one address and no other.
    pub const fn only(address: IpAddr) -> Self {
        Network { first: address, bits: width(address) }
    }

    /// Whether this address lies within. An IPv4 network holds no IPv6 address, mapped ones included.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.first.is_ipv4() == address.is_ipv4() && leading(address, self.bits) == self.first
    }

    /// Whether every address of the other network lies within.
    pub fn covers(&self, other: Network) -> bool {
        self.bits <= other.bits && self.contains(other.first)
    }
}

const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// The address with all but its first `bits` bits cleared.
fn leading(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            IpAddr::V6((v6.to_bits() & mask).into())
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let form = || NetworkError::Form(text.to_owned());
        let (address, bits) = text.split_once('/').ok_or_else(form)?;
        let address: IpAddr = address.parse().map_err(|_| form())?;
        let bits: u8 = bits.parse().map_err(|_| form())?;
        if bits > width(address) {
            return Err(form());
        }
        let meant = Network { first: leading(address, bits), bits };
        if meant.first != address {
            return Err(NetworkError::Bits { given: text.to_owned(), meant });
        }
        Ok(meant)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.bits == width(self.first) {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}/{}", self.first, self.bits)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_holds_its_first_and_last_address_and_not_their_neighbours() {
        for (text, first, last, before, after) in [
            ("172.16.0.0/12", "172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"),
            ("192.0.2.7/32", "192.0.2.7", "192.0.2.7", "192.0.2.6", "192.0.2.8"),
            ("fe80::/10", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe7f::", "fec0::"),
        ] {
            let holds = |address: &str| network(text).contains(address.parse().unwrap());
            assert!(holds(first) && holds(last), "{text}");
            assert!(!holds(before) && !holds(after), "{text}");
        }
    }

    #[test]
    fn all_of_ipv4_holds_no_ipv6_address() {
        assert!(network("0.0.0.0/0").contains("203.0.113.9".parse().unwrap()));
        assert!(!network("0.0.0.0/0").contains("::ffff:203.0.113.9".parse().unwrap()));
        assert!(!network("::/0").contains("203.0.113.9".parse().unwrap()));
    }

    #[test]
    fn a_slip_in_a_network_is_answered_with_what_was_probably_meant() {
        let slip = "10.1.2.3/8".parse::<Network>().unwrap_err();
        assert!(slip.to_string().ends_with("the network that holds this address is 10.0.0.0/8"), "{slip}");
    }

    #[test]
    fn what_is_not_a_network_is_refused() {
        for text in
            ["", "/", "10.0.0.0", "10.0.0.0/33", "10.0.0/8", "::/129", "fd00::/-1", "a/8", "010.0.0.0/8"]
        {
            assert!(matches!(text.parse::<Network>(), Err(NetworkError::Form(_))), "{text}");
        }
    }
}
