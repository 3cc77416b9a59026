//! What has to be there before anybody can do anything. Runs at every start, on every node: what is there
//! already stays, and nodes that start at once take turns.

use crate::{
    Terms, deployment,
    invitation::{self, Invitation, offer},
    plan, tenant,
    turn::Turn,
};
use access::{OperatorPermit, Upkeep};
use domain::{Change, DisplayName, Event, Limits, Moment, Slug, Standing, TenantId, event::names};
use serde_json::{Value, json};
use store::{Keyring, OperatorWrite, Store, StoreError};

/// How things stand with the first operator.
#[derive(Debug)]
pub enum FirstStart {
    /// There is one, or was: an invitation of the house was used.
    Operated,
    /// A link that was printed earlier can still be used. What it was cannot be told again;
    /// `partywall bootstrap` makes a new one.
    LinkIsOut {
        /// Until when.
        until: Moment,
    },
    /// There was none, so here is a new link, to be printed once.
    LinkMade(Invitation),
}

/// Makes what is missing: the default plan, a deployment without backends, the house, the platform's keys,
/// and, as long as there was never an operator, the link for the first one.
///
/// # Errors
/// [`StoreError`].
pub async fn bootstrap(
    store: &Store,
    permit: &OperatorPermit<Upkeep>,
    terms: &Terms,
) -> Result<FirstStart, StoreError> {
    store
        .operate(permit, async |tx| {
            Turn::FirstStart.take(tx).await?;
            let house = match tenant::rows::find_by_slug(tx, &Slug::house()).await? {
                Some(house) => {
                    // A release that knows keys of a new kind finds an installation without them.
                    if Keyring::complete(tx).await? {
                        tx.emit(house.id, Event::new(names::KEYS_CHANGED, house.id)).await?;
                    }
                    house.id
                }
                None => build(tx, terms).await?,
            };
            let known = invitation::rows::known(tx, house).await?;
            if known.used {
                return Ok(FirstStart::Operated);
            }
            if let Some(until) = known.open_until {
                return Ok(FirstStart::LinkIsOut { until });
            }
            let (roles, life) = offer(true, terms);
            let invitation = invitation::issue(tx, house, roles, life, known.connection).await?;
            let after = json!({ "invitation_ends": invitation.ends.to_string() });
            tx.changed_tenant(house, Change::new(house, Value::Null, after));
            Ok(FirstStart::LinkMade(invitation))
        })
        .await
}

/// Builds the house.
async fn build(tx: &mut OperatorWrite, terms: &Terms) -> Result<TenantId, StoreError> {
    Keyring::make(tx).await?;
    let plan = plan::Plan {
        id: tx.new_id(),
        name: named("Default"),
        limits: Limits::default(),
        changed_at: tx.now(),
    };
    plan::rows::put(tx, &plan).await?;
    let deployment = deployment::Deployment {
        id: tx.new_id(),
        name: named("Default"),
        upstreams: Vec::new(),
        balancing: domain::Balancing::default(),
        region: None,
        changed_at: tx.now(),
    };
    let secrets = deployment::ProofSecrets::make(tx);
    deployment::rows::add(tx, &deployment, &secrets).await?;
    let house = tenant::rows::NewRow {
        id: tx.new_id(),
        slug: &Slug::house(),
        name: &named("House"),
        standing: Standing::Active,
        plan: plan.id,
        deployment: deployment.id,
        region: terms.home_region.as_str(),
    };
    tenant::rows::add(tx, &house).await?;
    // Operators sign in at the house; its page is found by whoever knows the console's address.
    tenant::rows::add_settings(tx, house.id, true, terms).await?;
    let after = json!({ "slug": house.slug, "plan": plan.id, "deployment": deployment.id });
    tx.changed_tenant(house.id, Change::new(house.id, Value::Null, after));
    tx.emit(house.id, Event::new(names::TENANT_CHANGED, house.id)).await?;
    Ok(house.id)
}

fn named(name: &str) -> DisplayName {
    name.parse().expect("a plain word is a name")
}
