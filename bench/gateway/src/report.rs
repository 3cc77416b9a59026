//! What was measured, as a table.

use crate::{load::Counted, process::Cost};
use std::time::Duration;

/// One scene with everything that was measured of it.
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    /// From the start of the process to its first right answer.
    pub(crate) ready: Duration,
    /// In KiB, after the last round.
    pub(crate) memory: u64,
    pub(crate) rounds: Vec<Round>,
}

impl Measured {
    /// Requests in a second, in the middle one of its rounds.
    pub(crate) fn usual_rate(&self) -> f64 {
        Spread::of(self.rounds.iter().map(Round::rate)).middle
    }
}

/// One scene in one round.
#[derive(Clone, Copy)]
pub(crate) struct Round {
    pub(crate) counted: Counted,
    pub(crate) cost: Cost,
}

impl Round {
    /// Requests in a second.
    pub(crate) fn rate(&self) -> f64 {
        self.counted.requests as f64 * 1e6 / self.counted.micros as f64
    }

    /// Processor time of the proxy for one request, in microseconds.
    pub(crate) fn each(&self) -> f64 {
        self.per_request(self.cost.whole())
    }

    fn per_request(&self, micros: u64) -> f64 {
        micros as f64 / self.counted.requests as f64
    }
}

/// The table. Ratios are taken round by round to the scene called `base`, which was measured seconds apart, and
/// only then is the middle one of them chosen: what else the machine did meanwhile was much the same for both.
pub(crate) fn table(all: &[Measured], base: &str) -> String {
    let base: Vec<Round> =
        all.iter().filter(|scene| scene.name == base).flat_map(|scene| scene.rounds.clone()).collect();
    let mut table = String::from(
        "| scene | requests/s | p50 ms | p99 ms | CPU µs/request (user + system) | least–most | × HAProxy | least–most | memory MiB (PSS) | start to first answer |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    for scene in all {
        let of = |value: &dyn Fn(&Round) -> f64| Spread::of(scene.rounds.iter().map(value));
        let ratio = Spread::of(scene.rounds.iter().zip(&base).map(|(ours, base)| ours.each() / base.each()));
        let each = of(&Round::each);
        table.push_str(&format!(
            "| {} | {:.0} | {:.2} | {:.2} | **{:.1}** ({:.1} + {:.1}) | {:.1}–{:.1} | **{:.2}** | {:.2}–{:.2} | {:.0} | {} ms |\n",
            scene.name,
            of(&Round::rate).middle,
            of(&|round| round.counted.p50 as f64 / 1e3).middle,
            of(&|round| round.counted.p99 as f64 / 1e3).middle,
            each.middle,
            of(&|round| round.per_request(round.cost.user)).middle,
            of(&|round| round.per_request(round.cost.system)).middle,
            each.least,
            each.most,
            ratio.middle,
            ratio.least,
            ratio.most,
            scene.memory as f64 / 1024.0,
            scene.ready.as_millis(),
        ));
    }
    table
}

/// A scene, what it is compared with, and how much of its cost it may have.
pub(crate) type Aim = (&'static str, &'static str, f64);

/// How each aim was met whose scenes were both measured. Ratios are taken within a round, as in the table.
pub(crate) fn aims(all: &[Measured], aims: &[Aim]) -> String {
    let named = |name| all.iter().find(|scene| scene.name == name);
    let mut table = String::from("| scene | beside | × | least–most | at most |\n|---|---|---|---|---|\n");
    for (ours, theirs, most) in aims {
        let (Some(scene), Some(peer)) = (named(*ours), named(*theirs)) else { continue };
        let ratio = Spread::of(
            scene.rounds.iter().zip(&peer.rounds).map(|(ours, theirs)| ours.each() / theirs.each()),
        );
        let Spread { least, middle, most: greatest } = ratio;
        table.push_str(&format!(
            "| {ours} | {theirs} | **{middle:.2}** | {least:.2}–{greatest:.2} | {most} |\n"
        ));
    }
    table
}

/// The least, the middle and the greatest of several values.
#[derive(Debug, PartialEq)]
pub(crate) struct Spread {
    least: f64,
    pub(crate) middle: f64,
    most: f64,
}

impl Spread {
    pub(crate) fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let half = values.len() / 2;
        let middle = match values.len() {
            0 => f64::NAN,
            count if count % 2 == 0 => (values[half - 1] + values[half]) / 2.0,
            _ => values[half],
        };
        let end = |value: Option<&f64>| value.copied().unwrap_or(f64::NAN);
        Spread { least: end(values.first()), middle, most: end(values.last()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_an_even_number_of_rounds_lies_between_two() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0].into_iter()), Spread { least: 1.0, middle: 2.0, most: 3.0 });
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 3.0].into_iter()).middle, 2.5);
    }
}
