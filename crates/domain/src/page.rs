//! Lists are handed out in pages, after a cursor that names the last item seen.

/// Where a list goes on: the sort key of the last item seen, and how many to give at most.
#[derive(Clone, Debug)]
pub struct Cursor {
    /// The key after which to go on; empty at the beginning.
    pub after: String,
    /// At most this many items, 1 to [`Cursor::MOST`].
    pub limit: u32,
}

impl Cursor {
    /// The most items one page may hold.
    pub const MOST: u32 = 200;

    /// A cursor with its limit brought into bounds.
    pub fn new(after: String, limit: Option<u32>) -> Self {
        Cursor { after, limit: limit.unwrap_or(50).clamp(1, Self::MOST) }
    }
}

impl Default for Cursor {
    fn default() -> Self {
        Cursor::new(String::new(), None)
    }
}

/// Some items, and the key after which there are more.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Page<T> {
    /// The items, in order.
    pub items: Vec<T>,
    /// Where the next page begins; none at the end.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of rows that were fetched with one more than the limit, so that the end is known.
    pub fn cut(mut rows: Vec<T>, cursor: &Cursor, key: impl Fn(&T) -> String) -> Self {
        let more = rows.len() > cursor.limit as usize;
        rows.truncate(cursor.limit as usize);
        let next = more.then(|| rows.last().map(key)).flatten();
        Page { items: rows, next }
    }

    /// The same page of other items.
    pub fn map<U>(self, shape: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(shape).collect(), next: self.next }
    }
}
