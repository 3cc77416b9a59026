//! How many connections one address holds. Without a bound, one client could take all of them and leave
//! everybody else in the kernel's queue.

use gateway::household;
use outbound::Network;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard},
};

/// Who holds how many. There is an entry only for those who hold one, so that it is never larger than the
/// number of open connections.
pub(super) struct Crowd {
    most: usize,
    uncounted: Vec<Network>,
    held: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's place in the crowd; dropping it gives it back.
pub(super) struct Place(Option<(Arc<Crowd>, IpAddr)>);

impl Crowd {
    /// `most` connections for each address that lies in none of the networks `uncounted`.
    pub(super) fn new(most: usize, uncounted: Vec<Network>) -> Arc<Self> {
        Arc::new(Crowd { most, uncounted, held: Mutex::default() })
    }

    /// A place for a connection from `address`; none if it holds as many as it may.
    pub(super) fn place(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        if self.uncounted.iter().any(|network| network.contains(address)) {
            return Some(Place(None));
        }
        let whose = household(address);
        let mut held = self.held();
        let held = held.entry(whose).or_default();
        if *held >= self.most {
            return None;
        }
        *held += 1;
        Some(Place(Some((self.clone(), whose))))
    }

    fn held(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.held.lock().expect("nothing panics while it holds this")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((crowd, whose)) = self.0.take() else { return };
        let mut held = crowd.held();
        match held.get_mut(&whose) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                held.remove(&whose);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_holds_so_many_and_others_are_not_touched() {
        let crowd = Crowd::new(2, vec![]);
        let (first, _second) = (crowd.place(at("192.0.2.1")), crowd.place(at("::ffff:192.0.2.1")));
        assert!(crowd.place(at("192.0.2.1")).is_none(), "however it is written");
        assert!(crowd.place(at("192.0.2.2")).is_some());
        drop(first);
        assert!(crowd.place(at("192.0.2.1")).is_some());
    }

    #[test]
    fn one_household_has_many_addresses_and_one_share() {
        let crowd = Crowd::new(1, vec![]);
        let _one = crowd.place(at("2001:db8:0:1::1")).expect("the first");
        assert!(crowd.place(at("2001:db8:0:1:ffff::2")).is_none());
        assert!(crowd.place(at("2001:db8:0:2::1")).is_some());
    }

    #[test]
    fn nobody_is_remembered_who_holds_nothing() {
        let crowd = Crowd::new(1, vec!["10.0.0.0/8".parse().expect("a network")]);
        let places = ["192.0.2.1", "192.0.2.2", "10.1.1.1", "10.1.1.1"].map(|text| crowd.place(at(text)));
        assert!(places.iter().all(Option::is_some), "who is not counted may hold any number");
        assert_eq!(crowd.held().len(), 2);
        drop(places);
        assert!(crowd.place(at("192.0.2.1")).is_some());
        assert_eq!(crowd.held().len(), 0);
    }
}
