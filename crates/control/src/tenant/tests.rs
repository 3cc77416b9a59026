use super::*;
use crate::{
    deployment, plan,
    resting_name::{self, Name, ReleaseError},
    scene::{Scene, trail},
};
use access::{Identifier, Refusal, Source, UseUpstream};
use domain::{Cursor, Limits};
use std::time::Duration;
use testkit::{Town, World, for_each_engine};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn slugs(tenants: &[Tenant]) -> Vec<&str> {
    tenants.iter().map(|tenant| tenant.slug.as_str()).collect()
}

async fn find(scene: &Scene<'_>, filter: Filter) -> Vec<Tenant> {
    list(scene.store(), &scene.may().await, &filter, &Cursor::default()).await.expect("a list").items
}

fn by_slug(world: &World, slug: &str) -> Option<TenantId> {
    let named = Identifier { source: Source::Subdomain, value: slug };
    world.warden.resolve(&[named], world.origin()).ok().map(|at| at.tenant().record.id)
}

#[tokio::test]
async fn a_new_tenant_is_there_at_once_with_a_link_for_its_first_admin() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let made = scene.create("acme").await.expect("a free slug");
        assert_eq!((made.tenant.standing, made.tenant.generation), (Standing::Active, 1));
        assert_eq!(made.invitation.ends, world.clock.now() + DAY * 7);
        assert!(!made.invitation.is_bootstrap);
        assert!(world.warden.reload(made.tenant.id).await.expect("the directory answers"));
        assert_eq!(by_slug(world, "acme"), Some(made.tenant.id));
        assert_eq!(scene.events(made.tenant.id).await, ["tenant.changed"]);
        let roles = format!("SELECT roles FROM invitation WHERE tenant_id = '{}'", made.tenant.id);
        assert_eq!(world.raw(&roles).await, [[r#"["partywall.admin"]"#]]);
    })
    .await;
}

#[tokio::test]
async fn creating_the_same_tenant_twice_makes_one() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        scene.tenant("acme").await;
        let again = scene.create("acme").await.expect_err("taken");
        assert_eq!((again.code(), again.place()), ("tenant.slug-taken", Some("slug")));
        let (one, two) = tokio::join!(scene.create("beta"), scene.create("beta"));
        assert!(one.is_ok() ^ two.is_ok(), "of two at once, one wins: {one:?} {two:?}");
    })
    .await;
}

#[tokio::test]
async fn what_does_not_exist_cannot_be_given_to_a_tenant() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let plain = NewTenant::named("acme".parse().unwrap(), "Acme".parse().unwrap());
        let cases = [
            (NewTenant { plan: Some(world.new_id()), ..plain.clone() }, "plan"),
            (NewTenant { deployment: Some(world.new_id()), ..plain.clone() }, "deployment"),
            (NewTenant { standing: Standing::Suspended, ..plain }, "standing"),
        ];
        for (new, field) in cases {
            let refused = create(scene.store(), &scene.may().await, &new, &scene.terms).await;
            let refused = refused.expect_err(field);
            assert_eq!((refused.code(), refused.place()), ("input.invalid", Some(field)));
        }
        let unknown = read(scene.store(), &scene.may().await, world.new_id()).await.expect_err("nobody's");
        assert_eq!(unknown.code(), "item.unknown");
    })
    .await;
}

#[tokio::test]
async fn a_changed_slug_rests_for_others_and_may_be_taken_back() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let acme = scene.tenant("acme").await;
        scene.change_slug(acme, "acme-group").await.expect("a free slug");
        let until = world.clock.now() + DAY * 30;
        let refused = scene.create("acme").await.expect_err("it rests");
        assert_eq!(refused.code(), "tenant.slug-resting");
        assert_eq!(refused.detail(), Some(format!("the slug rests until {until}")));

        scene.change_slug(acme, "acme").await.expect("its own name");
        let refused = scene.create("acme-group").await.expect_err("now this one rests");
        assert_eq!(refused.code(), "tenant.slug-resting");
        world.pass(DAY * 31);
        scene.create("acme-group").await.expect("rested long enough");
    })
    .await;
}

#[tokio::test]
async fn a_resting_name_is_released_early_by_an_act_that_both_sides_can_read() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let acme = scene.tenant("acme").await;
        scene.change_slug(acme, "acme-group").await.expect("a free slug");
        let name: Name = "slug:acme".parse().expect("a name");
        let resting = resting_name::list(scene.store(), &scene.may().await, &Cursor::default()).await;
        assert_eq!(resting.expect("a list").items[0].name, name);

        resting_name::release(scene.store(), &scene.may().await, &name).await.expect("it rests");
        for side in [acme, scene.house] {
            let line = scene.trail(side).await.pop().expect("a line");
            assert_eq!((line.action.as_str(), line.target), ("tenant.change", acme.to_string()));
            assert!(line.before.contains("slug:acme"), "{}", line.before);
        }
        let again = resting_name::release(scene.store(), &scene.may().await, &name).await;
        assert!(matches!(again, Err(ReleaseError::Awake)));
        scene.create("acme").await.expect("free again");
    })
    .await;
}

/// Ledger A21: access goes by ids, so renaming breaks nobody's, and whoever gets a freed slug reaches
/// nothing of the one who had it.
#[tokio::test]
async fn who_gets_a_freed_slug_reaches_nothing_of_the_one_who_had_it() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let (contoso, terms) = (&town.contoso, crate::Terms::default());
        world.pass(Duration::from_millis(1));
        let changes = Changes { slug: Some("contoso-group".parse().unwrap()), ..Default::default() };
        change(&world.store, &world.operator().await, contoso.id, &changes, &terms).await.expect("free");
        let freed = "slug:contoso".parse().expect("a name");
        resting_name::release(&world.store, &world.operator().await, &freed).await.expect("it rests");
        let new = NewTenant::named("contoso".parse().unwrap(), "Third".parse().unwrap());
        let third = create(&world.store, &world.operator().await, &new, &terms).await.expect("freed");
        let third = third.tenant.id;
        for id in [contoso.id, third] {
            world.warden.reload(id).await.expect("the directory answers");
        }

        assert_eq!(by_slug(world, "contoso"), Some(third));
        assert_eq!(by_slug(world, "contoso-group"), Some(contoso.id));
        world.permit::<UseUpstream>(contoso, &contoso.reader).await;
        let at = world.warden.resolve_id(third).expect("it is there");
        let foreign =
            world.warden.permit::<UseUpstream>(&at, &contoso.reader.credential, world.origin()).await;
        assert_eq!(foreign.map(drop), Err(Refusal::ForeignCredential));
        assert_eq!(trail(world, third).await.len(), 1, "nothing of Contoso's trail came along");
    })
    .await;
}

#[tokio::test]
async fn the_list_is_narrowed_sorted_and_paged() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        for slug in ["acme", "beta", "zeta"] {
            scene.tenant(slug).await;
            world.pass(Duration::from_secs(1));
        }
        assert_eq!(slugs(&find(&scene, Filter::default()).await), ["acme", "beta", "house", "zeta"]);
        let newest = Filter { order: Order::Newest, ..Default::default() };
        assert_eq!(slugs(&find(&scene, newest.clone()).await), ["zeta", "beta", "acme", "house"]);
        let searched = Filter { search: "ENANT B".into(), ..Default::default() };
        assert_eq!(slugs(&find(&scene, searched).await), ["beta"]);
        let literal = Filter { search: "%".into(), ..Default::default() };
        assert!(find(&scene, literal).await.is_empty(), "a wildcard is a letter like any other");
        let trial = Filter { standing: Some(Standing::Trial), ..Default::default() };
        assert!(find(&scene, trial).await.is_empty());

        for filter in [Filter::default(), newest] {
            let (mut cursor, mut seen) = (Cursor::new(String::new(), Some(3)), Vec::new());
            loop {
                let page = list(scene.store(), &scene.may().await, &filter, &cursor).await.expect("a page");
                seen.extend(page.items.into_iter().map(|tenant| tenant.id));
                let Some(next) = page.next else { break };
                cursor.after = next;
            }
            seen.sort();
            seen.dedup();
            assert_eq!(seen.len(), 4);
        }
        let counted = count(scene.store(), &scene.may().await).await.expect("a count");
        assert_eq!(counted, [Count { standing: Standing::Active, tenants: 4 }]);
    })
    .await;
}

#[tokio::test]
async fn a_change_is_written_down_on_both_sides_with_the_values_before_and_after() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let acme = scene.tenant("acme").await;
        let name = "Silver".parse().unwrap();
        let silver = plan::put(scene.store(), &scene.may().await, name, None, Limits::default()).await;
        let silver = silver.expect("a plan").id;
        let changes =
            Changes { name: Some("Acme & Sons".parse().unwrap()), plan: Some(silver), ..Default::default() };
        let changed = change(scene.store(), &scene.may().await, acme, &changes, &scene.terms).await;
        assert_eq!(changed.expect("changed").plan_name.as_str(), "Silver");
        for side in [acme, scene.house] {
            let line = scene.trail(side).await.pop().expect("a line");
            assert_eq!((line.actor.as_str(), line.action.as_str()), ("command line", "tenant.change"));
            assert_eq!((line.target, line.outcome.as_str()), (acme.to_string(), "done"));
            assert!(line.before.contains(r#""name":"Tenant acme""#), "{}", line.before);
            assert!(line.after.contains(&format!(r#""plan":"{silver}""#)), "{}", line.after);
            assert!(!line.after.contains("slug"), "only what is different: {}", line.after);
        }
    })
    .await;
}

#[tokio::test]
async fn a_refused_change_is_written_down_as_refused() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        scene.tenant("acme").await;
        scene.create("acme").await.expect_err("taken");
        let line = scene.trail(scene.house).await.pop().expect("a line");
        assert_eq!((line.action.as_str(), line.outcome.as_str()), ("tenant.create", "tenant.slug-taken"));
    })
    .await;
}

#[tokio::test]
async fn another_deployment_is_another_generation() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let acme = scene.tenant("acme").await;
        let new = deployment::NewDeployment {
            name: "EU".parse().unwrap(),
            upstreams: vec![],
            balancing: Default::default(),
            region: None,
        };
        let eu = deployment::create(scene.store(), &scene.may().await, new).await.expect("a deployment");
        let to_eu = Changes { deployment: Some(eu.deployment.id), ..Default::default() };
        for _ in 0..2 {
            let moved = change(scene.store(), &scene.may().await, acme, &to_eu, &scene.terms).await;
            let moved = moved.expect("moved");
            assert_eq!((moved.generation, moved.deployment_name.as_str()), (2, "EU"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_standing_follows_only_where_the_table_says_so() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let acme = scene.tenant("acme").await;
        let to =
            async |standing| stand(scene.store(), &scene.may().await, acme, standing, "did not pay").await;
        assert_eq!(to(Standing::Suspended).await.expect("allowed").standing, Standing::Suspended);
        for refused in [Standing::Suspended, Standing::Provisioning, Standing::Moving, Standing::Erased] {
            let refusal = to(refused).await.expect_err("not by hand");
            assert_eq!(refusal.code(), "tenant.transition", "{refused}");
        }
        to(Standing::Active).await.expect("opened again");
        let line = scene.trail(acme).await.pop().expect("a line");
        assert_eq!(line.before, r#"{"standing":"suspended"}"#);
        assert_eq!(line.after, r#"{"reason":"did not pay","standing":"active"}"#);
        let silent = stand(scene.store(), &scene.may().await, acme, Standing::Leaving, " ").await;
        assert_eq!(silent.expect_err("no reason").place(), Some("reason"));
    })
    .await;
}

#[tokio::test]
async fn a_suspended_tenant_is_closed_to_its_people_and_opens_again() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let contoso = &town.contoso;
        world.permit::<UseUpstream>(contoso, &contoso.reader).await;
        world.pass(Duration::from_millis(1));
        let permit = world.operator().await;
        let suspended = stand(&world.store, &permit, contoso.id, Standing::Suspended, "a breach").await;
        suspended.expect("allowed");
        world.warden.reload(contoso.id).await.expect("the directory answers");
        let at = world.resolved(contoso);
        let closed =
            world.warden.permit::<UseUpstream>(&at, &contoso.reader.credential, world.origin()).await;
        assert_eq!(closed.map(drop), Err(Refusal::Closed(Standing::Suspended)));
    })
    .await;
}

#[tokio::test]
async fn the_house_keeps_its_slug_and_stays_open() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let moved = scene.change_slug(scene.house, "castle").await.expect_err("it stays");
        assert_eq!(moved.code(), "house.protected");
        let closed =
            stand(scene.store(), &scene.may().await, scene.house, Standing::Suspended, "a joke").await;
        assert_eq!(closed.expect_err("it stays open").code(), "house.protected");
        let renamed = Changes { name: Some("Acme SaaS".parse().unwrap()), ..Default::default() };
        change(scene.store(), &scene.may().await, scene.house, &renamed, &scene.terms).await.expect("a name");
    })
    .await;
}

#[tokio::test]
async fn a_tenant_is_at_home_where_it_says_or_where_the_installation_is() {
    for_each_engine(async |world| {
        let mut scene = Scene::open(world).await;
        scene.terms.home_region = "eu-north".parse().unwrap();
        let new = NewTenant::named("acme".parse().unwrap(), "Acme".parse().unwrap());
        let acme = create(scene.store(), &scene.may().await, &new, &scene.terms).await.expect("a free slug");
        assert_eq!(acme.tenant.region, "eu-north");
        let region = Some("us-east".parse().unwrap());
        let new = NewTenant { region, ..NewTenant::named("beta".parse().unwrap(), "Beta".parse().unwrap()) };
        let beta = create(scene.store(), &scene.may().await, &new, &scene.terms).await.expect("a free slug");
        assert_eq!(beta.tenant.region, "us-east");
    })
    .await;
}
