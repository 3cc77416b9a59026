use super::*;
use crate::{desk::Desk, scene::trail};
use domain::issuer::name_hash;
use testkit::{Town, for_each_engine};

fn rules(further: Value) -> Value {
    let mut rules = json!({
        "issuer": "https://idp.contoso.test", "audiences": ["https://api.saas.test"], "tenant_claim": "org",
        "tenants": ["contoso"],
    });
    for (name, value) in further.as_object().expect("an object") {
        match value {
            Value::Null => drop(rules.as_object_mut().expect("an object").remove(name)),
            value => rules[name] = value.clone(),
        }
    }
    rules
}

const PATH: &str = "/v1/platform/issuers";

#[tokio::test]
async fn an_issuer_is_registered_changed_and_removed() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let desk = Desk::at(world);
        let made =
            desk.api("POST", PATH, rules(json!({ "aliases": { "c": "contoso" } }))).await.is(201).json();
        assert_eq!(made["tenants"], json!([town.contoso.id]));
        assert_eq!(made["aliases"], json!({ "c": town.contoso.id }));
        assert_eq!((&made["algorithms"][2], &made["scope_claim"]), (&json!("ES256"), &json!("scope")));
        let twice = desk.api("POST", PATH, rules(json!({}))).await;
        assert_eq!((twice.status.as_u16(), twice.code().as_str()), (409, "name.taken"));
        let one = format!("{PATH}/{}", made["id"].as_str().expect("an id"));
        let other =
            json!({ "tenants": null, "all_tenants": true, "caller": "user", "algorithms": ["EdDSA"] });
        let changed = desk.api("PUT", &one, rules(other)).await.is(200).json();
        assert_eq!((&changed["all_tenants"], &changed["caller"]), (&json!(true), &json!("user")));
        let (loaded, names) = load(&world.store, &world.upkeep()).await.expect("read");
        assert_eq!((loaded.len(), names.is_some()), (1, true));
        assert_eq!(loaded[0].rules.tenants, BoundTo::All);
        assert_eq!(desk.api("GET", PATH, Value::Null).await.is(200).json()["items"][0]["id"], made["id"]);
        desk.api("DELETE", &one, Value::Null).await.is(204);
        desk.api("GET", &one, Value::Null).await.is(404);
        desk.api("DELETE", &one, Value::Null).await.is(404);
        let lines = trail(world, town.house.id).await;
        let of_ours = lines.iter().filter(|line| line.target == made["id"] && line.outcome == "done");
        assert_eq!(of_ours.count(), 3, "made, changed, removed");
    })
    .await;
}

#[tokio::test]
async fn rules_that_make_no_sense_are_refused_with_the_place() {
    for_each_engine(async |world| {
        Town::build(world).await;
        let desk = Desk::at(world);
        for (further, place) in [
            (json!({ "issuer": "http://idp.contoso.test" }), "issuer"),
            (json!({ "issuer": "https://idp.contoso.test/?x" }), "issuer"),
            (json!({ "issuer": "https://id.saas.test" }), "issuer"),
            (json!({ "jwks_uri": "ftp://x" }), "jwks_uri"),
            (json!({ "audiences": [] }), "audiences"),
            (json!({ "algorithms": ["none"] }), "algorithms"),
            (json!({ "algorithms": ["HS256"] }), "algorithms"),
            (json!({ "algorithms": [] }), "algorithms"),
            (json!({ "tenant_claim": null }), "tenant_claim"),
            (json!({ "user_claim": "email" }), "tenant_claim"),
            (json!({ "tenant_claim": "iss" }), "tenant_claim"),
            (json!({ "tenants": [] }), "tenants"),
            (json!({ "tenants": ["nosuch"] }), "tenants"),
            (json!({ "all_tenants": true }), "tenants"),
            (json!({ "caller": "root" }), "caller"),
        ] {
            let reply = desk.api("POST", PATH, rules(further.clone())).await.is(422);
            assert!(reply.body.contains(&format!("/{place}")), "{further}: {}", reply.body);
        }
        assert_eq!(desk.api("GET", PATH, Value::Null).await.json()["items"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn of_a_users_name_only_a_keyed_hash_is_kept() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let desk = Desk::at(world);
        let by_user = json!({ "tenant_claim": null, "user_claim": "email" });
        let made = desk.api("POST", PATH, rules(by_user)).await.is(201).json();
        let users = format!("{PATH}/{}/users", made["id"].as_str().expect("an id"));
        let carol = |at: &str| json!({ "user": "Carol@Contoso.test", "tenant": at });
        for at in ["contoso", "fabrikam", "contoso"] {
            desk.api("POST", &users, carol(at)).await.is(204);
        }
        let (loaded, names) = load(&world.store, &world.upkeep()).await.expect("read");
        let hash = name_hash(&names.expect("keys"), loaded[0].id, "email", "carol@contoso.test");
        let mut at = loaded[0].users[&hash].clone();
        at.sort();
        let mut both = vec![town.contoso.id, town.fabrikam.id];
        both.sort();
        assert_eq!(at, both);
        desk.api("POST", &format!("{users}/remove"), carol("fabrikam")).await.is(204);
        desk.api("POST", &format!("{users}/remove"), carol("fabrikam")).await.is(404);
        let (loaded, _) = load(&world.store, &world.upkeep()).await.expect("read");
        assert_eq!(loaded[0].users[&hash], [town.contoso.id]);
        let everything = world.raw("SELECT before_values, after_values, target FROM audit_line").await;
        let rows = world.raw("SELECT digest, at_tenant FROM token_user").await;
        let told = format!("{everything:?}{rows:?}").to_lowercase();
        assert!(!told.contains("carol@"), "the name is nowhere");
        let by_claim = rules(json!({ "issuer": "https://other.test" }));
        let other = desk.api("POST", PATH, by_claim).await.json();
        let users = format!("{PATH}/{}/users", other["id"].as_str().expect("an id"));
        desk.api("POST", &users, carol("contoso")).await.is(422);
    })
    .await;
}

#[tokio::test]
async fn the_page_shows_issuers_and_nobody_but_operators() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let desk = Desk::at(world);
        desk.api("POST", PATH, rules(json!({}))).await.is(201);
        let operator = desk.visitor(&town.house, town.house.admin.user).await;
        desk.open(&operator, "/platform/issuers")
            .await
            .is(200)
            .shows(&["https://idp.contoso.test", "one tenant"]);
        let admin = desk.visitor(&town.contoso, town.contoso.admin.user).await;
        desk.open(&admin, "/platform/issuers").await.hides(&["idp.contoso.test"]);
    })
    .await;
}
