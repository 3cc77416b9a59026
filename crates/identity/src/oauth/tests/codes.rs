//! Codes and refresh tokens, as they are meant.

use super::desk::{BACK, Desk, answer, claims};
use crate::tests::{browser::Browser, provider::Account};
use access::Refusal;
use http::Method;
use serde_json::json;
use std::time::Duration;
use testkit::for_each_engine;

#[tokio::test]
async fn somebody_signs_in_to_an_application_with_their_organisations_credentials() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        let mut browser = Browser::new(&desk.house);
        let said = desk.go(&mut browser, &desk.request(&[])).await;
        assert_eq!((said["state"].as_str(), said["iss"].as_str()), ("a state", "http://id.pw.test"));
        let told = desk.redeem(&said["code"]).await;
        assert_eq!(told.status, 200, "{}", told.body);
        assert_eq!(told.body["token_type"], "Bearer");
        assert_eq!(told.body["scope"], "email openid profile roles surveys.read");
        assert_eq!(told.headers["cache-control"], "no-store");

        let alice = &desk.contoso().admin;
        let id = claims(&told.text("id_token"));
        assert_eq!(id["sub"], json!(alice.user.to_string()));
        assert_eq!(id["aud"], json!(desk.client.id));
        assert_eq!(id["nonce"], "a nonce");
        assert_eq!(id["tenant"], json!(desk.contoso().id.to_string()));
        assert_eq!((&id["name"], &id["email"]), (&json!("alice"), &json!("alice@people.test")));
        assert!(id["roles"].as_array().is_some_and(|roles| !roles.is_empty()));
        assert!(id["auth_time"].is_number() && id["sid"].is_string() && id["at_hash"].is_string());

        let token = desk.read(&told.text("access_token"));
        assert_eq!(token.who, Some((alice.user, alice.member)));
        assert_eq!(token.audience, format!("http://id.pw.test/t/{}", desk.contoso().id));
        let caller = desk.caller(desk.contoso(), &told.text("access_token")).await.unwrap();
        assert_eq!(caller.person().unwrap().member, alice.member);
        assert_eq!(caller.rights(), domain::RightSet::default(), "a token opens no console");
        assert_eq!(caller.application().unwrap().token.scopes.len(), 1);

        // A second application of the family asks nobody anything, and has a name of its own for the session.
        let second = super::desk::register(
            &desk.house,
            json!({ "reach": "all", "resource": "https://api.second.test" }),
        )
        .await;
        let asked = desk.house.contoso.times("token");
        let said = answer(&browser.follow(&desk.request(&[("client_id", &second.id)])).await);
        assert_eq!(desk.house.contoso.times("token"), asked, "no provider was asked");
        let form = [
            ("grant_type", "authorization_code"),
            ("code", said["code"].as_str()),
            ("redirect_uri", BACK),
            ("code_verifier", super::desk::VERIFIER),
        ];
        let other = desk.ask(&second, &form).await;
        assert_eq!(desk.read(&other.text("access_token")).audience, "https://api.second.test");
        assert_ne!(claims(&other.text("id_token"))["sid"], id["sid"]);
    })
    .await;
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_for_a_moment_longer() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        let first = desk.tokens().await;
        let second = desk.refresh(&first.text("refresh_token")).await;
        assert_eq!(second.status, 200, "{}", second.body);
        assert_ne!(second.text("refresh_token"), first.text("refresh_token"));
        // The answer was lost: the same token again gives the same next one.
        world.clock.advance(Duration::from_secs(29));
        let again = desk.refresh(&first.text("refresh_token")).await;
        assert_eq!(again.text("refresh_token"), second.text("refresh_token"));
        let third = desk.refresh(&second.text("refresh_token")).await;
        assert_eq!(third.status, 200);
        let narrow = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &third.text("refresh_token")),
            ("scope", "openid"),
        ];
        let narrow = desk.ask(&desk.client, &narrow).await;
        assert!(desk.read(&narrow.text("access_token")).scopes.is_empty());
        let more = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &narrow.text("refresh_token")),
            ("scope", "surveys.write"),
        ];
        assert_eq!(desk.ask(&desk.client, &more).await.error(), (400, "invalid_scope"));
    })
    .await;
}

#[tokio::test]
async fn whoever_is_suspended_keeps_no_token() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        let told = desk.tokens().await;
        let contoso = desk.contoso();
        assert!(desk.caller(contoso, &told.text("access_token")).await.is_ok());
        world
            .raw(&format!("UPDATE member SET standing = 'suspended' WHERE id = '{}'", contoso.admin.member))
            .await;
        desk.room().forget(contoso.id);
        let caller = desk.caller(contoso, &told.text("access_token")).await;
        assert_eq!(caller.err(), Some(Refusal::TokenEnded));
        assert_eq!(desk.refresh(&told.text("refresh_token")).await.error(), (400, "invalid_grant"));
    })
    .await;
}

#[tokio::test]
async fn an_application_is_in_use_where_an_admin_agreed_and_nowhere_else() {
    for_each_engine(async |world| {
        let desk = Desk::with(world, json!({})).await;
        let mut browser = Browser::new(&desk.house);
        let said = desk.go(&mut browser, &desk.request(&[])).await;
        assert_eq!(said["error"], "access_denied");
        desk.agree(world, desk.contoso(), &["surveys.read"]).await;
        let request = desk.request(&[("scope", "openid surveys.read surveys.write")]);
        let said = desk.go(&mut browser, &request).await;
        let told = desk.redeem(&said["code"]).await;
        assert_eq!(told.body["scope"], "openid surveys.read", "no more than was agreed");
        let access = told.text("access_token");
        assert!(desk.caller(desk.contoso(), &access).await.is_ok());

        let admin = crate::tests::console::AtConsole::person(
            world,
            &desk.house,
            desk.contoso(),
            &desk.contoso().admin,
        )
        .await;
        let path = format!(
            "{}/{}/consent",
            crate::tests::console::api(desk.contoso(), "applications"),
            desk.client.id
        );
        assert_eq!(admin.send(Method::DELETE, &path, json!({})).await.status, 204);
        assert_eq!(desk.caller(desk.contoso(), &access).await.err(), Some(Refusal::TokenEnded));
        assert_eq!(desk.refresh(&told.text("refresh_token")).await.error(), (400, "invalid_grant"));
    })
    .await;
}

#[tokio::test]
async fn what_an_application_wants_of_the_sign_in_is_heeded() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        let mut browser = Browser::new(&desk.house);
        let silent = answer(&browser.follow(&desk.request(&[("prompt", "none")])).await);
        assert_eq!(silent["error"], "login_required");
        desk.go(&mut browser, &desk.request(&[])).await;
        let silent = answer(&browser.follow(&desk.request(&[("prompt", "none")])).await);
        assert!(silent.contains_key("code"));
        // Login asks again, and is satisfied by that one sign-in.
        let login = desk.request(&[("prompt", "login")]);
        let reply = browser.follow(&login).await;
        assert!(reply.location().starts_with(&desk.house.contoso.issuer()));
        assert!(reply.location().contains("prompt=login"));
        let back = desk.house.contoso.authorize(&reply.location(), &Account::of("alice"));
        let reply = browser.follow(&back).await;
        assert!(answer(&reply).contains_key("code"));
        let again = browser.follow(&login).await;
        assert!(again.location().starts_with(&desk.house.contoso.issuer()), "the next one asks anew");
        // So does an old sign-in where a recent one is wanted.
        world.clock.advance(Duration::from_secs(60));
        let reply = browser.follow(&desk.request(&[("max_age", "30")])).await;
        assert!(reply.location().starts_with(&desk.house.contoso.issuer()));
        assert!(answer(&browser.follow(&desk.request(&[("max_age", "3600")])).await).contains_key("code"));
    })
    .await;
}

#[tokio::test]
async fn somebody_of_several_organisations_chooses_one() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        let contoso = desk.contoso();
        desk.house.link(world, contoso, desk.house.town.dana_at_contoso.user, "dana").await;
        let mut browser = Browser::new(&desk.house);
        let nowhere = desk.request(&[("tenant", "")]);
        let page = browser.follow(&nowhere).await;
        assert!(page.body.contains("organisation") && !page.body.contains("Contoso"), "{}", page.body);
        let found = browser.follow(&format!("{nowhere}&organisation=contoso")).await;
        assert!(found.body.contains("Contoso"), "{}", found.body);
        let on = format!("http://id.pw.test{}", found.link("/oauth/authorize"));
        let said = desk.go_as("dana", &mut browser, &on).await;
        assert!(said.contains_key("code"), "{said:?}");
        let page = browser.follow(&nowhere).await;
        assert!(page.body.contains("Contoso") && page.body.contains("Fabrikam"), "{}", page.body);
        desk.house.town.canary.is_absent(&page.body);
        let silent = answer(&browser.follow(&desk.request(&[("tenant", ""), ("prompt", "none")])).await);
        assert_eq!(silent["error"], "account_selection_required");
    })
    .await;
}

#[tokio::test]
async fn an_answer_may_come_as_a_form() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        let mut browser = Browser::new(&desk.house);
        desk.go(&mut browser, &desk.request(&[])).await;
        let page = browser.follow(&desk.request(&[("response_mode", "form_post")])).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains(&format!("action=\"{BACK}\"")), "{}", page.body);
        assert!(page.body.contains("name=\"code\"") && page.body.contains("name=\"iss\""));
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("form-action 'self' https://planner.test"), "{policy}");
    })
    .await;
}

#[tokio::test]
async fn what_clients_need_to_know_is_published() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
            let told = desk.send(Method::GET, path, &[], String::new()).await;
            assert_eq!(told.status, 200);
            assert_eq!(told.body["issuer"], "http://id.pw.test");
            assert_eq!(told.body["code_challenge_methods_supported"], json!(["S256"]));
            assert_eq!(told.body["authorization_response_iss_parameter_supported"], true);
            for endpoint in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
                assert!(
                    told.body[endpoint].as_str().unwrap().starts_with("http://id.pw.test/"),
                    "{endpoint}"
                );
            }
        }
    })
    .await;
}
