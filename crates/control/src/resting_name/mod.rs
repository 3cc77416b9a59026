//! Resting names: slugs and hostnames that were given back. For a while nobody but the tenant that gave
//! one back may have it, so that a stranger does not inherit old links and what people remember.

pub(crate) mod http;
mod list;
pub(crate) mod pages;
mod release;
pub(crate) mod rows;

pub use list::list;
pub use release::{ReleaseError, release};
pub(crate) use rows::{lay_to_rest, wake};

use domain::{Hostname, Moment, Slug, TenantId};
use std::{fmt, str::FromStr};

/// A name that rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestingName {
    /// The name.
    pub name: Name,
    /// The tenant that gave it back.
    pub tenant: TenantId,
    /// Until when it rests.
    pub until: Moment,
}

/// A slug or a hostname. In text, and as a key, it says which: `slug:acme`, `host:www.acme.test`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// A slug.
    Slug(Slug),
    /// A hostname.
    Host(Hostname),
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::Slug(slug) => write!(f, "slug:{slug}"),
            Name::Host(host) => write!(f, "host:{host}"),
        }
    }
}

/// The text names neither a slug nor a hostname.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name is `slug:` and a slug, or `host:` and a hostname")]
pub struct BadName;

impl FromStr for Name {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        match text.split_once(':') {
            Some(("slug", slug)) => slug.parse().map(Name::Slug).map_err(|_| BadName),
            Some(("host", host)) => host.parse().map(Name::Host).map_err(|_| BadName),
            _ => Err(BadName),
        }
    }
}
