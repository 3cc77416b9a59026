//! An anchor is laid down.

use super::{
    Anchor, AnchorError, MOST, MOST_OF_THE_HOUSE,
    check::{checked, is_house},
    rows,
};
use crate::Control;
use access::{Actor, ManageAnchors, Permit};
use domain::{AnchorRules, Change, DisplayName, Event, Moment, event::names};
use protocol::x509::{Authority, BadAuthority, read_pem};
use serde_json::Value;

/// An anchor to lay down.
#[derive(Clone, Debug)]
pub struct NewAnchor {
    /// What it is called; what the authority calls itself where nothing is said.
    pub name: Option<DisplayName>,
    /// The authority's certificate, in PEM.
    pub certificate: String,
    /// A certificate that shows that its owner has the authority's key, in PEM.
    pub proof: Option<String>,
    /// What its certificates mean.
    pub rules: AnchorRules,
}

/// Lays an anchor down.
///
/// # Errors
/// [`AnchorError`].
pub async fn add(
    room: &Control,
    permit: &Permit<ManageAnchors>,
    new: NewAnchor,
) -> Result<Anchor, AnchorError> {
    let certificate = only(&new.certificate)?;
    let authority = Authority::read(&certificate)?;
    if authority.is_over(room.store.clock().now()) {
        return Err(BadAuthority::Expired.into());
    }
    if room.public_roots.contains(&authority.key()) {
        return Err(AnchorError::Public);
    }
    let house = is_house(permit);
    let rules = checked(new.rules, house, room.web.hosts.development)?;
    prove(permit, house, &authority, new.proof.as_deref())?;
    let name = match new.name {
        Some(name) => name,
        None => authority.title().parse().map_err(|_| AnchorError::Rule("name", "give it a name".into()))?,
    };
    let anchor = room
        .store
        .write(permit, async |tx| {
            if rows::has(tx, authority.key()).await? {
                return Err(AnchorError::Exists);
            }
            let most = if house { MOST_OF_THE_HOUSE } else { MOST };
            if rows::count(tx).await? >= most {
                return Err(AnchorError::TooMany(most));
            }
            let now = tx.now();
            let anchor = Anchor {
                id: tx.new_id(),
                name,
                certificate,
                rules,
                created_at: now,
                changed_at: now,
                revoked: 0,
                lists: Vec::new(),
                list_fault: String::new(),
            };
            rows::put(tx, &anchor, authority.key(), first_look(&anchor.rules, now)).await?;
            tx.changed(Change::new(anchor.id, Value::Null, anchor.facts()));
            tx.emit(Event::new(names::ANCHOR_CHANGED, anchor.id)).await?;
            Ok(anchor)
        })
        .await?;
    Ok(anchor)
}

/// When its list is fetched first.
pub(super) fn first_look(rules: &AnchorRules, now: Moment) -> Moment {
    let fetched = rules.lists.as_ref().is_some_and(|lists| lists.url.is_some());
    if fetched { now } else { Moment::NEVER }
}

fn only(text: &str) -> Result<Vec<u8>, AnchorError> {
    let mut all = read_pem(text).map_err(|bad| AnchorError::Text(bad.0))?;
    match (all.pop(), all.is_empty()) {
        (Some(one), true) => Ok(one),
        _ => Err(AnchorError::Text("give one certificate, that of the authority itself")),
    }
}

/// A tenant shows that it has the authority's key. An operator, who acts in the tenant for a stated reason or for their
/// own organisation, answers for it instead.
fn prove(
    permit: &Permit<ManageAnchors>,
    house: bool,
    authority: &Authority,
    proof: Option<&str>,
) -> Result<(), AnchorError> {
    if house || matches!(permit.caller().actor(), Actor::Assumed { .. }) {
        return Ok(());
    }
    let tenant = permit.tenant_id();
    let needed = || AnchorError::Proof(authority.proof_name(tenant));
    let proof =
        only(proof.filter(|proof| !proof.trim().is_empty()).ok_or_else(needed)?).map_err(|_| needed())?;
    if authority.is_proved_by(&proof, tenant) { Ok(()) } else { Err(needed()) }
}
