//! What a token is good for (RFC 7662), told to an application that proves who it is, about tokens that are its own or for
//! its API. Of any other it hears what it hears of a forged one: that it is not active.

use crate::oauth::{
    Denied, Params,
    client::authenticate,
    rows,
    show::Shown,
    voucher::{Kind, Voucher},
};
use crate::{Identity, application::Application};
use access::{Permit, ReadGrant, Refusal};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::TenantId;
use serde_json::{Value, json};
use std::sync::Arc;
use web::{
    AllowProgram, Routes, Surface,
    program::{Asks, Sent},
};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Id)
        .post("/oauth/introspect", post)
        .says("Says what a token is good for, to the application that it is for or was given to.")
}

/// A token, and who asks about it.
pub(crate) struct Ask {
    room: Identity,
    application: Arc<Application>,
    token: About,
}

/// What is asked about.
pub(super) enum About {
    Access(Box<Shown>),
    Refresh(Voucher),
    Nothing,
}

impl About {
    pub(super) fn read(room: &Identity, text: &str) -> Self {
        match Voucher::read(text, &room.vouchers()) {
            Some(voucher) if voucher.kind == Kind::Refresh => About::Refresh(voucher),
            Some(_) => About::Nothing,
            None => Shown::read(room, text).map_or(About::Nothing, |shown| About::Access(Box::new(shown))),
        }
    }

    pub(super) fn tenant(&self) -> TenantId {
        match self {
            About::Access(shown) => shown.token.tenant,
            About::Refresh(voucher) => voucher.tenant,
            About::Nothing => TenantId::from_bits(0),
        }
    }
}

fn inactive() -> Value {
    json!({ "active": false })
}

impl Asks<Identity> for Ask {
    const WHERE: &'static str = "token";

    async fn read(sent: Sent, room: &Identity) -> Result<Self, Response> {
        let understood = async {
            let params = Params::of(sent.fields.clone())?;
            let application = authenticate(room, &sent, &params).await?;
            if application.metadata.token_endpoint_auth_method == crate::application::AuthMethod::None {
                return Err(Denied::client());
            }
            let token = About::read(room, params.need("token")?);
            Ok(Ask { room: room.clone(), application, token })
        };
        understood.await.map_err(IntoResponse::into_response)
    }

    fn tenant(&self) -> TenantId {
        self.token.tenant()
    }

    /// A tenant that is not there or closed has no token that is active.
    fn refuse(refusal: Refusal) -> Response {
        match refusal {
            Refusal::OutOfTouch => Denied::from(refusal).into_response(),
            _ => Json(inactive()).into_response(),
        }
    }
}

async fn post(AllowProgram(permit, asked): AllowProgram<ReadGrant, Ask>) -> Response {
    match asked.answer(&permit).await {
        Ok(told) => Json(told.unwrap_or_else(inactive)).into_response(),
        Err(denied) => denied.into_response(),
    }
}

impl Ask {
    async fn answer(&self, permit: &Permit<ReadGrant>) -> Result<Option<Value>, Denied> {
        match &self.token {
            About::Nothing => Ok(None),
            About::Access(shown) => Ok(self.access(permit, shown).await),
            About::Refresh(voucher) => self.refresh(permit, *voucher).await,
        }
    }

    async fn access(&self, permit: &Permit<ReadGrant>, shown: &Shown) -> Option<Value> {
        let token = &shown.token;
        let is_its_own = token.application == self.application.id;
        let is_for_it = self.application.metadata.resource.as_deref() == Some(token.audience.as_str());
        if !is_its_own && !is_for_it {
            return None;
        }
        let person = shown.standing(&self.room, permit.caller().request()).await?;
        let words = token.words.iter().map(String::as_str).chain(token.scopes.iter().map(AsRef::as_ref));
        let mut told = json!({
            "active": true,
            "iss": self.room.web.hosts.id.origin(),
            "client_id": token.application,
            "token_type": if token.jkt().is_some() { "DPoP" } else { "Bearer" },
            "scope": words.collect::<Vec<_>>().join(" "),
            "aud": token.audience,
            "sub": person.map_or_else(|| token.application.to_string(), |person| person.user.to_string()),
            "tenant": token.tenant,
            "iat": token.issued.seconds(),
            "exp": token.ends.seconds(),
            "jti": token.id,
        });
        if let Some(proof) = &token.proof {
            proof.write(&mut told);
        }
        for (name, value) in [("cnf", &token.bound_to), ("act", &token.actor)] {
            if let Some(value) = value {
                told[name] = value.clone();
            }
        }
        Some(told)
    }

    async fn refresh(&self, permit: &Permit<ReadGrant>, voucher: Voucher) -> Result<Option<Value>, Denied> {
        let now = self.room.now();
        let found = self.room.store.read(permit, async |tx| rows::find(tx, voucher.grant).await).await?;
        let found = found.filter(|grant| {
            grant.application == self.application.id
                && grant.stands(now)
                && grant.generation == voucher.generation
        });
        Ok(found.map(|grant| {
            let body = &grant.body;
            let words = body.words.iter().map(String::as_str).chain(body.scopes.iter().map(AsRef::as_ref));
            json!({
                "active": true,
                "iss": self.room.web.hosts.id.origin(),
                "client_id": grant.application,
                "scope": words.collect::<Vec<_>>().join(" "),
                "sub": body.user,
                "tenant": voucher.tenant,
                "exp": grant.ends.seconds(),
            })
        }))
    }
}
