//! Every setting there is.

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name in the file; `[section]` and key joined by a dot.
    pub key: &'static str,
    /// What holds where nothing is said, as text.
    pub default: &'static str,
    /// What it is.
    pub about: &'static str,
}

const fn setting(key: &'static str, default: &'static str, about: &'static str) -> Setting {
    Setting { key, default, about }
}

/// The settings, in the order of the page.
pub const SETTINGS: &[Setting] = &[
    setting(
        "data",
        "var",
        "Directory for the database, the master key and the socket. Made if it is not there.",
    ),
    setting(
        "development",
        "false",
        "Plain HTTP on loopback, for a developer's machine. Never in production; said at every start.",
    ),
    setting(
        "base_domain",
        "partywall.localhost",
        "What tenants' slugs stand before: `contoso.<base domain>`.",
    ),
    setting(
        "home_region",
        "default",
        "Where new tenants and new people are at home unless something else is said; what exists stays where it is.",
    ),
    setting("listen.public", "127.0.0.1:8080", "Where everybody is served."),
    setting(
        "listen.private",
        "127.0.0.1:9090",
        "Where metrics and health are served; a loopback address unless you know better.",
    ),
    setting("listen.socket", "", "The command line's socket; `<data>/partywall.sock` if empty."),
    setting("listen.connections", "20000", "Connections held at once; further ones wait in the kernel."),
    setting(
        "listen.connections_per_address",
        "1024",
        "Connections that one client's address holds at once (of IPv6, the first 64 bits); further ones are closed.",
    ),
    setting(
        "listen.uncounted",
        "",
        "Networks whose addresses may hold any number of connections, separated by commas: a proxy in front, say.",
    ),
    setting(
        "listen.trusted_proxies",
        "",
        "Networks of the proxies in front, separated by commas. Only from them are the original host, scheme and client address taken, and their addresses may hold any number of connections.",
    ),
    setting(
        "listen.host_header",
        "X-Forwarded-Host",
        "The header in which trusted proxies say the original host. `Forwarded`: they say all of it there, by RFC 7239; else the scheme is in `X-Forwarded-Proto` and the client in `X-Forwarded-For`.",
    ),
    setting(
        "listen.proxy_protocol",
        "false",
        "Whether connections from trusted proxies begin with the PROXY protocol, version 1 or 2. Those of others never do.",
    ),
    setting(
        "listen.plain",
        "",
        "Where plain HTTP is answered beside TLS, such as `0.0.0.0:80`: certificate authorities ask here, everybody else is sent to https. Empty: nowhere.",
    ),
    setting(
        "listen.client_cert",
        "false",
        "Whether trusted proxies end TLS and say the client's certificate in `Client-Cert` and `Client-Cert-Chain` (RFC 9440). Only for proxies that delete what clients send under these names; see client-certificates.md.",
    ),
    setting(
        "listen.decide",
        "",
        "Where other proxies ask whether a request may pass, such as `127.0.0.1:8081`; see fronts.md. Empty: nowhere.",
    ),
    setting(
        "decide.trusted",
        "",
        "Networks of the proxies that may ask, separated by commas. Empty: loopback, and `listen.decide` must be a loopback address.",
    ),
    setting(
        "decide.client_cert",
        "false",
        "Whether the proxies that ask end TLS and say the client's certificate, as with `listen.client_cert`. Only for proxies that delete what clients send under these names.",
    ),
    setting("listen.drain", "30s", "How long requests under way may take after the node was told to stop."),
    setting(
        "public.https",
        "true",
        "Whether people reach us by https, be it that we end TLS or something in front does.",
    ),
    setting(
        "public.port",
        "",
        "The port that people reach us by; empty for the usual one, or for `listen.public`'s in development.",
    ),
    setting("hosts.id", "", "Public address of sign-in; `<scheme>://id.<base domain>` if empty."),
    setting(
        "hosts.console",
        "",
        "Public address of the console; `<scheme>://console.<base domain>` if empty.",
    ),
    setting("hosts.api", "", "Public address of the API; `<scheme>://api.<base domain>` if empty."),
    setting(
        "tls.certificate",
        "",
        "PEM file with the certificate chain. Read again when it changes. Empty: this node speaks plain HTTP, behind something that ends TLS.",
    ),
    setting("tls.key", "", "PEM file with the key."),
    setting(
        "tls.unknown_names",
        "refuse",
        "What a client sees that asks for a name that nobody here has a certificate for: `refuse` tells it so (`unrecognized_name`), `installation` shows the installation's.",
    ),
    setting(
        "tls.without_name",
        "installation",
        "The same for a client that asks for no name at all, as health checks by address do.",
    ),
    setting(
        "acme.directory",
        "",
        "The directory of the certificate authority that is asked for the certificates of tenants' own names (ACME), such as `https://acme-v02.api.letsencrypt.org/directory`. Empty: none is asked.",
    ),
    setting("acme.terms_agreed", "false", "Whether you agree to that authority's terms of service."),
    setting("acme.contact", "", "Addresses for mail that the authority may write to, separated by commas."),
    setting(
        "acme.roots",
        "",
        "PEM file of authorities to trust when calling the directory, beside the system's: for a private authority.",
    ),
    setting(
        "acme.binding_id",
        "",
        "The key id by which the authority knows the account that ours is bound to (external account binding), where it asks for that.",
    ),
    setting(
        "acme.binding_key",
        "",
        "File of mode 0600 with the key that goes with it, in base64url, as the authority gave it. Used once, when our account is opened.",
    ),
    setting(
        "acme.challenges",
        "http-01,tls-alpn-01",
        "How the authority may ask for the proof that a name leads here, the dearest way first; each further try takes the next. `http-01` needs `listen.plain` at port 80.",
    ),
    setting("acme.orders_per_hour", "90", "How many certificates all nodes together order in an hour."),
    setting("acme.orders_per_tenant", "20", "How many of them for one tenant."),
    setting(
        "acme.retry",
        "10m",
        "How long an order waits that was refused; each further refusal waits three times as long, a day at most.",
    ),
    setting("database.url", "", "`sqlite:<file>` or `postgres://…`; a file in `data` if empty."),
    setting("database.connections", "16", "Connections to PostgreSQL that this node holds for requests."),
    setting(
        "master_key.file",
        "",
        "File of mode 0600 with 32 bytes in base64. Empty: `<data>/master.key`, made at first start on SQLite; on PostgreSQL it must be there, the same on every node.",
    ),
    setting(
        "master_key.previous",
        "",
        "Files of earlier master keys, separated by commas, while values are sealed anew.",
    ),
    setting(
        "outbound.allow",
        "",
        "Private addresses that may be called, separated by commas; see outgoing-calls.md.",
    ),
    setting("outbound.refuse", "", "Networks that are never called, separated by commas."),
    setting("outbound.extra_roots", "", "PEM file of certificate authorities to trust beside the system's."),
    setting("outbound.deadline", "10s", "How long a call may take, over everything."),
    setting("outbound.most_bytes", "1048576", "The largest answer that is read."),
    setting("session.idle", "8h", "How long a session lives without being used."),
    setting("session.life", "7d", "How long a session lives at most."),
    setting("session.pending", "10m", "How long a sign-in may be under way."),
    setting(
        "session.hand_over",
        "30s",
        "How long the way back from a sign-in, and on from a sign-out, may take between our hosts.",
    ),
    setting(
        "tokens.life",
        "5m",
        "How long an access token lives, of an application or for an API key, unless the application's registration says otherwise.",
    ),
    setting(
        "tokens.refresh",
        "30d",
        "How long an application may go on refreshing, unless its registration says otherwise.",
    ),
    setting(
        "tokens.refresh_grace",
        "30s",
        "For how long a refresh token is taken again that was used, because its answer may have been lost.",
    ),
    setting("providers.patience", "5s", "How long an identity provider may take for one answer."),
    setting("providers.memory", "1h", "How long a provider's metadata and keys are believed unasked."),
    setting(
        "providers.retry",
        "60s",
        "How soon a provider is asked again that was away, or whose token named an unknown key.",
    ),
    setting(
        "providers.keys_kept",
        "1d",
        "How long the keys of an issuer of bearer tokens are believed while it is away.",
    ),
    setting("providers.leeway", "60s", "How far a provider's clock may differ from ours."),
    setting("links.bootstrap", "1h", "How long the one-time link of a new installation works."),
    setting("links.invitation", "7d", "How long the one-time link of a new tenant works."),
    setting("names.rest", "30d", "How long a released slug or hostname rests before others may take it."),
    setting(
        "domains.resolvers",
        "",
        "Resolvers that are asked for the proof of tenants' own domains, such as `192.0.2.53:53`, separated by commas. Empty: the machine's own.",
    ),
    setting("domains.claim", "7d", "How long a domain that was claimed may wait for its proof."),
    setting("domains.recheck", "1d", "How often the proof of a domain is looked at again."),
    setting(
        "domains.grace",
        "14d",
        "How long a domain goes on mapping whose proof is missing; its tenant is warned meanwhile.",
    ),
    setting(
        "domains.lifetime",
        "1h",
        "How long names are taken to be remembered by others at the least, after a tenant has moved to another region; more where their records say more.",
    ),
    setting(
        "domains.plain_port",
        "80",
        "With `development`, the port of plain HTTP at which a file that proves a domain is looked for too.",
    ),
    setting(
        "feed.silence",
        "60s",
        "How long the change feed may be silent before nothing cached is believed.",
    ),
    setting(
        "limits.sign_ins_per_address",
        "120",
        "Sign-in starts, callbacks and one-time links from one address in a minute.",
    ),
    setting("limits.sign_ins_per_tenant", "600", "The same for one tenant."),
    setting(
        "limits.trials_per_address",
        "20",
        "Trials of connections and fetches of a provider's metadata for one address in a minute.",
    ),
    setting("limits.trials_per_tenant", "60", "The same for one tenant."),
    setting("limits.sessions", "100000", "Sessions that a node remembers."),
    setting(
        "limits.key_guesses_per_address",
        "60",
        "Wrong API keys and bearer tokens from one address in a minute; beyond it the answer is 429.",
    ),
    setting("limits.contexts", "100000", "Signed contexts that a node remembers."),
    setting("limits.tokens", "100000", "Bearer tokens that were believed, and that a node remembers."),
    setting(
        "limits.certificates",
        "10000",
        "Client certificates that proxies say, and that a node remembers.",
    ),
    setting("limits.kept_answers", "128", "MiB of answers that a node keeps, where routes have a `cache`."),
    setting("limits.kept_answers_per_tenant", "16", "The same for one tenant."),
    setting(
        "limits.bodies",
        "256",
        "MiB of bodies that a node looks into at a time; beyond it the answer is 503.",
    ),
    setting(
        "alerts.attempts",
        "10",
        "So many refused attempts to cross into a tenant, or by one person, within `alerts.span` raise an alert.",
    ),
    setting("alerts.span", "10m", "Within which span; one span has one alert."),
    setting("log.format", "human", "`human` or `json`."),
    setting("log.level", "info", "A filter, such as `info` or `info,gateway=debug`."),
    setting(
        "traces.endpoint",
        "",
        "Where OpenTelemetry traces are sent: an OTLP/HTTP address such as `http://127.0.0.1:4318/v1/traces`.",
    ),
    setting("traces.per_thousand", "10", "How many of a thousand traces are kept."),
];

/// The environment's name of a setting: `listen.public` is `PARTYWALL_LISTEN_PUBLIC`.
pub fn environment_name(key: &str) -> String {
    format!("PARTYWALL_{}", key.replace('.', "_").to_uppercase())
}

/// The page `docs/configuration.md`.
pub fn page() -> String {
    let mut page = String::from(
        "# Configuration\n\nA file (`partywall.toml`, or `--config FILE`), the environment, and `--set key=value`; the later wins.\n\
         Everything is checked at start, and everything that is wrong is said at once, with the setting's name and\n\
         where its value came from. An unknown setting is an error. This page is written from the code\n\
         (`partywall config --page`), and a test keeps the two equal.\n\nSpans are written `30s`, `10m`, `8h`, `7d`.\n\n\
         | setting | environment | default | bounds | |\n|---|---|---|---|---|\n",
    );
    let bounds = super::read::bounds();
    for Setting { key, default, about } in SETTINGS {
        let default = if default.is_empty() { "—".to_owned() } else { format!("`{default}`") };
        let bounds = bounds.get(*key).map_or("", String::as_str);
        page.push_str(&format!(
            "| `{key}` | `{}` | {default} | {bounds} | {about} |\n",
            environment_name(key)
        ));
    }
    page
}
