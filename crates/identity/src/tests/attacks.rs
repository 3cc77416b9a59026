//! Somebody tries to get in by what is not theirs.

use super::{
    Account, Browser, House,
    house::ID,
    provider::{Faults, pairs},
};
use domain::TenantId;
use testkit::for_each_engine;

#[tokio::test]
async fn an_answer_is_good_once() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        house.contoso.fail(Faults { takes_codes_again: true, ..Faults::default() });
        let mut alice = Browser::new(&house);
        let address = alice.leave_for(&house, contoso, "/").await;
        let back = house.contoso.authorize(&address, &Account::of("alice"));
        let mut thief = Browser::new(&house);
        thief.copy_cookies(&alice, ID);
        alice.follow(&back).await;
        assert!(alice.session_at(&house, contoso).await.is_some());

        assert_eq!(alice.get(&back).await.code(), "callback.state", "her browser has forgotten it");
        let replayed = thief.get(&back).await;
        assert_eq!((replayed.status.as_u16(), replayed.code().as_str()), (400, "callback.state"));
        assert!(thief.cookie(ID, "pw_person").is_none());
        assert_eq!(world.number("SELECT COUNT(*) FROM sign_in").await, 1);
        assert_eq!(house.contoso.times("token"), 1, "the provider hears nothing of it");
        let told =
            "SELECT COUNT(*) FROM audit_line WHERE action = 'sign-in.answer' AND outcome = 'callback.state'";
        assert_eq!(world.number(told).await, 1, "and the tenant can read of it");
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_is_shown_to_two_nodes_at_once_is_taken_by_one() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        house.contoso.fail(Faults { takes_codes_again: true, ..Faults::default() });
        let other = house.another_node(world).await;
        let mut alice = Browser::new(&house);
        let address = alice.leave_for(&house, contoso, "/").await;
        let back = house.contoso.authorize(&address, &Account::of("alice"));
        let mut thief = Browser::new(&house).at_node(&other);
        thief.copy_cookies(&alice, ID);
        let (one, two) = tokio::join!(alice.get(&back), thief.get(&back));
        let mut outcomes = [one.status.as_u16(), two.status.as_u16()];
        outcomes.sort_unstable();
        assert_eq!(outcomes, [303, 400], "{} {}", one.body, two.body);
        assert_eq!(house.contoso.times("token"), 1);
    })
    .await;
}

#[tokio::test]
async fn an_answer_to_somebody_elses_sign_in_is_refused() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        let mut mallory = Browser::new(&house);
        let address = mallory.leave_for(&house, contoso, "/").await;
        let hers = house.contoso.authorize(&address, &Account::of("mallory"));
        // A browser that never left.
        let mut victim = Browser::new(&house);
        assert_eq!(victim.get(&hers).await.code(), "callback.state");
        // One that left with another state.
        let address = victim.leave_for(&house, contoso, "/").await;
        let own = house.contoso.authorize(&address, &Account::of("victim"));
        let swapped = own.replace(&pairs(&own)["state"], &pairs(&hers)["state"]);
        assert_eq!(victim.get(&swapped).await.code(), "callback.state");
        // Another connection's callback: a provider cannot answer for another.
        let elsewhere = own.replace(&contoso.connection.to_string(), &fabrikam.connection.to_string());
        assert_eq!(victim.get(&elsewhere).await.code(), "callback.state");
        assert!(victim.session_at(&house, contoso).await.is_none());
        // Nonsense.
        let own = format!("http://{ID}/callback/{}", contoso.connection);
        for query in ["", "?code=x", "?state=x", "?code=x&state=y&state=z", "?code=x&error=y&state=z"] {
            assert_eq!(victim.get(&format!("{own}{query}")).await.code(), "callback.malformed", "{query}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_token_with_another_nonce_lets_nobody_in() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        house.contoso.fail(Faults { nonce: Some("of another sign-in".into()), ..Faults::default() });
        let mut alice = Browser::new(&house);
        let address = alice.leave_for(&house, contoso, "/").await;
        let reply = alice.get(&house.contoso.authorize(&address, &Account::of("alice"))).await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (401, "token.nonce"));
        assert!(reply.body.contains("Begin again"), "the page says what to do");
        assert_eq!(world.number("SELECT COUNT(*) FROM sign_in").await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_hand_over_is_for_the_browser_that_left_and_burns_in_other_hands() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        for thief_brings_own_binding in [false, true] {
            let mut alice = Browser::new(&house);
            let address = alice.leave_for(&house, contoso, "/").await;
            let enter = alice.get(&house.contoso.authorize(&address, &Account::of("alice"))).await.location();
            let mut thief = Browser::new(&house);
            if thief_brings_own_binding {
                thief.leave_for(&house, contoso, "/").await;
            }
            let reply = thief.get(&enter).await;
            assert_eq!((reply.status.as_u16(), reply.code().as_str()), (403, "hand-over.refused"));
            assert!(thief.session_at(&house, contoso).await.is_none());
            assert_eq!(alice.get(&enter).await.code(), "hand-over.refused", "the code is burnt");
        }
        let refused = "SELECT COUNT(*) FROM audit_line WHERE after_values LIKE '%another browser%'";
        assert_eq!(world.number(refused).await, 2, "and the tenant can read of it");
    })
    .await;
}

#[tokio::test]
async fn a_hand_over_is_good_once_for_half_a_minute_and_at_its_own_tenant() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        let mut alice = Browser::new(&house);
        let address = alice.leave_for(&house, contoso, "/").await;
        let enter = alice.get(&house.contoso.authorize(&address, &Account::of("alice"))).await.location();
        let foreign = enter.replace(&house.host(contoso), &house.host(fabrikam));
        assert_eq!(alice.get(&foreign).await.code(), "hand-over.refused");
        let console =
            format!("http://console.pw.test/enter?tenant={}&code={}", contoso.id, pairs(&enter)["code"]);
        let mut twin = Browser::new(&house);
        twin.copy_cookies(&alice, &house.host(contoso));
        assert_eq!(alice.get(&enter).await.status, 303);
        assert_eq!(twin.get(&enter).await.code(), "hand-over.refused", "used up");
        assert_eq!(twin.get(&console).await.code(), "hand-over.refused");

        let mut slow = Browser::new(&house);
        let address = slow.leave_for(&house, contoso, "/").await;
        let enter = slow.get(&house.contoso.authorize(&address, &Account::of("alice"))).await.location();
        world.pass(std::time::Duration::from_secs(31));
        assert_eq!(slow.get(&enter).await.code(), "hand-over.refused");
        assert!(slow.session_at(&house, contoso).await.is_none());
    })
    .await;
}

#[tokio::test]
async fn a_session_of_one_tenant_is_nothing_at_another() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        let mut alice = Browser::new(&house);
        alice.sign_in(&house, contoso, &house.contoso, &Account::of("alice")).await;
        let cookie = alice.cookie(&house.host(contoso), "pw_session").unwrap();
        let mut script = Browser::script(&house);
        script.plant(&house.host(fabrikam), "pw_session", &cookie);
        let reply = script.get(&format!("{}/.partywall/session", house.origin(fabrikam))).await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (403, "tenant.unknown"));
    })
    .await;
}

#[tokio::test]
async fn a_new_sign_in_has_a_new_session_and_ends_the_old_one() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let host = house.host(contoso);
        let mut alice = Browser::new(&house);
        alice.sign_in(&house, contoso, &house.contoso, &Account::of("alice")).await;
        let mut keeper = Browser::new(&house);
        keeper.copy_cookies(&alice, &host);
        let (first, person) = (alice.cookie(&host, "pw_session"), alice.cookie(ID, "pw_person"));
        // Two tabs: one has left for the provider before the other came back.
        alice.forget(&host, "pw_session");
        alice.forget(ID, "pw_person");
        let address = alice.leave_for(&house, contoso, "/").await;
        alice.plant(&host, "pw_session", &first.clone().unwrap());
        alice.plant(ID, "pw_person", &person.clone().unwrap());
        alice.follow(&house.contoso.authorize(&address, &Account::of("alice"))).await;
        assert_ne!(alice.cookie(&host, "pw_session"), first);
        assert_ne!(alice.cookie(ID, "pw_person"), person);
        assert!(alice.session_at(&house, contoso).await.is_some());
        assert!(keeper.session_at(&house, contoso).await.is_none(), "at once, without waiting for the feed");
        assert_eq!(world.number("SELECT COUNT(*) FROM person_session").await, 1);
    })
    .await;
}

#[tokio::test]
async fn the_audit_trail_does_not_take_one_person_for_another() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let mut shared_desk = Browser::new(&house);
        let host = house.host(contoso);
        shared_desk.sign_in(&house, contoso, &house.contoso, &Account::of("alice")).await;
        let alice = shared_desk.session_at(&house, contoso).await.unwrap()["user"].as_str().unwrap().to_owned();
        // Bob signs in where Alice has not signed out at id.
        let person = shared_desk.cookie(ID, "pw_person").unwrap();
        shared_desk.forget(ID, "pw_person");
        let session = shared_desk.cookie(&host, "pw_session").unwrap();
        shared_desk.forget(&host, "pw_session");
        let address = shared_desk.leave_for(&house, contoso, "/").await;
        shared_desk.plant(ID, "pw_person", &person);
        shared_desk.plant(&host, "pw_session", &session);
        shared_desk.follow(&house.contoso.authorize(&address, &Account::of("bob"))).await;
        let bob = shared_desk.session_at(&house, contoso).await.unwrap();
        assert_ne!(bob["user"], alice.as_str());
        let hers = "SELECT COUNT(*) FROM audit_line WHERE action IN ('sign-in.finish', 'session.enter') AND actor = ";
        assert_eq!(world.number(&format!("{hers}'{alice}'")).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_tenant_that_publishes_nothing_looks_like_none() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let fabrikam = &house.town.fabrikam;
        world
            .raw(&format!("UPDATE tenant_setting SET published = 0 WHERE tenant_id = '{}'", fabrikam.id))
            .await;
        house.heard(fabrikam).await;
        let nobody = TenantId::from_bits(77);
        let bind = "A".repeat(43);
        let mut stranger = Browser::new(&house);
        for path in [
            format!("sign-in?return=/&for=tenant&bind={bind}"),
            format!("sign-in?return=/&for=console&bind={bind}"),
            "sign-in?for=nonsense".to_owned(),
            format!("sign-in?for=tenant&bind={bind}&return=https://evil.test"),
            format!("sign-in?for=tenant&bind={bind}&connection={}", house.town.contoso.connection),
            "switch".to_owned(),
        ] {
            let hidden = stranger.get(&format!("http://{ID}/t/{}/{path}", fabrikam.id)).await;
            let unknown = stranger.get(&format!("http://{ID}/t/{nobody}/{path}")).await;
            assert_eq!(hidden.fingerprint(), unknown.fingerprint(), "{path}");
            assert_eq!(hidden.status, 403);
        }
        for path in
            ["sign-in?return=/", "sign-in?return=//evil.test", "enter?code=x", "enter", "session", "sign-out"]
        {
            let hidden = stranger.get(&format!("{}/.partywall/{path}", house.origin(fabrikam))).await;
            let unknown = stranger.get(&format!("http://nobody.pw.test/.partywall/{path}")).await;
            assert_eq!(hidden.fingerprint(), unknown.fingerprint(), "{path}");
        }
        let link = |tenant| format!("http://{ID}/t/{tenant}/invitation?code={bind}");
        let hidden = stranger.get(&link(fabrikam.id)).await;
        let unknown = stranger.get(&link(nobody)).await;
        let published = stranger.get(&link(house.town.contoso.id)).await;
        for reply in [&hidden, &unknown, &published] {
            assert_eq!((reply.status.as_u16(), reply.code().as_str()), (403, "invitation.invalid"));
        }

        // Its people come in by the direct link of a connection.
        let mut carol = Browser::new(&house);
        let start = format!(
            "{}/.partywall/sign-in?return=/&connection={}",
            house.origin(fabrikam),
            fabrikam.connection
        );
        let address = carol.follow(&start).await.location();
        carol.follow(&house.fabrikam.authorize(&address, &Account::of("carol"))).await;
        assert!(carol.session_at(&house, fabrikam).await.is_some());
    })
    .await;
}

#[tokio::test]
async fn a_return_address_elsewhere_is_refused() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let mut alice = Browser::new(&house);
        for evil in ["https://evil.test/", "//evil.test", "/%5Cevil.test", "evil"] {
            let start = format!("{}/.partywall/sign-in?return={evil}", house.origin(&house.town.contoso));
            let reply = alice.get(&start).await;
            assert_eq!(reply.status, 422, "{evil}");
            assert!(!reply.headers.contains_key("location"));
        }
    })
    .await;
}

#[tokio::test]
async fn many_tries_from_one_address_are_slowed_down() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let start = format!("{}/.partywall/sign-in?return=/", house.origin(&house.town.contoso));
        let mut script = Browser::script(&house);
        let mut last = script.get(&start).await;
        for _ in 0..70 {
            last = script.get(&start).await;
        }
        assert_eq!((last.status.as_u16(), last.code().as_str()), (429, "limit.exceeded"));
        assert!(last.headers.contains_key("retry-after"));
        assert_eq!(Browser::script(&house).get(&start).await.status, 303, "another address is not held up");
    })
    .await;
}
