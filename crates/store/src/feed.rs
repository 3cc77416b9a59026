//! The change feed: every node hears, in order, what any node told in a write that landed.
//!
//! The outbox is read in the order of transactions, up to the first that is still under way, so that a
//! write that began early and lands late is not passed over. A bell says when to look; if it is silent the
//! outbox is looked at anyway. A node begins at the outbox's end: open the feed first, fill memory from the
//! tables afterwards, and nothing can fall between.
//!
//! One that was away for longer than the outbox is kept (`Store::sweep_outbox`) has missed something and
//! must fill its memory anew.

use crate::{FromRow, Row, Store, StoreError, Value, engine::Listening, engine::Scope, operator_sql, values};
use access::{OperatorPermit, Upkeep};
use domain::Heard;
use std::{pin::pin, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, sleep_until};

/// How many events are given at once.
const BATCH: i64 = 500;

/// How soon to look again for what is held back; each time after twice as long.
const FIRST_LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A place in the outbox. Good for as long as the database lives; worth nothing in a restored one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    xid: i64,
    seq: i64,
}

/// One reader of the outbox.
pub struct Feed {
    store: Store,
    position: Position,
    poll: Duration,
    /// After an error the next look waits, so that a database that is away is not hammered.
    stumbled: bool,
    _listening: Listening,
}

impl Feed {
    /// A feed that begins after `from`, or with whatever lands from now on. Looks at least every second.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open(
        store: &Store,
        _permit: &OperatorPermit<Upkeep>,
        from: Option<Position>,
    ) -> Result<Self, StoreError> {
        let position = match from {
            Some(position) => position,
            None => end(store).await?,
        };
        let listening = store.engine.listen(Arc::downgrade(&store.tools));
        let poll = Duration::from_secs(1);
        Ok(Feed { store: store.clone(), position, poll, stumbled: false, _listening: listening })
    }

    /// The same feed, looking at least this often.
    pub fn polling_every(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// How far the feed has been heard.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The next events, in order. None of them after about the polling time, which still says that the
    /// database was reached and has nothing more to tell.
    ///
    /// # Errors
    /// [`StoreError`]; ask again, nothing is lost.
    pub async fn next(&mut self) -> Result<Vec<Heard>, StoreError> {
        if std::mem::take(&mut self.stumbled) {
            sleep(self.poll).await;
        }
        let heard = self.look_or_wait().await;
        self.stumbled = heard.is_err();
        heard
    }

    async fn look_or_wait(&mut self) -> Result<Vec<Heard>, StoreError> {
        let tools = self.store.tools.clone();
        let until = Instant::now() + self.poll;
        let mut held_for = FIRST_LOOK_AGAIN;
        loop {
            // Waiting begins before looking: what is told in between has rung already.
            let mut bell = pin!(tools.bell.notified());
            bell.as_mut().enable();
            let Look { heard, held_back } = self.look().await?;
            if !heard.is_empty() || Instant::now() >= until {
                return Ok(heard);
            }
            // Nobody rings when a write ends that told nothing, but may have held others back.
            let wait = if held_back { until.min(Instant::now() + held_for) } else { until };
            held_for = if held_back { held_for * 2 } else { FIRST_LOOK_AGAIN };
            tokio::select! {
                () = &mut bell => {}
                () = sleep_until(wait) => {}
            }
        }
    }

    async fn look(&mut self) -> Result<Look, StoreError> {
        let text = operator_sql!(
            "SELECT xid, seq, tenant_id, name, subject, body FROM outbox
             WHERE (xid > $1 OR (xid = $1 AND seq > $2)) AND xid < $3 ORDER BY xid, seq LIMIT $4"
        );
        let waiting = operator_sql!("SELECT seq FROM outbox WHERE xid >= $1 LIMIT 1");
        let mut tx = self.store.engine.begin_read(Scope::Platform).await?;
        let horizon = tx.feed_horizon().await?;
        let values: &[Value] = values![self.position.xid, self.position.seq, horizon, BATCH];
        let rows = tx.fetch(text.text(), values.to_vec()).await?;
        let held_back = !tx.fetch(waiting.text(), values![horizon].to_vec()).await?.is_empty();
        tx.end_read().await;
        let entries: Vec<Entry> = rows.iter().map(Entry::from_row).collect::<Result<_, _>>()?;
        self.position = entries.last().map_or(self.position, |last| last.position);
        Ok(Look { heard: entries.into_iter().map(|entry| entry.heard).collect(), held_back })
    }
}

struct Look {
    heard: Vec<Heard>,
    /// Whether there is more that has landed behind a write that is still under way.
    held_back: bool,
}

async fn end(store: &Store) -> Result<Position, StoreError> {
    let mut tx = store.engine.begin_read(Scope::Platform).await?;
    let (xid, seq) = tx.feed_end().await?;
    tx.end_read().await;
    Ok(Position { xid, seq })
}

struct Entry {
    position: Position,
    heard: Heard,
}

impl FromRow for Entry {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Entry {
            position: Position { xid: row.int("xid")?, seq: row.int("seq")? },
            heard: Heard {
                name: row.text("name")?,
                tenant: row.parse("tenant_id")?,
                subject: row.text("subject")?,
                body: row.json("body")?,
            },
        })
    }
}
