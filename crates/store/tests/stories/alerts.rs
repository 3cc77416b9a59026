//! Refused attempts that are more than a mistake raise an alert, once, for the tenant and for the operator.

use access::{CrossTenant, ReadAuditTrail, ReadPlatformAudit, RecordRefusal};
use domain::{Cursor, UserId};
use std::time::Duration;
use store::audit::{Alert, AlertRule, AuditFilter, AuditLine};
use testkit::{Town, Village, World, for_each_engine};

const RULE: AlertRule = AlertRule { attempts: 4, span: Duration::from_secs(600) };

/// Somebody tries to get into `at` and is refused; it is written into the trail of `trail`.
async fn attempt(world: &World, at: &Village, trail: &Village, user: Option<UserId>) -> Option<Alert> {
    let how = "a person who is no member";
    let tried = CrossTenant { from: None, at: at.id, user, how, request: world.origin().request.to_string() };
    let permit = world.background::<RecordRefusal>(trail);
    let store = world.store.clone().with_alerts(RULE);
    world.pass(Duration::from_secs(1));
    store.record_refusal(&permit, &tried, 1).await.unwrap()
}

fn about_alerts() -> AuditFilter {
    AuditFilter { action: "security.alert".into(), ..AuditFilter::default() }
}

async fn alerts_of(world: &World, at: &Village) -> Vec<AuditLine> {
    let permit = world.permit::<ReadAuditTrail>(at, &at.admin).await;
    world.store.audit_lines(&permit, &about_alerts(), &Cursor::default()).await.unwrap().items
}

#[tokio::test]
async fn so_many_attempts_within_a_span_raise_one_alert() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let (contoso, eve) = (&town.contoso, Some(town.fabrikam.admin.user));
        for _ in 1..RULE.attempts {
            assert_eq!(attempt(world, contoso, contoso, eve).await, None);
        }
        let alert = attempt(world, contoso, contoso, eve).await.expect("the fourth is too many");
        assert_eq!((alert.trail, alert.attempts), (contoso.id, 4));
        assert_eq!(alert.words(), "4 refused attempts within 10 minutes");
        assert_eq!(attempt(world, contoso, contoso, eve).await, None, "one span has one alert");
        let [line] = alerts_of(world, contoso).await.try_into().expect("one line");
        assert_eq!((line.target, line.outcome.as_str()), (contoso.id.to_string(), "alert"));
        assert_eq!(line.after["attempts"], 4);

        world.pass(RULE.span);
        assert_eq!(attempt(world, contoso, contoso, eve).await, None, "what was before is over");
        for _ in 2..RULE.attempts {
            attempt(world, contoso, contoso, eve).await;
        }
        assert!(attempt(world, contoso, contoso, eve).await.is_some(), "and it begins again");
        let permit = world.permit::<ReadAuditTrail>(contoso, &contoso.admin).await;
        let day = world.clock.now() - Duration::from_secs(86_400);
        let seen = world.store.read(&permit, async |tx| tx.alerts_since(day).await).await.unwrap();
        assert_eq!(seen, 2);
    })
    .await;
}

#[tokio::test]
async fn one_person_who_tries_many_tenants_is_noticed_by_the_operator() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let eve = Some(town.fabrikam.admin.user);
        for (at, user) in [
            (&town.contoso, eve),
            (&town.canary.0, eve),
            (&town.contoso, Some(town.contoso.reader.user)),
            (&town.contoso, None),
            (&town.canary.0, eve),
        ] {
            assert_eq!(attempt(world, at, &town.house, user).await, None);
        }
        let alert = attempt(world, &town.contoso, &town.house, eve).await.expect("eve's fourth");
        assert_eq!((alert.target, alert.attempts), (town.fabrikam.admin.user.to_string(), 4));
        let permit = world.operator::<ReadPlatformAudit>().await;
        let seen = world.store.house_lines(&permit, &about_alerts(), &Cursor::default()).await.unwrap();
        assert_eq!(seen.items.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_line_that_stands_for_many_attempts_counts_as_many() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let (at, user) = (town.contoso.id, None);
        let how = "identifiers that disagree";
        let tried = CrossTenant { from: Some(town.fabrikam.id), at, user, how, request: "req".into() };
        let permit = world.background::<RecordRefusal>(&town.contoso);
        let alert = world.store.record_refusal(&permit, &tried, 1_000).await.unwrap().expect("a flood");
        assert_eq!(alert.attempts, 1_000);
        let house = world.background::<RecordRefusal>(&town.house);
        world.store.record_alert(&house, &alert).await.unwrap();
        let permit = world.operator::<ReadPlatformAudit>().await;
        let seen = world.store.house_lines(&permit, &about_alerts(), &Cursor::default()).await.unwrap();
        assert_eq!(seen.items[0].target, at.to_string());
        let own = format!("{:?}", alerts_of(world, &town.contoso).await);
        assert!(!own.contains(&town.fabrikam.id.to_string()), "a tenant learns of no other: {own}");
    })
    .await;
}
