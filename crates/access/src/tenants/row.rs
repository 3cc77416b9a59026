//! A tenant at rest: what is kept of it while nobody asks for it.

use super::Tenant;
use crate::{
    Brand,
    directory::{Maintenance, Subscriptions, TenantRecord},
};
use domain::{Hostname, Limits, Network, Slug, Standing, TenantId};
use std::{str::Split, sync::Arc};

/// A tenant as its shard keeps it, in a third of the memory that it takes when it is awake. What it has in common with
/// many others is shared, and what few tenants have lies elsewhere ([`Seldom`]).
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: [u8; 16],
    pub(super) generation: i64,
    pub(super) names: Names,
    limits: Arc<Limits>,
    /// There while somebody asks for this tenant.
    pub(super) awake: Option<Arc<Tenant>>,
    /// Where among the shard's deployments its own stands.
    pub(super) deployment: u16,
    /// In which filling it was last seen.
    pub(super) round: u16,
    standing: Standing,
    published: bool,
    exchanges_keys: bool,
}

impl Row {
    /// What of a record is kept for every tenant.
    pub(super) fn of(record: &TenantRecord, deployment: u16, round: u16) -> Self {
        Row {
            id: record.id.bits().to_be_bytes(),
            generation: record.generation,
            names: Names::of(record),
            limits: record.limits.clone(),
            awake: None,
            deployment,
            round,
            standing: record.standing,
            published: record.published,
            exchanges_keys: record.exchanges_keys,
        }
    }

    /// Its id.
    pub(super) fn id(&self) -> TenantId {
        TenantId::from_bits(u128::from_be_bytes(self.id))
    }

    /// The record that it was made of.
    pub(super) fn record(&self, deployment: domain::DeploymentId, seldom: Option<&Seldom>) -> TenantRecord {
        let Seldom { networks, maintenance, subscriptions, brand } = seldom.cloned().unwrap_or_default();
        TenantRecord {
            id: self.id(),
            slug: self.names.to_slug(),
            name: reread(self.names.line(1)),
            standing: self.standing,
            deployment,
            generation: self.generation,
            published: self.published,
            limits: self.limits.clone(),
            hostnames: self.names.hostnames().map(reread).collect(),
            networks,
            exchanges_keys: self.exchanges_keys,
            maintenance,
            subscriptions,
            brand,
        }
    }
}

/// What few tenants have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seldom {
    networks: Arc<[Network]>,
    maintenance: Maintenance,
    subscriptions: Subscriptions,
    brand: Option<Arc<Brand>>,
}

impl Default for Seldom {
    fn default() -> Self {
        Seldom {
            networks: [].into(),
            maintenance: Maintenance::default(),
            subscriptions: Subscriptions::default(),
            brand: None,
        }
    }
}

impl Seldom {
    /// What a record has of it, if anything.
    pub(super) fn of(record: &TenantRecord) -> Option<Self> {
        let TenantRecord { networks, maintenance, subscriptions, brand, .. } = record;
        let seldom = Seldom {
            networks: networks.clone(),
            maintenance: *maintenance,
            subscriptions: subscriptions.clone(),
            brand: brand.clone(),
        };
        (seldom != Seldom::default()).then_some(seldom)
    }
}

/// A tenant's slug, its name for people and its hostnames in one piece, each on a line: none of them can hold a line's
/// end.
#[derive(Clone, Debug)]
pub(super) struct Names(Box<str>);

impl Names {
    fn of(record: &TenantRecord) -> Self {
        let mut lines = vec![record.slug.as_str(), record.name.as_str()];
        lines.extend(record.hostnames.iter().map(Hostname::as_str));
        Names(lines.join("\n").into())
    }

    /// The slug.
    pub(super) fn slug(&self) -> &str {
        self.line(0)
    }

    /// The hostnames.
    pub(super) fn hostnames(&self) -> impl Iterator<Item = &str> {
        self.lines().skip(2)
    }

    /// Whether this is one of the hostnames.
    pub(super) fn has_hostname(&self, host: &str) -> bool {
        self.hostnames().any(|own| own == host)
    }

    /// The house's slug is reserved, so that parsing refuses it.
    fn to_slug(&self) -> Slug {
        let house = Slug::house();
        if self.slug() == house.as_str() { house } else { reread(self.slug()) }
    }

    fn line(&self, number: usize) -> &str {
        self.lines().nth(number).unwrap_or_default()
    }

    fn lines(&self) -> Split<'_, char> {
        self.0.split('\n')
    }
}

fn reread<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("it was such a name when it was put here")
}
