//! Where one-time links lead.

use crate::{
    Identity,
    asked::Asked,
    invitation::{
        self, pages, rows,
        set_up::{self, Registration},
    },
    routes::query,
    sign_in::{Authentication, ConnectionStanding, choose, http::depart, pending::Aim},
    state::tenant_of,
};
use access::{AcceptInvitation, Permit, StartSignIn, TenantAction};
use axum::{
    extract::{FromRequestParts, RawPathParams, State},
    response::Response,
};
use domain::{Digest, DisplayName, Secret, TenantId};
use http::request::Parts;
use serde::Deserialize;
use web::{
    AllowBy, Form, FormToken, NamesTenant, Open, Plain, Problem, Routes, Surface, limit::Limited,
    open::OneTimeLink, sign_in::see_other,
};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Id)
        .get("/bootstrap", bootstrap)
        .says("Leads the first operator to the page of their one-time link.")
        .get("/t/{tenant}/invitation", open)
        .says("Shows what a one-time link is for, and the next step.")
        .post("/t/{tenant}/invitation", set_up)
        .says("Sets up the tenant's first connection.")
        .get("/t/{tenant}/invitation/sign-in", sign_in)
        .says("Leaves for a provider to use the link up.")
}

#[derive(Deserialize)]
struct Code {
    code: String,
    connection: Option<String>,
}

/// A one-time link, not yet believed. Whether its tenant is there, is closed, or never was: a link that is
/// not good has one answer.
pub(crate) struct Link {
    tenant: TenantId,
    code: Secret<String>,
    connection: Option<String>,
}

impl NamesTenant<Identity> for Link {
    const WHERE: &'static str = "address of a one-time link";

    async fn read(parts: &mut Parts, room: &Identity) -> Result<Self, Problem> {
        // Whatever id stands in the address is counted, so that the count betrays no tenant either.
        let named = named_in_path(parts).await;
        Asked::of(parts, &room.web)?.count(room, Limited::OneTimeLink, named)?;
        let tenant = named.filter(|tenant| is_open(room, *tenant));
        let code = query::<Code>(&parts.uri).ok().filter(|query| is_plain(&query.code));
        match (tenant, code) {
            (Some(tenant), Some(Code { code, connection })) => {
                Ok(Link { tenant, code: Secret::new(code), connection })
            }
            _ => Err(no_good()),
        }
    }

    fn tenant(&self) -> TenantId {
        self.tenant
    }
}

impl Link {
    fn digest(&self) -> Digest {
        invitation::digest(self.code.reveal())
    }

    /// Where it leads; the secret stands only in addresses that its holder has already.
    fn address(&self, step: &str) -> String {
        format!("/t/{}/invitation{step}?code={}", self.tenant, self.code.reveal())
    }

    /// The link's row, if it is good.
    async fn check<A: TenantAction>(
        &self,
        room: &Identity,
        permit: &Permit<A>,
    ) -> Result<rows::Invitation, Problem> {
        let digest = self.digest();
        room.store.read(permit, async |tx| rows::find(tx, digest).await).await?.ok_or_else(no_good)
    }
}

fn no_good() -> Problem {
    Problem::new("invitation.invalid")
}

fn is_open(room: &Identity, tenant: TenantId) -> bool {
    let found = room.web.warden.tenants().by_id(tenant);
    found.is_some_and(|tenant| tenant.record.standing.is_open())
}

fn is_plain(code: &str) -> bool {
    access::credential::session_digest(code).is_some()
}

async fn named_in_path(parts: &mut Parts) -> Option<TenantId> {
    let params = RawPathParams::from_request_parts(parts, &()).await.ok()?;
    params.iter().find(|(name, _)| *name == "tenant").and_then(|(_, text)| text.parse().ok())
}

async fn bootstrap(
    _: Open<OneTimeLink>,
    State(room): State<Identity>,
    asked: Asked,
) -> Result<Response, Problem> {
    asked.count(&room, Limited::OneTimeLink, None)?;
    let Code { code, .. } = query(&asked.uri).map_err(|_| no_good())?;
    let house = room.web.warden.house().filter(|_| is_plain(&code)).ok_or_else(no_good)?;
    Ok(see_other(&format!("/t/{}/invitation?code={code}", house.record.id)))
}

async fn open(
    AllowBy(permit, link): AllowBy<StartSignIn, Link>,
    State(room): State<Identity>,
    plain: Plain,
    FormToken(token): FormToken,
) -> Result<Response, Problem> {
    let invitation = link.check(&room, &permit).await?;
    let tenant = tenant_of(&permit)?;
    let ways = choose::all(&room, &permit).await?;
    if !ways.is_empty() {
        return Ok(pages::join(plain, tenant, &invitation, &ways, &link.address("/sign-in")));
    }
    let draft = choose::any(&room, &permit, invitation.connection).await?;
    let page = pages::SetUp {
        room: &room,
        tenant,
        invitation: &invitation,
        action: link.address(""),
        sign_in: link.address("/sign-in"),
        token,
    };
    Ok(page.show(plain, draft.as_ref()))
}

/// The form of a registration, as it was sent.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sent {
    #[serde(default)]
    pub(crate) name: String,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    #[serde(default)]
    pub(crate) client_secret: String,
    #[serde(default)]
    pub(crate) client_authentication: String,
}

async fn set_up(
    AllowBy(permit, link): AllowBy<AcceptInvitation, Link>,
    State(room): State<Identity>,
    plain: Plain,
    FormToken(token): FormToken,
    asked: Asked,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    asked.count(&room, Limited::Outgoing, Some(link.tenant))?;
    let invitation = link.check(&room, &permit).await?;
    let page = pages::SetUp {
        room: &room,
        tenant: tenant_of(&permit)?,
        invitation: &invitation,
        action: link.address(""),
        sign_in: link.address("/sign-in"),
        token,
    };
    let registration = match registration(&sent) {
        Ok(registration) => registration,
        Err(wrong) => return Ok(page.again(plain, &sent, wrong)),
    };
    match set_up::set_up(&room, &permit, link.digest(), &registration).await {
        Ok(_) => Ok(see_other(&link.address(""))),
        Err(error) => match error.about_issuer() {
            Some(words) => {
                tracing::info!(tenant = %link.tenant, code = domain::Fault::code(&error), "a first connection was not set up: {error}");
                Ok(page.again(plain, &sent, pages::Wrong { issuer: words, ..pages::Wrong::default() }))
            }
            None => Err(error.into()),
        },
    }
}

/// The provider's name: what was sent, or its host where nothing was.
fn named(sent: &Sent) -> &str {
    let host = || {
        sent.issuer
            .split_once("://")
            .map_or("", |(_, rest)| rest.split(['/', ':']).next().unwrap_or_default())
    };
    if sent.name.trim().is_empty() { host() } else { &sent.name }
}

fn registration(sent: &Sent) -> Result<Registration, pages::Wrong> {
    let mut wrong = pages::Wrong::default();
    let name: Option<DisplayName> = match named(sent).parse() {
        Ok(name) => Some(name),
        Err(error) => {
            wrong.name = domain::NameError::to_string(&error);
            None
        }
    };
    let visible = |text: &str| !text.is_empty() && text.len() <= 500 && !text.chars().any(char::is_control);
    let client_id = sent.client_id.trim();
    if !visible(client_id) {
        wrong.client_id = "The client id that the provider shows, at most 500 characters.".into();
    }
    let client_secret = sent.client_secret.trim();
    if !client_secret.is_empty() && !visible(client_secret) {
        wrong.client_secret = "At most 500 characters, none of them invisible.".into();
    }
    let way = sent.client_authentication.trim();
    let way = if way.is_empty() { Ok(Authentication::default()) } else { way.parse() };
    let client_authentication = way.unwrap_or_else(|error: domain::NameError| {
        wrong.client_authentication = error.to_string();
        Authentication::default()
    });
    match name {
        Some(name) if wrong.is_nothing() => Ok(Registration {
            name,
            issuer: sent.issuer.trim().to_owned(),
            client_id: client_id.to_owned(),
            client_secret: (!client_secret.is_empty()).then(|| Secret::new(client_secret.to_owned())),
            client_authentication,
        }),
        _ => Err(wrong),
    }
}

async fn sign_in(
    AllowBy(permit, link): AllowBy<StartSignIn, Link>,
    State(room): State<Identity>,
    asked: Asked,
) -> Result<Response, Problem> {
    let invitation = link.check(&room, &permit).await?;
    let wanted = link.connection.as_deref().and_then(|id| id.parse().ok()).unwrap_or(invitation.connection);
    let connection = choose::any(&room, &permit, wanted).await?.ok_or_else(no_good)?;
    let fits = match connection.standing {
        ConnectionStanding::Active => true,
        ConnectionStanding::Draft => connection.id == invitation.connection,
        ConnectionStanding::Off => false,
    };
    if !fits {
        return Err(no_good());
    }
    depart(&room, &permit, &connection, Aim::Invitation { digest: link.digest() }, &asked).await
}
