//! What becomes of tokens: who is told what they are good for, and how they end.

use super::desk::{Client, Desk, basic, claims, register};
use crate::tests::{
    browser::Browser,
    console::{AtConsole, api},
};
use access::Refusal;
use http::Method;
use serde_json::json;
use testkit::for_each_engine;

impl Desk {
    async fn introspect(&self, client: &Client, token: &str) -> serde_json::Value {
        let told =
            self.post("/oauth/introspect", &[("authorization", &basic(client))], &[("token", token)]).await;
        assert_eq!(told.status, 200, "{}", told.body);
        told.body
    }

    async fn revoke(&self, client: &Client, token: &str) -> u16 {
        self.post("/oauth/revoke", &[("authorization", &basic(client))], &[("token", token)]).await.status
    }

    async fn userinfo(&self, token: &str) -> super::desk::Told {
        let bearer = format!("Bearer {token}");
        self.send(Method::GET, "/oauth/userinfo", &[("authorization", &bearer)], String::new()).await
    }
}

#[tokio::test]
async fn an_access_token_opens_its_persons_claims_and_nothing_else_does() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        let told = desk.tokens().await;
        let answer = desk.userinfo(&told.text("access_token")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let id = claims(&told.text("id_token"));
        for name in ["sub", "name", "email", "roles", "tenant"] {
            assert_eq!(answer.body[name], id[name], "{name}");
        }
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        for other in [told.text("id_token"), told.text("refresh_token"), "x".to_owned()] {
            let answer = desk.userinfo(&other).await;
            assert_eq!(answer.error(), (401, "invalid_token"));
            assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer error="));
        }
        let itself = [("grant_type", "client_credentials"), ("tenant", "contoso")];
        let itself = desk.ask(&desk.client, &itself).await.text("access_token");
        assert_eq!(desk.userinfo(&itself).await.error(), (403, "insufficient_scope"));
        let asked = desk.send(
            Method::OPTIONS,
            "/oauth/userinfo",
            &[("origin", "https://planner.test")],
            String::new(),
        );
        assert_eq!(asked.await.headers["access-control-allow-headers"], "Authorization, Content-Type, DPoP");
    })
    .await;
}

#[tokio::test]
async fn what_a_token_is_good_for_is_told_to_those_whom_it_concerns_and_to_nobody_else() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        let stranger = register(&desk.house, json!({ "reach": "all" })).await;
        let realm = json!({ "reach": "all", "resource": "https://api.other.test" });
        let resource = register(&desk.house, realm).await;
        let mut browser = Browser::new(&desk.house);
        let said = desk.go(&mut browser, &desk.request(&[("resource", "https://api.other.test")])).await;
        let told = desk.redeem(&said["code"]).await;
        let access = told.text("access_token");
        for knows in [&desk.client, &resource] {
            let answer = desk.introspect(knows, &access).await;
            assert_eq!((&answer["active"], &answer["aud"]), (&json!(true), &json!("https://api.other.test")));
            assert_eq!(answer["tenant"], json!(desk.contoso().id.to_string()));
            assert_eq!(answer["client_id"], json!(desk.client.id));
        }
        let refresh = told.text("refresh_token");
        assert_eq!(desk.introspect(&desk.client, &refresh).await["active"], true);
        // Forged, another's and malformed are one answer.
        let nothing = json!({ "active": false });
        for (client, token) in [
            (&stranger, access.as_str()),
            (&stranger, refresh.as_str()),
            (&resource, refresh.as_str()),
            (&desk.client, "nonsense"),
            (&desk.client, &told.text("id_token")),
        ] {
            assert_eq!(desk.introspect(client, token).await, nothing);
        }
        let told = desk.post("/oauth/introspect", &[], &[("token", &access)]).await;
        assert_eq!(told.error(), (401, "invalid_client"));
    })
    .await;
}

#[tokio::test]
async fn an_application_gives_back_what_it_was_given_and_the_whole_family_ends() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        let stranger = register(&desk.house, json!({ "reach": "all" })).await;
        for which in ["access_token", "refresh_token"] {
            let told = desk.tokens().await;
            let access = told.text("access_token");
            assert_eq!(desk.revoke(&stranger, &told.text(which)).await, 200, "nobody learns whose it is");
            assert_eq!(desk.introspect(&desk.client, &access).await["active"], true);
            assert_eq!(desk.revoke(&desk.client, &told.text(which)).await, 200);
            assert_eq!(desk.introspect(&desk.client, &access).await["active"], false);
            assert_eq!(desk.caller(desk.contoso(), &access).await.err(), Some(Refusal::TokenEnded));
            assert_eq!(desk.refresh(&told.text("refresh_token")).await.error(), (400, "invalid_grant"));
            assert_eq!(desk.userinfo(&access).await.error(), (401, "invalid_token"));
            assert_eq!(desk.revoke(&desk.client, &told.text(which)).await, 200, "twice is once");
        }
        assert_eq!(desk.revoke(&desk.client, "nonsense").await, 200);
    })
    .await;
}

#[tokio::test]
async fn signing_out_by_an_application_ends_the_session_and_what_rests_on_it() {
    for_each_engine(async |world| {
        let gone = "https://planner.test/gone";
        let more = json!({ "reach": "all", "post_logout_redirect_uris": [gone], "backchannel_logout_uri": "http://127.0.0.1:9/x" });
        let desk = Desk::with(world, more).await;
        let mut browser = Browser::new(&desk.house);
        let said = desk.go(&mut browser, &desk.request(&[])).await;
        let told = desk.redeem(&said["code"]).await;
        let said = desk.go(&mut browser, &desk.request(&[("scope", "openid offline_access")])).await;
        let away = desk.redeem(&said["code"]).await;
        let hint = told.text("id_token");
        let logout = |hint: &str, to: &str| {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs([("id_token_hint", hint), ("post_logout_redirect_uri", to), ("state", "s")])
                .finish();
            format!("http://id.pw.test/oauth/logout?{query}")
        };
        // Without our word about who is meant, nobody is signed out and nobody is sent anywhere.
        for forged in [logout("", gone), logout("x.y.z", gone), logout(&told.text("access_token"), gone)] {
            let reply = browser.get(&forged).await;
            assert_eq!(reply.location(), "http://id.pw.test/sign-out", "{forged}");
        }
        // Somebody else's hint signs Alice out of nothing.
        let mut other = Browser::new(&desk.house);
        desk.go_as("mallory", &mut other, &desk.request(&[])).await;
        assert_eq!(other.get(&logout(&hint, gone)).await.location(), "http://id.pw.test/sign-out");
        assert!(desk.go(&mut browser, &desk.request(&[("prompt", "none")])).await.contains_key("code"));

        let reply = browser.get(&logout(&hint, gone)).await;
        assert_eq!(reply.location(), format!("{gone}?state=s"));
        let silent = desk.go(&mut browser, &desk.request(&[("prompt", "none")])).await;
        assert_eq!(silent["error"], "login_required");
        assert_eq!(desk.refresh(&told.text("refresh_token")).await.error(), (400, "invalid_grant"));
        assert_eq!(desk.refresh(&away.text("refresh_token")).await.status, 200, "they let it go on while away");
        // The application is told, in the name of the session that it knows.
        let origin = access::Origin { request: desk.house.new_request() };
        let (_, job) = desk.room().web.warden.claim(crate::oauth::ended::CLASS, origin).await.unwrap().unwrap();
        assert!(job.body.contains(claims(&hint)["sid"].as_str().unwrap()), "{}", job.body);
    })
    .await;
}

#[tokio::test]
async fn open_redirect_at_logout_leads_nowhere_but_home() {
    for_each_engine(async |world| {
        let desk = Desk::with(
            world,
            json!({ "reach": "all", "post_logout_redirect_uris": ["https://planner.test/gone"] }),
        )
        .await;
        let mut browser = Browser::new(&desk.house);
        for trick in [
            "https://evil.test/",
            "https://planner.test/gone/",
            "https://planner.test/gone?x=1",
            "//evil.test",
            "javascript:x",
        ] {
            let said = desk.go(&mut browser, &desk.request(&[])).await;
            let hint = desk.redeem(&said["code"]).await.text("id_token");
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs([("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", trick)])
                .finish();
            let reply = browser.get(&format!("http://id.pw.test/oauth/logout?{query}")).await;
            assert_eq!(reply.location(), "http://id.pw.test/", "{trick}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_member_who_is_suspended_and_restored_gets_nothing_back() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        desk.house.link(world, desk.contoso(), desk.contoso().reader.user, "bob").await;
        let mut browser = Browser::new(&desk.house);
        let said = desk.go_as("bob", &mut browser, &desk.request(&[])).await;
        let told = desk.redeem(&said["code"]).await;
        let admin = AtConsole::person(world, &desk.house, desk.contoso(), &desk.contoso().admin).await;
        let member = format!("{}/{}", api(desk.contoso(), "members"), desk.contoso().reader.member);
        for act in ["suspend", "restore"] {
            let done = admin.post(&format!("{member}/{act}")).await;
            assert_eq!(done.status, 200, "{act}: {}", done.body);
        }
        assert_eq!(desk.refresh(&told.text("refresh_token")).await.error(), (400, "invalid_grant"));
        let caller = desk.caller(desk.contoso(), &told.text("access_token")).await;
        assert_eq!(caller.err(), Some(Refusal::TokenEnded));
    })
    .await;
}
