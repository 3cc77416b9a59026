//! Tenants on the wire.

use super::{Changes, Filter, NewTenant, Order, change, create, list, read, stand};
use crate::{Control, invitation::http::Invitation, region::lifetime_of};
use access::{ChangeTenant, CreateTenant, ReadTenants};
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::IntoResponse,
};
use domain::{Cursor, DeploymentId, DisplayName, NameError, PlanId, Slug, Standing, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{AllowOperator, Json, Listing, Path, Problem, Query, Routes};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .get("/v1/platform/tenants", list_some)
        .says("Lists tenants, by slug or the newest first.")
        .asks::<TenantQuery>()
        .answers::<Listing<Tenant>>(200)
        .post("/v1/platform/tenants", post)
        .says("Creates a tenant and the one-time link for its first admin. A slug that is taken is refused, so a repeated request makes no twin.")
        .takes::<New>()
        .answers::<Created>(201)
        .get("/v1/platform/tenants/{id}", show)
        .says("Shows a tenant.")
        .answers::<Tenant>(200)
        .patch("/v1/platform/tenants/{id}", patch)
        .says("Changes a tenant's name, slug, plan or deployment. A slug that is given up rests before others may have it.")
        .takes::<Change>()
        .answers::<Tenant>(200)
        .put("/v1/platform/tenants/{id}/standing", put_standing)
        .says("Changes how a tenant stands, for a reason that the tenant can read.")
        .takes::<Stand>()
        .answers::<Tenant>(200)
}

/// What narrows the list of tenants, and where it goes on.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenantQuery {
    /// The `next` of the page before; left out at the beginning.
    #[serde(default)]
    pub(super) after: String,
    /// How many at most, 1 to 200; 50 where nothing is said.
    pub(super) limit: Option<u32>,
    /// Only tenants that stand so, for example `suspended`.
    #[serde(default)]
    pub(super) standing: String,
    /// Only tenants whose slug or name holds this.
    #[serde(default)]
    pub(super) search: String,
    /// `slug`, or `newest` for the newest first.
    #[serde(default)]
    pub(super) order: String,
}

impl TenantQuery {
    /// What it says. A filter that is empty narrows nothing, because a form sends it so.
    pub(super) fn read(&self) -> Result<(Filter, Cursor), Problem> {
        let wrong = |field: &str, words: String| Problem::new("input.invalid").at(field, words);
        let standing = (!self.standing.is_empty()).then(|| self.standing.parse::<Standing>()).transpose();
        let standing = standing.map_err(|why| wrong("/standing", why.to_string()))?;
        let order = match self.order.as_str() {
            "" | "slug" => Order::Slug,
            "newest" => Order::Newest,
            _ => return Err(wrong("/order", "an order is `slug` or `newest`".into())),
        };
        let search = self.search.chars().take(100).collect();
        Ok((Filter { standing, search, order }, Cursor::new(self.after.clone(), self.limit)))
    }
}

/// A tenant's entry in the registry.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tenant {
    /// Its immutable id.
    id: String,
    /// Its slug, the first label of its address.
    slug: String,
    /// Its name for people.
    name: String,
    /// How it stands, for example `active`.
    standing: &'static str,
    /// Its plan's id.
    plan: String,
    /// Its plan's name.
    plan_name: String,
    /// Its deployment's id.
    deployment: String,
    /// Its deployment's name.
    deployment_name: String,
    /// Where its data and its people's profiles live.
    region: String,
    /// The number of its placement, which rises when it is hosted elsewhere.
    generation: i64,
    /// When it was created.
    created_at: String,
    /// When its entry last changed.
    changed_at: String,
}

impl From<super::Tenant> for Tenant {
    fn from(tenant: super::Tenant) -> Self {
        Tenant {
            id: tenant.id.to_string(),
            slug: tenant.slug.to_string(),
            name: tenant.name.to_string(),
            standing: tenant.standing.name(),
            plan: tenant.plan.to_string(),
            plan_name: tenant.plan_name.to_string(),
            deployment: tenant.deployment.to_string(),
            deployment_name: tenant.deployment_name.to_string(),
            region: tenant.region,
            generation: tenant.generation,
            created_at: tenant.created_at.to_string(),
            changed_at: tenant.changed_at.to_string(),
        }
    }
}

/// A tenant to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTenant)]
pub(crate) struct New {
    /// The first label of its address: 2 to 40 lower-case letters, digits and single hyphens.
    #[schema(value_type = String)]
    slug: Slug,
    /// Its name for people.
    #[schema(value_type = String)]
    name: DisplayName,
    /// How it stands at first: `active`, which is meant where nothing is said, `trial` or `provisioning`.
    standing: Option<String>,
    /// Its plan's id; the oldest plan where nothing is said.
    #[schema(value_type = Option<String>)]
    plan: Option<PlanId>,
    /// Its deployment's id; the oldest deployment where nothing is said.
    #[schema(value_type = Option<String>)]
    deployment: Option<DeploymentId>,
    /// Where its data and its people's profiles live; the installation's home region where nothing is said.
    region: Option<String>,
    /// Whether strangers may see its sign-in page; they may where nothing is said.
    published: Option<bool>,
}

impl New {
    fn read(self) -> Result<NewTenant, Problem> {
        let plain = NewTenant::named(self.slug, self.name);
        let standing = self.standing.map(|text| standing(&text)).transpose()?;
        let region = self.region.map(|text| text.parse()).transpose();
        let region = region.map_err(|why: NameError| Problem::new("input.invalid").at("/region", why.0))?;
        Ok(NewTenant {
            standing: standing.unwrap_or(plain.standing),
            plan: self.plan,
            deployment: self.deployment,
            region,
            published: self.published.unwrap_or(plain.published),
            ..plain
        })
    }
}

fn standing(text: &str) -> Result<Standing, Problem> {
    text.parse().map_err(|why: domain::standing::BadStanding| {
        Problem::new("input.invalid").at("/standing", why.to_string())
    })
}

/// A new tenant, and the one-time link by which its first admin comes in.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedTenant)]
pub(crate) struct Created {
    #[serde(flatten)]
    tenant: Tenant,
    /// The one-time link, shown only now.
    invitation: Invitation,
}

/// What is to be different; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TenantChange)]
pub(crate) struct Change {
    /// Another name.
    #[schema(value_type = Option<String>)]
    name: Option<DisplayName>,
    /// Another slug; the old one rests.
    #[schema(value_type = Option<String>)]
    slug: Option<Slug>,
    /// Another plan's id.
    #[schema(value_type = Option<String>)]
    plan: Option<PlanId>,
    /// Another deployment's id.
    #[schema(value_type = Option<String>)]
    deployment: Option<DeploymentId>,
}

/// How a tenant is to stand.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TenantStanding)]
pub(crate) struct Stand {
    /// `trial`, `active`, `read-only`, `maintenance`, `suspended` or `leaving`.
    standing: String,
    /// Why; the tenant can read it.
    reason: String,
}

async fn list_some(
    AllowOperator(permit): AllowOperator<ReadTenants>,
    State(room): State<Control>,
    Query(query): Query<TenantQuery>,
) -> Result<Json<Listing<Tenant>>, Problem> {
    let (filter, cursor) = query.read()?;
    Ok(Json(list(&room.store, &permit, &filter, &cursor).await?.into()))
}

async fn post(
    AllowOperator(permit): AllowOperator<CreateTenant>,
    State(room): State<Control>,
    Json(new): Json<New>,
) -> Result<impl IntoResponse, Problem> {
    let made = create(&room.store, &permit, &new.read()?, &room.terms).await?;
    room.hear_tenant(made.tenant.id).await;
    let place = HeaderValue::from_str(&format!("/v1/platform/tenants/{}", made.tenant.id));
    let place = place.expect("an id is letters and digits");
    let invitation = Invitation::of(&made.invitation, &room.web.hosts);
    let created = Created { tenant: made.tenant.into(), invitation };
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(created)))
}

async fn show(
    AllowOperator(permit): AllowOperator<ReadTenants>,
    State(room): State<Control>,
    Path(id): Path<TenantId>,
) -> Result<Json<Tenant>, Problem> {
    Ok(Json(read(&room.store, &permit, id).await?.into()))
}

async fn patch(
    AllowOperator(permit): AllowOperator<ChangeTenant>,
    State(room): State<Control>,
    Path(id): Path<TenantId>,
    Json(Change { name, slug, plan, deployment }): Json<Change>,
) -> Result<Json<Tenant>, Problem> {
    let lifetime = lifetime_of(&room, &permit, id, deployment).await?;
    let changes = Changes { name, slug, plan, deployment, lifetime };
    let changed = change(&room.store, &permit, id, &changes, &room.terms).await?;
    room.hear_tenant(id).await;
    Ok(Json(changed.into()))
}

async fn put_standing(
    AllowOperator(permit): AllowOperator<ChangeTenant>,
    State(room): State<Control>,
    Path(id): Path<TenantId>,
    Json(body): Json<Stand>,
) -> Result<Json<Tenant>, Problem> {
    let changed = stand(&room.store, &permit, id, standing(&body.standing)?, &body.reason).await?;
    room.hear_tenant(id).await;
    Ok(Json(changed.into()))
}
