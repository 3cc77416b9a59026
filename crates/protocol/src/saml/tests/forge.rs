//! Contoso's provider and a stranger's, and a connection to the former.

pub(super) use crate::saml::forge::{Answer, Signs, attribute, signed, signed_with_secret};
use crate::saml::{Believed, Certificate, Disbelieved, Expect, OwnKey, SamlError, forge, read_response};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::Moment;
use std::{sync::LazyLock, time::Duration};

pub(super) const PROVIDER: &str = "https://idp.contoso.test/metadata";
pub(super) const ENTITY: &str = "https://id.example.test/saml/con_1";
pub(super) const CONSUMER: &str = "https://id.example.test/saml/con_1/acs";
pub(super) const REQUEST: &str = "_the-request";
/// 4 March 2026, 09:12 UTC.
pub(super) const NOW: Moment = Moment::from_seconds(1_772_615_520);

pub(super) static CONTOSO: LazyLock<OwnKey> = LazyLock::new(|| OwnKey::generate("Contoso").unwrap());
pub(super) static STRANGER: LazyLock<OwnKey> = LazyLock::new(|| OwnKey::generate("Stranger").unwrap());
pub(super) static OURS: LazyLock<OwnKey> = LazyLock::new(|| OwnKey::generate("Ours").unwrap());

impl Default for Answer {
    fn default() -> Self {
        Answer::of(PROVIDER, ENTITY, CONSUMER, REQUEST, NOW)
    }
}

pub(super) fn answer_with(change: impl FnOnce(&mut Answer)) -> Answer {
    let mut answer = Answer::default();
    change(&mut answer);
    answer
}

/// Encrypted for us.
pub(super) fn hidden(assertion: &str, data: &str, key: &str) -> String {
    forge::hidden(assertion, OURS.certificate(), data, key)
}

pub(super) fn encrypted(answer: &Answer, data: &str, key: &str) -> String {
    answer.encrypted(&CONTOSO, OURS.certificate(), data, key)
}

/// What a connection to Contoso's provider makes of a document.
pub(super) fn take_with(xml: &str, change: impl FnOnce(&mut Expect<'_>)) -> Result<Believed, SamlError> {
    let certificates = [CONTOSO.certificate().clone()];
    take_by(xml, &certificates, change)
}

pub(super) fn take_by(
    xml: &str,
    certificates: &[Certificate],
    change: impl FnOnce(&mut Expect<'_>),
) -> Result<Believed, SamlError> {
    let keys = [OURS.clone()];
    let mut expect = Expect {
        provider: PROVIDER,
        certificates,
        entity_id: ENTITY,
        consumer: CONSUMER,
        keys: &keys,
        subject: None,
        now: NOW,
        leeway: Duration::from_secs(60),
    };
    change(&mut expect);
    read_response(&BASE64_STANDARD.encode(xml), &expect).map_err(|Disbelieved { why, .. }| why)
}

pub(super) fn take(xml: &str) -> Result<Believed, SamlError> {
    take_with(xml, |_| {})
}
