//! A tenant's traffic over the last days.

use access::{Permit, ReadSettings};
use domain::Moment;
use store::{Store, StoreError};

const SECONDS: i64 = 60 * 60;

/// A tenant's traffic, every hour of a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// One entry for each hour, the oldest first; hours without traffic too.
    pub hours: Vec<Hour>,
}

/// The traffic of one hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hour {
    /// When it began.
    pub begins: i64,
    /// Requests that were forwarded.
    pub requests: i64,
    /// Requests whose backend failed or answered with 5xx.
    pub errors: i64,
    /// Bytes from clients.
    pub bytes_in: i64,
    /// Bytes to clients.
    pub bytes_out: i64,
    /// Milliseconds until backends began to answer, added up.
    pub upstream_ms: i64,
}

impl Hour {
    /// When it began.
    pub fn begins(&self) -> Moment {
        Moment::from_seconds(self.begins * SECONDS)
    }

    fn add(&mut self, meter: &str, value: i64) {
        let sum = match meter {
            "requests" => &mut self.requests,
            "errors" => &mut self.errors,
            "bytes_in" => &mut self.bytes_in,
            "bytes_out" => &mut self.bytes_out,
            "upstream_ms" => &mut self.upstream_ms,
            // What a newer node counts, this one does not know.
            _ => return,
        };
        *sum = sum.saturating_add(value);
    }
}

impl Usage {
    /// All hours together.
    pub fn total(&self) -> Hour {
        self.hours.iter().fold(Hour::default(), |sum, hour| Hour {
            begins: sum.begins,
            requests: sum.requests.saturating_add(hour.requests),
            errors: sum.errors.saturating_add(hour.errors),
            bytes_in: sum.bytes_in.saturating_add(hour.bytes_in),
            bytes_out: sum.bytes_out.saturating_add(hour.bytes_out),
            upstream_ms: sum.upstream_ms.saturating_add(hour.upstream_ms),
        })
    }
}

/// The traffic of the permit's tenant in the last `hours` hours, the present one included.
///
/// # Errors
/// [`StoreError`].
pub async fn read(store: &Store, permit: &Permit<ReadSettings>, hours: i64) -> Result<Usage, StoreError> {
    let until = store.clock().now().seconds().div_euclid(SECONDS) + 1;
    let from = until - hours;
    let mut all: Vec<Hour> = (from..until).map(|begins| Hour { begins, ..Hour::default() }).collect();
    for reading in store.traffic(permit, from, until).await? {
        if let Some(hour) = usize::try_from(reading.hour - from).ok().and_then(|at| all.get_mut(at)) {
            hour.add(&reading.meter, reading.value);
        }
    }
    Ok(Usage { hours: all })
}
