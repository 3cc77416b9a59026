//! Whose an API key is: a random one from memory or the directory, a signed one from what it says itself.

use super::{Origin, Resolved, Warden};
use crate::{
    cache::KnownKey,
    credential::PresentedKey,
    directory::{CutShort, DirectoryError, KeyEnd, KeyGrant},
    permit::{Actor, Caller, KeyHolder},
    refusal::{Refusal, Stop, Wanted},
    shortcut::Shortcut,
};
use domain::{Digest, Heard, Moment, RightSet, SignedKey, TenantId};
use std::{
    sync::{Arc, atomic::Ordering::SeqCst},
    time::Duration,
};

/// How often at most the use of one key is noted.
const NOTED_EACH: Duration = Duration::from_secs(60);
/// A key is asked about again at most this often: once for its tenant, once for itself, and once more for each
/// where a change came in between.
const MOST_LOADS: usize = 4;

impl Warden {
    /// Whose key this is, loading what memory lacks. It says nothing yet about where it may be used.
    ///
    /// # Errors
    /// [`Refusal::KeyRefused`], [`Refusal::KeyExpired`]; [`Refusal::OutOfTouch`] if the directory cannot be reached.
    pub async fn holder(&self, key: &PresentedKey) -> Result<Arc<KeyHolder>, Refusal> {
        for _ in 0..MOST_LOADS {
            match self.holder_now(key) {
                Ok(holder) => return Ok(holder),
                Err(Stop::Refused(refusal)) => return Err(refusal),
                Err(Stop::Load(wanted)) => {
                    self.load(wanted).await.map_err(|DirectoryError| Refusal::OutOfTouch)?;
                }
            }
        }
        Err(Refusal::OutOfTouch)
    }

    /// The same from memory alone.
    ///
    /// # Errors
    /// [`Stop::Load`] where memory lacks something; else as [`Warden::holder`].
    pub fn holder_now(&self, key: &PresentedKey) -> Result<Arc<KeyHolder>, Stop> {
        let known = match &key.says {
            Some(says) => self.signed(key.digest, says)?,
            None => self.looked_up(key.digest)?,
        };
        let now = self.clock.now();
        if known.end.revoked {
            return Err(Refusal::KeyRefused.into());
        }
        if now >= known.end.at {
            return Err(Refusal::KeyExpired.into());
        }
        Ok(known.holder)
    }

    pub(super) fn looked_up(&self, digest: Digest) -> Result<KnownKey, Stop> {
        let Some(known) = self.known.keys.get(&digest) else {
            let is_none = self.known.no_keys.get(&digest).is_some();
            return Err(if is_none { Refusal::KeyRefused.into() } else { Stop::Load(Wanted::Key(digest)) });
        };
        let tenant = known.holder.tenant;
        if self.is_stale(tenant) {
            return Err(Stop::Load(Wanted::Tenant(tenant)));
        }
        match self.tenants.by_id(tenant) {
            Some(there) if there.epoch() == known.epoch => Ok(known),
            _ => Err(Stop::Load(Wanted::Key(digest))),
        }
    }

    /// A signed key needs nobody's word but its own, and ours that it was not cut short.
    fn signed(&self, digest: Digest, says: &SignedKey) -> Result<KnownKey, Stop> {
        if self.is_stale(says.tenant) {
            return Err(Stop::Load(Wanted::Tenant(says.tenant)));
        }
        let said = KeyEnd { at: says.ends, revoked: false };
        let end = match self.early_ends.of(says.key) {
            Some(early) if early.revoked || early.at < said.at => early,
            _ => said,
        };
        if let Some(known) = self.known.keys.get(&digest) {
            return Ok(KnownKey { end, ..known });
        }
        let holder = Arc::new(KeyHolder {
            key: says.key,
            digest,
            told: digest,
            tenant: says.tenant,
            subscriber: says.subscriber,
            scopes: says.scopes.clone().into(),
            networks: says.networks.clone().into(),
            lately: Shortcut::default(),
        });
        let known = KnownKey { epoch: 0, holder, end, noted: Moment::NEVER };
        self.known.keys.insert(digest, known.clone());
        Ok(known)
    }

    pub(super) fn by_key(&self, at: &Resolved, key: &PresentedKey, origin: Origin) -> Result<Caller, Stop> {
        let holder = self.holder_now(key)?;
        let here = at.tenant.record.id;
        if holder.tenant != here {
            self.report(Some(holder.tenant), here, None, "an API key of another tenant", origin);
            return Err(Refusal::ForeignCredential.into());
        }
        if !origin.is_rehearsal() {
            self.note_use(here, &holder);
        }
        let actor = Actor::Subscriber(holder.subscriber, holder.key);
        let mut caller = self.caller(at, None, RightSet::default(), actor, origin);
        caller.key = Some(holder);
        Ok(caller)
    }

    fn note_use(&self, tenant: TenantId, holder: &KeyHolder) {
        let now = self.clock.now();
        let Some(known) = self.known.keys.get(&holder.digest) else { return };
        if now.since(known.noted) >= NOTED_EACH {
            self.witness.key_used(tenant, holder.key);
            self.known.keys.insert(holder.digest, KnownKey { noted: now, ..known });
        }
    }

    pub(super) async fn load_key(&self, digest: Digest) -> Result<bool, DirectoryError> {
        let before = self.key_changes.load(SeqCst);
        let Some(grant) = self.directory.key(digest).await? else {
            self.known.no_keys.insert(digest, ());
            return Ok(false);
        };
        let tenant = grant.tenant;
        if self.tenants.by_id(tenant).is_none() {
            self.reload(tenant).await?;
        }
        let Some(there) = self.tenants.by_id(tenant) else {
            self.known.no_keys.insert(digest, ());
            return Ok(false);
        };
        self.known.keys.insert(digest, remembered(digest, grant, there.epoch()));
        // A change that was told meanwhile found nothing to take out.
        if self.key_changes.load(SeqCst) != before {
            self.known.keys.remove(&digest);
        }
        Ok(true)
    }

    /// Loads the early ends of signed keys, of one tenant or of all.
    pub(super) async fn load_early_ends(&self, tenant: Option<TenantId>) -> Result<(), DirectoryError> {
        let found = self.directory.cut_short(tenant).await?;
        self.early_ends.forget_over(self.clock.now());
        found.into_iter().for_each(|cut| self.early_ends.put(cut));
        Ok(())
    }

    /// A key changed: what is remembered of it goes, and a signed key's early end is kept.
    pub(super) fn hear_of_key(&self, event: &Heard) {
        self.key_changes.fetch_add(1, SeqCst);
        if let Some(digest) = event.fact("digest").and_then(Digest::parse) {
            self.known.keys.remove(&digest);
        }
        let moment = |name: &str| event.fact(name)?.parse().ok().map(Moment::from_micros);
        if let (Ok(key), Some(at), Some(said)) = (event.subject.parse(), moment("ends"), moment("said")) {
            let end = KeyEnd { at, revoked: event.fact("revoked") == Some("true") };
            self.early_ends.put(CutShort { key, end, said });
        }
    }
}

fn remembered(digest: Digest, grant: KeyGrant, epoch: u64) -> KnownKey {
    let KeyGrant { key, tenant, subscriber, scopes, networks, end, used } = grant;
    let (scopes, networks) = (scopes.into(), networks.into());
    let (told, lately) = (digest, Shortcut::default());
    let holder = Arc::new(KeyHolder { key, digest, told, tenant, subscriber, scopes, networks, lately });
    KnownKey { epoch, holder, end, noted: used }
}
