//! Tenants, as their operator sees them.

use super::{
    Outcome,
    api::{Api, escaped},
    key::Within,
    print,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use clap::Subcommand;
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// What to do with tenants.
#[derive(Debug, Subcommand)]
pub(super) enum Tenant {
    /// List tenants.
    List {
        /// Only those whose slug or name begins so.
        #[arg(long)]
        search: Option<String>,
        /// Only those that stand so.
        #[arg(long)]
        standing: Option<String>,
        /// Go on after the last one seen.
        #[arg(long)]
        after: Option<String>,
    },
    /// Show a tenant.
    Show {
        /// Its id.
        tenant: String,
    },
    /// Create a tenant; prints the one-time link for its first admin.
    Create {
        /// The first label of its address.
        slug: String,
        /// Its name for people.
        #[arg(long)]
        name: String,
        /// The deployment that hosts it; the default one if left out.
        #[arg(long)]
        deployment: Option<String>,
        /// Its plan; the default one if left out.
        #[arg(long)]
        plan: Option<String>,
        /// Hide its sign-in page: to strangers the tenant then looks like no tenant at all.
        #[arg(long)]
        unpublished: bool,
    },
    /// Change a tenant's name, slug, plan or deployment.
    Change {
        /// Its id.
        tenant: String,
        /// Another name.
        #[arg(long)]
        name: Option<String>,
        /// Another slug; the old one rests before others may take it.
        #[arg(long)]
        slug: Option<String>,
        /// Another plan.
        #[arg(long)]
        plan: Option<String>,
        /// Another deployment.
        #[arg(long)]
        deployment: Option<String>,
    },
    /// Change how a tenant stands: active, read-only, maintenance, suspended and so on.
    Stand {
        /// Its id.
        tenant: String,
        /// How it stands from now on.
        standing: String,
        /// Why; stands in both audit trails.
        #[arg(long)]
        reason: String,
    },
    /// Show how a tenant's sign-in pages look, or change it. An empty text takes away.
    Brand {
        /// `#` and six hexadecimal digits, dark enough for white letters.
        #[arg(long)]
        colour: Option<String>,
        /// What the sign-in page says.
        #[arg(long)]
        greeting: Option<String>,
        /// Where somebody finds help who cannot sign in; begins with https:// or mailto:.
        #[arg(long)]
        help_link: Option<String>,
        /// Show the sign-in page even where there is only one way in.
        #[arg(long, value_name = "YES|NO", value_parser = clap::builder::BoolishValueParser::new())]
        always: Option<bool>,
        /// A PNG, JPEG or WebP of at most 40 KiB.
        #[arg(long, value_name = "FILE", conflicts_with = "no_logo")]
        logo: Option<PathBuf>,
        /// Take the logo away.
        #[arg(long)]
        no_logo: bool,
        #[command(flatten)]
        within: Within,
    },
    /// Put a tenant's application into maintenance, or end that.
    #[command(subcommand)]
    Maintenance(Maintenance),
    /// Make a new one-time link for a tenant that has no admin yet.
    Invite {
        /// Its id.
        tenant: String,
    },
    /// Give a tenant a hostname of its own.
    AddHostname {
        /// Its id.
        tenant: String,
        /// The hostname.
        hostname: String,
    },
    /// Take a hostname from a tenant; it rests before others may have it.
    RemoveHostname {
        /// Its id.
        tenant: String,
        /// The hostname.
        hostname: String,
    },
}

/// Maintenance, on or off.
#[derive(Debug, Subcommand)]
pub(super) enum Maintenance {
    /// Browsers get a page that comes back by itself, programs are told when to come back.
    On {
        /// How many minutes it takes at most.
        #[arg(long)]
        minutes: u64,
        /// In how many minutes it begins.
        #[arg(long, default_value_t = 0)]
        in_minutes: u64,
        #[command(flatten)]
        within: Within,
    },
    /// At once, before its time.
    Off {
        #[command(flatten)]
        within: Within,
    },
}

impl Maintenance {
    async fn run(self, api: &Api) -> Outcome {
        match self {
            Maintenance::On { minutes, in_minutes, within } => {
                let seconds = |minutes: u64| minutes.saturating_mul(60);
                let body = json!({ "begins_in_seconds": seconds(in_minutes), "seconds": seconds(minutes) });
                let answer = api.inside(within.reason()).put(&within.path("maintenance"), body).await?;
                print::done(api, &answer, "The application is in maintenance.")
            }
            Maintenance::Off { within } => {
                let answer = api.inside(within.reason()).delete(&within.path("maintenance")).await?;
                print::done(api, &answer, "The application is back.")
            }
        }
    }
}

const TENANTS: &str = "/v1/platform/tenants";

/// A picture as the API takes it.
fn picture(file: PathBuf) -> Result<String, String> {
    let bytes = std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(BASE64_STANDARD.encode(bytes))
}

impl Tenant {
    pub(super) async fn run(self, api: &Api) -> Outcome {
        match self {
            Tenant::List { search, standing, after } => {
                let path = format!(
                    "{TENANTS}{}",
                    query(&[("search", search), ("standing", standing), ("after", after)])
                );
                print::list(api, &api.get(&path).await?, &["id", "slug", "name", "standing", "deployment"])
            }
            Tenant::Show { tenant } => print::one(api, &api.get(&of(&tenant)).await?),
            Tenant::Brand { colour, greeting, help_link, always, logo, no_logo, within } => {
                let mut body = given(&[("colour", colour), ("greeting", greeting), ("help", help_link)]);
                body.extend(always.map(|always| ("always_shown".to_owned(), json!(always))));
                let picture = if no_logo { Some(String::new()) } else { logo.map(picture).transpose()? };
                body.extend(picture.map(|picture| ("logo".to_owned(), json!(picture))));
                let (api, path) = (api.inside(within.reason()), within.path("brand"));
                let answer = match body.is_empty() {
                    true => api.get(&path).await?,
                    false => api.patch(&path, Value::Object(body)).await?,
                };
                print::one(&api, &answer)
            }
            Tenant::Create { slug, name, deployment, plan, unpublished } => {
                let mut body = given(&[("deployment", deployment), ("plan", plan)]);
                body.insert("slug".into(), slug.into());
                body.insert("name".into(), name.into());
                body.insert("published".into(), (!unpublished).into());
                created(api, &api.post(TENANTS, Value::Object(body)).await?)
            }
            Tenant::Change { tenant, name, slug, plan, deployment } => {
                let body =
                    given(&[("name", name), ("slug", slug), ("plan", plan), ("deployment", deployment)]);
                print::one(api, &api.patch(&of(&tenant), Value::Object(body)).await?)
            }
            Tenant::Stand { tenant, standing, reason } => {
                let body = json!({ "standing": standing, "reason": reason });
                print::one(api, &api.put(&format!("{}/standing", of(&tenant)), body).await?)
            }
            Tenant::Maintenance(maintenance) => maintenance.run(api).await,
            Tenant::Invite { tenant } => {
                invitation(api, &api.post(&format!("{}/invitation", of(&tenant)), json!({})).await?, "admin")
            }
            Tenant::AddHostname { tenant, hostname } => print::done(
                api,
                &api.put(&host_of(&tenant, &hostname), json!({})).await?,
                "The hostname is the tenant's.",
            ),
            Tenant::RemoveHostname { tenant, hostname } => {
                print::done(api, &api.delete(&host_of(&tenant, &hostname)).await?, "The hostname rests.")
            }
        }
    }
}

fn of(tenant: &str) -> String {
    format!("{TENANTS}/{}", escaped(tenant))
}

fn host_of(tenant: &str, hostname: &str) -> String {
    format!("{}/hostnames/{}", of(tenant), escaped(hostname))
}

/// The members of a body that were given.
pub(super) fn given(pairs: &[(&str, Option<String>)]) -> Map<String, Value> {
    pairs.iter().filter_map(|(name, value)| Some(((*name).to_owned(), value.clone()?.into()))).collect()
}

/// The query of what was given.
pub(super) fn query(pairs: &[(&str, Option<String>)]) -> String {
    let given = pairs.iter().filter_map(|(name, value)| Some(format!("{name}={}", escaped(value.as_ref()?))));
    let given = given.collect::<Vec<_>>().join("&");
    if given.is_empty() { String::new() } else { format!("?{given}") }
}

fn created(api: &Api, answer: &Value) -> Outcome {
    if api.json() {
        return print::json(answer);
    }
    let mut facts = answer.clone();
    let link = facts.as_object_mut().and_then(|facts| facts.remove("invitation")).unwrap_or_default();
    print::facts(&facts);
    invitation(api, &link, "admin")
}

/// A one-time link, with what its holder needs.
pub(super) fn invitation(api: &Api, answer: &Value, first: &str) -> Outcome {
    if api.json() {
        return print::json(answer);
    }
    let text = |name: &str| answer[name].as_str().unwrap_or_default();
    say!("\nHand this link to whoever becomes the first {first}. It works once, until {}:\n", text("ends"));
    say!("  {}\n", text("link"));
    say!("At their identity provider they register this redirect URI:\n\n  {}", text("redirect_uri"));
    Ok(())
}
