//! Providers that are away, hang, change their keys, or say no.

use super::{Account, Browser, House, house::ID, provider::Faults};
use std::time::Duration;
use testkit::{for_each_engine, for_sqlite};

#[tokio::test]
async fn a_provider_that_hangs_is_answered_for_in_bounded_time() {
    for_sqlite(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        house.contoso.fail(Faults { hangs: true, ..Faults::default() });
        let start = format!("{}/.partywall/sign-in?return=/", house.origin(contoso));
        let mut browsers: Vec<Browser<'_>> = (0..5).map(|_| Browser::new(&house)).collect();
        let replies = async {
            let mut waiting: Vec<_> =
                browsers.iter_mut().map(|browser| Box::pin(browser.follow(&start))).collect();
            let mut replies = vec![];
            for reply in waiting.iter_mut() {
                replies.push(reply.await);
            }
            replies
        };
        let replies = tokio::time::timeout(Duration::from_secs(20), replies).await.expect("a bound");
        for reply in replies {
            assert_eq!((reply.status.as_u16(), reply.code().as_str()), (502, "sign-in.provider-away"));
            assert!(reply.body.contains("Try again"), "{}", reply.body);
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_comes_back_while_the_provider_is_away_is_shown_how_to_begin_again() {
    for_sqlite(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let mut alice = Browser::new(&house);
        let address = alice.leave_for(&house, contoso, "/deep").await;
        let back = house.contoso.authorize(&address, &Account::of("alice"));
        house.contoso.fail(Faults { hangs: true, ..Faults::default() });
        let reply = alice.get(&back).await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (502, "sign-in.provider-away"));
        house.contoso.fail(Faults::default());
        assert_eq!(alice.get(&back).await.code(), "callback.state", "the answer is spent");
        let address = alice.follow(&reply.link("/.partywall/sign-in")).await.location();
        let end = alice.follow(&house.contoso.authorize(&address, &Account::of("alice"))).await;
        assert_eq!(end.location(), format!("{}/deep", house.origin(contoso)));
    })
    .await;
}

#[tokio::test]
async fn a_one_time_link_is_still_good_after_its_provider_was_away() {
    for_sqlite(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let (secret, _) = house.invite(world, contoso, r#"["reader"]"#, Duration::from_secs(600)).await;
        let link = format!(
            "http://{ID}/t/{}/invitation/sign-in?code={secret}&connection={}",
            contoso.id, contoso.connection
        );
        let mut erin = Browser::new(&house);
        let address = erin.get(&link).await.location();
        let back = house.contoso.authorize(&address, &Account::of("erin"));
        house.contoso.fail(Faults { hangs: true, ..Faults::default() });
        let reply = erin.get(&back).await;
        assert_eq!(reply.code(), "sign-in.provider-away");
        assert!(reply.body.contains("it is still good"), "{}", reply.body);
        house.contoso.fail(Faults::default());
        let address = erin.get(&link).await.location();
        assert_eq!(erin.get(&house.contoso.authorize(&address, &Account::of("erin"))).await.status, 303);
    })
    .await;
}

#[tokio::test]
async fn what_a_provider_published_is_remembered_while_it_is_away() {
    for_sqlite(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let mut alice = Browser::new(&house);
        alice.sign_in(&house, contoso, &house.contoso, &Account::of("alice")).await;
        assert_eq!((house.contoso.times("metadata"), house.contoso.times("keys")), (1, 1));
        Browser::new(&house).leave_for(&house, contoso, "/").await;
        assert_eq!(house.contoso.times("metadata"), 1, "it is asked once an hour");

        house.contoso.fail(Faults { is_away: true, ..Faults::default() });
        world.pass(Duration::from_secs(2 * 3_600));
        house.heard(contoso).await;
        house.room.web.warden.heard();
        let mut bob = Browser::new(&house);
        let address = bob.leave_for(&house, contoso, "/").await;
        assert!(address.starts_with(&house.contoso.issuer()), "its old metadata still leads there");
        let reply = bob.get(&house.contoso.authorize(&address, &Account::of("bob"))).await;
        assert_eq!(reply.code(), "provider.answer", "and its silence is told at the exchange");
        house.contoso.fail(Faults::default());
        let end = bob.sign_in(&house, contoso, &house.contoso, &Account::of("bob")).await;
        assert_eq!(end.status, 303);
    })
    .await;
}

#[tokio::test]
async fn new_keys_are_asked_for_when_a_token_names_one_and_not_too_often() {
    for_sqlite(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let enter = async |who: &str| {
            Browser::new(&house).sign_in(&house, contoso, &house.contoso, &Account::of(who)).await
        };
        assert_eq!(enter("alice").await.status, 303);
        house.contoso.roll("second");
        assert_eq!(enter("alice").await.status, 303, "the next sign-in works");
        assert_eq!(house.contoso.times("keys"), 2);
        house.contoso.roll("third");
        assert_eq!(enter("alice").await.code(), "token.unknown-key", "it was asked just now");
        assert_eq!(house.contoso.times("keys"), 2);
        world.pass(Duration::from_secs(61));
        house.room.web.warden.heard();
        assert_eq!(enter("alice").await.status, 303);
        assert_eq!(house.contoso.times("keys"), 3);
    })
    .await;
}

#[tokio::test]
async fn a_new_key_under_the_old_name_is_asked_for_once() {
    for_sqlite(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let enter = async |who: &str| {
            Browser::new(&house).sign_in(&house, contoso, &house.contoso, &Account::of(who)).await
        };
        house.contoso.roll("only");
        assert_eq!(enter("alice").await.status, 303);
        let asked = house.contoso.times("keys");
        house.contoso.roll("only");
        assert_eq!(enter("alice").await.status, 303, "nobody is locked out");
        house.contoso.roll("only");
        assert_eq!(enter("alice").await.code(), "token.signature", "it was asked just now");
        assert_eq!(house.contoso.times("keys"), asked + 1);
    })
    .await;
}

#[tokio::test]
async fn a_no_at_the_provider_is_a_page_with_a_way_back() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let mut alice = Browser::new(&house);
        let address = alice.leave_for(&house, contoso, "/deep").await;
        let reply = alice.get(&house.contoso.cancel(&address)).await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (403, "provider.refused"));
        assert!(reply.body.contains("return=%2Fdeep"), "{}", reply.body);
        assert!(alice.cookies(ID, "pw_signin_").is_empty());
    })
    .await;
}

#[tokio::test]
async fn without_a_connection_there_is_no_way_in_and_the_page_says_so() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        world
            .raw(&format!("UPDATE connection SET standing = 'off' WHERE tenant_id = '{}'", contoso.id))
            .await;
        let start = format!("{}/.partywall/sign-in?return=/", house.origin(contoso));
        let reply = Browser::new(&house).follow(&start).await;
        assert_eq!(reply.code(), "sign-in.no-connection");

        // Switched off while its person was away.
        world
            .raw(&format!("UPDATE connection SET standing = 'active' WHERE id = '{}'", contoso.connection))
            .await;
        let mut alice = Browser::new(&house);
        let address = alice.leave_for(&house, contoso, "/").await;
        world
            .raw(&format!("UPDATE connection SET standing = 'off' WHERE tenant_id = '{}'", contoso.id))
            .await;
        let reply = alice.get(&house.contoso.authorize(&address, &Account::of("alice"))).await;
        assert_eq!(reply.code(), "sign-in.no-connection");
    })
    .await;
}
