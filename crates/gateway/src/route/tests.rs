use super::*;

fn hosts() -> Hosts {
    let host = |text: &str| text.parse::<Hostname>().unwrap();
    Hosts { base: host("base"), platform: vec![host("id.base"), host("console.base"), host("api.base")] }
}

fn spec(name: &str, host: &str, map_by: &[MapBy]) -> RouteSpec {
    RouteSpec { map_by: map_by.to_vec(), ..RouteSpec::new(name, host) }
}

fn faults(specs: &[RouteSpec]) -> Vec<String> {
    Routes::of(specs, &hosts()).unwrap_err().iter().map(ToString::to_string).collect()
}

fn picked<'r>(routes: &'r Routes, host: &str, path: &str) -> Option<&'r str> {
    routes.pick(host, path).map(|route| &*route.name)
}

#[test]
fn the_most_exact_host_and_the_longest_path_win() {
    let under = |name, path: &str| RouteSpec { path: path.into(), ..RouteSpec::new(name, "*.base") };
    let routes = Routes::of(
        &[
            under("all", "/"),
            under("api", "/api"),
            under("deep", "/api/v2/"),
            RouteSpec::new("own", "*"),
            spec("entry", "app.base", &[MapBy::Path]),
            RouteSpec { path: "/only".into(), ..spec("part", "www.acme.test", &[MapBy::Host]) },
        ],
        &hosts(),
    )
    .unwrap();
    for (host, path, name) in [
        ("t1.base", "/", Some("all")),
        ("t1.base", "/apis", Some("all")),
        ("t1.base", "/api", Some("api")),
        ("t1.base", "/api/v2/x", Some("deep")),
        ("app.base", "/t1", Some("entry")),
        ("www.other.test", "/x", Some("own")),
        ("a.b.base", "/x", Some("own")),
        ("www.acme.test", "/only/x", Some("part")),
        ("www.acme.test", "/else", None),
    ] {
        assert_eq!(picked(&routes, host, path), name, "{host}{path}");
    }
}

#[test]
fn a_fresh_installation_maps_by_host() {
    for routes in [Routes::standard(&hosts()), Routes::parse("[]", &hosts()).unwrap()] {
        assert_eq!(picked(&routes, "t1.base", "/"), Some("tenants"));
        assert_eq!(picked(&routes, "www.acme.test", "/"), Some("own-hostnames"));
    }
}

#[test]
fn a_header_cannot_map_a_route_that_browsers_open() {
    let by_header = spec("gate", "gate.base", &[MapBy::Header]);
    let said = faults(std::slice::from_ref(&by_header));
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("route `gate`: map_by: a header cannot name the tenant"), "{said:?}");
    let api = RouteSpec { audience: Audience::Api, ..by_header };
    assert!(Routes::of(&[api], &hosts()).is_ok());
}

#[test]
fn two_routes_for_the_same_requests_are_refused() {
    let a = RouteSpec { path: "/x/".into(), ..RouteSpec::new("a", "*.base") };
    let b = RouteSpec { path: "/x".into(), ..RouteSpec::new("b", "*.base") };
    assert_eq!(faults(&[a, b]), ["route `b`: path: route `a` already takes this host and path"]);
}

#[test]
fn a_route_on_tenants_hosts_must_heed_the_host() {
    let said = faults(&[spec("a", "*.base", &[MapBy::Path]), spec("b", "*", &[MapBy::Query])]);
    assert!(said.len() == 2 && said.iter().all(|fault| fault.contains("must hold `host`")), "{said:?}");
}

#[test]
fn a_host_names_a_tenant_or_is_shared_and_never_both() {
    let own = spec("own", "app.test", &[MapBy::Host]);
    let shared = RouteSpec { path: "/t".into(), ..spec("shared", "app.test", &[MapBy::Path]) };
    let said = faults(&[own, shared.clone()]);
    let both =
        "route `shared`: map_by: route `own` is on this host as well; either both hold `host` or neither";
    assert_eq!(said, [both]);
    let routes = Routes::of(&[shared], &hosts()).unwrap();
    assert!(routes.is_shared("app.test") && !routes.is_shared("acme.base") && !routes.is_shared("www.test"));
}

#[test]
fn every_mistake_is_named_at_once() {
    let said = faults(&[
        RouteSpec::new("a", "console.base"),
        RouteSpec::new("b", "*.elsewhere"),
        RouteSpec { path: "/.partywall/x".into(), ..RouteSpec::new("c", "*.base") },
        RouteSpec { header: Some("Partywall-Tenant".into()), ..RouteSpec::new("d", "*") },
        RouteSpec {
            idle_seconds: 0,
            trusted_origins: vec!["app.test".into()],
            ..RouteSpec::new("e", "e.test")
        },
        RouteSpec::new("e", "f.test"),
        spec("g", "base", &[MapBy::Host]),
        spec("h", "h.test", &[]),
    ]);
    let about = |what: &str| said.iter().filter(|fault| fault.contains(what)).count();
    for what in [
        "route `a`: host: belongs to the platform",
        "route `b`: host: must be `*.base`",
        "route `c`: path:",
        "route `d`: header:",
        "route `e`: idle_seconds:",
        "route `e`: trusted_origins:",
        "route `e`: name: two routes",
        "route `g`: map_by: the base domain itself",
        "route `h`: map_by: at least one",
    ] {
        assert_eq!(about(what), 1, "{what}: {said:#?}");
    }
    assert_eq!(said.len(), 9, "{said:#?}");
}

#[test]
fn json_with_an_unknown_key_or_word_is_refused_by_name() {
    let said = Routes::parse(
        r#"[{"name": "a", "host": "*.base", "mapby": []}, {"host": "*", "map_by": ["cookie"]}, {"name": "c"}]"#,
        &hosts(),
    )
    .unwrap_err();
    let said: Vec<_> = said.iter().map(ToString::to_string).collect();
    assert!(said[0].starts_with("route `a`: unknown field `mapby`"), "{said:#?}");
    assert!(said[1].starts_with("route `number 2`:"), "{said:#?}");
    assert!(said[2].starts_with("route `c`: missing field `host`"), "{said:#?}");
    assert!(Routes::parse("{", &hosts()).is_err());
}

#[test]
fn a_written_tenant_has_its_place_and_form() {
    let json = |write: &str| format!(r#"[{{"name": "a", "host": "*.base", "write_tenant": {write}}}]"#);
    for good in [
        r#"{"into": "header", "name": "X-Tenant"}"#,
        r#"{"into": "path", "as": "slug"}"#,
        r#"{"into": "path", "prefix": "/in"}"#,
        r#"{"into": "query", "name": "t"}"#,
        r#"{"into": "host", "suffix": "backend.internal", "as": "slug"}"#,
    ] {
        assert!(Routes::parse(&json(good), &hosts()).is_ok(), "{good}");
    }
    for bad in [
        r#"{"into": "header", "name": "Host"}"#,
        r#"{"into": "query", "name": "a&b"}"#,
        r#"{"into": "host", "suffix": "backend.internal"}"#,
        r#"{"into": "body"}"#,
    ] {
        assert!(Routes::parse(&json(bad), &hosts()).is_err(), "{bad}");
    }
}
