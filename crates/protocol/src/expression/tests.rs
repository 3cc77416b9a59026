//! Expressions mean what CEL says, and nothing that is written or brought makes them long or large.

use super::*;
use cel::{Context, Env, extensions};
use serde_json::json;
use std::{collections::HashMap, sync::Arc};

const WORDS: &[Word] = &[
    Word { name: "host", kind: Kind::Value },
    Word { name: "path", kind: Kind::Value },
    Word { name: "claims", kind: Kind::Value },
    Word { name: "body", kind: Kind::Value },
    Word { name: "headers", kind: Kind::Table },
    Word {
        name: "tenant",
        kind: Kind::Record { fields: &["id", "slug", "entitlements"], identity: &["id", "slug"] },
    },
];

struct Sample {
    claims: serde_json::Value,
    long: String,
}

impl Facts for Sample {
    fn value(&self, name: &str) -> Option<Value<'_>> {
        match name {
            "host" => Some(Value::text("acme.example.com")),
            "path" => Some(Value::text("/v2/acme/orders/17")),
            "claims" => Some(Value::json(&self.claims, Names::Exact)),
            "body" => Some(Value::json(&self.claims, Names::Unsure)),
            _ => None,
        }
    }

    fn field(&self, table: &str, name: &str) -> Result<Option<Value<'_>>, Stopped> {
        Ok(match (table, name) {
            ("headers", "x-plan") => Some(Value::text("gold")),
            ("headers", "x-long") => Some(Value::text(&self.long)),
            ("headers", "x-twice") => return Err(Stopped::Unclear("x-twice".into())),
            ("tenant", "slug") => Some(Value::text("acme")),
            ("tenant", "entitlements") => Some(Value::List(vec![Value::text("beta")])),
            _ => None,
        })
    }
}

fn sample() -> Sample {
    let claims = json!({
        "org": {"name": "acme", "level": 3}, "roles": ["admin", "reader", "billing.admin"], "ratio": 0.5,
        "active": true, "nothing": null,
    });
    Sample { claims, long: "a".repeat(16_000) }
}

fn said(source: &str) -> String {
    let (expression, sample) = (Expression::read(source, WORDS).expect(source), sample());
    match expression.work_out(&sample).value {
        Ok(value) => value.to_string(),
        Err(stopped) => format!("! {stopped}"),
    }
}

fn wrong(source: &str) -> String {
    Expression::read(source, WORDS).expect_err(source).to_string()
}

#[test]
fn tenants_are_found_in_hosts_paths_headers_and_claims() {
    for (source, value) in [
        ("host.split('.')[0]", "\"acme\""),
        ("path.split('/')[2]", "\"acme\""),
        ("claims.org.name", "\"acme\""),
        ("claims['org']['name']", "\"acme\""),
        ("headers['x-plan']", "\"gold\""),
        ("headers['x-none']", "! there is no `headers.x-none`"),
        ("'x-none' in headers ? headers['x-none'] : host.substring(0, host.indexOf('.'))", "\"acme\""),
        ("path.matches('^/v[0-9]+/') ? path.replace('/v2/', '/') : path", "\"/acme/orders/17\""),
        ("claims.roles.filter(role, role.endsWith('admin')).join(',')", "\"admin,billing.admin\""),
        ("claims.roles.exists(role, role == 'reader') && claims.org.level >= 3", "true"),
        ("'t-' + tenant.slug + ('beta' in tenant.entitlements ? '-beta' : '')", "\"t-acme-beta\""),
        ("has(claims.org.name) && !has(claims.org.region)", "true"),
        ("{'gold': 'fast', 'free': 'slow'}[headers['x-plan']]", "\"fast\""),
    ] {
        assert_eq!(said(source), value, "{source}");
    }
}

#[test]
fn what_may_be_read_in_two_ways_is_neither_there_nor_not() {
    for (source, value) in [
        ("claims.Org", "! there is no `Org`"),
        ("has(claims.Org)", "false"),
        ("body.org.name", "\"acme\""),
        ("has(body.none)", "false"),
        ("body.Org", "! `Org` can be read in two ways"),
        ("has(body.ORG)", "! `ORG` can be read in two ways"),
        ("'Org' in body", "! `Org` can be read in two ways"),
        ("body['org']['Name']", "! `Name` can be read in two ways"),
        ("body.Org == 1 || true", "! `Org` can be read in two ways"),
        ("[1].exists(one, body.Org == one)", "! `Org` can be read in two ways"),
        ("'x-twice' in headers", "! `x-twice` can be read in two ways"),
        ("headers['x-twice'] == 'a' || true", "! `x-twice` can be read in two ways"),
    ] {
        assert_eq!(said(source), value, "{source}");
    }
}

#[test]
fn they_mean_what_the_library_takes_them_to_mean() {
    let mut env = Env::stdlib();
    env.add_extension(extensions::strings).unwrap();
    let env = Arc::new(env);
    let sources = [
        "1 + 2 * 3 - 4 / 3 + 7 % 4",
        "-(3) < 2 && 2.5 > 2.0",
        "9223372036854775807 + 1",
        "1 / 0",
        "1 % 0",
        "'a' + 'b' == 'ab'",
        "'a' < 'b'",
        "[1, 2] + [3] == [1, 2, 3]",
        "2 in [1, 2]",
        "'a' in {'a': 1}",
        "size('häuser')",
        "'häuser'.size()",
        "size([1, 2])",
        "'abc'.contains('b')",
        "'abc'.startsWith('ab')",
        "'abc'.endsWith('bc')",
        "'a,b,c'.split(',')",
        "'abc'.split('')",
        "['a', 'b'].join('-')",
        "['a', 'b'].join()",
        "'Häuser'.lowerAscii()",
        "'häuser'.upperAscii()",
        "' a '.trim()",
        "'aXbX'.replace('X', 'yy')",
        "'häuser'.substring(1)",
        "'häuser'.substring(1, 3)",
        "'häuser'.substring(4, 3)",
        "'abc'.substring(9)",
        "'häuser'.indexOf('u')",
        "'abc'.indexOf('z')",
        "'abca'.lastIndexOf('a')",
        "'abc'.charAt(1)",
        "'abc'.charAt(3)",
        "[1, 2, 3].all(x, x > 0)",
        "[1, 2, 3].exists(x, x == 2)",
        "[1, 2, 2].exists_one(x, x == 2)",
        "[1, 2, 3].map(x, x * x)",
        "[1, 2, 3].map(x, x > 1, x + 1)",
        "[1, 2, 3].filter(x, x != 2)",
        "[[1, 2], [3]].map(x, x.map(y, y + 1))",
        "[1, 2].exists(x, 1 / (x - 1) == 1)",
        "[1, 0].all(x, 1 / x == 1)",
        "[0, 1].exists(x, 1 / x == 1)",
        "true || 1 / 0 == 1",
        "1 / 0 == 1 || true",
        "1 / 0 == 1 && false",
        "1 / 0 == 1 || false",
        "true ? 'a' : 'b'",
        "null == null",
        "[1, 2][1]",
        "[1][5]",
        "{'a': {'b': 2}}.a.b",
        "{'a': 1}['b']",
        "has({'a': 1}.a)",
        "has({'a': 1}.b)",
        "string(12)",
        "string(true)",
        "int('12')",
        "int('x')",
        "int(2.9)",
        "'1' == '1' && '1' != '2'",
        "1 == 1.0",
        "'abc'.matches('^a.c$')",
        "{'b': 1, 'a': 1}.all(k, k != '')",
        "!false && !!true",
        "'a' + 1",
        "[1] + 2",
        "1 < 'a'",
        "[1, [2, {'a': 3}]] == [1, [2, {'a': 3}]]",
    ];
    let facts = sample();
    for source in sources {
        let theirs = env.compile(source).unwrap().execute(&Context::with_env(env.clone()));
        let expression = Expression::read(source, WORDS).expect(source);
        let ours = expression.work_out(&facts).value;
        match (&ours, &theirs) {
            (Ok(ours), Ok(theirs)) => assert_eq!(plain(theirs), ours.to_string(), "{source}"),
            (Err(_), Err(_)) => {}
            // The library is built without patterns, because it compiles them anew each time.
            _ if source.contains("matches") => assert_eq!(ours.unwrap().to_string(), "true"),
            _ => panic!("{source}: {ours:?} here, {theirs:?} there"),
        }
    }
}

fn plain(value: &cel::Value) -> String {
    match value {
        cel::Value::Int(number) => number.to_string(),
        cel::Value::Bool(is) => is.to_string(),
        cel::Value::String(text) => format!("{text:?}"),
        cel::Value::List(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(", ")),
        other => format!("{other:?}"),
    }
}

#[test]
fn no_program_is_endless_or_grows_without_end() {
    let doubling = |times: usize| format!("['a']{}", ".map(x, x + x)".repeat(times));
    let six = format!("{}true{}", "[1,2,3,4,5,6,7,8,9].all(a, ".repeat(6), ")".repeat(6));
    assert!(wrong(&six).contains("2 deep"), "{}", wrong(&six));
    assert!(wrong(&vec!["1"; 20_000].join("+")).contains("4096 bytes"));
    assert!(wrong(&vec!["1"; 2_000].join("+")).contains("32 deep"));
    assert!(wrong(&format!("{}1{}", "(".repeat(1_000), ")".repeat(1_000))).contains("brackets"));
    assert!(wrong(&"!".repeat(1_000)).contains("brackets"));
    assert!(said(&doubling(20)).contains("stopped because it made more"), "{}", said(&doubling(20)));
    let many = format!("[{}]", vec!["1"; 200].join(","));
    let loops = format!("{many}.map(x, {many}.map(y, y))");
    assert!(said(&loops).contains("stopped"), "{}", said(&loops));
    let strings = "headers['x-long'].split('').map(x, headers['x-long'].contains(x + 'b'))";
    assert!(said(strings).contains("stopped"), "{}", said(strings));
    assert!(said("headers['x-long'].replace('', headers['x-long'])").contains("stopped"));
    // An error that may be made up for is no way past what is stopped.
    assert!(said(&format!("{} == [] || true", doubling(20))).contains("stopped"));
    assert!(said(&format!("[1].exists(x, {} == []) || true", doubling(20))).contains("stopped"));
}

#[test]
fn what_is_wrong_is_said_with_its_place_when_it_is_written() {
    for (source, told) in [
        ("host ==", "line 1, column"),
        ("host == 'a' &&\n  hots == 'b'", "line 2, column 3: `hots` is not known here; known are host, path"),
        ("path.match('a')", "there is no function `match`"),
        ("path.matches('(')", "this is no pattern"),
        ("path.matches(host)", "a pattern stands there as text"),
        ("path.matches('((a{100}){100}){100}')", "too large"),
        ("headers", "`headers` is a table"),
        ("tenant.plan", "`tenant` has no `plan`; it has id, slug, entitlements"),
        ("1u", "without `u`"),
        ("b'a'", "bytes are not known"),
        ("tenant[path]", "is called by its name"),
    ] {
        assert!(wrong(source).contains(told), "{source}: {}", wrong(source));
    }
}

#[test]
fn nothing_can_be_asked_about_whose_the_request_is() {
    for source in [
        "tenant.slug == 'acme'",
        "tenant['slug'] == 'acme'",
        "tenant.slug in ['acme']",
        "tenant.slug.startsWith('a')",
        "['acme'].exists(x, x == tenant.slug)",
        "{'acme': 1}[tenant.slug]",
        "tenant.id == path ? 'a' : 'b'",
        "('' + tenant.slug) == 'acme'",
        "[tenant.slug].exists(x, x == 'acme')",
    ] {
        assert!(wrong(source).contains("no-literal-tenant"), "{source}: {}", wrong(source));
    }
    let texts = |source| {
        let expression = Expression::read(source, WORDS).unwrap();
        expression.texts().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(texts("host == 'beta.example.com' || 'x-plan' in headers"), ["beta.example.com"]);
    assert_eq!(texts("headers['x-plan'] == 'beta'"), ["beta"]);
    assert_eq!(texts(r"host.matches('^beta\\.example\\.com$')"), ["beta.example.com"]);
}

#[test]
fn what_an_expression_costs_is_printed() {
    let facts = sample();
    let mut told = HashMap::new();
    for source in ["host == 'a'", "host.split('.')[0]", "claims.roles.exists(r, r == 'billing.admin')"] {
        let expression = Expression::read(source, WORDS).unwrap();
        let begun = tokenless_now();
        for _ in 0..10_000 {
            std::hint::black_box(expression.work_out(&facts).steps);
        }
        told.insert(source, begun.elapsed() / 10_000);
    }
    println!("{told:#?}");
}

#[expect(clippy::disallowed_methods, reason = "a figure that is printed and never asserted on")]
fn tokenless_now() -> std::time::Instant {
    std::time::Instant::now()
}
