//! A tenant's trust anchors. An operator reaches into a tenant only by break-glass, so that every command needs a reason;
//! anchors that speak for several tenants are those of the operator's own organisation.

use super::{
    Outcome,
    api::{Api, escaped},
    key::Within,
    print,
};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// What to do with trust anchors.
#[derive(Debug, Subcommand)]
pub(super) enum Anchor {
    /// Lay down an authority, with one rule; further ones with `change --rules`.
    Add(Add),
    /// Put an anchor's rules, from a file of JSON, in place of those before.
    Change {
        /// Its id.
        anchor: String,
        /// A file with `name`, `rules` and `lists`, as `show --json` prints them.
        #[arg(long)]
        rules: PathBuf,
        #[command(flatten)]
        within: Within,
    },
    /// List anchors.
    List {
        #[command(flatten)]
        within: Within,
    },
    /// Show an anchor.
    Show {
        /// Its id.
        anchor: String,
        #[command(flatten)]
        within: Within,
    },
    /// Take an anchor away: nobody vouches for its certificates any more.
    Remove {
        /// Its id.
        anchor: String,
        #[command(flatten)]
        within: Within,
    },
    /// Take a client certificate back.
    Revoke {
        /// The anchor's id.
        anchor: String,
        /// The certificate's serial number or SHA-256 fingerprint, in hexadecimal.
        mark: String,
        /// Why.
        #[arg(long, default_value = "")]
        note: String,
        #[command(flatten)]
        within: Within,
    },
    /// Give a client certificate back that was taken back by hand.
    Restore {
        /// The anchor's id.
        anchor: String,
        /// The certificate's serial number or SHA-256 fingerprint, in hexadecimal.
        mark: String,
        #[command(flatten)]
        within: Within,
    },
    /// Lay down the authority's list of what it took back (CRL).
    PutList {
        /// The anchor's id.
        anchor: String,
        /// A PEM file.
        list: PathBuf,
        #[command(flatten)]
        within: Within,
    },
    /// Say what each anchor makes of a client certificate.
    Test {
        /// A PEM file: the certificate, then those between it and its authority.
        certificate: PathBuf,
        #[command(flatten)]
        within: Within,
    },
}

/// An authority, and whom its certificates are for.
#[derive(Debug, Args)]
pub(super) struct Add {
    /// A PEM file with the authority's certificate.
    certificate: PathBuf,
    /// What it is called; what the authority calls itself if nothing is said.
    #[arg(long)]
    name: Option<String>,
    /// What must stand in a certificate, such as subject.o=Contoso or san.dns=*.kiosks.example; may be given several times.
    #[arg(long = "when", value_name = "NAME=TEXT", required = true)]
    when: Vec<String>,
    /// What in it names the caller.
    #[arg(long, default_value = "subject.cn")]
    identity: String,
    /// device or workload.
    #[arg(long, default_value = "device")]
    machine: String,
    /// What it is good for; may be given several times.
    #[arg(long)]
    scope: Vec<String>,
    /// For which tenant, by id or slug; only at anchors of the operator's own organisation.
    #[arg(long, conflicts_with = "at_from")]
    at: Option<String>,
    /// What in it is a tenant's id or slug; only there.
    #[arg(long)]
    at_from: Option<String>,
    /// Where the authority publishes its list of what it took back.
    #[arg(long)]
    list_url: Option<String>,
    /// For how long a list is fresh, in seconds.
    #[arg(long, default_value_t = 24 * 3_600)]
    list_fresh_seconds: u64,
    /// What holds while none is fresh: refuse or allow.
    #[arg(long, default_value = "refuse")]
    list_when_stale: String,
    #[command(flatten)]
    within: Within,
}

impl Add {
    fn body(&self) -> Result<Value, String> {
        let mut when = Map::new();
        for pair in &self.when {
            let (name, text) =
                pair.split_once('=').ok_or(format!("`{pair}` says nothing; write it as NAME=TEXT"))?;
            when.insert(name.to_owned(), text.into());
        }
        let lists = self.list_url.as_ref().map(|url| {
            json!({ "url": url, "fresh_seconds": self.list_fresh_seconds, "when_stale": self.list_when_stale })
        });
        let rule = json!({
            "when": when, "identity": self.identity, "machine": self.machine, "scopes": self.scope,
            "tenant": self.at, "tenant_from": self.at_from,
        });
        let certificate = read(&self.certificate)?;
        Ok(json!({ "name": self.name, "certificate": certificate, "rules": [rule], "lists": lists }))
    }
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn of(within: &Within, anchor: &str, rest: &str) -> String {
    within.path(&format!("anchors/{}{rest}", escaped(anchor)))
}

impl Anchor {
    pub(super) async fn run(self, api: &Api) -> Outcome {
        match self {
            Anchor::Add(add) => {
                let (body, within) = (add.body()?, &add.within);
                print::one(api, &api.inside(within.reason()).post(&within.path("anchors"), body).await?)
            }
            Anchor::Change { anchor, rules, within } => {
                let shown: Value = serde_json::from_str(&read(&rules)?).map_err(|error| error.to_string())?;
                let body = json!({ "name": shown["name"], "rules": shown["rules"], "lists": shown["lists"] });
                print::one(api, &api.inside(within.reason()).put(&of(&within, &anchor, ""), body).await?)
            }
            Anchor::List { within } => {
                let answer = api.inside(within.reason()).get(&within.path("anchors")).await?;
                print::list(api, &answer, &["id", "name", "authority", "ends_at", "revoked", "list_fault"])
            }
            Anchor::Show { anchor, within } => {
                print::one(api, &api.inside(within.reason()).get(&of(&within, &anchor, "")).await?)
            }
            Anchor::Remove { anchor, within } => {
                let answer = api.inside(within.reason()).delete(&of(&within, &anchor, "")).await?;
                print::done(api, &answer, "The anchor is removed.")
            }
            Anchor::Revoke { anchor, mark, note, within } => {
                let path = of(&within, &anchor, "/revocations");
                let body = json!({ "mark": mark, "note": note });
                print::one(api, &api.inside(within.reason()).post(&path, body).await?)
            }
            Anchor::Restore { anchor, mark, within } => {
                let path = of(&within, &anchor, "/revocations/remove");
                let answer = api.inside(within.reason()).post(&path, json!({ "mark": mark })).await?;
                print::done(api, &answer, "The certificate is given back.")
            }
            Anchor::PutList { anchor, list, within } => {
                let body = json!({ "list": read(&list)? });
                print::one(api, &api.inside(within.reason()).put(&of(&within, &anchor, "/list"), body).await?)
            }
            Anchor::Test { certificate, within } => {
                let body = json!({ "certificate": read(&certificate)? });
                let answer = api.inside(within.reason()).post(&within.path("anchors/test"), body).await?;
                print::list(api, &answer, &["anchor", "name", "vouches", "how"])
            }
        }
    }
}
