//! The operator's page of one tenant, and what is done there.

use super::{
    PATH, labelled,
    new::{invited, slug_hint},
    path_of,
};
use crate::{
    Control,
    form::{self, Reading},
    hostname, invitation,
    landing::{Landing, land},
    region::lifetime_of,
    tenant::{
        Changes, Tenant, change,
        look::{Look, look},
        may_become, stand,
    },
};
use access::{ChangeTenant, OperatorPermit, ReadTenants, RenewInvitation};
use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{Hostname, Standing, TenantId};
use serde::Deserialize;
use std::time::Duration;
use web::{
    AllowOperator, Form, Frame, Page, Path, Problem, Query, Routes, Surface,
    parts::{At, Choice, Column, Wrong},
};

pub(super) fn routes() -> Routes<Control> {
    Routes::new()
        .on(Surface::Console)
        .get("/platform/tenants/{id}", show)
        .says("One tenant.")
        .post("/platform/tenants/{id}", post_change)
        .says("Changes a tenant's entry.")
        .post("/platform/tenants/{id}/hostnames", post_hostname)
        .says("Gives a tenant a hostname.")
        .post("/platform/tenants/{id}/hostnames/remove", post_remove_hostname)
        .says("Takes a hostname from a tenant.")
        .post("/platform/tenants/{id}/invitation", post_invitation)
        .says("Makes a new one-time link for a tenant that has no admin yet, and shows it.")
        .post("/platform/tenants/{id}/standing", post_standing)
        .says("Changes how a tenant stands.")
}

struct Own {
    host: String,
    since: At,
}

#[derive(Template)]
#[template(path = "tenant/show.html")]
struct TenantPage {
    frame: Frame,
    path: String,
    id: String,
    slug: String,
    is_house: bool,
    origin: String,
    region: String,
    generation: i64,
    created: At,
    changed: At,
    sent: Entry,
    slug_hint: String,
    plans: Vec<Choice>,
    deployments: Vec<Choice>,
    host_columns: Vec<Column>,
    hostnames: Vec<Own>,
    host: String,
    /// How many answers there were lately, and how long they took.
    times: Option<(u64, [String; 3])>,
    has_admin: bool,
    open_until: Option<At>,
    next_standings: Vec<Choice>,
    reason: String,
    wrong: Wrong,
}

/// The form of a tenant's entry, as it was sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Entry {
    name: String,
    slug: String,
    plan: String,
    deployment: String,
}

impl Entry {
    fn of(tenant: &Tenant) -> Self {
        Entry {
            name: tenant.name.to_string(),
            slug: tenant.slug.to_string(),
            plan: tenant.plan.to_string(),
            deployment: tenant.deployment.to_string(),
        }
    }

    fn read(&self) -> Result<Changes, Problem> {
        let mut form = Reading::new();
        let changes = Changes {
            name: form.read("name", &self.name),
            // The house's page has no such field.
            slug: form.optional("slug", &self.slug),
            plan: form.optional("plan", &self.plan),
            deployment: form.optional("deployment", &self.deployment),
            lifetime: Duration::ZERO,
        };
        form.finish().map(|()| changes)
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Host {
    host: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stand {
    standing: String,
    reason: String,
    confirm: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

fn page(room: &Control, frame: Frame, Look { tenant, hostnames, invitations, options }: Look) -> TenantPage {
    let sent = Entry::of(&tenant);
    let own = |own: hostname::OwnHostname| Own { host: own.host.to_string(), since: own.since.into() };
    let next = if tenant.is_house() { &[] } else { may_become(tenant.standing) };
    TenantPage {
        frame: frame.title(tenant.name.as_str()).under("Tenants", PATH).standing(tenant.standing),
        path: path_of(tenant.id),
        id: tenant.id.to_string(),
        slug: tenant.slug.to_string(),
        is_house: tenant.is_house(),
        origin: room.web.hosts.tenant_origin(&tenant.slug),
        region: tenant.region,
        generation: tenant.generation,
        created: tenant.created_at.into(),
        changed: tenant.changed_at.into(),
        slug_hint: slug_hint(&room.web.hosts),
        plans: options.plans(&sent.plan),
        deployments: options.deployments(&sent.deployment),
        host_columns: vec![
            Column::new("Hostname"),
            Column::new("Since").of("time"),
            Column::new("What to do").of("acts"),
        ],
        hostnames: hostnames.into_iter().map(own).collect(),
        host: String::new(),
        times: (room.times_of)(tenant.id).map(|times| (times.answers, times.shown())),
        has_admin: invitations.used,
        open_until: invitations.open_until.map(At::from),
        next_standings: next.iter().map(|standing| labelled(*standing, false)).collect(),
        reason: String::new(),
        wrong: Wrong::nothing(),
        sent,
    }
}

async fn show(
    AllowOperator(permit): AllowOperator<ReadTenants>,
    State(room): State<Control>,
    Path(id): Path<TenantId>,
    Query(landing): Query<Landing>,
    frame: Frame,
) -> Result<Page<TenantPage>, Problem> {
    let look = look(&room.store, &permit, id).await?;
    Ok(Page::new(page(&room, landing.tell(frame), look)))
}

/// The page once more, with what was wrong; `fill` puts back what was sent.
async fn again(
    room: &Control,
    permit: &OperatorPermit<ChangeTenant>,
    id: TenantId,
    frame: Frame,
    problem: Problem,
    fill: impl FnOnce(&mut TenantPage),
) -> Result<Response, Problem> {
    let wrong = form::again(problem)?;
    let look = look(&room.store, permit, id).await?;
    let mut page = page(room, frame, look);
    fill(&mut page);
    Ok(Page::again(TenantPage { wrong, ..page }).into_response())
}

async fn post_change(
    AllowOperator(permit): AllowOperator<ChangeTenant>,
    State(room): State<Control>,
    Path(id): Path<TenantId>,
    frame: Frame,
    Form(sent): Form<Entry>,
) -> Result<Response, Problem> {
    let changed = match sent.read() {
        Ok(changes) => {
            let lifetime = lifetime_of(&room, &permit, id, changes.deployment).await?;
            let changes = Changes { lifetime, ..changes };
            change(&room.store, &permit, id, &changes, &room.terms).await.map_err(Problem::from)
        }
        Err(problem) => Err(problem),
    };
    match changed {
        Ok(_) => {
            room.hear_tenant(id).await;
            Ok(land(&path_of(id), "saved"))
        }
        Err(problem) => {
            let fill = |page: &mut TenantPage| {
                page.plans.iter_mut().for_each(|choice| choice.chosen = choice.value == sent.plan);
                page.deployments
                    .iter_mut()
                    .for_each(|choice| choice.chosen = choice.value == sent.deployment);
                page.sent = sent;
            };
            again(&room, &permit, id, frame, problem, fill).await
        }
    }
}

async fn post_hostname(
    AllowOperator(permit): AllowOperator<ChangeTenant>,
    State(room): State<Control>,
    Path(id): Path<TenantId>,
    frame: Frame,
    Form(sent): Form<Host>,
) -> Result<Response, Problem> {
    let mut form = Reading::new();
    let host = form.read::<Hostname>("host", &sent.host);
    let added = match (host, form.finish()) {
        (Some(host), Ok(())) => {
            hostname::add(&room.store, &permit, id, &host, &room.reserved).await.map_err(Problem::from)
        }
        (_, wrong) => wrong,
    };
    match added {
        Ok(()) => {
            room.hear_tenant(id).await;
            Ok(land(&path_of(id), "hostname-added"))
        }
        Err(problem) => again(&room, &permit, id, frame, problem, |page| page.host = sent.host).await,
    }
}

async fn post_remove_hostname(
    AllowOperator(permit): AllowOperator<ChangeTenant>,
    State(room): State<Control>,
    Path(id): Path<TenantId>,
    Form(sent): Form<Host>,
) -> Result<Response, Problem> {
    let host: Hostname = sent.host.parse().map_err(|_| Problem::new("item.unknown"))?;
    hostname::remove(&room.store, &permit, id, &host, &room.terms).await?;
    room.hear_tenant(id).await;
    Ok(land(&path_of(id), "hostname-removed"))
}

async fn post_invitation(
    AllowOperator(permit): AllowOperator<RenewInvitation>,
    State(room): State<Control>,
    Path(id): Path<TenantId>,
    frame: Frame,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let made = invitation::renew(&room.store, &permit, id, &room.terms).await?;
    let known = room.web.warden.tenants().by_id(id);
    let name = known.map(|tenant| tenant.record.name.to_string()).unwrap_or_else(|| id.to_string());
    Ok(invited(&room, frame, &name, &made))
}

async fn post_standing(
    AllowOperator(permit): AllowOperator<ChangeTenant>,
    State(room): State<Control>,
    Path(id): Path<TenantId>,
    frame: Frame,
    Form(sent): Form<Stand>,
) -> Result<Response, Problem> {
    let slug = look(&room.store, &permit, id).await?.tenant.slug;
    let mut form = Reading::new();
    let to = form.read::<Standing>("standing", &sent.standing);
    if sent.confirm.trim() != slug.as_str() {
        form.say("confirm", format!("type {slug} exactly as it stands here"));
    }
    let changed = match (to, form.finish()) {
        (Some(to), Ok(())) => {
            stand(&room.store, &permit, id, to, &sent.reason).await.map(drop).map_err(Problem::from)
        }
        (_, wrong) => wrong,
    };
    match changed {
        Ok(()) => {
            room.hear_tenant(id).await;
            Ok(land(&path_of(id), "standing-changed"))
        }
        Err(problem) => {
            let fill = |page: &mut TenantPage| {
                page.next_standings
                    .iter_mut()
                    .for_each(|choice| choice.chosen = choice.value == sent.standing);
                page.reason = sent.reason;
            };
            again(&room, &permit, id, frame, problem, fill).await
        }
    }
}
