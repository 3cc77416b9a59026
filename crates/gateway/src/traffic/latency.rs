//! How long answers took to begin: counts in ranges, so that memory is bounded whatever comes.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Ranges, each from a quarter of the power of two that it lies in: 16 µs to 268 s. What is read out is at most a
/// quarter more than what was.
const RANGES: usize = 96;
/// The first range ends at two to this power, in microseconds.
const FIRST: u32 = 4;

/// The times of one tenant in the last minutes: those of the current span, and of the one before.
#[derive(Debug)]
pub(crate) struct Recent {
    spans: [[AtomicU32; RANGES]; 2],
    current: AtomicU64,
}

impl Default for Recent {
    fn default() -> Self {
        let empty = || std::array::from_fn(|_| AtomicU32::new(0));
        Recent { spans: [empty(), empty()], current: AtomicU64::new(0) }
    }
}

/// How long the answers to a tenant's requests took to begin, in the last minutes at this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// How many there were.
    pub answers: u64,
    /// Half of them took at most so long.
    pub p50: Duration,
    /// 95 of a hundred.
    pub p95: Duration,
    /// 99 of a hundred.
    pub p99: Duration,
}

/// How many seconds a span lasts. The last one to two of them are read out.
const SPAN: u64 = 300;

impl Recent {
    pub(crate) fn record(&self, wait: Duration) {
        let span = &self.spans[(self.current.load(Relaxed) % 2) as usize];
        span[range(wait)].fetch_add(1, Relaxed);
    }

    /// Begins a new span where it is time.
    pub(crate) fn turn(&self, now: u64) {
        let (span, before) = (now / SPAN, self.current.load(Relaxed));
        if span == before {
            return;
        }
        self.current.store(span, Relaxed);
        for old in 0..2 {
            // What is older than the span before is of no interest any more.
            if old == (span % 2) as usize || span > before + 1 {
                self.spans[old].iter().for_each(|count| count.store(0, Relaxed));
            }
        }
    }

    /// Whether nothing was recorded in the spans that are read out.
    pub(crate) fn is_empty(&self) -> bool {
        self.spans.iter().flatten().all(|count| count.load(Relaxed) == 0)
    }

    pub(crate) fn read(&self) -> Option<Latency> {
        let count =
            |range: usize| self.spans.iter().map(|span| u64::from(span[range].load(Relaxed))).sum::<u64>();
        let counts: [u64; RANGES] = std::array::from_fn(count);
        let answers: u64 = counts.iter().sum();
        let within = |percent: u64| {
            let wanted = (answers * percent).div_ceil(100);
            let mut seen = 0;
            let at = counts.iter().position(|count| {
                seen += count;
                seen >= wanted
            });
            end_of(at.unwrap_or(RANGES - 1))
        };
        (answers > 0).then(|| Latency { answers, p50: within(50), p95: within(95), p99: within(99) })
    }
}

fn range(wait: Duration) -> usize {
    let micros = u64::try_from(wait.as_micros()).unwrap_or(u64::MAX).max(1 << FIRST);
    let power = micros.ilog2();
    let quarter = (micros >> (power - 2)) & 3;
    (((power - FIRST) as usize) * 4 + quarter as usize).min(RANGES - 1)
}

fn end_of(range: usize) -> Duration {
    let (power, quarter) = (range as u32 / 4 + FIRST, range as u64 % 4);
    Duration::from_micros(((5 + quarter) << power) / 4)
}

/// Where the ranges of a route's histogram end, in milliseconds.
pub const BOUNDS: [u64; 12] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000];

/// The times of all answers of one route since the node began.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    counts: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

/// What a route's histogram holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times {
    /// The route's name.
    pub route: String,
    /// How many took at most as long as each of [`BOUNDS`], and last how many there were.
    pub within: [u64; BOUNDS.len() + 1],
    /// How long they took together.
    pub sum: Duration,
}

impl Histogram {
    pub(crate) fn record(&self, wait: Duration) {
        let at =
            BOUNDS.iter().position(|bound| wait <= Duration::from_millis(*bound)).unwrap_or(BOUNDS.len());
        self.counts[at].fetch_add(1, Relaxed);
        self.micros.fetch_add(wait.as_micros() as u64, Relaxed);
    }

    pub(crate) fn read(&self, route: &str) -> Times {
        let mut seen = 0;
        let within = std::array::from_fn(|at| {
            seen += self.counts[at].load(Relaxed);
            seen
        });
        Times { route: route.to_owned(), within, sum: Duration::from_micros(self.micros.load(Relaxed)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(read: Duration, real_ms: u64) -> bool {
        (Duration::from_millis(real_ms)..=Duration::from_millis(real_ms) * 5 / 4 + Duration::from_micros(1))
            .contains(&read)
    }

    #[test]
    fn a_slow_backend_is_seen_in_the_times_of_its_tenant() {
        let recent = Recent::default();
        assert_eq!(recent.read(), None);
        recent.turn(600);
        (0..94).for_each(|_| recent.record(Duration::from_millis(10)));
        (0..6).for_each(|_| recent.record(Duration::from_millis(200)));
        let read = recent.read().unwrap();
        assert!(read.answers == 100 && near(read.p50, 10) && near(read.p95, 200), "{read:?}");
        // What is five minutes old counts still, and what is ten minutes old no more.
        recent.turn(900);
        assert_eq!(recent.read().map(|read| read.answers), Some(100));
        recent.turn(1_200);
        assert_eq!(recent.read(), None);
    }

    #[test]
    fn every_time_has_a_range_and_none_is_read_too_short() {
        for micros in [0, 1, 15, 16, 17, 99, 1_000, 12_345, 1 << 27, u64::MAX / 2_000] {
            let wait = Duration::from_micros(micros);
            let end = end_of(range(wait));
            assert!(end >= wait || range(wait) == RANGES - 1, "{micros}: {end:?}");
            assert!(
                micros < 16 || end <= wait * 5 / 4 + Duration::from_micros(1) || range(wait) == RANGES - 1
            );
        }
    }

    #[test]
    fn a_routes_histogram_counts_up() {
        let histogram = Histogram::default();
        [1, 3, 300, 20_000].into_iter().for_each(|ms| histogram.record(Duration::from_millis(ms)));
        let times = histogram.read("api");
        assert_eq!(times.within, [1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 4]);
        assert_eq!(times.sum, Duration::from_millis(20_304));
    }
}
