//! Background jobs: how they stand, and what to do about those that are dead.

use super::{
    Outcome,
    api::{Api, escaped},
    print,
    tenant::query,
};
use clap::{Args, Subcommand};
use serde_json::json;

/// Which jobs to list, or what to do with one.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Jobs {
    #[command(flatten)]
    list: List,
    #[command(subcommand)]
    act: Option<Act>,
}

#[derive(Debug, Args)]
struct List {
    /// Only those that were tried too often; nobody tries them any more.
    #[arg(long)]
    dead: bool,
    /// Only this tenant's, by its id.
    #[arg(long)]
    tenant: Option<String>,
    /// Go on after the last one seen.
    #[arg(long)]
    after: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Let dead jobs be tried again, as often as fresh ones.
    Retry {
        /// Their ids.
        #[arg(required = true)]
        jobs: Vec<String>,
    },
    /// Drop dead jobs: their work is never done.
    Drop {
        /// Their ids.
        #[arg(required = true)]
        jobs: Vec<String>,
    },
}

const COLUMNS: [&str; 7] = ["id", "tenant", "kind", "standing", "tries", "run_at", "failure"];

impl Jobs {
    pub(super) async fn run(self, api: &Api) -> Outcome {
        let of = |job: &str| format!("/v1/platform/jobs/{}", escaped(job));
        match self.act {
            None => {
                let standing = self.list.dead.then(|| "dead".to_owned());
                let given =
                    [("standing", standing), ("tenant", self.list.tenant), ("after", self.list.after)];
                let answer = api.get(&format!("/v1/platform/jobs{}", query(&given))).await?;
                print::list(api, &answer, &COLUMNS)
            }
            Some(Act::Retry { jobs }) => {
                for job in jobs {
                    let answer = api.post(&format!("{}/retry", of(&job)), json!({})).await?;
                    print::done(api, &answer, &format!("{job} is tried again."))?;
                }
                Ok(())
            }
            Some(Act::Drop { jobs }) => {
                for job in jobs {
                    print::done(api, &api.delete(&of(&job)).await?, &format!("{job} is dropped."))?;
                }
                Ok(())
            }
        }
    }
}
