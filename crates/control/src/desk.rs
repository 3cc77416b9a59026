//! Where this room's pages and its API are asked, as people and scripts would: the whole site of this room
//! over a world, and people with a session in the console.

use crate::{Control, Terms, pages, routes};
use access::{CookieKeys, credential::session_digest};
use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode},
};
use domain::{ProviderId, TenantId, UserId, digest::MacKey};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use testkit::{Village, World};
use web::{HostKind, Hosts, Manners, Site, Throttle, Web, cookie, csrf, limit};

/// The addresses of every installation in this room's stories.
pub(crate) fn hosts() -> Hosts {
    Hosts {
        id: "https://id.saas.test".parse().unwrap(),
        console: "https://console.saas.test".parse().unwrap(),
        api: "http://127.0.0.9:8080".parse().unwrap(),
        base_domain: "saas.test".parse().unwrap(),
        https: true,
        port: None,
        development: false,
    }
}

/// The site of this room.
pub(crate) struct Desk<'w> {
    world: &'w World,
    site: Site,
    web: Web,
    room: Control,
}

/// Somebody with a session in the console.
pub(crate) struct Visitor {
    cookie: String,
    csrf: String,
}

impl Visitor {
    /// What this visitor's browser sends.
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    /// A form that was shown to this visitor, sent by the browser of another.
    pub(crate) fn with_cookie_of(self, other: &Visitor) -> Self {
        Visitor { cookie: other.cookie.clone(), ..self }
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|why| panic!("{why}: {}", self.body))
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The answer, if it is what it should be.
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self
    }

    /// Fails unless all of these can be read in it.
    pub(crate) fn shows(self, texts: &[&str]) -> Self {
        texts.iter().for_each(|text| assert!(self.body.contains(text), "{text} is not in {}", self.body));
        self
    }

    /// Fails if any of these can be read in it.
    pub(crate) fn hides(self, texts: &[&str]) -> Self {
        texts.iter().for_each(|text| assert!(!self.body.contains(text), "{text} is in {}", self.body));
        self
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

fn keys() -> CookieKeys {
    CookieKeys::new(MacKey::new(b"cookies"), vec![])
}

impl<'w> Desk<'w> {
    pub(crate) fn at(world: &'w World) -> Self {
        let web = Web::new(Manners {
            warden: world.warden.clone(),
            clock: world.clock.clone(),
            chance: world.chance.clone(),
            hosts: hosts(),
            shared: Arc::new(web::NoneShared),
            cookies: keys(),
            csrf: csrf::Key::new(MacKey::new(b"forms")),
            throttle: Throttle::new(world.clock.clone(), limit::REMEMBERED, limit::usual),
            pages: pages(),
        });
        let is_sound = |document: &Value| {
            document.as_array().is_some_and(|routes| !routes.is_empty()) || document.get("routes").is_some()
        };
        let check: crate::route::RouteCheck = Arc::new(move |document| match is_sound(document) {
            true => Ok(()),
            false => Err(vec!["there are no routes".into(), "and no defaults".into()]),
        });
        let room = Control::new(world.store.clone(), web.clone(), Terms::default(), check);
        // Whatever is laid down is good for a while.
        let room = room.with_certificates(Arc::new(|_, _, _, now| Ok(now + Duration::from_secs(60))));
        let site = Site::new(web.clone(), routes().with_state(room.clone()));
        Desk { world, site, web, room }
    }

    /// The room itself, for stories that call its verbs.
    pub(crate) fn room(&self) -> Control {
        self.room.clone()
    }

    pub(crate) async fn ask(
        &self,
        kind: HostKind,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Reply {
        self.world.pass(Duration::from_millis(1));
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body)).expect("a request");
        request.extensions_mut().insert(kind);
        let (parts, body) = self.site.answer(request).await.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 22).await.expect("a body");
        let body = String::from_utf8(bytes.to_vec()).expect("text");
        Reply { status: parts.status, headers: parts.headers, body }
    }

    /// The command line asks over the machine's socket.
    pub(crate) async fn api(&self, method: &str, path: &str, body: Value) -> Reply {
        let headers = [("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.ask(HostKind::Socket, method, path, &headers, body).await
    }

    /// A script asks at the API.
    pub(crate) async fn script(&self, token: &str, method: &str, path: &str, body: Value) -> Reply {
        let bearer = format!("Bearer {token}");
        let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.ask(HostKind::Api, method, path, &headers, body).await
    }

    /// Lets somebody of a village into the console.
    pub(crate) async fn visitor(&self, at: &Village, user: UserId) -> Visitor {
        self.let_in(user, at.provider).await
    }

    async fn let_in(&self, user: UserId, provider: ProviderId) -> Visitor {
        let id = self.world.chance.token();
        let digest = session_digest(&id).expect("a token is a session id");
        let now = self.world.clock.now();
        let (idle, ends) = (Duration::from_secs(3_600), now + Duration::from_secs(12 * 3_600));
        self.world
            .raw(&format!(
                "INSERT INTO person_session (user_id, digest, host, provider, since, idle, idle_ends, ends)
                 VALUES ('{user}', '{digest}', 'console', '{provider}', {now}, {idle}, {ends}, {ends})",
                now = now.micros(),
                idle = idle.as_micros(),
                ends = ends.micros()
            ))
            .await;
        let value = keys().person_cookie("console", &id, user, ends);
        let cookie = format!("{}={value}", self.web.jar().name(cookie::CONSOLE));
        Visitor { cookie, csrf: self.web.csrf.token(&digest) }
    }

    /// Somebody opens a page.
    pub(crate) async fn open(&self, visitor: &Visitor, path: &str) -> Reply {
        let headers = [("cookie", visitor.cookie.as_str()), ("accept", "text/html")];
        self.ask(HostKind::Console, "GET", path, &headers, String::new()).await
    }

    /// Somebody sends a form.
    pub(crate) async fn send(&self, visitor: &Visitor, path: &str, fields: &[(&str, &str)]) -> Reply {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf", &visitor.csrf).extend_pairs(fields);
        let headers = [
            ("cookie", visitor.cookie.as_str()),
            ("accept", "text/html"),
            ("sec-fetch-site", "same-origin"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        self.ask(HostKind::Console, "POST", path, &headers, form.finish()).await
    }
}

/// The path of a tenant's page.
pub(crate) fn page(tenant: TenantId, rest: &str) -> String {
    format!("/t/{tenant}{rest}")
}
