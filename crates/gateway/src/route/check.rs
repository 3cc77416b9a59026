//! Checking routes as a whole. Every mistake is named, not only the first, in the operator's words.

use super::{
    Audience, CredentialKind, Hosts, MapBy, Name, Place, Route, RouteSpec, Routes, Serving, TenantForm,
    Write, WriteTenant, spec::TENANT_PARAMETER,
};
use crate::{
    expression::{self, ASKED, PRESENTED},
    policy::{Policies, literal},
    product::Version,
};
use domain::Hostname;
use http::{HeaderName, HeaderValue};
use protocol::expression::{Expression, Word};
use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

/// What is wrong with a route.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct RouteFault {
    /// The route's name, or its place in the list if it has none.
    pub route: String,
    /// The key that is wrong; empty where it is the whole.
    pub key: &'static str,
    /// What is wrong and what would be right.
    pub what: String,
}

impl fmt::Display for RouteFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key {
            "" => write!(f, "route `{}`: {}", self.route, self.what),
            key => write!(f, "route `{}`: {key}: {}", self.route, self.what),
        }
    }
}

/// Headers that carry meaning of their own and are no place for a tenant.
const NOT_FOR_TENANTS: [&str; 9] = [
    "host",
    "cookie",
    "authorization",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "upgrade",
    "via",
];

impl Routes {
    /// The routes that this document describes; those of a fresh installation if it has none.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(json: &str, hosts: &Hosts) -> Result<Self, Vec<RouteFault>> {
        let (specs, mut faults) = RouteSpec::all(json, hosts);
        match Self::of(&specs, hosts) {
            Ok(routes) if faults.is_empty() => Ok(routes),
            Ok(_) => Err(faults),
            Err(more) => {
                faults.extend(more);
                Err(faults)
            }
        }
    }

    /// The routes of a fresh installation: tenants by host, under the base domain and at their own
    /// hostnames, for browsers, members only.
    pub fn standard(hosts: &Hosts) -> Self {
        Self::of(&RouteSpec::standard(hosts), hosts).expect("the standard routes are sound")
    }

    /// The routes that these describe; those of a fresh installation if there are none.
    ///
    /// # Errors
    /// Every mistake in them.
    pub fn of(specs: &[RouteSpec], hosts: &Hosts) -> Result<Self, Vec<RouteFault>> {
        if specs.is_empty() {
            return Ok(Self::standard(hosts));
        }
        let mut routes = Routes {
            base: hosts.base.as_str().into(),
            exact: HashMap::new(),
            under_base: Vec::new(),
            anywhere: Vec::new(),
        };
        let mut faults = Faults::default();
        for spec in specs {
            faults.route.clone_from(&spec.name);
            let before = faults.found.len();
            let route = faults.route(spec);
            let host = faults.host(spec, hosts);
            if faults.found.len() == before
                && let (Some(route), Some(host)) = (route, host)
            {
                let candidates = routes.candidates(host);
                faults.alone(&route, candidates);
                faults.of_one_kind(&route, candidates);
                candidates.push(Arc::new(route));
            }
        }
        faults.names(specs);
        routes.order();
        if faults.found.is_empty() { Ok(routes) } else { Err(faults.found) }
    }

    fn candidates(&mut self, host: HostPattern) -> &mut Vec<Arc<Route>> {
        match host {
            HostPattern::UnderBase => &mut self.under_base,
            HostPattern::Anywhere => &mut self.anywhere,
            HostPattern::Exact(host) => self.exact.entry(host.as_str().into()).or_default(),
        }
    }

    fn order(&mut self) {
        let lists = self.exact.values_mut().chain([&mut self.under_base, &mut self.anywhere]);
        let place = |route: &Arc<Route>| (std::cmp::Reverse(route.path.len()), route.when.is_none());
        lists.for_each(|list| list.sort_by_key(place));
    }
}

enum HostPattern {
    UnderBase,
    Anywhere,
    Exact(Hostname),
}

#[derive(Default)]
pub(super) struct Faults {
    route: String,
    found: Vec<RouteFault>,
}

impl Faults {
    pub(super) fn say(&mut self, key: &'static str, what: impl Into<String>) {
        self.found.push(RouteFault { route: self.route.clone(), key, what: what.into() });
    }

    fn names(&mut self, specs: &[RouteSpec]) {
        for (at, spec) in specs.iter().enumerate() {
            self.route.clone_from(&spec.name);
            if spec.name.trim().is_empty() {
                self.say("name", "every route needs a name");
            } else if specs[..at].iter().any(|other| other.name == spec.name) {
                self.say("name", "two routes have this name");
            }
        }
    }

    fn alone(&mut self, route: &Route, others: &[Arc<Route>]) {
        let same = |other: &&Arc<Route>| other.path == route.path && other.when.is_none();
        if route.when.is_none()
            && let Some(other) = others.iter().find(same)
        {
            self.say("path", format!("route `{}` already takes this host and path", other.name));
        }
    }

    /// A host names a tenant or is shared by tenants, never both: what a session there is called depends on it.
    fn of_one_kind(&mut self, route: &Route, others: &[Arc<Route>]) {
        if let Some(other) = others.iter().find(|other| other.by_host != route.by_host) {
            let what =
                format!("route `{}` is on this host as well; either both hold `host` or neither", other.name);
            self.say("map_by", what);
        }
        if let Some(other) =
            others.iter().find(|other| other.pass_through.is_some() != route.pass_through.is_some())
        {
            let what = format!(
                "route `{}` is on this host as well; its connections are passed on or read, not both",
                other.name
            );
            self.say("pass_through", what);
        }
    }

    /// Nothing is read of what is passed on, so that nothing can be asked of it.
    fn passes(&mut self, spec: &RouteSpec) {
        let mut bare = RouteSpec::new(&spec.name, &spec.host);
        (bare.pass_through, bare.idle_seconds) = (spec.pass_through, spec.idle_seconds);
        if *spec != bare {
            self.say(
                "pass_through",
                "nothing is read of what is passed on: beside it only `name`, `host` and `idle_seconds` can be given",
            );
        }
    }

    fn host(&mut self, spec: &RouteSpec, hosts: &Hosts) -> Option<HostPattern> {
        let by_host = spec.map_by.contains(&MapBy::Host);
        let wild = spec.host == "*" || spec.host.strip_prefix("*.") == Some(hosts.base.as_str());
        if wild && !by_host {
            // Otherwise two identifiers could disagree without anybody noticing.
            self.say("map_by", "must hold `host`, because the hosts of this route name tenants");
            return None;
        }
        if wild {
            let anywhere = spec.host == "*";
            return Some(if anywhere { HostPattern::Anywhere } else { HostPattern::UnderBase });
        }
        match spec.host.parse::<Hostname>() {
            Ok(host) if hosts.platform.contains(&host) => {
                self.say("host", "belongs to the platform itself");
                None
            }
            Ok(host) if by_host && host == hosts.base => {
                self.say("map_by", "the base domain itself names no tenant; map by path, query or header");
                None
            }
            Ok(host) => Some(HostPattern::Exact(host)),
            Err(_) => {
                self.say("host", format!("must be `*.{}`, `*` or one hostname", hosts.base));
                None
            }
        }
    }

    fn route(&mut self, spec: &RouteSpec) -> Option<Route> {
        let by = |way| spec.map_by.contains(&way);
        if spec.map_by.is_empty() {
            self.say(
                "map_by",
                "at least one thing must name the tenant: host, path, query, header, key, token, certificate, body or expression",
            );
        }
        self.credentials(spec);
        if spec.pass_through.is_some() {
            self.passes(spec);
        }
        if by(MapBy::Header) && spec.audience == Audience::Browser {
            self.say(
                "map_by",
                "a header cannot name the tenant on a browser-facing route, because a browser that opens a \
                 link sends none; set audience to `api` or map otherwise",
            );
        }
        for (key, seconds) in [("answer_seconds", spec.answer_seconds), ("idle_seconds", spec.idle_seconds)] {
            if !(1..=86_400).contains(&seconds) {
                self.say(key, "must be 1 to 86400");
            }
        }
        let path = self.path("path", &spec.path)?;
        let query = self.query(spec, by(MapBy::Query));
        let header = self.header(spec, by(MapBy::Header));
        let key_header = self.header_name("key_header", &spec.key_header)?;
        let when = self.expression("when", spec.when.as_deref(), ASKED);
        let says_tenant = self.says_tenant(spec, by(MapBy::Expression));
        let write = spec.write_tenant.as_ref().and_then(|write| self.write(write));
        let route = Route {
            name: spec.name.as_str().into(),
            path,
            when,
            by_host: by(MapBy::Host),
            by_path: by(MapBy::Path),
            by_key: by(MapBy::Key),
            by_token: by(MapBy::Token),
            says_tenant,
            by_certificate: by(MapBy::Certificate),
            credentials: spec.credentials.as_slice().into(),
            key_header,
            scopes: spec.scopes.as_slice().into(),
            resource: spec.resource.as_deref().map(Into::into),
            roles: spec.roles.as_slice().into(),
            query,
            header,
            body: self.body(spec, by(MapBy::Body)),
            reads: self.reads(spec),
            audience: spec.audience,
            strip: spec.strip_prefix && by(MapBy::Path),
            open: spec.open,
            serving: Serving::of(&spec.deployments, &mut |what| self.say("deployments", what)),
            write,
            answer_within: Duration::from_secs(spec.answer_seconds),
            idle: Duration::from_secs(spec.idle_seconds),
            most_body: spec.most_body,
            trusted_origins: self.origins(&spec.trusted_origins),
            product: spec.product.clone(),
            version: spec.version.as_ref().map(|version| {
                Version::of(version, spec.product.is_some(), &mut |what| self.say("version", what))
            }),
            policies: Policies::of(
                &spec.policies,
                (&spec.name, spec.body_read.min(spec.most_body)),
                &mut |key, what| self.say(key, what),
            ),
            pass_through: spec.pass_through,
        };
        self.read_what_they_speak_of(&route);
        Some(route)
    }

    fn expression(&mut self, key: &'static str, source: Option<&str>, words: &[Word]) -> Option<Expression> {
        let expression = expression::read(source?, words, |what| self.say(key, what))?;
        literal::check_texts(expression.texts(), &mut |what| self.say(key, what));
        Some(expression)
    }

    fn says_tenant(&mut self, spec: &RouteSpec, maps: bool) -> Option<Expression> {
        match (&spec.tenant, maps) {
            (Some(source), true) if spec.audience == Audience::Api => {
                self.expression("tenant", Some(source), PRESENTED)
            }
            (Some(_), true) => {
                self.say(
                    "map_by",
                    "an expression cannot name the tenant on a browser-facing route; set audience to `api`",
                );
                None
            }
            (Some(_), false) => {
                self.say("tenant", "is asked only where map_by holds `expression`");
                None
            }
            (None, true) => {
                self.say("tenant", "is missing, and the route maps by `expression`");
                None
            }
            (None, false) => None,
        }
    }

    fn credentials(&mut self, spec: &RouteSpec) {
        let takes = |kind| spec.credentials.contains(&kind);
        if spec.credentials.is_empty() {
            self.say(
                "credentials",
                "at least one kind must be taken: session, api_key, token or certificate",
            );
        }
        for (way, kind, what, name) in [
            (MapBy::Key, CredentialKind::ApiKey, "a key", "api_key"),
            (MapBy::Token, CredentialKind::Token, "a token", "token"),
            (MapBy::Certificate, CredentialKind::Certificate, "a certificate", "certificate"),
        ] {
            if spec.map_by.contains(&way) && !takes(kind) {
                self.say(
                    "map_by",
                    format!("{what} can name the tenant only where credentials hold `{name}`"),
                );
            }
            if spec.map_by.contains(&way) && spec.audience == Audience::Browser {
                self.say(
                    "map_by",
                    format!("{what} cannot name the tenant on a browser-facing route; set audience to `api`"),
                );
            }
        }
        let scoped = [CredentialKind::ApiKey, CredentialKind::Token, CredentialKind::Certificate];
        if !spec.scopes.is_empty() && !scoped.into_iter().any(takes) {
            self.say(
                "scopes",
                "no credential that is taken here has scopes; add `api_key`, `token` or `certificate` to credentials",
            );
        }
        if !spec.roles.is_empty() && !takes(CredentialKind::Session) {
            self.say("roles", "only people have roles, and none come here; add `session` to credentials");
        }
        if !spec.roles.is_empty() && spec.open {
            self.say("roles", "a route that is open lets in who has no role; take one of the two away");
        }
    }

    fn path(&mut self, key: &'static str, path: &str) -> Option<Box<str>> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
        let sound =
            path.is_empty() || (path.starts_with('/') && path.bytes().all(plain) && !path.contains("//"));
        if !sound || crate::target::check(if path.is_empty() { "/" } else { path }).is_err() {
            self.say(key, "must begin with `/` and hold plain segments only; `/.partywall` is taken");
            return None;
        }
        Some(path.trim_end_matches('/').into())
    }

    fn query(&mut self, spec: &RouteSpec, maps: bool) -> Option<Name<Box<str>>> {
        let name = spec.query.as_deref().or(maps.then_some(TENANT_PARAMETER))?;
        self.parameter("query", name).map(|name| Name { name, maps })
    }

    pub(super) fn parameter(&mut self, key: &'static str, name: &str) -> Option<Box<str>> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if name.is_empty() || !name.bytes().all(plain) {
            self.say(key, "must be a plain name of letters, digits, `-`, `.`, `_` and `~`");
            return None;
        }
        Some(name.into())
    }

    fn header(&mut self, spec: &RouteSpec, maps: bool) -> Option<Name<HeaderName>> {
        match &spec.header {
            Some(name) => self.header_name("header", name).map(|name| Name { name, maps }),
            None if maps => {
                self.say("header", "is missing, and the route maps by it");
                None
            }
            None => None,
        }
    }

    fn header_name(&mut self, key: &'static str, text: &str) -> Option<HeaderName> {
        let name = text.parse::<HeaderName>().ok();
        let fits = name.as_ref().is_some_and(|name| {
            !crate::headers::is_withheld(name.as_str()) && !NOT_FOR_TENANTS.contains(&name.as_str())
        });
        if !fits {
            self.say(key, format!("`{text}` is no header that this may stand in"));
            return None;
        }
        name
    }

    fn write(&mut self, write: &WriteTenant) -> Option<Write> {
        let (form, place) = match write {
            WriteTenant::Header { name, form } => {
                (form, Place::Header(self.header_name("write_tenant", name)?))
            }
            WriteTenant::Path { prefix, form } => (form, Place::Path(self.path("write_tenant", prefix)?)),
            WriteTenant::Query { name, form } => (form, Place::Query(self.parameter("write_tenant", name)?)),
            WriteTenant::Host { suffix, form } => {
                let Ok(suffix) = suffix.parse::<Hostname>() else {
                    self.say("write_tenant", "the suffix must be a hostname");
                    return None;
                };
                if *form == TenantForm::Id {
                    self.say("write_tenant", "an id is no host label; write the slug");
                    return None;
                }
                (form, Place::Host(suffix.as_str().into()))
            }
        };
        Some(Write { form: *form, place })
    }

    fn origins(&mut self, origins: &[String]) -> Box<[HeaderValue]> {
        let mut kept = Vec::new();
        for origin in origins {
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            let plain = host.is_some_and(|host| crate::Authority::parse(host).is_ok())
                && !origin.bytes().any(|byte| byte.is_ascii_uppercase());
            match HeaderValue::from_str(origin) {
                Ok(value) if plain => kept.push(value),
                _ => self.say(
                    "trusted_origins",
                    format!("`{origin}` is no origin such as `https://app.example.com`"),
                ),
            }
        }
        kept.into()
    }
}
