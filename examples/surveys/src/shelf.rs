//! Where surveys are kept: one book per tenant, each a JSON file of its own.
//!
//! A book is reached only through [`Shelf::of`], which takes the tenant of a context. A change is made on a
//! copy, written to a new file, synced, and renamed over the old one; only then is it seen. So a crash
//! leaves either the book before or the book after.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use partywall_reader::Tenant;
use serde::{Deserialize, Serialize};
use tokio::sync::RwLock;

use crate::survey::Survey;

/// A book could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// The disk said no.
    #[error("the book of {tenant} cannot be read or kept: {source}")]
    Disk {
        /// Whose book.
        tenant: String,
        /// What the system said.
        source: io::Error,
    },
    /// The id could not be a file's name.
    #[error("a tenant's id has letters, digits and underscores, and this has others")]
    OddTenant,
    /// The file holds another tenant's book.
    #[error("the file for {0} holds another tenant's book")]
    WrongBook(String),
}

/// What one tenant has.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Book {
    tenant: String,
    pub(crate) surveys: Vec<Survey>,
}

impl Book {
    pub(crate) fn survey(&self, id: &str) -> Option<&Survey> {
        self.surveys.iter().find(|survey| survey.id == id)
    }

    pub(crate) fn survey_mut(&mut self, id: &str) -> Option<&mut Survey> {
        self.surveys.iter_mut().find(|survey| survey.id == id)
    }
}

type Shared = Arc<RwLock<Option<Book>>>;

/// All books, in one folder.
pub struct Shelf {
    folder: PathBuf,
    books: Mutex<HashMap<String, Shared>>,
}

impl Shelf {
    /// Opens the folder, making it if need be.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, books: Mutex::default() })
    }

    /// One tenant's place on the shelf.
    pub(crate) fn of(&self, tenant: &Tenant) -> Result<Place, ShelfError> {
        let id = tenant.id.as_str();
        let is_plain = !id.is_empty()
            && id.len() <= 100
            && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !is_plain {
            return Err(ShelfError::OddTenant);
        }
        let book = Arc::clone(self.books.lock().entry(id.to_owned()).or_default());
        Ok(Place { tenant: id.to_owned(), file: self.folder.join(format!("{id}.json")), book })
    }
}

/// The place of one tenant's book.
pub(crate) struct Place {
    tenant: String,
    file: PathBuf,
    book: Shared,
}

impl Place {
    /// Looks into the book.
    pub(crate) async fn read<R>(&self, look: impl FnOnce(&Book) -> R) -> Result<R, ShelfError> {
        if let Some(book) = self.book.read().await.as_ref() {
            return Ok(look(book));
        }
        let mut slot = self.book.write().await;
        let book = self.load(slot.take()).await?;
        let seen = look(&book);
        *slot = Some(book);
        Ok(seen)
    }

    /// Changes the book, if the change does not refuse and the disk takes it.
    pub(crate) async fn write<R, E: From<ShelfError>>(
        &self,
        change: impl FnOnce(&mut Book) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut slot = self.book.write().await;
        let before = self.load(slot.take()).await?;
        let mut after = before.clone();
        *slot = Some(before);
        let result = change(&mut after)?;
        *slot = Some(self.keep(after).await?);
        Ok(result)
    }

    async fn load(&self, known: Option<Book>) -> Result<Book, ShelfError> {
        let book = match known {
            Some(book) => book,
            None => {
                let file = self.file.clone();
                self.on_disk(move || load(&file))
                    .await?
                    .unwrap_or_else(|| Book { tenant: self.tenant.clone(), surveys: Vec::new() })
            }
        };
        if book.tenant == self.tenant { Ok(book) } else { Err(ShelfError::WrongBook(self.tenant.clone())) }
    }

    async fn keep(&self, book: Book) -> Result<Book, ShelfError> {
        let file = self.file.clone();
        self.on_disk(move || keep(&file, &book).map(|()| book)).await
    }

    async fn on_disk<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<R> + Send + 'static,
    ) -> Result<R, ShelfError> {
        let done =
            tokio::task::spawn_blocking(work).await.unwrap_or_else(|panic| Err(io::Error::other(panic)));
        done.map_err(|source| ShelfError::Disk { tenant: self.tenant.clone(), source })
    }
}

fn load(file: &Path) -> io::Result<Option<Book>> {
    match fs::read(file) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn keep(file: &Path, book: &Book) -> io::Result<()> {
    let fresh = file.with_extension("new");
    let mut out = File::create(&fresh)?;
    out.write_all(&serde_json::to_vec_pretty(book)?)?;
    out.sync_all()?;
    fs::rename(&fresh, file)?;
    // The rename itself is only durable once the folder is.
    file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
