//! Stories about API keys: who makes them, how long they last, and what is kept of them.

use crate::tests::{
    console::{AtConsole, api, give, page, trail},
    house::House,
};
use access::{Credential, LookAfterKeys, PresentedKey, Refusal, UseUpstream};
use domain::{ApiKeyText, Moment, SignedKey};
use http::Method;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use store::StoreError;
use testkit::{Village, World, for_each_engine};

const DAY: u64 = 24 * 60 * 60;

/// A house whose operator declared a scope.
async fn house(world: &World) -> House {
    let house = House::build(world).await;
    let scopes = ["surveys.read", "surveys.write"].map(|name| name.parse().unwrap());
    house.room.known_scopes.store(Arc::new(scopes.into()));
    house
}

/// A subscriber, made by an admin.
async fn subscriber(admin: &AtConsole<'_>, at: &Village, name: &str) -> String {
    let body = json!({ "name": name, "contact": "robots@partner.test" });
    let made = admin.send(Method::POST, &api(at, "subscribers"), body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.json()["id"].as_str().unwrap().to_owned()
}

/// A key, made by an admin, with these things said of it.
async fn key(admin: &AtConsole<'_>, at: &Village, subscriber: &str, said: Value) -> Value {
    let mut body = json!({ "subscriber": subscriber, "name": "Nightly import" });
    body.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
    let made = admin.send(Method::POST, &api(at, "keys"), body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.json()
}

/// The key as a gateway presents it.
async fn present(world: &World, secret: &str) -> PresentedKey {
    let text = ApiKeyText::parse(secret).unwrap();
    let secrets = world.keyring().await.api_keys;
    let says = SignedKey::read(text, secrets.iter().map(|key| &key.secret)).map(Arc::new);
    PresentedKey { digest: text.digest(), says }
}

/// Whether the key lets its holder use the application, on a node that heard of everything.
async fn used(world: &World, house: &House, at: &Village, secret: &str) -> Result<(), Refusal> {
    let resolved = house.room.web.warden.resolve_id(at.id).unwrap();
    let credential = Credential::Key(present(world, secret).await);
    house.room.web.warden.permit::<UseUpstream>(&resolved, &credential, world.origin()).await.map(drop)
}

#[tokio::test]
async fn a_key_is_shown_once_and_lies_nowhere() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let partner = subscriber(&admin, contoso, "Partner").await;
        let mut secrets = Vec::new();
        for kind in ["random", "signed"] {
            let made =
                key(&admin, contoso, &partner, json!({ "kind": kind, "scopes": ["surveys.read"] })).await;
            let secret = made["secret"].as_str().unwrap().to_owned();
            assert_eq!(used(world, &house, contoso, &secret).await, Ok(()), "{kind}");
            let shown = admin.get(&api(contoso, &format!("keys/{}", made["id"].as_str().unwrap()))).await;
            assert_eq!(shown.json()["standing"], "active");
            secrets.push(secret);
        }
        let mut everything = trail(world, contoso.id).await;
        everything += &admin.get(&api(contoso, "keys")).await.body;
        everything += &admin.get(&page(contoso, "keys")).await.body;
        for table in ["api_key", "outbox", "audit_line"] {
            let rows = world.raw(&format!("SELECT * FROM {table}")).await;
            everything += &rows.concat().join("\n");
        }
        assert!(everything.contains("Nightly import"));
        for secret in &secrets {
            let body = &secret[4..secret.len() - 6];
            assert!(!everything.contains(body), "a key lies about");
        }
    })
    .await;
}

#[tokio::test]
async fn nobody_chooses_a_key_and_only_who_may_makes_one() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let partner = subscriber(&admin, contoso, "Partner").await;
        let chosen = "pwk_0000000000000000000000000000000000000000000000000";
        for field in ["secret", "value", "key", "digest", "id", "token"] {
            let body = json!({ "subscriber": partner, "name": "Mine", field: chosen });
            let told = admin.send(Method::POST, &api(contoso, "keys"), body).await;
            assert_eq!(told.status, 422, "{field}: {}", told.body);
            let made = key(&admin, contoso, &partner, json!({})).await;
            let rotate = api(contoso, &format!("keys/{}/rotate", made["id"].as_str().unwrap()));
            let told =
                admin.send(Method::POST, &rotate, json!({ "overlap_seconds": 60, field: chosen })).await;
            assert_eq!(told.status, 422, "{field}: {}", told.body);
        }
        let sent = admin.form(&page(contoso, "keys"), &[("subscriber", &partner), ("secret", chosen)]).await;
        assert!(sent.status.is_client_error(), "{}", sent.status);
        let reader = AtConsole::person(world, &house, contoso, &contoso.reader).await;
        for path in [api(contoso, "keys"), page(contoso, "keys"), api(contoso, "subscribers")] {
            assert_eq!(reader.get(&path).await.told(), (403, "action.forbidden".into()));
        }
        give(world, &house, contoso, &contoso.reader, "partywall.auditor").await;
        assert_eq!(reader.get(&api(contoso, "keys")).await.status, 200);
        let body = json!({ "subscriber": partner, "name": "Mine" });
        let told = reader.send(Method::POST, &api(contoso, "keys"), body).await;
        assert_eq!(told.told(), (403, "action.forbidden".into()));
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_wish_is_said_at_its_place() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let other = AtConsole::person(world, &house, fabrikam, &fabrikam.admin).await;
        let (partner, theirs) =
            (subscriber(&admin, contoso, "Partner").await, subscriber(&other, fabrikam, "Partner").await);
        for (said, place) in [
            (json!({ "subscriber": theirs }), "/subscriber"),
            (json!({ "scopes": ["surveys.delete"] }), "/scopes"),
            (json!({ "networks": ["10.0.0.1/8"] }), "/networks/0"),
            (json!({ "kind": "chosen" }), "/kind"),
            (json!({ "life_seconds": 1 }), "/life_seconds"),
            (json!({ "life_seconds": 366 * DAY }), "/life_seconds"),
        ] {
            let mut body = json!({ "subscriber": partner, "name": "Import" });
            body.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
            let told = admin.send(Method::POST, &api(contoso, "keys"), body).await;
            assert_eq!(
                (told.status.as_u16(), &told.json()["errors"][0]["pointer"]),
                (422, &json!(place)),
                "{said}"
            );
        }
        let again = json!({ "name": "Partner", "contact": "a@b.test" });
        let told = admin.send(Method::POST, &api(contoso, "subscribers"), again).await;
        assert_eq!(told.told(), (409, "name.taken".into()));
    })
    .await;
}

#[tokio::test]
async fn a_key_is_worthless_at_another_tenant() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let partner = subscriber(&admin, contoso, "Partner").await;
        for kind in ["random", "signed"] {
            let made = key(&admin, contoso, &partner, json!({ "kind": kind })).await;
            let secret = made["secret"].as_str().unwrap();
            assert_eq!(used(world, &house, fabrikam, secret).await, Err(Refusal::ForeignCredential));
            // Nor does a key open any page or any part of the API.
            let other = AtConsole::person(world, &house, fabrikam, &fabrikam.admin).await;
            let path = api(fabrikam, &format!("keys/{}", made["id"].as_str().unwrap()));
            assert_eq!(other.get(&path).await.told(), (404, "item.unknown".into()));
            assert_eq!(other.delete(&path).await.told(), (404, "item.unknown".into()));
        }
    })
    .await;
}

#[tokio::test]
async fn two_keys_that_were_one_cannot_be() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let partner = subscriber(&admin, contoso, "Partner").await;
        let made = key(&admin, contoso, &partner, json!({})).await;
        let twice = format!(
            "INSERT INTO api_key SELECT '{}', 'apk_x', subscriber_id, kind, name, digest, scopes, networks,
               created_by, created_at, signed_until, ends_at, ended_because, warn_at, used_at, idle, idle_ends, replaces
             FROM api_key WHERE id = '{}'",
            fabrikam.id,
            made["id"].as_str().unwrap()
        );
        let forced = store::testing::raw(&world.superuser, &twice).await;
        assert!(matches!(forced, Err(StoreError::Conflict(_))), "{forced:?}");
    })
    .await;
}

#[tokio::test]
async fn old_and_new_both_work_while_a_key_is_rotated() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let partner = subscriber(&admin, contoso, "Partner").await;
        for kind in ["random", "signed"] {
            let made = key(&admin, contoso, &partner, json!({ "kind": kind })).await;
            let old = made["secret"].as_str().unwrap();
            assert_eq!(used(world, &house, contoso, old).await, Ok(()));
            let path = api(contoso, &format!("keys/{}", made["id"].as_str().unwrap()));
            let id = made["id"].as_str().unwrap().parse().unwrap();
            let permit = world.background::<LookAfterKeys>(contoso);
            world.store.note_key_use(&permit, &[id]).await.unwrap();
            let rotate = format!("{path}/rotate");
            let rotated = admin.send(Method::POST, &rotate, json!({ "overlap_seconds": 600 })).await.json();
            let new = rotated["secret"].as_str().unwrap();
            assert_eq!(rotated["replaces"], made["id"]);
            assert_eq!(rotated["old"]["standing"], "ending");
            assert_eq!(
                rotated["old"]["used_at"],
                world.clock.now().to_string(),
                "whether it is still in use"
            );
            for secret in [old, new] {
                assert_eq!(used(world, &house, contoso, secret).await, Ok(()), "{kind}");
            }
            let again = admin.send(Method::POST, &rotate, json!({ "overlap_seconds": 600 })).await;
            assert_eq!(again.told(), (409, "key.ended".into()));
            world.pass(Duration::from_secs(600));
            assert_eq!(used(world, &house, contoso, old).await, Err(Refusal::KeyExpired));
            assert_eq!(used(world, &house, contoso, new).await, Ok(()));
            assert_eq!(admin.get(&path).await.json()["standing"], "rotated");
        }
    })
    .await;
}

#[tokio::test]
async fn a_key_that_is_revoked_is_over_here_and_on_nodes_that_begin() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let partner = subscriber(&admin, contoso, "Partner").await;
        for kind in ["random", "signed"] {
            let made = key(&admin, contoso, &partner, json!({ "kind": kind })).await;
            let secret = made["secret"].as_str().unwrap();
            assert_eq!(used(world, &house, contoso, secret).await, Ok(()));
            let path = api(contoso, &format!("keys/{}", made["id"].as_str().unwrap()));
            assert_eq!(admin.delete(&path).await.json()["standing"], "revoked");
            assert_eq!(used(world, &house, contoso, secret).await, Err(Refusal::KeyRefused), "{kind}");
            assert_eq!(admin.delete(&path).await.told(), (409, "key.ended".into()));
            let elsewhere = world.fresh_warden();
            elsewhere.fill().await.unwrap();
            let refused = elsewhere.holder(&present(world, secret).await).await;
            assert_eq!(refused.err(), Some(Refusal::KeyRefused), "{kind}");
        }
        let told = trail(world, contoso.id).await;
        assert!(told.contains(r#""because":"revoked""#), "{told}");
    })
    .await;
}

#[tokio::test]
async fn a_key_ends_by_itself_and_its_owner_is_warned_before() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let partner = subscriber(&admin, contoso, "Partner").await;
        let made = key(&admin, contoso, &partner, json!({ "life_seconds": 60 })).await;
        let secret = made["secret"].as_str().unwrap();
        let due = async || world.store.tenants_with_keys_due(&world.upkeep()).await.unwrap();
        assert_eq!(due().await, []);
        world.pass(Duration::from_secs(41));
        assert_eq!(due().await, [contoso.id]);
        let permit = world.background::<LookAfterKeys>(contoso);
        assert_eq!(world.store.look_after_keys(&permit).await.unwrap(), 1);
        let warned = format!(
            "SELECT COUNT(*) FROM outbox WHERE name = 'api-key.ending' AND subject = '{}'",
            made["id"].as_str().unwrap()
        );
        assert_eq!(world.number(&warned).await, 1);
        assert_eq!(used(world, &house, contoso, secret).await, Ok(()), "it still works");
        assert_eq!(due().await, [], "nobody is warned twice");
        world.pass(Duration::from_secs(20));
        assert_eq!(used(world, &house, contoso, secret).await, Err(Refusal::KeyExpired));
    })
    .await;
}

#[tokio::test]
async fn a_key_that_nobody_uses_is_switched_off() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let partner = subscriber(&admin, contoso, "Partner").await;
        world.raw("UPDATE tenant_setting SET key_unused_days = 10").await;
        let (idle, busy) = (
            key(&admin, contoso, &partner, json!({ "kind": "signed" })).await,
            key(&admin, contoso, &partner, json!({})).await,
        );
        assert_eq!(idle["unused_days"], 10);
        let permit = world.background::<LookAfterKeys>(contoso);
        world.pass(Duration::from_secs(9 * DAY));
        world.store.note_key_use(&permit, &[busy["id"].as_str().unwrap().parse().unwrap()]).await.unwrap();
        world.pass(Duration::from_secs(2 * DAY));
        assert_eq!(world.store.look_after_keys(&permit).await.unwrap(), 1);
        let elsewhere = world.fresh_warden();
        elsewhere.fill().await.unwrap();
        let off = elsewhere.holder(&present(world, idle["secret"].as_str().unwrap()).await).await;
        assert_eq!(off.err(), Some(Refusal::KeyRefused));
        assert!(elsewhere.holder(&present(world, busy["secret"].as_str().unwrap()).await).await.is_ok());
        let because = world.raw("SELECT ended_because FROM api_key WHERE kind = 'signed'").await;
        assert_eq!(because[0][0], "unused");
    })
    .await;
}

#[tokio::test]
async fn a_tenant_may_allow_its_keys_less_time_than_its_plan_does() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let partner = subscriber(&admin, contoso, "Partner").await;
        world.raw("UPDATE tenant_setting SET key_days = 30").await;
        let body = json!({ "subscriber": partner, "name": "Import", "life_seconds": 31 * DAY });
        let told = admin.send(Method::POST, &api(contoso, "keys"), body).await;
        assert_eq!(told.status, 422);
        assert!(told.body.contains("30 days"), "{}", told.body);
        let made = key(&admin, contoso, &partner, json!({})).await;
        let ends: Moment = made["ends_at"].as_str().unwrap().parse().unwrap();
        assert_eq!(ends.since(world.clock.now()).as_secs(), 30 * DAY, "what is usual gives way");
    })
    .await;
}

#[tokio::test]
async fn the_page_makes_rotates_and_revokes() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let added = admin
            .form(&page(contoso, "subscribers"), &[("called", "Partner"), ("contact", "robots@partner.test")])
            .await;
        assert_eq!(added.status, 303, "{}", added.body);
        let id = admin.get(&api(contoso, "subscribers")).await.json()["items"][0]["id"].clone();
        let wish = [
            ("subscriber", id.as_str().unwrap()),
            ("name", "Nightly"),
            ("kind", "random"),
            ("scopes", "surveys.read, surveys.write"),
            ("networks", ""),
            ("days", "30"),
        ];
        let made = admin.form(&page(contoso, "keys"), &wish).await;
        assert_eq!(made.status, 201, "{}", made.body);
        assert!(made.body.contains("pwk_") && made.body.contains("shown only now"));
        assert!(!admin.get(&page(contoso, "keys")).await.body.contains("pwk_"));
        let key = admin.get(&api(contoso, "keys")).await.json()["items"][0]["id"].clone();
        let path = page(contoso, &format!("keys/{}", key.as_str().unwrap()));
        let rotated = admin.form(&format!("{path}/rotate"), &[]).await;
        assert!(rotated.body.contains("It was never used."), "{}", rotated.body);
        assert_eq!(admin.form(&format!("{path}/revoke"), &[]).await.status, 303);
        let mut bad = wish;
        bad[3].1 = "surveys.delete";
        let again = admin.form(&page(contoso, "keys"), &bad).await;
        assert_eq!(again.status, 422);
        assert!(
            again.body.contains("there is no scope `surveys.delete`")
                || again.body.contains("surveys.delete")
        );
    })
    .await;
}

/// So many keys of a subscriber's.
async fn many(
    world: &World,
    house: &House,
    at: &Village,
    subscriber: domain::SubscriberId,
    count: usize,
) -> Vec<String> {
    let permit = world.permit::<access::ManageKeys>(at, &at.admin).await;
    let tenant = permit.caller().tenant().unwrap();
    let made = house.room.store.write(&permit, async |tx| {
        let mut made = Vec::new();
        for _ in 0..count {
            let (name, kind) = ("Import".parse().unwrap(), domain::ApiKeyKind::Random);
            let new = super::NewKey { subscriber, kind, name, scopes: vec![], networks: vec![], life: None };
            let key = super::create::make(&house.room, tx, tenant, new, None, String::new()).await?;
            made.push(key.secret.reveal().clone());
        }
        Ok::<_, super::KeyError>(made)
    });
    made.await.unwrap()
}

/// Ten thousand of one tenant's (ledger E01), on the embedded engine, where they are made one after the other.
#[tokio::test]
async fn ten_thousand_keys_are_all_different_map_to_their_tenant_and_lie_nowhere() {
    testkit::for_sqlite(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let partner = subscriber(&admin, contoso, "Partner").await.parse().unwrap();
        let made = many(world, &house, contoso, partner, 10_000).await;
        let distinct: std::collections::HashSet<_> = made.iter().collect();
        assert_eq!(distinct.len(), 10_000);
        let kept = world.raw("SELECT * FROM api_key").await.concat().join("\n");
        for secret in made.iter().step_by(97) {
            assert_eq!(used(world, &house, contoso, secret).await, Ok(()));
            assert!(!kept.contains(&secret[4..47]));
        }
    })
    .await;
}
