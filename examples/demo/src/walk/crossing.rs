//! Alice, signed in at Contoso, tries to reach Fabrikam by what a browser sends by itself: addresses,
//! parameters, and accounts.

use crate::client::{Ask, Browser, Page};
use crate::stage::{Stage, sign_in};
use crate::story::{Story, expect};
use crate::walk::{CONTOSOS, Seen, answer, keeps_out, tried, words};

pub(super) async fn walk(story: &mut Story, stage: &mut Stage) {
    story.chapter("Alice tries to reach Fabrikam: by address and by guess");
    let alice = match stage.arrive("alice@contoso.test", &stage.contoso).await {
        Ok((alice, _)) => alice,
        Err(error) => {
            story.step::<(), _>("Alice is signed in", Err(error));
            return;
        }
    };
    tried(story, "by its address: she is a stranger there", by_address(stage, alice.clone()).await);
    tried(story, "by its API's address", by_api(stage, alice.clone()).await);
    tried(
        story,
        "by its provider: her password is worth nothing there",
        by_account(stage, alice.clone()).await,
    );
    tried(story, "by switching to it", by_switch(stage, alice.clone()).await);
    tried(story, "by the id of its survey", by_survey(stage, alice.clone()).await);
    story.step(
        "…which gets the very answer of an id that nobody has",
        same_as_nothing(stage, alice.clone()).await,
    );
    tried(
        story,
        "by a tenant's name that she guesses: it looks like any other",
        by_guess(stage, alice.clone()).await,
    );
    story.step("and Contoso is still hers", still_hers(stage, alice).await);
}

async fn by_address(stage: &Stage, mut alice: Browser) -> Seen<String> {
    let page = alice.send(&Ask::get(&stage.at(&stage.fabrikam, "/"))).await.map_err(words)?;
    expect(!page.body.contains("Alice"), format!("{page:?} knew her"))?;
    keeps_out(&page)
}

async fn by_api(stage: &Stage, mut alice: Browser) -> Seen<String> {
    let page = alice.send(&Ask::get(&stage.at(&stage.fabrikam, "/api/surveys"))).await.map_err(words)?;
    expect(!page.status.is_success(), answer(&page))?;
    keeps_out(&page)
}

async fn by_account(stage: &Stage, mut alice: Browser) -> Seen<String> {
    let person = stage.person("alice@contoso.test");
    let page = sign_in(&mut alice, &stage.at(&stage.fabrikam, "/"), &person).await.map_err(words)?;
    let stuck = page.url.as_str().starts_with(stage.fabrikam_provider.issuer());
    expect(stuck && page.status == 401, format!("{page:?}"))?;
    keeps_out(&page)
}

async fn by_switch(stage: &Stage, mut alice: Browser) -> Seen<String> {
    let address = stage.at(&stage.contoso, &format!("/.partywall/switch?to={}", stage.fabrikam.id));
    let page = alice.get(&address).await.map_err(words)?;
    expect(
        !page.body.contains("Alice Adams") || page.body.contains("Contoso"),
        format!("{page:?} let her in"),
    )?;
    keeps_out(&page)?;
    by_api(stage, alice).await
}

/// Fabrikam's survey, as Bob sees it.
async fn fabrikams_survey(stage: &Stage) -> Seen<String> {
    let (mut bob, _) = stage.arrive("bob@fabrikam.test", &stage.fabrikam).await.map_err(words)?;
    let list = bob.get(&stage.at(&stage.fabrikam, "/api/surveys")).await.map_err(words)?;
    let list = list.json().map_err(words)?;
    list["surveys"][0]["id"].as_str().map(str::to_owned).ok_or_else(|| format!("Bob sees no survey: {list}"))
}

async fn survey(stage: &Stage, alice: &mut Browser, id: &str) -> Seen<Page> {
    alice.send(&Ask::get(&stage.at(&stage.contoso, &format!("/surveys/{id}")))).await.map_err(words)
}

async fn by_survey(stage: &Stage, mut alice: Browser) -> Seen<String> {
    let id = fabrikams_survey(stage).await?;
    let page = survey(stage, &mut alice, &id).await?;
    expect(page.status == 404, answer(&page))?;
    keeps_out(&page)
}

async fn same_as_nothing(stage: &Stage, mut alice: Browser) -> Seen<()> {
    let id = fabrikams_survey(stage).await?;
    let theirs = survey(stage, &mut alice, &id).await?;
    let nobodys = survey(stage, &mut alice, "000000000000000000000000").await?;
    expect(theirs.status == nobodys.status && theirs.body == nobodys.body, "the two answers differ")
}

async fn by_guess(stage: &Stage, mut alice: Browser) -> Seen<String> {
    let address = format!("{}/", stage.ground.origin("no-such-company"));
    let page = alice.send(&Ask::get(&address)).await.map_err(words)?;
    expect(page.status == 403, answer(&page))?;
    keeps_out(&page)
}

async fn still_hers(stage: &Stage, mut alice: Browser) -> Seen<()> {
    let page = alice.get(&stage.at(&stage.contoso, "/")).await.map_err(words)?;
    expect(page.body.contains(CONTOSOS), format!("{page:?}"))
}
