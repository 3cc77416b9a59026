//! What one node tells, every node hears: in order, once it has landed, and nothing is lost.

use access::{BeginPersonSession, EndPersonSession, FinishSignIn, RunJob};
use domain::{Event, event::names};
use std::time::Duration;
use store::{Feed, News, Retention, Store, StoreError, person_sql, values};
use testkit::{Town, Village, World, for_each_engine, for_postgres};
use tokio::{sync::oneshot, time::timeout};

/// Long enough that only a bell can be quicker.
const NEVER: Duration = Duration::from_secs(3_600);

async fn tell(world: &World, by: &Store, at: &Village, subject: &str) {
    let permit = world.background::<RunJob>(at);
    let told = by.write(&permit, async |tx| tx.emit(Event::new(names::MEMBER_CHANGED, subject)).await);
    told.await.unwrap();
}

async fn next(feed: &mut Feed) -> News {
    timeout(Duration::from_secs(20), feed.next()).await.expect("the bell rang").unwrap()
}

async fn subjects(feed: &mut Feed) -> Vec<String> {
    let News::Told { events, is_all } = next(feed).await else { panic!("nothing was missed") };
    assert!(is_all);
    events.into_iter().map(|event| event.subject).collect()
}

#[tokio::test]
async fn a_node_hears_what_is_told_after_it_began_to_listen() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let mut feed = Feed::open(&world.store, &world.upkeep(), None).await.unwrap().polling_every(NEVER);
        let (heard, ()) = tokio::join!(subjects(&mut feed), async {
            tokio::task::yield_now().await;
            tell(world, &world.store, &town.contoso, "one").await;
        });
        assert_eq!(heard, ["one"]);
        tell(world, &world.store, &town.fabrikam, "two").await;
        tell(world, &world.store, &town.contoso, "three").await;
        let mut heard = Vec::new();
        while heard.len() < 2 {
            heard.extend(subjects(&mut feed).await);
        }
        assert_eq!(heard, ["two", "three"]);
    })
    .await;
}

#[tokio::test]
async fn a_silent_feed_is_still_heard() {
    for_each_engine(async |world| {
        let _town = Town::build(world).await;
        let feed = Feed::open(&world.store, &world.upkeep(), None).await.unwrap();
        let mut feed = feed.polling_every(Duration::from_millis(20));
        for _ in 0..3 {
            assert_eq!(subjects(&mut feed).await, Vec::<String>::new());
        }
    })
    .await;
}

#[tokio::test]
async fn a_feed_goes_on_where_another_left_off() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let feed = Feed::open(&world.store, &world.upkeep(), None).await.unwrap();
        let from = feed.position();
        drop(feed);
        tell(world, &world.store, &town.contoso, "meanwhile").await;
        let feed = Feed::open(&world.store, &world.upkeep(), Some(from)).await.unwrap();
        let mut feed = feed.polling_every(NEVER);
        assert_eq!(subjects(&mut feed).await, ["meanwhile"]);
    })
    .await;
}

#[tokio::test]
async fn what_a_person_ends_is_told_with_the_end_or_not_at_all() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let feed = Feed::open(&world.store, &world.upkeep(), None).await.unwrap();
        let at = world.resolved(&town.contoso);
        let by = world
            .warden
            .permit::<FinishSignIn>(&at, &access::Credential::None, world.origin())
            .await
            .unwrap();
        let permit = world.warden.introduced::<EndPersonSession, _>(&by, town.contoso.reader.user);
        let failed = world.store.write_person(&permit, async |tx| {
            tx.emit(Event::new(names::PERSON_SESSION_ENDED, "never"));
            Err::<(), _>(StoreError::LeaseLost(world.new_id()))
        });
        assert!(failed.await.is_err());
        let begin = world.warden.introduced::<BeginPersonSession, _>(&by, town.contoso.reader.user);
        let session = person_sql!(
            "INSERT INTO person_session (user_id, digest, host, provider, since, idle, idle_ends, ends)
             VALUES ($1, 'd', 'id', $2, 0, 0, 0, 0)"
        );
        let told = world.store.write_person(&begin, async |tx| {
            tx.run(session, values![town.contoso.provider]).await?;
            tx.emit(Event::new(names::PERSON_SESSION_ENDED, "told"));
            Ok::<_, StoreError>(())
        });
        told.await.unwrap();
        let mut feed = feed.polling_every(NEVER);
        let News::Told { events: heard, .. } = next(&mut feed).await else { panic!("nothing was missed") };
        assert_eq!((heard.len(), heard[0].subject.as_str(), heard[0].tenant), (1, "told", town.house.id));
    })
    .await;
}

#[tokio::test]
async fn the_bell_rings_on_other_nodes() {
    for_postgres(async |world| {
        let town = Town::build(world).await;
        let other = world.another_store().await;
        let mut feed = Feed::open(&other, &world.upkeep(), None).await.unwrap();
        // The listener connects in the background; until it has, only polling hears.
        until_it_listens(world).await;
        feed = feed.polling_every(NEVER);
        let (heard, ()) = tokio::join!(subjects(&mut feed), async {
            tokio::task::yield_now().await;
            tell(world, &world.store, &town.contoso, "from afar").await;
        });
        assert_eq!(heard, ["from afar"]);
        drop(feed);
        other.engine().close().await;
    })
    .await;
}

#[tokio::test]
async fn a_bell_that_was_cut_off_comes_back() {
    for_postgres(async |world| {
        let town = Town::build(world).await;
        let feed = Feed::open(&world.store, &world.upkeep(), None).await.unwrap();
        let mut feed = feed.polling_every(Duration::from_millis(50));
        for subject in ["one", "two"] {
            until_it_listens(world).await;
            let cut = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {LISTENING}");
            world.raw(&cut).await;
            tell(world, &world.store, &town.contoso, subject).await;
            let mut heard = Vec::new();
            while heard.is_empty() {
                heard = subjects(&mut feed).await;
            }
            assert_eq!(heard, [subject], "polling hears what the bell did not ring for");
        }
    })
    .await;
}

const LISTENING: &str = "datname = current_database() AND query LIKE 'LISTEN %partywall%'";

async fn until_it_listens(world: &World) {
    let listening = format!("SELECT COUNT(*) FROM pg_stat_activity WHERE {LISTENING}");
    let wait = async { while world.number(&listening).await == 0 {} };
    timeout(Duration::from_secs(20), wait).await.expect("the listener connects");
}

#[tokio::test]
async fn a_write_that_began_early_and_lands_late_is_not_passed_over() {
    for_postgres(async |world| {
        let town = Town::build(world).await;
        let mut feed = Feed::open(&world.store, &world.upkeep(), None).await.unwrap();
        feed = feed.polling_every(Duration::from_millis(50));
        let other = world.another_store().await;
        let ((told, has_told), (go_on, may_go_on)) = (oneshot::channel(), oneshot::channel());
        let early = async {
            let permit = world.background::<RunJob>(&town.contoso);
            let early = other.write(&permit, async |tx| {
                tx.emit(Event::new(names::MEMBER_CHANGED, "early")).await?;
                told.send(()).unwrap();
                may_go_on.await.unwrap();
                Ok::<_, StoreError>(())
            });
            early.await.unwrap();
        };
        let story = async {
            has_told.await.unwrap();
            tell(world, &world.store, &town.fabrikam, "late").await;
            assert_eq!(
                subjects(&mut feed).await,
                Vec::<String>::new(),
                "what landed waits for what may still land"
            );
            go_on.send(()).unwrap();
            let mut heard = Vec::new();
            while heard.len() < 2 {
                heard.extend(subjects(&mut feed).await);
            }
            assert_eq!(heard, ["early", "late"]);
        };
        tokio::join!(early, story);
        other.engine().close().await;
    })
    .await;
}

/// Listens until this was told. On a busy server a little of what was told before is told again.
async fn hear(feed: &mut Feed, subject: &str) {
    while !subjects(feed).await.iter().any(|heard| heard == subject) {}
}

/// Lets events grow old, and removes those that are.
async fn a_day_later(world: &World) {
    world.pass(Retention::default().outbox + Duration::from_secs(1));
    world.store.sweep_platform(&world.upkeep()).await.unwrap();
}

#[tokio::test]
async fn a_feed_that_slept_for_longer_than_events_are_kept_says_that_it_missed_some() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let mut feed = Feed::open(&world.store, &world.upkeep(), None).await.unwrap().polling_every(NEVER);
        tell(world, &world.store, &town.contoso, "heard").await;
        hear(&mut feed, "heard").await;
        for subject in ["missed", "the mark"] {
            tell(world, &world.store, &town.contoso, subject).await;
        }
        a_day_later(world).await;
        tell(world, &world.store, &town.contoso, "fresh").await;
        assert!(
            matches!(next(&mut feed).await, News::Missed),
            "what is left does not begin where it stopped"
        );
        tell(world, &world.store, &town.contoso, "from now on").await;
        hear(&mut feed, "from now on").await;
    })
    .await;
}

#[tokio::test]
async fn a_feed_to_which_nothing_was_told_for_days_has_missed_nothing() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        tell(world, &world.store, &town.contoso, "before").await;
        let feed = Feed::open(&world.store, &world.upkeep(), None).await.unwrap();
        let mut feed = feed.polling_every(NEVER);
        tell(world, &world.store, &town.contoso, "heard").await;
        hear(&mut feed, "heard").await;
        feed = feed.polling_every(Duration::from_millis(20));
        for _ in 0..3 {
            a_day_later(world).await;
            assert_eq!(subjects(&mut feed).await, Vec::<String>::new());
        }
        assert_eq!(world.number("SELECT COUNT(*) FROM outbox").await, 1, "the last one stays as a mark");
        tell(world, &world.store, &town.contoso, "after").await;
        feed = feed.polling_every(NEVER);
        hear(&mut feed, "after").await;
    })
    .await;
}

#[tokio::test]
async fn an_outbox_that_is_cut_under_a_running_feed_is_noticed() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let mut feed = Feed::open(&world.store, &world.upkeep(), None).await.unwrap().polling_every(NEVER);
        tell(world, &world.store, &town.contoso, "heard").await;
        hear(&mut feed, "heard").await;
        tell(world, &world.store, &town.contoso, "lost").await;
        world.raw("DELETE FROM outbox").await;
        assert!(matches!(next(&mut feed).await, News::Missed));
    })
    .await;
}

#[tokio::test]
async fn a_long_absence_is_heard_in_pieces_and_only_the_last_is_all() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        tell(world, &world.store, &town.contoso, "before").await;
        let mut feed = Feed::open(&world.store, &world.upkeep(), None).await.unwrap().polling_every(NEVER);
        let permit = world.background::<RunJob>(&town.contoso);
        let many = world.store.write(&permit, async |tx| {
            for at in 0..600 {
                tx.emit(Event::new(names::MEMBER_CHANGED, at)).await?;
            }
            Ok::<_, StoreError>(())
        });
        many.await.unwrap();
        let mut pieces = Vec::new();
        while pieces.last() != Some(&true) {
            let News::Told { is_all, .. } = next(&mut feed).await else { panic!("nothing was missed") };
            pieces.push(is_all);
        }
        assert_eq!(pieces, [false, true]);
    })
    .await;
}
