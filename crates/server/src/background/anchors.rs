//! Fetches the lists of what authorities took back, so that no request ever does: a quarter of the time that a list is
//! fresh after the one before, and sooner while it cannot be had.

use super::origin;
use crate::{assemble::Node, listen::Stop};
use access::{LookAfterAnchors, Upkeep};
use control::anchor::{self, Due};
use outbound::Call;
use protocol::x509::MOST_LIST;
use std::{sync::Arc, time::Duration};
use store::StoreError;

/// How long after its moment a look comes at most.
const PAUSE: Duration = Duration::from_secs(1);
/// How long one fetch may take.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn run(node: Arc<Node>, stop: Stop) {
    stop.every(PAUSE, || async {
        if let Err(error) = look_after(&node).await {
            tracing::warn!(%error, "lists of authorities could not be looked after: {error}");
        }
    })
    .await;
}

async fn look_after(node: &Node) -> Result<(), StoreError> {
    let warden = &node.web.warden;
    let Ok(upkeep) = warden.platform::<Upkeep>(origin(node)) else { return Ok(()) };
    for due in anchor::due(&node.control, &upkeep).await? {
        let permit = warden.background::<LookAfterAnchors>(due.tenant, origin(node));
        if !anchor::take_turn(&node.control, &permit, &due).await? {
            continue;
        }
        let (tenant, id) = (due.tenant, due.anchor);
        let fetched = fetch(node, &due).await;
        if let Err(why) = &fetched {
            tracing::warn!(%tenant, anchor = %id, "the list of anchor {id} could not be fetched: {why}");
        }
        if let Err(error) = anchor::take(&node.control, &permit, &due, fetched).await {
            tracing::warn!(%tenant, anchor = %id, %error, "the list of anchor {id} could not be taken in: {error}");
        }
    }
    Ok(())
}

async fn fetch(node: &Node, due: &Due) -> Result<Vec<u8>, String> {
    let outbound = &node.asking.outbound;
    let address = outbound.admit(&due.url).map_err(|error| error.to_string())?;
    let call = Call::get(address).for_tenant(due.tenant).within(PATIENCE).at_most(MOST_LIST);
    let answer = outbound.send(call).await.map_err(|error| error.to_string())?;
    match answer.status.as_u16() {
        200 => Ok(answer.body.to_vec()),
        status => Err(format!("it answered {status} where the list should be")),
    }
}
