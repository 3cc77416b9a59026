use super::*;
use crate::{Control, certificate, desk::Desk, scene::Scene};
use access::{Permit, RunJob};
use authority::Answer;
use domain::{Hostname, Secret, TenantId};
use futures_util::FutureExt;
use std::sync::Mutex;
use testkit::{World, for_each_engine};

const NAME: &str = "app.acme.test";
const HOUR: Duration = Duration::from_secs(3_600);
/// What every certificate of these stories is good for. A day and a half, so that nobody has to sign in anew.
const LIFE: Duration = Duration::from_secs(36 * 3_600);

/// An authority that does as the story says, and remembers what it was asked.
#[derive(Default)]
struct Fake {
    no: Mutex<Option<No>>,
    opened: Mutex<u32>,
    asked: Mutex<Vec<String>>,
    /// What stood in the store while it looked.
    seen: Mutex<Vec<Asked>>,
}

impl Authority for Fake {
    fn open(&self) -> Answer<'_, Secret<String>> {
        *self.opened.lock().unwrap() += 1;
        async { Ok(Secret::new("the key of our account".to_owned())) }.boxed()
    }

    fn obtain<'a>(&'a self, wish: Wish<'a>, show: Show<'a>) -> Answer<'a, Obtained> {
        self.asked.lock().unwrap().push(wish.host.to_string());
        let no = self.no.lock().unwrap().clone();
        assert_eq!(wish.account.reveal(), "the key of our account");
        async move {
            let asked = Asked { token: "token".into(), answer: "token.hash".into() };
            show(asked.clone()).await?;
            self.seen.lock().unwrap().push(asked);
            match no {
                Some(no) => Err(no),
                None => {
                    let key = Secret::new("a key".to_owned());
                    Ok(Obtained { chain: format!("a chain for {}", wish.host), key })
                }
            }
        }
        .boxed()
    }
}

struct Stage<'w> {
    scene: Scene<'w>,
    room: Control,
    ordering: Ordering,
    fake: Arc<Fake>,
}

impl<'w> Stage<'w> {
    async fn build(world: &'w World) -> Self {
        let scene = Scene::open(world).await;
        let fake = Arc::new(Fake::default());
        let ordering = Ordering {
            authority: fake.clone(),
            directory: "https://ca.test/dir".into(),
            per_hour: 3,
            per_tenant: 2,
            retry: Duration::from_secs(600),
        };
        let room = Desk::at(world).room().with_orders(Some(ordering.clone()));
        let room = room.with_certificates(Arc::new(|_, _, _, now| Ok(now + LIFE)));
        Stage { scene, room, ordering, fake }
    }

    /// A tenant with these names.
    async fn tenant(&self, slug: &str, names: &[&str]) -> TenantId {
        let tenant = self.scene.tenant(slug).await;
        for name in names {
            self.name(tenant, name).await;
        }
        tenant
    }

    async fn name(&self, tenant: TenantId, name: &str) {
        let host: Hostname = name.parse().unwrap();
        let reserved = crate::hostname::Reserved::by(&crate::desk::hosts());
        let permit = self.scene.may().await;
        crate::hostname::add(self.scene.store(), &permit, tenant, &host, &reserved).await.expect("free");
        self.scene.world.warden.fill().await.expect("the directory answers");
    }

    /// The loops do their work.
    async fn work(&self) {
        self.scene.world.pass(Duration::from_millis(1));
        plan(&self.room, &self.scene.world.upkeep()).await.expect("the database answers");
        let origin = || self.scene.world.origin();
        while let Some((permit, job)) =
            self.scene.world.warden.claim(CLASS, origin()).await.expect("the directory answers")
        {
            run(&self.room, &self.ordering, &permit, &job).await.expect("the database answers");
        }
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.fake.asked.lock().unwrap())
    }

    async fn order(&self, tenant: TenantId, name: &str) -> Option<Order> {
        let permit: Permit<RunJob> = self.scene.world.warden.background(tenant, self.scene.world.origin());
        let orders = of_tenant(self.scene.store(), &permit).await.expect("the database answers");
        orders.into_iter().find(|order| order.host.as_str() == name)
    }

    async fn held(&self) -> Vec<String> {
        let held = certificate::load_all(self.scene.store(), &self.scene.world.upkeep()).await;
        held.expect("the database answers").into_iter().map(|one| one.chain).collect()
    }
}

#[tokio::test]
async fn a_name_gets_a_certificate_and_the_next_one_ahead_of_its_end() {
    for_each_engine(async |world| {
        let stage = Stage::build(world).await;
        let acme = stage.tenant("acme", &[NAME]).await;
        stage.work().await;
        assert_eq!(stage.asked(), [NAME]);
        assert_eq!(stage.fake.seen.lock().unwrap()[0].answer, "token.hash");
        assert_eq!(stage.held().await, [format!("a chain for {NAME}")]);
        let order = stage.order(acme, NAME).await.expect("there is one");
        assert_eq!((order.standing, order.tries, order.fault.as_str()), (Standing::Held, 0, ""));
        let shown = asked(stage.scene.store(), &world.upkeep()).await.expect("the database answers");
        assert!(shown.is_empty(), "what the authority saw is shown no longer");
        // Nothing is ordered twice, and the next one when two thirds of its life have gone by.
        world.pass(HOUR * 20);
        stage.work().await;
        assert_eq!(stage.asked(), [] as [String; 0]);
        world.pass(HOUR * 5);
        stage.work().await;
        assert_eq!((stage.asked(), *stage.fake.opened.lock().unwrap()), (vec![NAME.to_owned()], 1));
        let sealed = world.raw("SELECT sealed FROM authority_account").await;
        assert!(!sealed[0][0].contains("account"), "the account is sealed at rest");
    })
    .await;
}

#[tokio::test]
async fn a_refused_order_says_why_and_waits_longer_each_time() {
    for_each_engine(async |world| {
        let stage = Stage::build(world).await;
        let acme = stage.tenant("acme", &[NAME]).await;
        *stage.fake.no.lock().unwrap() = Some(No::because("the name leads elsewhere"));
        stage.work().await;
        let order = stage.order(acme, NAME).await.expect("there is one");
        assert_eq!((order.standing, order.fault.as_str()), (Standing::Failed, "the name leads elsewhere"));
        let wait = order.due_at.since(world.clock.now()).as_secs();
        assert!((500..=600).contains(&wait), "{wait}");
        stage.work().await;
        assert_eq!(stage.asked().len(), 1, "not before its time");
        // Nobody hurries an authority that was asked just now; later somebody may, once.
        let hurried = async || {
            let permit: Permit<RunJob> = world.warden.background(acme, world.origin());
            hurry(stage.scene.store(), &permit, &NAME.parse().unwrap()).await.expect("the database answers");
            stage.work().await;
            stage.asked().len()
        };
        assert_eq!(hurried().await, 0);
        world.pass(HOUR);
        stage.work().await;
        let order = stage.order(acme, NAME).await.expect("there is one");
        let wait = order.due_at.since(world.clock.now()).as_secs();
        assert!(order.tries == 2 && (1_600..=1_800).contains(&wait), "{order:?} {wait}");
        stage.asked();
        world.pass(HOUR / 3);
        assert_eq!(hurried().await, 1, "it would have waited for half an hour");
        assert_eq!(hurried().await, 0);
        *stage.fake.no.lock().unwrap() = None;
        world.pass(HOUR * 2);
        stage.work().await;
        let order = stage.order(acme, NAME).await.expect("there is one");
        assert_eq!((order.standing, order.tries, order.fault.as_str()), (Standing::Held, 0, ""));
    })
    .await;
}

#[tokio::test]
async fn an_hour_has_only_so_many_orders_and_an_authority_that_wants_rest_is_left_alone() {
    for_each_engine(async |world| {
        let stage = Stage::build(world).await;
        let acme = stage.tenant("acme", &["a.acme.test", "b.acme.test", "c.acme.test"]).await;
        let beta = stage.tenant("beta", &["a.beta.test", "b.beta.test"]).await;
        stage.work().await;
        let mut asked = stage.asked();
        asked.sort();
        assert_eq!(asked.len(), 3, "{asked:?}");
        assert!(asked.iter().any(|name| name.ends_with("beta.test")), "one tenant's many names delay nobody");
        let mut faults = Vec::new();
        for tenant in [acme, beta] {
            let permit: Permit<RunJob> = world.warden.background(tenant, world.origin());
            let orders = of_tenant(stage.scene.store(), &permit).await.expect("the database answers");
            let waiting = orders.into_iter().filter(|order| order.standing == Standing::Waiting);
            faults.extend(waiting.map(|order| order.fault));
        }
        assert!(faults.len() == 2 && faults.iter().all(|why| why.contains("in this hour")), "{faults:?}");
        world.pass(HOUR * 2);
        stage.work().await;
        assert_eq!(stage.held().await.len(), 5);
        stage.asked();
        // The authority says that it has had enough of us.
        *stage.fake.no.lock().unwrap() = Some(No { why: "too many requests".into(), rest: Some(HOUR * 3) });
        stage.name(beta, "c.beta.test").await;
        world.pass(HOUR);
        stage.work().await;
        assert_eq!(stage.asked(), ["c.beta.test"]);
        stage.name(acme, "d.acme.test").await;
        stage.work().await;
        world.pass(HOUR * 2);
        stage.work().await;
        assert_eq!(stage.asked(), [] as [String; 0], "nobody asks it, for no name");
    })
    .await;
}

#[tokio::test]
async fn what_a_tenant_laid_down_is_left_alone_until_a_day_before_its_end() {
    for_each_engine(async |world| {
        let stage = Stage::build(world).await;
        let acme = stage.tenant("acme", &[NAME]).await;
        let lay_down = async |life: Duration| {
            let permit: Permit<RunJob> = world.warden.background(acme, world.origin());
            let host: Hostname = NAME.parse().unwrap();
            let written = stage.scene.store().write(&permit, async |tx| {
                let (key, ends) = (Secret::new("theirs".to_owned()), tx.now() + life);
                let source = certificate::Source::Uploaded;
                certificate::keep(tx, &host, "their chain", &key, ends, source).await?;
                forget(tx, &host).await
            });
            written.await.expect("the database answers");
        };
        lay_down(HOUR * 30).await;
        stage.work().await;
        assert_eq!((stage.asked(), stage.held().await), (vec![], vec!["their chain".to_owned()]));
        world.pass(HOUR * 10);
        stage.work().await;
        assert_eq!(stage.held().await, [format!("a chain for {NAME}")], "nobody renewed it");
        // Laid down anew: what was ordered is forgotten, and its job finds nothing to do.
        lay_down(HOUR * 200).await;
        stage.asked();
        world.pass(HOUR * 40);
        stage.work().await;
        assert_eq!((stage.asked(), stage.held().await), (vec![], vec!["their chain".to_owned()]));
    })
    .await;
}

#[tokio::test]
async fn a_name_that_is_gone_is_ordered_for_no_more_and_not_soon_again() {
    for_each_engine(async |world| {
        let stage = Stage::build(world).await;
        let acme = stage.tenant("acme", &[NAME]).await;
        stage.work().await;
        stage.asked();
        let host: Hostname = NAME.parse().unwrap();
        let permit = stage.scene.may().await;
        crate::hostname::remove(stage.scene.store(), &permit, acme, &host, &stage.scene.terms)
            .await
            .expect("it was there");
        world.pass(HOUR * 30);
        stage.work().await;
        assert_eq!(stage.asked(), [] as [String; 0]);
        assert_eq!(stage.order(acme, NAME).await, None);
        stage.name(acme, NAME).await;
        stage.work().await;
        assert_eq!(stage.asked(), [NAME], "after so long a time at once");
    })
    .await;
}
