//! The room that bodies which are looked into take, all together: whoever sends many at once is told to wait, and the
//! node does not run out of memory.

use crate::{problem, refuse::No};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// How much is held now, at this node.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    now: Arc<AtomicU64>,
    most: u64,
}

/// What one body takes of it, until that has gone on.
#[derive(Debug)]
pub(crate) struct Room {
    held: Held,
    bytes: u64,
}

impl Held {
    /// Room for so many bytes.
    pub(crate) fn of(most: u64) -> Self {
        Held { now: Arc::default(), most }
    }

    pub(super) fn room(&self) -> Room {
        Room { held: self.clone(), bytes: 0 }
    }
}

impl Room {
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), No> {
        let bytes = bytes as u64;
        let before = self.held.now.fetch_add(bytes, Relaxed);
        self.bytes += bytes;
        if before + bytes > self.held.most { Err(No::because(problem::CROWDED)) } else { Ok(()) }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.held.now.fetch_sub(self.bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_so_much_room_and_it_is_given_back() {
        let held = Held::of(1_000);
        let (mut one, mut two) = (held.room(), held.room());
        assert!(one.grow(990).is_ok());
        assert!(two.grow(10).is_ok() && two.grow(1).is_err());
        drop(one);
        assert!(two.grow(900).is_ok());
        drop(two);
        assert_eq!(held.now.load(Relaxed), 0);
    }
}
