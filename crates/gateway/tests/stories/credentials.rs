//! Who is let in, and what those see who are not (ledger A20, A22, A23, C01).

use crate::{
    house::{ACME, BETA, CAROL, GAMMA, House, named_for},
    wire::{ask, get},
};
use domain::Standing;
use std::sync::{Arc, atomic::Ordering::SeqCst};
use web::SharedHosts;

/// The same application behind every mapping.
const EVERY_MAPPING: &str = r#"[
    {"name": "tenants", "host": "*.base.test"},
    {"name": "path", "host": "app.base.test", "map_by": ["path"]},
    {"name": "query", "host": "query.base.test", "map_by": ["query"], "audience": "api"},
    {"name": "header", "host": "header.base.test", "map_by": ["header"], "audience": "api"}
]"#;

#[tokio::test]
async fn a_stranger_is_sent_to_sign_in_where_a_browser_opens_a_page() {
    let house = House::new().await;
    let told = get("acme.base.test", "/a/b?c=d&e=%20f").page().at(house.address).await;
    assert_eq!(told.status, 303);
    assert_eq!(told.headers["location"], "/.partywall/sign-in?return=/a/b%3Fc%3Dd%26e%3D%2520f");
    assert_eq!(told.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn a_stranger_s_program_is_told_that_a_session_is_needed() {
    let house = House::new().await;
    let plain = get("acme.base.test", "/").at(house.address).await;
    assert_eq!((plain.status.as_u16(), plain.code().as_str()), (401, "session.needed"));
    assert!(plain.headers["www-authenticate"].to_str().unwrap().starts_with("Partywall "));
    let fetch = get("acme.base.test", "/").page().with("sec-fetch-mode", "cors").at(house.address).await;
    assert_eq!(fetch.status, 401);
    let form = ask("POST", "acme.base.test", "/").page().body("a=b").at(house.address).await;
    assert_eq!(form.status, 401);
}

#[tokio::test]
async fn an_api_route_never_redirects() {
    let house = House::routed(r#"[{"name": "api", "host": "*.base.test", "audience": "api"}]"#).await;
    assert_eq!(get("acme.base.test", "/").page().at(house.address).await.status, 401);
}

#[tokio::test]
async fn a_tenant_that_hides_looks_like_none_at_all() {
    let house = House::routed(EVERY_MAPPING).await;
    house.change(BETA, |beta| beta.published = false).await;
    for (hidden, absent) in [
        (get("gamma.base.test", "/x"), get("nosuch.base.test", "/x")),
        (get("gamma.base.test", "/x").page(), get("nosuch.base.test", "/x").page()),
        (get("app.base.test", "/gamma/x").page(), get("app.base.test", "/nosuch/x").page()),
        (get("query.base.test", "/x?tenant=gamma"), get("query.base.test", "/x?tenant=nosuch")),
        (
            get("header.base.test", "/x").with("tenant-id", "gamma"),
            get("header.base.test", "/x").with("tenant-id", "nosuch"),
        ),
        (
            get("acme.base.test", "/x").with("tenant-id", "beta"),
            get("acme.base.test", "/x").with("tenant-id", "nosuch"),
        ),
        (ask("POST", "gamma.base.test", "/x").body("a"), ask("POST", "nosuch.base.test", "/x").body("a")),
    ] {
        let (hidden, absent) = (hidden.at(house.address).await, absent.at(house.address).await);
        assert_eq!(hidden.status, 403);
        assert_eq!(hidden.shape(), absent.shape());
    }
}

#[tokio::test]
async fn a_member_of_one_tenant_sees_no_difference_between_another_and_none() {
    let house = House::routed(EVERY_MAPPING).await;
    let own = house.carol_at(ACME);
    // On a host that tenants share, a session is looked for under the name of the tenant that is asked for.
    let shared = house.carol_on_shared(ACME).replacen(&ACME.to_string(), &BETA.to_string(), 1);
    let alice = format!("{own}; {shared}");
    for (other, absent) in [
        (get("app.base.test", "/beta/x"), get("app.base.test", "/nosuch/x")),
        (get("beta.base.test", "/x"), get("nosuch.base.test", "/x")),
        (get("query.base.test", "/x?tenant=beta"), get("query.base.test", "/x?tenant=nosuch")),
        (
            get("header.base.test", "/x").with("tenant-id", "beta"),
            get("header.base.test", "/x").with("tenant-id", "nosuch"),
        ),
    ] {
        let other = other.page().with("cookie", &alice).at(house.address).await;
        let absent = absent.page().with("cookie", &alice).at(house.address).await;
        assert_eq!(other.status, 403);
        assert_eq!(other.shape(), absent.shape());
    }
    assert_eq!(house.backend.hits(), 0);
    let refused = house.refused();
    assert_eq!(refused.len(), 4, "each of the four is recorded");
    assert!(refused.iter().all(|attempt| attempt.from == Some(ACME) && attempt.at == BETA));
}

#[tokio::test]
async fn on_a_shared_host_the_sessions_of_two_tenants_lie_side_by_side() {
    let house = House::routed(EVERY_MAPPING).await;
    let (acme, beta) = (house.carol_on_shared(ACME), house.carol_on_shared(BETA));
    let both = format!("{acme}; {beta}; sid=theirs");
    for (tenant, path) in [(ACME, "/acme/x"), (BETA, "/beta/x")] {
        let told = get("app.base.test", path).with("cookie", &both).at(house.address).await;
        assert_eq!(told.got("partywall-tenant"), [tenant.to_string()]);
        assert_eq!(told.got("cookie"), ["sid=theirs"], "ours stay here, whosever they are");
    }
    let told = get("app.base.test", "/beta/x").with("cookie", &acme).at(house.address).await;
    assert_eq!(told.status, 401, "with Acme's alone, carol is a stranger at Beta");
    let own = house.carol_at(ACME);
    // Nor is it one under the other's name: each is bound to its kind of host.
    let renamed = [
        ("app.base.test", "/acme/x", named_for(ACME, &own)),
        ("acme.base.test", "/x", acme.replace(&format!("pw_session_{ACME}="), "pw_session=")),
    ];
    for (host, path, renamed) in renamed {
        assert_eq!(get(host, path).with("cookie", &renamed).at(house.address).await.status, 401, "{host}");
    }
    let told = get("app.base.test", "/acme/x").with("cookie", &own).at(house.address).await;
    assert_eq!(told.status, 401, "the cookie of a tenant's own host has no meaning here");
    let told = get("acme.base.test", "/x").with("cookie", &acme).at(house.address).await;
    assert_eq!(told.status, 401, "nor that of a shared host there");
}

#[tokio::test]
async fn what_lies_in_a_tenant_s_part_of_a_shared_host_is_known_before_anybody_is_sent_there() {
    let house = House::routed(EVERY_MAPPING).await;
    let beta = house.facts.tenants.lock().unwrap()[&BETA].clone();
    let leads = |host: &str, path: &str| house.gateway.leads_to(host, &path.parse().unwrap(), &beta);
    for (host, path) in [
        ("app.base.test", "/beta/x?y=z"),
        ("app.base.test", &format!("/{BETA}")),
        ("query.base.test", "/deep?a=b&tenant=beta"),
    ] {
        assert!(leads(host, path), "{host}{path}");
    }
    for (host, path) in [
        ("app.base.test", "/acme/x"),
        ("app.base.test", "/beta/../acme/x"),
        ("app.base.test", "/beta/%2e%2e/acme"),
        ("app.base.test", "/.partywall/sign-out?tenant=beta"),
        ("app.base.test", "/"),
        ("query.base.test", "/deep"),
        ("query.base.test", "/deep?tenant=acme"),
        ("query.base.test", "/deep?tenant=beta&tenant=acme"),
        ("query.base.test", "/deep?tenant=beta&t%65nant=acme"),
        ("header.base.test", "/x"),
        ("beta.base.test", "/x"),
        ("elsewhere.test", "/beta/x"),
    ] {
        assert!(!leads(host, path), "{host}{path}");
    }
    let front = |host: &str| house.gateway.front(host, &beta).to_string();
    assert_eq!(front("app.base.test"), "/beta/");
    assert_eq!(front("query.base.test"), "/?tenant=beta");
    assert_eq!(front("header.base.test"), "/");
}

#[tokio::test]
async fn carol_s_session_at_one_tenant_is_worthless_at_the_other_though_she_belongs_to_both() {
    let house = House::new().await;
    let (at_acme, _at_beta) = (house.carol_at(ACME), house.carol_at(BETA));
    let told = get("beta.base.test", "/").with("cookie", &at_acme).at(house.address).await;
    assert_eq!((told.status.as_u16(), told.code().as_str()), (403, "tenant.unknown"));
}

#[tokio::test]
async fn an_altered_planted_or_doubled_session_is_none() {
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    let mut altered = carol.clone().into_bytes();
    let at = altered.len() - 50;
    altered[at] = if altered[at] == b'a' { b'b' } else { b'a' };
    let altered = String::from_utf8(altered).unwrap();
    for cookie in [&altered, &format!("{carol}; {carol}"), &format!("pw_session=x; {carol}"), "pw_session="] {
        let told = get("acme.base.test", "/").with("cookie", cookie).at(house.address).await;
        assert_eq!(told.status, 401, "{cookie}");
    }
    let secure_name = carol.replace("pw_session", "__Host-pw_session");
    let told = get("acme.base.test", "/").with("cookie", &secure_name).at(house.address).await;
    assert_eq!(told.status, 401, "on plain http the cookie has its plain name");
}

#[tokio::test]
async fn a_session_that_ended_is_none_within_the_feed_s_next_word() {
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    assert_eq!(get("acme.base.test", "/").with("cookie", &carol).at(house.address).await.status, 200);
    house.everybody_leaves(ACME).await;
    let told = get("acme.base.test", "/").page().with("cookie", &carol).at(house.address).await;
    assert_eq!(told.status, 303);
}

#[tokio::test]
async fn a_cookie_of_one_node_maps_at_another_without_a_look_up() {
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    let first = get("acme.base.test", "/").with("cookie", &carol).at(house.address).await;
    let (second_node, address) = house.second_node().await;
    let second = get("acme.base.test", "/").with("cookie", &carol).at(address).await;
    assert_eq!(first.got("partywall-tenant"), second.got("partywall-tenant"));
    assert_eq!(second_node.lookups(), (0, 1));
    let elsewhere = get("beta.base.test", "/").with("cookie", &carol).at(address).await;
    assert_eq!(elsewhere.code(), "tenant.unknown");
}

#[tokio::test]
async fn an_open_route_lets_everybody_in_and_tells_the_backend_who_is_known() {
    let house = House::routed(r#"[{"name": "open", "host": "*.base.test", "open": true}]"#).await;
    let nobody = get("acme.base.test", "/").at(house.address).await;
    assert_eq!(nobody.got("partywall-tenant"), [ACME.to_string()]);
    assert_eq!((nobody.got("partywall-user"), nobody.got("partywall-roles")), (vec![], vec![]));
    let carol = get("acme.base.test", "/").with("cookie", &house.carol_at(ACME)).at(house.address).await;
    assert_eq!(carol.got("partywall-user"), [CAROL.to_string()]);
}

#[tokio::test]
async fn a_tenant_that_can_only_be_read_takes_no_change() {
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    house.change(ACME, |acme| acme.standing = Standing::ReadOnly).await;
    let at = |ask: crate::wire::Ask| ask.with("cookie", &carol).at(house.address);
    assert_eq!(at(get("acme.base.test", "/")).await.status, 200);
    for change in [
        ask("POST", "acme.base.test", "/"),
        ask("DELETE", "acme.base.test", "/"),
        get("acme.base.test", "/").with("x-http-method-override", "DELETE"),
    ] {
        let told = at(change).await;
        assert_eq!((told.status.as_u16(), told.code().as_str()), (403, "tenant.read-only"));
    }
    assert_eq!(house.backend.hits(), 1);
}

#[tokio::test]
async fn a_closed_tenant_says_so_to_those_who_may_know_of_it() {
    let house = House::new().await;
    let carol = house.carol_at(GAMMA);
    for (standing, code) in
        [(Standing::Maintenance, "tenant.maintenance"), (Standing::Suspended, "tenant.closed")]
    {
        house.change(ACME, |acme| acme.standing = standing).await;
        house.change(GAMMA, |gamma| gamma.standing = standing).await;
        let told = get("acme.base.test", "/").at(house.address).await;
        assert_eq!((told.status.as_u16(), told.code().as_str()), (503, code));
        assert!(told.headers.contains_key("retry-after"));
        let page = get("acme.base.test", "/").page().at(house.address).await;
        assert!(page.status == 503 && page.text().starts_with("<!doctype html>"));
        assert_eq!(get("gamma.base.test", "/").at(house.address).await.code(), "tenant.unknown");
        assert_eq!(get("gamma.base.test", "/").with("cookie", &carol).at(house.address).await.code(), code);
    }
    assert_eq!(house.backend.hits(), 0);
}

#[tokio::test]
async fn another_site_s_page_cannot_use_a_session_to_change_something() {
    let house = House::routed(
        r#"[{"name": "tenants", "host": "*.base.test", "trusted_origins": ["https://spa.example.test"]}]"#,
    )
    .await;
    let carol = house.carol_at(ACME);
    let post = |name: &str, value: &str| {
        ask("POST", "acme.base.test", "/").with(name, value).with("cookie", &carol).at(house.address)
    };
    for (name, value) in [
        ("origin", "http://beta.base.test"),
        ("origin", "https://acme.base.test"),
        ("origin", "http://acme.base.test:81"),
        ("origin", "null"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "cross-site"),
    ] {
        assert_eq!(post(name, value).await.code(), "request.cross-site", "{name}: {value}");
    }
    for (name, value) in [
        ("origin", "http://acme.base.test"),
        ("origin", "https://spa.example.test"),
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-site", "none"),
        ("x-made-by", "a program"),
    ] {
        assert_eq!(post(name, value).await.status, 200, "{name}: {value}");
    }
    let link = get("acme.base.test", "/").with("sec-fetch-site", "cross-site").with("cookie", &carol);
    assert_eq!(link.at(house.address).await.status, 200, "links from elsewhere may be followed");
}

#[tokio::test]
async fn what_memory_lacks_is_loaded_and_a_database_that_is_away_is_said() {
    let house = House::new().await;
    let (known, unknown) = (house.carol_at(ACME), house.carol_at(ACME));
    assert_eq!(get("acme.base.test", "/").with("cookie", &known).at(house.address).await.status, 200);
    house.facts.away.store(true, SeqCst);
    let told = get("acme.base.test", "/").with("cookie", &unknown).at(house.address).await;
    assert_eq!((told.status.as_u16(), told.code().as_str()), (503, "node.out-of-touch"));
    assert_eq!(get("acme.base.test", "/").with("cookie", &known).at(house.address).await.status, 200);
}

#[tokio::test]
async fn a_plan_s_limit_is_each_tenant_s_own() {
    let house = House::new().await;
    let (acme, beta) = (house.carol_at(ACME), house.carol_at(BETA));
    let mut limits = domain::Limits::default();
    limits.limits.insert("requests_per_second".into(), 1);
    house.change(ACME, |acme| acme.limits = Arc::new(limits)).await;
    let mut statuses = Vec::new();
    for _ in 0..10 {
        statuses
            .push(get("acme.base.test", "/").with("cookie", &acme).at(house.address).await.status.as_u16());
    }
    assert_eq!(statuses[0], 200);
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(get("beta.base.test", "/").with("cookie", &beta).at(house.address).await.status, 200);
}
