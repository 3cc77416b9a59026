//! How long answers to a tenant's requests took to begin. The gateway knows; this room shows it to operators.

use domain::TenantId;
use std::{sync::Arc, time::Duration};

/// The last minutes of one tenant at this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// How many answers there were.
    pub answers: u64,
    /// Half of them took at most so long, then 95 and 99 of a hundred.
    pub within: [Duration; 3],
}

/// What knows them; none where there were no answers. `server` hands it in, because rooms do not know each other.
pub type TimesOf = Arc<dyn Fn(TenantId) -> Option<Times> + Send + Sync>;

/// For where nobody forwards anything.
pub(crate) fn none() -> TimesOf {
    Arc::new(|_| None)
}

impl Times {
    /// They in milliseconds, as they are shown.
    pub(crate) fn shown(&self) -> [String; 3] {
        self.within.map(|within| match within.as_secs_f64() * 1_000.0 {
            short if short < 10.0 => format!("{short:.1}"),
            long => format!("{long:.0}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_time_is_shown_with_its_tenths() {
        let times = Times { answers: 1, within: [1_250, 9_990, 204_800].map(Duration::from_micros) };
        assert_eq!(times.shown(), ["1.2", "10.0", "205"]);
    }
}
