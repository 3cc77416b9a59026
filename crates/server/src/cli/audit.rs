//! The audit trail: read it, take it away, verify it.

use super::{
    Outcome,
    api::{Api, escaped},
    offline, print,
    tenant::query,
};
use crate::config::Config;
use access::{Origin, SequenceAudit};
use clap::{Args, Subcommand};
use domain::{RequestId, TenantId};
use serde_json::json;
use std::{
    fs::File,
    io::{BufReader, Write},
    path::{Path, PathBuf},
};
use store::audit::{KeptHeads, Known, Report, read_keys, verify_bundle};

/// What to do with the audit trail.
#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// List lines of the operator's own trail, or of a tenant's for a reason.
    List(List),
    /// Write a tenant's whole trail into a file that can be verified elsewhere.
    Export(Export),
    /// Print the last signed checkpoint of every trail, as JSON lines for keeping elsewhere.
    Heads,
    /// Verify a trail: an exported file, or a tenant's in the database of this installation.
    Verify(Verify),
}

/// Which lines.
#[derive(Debug, Args)]
pub(super) struct List {
    /// A tenant's trail, by its id; needs a reason.
    #[arg(long, requires = "reason")]
    tenant: Option<String>,
    /// Why; stands in the tenant's audit trail and in the operator's.
    #[arg(long)]
    reason: Option<String>,
    /// Only this action.
    #[arg(long)]
    action: Option<String>,
    /// Go on after the last one seen.
    #[arg(long)]
    after: Option<String>,
}

/// What to export.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// The tenant's id.
    #[arg(long)]
    tenant: String,
    /// Why; stands in the tenant's audit trail and in the operator's.
    #[arg(long)]
    reason: String,
    /// The file; standard output if left out.
    #[arg(long)]
    to: Option<PathBuf>,
}

/// What to verify.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// An exported file, or a tenant's id.
    what: String,
    /// A file of heads that was kept elsewhere (`audit heads`); fails if the trail has not passed through each of
    /// those that are its own.
    #[arg(long, value_name = "FILE")]
    head: Option<PathBuf>,
    /// A file with the public keys that heads must be signed under, kept elsewhere too: an export, whose beginning holds
    /// them.
    #[arg(long, value_name = "FILE", requires = "head")]
    key: Option<PathBuf>,
}

const COLUMNS: [&str; 6] = ["at", "actor", "action", "target", "outcome", "reason"];

impl Audit {
    pub(super) async fn run(self, api: &Api) -> Outcome {
        match self {
            Audit::List(list) => list.run(api).await,
            Audit::Export(export) => export.run(api).await,
            Audit::Heads => heads(api).await,
            Audit::Verify(_) => unreachable!("verifying needs no node"),
        }
    }
}

impl List {
    async fn run(self, api: &Api) -> Outcome {
        let asked = query(&[("action", self.action), ("after", self.after)]);
        let answer = match (&self.tenant, &self.reason) {
            (Some(tenant), Some(reason)) => {
                api.inside(reason).get(&format!("/v1/tenants/{}/audit{asked}", escaped(tenant))).await?
            }
            _ => api.get(&format!("/v1/platform/audit{asked}")).await?,
        };
        print::list(api, &answer, &COLUMNS)
    }
}

impl Export {
    async fn run(self, api: &Api) -> Outcome {
        let path = format!("/v1/tenants/{}/audit/export", escaped(&self.tenant));
        let bytes = api.inside(&self.reason).take(&path).await?;
        match &self.to {
            Some(file) => {
                std::fs::write(file, &bytes).map_err(|error| format!("{}: {error}", file.display()))
            }
            None => match std::io::stdout().write_all(&bytes) {
                Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.to_string()),
                _ => Ok(()),
            },
        }
    }
}

/// Prints every head, page by page.
async fn heads(api: &Api) -> Outcome {
    let mut after = None;
    loop {
        let asked = query(&[("limit", Some("200".to_owned())), ("after", after)]);
        let page = api.get(&format!("/v1/platform/audit/heads{asked}")).await?;
        page["items"].as_array().into_iter().flatten().for_each(|head| say!("{head}"));
        after = page["next"].as_str().map(str::to_owned);
        if after.is_none() {
            return Ok(());
        }
    }
}

impl Verify {
    /// Whether it can be done without configuration and database.
    pub(super) fn is_offline(&self) -> bool {
        self.what.parse::<TenantId>().is_err()
    }

    /// Verifies an exported file.
    pub(super) fn run_offline(&self, json: bool) -> Outcome {
        let file = File::open(&self.what).map_err(|error| format!("{}: {error}", self.what))?;
        let mut refused = None;
        let known = |tenant: &str| {
            self.kept(tenant).unwrap_or_else(|why| {
                refused = Some(why);
                Vec::new()
            })
        };
        let report =
            verify_bundle(BufReader::new(file), known).map_err(|error| format!("{}: {error}", self.what))?;
        if let Some(why) = refused {
            return Err(why);
        }
        say(&report, json)
    }

    /// Verifies a tenant's trail where it lies.
    pub(super) async fn run(&self, config: &Config, json: bool) -> Outcome {
        let tenant: TenantId = self.what.parse().map_err(|error| format!("{}: {error}", self.what))?;
        let store = offline::store(config).await?;
        let warden = offline::warden(&store);
        let request = RequestId::new(store.clock().now(), store.chance());
        let permit = warden.background::<SequenceAudit>(tenant, Origin { request });
        let known = self.kept(&tenant.to_string())?;
        let report = store.verify_audit_in_background(&permit, known).await;
        say(&report.map_err(|error| error.to_string())?, json)
    }

    /// The heads of this trail that were kept elsewhere; none where no file is named. Those that were made up or
    /// damaged say nothing, and must not accuse the trail.
    fn kept(&self, tenant: &str) -> Result<Vec<Known>, String> {
        let Some(path) = &self.head else { return Ok(Vec::new()) };
        let heads = KeptHeads::read(open(path)?).map_err(|error| format!("{}: {error}", path.display()))?;
        match &self.key {
            Some(file) => {
                let keys = read_keys(open(file)?).map_err(|error| format!("{}: {error}", file.display()))?;
                heads.check(tenant, &keys).map_err(|error| format!("{}: {error}", path.display()))?;
            }
            None => eprintln!("The signatures of the heads were not checked; --key says by which keys to."),
        }
        let own = heads.of(tenant);
        if own.is_empty() { Err(self.no_head()) } else { Ok(own) }
    }

    fn no_head(&self) -> String {
        let file = self.head.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
        format!("{file}: no head of this trail is in it, so that it says nothing about {}", self.what)
    }
}

fn open(path: &Path) -> Result<BufReader<File>, String> {
    File::open(path).map(BufReader::new).map_err(|error| format!("{}: {error}", path.display()))
}

fn say(report: &Report, json: bool) -> Outcome {
    let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    if json {
        let head = report.head.as_ref().map(|head| json!({ "size": head.size, "root": head.root }));
        print::json(&json!({
            "lines": report.lines,
            "checkpoints": report.checkpoints,
            "signers": report.signers,
            "head": head,
            "findings": findings,
        }))?;
    } else {
        say!("{} lines, {} checkpoints", report.lines, report.checkpoints);
        report.signers.iter().for_each(|signer| say!("signed by {signer}"));
        if let Some(head) = &report.head {
            say!("last good checkpoint: {} lines, root {}", head.size, head.root);
        }
        findings.iter().for_each(|finding| say!("  WRONG  {finding}"));
    }
    if report.is_sound() {
        return Ok(());
    }
    Err(format!("the trail was tampered with: {} findings", findings.len()))
}
