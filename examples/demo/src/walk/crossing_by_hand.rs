//! Alice tries again with what no browser would send: other people's headers, a moved cookie, a token of
//! her own making.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::client::{Ask, Browser};
use crate::stage::Stage;
use crate::story::{Story, expect};
use crate::walk::{Seen, answer, keeps_out, tried, words};

/// The session cookie's name where people come by plain HTTP.
const SESSION: &str = "pw_session";

pub(super) async fn walk(story: &mut Story, stage: &mut Stage) {
    story.chapter("Alice tries to reach Fabrikam: by header, cookie and token");
    let alice = match stage.arrive("alice@contoso.test", &stage.contoso).await {
        Ok((alice, _)) => alice,
        Err(error) => {
            story.step::<(), _>("Alice is signed in", Err(error));
            return;
        }
    };
    for (name, value) in headers(stage) {
        let claim = format!("by the header {name}: {value}");
        tried(story, &claim, by_header(stage, alice.clone(), name, &value).await);
    }
    let at_fabrikam = stage.at(&stage.fabrikam, "/api/surveys");
    for (claim, path) in [
        ("by a query parameter", format!("/api/surveys?tenant={}", stage.fabrikam.slug)),
        ("by a path prefix", format!("/{}/api/surveys", stage.fabrikam.slug)),
    ] {
        tried(story, claim, by_path(stage, alice.clone(), &path).await);
    }
    tried(
        story,
        "by carrying her cookie to Fabrikam's address",
        by_cookie(stage, alice.clone(), &at_fabrikam, |c| c).await,
    );
    let (ours, theirs) = (stage.contoso.id.clone(), stage.fabrikam.id.clone());
    let moved = move |cookie: String| cookie.replace(&ours, &theirs);
    tried(
        story,
        "…with the tenant in it changed to Fabrikam",
        by_cookie(stage, alice.clone(), &at_fabrikam, &moved).await,
    );
    let at_home = stage.at(&stage.contoso, "/api/surveys");
    tried(
        story,
        "…and the changed one at Contoso's address",
        by_cookie(stage, alice.clone(), &at_home, &moved).await,
    );
    tried(
        story,
        "by a context token of her own making, sent through the gateway",
        by_token(stage, alice).await,
    );
    tried(story, "…and sent to Surveys directly", by_token_directly(stage).await);
}

/// What she might hope that somebody believes.
fn headers(stage: &Stage) -> Vec<(&'static str, String)> {
    let host = format!("{}:{}", stage.host(&stage.fabrikam), stage.ground.public().port());
    vec![
        ("Tenant-Id", stage.fabrikam.id.clone()),
        ("Tenant-Id", stage.fabrikam.slug.to_owned()),
        ("Partywall-Tenant", stage.fabrikam.id.clone()),
        ("X-Forwarded-Host", host.clone()),
        ("Forwarded", format!("host={host}")),
        ("X-Original-Host", host),
    ]
}

/// Either she is refused, or the header made no difference and the answer is Contoso's.
async fn by_header(stage: &Stage, mut alice: Browser, name: &str, value: &str) -> Seen<String> {
    let page =
        alice.send(&Ask::get(&stage.at(&stage.contoso, "/api/me")).with(name, value)).await.map_err(words)?;
    if !page.status.is_success() {
        return keeps_out(&page);
    }
    let me = page.json().map_err(words)?;
    expect(me["tenant"]["id"] == stage.contoso.id, &me)?;
    Ok(format!("{}, for Contoso as before", page.status))
}

async fn by_path(stage: &Stage, mut alice: Browser, path: &str) -> Seen<String> {
    let page = alice.send(&Ask::get(&stage.at(&stage.contoso, path))).await.map_err(words)?;
    if page.status.is_success() {
        let list = page.json().map_err(words)?;
        expect(list["tenant"]["id"] == stage.contoso.id, &list)?;
    }
    keeps_out(&page)
}

async fn by_cookie(
    stage: &Stage,
    alice: Browser,
    address: &str,
    change: impl Fn(String) -> String,
) -> Seen<String> {
    let cookie = alice.cookies.get(&stage.host(&stage.contoso), SESSION).map(str::to_owned);
    let cookie = change(cookie.ok_or("she has no session cookie")?);
    let mut thief = Browser::new();
    for tenant in [&stage.contoso, &stage.fabrikam] {
        thief.cookies.put(&stage.host(tenant), SESSION, &cookie);
    }
    let page = thief.send(&Ask::get(address)).await.map_err(words)?;
    expect(!page.status.is_success(), answer(&page))?;
    keeps_out(&page)
}

/// A token that says what she would like to be true, signed with nothing.
fn wishful(stage: &Stage) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(json!({ "alg": "none", "typ": "partywall-context+jwt", "kid": "mine" }));
    let tenant = json!({ "id": stage.fabrikam.id, "slug": stage.fabrikam.slug, "name": stage.fabrikam.name });
    let claims =
        part(json!({ "tenant": tenant, "sub": "usr_alice", "roles": ["admin"], "exp": 4_102_444_800_u64 }));
    format!("{head}.{claims}.")
}

async fn by_token(stage: &Stage, alice: Browser) -> Seen<String> {
    by_header(stage, alice, "Partywall-Context", &wishful(stage)).await
}

async fn by_token_directly(stage: &Stage) -> Seen<String> {
    let ask = Ask::get(&format!("http://{}/api/surveys", stage.ground.surveys()))
        .with("Partywall-Context", &wishful(stage))
        .with(
            "Partywall-Proof",
            "t=1790000000,n=guessed-nonce-000000,v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        )
        .with("Partywall-Tenant", &stage.fabrikam.id);
    let page = Browser::new().send(&ask).await.map_err(words)?;
    expect(page.status == 403, answer(&page))?;
    keeps_out(&page)
}
