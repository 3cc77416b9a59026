//! A provider has a certificate that it made itself, that is for another, or whose time is over.

use crate::provider::*;
use domain::{Clock, Fault, Moment};
use outbound::{Outbound, OutboundError, Policy, SetupError, TlsFault};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use std::{io::Write as _, sync::Arc, time::Duration};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

/// An authority of our own, and the file that an operator would name.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: NamedTempFile,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::default();
        // A name of its own, or a certificate that signed itself would claim to come from here.
        params.distinguished_name.push(DnType::CommonName, "An authority of the operator");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(issuer.pem().as_bytes()).unwrap();
        Authority { issuer, file }
    }

    /// A certificate for these names, valid in the 2020s.
    fn certify(&self, names: &[&str]) -> (CertificateDer<'static>, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params =
            CertificateParams::new(names.iter().map(|name| name.to_string()).collect::<Vec<_>>()).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2030, 1, 1);
        (params.signed_by(&key, &self.issuer).unwrap().der().clone(), key)
    }

    /// Trusts this authority, may call a provider on this machine, and reads the given clock.
    fn client(&self, clock: Clock) -> Outbound {
        let extra_roots = Some(self.file.path().to_owned());
        let policy = Policy { extra_roots, ..allowing("127.0.0.1") };
        Outbound::with_resolver(policy, clock, Directory::telling(&["127.0.0.1"])).unwrap()
    }
}

/// The second at which our certificates expire.
const END_OF_2029: i64 = 1_893_456_000;

fn in_year(year: i64) -> Clock {
    Clock::movable(Moment::from_seconds((year - 1970) * 31_557_600 + 86_400))
}

/// A provider that shows this certificate and says hello.
async fn provider((certificate, key): (CertificateDer<'static>, KeyPair)) -> Provider {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Provider::doing("127.0.0.1", move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            hear(&mut stream).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}

async fn fault(client: &Outbound, url: &str) -> TlsFault {
    let failure = get(client, url).await.unwrap_err();
    assert_eq!(failure.code(), "outbound.tls");
    let OutboundError::Tls { fault, .. } = failure else { panic!("{failure:?}") };
    fault
}

#[tokio::test]
async fn a_certificate_of_an_authority_that_the_operator_added_is_accepted() {
    let authority = Authority::new();
    let provider = provider(authority.certify(&["idp.example"])).await;
    let answer = get(&authority.client(in_year(2026)), &provider.at("https", "idp.example")).await.unwrap();
    assert_eq!(answer.body, "hello");
}

#[tokio::test]
async fn a_certificate_may_be_for_an_address() {
    let authority = Authority::new();
    let provider = provider(authority.certify(&["127.0.0.1"])).await;
    let answer = get(&authority.client(in_year(2026)), &provider.at("https", "127.0.0.1")).await.unwrap();
    assert_eq!(answer.body, "hello");
}

#[tokio::test]
async fn a_certificate_that_the_provider_signed_itself_is_refused() {
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["idp.example".to_owned()]).unwrap().self_signed(&key).unwrap();
    let provider = provider((own.der().clone(), key)).await;
    let client = Authority::new().client(in_year(2026));
    assert_eq!(fault(&client, &provider.at("https", "idp.example")).await, TlsFault::Issuer);
}

#[tokio::test]
async fn the_development_setting_trusts_nobody_more() {
    let authority = Authority::new();
    let provider = provider(authority.certify(&["idp.localhost"])).await;
    let client = client(development(), &[]);
    assert_eq!(fault(&client, &provider.at("https", "idp.localhost")).await, TlsFault::Issuer);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::new();
    let provider = provider(authority.certify(&["other.example"])).await;
    let client = authority.client(in_year(2026));
    for host in ["idp.example", "127.0.0.1", "sub.other.example"] {
        assert_eq!(fault(&client, &provider.at("https", host)).await, TlsFault::Name, "{host}");
    }
}

#[tokio::test]
async fn a_certificate_is_judged_by_the_clock_that_was_handed_in() {
    let authority = Authority::new();
    let provider = provider(authority.certify(&["idp.example"])).await;
    let url = provider.at("https", "idp.example");
    assert_eq!(fault(&authority.client(in_year(2019)), &url).await, TlsFault::NotYetValid);
    let clock = Clock::movable(Moment::from_seconds(END_OF_2029 - 1800));
    let client = authority.client(clock.clone());
    assert!(get(&client, &url).await.is_ok());
    // Soon enough for the provider to remember the first call's session, which must not help it.
    clock.advance(Duration::from_secs(3600));
    assert_eq!(fault(&client, &url).await, TlsFault::Expired);
}

#[tokio::test]
async fn a_provider_that_does_not_speak_tls_is_refused() {
    let plain = Provider::doing("127.0.0.1", |mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        hear(&mut stream).await;
    })
    .await;
    let client = client(allowing("127.0.0.1"), &[]);
    assert_eq!(fault(&client, &plain.at("https", "127.0.0.1")).await, TlsFault::Handshake);
}

#[test]
fn a_file_of_roots_that_holds_none_stops_the_start_and_is_named() {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(b"not a certificate").unwrap();
    for path in [file.path().to_owned(), "/nowhere/roots.pem".into()] {
        let policy = Policy { extra_roots: Some(path.clone()), ..Policy::default() };
        let Err(refusal) = Outbound::new(policy, Clock::System) else { panic!("{path:?} was accepted") };
        assert!(matches!(refusal, SetupError::ExtraRoots { .. }));
        assert!(refusal.to_string().contains(path.to_str().unwrap()), "{refusal}");
    }
}
