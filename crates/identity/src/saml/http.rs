//! The addresses that are registered at SAML providers.

use super::{
    answer::{self, Next, RefusedTicket},
    consumer, entity_id,
    leave::material,
};
use crate::{
    Identity,
    asked::Asked,
    provider::Kind,
    routes::{query, with_cookies},
    sign_in::{
        SignInError, choose,
        gate::Gate,
        http::{Arrived, Brought},
        leave::Whither,
        pages::{self, Again},
        pending::{Pending, cookie_name},
    },
    state::tenant_of,
    ticket::Ticket,
};
use access::{FinishSignIn, Refusal, StartSignIn, TakeAnswer};
use axum::{
    extract::{FromRequestParts, RawPathParams, State},
    response::{IntoResponse, Response},
};
use domain::{ConnectionId, TenantId};
use http::{HeaderValue, header, request::Parts};
use protocol::{
    oidc::CallbackError,
    saml::{MOST_MESSAGE, own_metadata},
};
use serde::Deserialize;
use web::{
    AllowBy, AllowForeign, ForeignForm, NamesTenant, Plain, Problem, Routes, Surface,
    limit::{Counted, Limited},
    sign_in::see_other,
};

/// The most bytes of a form with an answer: base64, each of whose signs may be written as three.
const MOST_FORM: usize = MOST_MESSAGE * 2;

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Id)
        .get("/saml/{connection}/metadata", show_metadata)
        .says("Our SAML metadata for the provider of one connection.")
        .post("/saml/{connection}/acs", consume)
        .says("Takes a SAML provider's answer.")
        .get("/saml/{connection}/continue", come_back)
        .says("Goes on with an answer that was taken, in the browser that asked for it.")
}

/// A connection that the address names, and with it the tenant whose it is.
pub(crate) struct Addressed {
    id: ConnectionId,
    tenant: TenantId,
}

impl NamesTenant<Identity> for Addressed {
    const WHERE: &'static str = "address of a connection";

    async fn read(parts: &mut Parts, room: &Identity) -> Result<Self, Problem> {
        Asked::of(parts, &room.web)?.count(room, Limited::Callback, None)?;
        let params = RawPathParams::from_request_parts(parts, &()).await.ok();
        let named = params.iter().flatten().find(|(name, _)| *name == "connection");
        let id: Option<ConnectionId> = named.and_then(|(_, text)| text.parse().ok());
        let unknown = || Problem::from(Refusal::NoSuchTenant);
        let id = id.ok_or_else(unknown)?;
        let tenant = room.store.directory().owner_of_connection(id).await?.ok_or_else(unknown)?;
        room.web.throttle.check(Limited::Callback, Counted::Tenant(tenant))?;
        Ok(Addressed { id, tenant })
    }

    fn tenant(&self) -> TenantId {
        self.tenant
    }
}

async fn show_metadata(
    AllowBy(permit, address): AllowBy<StartSignIn, Addressed>,
    State(room): State<Identity>,
) -> Result<Response, Problem> {
    let connection = choose::any(&room, &permit, address.id).await?;
    let connection = connection.filter(|found| found.kind == Kind::Saml).ok_or(SignInError::NoConnection)?;
    let material = material(&room, &permit, &connection).await?;
    let signs = connection.settings.sign_requests || material.metadata.wants_signed_requests;
    let hosts = &room.web.hosts;
    let text = own_metadata(
        &entity_id(hosts, connection.id),
        &consumer(hosts, connection.id),
        &material.keys,
        signs,
    );
    let xml = HeaderValue::from_static("application/samlmetadata+xml");
    Ok(([(header::CONTENT_TYPE, xml)], text).into_response())
}

/// What a provider has posted. `RelayState` is not among it: nobody reads it.
#[derive(Deserialize)]
pub(crate) struct Posted {
    #[serde(rename = "SAMLResponse")]
    response: String,
}

async fn consume(
    AllowForeign(permit, address): AllowForeign<TakeAnswer, Addressed>,
    State(room): State<Identity>,
    ForeignForm(posted): ForeignForm<Posted, MOST_FORM>,
) -> Result<Response, Problem> {
    let connection = answer::open_connection(&room, &permit, address.id).await?;
    let on = |query: &str| see_other(&format!("/saml/{}/continue?{query}", address.id));
    match answer::take(&room, &permit, &connection, &posted.response).await {
        Ok(Next::Continue(code)) => Ok(on(&format!("code={code}"))),
        Ok(Next::Begin) => {
            let gate = Gate::of(&room, tenant_of(&permit)?, Whither::Tenant, None);
            Ok(see_other(&gate.begin(&gate.front(), Some(connection.id))))
        }
        Err(refused) => {
            tracing::warn!(tenant = %address.tenant, connection = %address.id, cause = %refused.error, "an answer to connection {} is not believed", address.id);
            Ok(on(&format!("refused={}", refused.ticket(&room, address.id))))
        }
    }
}

#[derive(Deserialize)]
struct Continue {
    code: Option<String>,
    refused: Option<String>,
}

async fn come_back(
    AllowBy(permit, address): AllowBy<FinishSignIn, Addressed>,
    State(room): State<Identity>,
    plain: Plain,
    asked: Asked,
) -> Result<Response, Problem> {
    let taking = room.in_nobodys_name::<TakeAnswer>(permit.tenant_id(), asked.origin).await?;
    let permit = room.in_nobodys_name::<FinishSignIn>(permit.tenant_id(), asked.origin).await?;
    let tenant = tenant_of(&permit)?;
    let lost = || Problem::from(CallbackError::State);
    let wish = query::<Continue>(&asked.uri).map_err(|_| lost())?;
    let (request, brought) = match (wish.code, wish.refused) {
        (Some(code), None) => {
            let kept = answer::fetch(&room, &permit, address.id, &code).await?.ok_or_else(lost)?;
            (Some(kept.request), Brought::Assertion(Box::new(kept.claims)))
        }
        (None, Some(ticket)) => {
            let ticket = RefusedTicket::open(&ticket, &room.keyring.load().pending, room.now());
            let ticket = ticket.filter(|ticket| ticket.connection == address.id).ok_or_else(lost)?;
            (ticket.request, Brought::Nothing(answer::refusal(ticket.why)))
        }
        _ => return Err(lost()),
    };
    let state = request.as_deref().and_then(answer::state);
    let key = &room.keyring.load().pending;
    let find = |state| Pending::find(state, &asked.headers, room.web.jar(), key, room.now());
    // Each connection has an assertion consumer of its own, so that one provider cannot answer for another.
    let fits = |pending: &Pending| pending.connection == address.id && pending.tenant == address.tenant;
    let Some(pending) = state.and_then(find).filter(fits) else {
        // Whoever did not begin this sign-in reads why it failed, and nothing else comes of it.
        return match brought {
            Brought::Nothing(error) => {
                let gate = Gate::of(&room, tenant, Whither::Tenant, None);
                let again = Again::At(gate.begin(&gate.front(), Some(address.id)));
                Ok(pages::failed(plain, tenant, &asked, error, again))
            }
            _ => Err(lost()),
        };
    };
    let spent = match &brought {
        Brought::Nothing(_) => None,
        _ => Some(room.web.jar().remove(&cookie_name(pending.state()))),
    };
    let arrived =
        Arrived { room: &room, taking: &taking, permit: &permit, tenant, pending: &pending, asked: &asked };
    let response = arrived.finish(brought, plain).await;
    Ok(with_cookies(response, spent))
}
