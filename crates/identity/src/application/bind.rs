//! An application is bound by what it publishes of itself (RFC 7591 section 2), so that nobody copies its settings.

use super::{Added, ApplicationError, Metadata, add, change};
use crate::Identity;
use access::{ChangePlatformSettings, OperatorPermit};
use domain::ApplicationId;
use outbound::Call;
use serde_json::Value;
use url::Url;

const MOST_BYTES: usize = 64 * 1024;

/// Where an application's metadata comes from.
#[derive(Debug)]
pub enum From {
    /// It was given.
    Given(Value),
    /// It lies there.
    Address(String),
}

/// Registers an application by its metadata, or puts that in place of what was registered of `known`. What the metadata
/// does not say stays as it is; what we do not know of it is passed over, as the standard says.
///
/// # Errors
/// [`ApplicationError`].
pub async fn bind(
    room: &Identity,
    permit: &OperatorPermit<ChangePlatformSettings>,
    from: From,
    known: Option<ApplicationId>,
) -> Result<Added, ApplicationError> {
    let said = match from {
        From::Given(said) => said,
        From::Address(address) => fetch(room, &address).await?,
    };
    let Some(id) = known else {
        return add(room, permit, read(said)?).await;
    };
    let before = room.application(&id.to_string()).ok_or(ApplicationError::Unknown)?;
    change(room, permit, id, merged(&before.metadata, said)?).await
}

/// A registration with some of it changed.
pub(super) fn merged(before: &Metadata, changes: Value) -> Result<Metadata, ApplicationError> {
    let mut whole = serde_json::to_value(before).expect("a registration is plain data");
    let Value::Object(changes) = changes else { return Err(malformed("it is no object")) };
    for (name, value) in changes {
        whole[name] = value;
    }
    read(whole)
}

fn read(said: Value) -> Result<Metadata, ApplicationError> {
    serde_json::from_value(said).map_err(|error| malformed(&error.to_string()))
}

fn malformed(why: &str) -> ApplicationError {
    ApplicationError::Rule("metadata", format!("the metadata cannot be read: {why}"))
}

async fn fetch(room: &Identity, address: &str) -> Result<Value, ApplicationError> {
    let away = |why: String| ApplicationError::Away(why);
    let url = Url::parse(address).map_err(|error| away(error.to_string()))?;
    let call = Call::get_json(url).within(room.settings.provider_patience).at_most(MOST_BYTES);
    let answer = room.outbound.send(call).await.map_err(|error| away(error.to_string()))?;
    if answer.status != 200 {
        return Err(away(format!("the answer's status is {}", answer.status.as_u16())));
    }
    serde_json::from_slice(&answer.body).map_err(|error| away(format!("it is no JSON: {error}")))
}
