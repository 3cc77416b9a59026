//! Stories about exchanging an API key for a token (ledger E07), as OAuth's clients do it.

use crate::tests::{
    console::{AtConsole, api, trail},
    house::House,
};
use access::{Credential, ExchangedToken, Refusal, UseUpstream};
use axum::body::Body;
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::Moment;
use http::{HeaderMap, Method, Request, header};
use protocol::{
    JwkSet,
    access_token::{AccessToken, audience},
    jose::{Bearer, published_key_set},
};
use serde_json::{Value, json};
use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};
use testkit::{Village, World, for_each_engine};
use web::ClientAddress;

const GRANT: &str = "grant_type=client_credentials";

/// A house with a subscriber at Contoso, and a key of theirs.
struct Desk {
    house: House,
    subscriber: String,
    key: String,
    id: String,
}

/// An answer of the token endpoint.
struct Told {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Told {
    fn error(&self) -> (u16, String) {
        (self.status, self.body["error"].as_str().unwrap_or("-").to_owned())
    }
}

impl Desk {
    async fn build(world: &World, said: Value) -> Self {
        let house = House::build(world).await;
        let scopes = ["surveys.read", "surveys.write"].map(|name| name.parse().unwrap());
        house.room.known_scopes.store(Arc::new(scopes.into()));
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let body = json!({ "name": "Partner", "contact": "robots@partner.test" });
        let made = admin.send(Method::POST, &api(contoso, "subscribers"), body).await.json();
        let subscriber = made["id"].as_str().unwrap().to_owned();
        drop(admin);
        let mut desk = Desk { house, subscriber, key: String::new(), id: String::new() };
        desk.take_key(world, said).await;
        desk
    }

    /// A key of which this is said takes the place of the one at hand.
    async fn take_key(&mut self, world: &World, said: Value) {
        let scopes = ["surveys.write", "surveys.read"];
        let mut body = json!({ "subscriber": self.subscriber, "name": "Import", "scopes": scopes });
        body.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
        let admin = AtConsole::person(world, &self.house, self.contoso(), &self.contoso().admin).await;
        let made = admin.send(Method::POST, &api(self.contoso(), "keys"), body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let made = made.json();
        drop(admin);
        self.key = made["secret"].as_str().unwrap().to_owned();
        self.id = made["id"].as_str().unwrap().to_owned();
    }

    fn contoso(&self) -> &Village {
        &self.house.town.contoso
    }

    async fn ask(&self, host: &str, from: IpAddr, fields: &[(&str, &str)], form: &str) -> Told {
        let mut request = Request::post("/.partywall/token")
            .header(header::HOST, host)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(form.to_owned())).unwrap();
        self.house.recognise(&mut request, host, host);
        request.extensions_mut().insert(ClientAddress(from));
        request.extensions_mut().insert(self.house.new_request());
        let (parts, body) = self.house.site.answer(request).await.into_parts();
        let text = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let body = serde_json::from_slice(&text).unwrap_or(Value::Null);
        Told { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Asks at this host by HTTP Basic, from an address of its own.
    async fn by(&self, host: &str, client: &str, secret: &str, form: &str) -> Told {
        let basic = basic(client, secret);
        self.ask(host, self.house.next_address(), &[("authorization", &basic)], form).await
    }

    /// The subscriber asks at Contoso's own host.
    async fn exchange(&self, form: &str) -> Told {
        self.by(&self.house.host(self.contoso()), &self.subscriber, &self.key, form).await
    }

    /// What a token says, verified by what the installation publishes.
    fn read(&self, text: &str, now: Moment) -> AccessToken {
        let keyring = self.house.room.keyring.load();
        let keys: Vec<_> = keyring.context.iter().map(|(id, key)| (id.to_string(), key.public())).collect();
        let set = published_key_set(keys.iter().map(|(id, key)| (id.as_str(), *key))).to_string();
        let keys = JwkSet::parse(set.as_bytes()).unwrap();
        let issuer = self.house.room.web.hosts.id.origin();
        AccessToken::verify(Bearer::read(text).unwrap(), &keys, issuer, now).unwrap()
    }
}

fn basic(client: &str, secret: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{client}:{secret}")))
}

fn scopes(token: &AccessToken) -> Vec<&str> {
    token.scopes.iter().map(AsRef::as_ref).collect()
}

/// Whether a token opens the application at this village.
async fn used(world: &World, desk: &Desk, at: &Village, token: &AccessToken) -> Result<(), Refusal> {
    let scopes = token.scopes.clone();
    let token = ExchangedToken::new(token.key_hash, token.tenant, scopes, token.ends);
    let warden = &desk.house.room.web.warden;
    let resolved = warden.resolve_id(at.id).unwrap();
    let credential = Credential::Exchanged(Arc::new(token));
    warden.permit::<UseUpstream>(&resolved, &credential, world.origin()).await.map(drop)
}

fn no(status: u16, error: &str) -> (u16, String) {
    (status, error.to_owned())
}

#[tokio::test]
async fn a_key_is_exchanged_for_a_token_of_a_few_minutes() {
    for_each_engine(async |world| {
        let mut desk = Desk::build(world, json!({})).await;
        for kind in ["random", "signed"] {
            desk.take_key(world, json!({ "kind": kind })).await;
            let told = desk.exchange(GRANT).await;
            assert_eq!(told.status, 200, "{kind}: {}", told.body);
            assert_eq!(told.body["token_type"], "Bearer");
            assert_eq!(told.body["expires_in"], 300);
            assert_eq!(told.body["scope"], "surveys.read surveys.write");
            for (name, value) in [("cache-control", "no-store"), ("pragma", "no-cache")] {
                assert_eq!(told.headers[name], value);
            }
            let text = told.body["access_token"].as_str().unwrap();
            let token = desk.read(text, world.clock.now());
            assert_eq!(
                (token.tenant, token.subscriber.to_string()),
                (desk.contoso().id, desk.subscriber.clone())
            );
            assert_eq!(
                (token.key.to_string(), token.ends.since(token.issued).as_secs()),
                (desk.id.clone(), 300)
            );
            assert_eq!(scopes(&token), ["surveys.read", "surveys.write"]);
            assert_eq!(used(world, &desk, desk.contoso(), &token).await, Ok(()));
            let again = desk.exchange(GRANT).await;
            assert_ne!(again.body["access_token"], told.body["access_token"], "no two are the same");
            let seen = trail(world, desk.contoso().id).await;
            assert!(!seen.contains(text) && !seen.contains(&desk.key));
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_takes_back_the_key_ends_its_tokens() {
    for_each_engine(async |world| {
        let mut desk = Desk::build(world, json!({})).await;
        for kind in ["random", "signed"] {
            desk.take_key(world, json!({ "kind": kind })).await;
            let told = desk.exchange(GRANT).await;
            let token = desk.read(told.body["access_token"].as_str().unwrap(), world.clock.now());
            assert_eq!(used(world, &desk, desk.contoso(), &token).await, Ok(()), "{kind}");
            let contoso = desk.contoso();
            let admin = AtConsole::person(world, &desk.house, contoso, &contoso.admin).await;
            let revoked = admin.delete(&api(contoso, &format!("keys/{}", desk.id))).await;
            assert_eq!(revoked.status, 200, "{}", revoked.body);
            assert_eq!(used(world, &desk, contoso, &token).await, Err(Refusal::TokenEnded), "{kind}");
            assert_eq!(desk.exchange(GRANT).await.error(), no(401, "invalid_client"), "{kind}");
        }
        // Without anybody's doing it ends with its time.
        desk.take_key(world, json!({})).await;
        let told = desk.exchange(GRANT).await;
        let token = desk.read(told.body["access_token"].as_str().unwrap(), world.clock.now());
        world.clock.advance(Duration::from_secs(300));
        desk.house.room.web.warden.heard();
        assert_eq!(used(world, &desk, desk.contoso(), &token).await, Err(Refusal::TokenExpired));
    })
    .await;
}

#[tokio::test]
async fn a_token_may_be_good_for_less_than_its_key_and_never_for_more() {
    for_each_engine(async |world| {
        let desk = Desk::build(world, json!({ "scopes": ["surveys.read"] })).await;
        for (asked, given) in
            [("", "surveys.read"), ("&scope=", "surveys.read"), ("&scope=surveys.read", "surveys.read")]
        {
            let told = desk.exchange(&format!("{GRANT}{asked}")).await;
            assert_eq!((told.status, &told.body["scope"]), (200, &json!(given)), "{asked}");
        }
        for more in
            ["surveys.write", "surveys.read+surveys.write", "surveys.delete", "*", "%22", "Surveys.Read"]
        {
            let told = desk.exchange(&format!("{GRANT}&scope={more}")).await;
            assert_eq!(told.error(), no(400, "invalid_scope"), "{more}: {}", told.body);
        }
        let whom = audience(desk.house.room.web.hosts.id.origin(), desk.contoso().id);
        assert_eq!(desk.exchange(&format!("{GRANT}&resource={whom}")).await.status, 200);
        let others = audience(desk.house.room.web.hosts.id.origin(), desk.house.town.fabrikam.id);
        let told = desk.exchange(&format!("{GRANT}&resource={others}")).await;
        assert_eq!(told.error(), no(400, "invalid_target"));
    })
    .await;
}

#[tokio::test]
async fn a_token_is_exchanged_for_nothing() {
    for_each_engine(async |world| {
        let desk = Desk::build(world, json!({})).await;
        let told = desk.exchange(GRANT).await;
        let token = told.body["access_token"].as_str().unwrap();
        let host = desk.house.host(desk.contoso());
        // As the secret, as a bearer, and by the grants that exchange tokens.
        assert_eq!(desk.by(&host, &desk.subscriber, token, GRANT).await.error(), no(401, "invalid_client"));
        let bearer = format!("Bearer {token}");
        let told = desk.ask(&host, desk.house.next_address(), &[("authorization", &bearer)], GRANT).await;
        assert_eq!(told.error(), no(401, "invalid_client"));
        for grant in [
            "urn:ietf:params:oauth:grant-type:token-exchange",
            "refresh_token",
            "password",
            "authorization_code",
        ] {
            let form = format!("grant_type={grant}&subject_token={token}&refresh_token={token}&code={token}");
            let told = desk.exchange(&form).await;
            assert_eq!(told.error(), no(400, "unsupported_grant_type"), "{grant}");
            assert!(told.body["access_token"].is_null());
        }
    })
    .await;
}

#[tokio::test]
async fn whatever_is_wrong_with_the_client_the_answer_is_one() {
    for_each_engine(async |world| {
        let desk = Desk::build(world, json!({})).await;
        let (contoso, fabrikam) =
            (desk.house.host(desk.contoso()), desk.house.host(&desk.house.town.fabrikam));
        let unknown = domain::api_key::random(&world.chance).reveal().clone();
        let first = desk.by(&contoso, &desk.subscriber, &unknown, GRANT).await;
        assert_eq!(first.error(), no(401, "invalid_client"));
        assert!(first.headers["www-authenticate"].to_str().unwrap().starts_with("Basic"));
        let refused = world.witness.refused().len();
        for (host, client, secret) in [
            (&contoso, desk.subscriber.as_str(), "pwk_short"),
            (&contoso, "sub_01h2xcejqtf2nbrexx3vqjhp41", &desk.key),
            (&contoso, "", &desk.key),
            (&contoso, &desk.id, &desk.key),
            // Another tenant's address, and one that nobody has.
            (&fabrikam, &desk.subscriber, &desk.key),
            (&"nosuch.pw.test".to_owned(), &desk.subscriber, &desk.key),
            (&"nosuch.pw.test".to_owned(), &desk.subscriber, &unknown),
        ] {
            let told = desk.by(host, client, secret, GRANT).await;
            assert_eq!((told.status, &told.body), (first.status, &first.body), "{host} {client}");
        }
        assert!(world.witness.refused().len() > refused, "a key at another tenant's address is noted");
    })
    .await;
}

#[tokio::test]
async fn what_no_client_of_oauths_would_send_is_refused_in_its_words() {
    for_each_engine(async |world| {
        let desk = Desk::build(world, json!({})).await;
        let host = desk.house.host(desk.contoso());
        let sound = basic(&desk.subscriber, &desk.key);
        let next = || desk.house.next_address();
        let secret = format!("{GRANT}&client_id={}&client_secret={}", desk.subscriber, desk.key);
        for (what, fields, form, expected) in [
            ("nothing is presented", vec![], GRANT, no(401, "invalid_client")),
            ("the secret in the body", vec![], secret.as_str(), no(401, "invalid_client")),
            (
                "two ways at once",
                vec![("authorization", sound.as_str())],
                &secret,
                no(400, "invalid_request"),
            ),
            (
                "two at once",
                vec![("authorization", &sound), ("authorization", &sound)],
                GRANT,
                no(400, "invalid_request"),
            ),
            ("no grant", vec![("authorization", &sound)], "scope=surveys.read", no(400, "invalid_request")),
            (
                "a grant said twice",
                vec![("authorization", &sound)],
                "grant_type=client_credentials&grant_type=x",
                no(400, "invalid_request"),
            ),
            ("not base64", vec![("authorization", "Basic ?")], GRANT, no(401, "invalid_client")),
        ] {
            let told = desk.ask(&host, next(), &fields, form).await;
            assert_eq!(told.error(), expected, "{what}: {}", told.body);
            assert!(told.body["access_token"].is_null(), "{what}");
        }
        // What a client does not have to know is passed over, and escapes in the name are undone.
        let escaped = basic(&desk.subscriber.replace('_', "%5F"), &desk.key);
        let told =
            desk.ask(&host, next(), &[("authorization", &escaped)], &format!("{GRANT}&audience=x")).await;
        assert_eq!(told.status, 200, "{}", told.body);
        // A browser's cookies and origin say nothing here.
        let fields = [
            ("authorization", sound.as_str()),
            ("origin", "https://elsewhere.test"),
            ("cookie", "pw_session=x"),
        ];
        assert_eq!(desk.ask(&host, next(), &fields, GRANT).await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn a_key_is_exchanged_only_from_its_networks_while_it_lives_and_at_an_open_tenant() {
    for_each_engine(async |world| {
        let mut desk = Desk::build(world, json!({ "networks": ["192.0.2.0/24"] })).await;
        let host = desk.house.host(desk.contoso());
        let from = async |desk: &Desk, last: u8, address: [u8; 3]| {
            let [a, b, c] = address;
            let at = Ipv4Addr::new(a, b, c, last).into();
            desk.ask(&host, at, &[("authorization", &basic(&desk.subscriber, &desk.key))], GRANT).await
        };
        assert_eq!(from(&desk, 7, [192, 0, 2]).await.status, 200);
        assert_eq!(from(&desk, 7, [198, 51, 100]).await.error(), no(400, "unauthorized_client"));
        desk.take_key(world, json!({ "life_seconds": 60 })).await;
        assert_eq!(desk.exchange(GRANT).await.status, 200);
        world.clock.advance(Duration::from_secs(61));
        desk.house.room.web.warden.heard();
        let told = desk.exchange(GRANT).await;
        assert_eq!((told.error(), &told.body["code"]), (no(401, "invalid_client"), &json!("key.expired")));
        desk.take_key(world, json!({})).await;
        let id = desk.contoso().id;
        world.raw(&format!("UPDATE tenant SET standing = 'suspended' WHERE id = '{id}'")).await;
        desk.house.heard(desk.contoso()).await;
        assert_eq!(desk.exchange(GRANT).await.error(), no(503, "temporarily_unavailable"));
    })
    .await;
}

#[tokio::test]
async fn whoever_guesses_keys_is_stopped() {
    for_each_engine(async |world| {
        let desk = Desk::build(world, json!({})).await;
        let (host, from) = (desk.house.host(desk.contoso()), IpAddr::from(Ipv4Addr::new(203, 0, 113, 9)));
        let mut last = no(0, "");
        for _ in 0..70 {
            let guess = domain::api_key::random(&world.chance).reveal().clone();
            let told =
                desk.ask(&host, from, &[("authorization", &basic(&desk.subscriber, &guess))], GRANT).await;
            last = told.error();
        }
        assert_eq!(last, no(429, "temporarily_unavailable"));
        assert_eq!(desk.exchange(GRANT).await.status, 200, "others are not");
    })
    .await;
}
