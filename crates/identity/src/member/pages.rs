//! The pages of members.

use super::{
    Member, MemberError, RoleChange, Seen, SignIn, Standing, assign, http::MemberQuery, list, read, remove,
    restore, sign_ins, suspend,
};
use crate::{Identity, asked::Told};
use access::{AssignRole, Caller, ListMembers, ManageMember, Permit};
use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{Cursor, DisplayName, MemberId, PlatformRole, Right, RoleName, TenantId};
use serde::Deserialize;
use std::collections::BTreeSet;
use web::{
    Allow, Form, Frame, Page, Path, Problem, Query, Routes, Surface,
    parts::{At, Choice, Column, Wrong},
    sign_in::see_other,
};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Console)
        .get("/t/{tenant}/members", show_all)
        .says("The tenant's members.")
        .get("/t/{tenant}/members/{member}", show)
        .says("One member.")
        .post("/t/{tenant}/members/{member}/roles", post_roles)
        .says("Gives a member these roles and no others.")
        .post("/t/{tenant}/members/{member}/suspend", post_suspend)
        .says("Suspends a member.")
        .post("/t/{tenant}/members/{member}/restore", post_restore)
        .says("Restores a member.")
        .post("/t/{tenant}/members/{member}/remove", post_remove)
        .says("Removes a member.")
}

fn path_of(tenant: TenantId) -> String {
    format!("/t/{tenant}/members")
}

fn tone_of(standing: Standing) -> &'static str {
    match standing {
        Standing::Active => "good",
        Standing::Suspended => "warn",
        Standing::Removed => "mute",
    }
}

/// A name to call somebody by. Nothing is made up where the provider said nothing.
fn name_of(member: &Member) -> String {
    let told = member.profile.name.clone().or_else(|| member.profile.email.clone());
    told.unwrap_or_else(|| "Name not available".to_owned())
}

fn source_of(source: &str) -> &str {
    match source {
        "first-sign-in" => "First sign-in",
        "invitation" => "One-time link",
        other => other,
    }
}

// --- the list

#[derive(Template)]
#[template(path = "member/list.html")]
struct MembersPage {
    frame: Frame,
    path: String,
    connections: String,
    standings: Vec<Choice>,
    roles: Vec<Choice>,
    columns: Vec<Column>,
    members: Vec<Line>,
    is_narrowed: bool,
    shown: String,
    first: String,
    next: String,
}

struct Line {
    path: String,
    name: String,
    email: String,
    tone: &'static str,
    standing: &'static str,
    roles: Vec<String>,
    source: String,
    seen: Option<At>,
}

impl Line {
    fn of(member: &Member, path: &str) -> Self {
        let told = member.profile.name.is_some();
        Line {
            path: format!("{path}/{}", member.id),
            name: name_of(member),
            email: member.profile.email.clone().filter(|_| told).unwrap_or_default(),
            tone: tone_of(member.standing),
            standing: member.standing.name(),
            roles: member.roles.iter().map(RoleName::to_string).collect(),
            source: source_of(&member.source).to_owned(),
            seen: member.seen_at.map(At::from),
        }
    }
}

async fn show_all(
    Allow(permit): Allow<ListMembers>,
    State(room): State<Identity>,
    Query(query): Query<MemberQuery>,
    frame: Frame,
) -> Result<Page<MembersPage>, Problem> {
    let (filter, cursor) = query.read()?;
    let page = list(&room.store, &permit, &filter, &cursor).await?;
    let path = path_of(permit.tenant_id());
    let address = |after: &str| {
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("standing", query.standing.as_str()), ("role", &query.role), ("after", after)]
        {
            if !value.is_empty() {
                pairs.append_pair(name, value);
            }
        }
        format!("{path}?{}", pairs.finish())
    };
    let shown = match page.items.len() {
        1 => "1 member shown".to_owned(),
        many => format!("{many} members shown"),
    };
    Ok(Page::new(MembersPage {
        frame: frame
            .title("Members")
            .describe("Everybody who belongs to this organisation, in the order in which they joined."),
        connections: format!("/t/{}/connections", permit.tenant_id()),
        standings: standings(&query.standing),
        roles: role_filter(&room, &query.role),
        columns: vec![
            Column::new("Member"),
            Column::new("Standing"),
            Column::new("Roles"),
            Column::new("Came by"),
            Column::new("Last sign-in").of("time"),
        ],
        members: page.items.iter().map(|member| Line::of(member, &path)).collect(),
        is_narrowed: filter.standing.is_some() || filter.role.is_some() || !query.after.is_empty(),
        shown,
        first: if query.after.is_empty() { String::new() } else { address("") },
        next: page.next.as_deref().map(address).unwrap_or_default(),
        path,
    }))
}

fn standings(chosen: &str) -> Vec<Choice> {
    let all =
        [("", "All but removed"), ("active", "Active"), ("suspended", "Suspended"), ("removed", "Removed")];
    all.into_iter().map(|(value, label)| Choice::new(value, label, value == chosen)).collect()
}

fn role_filter(room: &Identity, chosen: &str) -> Vec<Choice> {
    let own = [PlatformRole::Admin, PlatformRole::Auditor].map(RoleName::from);
    let known = room.known_roles.load();
    let own = own.iter().map(|role| (role.as_str(), role.as_str()));
    let all = own.chain(known.iter().map(|(role, title)| (role.as_str(), title.as_str())));
    let choice = |(role, title): (&str, &str)| Choice::new(role, title, role == chosen);
    std::iter::once(Choice::new("", "Any", chosen.is_empty())).chain(all.map(choice)).collect()
}

// --- one member

#[derive(Template)]
#[template(path = "member/show.html")]
struct MemberPage {
    frame: Frame,
    path: String,
    name: String,
    email: String,
    id: String,
    user: String,
    tone: &'static str,
    standing: &'static str,
    source: String,
    joined: At,
    seen: Option<At>,
    sessions: i64,
    held: Vec<String>,
    platform_roles: Vec<Choice>,
    app_roles: Vec<Choice>,
    may_assign: bool,
    may_manage: bool,
    is_self: bool,
    columns: Vec<Column>,
    sign_ins: Vec<Came>,
    next: String,
    wrong: Wrong,
    confirm_error: String,
}

struct Came {
    at: At,
    connection: String,
    /// Where it is; empty if it is gone.
    path: String,
}

/// What has just been done, in words.
fn words(done: &str) -> Option<&'static str> {
    match done {
        "roles" => Some("The roles are saved and hold everywhere within seconds."),
        "suspended" => Some("The member is suspended, and their sessions have ended."),
        "restored" => Some("The member may enter again."),
        "removed" => Some("The member is removed. Roles and profile are erased."),
        _ => None,
    }
}

async fn show(
    Allow(permit): Allow<ListMembers>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, MemberId)>,
    Query(told): Query<Told>,
    frame: Frame,
) -> Result<Page<MemberPage>, Problem> {
    let frame = match words(&told.done) {
        Some(words) => frame.flash("good", words),
        None => frame,
    };
    let cursor = Cursor::new(told.after, Some(20));
    Ok(Page::new(page(&room, &permit, id, frame, &cursor).await?))
}

/// The page of a member as they are now.
async fn page<A: super::ReadsMembers>(
    room: &Identity,
    permit: &Permit<A>,
    id: MemberId,
    frame: Frame,
    cursor: &Cursor,
) -> Result<MemberPage, Problem> {
    let Seen { member, sessions } = read(&room.store, permit, id).await?;
    let came = sign_ins(&room.store, permit, id, cursor).await?;
    let (list, caller) = (path_of(permit.tenant_id()), permit.caller());
    let path = format!("{list}/{id}");
    let name = name_of(&member);
    let told = member.profile.name.is_some();
    let removed = member.standing == Standing::Removed;
    Ok(MemberPage {
        frame: frame.title(name.clone()).under("Members", list),
        email: member.profile.email.clone().filter(|_| told).unwrap_or_default(),
        id: id.to_string(),
        user: member.user.to_string(),
        tone: tone_of(member.standing),
        standing: member.standing.name(),
        source: source_of(&member.source).to_owned(),
        joined: member.created_at.into(),
        seen: member.seen_at.map(At::from),
        sessions,
        held: member.roles.iter().map(RoleName::to_string).collect(),
        platform_roles: platform_roles(caller, &member.roles),
        app_roles: app_roles(room, &member.roles),
        may_assign: caller.rights().has(Right::AssignRoles) && !removed,
        may_manage: caller.rights().has(Right::ManageMembers),
        is_self: caller.person().is_some_and(|person| person.member == id),
        columns: vec![Column::new("When"), Column::new("Connection")],
        sign_ins: came.items.iter().map(|sign_in| shown(sign_in, permit.tenant_id())).collect(),
        next: came.next.map(|after| format!("{path}?after={after}")).unwrap_or_default(),
        wrong: Wrong::nothing(),
        confirm_error: String::new(),
        path,
        name,
    })
}

fn shown(sign_in: &SignIn, tenant: TenantId) -> Came {
    let (connection, path) = match &sign_in.connection_name {
        Some(name) => (name.clone(), format!("/t/{tenant}/connections/{}", sign_in.connection)),
        None => ("A connection that is gone".to_owned(), String::new()),
    };
    Came { at: sign_in.at.into(), connection, path }
}

fn platform_roles(caller: &Caller, held: &[RoleName]) -> Vec<Choice> {
    let choice = |role: PlatformRole| {
        let (name, label, hint) = match role {
            PlatformRole::Admin => (role.name(), "Admin", "Members, roles, connections, settings and audit."),
            PlatformRole::Auditor => {
                (role.name(), "Auditor", "Sees members, connections and audit; changes nothing.")
            }
            PlatformRole::Operator => (role.name(), "Operator", "Runs the platform."),
        };
        Choice::new(name, label, held.iter().any(|held| held.as_str() == name)).hint(hint)
    };
    PlatformRole::ALL
        .into_iter()
        .filter(|role| *role != PlatformRole::Operator || super::last::is_house(caller))
        .map(choice)
        .collect()
}

/// The application's roles; one that it does not know any more is shown to whoever holds it.
fn app_roles(room: &Identity, held: &[RoleName]) -> Vec<Choice> {
    let known = room.known_roles.load();
    let choice = |(role, title): (&RoleName, &DisplayName)| {
        Choice::new(role.as_str(), title.as_str(), held.contains(role)).hint(role.as_str())
    };
    let mut choices: Vec<Choice> = known.iter().map(choice).collect();
    let gone = held.iter().filter(|role| !role.is_platform() && !known.contains_key(*role));
    choices.extend(gone.map(|role| {
        Choice::new(role.as_str(), role.as_str(), true)
            .hint("The application does not know this role any more.")
    }));
    choices
}

// --- what is done there

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Roles {
    #[serde(default)]
    role: Vec<String>,
}

impl Roles {
    fn read(&self) -> Result<BTreeSet<RoleName>, Problem> {
        let parsed = self.role.iter().map(|role| role.parse::<RoleName>());
        let roles: Result<_, _> = parsed.collect();
        roles.map_err(|why| Problem::new("input.invalid").at("/roles", why.to_string()))
    }
}

async fn post_roles(
    Allow(permit): Allow<AssignRole>,
    State(room): State<Identity>,
    Path((tenant, id)): Path<(TenantId, MemberId)>,
    frame: Frame,
    Form(form): Form<Roles>,
) -> Result<Response, Problem> {
    let outcome = match form.read() {
        Ok(roles) => assign(&room, &permit, id, &RoleChange::Set(roles)).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match outcome {
        Ok(_) => Ok(done(tenant, id, "roles")),
        Err(problem) if is_about_the_form(&problem) => {
            let mut page = page(&room, &permit, id, frame, &Cursor::default()).await?;
            for choice in page.platform_roles.iter_mut().chain(&mut page.app_roles) {
                choice.chosen = form.role.contains(&choice.value);
            }
            page.wrong = problem.into();
            Ok(Page::again(page).into_response())
        }
        Err(problem) => Err(problem),
    }
}

async fn post_suspend(
    Allow(permit): Allow<ManageMember>,
    State(room): State<Identity>,
    Path((tenant, id)): Path<(TenantId, MemberId)>,
    frame: Frame,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    match suspend(&room, &permit, id).await {
        Ok(_) => Ok(done(tenant, id, "suspended")),
        Err(error) => again(&room, &permit, id, frame, error).await,
    }
}

async fn post_restore(
    Allow(permit): Allow<ManageMember>,
    State(room): State<Identity>,
    Path((tenant, id)): Path<(TenantId, MemberId)>,
    frame: Frame,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    match restore(&room, &permit, id).await {
        Ok(_) => Ok(done(tenant, id, "restored")),
        Err(error) => again(&room, &permit, id, frame, error).await,
    }
}

async fn post_remove(
    Allow(permit): Allow<ManageMember>,
    State(room): State<Identity>,
    Path((tenant, id)): Path<(TenantId, MemberId)>,
    frame: Frame,
    Form(Confirm { name }): Form<Confirm>,
) -> Result<Response, Problem> {
    let mut shown = page(&room, &permit, id, frame.clone(), &Cursor::default()).await?;
    if name.trim() != shown.name {
        shown.confirm_error = format!("Type {} exactly as it stands here.", shown.name);
        return Ok(Page::again(shown).into_response());
    }
    match remove(&room, &permit, id).await {
        Ok(()) => Ok(done(tenant, id, "removed")),
        Err(error) => again(&room, &permit, id, frame, error).await,
    }
}

/// A form with a button and nothing to fill in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirm {
    name: String,
}

/// Back to the page, so that loading it anew repeats nothing.
fn done(tenant: TenantId, id: MemberId, what: &str) -> Response {
    see_other(&format!("{}/{id}?done={what}", path_of(tenant)))
}

/// The page once more, with what was wrong.
async fn again(
    room: &Identity,
    permit: &Permit<ManageMember>,
    id: MemberId,
    frame: Frame,
    error: MemberError,
) -> Result<Response, Problem> {
    let problem = Problem::from(error);
    if !is_about_the_form(&problem) {
        return Err(problem);
    }
    let mut page = page(room, permit, id, frame, &Cursor::default()).await?;
    page.wrong = problem.into();
    Ok(Page::again(page).into_response())
}

/// Whether whoever sent the form can put it right there.
fn is_about_the_form(problem: &Problem) -> bool {
    problem.status().is_client_error() && problem.code() != "item.unknown"
}
