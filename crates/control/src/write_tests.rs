//! Every write of this room's API, done once: one line each, with the values before and after (ledger I02).
//! The list of routes says which there are, so that none can be left out.

use crate::{
    desk::Desk,
    scene::{Line, trail},
};
use access::{Permit, RunJob};
use domain::TenantId;
use protocol::x509::read_pem;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use store::JobSettings;
use testkit::{Authority, Town, World, for_each_engine};
use web::{HostKind, Surface};

/// What a line must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// Something new: its values after.
    Made,
    /// Both.
    Changed,
    /// Something removed: its values before.
    Removed,
}
use Told::{Changed, Made, Removed};

/// A write: the route, what its names stand for, what is sent.
struct Write {
    route: &'static str,
    body: Value,
    told: Told,
}

fn write(route: &'static str, body: Value, told: Told) -> Write {
    Write { route, body, told }
}

/// What is sent by POST because it is too long for an address, and writes nothing.
const ASKS: [&str; 4] = [
    "POST /v1/platform/deployments/{id}/exposure",
    "POST /v1/platform/routes/test",
    "POST /v1/platform/token-test",
    "POST /v1/tenants/{tenant}/anchors/test",
];

/// In an order in which each finds what it needs.
fn writes() -> Vec<Write> {
    vec![
        write("POST /v1/platform/bootstrap", json!({}), Changed),
        write(
            "POST /v1/platform/deployments",
            json!({ "name": "EU", "upstreams": ["http://10.0.0.1:1"] }),
            Made,
        ),
        write("PATCH /v1/platform/deployments/{id}", json!({ "name": "Europe" }), Changed),
        write("POST /v1/platform/deployments/{id}/proof-secret", json!({}), Changed),
        write("POST /v1/platform/deployments/{id}/proof-secret/take-over", json!({}), Changed),
        write(
            "PUT /v1/platform/plans/{name}",
            json!({ "limits": { "members": 3 }, "entitlements": [] }),
            Made,
        ),
        write("PUT /v1/platform/roles/{name}", json!({ "title": "Reader", "about": "Reads." }), Made),
        write("DELETE /v1/platform/roles/{name}", Value::Null, Removed),
        write(
            "POST /v1/platform/issuers",
            json!({ "issuer": "https://idp.test", "audiences": ["x"], "user_claim": "email", "all_tenants": true }),
            Made,
        ),
        write(
            "POST /v1/platform/issuers/{id}/users",
            json!({ "user": "carol@x.test", "tenant": "contoso" }),
            Made,
        ),
        write(
            "POST /v1/platform/issuers/{id}/users/remove",
            json!({ "user": "carol@x.test", "tenant": "contoso" }),
            Removed,
        ),
        write(
            "PUT /v1/platform/issuers/{id}",
            json!({ "issuer": "https://idp.test", "audiences": ["y"], "tenant_claim": "org", "all_tenants": true }),
            Changed,
        ),
        write("DELETE /v1/platform/issuers/{id}", Value::Null, Removed),
        write("PUT /v1/platform/regions/{name}", json!({ "gateways": ["https://10.0.0.2:1"] }), Made),
        write("DELETE /v1/platform/regions/{name}", Value::Null, Removed),
        write("PUT /v1/platform/products/{name}", json!({ "title": "Audits" }), Made),
        write("PUT /v1/platform/routes", json!([{ "name": "audits", "product": "auditor" }]), Made),
        write("POST /v1/platform/products/{name}/publish", json!({}), Changed),
        write("POST /v1/tenants/{tenant}/subscriptions", json!({ "product": "auditor" }), Made),
        write("DELETE /v1/tenants/{tenant}/subscriptions/{product}", Value::Null, Removed),
        write("POST /v1/platform/products/{name}/retire", json!({}), Changed),
        write("POST /v1/platform/kept-answers/purge", json!({}), Made),
        write("PUT /v1/platform/scopes", json!({ "scopes": [{ "name": "surveys.read" }] }), Changed),
        write("POST /v1/platform/key-secret/roll", json!({ "overlap_seconds": 60 }), Made),
        write("POST /v1/platform/tenants", json!({ "slug": "acme", "name": "Acme" }), Made),
        write("PATCH /v1/platform/tenants/{id}", json!({ "slug": "acme-group" }), Changed),
        write("PUT /v1/platform/tenants/{id}/hostnames/{host}", json!({}), Made),
        write("DELETE /v1/platform/tenants/{id}/hostnames/{host}", Value::Null, Removed),
        write("DELETE /v1/platform/resting-names/{name}", Value::Null, Removed),
        write("POST /v1/platform/tenants/{id}/invitation", json!({}), Changed),
        write(
            "PUT /v1/platform/tenants/{id}/standing",
            json!({ "standing": "maintenance", "reason": "a test of it" }),
            Changed,
        ),
        write("POST /v1/platform/tokens", json!({ "name": "x", "rights": "read", "days": 1 }), Made),
        write("DELETE /v1/platform/tokens/{id}", Value::Null, Changed),
        write("POST /v1/platform/jobs/{job}/retry", json!({}), Changed),
        write("DELETE /v1/platform/jobs/{job}", Value::Null, Removed),
        write("PUT /v1/tenants/{tenant}/maintenance", json!({ "seconds": 60 }), Changed),
        write("DELETE /v1/tenants/{tenant}/maintenance", Value::Null, Changed),
        write("POST /v1/tenants/{tenant}/domains", json!({ "host": "www.acme.test" }), Made),
        write("POST /v1/tenants/{tenant}/domains/{host}/check", json!({}), Changed),
        write("DELETE /v1/tenants/{tenant}/domains/{host}", Value::Null, Removed),
        write(
            "PUT /v1/tenants/{tenant}/domains/{host}/certificate",
            json!({ "chain": "a chain", "key": "a key" }),
            Made,
        ),
        write("DELETE /v1/tenants/{tenant}/domains/{host}/certificate", Value::Null, Removed),
        // The certificates, which are an authority's own, are put in by `signed`.
        write("POST /v1/tenants/{tenant}/anchors", json!({ "rules": rules(&[]) }), Made),
        write(
            "PUT /v1/tenants/{tenant}/anchors/{anchor}",
            json!({ "name": "Kiosks", "rules": rules(&["x"]) }),
            Changed,
        ),
        write("PUT /v1/tenants/{tenant}/anchors/{anchor}/list", json!({}), Made),
        write("POST /v1/tenants/{tenant}/anchors/{anchor}/revocations", json!({ "mark": "07" }), Made),
        write(
            "POST /v1/tenants/{tenant}/anchors/{anchor}/revocations/remove",
            json!({ "mark": "07" }),
            Removed,
        ),
        write("DELETE /v1/tenants/{tenant}/anchors/{anchor}", Value::Null, Removed),
        write("PATCH /v1/tenants/{tenant}/settings", json!({ "published": false }), Changed),
        write("PATCH /v1/tenants/{tenant}/brand", json!({ "colour": "#1d4ed8" }), Changed),
    ]
}

/// Devices of one organisation, with these scopes.
fn rules(scopes: &[&str]) -> Value {
    json!([{ "when": { "subject.o": "Contoso" }, "identity": "subject.cn", "scopes": scopes }])
}

/// What is sent, with what only this authority can say.
fn signed(route: &str, body: &Value, authority: &Authority, tenant: TenantId) -> Value {
    let mut body = body.clone();
    match route {
        "POST /v1/tenants/{tenant}/anchors" => {
            let der = read_pem(&authority.pem).expect("a text of one certificate").remove(0);
            let read = protocol::x509::Authority::read(&der).expect("the certificate of an authority");
            let proof = read.proof_name(tenant);
            body["certificate"] = json!(authority.pem);
            body["proof"] = json!(authority.prove(&proof).pem);
        }
        "PUT /v1/tenants/{tenant}/anchors/{anchor}/list" => body["list"] = json!(authority.list_pem(1, &[5])),
        _ => {}
    }
    body
}

/// A job of this tenant that has failed as often as jobs are tried.
async fn dead_job(world: &World, tenant: TenantId) -> String {
    let permit: Permit<RunJob> = world.warden.background(tenant, world.origin());
    let store = world.store.clone().with_job_settings(JobSettings { tries: 1, ..JobSettings::default() });
    store.write(&permit, async |tx| tx.enqueue("mail", "greet", "", tx.now()).await).await.expect("queued");
    let claimed = world.warden.claim("mail", world.origin()).await.expect("the directory answers");
    let (permit, job) = claimed.expect("it is there");
    store.fail_job(&permit, &job, "nobody answers").await.expect("it failed");
    job.id.to_string()
}

/// What is wrong with the lines that a write left.
fn wrong(write: &Write, lines: &[Line]) -> Option<String> {
    let [line] = lines else { return Some(format!("{} lines: {lines:?}", lines.len())) };
    let told = match (line.before.is_empty(), line.after.is_empty()) {
        (true, false) => Some(Made),
        (false, false) => Some(Changed),
        (false, true) => Some(Removed),
        (true, true) => None,
    };
    (line.outcome != "done" || line.target.is_empty() || told != Some(write.told))
        .then(|| format!("{line:?}"))
}

/// Everything secret that an answer shows once.
fn secrets(answer: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for name in ["secret", "proof_secret", "link"] {
        for place in [answer, &answer["invitation"]] {
            let text = place[name].as_str().unwrap_or_default();
            let secret = text.split_once("code=").map_or(text, |(_, code)| code);
            found.extend((secret.len() > 20).then(|| secret.to_owned()));
        }
    }
    found
}

#[tokio::test]
async fn every_write_leaves_one_line_with_the_values_before_and_after() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let desk = Desk::at(world);
        world.raw("UPDATE invitation SET used_at = 0").await;
        let admin = desk.visitor(&town.contoso, town.contoso.admin.user).await;
        let mut names = HashMap::from([
            ("tenant", town.contoso.id.to_string()),
            ("host", "www.acme.test".to_owned()),
            ("name", "auditor".to_owned()),
            ("product", "auditor".to_owned()),
        ]);
        let authority = Authority::new("Contoso Devices");
        let (mut faults, mut done, mut shown) = (Vec::new(), BTreeSet::new(), Vec::new());
        for write in writes() {
            if write.route.contains("/jobs/") {
                names.insert("job", dead_job(world, town.contoso.id).await);
            }
            if write.route.contains("resting-names") {
                names.insert("name", "slug:acme".to_owned());
            }
            if write.route.contains("/certificate") {
                names.insert("host", town.contoso.hostname.clone());
            }
            let (method, template) = write.route.split_once(' ').expect("a method and a path");
            let path = names
                .iter()
                .fold(template.to_owned(), |path, (name, value)| path.replace(&format!("{{{name}}}"), value));
            let before = trail(world, town.house.id).await.len();
            let own = trail(world, town.contoso.id).await.len();
            let reply = if template.starts_with("/v1/tenants/") {
                let body = signed(write.route, &write.body, &authority, town.contoso.id);
                let (cookie, body) = (admin.cookie(), body.to_string());
                let headers = [
                    ("cookie", cookie),
                    ("content-type", "application/json"),
                    ("sec-fetch-site", "same-origin"),
                ];
                desk.ask(HostKind::Console, method, &path, &headers, body).await
            } else {
                desk.api(method, &path, write.body.clone()).await
            };
            assert!(reply.status.is_success(), "{}: {} {}", write.route, reply.status, reply.body);
            let answer = serde_json::from_str(&reply.body).unwrap_or(Value::Null);
            shown.extend(secrets(&answer));
            if let Some(id) = answer["id"].as_str() {
                names.insert("id", id.to_owned());
                names.insert("anchor", id.to_owned());
            }
            let lines = match template.starts_with("/v1/tenants/") {
                true => trail(world, town.contoso.id).await.split_off(own),
                false => trail(world, town.house.id).await.split_off(before),
            };
            faults.extend(wrong(&write, &lines).map(|why| format!("{}: {why}", write.route)));
            done.insert(write.route.to_owned());
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        let routes = crate::routes();
        let all: BTreeSet<String> = routes
            .list()
            .iter()
            .filter(|route| route.surface == Surface::Api && route.method != "GET")
            .map(|route| format!("{} {}", route.method, route.path))
            .filter(|route| !ASKS.contains(&route.as_str()))
            .collect();
        assert_eq!(done, all, "each write of this room is done here");
        let everything =
            world.raw("SELECT before_values, after_values, reason, target FROM audit_line").await;
        assert!(shown.len() >= 4, "links, a proof secret and a token were shown: {shown:?}");
        for secret in shown {
            assert!(!format!("{everything:?}").contains(&secret), "a secret is in a trail");
        }
    })
    .await;
}

#[tokio::test]
async fn a_write_that_is_refused_leaves_one_line_that_says_so() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let desk = Desk::at(world);
        let tenant = format!("/v1/platform/tenants/{}", town.contoso.id);
        for (method, path, body, code) in [
            (
                "POST",
                "/v1/platform/tenants".to_owned(),
                json!({ "slug": "contoso", "name": "x" }),
                "tenant.slug-taken",
            ),
            ("PATCH", tenant.clone(), json!({ "slug": "fabrikam" }), "tenant.slug-taken"),
            ("PUT", "/v1/platform/routes".to_owned(), json!({ "rutes": [] }), "input.invalid"),
            ("DELETE", "/v1/platform/roles/nobody".to_owned(), Value::Null, "item.unknown"),
            (
                "DELETE",
                format!("/v1/platform/jobs/{}", world.new_id::<domain::id::JobKind>()),
                Value::Null,
                "item.unknown",
            ),
        ] {
            let before = trail(world, town.house.id).await.len();
            let reply = desk.api(method, &path, body).await;
            assert_eq!(reply.code(), code, "{method} {path}: {}", reply.body);
            let lines = trail(world, town.house.id).await.split_off(before);
            assert!(matches!(&lines[..], [line] if line.outcome == code), "{method} {path}: {lines:?}");
        }
    })
    .await;
}
