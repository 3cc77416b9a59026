//! The proof is looked for, and what follows from that.

use super::{Missing, OwnDomain, OwnDomainError, Proof, Standing, find, hold, rows};
use crate::{Control, order};
use access::{ManageDomains, Needs, OperatorPermit, Origin, Permit, TenantAction, Upkeep, Writes};
use domain::{Change, Event, Hostname, Moment, event::names};
use serde_json::{Value, json};

/// Looks for the proof of a name now, and maps the name if it is there. A look that finds nothing is no mistake:
/// what it missed stands in the answer.
///
/// # Errors
/// [`OwnDomainError::Unknown`]; [`OwnDomainError::Held`] and [`OwnDomainError::PlanLimit`] for a name that is proved
/// and cannot be mapped.
pub async fn check(
    room: &Control,
    permit: &Permit<ManageDomains>,
    host: &Hostname,
) -> Result<OwnDomain, OwnDomainError> {
    let claim = find(&room.store, permit, host).await?;
    let looked = look(room, permit, claim).await?;
    // Whoever looks has perhaps put right what an authority missed.
    order::hurry(&room.store, permit, host).await?;
    Ok(looked)
}

/// The same for whoever may.
pub(super) async fn look<A: TenantAction + Writes>(
    room: &Control,
    permit: &Permit<A>,
    claim: OwnDomain,
) -> Result<OwnDomain, OwnDomainError> {
    // Whoever is asked may be slow; no transaction waits for that.
    let found = room.prober.prove(permit.tenant_id(), &claim).await;
    let upkeep = upkeep(room, permit)?;
    let held = match found {
        Ok(proof) => hold::hold(&room.store, &upkeep, permit.tenant_id(), &claim, proof).await,
        Err(_) => Ok(()),
    };
    let (found, refused) = match held {
        Ok(()) => (found, None),
        Err(OwnDomainError::Held) => (Err(Missing::Held), Some(OwnDomainError::Held)),
        Err(error) => return Err(error),
    };
    let settled = settle(room, permit, &claim, found).await;
    let maps = match &settled {
        Ok(next) => next.standing.maps(),
        // Given back while we looked: what was just mapped goes with it.
        Err(OwnDomainError::Unknown) => false,
        Err(_) => true,
    };
    if !maps && (claim.standing.maps() || found.is_ok()) {
        hold::let_go(&room.store, &upkeep, permit.tenant_id(), &claim.host, &room.terms).await?;
    }
    let next = settled?;
    room.hear_tenant(permit.tenant_id()).await;
    refused.map_or(Ok(next), Err)
}

/// The platform's own permit, on behalf of this request.
pub(super) fn upkeep<A: TenantAction>(
    room: &Control,
    permit: &Permit<A>,
) -> Result<OperatorPermit<Upkeep>, OwnDomainError> {
    let origin = Origin { request: permit.caller().request() };
    room.web.warden.platform::<Upkeep>(origin).map_err(|_| OwnDomainError::Unknown)
}

async fn settle<A: TenantAction + Writes>(
    room: &Control,
    permit: &Permit<A>,
    seen: &OwnDomain,
    found: Result<Proof, Missing>,
) -> Result<OwnDomain, OwnDomainError> {
    let terms = &room.terms;
    room.store
        .write(permit, async |tx| {
            // Given back, perhaps, while we looked.
            let claim = rows::find(tx, &seen.host).await?.ok_or(OwnDomainError::Unknown)?;
            let now = tx.now();
            let next = match found {
                Ok(proof) => OwnDomain {
                    standing: Standing::Active,
                    proof: Some(proof),
                    fault: String::new(),
                    proved_at: now,
                    lost_at: Moment::NEVER,
                    due_at: now + terms.domain_recheck,
                    ..claim.clone()
                },
                Err(missing) if claim.standing.maps() => {
                    let lost_at = if claim.lost_at == Moment::NEVER { now } else { claim.lost_at };
                    let is_over = lost_at + terms.domain_grace <= now;
                    let ends = lost_at + terms.domain_grace;
                    OwnDomain {
                        standing: if is_over { Standing::Inactive } else { Standing::Warned },
                        fault: missing.to_string(),
                        lost_at,
                        due_at: if is_over {
                            now + terms.domain_claim
                        } else {
                            ends.min(now + terms.domain_recheck)
                        },
                        ..claim.clone()
                    }
                }
                Err(missing) => OwnDomain { fault: missing.to_string(), ..claim.clone() },
            };
            let next = OwnDomain { checked_at: now, ..next };
            rows::put(tx, &next).await?;
            // Whoever asks for a look leaves a line; the platform's own looks leave one for what is new.
            if !matches!(A::NEEDS, Needs::Platform) || facts(&next) != facts(&claim) {
                tx.changed(Change::new(&next.host, facts(&claim), facts(&next)));
            }
            if next.standing != claim.standing {
                let event = Event::new(names::DOMAIN_CHANGED, &next.host);
                tx.emit(event.with("standing", next.standing.name())).await?;
            }
            Ok(next)
        })
        .await
}

fn facts(claim: &OwnDomain) -> Value {
    json!({
        "standing": claim.standing.name(),
        "proof": claim.proof.map(Proof::name),
        "missing": claim.fault,
    })
}
