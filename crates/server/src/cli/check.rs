//! Checks that ask what runs.

use super::{
    Outcome,
    api::{Api, escaped},
    print,
};
use clap::Subcommand;
use serde_json::{Value, json};

/// What to check.
#[derive(Debug, Subcommand)]
pub(super) enum Check {
    /// Ask backends for something without a context: one that answers can be reached around the gateway.
    Exposure {
        /// A deployment's id; all of them if it is left out.
        #[arg(long)]
        deployment: Option<String>,
    },
}

const DEPLOYMENTS: &str = "/v1/platform/deployments";

impl Check {
    pub(super) async fn run(self, api: &Api) -> Outcome {
        let Check::Exposure { deployment } = self;
        let ids = match deployment {
            Some(id) => vec![id],
            None => ids(&api.get(DEPLOYMENTS).await?),
        };
        let mut all = Vec::new();
        for id in ids {
            let asked = api.post(&format!("{DEPLOYMENTS}/{}/exposure", escaped(&id)), json!({})).await?;
            all.extend(asked["items"].as_array().cloned().unwrap_or_default());
        }
        let open: Vec<_> = all.iter().filter(|one| one["exposed"] == true).map(address).collect();
        let silent: Vec<_> = all.iter().filter(|one| one["exposed"].is_null()).map(address).collect();
        if api.json() {
            print::json(&json!({ "items": all }))?;
        } else if !silent.is_empty() {
            say!("Not reached from the node, or not to be asked: {}", silent.join(", "));
        }
        match open.is_empty() {
            true => print::done(api, &Value::Null, "No backend that was reached answers without a context."),
            false => Err(format!(
                "these backends answer without a context, so that whoever reaches them comes around the gateway: {}. \
                 Let them check it (readers/), or keep everybody else from them",
                open.join(", ")
            )),
        }
    }
}

fn ids(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().into_iter().flatten();
    items.filter_map(|one| one["id"].as_str().map(str::to_owned)).collect()
}

fn address(one: &Value) -> String {
    one["address"].as_str().unwrap_or_default().to_owned()
}
