//! Stories about members.

use super::{Filter, MemberError, RoleChange, Standing, assign, list, remove, suspend};
use crate::tests::{
    console::{AtConsole, api, give, page, trail},
    house::House,
};
use access::{AssignRole, ListMembers, ManageMember, Refusal, UseUpstream};
use domain::{Cursor, RoleName};
use http::Method;
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use testkit::{World, for_each_engine};

fn role(name: &str) -> RoleName {
    name.parse().unwrap()
}

/// A house whose application knows two roles.
async fn house(world: &World) -> House {
    let house = House::build(world).await;
    house.room.known_roles.store(Arc::new(BTreeMap::from([
        (role("reader"), "Reads surveys".parse().unwrap()),
        (role("creator"), "Creator".parse().unwrap()),
    ])));
    house
}

#[tokio::test]
async fn a_reader_sees_no_members_an_auditor_sees_them_and_an_admin_looks_after_them() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let dana = house.town.dana_at_contoso.member;
        let reader = AtConsole::person(world, &house, contoso, &contoso.reader).await;
        assert_eq!(reader.get(&api(contoso, "members")).await.told(), (403, "action.forbidden".into()));
        assert_eq!(reader.get(&page(contoso, "members")).await.told(), (403, "action.forbidden".into()));

        give(world, &house, contoso, &contoso.reader, "partywall.auditor").await;
        let seen = reader.get(&api(contoso, "members?limit=2")).await;
        assert_eq!(seen.status, 200);
        let next = seen.json()["next"].as_str().unwrap().to_owned();
        let more = reader.get(&api(contoso, &format!("members?after={next}"))).await;
        let mut all = seen.json()["items"].as_array().unwrap().clone();
        assert_eq!(all.len(), 2);
        all.extend(more.json()["items"].as_array().unwrap().clone());
        let names: BTreeSet<_> = all.iter().map(|member| member["name"].as_str().unwrap()).collect();
        assert_eq!(names, BTreeSet::from(["admin.contoso", "dana", "reader.contoso"]));
        let admin = all.iter().find(|member| member["name"] == "admin.contoso").unwrap();
        assert_eq!(admin["roles"], json!(["partywall.admin"]));
        let suspend = api(contoso, &format!("members/{dana}/suspend"));
        assert_eq!(reader.post(&suspend).await.told(), (403, "action.forbidden".into()));

        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        assert_eq!(admin.post(&suspend).await.json()["standing"], "suspended");
        assert_eq!(admin.post(&suspend).await.told(), (409, "member.standing".into()));
        let narrowed = admin.get(&api(contoso, "members?standing=suspended&role=reader")).await;
        assert_eq!(narrowed.json()["items"].as_array().map(Vec::len), Some(1));
        house.town.canary.is_absent(&more.body);
    })
    .await;
}

#[tokio::test]
async fn roles_are_given_in_one_tenant_and_hold_in_no_other() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let dana = house.town.dana_at_contoso.member;
        let path = api(contoso, &format!("members/{dana}/roles"));
        let set = admin.send(Method::PUT, &path, json!({ "roles": ["creator", "partywall.admin"] })).await;
        assert_eq!(set.json()["roles"], json!(["creator", "partywall.admin"]));
        let at_contoso = AtConsole::person(world, &house, contoso, &house.town.dana_at_contoso).await;
        assert_eq!(at_contoso.get(&api(contoso, "members")).await.status, 200);
        // The same person on the same session: Fabrikam knows her as a reader.
        assert_eq!(at_contoso.get(&api(fabrikam, "members")).await.told(), (403, "action.forbidden".into()));

        assert_eq!(
            admin.delete(&format!("{path}/creator")).await.json()["roles"],
            json!(["partywall.admin"])
        );
        let unknown = admin.send(Method::PUT, &path, json!({ "roles": ["wizard"] })).await;
        assert_eq!(unknown.told(), (422, "role.unknown".into()));
        assert_eq!(unknown.json()["errors"][0]["pointer"], "/roles");
        let told = trail(world, contoso.id).await;
        assert!(told.contains(r#"{"roles":["reader"]} | {"roles":["creator","partywall.admin"]}"#), "{told}");
        assert!(told.contains("role.unknown"), "a failed write is recorded too");
    })
    .await;
}

#[tokio::test]
async fn what_belongs_to_another_tenant_is_not_there() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let theirs = fabrikam.reader.member;
        let mut answers = Vec::new();
        for member in [theirs.to_string(), world.new_id::<domain::MemberKind>().to_string(), "mbr_x".into()] {
            let path = api(contoso, &format!("members/{member}"));
            for reply in [
                admin.get(&path).await,
                admin.post(&format!("{path}/suspend")).await,
                admin.delete(&path).await,
                admin.send(Method::PUT, &format!("{path}/roles"), json!({ "roles": [] })).await,
                admin.get(&page(contoso, &format!("members/{member}"))).await,
            ] {
                assert_eq!(reply.status, 404, "{member} {}", reply.body);
                answers.push(reply.code());
            }
        }
        assert!(answers.iter().all(|code| code == "item.unknown"), "{answers:?}");
        let there = admin.get(&api(fabrikam, "members")).await;
        assert_eq!(there.told(), (403, "tenant.unknown".into()));
        let permit = world.permit::<ListMembers>(fabrikam, &fabrikam.admin).await;
        let untouched =
            list(&house.room.store, &permit, &Filter::default(), &Cursor::default()).await.unwrap();
        assert!(untouched.items.iter().all(|member| member.standing == Standing::Active));
    })
    .await;
}

#[tokio::test]
async fn the_operator_gives_no_role_but_for_a_reason_that_the_tenant_reads() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let path = api(contoso, &format!("members/{}/roles/creator", contoso.reader.member));
        let operator = AtConsole::operator(&house);
        let refused = operator.send(Method::PUT, &path, json!({})).await;
        assert!(refused.status.is_client_error(), "{}", refused.body);
        let operator = operator.because("their only admin is away, ticket 4711");
        assert_eq!(operator.send(Method::PUT, &path, json!({})).await.status, 200);
        assert!(trail(world, contoso.id).await.contains("ticket 4711"));
    })
    .await;
}

#[tokio::test]
async fn nobody_becomes_an_operator_outside_the_house() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let permit = world.permit::<AssignRole>(contoso, &contoso.admin).await;
        let operator = RoleChange::Add(role("partywall.operator"));
        let refused = assign(&house.room, &permit, contoso.admin.member, &operator).await;
        assert!(matches!(refused, Err(MemberError::HouseRole(_))), "{refused:?}");
    })
    .await;
}

#[tokio::test]
async fn the_last_admin_stays_however_many_let_each_other_go_at_once() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let (room, contoso) = (&house.room, &house.town.contoso);
        let (alice, bob) = (&contoso.admin, &contoso.reader);
        give(world, &house, contoso, bob, "partywall.admin").await;
        world.warden.reload(contoso.id).await.unwrap();
        let [first, second] = [
            world.permit::<AssignRole>(contoso, alice).await,
            world.permit::<AssignRole>(contoso, bob).await,
        ];
        let none = RoleChange::Set(BTreeSet::new());
        let (one, other) = tokio::join!(
            assign(room, &first, bob.member, &none),
            assign(room, &second, alice.member, &none),
        );
        let refused = [one.err(), other.err()];
        let last = |error: &Option<MemberError>| matches!(error, Some(MemberError::Last(_)));
        assert_eq!(refused.iter().filter(|error| last(error)).count(), 1, "{refused:?}");
        let admins = "SELECT COUNT(*) FROM member_role WHERE role = 'partywall.admin' AND tenant_id";
        assert_eq!(world.number(&format!("{admins} = '{}'", contoso.id)).await, 1);
    })
    .await;
}

#[tokio::test]
async fn the_last_admin_can_be_neither_suspended_nor_removed() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let path = api(contoso, &format!("members/{}", contoso.admin.member));
        assert_eq!(admin.post(&format!("{path}/suspend")).await.told(), (409, "member.last-admin".into()));
        assert_eq!(admin.delete(&path).await.told(), (409, "member.last-admin".into()));
        let demoted = admin.delete(&format!("{path}/roles/partywall.admin")).await;
        assert_eq!(demoted.told(), (409, "member.last-admin".into()));
        // A suspended admin does not count.
        give(world, &house, contoso, &contoso.reader, "partywall.admin").await;
        let other = api(contoso, &format!("members/{}/suspend", contoso.reader.member));
        assert_eq!(admin.post(&other).await.status, 200);
        assert_eq!(admin.delete(&path).await.told(), (409, "member.last-admin".into()));
    })
    .await;
}

#[tokio::test]
async fn who_is_suspended_is_out_at_once_and_comes_back_when_restored() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let (warden, contoso) = (&house.room.web.warden, &house.town.contoso);
        let at = warden.resolve_id(contoso.id).unwrap();
        let reader = &contoso.reader;
        assert!(warden.permit::<UseUpstream>(&at, reader, world.origin()).await.is_ok());
        let permit = world.permit::<ManageMember>(contoso, &contoso.admin).await;
        suspend(&house.room, &permit, reader.member).await.unwrap();
        let refused = warden.permit::<UseUpstream>(&at, reader, world.origin()).await;
        assert_eq!(refused.err(), Some(Refusal::SignInNeeded));

        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let path = api(contoso, &format!("members/{}", reader.member));
        assert_eq!(admin.post(&format!("{path}/restore")).await.json()["roles"], json!(["reader"]));
        let again = AtConsole::person(world, &house, contoso, reader).await;
        assert_eq!(again.get(&page(contoso, "members")).await.told(), (403, "action.forbidden".into()));
        // The session that was open before stays ended.
        assert!(warden.permit::<UseUpstream>(&at, reader, world.origin()).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn who_is_removed_leaves_ids_and_nothing_else() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let reader = contoso.reader.member;
        let permit = world.permit::<ManageMember>(contoso, &contoso.admin).await;
        remove(&house.room, &permit, reader).await.unwrap();
        for table in ["member_key", "member_profile", "member_role", "session"] {
            let left = format!("SELECT COUNT(*) FROM {table} WHERE member_id = '{reader}'");
            assert_eq!(world.number(&left).await, 0, "{table}");
        }
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let all = admin.get(&api(contoso, "members")).await;
        assert!(!all.body.contains(&reader.to_string()));
        let gone = admin.get(&api(contoso, "members?standing=removed")).await.json();
        assert_eq!(
            (&gone["items"][0]["id"], &gone["items"][0]["name"]),
            (&json!(reader.to_string()), &json!(null))
        );
        let told = trail(world, contoso.id).await;
        assert!(told.contains(&reader.to_string()) && !told.contains("reader.contoso"));
        let restored = admin.post(&api(contoso, &format!("members/{reader}/restore"))).await.json();
        assert_eq!((&restored["standing"], &restored["roles"]), (&json!("active"), &json!([])));
    })
    .await;
}

#[tokio::test]
async fn an_admin_does_all_of_it_in_the_console_without_script() {
    for_each_engine(async |world| {
        let house = house(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let all = admin.get(&page(contoso, "members?standing=&role=reader")).await;
        assert!(
            all.body.contains("reader.contoso@people.test")
                && !all.body.contains(&contoso.admin.member.to_string())
        );
        house.town.canary.is_absent(&all.body);

        let path = page(contoso, &format!("members/{}", contoso.reader.member));
        assert!(admin.get(&path).await.body.contains("<b>Reads surveys</b><small>reader</small>"));
        let saved = admin.form(&format!("{path}/roles"), &[("role", "creator"), ("role", "reader")]).await;
        assert_eq!((saved.status.as_u16(), saved.location().ends_with("?done=roles")), (303, true));
        assert!(admin.get(&format!("{path}?done=roles")).await.body.contains("The roles are saved"));

        let own = page(contoso, &format!("members/{}", contoso.admin.member));
        let refused = admin.form(&format!("{own}/roles"), &[("role", "reader")]).await;
        assert_eq!(refused.status, 422);
        assert!(refused.body.contains("Give it to another first."), "{}", refused.body);
        assert!(refused.body.contains("This is you."));

        let wrong = admin.form(&format!("{path}/remove"), &[("name", "somebody")]).await;
        assert!(wrong.status == 422 && wrong.body.contains("exactly as it stands here"));
        let removed = admin.form(&format!("{path}/remove"), &[("name", "reader.contoso")]).await;
        assert_eq!(removed.status, 303);
        assert!(admin.get(&path).await.body.contains("Name not available"));
        let forged = admin.send(Method::POST, &format!("{path}/restore"), json!({})).await;
        assert_eq!(forged.status, 415);
    })
    .await;
}
