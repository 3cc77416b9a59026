//! The operator's page of regions.

use super::{Place, http::named, list, put, remove};
use crate::{Control, deployment::Upstream, form::Reading, landing::tell, pages};
use access::{ChangePlatformSettings, OperatorPermit, ReadPlatformSettings};
use askama::Template;
use axum::{extract::State, response::Response};
use domain::Region;
use serde::Deserialize;
use web::{
    AllowOperator, Form, Frame, Page, Problem, Query, Routes, Surface,
    parts::{At, Column, Wrong},
};

const PATH: &str = "/platform/regions";

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .on(Surface::Console)
        .get(PATH, show)
        .says("Regions, and where their nodes listen.")
        .post(PATH, post)
        .says("Says where the nodes of a region listen.")
        .post("/platform/regions/remove", post_remove)
        .says("Takes a region away.")
}

/// The form, as it was sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sent {
    name: String,
    gateways: String,
}

impl Sent {
    fn read(&self) -> Result<(Region, Vec<Upstream>), Problem> {
        let mut form = Reading::new();
        let name = form.read::<Region>("name", &self.name);
        let lines = self.gateways.lines().map(str::trim).filter(|line| !line.is_empty());
        let gateways = lines.filter_map(|line| form.read::<Upstream>("gateways", line)).collect();
        form.finish()?;
        let name = name.ok_or_else(|| Problem::internal("a form without a mistake has all its values"))?;
        Ok((name, gateways))
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    done: String,
    /// The region that the form shows.
    edit: String,
}

struct Line {
    name: String,
    gateways: Vec<String>,
    deployments: Vec<(String, String)>,
    tenants: u64,
    needed: Option<At>,
}

impl From<Place> for Line {
    fn from(place: Place) -> Self {
        let text =
            |(id, name): (domain::DeploymentId, domain::DisplayName)| (id.to_string(), name.to_string());
        Line {
            name: place.name.to_string(),
            gateways: place.gateways.into_iter().map(String::from).collect(),
            deployments: place.deployments.into_iter().map(text).collect(),
            tenants: place.tenants,
            needed: place.needed_until.map(At::from),
        }
    }
}

#[derive(Template)]
#[template(path = "region/list.html")]
struct RegionsPage {
    frame: Frame,
    columns: Vec<Column>,
    lines: Vec<Line>,
    sent: Sent,
    wrong: Wrong,
}

fn page(frame: Frame, regions: Vec<Place>, sent: Sent, wrong: Wrong) -> RegionsPage {
    RegionsPage {
        frame: frame.title("Regions").describe(
            "Where the nodes of each region listen, so that a request that enters anywhere is answered where its \
             tenant is at home.",
        ),
        columns: vec![
            Column::new("Region"),
            Column::new("Its nodes listen at"),
            Column::new("Deployments"),
            Column::new("Tenants").of("number"),
            Column::new("What to do").of("acts"),
        ],
        lines: regions.into_iter().map(Line::from).collect(),
        sent,
        wrong,
    }
}

async fn show(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    Query(wanted): Query<Wanted>,
    frame: Frame,
) -> Result<Page<RegionsPage>, Problem> {
    let regions = list(&room.store, &permit).await?;
    let chosen = regions.iter().find(|place| place.name.as_str() == wanted.edit);
    let sent = chosen.map_or_else(Sent::default, |place| Sent {
        name: place.name.to_string(),
        gateways: place.gateways.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    });
    Ok(Page::new(page(tell(&wanted.done, frame), regions, sent, Wrong::nothing())))
}

/// On, or the page again with what is wrong.
async fn answer(
    room: &Control,
    permit: &OperatorPermit<ReadPlatformSettings>,
    frame: Frame,
    sent: Sent,
    done: Result<&'static str, Problem>,
) -> Result<Response, Problem> {
    let again = async |wrong| Ok(page(frame, list(&room.store, permit).await?, sent, wrong));
    pages::answer(PATH, done, again).await
}

async fn post(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    AllowOperator(reader): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let done = match sent.read() {
        Ok((name, gateways)) => put(&room.store, &permit, name, gateways).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    answer(&room, &reader, frame, sent, done.map(|()| "region-saved")).await
}

async fn post_remove(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    AllowOperator(reader): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    frame: Frame,
    Form(Named { name }): Form<Named>,
) -> Result<Response, Problem> {
    let done = remove(&room.store, &permit, &named(&name)?).await.map_err(Problem::from);
    answer(&room, &reader, frame, Sent::default(), done.map(|()| "region-removed")).await
}
