//! Signatures that others made to be got wrong (project Wycheproof): what is invalid is refused, and what is valid is
//! believed, by the way that a token's signature goes, with keys as they stand in key sets (ledger K06).

use super::super::{algorithm::Algorithm, key_set::JwkSet, verify::check_bytes};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use wycheproof::{TestResult, ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};

/// One family of vectors as it is gone through.
struct Run {
    algorithm: Algorithm,
    believed: usize,
    refused: usize,
}

impl Run {
    fn of(algorithm: Algorithm) -> Self {
        Run { algorithm, believed: 0, refused: 0 }
    }

    /// A key that a key set may hold; none where such a key is not taken.
    fn key(&self, jwk: &Value) -> Option<JwkSet> {
        let set = JwkSet::parse(json!({ "keys": [jwk] }).to_string().as_bytes()).ok()?;
        set.select(self.algorithm, None).is_ok().then_some(set)
    }

    fn check(
        &mut self,
        keys: &JwkSet,
        (number, result): (usize, TestResult),
        message: &[u8],
        signature: &[u8],
    ) {
        let key = keys.select(self.algorithm, None).expect("looked at before");
        let is_believed = check_bytes(key, self.algorithm, message, &signature.to_vec()).is_ok();
        match result {
            TestResult::Valid => assert!(is_believed, "{:?} {number} is valid", self.algorithm),
            TestResult::Invalid => assert!(!is_believed, "{:?} {number} is invalid", self.algorithm),
            TestResult::Acceptable => {}
        }
        if is_believed { self.believed += 1 } else { self.refused += 1 }
    }

    /// That there was something to go through.
    fn ends(&self, believed: usize, refused: usize) {
        assert!(
            self.believed >= believed && self.refused >= refused,
            "{:?}: {} believed, {} refused",
            self.algorithm,
            self.believed,
            self.refused
        );
    }
}

fn text(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// A number as key sets write it: without zeros in front.
fn number(bytes: &[u8]) -> String {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    text(&bytes[zeros..])
}

#[test]
fn ecdsa_signatures_that_were_made_to_be_got_wrong() {
    use ecdsa::TestName;
    for (algorithm, name, curve) in [
        (Algorithm::Es256, TestName::EcdsaSecp256r1Sha256P1363, "P-256"),
        (Algorithm::Es384, TestName::EcdsaSecp384r1Sha384P1363, "P-384"),
    ] {
        let mut run = Run::of(algorithm);
        for group in ecdsa::TestSet::load(name).expect("the vectors are there").test_groups {
            let point = &group.key.key.as_ref()[1..];
            let (x, y) = point.split_at(point.len() / 2);
            let jwk = json!({ "kty": "EC", "crv": curve, "x": text(x), "y": text(y) });
            let keys = run.key(&jwk).expect("a point of the curve is a key");
            for test in group.tests {
                run.check(&keys, (test.tc_id, test.result), &test.msg, &test.sig);
            }
        }
        run.ends(100, 60);
    }
}

#[test]
fn ed25519_signatures_that_were_made_to_be_got_wrong() {
    let mut run = Run::of(Algorithm::EdDsa);
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).expect("the vectors are there");
    for group in set.test_groups {
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": text(&group.key.pk) });
        let keys = run.key(&jwk).expect("a public key is a key");
        for test in group.tests {
            run.check(&keys, (test.tc_id, test.result), &test.msg, &test.sig);
        }
    }
    run.ends(50, 50);
}

#[test]
fn rsa_signatures_that_were_made_to_be_got_wrong() {
    use rsa_pkcs1_verify::TestName;
    for (algorithm, name) in [
        (Algorithm::Rs256, TestName::Rsa2048Sha256),
        (Algorithm::Rs384, TestName::Rsa3072Sha384),
        (Algorithm::Rs512, TestName::Rsa4096Sha512),
    ] {
        let mut run = Run::of(algorithm);
        for group in rsa_pkcs1_verify::TestSet::load(name).expect("the vectors are there").test_groups {
            let jwk = json!({ "kty": "RSA", "n": number(&group.key.n), "e": number(&group.key.e) });
            let Some(keys) = run.key(&jwk) else { continue };
            for test in group.tests {
                run.check(&keys, (test.tc_id, test.result), &test.msg, &test.sig);
            }
        }
        run.ends(5, 100);
    }
}

#[test]
fn rsa_pss_signatures_that_were_made_to_be_got_wrong() {
    use rsa_pss_verify::TestName;
    for (algorithm, name) in [
        (Algorithm::Ps256, TestName::RsaPss2048Sha256Mgf1SaltLen32),
        (Algorithm::Ps384, TestName::RsaPss4096Sha384Mgf1SaltLen48),
        (Algorithm::Ps512, TestName::RsaPss4096Sha512Mgf1SaltLen64),
    ] {
        let mut run = Run::of(algorithm);
        for group in rsa_pss_verify::TestSet::load(name).expect("the vectors are there").test_groups {
            let jwk = json!({ "kty": "RSA", "n": number(&group.key.n), "e": number(&group.key.e) });
            let Some(keys) = run.key(&jwk) else { continue };
            for test in group.tests {
                run.check(&keys, (test.tc_id, test.result), &test.msg, &test.sig);
            }
        }
        run.ends(5, 20);
    }
}
