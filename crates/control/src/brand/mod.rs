//! How an organisation's pages look to those who sign in there: colour, logo, a greeting and where to find help (ledger
//! B26). None of it can hold a script: a colour is a number, a logo one of three kinds of pictures by its own first
//! bytes, the rest plain text, and the content policy of our pages runs nothing but our own files.
//!
//! Tells others `tenant.changed`.

mod change;
pub(crate) mod http;
pub(crate) mod pages;
mod read;
mod rows;
#[cfg(test)]
mod tests;

pub use change::{Changes, LogoChange, change};
pub use read::read;

use access::Brand;
use domain::{Fault, Moment};
use store::StoreError;

/// The most bytes of a logo.
pub const MOST_LOGO: usize = 40 * 1024;

/// How an organisation's pages look, for its admins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// What it has said; nothing if it never did.
    pub brand: Option<Brand>,
    /// When that last changed.
    pub changed_at: Moment,
}

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum BrandError {
    /// The tenant is gone.
    #[error("the tenant is gone")]
    Gone,
    /// The logo is too large.
    #[error("a logo has at most {MOST_LOGO} bytes")]
    TooLarge,
    /// The logo is no picture that is taken.
    #[error("a logo is a PNG, a JPEG or a WebP")]
    NoPicture,
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for BrandError {
    fn code(&self) -> &'static str {
        match self {
            BrandError::Gone => "item.unknown",
            BrandError::TooLarge | BrandError::NoPicture => "input.invalid",
            BrandError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            BrandError::TooLarge => Some(format!("A logo has at most {} KiB.", MOST_LOGO / 1024)),
            BrandError::NoPicture => Some(
                "A logo is a PNG, a JPEG or a WebP. An SVG can hold a script and is not taken.".to_owned(),
            ),
            BrandError::Gone | BrandError::Store(_) => None,
        }
    }

    fn place(&self) -> Option<&'static str> {
        match self {
            BrandError::TooLarge | BrandError::NoPicture => Some("logo"),
            BrandError::Gone | BrandError::Store(_) => None,
        }
    }
}
