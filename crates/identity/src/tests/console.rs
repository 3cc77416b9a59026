//! Somebody at the console, or a script: asks the API, opens pages, sends forms.

use super::{
    browser::Reply,
    house::{CONSOLE, House},
};
use access::credential::session_digest;
use axum::body::Body;
use domain::{Digest, Moment, TenantId, UserId};
use http::{Method, Request, header};
use serde_json::Value;
use std::time::Duration;
use testkit::{Person, Village, World};
use web::{ASSUME_REASON, ClientAddress, HostKind};

/// How long the sessions that are made here live.
const LIFE: Duration = Duration::from_secs(3_600);

/// Somebody with a session in the console, or at the machine's own socket.
pub(crate) struct AtConsole<'h> {
    house: &'h House,
    cookie: String,
    digest: Digest,
    kind: HostKind,
    reason: &'static str,
}

impl<'h> AtConsole<'h> {
    /// A person who came by this village's provider.
    pub(crate) async fn person(world: &World, house: &'h House, village: &Village, person: &Person) -> Self {
        Self::user(world, house, village, person.user).await
    }

    /// The same by the person's id.
    pub(crate) async fn user(world: &World, house: &'h House, village: &Village, user: UserId) -> Self {
        let id = world.chance.token();
        let digest = session_digest(&id).unwrap();
        let (now, ends) = (world.clock.now(), world.clock.now() + LIFE);
        world
            .raw(&format!(
                "INSERT INTO person_session (user_id, digest, host, provider, since, idle, idle_ends, ends)
                 VALUES ('{user}', '{digest}', 'console', '{}', {}, {}, {}, {})",
                village.provider,
                now.micros(),
                LIFE.as_micros(),
                ends.micros(),
                ends.micros(),
            ))
            .await;
        let value =
            house.room.web.cookies.person_cookie("console", &id, user, Moment::from_seconds(ends.seconds()));
        AtConsole {
            house,
            cookie: format!("pw_console={value}"),
            digest,
            kind: HostKind::Console,
            reason: "",
        }
    }

    /// An operator's script, without a reason to be anywhere.
    pub(crate) fn operator(house: &'h House) -> Self {
        let digest = Digest::of(b"nobody's session");
        AtConsole { house, cookie: String::new(), digest, kind: HostKind::Socket, reason: "" }
    }

    /// The same with a reason.
    pub(crate) fn because(mut self, reason: &'static str) -> Self {
        self.reason = reason;
        self
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.ask(Method::GET, path, None).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Value) -> Reply {
        self.ask(method, path, Some(("application/json", body.to_string()))).await
    }

    pub(crate) async fn post(&self, path: &str) -> Reply {
        self.ask(Method::POST, path, None).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.ask(Method::DELETE, path, None).await
    }

    /// Sends a form as a page of ours would.
    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let token = self.house.room.web.csrf.token(&self.digest);
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("csrf", &token)
            .extend_pairs(fields)
            .finish();
        self.ask(Method::POST, path, Some(("application/x-www-form-urlencoded", body))).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<(&str, String)>) -> Reply {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, CONSOLE)
            .header(header::ACCEPT, "text/html,application/json")
            .header("sec-fetch-site", "same-origin");
        if !self.cookie.is_empty() {
            request = request.header(header::COOKIE, &self.cookie);
        }
        if !self.reason.is_empty() {
            request = request.header(ASSUME_REASON, self.reason);
        }
        if let Some((kind, _)) = &body {
            request = request.header(header::CONTENT_TYPE, *kind);
        }
        let body = body.map(|(_, text)| text).unwrap_or_default();
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(self.kind);
        request.extensions_mut().insert(ClientAddress(self.house.next_address()));
        request.extensions_mut().insert(self.house.new_request());
        let (parts, body) = self.house.site.answer(request).await.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        Reply {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(bytes.to_vec()).unwrap(),
            at: format!("http://{CONSOLE}{path}"),
        }
    }
}

impl Reply {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|why| panic!("{why}: {} {}", self.status, self.body))
    }

    /// The status and, where there is one, the problem's code: what a story compares.
    pub(crate) fn told(&self) -> (u16, String) {
        (self.status.as_u16(), self.code())
    }
}

/// The API of a village.
pub(crate) fn api(village: &Village, rest: &str) -> String {
    format!("/v1/tenants/{}/{rest}", village.id)
}

/// The console's pages of a village.
pub(crate) fn page(village: &Village, rest: &str) -> String {
    format!("/t/{}/{rest}", village.id)
}

/// A tenant's audit trail as text, for what must not be in it.
pub(crate) async fn trail(world: &World, tenant: TenantId) -> String {
    let sql = format!(
        "SELECT action, target, outcome, reason, before_values, after_values, personal FROM audit_line
         WHERE tenant_id = '{tenant}' ORDER BY id"
    );
    let lines = world.raw(&sql).await;
    lines.iter().map(|line| line.join(" | ")).collect::<Vec<_>>().join("\n")
}

/// Gives a role around the waist, before the story begins.
pub(crate) async fn give(world: &World, house: &House, village: &Village, person: &Person, role: &str) {
    world
        .raw(&format!(
            "INSERT INTO member_role (tenant_id, member_id, role, granted_by, granted_at)
             VALUES ('{}', '{}', '{role}', 'the story', 1)",
            village.id, person.member
        ))
        .await;
    house.heard(village).await;
}
