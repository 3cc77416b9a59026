//! What somebody's address means where they come in.

use super::{domain_of, rows};
use crate::{
    claim_rule::Ruled,
    sign_in::{Connection, SignInError},
};
use domain::Hostname;
use protocol::IdentityClaims;
use serde_json::Value;
use std::collections::BTreeSet;
use store::TenantRead;

/// Claims in which an address may stand, beside the protocol's own.
const ADDRESSES: [&str; 4] = ["email", "preferred_username", "unique_name", "upn"];

/// Whether the address that is kept may be relied upon: only at a domain that this tenant has proved, and only by the
/// word of the connection that is bound to it, or of a provider that says that it checked.
///
/// # Errors
/// [`SignInError::OtherConnection`] for whoever has an address at a domain whose people come by another provider only,
/// whichever claim it stands in and whatever rules make of it.
pub(crate) async fn check(
    tx: &mut TenantRead,
    connection: &Connection,
    claims: &IdentityClaims,
    ruled: &Ruled,
) -> Result<bool, SignInError> {
    let kept = ruled.email.as_ref().and_then(|email| domain_of(email.as_str()));
    let is_checked = claims.email_verified && ruled.email == claims.email;
    let mut is_verified = false;
    for domain in domains(claims, kept.as_ref()) {
        let Some(proved) = rows::find(tx, &domain).await? else { continue };
        let way = proved.way.as_ref();
        if way.is_some_and(|way| way.is_only && way.provider != connection.provider) {
            return Err(SignInError::OtherConnection);
        }
        if kept.as_ref() == Some(&domain) {
            is_verified = is_checked || way.is_some_and(|way| way.connection == connection.id);
        }
    }
    Ok(is_verified)
}

fn domains(claims: &IdentityClaims, kept: Option<&Hostname>) -> BTreeSet<Hostname> {
    let said = ADDRESSES.iter().filter_map(|name| claims.raw.get(*name).and_then(Value::as_str));
    let own = claims.email.as_ref().map(|email| email.as_str());
    said.chain(own).filter_map(domain_of).chain(kept.cloned()).collect()
}
