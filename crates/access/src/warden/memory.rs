//! What the warden knows by heart, how it is loaded, and what the feed makes it forget.

use super::{Warden, authenticate::as_person};
use crate::{
    cache::{KnownMember, KnownSession},
    directory::DirectoryError,
    refusal::Wanted,
    tenants::Tenant,
};
use domain::{Digest, Event, Heard, Moment, ProviderId, TenantId, UserId, event::names};
use std::{
    collections::BTreeSet,
    future::poll_fn,
    sync::{Arc, atomic::Ordering::Relaxed},
    task::Poll,
};

impl Warden {
    /// The operator's own tenant, once there is one.
    pub fn house(&self) -> Option<Arc<Tenant>> {
        self.tenants.by_slug(domain::Slug::house().as_str())
    }

    /// Loads every tenant, and forgets those that are no more; gives their number.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub async fn fill(&self) -> Result<usize, DirectoryError> {
        const BATCH: u32 = 5_000;
        let filling = self.tenants.begin_filling();
        let mut batch = self.directory.tenants(None, BATCH).await?;
        while !batch.is_empty() {
            let last = batch.iter().map(|record| record.id).max();
            let mut next = self.directory.tenants(last, BATCH);
            // Polled once, it has begun: the next ones are read while these are taken in.
            let early = poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await;
            batch.into_iter().for_each(|record| self.tenants.put(record));
            batch = match early {
                Poll::Ready(next) => next?,
                Poll::Pending => next.await?,
            };
        }
        self.tenants.end_filling(filling);
        self.load_early_ends(None).await?;
        Ok(self.tenants.len())
    }

    /// The feed has missed something: believes nothing any more, as if it had been silent for too long.
    pub fn lose_touch(&self) {
        self.heard.store(Moment::NEVER.micros(), Relaxed);
        self.known.rechecked.clear();
    }

    /// Fills memory anew after the feed has missed something. It is believed once [`Warden::heard`] is told.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub async fn refill(&self) -> Result<usize, DirectoryError> {
        let tenants = self.fill().await?;
        self.known.forget();
        Ok(tenants)
    }

    /// Notes that the feed was heard to its end, whether or not it had anything to say.
    pub fn heard(&self) {
        self.heard.store(self.clock.now().micros(), Relaxed);
    }

    /// Takes in what the feed told, in order. Tenants that changed are loaded together, each once however often it was
    /// told of: what is loaded is no older than the last of these events.
    ///
    /// # Errors
    /// [`DirectoryError`] if a changed tenant cannot be loaded; the events must be given again.
    pub async fn hear(&self, events: &[Heard]) -> Result<(), DirectoryError> {
        let of_tenants = events.iter().filter(|event| event.name == names::TENANT_CHANGED);
        let changed: BTreeSet<TenantId> = of_tenants.filter_map(|event| event.subject.parse().ok()).collect();
        self.reload_all(&changed).await?;
        if events.iter().any(|event| event.name == names::PLAN_CHANGED) {
            self.fill().await?;
        }
        events.iter().for_each(|event| self.hear_of_people(event));
        Ok(())
    }

    /// What memory holds of people and credentials, which is loaded again when it is asked for.
    fn hear_of_people(&self, event: &Heard) {
        match event.name.as_str() {
            names::SESSION_ENDED => {
                if let Some(digest) = event.fact("session").and_then(Digest::parse) {
                    self.known.sessions.remove(&(event.tenant, digest));
                }
            }
            names::PERSON_SESSION_ENDED => {
                if let Some(digest) = event.fact("session").and_then(Digest::parse) {
                    self.known.persons.remove(&digest);
                }
            }
            names::MEMBER_CHANGED | names::CONNECTION_CHANGED | names::SESSIONS_ENDED => {
                self.tenants.touch(event.tenant);
                // A provider that is shared, or no longer: what was written here holds at another tenant.
                if let Some(other) = event.fact("tenant").and_then(|id| id.parse().ok()) {
                    self.tenants.touch(other);
                }
            }
            names::TOKENS_CHANGED => self.known.tokens.clear(),
            names::KEY_CHANGED => self.hear_of_key(event),
            names::GRANT_ENDED => self.hear_of_grant(event),
            names::APPLICATION_CHANGED => self.known.grants.clear(),
            _ => {}
        }
    }

    /// Takes in at once what the feed will tell every node: whoever changed something on this node sees it
    /// in their next request. If that fails, the feed tells it all the same.
    pub async fn hear_at_once(&self, tenant: TenantId, event: Event) {
        let Event { name, subject, body } = event;
        let heard = Heard { name: name.to_owned(), tenant, subject, body };
        if self.hear(&[heard]).await.is_err() {
            tracing::warn!(%tenant, "this node hears of {name} later, by the feed");
        }
    }

    /// The same for what is no tenant's: the feed tells of it under the operator's own.
    pub async fn hear_of_platform(&self, event: Event) {
        if let Some(house) = self.house() {
            self.hear_at_once(house.record.id, event).await;
        }
    }

    /// Loads one tenant anew, and forgets it if it is gone. Gives whether it is there.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub async fn reload(&self, id: TenantId) -> Result<bool, DirectoryError> {
        self.reload_all(&BTreeSet::from([id])).await?;
        Ok(self.tenants.has(id))
    }

    async fn reload_all(&self, ids: &BTreeSet<TenantId>) -> Result<(), DirectoryError> {
        if ids.is_empty() {
            return Ok(());
        }
        let records = self.directory.these(ids.iter().copied().collect()).await?;
        let there: BTreeSet<TenantId> = records.iter().map(|record| record.id).collect();
        records.into_iter().for_each(|record| self.tenants.put(record));
        ids.difference(&there).for_each(|id| self.tenants.remove(*id));
        Ok(())
    }

    /// Fetches what memory lacks. Gives whether it was found.
    pub(super) async fn load(&self, wanted: Wanted) -> Result<bool, DirectoryError> {
        match wanted {
            Wanted::Tenant(id) => {
                let asked = self.clock.now();
                let there = self.reload(id).await?;
                self.load_early_ends(Some(id)).await?;
                // What was known of this tenant's people went with its epoch. Sessions of persons have none.
                self.known.persons.clear();
                self.known.rechecked.insert(id, asked);
                Ok(there)
            }
            Wanted::Session(tenant, digest) => self.load_session(tenant, digest).await,
            Wanted::Person(user, digest) => {
                let grant = self.directory.person(user, digest).await?;
                let there = grant.is_some();
                grant.into_iter().for_each(|grant| self.known.persons.insert(digest, Arc::new(grant)));
                Ok(there)
            }
            Wanted::Member(tenant, user, provider) => self.load_member(tenant, user, provider).await,
            Wanted::Key(digest) => self.load_key(digest).await,
            Wanted::Grant(tenant, grant) => self.load_grant(tenant, grant).await,
            Wanted::Token(digest) => {
                let grant = self.directory.token(digest).await?;
                let there = grant.is_some();
                grant.into_iter().for_each(|grant| self.known.tokens.insert(digest, grant));
                Ok(there)
            }
        }
    }

    async fn load_session(&self, tenant: TenantId, digest: Digest) -> Result<bool, DirectoryError> {
        // The epoch is read before the question: what changes meanwhile makes the answer stale, not true.
        let Some(epoch) = self.tenants.by_id(tenant).map(|tenant| tenant.epoch()) else {
            return Ok(false);
        };
        let Some(grant) = self.directory.session(tenant, digest).await? else {
            return Ok(false);
        };
        let person = Arc::new(as_person(&grant.member, grant.ends, digest));
        let (rights, idle_ends, idle) = (grant.member.rights, grant.idle_ends, grant.idle);
        self.known.sessions.insert((tenant, digest), KnownSession { epoch, person, rights, idle_ends, idle });
        Ok(true)
    }

    async fn load_member(
        &self,
        tenant: TenantId,
        user: UserId,
        provider: ProviderId,
    ) -> Result<bool, DirectoryError> {
        // Asked for an id that is nobody's, too: the question takes time, and whoever waits could tell.
        let epoch = self.tenants.by_id(tenant).map(|tenant| tenant.epoch());
        let grant = self.directory.member(tenant, user, provider).await?;
        let (Some(epoch), Some(grant)) = (epoch, grant) else { return Ok(false) };
        self.known.members.insert((tenant, user, provider), KnownMember { epoch, grant: Arc::new(grant) });
        Ok(true)
    }
}
