//! The ticket that a browser carries from where somebody signed out to `id.`

use crate::{Identity, sign_in::leave::Whither, ticket::Ticket};
use domain::{Hostname, Moment, ProviderId, TenantId, UserId};
use serde::{Deserialize, Serialize};

/// Says who has signed out, and where.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Slip {
    /// The tenant that was left; the house where it was the console.
    pub(crate) tenant: TenantId,
    /// Whether it was a tenant's host or the console.
    pub(crate) left: Whither,
    /// The shared host where it was; none for the tenant's own.
    pub(crate) host: Option<Hostname>,
    /// Who.
    pub(crate) user: UserId,
    /// The provider that had proven them, whose own sign-out may be offered.
    pub(crate) provider: ProviderId,
    /// When they signed out: what began later is not meant.
    at: Moment,
    ends: Moment,
}

impl Ticket for Slip {
    const PURPOSE: &'static str = "parting";

    fn ends(&self) -> Moment {
        self.ends
    }
}

impl Slip {
    /// The address at `id.` where `user` is signed out as well.
    pub(crate) fn address(
        room: &Identity,
        tenant: TenantId,
        (left, host): (Whither, Option<Hostname>),
        user: UserId,
        provider: ProviderId,
    ) -> String {
        let at = room.now();
        let ends = at + room.settings.hand_over;
        let slip = Slip { tenant, left, host, user, provider, at, ends };
        let ticket = slip.seal(&room.keyring.load().pending, &room.web.chance);
        format!("{}/signed-out?ticket={ticket}", room.web.hosts.id)
    }

    /// Whether they had this session when they signed out.
    pub(crate) fn is_for(&self, user: UserId, since: Moment) -> bool {
        user == self.user && since <= self.at
    }
}
