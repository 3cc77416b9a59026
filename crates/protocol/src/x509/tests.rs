//! Stories of certificates: who vouches for them, and what is made of them.

use super::*;
use domain::{AnchorRules, Attribute, CertificateRule, Moment, TenantId};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber,
};
use std::time::Duration;

/// 2027-01-15, in the time of every certificate that is made here unless it says otherwise.
const NOW: Moment = Moment::from_seconds(1_800_000_000);
const DAY: Duration = Duration::from_secs(86_400);

/// An authority with its key.
pub(crate) struct Signer {
    pub(crate) der: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = Default::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2036, 1, 1);
    params
}

impl Signer {
    pub(crate) fn new(name: &str) -> Self {
        Self::with(name, |_| {})
    }

    fn with(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = Self::params(name);
        change(&mut params);
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Signer { der, issuer: Issuer::new(params, key) }
    }

    fn params(name: &str) -> CertificateParams {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params
    }

    fn below(&self, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = Self::params(name);
        let der = params.signed_by(&key, &self.issuer).unwrap().der().to_vec();
        Signer { der, issuer: Issuer::new(params, key) }
    }

    pub(crate) fn sign(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let mut params = params(name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        params.signed_by(&KeyPair::generate().unwrap(), &self.issuer).unwrap().der().to_vec()
    }

    fn list(&self, serials: &[u64]) -> Vec<u8> {
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: rcgen::date_time_ymd(2026, 6, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: rcgen::date_time_ymd(2026, 6, 1),
            next_update: rcgen::date_time_ymd(2028, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).unwrap().der().to_vec()
    }

    fn authority(&self) -> Authority {
        Authority::read(&self.der).unwrap()
    }
}

fn ask(chain: &[&[u8]], signer: &Signer, now: Moment) -> Result<Vouched, Untrusted> {
    let chain = ClientChain::read(chain.iter().map(|der| der.to_vec()).collect()).unwrap();
    verify(&chain, &signer.authority(), &[], false, now)
}

#[test]
fn an_authority_vouches_for_its_own_and_for_nobody_else_s() {
    let (ours, theirs) = (Signer::new("Devices"), Signer::new("Devices"));
    let kiosk = ours.sign("kiosk-1", |_| {});
    assert!(ask(&[&kiosk], &ours, NOW).is_ok());
    assert_eq!(ask(&[&kiosk], &theirs, NOW), Err(Untrusted::Unknown), "of the same name, with another key");
    let forged = theirs.sign("kiosk-1", |_| {});
    assert_eq!(ask(&[&forged], &ours, NOW), Err(Untrusted::Unknown));
    assert!(matches!(ask(&[&ours.der], &ours, NOW), Err(Untrusted::Broken(_))), "an authority is no client");
    for at in (0..kiosk.len()).step_by(7) {
        let mut wounded = kiosk.clone();
        wounded[at] ^= 1;
        let believed = ClientChain::read(vec![wounded])
            .is_ok_and(|chain| verify(&chain, &ours.authority(), &[], false, NOW).is_ok());
        assert!(!believed, "byte {at}");
    }
}

#[test]
fn time_purpose_and_the_authority_s_own_time_count() {
    let ours = Signer::new("Devices");
    let kiosk = ours.sign("kiosk-1", |_| {});
    assert_eq!(ask(&[&kiosk], &ours, Moment::from_seconds(1_000_000_000)), Err(Untrusted::Early));
    assert_eq!(ask(&[&kiosk], &ours, Moment::from_seconds(2_100_000_000)), Err(Untrusted::Expired));
    let server = ours.sign("kiosk-1", |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    assert_eq!(ask(&[&server], &ours, NOW), Err(Untrusted::Purpose));
    let brief = Signer::with("Devices", |params| params.not_after = rcgen::date_time_ymd(2027, 1, 1));
    let long = brief.sign("kiosk-1", |_| {});
    assert_eq!(ask(&[&long], &brief, NOW), Err(Untrusted::Expired), "webpki asks no anchor for its time");
    assert_eq!(ask(&[&kiosk], &ours, NOW).unwrap().until, ours.authority().facts().ends);
}

#[test]
fn what_stands_between_is_brought_along_and_counted() {
    let root = Signer::new("Root");
    let below = root.below("Below");
    let kiosk = below.sign("kiosk-1", |_| {});
    assert!(ask(&[&kiosk, &below.der], &root, NOW).is_ok());
    assert_eq!(ask(&[&kiosk], &root, NOW), Err(Untrusted::Unknown), "without what stands between");
    assert!(ask(&[&kiosk], &below, NOW).is_ok(), "an anchor need not have signed itself");
    let flat = Signer::with("Flat", |params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    let under = flat.below("Under");
    let deep = under.sign("kiosk-1", |_| {});
    assert!(
        matches!(ask(&[&deep, &under.der], &flat, NOW), Err(Untrusted::Broken(_))),
        "its own bound holds"
    );
}

#[test]
fn what_was_taken_back_is_refused_and_what_nobody_knows_of_where_that_is_asked() {
    let ours = Signer::new("Devices");
    let kiosk = ours.sign("kiosk-1", |params| params.serial_number = Some(SerialNumber::from(7)));
    let chain = ClientChain::read(vec![kiosk]).unwrap();
    let with = |list: &[u8], strict| {
        let list = RevocationList::read(list).unwrap();
        verify(&chain, &ours.authority(), &[&list], strict, NOW)
    };
    assert_eq!(with(&ours.list(&[7]), false), Err(Untrusted::Revoked));
    assert!(with(&ours.list(&[8]), true).is_ok());
    let elsewhere = Signer::new("Elsewhere").list(&[7]);
    assert!(with(&elsewhere, false).is_ok(), "another authority's list says nothing about ours");
    assert_eq!(with(&elsewhere, true), Err(Untrusted::StatusUnknown));
    let forged = Signer::new("Devices").list(&[7]);
    assert_eq!(
        with(&forged, false),
        Err(Untrusted::StatusUnknown),
        "one under its name that it did not sign"
    );
    assert_eq!(verify(&chain, &ours.authority(), &[], true, NOW), Err(Untrusted::StatusUnknown));
    let list = RevocationList::read(&ours.list(&[7])).unwrap();
    assert_eq!((list.is_of(&ours.authority()), list.count), (Ok(true), 1));
    assert!(RevocationList::read(&forged).unwrap().is_of(&ours.authority()).is_err());
    assert!(list.is_fresh(NOW, DAY, NOW) && !list.is_fresh(NOW, DAY, NOW + DAY));
    assert!(!list.is_fresh(NOW, DAY * 9_999, NOW + DAY * 999), "past its own end");
}

#[test]
fn only_what_may_sign_is_an_authority() {
    let ours = Signer::new("Devices");
    assert_eq!(ours.authority().title(), "Devices");
    let no_bit = Signer::with("x", |params| params.is_ca = IsCa::NoCa);
    let no_sign = Signer::with("x", |params| params.key_usages = vec![KeyUsagePurpose::CrlSign]);
    assert_eq!(Authority::read(&ours.sign("kiosk", |_| {})).unwrap_err(), BadAuthority::NoAuthority);
    assert_eq!(Authority::read(&no_bit.der).unwrap_err(), BadAuthority::NoAuthority);
    assert_eq!(Authority::read(&no_sign.der).unwrap_err(), BadAuthority::KeyUsage);
    assert!(Authority::read(b"nonsense").is_err());
}

#[test]
fn whoever_has_an_authority_s_key_can_show_it_to_one_tenant() {
    let (ours, theirs) = (Signer::new("Devices"), Signer::new("Devices"));
    let (here, there) = (TenantId::from_bits(1), TenantId::from_bits(2));
    let authority = ours.authority();
    let proof = ours.sign(&authority.proof_name(here), |_| {});
    assert!(authority.is_proved_by(&proof, here));
    assert!(!authority.is_proved_by(&proof, there), "a proof for another tenant");
    assert!(!authority.is_proved_by(&ours.sign("kiosk-1", |_| {}), here), "a certificate that is none");
    assert!(
        !authority.is_proved_by(&theirs.sign(&authority.proof_name(here), |_| {}), here),
        "another's key"
    );
}

fn rule(when: &[(Attribute, &str)], identity: Attribute) -> CertificateRule {
    let when = when.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
    CertificateRule { when, identity, machine: Default::default(), scopes: Vec::new(), tenant: None }
}

fn facts(change: impl FnOnce(&mut CertificateParams)) -> Facts {
    Facts::of(&Signer::new("Devices").sign("kiosk-1", change)).unwrap()
}

#[test]
fn a_rule_fits_what_stands_there_once_and_names_exactly_one() {
    use Attribute::{Fingerprint, IssuerCn, SanDns, SanUri, SubjectCn, SubjectO};
    let kiosk = facts(|params| {
        params.distinguished_name.push(DnType::OrganizationName, "Contoso");
        params.subject_alt_names = vec![
            SanType::DnsName("K1.kiosks.test".try_into().unwrap()),
            SanType::DnsName("other.test".try_into().unwrap()),
            SanType::URI("spiffe://contoso.test/kiosk/1".try_into().unwrap()),
        ];
    });
    let fingerprint = kiosk.only(Fingerprint).unwrap().to_owned();
    for (rule, name) in [
        (rule(&[(SubjectO, "Contoso")], SubjectCn), Some("kiosk-1")),
        (rule(&[(SubjectO, "Fabrikam")], SubjectCn), None),
        (rule(&[(SubjectO, "Contoso"), (IssuerCn, "Devices")], SubjectCn), Some("kiosk-1")),
        (rule(&[(SubjectO, "Contoso"), (IssuerCn, "Others")], SubjectCn), None),
        (rule(&[(SanDns, "*.kiosks.test")], SanDns), Some("k1.kiosks.test")),
        (rule(&[(SubjectO, "Contoso")], SanDns), None),
        (rule(&[(SanUri, "spiffe://contoso.test/*")], SanUri), Some("spiffe://contoso.test/kiosk/1")),
        (rule(&[(Fingerprint, &fingerprint)], SubjectCn), Some("kiosk-1")),
        (rule(&[(SubjectCn, "*")], Attribute::SanEmail), None),
        (rule(&[], SubjectCn), None),
    ] {
        assert_eq!(means(&rule, &kiosk), name, "{rule:?}");
    }
    let twice = facts(|params| {
        params.distinguished_name.push(DnType::OrganizationName, "Contoso");
        params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 10]), "Fabrikam");
    });
    assert_eq!(means(&rule(&[(SubjectO, "Contoso")], SubjectCn), &twice), None, "two organisations are none");
}

#[test]
fn of_several_rules_the_first_holds_for_each_tenant() {
    let kiosk = facts(|_| {});
    let scoped = |word: &str| CertificateRule {
        scopes: vec![word.parse().unwrap()],
        ..rule(&[(Attribute::SubjectCn, "kiosk-*")], Attribute::SubjectCn)
    };
    let rules = AnchorRules { rules: vec![scoped("first"), scoped("second")], lists: None };
    let found = grants(&rules, &kiosk, |_, _| Some(1));
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].identity.as_str(), found[0].scopes[0].as_ref()), ("kiosk-1", "first"));
    assert_eq!(grants(&rules, &kiosk, |_, _| None::<u8>), Vec::new());
}

#[test]
fn text_is_read_as_people_paste_it() {
    assert_eq!(plain_hex("AB:cd 01").as_deref(), Some("abcd01"));
    assert_eq!((plain_hex(""), plain_hex("xyz")), (None, None));
    assert!(read_pem("nothing").is_err());
}
