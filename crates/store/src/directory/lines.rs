//! Many tenants in one answer. A database's client spends microseconds on every row and column of an answer, which with a
//! million tenants is most of the time that a node takes to start. So the database puts a batch into one text, a tenant
//! to a line and its columns parted by tabs; names can hold neither.

use super::rows::{PlannedRow, TenantRow};
use crate::{FromRow, Row, StoreError, row::unreadable};
use access::{Brand, Maintenance, Picture, Subscriptions, TenantRecord};
use domain::{Moment, ProductName, Slug, SubscriberId};
use std::{fmt::Display, str::FromStr, sync::Arc};

/// A batch of tenants, without what their plans allow.
pub(super) struct Batch(pub(super) Vec<TenantRow>);

impl FromRow for Batch {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        lines(row, |line| line.tenant()).map(Batch)
    }
}

/// A batch of tenants with everything that belongs to them.
pub(super) struct WholeBatch(pub(super) Vec<PlannedRow>);

impl FromRow for WholeBatch {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        lines(row, |line| line.planned()).map(WholeBatch)
    }
}

fn lines<T>(row: &Row, read: impl Fn(&mut Line<'_>) -> Result<T, StoreError>) -> Result<Vec<T>, StoreError> {
    row.text("batch")?.lines().map(|line| read(&mut Line(line.split('\t')))).collect()
}

/// What is left of a line.
struct Line<'a>(std::str::Split<'a, char>);

impl Line<'_> {
    /// The tenant, whose columns stand in the order in which they are asked for.
    fn tenant(&mut self) -> Result<TenantRow, StoreError> {
        let record = TenantRecord {
            id: self.parse("id")?,
            slug: self.slug()?,
            name: self.parse("name")?,
            standing: self.parse("standing")?,
            deployment: self.parse("deployment_id")?,
            generation: self.parse("generation")?,
            published: self.flag("published")?,
            limits: Arc::default(),
            hostnames: Vec::new(),
            networks: self.words("networks")?.into(),
            exchanges_keys: self.flag("exchanges_keys")?,
            maintenance: Maintenance {
                from: self.moment("maintenance_from")?,
                until: self.moment("maintenance_until")?,
            },
            subscriptions: Subscriptions::default(),
            brand: self.brand()?.map(Arc::new),
        };
        Ok(TenantRow { record, plan: self.parse("plan_id")? })
    }

    /// The tenant with its hostnames, its subscriptions and what its plan allows.
    fn planned(&mut self) -> Result<PlannedRow, StoreError> {
        let mut tenant = self.tenant()?;
        tenant.record.hostnames = self.words("hostnames")?;
        tenant.record.subscriptions = Subscriptions::of(self.subscriptions()?);
        let limits = serde_json::from_str(self.text("body")?).map_err(|why| unreadable("body", why))?;
        Ok(PlannedRow { tenant, limits })
    }

    fn subscriptions(&mut self) -> Result<Vec<(ProductName, Option<SubscriberId>)>, StoreError> {
        let one = |word: &str| {
            let (product, subscriber) = word.split_once('=')?;
            let subscriber =
                if subscriber.is_empty() { None } else { Some(subscriber.parse::<SubscriberId>().ok()?) };
            Some((product.parse::<ProductName>().ok()?, subscriber))
        };
        let words = self.text("subscriptions")?.split(' ').filter(|word| !word.is_empty());
        words.map(|word| one(word).ok_or_else(|| unreadable("subscriptions", "not a subscription"))).collect()
    }

    /// How its pages look, if it has said so.
    fn brand(&mut self) -> Result<Option<Brand>, StoreError> {
        let mark: Box<str> = self.text("brand_mark")?.into();
        let brand = Brand {
            colour: self.maybe("brand_colour")?,
            greeting: self.maybe("brand_greeting")?,
            help: self.maybe("brand_help")?,
            logo: Picture::of_media(self.text("brand_logo")?),
            always_shown: self.flag("brand_shown")?,
            mark,
        };
        Ok((!brand.mark.is_empty()).then_some(brand))
    }

    fn maybe<T: FromStr<Err: Display>>(&mut self, column: &str) -> Result<Option<T>, StoreError> {
        let text = self.text(column)?;
        let parsed = (!text.is_empty()).then(|| text.parse()).transpose();
        parsed.map_err(|why: T::Err| unreadable(column, why))
    }

    fn text(&mut self, column: &str) -> Result<&str, StoreError> {
        self.0.next().ok_or_else(|| unreadable(column, "it is not there"))
    }

    fn parse<T: FromStr<Err: Display>>(&mut self, column: &str) -> Result<T, StoreError> {
        self.text(column)?.parse().map_err(|why: T::Err| unreadable(column, why))
    }

    fn words<T: FromStr<Err: Display>>(&mut self, column: &str) -> Result<Vec<T>, StoreError> {
        let words = self.text(column)?.split(' ').filter(|word| !word.is_empty());
        words.map(|word| word.parse().map_err(|why: T::Err| unreadable(column, why))).collect()
    }

    fn flag(&mut self, column: &str) -> Result<bool, StoreError> {
        Ok(self.text(column)? != "0")
    }

    fn moment(&mut self, column: &str) -> Result<Moment, StoreError> {
        self.parse(column).map(Moment::from_micros)
    }

    /// The house's slug is reserved, so that parsing refuses it from everywhere but here.
    fn slug(&mut self) -> Result<Slug, StoreError> {
        let (text, house) = (self.text("slug")?, Slug::house());
        if text == house.as_str() { Ok(house) } else { text.parse().map_err(|why| unreadable("slug", why)) }
    }
}
