//! Stories about the console: what operators and admins see, and what happens when they send a form.

use crate::desk::{Desk, page};
use serde_json::Value;
use std::time::Duration;
use testkit::{Canary, Town, World, for_each_engine};

/// Every page of operators that needs no id.
const PLATFORM: [&str; 16] = [
    "/platform",
    "/platform/tenants",
    "/platform/tenants/new",
    "/platform/names",
    "/platform/deployments",
    "/platform/deployments/new",
    "/platform/regions",
    "/platform/routes",
    "/platform/products",
    "/platform/scopes",
    "/platform/plans",
    "/platform/plans/new",
    "/platform/roles",
    "/platform/tokens",
    "/platform/jobs",
    "/platform/audit",
];

/// Every page of a tenant.
const TENANT: [&str; 5] = ["", "/settings", "/audit", "/audit/verification", "/usage?hours=168"];

async fn operator(world: &World, town: &Town, desk: &Desk<'_>) -> crate::desk::Visitor {
    world.pass(Duration::from_millis(1));
    desk.visitor(&town.house, town.house.admin.user).await
}

/// What stands in the field of this name.
fn value<'p>(body: &'p str, id: &str) -> &'p str {
    let field = body.split(&format!("id=\"{id}\"")).nth(1).unwrap_or_else(|| panic!("no {id} in {body}"));
    field.split("value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default()
}

#[tokio::test]
async fn every_page_opens_for_those_who_may_and_for_nobody_else() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let (desk, contoso) = (Desk::at(world), &town.contoso);
        let runs_it = operator(world, &town, &desk).await;
        let admin = desk.visitor(contoso, contoso.admin.user).await;
        let reader = desk.visitor(contoso, contoso.reader.user).await;
        for path in PLATFORM {
            desk.open(&runs_it, path).await.is(200).shows(&["</html>", "Operator"]);
            desk.open(&admin, path).await.is(403);
        }
        let tenant = format!("/platform/tenants/{}", contoso.id);
        desk.open(&runs_it, &tenant).await.is(200).shows(&["app.contoso.test", "https://contoso.saas.test"]);
        desk.open(&runs_it, &format!("/platform/deployments/{}", town.deployment)).await.is(200);
        desk.open(&runs_it, &format!("/platform/plans/{}", town.plan)).await.is(200).shows(&["Save plan"]);
        for rest in TENANT {
            let seen =
                desk.open(&admin, &page(contoso.id, rest)).await.is(200).shows(&["</html>", "Contoso"]);
            town.canary.is_absent(&seen.body);
            for other in [&town.fabrikam, &town.canary.0] {
                let refused = desk.open(&admin, &page(other.id, rest)).await.is(403);
                assert!(!refused.body.contains(Canary::MARK) && !refused.body.contains("Fabrikam"));
            }
            desk.open(&reader, &page(contoso.id, rest)).await.is(if rest.is_empty() { 200 } else { 403 });
        }
    })
    .await;
}

#[tokio::test]
async fn an_operator_creates_a_tenant_and_sees_its_link_once() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let desk = Desk::at(world);
        let runs_it = operator(world, &town, &desk).await;
        let form = [("name", "Acme <Sons>"), ("slug", "Acme!"), ("plan", ""), ("standing", "trial")];
        desk.send(&runs_it, "/platform/tenants/new", &form).await.is(422).shows(&[
            "A slug has 2 to 40",
            "value=\"Acme &#60;Sons&#62;\"",
            "value=\"Acme!\"",
        ]);
        let form = [("name", "Acme"), ("slug", "contoso"), ("plan", ""), ("standing", "trial")];
        desk.send(&runs_it, "/platform/tenants/new", &form)
            .await
            .is(422)
            .shows(&["This slug belongs to another"]);
        let form = [("name", "Acme"), ("slug", "acme"), ("standing", "trial"), ("published", "on")];
        let made = desk.send(&runs_it, "/platform/tenants/new", &form).await.is(201);
        let link = value(&made.body, "link").to_owned();
        assert!(link.starts_with("https://id.saas.test/t/tnt_"), "{link}");
        assert!(value(&made.body, "redirect").starts_with("https://id.saas.test/callback/con_"));
        let (_, code) = link.split_once("code=").expect("a code");
        let listed = desk.open(&runs_it, "/platform/tenants?standing=trial").await.is(200).shows(&["Acme"]);
        let path = listed.body.split("href=\"").find(|rest| rest.starts_with("/platform/tenants/tnt_"));
        let path = path.and_then(|rest| rest.split('"').next()).expect("a link to the tenant").to_owned();
        desk.open(&runs_it, &path).await.is(200).hides(&[code]).shows(&["A link is out"]);

        let renewed = desk.send(&runs_it, &format!("{path}/invitation"), &[]).await.is(200);
        assert_ne!(value(&renewed.body, "link"), link);
        assert_eq!(value(&renewed.body, "redirect"), value(&made.body, "redirect"));
    })
    .await;
}

#[tokio::test]
async fn an_operator_changes_a_tenant_where_the_page_stands() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let desk = Desk::at(world);
        let runs_it = operator(world, &town, &desk).await;
        let path = format!("/platform/tenants/{}", town.contoso.id);
        let entry = [("name", "Contoso Group"), ("slug", "fabrikam"), ("plan", ""), ("deployment", "")];
        let refused = desk.send(&runs_it, &path, &entry).await.is(422);
        assert_eq!(value(&refused.body, "field-slug"), "fabrikam", "what was sent stays");
        let entry = [("name", "Contoso Group"), ("slug", "contoso-group")];
        let changed = desk.send(&runs_it, &path, &entry).await.is(303);
        let landed = desk.open(&runs_it, changed.header("location")).await.is(200);
        landed.shows(&["Saved.", "https://contoso-group.saas.test"]);
        desk.open(&runs_it, "/platform/names").await.is(200).shows(&["contoso", "Release"]);
        desk.send(&runs_it, "/platform/names/release", &[("name", "slug:contoso")]).await.is(303);

        let hosts = format!("{path}/hostnames");
        desk.send(&runs_it, &hosts, &[("host", "app.fabrikam.test")])
            .await
            .is(422)
            .shows(&["another tenant"]);
        desk.send(&runs_it, &hosts, &[("host", "not a name")])
            .await
            .is(422)
            .shows(&["A hostname is a DNS name"]);
        desk.send(&runs_it, &hosts, &[("host", "www.contoso.test")]).await.is(303);
        desk.send(&runs_it, &format!("{hosts}/remove"), &[("host", "www.contoso.test")]).await.is(303);

        let standing = format!("{path}/standing");
        let form = [("standing", "suspended"), ("reason", "a breach"), ("confirm", "contoso")];
        desk.send(&runs_it, &standing, &form).await.is(422).shows(&["Type contoso-group exactly"]);
        let form = [("standing", "suspended"), ("reason", "a breach"), ("confirm", "contoso-group")];
        desk.send(&runs_it, &standing, &form).await.is(303);
        desk.open(&runs_it, &path).await.is(200).shows(&["Suspended"]);
        let admin = desk.visitor(&town.contoso, town.contoso.admin.user).await;
        assert_eq!(
            desk.open(&admin, &page(town.contoso.id, "")).await.status.as_u16(),
            503,
            "closed at once"
        );
    })
    .await;
}

#[tokio::test]
async fn a_form_from_elsewhere_changes_nothing() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let desk = Desk::at(world);
        let runs_it = operator(world, &town, &desk).await;
        let forged = desk.visitor(&town.contoso, town.contoso.admin.user).await.with_cookie_of(&runs_it);
        let form = [("name", "Evil"), ("slug", "evil"), ("standing", "active")];
        desk.send(&forged, "/platform/tenants/new", &form).await.is(403);
        assert_eq!(world.number("SELECT COUNT(*) FROM tenant WHERE slug = 'evil'").await, 0);
    })
    .await;
}

#[tokio::test]
async fn deployments_plans_roles_routes_and_tokens_are_looked_after_in_the_console() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let desk = Desk::at(world);
        let runs_it = operator(world, &town, &desk).await;
        let send = async |path: &str, form: &[(&str, &str)]| desk.send(&runs_it, path, form).await;
        let open = async |path: &str| desk.open(&runs_it, path).await.is(200);

        let form = [("name", "EU"), ("upstreams", "10.0.0.1")];
        let refused = send("/platform/deployments/new", &form).await.is(422);
        refused.shows(&["A backend&#39;s address is"]);
        let form = [("name", "EU"), ("upstreams", "http://10.0.0.1:3000\r\n\r\n")];
        let made = send("/platform/deployments/new", &form).await.is(201);
        assert_eq!(value(&made.body, "secret").len(), 43);
        let path = format!("/platform/deployments/{}", value(&made.body, "audience"));
        open(&path).await.hides(&[value(&made.body, "secret")]).shows(&["http://10.0.0.1:3000"]);
        send(&format!("{path}/secret/take-over"), &[]).await.is(422).shows(&["There is no next secret yet"]);
        send(&format!("{path}/secret"), &[]).await.is(201);
        send(&format!("{path}/secret/take-over"), &[]).await.is(303);
        let form = [("name", "EU"), ("upstreams", "https://eu.test")];
        send(&path, &form).await.is(303);
        open(&path).await.shows(&["https://eu.test:443"]);

        send("/platform/plans/new", &[("name", "Silver"), ("members", "many")])
            .await
            .is(422)
            .shows(&["whole number"]);
        send("/platform/plans/new", &[("name", "Silver"), ("memebrs", "3")]).await.is(422);
        send("/platform/plans/new", &[("name", "Silver"), ("members", "250"), ("entitlements", "a.b\nc")])
            .await
            .is(303);
        send("/platform/plans/new", &[("name", "Silver")])
            .await
            .is(422)
            .shows(&["Something else has this name"]);
        open("/platform/plans").await.shows(&["Silver", "Members: 250", "a.b"]);
        let form = [("name", "standard"), ("members", ""), ("hostnames", "3")];
        send(&format!("/platform/plans/{}", town.plan), &form).await.is(303);

        send("/platform/roles", &[("name", "Creator"), ("title", "")])
            .await
            .is(422)
            .shows(&["A role has 1 to 60"]);
        send("/platform/roles", &[("name", "creator"), ("title", "Creator"), ("about", "Makes.")])
            .await
            .is(303);
        open("/platform/roles?edit=creator").await.shows(&["value=\"creator\"", "Makes."]);
        send("/platform/roles/remove", &[("name", "creator")]).await.is(303);

        send("/platform/routes", &[("document", "{")]).await.is(422).shows(&["This is not JSON"]);
        send("/platform/routes", &[("document", "{}")])
            .await
            .is(422)
            .shows(&["there are no routes", "and no defaults"]);
        send("/platform/routes", &[("document", "{\"routes\":[]}")]).await.is(303);

        send("/platform/tokens", &[("name", "x"), ("rights", "read"), ("days", "91")])
            .await
            .is(422)
            .shows(&["1 to 90"]);
        let made =
            send("/platform/tokens", &[("name", "script"), ("rights", "read"), ("days", "30")]).await.is(201);
        let token = value(&made.body, "token").to_owned();
        desk.script(&token, "GET", "/v1/platform/tenants", Value::Null).await.is(200);
        let listed = open("/platform/tokens").await.hides(&[&token]).shows(&["script"]);
        let id = listed.body.split("name=\"id\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        send("/platform/tokens/end", &[("id", id.expect("an id"))]).await.is(303);
        desk.script(&token, "GET", "/v1/platform/tenants", Value::Null).await.is(401);
        open("/platform/audit").await.shows(&["token.manage", "deployment"]);
    })
    .await;
}

#[tokio::test]
async fn an_operator_says_where_regions_listen_and_which_scopes_there_are() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let desk = Desk::at(world);
        let runs_it = operator(world, &town, &desk).await;
        let open = async |path: &str| desk.open(&runs_it, path).await.is(200);
        let send = async |path: &str, form: &[(&str, &str)]| desk.send(&runs_it, path, form).await;
        let regions = "/platform/regions";
        open(regions).await.shows(&["No regions"]);
        let deployment = format!("/v1/platform/deployments/{}", town.deployment);
        desk.api("PATCH", &deployment, serde_json::json!({ "region": "eu" })).await.is(200);
        open(regions).await.shows(&["eu", "asked from everywhere", "Regions"]).hides(&["Remove eu"]);
        let bad = [("name", "EU!"), ("gateways", "https://gate-eu.test\nftp://x")];
        let again = send(regions, &bad).await.is(422);
        again.shows(&["ftp://x", "value=\"EU!\""]);
        let twice = [("name", "eu"), ("gateways", "https://gate-eu.test\nhttps://gate-eu.test")];
        send(regions, &twice).await.is(422).shows(&["each once"]);
        let good = [("name", "eu"), ("gateways", " https://gate-eu.test \n\nhttps://gate-eu-2.test")];
        let saved = send(regions, &good).await.is(303);
        let landed = open(saved.header("location")).await;
        landed.shows(&["The region is saved", "gate-eu-2.test", "Remove eu", &town.deployment.to_string()]);
        open("/platform/regions?edit=eu").await.shows(&["https://gate-eu.test"]);
        let listed = desk.api("GET", "/v1/platform/regions", Value::Null).await.is(200);
        listed.shows(&["\"tenants\":", "gate-eu-2.test"]);
        send("/platform/regions/remove", &[("name", "eu")]).await.is(303);
        send("/platform/regions/remove", &[("name", "eu")]).await.is(404);

        let scopes = "/platform/scopes";
        open(scopes).await.shows(&["No scopes yet"]);
        send(scopes, &[("name", "No Scope"), ("about", "x")]).await.is(422);
        for (name, about) in
            [("surveys.read", "See"), ("surveys.write", "Change"), ("surveys.read", "See <all>")]
        {
            send(scopes, &[("name", name), ("about", about)]).await.is(303);
        }
        let both = open(scopes).await;
        both.shows(&["surveys.read", "surveys.write", "See &#60;all&#62;"]).hides(&[">See<"]);
        send("/platform/scopes/remove", &[("name", "surveys.write")]).await.is(303);
        open(scopes).await.hides(&["surveys.write"]);
        let admin = desk.visitor(&town.contoso, town.contoso.admin.user).await;
        for (path, form) in [
            (regions, &[("name", "us"), ("gateways", "https://gate.test")][..]),
            ("/platform/regions/remove", &[("name", "eu")]),
            (scopes, &[("name", "all"), ("about", "")]),
            ("/platform/scopes/remove", &[("name", "surveys.read")]),
        ] {
            desk.send(&admin, path, form).await.is(403);
        }
    })
    .await;
}

#[tokio::test]
async fn an_admin_sees_what_is_missing_and_changes_the_settings() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let (desk, contoso) = (Desk::at(world), &town.contoso);
        let admin = desk.visitor(contoso, contoso.admin.user).await;
        let home = desk.open(&admin, &page(contoso.id, "")).await.is(200);
        home.shows(&[
            "People sign in by 1 connection",
            "There is one admin",
            "2 members hold a role",
            "partywall.admin",
        ]);
        let settings = page(contoso.id, "/settings");
        let form = [("published", "on"), ("session_idle", "1"), ("session_life", "soon")];
        desk.send(&admin, &settings, &form).await.is(422).shows(&["whole number of minutes"]);
        let form = [("session_idle", "1"), ("session_life", "60")];
        desk.send(&admin, &settings, &form).await.is(422).shows(&["a session may go unused"]);
        let form = [("session_idle", "30"), ("session_life", "60")];
        let changed = desk.send(&admin, &settings, &form).await.is(303);
        desk.open(&admin, changed.header("location")).await.is(200).shows(&["Saved.", "value=\"30\""]);
        desk.open(&admin, &page(contoso.id, "")).await.shows(&["The sign-in page is not published"]);
        let audit = desk.open(&admin, &page(contoso.id, "/audit?action=setting.change")).await.is(200);
        audit.shows(&["session idle seconds", "1800", "published", "input.invalid"]);

        let reader = desk.visitor(contoso, contoso.reader.user).await;
        let form = [("session_idle", "30"), ("session_life", "60")];
        desk.send(&reader, &settings, &form).await.is(403);
        desk.open(&reader, &page(contoso.id, "")).await.is(200).hides(&["There is one admin", "Settings"]);
    })
    .await;
}

#[tokio::test]
async fn traffic_is_drawn() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let (desk, contoso) = (Desk::at(world), &town.contoso);
        let admin = desk.visitor(contoso, contoso.admin.user).await;
        let usage = page(contoso.id, "/usage");
        desk.open(&admin, &usage).await.is(200).shows(&["No traffic yet"]);
        let hour = world.clock.now().seconds() / 3_600;
        let readings = [("requests", hour, 4_200), ("errors", hour, 42), ("bytes_out", hour, 2_500_000)];
        world
            .store
            .record_traffic(&world.background(contoso), world.new_id(), &readings)
            .await
            .expect("stored");
        let drawn = desk.open(&admin, &usage).await.is(200);
        drawn.shows(&["<rect class=\"bar bad\"", "4.2k", "2.5", "4200 requests, 42 of them failed"]);
    })
    .await;
}
