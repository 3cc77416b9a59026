//! Finds out what is wrong with an installation, and says what to do about it.
//!
//! It asks the machine, the certificate, the database, the node that runs here and the providers, each within a
//! bound, and changes nothing. A file looks at one of them.

mod certificate;
mod database;
mod domains;
mod finding;
mod machine;
mod names;
mod node;
mod providers;

use super::Outcome;
use crate::config::Config;
use clap::Args;
use std::time::Duration;

/// Look at configuration, files, certificate, names, database, keys, addresses and providers.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Ask no identity provider.
    #[arg(long)]
    no_providers: bool,
}

/// How long the database may take to answer at all.
const PATIENCE: Duration = Duration::from_secs(10);

impl Doctor {
    pub(super) async fn run(&self, config: &Config, json: bool) -> Outcome {
        let mut findings = machine::look(config);
        findings.extend(certificate::look(config));
        findings.extend(names::look(config).await);
        findings.extend(node::look(config).await);
        let (about_database, store) = database::look(config).await;
        findings.extend(about_database);
        if let Some(store) = store {
            findings.extend(domains::look(config, &store).await);
            if !self.no_providers {
                findings.extend(providers::look(config, &store).await);
            }
            store.engine().close().await;
        }
        finding::say(&findings, json)
    }
}
