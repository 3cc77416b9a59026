//! Thousands of certificates in one node, chosen by name (ledger A06).

use crate::town::{Node, shown};
use http::{Method, Request, header::HOST};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::{path::Path, time::Duration};
use tokio::net::UnixStream;

const TENANTS: usize = 100;
/// As many names as a tenant has without a plan that says more.
const NAMES: usize = 20;

/// One connection to the node's socket, because a command for each of thousands would take an hour.
struct Desk(SendRequest<Full<bytes::Bytes>>);

impl Desk {
    async fn open(folder: &Path, port: u16) -> Self {
        let stream = UnixStream::connect(folder.join(format!("{port}.sock"))).await.expect("it listens");
        let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("it speaks HTTP");
        tokio::spawn(connection);
        Desk(sender)
    }

    async fn ask(&mut self, method: Method, path: &str, body: &Value) -> Value {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "partywall.sock")
            .header("content-type", "application/json")
            .header(web::ASSUME_REASON, "to lay down thousands of certificates")
            .body(Full::from(body.to_string()))
            .expect("a plain request");
        self.0.ready().await.expect("the connection lives");
        let answer = self.0.send_request(request).await.expect("an answer");
        let status = answer.status();
        let body = answer.into_body().collect().await.expect("a whole answer").to_bytes();
        assert!(status.is_success(), "{path}: {status} {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap_or(Value::Null)
    }
}

fn host(tenant: usize, name: usize) -> String {
    format!("n{name}.t{tenant}.example.test")
}

/// The node's resident memory, in KiB.
async fn memory(node: &Node) -> f64 {
    let (_, page) = node.private("/metrics").await;
    let line = page.lines().find_map(|line| line.strip_prefix("process_resident_memory_bytes "));
    line.and_then(|bytes| bytes.parse::<f64>().ok()).expect("it is told") / 1_024.0
}

#[tokio::test]
async fn two_thousand_certificates_are_chosen_by_name_without_a_restart() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let own =
        rcgen::generate_simple_self_signed(["*.partywall.localhost".to_owned()]).expect("it can be made");
    std::fs::write(path("own.pem"), own.cert.pem()).expect("the folder can be written");
    std::fs::write(path("own.key"), own.signing_key.serialize_pem()).expect("it can");
    let settings = [format!("tls.certificate={}", path("own.pem")), format!("tls.key={}", path("own.key"))];
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let mut node = Node::start(folder.path(), "", &settings).await;
    let mut desk = Desk::open(folder.path(), node.port).await;
    let deployment = json!({ "name": "Main", "upstreams": ["http://127.0.0.1:9"] });
    desk.ask(Method::POST, "/v1/platform/deployments", &deployment).await;
    let before = memory(&node).await;
    let mut tenants = Vec::new();
    for tenant in 0..TENANTS {
        let new = json!({ "slug": format!("t{tenant}"), "name": format!("Tenant {tenant}") });
        let made = desk.ask(Method::POST, "/v1/platform/tenants", &new).await;
        let id = made["id"].as_str().expect("an id").to_owned();
        for name in 0..NAMES {
            let path = format!("/v1/platform/tenants/{id}/hostnames/{}", host(tenant, name));
            desk.ask(Method::PUT, &path, &Value::Null).await;
        }
        tenants.push(id);
    }
    let mut laid_down = Vec::new();
    for (tenant, id) in tenants.iter().enumerate() {
        for host in (0..NAMES).map(|name| host(tenant, name)) {
            let made = rcgen::generate_simple_self_signed([host.clone()]).expect("it can be made");
            let pair = json!({ "chain": made.cert.pem(), "key": made.signing_key.serialize_pem() });
            let path = format!("/v1/tenants/{id}/domains/{host}/certificate");
            desk.ask(Method::PUT, &path, &pair).await;
            laid_down.push((host, made.cert.der().to_vec()));
        }
    }
    let all = format!("partywall_tls_certificates {}\n", TENANTS * NAMES);
    let mut tries = 0;
    while !node.private("/metrics").await.1.contains(&all) {
        tries += 1;
        assert!(tries < 600, "they are not all there:\n{}", node.private("/metrics").await.1);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let each = (memory(&node).await - before) / laid_down.len() as f64;
    println!("{each:.1} KiB for each certificate, with its tenant, its name and what was written meanwhile");
    assert!(each < 64.0, "{each} KiB each");
    for (host, certificate) in laid_down.iter().step_by(37) {
        assert!(shown(node.port, host).await == *certificate, "{host} shows another's");
    }
    assert!(shown(node.port, "n20.t0.example.test").await.is_empty());
    // A name is the tenant's from the moment that it was mapped, whether or not every memory has heard of it.
    for name in NAMES..NAMES + 20 {
        let (id, host, before) = (&tenants[0], host(0, name), host(0, name - 1));
        let mapped = format!("/v1/platform/tenants/{id}/hostnames");
        desk.ask(Method::DELETE, &format!("{mapped}/{before}"), &Value::Null).await;
        desk.ask(Method::PUT, &format!("{mapped}/{host}"), &Value::Null).await;
        let made = rcgen::generate_simple_self_signed([host.clone()]).expect("it can be made");
        let pair = json!({ "chain": made.cert.pem(), "key": made.signing_key.serialize_pem() });
        desk.ask(Method::PUT, &format!("/v1/tenants/{id}/domains/{host}/certificate"), &pair).await;
    }
    // All of them are there again after a start.
    node.stop().await;
    let node = Node::start(folder.path(), "", &settings).await;
    for (host, certificate) in laid_down.iter().step_by(331) {
        assert!(shown(node.port, host).await == *certificate, "{host} shows another's");
    }
}
