//! What was done stays done, and can be shown.

use crate::stage::Stage;
use crate::story::{Story, expect};
use crate::walk::{CONTOSOS, Seen, words};

pub(super) async fn walk(story: &mut Story, stage: &mut Stage) {
    story.chapter("What was done stays done");
    story.step("the node is killed and started again, and Alice is still signed in", power_cut(stage).await);
    for tenant in [stage.contoso.clone(), stage.training.clone(), stage.fabrikam.clone()] {
        let claim = format!("{}'s audit trail is whole: every line is in its Merkle log", tenant.name);
        story.step(&claim, stage.node.tell(&["audit", "verify", &tenant.id]).await);
    }
}

async fn power_cut(stage: &mut Stage) -> Seen<()> {
    let (mut alice, _) = stage.arrive("alice@contoso.test", &stage.contoso).await.map_err(words)?;
    stage.node.kill_and_start_again().await.map_err(words)?;
    let page = alice.get(&stage.at(&stage.contoso, "/")).await.map_err(words)?;
    expect(page.body.contains(CONTOSOS), format!("{page:?}"))
}
