//! The operator's pages of plans.

use super::{Plan, PlanError, list, put, rows};
use crate::{
    Control,
    form::{self, Reading},
    landing::{Landing, land},
    words::grouped,
};
use access::{ChangePlatformSettings, ReadPlatformSettings};
use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{DisplayName, Limit, Limits, PlanId, event::names};
use serde::Deserialize;
use std::collections::BTreeMap;
use web::{
    AllowOperator, Form, Frame, Page, Path, Problem, Query, Routes, Surface,
    parts::{Column, Wrong},
};

const PATH: &str = "/platform/plans";

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .on(Surface::Console)
        .get(PATH, show_all)
        .says("All plans.")
        .get("/platform/plans/new", show_new)
        .says("The form for a new plan.")
        .post("/platform/plans/new", post_new)
        .says("Makes a plan.")
        .get("/platform/plans/{id}", show)
        .says("The form of one plan.")
        .post("/platform/plans/{id}", post_one)
        .says("Puts what a plan allows.")
}

/// The name of a limit as people read it: "Requests per second".
fn label(limit: Limit) -> String {
    let words = limit.name().replace('_', " ");
    format!("{}{}", words[..1].to_uppercase(), &words[1..])
}

// --- the list

struct Line {
    path: String,
    id: String,
    name: String,
    bounds: Vec<(String, String)>,
    entitlements: Vec<String>,
}

impl Line {
    fn of(plan: Plan) -> Self {
        let bound = |limit: Limit| match (limit.default_value(), plan.limits.of(limit)) {
            (0, 0) => (label(limit), "No limit".to_owned()),
            (_, bound) => (label(limit), grouped(bound)),
        };
        Line {
            path: format!("{PATH}/{}", plan.id),
            id: plan.id.to_string(),
            name: plan.name.to_string(),
            bounds: Limit::ALL.map(bound).into(),
            entitlements: plan.limits.entitlements.into_iter().collect(),
        }
    }
}

#[derive(Template)]
#[template(path = "plan/list.html")]
struct PlansPage {
    frame: Frame,
    columns: Vec<Column>,
    lines: Vec<Line>,
}

async fn show_all(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    Query(landing): Query<Landing>,
    frame: Frame,
) -> Result<Page<PlansPage>, Problem> {
    Ok(Page::new(PlansPage {
        frame: landing
            .tell(frame)
            .title("Plans")
            .describe("What tenants may have, and how much of it.")
            .link("New plan", "/platform/plans/new", "primary"),
        columns: vec![Column::new("Plan"), Column::new("Limits"), Column::new("Switched on")],
        lines: list(&room.store, &permit).await?.into_iter().map(Line::of).collect(),
    }))
}

// --- the form

/// The form, as it was sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Sent {
    name: String,
    entitlements: String,
    /// Everything else is a limit; one that means nothing is refused with the plan.
    #[serde(flatten)]
    bounds: BTreeMap<String, String>,
}

impl Sent {
    fn of(plan: &Plan) -> Self {
        let bounds = plan.limits.limits.iter().map(|(name, bound)| (name.clone(), bound.to_string()));
        let entitlements: Vec<&str> = plan.limits.entitlements.iter().map(String::as_str).collect();
        Sent { name: plan.name.to_string(), entitlements: entitlements.join("\n"), bounds: bounds.collect() }
    }

    fn read(&self) -> Result<(DisplayName, Limits), Problem> {
        let mut form = Reading::new();
        let name = form.read("name", &self.name);
        let mut limits = Limits::default();
        for (name, text) in self.bounds.iter().filter(|(_, text)| !text.trim().is_empty()) {
            match text.trim().parse::<u64>() {
                Ok(bound) => drop(limits.limits.insert(name.clone(), bound)),
                Err(_) => form.say(name, "give a whole number, or leave it empty"),
            }
        }
        let lines = self.entitlements.lines().map(str::trim).filter(|line| !line.is_empty());
        limits.entitlements = lines.map(str::to_owned).collect();
        form.finish()?;
        let name = name.ok_or_else(|| Problem::internal("a form without a mistake has all its values"))?;
        Ok((name, limits))
    }
}

struct Bound {
    name: &'static str,
    label: String,
    value: String,
    hint: String,
}

#[derive(Template)]
#[template(path = "plan/form.html")]
struct PlanPage {
    frame: Frame,
    title: String,
    path: String,
    sent: Sent,
    bounds: Vec<Bound>,
    fields: Vec<&'static str>,
    wrong: Wrong,
}

/// The form; `plan` is what it is about, if there is one already.
fn page(frame: Frame, plan: Option<&Plan>, sent: Sent, wrong: Wrong) -> PlanPage {
    let bound = |limit: Limit| Bound {
        name: limit.name(),
        label: label(limit),
        value: sent.bounds.get(limit.name()).cloned().unwrap_or_default(),
        hint: match limit.default_value() {
            0 => "Empty: no limit.".to_owned(),
            default => format!("Empty: {}.", grouped(default)),
        },
    };
    let title = plan.map_or("New plan".to_owned(), |plan| plan.name.to_string());
    PlanPage {
        frame: frame.title(title.clone()).under("Plans", PATH),
        path: plan.map_or(format!("{PATH}/new"), |plan| format!("{PATH}/{}", plan.id)),
        bounds: Limit::ALL.map(bound).into(),
        fields: ["name", "entitlements"].into_iter().chain(Limit::ALL.map(Limit::name)).collect(),
        title,
        sent,
        wrong,
    }
}

async fn show_new(_: AllowOperator<ReadPlatformSettings>, frame: Frame) -> Page<PlanPage> {
    Page::new(page(frame, None, Sent::default(), Wrong::nothing()))
}

async fn post_new(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let made = match sent.read() {
        Ok((name, limits)) => {
            // Putting a plan of that name would change the one there is, which is not what was asked.
            let taken = room.store.survey(&permit, async |tx| rows::find_by_name(tx, &name).await).await?;
            match taken {
                Some(_) => Err(PlanError::NameTaken.into()),
                None => put(&room.store, &permit, name, None, limits).await.map_err(Problem::from),
            }
        }
        Err(problem) => Err(problem),
    };
    match made {
        Ok(_) => Ok(land(PATH, "plan-saved")),
        Err(problem) => {
            let wrong = form::again(problem)?;
            Ok(Page::again(page(frame, None, sent, wrong)).into_response())
        }
    }
}

async fn show(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    Path(id): Path<PlanId>,
    frame: Frame,
) -> Result<Page<PlanPage>, Problem> {
    let plan = room.store.survey(&permit, async |tx| rows::find(tx, id).await).await?;
    let plan = plan.ok_or(Problem::new("item.unknown"))?;
    Ok(Page::new(page(frame, Some(&plan), Sent::of(&plan), Wrong::nothing())))
}

async fn post_one(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Path(id): Path<PlanId>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let plan = room.store.survey(&permit, async |tx| rows::find(tx, id).await).await?;
    let plan = plan.ok_or(Problem::new("item.unknown"))?;
    let saved = match sent.read() {
        Ok((name, limits)) => {
            put(&room.store, &permit, plan.name.clone(), Some(name), limits).await.map_err(Problem::from)
        }
        Err(problem) => Err(problem),
    };
    match saved {
        Ok(_) => {
            room.hear_platform(names::PLAN_CHANGED).await;
            Ok(land(PATH, "plan-saved"))
        }
        Err(problem) => {
            let wrong = form::again(problem)?;
            Ok(Page::again(page(frame, Some(&plan), sent, wrong)).into_response())
        }
    }
}
