//! API products: what an application offers to programs, as something that a tenant subscribes to. Which routes a
//! product is made of, and in which versions, the routes say themselves; here stands who may have it.
//!
//! A product is a draft until it is published. None is published while one of its routes lets in who proves nothing,
//! unless the product is marked public by its name. Tells others `deployment.changed`.

pub(crate) mod http;
mod list;
pub(crate) mod pages;
mod put;
mod rows;
mod stand;

pub use list::{find, list, load};
pub use put::{Described, put};
pub(crate) use rows::{all, bundled};
pub use stand::stand;

use domain::{DisplayName, Fault, Moment, NameError, ProductName, RoleName};
use std::str::FromStr;
use store::StoreError;

/// A product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its name, by which routes and subscriptions know it. It never changes.
    pub name: ProductName,
    /// What people call it.
    pub title: DisplayName,
    /// Whether it can be had.
    pub standing: Standing,
    /// Whether it is for everybody, without a subscription.
    pub public: bool,
    /// What a tenant's plan must switch on, so that it may subscribe; empty if any plan will do.
    pub entitlement: String,
    /// Which roles open it to people: one of these is enough; any member's if there are none.
    pub roles: Vec<RoleName>,
    /// When it last changed.
    pub changed_at: Moment,
}

/// Whether a product can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not yet.
    Draft,
    /// Yes.
    Published,
    /// No more.
    Retired,
}

impl Standing {
    /// Its name in columns, in the API and on pages.
    pub const fn name(self) -> &'static str {
        match self {
            Standing::Draft => "draft",
            Standing::Published => "published",
            Standing::Retired => "retired",
        }
    }
}

impl FromStr for Standing {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let all = [Standing::Draft, Standing::Published, Standing::Retired];
        let named = all.into_iter().find(|standing| standing.name() == text);
        named.ok_or(NameError("a product is draft, published or retired"))
    }
}

/// A route of a product, as far as it matters to who may have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundled {
    /// The route's name.
    pub route: String,
    /// Its product.
    pub product: String,
    /// Whether it lets in who proves nothing.
    pub open: bool,
}

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum ProductError {
    /// There is none of this name.
    #[error("there is no such product")]
    Unknown,
    /// The name of what a plan must switch on is malformed.
    #[error("an entitlement has 1 to 60 lower-case letters, digits, dots, hyphens and underscores")]
    BadEntitlement,
    /// The application has no such role.
    #[error("there is no role `{0}`")]
    UnknownRole(RoleName),
    /// It would be open to everybody and to certain roles alone.
    #[error("what is public is for everybody; take the roles away, or the mark")]
    PublicRoles,
    /// Nothing belongs to it.
    #[error("no route belongs to this product; name it under `product` of one")]
    Empty,
    /// Somebody would come in without proving anything.
    #[error("the route `{0}` lets in who proves nothing; take `open` from it, or mark the product public")]
    Open(String),
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ProductError {
    fn code(&self) -> &'static str {
        match self {
            ProductError::Unknown => "item.unknown",
            ProductError::BadEntitlement | ProductError::UnknownRole(_) | ProductError::PublicRoles => {
                "input.invalid"
            }
            ProductError::Empty | ProductError::Open(_) => "product.unfinished",
            ProductError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            ProductError::Unknown | ProductError::Store(_) => None,
            told => Some(told.to_string()),
        }
    }

    fn place(&self) -> Option<&'static str> {
        match self {
            ProductError::BadEntitlement => Some("entitlement"),
            ProductError::UnknownRole(_) | ProductError::PublicRoles => Some("roles"),
            _ => None,
        }
    }
}

/// The first of a product's routes that may not be published as it is.
fn open_route<'r>(product: &Product, routes: impl Iterator<Item = &'r Bundled>) -> Option<&'r Bundled> {
    let mut own = routes.filter(|route| route.product == product.name.as_str());
    if product.public { None } else { own.find(|route| route.open) }
}

/// What is wrong with routes that name products: one that there is not, or a published one's that lets anybody in.
pub(crate) fn faults(products: &[Product], routes: &[Bundled]) -> Vec<String> {
    let mut faults = Vec::new();
    for route in routes {
        let Some(product) = products.iter().find(|product| product.name.as_str() == route.product) else {
            faults.push(format!("route `{}`: product: there is no product `{}`", route.route, route.product));
            continue;
        };
        if product.standing == Standing::Published && open_route(product, std::iter::once(route)).is_some() {
            faults.push(format!(
                "route `{}`: open: the product `{}` is published and not public, so that its routes ask who calls",
                route.route, route.product
            ));
        }
    }
    faults
}

/// What an audit line says of a product.
fn facts(product: &Product) -> serde_json::Value {
    serde_json::json!({
        "title": product.title,
        "standing": product.standing.name(),
        "public": product.public,
        "entitlement": product.entitlement,
        "roles": product.roles,
    })
}

#[cfg(test)]
mod tests;
