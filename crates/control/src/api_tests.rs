//! Stories about the API: an operator at the command line, a script with a token, an admin, a stranger.

use crate::{desk::Desk, scene::Scene};
use serde_json::{Value, json};
use std::time::Duration;
use testkit::{Canary, Town, for_each_engine};
use web::HostKind;

#[tokio::test]
async fn an_operator_creates_a_tenant_and_changes_it() {
    for_each_engine(async |world| {
        Scene::open(world).await;
        let desk = Desk::at(world);
        let body = json!({ "slug": "acme", "name": "Acme" });
        let made = desk.api("POST", "/v1/platform/tenants", body.clone()).await.is(201);
        let place = made.header("location").to_owned();
        let made = made.json();
        assert_eq!(place, format!("/v1/platform/tenants/{}", made["id"].as_str().unwrap()));
        let link = made["invitation"]["link"].as_str().unwrap();
        assert!(link.starts_with(&format!(
            "https://id.saas.test/t/{}/invitation?code=",
            made["id"].as_str().unwrap()
        )));
        let redirect = made["invitation"]["redirect_uri"].as_str().unwrap();
        assert!(redirect.starts_with("https://id.saas.test/callback/con_"));

        let twin = desk.api("POST", "/v1/platform/tenants", body).await.is(409).json();
        assert_eq!(
            (&twin["code"], &twin["errors"][0]["pointer"]),
            (&json!("tenant.slug-taken"), &json!("/slug"))
        );
        let changed = desk.api("PATCH", &place, json!({ "name": "Acme & Sons" })).await.is(200).json();
        assert_eq!(changed["name"], "Acme & Sons");
        let standing = format!("{place}/standing");
        let suspended =
            desk.api("PUT", &standing, json!({ "standing": "suspended", "reason": "a breach" })).await;
        assert_eq!(suspended.is(200).json()["standing"], "suspended");
        let shown = desk.api("GET", &place, Value::Null).await.is(200).json();
        assert_eq!(shown["standing"], "suspended");
        let listed =
            desk.api("GET", "/v1/platform/tenants?standing=suspended", Value::Null).await.is(200).json();
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_is_pointed_at() {
    for_each_engine(async |world| {
        Scene::open(world).await;
        let desk = Desk::at(world);
        let cases = [
            ("POST", "/v1/platform/tenants", json!({ "slug": "A!", "name": "Acme" }), "/slug"),
            ("POST", "/v1/platform/tenants", json!({ "slug": "house", "name": "Acme" }), "/slug"),
            ("POST", "/v1/platform/tenants", json!({ "slug": "acme", "name": " " }), "/name"),
            (
                "POST",
                "/v1/platform/tenants",
                json!({ "slug": "acme", "name": "A", "standing": "gone" }),
                "/standing",
            ),
            (
                "POST",
                "/v1/platform/tenants",
                json!({ "slug": "acme", "name": "A", "region": "E U" }),
                "/region",
            ),
            (
                "POST",
                "/v1/platform/tenants",
                json!({ "slug": "acme", "name": "A", "plan": "pln_x" }),
                "/plan",
            ),
            ("GET", "/v1/platform/tenants?standing=gone", Value::Null, "/standing"),
            ("GET", "/v1/platform/tenants?order=name", Value::Null, "/order"),
            (
                "POST",
                "/v1/platform/deployments",
                json!({ "name": "EU", "upstreams": ["10.0.0.1"] }),
                "/upstreams/0",
            ),
            ("PUT", "/v1/platform/plans/Silver", json!({ "limits": { "memebrs": 1 } }), "/limits"),
            ("PUT", "/v1/platform/roles/partywall.admin", json!({ "title": "Admin" }), "/name"),
            ("PUT", "/v1/platform/roles/R%20D", json!({ "title": "Admin" }), "/name"),
            ("POST", "/v1/platform/tokens", json!({ "name": "x", "rights": "all", "days": 1 }), "/rights"),
            ("POST", "/v1/platform/tokens", json!({ "name": "x", "rights": "read", "days": 91 }), "/days"),
            ("PUT", "/v1/platform/routes", json!({ "rutes": [] }), "/document"),
            ("GET", "/v1/platform/audit?from=yesterday", Value::Null, "/from"),
            ("GET", "/v1/platform/audit?outcome=good", Value::Null, "/outcome"),
        ];
        for (method, path, body, pointer) in cases {
            let answer = desk.api(method, path, body.clone()).await.is(422).json();
            assert_eq!(answer["code"], "input.invalid", "{method} {path} {body}");
            assert_eq!(answer["errors"][0]["pointer"], pointer, "{method} {path} {body}: {answer}");
        }
        for path in
            ["/v1/platform/tenants/tnt_x", "/v1/platform/deployments/dep_x", "/v1/platform/resting-names/x"]
        {
            let method = if path.contains("resting") { "DELETE" } else { "GET" };
            assert_eq!(desk.api(method, path, Value::Null).await.is(404).code(), "item.unknown");
        }
    })
    .await;
}

#[tokio::test]
async fn hostnames_come_and_go_by_their_own_address() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let (acme, beta) = (scene.tenant("acme").await, scene.tenant("beta").await);
        let desk = Desk::at(world);
        let at =
            |tenant: domain::TenantId, host: &str| format!("/v1/platform/tenants/{tenant}/hostnames/{host}");
        desk.api("PUT", &at(acme, "app.acme.test"), Value::Null).await.is(204);
        assert_eq!(
            desk.api("PUT", &at(beta, "app.acme.test"), Value::Null).await.is(409).code(),
            "hostname.taken"
        );
        assert_eq!(
            desk.api("PUT", &at(beta, "acme.saas.test"), Value::Null).await.is(422).code(),
            "hostname.reserved"
        );
        assert_eq!(desk.api("PUT", &at(beta, "a_b..c"), Value::Null).await.is(422).code(), "input.invalid");
        let path = format!("/v1/platform/tenants/{acme}/hostnames");
        assert_eq!(
            desk.api("GET", &path, Value::Null).await.is(200).json()["items"][0]["host"],
            "app.acme.test"
        );
        desk.api("DELETE", &at(acme, "app.acme.test"), Value::Null).await.is(204);
        let resting = desk.api("GET", "/v1/platform/resting-names", Value::Null).await.is(200).json();
        assert_eq!(resting["items"][0]["name"], "host:app.acme.test");
        desk.api("DELETE", "/v1/platform/resting-names/host:app.acme.test", Value::Null).await.is(204);
        desk.api("PUT", &at(beta, "app.acme.test"), Value::Null).await.is(204);
    })
    .await;
}

#[tokio::test]
async fn deployments_routes_plans_and_roles_are_put_and_read() {
    for_each_engine(async |world| {
        Scene::open(world).await;
        let desk = Desk::at(world);
        let body = json!({ "name": "EU", "upstreams": ["http://10.0.0.1:3000"] });
        let made = desk.api("POST", "/v1/platform/deployments", body).await.is(201).json();
        assert_eq!(made["proof_secret"].as_str().unwrap().len(), 43);
        let path = format!("/v1/platform/deployments/{}", made["id"].as_str().unwrap());
        let changed = desk.api("PATCH", &path, json!({ "name": "Europe" })).await.is(200).json();
        assert_eq!(
            (&changed["name"], &changed["upstreams"][0]),
            (&json!("Europe"), &json!("http://10.0.0.1:3000"))
        );
        desk.api("GET", &path, Value::Null).await.is(200).hides(&[made["proof_secret"].as_str().unwrap()]);
        let next = desk.api("POST", &format!("{path}/proof-secret"), Value::Null).await.is(201).json();
        assert_ne!(next["proof_secret"], made["proof_secret"]);
        let take_over = format!("{path}/proof-secret/take-over");
        desk.api("POST", &take_over, Value::Null).await.is(200);
        assert_eq!(
            desk.api("POST", &take_over, Value::Null).await.is(409).code(),
            "deployment.nothing-prepared"
        );
        assert_eq!(
            desk.api("GET", "/v1/platform/deployments", Value::Null).await.json()["items"]
                .as_array()
                .unwrap()
                .len(),
            2
        );

        assert_eq!(
            desk.api("GET", "/v1/platform/routes", Value::Null).await.is(200).json()["document"],
            Value::Null
        );
        desk.api("PUT", "/v1/platform/routes", json!({ "routes": [] })).await.is(200);
        let refused = desk.api("PUT", "/v1/platform/routes", json!([])).await.is(422).json();
        assert_eq!(refused["errors"].as_array().unwrap().len(), 2, "all that is wrong is listed");
        assert_eq!(
            desk.api("GET", "/v1/platform/routes", Value::Null).await.json()["document"],
            json!({ "routes": [] })
        );

        let body = json!({ "limits": { "members": 250 }, "entitlements": ["audit.export"] });
        let plan = desk.api("PUT", "/v1/platform/plans/Silver%20Plus", body).await.is(200).json();
        assert_eq!((&plan["name"], &plan["limits"]["members"]), (&json!("Silver Plus"), &json!(250)));
        desk.api("PUT", "/v1/platform/roles/reader", json!({ "title": "Reader" })).await.is(200);
        assert_eq!(
            desk.api("GET", "/v1/platform/roles", Value::Null).await.json()["items"][0]["name"],
            "reader"
        );
        desk.api("DELETE", "/v1/platform/roles/reader", Value::Null).await.is(204);
    })
    .await;
}

#[tokio::test]
async fn a_script_is_held_to_its_tokens_rights_and_end() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let desk = Desk::at(world);
        let token = async |rights: &str| {
            let body = json!({ "name": "script", "rights": rights, "days": 30 });
            let made = desk.api("POST", "/v1/platform/tokens", body).await.is(201).json();
            let text = |name: &str| made[name].as_str().unwrap().to_owned();
            (text("id"), text("secret"))
        };
        let (_, reading) = token("read").await;
        let (id, managing) = token("manage").await;
        let tenants = "/v1/platform/tenants";
        let acme = json!({ "slug": "acme", "name": "Acme" });
        desk.script(&reading, "GET", tenants, Value::Null).await.is(200);
        assert_eq!(
            desk.script(&reading, "POST", tenants, acme.clone()).await.is(403).code(),
            "action.forbidden"
        );
        desk.script(&managing, "POST", tenants, acme).await.is(201);
        let heir = json!({ "name": "heir", "rights": "manage", "days": 90 });
        assert_eq!(
            desk.script(&managing, "POST", "/v1/platform/tokens", heir).await.is(403).code(),
            "action.forbidden"
        );
        let listed = desk.api("GET", "/v1/platform/tokens", Value::Null).await.is(200);
        listed.hides(&[&managing[4..], &reading[4..]]);

        desk.api("DELETE", &format!("/v1/platform/tokens/{id}"), Value::Null).await.is(200);
        assert_eq!(
            desk.script(&managing, "GET", tenants, Value::Null).await.is(401).code(),
            "credential.invalid"
        );
        assert_eq!(
            desk.ask(HostKind::Api, "GET", tenants, &[], String::new()).await.is(401).code(),
            "session.needed"
        );
        // C06: what runs the platform opens no tenant, and changes nobody's settings.
        let settings = format!("/v1/tenants/{}/settings", scene.house);
        desk.script(&reading, "PATCH", &settings, json!({ "published": false })).await.is(403);
    })
    .await;
}

#[tokio::test]
async fn an_admin_reads_and_changes_their_own_tenant_only() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let (desk, contoso) = (Desk::at(world), &town.contoso);
        let admin = desk.visitor(contoso, contoso.admin.user).await;
        let own = format!("/v1/tenants/{}/settings", contoso.id);
        let read = desk.open(&admin, &own).await.is(200).json();
        assert_eq!((&read["published"], &read["session_idle"]), (&json!(true), &json!(3_600)));
        for other in [town.fabrikam.id, town.canary.0.id, world.new_id()] {
            for rest in ["settings", "audit", "audit/export", "audit/verification", "usage"] {
                let answer = desk.open(&admin, &format!("/v1/tenants/{other}/{rest}")).await.is(403);
                assert_eq!(answer.code(), "tenant.unknown");
                town.canary.is_absent(&answer.body);
            }
        }
        for path in
            ["/v1/platform/tenants", "/v1/platform/audit", "/v1/platform/tokens", "/v1/platform/routes"]
        {
            assert_eq!(desk.open(&admin, path).await.is(403).code(), "action.forbidden", "{path}");
        }
        let operator = desk.visitor(&town.house, town.house.admin.user).await;
        desk.open(&operator, "/v1/platform/tenants").await.is(200).shows(&["contoso", "fabrikam"]);
        assert_eq!(desk.open(&operator, &own).await.is(403).code(), "tenant.unknown");
        let reader = desk.visitor(contoso, contoso.reader.user).await;
        assert_eq!(desk.open(&reader, &own).await.is(403).code(), "action.forbidden");
    })
    .await;
}

#[tokio::test]
async fn a_tenants_trail_is_listed_narrowed_exported_and_verified() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let (desk, contoso) = (Desk::at(world), &town.contoso);
        let admin = desk.visitor(contoso, contoso.admin.user).await;
        for name in ["Contoso Ltd", "Contoso Group"] {
            desk.api("PATCH", &format!("/v1/platform/tenants/{}", contoso.id), json!({ "name": name }))
                .await
                .is(200);
        }
        let base = format!("/v1/tenants/{}/audit", contoso.id);
        let ask = async |rest: &str| desk.open(&admin, &format!("{base}{rest}")).await.is(200);
        let listed = ask("?action=tenant.change&limit=1").await.json();
        assert_eq!(listed["items"][0]["after"]["name"], "Contoso Group");
        let next =
            ask(&format!("?action=tenant.change&after={}", listed["next"].as_str().unwrap())).await.json();
        assert_eq!(next["items"][0]["before"]["name"], "Contoso");
        assert_eq!(next["items"].as_array().unwrap().len(), 1);
        assert!(ask("?until=2026-01-04").await.json()["items"].as_array().unwrap().is_empty());
        assert!(
            !ask("?from=2026-01-05&until=2026-01-05").await.json()["items"].as_array().unwrap().is_empty()
        );

        let exported = ask("/export").await;
        assert!(exported.header("content-disposition").contains(&format!("audit-{}.jsonl", contoso.id)));
        assert!(exported.body.lines().last().unwrap().contains("\"end\""), "{}", exported.body);
        assert_eq!(ask("/verification").await.json()["sound"], true);
        town.canary.is_absent(&exported.body);

        let house =
            desk.api("GET", "/v1/platform/audit?action=tenant.change", Value::Null).await.is(200).json();
        assert_eq!(house["items"].as_array().unwrap().len(), 2);
        assert!(!house.to_string().contains(Canary::MARK));
    })
    .await;
}

#[tokio::test]
async fn usage_counts_every_hour_over_all_nodes() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let (desk, contoso) = (Desk::at(world), &town.contoso);
        let hour = world.clock.now().seconds() / 3_600;
        for (village, requests) in [(contoso, 40), (&town.fabrikam, 7)] {
            let readings = [("requests", hour - 1, requests), ("errors", hour - 1, 1), ("unheard", hour, 5)];
            let permit = world.background(village);
            world.store.record_traffic(&permit, world.new_id(), &readings).await.expect("stored");
            world.store.record_traffic(&permit, world.new_id(), &readings[..1]).await.expect("stored");
        }
        let admin = desk.visitor(contoso, contoso.admin.user).await;
        let path = format!("/v1/tenants/{}/usage", contoso.id);
        let usage = desk.open(&admin, &format!("{path}?hours=3")).await.is(200).json();
        assert_eq!((&usage["total"]["requests"], &usage["total"]["errors"]), (&json!(80), &json!(1)));
        assert_eq!(usage["hours"].as_array().unwrap().len(), 3);
        assert_eq!(usage["hours"][1]["requests"], 80);
        assert_eq!(desk.open(&admin, &format!("{path}?hours=0")).await.is(422).code(), "input.invalid");
    })
    .await;
}

#[tokio::test]
async fn the_link_for_the_first_operator_is_renewed_at_the_machine_until_there_is_one() {
    for_each_engine(async |world| {
        Scene::open(world).await;
        let desk = Desk::at(world);
        let link = desk.api("POST", "/v1/platform/bootstrap", Value::Null).await.is(201).json();
        assert!(link["link"].as_str().unwrap().starts_with("https://id.saas.test/bootstrap?code="));
        world.pass(Duration::from_secs(1));
        world.raw("UPDATE invitation SET used_at = 1").await;
        let refused = desk.api("POST", "/v1/platform/bootstrap", Value::Null).await.is(409);
        assert_eq!(refused.code(), "tenant.has-admin");
    })
    .await;
}

#[test]
fn every_code_that_this_room_raises_is_in_the_catalogue() {
    web::assert_known(&[
        "deployment.nothing-prepared",
        "hostname.reserved",
        "hostname.resting",
        "hostname.taken",
        "house.protected",
        "input.invalid",
        "item.unknown",
        "name.taken",
        "plan.limit",
        "tenant.has-admin",
        "tenant.slug-resting",
        "tenant.slug-taken",
        "tenant.transition",
        "action.forbidden",
    ]);
}
