//! Stories about connections.

use crate::tests::{
    console::{AtConsole, api, give, page, trail},
    house::House,
};
use domain::{ConnectionId, ConnectionKind, RoleName};
use http::Method;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};
use testkit::{Village, World, for_each_engine};

const SECRET: &str = "a-client-secret-9f2c";

async fn house(world: &World) -> House {
    let house = House::build(world).await;
    let reader: RoleName = "reader".parse().unwrap();
    house.room.known_roles.store(Arc::new(BTreeMap::from([(reader, "Reads surveys".parse().unwrap())])));
    house
}

/// A connection of Contoso to Fabrikam's issuer, which makes a provider of Contoso's own.
fn to_fabrikams(house: &House) -> Value {
    json!({
        "issuer": house.fabrikam.issuer(),
        "name": "Second way",
        "client_id": "client-2",
        "client_secret": SECRET,
        "default_roles": ["reader"],
        "parameters": { "domain_hint": "contoso.test" },
    })
}

/// What a trial leaves behind; that it is left only by a trial is told where people sign in.
async fn pass_test(world: &World, village: &Village, id: &str) {
    let now = world.clock.now().micros();
    world
        .raw(&format!(
            "UPDATE connection SET tested_at = {now} WHERE tenant_id = '{}' AND id = '{id}'",
            village.id
        ))
        .await;
}

#[tokio::test]
async fn a_connection_goes_from_a_redirect_uri_to_use_and_away_again() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let reserved = admin.post(&api(contoso, "connections/reserve")).await.json();
        let mut new = to_fabrikams(&house);
        new["reservation"] = reserved["reservation"].clone();
        let made = admin.send(Method::POST, &api(contoso, "connections"), new.clone()).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let made = made.json();
        assert_eq!((&made["id"], &made["redirect_uri"]), (&reserved["id"], &reserved["redirect_uri"]));
        assert_eq!((&made["standing"], &made["tested_at"]), (&json!("draft"), &json!(null)));
        assert_eq!(made["parameters"], json!({ "domain_hint": "contoso.test" }));
        let again = admin.send(Method::POST, &api(contoso, "connections"), new).await;
        assert_eq!(again.told(), (409, "connection.reservation".into()), "a reservation is good once");

        let path = api(contoso, &format!("connections/{}", made["id"].as_str().unwrap()));
        let activate = format!("{path}/activate");
        assert_eq!(admin.post(&activate).await.told(), (409, "connection.untested".into()));
        pass_test(world, contoso, made["id"].as_str().unwrap()).await;
        assert_eq!(admin.post(&activate).await.json()["standing"], "active");
        assert_eq!(admin.delete(&path).await.told(), (409, "connection.stage".into()));
        let off = admin.send(Method::POST, &format!("{path}/switch-off"), json!({})).await;
        assert_eq!(off.json()["standing"], "off", "there is another one in use");
        assert_eq!(admin.post(&format!("{path}/switch-on")).await.json()["standing"], "active");
        admin.send(Method::POST, &format!("{path}/switch-off"), json!({})).await;
        assert_eq!(admin.delete(&path).await.status, 204);
        assert_eq!(admin.get(&path).await.told(), (404, "item.unknown".into()));
        let told = trail(world, contoso.id).await;
        for step in ["\"standing\":\"draft\"", "connection.untested", "\"standing\":\"off\""] {
            assert!(told.contains(step), "{step}\n{told}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_secret_goes_in_and_never_comes_out() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let made = admin.send(Method::POST, &api(contoso, "connections"), to_fabrikams(&house)).await;
        let id = made.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(made.json()["client_secret"], "set");
        let path = api(contoso, &format!("connections/{id}"));
        let other = "another-secret-77aa";
        let changed = admin.send(Method::PATCH, &path, json!({ "client_secret": other })).await;
        assert_eq!(changed.json()["client_secret"], "set");
        let shown = admin.get(&page(contoso, &format!("connections/{id}"))).await;
        let list = admin.get(&api(contoso, "connections")).await;
        let told = trail(world, contoso.id).await;
        assert!(told.contains(r#"{"client_secret":"set"} | {"client_secret":"changed"}"#), "{told}");
        let stored = world.raw(&format!("SELECT client_secret FROM connection WHERE id = '{id}'")).await;
        for seen in [&made.body, &changed.body, &shown.body, &list.body, &told, &stored[0][0]] {
            assert!(!seen.contains(SECRET) && !seen.contains(other), "{seen}");
        }
        let cleared = admin.send(Method::PATCH, &path, json!({ "client_secret": null })).await;
        assert_eq!(cleared.json()["client_secret"], "not set");
        let stored = world.raw(&format!("SELECT client_secret FROM connection WHERE id = '{id}'")).await;
        assert_eq!(stored[0][0], "");
    })
    .await;
}

#[tokio::test]
async fn another_client_makes_an_earlier_test_void_and_a_new_name_does_not() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let made = admin.send(Method::POST, &api(contoso, "connections"), to_fabrikams(&house)).await.json();
        let id = made["id"].as_str().unwrap();
        let path = api(contoso, &format!("connections/{id}"));
        pass_test(world, contoso, id).await;
        let renamed = admin.send(Method::PATCH, &path, json!({ "name": "Third way" })).await.json();
        assert!(renamed["tested_at"].is_string());
        for change in
            [json!({ "client_id": "x" }), json!({ "client_secret": "y" }), json!({ "scopes": "email" })]
        {
            pass_test(world, contoso, id).await;
            let changed = admin.send(Method::PATCH, &path, change.clone()).await.json();
            assert_eq!(changed["tested_at"], json!(null), "{change}");
            assert_eq!(admin.post(&format!("{path}/activate")).await.code(), "connection.untested");
        }
        let wrong = admin.send(Method::PATCH, &path, json!({ "parameters": { "redirect_uri": "x" } })).await;
        assert_eq!(wrong.told(), (422, "input.invalid".into()));
        assert_eq!(wrong.json()["errors"][0]["pointer"], "/parameters");
        let wrong = admin.send(Method::PATCH, &path, json!({ "default_roles": ["partywall.admin"] })).await;
        assert_eq!(wrong.told(), (422, "role.unknown".into()), "nobody becomes an admin by signing in");
    })
    .await;
}

#[tokio::test]
async fn switching_off_the_way_by_which_one_came_must_be_meant() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let own = api(contoso, &format!("connections/{}", contoso.connection));
        let off = format!("{own}/switch-off");
        let last = admin.send(Method::POST, &off, json!({})).await;
        assert_eq!(last.told(), (409, "connection.unconfirmed".into()));
        assert!(last.body.contains("nobody will be able to sign in"));

        let made = admin.send(Method::POST, &api(contoso, "connections"), to_fabrikams(&house)).await.json();
        let second = made["id"].as_str().unwrap();
        pass_test(world, contoso, second).await;
        admin.post(&api(contoso, &format!("connections/{second}/activate"))).await;
        let mine = admin.send(Method::POST, &off, json!({})).await;
        assert!(mine.body.contains("You are signed in by it yourself"), "{}", mine.body);
        let sessions = format!("SELECT COUNT(*) FROM session WHERE connection_id = '{}'", contoso.connection);
        assert!(world.number(&sessions).await > 0);
        assert_eq!(
            admin.send(Method::POST, &off, json!({ "confirm": true })).await.json()["standing"],
            "off"
        );
        assert_eq!(world.number(&sessions).await, 0, "who came by it is signed out");
        let gone = admin.get(&own).await;
        assert_eq!(gone.told(), (403, "tenant.unknown".into()), "the admin too");
    })
    .await;
}

#[tokio::test]
async fn only_admins_manage_connections_and_auditors_see_them() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let someone = AtConsole::person(world, &house, contoso, &contoso.reader).await;
        assert_eq!(someone.get(&api(contoso, "connections")).await.told(), (403, "action.forbidden".into()));
        give(world, &house, contoso, &contoso.reader, "partywall.auditor").await;
        let seen = someone.get(&api(contoso, "connections")).await.json();
        assert_eq!(seen["items"][0]["provider_owner"], "us");
        let path = api(contoso, &format!("connections/{}", contoso.connection));
        for refused in [
            someone.send(Method::POST, &api(contoso, "connections"), to_fabrikams(&house)).await,
            someone.send(Method::PATCH, &path, json!({ "name": "Mine" })).await,
            someone.post(&api(contoso, "connections/reserve")).await,
            someone.delete(&path).await,
            someone.get(&page(contoso, "connections/new")).await,
        ] {
            assert_eq!(refused.told(), (403, "action.forbidden".into()));
        }
        let shown = someone.get(&page(contoso, &format!("connections/{}", contoso.connection))).await;
        assert!(shown.status == 200 && !shown.body.contains("Danger zone"));
    })
    .await;
}

#[tokio::test]
async fn another_tenants_connections_and_reservations_are_nothing_here() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let nobodys: ConnectionId = world.new_id::<ConnectionKind>();
        for id in [fabrikam.connection, nobodys] {
            let path = api(contoso, &format!("connections/{id}"));
            for reply in [
                admin.get(&path).await,
                admin.delete(&path).await,
                admin.post(&format!("{path}/activate")).await,
                admin.send(Method::POST, &format!("{path}/switch-off"), json!({ "confirm": true })).await,
                admin.send(Method::PATCH, &path, json!({ "name": "Mine" })).await,
                admin.get(&page(contoso, &format!("connections/{id}"))).await,
                admin.form(&page(contoso, &format!("connections/{id}/test")), &[]).await,
            ] {
                assert_eq!(reply.told(), (404, "item.unknown".into()));
            }
        }
        let theirs = AtConsole::person(world, &house, fabrikam, &fabrikam.admin).await;
        let reserved = theirs.post(&api(fabrikam, "connections/reserve")).await.json();
        let mut new = to_fabrikams(&house);
        new["reservation"] = reserved["reservation"].clone();
        let taken = admin.send(Method::POST, &api(contoso, "connections"), new).await;
        assert_eq!(taken.told(), (409, "connection.reservation".into()));
        house.town.canary.is_absent(&admin.get(&api(contoso, "connections")).await.body);
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_cannot_be_used_leaves_nothing_behind() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let count = format!("SELECT COUNT(*) FROM provider WHERE tenant_id = '{}'", contoso.id);
        let before = world.number(&count).await;
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        for (issuer, code) in [
            (format!("http://{free}"), "outbound.unreachable"),
            ("http://127.0.0.1:25".to_owned(), "outbound.url"),
            ("https://169.254.169.254/".to_owned(), "outbound.forbidden-address"),
            ("not an address".to_owned(), "outbound.url"),
            (format!("{}/", house.fabrikam.issuer()), "provider.issuer-mismatch"),
            (format!("{}/nowhere", house.fabrikam.issuer()), "provider.metadata"),
        ] {
            let new = json!({ "issuer": issuer, "client_id": "c" });
            let refused = admin.send(Method::POST, &api(contoso, "connections"), new).await;
            assert_eq!(refused.code(), code, "{issuer}: {}", refused.body);
            assert_eq!(refused.json()["errors"][0]["pointer"], "/issuer", "{issuer}");
        }
        assert_eq!(world.number(&count).await, before);
        let both = json!({ "issuer": "https://a.test", "provider": contoso.provider, "client_id": "c" });
        let refused = admin.send(Method::POST, &api(contoso, "connections"), both).await;
        assert_eq!(refused.told(), (422, "input.invalid".into()));
    })
    .await;
}

#[tokio::test]
async fn the_plan_says_how_many_there_may_be() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        world.raw(r#"UPDATE plan SET body = '{"limits": {"connections": 2}}'"#).await;
        house.heard(contoso).await;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let path = api(contoso, "connections");
        assert_eq!(admin.send(Method::POST, &path, to_fabrikams(&house)).await.status, 201);
        let refused = admin.send(Method::POST, &path, to_fabrikams(&house)).await;
        assert_eq!(refused.told(), (409, "plan.limit".into()));
    })
    .await;
}

#[tokio::test]
async fn an_admin_is_led_through_the_setup_without_script() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let begun = admin.get(&page(contoso, "connections/new")).await;
        let here = begun.location();
        let (_, reservation) = here.split_once("reservation=").unwrap();
        let here = here.split_once(".test").unwrap().1.to_owned();
        let guide = admin.get(&here).await;
        assert!(guide.body.contains("http://id.pw.test/callback/con_"), "{}", guide.body);

        let mut fields =
            vec![("reservation", reservation), ("issuer", "http://127.0.0.1:9"), ("client_id", "c")];
        fields.push(("client_secret", SECRET));
        let away = admin.form(&page(contoso, "connections"), &fields).await;
        assert_eq!(away.status, 422);
        assert!(away.body.contains("error-issuer") && away.body.contains("value=\"http://127.0.0.1:9\""));
        assert!(!away.body.contains(SECRET), "a secret is typed again rather than sent back");
        let issuer = house.fabrikam.issuer();
        fields[1].1 = &issuer;
        let made = admin.form(&page(contoso, "connections"), &fields).await;
        assert_eq!(made.status, 303, "{}", made.body);
        let at = made.location().split_once(".test").unwrap().1.to_owned();
        let (path, _) = at.split_once('?').unwrap();
        let shown = admin.get(&at).await;
        assert!(
            shown.body.contains("Test it before it goes into use.") && shown.body.contains("Test sign-in")
        );

        let leave = admin.form(&format!("{path}/test"), &[]).await;
        assert!(leave.body.contains("http://id.pw.test/trial?ticket="), "{}", leave.body);
        let early = admin.form(&format!("{path}/activate"), &[]).await;
        assert!(early.status == 422 && early.body.contains("The connection has not been tested"));
        pass_test(world, contoso, path.rsplit('/').next().unwrap()).await;
        assert_eq!(admin.form(&format!("{path}/activate"), &[]).await.status, 303);

        let own = page(contoso, &format!("connections/{}", contoso.connection));
        assert!(admin.get(&own).await.body.contains("You are signed in by it yourself"));
        assert_eq!(admin.form(&format!("{own}/switch-off"), &[("name", "no")]).await.status, 422);
        assert_eq!(admin.form(&format!("{path}/switch-off"), &[]).await.status, 303);
        let name = "127.0.0.1";
        assert_eq!(admin.form(&format!("{path}/remove"), &[("remove_name", name)]).await.status, 303);
        assert_eq!(admin.get(path).await.status, 404);
    })
    .await;
}
