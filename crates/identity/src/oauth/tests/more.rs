//! Pushed requests, tokens that are bound to a key, and tokens for tokens.

use super::desk::{BACK, Client, Desk, VERIFIER, answer, basic, register};
use crate::tests::browser::Browser;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{Chance, Digest, SigningKey};
use http::Method;
use protocol::pkce::Verifier;
use serde_json::{Value, json};
use testkit::for_each_engine;

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";

#[tokio::test]
async fn a_request_is_pushed_and_its_reference_is_good_for_its_own_application() {
    for_each_engine(async |world| {
        let desk =
            Desk::with(world, json!({ "reach": "all", "require_pushed_authorization_requests": true })).await;
        let mut browser = Browser::new(&desk.house);
        let plain = answer(&browser.follow(&desk.request(&[])).await);
        assert_eq!(plain["error"], "invalid_request", "it must be pushed");
        let challenge = Verifier::parse(VERIFIER).unwrap().challenge();
        let form = [
            ("redirect_uri", BACK),
            ("response_type", "code"),
            ("scope", "openid"),
            ("state", "pushed"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("tenant", "contoso"),
        ];
        let pushed = desk.post("/oauth/par", &[("authorization", &basic(&desk.client))], &form).await;
        assert_eq!(pushed.status, 201, "{}", pushed.body);
        let uri = pushed.text("request_uri");
        let at = |client: &str| {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs([("client_id", client), ("request_uri", uri.as_str())])
                .finish();
            format!("http://id.pw.test/oauth/authorize?{query}")
        };
        let said = desk.go(&mut browser, &at(&desk.client.id)).await;
        assert_eq!(said["state"], "pushed");
        assert_eq!(desk.redeem(&said["code"]).await.status, 200);
        let other = register(&desk.house, json!({ "reach": "all" })).await;
        assert_eq!(browser.get(&at(&other.id)).await.code(), "authorize.application");
        let nobody = desk.post("/oauth/par", &[], &form).await;
        assert_eq!(nobody.error(), (401, "invalid_client"));
        let mut wrong = form;
        wrong[0].1 = "https://evil.test/cb";
        let wrong = desk.post("/oauth/par", &[("authorization", &basic(&desk.client))], &wrong).await;
        assert_eq!(wrong.error(), (400, "invalid_request"));
        world.clock.advance(std::time::Duration::from_secs(91));
        assert_eq!(browser.get(&at(&desk.client.id)).await.code(), "authorize.request", "it is over");
    })
    .await;
}

/// Somebody with a key of their own.
struct Holder(SigningKey, std::cell::Cell<u32>);

impl Holder {
    fn new() -> Self {
        Holder(SigningKey::generate(&Chance::system()), Default::default())
    }

    fn proof(&self, desk: &Desk, method: &str, path: &str, token: Option<&str>) -> String {
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let public = self.0.public();
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": encode(public.x()), "y": encode(public.y()) });
        let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk });
        self.1.set(self.1.get() + 1);
        let mut claims = json!({
            "htm": method, "htu": format!("http://id.pw.test{path}"), "iat": desk.room().now().seconds(),
            "jti": format!("proof {}", self.1.get()),
        });
        if let Some(token) = token {
            claims["ath"] = json!(Digest::of(token.as_bytes()).to_string());
        }
        let signed =
            format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
        format!("{signed}.{}", encode(&self.0.sign(signed.as_bytes())))
    }
}

#[tokio::test]
async fn a_token_that_is_bound_to_a_key_is_worth_nothing_to_a_thief() {
    for_each_engine(async |world| {
        let desk = Desk::with(world, json!({ "reach": "all", "dpop_bound_access_tokens": true })).await;
        let (mine, theirs) = (Holder::new(), Holder::new());
        let code = desk.code().await;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ];
        let auth = basic(&desk.client);
        let bare = desk.post("/oauth/token", &[("authorization", &auth)], &form).await;
        assert_eq!(bare.error(), (400, "invalid_dpop_proof"));
        let proof = mine.proof(&desk, "POST", "/oauth/token", None);
        let told = desk.post("/oauth/token", &[("authorization", &auth), ("dpop", &proof)], &form).await;
        assert_eq!((told.status, told.body["token_type"].as_str()), (200, Some("DPoP")), "{}", told.body);
        let access = told.text("access_token");
        assert!(desk.read(&access).jkt().is_some());
        let again = [("grant_type", "client_credentials"), ("tenant", "contoso")];
        let again = desk.post("/oauth/token", &[("authorization", &auth), ("dpop", &proof)], &again).await;
        assert_eq!(again.error(), (400, "invalid_dpop_proof"), "a proof is good once");

        let ask = async |scheme: &str, proof: Option<String>| {
            let shown = format!("{scheme} {access}");
            let mut fields = vec![("authorization", shown.as_str())];
            fields.extend(proof.as_deref().map(|proof| ("dpop", proof)));
            desk.send(Method::GET, "/oauth/userinfo", &fields, String::new()).await.status
        };
        let at = |holder: &Holder, path: &str, token: Option<&str>| holder.proof(&desk, "GET", path, token);
        let sound = at(&mine, "/oauth/userinfo", Some(&access));
        assert_eq!(ask("DPoP", Some(sound.clone())).await, 200);
        assert_eq!(ask("DPoP", Some(sound)).await, 401, "a proof is good once");
        assert_eq!(ask("Bearer", None).await, 401);
        assert_eq!(ask("Bearer", Some(at(&mine, "/oauth/userinfo", Some(&access)))).await, 401);
        assert_eq!(ask("DPoP", None).await, 401);
        assert_eq!(
            ask("DPoP", Some(at(&theirs, "/oauth/userinfo", Some(&access)))).await,
            401,
            "another key"
        );
        assert_ne!(ask("DPoP", Some(at(&mine, "/oauth/other", Some(&access)))).await, 200, "another address");
        assert_ne!(ask("DPoP", Some(at(&mine, "/oauth/userinfo", None))).await, 200, "about no token");
    })
    .await;
}

async fn exchange(desk: &Desk, client: &Client, token: &str, more: &[(&str, &str)]) -> super::desk::Told {
    let mut form = vec![("grant_type", EXCHANGE), ("subject_token", token), ("subject_token_type", ACCESS)];
    form.extend(more);
    desk.ask(client, &form).await
}

#[tokio::test]
async fn an_api_exchanges_the_token_that_it_was_called_with_for_no_more_than_that() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        let api = |realm: &str| json!({ "reach": "all", "resource": realm, "grant_types": [EXCHANGE] });
        let middle = register(&desk.house, api("https://middle.test")).await;
        let last = register(&desk.house, api("https://last.test")).await;
        let mut browser = Browser::new(&desk.house);
        let said = desk.go(&mut browser, &desk.request(&[("resource", "https://middle.test")])).await;
        let first = desk.redeem(&said["code"]).await.text("access_token");
        let told = exchange(&desk, &middle, &first, &[("resource", "https://last.test")]).await;
        assert_eq!(told.status, 200, "{}", told.body);
        assert_eq!(told.body["issued_token_type"], ACCESS);
        assert!(told.body["refresh_token"].is_null() && told.body["id_token"].is_null());
        let (before, after) = (desk.read(&first), desk.read(&told.text("access_token")));
        assert_eq!((after.who, after.tenant), (before.who, before.tenant));
        assert_eq!(after.audience, "https://last.test");
        assert_eq!(after.scopes, before.scopes);
        assert!(after.ends <= before.ends);
        assert_eq!(after.actor, Some(json!({ "sub": middle.id })));
        // The next one in the chain says who acted before.
        let next = exchange(&desk, &last, &told.text("access_token"), &[]).await;
        let chain = json!({ "sub": last.id, "act": { "sub": middle.id } });
        assert_eq!(desk.read(&next.text("access_token")).actor, Some(chain));
        // More than the token is good for, a token that was meant for another, and another kind are refused.
        let more = exchange(&desk, &middle, &first, &[("scope", "surveys.write")]).await;
        assert_eq!(more.error(), (400, "invalid_scope"));
        assert_eq!(exchange(&desk, &last, &first, &[]).await.error(), (400, "invalid_grant"));
        assert_eq!(exchange(&desk, &desk.client, &first, &[]).await.error(), (400, "unauthorized_client"));
        let kind = [("grant_type", EXCHANGE), ("subject_token", first.as_str()), ("subject_token_type", "x")];
        assert_eq!(desk.ask(&middle, &kind).await.error(), (400, "invalid_request"));
        assert_eq!(exchange(&desk, &middle, "nonsense", &[]).await.error(), (400, "invalid_grant"));
        let nowhere = exchange(&desk, &middle, &first, &[("resource", "https://nobody.test")]).await;
        assert_eq!(nowhere.error(), (400, "invalid_target"));
        // What has ended is exchanged for nothing.
        let gone = desk
            .post("/oauth/revoke", &[("authorization", &basic(&desk.client))], &[("token", &first)])
            .await;
        assert_eq!((gone.status, gone.body), (200, Value::Null));
        assert_eq!(exchange(&desk, &middle, &first, &[]).await.error(), (400, "invalid_grant"));
    })
    .await;
}
