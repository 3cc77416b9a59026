//! Programs that run on one processor each, and what they cost: read from `/proc` for the program and
//! everything that it started.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    process::{Child, Command},
    time::timeout,
};

/// The processor of whichever proxy is measured.
pub(crate) const PROXY: usize = 0;
/// The processor of what asks and of what answers behind the proxies.
pub(crate) const REST: usize = 1;

/// Linux counts processor time in hundredths of a second, whatever its own tick is.
const MICROS_PER_TICK: u64 = 10_000;

/// How long a program may take to end when it is asked to.
const END_WITHIN: Duration = Duration::from_secs(20);

/// A running program. It ends when this is dropped.
pub(crate) struct Pinned {
    name: &'static str,
    log: PathBuf,
    child: Child,
}

/// Processor time in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) user: u64,
    pub(crate) system: u64,
}

impl Cost {
    pub(crate) fn since(self, earlier: Cost) -> Cost {
        Cost {
            user: self.user.saturating_sub(earlier.user),
            system: self.system.saturating_sub(earlier.system),
        }
    }

    pub(crate) fn and(self, other: Cost) -> Cost {
        Cost { user: self.user + other.user, system: self.system + other.system }
    }

    pub(crate) fn whole(self) -> u64 {
        self.user + self.system
    }
}

impl Pinned {
    /// Starts a program on this processor; what it says goes into a file beside the others'.
    pub(crate) fn start(
        name: &'static str,
        processor: usize,
        program: &Path,
        arguments: &[&str],
        folder: &Path,
    ) -> Result<Self, String> {
        let words = |error: std::io::Error| format!("{name} could not be started: {error}");
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(folder.join(format!("{name}.log")))
            .map_err(words)?;
        let mut command = pinned(processor, program);
        command.args(arguments).env("TOKIO_WORKER_THREADS", "1");
        command.stdin(Stdio::null()).stdout(log.try_clone().map_err(words)?).stderr(log).kill_on_drop(true);
        let log = folder.join(format!("{name}.log"));
        Ok(Pinned { name, log, child: command.spawn().map_err(words)? })
    }

    /// The end of what it has said.
    pub(crate) fn said(&self) -> String {
        let said = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = said.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn end(mut self) -> Result<(), String> {
        let id = self.id()?.to_string();
        let asked = Command::new("kill").arg(id).status().await;
        asked.map_err(|error| format!("kill: {error}"))?;
        match timeout(END_WITHIN, self.child.wait()).await {
            Ok(_) => Ok(()),
            Err(_) => Err(format!("{} does not end", self.name)),
        }
    }

    /// Whether it is still there.
    pub(crate) fn check(&mut self) -> Result<(), String> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(format!("{} ended by itself: {status}", self.name)),
            Err(error) => Err(format!("{}: {error}", self.name)),
        }
    }

    /// What it has cost so far.
    pub(crate) fn cost(&self) -> Result<Cost, String> {
        let costs = self.family()?.into_iter().filter_map(cost_of);
        Ok(costs.fold(Cost::default(), Cost::and))
    }

    /// The memory that is its own, with its share of what it shares, in KiB.
    pub(crate) fn memory(&self) -> Result<u64, String> {
        Ok(self.family()?.into_iter().filter_map(memory_of).sum())
    }

    fn id(&self) -> Result<u32, String> {
        self.child.id().ok_or_else(|| format!("{} has ended", self.name))
    }

    fn family(&self) -> Result<Vec<u32>, String> {
        let mut family = vec![self.id()?];
        let parents = parents();
        let mut at = 0;
        while let Some(&parent) = family.get(at) {
            family.extend(parents.iter().filter(|(_, its)| **its == parent).map(|(child, _)| *child));
            at += 1;
        }
        Ok(family)
    }
}

/// Whether this program can be run.
pub(crate) fn is_there(program: &str) -> bool {
    std::process::Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A command that runs on this processor only.
pub(crate) fn pinned(processor: usize, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.arg("--cpu-list").arg(processor.to_string()).arg(program);
    command
}

/// The fields of `/proc/<id>/stat` after the name, which may hold anything.
fn stat(id: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    Some(text.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}

fn parents() -> HashMap<u32, u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter_map(|id: u32| Some((id, stat(id)?.get(1)?.parse().ok()?))).collect()
}

fn cost_of(id: u32) -> Option<Cost> {
    let stat = stat(id)?;
    let micros = |at: usize| Some(stat.get(at)?.parse::<u64>().ok()? * MICROS_PER_TICK);
    Some(Cost { user: micros(11)?, system: micros(12)? })
}

fn memory_of(id: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.split_whitespace().next()?.parse().ok()
}
