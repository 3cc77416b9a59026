//! How an organisation's pages look, on the wire.

use super::{Changes, LogoChange, Look, MOST_LOGO, change, read, rows};
use crate::{Control, form::Reading};
use access::{Brand, ChangeSettings, Permit, Picture, ReadBrand, ReadSettings, Refusal};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::Response,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::TenantId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Allow, Json, Path, Problem, Routes, Surface};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .get("/v1/tenants/{tenant}/brand", show)
        .says("Shows how the tenant's pages look.")
        .answers::<View>(200)
        .patch("/v1/tenants/{tenant}/brand", patch)
        .says("Changes how the tenant's pages look.")
        .takes::<Sent>()
        .answers::<View>(200)
}

/// How a tenant's pages look.
#[derive(Serialize, ToSchema)]
#[schema(as = Brand)]
struct View {
    /// `#` and six hexadecimal digits.
    colour: Option<String>,
    /// What the sign-in page says.
    greeting: Option<String>,
    /// Where somebody finds help who cannot sign in.
    help: Option<String>,
    /// Whether the sign-in page is shown even where there is only one way in.
    always_shown: bool,
    /// The media type of the logo.
    logo: Option<&'static str>,
    /// Where the logo is.
    logo_url: Option<String>,
    /// When that or another setting last changed.
    changed_at: String,
}

impl View {
    fn of(room: &Control, tenant: TenantId, Look { brand, changed_at }: Look) -> Self {
        let text = |told: Option<&str>| told.map(str::to_owned);
        let brand = brand.as_ref();
        View {
            colour: text(brand.and_then(|brand| brand.colour.as_ref()).map(AsRef::as_ref)),
            greeting: text(brand.and_then(|brand| brand.greeting.as_ref()).map(AsRef::as_ref)),
            help: text(brand.and_then(|brand| brand.help.as_ref()).map(AsRef::as_ref)),
            always_shown: brand.is_some_and(|brand| brand.always_shown),
            logo: brand.and_then(|brand| brand.logo).map(Picture::media),
            logo_url: brand.and_then(|brand| logo_at(room, tenant, brand)),
            changed_at: changed_at.to_string(),
        }
    }
}

/// What is to be different; what is left out stays, and an empty text takes away.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BrandChange)]
pub(super) struct Sent {
    /// `#` and six hexadecimal digits, dark enough for white letters.
    pub(super) colour: Option<String>,
    /// Up to 300 characters of plain text.
    pub(super) greeting: Option<String>,
    /// An address that begins with `https://` or `mailto:`.
    pub(super) help: Option<String>,
    /// Whether the sign-in page is shown even where there is only one way in.
    pub(super) always_shown: Option<bool>,
    /// A PNG, JPEG or WebP of at most 40 KiB, in base64.
    pub(super) logo: Option<String>,
}

impl Sent {
    /// The changes, or what is wrong with each field.
    pub(super) fn read(&self) -> Result<Changes, Problem> {
        let mut form = Reading::new();
        let changes = Changes {
            colour: field(&mut form, "colour", self.colour.as_deref()),
            greeting: field(&mut form, "greeting", self.greeting.as_deref()),
            help: field(&mut form, "help", self.help.as_deref()),
            always_shown: self.always_shown,
            logo: match self.logo.as_deref().map(str::trim) {
                None => LogoChange::Keep,
                Some("") => LogoChange::Remove,
                Some(text) => match BASE64_STANDARD.decode(text) {
                    Ok(bytes) => LogoChange::Set(bytes),
                    Err(_) => {
                        form.say("logo", "give the picture in base64");
                        LogoChange::Keep
                    }
                },
            },
        };
        form.finish().map(|()| changes)
    }
}

fn field<T: std::str::FromStr<Err: std::fmt::Display>>(
    form: &mut Reading,
    name: &'static str,
    text: Option<&str>,
) -> Option<Option<T>> {
    text.map(|text| form.optional(name, text))
}

async fn show(
    Allow(permit): Allow<ReadSettings>,
    State(room): State<Control>,
) -> Result<Json<View>, Problem> {
    let look = read(&room.store, &permit).await?;
    Ok(Json(View::of(&room, permit.tenant_id(), look)))
}

/// Room for a logo in base64, and the rest.
pub(super) const MOST_BODY: usize = MOST_LOGO * 3;

async fn patch(
    Allow(permit): Allow<ChangeSettings>,
    State(room): State<Control>,
    Json(sent): Json<Sent, MOST_BODY>,
) -> Result<Json<View>, Problem> {
    let look = change(&room.store, &permit, &sent.read()?).await?;
    room.hear_tenant(permit.tenant_id()).await;
    Ok(Json(View::of(&room, permit.tenant_id(), look)))
}

/// The files that the pages fetch, at addresses that nobody can guess and that change with what is there.
pub(crate) fn files() -> Routes<Control> {
    Routes::new()
        .on(Surface::Tenant)
        .get("/.partywall/brand/{mark}/{file}", at_tenant)
        .says("The colour or the logo of the tenant's pages.")
        .on(Surface::Id)
        .get("/t/{tenant}/brand/{mark}/{file}", at_id)
        .says("The colour or the logo of a tenant's pages.")
}

async fn at_tenant(
    Allow(permit): Allow<ReadBrand>,
    State(room): State<Control>,
    Path((mark, file)): Path<(String, String)>,
) -> Result<Response, Problem> {
    serve(&room, &permit, &mark, &file).await
}

async fn at_id(
    Allow(permit): Allow<ReadBrand>,
    State(room): State<Control>,
    Path((_, mark, file)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    serve(&room, &permit, &mark, &file).await
}

/// Who does not know the mark is told what they would be told if there were no such tenant.
async fn serve(
    room: &Control,
    permit: &Permit<ReadBrand>,
    mark: &str,
    file: &str,
) -> Result<Response, Problem> {
    let nothing = || Problem::from(Refusal::NoSuchTenant);
    let tenant = permit.caller().tenant().ok_or_else(nothing)?;
    let brand = tenant.record.brand.as_deref().filter(|brand| *brand.mark == *mark).ok_or_else(nothing)?;
    match (file, &brand.colour, brand.logo) {
        ("colour.css", Some(colour), _) => Ok(kept(
            format!(".plain, .plain .monogram {{ --brand: {colour}; }}\n"),
            "text/css; charset=utf-8",
        )),
        ("logo", _, Some(kind)) => {
            let bytes = room.store.read(permit, async |tx| rows::logo(tx).await).await?;
            bytes.map(|bytes| kept(bytes, kind.media())).ok_or_else(nothing)
        }
        _ => Err(nothing()),
    }
}

fn kept(body: impl Into<Body>, media: &'static str) -> Response {
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    let keep = "public, max-age=31536000, immutable";
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    response
}

/// Where a tenant's logo is at `id.`, for its admins.
fn logo_at(room: &Control, tenant: TenantId, brand: &Brand) -> Option<String> {
    brand.logo.map(|_| format!("{}/t/{tenant}/brand/{}/logo", room.web.hosts.id, brand.mark))
}
