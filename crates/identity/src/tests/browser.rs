//! A browser that keeps cookies by host, follows redirects within the product, and stops at a provider.

use axum::body::Body;
use domain::RequestId;
use http::{HeaderMap, Method, Request, StatusCode, header};
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
};
use url::Url;
use web::{ClientAddress, HostKind, Site};

use super::house::House;

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    /// Where this was.
    pub(crate) at: String,
}

impl Reply {
    /// Where it leads.
    pub(crate) fn location(&self) -> String {
        let to = self
            .headers
            .get(header::LOCATION)
            .unwrap_or_else(|| panic!("no redirect: {} {}", self.status, self.body));
        Url::parse(&self.at).unwrap().join(to.to_str().unwrap()).unwrap().to_string()
    }

    /// The problem's code, in JSON or on a page.
    pub(crate) fn code(&self) -> String {
        let json: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        if let Some(code) = json["code"].as_str() {
            return code.to_owned();
        }
        let rest = self.body.split("/problems/").nth(1).unwrap_or_default();
        rest.split('"').next().unwrap_or_default().to_owned()
    }

    /// The value of the form's hidden field.
    pub(crate) fn form_token(&self) -> String {
        let rest =
            self.body.split("name=\"csrf\" value=\"").nth(1).unwrap_or_else(|| panic!("{}", self.body));
        rest.split('"').next().unwrap().to_owned()
    }

    /// The first link whose address holds this.
    pub(crate) fn link(&self, part: &str) -> String {
        let mut links = self.body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let found = links.find(|link| link.contains(part)).unwrap_or_else(|| panic!("{part}: {}", self.body));
        found.replace("&#38;", "&").replace("&amp;", "&")
    }

    /// Everything in it but what is every answer's own.
    pub(crate) fn fingerprint(&self) -> (StatusCode, Vec<(String, String)>, String) {
        let skip = ["partywall-request-id"];
        let mut headers: Vec<_> = self
            .headers
            .iter()
            .filter(|(name, _)| !skip.contains(&name.as_str()))
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
            .collect();
        headers.sort();
        (self.status, headers, self.body.clone())
    }
}

/// Somebody's browser.
pub(crate) struct Browser<'h> {
    house: &'h House,
    node: &'h Site,
    jars: BTreeMap<String, HashMap<String, String>>,
    address: IpAddr,
    accept: &'static str,
}

impl<'h> Browser<'h> {
    pub(crate) fn new(house: &'h House) -> Self {
        Browser {
            house,
            node: &house.site,
            jars: BTreeMap::new(),
            address: house.next_address(),
            accept: "text/html,*/*;q=0.8",
        }
    }

    /// The same, led to this node.
    pub(crate) fn at_node(mut self, node: &'h Site) -> Self {
        self.node = node;
        self
    }

    /// A script in place of a person.
    pub(crate) fn script(house: &'h House) -> Self {
        Browser { accept: "application/json", ..Browser::new(house) }
    }

    /// A cookie by host and name.
    pub(crate) fn cookie(&self, host: &str, name: &str) -> Option<String> {
        self.jars.get(host)?.get(name).cloned()
    }

    /// All cookies at a host whose names begin so.
    pub(crate) fn cookies(&self, host: &str, beginning: &str) -> Vec<String> {
        let jar = self.jars.get(host).cloned().unwrap_or_default();
        jar.into_keys().filter(|name| name.starts_with(beginning)).collect()
    }

    /// Takes over every cookie that `other` has at `host`.
    pub(crate) fn copy_cookies(&mut self, other: &Browser<'_>, host: &str) {
        self.jars.insert(host.to_owned(), other.jars.get(host).cloned().unwrap_or_default());
    }

    /// Sets a cookie by hand.
    pub(crate) fn plant(&mut self, host: &str, name: &str, value: &str) {
        self.jars.entry(host.to_owned()).or_default().insert(name.to_owned(), value.to_owned());
    }

    /// Everything that this browser holds, to go on elsewhere.
    pub(crate) fn everything(&self) -> BTreeMap<String, HashMap<String, String>> {
        self.jars.clone()
    }

    /// Goes on with what another browser held.
    pub(crate) fn resume(&mut self, held: BTreeMap<String, HashMap<String, String>>) {
        self.jars = held;
    }

    /// Forgets a cookie.
    pub(crate) fn forget(&mut self, host: &str, name: &str) {
        self.jars.entry(host.to_owned()).or_default().remove(name);
    }

    pub(crate) async fn get(&mut self, url: &str) -> Reply {
        self.ask(Method::GET, url, None).await
    }

    pub(crate) async fn head(&mut self, url: &str) -> Reply {
        self.ask(Method::HEAD, url, None).await
    }

    pub(crate) async fn post(&mut self, url: &str, form: &[(&str, &str)]) -> Reply {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.ask(Method::POST, url, Some(body)).await
    }

    /// Goes where redirects lead, until there is a page or a way out of the product.
    pub(crate) async fn follow(&mut self, url: &str) -> Reply {
        let mut url = url.to_owned();
        for _ in 0..12 {
            let reply = self.get(&url).await;
            if !reply.status.is_redirection() {
                return reply;
            }
            let next = reply.location();
            if !self.house.is_ours(&next) {
                return reply;
            }
            url = next;
        }
        panic!("going in circles at {url}");
    }

    async fn ask(&mut self, method: Method, url: &str, form: Option<String>) -> Reply {
        let url = Url::parse(url).unwrap();
        let (host, authority) = (url.host_str().unwrap().to_owned(), url.authority().to_owned());
        let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header(header::HOST, &authority)
            .header(header::ACCEPT, self.accept)
            .header("sec-fetch-site", "same-origin");
        let pairs = self.jars.get(&host).into_iter().flatten();
        let cookies: Vec<String> = pairs.map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        if form.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let mut request = request.body(Body::from(form.unwrap_or_default())).unwrap();
        self.house.recognise(&mut request, &authority, &host);
        request.extensions_mut().insert(ClientAddress(self.address));
        let id: RequestId = self.house.new_request();
        request.extensions_mut().insert(id);
        let (parts, body) = self.node.answer(request).await.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        self.keep(&host, &parts.headers);
        Reply {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(bytes.to_vec()).unwrap(),
            at: url.to_string(),
        }
    }

    fn keep(&mut self, host: &str, headers: &HeaderMap) {
        let jar = self.jars.entry(host.to_owned()).or_default();
        for cookie in headers.get_all(header::SET_COOKIE) {
            let text = cookie.to_str().unwrap();
            let (name, rest) = text.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if text.contains("Max-Age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// Which host a request came to, as the server finds out.
pub(crate) fn kind_of(house: &House, authority: &str) -> HostKind {
    house.room.web.hosts.kind_of(authority).unwrap_or(HostKind::Tenant)
}
