//! A connection to an upstream while it serves a request, as the gateway oversees it.
//!
//! The body of an answer is asked for its next piece only when the client has room for it. A client that makes no
//! room would hold the connection for good, so nothing here depends on anybody asking: the gateway looks at every
//! connection once a second, and cuts what gets nowhere or is permitted no more.

use crate::{flight::Tether, upload::Upload, vigil::Vigil};
use parking_lot::Mutex;
use std::{
    net::IpAddr,
    sync::{
        Arc, OnceLock,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Relaxed, SeqCst},
        },
    },
    time::Duration,
};
use tokio::{
    sync::OwnedSemaphorePermit,
    task::AbortHandle,
    time::{Instant, timeout},
};

/// What is polled watches over itself and ends with better words; the gateway's look comes this much later.
const GRACE: Duration = Duration::from_secs(1);
/// A question to the warden that is not answered by then counts as answered with no.
const ANSWER: Duration = Duration::from_secs(30);

/// What a connection is held for.
#[derive(Clone)]
pub(crate) struct Errand {
    /// The client's address, or the network that is one client's.
    pub(crate) household: IpAddr,
    pub(crate) vigil: Arc<Vigil>,
    /// How long nothing may move once the answer has begun.
    pub(crate) idle: Duration,
    /// How the client's side is ended; none where nobody said.
    pub(crate) tether: Option<Tether>,
    pub(crate) upload: Option<Arc<Upload>>,
    /// When it was permitted and sent on its way.
    pub(crate) begun: Instant,
}

/// Whether a connection was handed a request that is not on its way yet.
#[derive(Default)]
pub(crate) struct Handover(AtomicBool);

impl Handover {
    /// A request is handed over.
    pub(crate) fn put(&self) {
        self.0.store(true, Relaxed);
    }

    /// Whether one was since this was asked last.
    pub(crate) fn is_taken(&self) -> bool {
        self.0.load(Relaxed) && self.0.swap(false, Relaxed)
    }
}

/// One connection.
pub(crate) struct Line {
    room: Mutex<Option<OwnedSemaphorePermit>>,
    task: OnceLock<AbortHandle>,
    errand: Mutex<Option<Errand>>,
    pub(crate) handover: Arc<Handover>,
    /// How many errands it has run, so that a late answer about one is not taken for the next.
    errands: AtomicU64,
    begin: Instant,
    /// Milliseconds after `begin`; of the answer, 0 before it has begun.
    moved: AtomicU64,
    asked: AtomicU64,
}

impl Line {
    /// A connection that is about to be made for this.
    pub(crate) fn new(errand: Errand) -> Self {
        Line {
            room: Mutex::default(),
            task: OnceLock::new(),
            errand: Mutex::new(Some(errand)),
            handover: Arc::default(),
            errands: AtomicU64::new(0),
            begin: Instant::now(),
            moved: AtomicU64::new(0),
            asked: AtomicU64::new(0),
        }
    }

    /// It takes up this room.
    pub(crate) fn takes_up(&self, room: OwnedSemaphorePermit) {
        *self.room.lock() = Some(room);
    }

    /// It is driven by this task.
    pub(crate) fn is_driven_by(&self, task: AbortHandle) {
        // A connection is made once.
        let _ = self.task.set(task);
    }

    /// Sent on its next errand.
    pub(crate) fn sent(&self, errand: Errand, now: Instant) {
        self.errands.fetch_add(1, SeqCst);
        self.moved.store(0, Relaxed);
        self.asked.store(self.millis_of(now), Relaxed);
        *self.errand.lock() = Some(errand);
    }

    /// Back from it.
    pub(crate) fn is_back(&self) {
        *self.errand.lock() = None;
    }

    /// Something of the answer moved; from its beginning on, something must.
    pub(crate) fn note_move(&self, now: Instant) {
        self.moved.store(self.millis_of(now).max(1), Relaxed);
    }

    /// The warden was asked just now.
    pub(crate) fn note_asked(&self) {
        self.asked.store(self.millis(), Relaxed);
    }

    /// Whether it is held for somebody of this household.
    pub(crate) fn is_for(&self, household: IpAddr) -> bool {
        self.errand.lock().as_ref().is_some_and(|errand| errand.household == household)
    }

    /// Cuts it if nothing moves any more, and has the warden asked when that is due.
    pub(crate) fn look(self: &Arc<Self>) {
        let (now, which) = (self.millis(), self.errands.load(SeqCst));
        let Some(errand) = self.errand.lock().clone() else { return };
        let late = |since: u64, after: Duration| now >= since + (after + GRACE).as_millis() as u64;
        let uploaded = errand.upload.as_ref().map_or(0, |upload| self.millis_of(upload.moved()));
        let moved = self.moved.load(Relaxed);
        if moved > 0 && late(moved.max(uploaded), errand.idle) {
            tracing::info!("a connection to an upstream is cut: nothing moved for too long");
            return self.cut(which);
        }
        if late(self.asked.load(Relaxed), errand.vigil.again()) {
            self.note_asked();
            let line = self.clone();
            tokio::spawn(async move {
                if !timeout(ANSWER, errand.vigil.ask_again()).await.unwrap_or(false) {
                    line.cut(which);
                }
            });
        }
    }

    /// Ends the connection and the client's side of what it was held for, if that is still the same.
    fn cut(&self, which: u64) {
        if self.errands.load(SeqCst) != which {
            return;
        }
        let Some(errand) = self.errand.lock().take() else { return };
        if let Some(task) = self.task.get() {
            task.abort();
        }
        *self.room.lock() = None;
        if let Some(tether) = errand.tether {
            tether.cut();
        }
    }

    fn millis(&self) -> u64 {
        self.millis_of(Instant::now())
    }

    fn millis_of(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.begin).as_millis() as u64
    }
}
