//! An application gives back what it was given (RFC 7009). Whichever of its tokens it shows, the grant behind it ends, on
//! every node, and with it every token of the family.

use super::introspect::About;
use crate::oauth::{Denied, Params, client::authenticate, rows};
use crate::{Identity, application::Application};
use access::{Permit, Refusal, UseGrant};
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{Change, Event, GrantId, TenantId, event::names};
use serde_json::{Value, json};
use std::sync::Arc;
use web::{
    AllowProgram, Routes, Surface,
    program::{Asks, Sent},
};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Id)
        .post("/oauth/revoke", post)
        .says("Ends the grant behind a token of the application that asks.")
}

/// A token, and who gives it back.
pub(crate) struct Ask {
    room: Identity,
    application: Arc<Application>,
    token: About,
}

impl Asks<Identity> for Ask {
    const WHERE: &'static str = "token";

    async fn read(sent: Sent, room: &Identity) -> Result<Self, Response> {
        let understood = async {
            let params = Params::of(sent.fields.clone())?;
            let application = authenticate(room, &sent, &params).await?;
            let token = About::read(room, params.need("token")?);
            Ok::<_, Denied>(Ask { room: room.clone(), application, token })
        };
        understood.await.map_err(IntoResponse::into_response)
    }

    fn tenant(&self) -> TenantId {
        self.token.tenant()
    }

    /// What is good for nothing need not be ended.
    fn refuse(refusal: Refusal) -> Response {
        match refusal {
            Refusal::OutOfTouch => Denied::from(refusal).into_response(),
            _ => StatusCode::OK.into_response(),
        }
    }
}

async fn post(AllowProgram(permit, asked): AllowProgram<UseGrant, Ask>) -> Response {
    match asked.end(&permit).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(denied) => denied.into_response(),
    }
}

impl Ask {
    async fn end(&self, permit: &Permit<UseGrant>) -> Result<(), Denied> {
        let id: GrantId = match &self.token {
            About::Access(shown) if shown.token.application == self.application.id => shown.token.grant,
            About::Refresh(voucher) => voucher.grant,
            _ => return Ok(()),
        };
        let ended = self.room.store.write(permit, async |tx| {
            let found = rows::find(tx, id).await?;
            if found.is_none_or(|grant| grant.application != self.application.id || grant.is_ended) {
                return Ok(false);
            }
            rows::end(tx, id).await?;
            tx.changed(Change::new(id, json!({ "application": self.application.id }), Value::Null));
            Ok::<_, Denied>(true)
        });
        if ended.await? {
            let event = Event::new(names::GRANT_ENDED, id);
            self.room.web.warden.hear_at_once(permit.tenant_id(), event).await;
        }
        Ok(())
    }
}
