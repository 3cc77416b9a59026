//! The context token: a JWT that says who calls and in which tenant.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;

use crate::{Context, ContextError, Device, Subscriber, TOLERANCE, Tenant, User, Workload};

/// The header it travels in.
pub(crate) const HEADER: &str = "Partywall-Context";

/// Marks our tokens, so that another JWT signed with the same key is never taken for one.
const TYPE: &str = "partywall-context+jwt";

/// What the token claims. Nothing here is believed before the signature is checked.
#[derive(Deserialize)]
pub(crate) struct Claims {
    iss: String,
    aud: String,
    nbf: i64,
    exp: i64,
    tenant: Tenant,
    sub: Option<String>,
    member: Option<Member>,
    #[serde(default)]
    roles: Vec<String>,
    sid: Option<String>,
    subscriber: Option<Subscriber>,
    workload: Option<Workload>,
    device: Option<Device>,
}

#[derive(Default, Deserialize)]
struct Member {
    id: Option<String>,
    name: Option<String>,
    email: Option<String>,
}

/// The id of the key that the token says it was signed with, if it says that it is one of ours.
pub(crate) fn key_id(token: &str) -> Result<String, ContextError> {
    #[derive(Deserialize)]
    struct Header {
        alg: String,
        typ: Option<String>,
        kid: Option<String>,
    }
    let first = token.split('.').next().unwrap_or_default();
    let json = URL_SAFE_NO_PAD.decode(first).map_err(|_| ContextError::Malformed(HEADER))?;
    let header: Header = serde_json::from_slice(&json).map_err(|_| ContextError::Malformed(HEADER))?;
    if header.alg != "ES256" || header.typ.as_deref() != Some(TYPE) {
        return Err(ContextError::Forged);
    }
    header.kid.ok_or(ContextError::Malformed(HEADER))
}

/// Checks the signature and gives the claims.
pub(crate) fn verify(token: &str, key: &DecodingKey) -> Result<Claims, ContextError> {
    use jsonwebtoken::errors::ErrorKind;
    decode::<Claims>(token, key, &signature_only()).map(|token| token.claims).map_err(|error| {
        match error.kind() {
            ErrorKind::Json(_) | ErrorKind::Base64(_) | ErrorKind::Utf8(_) | ErrorKind::InvalidToken => {
                ContextError::Malformed(HEADER)
            }
            _ => ContextError::Forged,
        }
    })
}

/// Times, issuer and audience are checked by [`Claims::check`], which knows our clock and names each
/// refusal.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::ES256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

impl Claims {
    /// Is it from our gateway, for us, and now?
    pub(crate) fn check(&self, issuer: &str, audience: &str, now: i64) -> Result<(), ContextError> {
        if self.iss != issuer {
            Err(ContextError::WrongIssuer)
        } else if self.aud != audience {
            Err(ContextError::WrongAudience)
        } else if now >= self.exp.saturating_add(TOLERANCE) {
            Err(ContextError::Expired)
        } else if now < self.nbf.saturating_sub(TOLERANCE) {
            Err(ContextError::NotYetValid)
        } else {
            Ok(())
        }
    }

    pub(crate) fn into_context(mut self, request_id: Option<String>) -> Context {
        self.roles.sort();
        let member = self.member.unwrap_or_default();
        let user = self.sub.map(|id| User { id, member: member.id, name: member.name, email: member.email });
        let subscriber = self.subscriber.map(|mut subscriber| {
            subscriber.scopes.sort();
            subscriber
        });
        let workload = self.workload.map(|mut workload| {
            workload.scopes.sort();
            workload
        });
        let device = self.device.map(|mut device| {
            device.scopes.sort();
            device
        });
        Context {
            tenant: self.tenant,
            user,
            subscriber,
            workload,
            device,
            roles: self.roles,
            session: self.sid,
            request_id,
        }
    }
}
