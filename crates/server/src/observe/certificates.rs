//! When certificates end, for the metrics page. Domains are many, so that of theirs the first end is told.

use super::metrics::Sample;
use crate::assemble::Node;

/// How many there are and when they end.
pub fn samples(node: &Node) -> Vec<Sample> {
    let (many, first_end) = node.certificates.ends();
    let mut samples = vec![Sample {
        name: "partywall_tls_certificates",
        kind: "gauge",
        about: "Certificates of tenants' own domains that are shown.",
        labels: String::new(),
        value: many as f64,
    }];
    let own = Some(node.metrics.own_certificate_end()).filter(|end| *end > 0);
    let ends = [("installation", own), ("domains", first_end.map(|end| end.seconds()))];
    samples.extend(ends.into_iter().filter_map(|(of, end)| {
        Some(Sample {
            name: "partywall_tls_certificate_ends_seconds",
            kind: "gauge",
            about: "When the certificate ends that ends first, in seconds since 1970.",
            labels: format!("of=\"{of}\""),
            value: end? as f64,
        })
    }));
    samples
}
