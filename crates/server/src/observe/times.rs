//! The times of routes as a histogram of Prometheus. Routes are the operator's and few; no tenant is a label.

use gateway::{BOUNDS, Times};
use std::fmt::Write;

/// The part of the metrics page that says how long backends took to begin their answers.
pub fn page(times: &[Times]) -> String {
    const NAME: &str = "partywall_upstream_seconds";
    let mut page =
        format!("# HELP {NAME} Until a backend began its answer, by route.\n# TYPE {NAME} histogram\n");
    for Times { route, within, sum } in times {
        let route = route.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " ");
        let ends = BOUNDS.iter().map(|bound| (*bound as f64 / 1_000.0).to_string());
        for (end, count) in ends.chain(["+Inf".to_owned()]).zip(within) {
            let _ = writeln!(page, "{NAME}_bucket{{route=\"{route}\",le=\"{end}\"}} {count}");
        }
        let all = within[BOUNDS.len()];
        let _ = writeln!(page, "{NAME}_sum{{route=\"{route}\"}} {}", sum.as_secs_f64());
        let _ = writeln!(page, "{NAME}_count{{route=\"{route}\"}} {all}");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_route_has_its_ranges_its_sum_and_its_count() {
        let times = Times { route: "a \"b\"".into(), within: [2; 13], sum: Duration::from_millis(1_500) };
        let page = page(&[times]);
        for line in [
            "# TYPE partywall_upstream_seconds histogram",
            "partywall_upstream_seconds_bucket{route=\"a \\\"b\\\"\",le=\"0.001\"} 2",
            "partywall_upstream_seconds_bucket{route=\"a \\\"b\\\"\",le=\"+Inf\"} 2",
            "partywall_upstream_seconds_sum{route=\"a \\\"b\\\"\"} 1.5",
            "partywall_upstream_seconds_count{route=\"a \\\"b\\\"\"} 2",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
        }
    }
}
