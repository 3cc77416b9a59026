//! The page on which an admin says how the organisation's pages look.

use super::{
    Look, change,
    http::{MOST_BODY, Sent},
    read,
};
use crate::{Control, landing::Landing, pages::answer};
use access::{ChangeSettings, Permit, ReadSettings, TenantAction};
use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use web::{Allow, Form, Frame, Page, Problem, Query, Routes, Surface, parts::Wrong};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .on(Surface::Console)
        .get("/t/{tenant}/brand", show)
        .says("How the organisation's pages look.")
        .post("/t/{tenant}/brand", post)
        .says("Changes how the organisation's pages look.")
}

/// The form, as it was sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Typed {
    colour: String,
    greeting: String,
    help: String,
    always_shown: Option<String>,
    /// A picture in base64, or nothing.
    logo: String,
    no_logo: Option<String>,
}

impl Typed {
    fn of(look: &Look) -> Self {
        let brand = look.brand.as_ref();
        let text = |told: Option<&str>| told.unwrap_or_default().to_owned();
        Typed {
            colour: text(brand.and_then(|brand| brand.colour.as_ref()).map(AsRef::as_ref)),
            greeting: text(brand.and_then(|brand| brand.greeting.as_ref()).map(AsRef::as_ref)),
            help: text(brand.and_then(|brand| brand.help.as_ref()).map(AsRef::as_ref)),
            always_shown: brand.filter(|brand| brand.always_shown).map(|_| "on".to_owned()),
            logo: String::new(),
            no_logo: None,
        }
    }

    fn sent(&self) -> Sent {
        let logo = match (&self.no_logo, self.logo.trim()) {
            (Some(_), _) => Some(String::new()),
            (None, "") => None,
            (None, text) => Some(text.to_owned()),
        };
        Sent {
            colour: Some(self.colour.clone()),
            greeting: Some(self.greeting.clone()),
            help: Some(self.help.clone()),
            always_shown: Some(self.always_shown.is_some()),
            logo,
        }
    }
}

#[derive(Template)]
#[template(path = "brand/show.html")]
struct BrandPage {
    frame: Frame,
    path: String,
    typed: Typed,
    is_always_shown: bool,
    /// Where the sign-in and the sign-up page are.
    sign_in: String,
    sign_up: String,
    has_logo: bool,
    wrong: Wrong,
}

fn page<A: TenantAction>(
    room: &Control,
    permit: &Permit<A>,
    frame: Frame,
    typed: Typed,
    wrong: Wrong,
) -> Result<BrandPage, Problem> {
    let tenant = permit.caller().tenant();
    let tenant = tenant.ok_or_else(|| Problem::internal("a permit of a request came without its tenant"))?;
    let record = &tenant.record;
    let origin = room.web.hosts.tenant_origin(&record.slug);
    Ok(BrandPage {
        frame: frame.title("Look").describe("How your pages look to those who sign in."),
        path: format!("/t/{}/brand", record.id),
        is_always_shown: typed.always_shown.is_some(),
        sign_in: format!("{origin}/.partywall/sign-in"),
        sign_up: format!("{origin}/.partywall/sign-up"),
        typed,
        has_logo: record.brand.as_ref().is_some_and(|brand| brand.logo.is_some()),
        wrong,
    })
}

async fn show(
    Allow(permit): Allow<ReadSettings>,
    State(room): State<Control>,
    Query(landing): Query<Landing>,
    frame: Frame,
) -> Result<Page<BrandPage>, Problem> {
    let look = read(&room.store, &permit).await?;
    page(&room, &permit, landing.tell(frame), Typed::of(&look), Wrong::nothing()).map(Page::new)
}

async fn post(
    Allow(permit): Allow<ChangeSettings>,
    State(room): State<Control>,
    frame: Frame,
    Form(typed): Form<Typed, MOST_BODY>,
) -> Result<Response, Problem> {
    let done = async {
        change(&room.store, &permit, &typed.sent().read()?).await?;
        room.hear_tenant(permit.tenant_id()).await;
        Ok("saved")
    };
    let done = done.await;
    answer(&format!("/t/{}/brand", permit.tenant_id()), done, async |wrong| {
        // What was chosen is not sent back: a picture is chosen once more.
        let typed = Typed { logo: String::new(), ..typed };
        page(&room, &permit, frame, typed, wrong)
    })
    .await
}
