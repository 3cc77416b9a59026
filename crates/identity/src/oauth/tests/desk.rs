//! A house with an application, and how that speaks to us.

use crate::{
    Identity,
    tests::{
        browser::{Browser, Reply},
        console::{AtConsole, api},
        house::{House, ID},
        provider::Account,
    },
};
use access::{Caller, Credential, GrantedToken, Refusal};
use axum::body::Body;
use base64::{Engine, prelude::*};
use http::{HeaderMap, Method, Request, header};
use protocol::{
    JwkSet,
    application_token::ApplicationToken,
    jose::{Bearer, published_key_set},
    pkce::Verifier,
};
use serde_json::{Map, Value, json};
use std::{collections::HashMap, sync::Arc};
use testkit::{Village, World};
use url::Url;
use web::ClientAddress;

pub(super) const BACK: &str = "https://planner.test/cb";
pub(super) const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-one-0123456789";

/// An application as it is registered.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) secret: String,
}

pub(super) struct Desk {
    pub(super) house: House,
    pub(super) client: Client,
}

/// An answer to a program.
pub(super) struct Told {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Told {
    pub(super) fn error(&self) -> (u16, &str) {
        (self.status, self.body["error"].as_str().unwrap_or("-"))
    }

    pub(super) fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_else(|| panic!("no {name}: {}", self.body)).to_owned()
    }
}

impl Desk {
    /// Planner, which is everybody's.
    pub(super) async fn build(world: &World) -> Self {
        Self::with(world, json!({ "reach": "all" })).await
    }

    pub(super) async fn with(world: &World, more: Value) -> Self {
        let house = House::build(world).await;
        let scopes = ["surveys.read", "surveys.write"].map(|name| name.parse().unwrap());
        house.room.known_scopes.store(Arc::new(scopes.into()));
        let contoso = &house.town.contoso;
        house.link(world, contoso, contoso.admin.user, "alice").await;
        let client = register(&house, more).await;
        Desk { house, client }
    }

    pub(super) fn room(&self) -> &Identity {
        &self.house.room
    }

    pub(super) fn contoso(&self) -> &Village {
        &self.house.town.contoso
    }

    pub(super) fn fabrikam(&self) -> &Village {
        &self.house.town.fabrikam
    }

    /// An authorization request at Contoso with these changes; a change to nothing leaves a parameter out.
    pub(super) fn request(&self, changes: &[(&str, &str)]) -> String {
        let challenge = Verifier::parse(VERIFIER).unwrap().challenge();
        let tenant = self.contoso().id.to_string();
        let mut all: HashMap<&str, &str> = HashMap::from([
            ("client_id", self.client.id.as_str()),
            ("redirect_uri", BACK),
            ("response_type", "code"),
            ("scope", "openid profile email roles surveys.read"),
            ("state", "a state"),
            ("nonce", "a nonce"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("tenant", &tenant),
        ]);
        all.extend(changes.iter().copied());
        all.retain(|_, value| !value.is_empty());
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(all).finish();
        format!("http://{ID}/oauth/authorize?{query}")
    }

    /// Alice goes through the request, signing in where she is asked to; gives what comes back to the application.
    pub(super) async fn go(&self, browser: &mut Browser<'_>, request: &str) -> HashMap<String, String> {
        self.go_as("alice", browser, request).await
    }

    /// The same by somebody else.
    pub(super) async fn go_as(
        &self,
        who: &str,
        browser: &mut Browser<'_>,
        request: &str,
    ) -> HashMap<String, String> {
        let mut reply = browser.follow(request).await;
        if reply.status.is_redirection() && reply.location().starts_with(&self.house.contoso.issuer()) {
            let back = self.house.contoso.authorize(&reply.location(), &Account::of(who));
            reply = browser.follow(&back).await;
        }
        answer(&reply)
    }

    /// A code for Alice.
    pub(super) async fn code(&self) -> String {
        let mut browser = Browser::new(&self.house);
        let said = self.go(&mut browser, &self.request(&[])).await;
        said.get("code").unwrap_or_else(|| panic!("{said:?}")).clone()
    }

    /// The tokens of a fresh code.
    pub(super) async fn tokens(&self) -> Told {
        let told = self.redeem(&self.code().await).await;
        assert_eq!(told.status, 200, "{}", told.body);
        told
    }

    pub(super) async fn redeem(&self, code: &str) -> Told {
        self.ask(
            &self.client,
            &[
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", BACK),
                ("code_verifier", VERIFIER),
            ],
        )
        .await
    }

    pub(super) async fn refresh(&self, token: &str) -> Told {
        self.ask(&self.client, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    /// An application asks at the token endpoint.
    pub(super) async fn ask(&self, client: &Client, form: &[(&str, &str)]) -> Told {
        self.post("/oauth/token", &[("authorization", &basic(client))], form).await
    }

    pub(super) async fn post(&self, path: &str, fields: &[(&str, &str)], form: &[(&str, &str)]) -> Told {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let kind = ("content-type", "application/x-www-form-urlencoded");
        let fields: Vec<_> = std::iter::once(kind).chain(fields.iter().copied()).collect();
        self.send(Method::POST, path, &fields, form).await
    }

    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        fields: &[(&str, &str)],
        body: String,
    ) -> Told {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, ID);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body)).unwrap();
        self.house.recognise(&mut request, ID, ID);
        request.extensions_mut().insert(ClientAddress(self.house.next_address()));
        request.extensions_mut().insert(self.house.new_request());
        let (parts, body) = self.house.site.answer(request).await.into_parts();
        let text = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let body = serde_json::from_slice(&text).unwrap_or(Value::Null);
        Told { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    fn keys(&self) -> JwkSet {
        let keyring = self.room().keyring.load();
        let keys: Vec<_> = keyring.context.iter().map(|(id, key)| (id.to_string(), key.public())).collect();
        let set = published_key_set(keys.iter().map(|(id, key)| (id.as_str(), *key))).to_string();
        JwkSet::parse(set.as_bytes()).unwrap()
    }

    /// What an access token says, verified by what is published.
    pub(super) fn read(&self, text: &str) -> ApplicationToken {
        let issuer = self.room().web.hosts.id.origin();
        ApplicationToken::verify(Bearer::read(text).unwrap(), &self.keys(), issuer, self.room().now())
            .unwrap()
    }

    /// Who the warden takes the bearer of an access token for, at this village.
    pub(super) async fn caller(&self, village: &Village, text: &str) -> Result<Caller, Refusal> {
        let token = self.read(text);
        let granted = GrantedToken {
            grant: token.grant,
            tenant: token.tenant,
            application: token.application,
            audience: token.audience.into(),
            scopes: token.scopes.into(),
            jkt: None,
            x5t: None,
            ends: token.ends,
        };
        let at = self.room().web.warden.resolve_id(village.id).unwrap();
        let origin = access::Origin { request: self.house.new_request() };
        self.room().web.warden.caller_at(&at, &Credential::Granted(Arc::new(granted)), origin).await
    }

    /// Puts the application into use at a village, for these scopes.
    pub(super) async fn agree(&self, world: &World, village: &Village, scopes: &[&str]) {
        let admin = AtConsole::person(world, &self.house, village, &village.admin).await;
        let path = format!("{}/{}/consent", api(village, "applications"), self.client.id);
        let done = admin.send(Method::PUT, &path, json!({ "scopes": scopes })).await;
        assert_eq!(done.status, 200, "{}", done.body);
    }
}

pub(super) async fn register(house: &House, more: Value) -> Client {
    let mut body = json!({
        "client_name": "Planner", "redirect_uris": [BACK], "scope": "surveys.read surveys.write",
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = AtConsole::operator(house).send(Method::POST, "/v1/platform/applications", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = made.json();
    let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
    Client { id: text("client_id"), secret: text("client_secret") }
}

pub(super) fn basic(client: &Client) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", client.id, client.secret)))
}

/// What an answer brings to the application.
pub(super) fn answer(reply: &Reply) -> HashMap<String, String> {
    assert!(reply.status.is_redirection(), "{} {}", reply.status, reply.body);
    let to = Url::parse(&reply.location()).unwrap();
    assert!(to.as_str().starts_with(BACK), "{to}");
    to.query_pairs().into_owned().collect()
}

/// The claims of a JWT, unverified.
pub(super) fn claims(text: &str) -> Map<String, Value> {
    let part = text.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}
