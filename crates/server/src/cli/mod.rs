//! The commands. All but `serve`, `migrate`, `backup`, `restore`, `doctor` and the printing of documents
//! speak to a running node's API, over its socket of mode 0600 or with an operator token.

/// Prints a line. Whoever reads no further, as `head` does, has what they wanted: the command ends without a word.
macro_rules! say {
    () => { say!("") };
    ($($words:tt)*) => { crate::cli::say_line(format_args!($($words)*)) };
}

mod anchor;
mod api;
mod application;
mod audit;
mod check;
mod connection;
mod doctor;
mod domain;
mod issuer;
mod jobs;
mod key;
mod offline;
mod platform;
mod print;
mod product;
mod serve;
mod tenant;

use crate::config::{Config, Flags};
use clap::{Args, Parser, Subcommand};
use std::{
    fmt,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

/// The multitenancy layer in front of your application.
#[derive(Debug, Parser)]
#[command(name = "partywall", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, Args)]
struct Common {
    /// The configuration file; partywall.toml in the working directory if it is there.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A setting, such as listen.public=127.0.0.1:8080. May be given several times; wins over file and environment.
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Answer in JSON.
    #[arg(long, global = true)]
    json: bool,
    /// Speak to the API at this address instead of the socket; needs PARTYWALL_TOKEN.
    #[arg(long, global = true, value_name = "URL")]
    api: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a node.
    Serve(serve::Serve),
    /// Bring the database's schema to this release's version.
    Migrate,
    /// Find out what is wrong with an installation.
    Doctor(doctor::Doctor),
    /// Print a fresh one-time link for the first operator.
    Bootstrap,
    /// Tenants.
    #[command(subcommand)]
    Tenant(tenant::Tenant),
    /// A tenant's connections to identity providers.
    #[command(subcommand)]
    Connection(connection::Connection),
    /// Sets of backends.
    #[command(subcommand)]
    Deployment(platform::Deployment),
    /// The gateway's routes.
    #[command(subcommand)]
    Route(platform::Route),
    /// Plans.
    #[command(subcommand)]
    Plan(platform::Plan),
    /// Checks that ask what runs.
    #[command(subcommand)]
    Check(check::Check),
    /// Regions, and where their nodes listen.
    #[command(subcommand)]
    Region(platform::Region),
    /// The application's roles.
    #[command(subcommand)]
    Role(platform::Role),
    /// Applications that people sign in to and that receive our tokens.
    #[command(subcommand)]
    Application(application::Application),
    /// Authorities whose client certificates are believed.
    #[command(subcommand)]
    Anchor(anchor::Anchor),
    /// Issuers whose bearer tokens the gateway believes.
    #[command(subcommand)]
    Issuer(issuer::Issuer),
    /// Operator tokens.
    #[command(subcommand)]
    Token(platform::Token),
    /// A tenant's API keys, what they may be good for, and the search for those that leaked.
    #[command(subcommand)]
    Key(key::Key),
    /// API products, and what tenants have subscribed to.
    #[command(subcommand)]
    Product(product::Product),
    /// A tenant's own domains and their proof.
    #[command(subcommand)]
    Domain(domain::Domain),
    /// Background jobs: lists them, and with `retry` and `drop` looks after those that are dead.
    Jobs(jobs::Jobs),
    /// The audit trail.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Write everything but the master key into a directory.
    Backup(offline::Backup),
    /// Fill an empty database from a backup.
    Restore(offline::Restore),
    /// Print the OpenAPI description.
    Openapi,
    /// Print every route with its action: what the attack matrix is derived from.
    Routes,
    /// Print the settings.
    Config(print::Show),
}

/// What a command ends with: nothing to add, or words for the operator.
type Outcome = Result<(), String>;

fn say_line(words: fmt::Arguments<'_>) {
    if let Err(error) = writeln!(io::stdout(), "{words}") {
        std::process::exit(i32::from(error.kind() != io::ErrorKind::BrokenPipe));
    }
}

/// Runs the command that was asked for.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(words) => {
            eprintln!("partywall: {words}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: Cli) -> Outcome {
    let flags = Flags { file: cli.common.config.clone(), set: cli.common.set.clone() };
    // These need no configuration.
    match &cli.command {
        Command::Openapi => return print::openapi(),
        Command::Routes => return print::routes(),
        Command::Config(show) => return show.run(&flags),
        Command::Key(key::Key::Scan(scan)) => return scan.run(cli.common.json),
        _ => {}
    }
    if let Command::Audit(audit::Audit::Verify(verify)) = &cli.command
        && verify.is_offline()
    {
        return verify.run_offline(cli.common.json);
    }
    let config = Config::load(&flags).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let api = || api::Api::new(&config, cli.common.api.as_deref(), cli.common.json);
        match cli.command {
            Command::Serve(serve) => serve.run(config).await,
            Command::Migrate => offline::migrate(&config).await,
            Command::Doctor(doctor) => doctor.run(&config, cli.common.json).await,
            Command::Backup(backup) => backup.run(&config).await,
            Command::Restore(restore) => restore.run(&config).await,
            Command::Bootstrap => platform::bootstrap(&api()?).await,
            Command::Tenant(command) => command.run(&api()?).await,
            Command::Connection(command) => command.run(&api()?).await,
            Command::Deployment(command) => command.run(&api()?).await,
            Command::Route(command) => command.run(&api()?).await,
            Command::Plan(command) => command.run(&api()?).await,
            Command::Check(command) => command.run(&api()?).await,
            Command::Region(command) => command.run(&api()?).await,
            Command::Role(command) => command.run(&api()?).await,
            Command::Application(command) => command.run(&api()?).await,
            Command::Anchor(command) => command.run(&api()?).await,
            Command::Issuer(command) => command.run(&api()?).await,
            Command::Token(command) => command.run(&api()?).await,
            Command::Key(command) => command.run(&api()?).await,
            Command::Product(command) => command.run(&api()?).await,
            Command::Domain(command) => command.run(&api()?).await,
            Command::Jobs(jobs) => jobs.run(&api()?).await,
            Command::Audit(audit::Audit::Verify(verify)) => verify.run(&config, cli.common.json).await,
            Command::Audit(command) => command.run(&api()?).await,
            Command::Openapi | Command::Routes | Command::Config(_) => unreachable!("answered above"),
        }
    })
}
