//! Domains at which everybody can have an address. No organisation proves one, whatever its server shows.

use domain::Hostname;

/// The well-known ones.
const DOMAINS: &[&str] = &[
    "126.com",
    "163.com",
    "aol.com",
    "att.net",
    "btinternet.com",
    "comcast.net",
    "duck.com",
    "fastmail.com",
    "free.fr",
    "freenet.de",
    "gmail.com",
    "googlemail.com",
    "hanmail.net",
    "hey.com",
    "icloud.com",
    "laposte.net",
    "libero.it",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "naver.com",
    "orange.fr",
    "outlook.com",
    "passport.com",
    "pm.me",
    "posteo.de",
    "privaterelay.appleid.com",
    "proton.me",
    "protonmail.ch",
    "protonmail.com",
    "qq.com",
    "rediffmail.com",
    "rocketmail.com",
    "seznam.cz",
    "t-online.de",
    "tuta.com",
    "tutanota.com",
    "verizon.net",
    "wanadoo.fr",
    "web.de",
    "yandex.com",
    "yandex.ru",
    "ymail.com",
    "zoho.com",
    "zohomail.com",
];

/// Those that have one in many countries, without what follows.
const EVERYWHERE: &[&str] = &["gmx", "hotmail", "live", "outlook", "yahoo"];

/// Whether it is one of them, or beneath one.
pub(super) fn is_everybodys(host: &Hostname) -> bool {
    let Some(registered) = psl::domain_str(host.as_str()) else { return false };
    let label = registered.split('.').next().unwrap_or_default();
    DOMAINS.contains(&host.as_str()) || DOMAINS.contains(&registered) || EVERYWHERE.contains(&label)
}
