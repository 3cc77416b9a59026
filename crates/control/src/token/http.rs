//! Operator tokens on the wire. The secret is in the answer that made it and in no other.

use super::{Rights, create, end, list};
use crate::Control;
use access::{ManageTokens, ReadPlatformSettings};
use axum::{extract::State, http::StatusCode, response::IntoResponse};
use domain::{DisplayName, TokenId, event::names};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{AllowOperator, Json, Listing, Paging, Path, Problem, Query, Routes};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .get("/v1/platform/tokens", list_some)
        .says("Lists operator tokens, the newest first, those that have ended included.")
        .asks::<Paging>()
        .answers::<Listing<Token>>(200)
        .post("/v1/platform/tokens", post)
        .says("Makes an operator token, whose secret is shown once. A token cannot make tokens.")
        .takes::<New>()
        .answers::<Made>(201)
        .delete("/v1/platform/tokens/{id}", delete)
        .says("Ends an operator token.")
        .answers::<Token>(200)
}

/// An operator token, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = OperatorToken)]
pub(crate) struct Token {
    /// Its id, by which the audit trail names it.
    id: String,
    /// Its name.
    name: String,
    /// `read` or `manage`.
    rights: &'static str,
    /// Who made it.
    created_by: String,
    /// When it was made.
    created_at: String,
    /// When it ends or ended.
    ends_at: String,
}

impl From<super::Token> for Token {
    fn from(token: super::Token) -> Self {
        Token {
            id: token.id.to_string(),
            name: token.name.to_string(),
            rights: token.rights.name(),
            created_by: token.created_by,
            created_at: token.created_at.to_string(),
            ends_at: token.ends_at.to_string(),
        }
    }
}

/// A token that was just made.
#[derive(Serialize, ToSchema)]
#[schema(as = MadeToken)]
pub(crate) struct Made {
    #[serde(flatten)]
    token: Token,
    /// What to present as `Authorization: Bearer …`. Shown only now.
    secret: String,
}

/// A token to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewToken)]
pub(crate) struct New {
    /// What it is for.
    #[schema(value_type = String)]
    name: DisplayName,
    /// `read`, to look at the platform, or `manage`, to change it too.
    rights: String,
    /// For how many days, 90 at most.
    days: u64,
}

async fn list_some(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listing<Token>>, Problem> {
    Ok(Json(list(&room.store, &permit, &paging.into()).await?.into()))
}

async fn post(
    AllowOperator(permit): AllowOperator<ManageTokens>,
    State(room): State<Control>,
    Json(New { name, rights, days }): Json<New>,
) -> Result<impl IntoResponse, Problem> {
    let rights: Rights = rights
        .parse()
        .map_err(|why: super::BadRight| Problem::new("input.invalid").at("/rights", why.to_string()))?;
    let made = create(&room.store, &permit, name, rights, days, &room.terms).await?;
    let secret = made.secret.reveal().clone();
    Ok((StatusCode::CREATED, Json(Made { token: made.token.into(), secret })))
}

async fn delete(
    AllowOperator(permit): AllowOperator<ManageTokens>,
    State(room): State<Control>,
    Path(id): Path<TokenId>,
) -> Result<Json<Token>, Problem> {
    let ended = end(&room.store, &permit, id).await?;
    room.hear_platform(names::TOKENS_CHANGED).await;
    Ok(Json(ended.into()))
}
