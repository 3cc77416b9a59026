//! Signing out means out.

use crate::client::{Ask, Browser};
use crate::stage::Stage;
use crate::story::{Story, expect};
use crate::walk::{CONTOSOS, Seen, answer, tried, words};

pub(super) async fn walk(story: &mut Story, stage: &mut Stage) {
    story.chapter("Aaron goes home");
    let Some((aaron, before)) = story.step("he signs out by the button on the page", sign_out(stage).await)
    else {
        return;
    };
    tried(story, "his browser is a stranger again", is_out(stage, aaron).await);
    tried(story, "a copy of his browser from before is one too", is_out(stage, before).await);
}

async fn sign_out(stage: &Stage) -> Seen<(Browser, Browser)> {
    let (mut aaron, page) = stage.arrive("aaron@contoso.test", &stage.contoso).await.map_err(words)?;
    let before = aaron.clone();
    let form = page.form("/.partywall/sign-out").map_err(words)?;
    let page = aaron.submit(form).await.map_err(words)?;
    expect(!page.status.is_server_error() && !page.body.contains(CONTOSOS), format!("{page:?}"))?;
    Ok((aaron, before))
}

async fn is_out(stage: &Stage, mut browser: Browser) -> Seen<String> {
    let page = browser.send(&Ask::get(&stage.at(&stage.contoso, "/api/surveys"))).await.map_err(words)?;
    expect(!page.status.is_success() && !page.body.contains(CONTOSOS), answer(&page))?;
    Ok(answer(&page))
}
