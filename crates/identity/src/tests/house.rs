//! A whole installation on one database, without its listeners: the site with this room's routes, a town of
//! tenants, and a provider for each.

use super::{browser::kind_of, provider::Provider};
use crate::{Identity, Settings, routes};
use access::CookieKeys;
use arc_swap::ArcSwap;
use axum::body::Body;
use domain::{ConnectionId, Digest, RequestId, UserId};
use http::Request;
use outbound::{Outbound, Policy};
use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};
use store::{Keyring, StoreError};
use testkit::{Town, Village, World};
use web::{HostKind, Hosts, Manners, Pages, Site, Throttle, Web, csrf, limit};

/// Where `id.` is in these stories.
pub(crate) const ID: &str = "id.pw.test";
/// Where the console is.
pub(crate) const CONSOLE: &str = "console.pw.test";

/// The installation.
pub(crate) struct House {
    pub(crate) room: Identity,
    pub(crate) site: Site,
    pub(crate) town: Town,
    /// Contoso's provider.
    pub(crate) contoso: Provider,
    /// Fabrikam's.
    pub(crate) fabrikam: Provider,
    addresses: AtomicU32,
}

impl House {
    pub(crate) async fn build(world: &World) -> Self {
        let town = Town::build(world).await;
        let (contoso, fabrikam) = (Provider::start(&world.clock).await, Provider::start(&world.clock).await);
        let room =
            room_in(world, Settings { provider_patience: Duration::from_millis(400), ..Settings::default() })
                .await;
        let site = Site::new(room.web.clone(), routes().with_state(room.clone()));
        let house = House { room, site, town, contoso, fabrikam, addresses: AtomicU32::new(1) };
        house.connect(world, &house.town.contoso, &house.contoso).await;
        house.connect(world, &house.town.fabrikam, &house.fabrikam).await;
        house
    }

    /// Another node over the same database: nothing is shared but what the database holds.
    pub(crate) async fn another_node(&self, world: &World) -> Site {
        let room = room_in(world, (*self.room.settings).clone()).await;
        Site::new(room.web.clone(), routes().with_state(room))
    }

    /// Lets a village's provider be this one, everywhere it is connected to.
    async fn connect(&self, world: &World, village: &Village, provider: &Provider) {
        let (issuer, id) = (provider.issuer(), village.provider);
        world.raw(&format!("UPDATE provider SET issuer = '{issuer}' WHERE id = '{id}'")).await;
        world.raw(&format!("UPDATE connection SET issuer = '{issuer}' WHERE provider_id = '{id}'")).await;
    }

    /// Lets Contoso's provider know this user by this subject.
    pub(crate) async fn link(&self, world: &World, village: &Village, user: UserId, subject: &str) {
        let hash = self.room.keyring.load().subject_hash(village.provider, subject);
        world.raw(&format!("UPDATE identity_link SET subject = '{hash}' WHERE user_id = '{user}'")).await;
    }

    /// Something was changed around the waist; every node hears of it.
    pub(crate) async fn heard(&self, village: &Village) {
        self.room.web.warden.reload(village.id).await.unwrap();
    }

    /// A one-time link of this village; gives its secret.
    pub(crate) async fn invite(
        &self,
        world: &World,
        village: &Village,
        roles: &str,
        life: Duration,
    ) -> (String, ConnectionId) {
        let (secret, connection) = (world.chance.token(), world.new_id());
        let (now, ends) = (world.clock.now().micros(), (world.clock.now() + life).micros());
        world
            .raw(&format!(
                "INSERT INTO invitation (tenant_id, digest, roles, connection_id, created_at, ends, used_at, used_by)
                 VALUES ('{}', '{}', '{roles}', '{connection}', {now}, {ends}, 0, '')",
                village.id,
                Digest::of(secret.as_bytes()),
            ))
            .await;
        (secret, connection)
    }

    pub(crate) fn origin(&self, village: &Village) -> String {
        format!("http://{}.pw.test", village.slug)
    }

    pub(crate) fn host(&self, village: &Village) -> String {
        format!("{}.pw.test", village.slug)
    }

    pub(crate) fn next_address(&self) -> IpAddr {
        Ipv4Addr::from(0x0a00_0000 + self.addresses.fetch_add(1, Relaxed)).into()
    }

    pub(crate) fn new_request(&self) -> RequestId {
        RequestId::new(self.room.now(), &self.room.web.chance)
    }

    /// Whether an address is one of this installation's own, and answered without a backend.
    pub(crate) fn is_ours(&self, url: &str) -> bool {
        let url = url::Url::parse(url).unwrap();
        let host = url.host_str().unwrap();
        let in_console = ["/enter", "/sign-out"].contains(&url.path()) || url.path().ends_with("/sign-in");
        host == ID
            || (host == CONSOLE && in_console)
            || (host.ends_with(".test") && url.path().starts_with("/.partywall/"))
    }

    /// What `server` finds out about a request before it is routed.
    pub(crate) fn recognise(&self, request: &mut Request<Body>, authority: &str, host: &str) {
        let kind = kind_of(self, authority);
        request.extensions_mut().insert(kind);
        if kind == HostKind::Tenant {
            let warden = &self.room.web.warden;
            let slug = host.strip_suffix(".pw.test").and_then(|slug| warden.tenants().by_slug(slug));
            if let Some(tenant) = slug.or_else(|| warden.tenants().by_host(host)) {
                let at = warden.resolve_id(tenant.record.id).unwrap();
                request.extensions_mut().insert(at);
            }
        }
    }
}

async fn room_in(world: &World, settings: Settings) -> Identity {
    let warden = world.fresh_warden();
    warden.fill().await.unwrap();
    let upkeep = world.upkeep();
    let keyring = world.store.survey(&upkeep, async |tx| Ok::<_, StoreError>(Keyring::open(tx).await?)).await;
    let keyring = keyring.unwrap().expect("the town has keys");
    let hosts = Hosts {
        id: format!("http://{ID}").parse().unwrap(),
        console: format!("http://{CONSOLE}").parse().unwrap(),
        api: "http://api.pw.test".parse().unwrap(),
        base_domain: "pw.test".parse().unwrap(),
        https: false,
        port: None,
        development: true,
    };
    let web = Web::new(Manners {
        warden,
        clock: world.clock.clone(),
        chance: world.chance.clone(),
        hosts,
        shared: Arc::new(web::NoneShared),
        cookies: CookieKeys::new(keyring.cookies[0].clone(), vec![]),
        csrf: csrf::Key::new(keyring.pending.derive_mac("forms")),
        throttle: Throttle::new(world.clock.clone(), limit::REMEMBERED, limit::usual),
        pages: Pages::new(),
    });
    let outbound =
        Outbound::new(Policy { development: true, ..Policy::default() }, world.clock.clone()).unwrap();
    Identity::new(world.store.clone(), web, outbound, Arc::new(ArcSwap::from_pointee(keyring)), settings)
}
