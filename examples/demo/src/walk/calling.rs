//! A program calls in Contoso's name, with an API key.

use crate::client::{Ask, Browser, Page};
use crate::product::{Admin, Key};
use crate::stage::Stage;
use crate::story::{Story, expect};
use crate::walk::{Seen, answer, tried, words};

pub(super) async fn walk(story: &mut Story, stage: &mut Stage) {
    story.chapter("A program calls with an API key");
    let made = make(stage).await;
    let Some((mut alice, key)) =
        story.step("Alice makes one for Contoso's nightly import; it is shown once", made)
    else {
        return;
    };
    story.note(format!("  {}…", key.secret.get(..12).unwrap_or_default()));
    story.step(
        "with it Surveys is told of a subscriber of Contoso's, and of no user",
        known(stage, &key).await,
    );
    tried(story, "with one letter changed it is nothing", altered(stage, &key).await);
    tried(story, "for Fabrikam it opens nothing", elsewhere(stage, &key).await);
    story.step("Alice takes it back", alice.revoke_key(&key.id).await.map_err(words));
    tried(story, "and from then on it is refused", refused(stage, &key.secret).await);
}

async fn make(stage: &Stage) -> Seen<(Admin, Key)> {
    let person = stage.person("alice@contoso.test");
    let mut alice = Admin::arrive(stage.ground, &stage.contoso.id, &person).await.map_err(words)?;
    let key = alice.make_key("Nightly import", "robots@contoso.test").await.map_err(words)?;
    Ok((alice, key))
}

async fn call(stage: &Stage, key: &str, more: &[(&str, &str)]) -> Seen<Page> {
    let ask = Ask::get(&format!("{}/api/me", stage.ground.origin(crate::product::CALLS)));
    let ask = ask.with("authorization", &format!("Bearer {key}")).with("accept", "application/json");
    let ask = more.iter().fold(ask, |ask, (name, value)| ask.with(name, value));
    Browser::new().send(&ask).await.map_err(words)
}

async fn known(stage: &Stage, key: &Key) -> Seen<()> {
    let page = call(stage, &key.secret, &[]).await?;
    let me = page.json().map_err(words)?;
    let is_contosos = me["tenant"]["id"] == stage.contoso.id && me["subscriber"]["key"] == key.id;
    expect(is_contosos && me["user"].is_null(), &me)
}

async fn altered(stage: &Stage, key: &Key) -> Seen<String> {
    let last = if key.secret.ends_with('x') { 'y' } else { 'x' };
    let altered: String = key.secret.chars().take(key.secret.len() - 1).chain([last]).collect();
    refused(stage, &altered).await
}

async fn refused(stage: &Stage, key: &str) -> Seen<String> {
    let page = call(stage, key, &[]).await?;
    expect(page.status == 401, answer(&page))?;
    Ok(answer(&page))
}

async fn elsewhere(stage: &Stage, key: &Key) -> Seen<String> {
    let page = call(stage, &key.secret, &[("Tenant-Id", &stage.fabrikam.id)]).await?;
    expect(page.status == 403, answer(&page))?;
    Ok(answer(&page))
}
