//! How much of a tenant's may be under way at a time, so that one whose backends hang, or whose clients send
//! slowly, holds nothing that others need.

use super::Traffic;
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

/// What is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// A request, until its answer was sent to the end.
    Request,
    /// A WebSocket, until it is closed.
    Socket,
    /// A client's connection, until it is closed.
    Connection,
}

/// One of them; given back when dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    traffic: Arc<Traffic>,
    held: Held,
}

impl Traffic {
    /// Takes a slot, if fewer than `most` are taken; 0 is no bound.
    pub(crate) fn hold(self: &Arc<Self>, held: Held, most: u64) -> Option<Slot> {
        let fits = |taken: u32| (most == 0 || u64::from(taken) < most).then(|| taken + 1);
        self.of(held).fetch_update(Relaxed, Relaxed, fits).ok()?;
        Some(Slot { traffic: self.clone(), held })
    }

    /// How many are taken.
    pub(crate) fn held(&self, held: Held) -> u32 {
        self.of(held).load(Relaxed)
    }

    fn of(&self, held: Held) -> &AtomicU32 {
        match held {
            Held::Request => &self.in_flight,
            Held::Socket => &self.sockets,
            Held::Connection => &self.connections,
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.traffic.of(self.held).fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_good_for_one_and_comes_back() {
        let traffic = Arc::new(Traffic::default());
        let first = traffic.hold(Held::Request, 1).unwrap();
        assert!(traffic.hold(Held::Request, 1).is_none());
        assert!(traffic.hold(Held::Socket, 1).is_some(), "sockets are counted apart");
        drop(first);
        assert!(traffic.hold(Held::Request, 1).is_some());
        assert!((0..1_000).map(|_| traffic.hold(Held::Request, 0)).all(|slot| slot.is_some()));
    }
}
