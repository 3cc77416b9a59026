//! Hosts that the town's organisations share.

use super::{Person, Town};
use demo::client::Ask;
use serde_json::json;

/// Shared by path: the tenant stands after `/t`.
pub(crate) const SHARED: &str = "app.partywall.localhost";
/// Shared by query: `tenant` names it.
pub(crate) const BY_QUERY: &str = "q.partywall.localhost";

impl Town {
    /// Contoso and Fabrikam share two hosts from now on, beside those of their own.
    pub(crate) async fn share_hosts(&self) {
        let routes = json!([
            { "name": "tenants", "host": "*.partywall.localhost" },
            { "name": "shared", "host": SHARED, "path": "/t", "map_by": ["path"] },
            { "name": "by-query", "host": BY_QUERY, "map_by": ["query"] },
        ]);
        let file = self.folder.path().join("routes.json");
        std::fs::write(&file, routes.to_string()).expect("the folder can be written");
        self.node.run(&["route", "put", file.to_str().expect("a plain path")]);
        let front = Ask::get(&self.at(SHARED, "/t/contoso/")).with("accept", "text/html");
        self.eventually(async || {
            let page = Person::stranger().browser.send(&front).await.ok()?;
            (page.status == 303).then_some(())
        })
        .await;
    }

    /// An address at one of the town's hosts.
    pub(crate) fn at(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.node.port)
    }
}
