//! A person's browser comes from an application and goes back to it with a code, or with a refusal.

use crate::oauth::{
    Denied, Params,
    body::Body,
    issue::sid,
    pages,
    request::{Asked as Wanted, Request},
    rows::{self, Grant},
    voucher::{Kind, Voucher},
};
use crate::{
    Identity,
    application::consent,
    asked::Asked,
    person::{self, find},
    sign_in::{choose, http::depart, pages::choose as choose_page, pending::Aim},
    state::is_public,
};
use access::{EnterApplication, Permit, PersonGrant, ReadOwnTenants, Refusal, StartSignIn, Tenant};
use axum::{extract::State, response::Response};
use domain::{Change, TenantId};
use protocol::access_token::audience;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use url::form_urlencoded::Serializer;
use web::{
    Open, OpenProgram, Plain, Problem, Routes, Surface, limit::Limited, open::ApplicationDoor,
    sign_in::see_other,
};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Id)
        .get("/oauth/authorize", get)
        .says("Takes an authorization request: gives a code, by the person's session or a sign-in.")
        .post("/oauth/authorize", post)
        .says("The same by a form.")
}

/// A form from an application's page comes without our cookies; it goes on as an address, which has them.
async fn post(OpenProgram { sent, .. }: OpenProgram<ApplicationDoor, Identity>) -> Response {
    let query = Serializer::new(String::new()).extend_pairs(&sent.fields).finish();
    see_other(&format!("/oauth/authorize?{query}"))
}

async fn get(
    _: Open<ApplicationDoor>,
    State(room): State<Identity>,
    plain: Plain,
    asked: Asked,
) -> Result<Response, Problem> {
    asked.count(&room, Limited::SignInStart, None)?;
    let params = Params::of_query(asked.uri.query().unwrap_or_default())
        .map_err(|denied| Problem::new("authorize.request").detail(denied.words))?;
    let request = Request::prove(&room, params)?;
    let going = Going { room: &room, request: &request, asked: &asked };
    match going.walk(plain.clone()).await {
        Ok(Step::Code(code)) => Ok(going.back(plain, &[("code", &code)])),
        Ok(Step::Show(response)) => Ok(response),
        Err(denied) => {
            tracing::info!(application = %request.application.id, error = denied.error, "an authorization request is refused: {denied}");
            let said = [("error", denied.error), ("error_description", &*denied.words)];
            Ok(going.back(plain, &said))
        }
    }
}

/// Where a request leads next.
enum Step {
    /// Back, with a code.
    Code(String),
    /// To a page, or out to a provider.
    Show(Response),
}

struct Going<'a> {
    room: &'a Identity,
    request: &'a Request,
    asked: &'a Asked,
}

impl Going<'_> {
    async fn walk(&self, plain: Plain) -> Result<Step, Denied> {
        let wanted = self.request.read()?;
        let known = self.person().await?;
        let tenant = match self.named()? {
            Some(tenant) => tenant,
            None => match self.choose(plain.clone(), &wanted, known.is_some()).await? {
                Ok(tenant) => tenant,
                Err(page) => return Ok(Step::Show(page)),
            },
        };
        let audience = self.audience(&tenant)?;
        let at = self.room.web.warden.resolve_id(tenant.record.id).map_err(|_| nowhere())?;
        let credential = &self.asked.presented.credential;
        let permit = self.room.web.warden.permit::<StartSignIn>(&at, credential, self.asked.origin).await;
        let permit = permit.map_err(closed)?;
        let is_opened = permit.caller().person().is_some();
        let connection = choose::named(self.room, &permit, self.request.connection.as_deref()).await?;
        if !is_opened && connection.is_none() && !is_public(&tenant) {
            return Err(nowhere());
        }
        let session = known.filter(|_| is_opened);
        match session {
            Some(session) if self.is_fresh_enough(&wanted, &session)? => {
                let permit: Permit<EnterApplication> =
                    self.room.web.warden.permit(&at, credential, self.asked.origin).await.map_err(closed)?;
                self.code(&permit, &wanted, &session, audience).await.map(Step::Code)
            }
            _ if wanted.is_silent => Err(Denied::new("login_required", "The person has to sign in.")),
            session => self.sign_in(plain, &tenant, &permit, connection, session.is_some()).await,
        }
    }

    /// The person's session at `id.`, if there is one.
    async fn person(&self) -> Result<Option<Arc<PersonGrant>>, Denied> {
        let warden = &self.room.web.warden;
        match warden.person::<ReadOwnTenants>(&self.asked.presented.credential, self.asked.origin).await {
            Ok(permit) => Ok(permit.session().cloned()),
            Err(Refusal::OutOfTouch) => Err(closed(Refusal::OutOfTouch)),
            Err(_) => Ok(None),
        }
    }

    /// The tenant that the request names. Whether there is one of that name is not told.
    fn named(&self) -> Result<Option<Arc<Tenant>>, Denied> {
        let Some(name) = self.request.params.get("tenant") else { return Ok(None) };
        self.room.tenant_named(name).map(Some).ok_or_else(nowhere)
    }

    /// One of the person's own, or the one that they type. A page where they have to choose.
    async fn choose(
        &self,
        plain: Plain,
        wanted: &Wanted,
        is_known: bool,
    ) -> Result<Result<Arc<Tenant>, Response>, Denied> {
        let (room, asked) = (self.room, self.asked);
        let own = if is_known { self.own().await? } else { Vec::new() };
        if let [only] = &*own {
            return Ok(Ok(only.tenant.clone()));
        }
        if wanted.is_silent {
            let error = if is_known { "account_selection_required" } else { "login_required" };
            return Err(Denied::new(
                error,
                "The person has to choose an organisation; or name it by tenant.",
            ));
        }
        let found = match self.request.sought.as_deref() {
            Some(text) => find(room, text).await?.map(|found| found.tenant),
            None => None,
        };
        if !asked.reads_pages {
            return Err(Denied::request("Name the organisation by the parameter tenant."));
        }
        Ok(Err(pages::organisation(plain, self.request, &own, found)))
    }

    async fn own(&self) -> Result<Vec<person::Own>, Denied> {
        let (credential, origin) = (&self.asked.presented.credential, self.asked.origin);
        let permit =
            self.room.web.warden.person::<ReadOwnTenants>(credential, origin).await.map_err(closed)?;
        Ok(person::list(self.room, &permit, credential, origin).await?)
    }

    /// Whom the tokens are for: the realm of an application's API, or the tenant's part of the product.
    fn audience(&self, tenant: &Tenant) -> Result<String, Denied> {
        self.room.audience(&self.request.application, self.request.params.get("resource"), tenant.record.id)
    }

    /// Whether the session satisfies what the application wants of it. A sign-in for this very request does, unless the
    /// provider did not ask the person again either.
    fn is_fresh_enough(&self, wanted: &Wanted, session: &PersonGrant) -> Result<bool, Denied> {
        let signed_in = self.request.signed_in == Some(session.user);
        let age = self.room.now().since(proven_at(session));
        let is_old = wanted.max_age.is_some_and(|most| age > most + SLACK);
        match (signed_in, is_old) {
            (true, true) => Err(Denied::new("login_required", "The provider did not ask the person again.")),
            (true, false) => Ok(true),
            (false, is_old) => Ok(!is_old && !wanted.wants_login),
        }
    }

    async fn sign_in(
        &self,
        plain: Plain,
        tenant: &Tenant,
        permit: &Permit<StartSignIn>,
        connection: Option<crate::sign_in::Connection>,
        again: bool,
    ) -> Result<Step, Denied> {
        let mut open = match connection {
            Some(connection) => vec![connection],
            None => choose::all(self.room, permit).await?,
        };
        let mut params = self.request.params.clone();
        params.set("tenant", tenant.record.id.to_string());
        let aim = Aim::Application { query: params.query(), was_pushed: self.request.was_pushed(), again };
        match (open.len(), open.pop()) {
            (1, Some(only)) => {
                let left = depart(self.room, permit, &only, aim, self.asked).await;
                left.map(Step::Show).map_err(|problem| {
                    Denied::new(
                        "temporarily_unavailable",
                        format!("The way to sign in is closed: {}.", problem.code()),
                    )
                })
            }
            (_, None) => Err(Denied::new("access_denied", "The organisation has no way to sign in.")),
            (_, Some(last)) => {
                open.push(last);
                Ok(Step::Show(choose_page(plain, tenant, &open, self.asked, false)))
            }
        }
    }

    /// A code, and the grant that it stands for.
    async fn code(
        &self,
        permit: &Permit<EnterApplication>,
        wanted: &Wanted,
        session: &PersonGrant,
        audience: String,
    ) -> Result<String, Denied> {
        let (room, application) = (self.room, &self.request.application);
        let person = permit.caller().person().ok_or_else(Denied::grant)?;
        let proof = &session.proof;
        let life = room.settings.code_life;
        let vouchers = room.vouchers();
        room.store
            .write(permit, async |tx| {
                let allowed = consent::allowed(tx, application).await?;
                let allowed = allowed.ok_or_else(|| {
                    Denied::new("access_denied", "The organisation has not put this application into use.")
                })?;
                let body = Body {
                    words: wanted.words.clone(),
                    scopes: wanted.scopes.iter().filter(|scope| allowed.contains(scope)).cloned().collect(),
                    audience: audience.clone(),
                    user: Some(person.user),
                    auth_time: Some(proven_at(session).seconds()),
                    acr: proof.acr.clone(),
                    amr: proof.amr.clone(),
                    nonce: self.request.params.get("nonce").map(str::to_owned),
                    redirect_uri: Some(self.request.redirect_uri.clone()),
                    challenge: Some(wanted.challenge.clone()),
                    sid: Some(sid(application, session.digest)),
                    jkt: self.request.params.get("dpop_jkt").map(str::to_owned),
                    ..Body::default()
                };
                let grant = Grant {
                    id: tx.new_id(),
                    application: application.id,
                    who: Some((person.member, person.provider)),
                    session: Some(session.digest),
                    body,
                    generation: 0,
                    rotated_at: tx.now(),
                    ends: tx.now() + life,
                    is_ended: false,
                };
                rows::add(tx, &grant).await?;
                let facts = json!({ "application": application.id, "member": person.member, "scopes": grant.body.scopes, "audience": audience });
                tx.changed(Change::new(grant.id, Value::Null, facts));
                let code =
                    Voucher { kind: Kind::Code, tenant: tx.tenant(), grant: grant.id, generation: 0 };
                Ok(code.write(&vouchers))
            })
            .await
    }

    /// Back to the application.
    fn back(&self, plain: Plain, said: &[(&str, &str)]) -> Response {
        let fields = self.request.answer(self.room, said);
        match self.request.params.get("response_mode") {
            Some("form_post") => pages::back(plain, self.request, fields),
            _ => see_other(&with_query(&self.request.redirect_uri, &fields)),
        }
    }
}

/// How much older than was asked for a sign-in may be, for the time that it takes to come here.
const SLACK: Duration = Duration::from_secs(2);

/// When the person behind a session proved themselves, in their provider's word where it gave one.
fn proven_at(session: &PersonGrant) -> domain::Moment {
    session.proof.at.map_or(session.since, |at| at.min(session.since))
}

/// Unknown, foreign and unpublished are one answer.
fn nowhere() -> Denied {
    Denied::new("access_denied", "There is no such organisation to sign in to.")
}

fn closed(refusal: Refusal) -> Denied {
    match refusal {
        Refusal::Closed(_) => Denied::new("temporarily_unavailable", "The organisation is closed for now."),
        Refusal::OutOfTouch => Denied::new("temporarily_unavailable", "Try again in a moment."),
        _ => nowhere(),
    }
}

/// An address that was registered, with the answer in its query.
pub(crate) fn with_query(address: &str, fields: &[(String, String)]) -> String {
    let query = Serializer::new(String::new()).extend_pairs(fields).finish();
    let mark = if address.contains('?') { '&' } else { '?' };
    format!("{address}{mark}{query}")
}

impl Identity {
    /// The tenant of this id or slug.
    pub(crate) fn tenant_named(&self, name: &str) -> Option<Arc<Tenant>> {
        let tenants = self.web.warden.tenants();
        name.parse::<TenantId>().map_or_else(|_| tenants.by_slug(name), |id| tenants.by_id(id))
    }

    /// Whom an application's tokens at a tenant are for (RFC 8707): the realm of an application's API, its own where
    /// nothing is said; else the tenant's part of the product.
    pub(crate) fn audience(
        &self,
        application: &crate::application::Application,
        resource: Option<&str>,
        tenant: TenantId,
    ) -> Result<String, Denied> {
        let whole = audience(self.web.hosts.id.origin(), tenant);
        match (resource, &application.metadata.resource) {
            (None, Some(own)) => Ok(own.clone()),
            (None, None) => Ok(whole),
            (Some(named), _) if named == whole => Ok(whole),
            (Some(named), _) if self.application_at(named).is_some() => Ok(named.to_owned()),
            _ => Err(Denied::new("invalid_target", "No API of that name is known here.")),
        }
    }
}
