//! Whether the names that people come by lead anywhere.

use super::finding::Finding;
use crate::config::Config;
use outbound::{Resolve, SystemResolver};
use std::time::Duration;

/// How long one name may take.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn look(config: &Config) -> Vec<Finding> {
    let base = config.base_domain.as_str();
    // Names below localhost mean this machine wherever they are asked for.
    if base == "localhost" || base.ends_with(".localhost") {
        return vec![];
    }
    let hosts = &config.hosts;
    let mut names: Vec<String> =
        [&hosts.id, &hosts.console, &hosts.api].map(|url| url.host().to_owned()).into();
    // Any slug will do: the question is whether there is a wildcard.
    names.push(format!("any-tenant.{base}"));
    let resolver = SystemResolver::default();
    let mut missing = Vec::new();
    for name in names.iter().filter(|name| name.parse::<std::net::IpAddr>().is_err()) {
        let found = tokio::time::timeout(PATIENCE, resolver.resolve(name)).await;
        if !matches!(found, Ok(Ok(addresses)) if !addresses.is_empty()) {
            missing.push(name.as_str());
        }
    }
    if missing.is_empty() {
        return vec![Finding::good("names", format!("{} lead somewhere", names.join(", ")))];
    }
    vec![Finding::mind(
        "names",
        format!("seen from here, {} lead nowhere", missing.join(", ")),
        format!("add records for the platform's hosts and a wildcard *.{base}"),
    )]
}
