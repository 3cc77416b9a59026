//! What to ask of whom.

use bytes::Bytes;
use domain::TenantId;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use std::{fmt, time::Duration};
use url::{Url, form_urlencoded};

/// One call that leaves.
pub struct Call {
    /// The verb.
    pub method: Method,
    /// Whom; a fragment is not sent.
    pub url: Url,
    /// Headers beside our own (host, length, connection, user agent, accepted encodings), which are always set by the client.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Bytes,
    /// For whom the call is made, if for a tenant: one tenant's calls hold up no other's.
    pub tenant: Option<TenantId>,
    /// How long this call may take, if not as long as the policy says.
    pub deadline: Option<Duration>,
    /// How large this answer's body may be, if not as large as the policy says.
    pub most_bytes: Option<usize>,
}

impl Call {
    /// A call with this verb and nothing else.
    pub fn new(method: Method, url: Url) -> Self {
        Call {
            method,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            tenant: None,
            deadline: None,
            most_bytes: None,
        }
    }

    /// Fetches something.
    pub fn get(url: Url) -> Self {
        Call::new(Method::GET, url)
    }

    /// Fetches something that should be JSON: a discovery document, a key set.
    pub fn get_json(url: Url) -> Self {
        Call::get(url).header(header::ACCEPT, JSON)
    }

    /// Sends a form and hopes for JSON: a token request (RFC 6749 section 4.1.3).
    pub fn post_form<'a>(url: Url, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        Call::new(Method::POST, url)
            .header(header::ACCEPT, JSON)
            .body(HeaderValue::from_static("application/x-www-form-urlencoded"), body)
    }

    /// Sends JSON and hopes for JSON.
    pub fn post_json(url: Url, value: &serde_json::Value) -> Self {
        Call::new(Method::POST, url).header(header::ACCEPT, JSON).body(JSON, value.to_string())
    }

    /// With this header, in place of another of the same name.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// With this body.
    pub fn body(mut self, content_type: HeaderValue, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header(header::CONTENT_TYPE, content_type)
    }

    /// On behalf of this tenant.
    pub fn for_tenant(mut self, tenant: TenantId) -> Self {
        self.tenant = Some(tenant);
        self
    }

    /// With this much time, in place of the policy's.
    pub fn within(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// With an answer of at most so many bytes, in place of the policy's.
    pub fn at_most(mut self, bytes: usize) -> Self {
        self.most_bytes = Some(bytes);
        self
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Says whom and how much, never what: query, headers and body may hold codes, tokens and client secrets.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.method)
            .field("to", &self.url.origin().ascii_serialization())
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
