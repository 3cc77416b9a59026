//! A tenant claims a name.

use super::{OwnDomain, OwnDomainError, Serves, Standing, name, rows};
use crate::{Terms, hostname::Reserved};
use access::{ManageDomains, Permit};
use domain::{Change, Event, Limit, Moment, event::names};
use serde_json::{Value, json};
use store::Store;

/// Claims a name for the permit's tenant. It maps nothing yet; claiming it once more changes nothing. Nobody is
/// told who else has claimed the name, or holds it.
///
/// # Errors
/// [`OwnDomainError`].
pub async fn claim(
    store: &Store,
    permit: &Permit<ManageDomains>,
    text: &str,
    serves: Serves,
    reserved: &Reserved,
    terms: &Terms,
) -> Result<OwnDomain, OwnDomainError> {
    let host = name::read(text, reserved)?;
    let limits = permit.caller().tenant().map(|tenant| tenant.record.limits.clone()).unwrap_or_default();
    store
        .write(permit, async |tx| {
            if let Some(claimed) = rows::find(tx, &host).await? {
                return match claimed.serves == serves {
                    true => Ok(claimed),
                    false => Err(OwnDomainError::OtherUse(claimed.serves.name())),
                };
            }
            let most = limits.of(Limit::PendingDomains);
            if rows::count_pending(tx).await? >= most {
                return Err(OwnDomainError::TooManyPending { most });
            }
            let claimed = OwnDomain {
                host: host.clone(),
                serves,
                token: tx.new_token(),
                standing: Standing::Pending,
                proof: None,
                fault: String::new(),
                created_at: tx.now(),
                checked_at: Moment::NEVER,
                proved_at: Moment::NEVER,
                lost_at: Moment::NEVER,
                due_at: tx.now() + terms.domain_claim,
            };
            rows::add(tx, &claimed).await?;
            tx.changed(Change::new(
                &host,
                Value::Null,
                json!({ "standing": claimed.standing.name(), "for": serves.name() }),
            ));
            let event = Event::new(names::DOMAIN_CHANGED, &host).with("standing", claimed.standing.name());
            tx.emit(event).await?;
            Ok(claimed)
        })
        .await
}
