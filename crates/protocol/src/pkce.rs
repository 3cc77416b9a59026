//! Proof key for code exchange (RFC 7636), S256 only: the code is worth nothing to whoever did not
//! begin the sign-in.

use domain::{Chance, Digest, Secret};

/// The secret that stays with the pending sign-in.
#[derive(Clone, Debug, PartialEq)]
pub struct Verifier(Secret<String>);

impl Verifier {
    /// A fresh one, of 256 bits.
    pub fn generate(chance: &Chance) -> Self {
        Verifier(Secret::new(chance.token()))
    }

    /// One that comes back out of a pending sign-in; none if it is not of the form of RFC 7636
    /// section 4.1.
    pub fn parse(text: &str) -> Option<Self> {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let fits = (43..=128).contains(&text.len()) && text.bytes().all(unreserved);
        fits.then(|| Verifier(Secret::new(text.to_owned())))
    }

    /// The text, for the token request and for the sealed pending sign-in.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }

    /// What the authorization request shows of it.
    pub fn challenge(&self) -> String {
        Digest::of(self.reveal().as_bytes()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_the_one_of_the_specifications_example() {
        // RFC 7636, appendix B.
        let verifier = Verifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
        assert_eq!(verifier.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_fresh_verifier_survives_the_way_through_a_pending_sign_in_and_does_not_print() {
        let verifier = Verifier::generate(&Chance::system());
        assert_eq!(Verifier::parse(verifier.reveal()).as_ref(), Some(&verifier));
        assert!(!format!("{verifier:?}").contains(verifier.reveal()));
    }

    #[test]
    fn short_long_and_foreign_texts_are_no_verifiers() {
        for bad in ["", &"a".repeat(42), &"a".repeat(129), &format!("{} ", "a".repeat(43))] {
            assert_eq!(Verifier::parse(bad), None);
        }
    }
}
