//! Applications in their own name.

use super::desk::{Client, Desk};
use access::Refusal;
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::{Chance, SigningKey};
use protocol::jose::{Signer, published_key_set};
use serde_json::{Value, json};
use testkit::for_each_engine;

const ITSELF: (&str, &str) = ("grant_type", "client_credentials");

#[tokio::test]
async fn an_application_acts_at_an_organisation_that_agreed() {
    for_each_engine(async |world| {
        let desk = Desk::with(world, json!({})).await;
        let tenant = desk.contoso().id.to_string();
        let ask = async |tenant: &str| desk.ask(&desk.client, &[ITSELF, ("tenant", tenant)]).await;
        assert_eq!(ask(&tenant).await.error(), (400, "unauthorized_client"));
        desk.agree(world, desk.contoso(), &["surveys.read"]).await;
        let told = ask(&tenant).await;
        assert_eq!((told.status, told.body["scope"].as_str()), (200, Some("surveys.read")), "{}", told.body);
        assert!(told.body["refresh_token"].is_null() && told.body["id_token"].is_null());
        let caller = desk.caller(desk.contoso(), &told.text("access_token")).await.unwrap();
        assert!(caller.person().is_none() && caller.is_known());
        assert_eq!(caller.actor().to_string(), desk.client.id);
        // By its slug too; elsewhere, nowhere and without a name it gets nothing.
        assert_eq!(ask(desk.contoso().slug.as_ref()).await.status, 200);
        assert_eq!(ask(&desk.fabrikam().id.to_string()).await.error(), (400, "unauthorized_client"));
        assert_eq!(ask("nosuch").await.error(), (400, "invalid_grant"));
        assert_eq!(desk.ask(&desk.client, &[ITSELF]).await.error(), (400, "invalid_request"));
        let caller = desk.caller(desk.fabrikam(), &told.text("access_token")).await;
        assert_eq!(caller.err(), Some(Refusal::ForeignCredential));
        let more = [ITSELF, ("tenant", tenant.as_str()), ("scope", "surveys.write")];
        let told = desk.ask(&desk.client, &more).await;
        assert_eq!(told.body["scope"], "", "no more than was agreed");
    })
    .await;
}

#[tokio::test]
async fn an_application_proves_itself_by_what_it_signed_once() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        let signer = Signer::new("mine", SigningKey::generate(&Chance::system()));
        let keys = published_key_set([(signer.kid(), signer.public())]);
        let client = super::desk::register(
            &desk.house,
            json!({ "reach": "all", "token_endpoint_auth_method": "private_key_jwt", "jwks": keys }),
        )
        .await;
        assert_eq!(client.secret, "");
        let now = desk.room().now().seconds();
        let claims = |changes: Value| {
            let mut claims = json!({
                "iss": client.id, "sub": client.id, "aud": "http://id.pw.test/oauth/token", "jti": "1", "iat": now,
                "exp": now + 60,
            });
            claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            signer.sign("JWT", &claims)
        };
        let ask = async |assertion: &str| {
            let form = [
                ITSELF,
                ("tenant", "contoso"),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", assertion),
            ];
            desk.post("/oauth/token", &[], &form).await
        };
        let good = claims(json!({}));
        let told = ask(&good).await;
        assert_eq!(told.status, 200, "{}", told.body);
        assert_eq!(ask(&good).await.error(), (401, "invalid_client"), "an assertion is good once");
        assert_eq!(ask(&claims(json!({ "jti": "2", "aud": "http://id.pw.test" }))).await.status, 200);
        let other = Signer::new("mine", SigningKey::generate(&Chance::system()));
        let forged = json!({ "iss": client.id, "sub": client.id, "aud": "http://id.pw.test", "jti": "3", "exp": now + 60 });
        for (what, assertion) in [
            ("another key", other.sign("JWT", &forged)),
            ("another audience", claims(json!({ "jti": "4", "aud": "https://elsewhere.test" }))),
            ("another subject", claims(json!({ "jti": "5", "sub": desk.client.id }))),
            ("another application", claims(json!({ "jti": "6", "iss": desk.client.id, "sub": desk.client.id }))),
            ("no jti", claims(json!({ "jti": null }))),
            ("no end", claims(json!({ "jti": "7", "exp": null }))),
            ("an end too far away", claims(json!({ "jti": "8", "exp": now + 86_400 }))),
            ("over", claims(json!({ "jti": "9", "exp": now - 60 }))),
            ("no token", "x.y.z".to_owned()),
        ] {
            assert_eq!(ask(&assertion).await.error(), (401, "invalid_client"), "{what}");
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_is_not_the_application_gets_nothing() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        let form = [ITSELF, ("tenant", "contoso")];
        let wrong = Client { secret: "pwa_wrong".into(), ..desk.client.clone() };
        let unknown = Client { id: "app_01h2xcejqtf2nbrexx3vqjhp41".into(), secret: "x".into() };
        for client in [&wrong, &unknown] {
            let told = desk.ask(client, &form).await;
            assert_eq!(told.error(), (401, "invalid_client"));
            assert!(told.headers["www-authenticate"].to_str().unwrap().starts_with("Basic"));
        }
        assert_eq!(desk.post("/oauth/token", &[], &form).await.error(), (401, "invalid_client"));
        let (id, secret) =
            (("client_id", desk.client.id.as_str()), ("client_secret", desk.client.secret.as_str()));
        let told = desk.post("/oauth/token", &[], &[ITSELF, ("tenant", "contoso"), id]).await;
        assert_eq!(told.error(), (401, "invalid_client"), "it has a secret and must show it");
        assert_eq!(
            desk.post("/oauth/token", &[], &[ITSELF, ("tenant", "contoso"), id, secret]).await.status,
            200
        );
        let told = desk.ask(&desk.client, &[ITSELF, ("tenant", "contoso"), id, secret]).await;
        assert_eq!(told.error(), (400, "invalid_request"), "in two ways at once");
        let twice = [ITSELF, ITSELF, ("tenant", "contoso")];
        assert_eq!(desk.ask(&desk.client, &twice).await.error(), (400, "invalid_request"));
        for grant in ["password", "urn:ietf:params:oauth:grant-type:jwt-bearer", "implicit"] {
            let told = desk.ask(&desk.client, &[("grant_type", grant), ("tenant", "contoso")]).await;
            assert_eq!(told.error(), (400, "unsupported_grant_type"));
        }
        // Names and secrets are written as in a form.
        let odd =
            BASE64_STANDARD.encode(format!("{}:{}", desk.client.id.replace('_', "%5F"), desk.client.secret));
        let told = desk.post("/oauth/token", &[("authorization", &format!("Basic {odd}"))], &form).await;
        assert_eq!(told.status, 200, "{}", told.body);
    })
    .await;
}
