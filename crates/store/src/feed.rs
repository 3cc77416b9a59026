//! The change feed: every node hears, in order, what any node told in a write that landed.
//!
//! The outbox is read in the order of transactions, up to the first that is still under way, so that a
//! write that began early and lands late is not passed over. A bell says when to look; if it is silent the
//! outbox is looked at anyway. A node begins at the outbox's end: open the feed first, fill memory from the
//! tables afterwards, and nothing can fall between.
//!
//! Old events are removed from the beginning of the outbox, and the last of them stays as a mark
//! (`sweep.rs`). So whoever is at or behind the first event that is left has missed nothing; one that was
//! away for longer than events are kept, or whose outbox was cut, says so, goes to the end, and its memory
//! must be filled anew.

use crate::{
    FromRow, Row, Store, StoreError, Value,
    engine::{Listening, Scope, Tx},
    operator_sql, values,
};
use access::{OperatorPermit, Upkeep};
use domain::Heard;
use std::{pin::pin, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, sleep_until};

/// How many events are given at once.
const BATCH: i64 = 500;

/// The least time between two looks, where the first has seen all there was: what is told meanwhile is heard together,
/// so that a thousand changes a second cost fifty looks.
const GAP: Duration = Duration::from_millis(20);

/// How soon to look again for what is held back; each time after twice as long.
const FIRST_LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A place in the outbox. Good for as long as the database lives; worth nothing in a restored one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub(crate) xid: i64,
    pub(crate) seq: i64,
}

impl Position {
    /// Before the first event that there ever was.
    const BEGINNING: Position = Position { xid: 0, seq: 0 };
}

/// What a feed says.
#[derive(Debug)]
pub enum News {
    /// What was told, in order; often nothing, which still says that the database was reached.
    Told {
        /// The events.
        events: Vec<Heard>,
        /// Whether this was all that there is for now.
        is_all: bool,
    },
    /// Events are gone that this feed has not heard. It goes on from now: fill memory from the tables.
    Missed,
}

/// One reader of the outbox.
pub struct Feed {
    store: Store,
    position: Position,
    poll: Duration,
    /// Before this there is no need to look again.
    rested: Instant,
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
            None => {
                let mut tx = store.engine.begin_read(Scope::Platform).await?;
                let end = end(&mut tx).await?;
                tx.end_read().await;
                end
            }
        };
        let listening = store.engine.listen(Arc::downgrade(&store.tools));
        let poll = Duration::from_secs(1);
        let rested = Instant::now();
        Ok(Feed { store: store.clone(), position, poll, rested, stumbled: false, _listening: listening })
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

    /// The next events, in order; after about the polling time without any.
    ///
    /// # Errors
    /// [`StoreError`]; ask again, nothing is lost.
    pub async fn next(&mut self) -> Result<News, StoreError> {
        if std::mem::take(&mut self.stumbled) {
            sleep(self.poll).await;
        }
        let heard = self.look_or_wait().await;
        self.stumbled = heard.is_err();
        heard
    }

    async fn look_or_wait(&mut self) -> Result<News, StoreError> {
        let tools = self.store.tools.clone();
        let until = Instant::now() + self.poll;
        let mut held_for = FIRST_LOOK_AGAIN;
        loop {
            // Waiting begins before looking: what is told in between has rung already.
            let mut bell = pin!(tools.bell.notified());
            bell.as_mut().enable();
            sleep_until(self.rested).await;
            let Some(Look { events, held_back }) = self.look().await? else { return Ok(News::Missed) };
            if !events.is_empty() || Instant::now() >= until {
                let is_all = events.len() < BATCH as usize;
                if is_all {
                    self.rested = Instant::now() + GAP;
                }
                return Ok(News::Told { events, is_all });
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

    /// What has landed since; none if some of it is gone, and then the feed is at the end.
    async fn look(&mut self) -> Result<Option<Look>, StoreError> {
        let text = operator_sql!(
            "SELECT xid, seq, tenant_id, name, subject, body FROM outbox
             WHERE (xid > $1 OR (xid = $1 AND seq > $2)) AND xid < $3 ORDER BY xid, seq LIMIT $4"
        );
        let waiting = operator_sql!("SELECT seq FROM outbox WHERE xid >= $1 LIMIT 1");
        let mut tx = self.store.engine.begin_read(Scope::Platform).await?;
        if !self.is_whole(&mut tx).await? {
            self.position = end(&mut tx).await?;
            tx.end_read().await;
            return Ok(None);
        }
        let horizon = tx.feed_horizon().await?;
        let values: &[Value] = values![self.position.xid, self.position.seq, horizon, BATCH];
        let rows = tx.fetch(text.text(), values.to_vec()).await?;
        let held_back = !tx.fetch(waiting.text(), values![horizon].to_vec()).await?.is_empty();
        tx.end_read().await;
        let entries: Vec<Entry> = rows.iter().map(Entry::from_row).collect::<Result<_, _>>()?;
        self.position = entries.last().map_or(self.position, |last| last.position);
        Ok(Some(Look { events: entries.into_iter().map(|entry| entry.heard).collect(), held_back }))
    }

    /// Whether everything after this feed's place is there. At the beginning there is nothing to compare
    /// with; no node begins there, because the first start tells of the house.
    async fn is_whole(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        let first = first(tx).await?;
        Ok(self.position == Position::BEGINNING || first.is_some_and(|first| first <= self.position))
    }
}

struct Look {
    events: Vec<Heard>,
    /// Whether there is more that has landed behind a write that is still under way.
    held_back: bool,
}

/// The first event that is left.
async fn first(tx: &mut Tx) -> Result<Option<Position>, StoreError> {
    let first = operator_sql!("SELECT xid, seq FROM outbox ORDER BY xid, seq LIMIT 1");
    tx.fetch(first.text(), vec![]).await?.first().map(Position::from_row).transpose()
}

/// Where a reader begins who wants to hear what comes. Where nothing is left that it would pass over, that
/// is the beginning.
async fn end(tx: &mut Tx) -> Result<Position, StoreError> {
    let (xid, seq) = tx.feed_end().await?;
    let end = Position { xid, seq };
    let has_past = first(tx).await?.is_some_and(|first| first <= end);
    Ok(if has_past { end } else { Position::BEGINNING })
}

impl FromRow for Position {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Position { xid: row.int("xid")?, seq: row.int("seq")? })
    }
}

struct Entry {
    position: Position,
    heard: Heard,
}

impl FromRow for Entry {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Entry {
            position: Position::from_row(row)?,
            heard: Heard {
                name: row.text("name")?,
                tenant: row.parse("tenant_id")?,
                subject: row.text("subject")?,
                body: row.json("body")?,
            },
        })
    }
}
