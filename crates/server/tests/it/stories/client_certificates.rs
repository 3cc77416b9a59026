//! Client certificates, from the admin who lays down an authority to the backend that is told which device calls
//! (ledger A14, E16): in handshakes with the node itself, and as a proxy that ends TLS says them.

use crate::town::{Authority, Badge, Engine, Node, Person, Town, free_port};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use demo::client::{Ask, Browser};
use http::Method;
use http_body_util::{BodyExt, Empty};
use hyper::{Request, client::conn::http1};
use hyper_util::rt::TokioIo;
use rcgen::{CertifiedKey, DnType, ExtendedKeyUsagePurpose, SerialNumber};
use rustls::{
    ClientConfig, HandshakeKind, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use serde_json::{Value, json};
use std::{
    process::Command,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Where a certificate alone says whose the request is.
pub(super) const DEVICES: &str = "devices.partywall.localhost";
const REASON: [&str; 2] = ["--reason", "a story about certificates"];

/// A town whose organisations have authorities of their own, at a node that ends TLS.
struct Site {
    town: Town,
    /// The node that ends TLS; of a file the only one, else a second.
    door: Option<Node>,
    shown: CertificateDer<'static>,
    contosos: Authority,
    fabrikams: Authority,
    anchor: String,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn rules() -> Value {
    json!([{ "when": { "subject.o": "Contoso" }, "identity": "subject.cn", "scopes": ["surveys.read"] }])
}

/// A tenant's admin lays down an authority: first without showing that they have its key, then with.
pub(super) async fn lay_down(
    town: &Town,
    admin: &mut Person,
    tenant: &str,
    authority: &Authority,
    more: Value,
) -> String {
    let path = format!("/v1/tenants/{tenant}/anchors");
    let mut body = json!({ "certificate": authority.pem, "rules": rules() });
    body.as_object_mut().expect("it is one").extend(more.as_object().expect("it is one").clone());
    let (status, told) = admin.api(town, Method::POST, &path, body.clone()).await;
    assert_eq!((status, &told["code"]), (422, &json!("anchor.proof-needed")), "{told}");
    let said = told.to_string();
    let begins = said.find("partywall-").expect("it says what the proof is called");
    let proof = authority.prove(&said[begins..begins + 42]);
    body["proof"] = json!(proof.pem);
    let (status, made) = admin.api(town, Method::POST, &path, body).await;
    assert_eq!(status, 201, "{made}");
    text(&made["id"])
}

/// A certificate for whoever ends TLS, in `door.pem`, `door.key`, and both in `door.both`.
pub(super) fn make_door(town: &Town) -> CertificateDer<'static> {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["*.partywall.localhost".to_owned()]).expect("a certificate");
    let (pem, key) = (cert.pem(), signing_key.serialize_pem());
    let both = format!("{pem}{key}");
    for (name, text) in [("door.pem", &pem), ("door.key", &key), ("door.both", &both)] {
        std::fs::write(town.folder.path().join(name), text).expect("the folder can be written");
    }
    cert.der().clone()
}

/// What curl is answered, which knows nothing of us: status, and body where it is JSON.
pub(super) async fn curl(
    town: &Town,
    port: u16,
    host: &str,
    path: &str,
    badge: Option<&Badge>,
    more: &[&str],
) -> (u16, Value) {
    let folder = town.folder.path();
    let mut curl = tokio::process::Command::new("curl");
    curl.args(["-sS", "-w", "\n%{http_code}", "-H", "accept: application/json"])
        .arg("--cacert")
        .arg(folder.join("door.pem"))
        .args(["--resolve", &format!("{host}:{port}:127.0.0.1")])
        .args(more);
    if let Some(badge) = badge {
        let (pem, key) = (folder.join("badge.pem"), folder.join("badge.key"));
        std::fs::write(&pem, &badge.pem).expect("the folder can be written");
        std::fs::write(&key, &badge.key).expect("the folder can be written");
        curl.arg("--cert").arg(pem).arg("--key").arg(key);
    }
    let done = curl.arg(format!("https://{host}:{port}{path}")).output().await.expect("curl is there");
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let (body, status) = said.rsplit_once('\n').expect("curl says the status");
    let error = String::from_utf8_lossy(&done.stderr).into_owned();
    (status.parse().expect("a status"), serde_json::from_str(body).unwrap_or(Value::String(error)))
}

impl Site {
    async fn build(engine: Engine) -> Self {
        let town = Town::build(engine).await;
        town.node.run(&["key", "scopes", "surveys.read"]);
        put_routes(&town);
        let (contosos, fabrikams) = (Authority::new("Devices"), Authority::new("Devices"));
        let mut alice = town.at_console("alice@contoso.test", &town.contoso).await;
        let anchor = lay_down(&town, &mut alice, &town.contoso, &contosos, json!({})).await;
        let mut bob = town.at_console("bob@fabrikam.test", &town.fabrikam).await;
        lay_down(&town, &mut bob, &town.fabrikam, &fabrikams, json!({})).await;
        let shown = make_door(&town);
        let mut site = Site { door: None, shown, contosos, fabrikams, anchor, town };
        site.open(engine).await;
        site
    }

    /// Opens the door that ends TLS.
    async fn open(&mut self, engine: Engine) {
        let folder = self.town.folder.path().to_owned();
        let file = |key: &str, name: &str| format!("tls.{key}={}", folder.join(name).display());
        let settings = [file("certificate", "door.pem"), file("key", "door.key")];
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        let door = Node::start_at(&folder, &self.town.database, free_port(), &settings);
        match engine {
            Engine::Postgres => self.door = Some(door.await),
            Engine::Sqlite => {
                self.town.node.stop().await;
                self.town.node = door.await;
            }
        }
    }

    fn door(&self) -> &Node {
        self.door.as_ref().unwrap_or(&self.town.node)
    }

    /// What curl is answered, which knows nothing of us: status, and body where it is JSON.
    async fn curl(&self, host: &str, path: &str, badge: Option<&Badge>) -> (u16, Value) {
        curl(&self.town, self.door().port, host, path, badge, &[]).await
    }

    /// Connects with a certificate, keeping sessions where `config` does.
    async fn connect(&self, config: &Arc<ClientConfig>) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(("127.0.0.1", self.door().port)).await.expect("it listens");
        let name = ServerName::try_from(DEVICES).expect("a name");
        TlsConnector::from(config.clone()).connect(name, stream).await.expect("a handshake")
    }

    fn client(&self, badge: &Badge) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.shown.clone()).expect("a sound certificate");
        let key = PrivateKeyDer::from_pem_slice(badge.key.as_bytes()).expect("a key");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.expect("a sound provider").with_root_certificates(roots);
        let chain = vec![CertificateDer::from(badge.der.clone())];
        Arc::new(config.with_client_auth_cert(chain, key).expect("a sound pair"))
    }

    async fn revoke(&self, mark: &str) {
        let arguments = ["anchor", "revoke", &self.anchor, mark, "--tenant", &self.town.contoso];
        self.town.node.run(&[&arguments[..], &REASON].concat());
    }
}

pub(super) fn put_routes(town: &Town) {
    let routes = json!([
        { "name": "tenants", "host": "*.partywall.localhost", "credentials": ["session", "certificate"],
          "audience": "api" },
        { "name": "devices", "host": DEVICES, "map_by": ["certificate"], "audience": "api",
          "credentials": ["certificate"], "scopes": ["surveys.read"] },
        { "name": "keys", "host": DEVICES, "path": "/keys", "map_by": ["key"], "audience": "api",
          "credentials": ["api_key"] },
        { "name": "writing", "host": DEVICES, "path": "/write", "map_by": ["certificate"], "audience": "api",
          "credentials": ["certificate"], "scopes": ["surveys.write"] },
    ]);
    let file = town.folder.path().join("routes.json");
    std::fs::write(&file, routes.to_string()).expect("the folder can be written");
    town.node.run(&["route", "put", file.to_str().expect("a plain path")]);
}

/// What the context says, which the gateway signed for the backend.
pub(super) fn context(seen: &Value) -> Value {
    let token = text(&seen["headers"]["partywall-context"]);
    let claims = token.split('.').nth(1).expect("a token has three parts");
    let claims = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(claims).expect("base64url");
    serde_json::from_slice(&claims).expect("claims are JSON")
}

async fn a_device_from_end_to_end(engine: Engine) {
    let site = Site::build(engine).await;
    let town = &site.town;
    let kiosk = site.contosos.sign("kiosk-1", |params| params.serial_number = Some(SerialNumber::from(7)));
    let (status, seen) = site.curl(DEVICES, "/reports", Some(&kiosk)).await;
    assert_eq!(status, 200, "{seen}");
    assert_eq!(seen["headers"]["partywall-tenant"], town.contoso.as_str());
    assert_eq!(seen["headers"]["partywall-scopes"], "surveys.read");
    let said = context(&seen);
    assert_eq!((&said["kind"], &said["device"]["subject"]), (&json!("device"), &json!("kiosk-1")), "{said}");
    assert_eq!(
        (&said["device"]["anchor"], &said["device"]["workload"]),
        (&json!(site.anchor), &json!(false))
    );
    let (status, seen) = site.curl("contoso.partywall.localhost", "/reports", Some(&kiosk)).await;
    assert_eq!((status, &seen["headers"]["partywall-tenant"]), (200, &json!(town.contoso)), "{seen}");

    let hits = town.backend.hits();
    let theirs = site.fabrikams.sign("kiosk-1", |_| {});
    let stranger = Authority::new("Devices").sign("kiosk-1", |_| {});
    let expired = site.contosos.sign("kiosk-2", |params| params.not_after = rcgen::date_time_ymd(2026, 2, 1));
    let early = site.contosos.sign("kiosk-2", |params| params.not_before = rcgen::date_time_ymd(2035, 2, 1));
    let server = site.contosos.sign("kiosk-2", |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    let other = site.contosos.sign("kiosk-2", |params| {
        params.distinguished_name.push(DnType::OrganizationName, "Tailspin");
    });
    for (host, path, badge, status, code) in [
        ("contoso.partywall.localhost", "/", Some(&theirs), 403, "tenant.unknown"),
        ("fabrikam.partywall.localhost", "/", Some(&kiosk), 403, "tenant.unknown"),
        (DEVICES, "/", Some(&stranger), 401, "certificate.unknown"),
        (DEVICES, "/", Some(&expired), 401, "certificate.expired"),
        (DEVICES, "/", Some(&early), 401, "certificate.not-yet"),
        (DEVICES, "/", Some(&server), 401, "certificate.purpose"),
        (DEVICES, "/", Some(&other), 403, "certificate.unmapped"),
        (DEVICES, "/write", Some(&kiosk), 403, "scope.missing"),
        (DEVICES, "/", None, 401, "certificate.needed"),
        (DEVICES, "/keys", Some(&kiosk), 401, "key.needed"),
        ("contoso.partywall.localhost", "/", None, 401, "session.needed"),
    ] {
        let (answered, told) = site.curl(host, path, badge).await;
        assert_eq!((answered, &told["code"]), (status, &json!(code)), "{host}{path}: {told}");
    }
    assert_eq!(town.backend.hits(), hits, "no refused request reached the backend");
    let (status, seen) = site.curl(DEVICES, "/", Some(&theirs)).await;
    assert_eq!(
        (status, &seen["headers"]["partywall-tenant"]),
        (200, &json!(town.fabrikam)),
        "theirs is theirs"
    );

    what_is_taken_back_is_over(&site, &kiosk).await;
    let gone = ["anchor", "remove", &site.anchor, "--tenant", &town.contoso];
    town.node.run(&[&gone[..], &REASON].concat());
    let fresh = site.contosos.sign("kiosk-3", |_| {});
    town.eventually(async || (site.curl(DEVICES, "/", Some(&fresh)).await.0 == 401).then_some(())).await;
}

/// A connection that is open, and a session that is resumed, end with the certificate that they began with.
async fn what_is_taken_back_is_over(site: &Site, kiosk: &Badge) {
    let config = site.client(kiosk);
    let open = site.connect(&config).await;
    let (mut sender, connection) = http1::handshake(TokioIo::new(open)).await.expect("HTTP/1.1");
    tokio::spawn(connection);
    let mut ask = async || {
        sender.ready().await.expect("the connection lives");
        let request = Request::get("/reports").header("host", DEVICES).header("accept", "application/json");
        let answer = sender.send_request(request.body(Empty::<Bytes>::new()).expect("plain")).await;
        let answer = answer.expect("an answer");
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.expect("a whole answer").to_bytes();
        (status, serde_json::from_slice::<Value>(&body).unwrap_or_default())
    };
    assert_eq!(ask().await.0, 200);
    site.revoke("07").await;
    let told = site.town.eventually(async || Some(ask().await).filter(|(status, _)| *status == 401)).await;
    assert_eq!(told.1["code"], "certificate.revoked", "the same connection: {}", told.1);
    let mut resumed = site.connect(&config).await;
    assert_eq!(resumed.get_ref().1.handshake_kind(), Some(HandshakeKind::Resumed));
    let request = format!("GET /reports HTTP/1.1\r\nhost: {DEVICES}\r\nconnection: close\r\n\r\n");
    resumed.write_all(request.as_bytes()).await.expect("it is taken");
    let mut answer = Vec::new();
    let _ = resumed.read_to_end(&mut answer).await;
    assert!(answer.starts_with(b"HTTP/1.1 401"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn a_client_certificate_says_whose_the_request_is_and_by_which_device_on_sqlite() {
    a_device_from_end_to_end(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_client_certificate_says_whose_the_request_is_and_by_which_device_on_postgresql() {
    a_device_from_end_to_end(Engine::Postgres).await;
}

/// Serves a list over HTTP, whichever it is told to.
async fn publisher() -> (String, Arc<Mutex<Option<Vec<u8>>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}/devices.crl", listener.local_addr().expect("bound"));
    let list: Arc<Mutex<Option<Vec<u8>>>> = Arc::default();
    let served = list.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let body = served.lock().expect("nobody panics here").clone();
            let mut asked = [0; 2048];
            let _ = stream.read(&mut asked).await;
            let (status, body) = body.map_or(("503 Away", Vec::new()), |body| ("200 OK", body));
            let head =
                format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
        }
    });
    (address, list)
}

#[tokio::test]
async fn an_authority_s_list_is_fetched_and_without_a_fresh_one_certificates_are_refused_where_that_is_said()
{
    let town =
        Town::build_with(Engine::Sqlite, &["listen.trusted_proxies=127.0.0.1/32", "listen.client_cert=true"]);
    let town = town.await;
    put_routes(&town);
    let mut alice = town.at_console("alice@contoso.test", &town.contoso).await;
    let authority = Authority::new("Devices");
    let (url, list) = publisher().await;
    let lists = json!({ "lists": { "url": url, "fresh_seconds": 60, "when_stale": "refuse" } });
    let anchor = lay_down(&town, &mut alice, &town.contoso, &authority, lists).await;
    let kiosk = |serial: u64| {
        authority.sign("kiosk-1", |params| params.serial_number = Some(SerialNumber::from(serial)))
    };
    let (seven, eight) = (kiosk(7), kiosk(8));
    let code = async |badge: &Badge| by_proxy(&town, DEVICES, badge).await;
    // The authority's server is away: nobody knows, and that is said at the anchor.
    town.eventually(async || (code(&seven).await.0 == 503).then_some(())).await;
    assert_eq!(code(&seven).await.1, "certificate.status-unknown");
    *list.lock().expect("nobody panics here") = Some(authority.list(2, &[8]));
    town.eventually(async || (code(&seven).await.0 == 200).then_some(())).await;
    assert_eq!(code(&eight).await, (401, "certificate.revoked".to_owned()));
    let path = format!("/v1/tenants/{}/anchors/{anchor}", town.contoso);
    let (_, shown) = alice.api(&town, Method::GET, &path, Value::Null).await;
    assert_eq!(
        (&shown["held_lists"][0]["entries"], &shown["list_fault"]),
        (&json!(1), &Value::Null),
        "{shown}"
    );
    // An older list, which forgets the eighth, and one that somebody else signed, are not taken.
    let pem = |der: Vec<u8>| {
        let text = BASE64_STANDARD.encode(der);
        format!("-----BEGIN X509 CRL-----\n{text}\n-----END X509 CRL-----\n")
    };
    for (bad, why) in
        [(authority.list(1, &[]), "older"), (Authority::new("Devices").list(3, &[]), "signature")]
    {
        let (status, told) =
            alice.api(&town, Method::PUT, &format!("{path}/list"), json!({ "list": pem(bad) })).await;
        assert!(status == 422 && told.to_string().contains(why), "{status} {told}");
    }
    let newer = json!({ "list": pem(authority.list(3, &[7, 8])) });
    let (status, told) = alice.api(&town, Method::PUT, &format!("{path}/list"), newer).await;
    assert_eq!(status, 200, "{told}");
    town.eventually(async || (code(&seven).await.1 == "certificate.revoked").then_some(())).await;
    // Where it is said otherwise, what is not known is believed, and what is known to be taken back is not.
    let nine = kiosk(9);
    *list.lock().expect("nobody panics here") = None;
    let change = json!({
        "name": "Devices", "rules": rules(),
        "lists": { "url": url, "fresh_seconds": 60, "when_stale": "allow" },
    });
    let (status, told) = alice.api(&town, Method::PUT, &path, change).await;
    assert_eq!(status, 200, "{told}");
    town.eventually(async || (code(&nine).await.0 == 200).then_some(())).await;
    assert_eq!(code(&seven).await.1, "certificate.revoked");
    town.eventually(async || {
        let (_, shown) = alice.api(&town, Method::GET, &path, Value::Null).await;
        shown["list_fault"].as_str().is_some_and(|why| why.contains("503")).then_some(())
    })
    .await;
}

/// What a proxy at 127.0.0.1 is answered that says its client has shown this certificate.
async fn by_proxy(town: &Town, host: &str, badge: &Badge) -> (u16, String) {
    let field = format!(":{}:", BASE64_STANDARD.encode(&badge.der));
    let ask = Ask::get(&format!("http://127.0.0.1:{}/x", town.node.port))
        .with("host", &format!("{host}:{}", town.node.port))
        .with("accept", "application/json")
        .with("client-cert", &field);
    let page = Browser::new().send(&ask).await.expect("the gateway answers");
    let said: Value = page.json().unwrap_or_default();
    let told = said["code"].as_str().map(str::to_owned);
    let seen = &said["headers"];
    assert!(seen["client-cert"].is_null() && seen["client-cert-chain"].is_null(), "the backend sees neither");
    (page.status.as_u16(), told.unwrap_or_else(|| text(&seen["partywall-tenant"])))
}

#[tokio::test]
async fn a_proxy_that_is_named_for_it_says_the_certificate_and_nobody_else_can() {
    for (settings, believed) in [
        (&["listen.trusted_proxies=127.0.0.1/32", "listen.client_cert=true"][..], true),
        (&["listen.trusted_proxies=127.0.0.1/32"], false),
        (&["listen.trusted_proxies=127.0.0.2/32", "listen.client_cert=true"], false),
    ] {
        let town = Town::build_with(Engine::Sqlite, settings).await;
        put_routes(&town);
        let mut alice = town.at_console("alice@contoso.test", &town.contoso).await;
        let authority = Authority::new("Devices");
        lay_down(&town, &mut alice, &town.contoso, &authority, json!({})).await;
        let (kiosk, forged) =
            (authority.sign("kiosk-1", |_| {}), Authority::new("Devices").sign("kiosk-1", |_| {}));
        if !believed {
            let told = by_proxy(&town, DEVICES, &kiosk).await;
            assert_eq!(told, (401, "certificate.needed".to_owned()), "{settings:?}");
            continue;
        }
        town.eventually(async || (by_proxy(&town, DEVICES, &kiosk).await.0 == 200).then_some(())).await;
        assert_eq!(by_proxy(&town, DEVICES, &kiosk).await.1, town.contoso);
        assert_eq!(by_proxy(&town, DEVICES, &forged).await.1, "certificate.unknown");
        assert_eq!(by_proxy(&town, "fabrikam.partywall.localhost", &kiosk).await.1, "tenant.unknown");
        // Said twice, or in no form that is known.
        let ask = Ask::get(&format!("http://127.0.0.1:{}/x", town.node.port))
            .with("host", &format!("{DEVICES}:{}", town.node.port))
            .with("accept", "application/json")
            .with("client-cert", "nonsense");
        let page = Browser::new().send(&ask).await.expect("the gateway answers");
        assert_eq!(
            (page.status.as_u16(), page.body.contains("request.forwarded")),
            (400, true),
            "{}",
            page.body
        );
    }
}

#[tokio::test]
async fn only_the_operator_s_own_anchors_speak_for_others_and_openssl_makes_what_is_needed() {
    let town =
        Town::build_with(Engine::Sqlite, &["listen.trusted_proxies=127.0.0.1/32", "listen.client_cert=true"])
            .await;
    put_routes(&town);
    let mut alice = town.at_console("alice@contoso.test", &town.contoso).await;
    let authority = Authority::new("Everybody's");
    let path = format!("/v1/tenants/{}/anchors", town.contoso);
    let greedy = json!([{ "when": { "subject.cn": "*" }, "identity": "subject.cn", "tenant": "fabrikam" }]);
    let body = json!({ "certificate": authority.pem, "rules": greedy });
    let (status, told) = alice.api(&town, Method::POST, &path, body).await;
    assert!(status == 422 && told.to_string().contains("operator"), "{told}");
    // Certificates that no tool of ours has made.
    let folder = town.folder.path();
    std::fs::write(folder.join("client.ext"), "extendedKeyUsage=clientAuth\n")
        .expect("the folder can be written");
    let openssl = |arguments: &str| {
        let done = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output();
        let done = done.expect("openssl is there");
        assert!(done.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&done.stderr));
    };
    openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj /O=Tailspin/CN=Fleet",
    );
    openssl(
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout van.key -out van.csr -subj /OU=contoso/CN=van-1",
    );
    openssl(
        "x509 -req -in van.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out van.pem -days 30 -extfile client.ext",
    );
    openssl("x509 -in van.pem -outform der -out van.der");
    let house = town.node.run(&["tenant", "list"]);
    let house = house["items"].as_array().expect("tenants").iter().find(|one| one["slug"] == "house");
    let house = text(&house.expect("the operator's own")["id"]);
    let (ca, van) = (folder.join("ca.pem"), folder.join("van.pem"));
    let (ca, van) = (ca.to_str().expect("a plain path"), van.to_str().expect("a plain path"));
    let add = ["anchor", "add", ca, "--when", "issuer.o=Tailspin", "--at-from", "subject.ou", "--scope"];
    let rest = ["surveys.read", "--machine", "workload", "--tenant", &house];
    let made = town.node.run(&[&add[..], &rest, &REASON].concat());
    assert_eq!(made["name"], "Fleet", "{made}");
    let tried = town.node.run(&[&["anchor", "test", van, "--tenant", &house][..], &REASON].concat());
    assert!(tried["items"][0]["vouches"] == true && tried.to_string().contains("van-1"), "{tried}");
    let der = std::fs::read(folder.join("van.der")).expect("openssl wrote it");
    let van = Badge { pem: String::new(), key: String::new(), der };
    town.eventually(async || (by_proxy(&town, DEVICES, &van).await.0 == 200).then_some(())).await;
    assert_eq!(by_proxy(&town, DEVICES, &van).await.1, town.contoso, "its unit is a tenant's slug");
    assert_eq!(by_proxy(&town, "fabrikam.partywall.localhost", &van).await.1, "tenant.unknown");
}
