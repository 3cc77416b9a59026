use super::*;
use crate::{desk::Desk, scene::Scene};
use access::{Permit, RunJob};
use domain::{Cursor, TenantId};
use store::JobSettings;
use testkit::{Town, World, for_each_engine};

const SECRET: &str = "the body of a message to somebody";

/// A job of this tenant that has failed as often as jobs are tried.
async fn dead_job(world: &World, tenant: TenantId) {
    let permit: Permit<RunJob> = world.warden.background(tenant, world.origin());
    let store = world.store.clone().with_job_settings(JobSettings { tries: 1, ..JobSettings::default() });
    store
        .write(&permit, async |tx| tx.enqueue("mail", "greet", SECRET, tx.now()).await)
        .await
        .expect("queued");
    let (permit, job) = claim(world).await.expect("it is there");
    store.fail_job(&permit, &job, "nobody answers at mail.test").await.expect("it failed");
}

async fn claim(world: &World) -> Option<(Permit<RunJob>, access::ClaimedJob)> {
    world.warden.claim("mail", world.origin()).await.expect("the directory answers")
}

async fn dead(scene: &Scene<'_>, tenant: Option<TenantId>) -> Vec<JobFacts> {
    let which = Which { only_dead: true, tenant };
    list(scene.store(), &scene.may().await, which, &Cursor::default()).await.expect("a list").items
}

#[tokio::test]
async fn a_dead_job_is_seen_and_tried_again() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let (acme, beta) = (scene.tenant("acme").await, scene.tenant("beta").await);
        world.warden.fill().await.expect("the directory answers");
        assert_eq!(dead(&scene, None).await, []);
        for tenant in [acme, beta] {
            dead_job(world, tenant).await;
        }
        assert!(claim(world).await.is_none(), "nobody tries them any more");
        assert_eq!(dead(&scene, None).await.len(), 2);
        let [job] = dead(&scene, Some(acme)).await.try_into().expect("one of acme's");
        assert_eq!((job.tenant, job.kind.as_str(), job.tries, job.run_at), (acme, "greet", 1, None));
        assert_eq!(job.failure, "nobody answers at mail.test");

        let waiting = retry(scene.store(), &scene.may().await, job.id).await.expect("it was dead");
        assert_eq!((waiting.standing.as_str(), waiting.tries), ("waiting", 0));
        let (_, again) = claim(world).await.expect("it is there again");
        assert_eq!((again.id, again.tries, again.body.as_str()), (job.id, 1, SECRET));
        let twice = retry(scene.store(), &scene.may().await, job.id).await.expect_err("it is leased");
        assert_eq!(twice.code(), "item.unknown");
        assert_eq!(dead(&scene, None).await.len(), 1);

        for trail in [scene.house, acme] {
            let lines = scene.trail(trail).await;
            let line = lines.iter().find(|line| line.action == "job.manage" && line.outcome == "done");
            let line = line.unwrap_or_else(|| panic!("{lines:?}"));
            assert_eq!(line.target, job.id.to_string());
            assert!(line.before.contains("dead") && line.after.contains("waiting"), "{line:?}");
            assert!(!format!("{lines:?}").contains(SECRET));
        }
        assert!(!scene.trail(beta).await.iter().any(|line| line.action == "job.manage"));
    })
    .await;
}

#[tokio::test]
async fn a_dead_job_is_dropped_and_a_living_one_is_not() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let acme = scene.tenant("acme").await;
        world.warden.fill().await.expect("the directory answers");
        dead_job(world, acme).await;
        let permit: Permit<RunJob> = world.warden.background(acme, world.origin());
        let queued = world.store.write(&permit, async |tx| tx.enqueue("mail", "greet", "", tx.now()).await);
        let living = queued.await.expect("queued");
        let refused = remove(scene.store(), &scene.may().await, living).await.expect_err("it lives");
        assert_eq!(refused.code(), "item.unknown");
        let [job] = dead(&scene, None).await.try_into().expect("one");
        remove(scene.store(), &scene.may().await, job.id).await.expect("it is dead");
        assert_eq!(dead(&scene, None).await, []);
        let all = list(scene.store(), &scene.may().await, Which::default(), &Cursor::default()).await;
        assert_eq!(all.expect("a list").items.len(), 1, "the living one is listed among all");
    })
    .await;
}

#[tokio::test]
async fn a_list_of_dead_jobs_goes_on_where_it_stopped() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let tenants = [scene.tenant("acme").await, scene.tenant("beta").await];
        world.warden.fill().await.expect("the directory answers");
        for tenant in [tenants[0], tenants[1], tenants[0]] {
            dead_job(world, tenant).await;
        }
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let which = Which { only_dead: true, tenant: None };
            let cursor = Cursor::new(after, Some(1));
            let page = list(scene.store(), &scene.may().await, which, &cursor).await.expect("a list");
            seen.extend(page.items.iter().map(|job| job.tenant));
            let Some(next) = page.next else { break };
            after = next;
        }
        assert_eq!(seen, [tenants[0], tenants[0], tenants[1]]);
    })
    .await;
}

#[tokio::test]
async fn the_page_and_the_api_show_dead_jobs_and_never_what_they_were_given() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let desk = Desk::at(world);
        dead_job(world, town.contoso.id).await;
        let list = desk.api("GET", "/v1/platform/jobs?standing=dead", Value::Null).await.is(200);
        let job = list.json()["items"][0]["id"].as_str().expect("a job").to_owned();
        let operator = desk.visitor(&town.house, town.house.admin.user).await;
        let page = desk.open(&operator, "/platform/jobs").await.is(200);
        let page = page.shows(&["nobody answers at mail.test", "Try again", &job]);
        assert!(!list.body.contains(SECRET) && !page.body.contains(SECRET));
        let form = [("job", job.as_str())];
        let done = desk.send(&operator, "/platform/jobs/retry", &form).await.is(303);
        desk.open(&operator, done.header("location")).await.is(200).shows(&["tried again"]).hides(&[&job]);
        desk.open(&operator, "/platform/jobs?standing=all").await.is(200).shows(&["waiting", &job]);
        desk.send(&operator, "/platform/jobs/drop", &form).await.is(404);
        let path = format!("/v1/platform/jobs/{job}");
        desk.api("DELETE", &path, Value::Null).await.is(404);
        desk.api("DELETE", "/v1/platform/jobs/7", Value::Null).await.is(404);
        let admin = desk.visitor(&town.contoso, town.contoso.admin.user).await;
        desk.open(&admin, "/platform/jobs").await.is(403);
        let odd = desk.api("GET", "/v1/platform/jobs?standing=gone", Value::Null).await.is(422).json();
        assert_eq!(odd["errors"][0]["pointer"], "/standing");
    })
    .await;
}
