//! An organisation's own sign-in and sign-up pages, in its brand (ledger B26).

use crate::town::{Engine, Town};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use demo::client::{Browser, Page};
use http::Method;
use serde_json::{Value, json};

/// What a page links to that begins so.
fn linked(page: &Page, attribute: &str, end: &str) -> Option<String> {
    page.body.split(&format!("{attribute}=\"")).skip(1).find_map(|rest| {
        let address = rest.split('"').next()?;
        address.ends_with(end).then(|| address.to_owned())
    })
}

async fn stranger_at(address: &str) -> Page {
    Browser::new().get(address).await.expect("the node answers")
}

async fn pages_in_a_brand(engine: Engine) {
    let town = Town::build(engine).await;
    let mut alice = town.at_console("alice@contoso.test", &town.contoso).await;
    let path = format!("/v1/tenants/{}/brand", town.contoso);
    let png = [&b"\x89PNG\r\n\x1a\n"[..], b"<script>alert(1)</script>"].concat();
    let said = json!({
        "colour": "#1D4ED8", "greeting": "Welcome <script>alert(1)</script>", "help": "https://help.contoso.test/",
        "always_shown": true, "logo": BASE64_STANDARD.encode(&png),
    });
    let (status, answer) = alice.api(&town, Method::PATCH, &path, said).await;
    assert_eq!(
        (status, &answer["colour"], &answer["logo"]),
        (200, &json!("#1d4ed8"), &json!("image/png")),
        "{answer}"
    );

    let origin = town.node.origin("contoso");
    for (page, heading) in [("sign-in", "Sign in"), ("sign-up", "Join Contoso")] {
        let page = stranger_at(&format!("{origin}/.partywall/{page}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(page.body.contains(&format!("<h1>{heading}</h1>")), "{}", page.body);
        assert!(
            page.body.contains("https://help.contoso.test/") && !page.body.contains("<script>alert"),
            "{}",
            page.body
        );
        let policy = page.headers["content-security-policy"].to_str().expect("text");
        assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
        let logo = linked(&page, "src", "/logo").expect("its logo");
        let logo = stranger_at(page.url.join(&logo).expect("an address").as_str()).await;
        assert_eq!(
            (logo.status.as_u16(), &logo.headers["content-type"]),
            (200, &http::HeaderValue::from_static("image/png"))
        );
        assert_eq!(logo.headers["x-content-type-options"], "nosniff");
        let sheet = linked(&page, "href", "/colour.css").expect("its colour");
        let sheet = stranger_at(page.url.join(&sheet).expect("an address").as_str()).await;
        assert!(sheet.status == 200 && sheet.body.contains("#1d4ed8"), "{}", sheet.body);
        // Every way leads into this organisation.
        let ways: Vec<_> = page.body.split("class=\"choice\" href=\"").skip(1).collect();
        assert!(!ways.is_empty() && ways.iter().all(|way| way.contains(town.contoso.as_str())), "{ways:?}");
        // Where the mark is not known there is nothing, as if there were no such organisation.
        let guessed = page.url.join(&format!("/t/{}/brand/AAAA/logo", town.contoso)).expect("an address");
        let foreign = page.url.join("/t/tnt_00000000000000000000000001/brand/AAAA/logo").expect("an address");
        let (guessed, foreign) = (stranger_at(guessed.as_str()).await, stranger_at(foreign.as_str()).await);
        assert_eq!((guessed.status.as_u16(), &guessed.body), (403, &foreign.body));
    }
    // The other one's pages know nothing of it, and a brand that was taken back leaves none.
    let theirs = stranger_at(&format!("{}/.partywall/sign-up", town.node.origin("fabrikam"))).await;
    assert!(theirs.body.contains("Join Fabrikam") && !theirs.body.contains("/brand/"), "{}", theirs.body);
    let (status, refused) = alice
        .api(&town, Method::PATCH, &path, json!({ "colour": "#ffffff", "help": "javascript:alert(1)" }))
        .await;
    assert_eq!((status, &refused["code"]), (422, &json!("input.invalid")), "{refused}");
    let fields: Vec<_> =
        refused["errors"].as_array().into_iter().flatten().map(|error| &error["pointer"]).collect();
    assert_eq!(fields.len(), 2, "{refused}");
    let (status, _) =
        alice.api(&town, Method::PATCH, &path, json!({ "logo": "", "colour": "", "help": "" })).await;
    assert_eq!(status, 200);
    let page = stranger_at(&format!("{origin}/.partywall/sign-in")).await;
    assert!(
        linked(&page, "src", "/logo").is_none() && linked(&page, "href", "/colour.css").is_none(),
        "{}",
        page.body
    );
    let shown = town.node.run(&[
        "tenant",
        "brand",
        "--tenant",
        &town.contoso,
        "--reason",
        "they asked how their pages look",
    ]);
    assert_eq!((&shown["colour"], &shown["always_shown"]), (&Value::Null, &json!(true)), "{shown}");
}

#[tokio::test]
async fn an_organisation_s_two_pages_are_in_its_brand_and_lead_into_it_alone_on_sqlite() {
    pages_in_a_brand(Engine::Sqlite).await;
}

#[tokio::test]
async fn an_organisation_s_two_pages_are_in_its_brand_and_lead_into_it_alone_on_postgresql() {
    pages_in_a_brand(Engine::Postgres).await;
}
