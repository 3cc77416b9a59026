//! What roles are good for, and one person in two tenants.

use http::Method;
use serde_json::json;

use crate::client::{Ask, Browser, Page};
use crate::stage::{Stage, Tenant};
use crate::story::{Story, expect};
use crate::walk::{CONTOSOS, Seen, TRAININGS, shows, words};

pub(super) async fn walk(story: &mut Story, stage: &mut Stage) {
    story.chapter("Roles are held per user and tenant");
    story.step("Aaron, a reader, sees the survey but may not write one", aaron(stage).await);
    story.step("Alice, an admin, may", alice(stage).await);

    story.chapter("Carol works in two tenants");
    story.step("she signs in once and is a creator at Contoso", carol(stage).await);
    story.step("she switches to the training organisation without a new sign-in", switch(stage).await);
    story.step("there she is the same user in another tenant, with other roles", two_tenants(stage).await);
    story.step("Aaron, who has no place there, is not let in by the same switch", no_place(stage).await);
}

async fn write(stage: &Stage, browser: &mut Browser, at: &Tenant) -> Seen<Page> {
    let survey = json!({ "title": "Tea or coffee?", "questions": [{ "prompt": "Which?" }] });
    let ask = Ask::json(Method::POST, &stage.at(at, "/api/surveys"), &survey);
    browser.send(&ask).await.map_err(words)
}

async fn aaron(stage: &Stage) -> Seen<()> {
    let (mut aaron, page) = stage.arrive("aaron@contoso.test", &stage.contoso).await.map_err(words)?;
    shows(&page, CONTOSOS)?;
    let refused = write(stage, &mut aaron, &stage.contoso).await?;
    expect(refused.status == 403, format!("{refused:?}"))
}

async fn alice(stage: &Stage) -> Seen<()> {
    let (mut alice, _) = stage.arrive("alice@contoso.test", &stage.contoso).await.map_err(words)?;
    let made = write(stage, &mut alice, &stage.contoso).await?;
    expect(made.status == 201, format!("{made:?}"))
}

async fn carol(stage: &Stage) -> Seen<()> {
    let (mut carol, _) = stage.arrive("carol@contoso.test", &stage.contoso).await.map_err(words)?;
    let me = stage.who_am_i(&mut carol, &stage.contoso).await.map_err(words)?;
    expect(has(&me, "creator") && !has(&me, "admin"), me)
}

fn has(me: &serde_json::Value, role: &str) -> bool {
    me["roles"].as_array().is_some_and(|roles| roles.iter().any(|held| held == role))
}

/// Where the switch to the training organisation leads, with the browser that went there.
async fn over(stage: &Stage, email: &str) -> Seen<(Browser, Page)> {
    let (mut browser, _) = stage.arrive(email, &stage.contoso).await.map_err(words)?;
    let address = stage.at(&stage.contoso, &format!("/.partywall/switch?to={}", stage.training.id));
    let page = browser.get(&address).await.map_err(words)?;
    Ok((browser, page))
}

async fn switch(stage: &Stage) -> Seen<()> {
    let (_, page) = over(stage, "carol@contoso.test").await?;
    shows(&page, TRAININGS)?;
    let asked = page.way.iter().any(|station| station.starts_with(stage.contoso_provider.issuer()));
    expect(!asked, "the provider was asked again")
}

async fn two_tenants(stage: &Stage) -> Seen<()> {
    let (mut carol, _) = over(stage, "carol@contoso.test").await?;
    let there = stage.who_am_i(&mut carol, &stage.training).await.map_err(words)?;
    let here = stage.who_am_i(&mut carol, &stage.contoso).await.map_err(words)?;
    let same_user = there["user"]["id"] == here["user"]["id"] && there["user"]["id"].is_string();
    let two_tenants = there["tenant"]["id"] == stage.training.id && here["tenant"]["id"] == stage.contoso.id;
    expect(
        same_user && two_tenants && has(&there, "admin") && !has(&here, "admin"),
        format!("{here} and {there}"),
    )
}

async fn no_place(stage: &Stage) -> Seen<()> {
    let (mut aaron, page) = over(stage, "aaron@contoso.test").await?;
    expect(!page.body.contains(TRAININGS), format!("{page:?} showed the training organisation's survey"))?;
    let again = aaron.get(&stage.at(&stage.training, "/api/surveys")).await.map_err(words)?;
    expect(!again.body.contains(TRAININGS), format!("{again:?} showed the training organisation's survey"))
}
