//! What every handler can reach.

use std::sync::Arc;

use axum::extract::FromRef;
use partywall_reader::Reader;

use crate::live::Live;
use crate::shelf::Shelf;

/// The application's parts. Cheap to clone; all clones share them.
#[derive(Clone)]
pub struct App {
    pub(crate) reader: Arc<Reader>,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) live: Arc<Live>,
    pub(crate) console: Option<Arc<str>>,
}

impl App {
    /// An application that believes this reader, keeps its books on this shelf, and links to this console.
    #[must_use]
    pub fn new(reader: Reader, shelf: Shelf, console: Option<String>) -> Self {
        let console = console.map(|address| Arc::from(address.trim_end_matches('/')));
        Self { reader: Arc::new(reader), shelf: Arc::new(shelf), live: Arc::default(), console }
    }

    /// Unix seconds, by the clock that contexts are read with.
    pub(crate) fn now(&self) -> i64 {
        self.reader.now()
    }
}

impl FromRef<App> for Arc<Reader> {
    fn from_ref(app: &App) -> Self {
        Self::clone(&app.reader)
    }
}
