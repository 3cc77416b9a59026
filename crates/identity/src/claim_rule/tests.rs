//! Stories about claim rules: what is said at the provider, and what a tenant makes of it.

use crate::tests::{
    browser::Browser,
    console::{AtConsole, api, give, page, trail},
    house::House,
    provider::{Account, pairs},
};
use domain::RoleName;
use http::Method;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};
use testkit::{Village, World, for_each_engine};

async fn house(world: &World) -> House {
    let house = House::build(world).await;
    let role = |name: &str| (name.parse::<RoleName>().unwrap(), name.parse().unwrap());
    house.room.known_roles.store(Arc::new(BTreeMap::from(["reader", "editor"].map(role))));
    house
}

fn rules_of(village: &Village) -> String {
    api(village, &format!("connections/{}/claim-rules", village.connection))
}

fn to_editor() -> Value {
    json!([
        { "rule": "roles", "claim": "groups", "values": { "42": ["editor"] } },
        { "rule": "remove", "claims": ["email"] },
        { "rule": "rename", "claim": "dept", "to": "department" },
    ])
}

async fn member(house: &House, village: &Village, account: &Account) -> Value {
    let mut browser = Browser::new(house);
    browser.sign_in(house, village, &house.contoso, account).await;
    browser.session_at(house, village).await.expect("they are signed in")["member"].clone()
}

async fn stand(world: &World, village: &Village, standing: &str) {
    world
        .raw(&format!("UPDATE connection SET standing = '{standing}' WHERE id = '{}'", village.connection))
        .await;
}

#[tokio::test]
async fn a_group_gives_a_role_and_the_address_is_dropped_as_the_dry_run_said() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let erin = Account::of("erin").saying("groups", json!(["42", "9"])).saying("dept", json!("Sales"));
        let claims = json!({ "sub": "erin", "name": "erin", "email": "erin@people.test", "groups": ["42", "9"], "dept": "Sales" });
        let asked = json!({ "rules": to_editor(), "claims": claims });
        let tried = admin.send(Method::POST, &format!("{}/try", rules_of(contoso)), asked).await.json();
        assert_eq!(tried["roles"], json!(["editor"]), "{tried}");
        let kept = json!({ "name": "erin", "attributes": { "department": "Sales" } });
        assert_eq!((&tried["profile"], tried["steps"].as_array().unwrap().len()), (&kept, 3));

        let set = admin.send(Method::PUT, &rules_of(contoso), json!({ "rules": to_editor() })).await;
        assert_eq!((set.status.as_u16(), &set.json()["scopes"]), (200, &json!("profile")), "{}", set.body);
        let mut browser = Browser::new(&house);
        let address = browser.leave_for(&house, contoso, "/").await;
        assert_eq!(pairs(&address)["scope"], "openid profile", "what is dropped is not asked for");
        browser.follow(&house.contoso.authorize(&address, &erin)).await;
        let session = browser.session_at(&house, contoso).await.expect("she is signed in");
        let live = &session["member"];
        assert_eq!((&live["roles"], live.get("email")), (&json!(["editor"]), None));
        let shown = admin.get(&api(contoso, &format!("members/{}", live["id"].as_str().unwrap()))).await.json();
        assert_eq!((&shown["attributes"], &shown["email"]), (&kept["attributes"], &Value::Null));
        let told = trail(world, contoso.id).await;
        assert!(told.contains("claim_rules") && !told.contains("Sales"), "{told}");
    })
    .await;
}

#[tokio::test]
async fn a_role_goes_when_the_provider_says_it_no_more_and_one_given_by_hand_stays() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        house.link(world, contoso, contoso.admin.user, "root").await;
        admin.send(Method::PUT, &rules_of(contoso), json!({ "rules": to_editor() })).await;
        let root = Account::of("root");
        give(world, &house, contoso, &contoso.admin, "reader").await;
        let both = member(&house, contoso, &root.clone().saying("groups", json!(["42"]))).await;
        assert_eq!(both["roles"], json!(["editor", "partywall.admin", "reader"]));
        let less = member(&house, contoso, &root).await;
        assert_eq!(less["roles"], json!(["partywall.admin", "reader"]), "what was given by hand stays");

        member(&house, contoso, &root.saying("groups", json!("42"))).await;
        stand(world, contoso, "off").await;
        let admin = AtConsole::operator(&house).because("the connection is to go");
        let path = api(contoso, &format!("connections/{}", contoso.connection));
        assert_eq!(admin.delete(&path).await.status, 204);
        let held = format!(
            "SELECT COUNT(*) FROM member_role WHERE role = 'editor' AND tenant_id = '{}'",
            contoso.id
        );
        assert_eq!(world.number(&held).await, 0, "a connection takes along what its rules gave");
    })
    .await;
}

#[tokio::test]
async fn a_rule_that_would_set_the_tenant_is_refused_with_its_number_and_nothing_changes() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let first = json!({ "rule": "remove", "claims": ["email"] });
        for (bad, says) in [
            (json!({ "rule": "add", "claim": "tenant", "value": "fabrikam" }), "No rule may set tenant"),
            (json!({ "rule": "rename", "claim": "x", "to": "iss" }), "No rule may set iss"),
            (json!({ "rule": "add", "claim": "acr", "value": "high" }), "No rule may set acr"),
            (json!({ "rule": "roles", "claim": "g", "values": { "1": ["owner"] } }), "has no role owner"),
            (
                json!({ "rule": "roles", "claim": "g", "values": { "1": ["partywall.admin"] } }),
                "nobody becomes an admin",
            ),
        ] {
            let body = json!({ "rules": [first, bad] });
            let refused = admin.send(Method::PUT, &rules_of(contoso), body).await;
            assert_eq!(refused.told(), (422, "claim-rule.invalid".into()));
            let refused = refused.json();
            assert_eq!(refused["errors"][0]["pointer"], "/rules/1");
            let why = refused["detail"].as_str().unwrap();
            assert!(why.starts_with("Rule 2: ") && why.contains(says), "{why}");
        }
        assert_eq!(admin.get(&rules_of(contoso)).await.json()["rules"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn somebody_whose_other_claim_is_your_subject_is_not_you() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let alice = member(&house, contoso, &Account::of("alice")).await;
        let rules = json!({ "rules": [{ "rule": "subject", "claim": "oid" }] });
        let late = admin.send(Method::PUT, &rules_of(contoso), rules.clone()).await;
        assert_eq!(late.told(), (409, "claim-rule.settled".into()), "people are known by now");

        stand(world, contoso, "draft").await;
        let set = AtConsole::operator(&house).because("before first use");
        assert_eq!(set.send(Method::PUT, &rules_of(contoso), rules).await.status, 200);
        stand(world, contoso, "active").await;
        let mallory = Account::of("mallory").saying("oid", json!("alice"));
        let other = member(&house, contoso, &mallory).await;
        assert_ne!(other["id"], alice["id"], "another claim of the same text is another name");
        let again = member(&house, contoso, &Account::of("m").saying("oid", json!("alice"))).await;
        assert_eq!(again["id"], other["id"]);

        let mut nobody = Browser::new(&house);
        let reply = nobody.sign_in(&house, contoso, &house.contoso, &Account::of("carol")).await;
        assert_eq!(reply.told(), (403, "sign-in.no-subject".into()));
    })
    .await;
}

#[tokio::test]
async fn rules_are_tried_on_what_the_last_trial_brought_and_by_nobody_else() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let asks = format!("{}/try", rules_of(contoso));
        let none = admin.send(Method::POST, &asks, json!({ "rules": to_editor() })).await;
        assert_eq!(none.told(), (409, "claim-rule.no-trial".into()));

        let trial =
            admin.form(&page(contoso, &format!("connections/{}/test", contoso.connection)), &[]).await;
        let mut tester = Browser::new(&house);
        let address = tester.follow(&trial.link("/trial?ticket=")).await.location();
        let account = Account::of("erin").saying("groups", json!(["42"]));
        let shown = tester.follow(&house.contoso.authorize(&address, &account)).await;
        assert!(shown.body.contains("believed"), "{}", shown.body);
        let tried = admin.send(Method::POST, &asks, json!({ "rules": to_editor() })).await.json();
        assert_eq!((&tried["roles"], &tried["has_subject"]), (&json!(["editor"]), &json!(true)));
        let kept = world.raw("SELECT sealed FROM connection_trial").await;
        assert!(!kept[0][0].contains("erin"), "it is sealed");

        let fabrikam = &house.town.fabrikam;
        let other = AtConsole::person(world, &house, fabrikam, &fabrikam.admin).await;
        for path in [asks.clone(), asks.replace(&contoso.id.to_string(), &fabrikam.id.to_string())] {
            let refused = other.send(Method::POST, &path, json!({ "rules": [] })).await;
            assert!(refused.status == 403 || refused.status == 404, "{} {}", refused.status, refused.body);
            assert!(!refused.body.contains("erin"));
        }
        world.pass(std::time::Duration::from_secs(3_601));
        let over = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let over = over.send(Method::POST, &asks, json!({})).await;
        assert_eq!(over.told(), (409, "claim-rule.no-trial".into()), "after an hour it is forgotten");
    })
    .await;
}

#[tokio::test]
async fn rules_are_written_tried_and_saved_on_a_page() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let here = page(contoso, &format!("connections/{}/rules", contoso.connection));
        assert!(admin.get(&here).await.body.contains("Claim rules"));
        let text = to_editor().to_string();
        let claims = r#"{"sub": "erin", "groups": ["42"], "dept": "Sales"}"#;
        let tried = admin.form(&here, &[("rules", &text), ("claims", claims), ("do", "try")]).await;
        assert_eq!(tried.status, 200);
        for words in ["groups gives roles.", "None of them was said.", "Sales", "editor"] {
            assert!(tried.body.contains(words), "{words}: {}", tried.body);
        }
        let bad = r#"[{"rule":"add","claim":"iss","value":"x"}]"#;
        let refused = admin.form(&here, &[("rules", bad), ("claims", ""), ("do", "save")]).await;
        assert_eq!(refused.status, 422);
        assert!(refused.body.contains("Rule 1: No rule may set iss"), "{}", refused.body);
        let saved = admin.form(&here, &[("rules", &text), ("claims", ""), ("do", "save")]).await;
        assert_eq!(saved.status, 303, "{}", saved.body);
        assert!(admin.get(&here).await.body.contains("department"));
    })
    .await;
}

#[tokio::test]
async fn one_provider_is_made_something_else_of_by_each_tenant_s_rules() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        // Fabrikam's second connection leads to Contoso's provider, which is shared with it.
        let shared = world
            .raw(&format!(
                "SELECT id FROM connection WHERE tenant_id = '{}' AND provider_id = '{}'",
                fabrikam.id, contoso.provider
            ))
            .await
            .remove(0)
            .remove(0);
        let rules = |role: &str| json!({ "rules": [{ "rule": "roles", "claim": "groups", "values": { "42": [role] } }] });
        let ours = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        assert_eq!(ours.send(Method::PUT, &rules_of(contoso), rules("editor")).await.status, 200);
        let theirs = AtConsole::person(world, &house, fabrikam, &fabrikam.admin).await;
        let path = api(fabrikam, &format!("connections/{shared}/claim-rules"));
        assert_eq!(theirs.send(Method::PUT, &path, rules("reader")).await.status, 200);

        let erin = Account::of("erin").saying("groups", json!(["42"]));
        let here = member(&house, contoso, &erin).await;
        let mut browser = Browser::new(&house);
        let start = format!("{}/.partywall/sign-in?return=/&connection={shared}", house.origin(fabrikam));
        let address = browser.follow(&start).await.location();
        browser.follow(&house.contoso.authorize(&address, &erin)).await;
        let there = browser.session_at(&house, fabrikam).await.expect("she is known there too");
        assert_eq!((&here["roles"], &there["member"]["roles"]), (&json!(["editor"]), &json!(["reader"])));

        let off = format!("UPDATE connection SET standing = 'off' WHERE id = '{}'", contoso.connection);
        world.raw(&off).await;
        house.heard(fabrikam).await;
        assert!(browser.session_at(&house, fabrikam).await.is_some(), "the other goes on");
    })
    .await;
}
