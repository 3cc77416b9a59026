//! Connections by SAML 2.0. A provider's answer comes as a form that another site has the browser post, and such a
//! request brings no cookie. So the assertion consumer believes or refuses the answer, uses it up, and keeps what it said,
//! sealed and for seconds; then it leads the browser to an address of ours, to which the cookie comes, and there the
//! answer must be to the request that this browser left with.
//!
//! The addresses hold the connection's id and never change. There is no `RelayState`: nothing that a provider or a
//! browser sends along decides where anybody goes.
//!
//! The provider's metadata is [`crate::provider`]'s concern, the protocol [`protocol::saml`]'s.

mod answer;
pub(crate) mod http;
mod key;
mod leave;
#[cfg(test)]
mod tests;

pub(crate) use key::{forget as forget_keys, make as make_key, put as put_key};
pub(crate) use leave::address;

use domain::ConnectionId;
use web::Hosts;

/// Our entity id at the provider of this connection. It never changes.
pub fn entity_id(hosts: &Hosts, id: ConnectionId) -> String {
    format!("{}/saml/{id}", hosts.id)
}

/// Where the provider has its answers posted. It never changes.
pub fn consumer(hosts: &Hosts, id: ConnectionId) -> String {
    format!("{}/acs", entity_id(hosts, id))
}

/// Where our metadata lies.
pub fn metadata_address(hosts: &Hosts, id: ConnectionId) -> String {
    format!("{}/metadata", entity_id(hosts, id))
}
