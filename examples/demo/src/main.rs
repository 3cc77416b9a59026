//! `cargo demo` shows Partywall at work; `cargo demo --script` walks the same story without a browser.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use demo::ground::Ground;
use demo::guide::guide;
use demo::partywall::Binary;
use demo::setup::set_up;
use demo::stage::Stage;
use demo::story::Story;
use demo::walk::walk;

/// Brings up Partywall with a sample application and two organisations, each with an identity provider of its own.
#[derive(Parser)]
struct Flags {
    /// Walk the story without a browser, say what each step proved, and fail if one did not.
    #[arg(long)]
    script: bool,
    /// The first of the eleven ports that the demonstration takes on 127.0.0.1.
    #[arg(long, default_value_t = 8080, value_parser = clap::value_parser!(u16).range(1024..=65_000))]
    port_base: u16,
    /// Leave the data where it is at the end, and say where.
    #[arg(long)]
    keep: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    let folder = match tempfile::Builder::new().prefix("partywall-demo-").tempdir() {
        Ok(folder) => folder,
        Err(error) => return failed(&format!("no folder for the data: {error}")),
    };
    let code = show(&flags, folder.path().to_owned()).await;
    if flags.keep {
        println!("The data is in {}", folder.keep().display());
    }
    code
}

async fn show(flags: &Flags, folder: PathBuf) -> ExitCode {
    println!("Building Partywall, if it is not built yet …");
    let binary = match Binary::find().await {
        Ok(binary) => binary,
        Err(error) => return failed(&error.to_string()),
    };
    println!("Starting {} and setting the stage …", binary.path().display());
    let stage = match set_up(binary, folder.clone(), Ground::from(flags.port_base)).await {
        Ok(stage) => stage,
        Err(error) => return stuck(&error.to_string(), &folder),
    };
    if flags.script { script(stage).await } else { wait(stage).await }
}

async fn script(mut stage: Stage) -> ExitCode {
    let mut story = Story::aloud();
    walk(&mut story, &mut stage).await;
    let all_proved = story.end();
    stage.node.stop().await;
    if all_proved { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Stays until somebody has seen enough, or the node ends by itself.
async fn wait(mut stage: Stage) -> ExitCode {
    println!("{}", guide(&stage));
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => {
            stage.node.stop().await;
            code(interrupted)
        }
        ended = stage.node.ended() => match ended {
            Ok(status) => failed(&format!("Partywall ended by itself: {status}")),
            Err(error) => failed(&error.to_string()),
        },
    }
}

fn code(interrupted: io::Result<()>) -> ExitCode {
    match interrupted {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&format!("Ctrl-C cannot be heard: {error}")),
    }
}

fn stuck(words: &str, folder: &Path) -> ExitCode {
    let log = std::fs::read_to_string(folder.join("partywall").join("partywall.log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    let last = lines[lines.len().saturating_sub(20)..].join("\n");
    failed(&format!("the stage could not be set: {words}\nThe end of Partywall's log:\n{last}"))
}

fn failed(words: &str) -> ExitCode {
    eprintln!("demo: {words}");
    ExitCode::FAILURE
}
