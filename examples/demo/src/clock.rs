//! The time, as everything here is told it.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Gives unix seconds. A test hands in one that it can move.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The machine's clock.
#[must_use]
pub fn system() -> Clock {
    Arc::new(system_seconds)
}

#[expect(clippy::disallowed_methods, reason = "the demo stands outside the product; this is its only clock")]
fn system_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
