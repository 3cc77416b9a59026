//! Handing over without a prompt, by the person's session at `id.`.

use crate::{
    Identity,
    asked::Asked,
    hand_over::{self, Gift},
    sign_in::{SignInError, connection, gate::Gate, pending::Aim, rows},
};
use access::{Permit, Refusal, SwitchTenant, Tenant};
use domain::{Change, Event, Secret, event::names};
use serde_json::{Value, json};
use web::Problem;

/// Hands over to where `aim` points; gives the code.
///
/// # Errors
/// `session.needed` if the session does not open this tenant any more, and the database's own trouble.
pub(crate) async fn go_over(
    room: &Identity,
    asked: &Asked,
    tenant: &Tenant,
    aim: &Aim,
) -> Result<Secret<String>, Problem> {
    let Aim::Enter { whither, back, bind, host } = aim else {
        return Err(Problem::internal("only entering goes without a prompt"));
    };
    let at = room.web.warden.resolve_id(tenant.record.id)?;
    let credential = &asked.presented.credential;
    let permit: Permit<SwitchTenant> = room.web.warden.permit(&at, credential, asked.origin).await?;
    let person = permit.caller().person().ok_or(Refusal::SignInNeeded)?;
    let (member, user, provider) = (person.member, person.user, person.provider);
    let code = room.store.write(&permit, async |tx| {
        let open = connection::in_use(tx).await?;
        let connection = open.into_iter().find(|open| open.provider == provider);
        let connection = connection.ok_or(SignInError::NoConnection)?.id;
        let sign_in = rows::note_sign_in(tx, member, connection, provider).await?;
        let facts =
            json!({ "sign_in": sign_in, "user": user, "connection": connection, "provider": provider });
        tx.changed(Change::new(member, Value::Null, facts));
        let event = Event::new(names::SIGNED_IN, member).with("user", user).with("connection", connection);
        tx.emit(event).await?;
        let life = room.settings.hand_over;
        let gate = Gate::of(room, tenant, *whither, host.as_ref()).name();
        let gift = Gift { gate, member, user, provider, connection, bind: *bind, back, life };
        Ok::<_, SignInError>(hand_over::give(tx, &gift).await?)
    });
    Ok(code.await?)
}
