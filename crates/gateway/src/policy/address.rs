//! From where requests are taken: networks that are let in, and networks that are not.

use super::Say;
use domain::Network;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Networks as an operator writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressSpec {
    /// The networks that requests are taken from; all if there are none.
    #[serde(default)]
    pub allow: Vec<String>,
    /// The networks that requests are not taken from, even where the others let them in.
    #[serde(default)]
    pub deny: Vec<String>,
}

/// Networks that were checked.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    allow: Box<[Network]>,
    deny: Box<[Network]>,
}

impl Addresses {
    pub(super) fn of(spec: &AddressSpec, say: Say<'_>) -> Self {
        let mut networks = |texts: &[String]| -> Box<[Network]> {
            let mut read = Vec::new();
            for text in texts {
                match text.parse() {
                    Ok(network) => read.push(network),
                    Err(error) => say("policies.addresses", format!("{error}")),
                }
            }
            read.into()
        };
        Addresses { allow: networks(&spec.allow), deny: networks(&spec.deny) }
    }

    /// Whether requests from this address are taken.
    pub(crate) fn take(&self, address: IpAddr) -> bool {
        let lies_in = |networks: &[Network]| networks.iter().any(|network| network.contains(address));
        !lies_in(&self.deny) && (self.allow.is_empty() || lies_in(&self.allow))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_denied_is_denied_even_inside_of_what_is_allowed() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let spec = AddressSpec { allow: texts(&["10.0.0.0/8", "fd12::/16"]), deny: texts(&["10.9.0.0/16"]) };
        let mut faults = Vec::new();
        let addresses = Addresses::of(&spec, &mut |key, what| faults.push((key, what)));
        assert!(faults.is_empty());
        for (address, taken) in
            [("10.1.2.3", true), ("10.9.2.3", false), ("192.0.2.1", false), ("fd12::1", true), ("::1", false)]
        {
            assert_eq!(addresses.take(address.parse().unwrap()), taken, "{address}");
        }
        assert!(Addresses::default().take("192.0.2.1".parse().unwrap()));
    }
}
