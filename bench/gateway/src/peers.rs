//! The proxies that ours is measured beside, set up to do the part of the work that they can: find the
//! tenant of a host in a map, refuse a host that is not in it, tell the backend, and keep connections.

use crate::{
    fill::{BASE_DOMAIN, Tenant},
    issuer::AUDIENCE,
    process::{PROXY, Pinned},
};
use serde_json::{Value, json};
use std::{fmt::Write, net::SocketAddr, path::Path};

/// HAProxy with a map file, on one thread; with a public key, it takes bearer tokens of ES256 that are signed with it.
/// Clients that begin with HTTP/2's preface are served by HTTP/2.
pub(crate) fn haproxy(
    folder: &Path,
    name: &str,
    tenants: &[Tenant],
    key: Option<&Path>,
    listen: SocketAddr,
    upstream: SocketAddr,
) -> Result<Pinned, String> {
    let map = folder.join(format!("{name}.map"));
    let verified = key.map_or(String::new(), |key| {
        format!(
            "
    http-request set-var(txn.bearer) http_auth_bearer
    http-request deny deny_status 401 unless {{ var(txn.bearer),jwt_verify(ES256,{}) 1 }}",
            key.display()
        )
    });
    write(&map, &lines(tenants, |tenant| format!("{} {}", tenant.host, tenant.id)))?;
    let config = format!(
        "global
    nbthread 1
    maxconn 4096
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend public
    bind {listen}
    http-request set-var(txn.tenant) req.hdr(host),field(1,:),lower,map_str({map})
    http-request deny deny_status 403 unless {{ var(txn.tenant) -m found }}
    http-request set-header Partywall-Tenant %[var(txn.tenant)]
    http-request set-header X-Forwarded-For %[src]{verified}
    default_backend application
backend application
    http-reuse always
    server application {upstream}
",
        map = map.display()
    );
    let file = folder.join(format!("{name}.cfg"));
    write(&file, &config)?;
    Pinned::start("haproxy", PROXY, Path::new("haproxy"), &["-db", "-f", &file.to_string_lossy()], folder)
}

/// nginx with a map, as one worker. Without a master process it serves in the process that was started, and
/// ends with it.
pub(crate) fn nginx(
    folder: &Path,
    name: &str,
    tenants: &[Tenant],
    listen: SocketAddr,
    upstream: SocketAddr,
) -> Result<Pinned, String> {
    let map = folder.join(format!("{name}.map"));
    write(&map, &lines(tenants, |tenant| format!("{} {};", tenant.host, tenant.id)))?;
    let config = format!(
        "daemon off;
master_process off;
worker_processes 1;
pid {folder}/{name}.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/nginx-client;
    proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-fastcgi;
    uwsgi_temp_path {folder}/nginx-uwsgi;
    scgi_temp_path {folder}/nginx-scgi;
    map_hash_max_size 1048576;
    map_hash_bucket_size 128;
    keepalive_requests 1000000000;
    map $host $tenant {{
        default \"\";
        include {map};
    }}
    upstream application {{
        server {upstream};
        keepalive 256;
        keepalive_requests 1000000000;
    }}
    server {{
        listen {listen};
        location / {{
            if ($tenant = \"\") {{ return 403; }}
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
            proxy_set_header Host $http_host;
            proxy_set_header Partywall-Tenant $tenant;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_pass http://application;
        }}
    }}
}}
",
        folder = folder.display(),
        map = map.display()
    );
    let file = folder.join(format!("{name}.conf"));
    write(&file, &config)?;
    Pinned::start("nginx", PROXY, Path::new("nginx"), &["-c", &file.to_string_lossy()], folder)
}

/// nginx by the configuration that we ship for it: it forwards, and asks our node about every request.
pub(crate) fn asking(
    folder: &Path,
    listen: SocketAddr,
    public: SocketAddr,
    decide: SocketAddr,
    upstream: SocketAddr,
) -> Result<Pinned, String> {
    let shipped = include_str!("../../../docs/fronts/nginx.conf");
    let places = [("8000", listen), ("8080", public), ("8081", decide), ("3000", upstream)];
    // In two steps, since a port of ours may hold a shipped one's digits.
    let marked = shipped.replace("example.com", BASE_DOMAIN);
    let mark = |at: usize| format!("<{at}>");
    let marked = (0..).zip(places).fold(marked, |text, (at, (port, _))| text.replace(port, &mark(at)));
    let config =
        (0..).zip(places).fold(marked, |text, (at, (_, to))| text.replace(&mark(at), &to.port().to_string()));
    let file = folder.join("asking.conf");
    write(&file, &config)?;
    let alone = format!("daemon off; master_process off; pid {}/asking.pid;", folder.display());
    let arguments = ["-e", "stderr", "-g", &alone, "-c", &file.to_string_lossy()];
    Pinned::start("nginx-asking", PROXY, Path::new("nginx"), &arguments, folder)
}

/// Caddy, which asks somebody about each request before it forwards it. Whoever is asked is the application itself,
/// which agrees to everything: the dearest part of such a set-up, the asked one's own work, is left out.
pub(crate) fn caddy(folder: &Path, listen: SocketAddr, upstream: SocketAddr) -> Result<Pinned, String> {
    let config = format!(
        "{{
    admin off
    auto_https off
    storage file_system {folder}/caddy
}}
http://:{port} {{
    bind {address}
    forward_auth {upstream} {{
        uri /
        copy_headers Partywall-Tenant
    }}
    reverse_proxy {upstream}
}}
",
        folder = folder.display(),
        port = listen.port(),
        address = listen.ip(),
    );
    let file = folder.join("Caddyfile");
    write(&file, &config)?;
    let arguments = ["run", "--adapter", "caddyfile", "--config", &file.to_string_lossy()];
    Pinned::start("caddy", PROXY, Path::new("caddy"), &arguments, folder)
}

/// Envoy, which takes bearer tokens of this key set, and remembers those that it found good.
pub(crate) fn envoy(
    folder: &Path,
    keys: &str,
    listen: SocketAddr,
    upstream: SocketAddr,
) -> Result<Pinned, String> {
    let at = |address: SocketAddr| json!({ "socket_address": { "address": address.ip().to_string(), "port_value": address.port() } });
    let typed = |name: &str, mut config: Value| {
        config["@type"] = format!("type.googleapis.com/envoy.extensions.filters.{name}").into();
        config
    };
    let provider = json!({
        "audiences": [AUDIENCE],
        "local_jwks": { "inline_string": keys },
        "forward": true,
        "jwt_cache_config": { "jwt_cache_size": 100_000 },
    });
    let checking = json!({
        "providers": { "bench": provider },
        "rules": [{ "match": { "prefix": "/" }, "requires": { "provider_name": "bench" } }],
    });
    let checking = typed("http.jwt_authn.v3.JwtAuthentication", checking);
    let manager = json!({
        "stat_prefix": "public",
        "http_filters": [
            { "name": "jwt", "typed_config": checking },
            { "name": "router", "typed_config": typed("http.router.v3.Router", json!({})) },
        ],
        "route_config": { "virtual_hosts": [{
            "name": "all", "domains": ["*"],
            "routes": [{ "match": { "prefix": "/" }, "route": { "cluster": "application" } }],
        }] },
    });
    let manager = typed("network.http_connection_manager.v3.HttpConnectionManager", manager);
    let endpoint = json!({ "endpoint": { "address": at(upstream) } });
    let config = json!({ "static_resources": {
        "listeners": [{
            "address": at(listen),
            "filter_chains": [{ "filters": [{ "name": "http", "typed_config": manager }] }],
        }],
        "clusters": [{
            "name": "application",
            "load_assignment": { "cluster_name": "application", "endpoints": [{ "lb_endpoints": [endpoint] }] },
        }],
    } });
    let file = folder.join("envoy.json");
    write(&file, &config.to_string())?;
    let arguments = ["--concurrency", "1", "--disable-hot-restart", "--config-path", &file.to_string_lossy()];
    Pinned::start("envoy", PROXY, Path::new("envoy"), &arguments, folder)
}

fn lines(tenants: &[Tenant], line: impl Fn(&Tenant) -> String) -> String {
    tenants.iter().fold(String::new(), |mut text, tenant| {
        let _ = writeln!(text, "{}", line(tenant));
        text
    })
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    std::fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
}
