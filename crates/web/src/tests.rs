//! Stories about who is let in, and how it reads when somebody is not.

use crate::{testing::*, *};
use access::{
    EndPersonSession, EndSession, EnterTenant, ListMembers, ManageMember, ReadOwnTenants, ReadTenantHome,
    ReadTenants,
};
use axum::http::StatusCode;

fn routes() -> Routes<Web> {
    Routes::new()
        .get("/v1/tenants/{tenant}/members", async |Allow(permit): Allow<ListMembers>| {
            permit.tenant_id().to_string()
        })
        .post("/v1/tenants/{tenant}/members", async |Allow(permit): Allow<ManageMember>| {
            permit.tenant_id().to_string()
        })
        .get("/v1/tenants", async |AllowOperator(_): AllowOperator<ReadTenants>| "all")
        .get("/v1/me/tenants", async |AllowPerson(permit): AllowPerson<ReadOwnTenants>| {
            permit.user().to_string()
        })
        .on(Surface::Console)
        .get("/t/{tenant}/members", async |Allow(_): Allow<ListMembers>| "a page")
        .get("/platform/tenants", async |AllowOperator(_): AllowOperator<ReadTenants>| "a page")
        .post("/sign-out", async |AllowPerson(_): AllowPerson<EndPersonSession>| "gone")
        .on(Surface::Tenant)
        .get("/.partywall/session", async |Allow(permit): Allow<ReadTenantHome>| {
            permit.tenant_id().to_string()
        })
        .post("/.partywall/sign-out", async |Allow(_): Allow<EndSession>| "gone")
}

fn members(tenant: domain::TenantId) -> String {
    format!("/v1/tenants/{tenant}/members")
}

#[tokio::test]
async fn an_admin_is_let_in_at_home_and_a_mere_member_is_told_why_not() {
    let world = world(routes()).await;
    let reply = world.get_as(ADMIN_AT_ACME, HostKind::Console, &members(ACME)).await;
    assert_eq!((reply.status, reply.body), (StatusCode::OK, ACME.to_string()));
    let reply = world.get_as(MEMBER_AT_ACME, HostKind::Console, &members(ACME)).await;
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::FORBIDDEN, "action.forbidden"));
}

#[tokio::test]
async fn unknown_foreign_and_unpublished_tenants_get_the_same_bytes() {
    let world = world(routes()).await;
    let nobody = domain::TenantId::from_bits(777);
    let mut answers = vec![];
    for tenant in [BETA.to_string(), HIDDEN.to_string(), nobody.to_string(), "no-id".into(), "tnt_%ff".into()]
    {
        let path = format!("/v1/tenants/{tenant}/members");
        let mut reply = world.get_as(ADMIN_AT_ACME, HostKind::Console, &path).await;
        let id = reply.headers.remove(REQUEST_ID).expect("every answer has an id");
        answers.push((reply.status, reply.headers, reply.body, id.len()));
    }
    let strangers = [HIDDEN.to_string(), nobody.to_string(), "no-id".into()];
    for tenant in strangers {
        let path = format!("/v1/tenants/{tenant}/members");
        let mut reply = world.get(HostKind::Console, &path, &[]).await;
        let id = reply.headers.remove(REQUEST_ID).expect("every answer has an id");
        answers.push((reply.status, reply.headers, reply.body, id.len()));
    }
    assert_eq!(answers[0].0, StatusCode::FORBIDDEN);
    for answer in &answers[1..] {
        assert_eq!(*answer, answers[0]);
    }
}

#[tokio::test]
async fn a_stranger_at_a_published_tenant_is_asked_to_sign_in() {
    let world = world(routes()).await;
    let reply = world.get(HostKind::Console, &members(ACME), &[("accept", "application/json")]).await;
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::UNAUTHORIZED, "session.needed"));
    assert!(reply.header("www-authenticate").starts_with("Bearer"));

    let page = format!("/t/{ACME}/members?after=x");
    let reply = world.get(HostKind::Console, &page, &[("accept", "text/html,*/*;q=0.8")]).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    let to = reply.header("location");
    assert!(
        to.starts_with(&format!("https://id.example.com/t/{ACME}/sign-in?for=console&return=%2Ft%2F")),
        "{to}"
    );
    assert!(to.contains("after%3Dx&bind="), "{to}");
    assert!(reply.header("set-cookie").starts_with("__Host-pw_bind="));

    let reply = world.get(HostKind::Console, &page, &[("accept", "text/html"), ("hx-request", "true")]).await;
    assert_eq!((reply.status, reply.header("hx-refresh")), (StatusCode::UNAUTHORIZED, "true"));

    let reply = world.get(HostKind::Tenant, "/.partywall/session", &[("accept", "text/html")]).await;
    assert_eq!(reply.header("location"), "/.partywall/sign-in?return=%2F.partywall%2Fsession");
}

#[tokio::test]
async fn a_tenant_may_be_named_elsewhere_than_in_the_path() {
    let enter = async |AllowBy(permit, _): AllowBy<EnterTenant, InQuery>| permit.tenant_id().to_string();
    let world = world(Routes::new().on(Surface::Console).get("/enter", enter)).await;
    let reply = world.get(HostKind::Console, &format!("/enter?code=x&tenant={ACME}"), &[]).await;
    assert_eq!(reply.body, ACME.to_string());
    for query in ["", "?tenant=acme", &format!("?tenant={ACME}&tenant={BETA}")] {
        let reply = world.get(HostKind::Console, &format!("/enter{query}"), &[]).await;
        assert_eq!(reply.code(), "tenant.unknown", "{query}");
    }
}

#[tokio::test]
async fn operators_sign_in_at_their_house_and_reach_the_platform() {
    let world = world(routes()).await;
    let reply = world.get(HostKind::Console, "/platform/tenants", &[("accept", "text/html")]).await;
    assert!(reply.header("location").starts_with(&format!("https://id.example.com/t/{HOUSE}/sign-in")));
    let reply = world.get_as(OPERATOR, HostKind::Console, "/platform/tenants").await;
    assert_eq!(reply.status, StatusCode::OK);
    let reply = world.get_as(ADMIN_AT_ACME, HostKind::Console, "/v1/tenants").await;
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::FORBIDDEN, "action.forbidden"));
    let reply = world.get(HostKind::Socket, "/v1/tenants", &[]).await;
    assert_eq!(reply.body, "all");
}

#[tokio::test]
async fn a_token_opens_the_platform_and_no_tenant() {
    let world = world(routes()).await;
    let bearer = bearer();
    let token = [("authorization", bearer.as_str())];
    assert_eq!(world.get(HostKind::Api, "/v1/tenants", &token).await.status, StatusCode::OK);
    let mut bodies = vec![];
    for tenant in [ACME, HIDDEN, domain::TenantId::from_bits(777)] {
        let reply = world.get(HostKind::Api, &members(tenant), &token).await;
        assert_eq!((reply.status, reply.code().as_str()), (StatusCode::FORBIDDEN, "assume.reason-needed"));
        bodies.push(reply.body.len());
    }
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]), "a guessed token learns of no tenant");
}

#[tokio::test]
async fn an_operator_goes_into_a_tenant_only_for_a_reason_that_was_written_down() {
    let world = world(routes()).await;
    let enter = async |reason: &str| {
        world.get(HostKind::Socket, &members(ACME), &[("partywall-assume-reason", reason)]).await
    };
    assert_eq!(enter("ticket 4711: the admin is locked out").await.body, ACME.to_string());
    assert_eq!(enter("because").await.code(), "assume.reason-needed");
    assert_eq!(enter("ticket 4711, but the disk is full").await.code(), "node.out-of-touch");
    let guessed = [
        ("authorization", "Bearer pwo_9999999999999999999999999999999999999999999"),
        ("partywall-assume-reason", "ticket 4711: the admin is locked out"),
    ];
    for tenant in [ACME, HIDDEN, domain::TenantId::from_bits(777)] {
        let reply = world.get(HostKind::Api, &members(tenant), &guessed).await;
        assert_eq!(reply.code(), "credential.invalid", "a guessed token learns of no tenant");
    }
    let cookie = OPERATOR.cookie(HostKind::Console);
    let in_person =
        [("cookie", cookie.as_str()), ("partywall-assume-reason", "ticket 4711: the admin is locked out")];
    assert_eq!(world.get(HostKind::Console, &members(ACME), &in_person).await.code(), "tenant.unknown");
}

#[tokio::test]
async fn a_credential_is_read_only_where_it_belongs() {
    let world = world(routes()).await;
    for other in ["Basic YTpi", "Bearer eyJhbGciOiJub25lIn0..", "Bearer pwo_short", "pwo_"] {
        let reply = world.get(HostKind::Api, "/v1/tenants", &[("authorization", other)]).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (StatusCode::UNAUTHORIZED, "credential.invalid"),
            "{other}"
        );
    }
    let console = ADMIN_AT_ACME.cookie(HostKind::Console);
    let reply = world.get(HostKind::Api, &members(ACME), &[("cookie", &console)]).await;
    assert_eq!(reply.code(), "session.needed", "the API reads no cookies");
    let id = ADMIN_AT_ACME.cookie(HostKind::Id).replace("pw_person", "pw_console");
    let reply = world.get(HostKind::Console, &members(ACME), &[("cookie", &id)]).await;
    assert_eq!(reply.code(), "session.needed", "a cookie of id. renamed is nothing in the console");
    let beta = ADMIN_AT_BETA.cookie(HostKind::Tenant);
    let reply = world.get(HostKind::Tenant, "/.partywall/session", &[("cookie", &beta)]).await;
    assert_eq!(reply.code(), "tenant.unknown", "a session of Beta is refused at Acme's host");
    let reply = world.get_as(ADMIN_AT_ACME, HostKind::Tenant, "/.partywall/session").await;
    assert_eq!(reply.body, ACME.to_string());
}

#[tokio::test]
async fn where_token_and_cookie_come_together_the_token_counts() {
    let world = world(routes()).await;
    let (cookie, token) = (ADMIN_AT_ACME.cookie(HostKind::Console), bearer());
    let both = [("cookie", cookie.as_str()), ("authorization", token.as_str())];
    assert_eq!(world.get(HostKind::Console, "/v1/tenants", &both).await.status, StatusCode::OK);
    assert_eq!(world.get(HostKind::Console, &members(ACME), &both).await.code(), "assume.reason-needed");
}

#[tokio::test]
async fn a_forged_write_is_refused_before_anything_is_looked_at() {
    let world = world(routes()).await;
    let cookie = ADMIN_AT_ACME.cookie(HostKind::Console);
    for site in ["same-site", "cross-site", "none"] {
        let sent = [("cookie", cookie.as_str()), ("sec-fetch-site", site)];
        let reply = world.ask(HostKind::Console, "POST", "/sign-out", &sent, "").await;
        assert_eq!((reply.status, reply.code().as_str()), (StatusCode::FORBIDDEN, "csrf.refused"), "{site}");
    }
    let sent = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
    assert_eq!(world.ask(HostKind::Console, "POST", "/sign-out", &sent, "").await.body, "gone");
    assert_eq!(world.ask(HostKind::Console, "POST", &members(ACME), &sent, "").await.status, StatusCode::OK);
    let bare = [("cookie", cookie.as_str())];
    assert_eq!(world.ask(HostKind::Console, "POST", "/sign-out", &bare, "").await.code(), "csrf.refused");
}

#[tokio::test]
async fn nothing_answers_where_it_does_not_belong() {
    let world = world(routes()).await;
    let reply = world.get_as(OPERATOR, HostKind::Id, "/v1/tenants").await;
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::NOT_FOUND, "route.unknown"));
    assert_eq!(world.get(HostKind::Api, "/platform/tenants", &[]).await.code(), "route.unknown");
    let reply = world.ask(HostKind::Api, "DELETE", "/v1/tenants", &[], "").await;
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::METHOD_NOT_ALLOWED, "method.not-allowed"));
    assert_eq!(reply.header("allow"), "GET,HEAD");
}

#[tokio::test]
async fn a_panic_is_answered_and_says_nothing() {
    async fn fall(_: AllowOperator<ReadTenants>) -> &'static str {
        panic!("the reason")
    }
    let world = world(Routes::new().get("/v1/fall", fall)).await;
    let reply = world.get(HostKind::Socket, "/v1/fall", &[]).await;
    assert_eq!((reply.status, reply.code().as_str()), (StatusCode::INTERNAL_SERVER_ERROR, "internal"));
    assert!(!reply.body.contains("reason"));
}

#[test]
fn the_route_list_says_what_each_route_asks() {
    let matrix = routes().matrix();
    assert_eq!(matrix.as_array().map(Vec::len), Some(9));
    let members = matrix.as_array().and_then(|list| {
        list.iter().find(|line| line["path"] == "/v1/tenants/{tenant}/members" && line["method"] == "POST")
    });
    assert_eq!(
        members.cloned(),
        Some(serde_json::json!({
            "surface": "api", "method": "POST", "path": "/v1/tenants/{tenant}/members", "scope": "tenant",
            "action": "member.manage", "needs": "right ManageMembers", "writes": true,
            "tenant_from": "address", "summary": "",
        }))
    );
}

#[test]
#[should_panic(expected = "must not be a GET")]
fn a_link_must_not_write() {
    let _ = Routes::<Web>::new().get("/v1/tenants/{tenant}/x", async |_: Allow<ManageMember>| "");
}

#[test]
#[should_panic(expected = "must hold {tenant}")]
fn a_route_inside_a_tenant_names_it() {
    let _ = Routes::<Web>::new().get("/v1/members", async |_: Allow<ListMembers>| "");
}

#[test]
#[should_panic(expected = "names a tenant already")]
fn a_tenant_is_named_once() {
    let enter = async |_: AllowBy<EnterTenant, InQuery>| "";
    let _ = Routes::<Web>::new().on(Surface::Tenant).get("/.partywall/enter", enter);
}

#[tokio::test]
async fn a_problem_may_take_a_cookie_along_that_ends() {
    let leave = async |_: AllowOperator<ReadTenants>| {
        let cookie = cookie::Jar::new(true).remove("pw_signin_abcdefgh");
        ([("set-cookie", cookie)], Problem::new("callback.state"))
    };
    let world = world(Routes::new().get("/v1/x", leave)).await;
    let reply = world.get(HostKind::Socket, "/v1/x", &[]).await;
    assert_eq!(reply.code(), "callback.state");
    assert!(reply.header("set-cookie").starts_with("__Host-pw_signin_abcdefgh=;"));
}

#[test]
#[should_panic(expected = "does not name this path")]
fn an_exemption_is_good_at_its_own_paths_only() {
    let _ = Routes::<Web>::new().get("/v1/members", async |_: Open<open::Home>| "");
}

#[derive(Clone, Default)]
struct Paper(std::sync::Arc<parking_lot::Mutex<Vec<u8>>>);

impl std::io::Write for Paper {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(text);
        Ok(text.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_holds_ids_and_never_what_opens_something() {
    let (world, paper) = (world(routes()).await, Paper::default());
    let writer = paper.clone();
    let log = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    let guard = tracing::subscriber::set_default(log);
    let cookie = ADMIN_AT_ACME.cookie(HostKind::Console);
    let path = format!("{}?code=one-time-secret", members(ACME));
    let reply = world.get(HostKind::Console, &path, &[("cookie", &cookie)]).await;
    assert_eq!(reply.status, StatusCode::OK);
    let wrong = [("authorization", "Bearer pwo_9999999999999999999999999999999999999999999")];
    world.get(HostKind::Api, "/v1/tenants?code=one-time-secret", &wrong).await;
    drop(guard);
    let text = String::from_utf8(paper.0.lock().clone()).expect("text");
    for told in [
        reply.header(REQUEST_ID),
        &ACME.to_string(),
        "member.read",
        "/v1/tenants/{tenant}/members",
        &ADMIN_AT_ACME.user().to_string(),
    ] {
        assert!(text.contains(told), "{told}\n{text}");
    }
    let value = cookie.split('=').nth(1).expect("a value");
    for secret in ["one-time-secret", value, "pwo_9999"] {
        assert!(!text.contains(secret), "{secret}\n{text}");
    }
}
