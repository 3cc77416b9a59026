//! Where hand-overs are taken: at a tenant's host, and in the console.

use crate::{
    Identity,
    asked::Asked,
    hand_over::{HandOver, HandOverError, look, take},
    person,
    routes::{query, with_cookies},
    session::{self, Begun},
    sign_in::gate::shared_name,
    sign_in::leave::Whither,
    state::{is_public, tenant_of},
};
use access::{EnterTenant, HostOf, Permit, Proof, Refusal, Tenant};
use axum::{extract::State, response::Response};
use domain::{Change, Digest, Secret};
use serde::Deserialize;
use serde_json::{Value, json};
use web::{
    Allow, AllowBy, InQuery, Problem, Routes, Surface, cookie,
    limit::Limited,
    sign_in::{Binding, see_other},
};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Tenant)
        .get("/.partywall/enter", enter)
        .says("Takes the hand-over and begins a session.")
        .on(Surface::Console)
        .get("/enter", enter_console)
        .says("Takes the hand-over and begins a session in the console.")
}

#[derive(Deserialize)]
struct Enter {
    code: String,
}

/// The code, if the address holds one; further things in it are of no interest here.
fn code_in(asked: &Asked) -> Option<Secret<String>> {
    query::<Enter>(&asked.uri).map(|enter| Secret::new(enter.code)).ok()
}

async fn enter(
    Allow(permit): Allow<EnterTenant>,
    State(room): State<Identity>,
    asked: Asked,
) -> Result<Response, Problem> {
    // The browser's earlier session here ends with the beginning of this one.
    let earlier = permit.caller().person().map(|person| person.session);
    let permit = room.in_nobodys_name(permit.tenant_id(), asked.origin).await?;
    let tenant = tenant_of(&permit)?;
    let taking = Taking { room: &room, permit: &permit, tenant, asked: &asked };
    let (came, Begun { id, ends }) = taking.at_tenant(code_in(&asked), earlier).await?;
    if let Some(earlier) = earlier {
        room.web.warden.hear_at_once(tenant.record.id, session::ended(earlier)).await;
    }
    let deployment = tenant.record.deployment;
    let host = if asked.shared.is_some() { HostOf::Several } else { HostOf::Tenant };
    let value = room.web.cookies.tenant_cookie(host, id.reveal(), tenant.record.id, deployment, ends);
    let (jar, life) = (room.web.jar(), ends.since(room.now()));
    let cookies = [
        jar.set(&asked.cookie_name(cookie::SESSION), &value, Some(life)),
        jar.remove(&asked.cookie_name(cookie::BIND)),
    ];
    Ok(with_cookies(see_other(came.back.as_str()), cookies))
}

async fn enter_console(
    AllowBy(permit, _): AllowBy<EnterTenant, InQuery>,
    State(room): State<Identity>,
    asked: Asked,
) -> Result<Response, Problem> {
    let permit = room.in_nobodys_name(permit.tenant_id(), asked.origin).await?;
    let tenant = tenant_of(&permit)?;
    let taking = Taking { room: &room, permit: &permit, tenant, asked: &asked };
    let came = taking.in_console(code_in(&asked)).await?;
    person::end_presented(&room, &asked.presented.credential, asked.origin).await?;
    let session =
        person::begin(&room, &permit, came.user, came.provider, person::Host::Console, &Proof::default())
            .await?;
    let cookies = [session, room.web.jar().remove(cookie::BIND)];
    Ok(with_cookies(see_other(came.back.as_str()), cookies))
}

struct Taking<'a> {
    room: &'a Identity,
    permit: &'a Permit<EnterTenant>,
    tenant: &'a Tenant,
    asked: &'a Asked,
}

impl Taking<'_> {
    async fn at_tenant(
        &self,
        code: Option<Secret<String>>,
        earlier: Option<Digest>,
    ) -> Result<(HandOver, Begun), Problem> {
        let Taking { room, permit, asked, .. } = *self;
        let code = self.known(code).await?;
        let own = || Whither::Tenant.name().to_owned();
        let gate = asked.shared.as_ref().map_or_else(own, |shared| shared_name(&shared.host));
        let name = asked.cookie_name(cookie::BIND);
        let taken = room.store.write(permit, async |tx| {
            let holds = |bind: &_| Binding::holds(&asked.headers, room.web.jar(), &name, bind);
            match take(tx, code.reveal(), &gate, holds).await? {
                Ok(came) => {
                    let begun = session::begin(tx, &room.settings, &came, earlier).await?;
                    Ok(Ok((came, begun)))
                }
                Err(refusal) => Ok(Err(refusal)),
            }
        });
        taken.await.and_then(|outcome: Result<_, HandOverError>| outcome).map_err(|error| self.refuse(error))
    }

    async fn in_console(&self, code: Option<Secret<String>>) -> Result<HandOver, Problem> {
        let Taking { room, permit, asked, .. } = *self;
        let code = self.known(code).await?;
        let taken = room.store.write(permit, async |tx| {
            let holds = |bind: &_| Binding::holds(&asked.headers, room.web.jar(), cookie::BIND, bind);
            let taken = take(tx, code.reveal(), Whither::Console.name(), holds).await?;
            if let Ok(came) = &taken {
                let facts = json!({ "console": "entered", "connection": came.connection });
                tx.changed(Change::new(came.member, Value::Null, facts));
            }
            Ok(taken)
        });
        taken.await.and_then(|outcome: Result<_, HandOverError>| outcome).map_err(|error| self.refuse(error))
    }

    /// The code, if there is such a hand-over here. Guessing writes nothing, not even into the audit trail.
    async fn known(&self, code: Option<Secret<String>>) -> Result<Secret<String>, Problem> {
        let tenant = self.tenant.record.id;
        let counted = self.asked.count(self.room, Limited::Enter, Some(tenant));
        if !is_public(self.tenant) {
            counted.map_err(|_| Refusal::NoSuchTenant)?;
        } else {
            counted?;
        }
        let code = code.ok_or_else(|| self.refuse(HandOverError::Unknown))?;
        let found = self.room.store.read(self.permit, async |tx| look(tx, code.reveal()).await).await;
        found.map(|_| code).map_err(|error| self.refuse(error))
    }

    /// At a tenant that has not published its sign-in page, a code that was never given is answered as if
    /// there were no tenant.
    fn refuse(&self, error: HandOverError) -> Problem {
        match error {
            HandOverError::Unknown if !is_public(self.tenant) => Refusal::NoSuchTenant.into(),
            error => error.into(),
        }
    }
}
