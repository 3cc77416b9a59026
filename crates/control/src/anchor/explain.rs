//! What becomes of a certificate, anchor by anchor. Nothing of it is kept.

use super::{Anchor, AnchorError, list};
use crate::Control;
use access::{Permit, TenantAction};
use domain::{AnchorId, RuleTenant};
use protocol::x509::{ClientChain, grants, read_pem, verify};

/// What one anchor makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The anchor.
    pub anchor: AnchorId,
    /// What it is called.
    pub name: String,
    /// Whether its authority vouches for it.
    pub vouches: bool,
    /// Why not; or whom it is for, or that no rule fits.
    pub how: String,
}

/// Asks each of the tenant's anchors. What was taken back is told apart at the anchor and its lists, not here.
///
/// # Errors
/// [`AnchorError::Text`] for what is no certificate.
pub async fn explain<A: TenantAction>(
    room: &Control,
    permit: &Permit<A>,
    certificate: &str,
) -> Result<Vec<Verdict>, AnchorError> {
    let chain = read_pem(certificate).and_then(ClientChain::read).map_err(|bad| AnchorError::Text(bad.0))?;
    let now = room.store.clock().now();
    let anchors = list(&room.store, permit).await?;
    let verdict = |anchor: Anchor| {
        let vouched = match anchor.authority() {
            Some(authority) => verify(&chain, &authority, &[], false, now).map_err(|why| why.to_string()),
            None => Err("its own certificate cannot be read any more".to_owned()),
        };
        let vouches = vouched.is_ok();
        let how = vouched.map_or_else(|why| why, |_| whom(&anchor, &chain));
        Verdict { anchor: anchor.id, name: anchor.name.to_string(), vouches, how }
    };
    Ok(anchors.into_iter().map(verdict).collect())
}

fn whom(anchor: &Anchor, chain: &ClientChain) -> String {
    let tenant = |rule: Option<&RuleTenant>, named: Option<&str>| match (rule, named) {
        (None, _) => Some(String::new()),
        (Some(RuleTenant::Is(id)), _) => Some(format!(" at {id}")),
        (Some(RuleTenant::From(_)), named) => named.map(|name| format!(" at {name}")),
    };
    let found = grants(&anchor.rules, chain.facts(), tenant);
    if found.is_empty() {
        let stands = chain.facts().values().iter();
        let stands: Vec<_> = stands.map(|(attribute, text)| format!("{} {text}", attribute.name())).collect();
        return format!("no rule fits; in it stands {}", stands.join(", "));
    }
    let told = found.iter().map(|grant| {
        let scopes: Vec<_> = grant.scopes.iter().map(AsRef::as_ref).collect();
        let scopes = if scopes.is_empty() { "no scope".to_owned() } else { scopes.join(", ") };
        format!("the {} {}{} with {scopes}", grant.machine.name(), grant.identity, grant.tenant)
    });
    told.collect::<Vec<_>>().join("; ")
}
