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
    samples.extend(first_end.map(|end| Sample {
        name: "partywall_tls_certificate_ends_seconds",
        kind: "gauge",
        about: "When the certificate ends that ends first, in seconds since 1970.",
        labels: "of=\"domains\"".into(),
        value: end.seconds() as f64,
    }));
    samples
}
