//! Stories about what people see.

use crate::{testing::*, *};
use access::{ListMembers, ManageMember, ReadTenantHome, ReadTenants};
use askama::Template;
use axum::http::StatusCode;

#[derive(Template)]
#[template(path = "frame.html")]
struct Framed {
    frame: Frame,
    body: String,
}

async fn members(_: Allow<ListMembers>, frame: Frame) -> Page<Framed> {
    let frame = frame.title("Members").describe("Who <belongs>.").link("Invite", "members/new", "primary");
    Page::new(Framed { frame, body: "<p>a body</p>".into() })
}

async fn tenants(_: AllowOperator<ReadTenants>, frame: Frame) -> Page<Framed> {
    Page::new(Framed { frame: frame.title("Tenants"), body: String::new() })
}

async fn console() -> World {
    let routes = Routes::new()
        .on(Surface::Console)
        .get("/t/{tenant}/members", members)
        .post("/t/{tenant}/members", async |_: Allow<ManageMember>| "done")
        .get("/platform/tenants", tenants)
        .on(Surface::Tenant)
        .get("/.partywall/x", async |_: Allow<ReadTenantHome>| {
            Err::<(), _>(Problem::new("input.invalid").at("/x", "is <odd>"))
        });
    let pages = Pages::new()
        .tenant::<ReadTenantHome>("/t/{tenant}", "Overview", Section::Top, "overview")
        .tenant::<ListMembers>("/t/{tenant}/members", "Members", Section::People, "members")
        .platform::<ReadTenants>("/platform/tenants", "Tenants", "tenants");
    world_with(routes, pages).await
}

#[tokio::test]
async fn a_page_stands_in_the_frame_with_its_readers_own_navigation() {
    let world = console().await;
    let reply = world.get_as(ADMIN_AT_ACME, HostKind::Console, &format!("/t/{ACME}/members")).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.header("content-type"), "text/html; charset=utf-8");
    for seen in [
        "<title>Members · acme · Partywall</title>",
        "Who &#60;belongs&#62;.",
        "<p>a body</p>",
        "People",
        "Invite",
        "action=\"/sign-out\"",
        &world.web.csrf.token(&ADMIN_AT_ACME.digest()),
        reply.header(REQUEST_ID),
    ] {
        assert!(reply.body.contains(seen), "{seen}\n{}", reply.body);
    }
    assert!(!reply.body.contains("/platform/tenants"), "not for an admin of a tenant");

    let reply = world.get_as(OPERATOR, HostKind::Console, "/platform/tenants").await;
    assert!(reply.body.contains("/platform/tenants") && reply.body.contains("Operator"));
}

#[tokio::test]
async fn no_page_carries_a_script_or_a_style_of_its_own() {
    let world = console().await;
    let reply = world.get_as(ADMIN_AT_ACME, HostKind::Console, &format!("/t/{ACME}/members")).await;
    assert!(
        !reply.body.contains("style=") && !reply.body.contains("<style") && !reply.body.contains(" onclick")
    );
    let policy = reply.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"));
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert!(reply.header("strict-transport-security").starts_with("max-age="));
}

#[tokio::test]
async fn a_refusal_reads_as_a_page_to_people_and_as_data_to_scripts() {
    let world = console().await;
    let cookie = MEMBER_AT_ACME.cookie(HostKind::Console);
    let path = format!("/t/{ACME}/members");
    let read = async |accept: &str| {
        world.get(HostKind::Console, &path, &[("cookie", &cookie), ("accept", accept)]).await
    };
    let page = read("text/html").await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (StatusCode::FORBIDDEN, "text/html; charset=utf-8")
    );
    for seen in [
        "You may not do this",
        "https://api.example.com/problems/action.forbidden",
        "Back to the console",
        page.header(REQUEST_ID),
    ] {
        assert!(page.body.contains(seen), "{seen}\n{}", page.body);
    }
    let data = read("*/*").await;
    assert_eq!((data.status, data.code().as_str()), (StatusCode::FORBIDDEN, "action.forbidden"));
    let json: serde_json::Value = serde_json::from_str(&data.body).expect("JSON");
    assert_eq!(json["type"], "https://api.example.com/problems/action.forbidden");
    assert_eq!(json["instance"], data.header(REQUEST_ID));
}

#[tokio::test]
async fn the_page_about_a_tenant_that_one_must_not_know_is_the_same_for_all() {
    let world = console().await;
    let cookie = ADMIN_AT_ACME.cookie(HostKind::Console);
    let mut pages = vec![];
    for tenant in [BETA, HIDDEN, domain::TenantId::from_bits(777)] {
        let path = format!("/t/{tenant}/members");
        let sent = [("cookie", cookie.as_str()), ("accept", "text/html")];
        let mut reply = world.get(HostKind::Console, &path, &sent).await;
        reply.headers.remove(REQUEST_ID);
        pages.push((reply.status, reply.headers, reply.body));
    }
    assert_eq!(pages[0].0, StatusCode::FORBIDDEN);
    assert!(pages.iter().all(|page| *page == pages[0]));
}

#[tokio::test]
async fn on_a_tenants_host_a_problem_page_keeps_to_the_reserved_prefix() {
    let world = console().await;
    let cookie = ADMIN_AT_ACME.cookie(HostKind::Tenant);
    let sent = [("cookie", cookie.as_str()), ("accept", "text/html")];
    let reply = world.get(HostKind::Tenant, "/.partywall/x", &sent).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(reply.body.contains("href=\"/.partywall/assets/") && !reply.body.contains("\"/assets/"));
    assert!(reply.body.contains("is &#60;odd&#62;"));
}

#[tokio::test]
async fn assets_are_kept_for_ever_and_a_stranger_release_is_not() {
    let world = console().await;
    for (kind, base) in [
        (HostKind::Console, assets::base(HostKind::Console)),
        (HostKind::Tenant, assets::base(HostKind::Tenant)),
    ] {
        let reply = world.get(kind, &format!("{base}/console.css"), &[]).await;
        assert_eq!((reply.status, reply.header("content-type")), (StatusCode::OK, "text/css; charset=utf-8"));
        assert_eq!(reply.header("cache-control"), "public, max-age=31536000, immutable");
    }
    let other = world.get(HostKind::Id, "/assets/another/console.css", &[]).await;
    assert_eq!((other.status, other.header("cache-control")), (StatusCode::OK, "no-store"));
    assert_eq!(world.get(HostKind::Id, "/assets/x/secret.key", &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn every_problem_has_its_page() {
    let world = console().await;
    for entry in CATALOGUE {
        let path = format!("/problems/{}", entry.code);
        let page = world.get(HostKind::Id, &path, &[("accept", "text/html")]).await;
        assert_eq!(page.status, StatusCode::OK);
        let data = world.get(HostKind::Api, &path, &[]).await;
        assert_eq!(data.code(), entry.code);
    }
    let all = world.get(HostKind::Console, "/problems", &[("accept", "text/html")]).await;
    assert!(all.body.contains("/problems/tenant.unknown"));
    assert_eq!(world.get(HostKind::Api, "/problems/no.such", &[]).await.code(), "item.unknown");
}
