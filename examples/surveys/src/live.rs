//! New answers as they come, to everyone at the same tenant who is watching.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use futures_util::{Stream, StreamExt, stream};
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::broadcast::{Receiver, Sender, channel, error::RecvError};
use tokio::time::{Instant, timeout_at};

use crate::app::App;
use crate::person::Person;
use crate::refusal::{ApiRefusal, Refusal};

/// How long one stream lives. The browser then asks again by itself, and the gateway decides again whether
/// this person is still signed in.
const LIFE: Duration = Duration::from_secs(60);

/// How many events a slow watcher may lag behind before missing some.
const BACKLOG: usize = 64;

/// Somebody answered. What they answered is for the results page, which asks for more rights.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Answered {
    pub(crate) survey: String,
    pub(crate) title: String,
    pub(crate) answers: usize,
}

/// One channel per tenant, so that there is no event that could reach another's.
#[derive(Default)]
pub(crate) struct Live {
    channels: Mutex<HashMap<String, Sender<Answered>>>,
}

impl Live {
    pub(crate) fn tell(&self, tenant: &str, event: Answered) {
        let mut channels = self.channels.lock();
        if let Some(watched) = channels.get(tenant)
            && watched.send(event).is_err()
        {
            channels.remove(tenant);
        }
    }

    fn watch(&self, tenant: &str) -> Receiver<Answered> {
        let mut channels = self.channels.lock();
        channels.entry(tenant.to_owned()).or_insert_with(|| channel(BACKLOG).0).subscribe()
    }
}

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/live", get(watch))
}

async fn watch(
    State(app): State<App>,
    person: Person,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiRefusal> {
    if !person.may_see() {
        return Err(Refusal::not_allowed("Watching needs the role reader, creator or admin.").into());
    }
    let first = Event::default().comment("watching").retry(Duration::from_secs(1));
    let news = stream::unfold((app.live.watch(&person.tenant().id), Instant::now() + LIFE), next);
    let events = stream::once(async { Ok(first) }).chain(news.map(|news| Ok(as_event(&news))));
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

/// The next piece of news, until the stream's life is over. Missed news is passed over: the next one
/// carries the count anyway.
async fn next(
    (mut news, end): (Receiver<Answered>, Instant),
) -> Option<(Answered, (Receiver<Answered>, Instant))> {
    loop {
        match timeout_at(end, news.recv()).await.ok()? {
            Ok(event) => return Some((event, (news, end))),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return None,
        }
    }
}

fn as_event(news: &Answered) -> Event {
    Event::default().event("answered").json_data(news).expect("two strings and a number are always JSON")
}
