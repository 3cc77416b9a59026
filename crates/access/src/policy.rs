//! The policy page: every action there is, whether it reads or writes, and what its caller needs. A
//! picture of it for managers stands in `docs/policy.md`; a test keeps the two equal.
//!
//! To add an action, add a line. Rooms cannot declare actions of their own.

use domain::Right;

mod sealed {
    pub trait Sealed {}
}

/// What a caller must be to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: signing in is an action too.
    Nothing,
    /// An active member of the tenant, or on a person's own pages that person.
    Membership,
    /// Somebody whom the tenant knows: an active member, or a subscriber with an API key.
    Known,
    /// A member whose roles hold this right.
    Right(Right),
    /// The platform itself, in a background loop or a claimed job. No request ever has this.
    Platform,
}

/// Something that can be done. Sealed: the policy page lists them all.
pub trait Action: sealed::Sealed + Send + Sync + 'static {
    /// For example `member.suspend`.
    const NAME: &'static str;
    /// What its caller needs.
    const NEEDS: Needs;
    /// Whether it changes something.
    const WRITES: bool;
}

/// An action inside one tenant.
pub trait TenantAction: Action {}
/// An action on what belongs to one person, across tenants.
pub trait PersonAction: Action {}
/// An action on the registry of tenants and what else belongs to the platform.
pub trait OperatorAction: Action {}
/// An action that may change something.
pub trait Writes: Action {}
/// An action that goes on while the tenant is closed.
pub trait WhileClosed: Action {}

/// One line of the policy page, for the picture and the matrix test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The action's name.
    pub name: &'static str,
    /// `tenant`, `person` or `platform`.
    pub scope: &'static str,
    /// Whether it writes.
    pub writes: bool,
    /// What its caller needs.
    pub needs: Needs,
    /// What it is, in words.
    pub about: &'static str,
}

macro_rules! policy {
    ($(#[doc = $about:literal] $name:ident $text:literal $scope:ident $kind:ident $needs:expr;)*) => {
        $(
            #[doc = $about]
            #[derive(Debug)]
            pub enum $name {}
            impl sealed::Sealed for $name {}
            impl Action for $name {
                const NAME: &'static str = $text;
                const NEEDS: Needs = $needs;
                const WRITES: bool = policy!(@flag $kind);
            }
            policy!(@scope $scope $name);
            policy!(@kind $kind $name);
        )*
        /// The whole policy, in the order of the page.
        pub const POLICY: &[Line] = &[$(Line {
            name: $text,
            scope: stringify!($scope),
            writes: policy!(@flag $kind),
            needs: $needs,
            about: $about,
        }),*];
    };
    (@flag reads) => { false };
    (@flag writes) => { true };
    (@scope tenant $name:ident) => { impl TenantAction for $name {} };
    (@scope person $name:ident) => { impl PersonAction for $name {} };
    (@scope platform $name:ident) => { impl OperatorAction for $name {} };
    (@kind reads $name:ident) => {};
    (@kind writes $name:ident) => { impl Writes for $name {} };
}

use Needs::{Known, Membership, Nothing, Platform};
use Right::{
    AssignRoles, ManageConnections, ManageMembers, ManagePlatform, ManageSettings, ReadAudit,
    ReadConnections, ReadMembers, ReadPlatform,
};

policy! {
    #[doc = " Look up how one may sign in, and leave for a provider."]
    StartSignIn "sign-in.start" tenant reads Nothing;
    #[doc = " See the colour and the logo of the tenant's pages."]
    ReadBrand "brand.read" tenant reads Nothing;
    #[doc = " Bring a provider's answer, which is taken once."]
    TakeAnswer "sign-in.answer" tenant writes Nothing;
    #[doc = " Come back from a provider and be recognised."]
    FinishSignIn "sign-in.finish" tenant writes Nothing;
    #[doc = " Take the hand-over at the tenant's host and begin a session there."]
    EnterTenant "session.enter" tenant writes Nothing;
    #[doc = " Use the application through the gateway."]
    UseUpstream "upstream.use" tenant reads Known;
    #[doc = " Use the application through the gateway on a route that is open to all."]
    UseOpenUpstream "upstream.use-open" tenant reads Nothing;
    #[doc = " Exchange an API key for a token that is good for a short while."]
    ExchangeKey "key.exchange" tenant reads Known;
    #[doc = " Let an application know who one is at this tenant."]
    EnterApplication "application.enter" tenant writes Membership;
    #[doc = " Show a code or a refresh token, or one's own proof, and get tokens for it."]
    UseGrant "grant.use" tenant writes Nothing;
    #[doc = " Show a token and be told what it is good for."]
    ReadGrant "grant.read" tenant reads Nothing;
    #[doc = " See one's own session."]
    ReadSession "session.read" tenant reads Membership;
    #[doc = " End one's own session."]
    EndSession "session.end" tenant writes Membership;
    #[doc = " Go by id. after signing out, to end one's session there."]
    LeaveTenant "session.leave" tenant writes Nothing;
    #[doc = " Set up the tenant's first connection by a one-time link."]
    AcceptInvitation "invitation.accept" tenant writes Nothing;
    #[doc = " Go over to this tenant from another, where its policy is met."]
    SwitchTenant "session.switch" tenant writes Nothing;

    #[doc = " See the tenant's own front page in the console."]
    ReadTenantHome "tenant.home" tenant reads Membership;
    #[doc = " List members and see their roles."]
    ListMembers "member.read" tenant reads Needs::Right(ReadMembers);
    #[doc = " Suspend, restore or remove a member."]
    ManageMember "member.manage" tenant writes Needs::Right(ManageMembers);
    #[doc = " Give and take roles."]
    AssignRole "member.assign-roles" tenant writes Needs::Right(AssignRoles);
    #[doc = " See providers and connections."]
    ReadConnection "connection.read" tenant reads Needs::Right(ReadConnections);
    #[doc = " Set up, change, switch on or off a connection."]
    ManageConnection "connection.manage" tenant writes Needs::Right(ManageConnections);
    #[doc = " Try a connection without letting anybody in by it."]
    TestConnection "connection.test" tenant writes Needs::Right(ManageConnections);
    #[doc = " Share a provider with another tenant, or take the share back."]
    ShareProvider "provider.share" tenant writes Needs::Right(ManageConnections);
    #[doc = " See which applications the tenant may put into use, and which it has."]
    ReadApplications "application.read" tenant reads Needs::Right(ReadConnections);
    #[doc = " Put an application into use for everybody here, with stated scopes, and withdraw that."]
    ConsentApplication "application.consent" tenant writes Needs::Right(ManageConnections);
    #[doc = " See subscribers and their API keys; never a key itself."]
    ReadKeys "key.read" tenant reads Needs::Right(Right::ReadKeys);
    #[doc = " Make, rotate and revoke API keys, and look after subscribers."]
    ManageKeys "key.manage" tenant writes Needs::Right(Right::ManageKeys);
    #[doc = " See which API products the tenant may have and has subscribed to."]
    ReadSubscriptions "subscription.read" tenant reads Needs::Right(Right::ReadKeys);
    #[doc = " Subscribe to API products, and cancel."]
    ManageSubscriptions "subscription.manage" tenant writes Needs::Right(Right::ManageKeys);
    #[doc = " See trust anchors, their rules and what they took back."]
    ReadAnchors "anchor.read" tenant reads Needs::Right(Right::ReadKeys);
    #[doc = " Lay down, change and remove trust anchors, and take certificates back."]
    ManageAnchors "anchor.manage" tenant writes Needs::Right(Right::ManageKeys);
    #[doc = " See the tenant's own domains and how their proof stands."]
    ReadDomains "domain.read" tenant reads Needs::Right(ReadMembers);
    #[doc = " Claim a domain, have its proof looked at, give it back."]
    ManageDomains "domain.manage" tenant writes Needs::Right(Right::ManageDomains);
    #[doc = " Read, export and verify the audit trail."]
    ReadAuditTrail "audit.read" tenant reads Needs::Right(ReadAudit);
    #[doc = " See the tenant's own settings."]
    ReadSettings "setting.read" tenant reads Needs::Right(ReadMembers);
    #[doc = " Change the tenant's own settings, such as whether its sign-in page is published."]
    ChangeSettings "setting.change" tenant writes Needs::Right(ManageSettings);

    #[doc = " List the tenants one belongs to."]
    ReadOwnTenants "person.tenants" person reads Membership;
    #[doc = " Begin one's session at `id.` or in the console."]
    BeginPersonSession "person.session.begin" person writes Membership;
    #[doc = " End one's session at `id.` or in the console."]
    EndPersonSession "person.session.end" person writes Membership;

    #[doc = " List tenants and see their entries."]
    ReadTenants "tenant.read" platform reads Needs::Right(ReadPlatform);
    #[doc = " Create a tenant; yields the one-time link for its first admin."]
    CreateTenant "tenant.create" platform writes Needs::Right(ManagePlatform);
    #[doc = " Rename a tenant, change its slug, hostnames, plan, deployment or standing."]
    ChangeTenant "tenant.change" platform writes Needs::Right(ManagePlatform);
    #[doc = " Make a new one-time link for a tenant that has no admin yet."]
    RenewInvitation "tenant.renew-invitation" platform writes Needs::Right(ManagePlatform);
    #[doc = " Assume a tenant for a stated reason; its admins can see it."]
    AssumeTenant "tenant.assume" platform writes Needs::Right(ManagePlatform);
    #[doc = " See deployments, routes, roles and plans."]
    ReadPlatformSettings "platform.read" platform reads Needs::Right(ReadPlatform);
    #[doc = " Change deployments, routes, roles and plans."]
    ChangePlatformSettings "platform.change" platform writes Needs::Right(ManagePlatform);
    #[doc = " Read the operator's audit trail and the security events."]
    ReadPlatformAudit "platform.audit" platform reads Needs::Right(ReadPlatform);
    #[doc = " See how background jobs stand, of all tenants; never what they were given."]
    ReadJobs "job.read" platform reads Needs::Right(ReadPlatform);
    #[doc = " Revive or drop a job that is dead; the tenant reads of it too."]
    ManageJobs "job.manage" platform writes Needs::Right(ManagePlatform);
    #[doc = " Make and end operator tokens."]
    ManageTokens "token.manage" platform writes Needs::Right(ManagePlatform);

    #[doc = " Append waiting audit lines to the tenant's Merkle log."]
    SequenceAudit "audit.sequence" tenant writes Platform;
    #[doc = " Record a refused cross-tenant attempt."]
    RecordRefusal "security.record" tenant writes Platform;
    #[doc = " Store the gateway's traffic counts."]
    StoreMeters "meter.store" tenant writes Platform;
    #[doc = " Do a queued job."]
    RunJob "job.run" tenant writes Platform;
    #[doc = " Remove what has ended: sessions, hand-overs, used states."]
    SweepTenant "tenant.sweep" tenant writes Platform;
    #[doc = " Note the use of API keys, warn of those that end, switch off the unused."]
    LookAfterKeys "key.look-after" tenant writes Platform;
    #[doc = " Look at the proof of domains again, and let go of those that lost it."]
    LookAfterDomains "domain.look-after" tenant writes Platform;
    #[doc = " Fetch the lists of what authorities took back."]
    LookAfterAnchors "anchor.look-after" tenant writes Platform;
    #[doc = " Fetch the metadata of providers anew."]
    LookAfterProviders "provider.look-after" tenant writes Platform;
    #[doc = " The platform's own upkeep: first start, key rolling, relaying."]
    Upkeep "platform.upkeep" platform writes Platform;
    #[doc = " Remember that an application's assertion was shown, so that it is good once."]
    NoteAssertion "assertion.note" platform writes Platform;
    #[doc = " Bind the first operator's provider by the one-time link."]
    Bootstrap "platform.bootstrap" platform writes Platform;
}

impl WhileClosed for SequenceAudit {}
impl WhileClosed for RecordRefusal {}
impl WhileClosed for StoreMeters {}
impl WhileClosed for SweepTenant {}
impl WhileClosed for LookAfterKeys {}
impl WhileClosed for LookAfterDomains {}
impl WhileClosed for LookAfterAnchors {}
impl WhileClosed for LookAfterProviders {}
impl WhileClosed for RunJob {}

/// The actions in whose write a person may be introduced to the tenant: recognised, created, joined.
pub trait Introduces: TenantAction + Writes {}
impl Introduces for FinishSignIn {}
impl Introduces for EnterTenant {}
impl Introduces for SwitchTenant {}
