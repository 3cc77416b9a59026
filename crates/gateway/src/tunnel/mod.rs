//! Connections that are passed on by the name they ask for in TLS, where a route says so. They are mapped as requests
//! are and obey the tenant's standing, bounds and networks; nothing of them is read, so that no credential is looked at
//! and no backend is told whom it serves.

mod head;
mod hello;

pub use hello::asked_name;

use crate::{
    deployment::{Deployment, Errand, Line, Load, Places, bare},
    gateway::Gateway,
    peer::household,
    proxy::{Carried, carry},
    route::{PassThrough, Route},
    traffic::{Account, Held, Traffic},
    vigil::{Vigil, Watch, permitted},
};
use access::{Credential, Identifier, Origin, Refusal, Source, Tenant};
use domain::{Limit, Standing};
use http::HeaderMap;
use std::{io, net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};

/// How many backends are tried when they cannot be reached.
const MOST_UPSTREAMS: usize = 3;
/// The fatal alert `unrecognized_name`: the same for whatever stands in the way.
const REFUSED: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];

/// A connection whose name was read, and nothing else of it.
pub struct Arrival {
    /// The connection, with all that the client sent still to be read.
    pub stream: TcpStream,
    /// The name, in small letters.
    pub name: String,
    /// Who it is from.
    pub client: SocketAddr,
}

/// Why a connection is not passed on; the client is told nothing of it.
#[derive(Debug, thiserror::Error)]
enum Unpassed {
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error("its tenant is being worked on, or can only be read")]
    Closed,
    #[error("it comes from an address that its tenant does not take")]
    Address,
    #[error("its tenant has as many connections open as it may, or opens them too fast")]
    Busy,
    #[error("its tenant's application is not set up, or none of its backends can be reached")]
    Upstream,
}

/// What is held while it lasts.
struct Passage {
    upstream: TcpStream,
    _load: Load,
}

impl Gateway {
    /// Whether connections that ask for this name are passed on. Those to the platform's own hosts never are.
    pub fn passes(&self, name: &str) -> bool {
        let platform = &self.0.settings.hosts.platform;
        self.0.routes.load().passing(name).is_some() && platform.iter().all(|host| host.as_str() != name)
    }

    /// Passes a connection on until one side ends it, nothing moves for too long, its tenant is closed, or the node
    /// stops.
    pub async fn pass_on(&self, mut arrival: Arrival) {
        let (id, _) = self.request_id();
        let origin = Origin { request: id };
        if let Err(why) = self.pass(&mut arrival, origin).await {
            tracing::info!(request = %id, "a connection is not passed on: {why}");
            let _ = turn_away(arrival.stream).await;
        }
    }

    async fn pass(&self, arrival: &mut Arrival, origin: Origin) -> Result<(), Unpassed> {
        let (route, label) = {
            let routes = self.0.routes.load();
            let label = routes.slug_in(&arrival.name).map(str::to_owned);
            (routes.passing(&arrival.name).cloned().ok_or(Refusal::NoTenantNamed)?, label)
        };
        let named = match &label {
            Some(label) => Identifier { source: Source::Subdomain, value: label },
            None => Identifier { source: Source::Domain, value: &arrival.name },
        };
        let resolved = self.0.needs.warden.resolve(&[named], origin)?;
        let pass = permitted(self, true, &resolved, &Credential::None, origin).await?;
        let tenant = pass.caller().tenant().unwrap_or_else(|| resolved.tenant()).clone();
        let traffic = self.0.meters.of(&tenant);
        self.may_pass(&tenant, &traffic, arrival)?;
        let slot = traffic.hold(Held::Socket, tenant.record.limits.of(Limit::WebSockets));
        let slot = slot.ok_or(Unpassed::Busy)?;
        let flight = self.0.flights.begin(origin.request, tenant.record.id, Some(slot));
        let account = Account::of_tenant(traffic);
        account.count_request();
        let passage = self.reach(&tenant, &route, arrival).await;
        let Some(Passage { upstream, _load }) = passage else {
            account.count_error();
            return Err(Unpassed::Upstream);
        };
        log(&tenant, &route, origin);
        let mut watch = self.watch(&tenant, &route, arrival, origin);
        let (sides, bell) = ((&mut arrival.stream, upstream), self.0.sockets.join(tenant.record.id));
        carry(sides, Carried::Anything, &account, (&mut watch, &bell), &flight).await;
        Ok(())
    }

    fn may_pass(&self, tenant: &Tenant, traffic: &Traffic, arrival: &Arrival) -> Result<(), Unpassed> {
        let record = &tenant.record;
        // What changes something cannot be told from what only reads.
        if record.maintenance.left(self.0.needs.clock.now()).is_some()
            || record.standing == Standing::ReadOnly
        {
            return Err(Unpassed::Closed);
        }
        if !record.may_come_from(arrival.client.ip()) {
            return Err(Unpassed::Address);
        }
        let per_second = record.limits.of(Limit::RequestsPerSecond);
        if self.0.meters.admits(traffic, per_second) { Ok(()) } else { Err(Unpassed::Busy) }
    }

    async fn reach(&self, tenant: &Tenant, route: &Route, arrival: &Arrival) -> Option<Passage> {
        let deployment = self.0.deployments.get(tenant.record.deployment)?;
        let how = route.pass_through.unwrap_or_default();
        let wish = deployment.wish(&HeaderMap::new(), tenant.record.id.bits(), || {
            crate::gateway::address_bits(household(arrival.client.ip()))
        });
        let mut tried = Places::default();
        for _ in 0..MOST_UPSTREAMS {
            let at = deployment.choose(tried, wish)?;
            tried.add(at);
            match self.connect(&deployment, at, how, arrival).await {
                Ok(passage) => return Some(passage),
                Err(error) => {
                    let origin = &deployment.at(at).origin;
                    tracing::warn!(upstream = %origin, %error, "upstream {origin} cannot be reached: {error}");
                    deployment.failed(at);
                }
            }
        }
        None
    }

    async fn connect(
        &self,
        deployment: &Deployment,
        at: usize,
        how: PassThrough,
        arrival: &Arrival,
    ) -> io::Result<Passage> {
        let upstream = deployment.at(at);
        let load = upstream.load();
        let port = how.port.unwrap_or(upstream.origin.port);
        let within = self.0.settings.connections.connect_within;
        let connected = timeout(within, bare(&upstream.origin.host, port)).await;
        let mut stream = connected.map_err(io::Error::from)??;
        if how.proxy_protocol {
            let here = arrival.stream.local_addr()?;
            stream.write_all(&head::second(arrival.client, here)).await?;
        }
        Ok(Passage { upstream: stream, _load: load })
    }

    /// Asks again whether it may go on, as for a WebSocket.
    fn watch(&self, tenant: &Tenant, route: &Route, arrival: &Arrival, origin: Origin) -> Watch {
        let vigil = Vigil {
            gateway: self.clone(),
            tenant: tenant.record.id,
            user: None,
            open: true,
            product: None,
            roles: [].into(),
            credential: Credential::None,
            certificate: None,
            origin,
        };
        let (household, begun) = (household(arrival.client.ip()), Instant::now());
        let vigil = Arc::new(vigil);
        let errand = Errand { household, vigil, idle: route.idle, tether: None, upload: None, begun };
        let line = Arc::new(Line::new(errand.clone()));
        Watch::new(errand, line, begun)
    }
}

/// Says no, and lets the client hear it: what it sent is read first, or the no would be lost with the connection.
async fn turn_away(mut stream: TcpStream) -> io::Result<()> {
    let mut sent = vec![0; hello::LONGEST];
    let _ = stream.read(&mut sent).await?;
    stream.write_all(&REFUSED).await?;
    stream.shutdown().await
}

fn log(tenant: &Tenant, route: &Route, origin: Origin) {
    tracing::info!(
        target: "gateway::access",
        request = %origin.request,
        tenant = %tenant.record.id,
        route = %route.name,
        "a connection is passed on for tenant {}",
        tenant.record.id
    );
}
