//! Alice finds her way in; somebody who only knows an address does not.

use crate::client::{Ask, Browser, Page};
use crate::stage::{Stage, sign_in};
use crate::story::{Story, expect};
use crate::walk::{CONTOSOS, Seen, keeps_out, shows, tried, words};

pub(super) async fn walk(story: &mut Story, stage: &mut Stage) {
    story.chapter("Alice comes to work at Contoso");
    story.step("a stranger at Contoso's address sees no survey", stranger(stage).await);
    tried(
        story,
        "a stranger at Surveys' own port is refused: it answers its gateway only",
        direct(stage).await,
    );
    story.step("a wrong password stays at Contoso's provider", wrong_password(stage).await);
    story.step("Alice signs in at Contoso's own provider and sees Contoso's surveys", alice(stage).await);
    story
        .step("Surveys learnt user and tenant as two values, and typed no password", two_values(stage).await);
    story.step("the gateway tells a single-page client who is signed in", session(stage).await);
}

async fn stranger(stage: &Stage) -> Seen<()> {
    let page = Browser::new().get(&stage.at(&stage.contoso, "/")).await.map_err(words)?;
    expect(!page.body.contains(CONTOSOS), format!("{page:?} showed a survey"))
}

async fn direct(stage: &Stage) -> Seen<String> {
    let address = format!("http://{}/", stage.ground.surveys());
    let page = Browser::new().send(&Ask::get(&address)).await.map_err(words)?;
    expect(page.status == 403, format!("{page:?}"))?;
    keeps_out(&page)
}

async fn wrong_password(stage: &Stage) -> Seen<()> {
    let mut alice = stage.person("alice@contoso.test");
    alice.password = "a guess";
    let page = sign_in(&mut Browser::new(), &stage.at(&stage.contoso, "/"), &alice).await.map_err(words)?;
    let is_there = page.url.as_str().starts_with(stage.contoso_provider.issuer());
    expect(is_there && page.status == 401, format!("{page:?}"))
}

async fn alice(stage: &Stage) -> Seen<()> {
    let (_, page) = stage.arrive("alice@contoso.test", &stage.contoso).await.map_err(words)?;
    shows(&page, CONTOSOS)?;
    shows(&page, "Alice Adams")?;
    is_at(&page, &stage.host(&stage.contoso))
}

fn is_at(page: &Page, host: &str) -> Seen<()> {
    expect(page.url.host_str() == Some(host), format!("{page:?}"))
}

async fn two_values(stage: &Stage) -> Seen<()> {
    let (mut alice, _) = stage.arrive("alice@contoso.test", &stage.contoso).await.map_err(words)?;
    let me = stage.who_am_i(&mut alice, &stage.contoso).await.map_err(words)?;
    let is_so = me["tenant"]["id"] == stage.contoso.id && me["user"]["email"] == "alice@contoso.test";
    expect(is_so && me["user"]["id"].as_str().is_some_and(|id| id.starts_with("usr_")), me)
}

async fn session(stage: &Stage) -> Seen<()> {
    let (mut alice, _) = stage.arrive("alice@contoso.test", &stage.contoso).await.map_err(words)?;
    let page = alice.get(&stage.at(&stage.contoso, "/.partywall/session")).await.map_err(words)?;
    page.json().map_err(words)?;
    shows(&page, &stage.contoso.id)
}
