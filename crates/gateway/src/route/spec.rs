//! Routes as the operator writes them.

use crate::{look::BodyKind, policy::PolicySpec, product::VersionSpec};
use domain::{ProductName, RoleName, ScopeName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One route. Everything but the name has a default, and an unknown key is an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteSpec {
    /// What it is called, in errors and logs.
    pub name: String,
    /// `*.<base domain>` for tenants under the base domain, `*` for their own hostnames, or one host.
    pub host: String,
    /// Where its paths begin.
    #[serde(default = "slash")]
    pub path: String,
    /// A condition over what is asked (CEL): of routes with the same host and path, the first whose condition holds is
    /// taken, and the one without a condition last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// What names the tenant. All that a request holds of these must agree.
    #[serde(default = "by_host")]
    pub map_by: Vec<MapBy>,
    /// The query parameter that names the tenant. Given on a route that does not map by it, it need not be
    /// there, but must agree if it is.
    #[serde(default)]
    pub query: Option<String>,
    /// The request header that names the tenant. Even where a route does not map by it, it must agree if
    /// it is there.
    #[serde(default = "tenant_header")]
    pub header: Option<String>,
    /// The expression (CEL) that says the tenant's id or slug, where `map_by` holds `expression`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Where the body names the tenant, where the route maps by it.
    #[serde(default)]
    pub body: Option<BodyName>,
    /// Bytes that a body may have which is looked into: so much is read before anything is decided by it.
    #[serde(default = "body_read")]
    pub body_read: u64,
    /// Which kinds of bodies expressions look into. Where there are any, no others are taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads_body: Vec<BodyKind>,
    /// Who asks here.
    #[serde(default)]
    pub audience: Audience,
    /// Whether the path up to and with the tenant is taken away before forwarding.
    #[serde(default = "yes")]
    pub strip_prefix: bool,
    /// Which kinds of credentials are taken. One of another kind is refused, and never tried as one of these.
    #[serde(default = "sessions")]
    pub credentials: Vec<CredentialKind>,
    /// The request header that an API key may stand in, beside `Authorization`.
    #[serde(default = "key_header")]
    pub key_header: String,
    /// What an API key, a bearer token or a certificate must be good for; all of these.
    #[serde(default)]
    pub scopes: Vec<ScopeName>,
    /// The realm of the application whose API this is: tokens that applications were given must be for it. Without one,
    /// they must be for the tenant's part of the application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Which roles open it to people: one of these is enough; any member may if there are none.
    #[serde(default)]
    pub roles: Vec<RoleName>,
    /// Whether requests without a session are forwarded too.
    #[serde(default)]
    pub open: bool,
    /// Which deployment answers here for tenants that another one hosts, by that one's id; `*` is for all others.
    #[serde(default)]
    pub deployments: BTreeMap<String, String>,
    /// Where the tenant is written for backends that want it elsewhere than in our headers.
    #[serde(default)]
    pub write_tenant: Option<WriteTenant>,
    /// Seconds until the backend must have begun its answer.
    #[serde(default = "answer_seconds")]
    pub answer_seconds: u64,
    /// Seconds for which a body or a socket may be still.
    #[serde(default = "idle_seconds")]
    pub idle_seconds: u64,
    /// Bytes that the body of a request may have.
    #[serde(default = "most_body")]
    pub most_body: u64,
    /// Other origins whose pages may send requests that change something with a session of ours.
    #[serde(default)]
    pub trusted_origins: Vec<String>,
    /// The API product that it belongs to: only those who have subscribed to that are let through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<ProductName>,
    /// Which version of the product it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionSpec>,
    /// What is asked of requests beyond who sends them, and done to them.
    #[serde(default)]
    pub policies: PolicySpec,
    /// Connections that ask for such a name by TLS are passed on as they are: nothing of them is read, nobody is asked
    /// who they are, and no backend is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass_through: Option<PassThrough>,
}

/// How connections are passed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PassThrough {
    /// The port at the host of each of the deployment's backends; the backend's own if it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Whether a connection begins with the PROXY protocol, version 2, which says who the client is.
    pub proxy_protocol: bool,
}

/// What may name a tenant in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MapBy {
    /// The host: a label before the base domain, or a hostname of the tenant's own.
    Host,
    /// The first path segment after the route's own path.
    Path,
    /// A query parameter.
    Query,
    /// A request header; on API routes only.
    Header,
    /// The API key; on API routes only.
    Key,
    /// What a bearer token says, by its issuer's rules; on API routes only.
    Token,
    /// What the expression under `tenant` says; on API routes only.
    Expression,
    /// A client certificate, by the rules of the anchor that vouches for it; on API routes only.
    Certificate,
    /// A text in the body; on API routes only.
    Body,
}

/// Where in a body the tenant is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum BodyName {
    /// In JSON, by a pointer (RFC 6901).
    Pointer(String),
    /// In a field of a form.
    Field(String),
}

/// A kind of credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// The cookie that signing in begins.
    Session,
    /// An API key, as a bearer or in the route's own header.
    ApiKey,
    /// A bearer token of a registered issuer.
    Token,
    /// A client certificate that a trust anchor vouches for.
    Certificate,
}

/// Who asks at a route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// Browsers that open pages: sent to sign in where needed.
    #[default]
    Browser,
    /// Programs: always answered with a status.
    Api,
}

/// Where the verified tenant is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "into", rename_all = "lowercase", deny_unknown_fields)]
pub enum WriteTenant {
    /// Into a header; copies that the client sent are deleted.
    Header {
        /// Its name.
        name: String,
        /// As what.
        #[serde(default, rename = "as")]
        form: TenantForm,
    },
    /// Into the path, as its first segment after a prefix.
    Path {
        /// What stands before it.
        #[serde(default)]
        prefix: String,
        /// As what.
        #[serde(default, rename = "as")]
        form: TenantForm,
    },
    /// Into the query; parameters of that name that the client sent are deleted.
    Query {
        /// Its name.
        name: String,
        /// As what.
        #[serde(default, rename = "as")]
        form: TenantForm,
    },
    /// Into the host, as its first label.
    Host {
        /// What follows it.
        suffix: String,
        /// As what.
        #[serde(default, rename = "as")]
        form: TenantForm,
    },
}

/// By what a written tenant goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TenantForm {
    /// Its id, which never changes.
    #[default]
    Id,
    /// Its slug, which may.
    Slug,
}

/// The header of `docs/wire.md`.
pub(super) const TENANT_HEADER: &str = "Tenant-Id";
/// The query parameter of `docs/wire.md`.
pub(super) const TENANT_PARAMETER: &str = "tenant";

/// The header of `docs/wire.md`.
pub(super) const KEY_HEADER: &str = "X-Api-Key";

fn sessions() -> Vec<CredentialKind> {
    vec![CredentialKind::Session]
}

fn key_header() -> String {
    KEY_HEADER.to_owned()
}

fn slash() -> String {
    "/".to_owned()
}

fn by_host() -> Vec<MapBy> {
    vec![MapBy::Host]
}

fn tenant_header() -> Option<String> {
    Some(TENANT_HEADER.to_owned())
}

fn yes() -> bool {
    true
}

fn body_read() -> u64 {
    crate::limits::BODY_READ
}

fn answer_seconds() -> u64 {
    crate::limits::ANSWER_WITHIN.as_secs()
}

fn idle_seconds() -> u64 {
    crate::limits::IDLE.as_secs()
}

fn most_body() -> u64 {
    crate::limits::MOST_BODY
}

impl RouteSpec {
    /// A route with every default.
    pub fn new(name: &str, host: &str) -> Self {
        RouteSpec {
            name: name.to_owned(),
            host: host.to_owned(),
            path: slash(),
            when: None,
            map_by: by_host(),
            query: None,
            header: tenant_header(),
            tenant: None,
            body: None,
            body_read: body_read(),
            reads_body: Vec::new(),
            audience: Audience::Browser,
            strip_prefix: true,
            credentials: sessions(),
            key_header: key_header(),
            scopes: Vec::new(),
            resource: None,
            roles: Vec::new(),
            open: false,
            deployments: BTreeMap::new(),
            write_tenant: None,
            answer_seconds: answer_seconds(),
            idle_seconds: idle_seconds(),
            most_body: most_body(),
            trusted_origins: Vec::new(),
            product: None,
            version: None,
            policies: PolicySpec::default(),
            pass_through: None,
        }
    }
}
