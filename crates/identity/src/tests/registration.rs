//! However we are registered at a provider, its people get in.

use super::{
    Account, Browser, House,
    console::{AtConsole, api, page},
    house::ID,
    provider::{Faults, pairs},
};
use http::Method;
use serde_json::json;
use testkit::{for_each_engine, for_sqlite};

#[tokio::test]
async fn a_client_that_is_registered_for_the_body_is_shown_there_once_the_connection_says_so() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        house.contoso.fail(Faults { wants_the_secret_in_the_body: true, ..Faults::default() });
        let refused =
            Browser::new(&house).sign_in(&house, contoso, &house.contoso, &Account::of("alice")).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (403, "provider.refused"));

        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let path = api(contoso, &format!("connections/{}", contoso.connection));
        assert_eq!(admin.get(&path).await.json()["client_authentication"], "automatic");
        let wrong =
            admin.send(Method::PATCH, &path, json!({ "client_authentication": "private_key_jwt" })).await;
        assert_eq!(wrong.told(), (422, "input.invalid".into()));
        let put = json!({ "client_authentication": "client_secret_post", "client_secret": "s3cret" });
        let changed = admin.send(Method::PATCH, &path, put).await.json();
        assert_eq!(changed["client_authentication"], "client_secret_post");
        assert_eq!(changed["tested_at"], json!(null), "another way is another client");
        let mut alice = Browser::new(&house);
        alice.sign_in(&house, contoso, &house.contoso, &Account::of("alice")).await;
        assert!(alice.session_at(&house, contoso).await.is_some());

        let shown = admin.get(&page(contoso, &format!("connections/{}", contoso.connection))).await;
        assert!(shown.body.contains(r#"<option value="client_secret_post" selected>"#), "{}", shown.body);
    })
    .await;
}

#[tokio::test]
async fn a_trial_says_how_the_secret_was_sent_and_what_to_do_where_that_is_wrong() {
    for_sqlite(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let at = house.room.web.warden.resolve_id(contoso.id).unwrap();
        let permit = house.room.web.warden.permit(&at, &contoso.admin, world.origin()).await.unwrap();
        let trial = crate::sign_in::trial_link(&house.room, &permit, contoso.connection).unwrap();
        let mut admin = Browser::new(&house);
        let address = admin.get(&trial).await.location();
        let passed = admin.get(&house.contoso.authorize(&address, &Account::of("alice"))).await;
        assert!(passed.body.contains("in the header (client_secret_basic)"), "{}", passed.body);

        house.contoso.fail(Faults { wants_the_secret_in_the_body: true, ..Faults::default() });
        let address = admin.get(&trial).await.location();
        let failed = admin.get(&house.contoso.authorize(&address, &Account::of("alice"))).await;
        for words in
            ["invalid_client", "in the header (client_secret_basic)", "registered there for another way"]
        {
            assert!(failed.body.contains(words), "{words}: {}", failed.body);
        }
    })
    .await;
}

#[tokio::test]
async fn the_first_connection_can_say_it_too() {
    for_sqlite(async |world| {
        let house = House::build(world).await;
        let nobody = &house.town.canary.0;
        let life = std::time::Duration::from_secs(600);
        world.raw(&format!("UPDATE connection SET standing = 'off' WHERE tenant_id = '{}'", nobody.id)).await;
        let (secret, _) = house.invite(world, nobody, r#"["partywall.admin"]"#, life).await;
        let link = format!("http://{ID}/t/{}/invitation?code={secret}", nobody.id);
        let mut admin = Browser::new(&house);
        let form = admin.get(&link).await;
        assert!(form.body.contains(r#"name="client_authentication""#), "{}", form.body);
        let token = form.body.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let issuer = house.contoso.issuer();
        let sent = [
            ("csrf", token),
            ("issuer", issuer.as_str()),
            ("client_id", "us"),
            ("client_secret", "s3cret"),
            ("client_authentication", "client_secret_post"),
        ];
        assert_eq!(admin.post(&link, &sent).await.status, 303);
        house.contoso.fail(Faults { wants_the_secret_in_the_body: true, ..Faults::default() });
        let start = link.replace("/invitation?", "/invitation/sign-in?");
        let address = admin.get(&start).await.location();
        assert_eq!(pairs(&address)["client_id"], "us");
        let end = admin.get(&house.contoso.authorize(&address, &Account::of("root"))).await;
        assert_eq!(end.status, 303, "{}", end.body);
    })
    .await;
}
