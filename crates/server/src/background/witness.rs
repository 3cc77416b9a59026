//! Writes down what the warden saw in passing: refused cross-tenant attempts become security events in the
//! attacked tenant's audit trail and in the operator's, and sessions in use live on.
//!
//! Anybody can be refused as often as they like, so a trail takes only so many such lines in a minute. What
//! comes beyond is counted, and told in one line when the minute is over.

use super::origin;
use crate::{assemble::Node, listen::Stop, observe::metrics::Metrics};
use access::{CrossTenant, LookAfterKeys, RecordRefusal, SweepTenant, Upkeep, Witness};
use domain::{ApiKeyId, Digest, TenantId, UserId};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};
use store::{StoreError, audit::Alert};
use tokio::sync::mpsc;

/// Something the warden saw.
#[derive(Debug)]
enum Note {
    Refused(CrossTenant),
    Active(TenantId, Digest),
    ActivePerson(UserId, Digest),
    KeyUsed(TenantId, ApiKeyId),
}

/// The reading end.
pub struct Notes(mpsc::Receiver<Note>);

/// The end that the warden holds. A note that finds the queue full is dropped and counted: requests never wait.
pub struct Watcher {
    queue: mpsc::Sender<Note>,
    metrics: Metrics,
}

/// Notes that wait at most.
const QUEUE: usize = 8_192;
/// Notes that are written together at most.
const BATCH: usize = 256;
/// How many attempts of one kind get a line of their own in one trail, in a minute.
const LINES: u64 = 20;
/// How long a count lasts.
const MINUTE: Duration = Duration::from_secs(60);

impl Watcher {
    /// Both ends.
    pub fn pair(metrics: Metrics) -> (Self, Notes) {
        let (queue, notes) = mpsc::channel(QUEUE);
        (Watcher { queue, metrics }, Notes(notes))
    }

    fn note(&self, note: Note) {
        if self.queue.try_send(note).is_err() {
            self.metrics.witness_dropped();
        }
    }
}

impl Witness for Watcher {
    fn refused(&self, attempt: CrossTenant) {
        self.metrics.cross_tenant();
        self.note(Note::Refused(attempt));
    }

    fn active(&self, tenant: TenantId, session: Digest) {
        self.note(Note::Active(tenant, session));
    }

    fn active_person(&self, user: UserId, session: Digest) {
        self.note(Note::ActivePerson(user, session));
    }

    fn key_used(&self, tenant: TenantId, key: ApiKeyId) {
        self.note(Note::KeyUsed(tenant, key));
    }
}

/// The refused attempts of this minute, by the trail and by how it was tried: who tries one thing all the
/// time does not drown what others try.
#[derive(Default)]
struct Tally(HashMap<(TenantId, &'static str), Count>);

#[derive(Default)]
struct Count {
    lines: u64,
    /// How many had no line of their own, and the last of them.
    beyond: Option<(u64, CrossTenant)>,
}

impl Tally {
    /// Whether this attempt gets a line of its own in this trail.
    fn admits(&mut self, trail: TenantId, attempt: &CrossTenant) -> bool {
        let count = self.0.entry((trail, attempt.how)).or_default();
        if count.lines < LINES {
            count.lines += 1;
            return true;
        }
        let before = count.beyond.take().map_or(0, |(times, _)| times);
        count.beyond = Some((before + 1, attempt.clone()));
        false
    }

    /// The minute is over: what had no line of its own, and how often. Counting begins anew.
    fn over(&mut self) -> Vec<(TenantId, u64, CrossTenant)> {
        let told =
            |((trail, _), count): (_, Count)| count.beyond.map(|(times, attempt)| (trail, times, attempt));
        self.0.drain().filter_map(told).collect()
    }
}

/// Writes notes until it is time to stop and none is left.
pub(super) async fn write(node: Arc<Node>, mut notes: Notes, mut stop: Stop) {
    let mut tally = Tally::default();
    let mut minute = tokio::time::interval(MINUTE);
    loop {
        let mut batch = Vec::new();
        let mut over = Vec::new();
        tokio::select! {
            taken = notes.0.recv_many(&mut batch, BATCH) => if taken == 0 { return },
            _ = minute.tick() => over = tally.over(),
            () = stop.wait() => {
                while let Ok(note) = notes.0.try_recv() {
                    batch.push(note);
                }
            }
        }
        let written = write_batch(&node, batch, &mut tally).await;
        if stop.is_time() {
            over.extend(tally.over());
        }
        if let Err(error) = written.and(tell(&node, over).await) {
            tracing::error!(%error, "notes about requests could not be written: {error}");
        }
        if stop.is_time() {
            return;
        }
    }
}

async fn write_batch(node: &Node, batch: Vec<Note>, tally: &mut Tally) -> Result<(), StoreError> {
    let mut sessions: HashMap<TenantId, HashSet<Digest>> = HashMap::new();
    let mut persons = HashSet::new();
    let mut keys: HashMap<TenantId, HashSet<ApiKeyId>> = HashMap::new();
    let mut refused = Vec::new();
    for note in batch {
        match note {
            Note::Refused(attempt) => {
                for trail in trails(node, &attempt) {
                    if tally.admits(trail, &attempt) {
                        refused.push((trail, 1, attempt.clone()));
                    }
                }
            }
            Note::Active(tenant, digest) => {
                sessions.entry(tenant).or_default().insert(digest);
            }
            Note::KeyUsed(tenant, key) => {
                keys.entry(tenant).or_default().insert(key);
            }
            Note::ActivePerson(user, digest) => {
                persons.insert((user, digest));
            }
        }
    }
    // Sessions that are in use come first: whoever floods the trails ends nobody's.
    for (tenant, digests) in sessions {
        let permit = node.web.warden.background::<SweepTenant>(tenant, origin(node));
        node.store.touch_sessions(&permit, &digests.into_iter().collect::<Vec<_>>()).await?;
    }
    for (tenant, used) in keys {
        let permit = node.web.warden.background::<LookAfterKeys>(tenant, origin(node));
        node.store.note_key_use(&permit, &used.into_iter().collect::<Vec<_>>()).await?;
    }
    if !persons.is_empty()
        && let Ok(permit) = node.web.warden.platform::<Upkeep>(origin(node))
    {
        node.store.touch_person_sessions(&permit, &persons.into_iter().collect::<Vec<_>>()).await?;
    }
    tell(node, refused).await
}

/// The attacked tenant's trail and the operator's; an id that is nobody's has no trail.
fn trails(node: &Node, attempt: &CrossTenant) -> impl Iterator<Item = TenantId> + use<> {
    let tenants = node.web.warden.tenants();
    let house = node.web.warden.house().map(|house| house.record.id);
    let at = attempt.at;
    [Some(at).filter(|at| tenants.by_id(*at).is_some()), house.filter(|house| *house != at)]
        .into_iter()
        .flatten()
}

async fn tell(node: &Node, refused: Vec<(TenantId, u64, CrossTenant)>) -> Result<(), StoreError> {
    for (trail, times, attempt) in refused {
        let permit = node.web.warden.background::<RecordRefusal>(trail, origin(node));
        if let Some(alert) = node.store.record_refusal(&permit, &attempt, times).await? {
            sound(node, &alert).await?;
        }
    }
    Ok(())
}

/// Tells the operator: in the log, by the metrics, and in the house's trail.
async fn sound(node: &Node, alert: &Alert) -> Result<(), StoreError> {
    tracing::error!(tenant = %alert.trail, target = alert.target, "security alert about {}: {}", alert.target, alert.words());
    node.metrics.alert();
    match node.web.warden.house().map(|house| house.record.id).filter(|house| *house != alert.trail) {
        Some(house) => {
            let permit = node.web.warden.background::<RecordRefusal>(house, origin(node));
            node.store.record_alert(&permit, alert).await
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(how: &'static str, request: u64) -> CrossTenant {
        let at = TenantId::from_bits(1);
        CrossTenant { from: None, at, user: None, how, request: request.to_string() }
    }

    #[test]
    fn whoever_is_refused_all_the_time_does_not_fill_a_trail() {
        let (trail, mut tally) = (TenantId::from_bits(1), Tally::default());
        let many = LINES + 1_000;
        let lines = (0..many).filter(|n| tally.admits(trail, &attempt("disagreeing", *n))).count();
        assert_eq!(lines as u64, LINES);
        assert!(tally.admits(trail, &attempt("a foreign session", 0)), "another kind is not drowned");
        assert!(tally.admits(TenantId::from_bits(2), &attempt("disagreeing", 0)), "another trail neither");
        assert_eq!(tally.over(), [(trail, 1_000, attempt("disagreeing", many - 1))]);
        assert!(tally.admits(trail, &attempt("disagreeing", 0)), "the next minute has lines again");
        assert!(tally.over().is_empty());
    }
}
