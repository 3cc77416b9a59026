//! The page of a tenant's use.

use super::{
    Hour,
    chart::{Chart, short},
    http::UsageQuery,
    read,
};
use crate::Control;
use access::ReadSettings;
use askama::Template;
use axum::extract::State;
use web::{Allow, Frame, Page, Problem, Query, Routes, Surface};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new().on(Surface::Console).get("/t/{tenant}/usage", show).says("The tenant's traffic over time.")
}

#[derive(Template)]
#[template(path = "usage_view/show.html")]
struct UsagePage {
    frame: Frame,
    span: &'static str,
    requests: String,
    errors: String,
    share: String,
    received: (String, &'static str),
    sent: (String, &'static str),
    wait: i64,
    label: String,
    chart: Chart,
}

const SPANS: [(i64, &str, &str); 3] = [
    (24, "24 hours", "In the last 24 hours"),
    (168, "7 days", "In the last 7 days"),
    (744, "31 days", "In the last 31 days"),
];

async fn show(
    Allow(permit): Allow<ReadSettings>,
    State(room): State<Control>,
    Query(query): Query<UsageQuery>,
    frame: Frame,
) -> Result<Page<UsagePage>, Problem> {
    let hours = query.read()?;
    let usage = read(&room.store, &permit, hours).await?;
    let path = format!("/t/{}/usage", permit.tenant_id());
    let frame = frame.title("Usage").describe("What passed the gateway for this organisation.");
    let frame = SPANS.iter().fold(frame, |frame, (span, title, _)| {
        frame.tab(*title, format!("{path}?hours={span}"), *span == hours)
    });
    let named = SPANS.iter().find(|(span, ..)| *span == hours).map(|(.., words)| *words);
    let total = usage.total();
    Ok(Page::new(UsagePage {
        frame,
        span: named.unwrap_or("In this span"),
        requests: short(total.requests),
        errors: short(total.errors),
        share: share(&total),
        received: size(total.bytes_in),
        sent: size(total.bytes_out),
        wait: total.upstream_ms / total.requests.max(1),
        label: format!("{} requests over {hours} hours, {} of them failed", total.requests, total.errors),
        chart: Chart::of(&usage),
    }))
}

/// Failed requests in percent, with one place after the point; few are never called none.
fn share(total: &Hour) -> String {
    let tenths = total.errors.saturating_mul(1_000) / total.requests.max(1);
    match (total.errors, tenths) {
        (1.., 0) => "<0.1".to_owned(),
        (_, tenths) if tenths % 10 == 0 => (tenths / 10).to_string(),
        (_, tenths) => format!("{}.{}", tenths / 10, tenths % 10),
    }
}

/// Bytes in the largest unit of which there is one.
fn size(bytes: i64) -> (String, &'static str) {
    let units = [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    let unit = units.into_iter().find(|(size, _)| bytes >= *size);
    let (size, name) = unit.unwrap_or((1, "B"));
    let (whole, tenth) = (bytes / size, bytes % size * 10 / size.max(1));
    let number =
        if size == 1 || whole >= 10 || tenth == 0 { whole.to_string() } else { format!("{whole}.{tenth}") };
    (number, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_well() {
        assert_eq!(size(0), ("0".into(), "B"));
        assert_eq!(size(999), ("999".into(), "B"));
        assert_eq!(size(1_500), ("1.5".into(), "kB"));
        assert_eq!(size(25_400_000), ("25".into(), "MB"));
    }

    #[test]
    fn a_share_has_one_place_after_the_point() {
        let hour = |requests, errors| Hour { requests, errors, ..Hour::default() };
        assert_eq!(share(&hour(0, 0)), "0");
        assert_eq!(share(&hour(1_000, 3)), "0.3");
        assert_eq!(share(&hour(10, 1)), "10");
        assert_eq!(share(&hour(100_000, 3)), "<0.1");
    }
}
