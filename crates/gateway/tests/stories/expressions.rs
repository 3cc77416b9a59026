//! Expressions on routes (ledger H06, K04): they find the tenant, choose routes and rewrite; they bring nobody where
//! their credential does not, and nothing makes them endless.

use crate::{
    house::{ACME, BETA, House},
    tokens::Scene,
    wire::{ask, get},
};
use gateway::Sample;
use http::{HeaderMap, HeaderName};
use serde_json::json;

const KEYS: &str = r#""audience": "api", "credentials": ["api_key"]"#;

fn finding(tenant: &str) -> String {
    let tenant = json!(tenant);
    format!(
        r#"[{{"name": "found", "host": "api.base.test", "map_by": ["expression"], "tenant": {tenant}, {KEYS}}},
            {{"name": "by-path", "host": "app.base.test", "map_by": ["expression"], "tenant": {tenant}, {KEYS}}}]"#
    )
}

/// What the tester says of a request: the tenant that it finds and the problem's code.
async fn tried(
    house: &House,
    host: &str,
    target: &str,
    fields: &[(&str, &str)],
) -> (String, Option<&'static str>) {
    let headers: HeaderMap = fields
        .iter()
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
        .collect();
    let uri = format!("http://{host}{target}").parse().unwrap();
    let (address, body) = ([127, 0, 0, 1].into(), Default::default());
    let sample = Sample { method: "GET".parse().unwrap(), uri, headers, address, body };
    let said = house.gateway.rehearse(sample, None).await.unwrap();
    assert!(said.steps.iter().any(|step| step.step == "expression"), "{said:?}");
    let tenant = said.steps.iter().rfind(|step| step.step == "tenant").map(|step| step.how.clone());
    (tenant.unwrap_or_default(), said.code)
}

#[tokio::test]
async fn five_ways_to_find_a_tenant_agree_in_the_tester_and_live() {
    let scene = Scene::open().await;
    let house = &scene.house;
    let (acme, beta) = (house.key_of(ACME, |_| {}), house.key_of(BETA, |_| {}));
    let token = scene.one.token(json!({ "org": "acme-inc", "customer": {"names": ["x", "acme"]} }));
    let bearer = |text: &str| format!("Bearer {text}");
    let (acme, beta, token) = (bearer(&acme), bearer(&beta), bearer(&token));
    let cases = [
        ("host.split('.')[0] == 'app' ? path.split('/')[1] : ''", "app.base.test", "/acme/x", "", &acme),
        (
            "path.matches('^/v[0-9]+/[a-z]+/') ? path.split('/')[2] : ''",
            "api.base.test",
            "/v2/acme/x",
            "",
            &acme,
        ),
        ("query.org.lowerAscii()", "api.base.test", "/?org=AC%4DE", "", &acme),
        ("headers['x-customer'].substring(4)", "api.base.test", "/", "cus-acme", &acme),
        ("claims.customer.names.filter(n, n != 'x')[0]", "api.base.test", "/", "", &token),
    ];
    for (expression, host, target, customer, credential) in cases {
        let routes = finding(expression).replace("[\"api_key\"]", "[\"api_key\", \"token\"]");
        house.gateway.set_routes(&routes).unwrap();
        let fields = [("x-customer", customer), ("authorization", credential.as_str())];
        let (tenant, code) = tried(house, host, target, &fields).await;
        assert!(tenant.starts_with("acme ("), "{expression}: {tenant} {code:?}");
        let told = get(host, target).with("x-customer", customer).with("authorization", credential);
        let told = told.at(house.address).await;
        assert_eq!(told.got("partywall-tenant"), [ACME.to_string()], "{expression}");
        // Beta's key is worth nothing there, whatever an expression makes of the request.
        if credential == &acme {
            let noted = house.refused().len();
            let fields = [("x-customer", customer), ("authorization", beta.as_str())];
            assert_eq!(tried(house, host, target, &fields).await.1, Some("tenant.unknown"), "{expression}");
            let told = get(host, target).with("x-customer", customer).with("authorization", &beta);
            let told = told.at(house.address).await;
            assert_eq!((told.status.as_u16(), told.code().as_str()), (403, "tenant.unknown"), "{expression}");
            let noted = &house.refused()[noted..];
            assert_eq!(noted.len(), 1, "it is written down: {noted:?}");
        }
    }
    assert_eq!(scene.one.token(json!({"org": "acme-inc"})).split('.').count(), 3);
}

#[tokio::test]
async fn what_an_expression_says_must_agree_with_everything_else_that_names_a_tenant() {
    let house = House::routed(
        r#"[{"name": "hosts", "host": "*.base.test", "map_by": ["host", "expression"],
             "tenant": "headers['x-org']", "audience": "api"}]"#,
    )
    .await;
    let carol = house.carol_at(ACME);
    let ask = async |org: &str| {
        get("acme.base.test", "/").with("x-org", org).with("cookie", &carol).at(house.address).await
    };
    assert_eq!(ask("acme").await.status, 200);
    assert_eq!(ask(&ACME.to_string()).await.status, 200);
    for other in ["beta", "nosuch", "acme, beta", "*"] {
        assert_eq!(ask(other).await.code(), "tenant.unknown", "{other}");
    }
    assert!(house.refused().iter().any(|attempt| attempt.how == "identifiers that disagree"));
    // Two fields of one name are no way to say two things.
    let twice = get("acme.base.test", "/").with("x-org", "acme").with("x-org", "beta").with("cookie", &carol);
    assert_eq!(twice.at(house.address).await.code(), "tenant.unknown");
}

#[tokio::test]
async fn nobody_is_nobody_s_tenant_by_default() {
    let house = House::routed(&finding("headers['x-org']")).await;
    let key = format!("Bearer {}", house.key_of(ACME, |_| {}));
    let told = get("api.base.test", "/").with("authorization", &key).at(house.address).await;
    assert_eq!((told.status.as_u16(), told.code().as_str()), (400, "tenant.unnamed"));
}

#[tokio::test]
async fn of_routes_for_one_path_the_first_whose_condition_holds_is_taken() {
    let house = House::routed(
        r#"[{"name": "rest", "host": "*.base.test", "audience": "api",
             "policies": {"request_headers": [{"set": "X-Route", "value": "rest"}]}},
            {"name": "new", "host": "*.base.test", "when": "headers['x-version'] == '2'", "audience": "api",
             "policies": {"request_headers": [{"set": "X-Route", "value": "new"}]}},
            {"name": "changes", "host": "*.base.test", "when": "method in ['PUT', 'POST']", "audience": "api",
             "policies": {"request_headers": [{"set": "X-Route", "value": "changes"}]}}]"#,
    )
    .await;
    let carol = house.carol_at(ACME);
    for (method, version, route) in
        [("GET", "1", "rest"), ("GET", "2", "new"), ("PUT", "2", "new"), ("PUT", "3", "changes")]
    {
        let ask = ask(method, "acme.base.test", "/x").with("x-version", version).with("cookie", &carol);
        assert_eq!(ask.at(house.address).await.got("x-route"), [route], "{method} {version}");
    }
    let none = get("acme.base.test", "/x").with("cookie", &carol).at(house.address).await;
    assert_eq!(none.got("x-route"), ["rest"], "a condition over what is not there does not hold");
    let two = r#"[{"name": "a", "host": "*"}, {"name": "b", "host": "*"}]"#;
    assert!(
        house.gateway.set_routes(two).unwrap_err()[0]
            .to_string()
            .contains("already takes this host and path")
    );
}

#[tokio::test]
async fn paths_queries_and_headers_are_rewritten_and_the_tenant_s_part_stays() {
    let house = House::routed(
        r#"[{"name": "app", "host": "app.base.test", "map_by": ["path"], "audience": "api",
             "credentials": ["api_key"], "write_tenant": {"into": "path", "prefix": "/in", "as": "slug"}, "policies": {
               "rewrite": {"path": "rest.startsWith('/v1/') ? '/api' + rest.substring(3) : rest",
                           "query": "has(query.q) ? 'search=' + query.q : ''"},
               "request_headers": [
                 {"set": "X-Org", "expression": "'org-' + tenant.slug"},
                 {"set": "X-Kind", "expression": "caller.kind", "when": "'beta' in tenant.entitlements"},
                 {"set": "X-Lang", "expression": "headers['accept-language'].split(',')[0]"},
                 {"set": "X-Cookie", "expression": "headers.cookie + headers.authorization"}]}}]"#,
    )
    .await;
    let key = format!("Bearer {}", house.key_of(ACME, |_| {}));
    let ask = async |target: &str| {
        let ask =
            get("app.base.test", target).with("authorization", &key).with("cookie", "pw_session=secret");
        ask.with("accept-language", "de,en")
            .with("x-kind", "forged")
            .with("x-cookie", "forged")
            .at(house.address)
            .await
    };
    let told = ask("/acme/v1/orders?q=a%20b&x=1").await;
    assert_eq!(told.code(), "request.expression", "a blank is no part of an address");
    let told = ask("/acme/v1/orders?q=ab&x=1").await;
    assert_eq!(told.echoed()["target"], "/in/acme/api/orders?search=ab");
    assert_eq!((told.got("x-org"), told.got("x-lang")), (vec!["org-acme".to_owned()], vec!["de".to_owned()]));
    assert_eq!(told.got("x-kind"), ["forged"], "a rule whose condition does not hold does nothing");
    assert!(told.got("x-cookie").is_empty(), "no expression sees a credential");
    let mut limits = domain::Limits::default();
    limits.entitlements.insert("beta".into());
    house.change(ACME, |record| record.limits = limits.into()).await;
    assert_eq!(ask("/acme/x").await.got("x-kind"), ["subscriber"]);
    // What is rewritten is a path like any other: no way out of the tenant's part, nor into what is ours.
    for path in ["'/../beta/x'", "'/%2e%2e/beta'", "'/.partywall/x'", "'x'", "'/x?y'", "'/a b'", "'//x#y'"] {
        let routes = format!(
            r#"[{{"name": "app", "host": "app.base.test", "map_by": ["path"], "audience": "api",
                 "credentials": ["api_key"], "policies": {{"rewrite": {{"path": "{path}"}}}}}}]"#
        );
        house.gateway.set_routes(&routes).unwrap();
        let before = house.backend.hits();
        assert_ne!(ask("/acme/x").await.status, 200, "{path}");
        assert_eq!(house.backend.hits(), before, "{path}");
    }
}

#[tokio::test]
async fn limits_and_screens_hold_where_their_condition_does() {
    let house = House::routed(
        r#"[{"name": "hosts", "host": "*.base.test", "audience": "api", "policies": {
             "limits": [{"name": "writes", "window": 86400, "limit": 1, "when": "method != 'GET'"}],
             "screen": {"when": "path.startsWith('/strict')", "most_parameters": 1}}}]"#,
    )
    .await;
    let carol = house.carol_at(ACME);
    let ask = async |method, target: &str| {
        ask(method, "acme.base.test", target).with("cookie", &carol).at(house.address).await.status.as_u16()
    };
    let mut told = Vec::new();
    for (method, target) in
        [("PUT", "/"), ("PUT", "/"), ("GET", "/"), ("GET", "/?a&b"), ("GET", "/strict?a&b")]
    {
        told.push(ask(method, target).await);
    }
    assert_eq!(told, [200, 429, 200, 200, 400]);
}

#[tokio::test]
async fn an_endless_expression_is_refused_when_it_is_written_or_stopped_when_it_runs() {
    let house = House::new().await;
    let endless = "[1,2,3,4,5,6,7,8,9].all(a, [1,2,3].all(b, [1,2,3].all(c, true)))";
    let faults = house.gateway.set_routes(&finding(endless)).unwrap_err();
    assert!(faults[0].to_string().contains("tenant: line 1, column"), "{faults:?}");
    assert!(faults[0].to_string().contains("2 deep"), "{faults:?}");
    let costly = "query.q.split('').all(a, query.q.contains(a)) ? 'acme' : 'beta'";
    house.gateway.set_routes(&finding(costly)).unwrap();
    let key = format!("Bearer {}", house.key_of(ACME, |_| {}));
    let ask = async |length: usize| {
        let target = format!("/?q={}", "a".repeat(length));
        get("api.base.test", &target).with("authorization", &key).at(house.address).await
    };
    assert_eq!(ask(100).await.status, 200);
    let told = ask(15_000).await;
    assert_eq!((told.status.as_u16(), told.code().as_str()), (400, "request.expression"));
    assert!(told.text().contains("stopped"), "{}", told.text());
}

#[tokio::test]
async fn no_expression_names_a_tenant() {
    let house = House::new().await;
    let id = ACME.to_string();
    for (expression, told) in [
        ("host == 'acme.base.test' ? query.t : ''", "`acme.base.test` is the name of a tenant"),
        ("query.t == 'x' ? 'acme' : query.t", "`acme` is the name of a tenant"),
        (id.as_str(), "is a tenant's id"),
    ] {
        let expression = if expression == id { format!("'{expression}'") } else { expression.to_owned() };
        let faults = house.gateway.check_routes(&finding(&expression)).unwrap_err();
        let said = faults[0].to_string();
        assert!(said.contains("no-literal-tenant") && said.contains(told), "{said}");
    }
    let asking = r#"[{"name": "hosts", "host": "*.base.test", "policies": {"request_headers": [
        {"set": "X-A", "value": "1", "when": "tenant.slug == 'somebody'"}]}}]"#;
    let said = house.gateway.check_routes(asking).unwrap_err()[0].to_string();
    assert!(said.contains("no-literal-tenant"), "{said}");
}
