//! Tenants: the organisations that subscribe. A tenant is its immutable id; slug, name, plan, deployment
//! and standing are facts about it that may change.
//!
//! Tells others `tenant.changed` whenever anything in the directory's entry changes. Never looks at a
//! tenant's own rows: members, roles and connections are the tenant's business.

mod change;
mod count;
mod create;
pub(crate) mod http;
mod list;
mod look;
pub(crate) mod pages;
mod read;
pub(crate) mod rows;
mod stand;

pub use change::{Changes, change};
pub use count::{Count, count};
pub use create::{Created, NewTenant, create};
pub use list::{Filter, Order, list};
pub use read::read;
pub use stand::{may_become, stand};

use domain::{DeploymentId, DisplayName, Fault, Moment, PlanId, Slug, Standing, TenantId};
use store::StoreError;

/// A tenant's entry in the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its immutable id.
    pub id: TenantId,
    /// Its slug.
    pub slug: Slug,
    /// Its name for people.
    pub name: DisplayName,
    /// How it stands.
    pub standing: Standing,
    /// Its plan.
    pub plan: PlanId,
    /// The plan's name.
    pub plan_name: DisplayName,
    /// Where it is hosted.
    pub deployment: DeploymentId,
    /// The deployment's name.
    pub deployment_name: DisplayName,
    /// The region where its data and its people's profiles live.
    pub region: String,
    /// The number of its placement, which rises when it is hosted elsewhere.
    pub generation: i64,
    /// When it was created.
    pub created_at: Moment,
    /// When its entry last changed.
    pub changed_at: Moment,
}

impl Tenant {
    /// Whether this is the operator's own tenant.
    pub fn is_house(&self) -> bool {
        self.slug == Slug::house()
    }
}

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum TenantError {
    /// No tenant has this id.
    #[error("there is no tenant with this id")]
    Unknown,
    /// The slug is another tenant's.
    #[error("the slug belongs to another tenant")]
    SlugTaken,
    /// The slug was given back not long ago and is kept from others for a while.
    #[error("the slug rests until {until}")]
    SlugResting {
        /// Until when.
        until: Moment,
    },
    /// No plan has this id.
    #[error("there is no plan with this id")]
    NoSuchPlan,
    /// No deployment has this id.
    #[error("there is no deployment with this id")]
    NoSuchDeployment,
    /// A tenant begins as provisioning, trial or active.
    #[error("a tenant cannot begin as {0}")]
    BeginsOtherwise(Standing),
    /// This standing does not follow on that one.
    #[error("a tenant that is {from} cannot become {to}")]
    Transition {
        /// What it is.
        from: Standing,
        /// What was asked for.
        to: Standing,
    },
    /// The operator's own tenant keeps its slug and stays open.
    #[error("the house keeps its slug and stays open")]
    House,
    /// A reason is needed, and a reasonable one.
    #[error("the reason has to have 3 to 500 characters")]
    Reason,
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for TenantError {
    fn code(&self) -> &'static str {
        match self {
            TenantError::Unknown => "item.unknown",
            TenantError::SlugTaken => "tenant.slug-taken",
            TenantError::SlugResting { .. } => "tenant.slug-resting",
            TenantError::NoSuchPlan
            | TenantError::NoSuchDeployment
            | TenantError::BeginsOtherwise(_)
            | TenantError::Reason => "input.invalid",
            TenantError::Transition { .. } => "tenant.transition",
            TenantError::House => "house.protected",
            TenantError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            TenantError::Store(error) => error.detail(),
            TenantError::SlugTaken | TenantError::Unknown | TenantError::House => None,
            told => Some(told.to_string()),
        }
    }

    fn place(&self) -> Option<&'static str> {
        match self {
            TenantError::SlugTaken | TenantError::SlugResting { .. } => Some("slug"),
            TenantError::NoSuchPlan => Some("plan"),
            TenantError::NoSuchDeployment => Some("deployment"),
            TenantError::BeginsOtherwise(_) | TenantError::Transition { .. } => Some("standing"),
            TenantError::Reason => Some("reason"),
            TenantError::Unknown | TenantError::House | TenantError::Store(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
