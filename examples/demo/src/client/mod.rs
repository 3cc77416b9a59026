//! A browser without a screen: keeps cookies, follows redirects, fills in forms.
//!
//! It behaves as browsers do where that matters for proving something: cookies stay with the host that set
//! them, a form says which origin it comes from, names under `localhost` are this machine. And it can do
//! what a browser would not, for those who want to try: send any header, carry a stolen cookie.

mod cookies;
mod html;
mod wire;

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use url::{Url, form_urlencoded};

pub use cookies::Cookies;
pub use html::Form;

/// More redirects than any honest sign-in has.
const MOST_REDIRECTS: usize = 20;

/// A request could not be made or answered.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address makes no sense.
    #[error("{0} is no address")]
    Address(String),
    /// Nothing answered, or not in time, or not in HTTP.
    #[error("{address}: {why}")]
    Unreachable {
        /// What was asked.
        address: String,
        /// What went wrong.
        why: String,
    },
    /// Sent around in circles.
    #[error("{0} redirects without end")]
    Circles(String),
    /// A page lacks what was looked for.
    #[error("{page} has no {what}")]
    Absent {
        /// Which page.
        page: String,
        /// What it lacks.
        what: String,
    },
}

/// One person's browser.
#[derive(Clone, Default)]
pub struct Browser {
    /// What sites have left here.
    pub cookies: Cookies,
    /// Sent with every request, beside what a browser sends.
    pub extra: Vec<(String, String)>,
    from: Option<Url>,
}

/// A request before it is sent.
#[derive(Clone, Debug)]
pub struct Ask {
    /// GET, POST, …
    pub method: Method,
    /// Where to.
    pub address: String,
    /// Headers besides those of every browser.
    pub headers: Vec<(String, String)>,
    /// What is sent along.
    pub body: Bytes,
    /// From which address of this machine; any if nothing is said.
    pub source: Option<String>,
}

/// What came back, after all redirects.
#[derive(Clone)]
pub struct Page {
    /// Where it is.
    pub url: Url,
    /// How it was answered.
    pub status: StatusCode,
    /// What came with it.
    pub headers: HeaderMap,
    /// What it says.
    pub body: String,
    /// The stations of the way here, without their queries, which may hold codes.
    pub way: Vec<String>,
}

impl Browser {
    /// Somebody's new browser.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens an address and follows where it leads.
    pub async fn get(&mut self, address: &str) -> Result<Page, ClientError> {
        self.follow(Ask::get(address)).await
    }

    /// Sends a form as it is filled in.
    pub async fn submit(&mut self, form: Form) -> Result<Page, ClientError> {
        let mut fields = form_urlencoded::Serializer::new(String::new());
        fields.extend_pairs(&form.fields);
        let fields = fields.finish();
        if form.is_post {
            self.follow(Ask::post(form.action.as_str(), &fields)).await
        } else {
            let mut address = form.action;
            address.set_query(Some(&fields));
            self.get(address.as_str()).await
        }
    }

    /// Sends anything and follows where it leads.
    pub async fn follow(&mut self, ask: Ask) -> Result<Page, ClientError> {
        let mut way = Vec::new();
        let mut ask = ask;
        for _ in 0..MOST_REDIRECTS {
            let mut page = self.send(&ask).await?;
            way.push(without_query(&page.url));
            let Some(next) = page.leads_to() else {
                page.way = way;
                return Ok(page);
            };
            ask = ask.redirected(page.status, next);
        }
        Err(ClientError::Circles(ask.address))
    }

    /// Sends one request and stays where the answer is, redirect or not.
    pub async fn send(&mut self, ask: &Ask) -> Result<Page, ClientError> {
        let url = Url::parse(&ask.address).map_err(|_| ClientError::Address(ask.address.clone()))?;
        let mut headers = HeaderMap::new();
        if let Some(cookies) = self.cookies.for_url(&url) {
            put(&mut headers, header::COOKIE.as_str(), &cookies);
        }
        self.say_where_from(&mut headers, &ask.method, &url);
        for (name, value) in self.extra.iter().chain(&ask.headers) {
            put(&mut headers, name, value);
        }
        let page = wire::exchange(ask, &url, headers).await?;
        self.cookies.take(&url, &page.headers);
        self.from = Some(url);
        Ok(page)
    }

    /// What browsers tell about the page that a form stands on.
    fn say_where_from(&self, headers: &mut HeaderMap, method: &Method, to: &Url) {
        let same = self.from.as_ref().is_some_and(|from| from.origin() == to.origin());
        let site = match &self.from {
            None => "none",
            Some(_) if same => "same-origin",
            Some(_) => "cross-site",
        };
        put(headers, "sec-fetch-site", site);
        if !method.is_safe()
            && let Some(from) = &self.from
        {
            put(headers, "origin", &from.origin().ascii_serialization());
        }
    }
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser").field("at", &self.from.as_ref().map(without_query)).finish_non_exhaustive()
    }
}

impl Ask {
    /// The same from this address of the machine.
    #[must_use]
    pub fn from(self, source: &str) -> Self {
        Self { source: Some(source.to_owned()), ..self }
    }

    /// A plain GET.
    #[must_use]
    pub fn get(address: &str) -> Self {
        Self {
            method: Method::GET,
            address: address.to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
            source: None,
        }
    }

    /// A form, already encoded.
    #[must_use]
    pub fn post(address: &str, fields: &str) -> Self {
        let body = Bytes::from(fields.to_owned());
        let ask = Self { method: Method::POST, body, ..Self::get(address) };
        ask.with("content-type", "application/x-www-form-urlencoded")
    }

    /// JSON, by any method.
    #[must_use]
    pub fn json(method: Method, address: &str, value: &serde_json::Value) -> Self {
        let body = Bytes::from(value.to_string());
        Self { method, body, ..Self::get(address) }.with("content-type", "application/json")
    }

    /// With one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The request that a redirect turns this one into.
    fn redirected(self, status: StatusCode, to: Url) -> Self {
        let keeps = matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
        if keeps { Self { address: to.into(), ..self } } else { Self::get(to.as_str()) }
    }
}

impl Page {
    /// Where a redirect leads, if this is one.
    #[must_use]
    pub fn leads_to(&self) -> Option<Url> {
        if !self.status.is_redirection() {
            return None;
        }
        self.url.join(self.headers.get(header::LOCATION)?.to_str().ok()?).ok()
    }

    /// The form whose action ends with this path.
    pub fn form(&self, action: &str) -> Result<Form, ClientError> {
        let forms = html::forms(&self.body, &self.url);
        let found = forms.into_iter().find(|form| form.action.path().ends_with(action));
        found.ok_or_else(|| self.absent(format!("form that is sent to …{action}")))
    }

    /// Where the first link leads whose address contains this.
    pub fn link(&self, part: &str) -> Result<Url, ClientError> {
        let links = html::links(&self.body);
        let found = links.iter().find(|link| link.contains(part)).and_then(|link| self.url.join(link).ok());
        found.ok_or_else(|| self.absent(format!("link to …{part}…")))
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<serde_json::Value, ClientError> {
        serde_json::from_str(&self.body).map_err(|_| self.absent("JSON in it".to_owned()))
    }

    /// A value from the address's query.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        self.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    fn absent(&self, what: String) -> ClientError {
        ClientError::Absent { page: format!("{} ({})", without_query(&self.url), self.status), what }
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, without_query(&self.url))
    }
}

/// Queries hold codes and states, which have no place in what is printed.
fn without_query(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

/// A header that cannot be written is left out; the answer will show.
fn put(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
        headers.append(name, value);
    }
}
