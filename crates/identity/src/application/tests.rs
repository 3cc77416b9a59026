//! Stories about registering applications and putting them into use.

use crate::tests::{
    console::{AtConsole, api},
    house::House,
};
use domain::{ApplicationId, Moment};
use http::Method;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use testkit::{World, for_each_engine};

const APPLICATIONS: &str = "/v1/platform/applications";

fn app() -> Value {
    json!({ "client_name": "Planner", "redirect_uris": ["https://planner.test/cb"], "scope": "surveys.read surveys.write" })
}

async fn house(world: &World) -> House {
    let house = House::build(world).await;
    let scopes = ["surveys.read", "surveys.write"].map(|name| name.parse().unwrap());
    house.room.known_scopes.store(Arc::new(scopes.into()));
    house
}

#[tokio::test]
async fn an_application_is_registered_and_its_secret_is_shown_once() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let operator = AtConsole::operator(&house);
        let made = operator.send(Method::POST, APPLICATIONS, app()).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let made = made.json();
        let (id, secret) = (made["client_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
        assert!(id.starts_with("app_") && secret.starts_with("pwa_"));
        let shown = operator.get(&format!("{APPLICATIONS}/{id}")).await;
        assert_eq!(shown.json()["redirect_uris"], json!(["https://planner.test/cb"]));
        assert!(!shown.body.contains(secret) && shown.json()["client_secret"].is_null());
        let application = house.room.application(id).unwrap();
        assert!(application.has_secret(secret, house.room.now()));
        assert!(!application.has_secret(&secret.replace("pwa_", "pwb_"), house.room.now()));

        let renewed = operator
            .send(Method::POST, &format!("{APPLICATIONS}/{id}/secret"), json!({ "overlap_seconds": 60 }))
            .await;
        let fresh = renewed.json()["client_secret"].as_str().unwrap().to_owned();
        let application = house.room.application(id).unwrap();
        let now = house.room.now();
        assert!(application.has_secret(secret, now) && application.has_secret(&fresh, now));
        let later = now + Duration::from_secs(61);
        assert!(!application.has_secret(secret, later) && application.has_secret(&fresh, later));

        assert_eq!(operator.delete(&format!("{APPLICATIONS}/{id}")).await.status, 204);
        assert!(house.room.application(id).is_none());
        assert_eq!(operator.get(&format!("{APPLICATIONS}/{id}")).await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn return_addresses_change_by_the_api_and_what_is_unsound_is_refused_at_its_place() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let operator = AtConsole::operator(&house);
        let made = operator.send(Method::POST, APPLICATIONS, app()).await.json();
        let path = format!("{APPLICATIONS}/{}", made["client_id"].as_str().unwrap());
        let moved = json!({ "redirect_uris": ["https://planner.example.com/cb"] });
        let changed = operator.send(Method::PATCH, &path, moved).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        assert_eq!(changed.json()["client_name"], "Planner");
        assert!(changed.json()["client_secret"].is_null(), "the secret stays");
        let application = house.room.application(made["client_id"].as_str().unwrap()).unwrap();
        assert!(application.metadata.may_redirect_to("https://planner.example.com/cb"));
        assert!(!application.metadata.may_redirect_to("https://planner.test/cb"));
        for (change, place) in [
            (json!({ "redirect_uris": ["https://x.test/*"] }), "/redirect_uris"),
            (json!({ "redirect_uris": [] }), "/redirect_uris"),
            (json!({ "scope": "surveys.delete" }), "/scope"),
            (json!({ "token_endpoint_auth_method": "private_key_jwt" }), "/jwks"),
            (json!({ "jwks": { "keys": [] } }), "/jwks"),
            (
                json!({ "token_endpoint_auth_method": "none", "grant_types": ["client_credentials"] }),
                "/token_endpoint_auth_method",
            ),
            (json!({ "resource": "no uri" }), "/resource"),
            (json!({ "backchannel_logout_uri": "ftp://x" }), "/backchannel_logout_uri"),
            (json!({ "access_token_seconds": 5 }), "/access_token_seconds"),
            (json!({ "grant_types": ["password"] }), "/metadata"),
        ] {
            let refused = operator.send(Method::PATCH, &path, change.clone()).await;
            assert_eq!(refused.status, 422, "{change} {}", refused.body);
            assert_eq!(refused.json()["errors"][0]["pointer"], place, "{change} {}", refused.body);
        }
        let realm = json!({ "resource": "https://api.planner.test" });
        assert_eq!(operator.send(Method::PATCH, &path, realm.clone()).await.status, 200);
        let mut other = app();
        other["resource"] = realm["resource"].clone();
        assert_eq!(
            operator.send(Method::POST, APPLICATIONS, other).await.status,
            422,
            "a realm is one application's"
        );
    })
    .await;
}

#[tokio::test]
async fn an_application_is_bound_by_its_own_metadata_and_bound_again_when_that_changes() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let operator = AtConsole::operator(&house);
        let metadata = json!({
            "client_name": "Planner", "redirect_uris": ["https://dev.planner.test/cb"],
            "software_version": "what we do not know is passed over",
        });
        let bound = operator
            .send(Method::POST, &format!("{APPLICATIONS}/bind"), json!({ "metadata": metadata }))
            .await;
        assert_eq!(bound.status, 200, "{}", bound.body);
        let bound = bound.json();
        assert_eq!(bound["issuer"], "http://id.pw.test");
        let again = json!({
            "client_id": bound["client_id"],
            "metadata": { "redirect_uris": ["https://planner.test/cb"] },
        });
        let again = operator.send(Method::POST, &format!("{APPLICATIONS}/bind"), again).await.json();
        assert_eq!(again["client_id"], bound["client_id"]);
        assert_eq!(again["redirect_uris"], json!(["https://planner.test/cb"]));
        // What lies inward is not fetched, and what is no metadata is told at the field.
        for body in
            [json!({ "metadata_url": "https://169.254.169.254/latest" }), json!({ "metadata_url": "x" })]
        {
            let away = operator.send(Method::POST, &format!("{APPLICATIONS}/bind"), body).await;
            assert_eq!((away.status.as_u16(), away.code().as_str()), (502, "application.metadata"));
        }
        let neither = operator.send(Method::POST, &format!("{APPLICATIONS}/bind"), json!({})).await;
        assert_eq!(neither.status, 422);
    })
    .await;
}

#[tokio::test]
async fn a_tenants_admin_puts_an_application_into_use_and_withdraws_it_and_no_other_tenant_is_touched() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let operator = AtConsole::operator(&house);
        let made = operator.send(Method::POST, APPLICATIONS, app()).await.json();
        let id = made["client_id"].as_str().unwrap();
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let other = AtConsole::person(world, &house, fabrikam, &fabrikam.admin).await;
        let path = |village, rest: &str| format!("{}{rest}", api(village, "applications"));
        let here = admin.get(&path(contoso, "")).await.json();
        assert_eq!(here["items"][0]["in_use"], false);
        assert_eq!(here["items"][0]["asks"], json!(["surveys.read", "surveys.write"]));

        let consent = path(contoso, &format!("/{id}/consent"));
        let agreed = admin.send(Method::PUT, &consent, json!({ "scopes": ["surveys.read"] })).await;
        assert_eq!(agreed.status, 200, "{}", agreed.body);
        assert_eq!(agreed.json()["scopes"], json!(["surveys.read"]));
        let more = admin.send(Method::PUT, &consent, json!({ "scopes": ["surveys.delete"] })).await;
        assert_eq!(more.status, 422, "no more than it asks for");
        assert_eq!(other.get(&path(fabrikam, "")).await.json()["items"][0]["in_use"], false);
        assert_eq!(other.send(Method::PUT, &consent, json!({ "scopes": [] })).await.status, 403);

        // The page says the same, and its button withdraws.
        let page = admin.get(&format!("/t/{}/applications", contoso.id)).await;
        assert!(page.body.contains("Planner") && page.body.contains("In use"), "{}", page.body);
        let done = admin.form(&format!("/t/{}/applications/{id}/withdraw", contoso.id), &[]).await;
        assert_eq!(done.status, 303, "{}", done.body);
        assert_eq!(admin.get(&path(contoso, "")).await.json()["items"][0]["in_use"], false);
        assert_eq!(admin.delete(&consent).await.status, 404, "it is not in use");
        let agree = [("scopes", "surveys.read surveys.write")];
        let done = admin.form(&format!("/t/{}/applications/{id}/consent", contoso.id), &agree).await;
        assert_eq!(done.status, 303, "{}", done.body);
        assert_eq!(admin.get(&path(contoso, "")).await.json()["items"][0]["in_use"], true);
    })
    .await;
}

#[test]
fn a_secret_that_has_ended_is_none() {
    let mark = super::SecretMark::of("s", Moment::from_seconds(10));
    let metadata = serde_json::from_value(app()).unwrap();
    let now = Moment::from_seconds(1);
    let id = ApplicationId::from_bits(1);
    let application =
        super::Application { id, metadata, secrets: vec![mark], created_at: now, changed_at: now };
    assert!(application.has_secret("s", Moment::from_seconds(9)));
    assert!(!application.has_secret("s", Moment::from_seconds(10)));
}
