//! How long backends take, by tenant and by route (ledger I06).

use crate::{
    backend::{Backend, echo},
    house::{ACME, BETA, House},
    wire::get,
};
use std::time::Duration;

const SLOW: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_slow_backend_shows_in_the_times_of_its_tenant_and_of_no_other() {
    let backend = Backend::answering(|request| async move {
        if request.headers()["partywall-tenant-slug"] == "acme" {
            tokio::time::sleep(SLOW).await;
        }
        echo(request).await
    })
    .await;
    let house = House::with(backend, |_| {}).await;
    house.gateway.set_routes(r#"[{"name": "api", "host": "*.base.test"}]"#).unwrap();
    let (acme, beta) = (house.carol_at(ACME), house.carol_at(BETA));
    for _ in 0..4 {
        get("acme.base.test", "/x").with("cookie", &acme).at(house.address).await;
        get("beta.base.test", "/x").with("cookie", &beta).at(house.address).await;
    }
    let of = |tenant| house.gateway.meters().latency_of(tenant).unwrap();
    assert!(of(ACME).p50 >= SLOW, "{:?}", of(ACME));
    assert!(of(BETA).p95 < SLOW, "{:?}", of(BETA));
    // The route has both, and a route that is put anew goes on counting.
    house.gateway.set_routes(r#"[{"name": "api", "host": "*.base.test", "idle_seconds": 5}]"#).unwrap();
    let times = house.gateway.times();
    assert_eq!((times[0].route.as_str(), times[0].within[12]), ("api", 8));
    assert!(times[0].sum >= 4 * SLOW);
    house.gateway.set_routes(r#"[{"name": "other", "host": "*.base.test"}]"#).unwrap();
    assert_eq!(house.gateway.times()[0].within[12], 0);
}
