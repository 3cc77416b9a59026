//! Rights and the platform's own roles. An application's roles are data ([`crate::RoleName`]); what
//! they mean is the application's business.

/// The smallest permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Right {
    /// Use the application through the gateway.
    UseApplication,
    /// See who belongs to the tenant.
    ReadMembers,
    /// Suspend, restore and remove members.
    ManageMembers,
    /// Give and take roles.
    AssignRoles,
    /// See the tenant's providers and connections.
    ReadConnections,
    /// Set up, test, switch on and off connections.
    ManageConnections,
    /// Read and export the tenant's audit trail.
    ReadAudit,
    /// Change the tenant's own settings.
    ManageSettings,
    /// See subscribers and their API keys.
    ReadKeys,
    /// Make, rotate and revoke API keys, and look after subscribers.
    ManageKeys,
    /// Claim domains, prove them and give them back.
    ManageDomains,
    /// Look at the platform: tenants, deployments, plans.
    ReadPlatform,
    /// Change the platform.
    ManagePlatform,
}

/// A set of rights, held in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RightSet(u32);

impl RightSet {
    /// The set of `rights`.
    pub const fn of(rights: &[Right]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < rights.len() {
            bits |= 1 << rights[at] as u8;
            at += 1;
        }
        RightSet(bits)
    }

    /// Whether `right` is in the set.
    pub const fn has(self, right: Right) -> bool {
        self.0 & (1 << right as u8) != 0
    }

    /// Both sets together.
    pub const fn with(self, other: RightSet) -> Self {
        RightSet(self.0 | other.0)
    }
}

/// The roles that Partywall itself defines. Their names begin with `partywall.`, which no
/// application's role may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlatformRole {
    /// Runs a tenant: members, roles, connections, audit.
    Admin,
    /// Reads a tenant's members and audit trail.
    Auditor,
    /// Runs the platform; held in the tenant `house` only.
    Operator,
}

impl PlatformRole {
    /// Every platform role.
    pub const ALL: [PlatformRole; 3] = [PlatformRole::Admin, PlatformRole::Auditor, PlatformRole::Operator];

    /// Its name as a role.
    pub const fn name(self) -> &'static str {
        match self {
            PlatformRole::Admin => "partywall.admin",
            PlatformRole::Auditor => "partywall.auditor",
            PlatformRole::Operator => "partywall.operator",
        }
    }

    /// What its holder may do.
    pub const fn rights(self) -> RightSet {
        match self {
            PlatformRole::Admin => RightSet::of(&[
                Right::ReadMembers,
                Right::ManageMembers,
                Right::AssignRoles,
                Right::ReadConnections,
                Right::ManageConnections,
                Right::ReadAudit,
                Right::ManageSettings,
                Right::ReadKeys,
                Right::ManageKeys,
                Right::ManageDomains,
            ]),
            PlatformRole::Auditor => {
                RightSet::of(&[Right::ReadMembers, Right::ReadConnections, Right::ReadAudit, Right::ReadKeys])
            }
            PlatformRole::Operator => RightSet::of(&[Right::ReadPlatform, Right::ManagePlatform]),
        }
    }

    /// The platform role of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}
