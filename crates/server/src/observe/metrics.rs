//! Metrics in the text form of Prometheus. Labels are few and bounded: no tenant, no path, no user.

use domain::Moment;
use std::{
    fmt::Write,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed},
    },
};

/// What a node counts about itself. The gateway's own counts are added when it is asked.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    connections: AtomicI64,
    accepted: AtomicU64,
    refused: AtomicU64,
    handshakes_failed: AtomicU64,
    certificate_stale: AtomicBool,
    certificate_ends: AtomicI64,
    requests: [AtomicU64; 5],
    refused_cross_tenant: AtomicU64,
    alerts: AtomicU64,
    audit_sequenced: AtomicU64,
    feed_events: AtomicU64,
    feed_refills: AtomicU64,
    witness_dropped: AtomicU64,
    jobs_dead: AtomicI64,
}

/// One number with its name and meaning.
pub struct Sample {
    /// Its name, `partywall_…`.
    pub name: &'static str,
    /// `counter` or `gauge`.
    pub kind: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Labels, as they stand between the braces; empty for none.
    pub labels: String,
    /// The number.
    pub value: f64,
}

impl Metrics {
    /// A connection was taken; the guard gives it back.
    pub fn connection(&self) -> ConnectionGuard {
        self.0.accepted.fetch_add(1, Relaxed);
        self.0.connections.fetch_add(1, Relaxed);
        ConnectionGuard(self.0.clone())
    }

    /// A connection was closed, because its address holds too many.
    pub fn connection_refused(&self) {
        self.0.refused.fetch_add(1, Relaxed);
    }

    /// A TLS handshake failed.
    pub fn handshake_failed(&self) {
        self.0.handshakes_failed.fetch_add(1, Relaxed);
    }

    /// The certificate's files were read: they can be used, or the pair before stays.
    pub fn certificate(&self, is_good: bool) {
        self.0.certificate_stale.store(!is_good, Relaxed);
    }

    /// Until then the installation's own certificate is good; never if it is not good now.
    pub fn own_certificate_ends(&self, end: Moment) {
        self.0.certificate_ends.store(end.seconds(), Relaxed);
    }

    /// When it ends, in seconds since 1970; 0 where there is none, or it is not good.
    pub fn own_certificate_end(&self) -> i64 {
        self.0.certificate_ends.load(Relaxed)
    }

    /// An answer went out.
    pub fn answered(&self, status: u16) {
        let class = usize::from(status / 100).clamp(1, 5) - 1;
        self.0.requests[class].fetch_add(1, Relaxed);
    }

    /// A cross-tenant attempt was refused.
    pub fn cross_tenant(&self) {
        self.0.refused_cross_tenant.fetch_add(1, Relaxed);
    }

    /// Refused attempts were so many that an alert was raised.
    pub fn alert(&self) {
        self.0.alerts.fetch_add(1, Relaxed);
    }

    /// Audit lines were put in order.
    pub fn sequenced(&self, lines: u64) {
        self.0.audit_sequenced.fetch_add(lines, Relaxed);
    }

    /// The feed told something.
    pub fn heard(&self, events: u64) {
        self.0.feed_events.fetch_add(events, Relaxed);
    }

    /// The feed had missed something, and memory was filled anew.
    pub fn refilled(&self) {
        self.0.feed_refills.fetch_add(1, Relaxed);
    }

    /// So many jobs are dead now, of all tenants.
    pub fn dead_jobs(&self, jobs: i64) {
        self.0.jobs_dead.store(jobs, Relaxed);
    }

    /// A note of the warden's did not fit into the queue.
    pub fn witness_dropped(&self) {
        self.0.witness_dropped.fetch_add(1, Relaxed);
    }

    fn samples(&self) -> Vec<Sample> {
        let counts = &self.0;
        let counter = |name, about, value: &AtomicU64| Sample {
            name,
            kind: "counter",
            about,
            labels: String::new(),
            value: value.load(Relaxed) as f64,
        };
        let mut samples = vec![
            Sample {
                name: "partywall_connections",
                kind: "gauge",
                about: "Connections that are open.",
                labels: String::new(),
                value: counts.connections.load(Relaxed) as f64,
            },
            Sample {
                name: "partywall_jobs_dead",
                kind: "gauge",
                about: "Jobs that were tried too often, of all tenants; `partywall jobs --dead` lists them.",
                labels: String::new(),
                value: counts.jobs_dead.load(Relaxed) as f64,
            },
            counter("partywall_connections_accepted_total", "Connections that were taken.", &counts.accepted),
            counter(
                "partywall_connections_refused_total",
                "Connections that were closed, because their address held too many.",
                &counts.refused,
            ),
            counter(
                "partywall_handshakes_failed_total",
                "TLS handshakes that failed.",
                &counts.handshakes_failed,
            ),
            Sample {
                name: "partywall_tls_certificate_stale",
                kind: "gauge",
                about: "1 while the certificate's files cannot be used and the pair before is shown.",
                labels: String::new(),
                value: f64::from(u8::from(counts.certificate_stale.load(Relaxed))),
            },
            counter(
                "partywall_cross_tenant_refused_total",
                "Cross-tenant attempts that were refused.",
                &counts.refused_cross_tenant,
            ),
            counter(
                "partywall_security_alerts_total",
                "Alerts about refused attempts that this node raised.",
                &counts.alerts,
            ),
            counter(
                "partywall_audit_sequenced_total",
                "Audit lines that were put in order by this node.",
                &counts.audit_sequenced,
            ),
            counter("partywall_feed_events_total", "Events that this node heard.", &counts.feed_events),
            counter(
                "partywall_feed_refills_total",
                "Times that the change feed had missed something and memory was filled anew.",
                &counts.feed_refills,
            ),
            counter(
                "partywall_witness_dropped_total",
                "Notes about requests that did not fit into the queue.",
                &counts.witness_dropped,
            ),
        ];
        samples.extend(counts.requests.iter().enumerate().map(|(class, value)| Sample {
            name: "partywall_responses_total",
            kind: "counter",
            about: "Answers by class of status.",
            labels: format!("class=\"{}xx\"", class + 1),
            value: value.load(Relaxed) as f64,
        }));
        samples
    }

    /// The page at `/metrics`.
    pub fn page(&self, more: impl IntoIterator<Item = Sample>) -> String {
        let mut page = String::new();
        let mut last = "";
        for sample in self.samples().into_iter().chain(process()).chain(more) {
            if sample.name != last {
                let _ = writeln!(
                    page,
                    "# HELP {} {}\n# TYPE {} {}",
                    sample.name, sample.about, sample.name, sample.kind
                );
                last = sample.name;
            }
            let labels =
                if sample.labels.is_empty() { String::new() } else { format!("{{{}}}", sample.labels) };
            let _ = writeln!(page, "{}{labels} {}", sample.name, sample.value);
        }
        page
    }
}

/// Gives a connection back when it is dropped.
pub struct ConnectionGuard(Arc<Counts>);

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Relaxed);
    }
}

/// What the kernel says about this process; nothing where there is no `/proc`.
fn process() -> Vec<Sample> {
    let resident = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split(' ').nth(1)?.parse::<f64>().ok())
        .map(|pages| pages * 4096.0);
    let files = std::fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count() as f64);
    let gauge = |name, about, value: Option<f64>| {
        value.map(|value| Sample { name, kind: "gauge", about, labels: String::new(), value })
    };
    [
        gauge("process_resident_memory_bytes", "Resident memory.", resident),
        gauge("process_open_fds", "Open file descriptors.", files),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_counts_while_it_lasts() {
        let metrics = Metrics::default();
        let guard = metrics.connection();
        assert!(metrics.page([]).contains("partywall_connections 1\n"));
        drop(guard);
        assert!(metrics.page([]).contains("partywall_connections 0\n"));
    }

    #[test]
    fn answers_are_counted_by_class() {
        let metrics = Metrics::default();
        metrics.answered(204);
        metrics.answered(403);
        let page = metrics.page([]);
        assert!(page.contains("partywall_responses_total{class=\"2xx\"} 1\n"), "{page}");
        assert_eq!(page.matches("# TYPE partywall_responses_total").count(), 1);
    }
}
