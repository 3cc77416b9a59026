//! How long answers take where there is time for them: requests come evenly, at half of the rate that we can bear.

use crate::report::Spread;

/// How long answers took in one turn, in microseconds, the shortest first.
pub(crate) struct Waits(Vec<u32>);

impl Waits {
    /// What h2load wrote: when a request was sent, how it was answered, and how long that took. None if anything but 200
    /// was answered, or nothing.
    pub(crate) fn read(log: &str) -> Option<Self> {
        let wait = |line: &str| {
            let mut fields = line.split_ascii_whitespace().skip(1);
            let (status, wait) = (fields.next()?, fields.next()?);
            (status == "200").then(|| wait.parse().ok())?
        };
        let mut waits = log.lines().map(wait).collect::<Option<Vec<u32>>>()?;
        waits.sort_unstable();
        (!waits.is_empty()).then_some(Waits(waits))
    }

    /// The time within which so many of a hundred were answered, in milliseconds.
    fn percentile(&self, of_hundred: usize) -> f64 {
        let at = (self.0.len() * of_hundred / 100).min(self.0.len() - 1);
        f64::from(self.0[at]) / 1e3
    }
}

/// The table: turns of each, and what the second adds to the first.
pub(crate) fn table(turns: &[(&str, Waits)], rate: f64) -> String {
    let mut table = format!(
        "| at {rate:.0} requests/s | p50 ms | p99 ms | answers |\n\
         |---|---|---|---|\n"
    );
    let of = |name: &str, of_hundred| {
        let its = turns.iter().filter(|(its, _)| *its == name);
        Spread::of(its.map(|(_, waits)| waits.percentile(of_hundred))).middle
    };
    let mut names: Vec<_> = turns.iter().map(|(name, _)| *name).collect();
    names.dedup();
    names.truncate(2);
    for name in &names {
        let answers: usize =
            turns.iter().filter(|(its, _)| its == name).map(|(_, waits)| waits.0.len()).sum();
        table.push_str(&format!("| {name} | {:.3} | {:.3} | {answers} |\n", of(name, 50), of(name, 99)));
    }
    if let [direct, ours] = names[..] {
        let added = |of_hundred| of(ours, of_hundred) - of(direct, of_hundred);
        table.push_str(&format!(
            "| added | **{:.3}** | **{:.3}** | aims: 0.1 and 1 |\n",
            added(50),
            added(99)
        ));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_sorted_and_a_refusal_is_none() {
        let waits = Waits::read("1\t200\t30\n2\t200\t10\n3\t200\t20\n").expect("all are good");
        assert_eq!((waits.percentile(50), waits.percentile(99)), (0.02, 0.03));
        assert!(Waits::read("1\t200\t30\n2\t403\t10\n").is_none());
        assert!(Waits::read("").is_none());
    }
}
