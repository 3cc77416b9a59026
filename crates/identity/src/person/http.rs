//! The central entry page, and signing out of `id.` and of the console.

use crate::{
    Identity,
    asked::Asked,
    oauth::ended,
    parting::{self, Slip, go_on},
    person::{self, Host, find, list, pages},
    routes::{query, with_cookies},
    sign_in::leave::Whither,
};
use access::{EndPersonSession, ReadOwnTenants, Refusal};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{Digest, ReturnPath, TenantId};
use serde::{Deserialize, Serialize};
use web::{
    AllowPerson, Form, FormToken, HostKind, Json, Open, Plain, Problem, Routes, SIGN_OUT, Surface,
    limit::Limited,
    open::Home,
    sign_in::{For, link, see_other},
};

pub(crate) fn routes() -> Routes<Identity> {
    let routes = Routes::new()
        .on(Surface::Id)
        .get("/", home)
        .says("Shows one's own organisations, or the way to one.")
        .on(Surface::Console)
        .get("/", front)
        .says("Leads to one's own organisations.");
    [Surface::Id, Surface::Console].into_iter().fold(routes, |routes, surface| {
        routes
            .on(surface)
            .get(SIGN_OUT, ask)
            .says("Asks whether to sign out.")
            .post(SIGN_OUT, leave)
            .says("Ends the person's session.")
    })
}

/// The console has no front page of its own: which organisation's console is meant is chosen at `id.`.
async fn front(_: Open<Home>, State(room): State<Identity>) -> Response {
    see_other(&format!("{}/", room.web.hosts.id))
}

#[derive(Deserialize)]
struct Entry {
    organisation: Option<String>,
    #[serde(rename = "for")]
    whither: Option<Whither>,
    #[serde(rename = "return")]
    back: Option<String>,
    bind: Option<String>,
}

/// Where the console sent somebody from who did not say which organisation: they go back there.
pub(crate) struct FromConsole {
    pub(crate) back: ReturnPath,
    pub(crate) bind: Digest,
}

impl Entry {
    fn way_back(&self) -> Option<FromConsole> {
        self.whither.filter(|whither| *whither == Whither::Console)?;
        let back = self.back.as_deref().and_then(|back| back.parse().ok());
        let bind = Digest::parse(self.bind.as_deref()?)?;
        Some(FromConsole { back: back.unwrap_or_else(ReturnPath::root), bind })
    }
}

impl FromConsole {
    /// The way into `tenant`.
    pub(crate) fn to(&self, room: &Identity, tenant: TenantId) -> String {
        link(&room.web, Some(tenant), For::Console, &self.back, &self.bind)
    }
}

async fn home(
    _: Open<Home>,
    State(room): State<Identity>,
    plain: Plain,
    asked: Asked,
) -> Result<Response, Problem> {
    let entry: Entry = query(&asked.uri)?;
    let known = room.web.warden.person::<ReadOwnTenants>(&asked.presented.credential, asked.origin).await;
    let own = match known {
        Ok(permit) => Some(list(&room, &permit, &asked.presented.credential, asked.origin).await?),
        Err(Refusal::SignInNeeded) => None,
        Err(refusal) => return Err(refusal.into()),
    };
    if !asked.reads_pages {
        let own = own.ok_or(Refusal::SignInNeeded)?;
        return Ok(Json(own.iter().map(OwnView::from).collect::<Vec<_>>()).into_response());
    }
    let sought = match entry.organisation.as_deref().filter(|text| !text.trim().is_empty()) {
        Some(text) => {
            asked.count(&room, Limited::SignInStart, None)?;
            Some(pages::Sought { found: find(&room, text).await?, text: text.chars().take(120).collect() })
        }
        None => None,
    };
    Ok(pages::home(plain, &room, own, sought, entry.way_back()))
}

/// One of a person's organisations.
#[derive(Serialize)]
struct OwnView {
    id: String,
    slug: String,
    name: String,
    /// Whether the session opens it without a further sign-in.
    open: bool,
    /// Where to go.
    switch: String,
}

impl From<&person::Own> for OwnView {
    fn from(own: &person::Own) -> Self {
        let record = &own.tenant.record;
        OwnView {
            id: record.id.to_string(),
            slug: record.slug.to_string(),
            name: record.name.to_string(),
            open: own.is_open,
            switch: format!("/t/{}/switch", record.id),
        }
    }
}

async fn ask(_: AllowPerson<ReadOwnTenants>, plain: Plain, FormToken(token): FormToken) -> Response {
    pages::ask(plain, token)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignOut {
    everywhere: Option<String>,
}

async fn leave(
    AllowPerson(permit): AllowPerson<EndPersonSession>,
    State(room): State<Identity>,
    plain: Plain,
    asked: Asked,
    Form(form): Form<SignOut>,
) -> Result<Response, Problem> {
    let provider = permit.session().map(|session| session.provider);
    match (form.everywhere, permit.session()) {
        (None, Some(session)) => person::end(&room, &permit, session.digest).await?,
        _ => person::end_everywhere(&room, &permit).await?,
    }
    ended::with_sessions(&room, &permit).await?;
    let jar = room.web.jar();
    if let (HostKind::Console, Some(provider), Some(house)) = (asked.kind, provider, room.web.warden.house())
    {
        let to = Slip::address(&room, house.record.id, (Whither::Console, None), permit.user(), provider);
        return Ok(with_cookies(go_on(plain, &asked, &to), [jar.remove(Host::Console.cookie())]));
    }
    let page = parting::gone(plain, "/".to_owned(), None);
    Ok(with_cookies(page, [jar.remove(Host::Id.cookie())]))
}
