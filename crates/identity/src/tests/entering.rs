//! Somebody signs in, and what is there afterwards.

use super::{
    Account, Browser, House,
    house::{CONSOLE, ID},
    provider::pairs,
};
use std::time::Duration;
use testkit::for_each_engine;

#[tokio::test]
async fn alice_signs_in_at_her_own_provider_and_returns_to_where_she_wanted_to_go() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let mut alice = Browser::new(&house);

        let address = alice.leave_for(&house, contoso, "/surveys/7%3Fpage%3D2").await;
        let asked = pairs(&address);
        assert!(address.starts_with(&house.contoso.issuer()));
        assert_eq!(asked["redirect_uri"], format!("http://{ID}/callback/{}", contoso.connection));
        assert_eq!(
            (asked["response_type"].as_str(), asked["scope"].as_str()),
            ("code", "openid profile email")
        );
        assert!(asked["state"].len() >= 43 && asked["nonce"].len() >= 43);

        let back = house.contoso.authorize(&address, &Account::of("alice"));
        let end = alice.follow(&back).await;
        assert_eq!(end.location(), format!("{}/surveys/7?page=2", house.origin(contoso)));

        let session = alice.session_at(&house, contoso).await.expect("she is signed in");
        assert_eq!(session["tenant"]["id"], contoso.id.to_string());
        assert_eq!(
            (&session["member"]["name"], &session["member"]["email"]),
            (&"alice".into(), &"alice@people.test".into())
        );
        assert_eq!(session["member"]["roles"], serde_json::json!([]));
        assert!(alice.cookie(ID, "pw_person").is_some());
        assert!(alice.cookies(ID, "pw_signin_").is_empty(), "the pending sign-in is spent");
        assert!(alice.cookie(&house.host(contoso), "pw_bind").is_none());
        assert!(alice.session_at(&house, &house.town.fabrikam).await.is_none());
        house.town.canary.is_absent(&session.to_string());
    })
    .await;
}

#[tokio::test]
async fn a_first_sign_in_makes_one_member_with_the_default_role_and_later_ones_only_their_time() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let settings =
            r#"{"default_roles":["reader","partywall.admin"],"parameters":{"organization":"contoso"}}"#;
        world
            .raw(&format!(
                "UPDATE connection SET settings = '{settings}' WHERE id = '{}'",
                contoso.connection
            ))
            .await;
        let account = Account::of("erin");

        let mut first = Browser::new(&house);
        let address = first.leave_for(&house, contoso, "/").await;
        assert_eq!(
            pairs(&address)["organization"],
            "contoso",
            "the provider is told which customer is meant"
        );
        first.follow(&house.contoso.authorize(&address, &account)).await;
        let session = first.session_at(&house, contoso).await.expect("she is signed in");
        assert_eq!(
            session["member"]["roles"],
            serde_json::json!(["reader"]),
            "and never a role of the platform"
        );

        world.pass(Duration::from_secs(3_600));
        let mut second = Browser::new(&house);
        second.sign_in(&house, contoso, &house.contoso, &account).await;
        let again = second.session_at(&house, contoso).await.expect("she is signed in again");
        assert_eq!((&again["user"], &again["member"]), (&session["user"], &session["member"]));

        let member = session["member"]["id"].as_str().unwrap();
        let signed_in = format!("SELECT COUNT(*) FROM sign_in WHERE member_id = '{member}'");
        assert_eq!(world.number(&signed_in).await, 2);
        let source = world.raw(&format!("SELECT source FROM member WHERE id = '{member}'")).await;
        assert_eq!(source[0][0], "first-sign-in");
        for table in ["audit_line", "outbox", "identity_link", "person"] {
            let rows = world.raw(&format!("SELECT * FROM {table}")).await;
            let seen = format!("{rows:?}");
            assert!(!seen.contains("erin"), "{table} holds what is personal");
        }
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_says_only_who_is_enough_and_nothing_is_made_up() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let mut users = vec![];
        for _ in 0..2 {
            let mut browser = Browser::new(&house);
            browser.sign_in(&house, contoso, &house.contoso, &Account::bare("subject-7")).await;
            let session = browser.session_at(&house, contoso).await.expect("signed in");
            assert!(session["member"].get("name").is_none() && session["member"].get("email").is_none());
            users.push(session["user"].clone());
        }
        assert_eq!(users[0], users[1], "the same user is found again");

        // What a provider does not say any more is gone.
        let mut named = Browser::new(&house);
        named
            .sign_in(
                &house,
                contoso,
                &house.contoso,
                &Account { name: Some("Kim".into()), ..Account::bare("subject-7") },
            )
            .await;
        assert_eq!(named.session_at(&house, contoso).await.unwrap()["member"]["name"], "Kim");
        let mut bare = Browser::new(&house);
        bare.sign_in(&house, contoso, &house.contoso, &Account::bare("subject-7")).await;
        assert!(bare.session_at(&house, contoso).await.unwrap()["member"].get("name").is_none());
    })
    .await;
}

#[tokio::test]
async fn the_same_subject_at_two_providers_is_two_people_whatever_their_address() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        let mut one = Browser::new(&house);
        one.sign_in(&house, contoso, &house.contoso, &Account::of("sam")).await;
        let mut other = Browser::new(&house);
        let start = format!(
            "{}/.partywall/sign-in?return=/&connection={}",
            house.origin(fabrikam),
            fabrikam.connection
        );
        let address = other.follow(&start).await.location();
        other.follow(&house.fabrikam.authorize(&address, &Account::of("sam"))).await;
        let mut third = Browser::new(&house);
        third
            .sign_in(
                &house,
                contoso,
                &house.contoso,
                &Account { email: Some("sam@people.test".into()), ..Account::bare("am") },
            )
            .await;

        let one = one.session_at(&house, contoso).await.unwrap();
        let other = other.session_at(&house, fabrikam).await.unwrap();
        let third = third.session_at(&house, contoso).await.unwrap();
        assert_ne!(one["user"], other["user"], "nobody is linked by a subject or an address");
        assert_ne!(one["user"], third["user"]);
        assert_eq!(one["tenant"], third["tenant"], "users of one organisation land in one tenant");
    })
    .await;
}

#[tokio::test]
async fn several_connections_are_offered_and_one_needs_no_choice() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let fabrikam = &house.town.fabrikam;
        let mut carol = Browser::new(&house);
        let page = carol.follow(&format!("{}/.partywall/sign-in?return=/x", house.origin(fabrikam))).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains("Fabrikam") && page.body.contains("Partners"), "{}", page.body);
        house.town.canary.is_absent(&page.body);
        let link =
            page.body.split("href=\"").find(|part| part.contains(&fabrikam.connection.to_string())).unwrap();
        let link = link.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
        let leaving = carol.get(&format!("http://{ID}{link}")).await;
        assert!(leaving.location().starts_with(&house.fabrikam.issuer()));

        let mut script = Browser::script(&house);
        let list = script.follow(&format!("{}/.partywall/sign-in?return=/x", house.origin(fabrikam))).await;
        let list: serde_json::Value = serde_json::from_str(&list.body).unwrap();
        assert_eq!(list.as_array().map(Vec::len), Some(2));
    })
    .await;
}

#[tokio::test]
async fn the_console_is_entered_in_the_same_way() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        house.link(world, contoso, contoso.admin.user, "root").await;
        let mut admin = Browser::new(&house);
        let start = format!("http://{CONSOLE}/t/{}/sign-in?return=/t/{}/members", contoso.id, contoso.id);
        let address = admin.follow(&start).await.location();
        let end = admin.follow(&house.contoso.authorize(&address, &Account::of("root"))).await;
        assert_eq!(end.location(), format!("http://{CONSOLE}/t/{}/members", contoso.id));
        assert!(admin.cookie(CONSOLE, "pw_console").is_some());
        assert!(admin.cookie(CONSOLE, "pw_bind").is_none());

        // The application needs no second prompt, and the console's cookie is nothing there.
        assert!(admin.cookie(&house.host(contoso), "pw_session").is_none());
        admin.follow(&format!("{}/.partywall/sign-in?return=/", house.origin(contoso))).await;
        let session = admin.session_at(&house, contoso).await.unwrap();
        assert_eq!(session["user"], contoso.admin.user.to_string());
    })
    .await;
}

#[tokio::test]
async fn a_tenants_own_hostname_is_where_its_sign_in_ends() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let mut alice = Browser::new(&house);
        let start = format!("http://{}/.partywall/sign-in?return=/deep", contoso.hostname);
        let address = alice.follow(&start).await.location();
        let end = alice.follow(&house.contoso.authorize(&address, &Account::of("alice"))).await;
        assert_eq!(end.location(), format!("http://{}/deep", contoso.hostname));
        assert!(alice.cookie(&contoso.hostname, "pw_session").is_some());

        // A host that is not the tenant's is not gone to, whatever the address says.
        let mut victim = Browser::new(&house);
        let address = victim.follow(&start.replace("/deep", "/x")).await;
        let go = address.at.replace(&format!("host={}", contoso.hostname), "host=evil.test");
        let address = victim.get(&go).await.location();
        let end = victim.get(&house.contoso.authorize(&address, &Account::of("mallory"))).await;
        assert!(end.location().starts_with(&house.origin(contoso)), "{}", end.location());
    })
    .await;
}

#[tokio::test]
async fn a_sign_in_that_began_on_one_node_ends_on_another() {
    for_each_engine(async |world| {
        let mut house = House::build(world).await;
        let first = {
            let mut alice = Browser::new(&house);
            let address = alice.leave_for(&house, &house.town.contoso, "/").await;
            (house.contoso.authorize(&address, &Account::of("alice")), alice.everything())
        };
        house.site = house.another_node(world).await;
        let mut alice = Browser::new(&house);
        alice.resume(first.1);
        let end = alice.follow(&first.0).await;
        assert_eq!(end.location(), format!("{}/", house.origin(&house.town.contoso)));
        assert!(alice.session_at(&house, &house.town.contoso).await.is_some());
    })
    .await;
}
