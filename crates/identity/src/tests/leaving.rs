//! Somebody signs out, and what is over then.

use super::{
    Account, Browser, House,
    browser::Reply,
    house::{CONSOLE, ID},
};
use std::time::Duration;
use testkit::{Canary, Village, World, for_each_engine};

impl Browser<'_> {
    /// Signs out at the village up to the page that leads on to `id.`
    async fn press_sign_out(&mut self, house: &House, village: &Village, everywhere: bool) -> Reply {
        let out = format!("{}/.partywall/sign-out", house.origin(village));
        let token = self.get(&out).await.form_token();
        let mut fields = vec![("csrf", token.as_str())];
        fields.extend(everywhere.then_some(("everywhere", "on")));
        self.post(&out, &fields).await
    }

    /// Signs out at the village and goes where that leads.
    async fn sign_out(&mut self, house: &House, village: &Village, everywhere: bool) -> Reply {
        let going = self.press_sign_out(house, village, everywhere).await;
        self.get(&going.link("/signed-out?ticket=")).await
    }

    /// Whether the next visit to the village asks its provider.
    async fn is_asked(&mut self, house: &House, village: &Village) -> bool {
        let to =
            self.follow(&format!("{}/.partywall/sign-in?return=/", house.origin(village))).await.location();
        to.starts_with(&house.contoso.issuer()) || to.starts_with(&house.fabrikam.issuer())
    }
}

/// Dana, whom Contoso's provider proves, at Contoso and at Fabrikam.
async fn dana<'h>(world: &World, house: &'h House) -> Browser<'h> {
    let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
    house.link(world, contoso, house.town.dana_at_contoso.user, "dana").await;
    let mut dana = Browser::new(house);
    dana.sign_in(house, contoso, &house.contoso, &Account::of("dana")).await;
    dana.follow(&format!("http://{ID}/t/{}/switch", fabrikam.id)).await;
    assert!(dana.session_at(house, contoso).await.is_some());
    assert!(dana.session_at(house, fabrikam).await.is_some());
    dana
}

#[tokio::test]
async fn signing_out_ends_the_session_at_once_and_the_next_visit_asks_the_provider() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let mut alice = Browser::new(&house);
        alice.sign_in(&house, contoso, &house.contoso, &Account::of("alice")).await;
        let mut phone = Browser::new(&house);
        phone.sign_in(&house, contoso, &house.contoso, &Account::of("alice")).await;
        let mut keeper = Browser::new(&house);
        keeper.copy_cookies(&alice, &house.host(contoso));
        keeper.copy_cookies(&alice, ID);

        let going = alice.press_sign_out(&house, contoso, false).await;
        assert_eq!(
            going.status, 200,
            "no redirect: browsers hold those to the policy of the page with the form"
        );
        assert!(
            going.body.contains(r#"<meta http-equiv="refresh" content="0; url=http://id.pw.test/signed-out"#)
        );
        assert!(alice.cookie(&house.host(contoso), "pw_session").is_none());
        assert!(keeper.session_at(&house, contoso).await.is_none(), "a kept cookie is worth nothing");
        let gone = alice.get(&going.link("/signed-out?ticket=")).await;
        assert_eq!(gone.status, 200);
        assert!(gone.body.contains("You are signed out") && !gone.body.contains(Canary::MARK));
        gone.link(&format!("{}/logout?client_id=", house.contoso.issuer()));
        assert!(gone.link("/.partywall/sign-in").starts_with(&house.origin(contoso)));
        assert!(alice.cookie(ID, "pw_person").is_none());
        assert!(alice.is_asked(&house, contoso).await && keeper.is_asked(&house, contoso).await);

        assert!(phone.session_at(&house, contoso).await.is_some(), "another browser is another matter");
        phone.forget(&house.host(contoso), "pw_session");
        assert!(!phone.is_asked(&house, contoso).await);
    })
    .await;
}

#[tokio::test]
async fn sessions_at_other_tenants_and_in_other_browsers_end_only_if_asked() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        let mut desk = dana(world, &house).await;
        let mut phone = dana(world, &house).await;
        desk.sign_out(&house, contoso, false).await;
        assert!(desk.session_at(&house, fabrikam).await.is_some(), "what was open elsewhere stays open");
        assert!(desk.is_asked(&house, contoso).await);

        desk.sign_in(&house, contoso, &house.contoso, &Account::of("dana")).await;
        desk.sign_out(&house, contoso, true).await;
        for browser in [&mut desk, &mut phone] {
            for village in [contoso, fabrikam] {
                assert!(browser.session_at(&house, village).await.is_none());
            }
            assert!(browser.is_asked(&house, contoso).await);
        }
        assert_eq!(world.number("SELECT COUNT(*) FROM person_session").await, 0);
        let told = format!(
            "SELECT COUNT(*) FROM audit_line WHERE tenant_id = '{}' AND action = 'session.end' AND actor = '{}'",
            fabrikam.id, house.town.dana_at_contoso.user,
        );
        assert_eq!(world.number(&told).await, 1, "Fabrikam can read of it");
    })
    .await;
}

#[tokio::test]
async fn another_s_sign_out_ends_nobodys_session() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let mut victim = Browser::new(&house);
        victim.sign_in(&house, contoso, &house.contoso, &Account::of("victim")).await;
        let mut mallory = Browser::new(&house);
        mallory.sign_in(&house, contoso, &house.contoso, &Account::of("mallory")).await;
        let hers = mallory.press_sign_out(&house, contoso, false).await.link("/signed-out?ticket=");
        let told = victim.get(&hers).await;
        assert!(
            told.status == 200 && told.body.contains("Somebody is still signed in here"),
            "{}",
            told.body
        );
        // Nor did the victim take anything from her: it is good in the browser that it was for.
        assert_eq!(mallory.head(&hers).await.status, 200);
        assert!(mallory.cookie(ID, "pw_person").is_some(), "who only looks ends nothing");
        assert!(mallory.get(&hers).await.body.contains("You are signed out"));
        assert!(mallory.is_asked(&house, contoso).await);
        assert!(victim.cookie(ID, "pw_person").is_some(), "a link of hers signs nobody else out");
        victim.forget(&house.host(contoso), "pw_session");
        assert!(!victim.is_asked(&house, contoso).await);
        for ticket in ["", "made-up", &"A".repeat(300)] {
            let reply = victim.get(&format!("http://{ID}/signed-out?ticket={ticket}")).await;
            assert_eq!((reply.status.as_u16(), reply.code().as_str()), (403, "sign-out.over"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_sign_out_ends_what_there_was_and_not_for_long() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let mut alice = Browser::new(&house);
        alice.sign_in(&house, contoso, &house.contoso, &Account::of("alice")).await;
        let ticket = alice.press_sign_out(&house, contoso, false).await.link("/signed-out?ticket=");
        alice.get(&ticket).await;
        assert!(alice.get(&ticket).await.body.contains("You are signed out"), "the page is loaded again");
        world.pass(Duration::from_secs(1));
        alice.sign_in(&house, contoso, &house.contoso, &Account::of("alice")).await;
        assert!(alice.get(&ticket).await.body.contains("Somebody is still signed in here"));
        assert!(alice.cookie(ID, "pw_person").is_some(), "and ends nothing that has begun since");

        let late = alice.press_sign_out(&house, contoso, false).await.link("/signed-out?ticket=");
        world.pass(Duration::from_secs(31));
        let reply = alice.get(&late).await;
        assert_eq!(reply.code(), "sign-out.over");
        assert!(reply.body.contains("sign out at the sign-in page too"), "{}", reply.body);
    })
    .await;
}

#[tokio::test]
async fn a_script_is_told_where_to_go_on() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let mut alice = Browser::new(&house);
        alice.sign_in(&house, contoso, &house.contoso, &Account::of("alice")).await;
        let mut script = Browser::script(&house);
        script.resume(alice.everything());
        let out = script.post(&format!("{}/.partywall/sign-out", house.origin(contoso)), &[]).await;
        let told: serde_json::Value = serde_json::from_str(&out.body).unwrap();
        alice.get(told["continue"].as_str().unwrap()).await;
        assert!(alice.is_asked(&house, contoso).await);
    })
    .await;
}

#[tokio::test]
async fn signing_out_of_the_console_is_signing_out_at_id_as_well() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        house.link(world, contoso, contoso.admin.user, "root").await;
        let mut admin = Browser::new(&house);
        let enter = format!("http://{CONSOLE}/t/{}/sign-in?return=/t/{}/members", contoso.id, contoso.id);
        let address = admin.follow(&enter).await.location();
        admin.follow(&house.contoso.authorize(&address, &Account::of("root"))).await;
        let out = format!("http://{CONSOLE}/sign-out");
        let token = admin.get(&out).await.form_token();
        let going = admin.post(&out, &[("csrf", &token)]).await;
        assert!(admin.cookie(CONSOLE, "pw_console").is_none());
        let gone = admin.get(&going.link("/signed-out?ticket=")).await;
        assert!(gone.body.contains("You are signed out"), "{}", gone.body);
        assert!(admin.cookie(ID, "pw_person").is_none());
        let again = admin.follow(&enter).await.location();
        assert!(again.starts_with(&house.contoso.issuer()));
    })
    .await;
}

#[tokio::test]
async fn one_signs_out_of_a_tenant_that_is_closed() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        for standing in ["maintenance", "suspended"] {
            let mut alice = Browser::new(&house);
            alice.sign_in(&house, contoso, &house.contoso, &Account::of("alice")).await;
            let mut keeper = Browser::new(&house);
            keeper.copy_cookies(&alice, &house.host(contoso));
            let stand = async |standing: &str| {
                world
                    .raw(&format!("UPDATE tenant SET standing = '{standing}' WHERE id = '{}'", contoso.id))
                    .await;
                house.heard(contoso).await;
            };
            stand(standing).await;
            // The application's own button, which has no page of ours in front.
            let going = alice.post(&format!("{}/.partywall/sign-out", house.origin(contoso)), &[]).await;
            assert_eq!(going.status, 200, "{}", going.body);
            let gone = alice.get(&going.link("/signed-out?ticket=")).await;
            assert!(gone.body.contains("You are signed out"), "{}", gone.body);
            stand("active").await;
            assert!(
                keeper.session_at(&house, contoso).await.is_none(),
                "{standing}: nothing comes back with it"
            );
            assert!(alice.is_asked(&house, contoso).await);
        }
    })
    .await;
}
