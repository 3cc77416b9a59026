//! A person's transactions: what is theirs across tenants. Nothing here reaches a tenant's rows.

use crate::{
    FromRow, PersonSql, Store, StoreError, Tools, Value,
    engine::{Scope, Tx},
    sql,
    tenant::bind,
    values,
};
use access::{PersonAction, PersonPermit, Writes};
use domain::{Event, EventId, Fault, Moment, TenantId, UserId};
use std::{ops, sync::Arc};

impl Store {
    /// Reads this person's rows.
    ///
    /// # Errors
    /// Whatever `work` says, and [`StoreError`].
    pub async fn read_person<A: PersonAction, T, E: From<StoreError>>(
        &self,
        permit: &PersonPermit<A>,
        work: impl AsyncFnOnce(&mut PersonRead) -> Result<T, E>,
    ) -> Result<T, E> {
        let tx = self.engine.begin_read(Scope::Person(permit.user())).await?;
        let mut read =
            PersonRead { tx, user: permit.user(), now: self.tools.clock.now(), tools: self.tools.clone() };
        let result = work(&mut read).await;
        read.tx.end_read().await;
        result
    }

    /// Writes this person's rows.
    ///
    /// # Errors
    /// Whatever `work` says, and [`StoreError`].
    pub async fn write_person<A: PersonAction + Writes, T, E: From<StoreError> + Fault>(
        &self,
        permit: &PersonPermit<A>,
        work: impl AsyncFnOnce(&mut PersonWrite) -> Result<T, E>,
    ) -> Result<T, E> {
        let tx = self.engine.begin_write(Scope::Person(permit.user())).await?;
        let read =
            PersonRead { tx, user: permit.user(), now: self.tools.clock.now(), tools: self.tools.clone() };
        let mut write = PersonWrite { read, events: Vec::new() };
        let result = work(&mut write).await?;
        let PersonWrite { read, events } = write;
        let mut tx = read.tx;
        let told = self.tell(&mut tx, events).await?;
        tx.commit().await?;
        self.ring_here(told);
        Ok(result)
    }

    /// A person's events have no tenant to be written under; they stand under the house. The person's own
    /// statements have all run by now, so that what the house admits is these events and nothing else.
    async fn tell(&self, tx: &mut Tx, events: Vec<Event>) -> Result<bool, StoreError> {
        let Some(house) = self.house_for(&events).await? else { return Ok(false) };
        tx.admit_tenant(house).await?;
        let insert = sql!(
            "INSERT INTO outbox (tenant_id, id, name, subject, body, at) VALUES ($1, $2, $3, $4, $5, $6)"
        );
        for event in events {
            let now = self.tools.clock.now();
            let id = EventId::new(now, &self.tools.chance);
            let values = values![house, id, event.name, event.subject, &event.body, now];
            tx.execute(insert.text(), values.to_vec()).await?;
        }
        tx.ring().await?;
        Ok(true)
    }

    /// The house, if there is something to tell and a house to tell it under. Its id never changes.
    async fn house_for(&self, events: &[Event]) -> Result<Option<TenantId>, StoreError> {
        if events.is_empty() || self.tools.house.get().is_some() {
            return Ok(self.tools.house.get().copied().filter(|_| !events.is_empty()));
        }
        let mut read = self.begin_survey().await?;
        let house = read.house().await?;
        read.close().await;
        Ok(house.map(|house| *self.tools.house.get_or_init(|| house)))
    }
}

/// Reads one person's rows.
pub struct PersonRead {
    tx: Tx,
    user: UserId,
    now: Moment,
    tools: Arc<Tools>,
}

impl PersonRead {
    /// The one time of this transaction.
    pub fn now(&self) -> Moment {
        self.now
    }

    /// Whose rows these are.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// All rows that `sql` finds. `values` begin at `$2`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rows<T: FromRow>(&mut self, sql: PersonSql, values: &[Value]) -> Result<Vec<T>, StoreError> {
        let bound = bind(sql.text(), sql.wants(), Some(Value::from(self.user)), values)?;
        self.tx.fetch(sql.text(), bound).await?.iter().map(T::from_row).collect()
    }
}

/// Reads and writes one person's rows.
pub struct PersonWrite {
    read: PersonRead,
    events: Vec<Event>,
}

impl ops::Deref for PersonWrite {
    type Target = PersonRead;
    fn deref(&self) -> &PersonRead {
        &self.read
    }
}

impl ops::DerefMut for PersonWrite {
    fn deref_mut(&mut self) -> &mut PersonRead {
        &mut self.read
    }
}

impl PersonWrite {
    /// A fresh secret token of 256 bits.
    pub fn new_token(&self) -> String {
        self.read.tools.chance.token()
    }

    /// Runs a statement that changes rows; gives how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn run(&mut self, sql: PersonSql, values: &[Value]) -> Result<u64, StoreError> {
        let bound = bind(sql.text(), sql.wants(), Some(Value::from(self.read.user)), values)?;
        self.read.tx.execute(sql.text(), bound).await
    }

    /// Tells other nodes what happened, after this write has landed.
    pub fn emit(&mut self, event: Event) {
        self.events.push(event);
    }
}
