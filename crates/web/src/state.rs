//! What every room's handlers share. A room has a state of its own, from which [`Web`] can be taken
//! (`impl FromRef<RoomState> for Web`).

use crate::{Hosts, Pages, SharedHosts, Throttle, cookie::Jar, csrf};
use access::{CookieKeys, Warden};
use domain::{Chance, Clock};
use std::{ops::Deref, sync::Arc};

/// The shared parts, cheap to clone.
#[derive(Clone)]
pub struct Web(Arc<Manners>);

/// The parts themselves; `server` puts them together.
pub struct Manners {
    /// The only mint of permits.
    pub warden: Arc<Warden>,
    /// The time.
    pub clock: Clock,
    /// Chance.
    pub chance: Chance,
    /// The platform's addresses.
    pub hosts: Hosts,
    /// Which other hosts tenants share.
    pub shared: Arc<dyn SharedHosts>,
    /// The keys that session cookies are signed with.
    pub cookies: CookieKeys,
    /// The key of the hidden values in forms.
    pub csrf: csrf::Key,
    /// How often things may be tried.
    pub throttle: Throttle,
    /// The console's pages, of all rooms.
    pub pages: Pages,
}

impl Web {
    /// Shares `manners`.
    pub fn new(manners: Manners) -> Self {
        Web(Arc::new(manners))
    }

    /// How cookies are written and read here.
    pub fn jar(&self) -> Jar {
        Jar::new(self.hosts.https)
    }
}

impl Deref for Web {
    type Target = Manners;
    fn deref(&self) -> &Manners {
        &self.0
    }
}
