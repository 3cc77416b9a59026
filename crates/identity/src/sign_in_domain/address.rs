//! At which domain an address is.

use domain::Hostname;
use url::Host;

/// The domain of an address, in the one spelling that all have: capitals, a dot at the end, and letters beyond ASCII make
/// no other domain of it. None for what is no address.
pub(crate) fn domain_of(address: &str) -> Option<Hostname> {
    let (local, domain) = address.trim().rsplit_once('@')?;
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    if local.is_empty() || domain.contains(['%', '/', ':', '[', '*']) {
        return None;
    }
    match Host::parse(domain).ok()? {
        Host::Domain(name) => name.strip_suffix('.').unwrap_or(&name).parse().ok(),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::domain_of;

    #[test]
    fn every_spelling_of_a_domain_is_one() {
        let of = |text: &str| domain_of(text).map(|domain| domain.to_string());
        for text in [
            "a@contoso.test",
            "A@CONTOSO.test.",
            " a@Contoso.Test ",
            "\"x@y\"@contoso.test",
            "a@cont\u{ad}oso.test",
            "a@ｃontoso.test",
        ] {
            assert_eq!(of(text).as_deref(), Some("contoso.test"), "{text}");
        }
        assert_eq!(of("a@bücher.example"), of("a@xn--bcher-kva.example"));
        for text in
            ["", "contoso.test", "@contoso.test", "a@", "a@127.0.0.1", "a@[::1]", "a@b c", "a@con%74oso.test"]
        {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
