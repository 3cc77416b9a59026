//! Stories about providers and those who share them.

use crate::tests::{
    browser::Browser,
    console::{AtConsole, api, page, trail},
    house::House,
};
use access::{Refusal, UseUpstream};
use domain::{Digest, ProviderId, ProviderKind, TenantId, TenantKind};
use http::Method;
use serde_json::json;
use testkit::{World, for_each_engine};

#[tokio::test]
async fn a_provider_that_is_shared_no_more_lets_nobody_in() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        let owner = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let other = AtConsole::person(world, &house, fabrikam, &fabrikam.admin).await;
        let warden = &house.room.web.warden;
        let at = warden.resolve_id(fabrikam.id).unwrap();
        let dana = &house.town.dana_at_fabrikam;
        assert!(warden.permit::<UseUpstream>(&at, dana, world.origin()).await.is_ok());
        let seen = other.get(&api(fabrikam, "providers")).await.json();
        let shared =
            seen["items"].as_array().unwrap().iter().find(|item| item["owner"] == "another").unwrap().clone();
        assert_eq!((&shared["id"], &shared["shares"]), (&json!(contoso.provider.to_string()), &json!(null)));

        let (by_it, bind) = (left_over(world, contoso.provider, fabrikam.id).await, Digest::of(b"any"));
        let begin =
            format!("http://id.pw.test/t/{}/sign-in?connection={by_it}&for=console&bind={bind}", fabrikam.id);
        let away = Browser::new(&house).get(&begin).await;
        assert!(away.location().starts_with(&house.contoso.issuer()));

        let path = api(contoso, &format!("providers/{}/shares", contoso.provider));
        let listed = owner.get(&path).await.json();
        assert_eq!(listed["items"][0]["tenant"], fabrikam.id.to_string());
        assert_eq!(owner.delete(&format!("{path}/{}", fabrikam.id)).await.status, 204);
        let refused = warden.permit::<UseUpstream>(&at, dana, world.origin()).await;
        assert_eq!(refused.err(), Some(Refusal::SignInNeeded), "her session there is cut");
        // Fabrikam's own people stay.
        assert!(warden.permit::<UseUpstream>(&at, &fabrikam.reader, world.origin()).await.is_ok());
        let away = Browser::new(&house).get(&begin).await;
        assert_eq!(away.told(), (409, "sign-in.no-connection".into()), "nor does anybody leave for it");
        let left = other.get(&api(fabrikam, "connections")).await.json();
        let left: Vec<_> =
            left["items"].as_array().unwrap().iter().map(|item| item["provider_owner"].clone()).collect();
        assert!(left.contains(&json!("withdrawn")) && left.contains(&json!("us")), "{left:?}");

        assert_eq!(owner.send(Method::PUT, &format!("{path}/{}", fabrikam.id), json!({})).await.status, 204);
        assert!(warden.permit::<UseUpstream>(&at, dana, world.origin()).await.is_ok(), "and it comes back");
        let told = trail(world, contoso.id).await;
        assert!(told.contains(&format!(r#"{{"shared_with":"{}"}}"#, fabrikam.id)), "{told}");
    })
    .await;
}

/// The connection of `tenant` to `provider`.
async fn left_over(world: &World, provider: ProviderId, tenant: TenantId) -> String {
    let sql =
        format!("SELECT id FROM connection WHERE provider_id = '{provider}' AND tenant_id = '{tenant}'");
    world.raw(&sql).await.remove(0).remove(0)
}

#[tokio::test]
async fn other_nodes_hear_of_a_share_that_is_taken_back() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        let elsewhere = world.fresh_warden();
        elsewhere.fill().await.unwrap();
        let at = elsewhere.resolve_id(fabrikam.id).unwrap();
        let dana = &house.town.dana_at_fabrikam;
        assert!(elsewhere.permit::<UseUpstream>(&at, dana, world.origin()).await.is_ok());
        let owner = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let share = api(contoso, &format!("providers/{}/shares/{}", contoso.provider, fabrikam.id));
        assert_eq!(owner.delete(&share).await.status, 204);
        let told =
            world.raw("SELECT name, subject, body FROM outbox ORDER BY seq DESC LIMIT 1").await.remove(0);
        let event = domain::Heard {
            name: told[0].clone(),
            tenant: contoso.id,
            subject: told[1].clone(),
            body: serde_json::from_str(&told[2]).unwrap(),
        };
        elsewhere.hear(&[event]).await.unwrap();
        let refused = elsewhere.permit::<UseUpstream>(&at, dana, world.origin()).await;
        assert_eq!(refused.err(), Some(Refusal::SignInNeeded));
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_is_not_shared_is_like_one_that_is_not_there() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let nobodys: ProviderId = world.new_id::<ProviderKind>();
        let mut answers = Vec::new();
        for id in [fabrikam.provider, nobodys] {
            let path = api(contoso, &format!("providers/{id}"));
            let new = json!({ "provider": id, "client_id": "c" });
            let replies = [
                admin.get(&path).await,
                admin.get(&format!("{path}/shares")).await,
                admin.send(Method::PUT, &format!("{path}/shares/{}", contoso.id), json!({})).await,
                admin.send(Method::PUT, &format!("{path}/shares/{}", fabrikam.id), json!({})).await,
                admin.delete(&format!("{path}/shares/{}", fabrikam.id)).await,
                admin.get(&page(contoso, &format!("providers/{id}"))).await,
                admin.send(Method::POST, &api(contoso, "connections"), new).await,
            ];
            let plain = |text: &str, request: &str| text.replace(&id.to_string(), "…").replace(request, "…");
            answers.push(replies.map(|reply| {
                let request = reply.headers["partywall-request-id"].to_str().unwrap().to_owned();
                (reply.status, plain(&reply.body, &request))
            }));
        }
        assert_eq!(answers[0], answers[1]);
        assert!(answers[0][..6].iter().all(|(status, _)| *status == 404), "{answers:?}");
        assert_eq!(answers[0][6].0, 422);
    })
    .await;
}

#[tokio::test]
async fn one_provider_serves_two_tenants_each_with_a_registration_of_its_own() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        let other = AtConsole::person(world, &house, fabrikam, &fabrikam.admin).await;
        let new =
            json!({ "provider": contoso.provider, "client_id": "fabrikam-at-contoso", "name": "Training" });
        let made = other.send(Method::POST, &api(fabrikam, "connections"), new).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let made = made.json();
        assert_eq!(
            (&made["provider_owner"], &made["issuer"]),
            (&json!("another"), &json!(house.contoso.issuer()))
        );
        let owner = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        assert!(!owner.get(&api(contoso, "connections")).await.body.contains("fabrikam-at-contoso"));
    })
    .await;
}

#[tokio::test]
async fn an_issuer_is_a_tenants_provider_once() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let path = api(contoso, "providers");
        let new = json!({ "issuer": house.fabrikam.issuer(), "name": "Another" });
        let made = admin.send(Method::POST, &path, new.clone()).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let twice = admin.send(Method::POST, &path, new).await;
        assert_eq!(twice.told(), (409, "provider.exists".into()));
        // A connection to that issuer is one to that provider, which is not Fabrikam's.
        let new = json!({ "issuer": house.fabrikam.issuer(), "client_id": "c" });
        let connection = admin.send(Method::POST, &api(contoso, "connections"), new).await.json();
        assert_eq!(connection["provider"], made.json()["id"]);
        assert_ne!(connection["provider"], house.town.fabrikam.provider.to_string());
    })
    .await;
}

#[tokio::test]
async fn sharing_says_nothing_about_which_tenants_there_are() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let path = api(contoso, &format!("providers/{}/shares", contoso.provider));
        let nobody: TenantId = world.new_id::<TenantKind>();
        for with in [nobody, house.town.canary.0.id] {
            assert_eq!(admin.send(Method::PUT, &format!("{path}/{with}"), json!({})).await.status, 204);
        }
        let own = admin.send(Method::PUT, &format!("{path}/{}", contoso.id), json!({})).await;
        assert_eq!(own.told(), (422, "input.invalid".into()));

        let shown = page(contoso, &format!("providers/{}", contoso.provider));
        assert!(admin.get(&shown).await.body.contains(&nobody.to_string()));
        let wrong = admin.form(&format!("{shown}/shares"), &[("tenant", "fabrikam")]).await;
        assert!(wrong.status == 422 && wrong.body.contains("begins with tnt_"));
        let back = admin.form(&format!("{shown}/shares/{nobody}/take-back"), &[]).await;
        assert_eq!(back.status, 303);
        assert!(!admin.get(&shown).await.body.contains(&nobody.to_string()));
    })
    .await;
}
