//! A tenant's API keys and subscribers, what keys may be good for, and the search for keys that leaked. An operator
//! reaches into a tenant only by break-glass, so that every command about its keys needs a reason.

use super::{
    Outcome,
    api::{Api, escaped},
    print,
};
use clap::{Args, Subcommand};
use domain::api_key;
use serde_json::{Value, json};
use std::path::PathBuf;

const DAY: u64 = 24 * 60 * 60;

/// Whose keys, and why an operator looks at them.
#[derive(Debug, Args)]
pub(super) struct Within {
    /// The tenant's id.
    #[arg(long)]
    tenant: String,
    /// Why; stands in the tenant's audit trail and in the operator's.
    #[arg(long)]
    reason: String,
}

impl Within {
    pub(super) fn reason(&self) -> &str {
        &self.reason
    }

    pub(super) fn path(&self, rest: &str) -> String {
        format!("/v1/tenants/{}/{rest}", escaped(&self.tenant))
    }

    fn key(&self, key: &str) -> String {
        self.path(&format!("keys/{}", escaped(key)))
    }
}

/// What to do with API keys.
#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Make a key; it is printed once. Nobody can choose its value.
    Create {
        /// What it is for.
        name: String,
        /// Whose: a subscriber's id.
        #[arg(long)]
        subscriber: String,
        /// random or signed.
        #[arg(long, default_value = "random")]
        kind: String,
        /// What it is good for; may be given several times.
        #[arg(long)]
        scope: Vec<String>,
        /// A network that it may be used from, such as 10.1.0.0/16; may be given several times.
        #[arg(long)]
        network: Vec<String>,
        /// How long it lives, in seconds; as long as is usual if nothing is said.
        #[arg(long)]
        life_seconds: Option<u64>,
        #[command(flatten)]
        within: Within,
    },
    /// List keys, those that have ended included.
    List {
        #[command(flatten)]
        within: Within,
    },
    /// Make a new key in place of one, which works on for a while.
    Rotate {
        /// Its id.
        key: String,
        /// For how long the old one works on, in seconds.
        #[arg(long, default_value_t = DAY)]
        overlap_seconds: u64,
        #[command(flatten)]
        within: Within,
    },
    /// Take a key back, at once.
    Revoke {
        /// Its id.
        key: String,
        #[command(flatten)]
        within: Within,
    },
    /// Add a subscriber that keys can be made for.
    AddSubscriber {
        /// Its name.
        name: String,
        /// The e-mail address of whoever looks after it.
        #[arg(long)]
        contact: String,
        #[command(flatten)]
        within: Within,
    },
    /// List subscribers.
    Subscribers {
        #[command(flatten)]
        within: Within,
    },
    /// Show what each subscriber used, by its keys and the tokens that they were exchanged for.
    Usage {
        /// For the last so many hours, at most 744.
        #[arg(long, default_value_t = 24)]
        hours: u32,
        #[command(flatten)]
        within: Within,
    },
    /// Say what keys may be good for, in place of what was said before; without any, print it.
    Scopes {
        /// The scopes.
        scope: Vec<String>,
    },
    /// Make a new secret for signed keys. Those under the one before are believed for a while longer.
    RollSecret {
        /// For how long, in seconds.
        #[arg(long)]
        overlap_seconds: u64,
    },
    /// Search files for keys that leaked; needs no node. Fails if it finds one.
    Scan(Scan),
}

impl Key {
    pub(super) async fn run(self, api: &Api) -> Outcome {
        match self {
            Key::Create { name, subscriber, kind, scope, network, life_seconds, within } => {
                let body = json!({
                    "name": name, "subscriber": subscriber, "kind": kind, "scopes": scope, "networks": network,
                    "life_seconds": life_seconds,
                });
                print::one(api, &api.inside(&within.reason).post(&within.path("keys"), body).await?)
            }
            Key::List { within } => {
                let answer = api.inside(&within.reason).get(&within.path("keys?limit=200")).await?;
                let columns = ["id", "name", "subscriber_name", "kind", "standing", "used_at", "ends_at"];
                print::list(api, &answer, &columns)
            }
            Key::Rotate { key, overlap_seconds, within } => {
                let path = format!("{}/rotate", within.key(&key));
                let body = json!({ "overlap_seconds": overlap_seconds });
                print::one(api, &api.inside(&within.reason).post(&path, body).await?)
            }
            Key::Revoke { key, within } => {
                print::one(api, &api.inside(&within.reason).delete(&within.key(&key)).await?)
            }
            Key::AddSubscriber { name, contact, within } => {
                let body = json!({ "name": name, "contact": contact });
                print::one(api, &api.inside(&within.reason).post(&within.path("subscribers"), body).await?)
            }
            Key::Subscribers { within } => {
                let answer = api.inside(&within.reason).get(&within.path("subscribers?limit=200")).await?;
                print::list(api, &answer, &["id", "name", "contact", "created_at"])
            }
            Key::Usage { hours, within } => {
                let path = within.path(&format!("subscribers/usage?limit=200&hours={hours}"));
                let answer = api.inside(&within.reason).get(&path).await?;
                let columns =
                    ["subscriber", "name", "requests", "errors", "bytes_in", "bytes_out", "upstream_ms"];
                print::list(api, &answer, &columns)
            }
            Key::Scopes { scope } if scope.is_empty() => print::json(&api.get("/v1/platform/scopes").await?),
            Key::Scopes { scope } => {
                let scopes: Vec<Value> = scope.iter().map(|name| json!({ "name": name })).collect();
                print::json(&api.put("/v1/platform/scopes", json!({ "scopes": scopes })).await?)
            }
            Key::RollSecret { overlap_seconds } => {
                let body = json!({ "overlap_seconds": overlap_seconds });
                print::one(api, &api.post("/v1/platform/key-secret/roll", body).await?)
            }
            Key::Scan(scan) => scan.run(api.json()),
        }
    }
}

/// Files to search.
#[derive(Clone, Debug, Args)]
pub(super) struct Scan {
    /// The files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

impl Scan {
    pub(super) fn run(&self, as_json: bool) -> Outcome {
        let mut found = Vec::new();
        for file in &self.files {
            let bytes = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
            for key in api_key::find(&bytes) {
                let line = 1 + bytes[..key.at].iter().filter(|byte| **byte == b'\n').count();
                let begins = String::from_utf8_lossy(&bytes[key.at..key.at + 8]).into_owned();
                let file = file.display().to_string();
                found.push(json!({ "file": file, "line": line, "kind": key.kind.name(), "begins": begins }));
            }
        }
        if as_json {
            print::json(&json!({ "pattern": api_key::PATTERN, "found": found }))?;
        } else {
            for key in &found {
                let text = |name: &str| key[name].as_str().unwrap_or_default().to_owned();
                say!("{}:{}: a {} key, {}…", text("file"), key["line"], text("kind"), text("begins"));
            }
        }
        match found.len() {
            0 => Ok(()),
            many => Err(format!("{many} found: revoke each with `partywall key revoke`, then remove it")),
        }
    }
}
