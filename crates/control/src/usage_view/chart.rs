//! The chart of requests over time: bars in percentages, which the macro `bars` draws as SVG.

use super::Usage;
use domain::Moment;

/// Everything that the macro reads.
pub(super) struct Chart {
    pub(super) bars: Vec<Bar>,
    pub(super) rules: Vec<Rule>,
    pub(super) ticks: Vec<Tick>,
    pub(super) marks: Vec<Tick>,
}

/// One bar; percentages from the upper left.
pub(super) struct Bar {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) tone: &'static str,
    pub(super) tip: String,
}

/// A line across, with what it stands for.
pub(super) struct Rule {
    pub(super) y: f64,
    pub(super) text: String,
}

/// A time beneath the bars.
pub(super) struct Tick {
    pub(super) x: f64,
    pub(super) text: String,
}

/// Bars for so many hours at most; of more, several hours share one.
const MOST_BARS: usize = 96;
const TICKS: usize = 7;
/// The share of a bar's place that stays free, so that bars stand apart.
const GAP: f64 = 0.2;

struct Span {
    begins: Moment,
    requests: i64,
    errors: i64,
}

impl Chart {
    pub(super) fn of(usage: &Usage) -> Self {
        let spans = spans(usage);
        let most = spans.iter().map(|span| span.requests).max().unwrap_or(0);
        let top = round_up(most);
        let place = 100.0 / spans.len().max(1) as f64;
        let bars = spans.iter().enumerate().filter(|(_, span)| span.requests > 0);
        let bars = bars.map(|(at, span)| bar(span, at as f64 * place, place, top)).collect();
        let ticks = ticks(usage, &spans, place);
        let rules = [1.0, 0.5].map(|share| Rule {
            y: rounded(100.0 - share * 100.0),
            text: short((top as f64 * share) as i64),
        });
        Chart { bars, rules: rules.into(), ticks, marks: Vec::new() }
    }
}

fn bar(span: &Span, x: f64, place: f64, top: i64) -> Bar {
    // A bar that is there must be seen.
    let height = (span.requests as f64 * 100.0 / top as f64).max(0.5);
    let failed = match span.errors {
        0 => String::new(),
        errors => format!(", {errors} of them failed"),
    };
    Bar {
        x: rounded(x + place * GAP / 2.0),
        y: rounded(100.0 - height),
        width: rounded(place * (1.0 - GAP)),
        height: rounded(height),
        tone: if span.errors > 0 { "bad" } else { "" },
        tip: format!("{}: {} requests{failed}", span.begins.words(), span.requests),
    }
}

fn spans(usage: &Usage) -> Vec<Span> {
    let together = usage.hours.len().div_ceil(MOST_BARS).max(1);
    let spans = usage.hours.chunks(together).map(|hours| Span {
        begins: hours[0].begins(),
        requests: hours.iter().map(|hour| hour.requests).sum(),
        errors: hours.iter().map(|hour| hour.errors).sum(),
    });
    spans.collect()
}

/// Within two days "09:00" at even distances, beyond them "4 Mar" where a day begins.
fn ticks(usage: &Usage, spans: &[Span], place: f64) -> Vec<Tick> {
    let by_day = usage.hours.len() > 48;
    let day = |span: &Span| span.begins.seconds().div_euclid(24 * 60 * 60);
    let begins_day = |at: usize| at > 0 && day(&spans[at]) != day(&spans[at - 1]);
    let candidates: Vec<usize> = (0..spans.len()).filter(|at| !by_day || begins_day(*at)).collect();
    let every = candidates.len().div_ceil(TICKS).max(1);
    let tick = |at: usize| Tick { x: rounded(at as f64 * place), text: label(spans[at].begins, by_day) };
    candidates.into_iter().step_by(every).map(tick).collect()
}

fn label(moment: Moment, by_day: bool) -> String {
    let words = moment.words();
    let (day, time) = words.split_once(", ").unwrap_or((&words, ""));
    match by_day {
        false => time.trim_end_matches(" UTC").to_owned(),
        true => day.rsplit_once(' ').map_or(day, |(day, _)| day).to_owned(),
    }
}

/// The next number that reads well, and whose half does.
fn round_up(most: i64) -> i64 {
    let mut step = 1;
    loop {
        for times in [1, 2, 3, 4, 6, 8] {
            if most <= step * times {
                return (step * times).max(2);
            }
        }
        step *= 10;
    }
}

/// At most five characters: "250", "25k", "2.5M".
pub(super) fn short(number: i64) -> String {
    let units = [(1_000_000_000_000, "T"), (1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")];
    let unit = units.into_iter().find(|(size, _)| number >= *size);
    match unit {
        None => number.to_string(),
        Some((size, name)) => {
            let (whole, tenth) = (number / size, number % size * 10 / size);
            if whole >= 10 || tenth == 0 {
                format!("{whole}{name}")
            } else {
                format!("{whole}.{tenth}{name}")
            }
        }
    }
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage_view::Hour;

    fn usage(requests: &[i64]) -> Usage {
        let hour = |(at, requests): (usize, &i64)| Hour {
            begins: 491_000 + at as i64,
            requests: *requests,
            ..Hour::default()
        };
        Usage { hours: requests.iter().enumerate().map(hour).collect() }
    }

    #[test]
    fn the_highest_bar_reaches_no_further_than_the_highest_rule() {
        let chart = Chart::of(&usage(&[0, 4, 40, 0]));
        assert_eq!(chart.bars.len(), 2, "nothing is not a bar");
        assert_eq!((chart.rules[0].text.as_str(), chart.rules[1].text.as_str()), ("40", "20"));
        let highest = &chart.bars[1];
        assert_eq!((highest.y, highest.height), (0.0, 100.0));
        assert_eq!((highest.x, highest.width), (52.5, 20.0));
        assert!(highest.tip.ends_with(": 40 requests"), "{}", highest.tip);
    }

    #[test]
    fn a_month_is_drawn_with_as_many_bars_as_can_be_told_apart() {
        let chart = Chart::of(&usage(&[7; 744]));
        assert_eq!(chart.bars.len(), 93);
        assert!(chart.ticks.len() <= TICKS && !chart.ticks[0].text.contains(':'));
        assert!(chart.bars.iter().all(|bar| bar.x + bar.width <= 100.0));
    }

    #[test]
    fn no_traffic_is_an_empty_chart() {
        let chart = Chart::of(&usage(&[0; 24]));
        assert!(chart.bars.is_empty());
        assert_eq!(chart.rules[0].text, "2");
    }

    #[test]
    fn numbers_beside_a_rule_are_short() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1_000, "1k"), (2_500, "2.5k"), (25_000, "25k"), (1_200_000, "1.2M")]
        {
            assert_eq!(short(number), text);
        }
    }
}
