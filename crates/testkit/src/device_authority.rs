//! Authorities of organisations, which sign certificates for their devices.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationList, CertificateRevocationListParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams,
    SerialNumber, date_time_ymd,
};

/// An authority, with its key.
pub struct Authority {
    /// Its certificate, in PEM.
    pub pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key.
pub struct Badge {
    /// The certificate, in PEM.
    pub pem: String,
    /// The key, in PEM.
    pub key: String,
    /// The certificate, in DER.
    pub der: Vec<u8>,
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = Default::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2036, 1, 1);
    params
}

impl Authority {
    /// One of this name, good from 2026 to 2036.
    pub fn new(name: &str) -> Self {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Authority { pem, issuer: Issuer::new(params, key) }
    }

    /// A certificate for a device of Contoso's, or whatever else it is changed to.
    pub fn sign(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Badge {
        let mut params = params(name);
        params.distinguished_name.push(DnType::OrganizationName, "Contoso");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Badge { pem: certificate.pem(), key: key.serialize_pem(), der: certificate.der().to_vec() }
    }

    /// A certificate of this name alone, as shows who has the authority's key.
    pub fn prove(&self, name: &str) -> Badge {
        self.sign(name, |params| {
            params.distinguished_name.remove(DnType::OrganizationName);
        })
    }

    /// A list of what it took back, the `number`th, made on that day of January 2026, in DER.
    pub fn list(&self, number: u8, serials: &[u64]) -> Vec<u8> {
        self.signed_list(number, serials).der().to_vec()
    }

    /// The same in PEM.
    pub fn list_pem(&self, number: u8, serials: &[u64]) -> String {
        self.signed_list(number, serials).pem().expect("a list has a text form")
    }

    fn signed_list(&self, number: u8, serials: &[u64]) -> CertificateRevocationList {
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2026, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 1, number),
            next_update: date_time_ymd(2035, 1, 1),
            crl_number: SerialNumber::from(u64::from(number)),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).expect("a list")
    }
}
