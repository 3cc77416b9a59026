//! The page on which a tenant is created, and the one that shows its one-time link.

use super::{PATH, labelled, path_of};
use crate::{
    Control,
    form::{self, Reading},
    invitation::Invitation,
    tenant::{
        Created, NewTenant, create,
        look::{Options, options},
    },
};
use access::{CreateTenant, ReadTenants};
use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::Standing;
use serde::Deserialize;
use web::{
    AllowOperator, Form, Frame, Hosts, Page, Problem, Routes, Surface,
    parts::{Choice, Wrong},
};

pub(super) fn routes() -> Routes<Control> {
    Routes::new()
        .on(Surface::Console)
        .get("/platform/tenants/new", show)
        .says("The form for a new tenant.")
        .post("/platform/tenants/new", post)
        .says("Creates a tenant, and shows the one-time link for its first admin.")
}

/// The form, as it was sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sent {
    name: String,
    slug: String,
    plan: String,
    deployment: String,
    standing: String,
    published: Option<String>,
}

impl Sent {
    fn read(&self) -> Result<NewTenant, Problem> {
        let mut form = Reading::new();
        let (name, slug) = (form.read("name", &self.name), form.read("slug", &self.slug));
        let plan = form.optional("plan", &self.plan);
        let deployment = form.optional("deployment", &self.deployment);
        let standing = form.read::<Standing>("standing", &self.standing);
        form.finish()?;
        match (name, slug, standing) {
            (Some(name), Some(slug), Some(standing)) => {
                let plain = NewTenant::named(slug, name);
                Ok(NewTenant { plan, deployment, standing, published: self.published.is_some(), ..plain })
            }
            _ => Err(Problem::internal("a form without a mistake has all its values")),
        }
    }
}

#[derive(Template)]
#[template(path = "tenant/new.html")]
struct NewPage {
    frame: Frame,
    sent: Sent,
    wrong: Wrong,
    slug_hint: String,
    plans: Vec<Choice>,
    deployments: Vec<Choice>,
    standings: Vec<Choice>,
    is_published: bool,
}

/// What a slug is for, at this installation.
pub(super) fn slug_hint(hosts: &Hosts) -> String {
    format!(
        "The first label of its address: <slug>.{}. Lower-case letters, digits and single hyphens.",
        hosts.base_domain
    )
}

fn page(room: &Control, frame: Frame, options: &Options, sent: Sent, wrong: Wrong) -> NewPage {
    let standings = [Standing::Active, Standing::Trial, Standing::Provisioning];
    NewPage {
        frame: frame.title("New tenant").under("Tenants", PATH),
        slug_hint: slug_hint(&room.web.hosts),
        plans: options.plans(&sent.plan),
        deployments: options.deployments(&sent.deployment),
        standings: standings.map(|standing| labelled(standing, sent.standing == standing.name())).into(),
        is_published: sent.published.is_some(),
        sent,
        wrong,
    }
}

impl Options {
    /// The plans to choose from.
    pub(super) fn plans(&self, chosen: &str) -> Vec<Choice> {
        let plans = self.plans.iter().map(|plan| (plan.id.to_string(), plan.name.to_string()));
        plans.map(|(id, name)| Choice::new(id.clone(), name, id == chosen)).collect()
    }

    /// The deployments to choose from.
    pub(super) fn deployments(&self, chosen: &str) -> Vec<Choice> {
        let all = self.deployments.iter().map(|deployment| {
            let empty = if deployment.upstreams.is_empty() { " (no backend yet)" } else { "" };
            (deployment.id.to_string(), format!("{}{empty}", deployment.name))
        });
        all.map(|(id, name)| Choice::new(id.clone(), name, id == chosen)).collect()
    }
}

async fn show(
    AllowOperator(permit): AllowOperator<ReadTenants>,
    State(room): State<Control>,
    frame: Frame,
) -> Result<Page<NewPage>, Problem> {
    let options = options(&room.store, &permit).await?;
    let blank = Sent { published: Some("on".into()), ..Sent::default() };
    Ok(Page::new(page(&room, frame, &options, blank, Wrong::nothing())))
}

async fn post(
    AllowOperator(permit): AllowOperator<CreateTenant>,
    State(room): State<Control>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let made = match sent.read() {
        Ok(new) => create(&room.store, &permit, &new, &room.terms).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match made {
        Ok(Created { tenant, invitation }) => {
            room.hear_tenant(tenant.id).await;
            let frame = frame.flash("good", format!("{} is created.", tenant.name));
            Ok((StatusCode::CREATED, invited(&room, frame, tenant.name.as_str(), &invitation))
                .into_response())
        }
        Err(problem) => {
            let wrong = form::again(problem)?;
            let options = options(&room.store, &permit).await?;
            Ok(Page::again(page(&room, frame, &options, sent, wrong)).into_response())
        }
    }
}

#[derive(Template)]
#[template(path = "tenant/invited.html")]
struct InvitedPage {
    frame: Frame,
    path: String,
    address: String,
    until: String,
    redirect_uri: String,
}

/// The page that shows a one-time link, this once.
pub(super) fn invited(room: &Control, frame: Frame, name: &str, invitation: &Invitation) -> Response {
    let path = path_of(invitation.tenant);
    Page::new(InvitedPage {
        frame: frame.title("One-time link").under("Tenants", PATH).under(name, path.clone()),
        address: invitation.link(&room.web.hosts),
        until: format!("It works once, until {}.", invitation.ends.words()),
        redirect_uri: invitation.redirect_uri(&room.web.hosts),
        path,
    })
    .into_response()
}
