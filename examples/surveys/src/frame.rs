//! What stands around every page: which organisation this is, who you are, and where else you can go.

use partywall_reader::{Context, Tenant};

use crate::app::App;

/// How many colours the stylesheet has for organisations.
const TINTS: u32 = 6;

/// What the page's head and header bar need.
pub(crate) struct Frame {
    pub(crate) title: String,
    pub(crate) tenant: Tenant,
    pub(crate) you: Option<You>,
    pub(crate) console: Option<String>,
}

pub(crate) struct You {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) roles: Vec<String>,
}

impl Frame {
    pub(crate) fn new(app: &App, context: &Context, title: impl Into<String>) -> Self {
        let you = context.user.as_ref().map(|user| You {
            name: user.display_name().to_owned(),
            email: user.email.clone().unwrap_or_default(),
            roles: context.roles.clone(),
        });
        let tenant = context.tenant.clone();
        let console = app.console.as_ref().map(|console| format!("{console}/t/{}", tenant.id));
        Self { title: title.into(), tenant, you, console }
    }

    /// The organisation's first letter, for its badge.
    pub(crate) fn initial(&self) -> String {
        self.tenant
            .name
            .chars()
            .next()
            .map_or_else(|| "?".to_owned(), |first| first.to_uppercase().to_string())
    }

    /// A colour that stays with the organisation, so that one notices having switched.
    pub(crate) fn tint(&self) -> u32 {
        let sum =
            self.tenant.id.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        sum % TINTS
    }
}
