//! Names that were parsed once and are valid ever after.

use std::{borrow::Cow, fmt, str::FromStr};

/// Why a text is not the name it should be. The words are for whoever typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NameError(pub &'static str);

impl crate::Fault for NameError {
    fn code(&self) -> &'static str {
        "input.invalid"
    }
    fn detail(&self) -> Option<String> {
        Some(self.0.to_owned())
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $parse:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                $parse(text).map(|text| $name(text.into()))
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                <Cow<'de, str>>::deserialize(from)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

name!(
    /// A tenant's short name, the first label of its address. It may change; nothing is keyed by it.
    Slug, parse_slug
);
name!(
    /// A DNS name or IP address in lower case, without port and trailing dot.
    Hostname, parse_hostname
);
name!(
    /// A name for people to read: 1 to 120 characters, no control or direction-changing characters.
    DisplayName, parse_display_name
);
name!(
    /// An e-mail address, kept as given and compared in lower case by those who compare it.
    EmailAddress, parse_email
);
name!(
    /// A role: lower-case letters, digits, `.`, `_` and `-`. Those that begin with `partywall.` are the platform's.
    RoleName, parse_role
);
name!(
    /// An API product: lower-case letters, digits, `.`, `_` and `-`.
    ProductName, parse_product
);
name!(
    /// Where a tenant's data or a person's profile lives: 1 to 40 lower-case letters, digits and hyphens.
    Region, parse_region
);
name!(
    /// What an API key or a token is good for: lower-case letters, digits, `.`, `:`, `_`, `-` and `/`. The
    /// operator says which there are.
    ScopeName, parse_scope
);
name!(
    /// The colour of an organisation's pages: `#` and six hexadecimal digits, dark enough for white letters on it.
    BrandColour, parse_brand_colour
);
name!(
    /// What an organisation says to those who sign in: 1 to 300 characters, plain text.
    Greeting, parse_greeting
);
name!(
    /// Where somebody finds help who cannot sign in: an address that begins with `https://` or `mailto:`.
    HelpLink, parse_help_link
);
name!(
    /// Where to return to after sign-in: a path with optional query on the same host, never another
    /// site. Begins with one `/` and holds nothing that a browser would read as a host.
    ReturnPath, parse_return_path
);

/// First labels that belong to the platform or are too easily mistaken for it.
pub const RESERVED_SLUGS: &[&str] = &[
    "admin",
    "api",
    "app",
    "auth",
    "console",
    "house",
    "id",
    "login",
    "mail",
    "ns",
    "partywall",
    "static",
    "status",
    "support",
    "www",
];

impl Slug {
    /// The operator's own tenant. Reserved, so that no other tenant can be called so.
    pub fn house() -> Self {
        Slug("house".into())
    }
}

impl EmailAddress {
    /// The form under which two spellings are the same address.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

impl RoleName {
    /// Whether the name is one of the platform's.
    pub fn is_platform(&self) -> bool {
        self.0.starts_with("partywall.")
    }
}

impl From<crate::PlatformRole> for RoleName {
    fn from(role: crate::PlatformRole) -> Self {
        RoleName(role.name().into())
    }
}

impl Default for Region {
    /// That of an installation which has no other.
    fn default() -> Self {
        Region("default".into())
    }
}

impl ReturnPath {
    /// The front page.
    pub fn root() -> Self {
        ReturnPath("/".into())
    }
}

fn parse_slug(text: &str) -> Result<&str, NameError> {
    let bytes = text.as_bytes();
    let fits = (2..=40).contains(&bytes.len())
        && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
        && bytes[0].is_ascii_alphanumeric()
        && bytes[bytes.len() - 1].is_ascii_alphanumeric()
        && !text.contains("--");
    if !fits {
        return Err(NameError(
            "a slug has 2 to 40 lower-case letters, digits and single hyphens, and begins and ends with a letter or digit",
        ));
    }
    if RESERVED_SLUGS.contains(&text) {
        return Err(NameError("this slug is reserved for the platform"));
    }
    Ok(text)
}

fn parse_hostname(text: &str) -> Result<String, NameError> {
    const BAD: NameError =
        NameError("a hostname is a DNS name or an IP address, without scheme, port or path");
    let lower = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    if lower.parse::<std::net::Ipv4Addr>().is_ok() {
        return Ok(lower);
    }
    if let Some(inside) = lower.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inside.parse::<std::net::Ipv6Addr>().map(|address| format!("[{address}]")).map_err(|_| BAD);
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
            })
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // A name whose last label is a number would be read as an address by some (URL Standard, host parsing).
    let ends_in_number =
        lower.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    if lower.len() > 253 || ends_in_number || !lower.split('.').all(label) {
        return Err(BAD);
    }
    Ok(lower)
}

fn parse_display_name(text: &str) -> Result<&str, NameError> {
    readable(text, 120).ok_or(NameError("a name has 1 to 120 characters and no control characters"))
}

fn parse_greeting(text: &str) -> Result<&str, NameError> {
    readable(text, 300).ok_or(NameError("a greeting has 1 to 300 characters and no line's end"))
}

/// Without spaces around it, if it has something in it, and nothing that is not seen or turns what is read around.
fn readable(text: &str, most: usize) -> Option<&str> {
    let text = text.trim();
    let odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    (!text.is_empty() && text.chars().count() <= most && !text.contains(odd)).then_some(text)
}

fn parse_help_link(text: &str) -> Result<&str, NameError> {
    let after = text.strip_prefix("https://").or_else(|| text.strip_prefix("mailto:"));
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"'<>\\`".contains(&byte);
    let fits = after.is_some_and(|after| !after.is_empty()) && text.len() <= 300 && text.bytes().all(plain);
    fits.then_some(text).ok_or(NameError("give an address that begins with https:// or mailto:"))
}

/// White on it has a contrast of 4.5 at least (WCAG 2.2, 1.4.3).
fn parse_brand_colour(text: &str) -> Result<String, NameError> {
    const BAD: NameError = NameError("a colour is # and six hexadecimal digits, such as #1d4ed8");
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6).ok_or(BAD)?;
    let number = u32::from_str_radix(digits, 16).map_err(|_| BAD)?;
    let light = |shift: u32| {
        let part = f64::from((number >> shift) & 0xff) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    let luminance = 0.2126 * light(16) + 0.7152 * light(8) + 0.0722 * light(0);
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(BAD);
    }
    match 1.05 / (luminance + 0.05) < 4.5 {
        true => Err(NameError("white letters on this colour could not be read: choose a darker one")),
        false => Ok(format!("#{}", digits.to_ascii_lowercase())),
    }
}

fn parse_email(text: &str) -> Result<&str, NameError> {
    const BAD: NameError = NameError("an e-mail address has the form name@domain");
    let (local, domain) = text.rsplit_once('@').ok_or(BAD)?;
    let plain = |c: char| !c.is_whitespace() && !c.is_control();
    if local.is_empty() || local.len() > 64 || text.len() > 254 || !local.chars().all(plain) {
        return Err(BAD);
    }
    parse_hostname(domain).map_err(|_| BAD)?;
    Ok(text)
}

fn parse_scope(text: &str) -> Result<&str, NameError> {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".:_-/".contains(&byte);
    let fits =
        (1..=60).contains(&text.len()) && text.bytes().all(known) && text.as_bytes()[0].is_ascii_lowercase();
    fits.then_some(text).ok_or(NameError(
        "a scope has 1 to 60 lower-case letters, digits, dots, colons, hyphens, underscores and slashes, and begins with a letter",
    ))
}

fn parse_product(text: &str) -> Result<&str, NameError> {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    let fits =
        (1..=60).contains(&text.len()) && text.bytes().all(known) && text.as_bytes()[0].is_ascii_lowercase();
    fits.then_some(text).ok_or(NameError(
        "a product's name has 1 to 60 lower-case letters, digits, dots, hyphens and underscores, and begins with a letter",
    ))
}

fn parse_role(text: &str) -> Result<&str, NameError> {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    if !(1..=60).contains(&text.len()) || !text.bytes().all(known) || !text.as_bytes()[0].is_ascii_lowercase()
    {
        return Err(NameError(
            "a role has 1 to 60 lower-case letters, digits, dots, hyphens and underscores, and begins with a letter",
        ));
    }
    if text.starts_with("partywall.") && crate::PlatformRole::named(text).is_none() {
        return Err(NameError(
            "roles that begin with `partywall.` are the platform's own, and this is none of them",
        ));
    }
    Ok(text)
}

fn parse_region(text: &str) -> Result<&str, NameError> {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !(1..=40).contains(&text.len()) || !text.bytes().all(known) {
        return Err(NameError("a region has 1 to 40 lower-case letters, digits and hyphens"));
    }
    Ok(text)
}

fn parse_return_path(text: &str) -> Result<&str, NameError> {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    let starts_a_host = text.starts_with("//") || !text.starts_with('/');
    if starts_a_host || text.len() > 2_000 || !text.bytes().all(plain) {
        return Err(NameError(
            "the address to return to must be a path on the same host, beginning with a single slash",
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_one_dns_label() {
        for good in ["contoso", "a1", "contoso-training"] {
            assert!(good.parse::<Slug>().is_ok(), "{good}");
        }
        for bad in ["", "a", "-a", "a-", "a--b", "Contoso", "a.b", "id", "house", "ü1", &"a".repeat(41)] {
            assert!(bad.parse::<Slug>().is_err(), "{bad}");
        }
    }

    #[test]
    fn hostnames_are_folded_and_never_mistaken_for_addresses() {
        let parsed = |text: &str| text.parse::<Hostname>().map(|host| host.to_string());
        assert_eq!(parsed("WWW.Contoso.Test."), Ok("www.contoso.test".into()));
        assert_eq!(parsed("127.0.0.3"), Ok("127.0.0.3".into()));
        assert_eq!(parsed("[0:0::1]"), Ok("[::1]".into()));
        for bad in
            ["", ".", "a..b", "a b", "http://a", "a:80", "127.1", "0x7f.1", "[::1", "-a.b", &"a".repeat(254)]
        {
            assert!(parsed(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_an_organisation_says_of_itself_is_plain_and_can_be_read() {
        assert_eq!("#1D4ED8".parse::<BrandColour>().map(|it| it.to_string()), Ok("#1d4ed8".into()));
        for bad in ["", "red", "#fff", "#ffffff", "#ffcc00", "#1d4ed8;}", "#+1d4ed", "#1d4ed8 "] {
            assert!(bad.parse::<BrandColour>().is_err(), "{bad}");
        }
        assert!("https://help.contoso.test/?a=b".parse::<HelpLink>().is_ok());
        for bad in
            ["javascript:alert(1)", "https://", "http://a", "https://a\"b", "https://a b", "data:text/html,a"]
        {
            assert!(bad.parse::<HelpLink>().is_err(), "{bad}");
        }
        assert!("Welcome – sign in with your badge.".parse::<Greeting>().is_ok());
        for bad in ["", " ", "a\nb", "a\tb", "a\u{202e}b"] {
            assert!(bad.parse::<Greeting>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_return_path_stays_on_the_host() {
        for good in ["/", "/a/b?c=d#e", "/a//b"] {
            assert!(good.parse::<ReturnPath>().is_ok(), "{good}");
        }
        for bad in ["", "a", "//evil.test", "/\\evil.test", "https://evil.test", "/a b", "/a\r\nb", "/ü"] {
            assert!(bad.parse::<ReturnPath>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_scope_is_a_plain_word() {
        for good in ["surveys.read", "surveys:write", "a/b_c-1"] {
            assert!(good.parse::<ScopeName>().is_ok(), "{good}");
        }
        for bad in ["", "Surveys", "a b", "1a", "a,b", "a\n"] {
            assert!(bad.parse::<ScopeName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn nobody_invents_a_platform_role() {
        assert!("partywall.admin".parse::<RoleName>().is_ok());
        assert!("partywall.root".parse::<RoleName>().is_err());
        assert!("reader".parse::<RoleName>().is_ok());
    }
}
