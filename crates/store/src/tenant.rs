//! A tenant's transactions. Opened by a permit, about that permit's tenant and no other.

use crate::{
    FromRow, Row, Sql, Store, StoreError, Tools, Value,
    audit::{self, NewLine},
    engine::{Scope, Tx},
    jobs, operator_sql, person_sql, sql, values,
};
use access::{Action, Introduces, Needs, Permit, TenantAction, Writes};
use domain::{
    Change, Digest, Event, EventId, Fault, Id, MasterKey, Moment, ProviderId, TenantId, UserId, id::Kind,
};
use std::{collections::BTreeMap, ops, sync::Arc};

impl Store {
    /// Reads this tenant's rows.
    ///
    /// # Errors
    /// Whatever `work` says, and [`StoreError`] for the database's own trouble.
    pub async fn read<A: TenantAction, T, E: From<StoreError>>(
        &self,
        permit: &Permit<A>,
        work: impl AsyncFnOnce(&mut TenantRead) -> Result<T, E>,
    ) -> Result<T, E> {
        let tenant = permit.scope().tenant();
        let tx = self.engine.begin_read(Scope::Tenant(tenant)).await?;
        let mut read = TenantRead { tx, tenant, now: self.tools.clock.now(), tools: self.tools.clone() };
        let result = work(&mut read).await;
        read.tx.end_read().await;
        result
    }

    /// Writes this tenant's rows. Everything in `work` lands together with its audit lines, events, jobs
    /// and counts, or nothing does; a failed write leaves an audit line that says so.
    ///
    /// # Errors
    /// Whatever `work` says, and [`StoreError`] for the database's own trouble.
    pub async fn write<A: TenantAction + Writes, T, E: From<StoreError> + Fault>(
        &self,
        permit: &Permit<A>,
        work: impl AsyncFnOnce(&mut TenantWrite) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut write = self.begin_write(permit).await?;
        let failed = match work(&mut write).await {
            Ok(result) => match write.finish(permit).await {
                Ok(news) => {
                    self.ring_here(news);
                    return Ok(result);
                }
                Err(error) => E::from(error),
            },
            Err(error) => {
                write.read.tx.roll_back().await.or_else(|failed| log_failure(permit, &failed))?;
                error
            }
        };
        self.note_failure(permit, failed.code()).await;
        Err(failed)
    }

    async fn begin_write<A: TenantAction>(&self, permit: &Permit<A>) -> Result<TenantWrite, StoreError> {
        let tenant = permit.scope().tenant();
        let tx = self.engine.begin_write(Scope::Tenant(tenant)).await?;
        let read = TenantRead { tx, tenant, now: self.tools.clock.now(), tools: self.tools.clone() };
        Ok(TenantWrite { read, changes: Vec::new(), told: false, lanes: BTreeMap::new() })
    }

    /// A write that failed is told in a transaction of its own: the one that failed is gone.
    async fn note_failure<A: TenantAction + Writes>(&self, permit: &Permit<A>, code: &'static str) {
        if matches!(A::NEEDS, Needs::Platform) {
            return;
        }
        if code == AWAY {
            tracing::error!(tenant = %permit.tenant_id(), action = A::NAME, "a write failed because the database is away; nobody is there to record it");
            return;
        }
        let noted = async {
            let mut write = self.begin_write(permit).await?;
            let nothing = Change::default();
            audit::append(&mut write, NewLine { outcome: code, ..NewLine::of(permit, &nothing) }).await?;
            write.read.tx.commit().await
        };
        if let Err(error) = noted.await {
            tracing::error!(tenant = %permit.tenant_id(), action = A::NAME, %error, "a failed write could not be recorded: {error}");
        }
    }
}

fn log_failure<A: TenantAction>(permit: &Permit<A>, error: &StoreError) -> Result<(), StoreError> {
    tracing::warn!(tenant = %permit.tenant_id(), action = <A as Action>::NAME, %error, "rolling back failed: {error}");
    Ok(())
}

/// Reads one tenant's rows.
pub struct TenantRead {
    tx: Tx,
    tenant: TenantId,
    now: Moment,
    tools: Arc<Tools>,
}

impl TenantRead {
    /// The one time of this transaction.
    pub fn now(&self) -> Moment {
        self.now
    }

    /// The tenant whose rows these are.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The master key, for this tenant's sealed values.
    pub fn master(&self) -> &MasterKey {
        &self.tools.master
    }

    /// All rows that `sql` finds. `values` begin at `$2`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rows<T: FromRow>(&mut self, sql: Sql, values: &[Value]) -> Result<Vec<T>, StoreError> {
        let rows = self.raw(sql, values).await?;
        rows.iter().map(T::from_row).collect()
    }

    /// The one row that `sql` finds, if it finds any.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn row<T: FromRow>(&mut self, sql: Sql, values: &[Value]) -> Result<Option<T>, StoreError> {
        let rows = self.raw(sql, values).await?;
        rows.first().map(T::from_row).transpose()
    }

    /// The number in the column `n` of the one row that `sql` finds: counts and sums.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn number(&mut self, sql: Sql, values: &[Value]) -> Result<i64, StoreError> {
        self.raw(sql, values).await?.first().map_or(Ok(0), |row| row.int("n"))
    }

    async fn raw(&mut self, sql: Sql, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let bound = bind(sql.text(), sql.wants(), Some(Value::from(self.tenant)), values)?;
        self.tx.fetch(sql.text(), bound).await
    }
}

/// Puts the scope's own value before the others, and refuses a wrong number of them.
pub(crate) fn bind(
    text: &'static str,
    wanted: usize,
    scope: Option<Value>,
    values: &[Value],
) -> Result<Vec<Value>, StoreError> {
    let bound: Vec<Value> = scope.into_iter().chain(values.iter().cloned()).collect();
    if bound.len() == wanted {
        Ok(bound)
    } else {
        Err(StoreError::Arity { text, wanted, given: bound.len() })
    }
}

/// Reads and writes one tenant's rows.
pub struct TenantWrite {
    read: TenantRead,
    changes: Vec<Change>,
    told: bool,
    /// When the earliest job that this write put into each lane may run.
    pub(crate) lanes: BTreeMap<String, Moment>,
}

impl ops::Deref for TenantWrite {
    type Target = TenantRead;
    fn deref(&self) -> &TenantRead {
        &self.read
    }
}

impl ops::DerefMut for TenantWrite {
    fn deref_mut(&mut self) -> &mut TenantRead {
        &mut self.read
    }
}

impl TenantWrite {
    /// A fresh id.
    pub fn new_id<K: Kind>(&self) -> Id<K> {
        Id::new(self.read.now, &self.read.tools.chance)
    }

    /// A fresh secret token of 256 bits.
    pub fn new_token(&self) -> String {
        self.read.tools.chance.token()
    }

    /// Seals `plain` for its place in the database.
    pub fn seal(&self, purpose: &str, plain: &[u8]) -> domain::Sealed {
        self.read.tools.master.seal(purpose, plain, &self.read.tools.chance)
    }

    /// Seals `plain` under `key`.
    pub(crate) fn seal_under(
        &self,
        key: &domain::seal::SealingKey,
        purpose: &str,
        plain: &[u8],
    ) -> domain::Sealed {
        key.seal(purpose, plain, &self.read.tools.chance)
    }

    /// A fresh sealing key.
    pub(crate) fn new_sealing_key(&self) -> domain::seal::SealingKey {
        domain::seal::SealingKey::generate(&self.read.tools.chance)
    }

    /// Seals `plain` under the key of a member, which is made if there is none. Erasing the key erases
    /// whatever was sealed so.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn seal_for_member(
        &mut self,
        member: domain::MemberId,
        plain: &[u8],
    ) -> Result<domain::Sealed, StoreError> {
        audit::personal::seal(self, member, plain).await
    }

    /// Waits for other transactions of this tenant that take turns at `what`, until this one ends.
    pub(crate) async fn take_turns(&mut self, what: &'static str) -> Result<(), StoreError> {
        let turn = format!("{what} {}", self.read.tenant);
        self.read.tx.take_turns(turn).await
    }

    /// Runs a statement that changes rows; gives how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn run(&mut self, sql: Sql, values: &[Value]) -> Result<u64, StoreError> {
        let bound = bind(sql.text(), sql.wants(), Some(Value::from(self.read.tenant)), values)?;
        self.read.tx.execute(sql.text(), bound).await
    }

    /// Tells the audit trail what this write changed. A write may change several things.
    pub fn changed(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Tells other rooms and nodes what happened, once this write has landed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn emit(&mut self, event: Event) -> Result<(), StoreError> {
        self.told = true;
        let id: EventId = self.new_id();
        let at = self.read.now;
        let insert = sql!(
            "INSERT INTO outbox (tenant_id, id, name, subject, body, at) VALUES ($1, $2, $3, $4, $5, $6)"
        );
        self.run(insert, values![id, event.name, event.subject, &event.body, at]).await.map(drop)
    }

    /// Counts a billable fact. The same `id` is counted once, whoever repeats it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn count(&mut self, id: &str, meter: &str, amount: i64) -> Result<(), StoreError> {
        let at = self.read.now;
        let insert = sql!(
            "INSERT INTO usage_fact (tenant_id, id, meter, amount, at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (tenant_id, id) DO NOTHING"
        );
        self.run(insert, values![id, meter, amount, at]).await.map(drop)
    }

    /// Records a person who was not known before, under the external identity that proved them. Only an
    /// action that introduces people can.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if somebody else was quicker; look the identity up again.
    pub async fn introduce<I: Introduces>(
        &mut self,
        _by: &Permit<I>,
        user: UserId,
        region: &str,
        provider: ProviderId,
        subject: Digest,
    ) -> Result<(), StoreError> {
        self.read.tx.admit_person(user).await?;
        let now = self.read.now;
        let person = person_sql!("INSERT INTO person (user_id, home_region, created_at) VALUES ($1, $2, $3)");
        let link = person_sql!(
            "INSERT INTO identity_link (user_id, provider, subject, created_at) VALUES ($1, $2, $3, $4)"
        );
        for (sql, values) in
            [(person, values![region, now].to_vec()), (link, values![provider, subject, now].to_vec())]
        {
            let bound = bind(sql.text(), sql.wants(), Some(Value::from(user)), &values)?;
            self.read.tx.execute(sql.text(), bound).await?;
        }
        Ok(())
    }

    /// Lands; gives whether there is news for those who wait for the bell.
    async fn finish<A: TenantAction>(mut self, permit: &Permit<A>) -> Result<bool, StoreError> {
        let changes = std::mem::take(&mut self.changes);
        for change in &changes {
            audit::append(&mut self, NewLine::of(permit, change)).await?;
        }
        // The platform's own upkeep leaves lines only for what it says it changed.
        if changes.is_empty() && !matches!(A::NEEDS, Needs::Platform) {
            audit::append(&mut self, NewLine::of(permit, &Change::default())).await?;
        }
        let news = self.told || !self.lanes.is_empty();
        // Last, because other writes of this tenant wait for a lane that one has touched.
        jobs::open_lanes(&mut self).await?;
        if self.told {
            self.read.tx.ring().await?;
        }
        self.read.tx.commit().await?;
        Ok(news)
    }
}

/// The code of [`StoreError::Unavailable`].
pub(crate) const AWAY: &str = "store.unavailable";

/// The house's id, for lines that operators leave.
pub(crate) const HOUSE: crate::OperatorSql = operator_sql!("SELECT id FROM tenant WHERE slug = 'house'");
