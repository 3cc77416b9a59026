//! From a name to its addresses.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    pin::Pin,
    sync::Arc,
};
use tokio::sync::Semaphore;

/// The addresses of a name, once they are known.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Whoever knows the addresses of names: the system, or a story in a test. Never asked about addresses,
/// about `localhost` or about names that end in `.localhost`.
pub trait Resolve: Send + Sync + 'static {
    /// All addresses of this name, in the order in which they should be tried.
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a>;
}

/// Asks the system, as every other program on the machine does: hosts file, DNS, search domains.
#[derive(Debug)]
pub struct SystemResolver {
    lookups: Arc<Semaphore>,
}

/// A look-up cannot be called off: it holds a thread until the system gives up. This many may do so,
/// a small part of the threads that tokio keeps for blocking work.
const LOOKUPS_AT_ONCE: usize = 64;

impl Default for SystemResolver {
    fn default() -> Self {
        SystemResolver { lookups: Arc::new(Semaphore::new(LOOKUPS_AT_ONCE)) }
    }
}

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a> {
        Box::pin(async move {
            let turn = Arc::clone(&self.lookups).acquire_owned().await.map_err(io::Error::other)?;
            let name = name.to_owned();
            // A task of its own, so that the turn ends when the look-up does and not when the caller's
            // patience does.
            let lookup = tokio::spawn(async move {
                let _turn = turn;
                Ok(tokio::net::lookup_host((name, 0)).await?.map(|socket| socket.ip()).collect())
            });
            lookup.await.map_err(io::Error::other)?
        })
    }
}

/// The addresses of names that mean this machine, without asking anybody (RFC 6761 section 6.3).
pub(crate) fn this_machine(name: &str) -> Option<Vec<IpAddr>> {
    (name == "localhost" || name.ends_with(".localhost"))
        .then(|| vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_system_is_asked_and_its_answer_holds_addresses_only() {
        let addresses = SystemResolver::default().resolve("localhost").await.unwrap();
        assert!(!addresses.is_empty());
        assert!(addresses.iter().all(IpAddr::is_loopback), "{addresses:?}");
    }

    #[test]
    fn names_below_localhost_mean_this_machine_and_names_that_resemble_it_do_not() {
        for name in ["localhost", "idp.localhost", "a.b.localhost"] {
            assert!(this_machine(name).is_some(), "{name}");
        }
        for name in ["notlocalhost", "localhost.example", "local.host", ""] {
            assert!(this_machine(name).is_none(), "{name}");
        }
    }
}
