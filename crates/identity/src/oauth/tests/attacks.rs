//! Attacks of RFC 9700 and of the research, each by its name.

use super::desk::{BACK, Desk, VERIFIER, answer, register};
use crate::tests::browser::Browser;
use access::Refusal;
use serde_json::json;
use std::time::Duration;
use testkit::for_each_engine;

const CODE: (&str, &str) = ("grant_type", "authorization_code");

#[tokio::test]
async fn code_replay_ends_what_the_code_was_good_for() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        let code = desk.code().await;
        let told = desk.redeem(&code).await;
        assert_eq!(told.status, 200);
        assert!(desk.caller(desk.contoso(), &told.text("access_token")).await.is_ok());
        assert_eq!(desk.redeem(&code).await.error(), (400, "invalid_grant"));
        let caller = desk.caller(desk.contoso(), &told.text("access_token")).await;
        assert_eq!(caller.err(), Some(Refusal::TokenEnded));
        assert_eq!(desk.refresh(&told.text("refresh_token")).await.error(), (400, "invalid_grant"));
    })
    .await;
}

#[tokio::test]
async fn code_injection_fails_without_the_verifier_and_burns_the_code() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        for wrong in ["another-verifier-that-is-long-enough-0123456789-x", "", "short"] {
            let code = desk.code().await;
            let mut form = vec![CODE, ("code", code.as_str()), ("redirect_uri", BACK)];
            if !wrong.is_empty() {
                form.push(("code_verifier", wrong));
            }
            assert_eq!(desk.ask(&desk.client, &form).await.error(), (400, "invalid_grant"), "{wrong}");
            assert_eq!(desk.redeem(&code).await.error(), (400, "invalid_grant"), "it is burnt");
        }
    })
    .await;
}

#[tokio::test]
async fn pkce_downgrade_is_refused() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        let mut browser = Browser::new(&desk.house);
        desk.go(&mut browser, &desk.request(&[])).await;
        for changes in [
            [("code_challenge", ""), ("code_challenge_method", "")],
            [("code_challenge", VERIFIER), ("code_challenge_method", "plain")],
            [("code_challenge", VERIFIER), ("code_challenge_method", "")],
            [("code_challenge", "too-short"), ("code_challenge_method", "S256")],
        ] {
            let said = answer(&browser.follow(&desk.request(&changes)).await);
            assert_eq!(said["error"], "invalid_request", "{changes:?}");
            assert!(!said.contains_key("code"));
        }
    })
    .await;
}

#[tokio::test]
async fn an_unproven_return_address_is_never_redirected_to() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        let mut browser = Browser::new(&desk.house);
        desk.go(&mut browser, &desk.request(&[])).await;
        for trick in [
            "https://evil.test/cb",
            "https://planner.test/cb/",
            "https://planner.test/cb/../x",
            "https://planner.test:8443/cb",
            "https://PLANNER.test/cb",
            "https://planner.test/cb#x",
            "https://planner.test@evil.test/cb",
            "https://planner.test/%63b",
            "https://planner.test/cb?x=y",
            "javascript:alert(1)",
            "",
        ] {
            for more in [[("prompt", "none")], [("response_type", "token")], [("scope", "nonsense")]] {
                let request = desk.request(&[("redirect_uri", trick), more[0]]);
                let reply = browser.get(&request).await;
                assert_eq!(
                    (reply.status.as_u16(), reply.code().as_str()),
                    (400, "authorize.return"),
                    "{trick}"
                );
                assert!(reply.headers.get("location").is_none());
            }
        }
        let reply = browser.get(&desk.request(&[("client_id", "app_01h2xcejqtf2nbrexx3vqjhp41")])).await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (400, "authorize.application"));
        let twice = format!("{}&redirect_uri=https://evil.test", desk.request(&[]));
        assert_eq!(browser.get(&twice).await.code(), "authorize.request");
    })
    .await;
}

#[tokio::test]
async fn client_id_swapping_burns_the_code_and_the_refresh_token() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        let other = register(&desk.house, json!({ "reach": "all" })).await;
        let code = desk.code().await;
        let form = [CODE, ("code", code.as_str()), ("redirect_uri", BACK), ("code_verifier", VERIFIER)];
        assert_eq!(desk.ask(&other, &form).await.error(), (400, "invalid_grant"));
        assert_eq!(desk.redeem(&code).await.error(), (400, "invalid_grant"));
        let told = desk.tokens().await;
        let refresh = told.text("refresh_token");
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
        assert_eq!(desk.ask(&other, &form).await.error(), (400, "invalid_grant"));
        assert_eq!(desk.refresh(&refresh).await.error(), (400, "invalid_grant"), "whoever lost it loses it");
    })
    .await;
}

#[tokio::test]
async fn refresh_reuse_ends_the_family() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        let first = desk.tokens().await.text("refresh_token");
        let second = desk.refresh(&first).await;
        world.clock.advance(Duration::from_secs(31));
        desk.room().web.warden.heard();
        assert_eq!(desk.refresh(&first).await.error(), (400, "invalid_grant"));
        assert_eq!(desk.refresh(&second.text("refresh_token")).await.error(), (400, "invalid_grant"));
        let caller = desk.caller(desk.contoso(), &second.text("access_token")).await;
        assert_eq!(caller.err(), Some(Refusal::TokenEnded));
        // Two steps back is too far even at once.
        let first = desk.tokens().await.text("refresh_token");
        let second = desk.refresh(&first).await.text("refresh_token");
        let third = desk.refresh(&second).await.text("refresh_token");
        assert_eq!(desk.refresh(&first).await.error(), (400, "invalid_grant"));
        assert_eq!(desk.refresh(&third).await.error(), (400, "invalid_grant"));
    })
    .await;
}

#[tokio::test]
async fn a_token_is_worthless_at_another_tenants_address() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        let told = desk.tokens().await;
        let refused = world.witness.refused().len();
        let caller = desk.caller(desk.fabrikam(), &told.text("access_token")).await;
        assert_eq!(caller.err(), Some(Refusal::ForeignCredential));
        assert!(world.witness.refused().len() > refused, "and the attempt is noted");
        // A code or refresh token whose tenant is exchanged for another is none of ours.
        let (contoso, fabrikam) = (desk.contoso().id.to_string(), desk.fabrikam().id.to_string());
        let moved = told.text("refresh_token").replace(&contoso, &fabrikam);
        assert_eq!(desk.refresh(&moved).await.error(), (400, "invalid_grant"));
        let moved = desk.code().await.replace(&contoso, &fabrikam);
        assert_eq!(desk.redeem(&moved).await.error(), (400, "invalid_grant"));
    })
    .await;
}

#[tokio::test]
async fn a_session_of_one_organisations_provider_gives_no_code_for_another() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        let mut browser = Browser::new(&desk.house);
        desk.go(&mut browser, &desk.request(&[])).await;
        let fabrikam = desk.fabrikam().id.to_string();
        let reply = browser.follow(&desk.request(&[("tenant", &fabrikam)])).await;
        assert!(reply.body.contains("Choose how you sign in"), "{} {}", reply.status, reply.body);
        let silent = desk.request(&[("tenant", &fabrikam), ("prompt", "none")]);
        assert_eq!(answer(&browser.follow(&silent).await)["error"], "login_required");
        // Unknown and unpublished are one answer.
        world.raw(&format!("UPDATE tenant_setting SET published = 0 WHERE tenant_id = '{fabrikam}'")).await;
        desk.house.heard(desk.fabrikam()).await;
        let hidden = answer(&browser.follow(&desk.request(&[("tenant", &fabrikam)])).await);
        let unknown = answer(&browser.follow(&desk.request(&[("tenant", "nobody-here")])).await);
        assert_eq!(hidden, unknown);
        assert_eq!(hidden["error"], "access_denied");
    })
    .await;
}

#[tokio::test]
async fn mix_up_is_told_by_the_issuer_in_every_answer() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        let mut browser = Browser::new(&desk.house);
        for changes in [[("prompt", "none")], [("response_type", "id_token")], [("request", "x.y.z")]] {
            let said = answer(&browser.follow(&desk.request(&changes)).await);
            assert_eq!(said["iss"], "http://id.pw.test");
            assert_eq!(said["state"], "a state");
            assert!(said.contains_key("error"));
        }
    })
    .await;
}

#[tokio::test]
async fn request_objects_are_refused_clearly_and_nothing_is_fetched() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        let mut browser = Browser::new(&desk.house);
        for (changes, error) in [
            ([("request", "x.y.z")], "request_not_supported"),
            ([("request_uri", "https://planner.test/request")], "request_uri_not_supported"),
            ([("registration", "{}")], "registration_not_supported"),
            ([("response_type", "code token")], "unsupported_response_type"),
            ([("response_mode", "fragment")], "invalid_request"),
            ([("prompt", "none login")], "invalid_request"),
            ([("max_age", "-1")], "invalid_request"),
            ([("scope", "surveys.delete")], "invalid_scope"),
            ([("resource", "https://unknown.test")], "invalid_target"),
        ] {
            let said = answer(&browser.follow(&desk.request(&changes)).await);
            assert_eq!(said["error"], error, "{changes:?}");
        }
        let forged = desk.request(&[("request_uri", "urn:ietf:params:oauth:request_uri:x")]);
        assert_eq!(browser.get(&forged).await.code(), "authorize.request");
    })
    .await;
}

#[tokio::test]
async fn typ_confusion_gets_nowhere() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        let told = desk.tokens().await;
        let keys = desk.room().keyring.load();
        let (id, key) = keys.context.first().unwrap();
        let set = protocol::jose::published_key_set([(id.to_string().as_str(), key.public())]).to_string();
        let keys = protocol::JwkSet::parse(set.as_bytes()).unwrap();
        let believed = |text: &str| {
            let bearer = protocol::jose::Bearer::read(text).unwrap();
            protocol::application_token::ApplicationToken::verify(
                bearer,
                &keys,
                "http://id.pw.test",
                desk.room().now(),
            )
        };
        assert!(believed(&told.text("access_token")).is_ok());
        assert!(believed(&told.text("id_token")).is_err(), "an ID token is no access token");
        // Nor is any token a code, or a code a refresh token.
        let access = told.text("access_token");
        assert_eq!(desk.redeem(&access).await.error(), (400, "invalid_grant"));
        assert_eq!(desk.refresh(&desk.code().await).await.error(), (400, "invalid_grant"));
        assert_eq!(desk.redeem(&told.text("refresh_token")).await.error(), (400, "invalid_grant"));
    })
    .await;
}

#[tokio::test]
async fn session_fixation_word_of_a_sign_in_is_good_for_its_own_person_and_request_only() {
    for_each_engine(async |world| {
        let desk = Desk::build(world).await;
        let login = desk.request(&[("prompt", "login")]);
        let mut mallory = Browser::new(&desk.house);
        let reply = mallory.follow(&login).await;
        let account = crate::tests::provider::Account::of("mallory");
        let back = desk.house.contoso.authorize(&reply.location(), &account);
        let landed = mallory.get(&back).await.location();
        assert!(landed.contains("partywall_signed_in="), "{landed}");
        // Alice, signed in long ago, follows it: she is asked all the same.
        let mut alice = Browser::new(&desk.house);
        desk.go(&mut alice, &desk.request(&[])).await;
        let reply = alice.follow(&landed).await;
        assert!(reply.location().starts_with(&desk.house.contoso.issuer()), "{}", reply.location());
        // And put on another request it says nothing either.
        let word = landed.split("partywall_signed_in=").nth(1).unwrap();
        let other = format!(
            "{}&partywall_signed_in={word}",
            desk.request(&[("prompt", "login"), ("state", "other")])
        );
        let reply = mallory.follow(&other).await;
        assert!(reply.location().starts_with(&desk.house.contoso.issuer()));
    })
    .await;
}
