//! Where sign-ins begin, leave and come back.

use crate::{
    Identity,
    asked::Asked,
    claim_rule::ruled,
    oauth::Request,
    person,
    provider::Kind,
    routes::{query, with_cookies},
    sign_in::{
        Connection, ConnectionStanding, SignInError, choose,
        finish::{Arrival, finish},
        gate::Gate,
        leave::{Leave, Whither, leave},
        pages::{self, Again},
        pending::{Aim, Pending, cookie_name},
        recognise::{How, Recognised, recognise},
        take::take,
        trial::{TrialTicket, record},
    },
    sign_in_domain::domain_of,
    state::{is_public, tenant_of},
    switch,
    ticket::Ticket,
};
use access::{FinishSignIn, Permit, Proof, Refusal, StartSignIn, TakeAnswer, Tenant, TenantAction};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{ConnectionId, Digest, ReturnPath, TenantId};
use http::request::Parts;
use protocol::{
    IdentityClaims,
    oidc::{Callback, CallbackError},
};
use serde::Deserialize;
use web::{
    Allow, AllowBy, HostKind, NamesTenant, Path, Plain, Problem, Routes, Surface, cookie,
    limit::{Counted, Limited},
    sign_in::{Binding, link, see_other},
};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Tenant)
        .get("/.partywall/sign-in", begin)
        .says("Begins a sign-in at this tenant.")
        .get("/.partywall/connections", list_open)
        .says("Lists the ways to sign in at this tenant, with links that begin one.")
        .get("/.partywall/sign-up", begin_new)
        .says("Shows how one joins this tenant.")
        .on(Surface::Console)
        .get("/t/{tenant}/sign-in", begin)
        .says("Begins a sign-in for the console.")
        .on(Surface::Id)
        .get("/t/{tenant}/sign-in", go)
        .says("Chooses a connection and leaves for its provider, where that is needed.")
        .post("/t/{tenant}/sign-in", post_address)
        .says("Leads to the connection of an address's domain.")
        .get("/trial", try_connection)
        .says("Leaves for a provider to try a connection.")
        .get("/callback/{connection}", come_back)
        .says("Takes a provider's answer.")
}

#[derive(Deserialize)]
struct Begin {
    #[serde(rename = "return")]
    back: Option<String>,
    connection: Option<String>,
    domain: Option<String>,
}

/// At a tenant's host or in the console: binds the way back to this browser, and goes to `id.`.
async fn begin(
    Allow(permit): Allow<StartSignIn>,
    State(room): State<Identity>,
    asked: Asked,
) -> Result<Response, Problem> {
    leave_for_id(&room, &permit, &asked, false).await
}

/// The same for somebody who is to become a member: the ways in are shown, even where there is only one.
async fn begin_new(
    Allow(permit): Allow<StartSignIn>,
    State(room): State<Identity>,
    asked: Asked,
) -> Result<Response, Problem> {
    leave_for_id(&room, &permit, &asked, true).await
}

async fn leave_for_id(
    room: &Identity,
    permit: &Permit<StartSignIn>,
    asked: &Asked,
    is_new: bool,
) -> Result<Response, Problem> {
    let tenant = tenant_of(permit)?;
    let wish = query::<Begin>(&asked.uri);
    let named = wish.as_ref().ok().and_then(|wish| wish.connection.as_deref());
    let mut connection = choose::named(room, permit, named).await?;
    if connection.is_none() && !is_public(tenant) {
        return Err(Refusal::NoSuchTenant.into());
    }
    count(asked, room, tenant)?;
    if connection.is_none() {
        refuse_closed(named)?;
        let domain = wish.as_ref().ok().and_then(|wish| wish.domain.as_deref());
        connection = choose::of_domain(room, permit, domain).await?;
    }
    let whither = match asked.kind {
        HostKind::Console => Whither::Console,
        _ => Whither::Tenant,
    };
    let here = asked.host();
    let gate = Gate::of(room, tenant, whither, here.as_ref());
    let back = return_path(&gate, wish?.back.as_deref())?;
    if permit.caller().person().is_some() {
        return Ok(see_other(back.as_str()));
    }
    let name = asked.cookie_name(cookie::BIND);
    let binding = Binding::of(&asked.headers, room.web.jar(), &name, &room.web.chance);
    let mut to = link(&room.web, Some(tenant.record.id), whither.into(), &back, &binding.hash);
    if let Some(connection) = connection {
        to.push_str(&format!("&connection={}", connection.id));
    }
    if let Some(host) = gate.host() {
        to.push_str(&format!("&host={host}"));
    }
    if is_new {
        to.push_str("&new=1");
    }
    Ok(with_cookies(see_other(&to), [binding.cookie]))
}

#[derive(Deserialize)]
struct Go {
    #[serde(rename = "return")]
    back: Option<String>,
    bind: Option<String>,
    #[serde(rename = "for")]
    whither: Option<Whither>,
    connection: Option<String>,
    domain: Option<String>,
    host: Option<String>,
    new: Option<String>,
}

/// At `id.`: hands over at once where the person's session opens the tenant, else leaves for a provider.
async fn go(
    Allow(permit): Allow<StartSignIn>,
    State(room): State<Identity>,
    plain: Plain,
    asked: Asked,
) -> Result<Response, Problem> {
    let tenant = tenant_of(&permit)?;
    let wish = query::<Go>(&asked.uri);
    let named = wish.as_ref().ok().and_then(|wish| wish.connection.as_deref());
    let mut connection = choose::named(&room, &permit, named).await?;
    let person = permit.caller().person();
    // Whoever asks for a connection is not let in by the word of another provider.
    let known = person
        .filter(|person| connection.as_ref().is_none_or(|connection| connection.provider == person.provider));
    if known.is_none() && connection.is_none() && !is_public(tenant) {
        return Err(Refusal::NoSuchTenant.into());
    }
    count(&asked, &room, tenant)?;
    if known.is_none() && connection.is_none() {
        refuse_closed(named)?;
        let domain = wish.as_ref().ok().and_then(|wish| wish.domain.as_deref());
        connection = choose::of_domain(&room, &permit, domain).await?;
    }
    let wish = wish?;
    let is_new = wish.new.is_some();
    let is_shown = is_new || tenant.record.brand.as_ref().is_some_and(|brand| brand.always_shown);
    let is_chosen = connection.is_some();
    let Some(aim) = aim(&room, tenant, wish)? else {
        let gate = Gate::of(&room, tenant, Whither::Tenant, None);
        let connection = connection.as_ref().map(|connection| connection.id);
        return Ok(see_other(&gate.begin(&gate.front(), connection)));
    };
    if known.is_some() {
        let code = switch::go_over(&room, &asked, tenant, &aim).await?;
        return Ok(see_other(&gate_of(&room, tenant, &aim).enter(code.reveal())));
    }
    let mut open = match connection {
        Some(connection) => vec![connection],
        None => choose::all(&room, &permit).await?,
    };
    match (open.len(), open.pop()) {
        (1, Some(only)) if is_chosen || !is_shown => depart(&room, &permit, &only, aim, &asked).await,
        (_, None) => Err(SignInError::NoConnection.into()),
        (_, Some(last)) => {
            open.push(last);
            Ok(pages::choose(plain, tenant, &open, &asked, is_new))
        }
    }
}

/// A link to a way in that is closed leads nowhere, and not in by another one (ledger B09).
fn refuse_closed(named: Option<&str>) -> Result<(), SignInError> {
    match named {
        Some(_) => Err(SignInError::NoConnection),
        None => Ok(()),
    }
}

/// An address that somebody typed.
#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    address: String,
}

/// The way that belongs to the domain of an address, or all of them: the same for everybody at that domain, whether there
/// is such a person or not. It is a page with a link, because what a form is answered with may not redirect to another
/// origin; the address itself goes nowhere.
async fn post_address(
    Allow(permit): Allow<StartSignIn>,
    State(room): State<Identity>,
    plain: Plain,
    asked: Asked,
    axum::Form(typed): axum::Form<Typed>,
) -> Result<Response, Problem> {
    let tenant = tenant_of(&permit)?;
    if !is_public(tenant) {
        return Err(Refusal::NoSuchTenant.into());
    }
    count(&asked, &room, tenant)?;
    let domain = domain_of(&typed.address).map(|domain| domain.to_string());
    let open = match choose::of_domain(&room, &permit, domain.as_deref()).await? {
        Some(one) => vec![one],
        None => choose::all(&room, &permit).await?,
    };
    Ok(pages::choose(plain, tenant, &open, &asked, false))
}

#[derive(Deserialize)]
struct Open {
    #[serde(rename = "return")]
    back: Option<String>,
}

/// Where the tenant has published its page, its ways in are no secret (ledger B09).
async fn list_open(
    Allow(permit): Allow<StartSignIn>,
    State(room): State<Identity>,
    asked: Asked,
) -> Result<Response, Problem> {
    let tenant = tenant_of(&permit)?;
    if !is_public(tenant) {
        return Err(Refusal::NoSuchTenant.into());
    }
    count(&asked, &room, tenant)?;
    let here = asked.host();
    let gate = Gate::of(&room, tenant, Whither::Tenant, here.as_ref());
    let wish = query::<Open>(&asked.uri)?;
    let back = return_path(&gate, wish.back.as_deref())?;
    let open = choose::all(&room, &permit).await?;
    let links = open.iter().map(|open| (open, gate.begin(&back, Some(open.id))));
    Ok(pages::links(links))
}

/// What the address asks for; none where it is incomplete, as when somebody kept it.
fn aim(room: &Identity, tenant: &Tenant, wish: Go) -> Result<Option<Aim>, Problem> {
    let host = wish.host.and_then(|host| host.parse().ok());
    let whither = wish.whither.unwrap_or(Whither::Tenant);
    let back = return_path(&Gate::of(room, tenant, whither, host.as_ref()), wish.back.as_deref())?;
    let (Some(whither), Some(bind)) = (wish.whither, wish.bind) else { return Ok(None) };
    let bind = Digest::parse(&bind)
        .ok_or_else(|| Problem::new("input.invalid").at("/bind", "this is no binding"))?;
    Ok(Some(Aim::Enter { whither, back, bind, host }))
}

/// The gate that a sign-in leads to; the console's where nobody is to enter a tenant's host.
fn gate_of<'a>(room: &'a Identity, tenant: &'a Tenant, aim: &'a Aim) -> Gate<'a> {
    match aim {
        Aim::Enter { whither, host, .. } => Gate::of(room, tenant, *whither, host.as_ref()),
        Aim::Application { .. } | Aim::Invitation { .. } | Aim::Trial { .. } => {
            Gate::of(room, tenant, Whither::Console, None)
        }
    }
}

impl NamesTenant<Identity> for TrialTicket {
    const WHERE: &'static str = "ticket of a trial";

    async fn read(parts: &mut Parts, room: &Identity) -> Result<Self, Problem> {
        #[derive(Deserialize)]
        struct Try {
            ticket: String,
        }
        let over = || Problem::new("invitation.invalid");
        let Try { ticket } = query(&parts.uri).map_err(|_| over())?;
        TrialTicket::open(&ticket, &room.keyring.load().pending, room.now()).ok_or_else(over)
    }

    fn tenant(&self) -> TenantId {
        self.tenant
    }
}

async fn try_connection(
    AllowBy(permit, ticket): AllowBy<StartSignIn, TrialTicket>,
    State(room): State<Identity>,
    plain: Plain,
    asked: Asked,
) -> Result<Response, Problem> {
    let tenant = tenant_of(&permit)?;
    asked.count(&room, Limited::Outgoing, Some(tenant.record.id))?;
    let connection = choose::any(&room, &permit, ticket.connection).await?;
    let connection = connection.ok_or(SignInError::NoConnection)?;
    let aim = Aim::Trial { by: ticket.by };
    match leave(&room, &permit, &connection, aim, &asked.headers).await {
        Ok(Leave { to, cookies }) => Ok(with_cookies(see_other(to.as_str()), cookies)),
        Err(error) => Ok(pages::trial_failed(plain, tenant, &connection, &error)),
    }
}

/// A provider's answer, with the sign-in that it belongs to.
pub(crate) struct Answer {
    pending: Pending,
    callback: Callback,
}

impl NamesTenant<Identity> for Answer {
    const WHERE: &'static str = "pending sign-in";

    async fn read(parts: &mut Parts, room: &Identity) -> Result<Self, Problem> {
        let asked = Asked::of(parts, &room.web)?;
        asked.count(room, Limited::Callback, None)?;
        let callback = Callback::parse(parts.uri.query().unwrap_or_default())?;
        let key = &room.keyring.load().pending;
        let pending = Pending::find(callback.state(), &parts.headers, room.web.jar(), key, room.now());
        let pending = pending.ok_or(CallbackError::State)?;
        room.web.throttle.check(Limited::Callback, Counted::Tenant(pending.tenant))?;
        Ok(Answer { pending, callback })
    }

    fn tenant(&self) -> TenantId {
        self.pending.tenant
    }
}

async fn come_back(
    AllowBy(permit, answer): AllowBy<FinishSignIn, Answer>,
    State(room): State<Identity>,
    Path(connection): Path<ConnectionId>,
    plain: Plain,
    asked: Asked,
) -> Result<Response, Problem> {
    let taking = room.in_nobodys_name::<TakeAnswer>(permit.tenant_id(), asked.origin).await?;
    let permit = room.in_nobodys_name::<FinishSignIn>(permit.tenant_id(), asked.origin).await?;
    let tenant = tenant_of(&permit)?;
    let Answer { pending, callback } = answer;
    // Each connection has a callback of its own, so that one provider cannot answer for another (RFC 9700, 4.4).
    if pending.connection != connection {
        return Err(CallbackError::State.into());
    }
    let spent = room.web.jar().remove(&cookie_name(pending.state()));
    let arrived =
        Arrived { room: &room, taking: &taking, permit: &permit, tenant, pending: &pending, asked: &asked };
    let response = arrived.finish(Brought::Code(callback), plain).await;
    Ok(with_cookies(response, [spent]))
}

/// What a browser has brought back from a provider.
pub(crate) enum Brought {
    /// A code, about which the provider is asked.
    Code(Callback),
    /// What an assertion said, which was believed when it came.
    Assertion(Box<IdentityClaims>),
    /// An answer that was not believed when it came.
    Nothing(SignInError),
}

/// Somebody who came back, with the sign-in that their browser began.
pub(crate) struct Arrived<'a> {
    pub(crate) room: &'a Identity,
    pub(crate) taking: &'a Permit<TakeAnswer>,
    pub(crate) permit: &'a Permit<FinishSignIn>,
    pub(crate) tenant: &'a Tenant,
    pub(crate) pending: &'a Pending,
    pub(crate) asked: &'a Asked,
}

impl Arrived<'_> {
    /// Lets them in, or shows what a trial brought.
    pub(crate) async fn finish(&self, answer: Brought, plain: Plain) -> Response {
        match self.pending.aim {
            Aim::Trial { .. } => self.show(answer, plain).await,
            _ => self.admit(answer, plain).await,
        }
    }

    async fn admit(&self, answer: Brought, plain: Plain) -> Response {
        match self.try_admit(answer).await {
            Ok(response) => response,
            Err(error) => pages::failed(plain, self.tenant, self.asked, error, self.again()),
        }
    }

    async fn try_admit(&self, answer: Brought) -> Result<Response, SignInError> {
        let Arrived { room, permit, tenant, pending, asked, .. } = *self;
        let connection = choose::any(room, permit, pending.connection).await?;
        let connection = connection.filter(|found| found.standing != ConnectionStanding::Off);
        let connection = connection.ok_or(SignInError::NoConnection)?;
        let recognised = self.recognise(&connection, answer).await?;
        let arrival = Arrival { connection: &connection, pending, claims: &recognised.claims };
        let admitted = finish(room, permit, tenant, &arrival).await?;
        person::end_presented(room, &asked.presented.credential, asked.origin).await?;
        let claims = &recognised.claims;
        let proof = Proof { at: claims.auth_time, acr: claims.acr.clone(), amr: claims.amr.clone() };
        let session =
            person::begin(room, permit, admitted.user, connection.provider, person::Host::Id, &proof).await?;
        if let Aim::Application { query, was_pushed, .. } = &pending.aim {
            let on = Request::goes_on(room, query, *was_pushed, admitted.user);
            return Ok(with_cookies(see_other(&on), [session]));
        }
        let gate = gate_of(room, tenant, &pending.aim);
        let to = match &admitted.code {
            Some(code) => gate.enter(code.reveal()),
            None => {
                let home: ReturnPath = format!("/t/{}", tenant.record.id).parse().expect("an id is plain");
                gate.begin(&home, Some(connection.id))
            }
        };
        Ok(with_cookies(see_other(&to), [session]))
    }

    /// The answer is taken before the provider is asked about it.
    async fn recognise(&self, connection: &Connection, answer: Brought) -> Result<Recognised, SignInError> {
        // Nothing came: the sign-in is still under way.
        if let Brought::Nothing(error) = answer {
            return Err(error);
        }
        take(self.room, self.taking, self.pending).await?;
        match (answer, connection.kind) {
            (Brought::Code(callback), Kind::Oidc | Kind::OAuth2) => {
                recognise(self.room, connection, self.pending, callback).await
            }
            (Brought::Assertion(claims), Kind::Saml) => {
                Ok(Recognised { claims: *claims, how: How::Assertion })
            }
            // What is said in one protocol is no answer to what was asked in another.
            _ => Err(CallbackError::State.into()),
        }
    }

    /// How to begin anew.
    fn again(&self) -> Again {
        let back = match &self.pending.aim {
            Aim::Enter { back, .. } => back,
            Aim::Application { query, .. } => {
                return Again::At(format!("{}/oauth/authorize?{query}", self.room.web.hosts.id));
            }
            Aim::Invitation { .. } | Aim::Trial { .. } => return Again::ByLink,
        };
        let gate = gate_of(self.room, self.tenant, &self.pending.aim);
        Again::At(gate.begin(back, Some(self.pending.connection)))
    }

    async fn show(&self, answer: Brought, plain: Plain) -> Response {
        let Arrived { room, permit, tenant, pending, .. } = *self;
        let connection = match choose::any(room, permit, pending.connection).await {
            Ok(Some(connection)) => connection,
            Ok(None) => return Problem::from(SignInError::NoConnection).into_response(),
            Err(error) => return Problem::from(error).into_response(),
        };
        let outcome = async {
            let recognised = self.recognise(&connection, answer).await?;
            let ruled = ruled(&connection.settings, &recognised.claims)?;
            record(room, permit, pending, &recognised.claims).await?;
            Ok((recognised, ruled))
        };
        match outcome.await {
            Ok((recognised, ruled)) => pages::trial_passed(plain, tenant, &connection, &recognised, &ruled),
            Err(error) => pages::trial_failed(plain, tenant, &connection, &error),
        }
    }
}

/// Leaves for the provider of this connection.
pub(crate) async fn depart<A: TenantAction>(
    room: &Identity,
    permit: &Permit<A>,
    connection: &Connection,
    aim: Aim,
    asked: &Asked,
) -> Result<Response, Problem> {
    let Leave { to, cookies } = leave(room, permit, connection, aim, &asked.headers).await?;
    Ok(with_cookies(see_other(to.as_str()), cookies))
}

/// Where to return to; the front page where nothing is said, or where it would not fit into a cookie.
fn return_path(gate: &Gate<'_>, text: Option<&str>) -> Result<ReturnPath, Problem> {
    let Some(text) = text else { return Ok(gate.front()) };
    let wrong = |why: &str| Problem::new("input.invalid").at("/return", why);
    let path: ReturnPath = text.parse().map_err(|error: domain::NameError| wrong(error.0))?;
    if path.as_str().len() > MOST_RETURN {
        return Ok(gate.front());
    }
    if path == gate.front() || gate.leads_back_to(&path) {
        return Ok(path);
    }
    Err(wrong("this address is no part of the organisation's"))
}

const MOST_RETURN: usize = 1_000;

/// Counts a sign-in. To strangers, a tenant that has not published its page stays unknown when there are
/// too many of them as well.
fn count(asked: &Asked, room: &Identity, tenant: &Tenant) -> Result<(), Problem> {
    let counted = asked.count(room, Limited::SignInStart, Some(tenant.record.id));
    if is_public(tenant) { counted } else { counted.map_err(|_| Refusal::NoSuchTenant.into()) }
}
