//! A tenant's own domains. An operator reaches into a tenant only by break-glass, so that every command needs a
//! reason.

use super::{
    Outcome,
    api::{Api, escaped},
    key::Within,
    print,
};
use clap::Subcommand;
use serde_json::{Value, json};
use std::path::PathBuf;

/// What to do with a tenant's own domains.
#[derive(Debug, Subcommand)]
pub(super) enum Domain {
    /// Claim a domain; prints what proves it.
    Claim {
        /// The name.
        host: String,
        /// For the addresses of its people alone: where it leads is left as it is.
        #[arg(long)]
        people: bool,
        #[command(flatten)]
        within: Within,
    },
    /// Look for the proof of a domain now.
    Check {
        /// The name.
        host: String,
        #[command(flatten)]
        within: Within,
    },
    /// List domains and how their proof stands.
    List {
        #[command(flatten)]
        within: Within,
    },
    /// Lay down the certificate that is shown for a domain, in place of the one before.
    Certificate {
        /// The name.
        host: String,
        /// The PEM file with the chain, the domain's own certificate first.
        #[arg(long)]
        chain: PathBuf,
        /// The PEM file with the key. It is sealed, and shown to nobody.
        #[arg(long)]
        key: PathBuf,
        #[command(flatten)]
        within: Within,
    },
    /// Lead the people of a proved domain to a connection.
    Bind {
        /// The domain.
        host: String,
        /// The connection's id.
        #[arg(long)]
        connection: String,
        /// They may come by no other; sessions by others end.
        #[arg(long)]
        only: bool,
        #[command(flatten)]
        within: Within,
    },
    /// Let the people of a domain come by any connection again.
    Unbind {
        /// The domain.
        host: String,
        #[command(flatten)]
        within: Within,
    },
    /// Give a domain back; it rests before others may have it.
    Remove {
        /// The name.
        host: String,
        #[command(flatten)]
        within: Within,
    },
}

impl Domain {
    pub(super) async fn run(self, api: &Api) -> Outcome {
        match self {
            Domain::Claim { host, people, within } => {
                let body = json!({ "host": host, "for": if people { "people" } else { "requests" } });
                print::one(api, &api.inside(within.reason()).post(&within.path("domains"), body).await?)
            }
            Domain::Check { host, within } => {
                let path = within.path(&format!("domains/{}/check", escaped(&host)));
                print::one(api, &api.inside(within.reason()).post(&path, json!({})).await?)
            }
            Domain::List { within } => {
                let mut answer = api.inside(within.reason()).get(&within.path("domains")).await?;
                if !api.json() {
                    answer["items"].as_array_mut().into_iter().flatten().for_each(lay_flat);
                }
                let columns = [
                    "host",
                    "for",
                    "standing",
                    "proof",
                    "missing",
                    "due_at",
                    "certificate",
                    "ends_at",
                    "refused",
                ];
                print::list(api, &answer, &columns)
            }
            Domain::Certificate { host, chain, key, within } => {
                let read = |file: &PathBuf| {
                    std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
                };
                let body = json!({ "chain": read(&chain)?, "key": read(&key)? });
                let path = within.path(&format!("domains/{}/certificate", escaped(&host)));
                print::one(api, &api.inside(within.reason()).put(&path, body).await?)
            }
            Domain::Bind { host, connection, only, within } => {
                let path = within.path(&format!("sign-in-domains/{}", escaped(&host)));
                let body = json!({ "connection": connection, "only": only });
                print::one(api, &api.inside(within.reason()).put(&path, body).await?)
            }
            Domain::Unbind { host, within } => {
                let path = within.path(&format!("sign-in-domains/{}", escaped(&host)));
                let answer = api.inside(within.reason()).delete(&path).await?;
                print::done(api, &answer, "Its people may come by any connection again.")
            }
            Domain::Remove { host, within } => {
                let path = within.path(&format!("domains/{}", escaped(&host)));
                print::one(api, &api.inside(within.reason()).delete(&path).await?)
            }
        }
    }
}

/// A table has no room for a thing within a thing.
fn lay_flat(domain: &mut Value) {
    let certificate = domain["certificate"].take();
    domain["certificate"] = certificate["standing"].clone();
    domain["ends_at"] = certificate["ends_at"].clone();
    domain["refused"] = certificate["why"].clone();
}
