//! Certificates of tenants' own domains: laid down by the tenant for a name that it has proved, or given by an authority
//! that was asked (see `order`), and shown by every node to whoever asks for that name. The key is sealed at rest and
//! shown to nobody.
//!
//! Tells others `certificate.changed`.

pub(crate) mod http;
mod list;
mod load;
mod put;
mod remove;
mod rows;

pub use list::ending;
pub(crate) use list::of_tenant;
pub use load::{Shown, load_all, load_of};
pub use put::put;
pub use remove::remove;
pub(crate) use rows::{keep, remove as forget, uploaded_until};

use domain::{Fault, Hostname, Moment, NameError, TenantId};
use std::{str::FromStr, sync::Arc};
use store::StoreError;

/// Says until when a chain and its key are good for a name at this moment, or in words for its owner why they are
/// not. The server knows: it is the only one that names TLS.
pub type CheckPair = Arc<dyn Fn(&Hostname, &str, &str, Moment) -> Result<Moment, String> + Send + Sync>;

/// A node that ends no TLS knows no certificates.
pub fn none() -> CheckPair {
    Arc::new(|_, _, _, _| Err("this installation does not end TLS itself".to_owned()))
}

/// What is known of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// For which name.
    pub host: Hostname,
    /// Where it comes from.
    pub source: Source,
    /// Until when it is good.
    pub ends_at: Moment,
}

/// Where a certificate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The tenant laid it down, and renews it.
    Uploaded,
    /// An authority gave it, and is asked for the next.
    Ordered,
}

impl Source {
    /// Its name in columns and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Source::Uploaded => "uploaded",
            Source::Ordered => "ordered",
        }
    }
}

impl FromStr for Source {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let named = [Source::Uploaded, Source::Ordered].into_iter().find(|source| source.name() == text);
        named.ok_or(NameError("a certificate is uploaded or ordered"))
    }
}

fn purpose(tenant: TenantId, host: &Hostname) -> String {
    format!("certificate:{tenant}:{host}")
}

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The tenant has proved no such name, or there is no certificate for it.
    #[error("the tenant has no such name")]
    Unknown,
    /// The chain and key cannot be used.
    #[error("{0}")]
    Pair(String),
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for CertificateError {
    fn code(&self) -> &'static str {
        match self {
            CertificateError::Unknown => "item.unknown",
            CertificateError::Pair(_) => "input.invalid",
            CertificateError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        matches!(self, CertificateError::Pair(_)).then(|| self.to_string())
    }

    fn place(&self) -> Option<&'static str> {
        matches!(self, CertificateError::Pair(_)).then_some("chain")
    }
}
