//! One member, and how they have signed in.

use super::{Member, MemberError, rows};
use access::{AssignRole, ListMembers, ManageMember, Permit, TenantAction};
use domain::{ConnectionId, Cursor, MemberId, Moment, Page, ProviderId, SignInId};
use store::Store;

/// One sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// Its id.
    pub id: SignInId,
    /// The connection by which it was.
    pub connection: ConnectionId,
    /// Its name; none if the connection is gone since.
    pub connection_name: Option<String>,
    /// The provider that vouched.
    pub provider: ProviderId,
    /// When.
    pub at: Moment,
}

/// A member, with what they have open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The member.
    pub member: Member,
    /// How many sessions they have at the tenant's hosts.
    pub sessions: i64,
}

/// The actions in which a member is looked at: seeing them, and whatever shows them afterwards.
pub trait ReadsMembers: TenantAction {}
impl ReadsMembers for ListMembers {}
impl ReadsMembers for ManageMember {}
impl ReadsMembers for AssignRole {}

/// Reads one member.
///
/// # Errors
/// [`MemberError::Unknown`].
pub async fn read<A: ReadsMembers>(
    store: &Store,
    permit: &Permit<A>,
    id: MemberId,
) -> Result<Seen, MemberError> {
    store
        .read(permit, async |tx| {
            let member = rows::find(tx, id).await?.ok_or(MemberError::Unknown)?;
            Ok(Seen { member, sessions: rows::sessions(tx, id).await? })
        })
        .await
}

/// Lists a member's sign-ins, the latest first.
///
/// # Errors
/// [`MemberError::Unknown`].
pub async fn sign_ins<A: ReadsMembers>(
    store: &Store,
    permit: &Permit<A>,
    id: MemberId,
    cursor: &Cursor,
) -> Result<Page<SignIn>, MemberError> {
    store
        .read(permit, async |tx| {
            rows::find(tx, id).await?.ok_or(MemberError::Unknown)?;
            let found = rows::sign_ins(tx, id, cursor).await?;
            Ok(Page::cut(found, cursor, |sign_in| sign_in.id.to_string()))
        })
        .await
}
