//! Reads what the texts mean, and gathers everything that is wrong with them.

use super::{
    Acme, Config, ConfigError, Decide, Domains, Fault, Gathered, Lifetimes, Limits, Listen, MasterKeyPlace,
    Observe, Outgoing, Providers, Tls, gather::fault,
};
use domain::{Hostname, Network, Secret};
use gateway::Fronts;
use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt::Display,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};
use web::{Hosts, PublicUrl};

/// Reads settings and remembers what was wrong with them.
struct Reader {
    texts: Gathered,
    faults: RefCell<Vec<Fault>>,
    bounds: RefCell<Bounds>,
}

/// Between what a setting must lie, by its name.
pub(super) type Bounds = BTreeMap<String, String>;

impl Reader {
    fn of(texts: Gathered) -> Self {
        Reader { texts, faults: RefCell::default(), bounds: RefCell::default() }
    }

    fn text(&self, key: &str) -> &str {
        self.texts.get(key).0
    }

    fn wrong(&self, key: &str, why: impl Display) {
        self.faults.borrow_mut().push(fault(key, self.texts.get(key).1, &why.to_string()));
    }

    /// The value; none after noting that it is wrong.
    fn value<T: FromStr<Err: Display>>(&self, key: &str) -> Option<T> {
        self.text(key).parse().map_err(|why| self.wrong(key, why)).ok()
    }

    /// The value of a setting that may be empty.
    fn maybe<T: FromStr<Err: Display>>(&self, key: &str) -> Option<T> {
        if self.text(key).is_empty() { None } else { self.value(key) }
    }

    fn path(&self, key: &str) -> Option<PathBuf> {
        let text = self.text(key);
        (!text.is_empty()).then(|| PathBuf::from(text))
    }

    fn list<T: FromStr<Err: Display>>(&self, key: &str) -> Vec<T> {
        let items = self.text(key).split(',').map(str::trim).filter(|item| !item.is_empty());
        items
            .filter_map(|item| item.parse().map_err(|why| self.wrong(key, format!("`{item}`: {why}"))).ok())
            .collect()
    }

    fn flag(&self, key: &str) -> bool {
        match self.text(key) {
            "true" => true,
            "false" => false,
            other => {
                self.wrong(key, format!("`{other}` is neither `true` nor `false`"));
                false
            }
        }
    }

    fn number(&self, key: &str, least: u64, most: u64) -> u64 {
        self.bounds.borrow_mut().insert(key.to_owned(), format!("{least} to {most}"));
        let number = self.value::<u64>(key).unwrap_or(least);
        if !(least..=most).contains(&number) {
            self.wrong(key, format!("must lie between {least} and {most}"));
        }
        number
    }

    fn span(&self, key: &str, least: Duration, most: Duration) -> Duration {
        let bounds = format!("{} to {}", span_text(least), span_text(most));
        self.bounds.borrow_mut().insert(key.to_owned(), bounds);
        match parse_span(self.text(key)) {
            Some(span) if (least..=most).contains(&span) => span,
            Some(_) => {
                self.wrong(
                    key,
                    format!("must lie between {} and {} seconds", least.as_secs(), most.as_secs()),
                );
                least
            }
            None => {
                self.wrong(key, "write a span as 30s, 10m, 8h or 7d");
                least
            }
        }
    }
}

/// A span in the largest unit that says it whole.
fn span_text(span: Duration) -> String {
    let seconds = span.as_secs();
    let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm')];
    let unit = units.into_iter().find(|(unit, _)| seconds >= *unit && seconds.is_multiple_of(*unit));
    let (unit, letter) = unit.unwrap_or((1, 's'));
    format!("{}{letter}", seconds / unit)
}

fn parse_span(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let number: u64 = text[..text.len() - unit.len_utf8()].parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    number.checked_mul(seconds).map(Duration::from_secs)
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn config(texts: Gathered) -> Result<Config, ConfigError> {
    let reader = Reader::of(texts);
    let config = whole(&reader);
    let faults = reader.faults.into_inner();
    match config {
        Some(config) if faults.is_empty() => Ok(config),
        _ => Err(ConfigError(faults)),
    }
}

/// The bounds of all settings that have some, as reading them checks it.
pub(super) fn bounds() -> Bounds {
    let reader = Reader::of(Gathered::default());
    // Only what is noted on the way is wanted here.
    let _ = whole(&reader);
    reader.bounds.into_inner()
}

fn whole(from: &Reader) -> Option<Config> {
    let data = from.path("data").unwrap_or_else(|| PathBuf::from("var"));
    let development = from.flag("development");
    let base_domain: Option<Hostname> = from.value("base_domain");
    let home_region = from.value("home_region");
    let listen = listen(from, &data);
    let tls = tls(from);
    let acme = acme(from, tls.is_some());
    let hosts = base_domain
        .clone()
        .zip(listen.as_ref())
        .and_then(|(base, listen)| hosts(from, base, development, listen.public, tls.is_some()));
    // Everything is read before anything is given up, so that all that is wrong is said at once.
    let (database, outbound, observe) = (database(from, &data), outgoing(from), observe(from));
    let (lifetimes, providers) = (lifetimes(from), providers(from));
    let domains = domains(from);
    let limits = Limits {
        sign_ins_per_address: from.number("limits.sign_ins_per_address", 1, 1_000_000) as u32,
        sign_ins_per_tenant: from.number("limits.sign_ins_per_tenant", 1, 10_000_000) as u32,
        trials_per_address: from.number("limits.trials_per_address", 1, 1_000_000) as u32,
        trials_per_tenant: from.number("limits.trials_per_tenant", 1, 10_000_000) as u32,
        sessions: from.number("limits.sessions", 1_000, 100_000_000) as usize,
        key_guesses_per_address: from.number("limits.key_guesses_per_address", 1, 1_000_000) as u32,
        contexts: from.number("limits.contexts", 1_000, 100_000_000) as usize,
        tokens: from.number("limits.tokens", 1_000, 100_000_000) as usize,
        certificates: from.number("limits.certificates", 100, 100_000_000) as usize,
        kept_answers: from.number("limits.kept_answers", 1, 1_048_576) << 20,
        kept_answers_per_tenant: from.number("limits.kept_answers_per_tenant", 1, 1_048_576) << 20,
        bodies: from.number("limits.bodies", 1, 1_048_576) << 20,
    };
    let alerts = store::audit::AlertRule {
        // A trail takes twenty lines of one kind in a minute, so that more than these would not be counted in time.
        attempts: from.number("alerts.attempts", 1, 100) as u32,
        span: from.span("alerts.span", 5 * MINUTE, DAY),
    };
    let master_key = MasterKeyPlace {
        file: from.path("master_key.file").unwrap_or_else(|| data.join("master.key")),
        previous: from.list::<PathBuf>("master_key.previous"),
    };
    Some(Config {
        development,
        base_domain: base_domain?,
        home_region: home_region?,
        listen: listen?,
        hosts: hosts?,
        tls,
        acme,
        database,
        master_key,
        data,
        outbound,
        lifetimes,
        providers,
        domains,
        limits,
        alerts,
        observe,
    })
}

fn listen(from: &Reader, data: &std::path::Path) -> Option<Listen> {
    let public: Option<SocketAddr> = from.value("listen.public");
    let private: Option<SocketAddr> = from.value("listen.private");
    let connections = from.number("listen.connections", 16, 1_000_000) as usize;
    let connections_per_address = from.number("listen.connections_per_address", 1, 1_000_000) as usize;
    let uncounted = from.list("listen.uncounted");
    let drain = from.span("listen.drain", SECOND, HOUR);
    let (fronts, proxy_protocol) = fronts(from);
    let client_cert = client_cert(from);
    let decide = decide(from);
    let socket = from.path("listen.socket").unwrap_or_else(|| data.join("partywall.sock"));
    Some(Listen {
        public: public?,
        private: private?,
        socket,
        connections,
        connections_per_address,
        uncounted,
        fronts,
        proxy_protocol,
        plain: from.maybe("listen.plain"),
        client_cert,
        decide,
        drain,
    })
}

/// Who stands in front of us, and how they say what they were asked.
fn fronts(from: &Reader) -> (Fronts, bool) {
    let trusted: Vec<Network> = from.list("listen.trusted_proxies");
    let host = from.value("listen.host_header").unwrap_or(http::header::HOST);
    if host == http::header::HOST {
        from.wrong(
            "listen.host_header",
            "this is the header that proxies write anew; name the one that keeps the original",
        );
    }
    let proxy_protocol = from.flag("listen.proxy_protocol");
    if proxy_protocol && trusted.is_empty() {
        from.wrong(
            "listen.proxy_protocol",
            "say in `listen.trusted_proxies` who speaks it; it is read from nobody else",
        );
    }
    (Fronts::new(trusted, host), proxy_protocol)
}

/// Whether the proxies in front say which certificate their client has shown.
fn client_cert(from: &Reader) -> bool {
    let said = from.flag("listen.client_cert");
    if said && from.list::<Network>("listen.trusted_proxies").is_empty() {
        from.wrong(
            "listen.client_cert",
            "say in `listen.trusted_proxies` who says it; it is believed of nobody else",
        );
    }
    said
}

/// Whoever may ask is told who people are, and says where requests come from.
fn decide(from: &Reader) -> Option<Decide> {
    let trusted: Vec<Network> = from.list("decide.trusted");
    let listen: SocketAddr = from.maybe("listen.decide")?;
    if trusted.is_empty() && !listen.ip().is_loopback() {
        from.wrong(
            "listen.decide",
            "others reach this address; name in `decide.trusted` the proxies that may ask",
        );
    }
    let loopback = [(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8), (IpAddr::V6(Ipv6Addr::LOCALHOST), 128)];
    let loopback = || loopback.map(|(first, bits)| Network::of(first, bits)).to_vec();
    let client_cert = from.flag("decide.client_cert");
    Some(Decide { listen, trusted: if trusted.is_empty() { loopback() } else { trusted }, client_cert })
}

fn tls(from: &Reader) -> Option<Tls> {
    let own_for = |key: &str| match from.text(key) {
        "installation" => true,
        "refuse" => false,
        other => {
            from.wrong(key, format!("`{other}` is neither `refuse` nor `installation`"));
            false
        }
    };
    let (own_for_others, own_for_nobody) = (own_for("tls.unknown_names"), own_for("tls.without_name"));
    match (from.path("tls.certificate"), from.path("tls.key")) {
        (Some(certificate), Some(key)) => Some(Tls { certificate, key, own_for_others, own_for_nobody }),
        (None, None) => None,
        (Some(_), None) => {
            from.wrong("tls.key", "a certificate was given without its key; give both or neither");
            None
        }
        (None, Some(_)) => {
            from.wrong("tls.certificate", "a key was given without its certificate; give both or neither");
            None
        }
    }
}

fn acme(from: &Reader, ends_tls: bool) -> Option<Acme> {
    let per_hour = from.number("acme.orders_per_hour", 1, 100_000) as u32;
    let per_tenant = from.number("acme.orders_per_tenant", 1, 100_000) as u32;
    let retry = from.span("acme.retry", SECOND, DAY);
    let directory = from.text("acme.directory");
    if directory.is_empty() {
        return None;
    }
    if !directory.starts_with("https://") {
        from.wrong("acme.directory", "write the address of an ACME directory, which begins with https://");
    }
    if !ends_tls {
        from.wrong(
            "acme.directory",
            "certificates are ordered where `tls.certificate` is given; see domains.md",
        );
    }
    if !from.flag("acme.terms_agreed") {
        from.wrong("acme.terms_agreed", "read the authority's terms of service, and say `true` if you agree");
    }
    let challenges = from.list("acme.challenges");
    if challenges.is_empty() {
        from.wrong("acme.challenges", "name at least one way to be asked");
    }
    let contact: Vec<String> = from.list("acme.contact");
    for one in contact.iter().filter(|one| !one.contains('@')) {
        from.wrong("acme.contact", format!("`{one}` is no address for mail"));
    }
    let roots = from.path("acme.roots");
    let binding = match (from.text("acme.binding_id"), from.path("acme.binding_key")) {
        (id, Some(key)) if !id.is_empty() => Some((id.to_owned(), key)),
        ("", None) => None,
        _ => {
            from.wrong("acme.binding_key", "give the key and its id, or neither");
            None
        }
    };
    let directory = directory.to_owned();
    Some(Acme { directory, contact, roots, binding, challenges, per_hour, per_tenant, retry })
}

fn hosts(
    from: &Reader,
    base: Hostname,
    development: bool,
    public: SocketAddr,
    ends_tls: bool,
) -> Option<Hosts> {
    // On a developer's machine nothing stands in front: people come straight to the listener.
    let https = if development && from.texts.get("public.https").1 == "default" {
        ends_tls
    } else {
        from.flag("public.https")
    };
    if !https && !development {
        from.wrong(
            "public.https",
            "people would send their sessions in the clear; only `development = true` may do without https",
        );
    }
    if development && !public.ip().is_loopback() {
        from.wrong(
            "development",
            "listens on an address that others reach; development is for loopback only",
        );
    }
    let port = from.maybe::<u16>("public.port").or_else(|| development.then_some(public.port()));
    let port = port.filter(|port| *port != if https { 443 } else { 80 });
    let scheme = if https { "https" } else { "http" };
    let suffix = port.map(|port| format!(":{port}")).unwrap_or_default();
    let of = |label: &str| {
        let key = format!("hosts.{label}");
        let text = match from.text(&key) {
            "" => format!("{scheme}://{label}.{base}{suffix}"),
            given => given.to_owned(),
        };
        text.parse::<PublicUrl>().map_err(|why| from.wrong(&key, why)).ok()
    };
    let (id, console, api) = (of("id"), of("console"), of("api"));
    Some(Hosts { id: id?, console: console?, api: api?, base_domain: base, https, port, development })
}

fn database(from: &Reader, data: &std::path::Path) -> store::Database {
    let url = from.text("database.url");
    let connections = from.number("database.connections", 2, 1_000) as u32;
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return store::Database::Postgres { url: Secret::new(url.to_owned()), connections };
    }
    let file = url.strip_prefix("sqlite:").map(|file| file.trim_start_matches("//"));
    match (url, file) {
        ("", _) => store::Database::Sqlite(data.join("partywall.db")),
        (_, Some(file)) if !file.is_empty() => store::Database::Sqlite(PathBuf::from(file)),
        _ => {
            from.wrong("database.url", "write sqlite:<file> or postgres://user:password@host:port/database");
            store::Database::Sqlite(data.join("partywall.db"))
        }
    }
}

fn outgoing(from: &Reader) -> Outgoing {
    Outgoing {
        allow: from.list("outbound.allow"),
        refuse: from.list("outbound.refuse"),
        extra_roots: from.path("outbound.extra_roots"),
        deadline: from.span("outbound.deadline", SECOND, 2 * MINUTE),
        most_bytes: from.number("outbound.most_bytes", 1_024, 64 << 20) as usize,
    }
}

fn lifetimes(from: &Reader) -> Lifetimes {
    Lifetimes {
        session_idle: from.span("session.idle", MINUTE, 90 * DAY),
        session: from.span("session.life", MINUTE, 365 * DAY),
        pending: from.span("session.pending", MINUTE, HOUR),
        hand_over: from.span("session.hand_over", 5 * SECOND, 5 * MINUTE),
        token: from.span("tokens.life", 5 * SECOND, 15 * MINUTE),
        refresh: from.span("tokens.refresh", 5 * MINUTE, 366 * DAY),
        refresh_grace: from.span("tokens.refresh_grace", Duration::ZERO, 5 * MINUTE),
        bootstrap: from.span("links.bootstrap", MINUTE, 7 * DAY),
        invitation: from.span("links.invitation", MINUTE, 90 * DAY),
        name_rest: from.span("names.rest", Duration::ZERO, 3_650 * DAY),
        feed_silence: from.span("feed.silence", 5 * SECOND, HOUR),
    }
}

/// The bounds keep a sign-in from hanging, a lost key from being believed for long, and a stranger's tokens
/// from making us ask without end.
fn providers(from: &Reader) -> Providers {
    Providers {
        patience: from.span("providers.patience", SECOND, 30 * SECOND),
        memory: from.span("providers.memory", MINUTE, DAY),
        retry: from.span("providers.retry", 5 * SECOND, HOUR),
        keys_kept: from.span("providers.keys_kept", MINUTE, 30 * DAY),
        leeway: from.span("providers.leeway", Duration::ZERO, 5 * MINUTE),
    }
}

/// A proof that is looked at seldom holds a name for somebody who has lost it.
fn domains(from: &Reader) -> Domains {
    Domains {
        resolvers: from.list("domains.resolvers"),
        claim: from.span("domains.claim", MINUTE, 90 * DAY),
        recheck: from.span("domains.recheck", SECOND, 30 * DAY),
        grace: from.span("domains.grace", SECOND, 90 * DAY),
        lifetime: from.span("domains.lifetime", SECOND, 7 * DAY),
        plain_port: from.number("domains.plain_port", 1, 65_535) as u16,
    }
}

fn observe(from: &Reader) -> Observe {
    let json = match from.text("log.format") {
        "json" => true,
        "human" => false,
        other => {
            from.wrong("log.format", format!("`{other}` is neither `human` nor `json`"));
            false
        }
    };
    if let Err(why) = from.text("log.level").parse::<tracing_subscriber::EnvFilter>() {
        from.wrong("log.level", why);
    }
    Observe {
        json,
        level: from.text("log.level").to_owned(),
        traces: (!from.text("traces.endpoint").is_empty())
            .then(|| Secret::new(from.text("traces.endpoint").to_owned())),
        traces_per_thousand: from.number("traces.per_thousand", 0, 1_000) as u32,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Flags};
    use std::time::Duration;

    fn load(pairs: &[&str]) -> Result<Config, String> {
        let set = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        Config::load(&Flags { file: None, set }).map_err(|error| error.to_string())
    }

    #[test]
    fn a_developer_needs_one_word() {
        let config = load(&["development=true"]).expect("usable");
        assert_eq!(config.hosts.id.origin(), "http://id.partywall.localhost:8080");
        assert_eq!(config.lifetimes.session, Duration::from_secs(7 * 86_400));
    }

    #[test]
    fn what_is_said_of_providers_has_bounds() {
        let usual = load(&["development=true"]).expect("usable").providers;
        assert_eq!((usual.patience, usual.leeway), (Duration::from_secs(5), Duration::from_secs(60)));
        let said =
            ["development=true", "providers.leeway=0s", "providers.memory=10m", "session.hand_over=1m"];
        let config = load(&said).expect("usable");
        assert_eq!(
            (config.providers.leeway, config.providers.memory),
            (Duration::ZERO, Duration::from_secs(600))
        );
        assert_eq!(config.lifetimes.hand_over, Duration::from_secs(60));
        for wrong in [
            "providers.patience=10m",
            "providers.memory=2d",
            "providers.retry=1s",
            "providers.leeway=1h",
            "session.hand_over=1h",
        ] {
            let error = load(&["development=true", wrong]).expect_err(wrong);
            assert!(error.contains("must lie between"), "{error}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let error = load(&[
            "listen.public=nowhere",
            "session.idle=soon",
            "outbound.allow=0.0.0.0/0",
            "tls.key=k.pem",
        ]);
        let error = error.expect_err("four faults");
        for key in ["listen.public", "session.idle", "outbound.allow", "tls.certificate"] {
            assert!(error.contains(key), "{key} is missing from:\n{error}");
        }
    }

    #[test]
    fn certificates_are_ordered_only_where_they_can_be_shown_and_the_terms_are_agreed_to() {
        let tls = ["tls.certificate=c.pem", "tls.key=k.pem", "acme.directory=https://ca.test/dir"];
        let with = |more: &[&str]| load(&[&["development=true"], &tls[..], more].concat());
        let config = with(&["acme.terms_agreed=true", "acme.contact=ops@example.com"]).expect("usable");
        assert_eq!(config.acme.expect("it is on").challenges.len(), 2);
        for (more, key) in [
            (&[][..], "acme.terms_agreed"),
            (&["acme.terms_agreed=true", "acme.contact=ops"], "acme.contact"),
            (&["acme.terms_agreed=true", "acme.challenges=dns-01"], "acme.challenges"),
            (&["acme.terms_agreed=true", "acme.directory=http://ca.test"], "acme.directory"),
            (&["acme.terms_agreed=true", "tls.unknown_names=maybe"], "tls.unknown_names"),
        ] {
            let error = with(more).expect_err(key);
            assert!(error.contains(key), "{error}");
        }
        let bare = ["development=true", "acme.directory=https://ca.test/dir", "acme.terms_agreed=true"];
        assert!(load(&bare).expect_err("no TLS").contains("tls.certificate"));
        assert!(load(&["development=true"]).expect("usable").acme.is_none());
    }

    #[test]
    fn whoever_may_ask_or_speak_for_others_is_named() {
        let usual = load(&["development=true"]).expect("usable").listen;
        assert!(usual.decide.is_none() && !usual.fronts.trusts([127, 0, 0, 1].into()));
        let asked = load(&["development=true", "listen.decide=127.0.0.1:8081"]).expect("usable");
        let trusted = asked.listen.decide.expect("it is on").trusted;
        assert!(trusted.iter().any(|network| network.contains([127, 0, 0, 1].into())));
        assert!(!trusted.iter().any(|network| network.contains([10, 0, 0, 1].into())));
        for (wrong, key) in [
            ("listen.decide=0.0.0.0:8081", "decide.trusted"),
            ("listen.proxy_protocol=true", "listen.trusted_proxies"),
            ("listen.host_header=Host", "listen.host_header"),
            ("listen.client_cert=true", "listen.trusted_proxies"),
            ("listen.trusted_proxies=nobody", "listen.trusted_proxies"),
        ] {
            let error = load(&["development=true", wrong]).expect_err(wrong);
            assert!(error.contains(key), "{error}");
        }
        let named = ["development=true", "listen.decide=0.0.0.0:8081", "decide.trusted=10.0.0.0/8"];
        assert!(load(&named).is_ok());
    }

    #[test]
    fn sessions_in_the_clear_need_the_development_setting_and_loopback() {
        assert!(load(&["public.https=false"]).expect_err("refused").contains("public.https"));
        assert!(
            load(&["development=true", "listen.public=0.0.0.0:8080"])
                .expect_err("refused")
                .contains("loopback")
        );
    }
}
