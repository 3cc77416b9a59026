//! Members on the wire.

use super::{Filter, RoleChange, Standing, assign, list, read, remove, restore, sign_ins, suspend};
use crate::Identity;
use access::{AssignRole, ListMembers, ManageMember};
use axum::{extract::State, http::StatusCode};
use domain::{Cursor, MemberId, RoleName, TenantId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::{IntoParams, ToSchema};
use web::{Allow, Json, Listing, Paging, Path, Problem, Query, Routes};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .get("/v1/tenants/{tenant}/members", list_some)
        .says("Lists the tenant's members in the order in which they joined; those who were removed only if asked for.")
        .asks::<MemberQuery>()
        .answers::<Listing<Member>>(200)
        .get("/v1/tenants/{tenant}/members/{member}", show)
        .says("Shows one member.")
        .answers::<Member>(200)
        .delete("/v1/tenants/{tenant}/members/{member}", delete)
        .says("Removes a member: ends their sessions, erases roles and profile.")
        .answers_empty(204)
        .post("/v1/tenants/{tenant}/members/{member}/suspend", post_suspend)
        .says("Suspends a member and ends their sessions.")
        .answers::<Member>(200)
        .post("/v1/tenants/{tenant}/members/{member}/restore", post_restore)
        .says("Restores a member who was suspended or removed.")
        .answers::<Member>(200)
        .put("/v1/tenants/{tenant}/members/{member}/roles", put_roles)
        .says("Gives a member these roles and no others.")
        .takes::<Roles>()
        .answers::<Member>(200)
        .put("/v1/tenants/{tenant}/members/{member}/roles/{role}", put_role)
        .says("Gives a member one more role.")
        .answers::<Member>(200)
        .delete("/v1/tenants/{tenant}/members/{member}/roles/{role}", delete_role)
        .says("Takes a role from a member.")
        .answers::<Member>(200)
        .get("/v1/tenants/{tenant}/members/{member}/sign-ins", list_sign_ins)
        .says("Lists a member's sign-ins, the latest first.")
        .asks::<Paging>()
        .answers::<Listing<SignIn>>(200)
}

/// What narrows the list of members, and where it goes on.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberQuery {
    /// The `next` of the page before; left out at the beginning.
    #[serde(default)]
    pub(super) after: String,
    /// How many at most, 1 to 200; 50 where nothing is said.
    pub(super) limit: Option<u32>,
    /// Only members who stand so: `active`, `suspended` or `removed`.
    #[serde(default)]
    pub(super) standing: String,
    /// Only members who hold this role.
    #[serde(default)]
    pub(super) role: String,
}

impl MemberQuery {
    /// What it says. A filter that is empty narrows nothing, because a form sends it so.
    pub(super) fn read(&self) -> Result<(Filter, Cursor), Problem> {
        let standing = some(&self.standing).map(str::parse::<Standing>).transpose();
        let standing =
            standing.map_err(|why| Problem::new("input.invalid").at("/standing", why.to_string()))?;
        let role = some(&self.role).map(str::parse::<RoleName>).transpose();
        let role = role.map_err(|why| Problem::new("input.invalid").at("/role", why.to_string()))?;
        Ok((Filter { standing, role }, Cursor::new(self.after.clone(), self.limit)))
    }
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// A person in a tenant.
#[derive(Serialize, ToSchema)]
pub(crate) struct Member {
    /// Their id in this tenant.
    id: String,
    /// Their id as a person, across tenants.
    user: String,
    /// `active`, `suspended` or `removed`.
    standing: &'static str,
    /// How they came to be a member: `first-sign-in`, `invitation`.
    source: String,
    /// The roles they hold.
    roles: Vec<String>,
    /// Their name, if the tenant's provider says it.
    name: Option<String>,
    /// Their e-mail address, if the tenant's provider says it.
    email: Option<String>,
    /// Whether the address may be relied upon: it is at a domain that the tenant has proved.
    email_verified: bool,
    /// What else the connection's claim rules keep of the provider's words.
    #[schema(value_type = Object)]
    attributes: serde_json::Map<String, serde_json::Value>,
    /// Since when they are a member.
    created_at: String,
    /// When they last signed in.
    seen_at: Option<String>,
}

impl From<super::Member> for Member {
    fn from(member: super::Member) -> Self {
        Member {
            id: member.id.to_string(),
            user: member.user.to_string(),
            standing: member.standing.name(),
            source: member.source,
            roles: member.roles.iter().map(RoleName::to_string).collect(),
            name: member.profile.name,
            email: member.profile.email,
            email_verified: member.profile.email_verified,
            attributes: member.profile.attributes,
            created_at: member.created_at.to_string(),
            seen_at: member.seen_at.map(|at| at.to_string()),
        }
    }
}

/// Roles in place of all that a member holds.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Roles {
    /// Names of the application's roles, or `partywall.admin` and `partywall.auditor`.
    #[schema(value_type = Vec<String>)]
    roles: BTreeSet<RoleName>,
}

/// One sign-in of a member.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignIn {
    /// Its id.
    id: String,
    /// The connection by which it was.
    connection: String,
    /// Its name; null if the connection is gone since.
    connection_name: Option<String>,
    /// The provider that vouched.
    provider: String,
    /// When.
    at: String,
}

impl From<super::SignIn> for SignIn {
    fn from(sign_in: super::SignIn) -> Self {
        SignIn {
            id: sign_in.id.to_string(),
            connection: sign_in.connection.to_string(),
            connection_name: sign_in.connection_name,
            provider: sign_in.provider.to_string(),
            at: sign_in.at.to_string(),
        }
    }
}

async fn list_some(
    Allow(permit): Allow<ListMembers>,
    State(room): State<Identity>,
    Query(query): Query<MemberQuery>,
) -> Result<Json<Listing<Member>>, Problem> {
    let (filter, cursor) = query.read()?;
    Ok(Json(list(&room.store, &permit, &filter, &cursor).await?.into()))
}

async fn show(
    Allow(permit): Allow<ListMembers>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, MemberId)>,
) -> Result<Json<Member>, Problem> {
    Ok(Json(read(&room.store, &permit, id).await?.member.into()))
}

async fn delete(
    Allow(permit): Allow<ManageMember>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, MemberId)>,
) -> Result<StatusCode, Problem> {
    remove(&room, &permit, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn post_suspend(
    Allow(permit): Allow<ManageMember>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, MemberId)>,
) -> Result<Json<Member>, Problem> {
    Ok(Json(suspend(&room, &permit, id).await?.into()))
}

async fn post_restore(
    Allow(permit): Allow<ManageMember>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, MemberId)>,
) -> Result<Json<Member>, Problem> {
    Ok(Json(restore(&room, &permit, id).await?.into()))
}

async fn put_roles(
    Allow(permit): Allow<AssignRole>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, MemberId)>,
    Json(Roles { roles }): Json<Roles>,
) -> Result<Json<Member>, Problem> {
    Ok(Json(assign(&room, &permit, id, &RoleChange::Set(roles)).await?.into()))
}

async fn put_role(
    Allow(permit): Allow<AssignRole>,
    State(room): State<Identity>,
    Path((_, id, role)): Path<(TenantId, MemberId, RoleName)>,
) -> Result<Json<Member>, Problem> {
    Ok(Json(assign(&room, &permit, id, &RoleChange::Add(role)).await?.into()))
}

async fn delete_role(
    Allow(permit): Allow<AssignRole>,
    State(room): State<Identity>,
    Path((_, id, role)): Path<(TenantId, MemberId, RoleName)>,
) -> Result<Json<Member>, Problem> {
    Ok(Json(assign(&room, &permit, id, &RoleChange::Remove(role)).await?.into()))
}

async fn list_sign_ins(
    Allow(permit): Allow<ListMembers>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, MemberId)>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listing<SignIn>>, Problem> {
    Ok(Json(sign_ins(&room.store, &permit, id, &paging.into()).await?.into()))
}
