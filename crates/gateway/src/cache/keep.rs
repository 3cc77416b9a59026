//! Gathering a body as it passes, to keep it once it has arrived whole.

use super::{Answer, BESIDE, Freshness, Kept, Wanted};
use crate::traffic::Traffic;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

/// What gathers a body. It gives up when there is too much, and keeps nothing that does not end well.
pub(crate) struct Gather(Option<Box<Gathering>>);

struct Gathering {
    kept: Arc<Kept>,
    wanted: Wanted,
    head: (StatusCode, HeaderMap),
    fresh: Freshness,
    traffic: Arc<Traffic>,
    most: usize,
    body: BytesMut,
    epoch: u64,
}

impl Gather {
    pub(super) fn new(
        kept: Arc<Kept>,
        wanted: Wanted,
        head: (StatusCode, HeaderMap),
        fresh: Freshness,
        traffic: Arc<Traffic>,
        most: usize,
    ) -> Self {
        let epoch = kept.epoch.load(Relaxed);
        Gather(Some(Box::new(Gathering {
            kept,
            wanted,
            head,
            fresh,
            traffic,
            most,
            body: BytesMut::new(),
            epoch,
        })))
    }

    /// A piece has passed.
    pub(crate) fn take(&mut self, piece: &Bytes) {
        if self.0.as_ref().is_some_and(|gathering| gathering.body.len() + piece.len() > gathering.most) {
            self.give_up();
        }
        if let Some(gathering) = &mut self.0 {
            gathering.body.extend_from_slice(piece);
        }
    }

    /// Nothing is kept of it.
    pub(crate) fn give_up(&mut self) {
        self.0 = None;
    }

    /// It has arrived whole.
    pub(crate) fn end(&mut self) {
        let Some(gathering) = self.0.take() else { return };
        let Gathering { kept, wanted, head: (status, headers), fresh, traffic, body, epoch, .. } = *gathering;
        let fields: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 64).sum();
        let weight = (body.len() + fields) as u64 + BESIDE;
        let before = traffic.kept.fetch_add(weight, Relaxed);
        let varies = fresh.varies.clone();
        let answer = Answer {
            fresh,
            status,
            headers,
            body: body.freeze(),
            is_asked_about: AtomicBool::new(false),
            tenant_epoch: wanted.tenant_epoch,
            epoch,
            weight,
            traffic,
        };
        // Dropping an answer gives its room back.
        if before + weight <= kept.most_of_one {
            kept.keep(&wanted, answer, varies);
        }
    }
}
