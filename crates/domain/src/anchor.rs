//! Trust anchors: authorities whose client certificates an organisation believes, and what a certificate of theirs
//! means. A rule names what must stand in it; who signed it is not enough, and what stands in it is nothing without
//! who signed it.

use crate::{ScopeName, TenantId};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, str::FromStr};

/// How many rules an anchor may have.
pub const MOST_RULES: usize = 200;
/// How long a text that is compared with a certificate may be.
pub const LONGEST: usize = 256;

macro_rules! attributes {
    ($($(#[doc = $about:literal])* $name:ident = $text:literal;)*) => {
        /// A part of a certificate that a rule can name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Attribute {
            $($(#[doc = $about])* #[serde(rename = $text)] $name,)*
        }

        impl Attribute {
            /// All of them.
            pub const ALL: &[Attribute] = &[$(Attribute::$name),*];

            /// Its name in rules.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Attribute::$name => $text,)*
                }
            }
        }
    };
}

attributes! {
    /// The subject's common name.
    SubjectCn = "subject.cn";
    /// The subject's organisation.
    SubjectO = "subject.o";
    /// The subject's unit.
    SubjectOu = "subject.ou";
    /// The subject's own serial number, which is not the certificate's.
    SubjectSerial = "subject.serial";
    /// The issuer's common name: the nearest authority's, which need not be the anchor.
    IssuerCn = "issuer.cn";
    /// The issuer's organisation.
    IssuerO = "issuer.o";
    /// The issuer's unit.
    IssuerOu = "issuer.ou";
    /// An alternative name that is a host's.
    SanDns = "san.dns";
    /// An alternative name that is an address, such as a SPIFFE id.
    SanUri = "san.uri";
    /// An alternative name that is an e-mail address.
    SanEmail = "san.email";
    /// SHA-256 of the certificate, in hexadecimal.
    Fingerprint = "fingerprint";
}

impl FromStr for Attribute {
    type Err = crate::NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.iter().find(|attribute| attribute.name() == text);
        named.copied().ok_or(crate::NameError(
            "name subject.cn, subject.o, subject.ou, subject.serial, issuer.cn, issuer.o, issuer.ou, san.dns, \
             san.uri, san.email or fingerprint",
        ))
    }
}

/// What a certificate that this authority vouches for means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorRules {
    /// The rules, of which the first that fits holds for each tenant.
    pub rules: Vec<CertificateRule>,
    /// What is asked of the authority's list of what it took back, if that is looked at.
    #[serde(default)]
    pub lists: Option<ListPolicy>,
}

/// Whom a certificate speaks for, if it fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateRule {
    /// What must stand in it; all of these. `*` at the beginning or the end stands for some text.
    pub when: BTreeMap<Attribute, String>,
    /// What names the caller; there must be exactly one.
    pub identity: Attribute,
    /// What the caller is.
    #[serde(default)]
    pub machine: Machine,
    /// What it may do.
    #[serde(default)]
    pub scopes: Vec<ScopeName>,
    /// For which tenant; for the anchor's own where nothing is said. Only the operator's anchors speak for others.
    #[serde(default)]
    pub tenant: Option<RuleTenant>,
}

/// For which tenant a rule of the operator's speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleTenant {
    /// This one.
    Is(TenantId),
    /// The one whose id or slug stands here.
    From(Attribute),
}

/// What calls with a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Machine {
    /// A thing: a kiosk, a sensor.
    #[default]
    Device,
    /// A program.
    Workload,
}

impl Machine {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Machine::Device => "device",
            Machine::Workload => "workload",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Machine::Device, Machine::Workload].into_iter().find(|machine| machine.name() == name)
    }
}

/// What is asked of an authority's list of what it took back (a CRL, RFC 5280 section 5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListPolicy {
    /// Where it is fetched from; nowhere where it is laid down by hand.
    #[serde(default)]
    pub url: Option<String>,
    /// For how long after it was fetched or laid down it is fresh, in seconds; its own end may come sooner.
    pub fresh_seconds: u64,
    /// What holds while no list is fresh.
    pub when_stale: WhenStale,
}

/// What holds while nobody knows whether a certificate was taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenStale {
    /// It is refused.
    Refuse,
    /// It is believed, unless the last list that was known names it.
    Allow,
}

impl WhenStale {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            WhenStale::Refuse => "refuse",
            WhenStale::Allow => "allow",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        [WhenStale::Refuse, WhenStale::Allow].into_iter().find(|policy| policy.name() == name)
    }
}

/// Whether a text is what a rule wants: the same, or where the rule begins or ends with `*` that and some text more.
pub fn fits(wanted: &str, text: &str) -> bool {
    let more = text.len() > wanted.len().saturating_sub(1);
    match (wanted.strip_prefix('*'), wanted.strip_suffix('*')) {
        (Some(end), _) => more && text.ends_with(end),
        (None, Some(start)) => more && text.starts_with(start),
        (None, None) => wanted == text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_some_text_at_one_end() {
        for (wanted, text, is) in [
            ("kiosk-1", "kiosk-1", true),
            ("kiosk-1", "Kiosk-1", false),
            ("kiosk-*", "kiosk-1", true),
            ("kiosk-*", "kiosk-", false),
            ("*.kiosks.test", "a.kiosks.test", true),
            ("*.kiosks.test", ".kiosks.test", false),
            ("*.kiosks.test", "kiosks.test", false),
            ("*", "anything", true),
            ("*", "", false),
        ] {
            assert_eq!(fits(wanted, text), is, "{wanted} {text}");
        }
    }

    #[test]
    fn rules_are_read_as_they_are_written() {
        let text = r#"{"rules":[{"when":{"subject.o":"Contoso"},"identity":"san.dns","machine":"workload",
            "scopes":["surveys.read"]}],"lists":{"fresh_seconds":3600,"when_stale":"refuse"}}"#;
        let rules: AnchorRules = serde_json::from_str(text).unwrap();
        assert_eq!(rules.rules[0].when[&Attribute::SubjectO], "Contoso");
        assert_eq!(rules.rules[0].machine, Machine::Workload);
        let again: AnchorRules = serde_json::from_str(&serde_json::to_string(&rules).unwrap()).unwrap();
        assert_eq!(again, rules);
        assert!(serde_json::from_str::<AnchorRules>(r#"{"rules":[{"when":{"subject.x":"y"}}]}"#).is_err());
    }
}
