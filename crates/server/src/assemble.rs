//! Configuration into a running whole: the only wiring.

use crate::{
    background::{self, Asking, Watcher},
    config::Config,
    keys,
    listen::TenantCertificates,
    observe::{health::Readiness, metrics::Metrics},
    products,
};
use access::{Bounds, CookieKeys, Origin, Upkeep, Warden};
use arc_swap::ArcSwap;
use control::{Control, house::FirstStart};
use domain::{Chance, Clock, Hostname, NodeId, RequestId, digest::MacKey};
use gateway::{DeploymentSpec, Gateway, Needs, OnTheSameHost, RegionSpec, Signing};
use identity::Identity;
use outbound::{Outbound, Policy, TxtResolver};
use protocol::{JwkSet, Signer, jose::published_key_set, oidc::Transport};
use serde_json::Value;
use std::{path::Path, sync::Arc};
use store::{Database, Engine, Feed, Keyring, Store, StoreError, migrate};
use web::{Manners, Pages, Routes, Site, Throttle, Web};

/// A node that is put together.
pub struct Node {
    /// Which one.
    pub id: NodeId,
    /// The way to the database.
    pub store: Store,
    /// What the site's handlers share.
    pub web: Web,
    /// The platform's own hosts and the reserved prefix.
    pub site: Site,
    /// The room of the control plane, for what it does by itself.
    pub control: Control,
    /// The room of people, for what it does by itself.
    pub identity: Identity,
    /// Everything else.
    pub gateway: Gateway,
    /// The platform's keys.
    pub keyring: Arc<ArcSwap<Keyring>>,
    /// The roles that the application knows, with their titles.
    pub roles: Arc<ArcSwap<identity::KnownRoles>>,
    /// What API keys may be good for.
    pub scopes: Arc<ArcSwap<identity::KnownScopes>>,
    /// The applications that receive our tokens.
    pub applications: Arc<ArcSwap<identity::application::Applications>>,
    /// How issuers of bearer tokens are asked for their keys.
    pub asking: Asking,
    /// Tenants' own certificates, where this node ends TLS.
    pub certificates: Arc<TenantCertificates>,
    /// Names may want certificates that did not before.
    pub names_changed: tokio::sync::Notify,
    /// What the node counts about itself.
    pub metrics: Metrics,
    /// Whether it should be sent requests.
    pub readiness: Readiness,
}

/// What comes of putting a node together.
pub struct Assembled {
    /// The node.
    pub node: Arc<Node>,
    /// The change feed, opened before memory was filled.
    pub feed: Feed,
    /// What its warden notes, to be written down.
    pub notes: background::Notes,
    /// How things stand with the first operator.
    pub first_start: FirstStart,
}

/// Puts a node together: opens the database, migrates it where it is this node's own, makes what a first
/// start needs, and loads what a node keeps in memory.
///
/// # Errors
/// Words for the operator.
pub async fn assemble(config: &Config) -> Result<Assembled, String> {
    make_directory(&config.data)?;
    let (clock, chance) = (Clock::System, Chance::system());
    let own_database = matches!(config.database, Database::Sqlite(_));
    let master = keys::master_key(&config.master_key, own_database, &chance)?;
    let engine = open(config, own_database, &clock).await?;
    let store = Store::new(engine, clock.clone(), chance.clone(), master).with_alerts(config.alerts);

    let metrics = Metrics::default();
    let (watcher, notes) = Watcher::pair(metrics.clone());
    let bounds = Bounds { sessions: config.limits.sessions, silence: config.lifetimes.feed_silence };
    let directory = Arc::new(store.directory());
    let warden = Arc::new(Warden::new(directory, Arc::new(watcher), clock.clone(), bounds));
    let origin = Origin { request: RequestId::new(clock.now(), &chance) };

    let terms = terms(config);
    let upkeep = warden.platform::<Upkeep>(origin).map_err(|refusal| refusal.to_string())?;
    let first_start = control::house::bootstrap(&store, &upkeep, &terms).await.map_err(says)?;
    let keyring = open_keyring(&store)
        .await
        .map_err(says)?
        .ok_or("the platform's keys are missing from the database")?;
    // What changes between filling memory and listening would be missed, so listening begins first.
    let feed = Feed::open(&store, &upkeep, None).await.map_err(says)?;
    warden.fill().await.map_err(|error| error.to_string())?;

    let gateway = gateway(config, &warden, &clock, &chance, &keyring);
    let cookies = cookie_keys(&keyring);
    let csrf = web::csrf::Key::new(keyring.pending.derive_mac("csrf"));
    let throttle = Throttle::new(clock.clone(), web::limit::REMEMBERED, throttle_rules(config));
    let web = Web::new(Manners {
        warden,
        clock: clock.clone(),
        chance: chance.clone(),
        hosts: config.hosts.clone(),
        shared: Arc::new(gateway.clone()),
        cookies,
        csrf,
        throttle,
        pages: pages(),
    });
    let outbound =
        Outbound::new(outgoing(config), clock.clone()).map_err(|error| format!("outbound: {error}"))?;
    let keyring = Arc::new(ArcSwap::from_pointee(keyring));
    let asking = asking(config, &outbound);
    let prober = prober(config, &outbound, &chance);
    let identity =
        Identity::new(store.clone(), web.clone(), outbound, keyring.clone(), identity_settings(config));
    let (roles, scopes) = (identity.known_roles.clone(), identity.known_scopes.clone());
    let applications = identity.applications.clone();
    let control = Control::new(store.clone(), web.clone(), terms, route_check(&gateway))
        .with_rehearsals(crate::rehearse::rehearse(&gateway))
        .with_times(crate::rehearse::times_of(&gateway))
        .with_standing(crate::backends::standing_of(&gateway), crate::backends::ask_directly(&gateway))
        .with_judge(crate::judging::judge(&gateway))
        .with_orders(crate::acme::ordering(config, &clock)?)
        .with_public_roots(crate::anchors::public_roots())
        .with_prober(prober)
        .with_lifetimes(Arc::new(control::region::FromResolvers(resolver(config, &chance))));
    let control = match config.tls {
        Some(_) => control.with_certificates(Arc::new(crate::listen::judge)),
        None => control,
    };
    let site = Site::new(web.clone(), routes(identity.clone(), control.clone()));
    let id = NodeId::new(clock.now(), &chance);
    let node = Node {
        id,
        store,
        web,
        site,
        control,
        identity,
        gateway,
        keyring,
        roles,
        scopes,
        applications,
        asking,
        certificates: Arc::default(),
        names_changed: tokio::sync::Notify::new(),
        metrics,
        readiness: Readiness::default(),
    };
    node.load_platform().await.map_err(says)?;
    node.load_certificates().await.map_err(says)?;
    node.load_anchors().await.map_err(says)?;
    node.readiness.filled();
    Ok(Assembled { node: Arc::new(node), feed, notes, first_start })
}

impl Node {
    /// Loads what the gateway and the rooms are handed: deployments, routes, roles, keys.
    ///
    /// # Errors
    /// [`StoreError`]; what was loaded before stays.
    pub async fn load_platform(&self) -> Result<(), StoreError> {
        let origin = Origin { request: RequestId::new(self.web.clock.now(), &self.web.chance) };
        let Ok(upkeep) = self.web.warden.platform::<Upkeep>(origin) else { return Ok(()) };
        let deployments = control::deployment::load_all(&self.store, &upkeep).await?;
        self.gateway.set_deployments(deployments.into_iter().map(deployment_spec).collect());
        self.gateway.forget_answers();
        self.gateway.set_products(products::load(&self.store, &upkeep).await?);
        if let Some(routing) = control::route::load(&self.store, &upkeep).await?
            && let Err(faults) = self.gateway.set_routes(&routing.document.to_string())
        {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            tracing::error!("the stored routes are refused, those before stay: {}", faults.join("; "));
        }
        let roles = control::role::load(&self.store, &upkeep).await?;
        self.roles.store(Arc::new(roles));
        self.scopes.store(Arc::new(control::scope::load(&self.store, &upkeep).await?));
        self.applications.store(Arc::new(identity::application::load(&self.store, &upkeep).await?));
        let (issuers, names) = control::issuer::load(&self.store, &upkeep).await?;
        if let Some(names) = names {
            self.gateway.set_anchor_names(names.clone());
            self.gateway.set_issuers(issuers.into_iter().map(crate::judging::spec).collect(), names);
        }
        if let Some(keyring) = open_keyring(&self.store).await? {
            let regions = control::region::load(&self.store, &upkeep).await?;
            let key = keyring.pending.derive_mac("regions");
            self.gateway.set_regions(regions.into_iter().map(region_spec).collect(), key);
            self.gateway.set_cookie_keys(cookie_keys(&keyring));
            self.gateway.set_key_secrets(key_secrets(&keyring));
            self.gateway.set_signing(signing(&keyring, self.web.hosts.id.origin()));
            self.keyring.store(Arc::new(keyring));
        }
        Ok(())
    }
}

fn says(error: StoreError) -> String {
    error.to_string()
}

async fn open(config: &Config, own_database: bool, clock: &Clock) -> Result<Engine, String> {
    if let Database::Sqlite(file) = &config.database
        && let Some(directory) = file.parent()
    {
        make_directory(directory)?;
    }
    let engine = Engine::open(&config.database).await.map_err(|error| format!("database.url: {error}"))?;
    // A file belongs to this node alone; a server is shared, and its schema changes when its operator says so.
    if own_database {
        migrate::migrate(&engine, clock).await.map_err(|error| error.to_string())?;
    } else {
        migrate::check(&engine).await.map_err(|error| error.to_string())?;
    }
    Ok(engine)
}

/// Makes a directory that only its owner may look into; one that is there stays as it is.
///
/// # Errors
/// Words for the operator.
pub fn make_directory(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::DirBuilderExt;
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| format!("data ({}): {error}", path.display()))
}

/// A warden that knows no tenant: enough for the platform's own work, of which nobody else has a part.
pub fn bare_warden(store: &Store) -> Warden {
    let (watcher, _) = Watcher::pair(Metrics::default());
    Warden::new(Arc::new(store.directory()), Arc::new(watcher), store.clock().clone(), Bounds::default())
}

/// Opens the platform's keys; none before the first start.
///
/// # Errors
/// [`StoreError`].
pub async fn open_keyring(store: &Store) -> Result<Option<Keyring>, StoreError> {
    let origin = Origin { request: RequestId::new(store.clock().now(), store.chance()) };
    match bare_warden(store).platform::<Upkeep>(origin) {
        Ok(upkeep) => store.survey(&upkeep, async |tx| Keyring::open(tx).await).await,
        Err(_) => Ok(None),
    }
}

/// The guarded client's policy.
pub fn outgoing(config: &Config) -> Policy {
    Policy {
        development: config.development,
        allow: config.outbound.allow.clone(),
        refuse: config.outbound.refuse.clone(),
        extra_roots: config.outbound.extra_roots.clone(),
        deadline: config.outbound.deadline,
        most_bytes: config.outbound.most_bytes,
        ..Policy::default()
    }
}

/// Who looks for the proof of tenants' own domains.
fn prober(config: &Config, outbound: &Outbound, chance: &Chance) -> Arc<dyn control::own_domain::Prove> {
    Arc::new(control::own_domain::FromAfar {
        outbound: outbound.clone(),
        texts: resolver(config, chance),
        plain_port: config.development.then_some(config.domains.plain_port),
    })
}

fn resolver(config: &Config, chance: &Chance) -> TxtResolver {
    TxtResolver::new(config.domains.resolvers.clone(), chance.clone())
}

fn cookie_keys(keyring: &Keyring) -> CookieKeys {
    let mut keys = keyring.cookies.iter().cloned();
    let current = keys.next().expect("a keyring that opened has a cookie key");
    CookieKeys::new(current, keys.collect())
}

fn key_secrets(keyring: &Keyring) -> gateway::KeySecrets {
    keyring.api_keys.iter().map(|key| (key.secret.clone(), key.until)).collect()
}

fn signing(keyring: &Keyring, issuer: &str) -> Signing {
    let (id, key) = keyring.context.first().expect("a keyring that opened has a key for contexts");
    let keys: Vec<_> = keyring.context.iter().map(|(id, key)| (id.to_string(), key.public())).collect();
    let set = published_key_set(keys.iter().map(|(id, key)| (id.as_str(), *key))).to_string();
    let published =
        JwkSet::parse(set.as_bytes()).expect("a keyring that opened has keys that can be published");
    Signing { signer: Arc::new(Signer::new(id.to_string(), key.clone())), issuer: issuer.into(), published }
}

fn deployment_spec(loaded: control::deployment::Loaded) -> DeploymentSpec {
    let upstreams = loaded.deployment.upstreams.iter();
    DeploymentSpec {
        id: loaded.deployment.id,
        upstreams: upstreams.filter_map(|upstream| upstream.as_str().parse().ok()).collect(),
        balancing: loaded.deployment.balancing.clone(),
        region: loaded.deployment.region.as_ref().map(ToString::to_string),
        proof_secret: MacKey::new(loaded.proof_secret.reveal().as_bytes()),
    }
}

fn region_spec(place: control::region::Place) -> RegionSpec {
    let gateways = place.gateways.iter();
    RegionSpec {
        name: place.name.to_string(),
        gateways: gateways.filter_map(|gateway| gateway.as_str().parse().ok()).collect(),
    }
}

fn gateway(
    config: &Config,
    warden: &Arc<Warden>,
    clock: &Clock,
    chance: &Chance,
    keyring: &Keyring,
) -> Gateway {
    let platform = [&config.hosts.id, &config.hosts.console, &config.hosts.api];
    let host_of = |url: &&web::PublicUrl| -> Option<Hostname> { url.host().parse().ok() };
    let hosts = gateway::Hosts {
        base: config.base_domain.clone(),
        platform: platform.iter().filter_map(host_of).collect(),
    };
    let platform_hosts = config.hosts.clone();
    let settings = gateway::Settings {
        region: config.home_region.to_string(),
        secure: config.hosts.https,
        problems: format!("{}/problems/", config.hosts.api.origin()),
        pages: Arc::new(move |entry: &web::Entry| web::gateway_page(entry, &platform_hosts)),
        maintenance: Arc::new(web::maintenance_page),
        connections: gateway::Connections { tls: upstream_tls(), ..gateway::Connections::default() },
        leeway: config.providers.leeway,
        guesses: config.limits.key_guesses_per_address,
        contexts: config.limits.contexts,
        tokens: config.limits.tokens,
        certificates: config.limits.certificates,
        kept: (config.limits.kept_answers, config.limits.kept_answers_per_tenant),
        held: config.limits.bodies,
        // A file is this node's own.
        counts_with_others: !matches!(config.database, Database::Sqlite(_)),
        ..gateway::Settings::new(hosts)
    };
    let needs = Needs {
        warden: warden.clone(),
        sign_in: Arc::new(OnTheSameHost),
        clock: clock.clone(),
        chance: chance.clone(),
    };
    Gateway::new(settings, needs, cookie_keys(keyring), signing(keyring, config.hosts.id.origin()))
}

fn asking(config: &Config, outbound: &Outbound) -> Asking {
    Asking {
        outbound: outbound.clone(),
        transport: if config.development { Transport::Development } else { Transport::Https },
        patience: config.providers.patience,
        memory: config.providers.memory,
        retry: config.providers.retry,
        kept: config.providers.keys_kept,
    }
}

/// Whom https backends are trusted by: the authorities of this machine.
fn upstream_tls() -> Option<Arc<rustls::ClientConfig>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
    Some(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

fn route_check(gateway: &Gateway) -> control::route::RouteCheck {
    let gateway = gateway.clone();
    Arc::new(move |document: &Value| {
        gateway
            .check_routes(&document.to_string())
            .map_err(|faults| faults.iter().map(ToString::to_string).collect())
    })
}

fn terms(config: &Config) -> control::Terms {
    control::Terms {
        quarantine: config.lifetimes.name_rest,
        domain_claim: config.domains.claim,
        domain_recheck: config.domains.recheck,
        domain_grace: config.domains.grace,
        name_lifetime: config.domains.lifetime,
        invitation: config.lifetimes.invitation,
        bootstrap: config.lifetimes.bootstrap,
        session_idle: config.lifetimes.session_idle,
        session_life: config.lifetimes.session,
        home_region: config.home_region.clone(),
        ..control::Terms::default()
    }
}

fn identity_settings(config: &Config) -> identity::Settings {
    identity::Settings {
        pending: config.lifetimes.pending,
        hand_over: config.lifetimes.hand_over,
        session_idle: config.lifetimes.session_idle,
        session_life: config.lifetimes.session,
        person_idle: config.lifetimes.session_idle,
        person_life: config.lifetimes.session,
        token_life: config.lifetimes.token,
        refresh_life: config.lifetimes.refresh,
        refresh_grace: config.lifetimes.refresh_grace,
        home_region: config.home_region.clone(),
        provider_patience: config.providers.patience,
        provider_memory: config.providers.memory,
        provider_retry: config.providers.retry,
        leeway: config.providers.leeway,
        ..identity::Settings::default()
    }
}

fn throttle_rules(config: &Config) -> impl Fn(web::Limited) -> web::limit::Rules {
    use web::{
        Limited,
        limit::{Rule, Rules},
    };
    let limits = config.limits;
    move |what| {
        let (address, tenant) = match what {
            Limited::SignInStart | Limited::Callback | Limited::Enter | Limited::OneTimeLink => {
                (limits.sign_ins_per_address, limits.sign_ins_per_tenant)
            }
            Limited::Outgoing => (limits.trials_per_address, limits.trials_per_tenant),
            // Counted by the gateway, which is no page of ours.
            Limited::KeyGuess => return web::limit::usual(what),
        };
        Rules { address: Rule::per_minute(address), tenant: Rule::per_minute(tenant) }
    }
}

/// The console's pages, of all rooms.
fn pages() -> Pages {
    control::pages().merge(identity::pages())
}

/// The routes of all rooms.
fn routes(identity: Identity, control: Control) -> Routes {
    let own = web::own_routes().with_state(identity.web.clone());
    own.merge(identity::routes().with_state(identity)).merge(control::routes().with_state(control))
}

/// The list of all routes, without a node.
pub fn list() -> Vec<web::Route> {
    let lists = [
        web::own_routes().list().to_vec(),
        identity::routes().list().to_vec(),
        control::routes().list().to_vec(),
    ];
    lists.concat()
}

/// The list of all routes as data.
pub fn matrix() -> Value {
    web::matrix(&list())
}

/// The description of the API.
pub fn openapi() -> Value {
    web::openapi::document(&list())
}

/// Tells every loop and listener of a node when to stop.
pub fn stop_on_signal(say: tokio::sync::watch::Sender<bool>, readiness: Readiness) {
    use tokio::signal::unix::{SignalKind, signal};
    tokio::spawn(async move {
        let wait = async |kind| match signal(kind) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        };
        tokio::select! {
            () = wait(SignalKind::terminate()) => {}
            () = wait(SignalKind::interrupt()) => {}
        }
        tracing::info!("stopping: what is under way is finished first");
        readiness.draining();
        let _ = say.send(true);
    });
}
