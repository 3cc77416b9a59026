//! Providers that tell name and address at their userinfo endpoint only.

use super::{Account, Browser, House, house::ID, provider::Faults};
use serde_json::{Value, json};
use testkit::{for_each_engine, for_sqlite};

#[tokio::test]
async fn what_a_provider_tells_at_its_userinfo_endpoint_only_is_known_of_a_member() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        house.contoso.be_discreet();
        let mut alice = Browser::new(&house);
        alice.sign_in(&house, contoso, &house.contoso, &Account::of("alice")).await;
        let session = alice.session_at(&house, contoso).await.expect("she is signed in");
        let said = (&session["member"]["name"], &session["member"]["email"]);
        assert_eq!(said, (&"alice".into(), &"alice@people.test".into()));
        assert_eq!(house.contoso.times("userinfo"), 1);
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_says_enough_at_once_is_not_asked_again() {
    for_sqlite(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let mut alice = Browser::new(&house);
        alice.sign_in(&house, contoso, &house.contoso, &Account::of("alice")).await;
        assert!(alice.session_at(&house, contoso).await.is_some());
        assert_eq!(house.contoso.times("userinfo"), 0);
    })
    .await;
}

#[tokio::test]
async fn a_userinfo_endpoint_that_speaks_of_somebody_else_lets_nobody_in() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        house.contoso.be_discreet();
        let body = json!({ "sub": "mallory", "name": "Mallory" }).to_string();
        house.contoso.fail(Faults { userinfo: Some((200, "application/json", body)), ..Faults::default() });
        let mut alice = Browser::new(&house);
        let reply = alice.sign_in(&house, contoso, &house.contoso, &Account::of("alice")).await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (401, "userinfo.subject"));
        assert!(reply.body.contains("Begin again") && !reply.body.contains("allory"), "{}", reply.body);
        assert!(alice.cookie(ID, "pw_person").is_none());
        assert_eq!(world.number("SELECT COUNT(*) FROM sign_in").await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_userinfo_endpoint_that_fails_costs_the_name_and_nothing_else() {
    for_sqlite(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        house.contoso.be_discreet();
        let answered = |status, kind, body: Value| {
            let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
            Faults { userinfo: Some((status, kind, body)), ..Faults::default() }
        };
        let about_alice = json!({ "sub": "alice", "name": "Alice" });
        let padding = json!({ "sub": "alice", "name": "Alice", "padding": "a".repeat(100_000) });
        for fault in [
            answered(500, "application/json", about_alice.clone()),
            answered(302, "application/json", about_alice.clone()),
            answered(200, "application/jwt", json!("eyJhbGciOiJub25lIn0.e30.")),
            answered(200, "text/html", json!("<html>")),
            answered(200, "application/json", json!({ "name": "Nobody's" })),
            answered(200, "application/json", padding),
            Faults { userinfo_hangs: true, ..Faults::default() },
        ] {
            let told = format!("{fault:?}");
            house.contoso.fail(fault);
            let mut alice = Browser::new(&house);
            alice.sign_in(&house, contoso, &house.contoso, &Account::of("alice")).await;
            let session = alice.session_at(&house, contoso).await;
            let session =
                session.unwrap_or_else(|| panic!("she is signed in: {}", &told[..200.min(told.len())]));
            assert!(session["member"].get("name").is_none() && session["member"].get("email").is_none());
        }
    })
    .await;
}
