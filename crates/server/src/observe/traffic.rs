//! What the gateway counts and how backends stand, for the metrics page. Deployments and their backends are the
//! operator's and few; no tenant is a label.

use super::metrics::Sample;
use crate::assemble::Node;
use gateway::{Gateway, UpstreamStanding, UpstreamState};

/// What the gateway counts.
pub fn samples(node: &Node) -> Vec<Sample> {
    let (by_name, by_cookie) = node.gateway.lookups();
    let (detected, blocked) = node.gateway.screened();
    let sample = |name, kind, about, value: f64| Sample { name, kind, about, labels: String::new(), value };
    let mut samples = vec![
        sample("partywall_tenants", "gauge", "Tenants in memory.", node.web.warden.tenants().len() as f64),
        sample(
            "partywall_requests_in_flight",
            "gauge",
            "Requests on their way to a backend.",
            node.gateway.in_flight() as f64,
        ),
        Sample {
            name: "partywall_requests_screened_total",
            kind: "counter",
            about: "Requests that screens of routes would have refused, or refused.",
            labels: "mode=\"detect\"".into(),
            value: detected as f64,
        },
        Sample {
            name: "partywall_requests_screened_total",
            kind: "counter",
            about: "Requests that screens of routes would have refused, or refused.",
            labels: "mode=\"block\"".into(),
            value: blocked as f64,
        },
        sample(
            "partywall_mapping_lookups_total",
            "counter",
            "Tenants that were looked up by name.",
            by_name as f64,
        ),
        sample(
            "partywall_mapping_by_cookie_total",
            "counter",
            "Requests whose session's cookie named the tenant.",
            by_cookie as f64,
        ),
    ];
    samples.extend(of_backends(&node.gateway));
    samples
}

fn of_backends(gateway: &Gateway) -> Vec<Sample> {
    let all = gateway.upstreams();
    let each = |name, kind, about, value: &dyn Fn(&UpstreamStanding) -> f64| -> Vec<Sample> {
        let sample = |one| Sample { name, kind, about, labels: labels(one), value: value(one) };
        all.iter().map(sample).collect()
    };
    let is = |one: &UpstreamStanding, up: fn(&UpstreamState) -> bool| f64::from(u8::from(up(&one.state)));
    let mut samples = each("partywall_backend_up", "gauge", "1 while a backend gets requests.", &|one| {
        is(one, |state| matches!(state, UpstreamState::Up))
    });
    samples.extend(each(
        "partywall_backend_ejected",
        "gauge",
        "1 while a backend is left out because of how it answered.",
        &|one| is(one, |state| matches!(state, UpstreamState::Ejected(_))),
    ));
    samples.extend(each(
        "partywall_backend_exposed",
        "gauge",
        "1 where a backend answers without a context, so that it can be reached around the gateway.",
        &|one| f64::from(u8::from(one.exposed == Some(true))),
    ));
    samples.extend(each(
        "partywall_backend_outstanding",
        "gauge",
        "Requests under way to a backend.",
        &|one| f64::from(one.outstanding),
    ));
    samples.extend(each(
        "partywall_backend_answered_total",
        "counter",
        "Requests that a backend answered with less than 500.",
        &|one| one.answered as f64,
    ));
    samples.extend(each(
        "partywall_backend_failed_total",
        "counter",
        "Requests that a backend did not answer, or with 500 and more.",
        &|one| one.failed as f64,
    ));
    samples.extend(gateway.retried().into_iter().map(|(deployment, times)| Sample {
        name: "partywall_retries_total",
        kind: "counter",
        about: "Requests that were tried at another backend after one had failed.",
        labels: format!("deployment=\"{deployment}\""),
        value: times as f64,
    }));
    samples
}

fn labels(one: &UpstreamStanding) -> String {
    format!("deployment=\"{}\",backend=\"{}\"", one.deployment, one.address)
}
