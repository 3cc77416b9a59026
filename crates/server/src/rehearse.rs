//! Between the operator's room, which asks what would become of a request and how long answers took, and the
//! gateway, which knows.

use control::{
    route::{Rehearse, Rehearsed, RehearsedStep, SampleRequest},
    times::{Times, TimesOf},
};
use gateway::{Gateway, Rehearsal, Sample};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

/// Plays requests through this gateway.
pub fn rehearse(gateway: &Gateway) -> Rehearse {
    let gateway = gateway.clone();
    Arc::new(move |sample: SampleRequest| {
        let gateway = gateway.clone();
        Box::pin(async move {
            let read = read(&sample)?;
            let routes = sample.document.as_ref().map(ToString::to_string);
            let played = gateway.rehearse(read, routes.as_deref()).await;
            played.map(shown).map_err(|faults| faults.iter().map(ToString::to_string).collect())
        })
    })
}

/// How long answers to a tenant's requests took at this node.
pub fn times_of(gateway: &Gateway) -> TimesOf {
    let gateway = gateway.clone();
    Arc::new(move |tenant| {
        let latency = gateway.meters().latency_of(tenant)?;
        Some(Times { answers: latency.answers, within: [latency.p50, latency.p95, latency.p99] })
    })
}

/// The sample as a request; or everything that is wrong with it.
fn read(sample: &SampleRequest) -> Result<Sample, Vec<String>> {
    let mut faults = Vec::new();
    let mut headers = HeaderMap::new();
    for (name, value) in &sample.headers {
        match (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            (Ok(name), Ok(value)) => {
                headers.append(name, value);
            }
            _ => faults.push(format!("`{name}` cannot be sent in a header")),
        }
    }
    let method = sample.method.parse().map_err(|_| faults.push(format!("`{}` is no method", sample.method)));
    let uri = sample.url.parse::<http::Uri>().ok().filter(|uri| uri.authority().is_some());
    if uri.is_none() {
        faults.push(format!("`{}` is no whole address such as https://contoso.example.com/x", sample.url));
    }
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let address = if sample.address.is_empty() { Ok(here) } else { sample.address.parse() };
    let address = address.map_err(|_| faults.push(format!("`{}` is no IP address", sample.address)));
    match (method, uri, address) {
        (Ok(method), Some(uri), Ok(address)) if faults.is_empty() => {
            let body = sample.body.clone().into_bytes().into();
            Ok(Sample { method, uri, headers, address, body })
        }
        _ => Err(faults),
    }
}

fn shown(rehearsal: Rehearsal) -> Rehearsed {
    let step = |step: gateway::Step| RehearsedStep {
        step: step.step.to_owned(),
        passed: step.passed,
        how: step.how,
    };
    Rehearsed {
        steps: rehearsal.steps.into_iter().map(step).collect(),
        status: rehearsal.status,
        code: rehearsal.code.map(str::to_owned),
    }
}
