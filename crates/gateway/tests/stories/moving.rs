//! An application moves to other backends, and is split, under load: its addresses stay, and nobody notices.

use crate::{
    backend::Backend,
    house::{ACME, DEPLOYMENT, House, ISSUER, deployment},
    wire::get,
};
use domain::{Clock, DeploymentId};
use gateway::DeploymentSpec;
use protocol::{
    JwkSet,
    context::{Context, Parties},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{task::JoinHandle, time::Instant};

/// Clients that ask for both halves of an API, over and over.
struct Crowd {
    asked: Arc<AtomicUsize>,
    enough: Arc<AtomicBool>,
    members: Vec<JoinHandle<Vec<u16>>>,
}

impl Crowd {
    fn gather(house: &House) -> Self {
        let (asked, enough) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let member = |number: usize| {
            let (asked, enough) = (asked.clone(), enough.clone());
            let (cookie, address) = (house.carol_at(ACME), house.address);
            let path = if number.is_multiple_of(2) { "/api/orders" } else { "/api/reports" };
            tokio::spawn(async move {
                let mut statuses = Vec::new();
                while !enough.load(SeqCst) {
                    let told = get("acme.base.test", path).with("cookie", &cookie).at(address).await;
                    statuses.push(told.status.as_u16());
                    asked.fetch_add(1, SeqCst);
                }
                statuses
            })
        };
        Crowd { members: (0..8).map(member).collect(), asked, enough }
    }

    /// Waits until it has asked so often more.
    async fn asks(&self, more: usize) {
        let goal = self.asked.load(SeqCst) + more;
        let begun = Instant::now();
        while self.asked.load(SeqCst) < goal {
            assert!(begun.elapsed() < Duration::from_secs(60), "nobody is answered any more");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn ends(self) -> Vec<u16> {
        self.enough.store(true, SeqCst);
        let mut statuses = Vec::new();
        for member in self.members {
            statuses.extend(member.await.unwrap());
        }
        statuses
    }
}

fn another(number: u128, upstream: &str) -> DeploymentSpec {
    DeploymentSpec { id: DeploymentId::from_bits(number), ..deployment(&[upstream]) }
}

#[tokio::test]
async fn an_api_moves_and_is_split_in_two_under_load_without_an_error() {
    let (old, new, reports) = (Backend::echo().await, Backend::echo().await, Backend::echo().await);
    let house = House::new().await;
    house.gateway.set_deployments(vec![deployment(&[&old.origin()])]);
    let crowd = Crowd::gather(&house);
    crowd.asks(100).await;
    assert!(old.hits() >= 100);
    // To other backends.
    house.gateway.set_deployments(vec![deployment(&[&new.origin()])]);
    crowd.asks(100).await;
    let left = old.hits();
    assert!(new.hits() > 50);
    // And a half of it to a deployment of its own.
    let halves = vec![deployment(&[&new.origin()]), another(901, &reports.origin())];
    house.gateway.set_deployments(halves);
    let split = format!(
        r#"[{{"name": "all", "host": "*.base.test"}},
            {{"name": "reports", "host": "*.base.test", "path": "/api/reports",
              "deployments": {{"*": "{}"}}}}]"#,
        DeploymentId::from_bits(901)
    );
    house.gateway.check_routes(&split).unwrap();
    house.gateway.set_routes(&split).unwrap();
    crowd.asks(16).await;
    let before = (new.hits(), reports.hits());
    crowd.asks(200).await;
    assert!(new.hits() > before.0 && reports.hits() > before.1, "both answer");
    assert_eq!(old.hits(), left, "nobody asks the old one");
    let statuses = crowd.ends().await;
    assert!(statuses.iter().all(|status| *status == 200), "{} requests", statuses.len());
    // What it is told is for it alone.
    let carol = house.carol_at(ACME);
    let told = get("acme.base.test", "/api/reports/x").with("cookie", &carol).at(house.address).await;
    let home = get("acme.base.test", "/api/orders/x").with("cookie", &carol).at(house.address).await;
    assert_eq!((told.target(), home.target()), ("/api/reports/x".into(), "/api/orders/x".into()));
    let published = protocol::jose::published_key_set([(house.key.kid(), house.key.public())]);
    let keys = JwkSet::parse(published.to_string().as_bytes()).unwrap();
    for (told, audience) in [(&told, DeploymentId::from_bits(901)), (&home, DEPLOYMENT)] {
        let (token, parties) = (&told.got("partywall-context")[0], Parties { issuer: ISSUER, audience });
        Context::verify(token, &keys, &parties, Clock::System.now(), Duration::from_secs(10)).unwrap();
    }
}

#[tokio::test]
async fn a_route_to_a_deployment_that_nobody_made_is_refused() {
    let house = House::new().await;
    let nobody = DeploymentId::from_bits(5);
    let routes = format!(
        r#"[{{"name": "all", "host": "*.base.test", "deployments": {{"*": "{nobody}", "x": "y"}}}}]"#
    );
    let faults = house.gateway.check_routes(&routes).unwrap_err();
    let words: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert!(words.iter().any(|fault| fault.contains("`y` is no deployment's id")), "{words:?}");
    let routes = routes.replace(r#", "x": "y""#, "");
    let faults = house.gateway.check_routes(&routes).unwrap_err();
    assert!(faults[0].to_string().contains(&format!("there is no deployment `{nobody}`")), "{}", faults[0]);
}
