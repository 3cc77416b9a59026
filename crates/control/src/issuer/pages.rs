//! The operator's page of issuers: who is believed about whom, how their keys stand, and why a token is believed or
//! not.

use super::{Issuer, TokenStep, list, remove};
use crate::{Control, landing::land};
use access::{ChangePlatformSettings, OperatorAction, OperatorPermit, ReadPlatformSettings};
use askama::Template;
use axum::{extract::State, response::Response};
use domain::{BoundTo, IssuerId, TenantFrom};
use serde::Deserialize;
use store::StoreError;
use web::{
    AllowOperator, Form, Frame, Page, Problem, Query, Routes, Surface,
    parts::{At, Column},
};

const PATH: &str = "/platform/issuers";

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .on(Surface::Console)
        .get(PATH, show)
        .says("The issuers whose bearer tokens are believed.")
        .post("/platform/issuers/test", post_test)
        .says("Says step by step what becomes of a token.")
        .post("/platform/issuers/remove", post_remove)
        .says("Removes an issuer.")
}

/// An issuer as the page shows it.
struct Line {
    id: String,
    issuer: String,
    audiences: String,
    /// What names the tenant.
    tenant: String,
    /// For whom it speaks.
    bound: String,
    keys: usize,
    fetched: Option<At>,
    failure: String,
}

impl Line {
    fn of(room: &Control, issuer: Issuer) -> Self {
        let keys = room.judge.standing(issuer.id);
        let rules = issuer.rules;
        Line {
            id: issuer.id.to_string(),
            issuer: rules.issuer,
            audiences: rules.audiences.join(", "),
            tenant: match rules.tenant_from {
                TenantFrom::Claim(claim) => format!("by the claim {claim}"),
                TenantFrom::Users(claim) => {
                    format!("by the claim {claim} and {} assigned users", issuer.users)
                }
            },
            bound: match rules.tenants {
                BoundTo::All => "every tenant".to_owned(),
                BoundTo::These(tenants) if tenants.len() == 1 => "one tenant".to_owned(),
                BoundTo::These(tenants) => format!("{} tenants", tenants.len()),
            },
            keys: keys.usable,
            fetched: keys.fetched.map(At::from),
            failure: keys.failure.unwrap_or_default(),
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    done: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sent {
    token: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    id: String,
}

#[derive(Template)]
#[template(path = "issuer/list.html")]
struct IssuersPage {
    frame: Frame,
    columns: Vec<Column>,
    lines: Vec<Line>,
    steps: Vec<TokenStep>,
}

async fn page<A: OperatorAction>(
    room: &Control,
    permit: &OperatorPermit<A>,
    frame: Frame,
    steps: Vec<TokenStep>,
) -> Result<Page<IssuersPage>, StoreError> {
    let issuers = list(&room.store, permit).await?;
    Ok(Page::new(IssuersPage {
        frame: frame.title("Token issuers").describe(
            "Whose bearer tokens the gateway believes, about which tenants, and how their keys stand here.",
        ),
        columns: vec![
            Column::new("Issuer"),
            Column::new("Names the tenant"),
            Column::new("Speaks for"),
            Column::new("Keys"),
            Column::new("What to do").of("acts"),
        ],
        lines: issuers.into_iter().map(|issuer| Line::of(room, issuer)).collect(),
        steps,
    }))
}

async fn show(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    Query(wanted): Query<Wanted>,
    frame: Frame,
) -> Result<Page<IssuersPage>, Problem> {
    let frame = crate::landing::tell(&wanted.done, frame);
    Ok(page(&room, &permit, frame, Vec::new()).await?)
}

async fn post_test(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    frame: Frame,
    Form(Sent { token }): Form<Sent>,
) -> Result<Page<IssuersPage>, Problem> {
    let steps = room.judge.explain(&token);
    Ok(page(&room, &permit, frame, steps).await?)
}

async fn post_remove(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Form(Named { id }): Form<Named>,
) -> Result<Response, Problem> {
    let id: IssuerId = id.parse().map_err(|_| Problem::new("item.unknown"))?;
    remove(&room, &permit, id).await?;
    Ok(land(PATH, "issuer-removed"))
}
