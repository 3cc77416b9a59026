//! Which names can be claimed at all.

use super::{OwnDomainError, consumer};
use crate::hostname::Reserved;
use domain::Hostname;
use url::Host;

/// Reads a name as browsers read it, so that every spelling of one is one: capitals, a dot at the end, letters
/// beyond ASCII.
///
/// # Errors
/// [`OwnDomainError::Name`] and [`OwnDomainError::Reserved`].
pub(super) fn read(text: &str, reserved: &Reserved) -> Result<Hostname, OwnDomainError> {
    const BAD: OwnDomainError =
        OwnDomainError::Name("give a domain name such as app.example.com, without scheme, port or path");
    let text = text.trim();
    if text.contains(['%', '/', '@', ':', '*']) {
        return Err(BAD);
    }
    let Ok(Host::Domain(name)) = Host::parse(text.strip_suffix('.').unwrap_or(text)) else { return Err(BAD) };
    let host: Hostname = name.parse().map_err(|_| BAD)?;
    if reserved.holds(&host) {
        return Err(OwnDomainError::Reserved);
    }
    if consumer::is_everybodys(&host) {
        return Err(OwnDomainError::Name(
            "everybody can have an address there, so that it is no organisation's own",
        ));
    }
    // A public suffix is nobody's, and what is beneath `test` or `localhost` follows the list's own last rule.
    match psl::domain(host.as_str().as_bytes()) {
        Some(_) => Ok(host),
        None => Err(OwnDomainError::Name(
            "this is a suffix under which everybody can have names; claim one beneath it",
        )),
    }
}

/// The names above this one that somebody could have claimed, the nearest first.
pub(super) fn above(host: &Hostname) -> Vec<Hostname> {
    let mut rest = host.as_str();
    let mut names = Vec::new();
    while let Some((_, parent)) = rest.split_once('.') {
        if psl::domain(parent.as_bytes()).is_some() {
            names.extend(parent.parse());
        }
        rest = parent;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::hosts;
    use domain::Fault;

    fn code(text: &str) -> Result<String, &'static str> {
        let read = read(text, &Reserved::by(&hosts()));
        read.map(|host| host.to_string()).map_err(|error| error.code())
    }

    #[test]
    fn every_spelling_of_a_name_is_one_name() {
        for text in ["app.acme.test", "APP.Acme.Test", "app.acme.test.", " app.acme.test "] {
            assert_eq!(code(text), Ok("app.acme.test".into()), "{text}");
        }
        for text in ["bücher.example", "BÜCHER.example", "xn--bcher-kva.example", "XN--BCHER-KVA.Example."]
        {
            assert_eq!(code(text), Ok("xn--bcher-kva.example".into()), "{text}");
        }
    }

    #[test]
    fn where_everybody_can_have_an_address_is_nobody_s() {
        for text in ["gmail.com", "GMail.com.", "outlook.com", "yahoo.co.uk", "mail.gmx.net", "proton.me"] {
            assert_eq!(code(text), Err("input.invalid"), "{text}");
        }
        assert_eq!(code("mygmail.com"), Ok("mygmail.com".into()));
    }

    #[test]
    fn suffixes_addresses_and_the_platform_s_names_are_nobody_s() {
        for text in ["com", "co.uk", "github.io", "127.0.0.1", "[::1]", "0x7f.1", "", "*.acme.test"] {
            assert_eq!(code(text), Err("input.invalid"), "{text}");
        }
        for text in ["https://a.test", "a.test:443", "a.test/x", "a%2etest", "a..test", "u@a.test"] {
            assert_eq!(code(text), Err("input.invalid"), "{text}");
        }
        for text in
            ["saas.test", "console.saas.test", "CONSOLE.SAAS.TEST.", "acme.saas.test", "a.b.saas.test"]
        {
            assert_eq!(code(text), Err("hostname.reserved"), "{text}");
        }
    }

    #[test]
    fn what_lies_above_a_name_ends_before_the_suffix() {
        let of = |text: &str| -> Vec<String> {
            above(&text.parse().unwrap()).iter().map(ToString::to_string).collect()
        };
        assert_eq!(of("a.b.example.co.uk"), ["b.example.co.uk", "example.co.uk"]);
        assert!(of("example.co.uk").is_empty());
    }
}
