//! Writes down what the warden saw in passing: refused cross-tenant attempts become security events in the
//! attacked tenant's audit trail and in the operator's, and sessions in use live on.

use super::origin;
use crate::{assemble::Node, listen::Stop, observe::metrics::Metrics};
use access::{CrossTenant, RecordRefusal, SweepTenant, Upkeep, Witness};
use domain::{Digest, TenantId, UserId};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use store::StoreError;
use tokio::sync::mpsc;

/// Something the warden saw.
#[derive(Debug)]
enum Note {
    Refused(CrossTenant),
    Active(TenantId, Digest),
    ActivePerson(UserId, Digest),
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
}

/// Writes notes until it is time to stop and none is left.
pub(super) async fn write(node: Arc<Node>, mut notes: Notes, mut stop: Stop) {
    loop {
        let mut batch = Vec::new();
        tokio::select! {
            taken = notes.0.recv_many(&mut batch, BATCH) => if taken == 0 { return },
            () = stop.wait() => {
                while let Ok(note) = notes.0.try_recv() {
                    batch.push(note);
                }
            }
        }
        if let Err(error) = write_batch(&node, batch).await {
            tracing::error!(%error, "notes about requests could not be written: {error}");
        }
        if stop.is_time() {
            return;
        }
    }
}

async fn write_batch(node: &Node, batch: Vec<Note>) -> Result<(), StoreError> {
    let mut sessions: HashMap<TenantId, HashSet<Digest>> = HashMap::new();
    let mut persons = HashSet::new();
    for note in batch {
        match note {
            Note::Refused(attempt) => record(node, &attempt).await?,
            Note::Active(tenant, digest) => {
                sessions.entry(tenant).or_default().insert(digest);
            }
            Note::ActivePerson(user, digest) => {
                persons.insert((user, digest));
            }
        }
    }
    for (tenant, digests) in sessions {
        let permit = node.web.warden.background::<SweepTenant>(tenant, origin(node));
        node.store.touch_sessions(&permit, &digests.into_iter().collect::<Vec<_>>()).await?;
    }
    if !persons.is_empty()
        && let Ok(permit) = node.web.warden.platform::<Upkeep>(origin(node))
    {
        node.store.touch_person_sessions(&permit, &persons.into_iter().collect::<Vec<_>>()).await?;
    }
    Ok(())
}

/// In the attacked tenant's trail and in the operator's.
async fn record(node: &Node, attempt: &CrossTenant) -> Result<(), StoreError> {
    let house = node.web.warden.house().map(|house| house.record.id);
    for trail in [Some(attempt.at), house.filter(|house| *house != attempt.at)].into_iter().flatten() {
        let permit = node.web.warden.background::<RecordRefusal>(trail, origin(node));
        node.store.record_refusal(&permit, attempt).await?;
    }
    Ok(())
}
