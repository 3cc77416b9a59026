//! The provider, asked as an application and its people ask.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{Method, StatusCode};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};
use url::Url;
use url::form_urlencoded::Serializer;

use crate::client::{Ask, Browser, Page};
use crate::provider::{Application, Organisation, Provider, contoso, fabrikam};

const VERIFIER: &str = "a-verifier-of-at-least-forty-three-letters-long";

/// A provider, an application that is known there, and a clock that can be moved.
struct Scene {
    provider: Provider,
    application: Application,
    now: Arc<AtomicI64>,
}

impl Scene {
    async fn at(organisation: Organisation) -> Self {
        let now = Arc::new(AtomicI64::new(1_790_000_000));
        let clock = Arc::clone(&now);
        // Port 0 cannot be named in an issuer, so a free one is found first.
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let listen: SocketAddr = free.local_addr().expect("an address");
        drop(free);
        let issuer = format!("http://{listen}");
        let clock = Arc::new(move || clock.load(Ordering::SeqCst));
        let provider = Provider::start(organisation, listen, issuer, clock).await.expect("a provider");
        // Nothing listens at the application; its answers are looked at, not followed.
        let application = provider.register("Surveys", "http://127.0.0.1:9/callback/con_1");
        Self { provider, application, now }
    }

    fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }

    fn at_path(&self, path: &str) -> String {
        format!("{}{path}", self.provider.issuer())
    }

    /// The question an application asks, with some of it changed.
    fn question(&self, changes: &[(&str, &str)]) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, VERIFIER.as_bytes()));
        let mut fields = vec![
            ("client_id", self.application.client_id.as_str()),
            ("redirect_uri", self.application.redirect_uri.as_str()),
            ("response_type", "code"),
            ("scope", "openid profile email"),
            ("state", "the state & more"),
            ("nonce", "the nonce"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in changes {
            fields.retain(|(key, _)| key != name);
            if !value.is_empty() {
                fields.push((name, value));
            }
        }
        format!(
            "{}?{}",
            self.at_path("/authorize"),
            Serializer::new(String::new()).extend_pairs(fields).finish()
        )
    }

    /// Where a person is sent after signing in.
    async fn sign_in(&self, browser: &mut Browser, email: &str, password: &str) -> Page {
        let login = browser.get(&self.question(&[])).await.expect("a login page");
        self.answer(browser, &login, email, password).await
    }

    async fn answer(&self, browser: &mut Browser, login: &Page, email: &str, password: &str) -> Page {
        let form = login.form("/login").expect("a login form");
        let form = form.with("continue", "").with("email", email).with("password", password);
        let fields = Serializer::new(String::new()).extend_pairs(&form.fields).finish();
        browser.send(&Ask::post(form.action.as_str(), &fields)).await.expect("an answer")
    }

    async fn code_for_alice(&self) -> String {
        let answer = self.sign_in(&mut Browser::new(), "alice@contoso.test", "alice-rides-a-tandem").await;
        value(&answer.leads_to().expect("a way back"), "code")
    }

    /// An exchange by form fields, with some of it changed.
    async fn exchange(&self, code: &str, changes: &[(&str, &str)]) -> (StatusCode, Value) {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.application.redirect_uri.as_str()),
            ("code_verifier", VERIFIER),
            ("client_id", self.application.client_id.as_str()),
            ("client_secret", self.application.client_secret.as_str()),
        ];
        for (name, value) in changes {
            fields.retain(|(key, _)| key != name);
            fields.push((name, value));
        }
        let fields = Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(Ask::post(&self.at_path("/token"), &fields)).await
    }

    async fn send(&self, ask: Ask) -> (StatusCode, Value) {
        let page = Browser::new().send(&ask).await.expect("an answer");
        (page.status, page.json().unwrap_or_default())
    }

    async fn userinfo(&self, access_token: &Value) -> (StatusCode, Value) {
        let bearer = format!("Bearer {}", access_token.as_str().expect("a token"));
        self.send(Ask::get(&self.at_path("/userinfo")).with("authorization", &bearer)).await
    }

    /// Checks the signature against the published keys and gives the claims.
    async fn verified(&self, id_token: &Value) -> Value {
        let id_token = id_token.as_str().expect("a token");
        let (_, keys) = self.send(Ask::get(&self.at_path("/keys"))).await;
        let keys: JwkSet = serde_json::from_value(keys).expect("a key set");
        let header = decode_header(id_token).expect("a token");
        let key = keys.find(header.kid.as_deref().expect("a key id")).expect("a published key");
        let mut validation = Validation::new(header.alg);
        validation.validate_exp = false;
        validation.set_audience(&[&self.application.client_id]);
        let key = DecodingKey::from_jwk(key).expect("a key");
        decode::<Value>(id_token, &key, &validation).expect("a good token").claims
    }
}

fn value(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[tokio::test]
async fn alice_signs_in_and_the_application_learns_who_she_is() {
    let scene = Scene::at(contoso()).await;
    let answer = scene.sign_in(&mut Browser::new(), "alice@contoso.test", "alice-rides-a-tandem").await;
    let back = answer.leads_to().unwrap();
    assert!(back.as_str().starts_with("http://127.0.0.1:9/callback/con_1?"));
    assert_eq!(value(&back, "state"), "the state & more");
    assert_eq!(value(&back, "iss"), scene.provider.issuer());

    let (status, tokens) = scene.exchange(&value(&back, "code"), &[]).await;
    assert_eq!(status, StatusCode::OK, "{tokens}");
    let claims = scene.verified(&tokens["id_token"]).await;
    assert_eq!(claims["iss"], scene.provider.issuer());
    assert_eq!(claims["sub"], "c-7d1f0a52");
    assert_eq!(claims["nonce"], "the nonce");
    assert_eq!(claims["email"], "alice@contoso.test");
    let (_, about) = scene.userinfo(&tokens["access_token"]).await;
    assert_eq!((&about["sub"], &about["name"]), (&json!("c-7d1f0a52"), &json!("Alice Adams")));
}

#[tokio::test]
async fn an_application_may_name_itself_by_http_basic() {
    let scene = Scene::at(fabrikam()).await;
    let answer = scene.sign_in(&mut Browser::new(), "bob@fabrikam.test", "bob-planes-oak").await;
    let code = value(&answer.leads_to().unwrap(), "code");
    let Application { client_id, client_secret, redirect_uri, .. } = &scene.application;
    let basic = format!("Basic {}", STANDARD.encode(format!("{client_id}:{client_secret}")));
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", VERIFIER),
    ];
    let fields = Serializer::new(String::new()).extend_pairs(fields).finish();
    let ask = Ask::post(&scene.at_path("/token"), &fields).with("authorization", &basic);
    let (status, tokens) = scene.send(ask).await;
    assert_eq!(status, StatusCode::OK, "{tokens}");
    assert_eq!(scene.verified(&tokens["id_token"]).await["sub"], "0001");
}

#[tokio::test]
async fn discovery_names_endpoints_that_are_there() {
    let scene = Scene::at(contoso()).await;
    let (_, metadata) = scene.send(Ask::get(&scene.at_path("/.well-known/openid-configuration"))).await;
    assert_eq!(metadata["issuer"], scene.provider.issuer());
    for name in
        ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint"]
    {
        let page = Browser::new().get(metadata[name].as_str().unwrap()).await.unwrap();
        assert_ne!(page.status, StatusCode::NOT_FOUND, "{name}");
    }
}

#[tokio::test]
async fn a_wrong_password_gets_another_try_and_no_code() {
    let scene = Scene::at(contoso()).await;
    let mut browser = Browser::new();
    let page = scene.sign_in(&mut browser, "alice@contoso.test", "bob-planes-oak").await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    assert!(page.body.contains("do not belong together"));
    let page = scene.answer(&mut browser, &page, "alice@contoso.test", "alice-rides-a-tandem").await;
    assert!(page.leads_to().is_some(), "the second try counts");
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_is_not_registered() {
    let scene = Scene::at(contoso()).await;
    let registered = scene.application.redirect_uri.clone();
    for address in
        ["http://127.0.0.1:9/callback/con_1/", "http://127.0.0.1:9/callback/con_2", "http://evil.example/"]
    {
        let page = Browser::new().get(&scene.question(&[("redirect_uri", address)])).await.unwrap();
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{address}");
    }
    let page = Browser::new().get(&scene.question(&[("client_id", "nobody")])).await.unwrap();
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    let query = format!("{registered}?more=1");
    let page = Browser::new().get(&scene.question(&[("redirect_uri", &query)])).await.unwrap();
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_question_out_of_order_goes_back_with_an_error_the_state_and_the_issuer() {
    let scene = Scene::at(contoso()).await;
    for (change, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("scope", "email"), "invalid_scope"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("prompt", "none"), "login_required"),
    ] {
        let answer = Browser::new().send(&Ask::get(&scene.question(&[change]))).await.unwrap();
        let back = answer.leads_to().unwrap();
        assert_eq!(value(&back, "error"), error, "{change:?}");
        assert_eq!(value(&back, "state"), "the state & more");
        assert_eq!(value(&back, "iss"), scene.provider.issuer());
    }
}

#[tokio::test]
async fn a_code_works_once_and_a_second_use_takes_back_what_the_first_got() {
    let scene = Scene::at(contoso()).await;
    let code = scene.code_for_alice().await;
    let (_, tokens) = scene.exchange(&code, &[]).await;
    assert_eq!(scene.userinfo(&tokens["access_token"]).await.0, StatusCode::OK);
    let (status, again) = scene.exchange(&code, &[]).await;
    assert_eq!((status, &again["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_grant")));
    assert_eq!(scene.userinfo(&tokens["access_token"]).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_code_is_good_for_a_minute() {
    let scene = Scene::at(contoso()).await;
    let code = scene.code_for_alice().await;
    scene.pass(60);
    assert_eq!(scene.exchange(&code, &[]).await.1["error"], "invalid_grant");
}

#[tokio::test]
async fn a_code_is_worthless_without_the_verifier_the_secret_and_the_address_it_was_made_for() {
    let scene = Scene::at(contoso()).await;
    let other = scene.provider.register("Other", "http://127.0.0.1:9/callback/con_2");
    let code = scene.code_for_alice().await;
    for (changes, error) in [
        (vec![("code_verifier", "another verifier that is long enough, but wrong")], "invalid_grant"),
        (vec![("redirect_uri", "http://127.0.0.1:9/callback/con_2")], "invalid_grant"),
        (vec![("client_secret", "guessed")], "invalid_client"),
        (vec![("client_id", &other.client_id), ("client_secret", &other.client_secret)], "invalid_grant"),
        (vec![("grant_type", "password")], "unsupported_grant_type"),
    ] {
        assert_eq!(scene.exchange(&code, &changes).await.1["error"], error, "{changes:?}");
    }
    assert_eq!(scene.exchange(&code, &[]).await.0, StatusCode::OK, "failed tries do not spend it");
}

#[tokio::test]
async fn somebody_signed_in_goes_on_with_one_press_until_signing_out() {
    let scene = Scene::at(contoso()).await;
    let mut browser = Browser::new();
    scene.sign_in(&mut browser, "alice@contoso.test", "alice-rides-a-tandem").await;
    let page = browser.get(&scene.question(&[])).await.unwrap();
    assert!(page.body.contains("Continue as Alice"));
    let form = page.form("/login").unwrap().with("continue", "yes");
    let fields = Serializer::new(String::new()).extend_pairs(&form.fields).finish();
    let answer = browser.send(&Ask::post(form.action.as_str(), &fields)).await.unwrap();
    assert!(!value(&answer.leads_to().unwrap(), "code").is_empty());

    let silent = browser.send(&Ask::get(&scene.question(&[("prompt", "none")]))).await.unwrap();
    assert!(!value(&silent.leads_to().unwrap(), "code").is_empty());
    let fresh = browser.get(&scene.question(&[("prompt", "login")])).await.unwrap();
    assert!(!fresh.body.contains("Continue as Alice"));

    browser.get(&scene.at_path("/logout")).await.unwrap();
    let page = browser.get(&scene.question(&[])).await.unwrap();
    assert!(!page.body.contains("Continue as Alice"));
}

#[tokio::test]
async fn after_signing_out_a_browser_is_only_sent_back_to_the_application() {
    let scene = Scene::at(contoso()).await;
    let client_id = scene.application.client_id.clone();
    let logout = |address: &str| {
        let fields =
            [("client_id", client_id.as_str()), ("post_logout_redirect_uri", address), ("state", "s")];
        let query = Serializer::new(String::new()).extend_pairs(fields).finish();
        Ask::get(&scene.at_path(&format!("/logout?{query}")))
    };
    let ours = Browser::new().send(&logout("http://127.0.0.1:9/done")).await.unwrap();
    assert_eq!(ours.leads_to().unwrap().as_str(), "http://127.0.0.1:9/done?state=s");
    let theirs = Browser::new().send(&logout("http://evil.example/done")).await.unwrap();
    assert_eq!((theirs.status, theirs.leads_to()), (StatusCode::OK, None));
}

#[tokio::test]
async fn a_rolled_key_signs_and_the_one_before_stays_published() {
    let scene = Scene::at(fabrikam()).await;
    let (_, before) = scene.send(Ask::get(&scene.at_path("/keys"))).await;
    scene.provider.roll_key();
    let (_, after) = scene.send(Ask::get(&scene.at_path("/keys"))).await;
    assert_eq!(after["keys"][1]["kid"], before["keys"][0]["kid"]);
    assert_ne!(after["keys"][0]["kid"], before["keys"][0]["kid"]);
}

#[tokio::test]
async fn an_admin_makes_an_application_known_on_a_page() {
    let scene = Scene::at(contoso()).await;
    let mut browser = Browser::new();
    let page = browser.get(&scene.at_path("/applications")).await.unwrap();
    let form = page.form("/applications").unwrap().with("redirect_uri", "http://127.0.0.1:9/callback/con_9");
    let made = browser.submit(form).await.unwrap();
    assert!(made.body.contains("may now send people here"));
    let odd = Ask::post(&scene.at_path("/applications"), "name=x&redirect_uri=javascript:alert(1)");
    assert_eq!(Browser::new().send(&odd).await.unwrap().status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn only_those_two_methods_name_an_application() {
    let scene = Scene::at(contoso()).await;
    let bare = Ask { method: Method::POST, ..Ask::get(&scene.at_path("/token")) };
    assert_eq!(scene.send(bare).await.1["error"], "invalid_client");
}
