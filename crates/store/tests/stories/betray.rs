//! How long a refusal takes says nothing about which tenants there are: each way to it asks the database as
//! often as every other. Counted, not timed.

use access::{Credential, ListMembers, Refusal, StartSignIn, credential::Cookie};
use domain::{Digest, TenantId};
use std::time::Duration;
use store::testing::statements;
use testkit::{Town, World, for_each_engine};

/// Contoso's reader, signed in at `id.` and in the console.
async fn signed_in(world: &World, town: &Town) -> Credential {
    let (digest, user, provider) = (Digest::of(b"console"), town.contoso.reader.user, town.contoso.provider);
    let now = world.clock.now().micros();
    let (idle, end) = (Duration::from_secs(3_600).as_micros(), now + 86_400_000_000);
    world
        .raw(&format!(
            "INSERT INTO person_session (user_id, digest, host, provider, since, idle, idle_ends, ends)
             VALUES ('{user}', '{digest}', 'console', '{provider}', {now}, {idle}, {end}, {end})"
        ))
        .await;
    Credential::Session(Cookie::Person {
        digest,
        user,
        ends: world.clock.now() + Duration::from_secs(86_400),
    })
}

/// What each of them costs and is answered: an id that is nobody's, a tenant that the person's provider is not
/// connected to, one that it is shared with, one that is suspended, and one that is unpublished.
async fn costs(world: &World, town: &Town, who: &Credential) -> Vec<(u64, Refusal)> {
    let nobodys: TenantId = world.new_id();
    let foreign = [nobodys, town.house.id, town.fabrikam.id, town.canary.0.id];
    let mut seen = Vec::new();
    for tenant in foreign {
        let before = statements();
        let refused = world.warden.permit_at::<ListMembers>(tenant, who, world.origin()).await;
        seen.push((statements() - before, refused.expect_err("it is not theirs")));
    }
    seen
}

async fn told_apart(world: &World, town: &Town, who: &Credential) -> bool {
    let seen = costs(world, town, who).await;
    seen.iter().any(|one| *one != seen[0] || one.1 != Refusal::NoSuchTenant)
}

async fn prepared(world: &World) -> (Town, Credential) {
    let town = Town::build(world).await;
    let canary = town.canary.0.id;
    world
        .raw(&format!(
            "UPDATE tenant SET standing = 'suspended' WHERE id = '{canary}';
             UPDATE tenant_setting SET published = 0 WHERE tenant_id = '{canary}'"
        ))
        .await;
    world.warden.fill().await.unwrap();
    let who = signed_in(world, &town).await;
    (town, who)
}

#[tokio::test]
async fn unknown_foreign_and_closed_tenants_cost_a_signed_in_person_the_same() {
    for_each_engine(async |world| {
        let (town, who) = prepared(world).await;
        // The first question also loads the person, whoever is asked for.
        let mut first = Vec::new();
        for tenant in [world.new_id(), town.fabrikam.id, town.canary.0.id] {
            world.warden.refill().await.unwrap();
            let before = statements();
            let refused = world.warden.permit_at::<ListMembers>(tenant, &who, world.origin()).await;
            assert_eq!(refused.unwrap_err(), Refusal::NoSuchTenant);
            first.push(statements() - before);
        }
        assert_eq!(first, [first[0].max(1); 3]);
        assert!(!told_apart(world, &town, &who).await, "{:?}", costs(world, &town, &who).await);
        let at_home = world.warden.permit_at::<StartSignIn>(town.contoso.id, &who, world.origin()).await;
        assert!(at_home.is_ok(), "and at home the same person is known");
    })
    .await;
}

#[tokio::test]
async fn they_cost_the_same_while_the_feed_is_silent() {
    for_each_engine(async |world| {
        let (town, who) = prepared(world).await;
        let ask = async |tenant: TenantId| {
            world.warden.lose_touch();
            let before = statements();
            let refused = world.warden.permit_at::<ListMembers>(tenant, &who, world.origin()).await;
            assert_eq!(refused.unwrap_err(), Refusal::NoSuchTenant);
            statements() - before
        };
        // A tenant that is there has names to load beside it; that statement is sent for nobody's id too.
        let nobodys = ask(world.new_id()).await;
        assert_eq!([ask(town.fabrikam.id).await, ask(town.canary.0.id).await], [nobodys; 2]);
    })
    .await;
}

#[tokio::test]
async fn where_anybody_may_begin_they_cost_the_same_too() {
    for_each_engine(async |world| {
        let (town, who) = prepared(world).await;
        world.warden.permit_at::<ListMembers>(town.fabrikam.id, &who, world.origin()).await.unwrap_err();
        for credential in [&who, &Credential::None] {
            let mut seen = Vec::new();
            for tenant in [world.new_id(), town.canary.0.id] {
                let before = statements();
                let answer = world.warden.permit_at::<StartSignIn>(tenant, credential, world.origin()).await;
                seen.push((statements() - before, answer.expect_err("it is unpublished")));
            }
            assert_eq!(seen[0], seen[1]);
        }
    })
    .await;
}

#[tokio::test]
async fn an_id_that_is_nobodys_is_reported_as_such() {
    for_each_engine(async |world| {
        let (_town, who) = prepared(world).await;
        let nobodys: TenantId = world.new_id();
        world.warden.permit_at::<ListMembers>(nobodys, &who, world.origin()).await.unwrap_err();
        let told = world.witness.refused();
        let last = told.last().expect("it was told");
        assert_eq!((last.at, last.how), (nobodys, "an id that is no tenant's"));
    })
    .await;
}
