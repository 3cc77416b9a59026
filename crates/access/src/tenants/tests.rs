use super::*;
use crate::directory::{Maintenance, Subscriptions};
use domain::{Limits, Moment};

fn record(number: u128) -> TenantRecord {
    TenantRecord {
        id: TenantId::from_bits(number << 64 | number),
        slug: format!("tenant-{number}").parse().unwrap(),
        name: format!("Tenant №{number}").parse().unwrap(),
        standing: Standing::Active,
        deployment: DeploymentId::from_bits(number % 3),
        generation: 1,
        published: number.is_multiple_of(2),
        limits: Arc::new(Limits::default()),
        hostnames: vec![format!("www.t{number}.test").parse().unwrap()],
        networks: [].into(),
        exchanges_keys: false,
        maintenance: Maintenance::default(),
        subscriptions: Subscriptions::default(),
        brand: None,
    }
}

fn many(count: u128) -> Tenants {
    let tenants = Tenants::default();
    (1..=count).for_each(|number| tenants.put(record(number)));
    tenants
}

#[test]
fn a_tenant_at_rest_takes_little() {
    assert!(size_of::<Option<row::Row>>() <= 64, "{}", size_of::<Option<row::Row>>());
}

#[test]
fn who_wakes_is_who_went_to_rest() {
    let tenants = Tenants::default();
    let mut odd = record(7);
    odd.networks = ["10.0.0.0/8".parse().unwrap()].into();
    odd.maintenance = Maintenance { from: Moment::from_micros(1), until: Moment::from_micros(2) };
    odd.subscriptions = Subscriptions::of(vec![("reports".parse().unwrap(), None)]);
    odd.exchanges_keys = true;
    odd.brand = Some(Arc::new(crate::Brand {
        mark: "m".into(),
        colour: Some("#1d4ed8".parse().unwrap()),
        greeting: None,
        help: None,
        logo: Some(crate::Picture::Png),
        always_shown: true,
    }));
    let mut house = record(8);
    (house.slug, house.hostnames) = (domain::Slug::house(), Vec::new());
    for given in [record(6), odd, house] {
        tenants.put(given.clone());
        assert_eq!(tenants.by_id(given.id).unwrap().record, given);
    }
    assert_eq!(tenants.len(), 3);
}

#[test]
fn each_is_found_by_all_its_names_and_by_no_other() {
    let tenants = many(20_000);
    for number in 1..=20_000 {
        let meant = record(number);
        let found = [
            tenants.by_slug(meant.slug.as_str()),
            tenants.by_host(meant.hostnames[0].as_str()),
            tenants.by_id(meant.id),
        ];
        assert!(found.iter().all(|found| found.as_ref().is_some_and(|tenant| tenant.record.id == meant.id)));
        assert!(tenants.by_slug(meant.hostnames[0].as_str()).is_none());
    }
    assert!(tenants.by_slug("tenant-20001").is_none() && tenants.by_host("www.t0.test").is_none());
}

#[test]
fn a_name_goes_over_to_whoever_was_given_it_last() {
    let tenants = many(2);
    let (mut first, mut second) = (record(1), record(2));
    second.slug = first.slug.clone();
    second.hostnames.extend(first.hostnames.clone());
    tenants.put(second.clone());
    assert_eq!(tenants.by_slug("tenant-1").unwrap().record.id, second.id);
    assert!(tenants.by_slug("tenant-2").is_none(), "it gave that name back");
    // That the first one has lost its names is heard later, and takes nothing from the second.
    (first.slug, first.hostnames) = ("renamed".parse().unwrap(), Vec::new());
    tenants.put(first.clone());
    assert_eq!(tenants.by_host("www.t1.test").unwrap().record.id, second.id);
    tenants.remove(first.id);
    assert_eq!(tenants.by_slug("tenant-1").unwrap().record.id, second.id);
    assert!(tenants.by_slug("renamed").is_none() && tenants.by_id(first.id).is_none());
}

#[test]
fn an_older_placement_undoes_nothing() {
    let tenants = Tenants::default();
    let (old, mut new) = (record(1), record(1));
    (new.generation, new.deployment) = (2, DeploymentId::from_bits(9));
    tenants.put(new.clone());
    tenants.put(old);
    assert_eq!(tenants.by_id(new.id).unwrap().record, new);
}

#[test]
fn a_filling_takes_out_who_is_no_more_and_nobody_who_came_meanwhile() {
    let tenants = many(10);
    let outer = tenants.begin_filling();
    (1..=5).for_each(|number| tenants.put(record(number)));
    let inner = tenants.begin_filling();
    (1..=6).for_each(|number| tenants.put(record(number)));
    tenants.end_filling(inner);
    assert_eq!(tenants.len(), 6);
    tenants.put(record(11));
    tenants.end_filling(outer);
    assert_eq!(tenants.len(), 7);
    assert!(tenants.by_slug("tenant-7").is_none() && tenants.by_slug("tenant-11").is_some());
}

#[test]
fn what_was_known_of_a_tenant_is_stale_after_a_change_even_where_nobody_was_awake_to_hear_of_it() {
    let tenants = many(150_000);
    let first = record(1).id;
    let epoch = tenants.by_id(first).unwrap().epoch();
    assert_eq!(tenants.by_id(first).unwrap().epoch(), epoch, "nothing has changed");
    let wake_all = || (2..=150_000).for_each(|number| drop(tenants.by_id(record(number).id)));
    wake_all();
    tenants.touch(first);
    assert_ne!(tenants.by_id(first).unwrap().epoch(), epoch);

    let held = tenants.by_id(first).unwrap();
    let before = held.epoch();
    wake_all();
    tenants.touch(first);
    assert_ne!(held.epoch(), before, "whoever is held stays awake, and hears of it");
    tenants.put(record(1));
    let newer = tenants.by_id(first).unwrap();
    drop(newer);
    wake_all();
    let before = held.epoch();
    tenants.remove(first);
    assert_ne!(held.epoch(), before, "an older record hears of it too");
    let awake: usize = tenants.shards.iter().map(|shard| shard.read().awake_now()).sum();
    assert!(awake <= 140_000, "{awake} are awake");
}

#[test]
fn readers_and_changes_do_not_get_in_each_others_way() {
    let tenants = many(4_000);
    std::thread::scope(|scope| {
        for seed in 0..3 {
            let tenants = &tenants;
            scope.spawn(move || {
                for turn in 0..40_000 {
                    let number = (turn * 7 + seed * 13) % 4_000 + 1;
                    let found = tenants.by_slug(&format!("tenant-{number}"));
                    assert!(number % 10 == 0 || found.is_some_and(|t| t.record.id == record(number).id));
                }
            });
        }
        for turn in 0..20_000 {
            let number = turn % 400 * 10 + 10;
            match turn % 3 {
                0 => tenants.remove(record(number).id),
                1 => tenants.put(record(number)),
                _ => tenants.touch(record(number).id),
            }
            tenants.put(record(turn % 4_000 / 10 * 10 + 1));
        }
    });
}
