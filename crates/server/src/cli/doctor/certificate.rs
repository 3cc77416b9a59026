//! The certificate: whether it fits its key, for which names and for how long it is good.
//!
//! A chain is asked as a browser would ask it, at several times and for every name that people come by. What
//! stands at its end is taken for trusted: whether the world trusts it is not ours to know.

use super::finding::Finding;
use crate::{config::Config, listen::Certificates};
use domain::Clock;
use rustls::{
    CertificateError, RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use std::{path::Path, sync::Arc, time::Duration};

const DAY: u64 = 24 * 3_600;
/// Less than this is said.
const SOON: u64 = 21;
/// No certificate is asked for further ahead.
const FURTHEST: u64 = 4_000;

pub(super) fn look(config: &Config) -> Vec<Finding> {
    let Some(tls) = &config.tls else { return vec![] };
    if let Err(why) = Certificates::read(tls) {
        let (about, words) = why.split_once(' ').unwrap_or(("tls.certificate", &why));
        let remedy = "lay down a chain and its key, in PEM; the pair before stays in use until then";
        return vec![Finding::wrong(about, words, remedy)];
    }
    let mut findings = vec![Finding::good("tls", "certificate and key belong together")];
    let hosts = &config.hosts;
    let base = &config.base_domain;
    // Any slug will do: the question is whether there is a wildcard.
    let mut names: Vec<String> =
        [&hosts.id, &hosts.console, &hosts.api].map(|url| url.host().to_owned()).into();
    names.push(format!("any-tenant.{base}"));
    names.dedup();
    match Chain::read(&tls.certificate) {
        Ok(chain) => findings.extend(chain.judge(&names, Clock::System.now().seconds().unsigned_abs())),
        Err(why) => findings.push(Finding::wrong("tls.certificate", why, "lay down a chain in PEM")),
    }
    findings
}

/// A chain, and who asks it.
struct Chain {
    certificates: Vec<CertificateDer<'static>>,
    verifier: Arc<WebPkiServerVerifier>,
}

impl Chain {
    fn read(path: &Path) -> Result<Self, String> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
        Self::of(chain.map_err(|why| why.to_string())?)
    }

    fn of(certificates: Vec<CertificateDer<'static>>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates.last().cloned());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|why| format!("the end of the chain cannot be used: {why}"))?;
        Ok(Chain { certificates, verifier })
    }

    /// What a browser would say that comes by this name at this time.
    fn ask(&self, name: &str, at: u64) -> Result<(), rustls::Error> {
        let name = ServerName::try_from(name.to_owned()).map_err(|_| CertificateError::NotValidForName)?;
        let (own, rest) = self.certificates.split_first().ok_or(CertificateError::BadEncoding)?;
        let at = UnixTime::since_unix_epoch(Duration::from_secs(at));
        self.verifier.verify_server_cert(own, rest, &name, &[], at).map(drop)
    }

    fn judge(&self, names: &[String], now: u64) -> Vec<Finding> {
        let mut findings = vec![self.time(now)];
        let at = self.good_at(now).unwrap_or(now);
        let missing: Vec<&str> =
            names.iter().map(String::as_str).filter(|name| is_for_another(&self.ask(name, at))).collect();
        findings.push(match missing.as_slice() {
            [] => Finding::good("tls names", format!("it is good for {}", names.join(", "))),
            missing => Finding::wrong(
                "tls names",
                format!("it is not good for {}", missing.join(", ")),
                "get one for the platform's hosts and, as a wildcard, for everything below base_domain",
            ),
        });
        findings
    }

    fn time(&self, now: u64) -> Finding {
        let about = "tls time";
        match self.until(now) {
            Until::NotYet => Finding::wrong(about, "it is not valid yet", "compare this machine's clock"),
            Until::Over => Finding::wrong(about, "it has expired", "renew it; nobody's browser goes on"),
            Until::Days(days) if days < SOON => Finding::mind(
                about,
                format!("it expires within {} days", days + 1),
                "renew it; the files are read again when they change",
            ),
            Until::Days(days) => Finding::good(about, format!("it is good for {days} more days")),
            Until::Unknown(why) => Finding::mind(
                about,
                format!("nobody can say how long it is good: {why}"),
                "let a browser look at it",
            ),
        }
    }

    /// Asked by day, and between two days by halves.
    fn until(&self, now: u64) -> Until {
        match self.fault_of_time(now) {
            Some(Fault::Over) => return Until::Over,
            Some(Fault::NotYet) => return Until::NotYet,
            Some(Fault::Other(why)) => return Until::Unknown(why),
            None => {}
        }
        let is_over = |days: u64| matches!(self.fault_of_time(now + days * DAY), Some(Fault::Over));
        let (mut good, mut over) = (0, FURTHEST);
        while good + 1 < over {
            let middle = (good + over) / 2;
            if is_over(middle) {
                over = middle;
            } else {
                good = middle;
            }
        }
        Until::Days(good)
    }

    fn fault_of_time(&self, at: u64) -> Option<Fault> {
        match self.ask("nobody.invalid", at) {
            Err(rustls::Error::InvalidCertificate(why)) => match why {
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => Some(Fault::Over),
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                    Some(Fault::NotYet)
                }
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => None,
                other => Some(Fault::Other(format!("{other:?}"))),
            },
            Err(other) => Some(Fault::Other(other.to_string())),
            Ok(()) => None,
        }
    }

    /// A time at which it is good, so that names can be asked although it is over.
    fn good_at(&self, now: u64) -> Option<u64> {
        let before = (0..FURTHEST).step_by(7).map(|days| now.saturating_sub(days * DAY));
        before.into_iter().find(|at| self.fault_of_time(*at).is_none())
    }
}

enum Until {
    NotYet,
    Over,
    /// This many more, at the least.
    Days(u64),
    Unknown(String),
}

enum Fault {
    NotYet,
    Over,
    Other(String),
}

fn is_for_another(answer: &Result<(), rustls::Error>) -> bool {
    use CertificateError::{NotValidForName, NotValidForNameContext};
    let Err(rustls::Error::InvalidCertificate(why)) = answer else { return false };
    matches!(why, NotValidForName | NotValidForNameContext { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::State;

    /// A certificate that signed itself for these names, good from a day to another.
    fn chain(names: &[&str], from: (i32, u8, u8), until: (i32, u8, u8)) -> Chain {
        let key = rcgen::KeyPair::generate().expect("a key");
        let names = names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut wanted = rcgen::CertificateParams::new(names).expect("names");
        wanted.not_before = rcgen::date_time_ymd(from.0, from.1, from.2);
        wanted.not_after = rcgen::date_time_ymd(until.0, until.1, until.2);
        let made = wanted.self_signed(&key).expect("it signs itself");
        Chain::of(vec![made.der().clone()]).expect("a chain")
    }

    /// 15 January 2027, eight in the morning.
    const NOW: u64 = 1_800_000_000;

    fn states(chain: &Chain, names: &[&str]) -> Vec<State> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        chain.judge(&names, NOW).iter().map(|finding| finding.state).collect()
    }

    #[test]
    fn a_wildcard_covers_hosts_and_tenants() {
        let good = chain(&["*.example.com"], (2027, 1, 14), (2027, 4, 14));
        assert_eq!(states(&good, &["id.example.com", "any-tenant.example.com"]), [State::Good; 2]);
        assert!(good.time(NOW).words.contains("88 more days"), "{}", good.time(NOW).words);
    }

    #[test]
    fn names_that_are_missing_are_said() {
        let narrow = chain(&["id.example.com"], (2027, 1, 14), (2027, 4, 14));
        let found = narrow.judge(&["id.example.com".into(), "any-tenant.example.com".into()], NOW);
        assert_eq!(found[1].words, "it is not good for any-tenant.example.com");
    }

    #[test]
    fn a_certificate_that_ends_soon_or_has_ended_is_said() {
        let soon = chain(&["a.test"], (2027, 1, 14), (2027, 1, 24));
        assert_eq!(states(&soon, &["a.test"]), [State::Mind, State::Good]);
        assert_eq!(soon.time(NOW).words, "it expires within 9 days");
        let over = chain(&["a.test"], (2026, 12, 16), (2027, 1, 14));
        assert_eq!(states(&over, &["a.test"]), [State::Wrong, State::Good]);
        assert_eq!(states(&over, &["b.test"]), [State::Wrong, State::Wrong]);
        assert_eq!(over.time(NOW).words, "it has expired");
        let early = chain(&["a.test"], (2027, 1, 16), (2027, 4, 1));
        assert_eq!(early.time(NOW).words, "it is not valid yet");
    }
}
