//! One-time links, trials, and who is not let in.

use super::{
    Account, Browser, House,
    browser::Reply,
    house::{CONSOLE, ID},
    provider::Faults,
};
use std::time::Duration;
use testkit::for_each_engine;

const DAY: Duration = Duration::from_secs(24 * 3_600);
const ADMIN: &str = r#"["partywall.admin","partywall.operator"]"#;

fn registration(issuer: &str) -> [(&str, &str); 4] {
    [("name", "Own"), ("issuer", issuer), ("client_id", "partywall"), ("client_secret", "hush")]
}

fn sign_in_link(page: &Reply) -> String {
    let link =
        page.body.split("href=\"").find(|part| part.contains("/invitation/sign-in?")).expect("a way on");
    let link = link.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
    format!("http://{ID}{link}")
}

#[tokio::test]
async fn the_first_admin_sets_up_the_connection_and_comes_in_by_it() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        // A new tenant: no connection in use, and nothing published.
        world.raw(&format!("UPDATE connection SET standing = 'off' WHERE tenant_id = '{}'", contoso.id)).await;
        world.raw(&format!("UPDATE tenant_setting SET published = 0 WHERE tenant_id = '{}'", contoso.id)).await;
        house.heard(contoso).await;
        let (code, connection) = house.invite(world, contoso, ADMIN, DAY).await;
        let link = format!("http://{ID}/t/{}/invitation?code={code}", contoso.id);
        let mut admin = Browser::new(&house);
        let page = admin.get(&link).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains(&format!("http://{ID}/callback/{connection}")), "the redirect URI is shown");

        let nobody_there = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let wrong = admin.post(&link, &registration(&format!("http://{nobody_there}"))).await;
        assert_eq!(wrong.status, 422);
        assert!(wrong.body.contains("could not be reached") && !wrong.body.contains("hush"), "{}", wrong.body);
        let saved = admin.post(&link, &registration(&house.fabrikam.issuer())).await;
        assert_eq!(saved.location(), link);
        let page = admin.get(&link).await;
        for (field, value) in &registration(&house.fabrikam.issuer())[..3] {
            assert!(page.body.contains(&format!("name=\"{field}\" value=\"{value}\"")), "{field}: {}", page.body);
        }
        assert!(!page.body.contains("hush"));
        let address = admin.get(&sign_in_link(&page)).await.location();
        let end = admin.follow(&house.fabrikam.authorize(&address, &Account::of("first"))).await;
        assert_eq!(end.location(), format!("http://{CONSOLE}/t/{}", contoso.id));
        assert!(admin.cookie(CONSOLE, "pw_console").is_some());

        let roles = world.raw(&format!(
            "SELECT r.role FROM member_role r JOIN member m ON m.tenant_id = r.tenant_id AND m.id = r.member_id
             WHERE m.tenant_id = '{}' AND m.source = 'invitation'", contoso.id)).await;
        assert_eq!(roles, [["partywall.admin"]], "who runs the platform is decided in the house only");
        let standing = world.raw(&format!("SELECT standing FROM connection WHERE id = '{connection}'")).await;
        assert_eq!(standing[0][0], "active");

        // Once is enough.
        let mut second = Browser::new(&house);
        assert_eq!(second.get(&link).await.code(), "invitation.invalid");
        assert_eq!(second.post(&link, &registration(&house.contoso.issuer())).await.code(), "invitation.invalid");
        let lines = format!("{:?}", world.raw("SELECT * FROM audit_line").await);
        assert!(!lines.contains("hush") && !lines.contains(&code));
    })
    .await;
}

#[tokio::test]
async fn a_one_time_link_works_once_though_two_hold_it() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let (code, _) = house.invite(world, contoso, ADMIN, DAY).await;
        let link = format!("http://{ID}/t/{}/invitation?code={code}", contoso.id);
        let (mut first, mut second) = (Browser::new(&house), Browser::new(&house));
        let mut backs = vec![];
        for (browser, who) in [(&mut first, "one"), (&mut second, "two")] {
            let page = browser.get(&link).await;
            let address = browser.get(&sign_in_link(&page)).await.location();
            backs.push(house.contoso.authorize(&address, &Account::of(who)));
        }
        let (one, two) = tokio::join!(first.get(&backs[0]), second.get(&backs[1]));
        let codes = [one.code(), two.code()];
        let statuses = [one.status.as_u16(), two.status.as_u16()];
        assert!(statuses == [303, 403] || statuses == [403, 303], "{statuses:?}");
        assert!(codes.contains(&"invitation.invalid".to_owned()), "{codes:?}");
        let admins = "SELECT COUNT(*) FROM member WHERE source = 'invitation'";
        assert_eq!(world.number(admins).await, 1, "whoever came second did not become a member");
    })
    .await;
}

#[tokio::test]
async fn a_link_that_is_over_or_of_another_tenant_is_like_one_that_never_was() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        let (code, _) = house.invite(world, contoso, ADMIN, DAY).await;
        let mut browser = Browser::new(&house);
        let mut codes = vec![];
        let link = |tenant, code: &str| format!("http://{ID}/t/{tenant}/invitation?code={code}");
        codes.push(browser.get(&link(fabrikam.id, &code)).await);
        codes.push(browser.get(&link(contoso.id, "short")).await);
        codes.push(browser.get(&format!("http://{ID}/t/{}/invitation", contoso.id)).await);
        codes.push(browser.get(&format!("http://{ID}/bootstrap?code=x")).await);
        assert_eq!(browser.get(&link(contoso.id, &code)).await.status, 200);
        world.pass(DAY);
        codes.push(browser.get(&link(contoso.id, &code)).await);
        for reply in codes {
            assert_eq!(
                (reply.status.as_u16(), reply.code().as_str()),
                (403, "invitation.invalid"),
                "{}",
                reply.at
            );
        }
    })
    .await;
}

#[tokio::test]
async fn the_first_operator_comes_in_by_the_bootstrap_link() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let village = &house.town.house;
        let issuer = house.contoso.issuer();
        world.raw(&format!("UPDATE connection SET issuer = '{issuer}' WHERE id = '{}'", village.connection)).await;
        let (code, _) = house.invite(world, village, ADMIN, DAY).await;
        let mut operator = Browser::new(&house);
        let page = operator.follow(&format!("http://{ID}/bootstrap?code={code}")).await;
        assert!(page.body.contains("first operator"), "{}", page.body);
        let address = operator.get(&sign_in_link(&page)).await.location();
        operator.follow(&house.contoso.authorize(&address, &Account::of("olga"))).await;
        let roles = world.raw(
            "SELECT r.role FROM member_role r JOIN member m ON m.tenant_id = r.tenant_id AND m.id = r.member_id
             WHERE m.source = 'invitation' ORDER BY r.role").await;
        assert_eq!(roles, [["partywall.admin"], ["partywall.operator"]]);
        let changes = world.number("SELECT COUNT(*) FROM audit_line WHERE after_values LIKE '%partywall.operator%' AND action = 'sign-in.finish'").await;
        assert_eq!(changes, 1, "what was given is in the house's audit trail");
    })
    .await;
}

#[tokio::test]
async fn a_suspended_or_removed_member_is_told_to_ask_and_stays_outside() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let dana = &house.town.dana_at_contoso;
        house.link(world, contoso, dana.user, "dana").await;
        for standing in ["suspended", "removed"] {
            world
                .raw(&format!("UPDATE member SET standing = '{standing}' WHERE id = '{}'", dana.member))
                .await;
            house.heard(contoso).await;
            let mut browser = Browser::new(&house);
            let reply = browser.sign_in(&house, contoso, &house.contoso, &Account::of("dana")).await;
            assert_eq!((reply.status.as_u16(), reply.code().as_str()), (403, "sign-in.not-admitted"));
            assert!(reply.body.contains("Ask one of its admins"));
            assert!(browser.cookie(ID, "pw_person").is_none());
        }
        let noted = "SELECT COUNT(*) FROM audit_line WHERE outcome = 'sign-in.not-admitted'";
        assert_eq!(world.number(noted).await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_full_plan_admits_nobody_new_and_everybody_old() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        world.raw(r#"UPDATE plan SET body = '{"limits":{"members":4}}'"#).await;
        house.heard(contoso).await;
        let enter = async |who: &str| {
            Browser::new(&house).sign_in(&house, contoso, &house.contoso, &Account::of(who)).await
        };
        assert_eq!(enter("fourth").await.status, 303);
        let reply = enter("fifth").await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (403, "sign-in.full"));
        assert_eq!(enter("fourth").await.status, 303);
    })
    .await;
}

#[tokio::test]
async fn two_first_sign_ins_at_once_are_one_member() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let (mut desk, mut phone) = (Browser::new(&house), Browser::new(&house));
        let mut backs = vec![];
        for browser in [&mut desk, &mut phone] {
            let address = browser.leave_for(&house, contoso, "/").await;
            backs.push(house.contoso.authorize(&address, &Account::of("newcomer")));
        }
        let (one, two) = tokio::join!(desk.follow(&backs[0]), phone.follow(&backs[1]));
        assert_eq!((one.status.as_u16(), two.status.as_u16()), (303, 303), "{} {}", one.body, two.body);
        let sessions = [desk.session_at(&house, contoso).await.unwrap(), phone.session_at(&house, contoso).await.unwrap()];
        assert_eq!(sessions[0]["member"], sessions[1]["member"]);
        assert_eq!(world.number("SELECT COUNT(*) FROM member WHERE source = 'first-sign-in' AND created_at = seen_at AND user_id NOT IN (SELECT user_id FROM member_role r JOIN member m ON m.id = r.member_id)").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_trial_shows_what_came_and_lets_nobody_in() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        world
            .raw(&format!("UPDATE connection SET standing = 'draft' WHERE id = '{}'", contoso.connection))
            .await;
        let permit = {
            let warden = &house.room.web.warden;
            world
                .raw(&format!(
                    "UPDATE connection SET standing = 'active' WHERE id = '{}'",
                    contoso.connection
                ))
                .await;
            house.heard(contoso).await;
            let at = warden.resolve_id(contoso.id).unwrap();
            warden.permit::<access::TestConnection>(&at, &contoso.admin, world.origin()).await.unwrap()
        };
        let trial = crate::sign_in::trial_link(&house.room, &permit, contoso.connection).unwrap();
        let before = world.number("SELECT COUNT(*) FROM member").await;
        let mut admin = Browser::new(&house);
        let address = admin.get(&trial).await.location();
        let page = admin.get(&house.contoso.authorize(&address, &Account::of("guinea-pig"))).await;
        assert_eq!(page.status, 200);
        assert!(
            page.body.contains("guinea-pig@people.test") && page.body.contains("is believed"),
            "{}",
            page.body
        );
        assert!(admin.cookie(ID, "pw_person").is_none());
        assert_eq!(world.number("SELECT COUNT(*) FROM member").await, before);

        house.contoso.fail(Faults { nonce: Some("wrong".into()), ..Faults::default() });
        let address = admin.get(&trial).await.location();
        let page = admin.get(&house.contoso.authorize(&address, &Account::of("guinea-pig"))).await;
        assert!(page.body.contains("token.nonce"), "{}", page.body);
        assert_eq!(
            admin.get(&format!("http://{ID}/trial?ticket=made-up")).await.code(),
            "invitation.invalid"
        );
    })
    .await;
}
