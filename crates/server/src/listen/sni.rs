//! Which certificate a connection is shown: a tenant's own for its names, the installation's for those that it is good
//! for, and a certificate authority's question for the authority. Any other name is told that nobody here has it, so that
//! nobody learns which names there are, nor whose house this is, by asking for others.

use super::pair::ends;
use crate::config::Tls;
use domain::{Hostname, Moment, TenantId};
use parking_lot::RwLock;
use rustls::{
    client::verify_server_name,
    pki_types::ServerName,
    server::{ClientHello, ParsedCertificate, ResolvesServerCert},
    sign::CertifiedKey,
};
use std::{collections::HashMap, sync::Arc};

/// How many a node holds: some 1.3 KiB each.
const MOST: usize = 100_000;
/// What a certificate authority offers as its only protocol when it looks for an answer (RFC 8737).
pub(super) const QUESTION: &[u8] = b"acme-tls/1";

/// Tenants' certificates, by name.
#[derive(Debug, Default)]
pub struct TenantCertificates(RwLock<Held>);

#[derive(Debug, Default)]
struct Held {
    by_name: HashMap<Box<str>, Shown>,
    questions: HashMap<Box<str>, Question>,
    names: HashMap<TenantId, Vec<Box<str>>>,
}

/// A certificate that is shown for a name.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The chain and its key.
    pub pair: Arc<CertifiedKey>,
    /// Until when it is good.
    pub ends_at: Moment,
}

/// What a certificate authority asks to be shown under a name.
#[derive(Clone, Debug)]
pub struct Question {
    /// By what it asks over plain HTTP.
    pub token: String,
    /// What it is told there.
    pub answer: String,
    /// What it is shown in a handshake.
    pub pair: Arc<CertifiedKey>,
}

impl TenantCertificates {
    /// Puts these in place of all that the tenant had.
    pub fn put(&self, tenant: TenantId, pairs: Vec<(Hostname, Shown)>, questions: Vec<(Hostname, Question)>) {
        let mut held = self.0.write();
        for name in held.names.remove(&tenant).unwrap_or_default() {
            held.by_name.remove(&name);
            held.questions.remove(&name);
        }
        for (host, shown) in pairs {
            if held.by_name.len() >= MOST {
                tracing::error!(%tenant, "no room for more certificates: that for {host} is not shown");
                continue;
            }
            let name: Box<str> = host.as_str().into();
            held.by_name.insert(name.clone(), shown);
            held.names.entry(tenant).or_default().push(name);
        }
        for (host, question) in questions {
            let name: Box<str> = host.as_str().into();
            held.questions.insert(name.clone(), question);
            held.names.entry(tenant).or_default().push(name);
        }
    }

    /// Whether the tenant has any.
    pub fn has(&self, tenant: TenantId) -> bool {
        self.0.read().names.contains_key(&tenant)
    }

    /// What a certificate authority is told that asks at this name by this token.
    pub fn answer(&self, host: &str, token: &str) -> Option<String> {
        let held = self.0.read();
        let question = held.questions.get(host).filter(|question| question.token == token)?;
        Some(question.answer.clone())
    }

    /// How many there are, and when the first of them ends.
    pub fn ends(&self) -> (usize, Option<Moment>) {
        let held = self.0.read();
        (held.by_name.len(), held.by_name.values().map(|shown| shown.ends_at).min())
    }

    fn find(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        self.0.read().by_name.get(name).map(|shown| shown.pair.clone())
    }

    fn question(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        self.0.read().questions.get(name).map(|question| question.pair.clone())
    }
}

/// Chooses by the name that a client asks for.
#[derive(Debug)]
pub(super) struct ByName {
    own: Arc<CertifiedKey>,
    own_for_others: bool,
    own_for_nobody: bool,
    tenants: Arc<arc_swap::ArcSwap<TenantCertificates>>,
}

impl ByName {
    pub(super) fn new(
        own: Arc<CertifiedKey>,
        tls: &Tls,
        tenants: Arc<arc_swap::ArcSwap<TenantCertificates>>,
    ) -> Self {
        ByName { own, own_for_others: tls.own_for_others, own_for_nobody: tls.own_for_nobody, tenants }
    }

    /// What is shown; none for a name that nobody here has.
    pub(super) fn choose(&self, hello: &ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let Some(name) = hello.server_name().map(str::to_ascii_lowercase) else {
            return self.own_for_nobody.then(|| self.own.clone());
        };
        let tenants = self.tenants.load();
        if is_question(hello) {
            return tenants.question(&name);
        }
        let theirs = tenants.find(&name);
        theirs.or_else(|| (self.own_for_others || self.is_for(name)).then(|| self.own.clone()))
    }

    /// Until when the installation's own is good; none if it is not.
    pub(super) fn own_ends(&self, now: Moment) -> Option<Moment> {
        ends(&self.own.cert, now)
    }

    /// Whether the installation's own is good for the name.
    fn is_for(&self, name: String) -> bool {
        let Some(own) = self.own.cert.first() else { return false };
        match (ParsedCertificate::try_from(own), ServerName::try_from(name)) {
            (Ok(own), Ok(name)) => verify_server_name(&own, &name).is_ok(),
            _ => false,
        }
    }
}

/// Whether a certificate authority asks, who offers nothing else.
fn is_question(hello: &ClientHello<'_>) -> bool {
    hello.alpn().is_some_and(|mut offers| offers.next() == Some(QUESTION) && offers.next().is_none())
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(&hello)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listen::{proof, read_pair};

    #[test]
    fn a_tenant_s_certificates_and_questions_replace_those_before() {
        let made = rcgen::generate_simple_self_signed(["app.acme.test".to_owned()]).unwrap();
        let pair = read_pair(&made.cert.pem(), &made.signing_key.serialize_pem()).unwrap();
        let host: Hostname = "app.acme.test".parse().unwrap();
        let held = TenantCertificates::default();
        let tenant = TenantId::from_bits(1);
        let ends_at = Moment::from_seconds(7);
        let question = Question {
            token: "token".into(),
            answer: "token.hash".into(),
            pair: proof(&host, "token.hash").unwrap(),
        };
        held.put(tenant, vec![(host.clone(), Shown { pair, ends_at })], vec![(host.clone(), question)]);
        assert!(held.find("app.acme.test").is_some() && held.has(tenant) && held.find("acme.test").is_none());
        assert_eq!(held.ends(), (1, Some(ends_at)));
        assert_eq!(held.answer("app.acme.test", "token").as_deref(), Some("token.hash"));
        assert_eq!(held.answer("app.acme.test", "other"), None);
        assert_eq!(held.answer("www.acme.test", "token"), None);
        held.put(tenant, vec![], vec![]);
        assert!(held.find("app.acme.test").is_none() && !held.has(tenant));
        assert!(held.question("app.acme.test").is_none() && held.answer("app.acme.test", "token").is_none());
    }
}
