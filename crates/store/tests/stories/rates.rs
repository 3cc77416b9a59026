//! All nodes take shares out of one number.

use domain::Digest;
use std::time::Duration;
use store::{Drained, RateShare};
use testkit::{World, for_each_engine};

fn share(world: &World, name: &str, amount: i64) -> RateShare {
    let ends = world.clock.now().seconds() / 60 * 60 + 60;
    RateShare { budget: Digest::of(name.as_bytes()), ends, amount, limit: 100 }
}

#[tokio::test]
async fn what_one_node_takes_is_gone_for_the_others_and_they_hear_when_nothing_is_left() {
    for_each_engine(async |world| {
        let permit = world.upkeep();
        let begun = world.clock.now();
        let take = async |shares: &[RateShare]| world.store.take_shares(&permit, shares).await.unwrap();
        let drained = async || world.store.drained_since(&permit, begun).await.unwrap();
        // The answers come in the order of the questions, whatever the order in the database.
        assert_eq!(take(&[share(world, "b", 60), share(world, "a", 10)]).await, [60, 10]);
        assert_eq!(take(&[share(world, "a", 5), share(world, "b", 30)]).await, [15, 90]);
        assert_eq!(drained().await, []);
        let last = share(world, "b", 30);
        assert_eq!(take(&[last]).await, [120], "of which the last twenty were not there");
        assert_eq!(drained().await, [Drained { budget: last.budget, ends: last.ends }]);
        // What is given back can be taken again.
        assert_eq!(take(&[share(world, "b", -40)]).await, [80]);
        assert_eq!(drained().await, []);
        world.clock.advance(Duration::from_secs(121));
        assert_eq!(world.store.sweep_platform(&permit).await.unwrap(), 2);
        assert_eq!(take(&[share(world, "b", 1)]).await, [1]);
    })
    .await;
}

#[tokio::test]
async fn many_who_take_at_once_get_no_more_than_there_is() {
    for_each_engine(async |world| {
        let permit = world.upkeep();
        let mut got = 0;
        let asks: Vec<_> = (0..20).map(|_| [share(world, "a", 7), share(world, "b", 7)]).collect();
        let takes = asks.iter().map(|ask| world.store.take_shares(&permit, ask));
        for taken in futures_util::future::join_all(takes).await {
            let before = taken.unwrap()[0] - 7;
            got += (100 - before).clamp(0, 7);
        }
        assert_eq!(got, 100);
    })
    .await;
}
