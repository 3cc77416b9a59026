//! The way from something that the warden found to what a cache holds about it.

use parking_lot::RwLock;
use std::{
    any::Any,
    fmt,
    sync::{Arc, Weak},
};

/// What was made of the thing that this is a field of, as long as the cache that owns it keeps it. Whoever has the
/// thing in hand need not look the rest up: on a node with many callers, each look-up waits for memory
/// (docs/performance.md). It is no part of what the thing says: it is equal to any other, and a copy has none.
pub struct Shortcut(RwLock<Weak<dyn Any + Send + Sync>>);

impl Shortcut {
    /// What was put here last, if it still lives and is of this kind.
    pub fn get<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.0.read().upgrade()?.downcast().ok()
    }

    /// Leads to this from now on.
    pub fn put<T: Any + Send + Sync>(&self, to: &Arc<T>) {
        let to: Weak<T> = Arc::downgrade(to);
        *self.0.write() = to;
    }
}

impl Default for Shortcut {
    fn default() -> Self {
        Shortcut(RwLock::new(Weak::<()>::new()))
    }
}

impl Clone for Shortcut {
    fn clone(&self) -> Self {
        Shortcut::default()
    }
}

impl PartialEq for Shortcut {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Shortcut {}

impl fmt::Debug for Shortcut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shortcut")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_leads_to_what_lives_and_to_nothing_of_another_kind() {
        let shortcut = Shortcut::default();
        assert_eq!(shortcut.get::<String>(), None);
        let kept = Arc::new("kept".to_owned());
        shortcut.put(&kept);
        assert_eq!(shortcut.get(), Some(kept.clone()));
        assert_eq!(shortcut.get::<u8>(), None);
        assert_eq!(shortcut.clone().get::<String>(), None, "a copy is another thing");
        drop(kept);
        assert_eq!(shortcut.get::<String>(), None, "it keeps nothing alive");
    }
}
