//! The operator's transactions: the platform's own rows, and of tenants only the registry.

use crate::{
    FromRow, OperatorSql, Store, StoreError, Tools, Value,
    audit::line,
    engine::{Scope, Tx},
    operator_sql,
    tenant::{AWAY, HOUSE, bind},
    values,
};
use access::{Needs, OperatorAction, OperatorPermit, Writes};
use domain::{AuditLineId, Change, Event, EventId, Fault, Id, MasterKey, Moment, TenantId, id::Kind};
use std::{ops, sync::Arc};

impl Store {
    /// Reads the platform's rows.
    ///
    /// # Errors
    /// Whatever `work` says, and [`StoreError`].
    pub async fn survey<A: OperatorAction, T, E: From<StoreError>>(
        &self,
        _permit: &OperatorPermit<A>,
        work: impl AsyncFnOnce(&mut OperatorRead) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut read = self.begin_survey().await?;
        let result = work(&mut read).await;
        read.close().await;
        result
    }

    /// Writes the platform's rows. Leaves an audit line in the house's trail, and in the trail of every
    /// tenant that `work` says it touched; a failed write leaves one too.
    ///
    /// # Errors
    /// Whatever `work` says, and [`StoreError`].
    pub async fn operate<A: OperatorAction + Writes, T, E: From<StoreError> + Fault>(
        &self,
        permit: &OperatorPermit<A>,
        work: impl AsyncFnOnce(&mut OperatorWrite) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut write = self.begin_operate().await?;
        let failed = match work(&mut write).await {
            Ok(result) => match write.finish(permit, "done").await {
                Ok(news) => {
                    self.ring_here(news);
                    return Ok(result);
                }
                Err(error) => E::from(error),
            },
            Err(error) => {
                write.read.tx.roll_back().await.ok();
                error
            }
        };
        if failed.code() == AWAY {
            tracing::error!(
                action = A::NAME,
                "a write failed because the database is away; nobody is there to record it"
            );
            return Err(failed);
        }
        let noted = async { self.begin_operate().await?.finish(permit, failed.code()).await };
        if let Err(error) = noted.await {
            tracing::error!(action = A::NAME, %error, "a failed write could not be recorded: {error}");
        }
        Err(failed)
    }

    pub(crate) async fn begin_survey(&self) -> Result<OperatorRead, StoreError> {
        let tx = self.engine.begin_read(Scope::Platform).await?;
        Ok(OperatorRead { tx, now: self.tools.clock.now(), tools: self.tools.clone() })
    }

    pub(crate) async fn begin_operate(&self) -> Result<OperatorWrite, StoreError> {
        let tx = self.engine.begin_write(Scope::Platform).await?;
        let read = OperatorRead { tx, now: self.tools.clock.now(), tools: self.tools.clone() };
        Ok(OperatorWrite { read, changes: Vec::new(), told: false })
    }
}

/// Reads the platform's rows.
pub struct OperatorRead {
    tx: Tx,
    now: Moment,
    tools: Arc<Tools>,
}

impl OperatorRead {
    pub(crate) async fn close(self) {
        self.tx.end_read().await;
    }

    /// Where the feed's readers stop: see [`Tx::feed_horizon`].
    pub(crate) async fn feed_horizon(&mut self) -> Result<i64, StoreError> {
        self.tx.feed_horizon().await
    }

    /// The one time of this transaction.
    pub fn now(&self) -> Moment {
        self.now
    }

    /// The master key, for the platform's sealed values.
    pub fn master(&self) -> &MasterKey {
        &self.tools.master
    }

    /// All rows that `sql` finds. `values` begin at `$1`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rows<T: FromRow>(
        &mut self,
        sql: OperatorSql,
        values: &[Value],
    ) -> Result<Vec<T>, StoreError> {
        let bound = bind(sql.text(), sql.wants(), None, values)?;
        self.tx.fetch(sql.text(), bound).await?.iter().map(T::from_row).collect()
    }

    /// The one row that `sql` finds, if it finds any.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn row<T: FromRow>(
        &mut self,
        sql: OperatorSql,
        values: &[Value],
    ) -> Result<Option<T>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// The number in the column `n` of the one row that `sql` finds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn number(&mut self, sql: OperatorSql, values: &[Value]) -> Result<i64, StoreError> {
        let bound = bind(sql.text(), sql.wants(), None, values)?;
        self.tx.fetch(sql.text(), bound).await?.first().map_or(Ok(0), |row| row.int("n"))
    }

    /// The operator's own tenant; none before the first start.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn house(&mut self) -> Result<Option<TenantId>, StoreError> {
        let rows = self.tx.fetch(HOUSE.text(), vec![]).await?;
        rows.first().map(|row| row.parse("id")).transpose()
    }
}

/// Reads and writes the platform's rows.
pub struct OperatorWrite {
    read: OperatorRead,
    changes: Vec<(Option<TenantId>, Change)>,
    told: bool,
}

impl ops::Deref for OperatorWrite {
    type Target = OperatorRead;
    fn deref(&self) -> &OperatorRead {
        &self.read
    }
}

impl ops::DerefMut for OperatorWrite {
    fn deref_mut(&mut self) -> &mut OperatorRead {
        &mut self.read
    }
}

impl OperatorWrite {
    /// Lands without a line: for the store's own housekeeping, which is nobody's act.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        self.read.tx.commit().await
    }

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

    /// A fresh sealing key.
    pub fn new_sealing_key(&self) -> domain::seal::SealingKey {
        domain::seal::SealingKey::generate(&self.read.tools.chance)
    }

    /// A fresh signing key.
    pub fn new_signing_key(&self) -> domain::sign::SigningKey {
        domain::sign::SigningKey::generate(&self.read.tools.chance)
    }

    /// The first row that `sql` finds and that no other transaction is changing.
    pub(crate) async fn row_to_change<T: FromRow>(
        &mut self,
        sql: OperatorSql,
        values: &[Value],
    ) -> Result<Option<T>, StoreError> {
        let bound = bind(sql.text(), sql.wants(), None, values)?;
        let rows = self.read.tx.fetch_to_change(sql.text(), bound).await?;
        rows.first().map(T::from_row).transpose()
    }

    /// Runs a statement that changes rows; gives how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn run(&mut self, sql: OperatorSql, values: &[Value]) -> Result<u64, StoreError> {
        let bound = bind(sql.text(), sql.wants(), None, values)?;
        self.read.tx.execute(sql.text(), bound).await
    }

    /// Tells the house's audit trail what this write changed.
    pub fn changed(&mut self, change: Change) {
        self.changes.push((None, change));
    }

    /// Tells the house's audit trail, and this tenant's, what this write changed about the tenant.
    pub fn changed_tenant(&mut self, tenant: TenantId, change: Change) {
        self.changes.push((Some(tenant), change));
    }

    /// Tells nodes what happened to `tenant`, once this write has landed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn emit(&mut self, tenant: TenantId, event: Event) -> Result<(), StoreError> {
        self.told = true;
        let id: EventId = self.new_id();
        let now = self.read.now;
        let insert = operator_sql!(
            "INSERT INTO outbox (tenant_id, id, name, subject, body, at) VALUES ($1, $2, $3, $4, $5, $6)"
        );
        self.run(insert, values![tenant, id, event.name, event.subject, &event.body, now]).await.map(drop)
    }

    /// Tells nodes what happened to the platform; the house is named as the tenant.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn emit_platform(&mut self, event: Event) -> Result<(), StoreError> {
        match self.house().await? {
            Some(house) => self.emit(house, event).await,
            None => Ok(()),
        }
    }

    /// Rings for those who wait for work, once this write has landed.
    pub(crate) fn has_news(&mut self) {
        self.told = true;
    }

    /// Lands; gives whether there is news for those who wait for the bell.
    async fn finish<A: OperatorAction>(
        mut self,
        permit: &OperatorPermit<A>,
        outcome: &'static str,
    ) -> Result<bool, StoreError> {
        let changes = std::mem::take(&mut self.changes);
        let house = self.house().await?;
        let silent = changes.is_empty() && matches!(A::NEEDS, Needs::Platform) && outcome == "done";
        if let Some(house) = house.filter(|_| !silent) {
            let bare = [(None, Change::default())];
            let lines = if changes.is_empty() { &bare[..] } else { &changes[..] };
            for (tenant, change) in lines {
                let both = [Some(house), tenant.filter(|tenant| *tenant != house)];
                for trail in both.into_iter().flatten() {
                    self.append_line(permit, trail, change, outcome).await?;
                }
            }
        }
        if self.told {
            self.read.tx.ring().await?;
        }
        self.read.tx.commit().await?;
        Ok(self.told)
    }

    async fn append_line<A: OperatorAction>(
        &mut self,
        permit: &OperatorPermit<A>,
        trail: TenantId,
        change: &Change,
        outcome: &'static str,
    ) -> Result<(), StoreError> {
        let id: AuditLineId = self.new_id();
        let values = values![
            trail,
            id,
            self.read.now,
            permit.actor().to_string(),
            A::NAME,
            change.target.as_str(),
            outcome,
            "",
            permit.request(),
            line::shown(&change.before),
            line::shown(&change.after),
            "{}",
        ];
        self.run(line::INSERT_AS_OPERATOR, values).await.map(drop)
    }
}
