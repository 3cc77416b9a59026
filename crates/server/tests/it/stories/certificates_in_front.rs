//! Client certificates before proxies that end TLS, each with what is shipped and written about it: real nginx,
//! HAProxy and Caddy, which forward to the node, and which only ask it (ledger A14, E16, H08).

use super::client_certificates::{DEVICES, context, curl, lay_down, make_door, put_routes};
use crate::town::{Authority, Engine, Front, Kind, Town, free_port};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::json;
use std::path::Path;

/// A line of what is shipped, which must be there, in place of which another stands.
fn changed(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "`{from}` does not stand in:\n{text}");
    text.replace(from, to)
}

/// As `docs/client-certificates.md` says.
fn nginx(shipped: &str, folder: &Path, asks: bool) -> String {
    let lies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/fronts/client-cert.nginx.conf");
    let (lies, folder) = (lies.display(), folder.display());
    let tls = format!(
        "http {{\ninclude {lies};\nssl_certificate {folder}/door.pem;\nssl_certificate_key {folder}/door.key;\n\
         ssl_verify_client optional_no_ca;\n"
    );
    let text = changed(shipped, "http {\n", &tls).replace("default_server;", "default_server ssl;");
    let says = "proxy_set_header Client-Cert       $client_cert_rfc9440;";
    let blank = "proxy_set_header Client-Cert       \"\";";
    if asks {
        let (before, after) = text.split_once("# Yes or no.").expect("it asks somewhere");
        return format!("{before}{}", changed(after, blank, says));
    }
    let (before, after) = text.split_once("location / {\n            auth_request").expect("it asks there");
    let (_, after) = after.split_once("# Yes or no.").expect("and there");
    let blanks = "proxy_set_header Client-Cert-Chain \"\"; proxy_set_header Host $http_host;\n\
                  proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;\n\
                  proxy_set_header X-Forwarded-Proto $scheme;";
    format!("{before}location / {{ {says} {blanks} proxy_pass http://partywall; }}\n{after}")
}

/// Likewise.
fn haproxy(shipped: &str, folder: &Path, front: &str, asks: bool) -> String {
    if shipped.starts_with("--") {
        return shipped.to_owned();
    }
    let folder = folder.display();
    let bind = format!(
        "{front} ssl crt {folder}/door.both ca-file {folder}/door.pem verify optional ca-ignore-err all \
         crt-ignore-err all"
    );
    let deletes = "http-request del-header ^client[-_]cert     -m reg\n";
    let says = "http-request set-header Client-Cert :%[ssl_c_der,base64]: if { ssl_c_used }\n";
    let text = changed(&changed(shipped, front, &bind), deletes, &format!("{deletes}    {says}"));
    if asks {
        return text;
    }
    let unasked =
        text.lines().filter(|line| !line.contains("lua.partywall") && !line.contains("deny_status"));
    let unasked = unasked.collect::<Vec<_>>().join("\n") + "\n";
    changed(&unasked, "default_backend application", "default_backend partywall")
}

/// Likewise.
fn caddy(shipped: &str, folder: &Path, asks: bool) -> String {
    let folder = folder.display();
    let site = shipped.lines().find(|line| line.starts_with(':')).expect("there is a site");
    let tls =
        format!("{site}\n\ttls {folder}/door.pem {folder}/door.key {{ client_auth {{ mode request }} }}");
    let tls = tls.replace(" { ", " {\n").replace(" }", "\n}");
    let text = changed(&changed(shipped, "admin off", "admin off\n\tauto_https off"), site, &tls);
    let says = "route {\n\
                request_header Client-Cert \":{http.request.tls.client.certificate_der_base64}:\"\n\
                @no-cert header_regexp Client-Cert ^:([{]http.*)?:$\n\
                request_header @no-cert -Client-Cert\n";
    let (before, handled) = text.rsplit_once("\n\thandle {\n").expect("everything else is handled last");
    if !asks {
        let to =
            before.lines().find(|line| line.contains("reverse_proxy")).expect("the platform's hosts go on");
        return format!("{before}\n\thandle {{\n{says}{to}\n}}\n}}\n}}\n");
    }
    let (decides, goes_on) = handled.rsplit_once("reverse_proxy ").expect("the application is asked last");
    let goes_on = changed(goes_on, "\n\t}\n}", " {\nheader_up -Client-Cert\n}\n}\n\t}\n}");
    format!("{before}\n\thandle {{\n{says}{decides}reverse_proxy {goes_on}")
}

async fn a_device_before(kind: Kind) {
    if !kind.is_here() {
        return;
    }
    let decide = free_port();
    let listens = format!("listen.decide=127.0.0.1:{decide}");
    let settings = ["listen.trusted_proxies=127.0.0.1/32", "listen.client_cert=true"];
    let settings = [&settings[..], &[listens.as_str(), "decide.client_cert=true"]].concat();
    let town = Town::build_with(Engine::Sqlite, &settings).await;
    put_routes(&town);
    let mut alice = town.at_console("alice@contoso.test", &town.contoso).await;
    let authority = Authority::new("Devices");
    lay_down(&town, &mut alice, &town.contoso, &authority, json!({})).await;
    make_door(&town);
    let kiosk = authority.sign("kiosk-1", |_| {});
    let stranger = Authority::new("Devices").sign("kiosk-1", |_| {});
    let forged = format!("client-cert: :{}:", BASE64_STANDARD.encode(&kiosk.der));
    let other = forged.replace("client-cert", "Client_Cert");
    for asks in [false, true] {
        let folder = town.folder.path().to_owned();
        let change = |shipped: String| match kind {
            Kind::Nginx => nginx(&shipped, &folder, asks),
            Kind::Caddy => caddy(&shipped, &folder, asks),
            _ => {
                let bind = shipped.lines().find_map(|line| line.trim().strip_prefix("bind :"));
                let front = bind.map(|port| format!("bind :{port}")).unwrap_or_default();
                haproxy(&shipped, &folder, &front, asks)
            }
        };
        let (front, port) = Front::before(&town, (kind, decide), change).await;
        let ask = async |host: &str, badge, more: &[&str]| {
            let (status, told) = curl(&town, port, host, "/reports", badge, more).await;
            (status, told["code"].as_str().unwrap_or_default().to_owned(), told)
        };
        town.eventually(async || (ask(DEVICES, Some(&kiosk), &[]).await.0 == 200).then_some(())).await;
        let (status, _, seen) = ask(DEVICES, Some(&kiosk), &["-H", &forged]).await;
        assert_eq!(status, 200, "{kind:?}, asks: {asks}: {seen}\n{}", front.log());
        let said = context(&seen);
        assert_eq!(
            (&said["kind"], &said["device"]["subject"]),
            (&json!("device"), &json!("kiosk-1")),
            "{said}"
        );
        assert_eq!(seen["headers"]["partywall-tenant"], town.contoso.as_str());
        let names = seen["headers"].to_string().to_lowercase().replace('_', "-");
        assert!(!names.contains("client-cert"), "the backend sees none: {seen}");
        let hits = town.backend.hits();
        for (host, badge, more, status, code) in [
            (DEVICES, None, &["-H", forged.as_str()][..], 401, "certificate.needed"),
            (DEVICES, None, &["-H", other.as_str()], 401, "certificate.needed"),
            (DEVICES, Some(&stranger), &["-H", &forged], 401, "certificate.unknown"),
            ("fabrikam.partywall.localhost", Some(&kiosk), &[], 403, "tenant.unknown"),
        ] {
            let (answered, told, body) = ask(host, badge, more).await;
            assert_eq!((answered, told.as_str()), (status, code), "{kind:?}, asks: {asks}, {host}: {body}");
        }
        assert_eq!(town.backend.hits(), hits, "no refused request reached the backend");
    }
}

#[tokio::test]
async fn nginx_says_which_certificate_its_client_has_shown() {
    a_device_before(Kind::Nginx).await;
}

#[tokio::test]
async fn haproxy_says_which_certificate_its_client_has_shown() {
    a_device_before(Kind::Haproxy).await;
}

#[tokio::test]
async fn caddy_says_which_certificate_its_client_has_shown() {
    a_device_before(Kind::Caddy).await;
}
