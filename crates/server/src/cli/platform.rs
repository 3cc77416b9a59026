//! The platform's own: deployments, routes, plans, roles, operator tokens.

use super::{
    Outcome,
    api::{Api, escaped},
    print,
    tenant::{given, invitation},
};
use clap::Subcommand;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Prints a fresh one-time link for the first operator.
pub(super) async fn bootstrap(api: &Api) -> Outcome {
    invitation(api, &api.post("/v1/platform/bootstrap", json!({})).await?, "operator")
}

/// What to do with deployments.
#[derive(Debug, Subcommand)]
pub(super) enum Deployment {
    /// List deployments.
    List,
    /// Create a deployment; prints its proof secret, once.
    Create {
        /// Its name for people.
        name: String,
        /// A backend, such as http://10.0.0.5:3000. May be given several times.
        #[arg(long = "upstream")]
        upstreams: Vec<String>,
        /// A JSON file that says how requests are shared among them.
        #[arg(long)]
        balancing: Option<PathBuf>,
        /// The region that it is in; none where every node asks it.
        #[arg(long)]
        region: Option<String>,
    },
    /// Change a deployment's name, its backends, or how requests are shared among them.
    Change {
        /// Its id.
        deployment: String,
        /// Another name.
        #[arg(long)]
        name: Option<String>,
        /// Its backends from now on.
        #[arg(long = "upstream")]
        upstreams: Vec<String>,
        /// A JSON file that says how requests are shared among them from now on.
        #[arg(long)]
        balancing: Option<PathBuf>,
        /// The region that it is in from now on; empty for none.
        #[arg(long)]
        region: Option<String>,
    },
    /// Show how a deployment's backends stand at the node that answers.
    Upstreams {
        /// Its id.
        deployment: String,
    },
    /// Prepare a new proof secret, and print it once; backends learn it before it is used.
    PrepareSecret {
        /// Its id.
        deployment: String,
    },
    /// Use the prepared proof secret from now on.
    UseSecret {
        /// Its id.
        deployment: String,
    },
}

const DEPLOYMENTS: &str = "/v1/platform/deployments";

impl Deployment {
    pub(super) async fn run(self, api: &Api) -> Outcome {
        let of = |id: &str| format!("{DEPLOYMENTS}/{}", escaped(id));
        match self {
            Deployment::List => print::list(api, &api.get(DEPLOYMENTS).await?, &["id", "name", "upstreams"]),
            Deployment::Create { name, upstreams, balancing, region } => {
                let balancing = balancing.as_deref().map(read).transpose()?.unwrap_or_else(|| json!({}));
                let body =
                    json!({ "name": name, "upstreams": upstreams, "balancing": balancing, "region": region });
                print::one(api, &api.post(DEPLOYMENTS, body).await?)
            }
            Deployment::Upstreams { deployment } => print::list(
                api,
                &api.get(&format!("{}/upstreams", of(&deployment))).await?,
                &["address", "state", "weight", "outstanding", "answered", "failed", "checked"],
            ),
            Deployment::Change { deployment, name, upstreams, balancing, region } => {
                let mut body = given(&[("name", name), ("region", region)]);
                if !upstreams.is_empty() {
                    body.insert("upstreams".into(), json!(upstreams));
                }
                if let Some(file) = balancing {
                    body.insert("balancing".into(), read(&file)?);
                }
                print::one(api, &api.patch(&of(&deployment), Value::Object(body)).await?)
            }
            Deployment::PrepareSecret { deployment } => {
                print::one(api, &api.post(&format!("{}/proof-secret", of(&deployment)), json!({})).await?)
            }
            Deployment::UseSecret { deployment } => {
                let answer =
                    api.post(&format!("{}/proof-secret/take-over", of(&deployment)), json!({})).await?;
                print::done(api, &answer, "The prepared secret is in use.")
            }
        }
    }
}

/// What to do with regions.
#[derive(Debug, Subcommand)]
pub(super) enum Region {
    /// List regions, and until when each is needed by tenants that moved away.
    List,
    /// Say where the nodes of a region listen.
    Put {
        /// Its name, as its nodes' home_region says it.
        name: String,
        /// The address of a node's public listener. May be given several times.
        #[arg(long = "gateway", required = true)]
        gateways: Vec<String>,
    },
    /// Take a region away, once nobody's name can lead there any more.
    Remove {
        /// Its name.
        name: String,
    },
}

impl Region {
    pub(super) async fn run(self, api: &Api) -> Outcome {
        let of = |name: &str| format!("/v1/platform/regions/{}", escaped(name));
        match self {
            Region::List => {
                let columns = ["name", "gateways", "needed_until"];
                print::list(api, &api.get("/v1/platform/regions").await?, &columns)
            }
            Region::Put { name, gateways } => {
                let answer = api.put(&of(&name), json!({ "gateways": gateways })).await?;
                print::done(api, &answer, "The region is known.")
            }
            Region::Remove { name } => {
                print::done(api, &api.delete(&of(&name)).await?, "The region is forgotten.")
            }
        }
    }
}

/// What to do with the gateway's routes.
#[derive(Debug, Subcommand)]
pub(super) enum Route {
    /// Show the routes.
    Show,
    /// Put the routes of a JSON file in place of those before. Refused whole if anything in it is wrong.
    Put {
        /// The file.
        file: PathBuf,
    },
    /// Forget the answers that gateways keep, on every node.
    Purge {
        /// Of this tenant only, by its id.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Say step by step why a request would be let through or not. Nothing is forwarded, counted or written.
    Test {
        /// Its method.
        #[arg(long, default_value = "GET")]
        method: String,
        /// Its whole address.
        #[arg(long)]
        url: String,
        /// A header field, such as "Accept: text/html". May be given several times. A credential among them says who asks;
        /// without one it is nobody.
        #[arg(long = "header", value_name = "NAME: VALUE")]
        headers: Vec<String>,
        /// Its body, for routes that look into bodies. Say its kind with --header "Content-Type: application/json".
        #[arg(long, default_value = "")]
        body: String,
        /// The client's IP address; this machine's own if it is left out.
        #[arg(long = "from", default_value = "")]
        address: String,
        /// A JSON file of routes to be tried; those in force if it is left out.
        #[arg(long)]
        routes: Option<PathBuf>,
    },
}

/// The JSON in a file.
fn read(file: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))
}

/// Prints what would become of a request, a line for each step.
fn told(api: &Api, verdict: &Value) -> Outcome {
    if api.json() {
        return print::json(verdict);
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for step in verdict["steps"].as_array().into_iter().flatten() {
        let mark = if step["passed"] == true { "passed " } else { "stopped" };
        say!("{mark}  {}: {}", text(&step["step"]), text(&step["how"]));
    }
    say!("{}", text(&verdict["verdict"]));
    Ok(())
}

impl Route {
    pub(super) async fn run(self, api: &Api) -> Outcome {
        match self {
            Route::Show => print::json(&api.get("/v1/platform/routes").await?),
            Route::Put { file } => {
                let put = api.put("/v1/platform/routes", read(&file)?).await?;
                print::done(api, &put, "The routes are live.")
            }
            Route::Purge { tenant } => {
                let purged = api.post("/v1/platform/kept-answers/purge", json!({ "tenant": tenant })).await?;
                print::done(api, &purged, "What was kept is forgotten.")
            }
            Route::Test { method, url, headers, body, address, routes } => {
                let pair = |field: &String| {
                    let (name, value) = field.split_once(':').unwrap_or((field, ""));
                    (name.trim().to_owned(), Value::from(value.trim()))
                };
                let headers: serde_json::Map<_, _> = headers.iter().map(pair).collect();
                let document = routes.as_deref().map(read).transpose()?;
                let sample = json!({ "method": method, "url": url, "headers": headers, "body": body, "address": address,
                                     "document": document });
                told(api, &api.post("/v1/platform/routes/test", sample).await?)
            }
        }
    }
}

/// What to do with plans.
#[derive(Debug, Subcommand)]
pub(super) enum Plan {
    /// List plans.
    List,
    /// Make a plan, or change one.
    Put {
        /// Its name.
        name: String,
        /// A bound, such as members=100. May be given several times.
        #[arg(long = "limit", value_name = "NAME=NUMBER")]
        limits: Vec<String>,
        /// Something that it switches on. May be given several times.
        #[arg(long = "entitlement")]
        entitlements: Vec<String>,
    },
}

impl Plan {
    pub(super) async fn run(self, api: &Api) -> Outcome {
        match self {
            Plan::List => print::list(
                api,
                &api.get("/v1/platform/plans").await?,
                &["id", "name", "limits", "entitlements"],
            ),
            Plan::Put { name, limits, entitlements } => {
                let limits =
                    limits.iter().map(|pair| limit(pair)).collect::<Result<serde_json::Map<_, _>, _>>()?;
                let body = json!({ "limits": limits, "entitlements": entitlements });
                print::one(api, &api.put(&format!("/v1/platform/plans/{}", escaped(&name)), body).await?)
            }
        }
    }
}

fn limit(pair: &str) -> Result<(String, Value), String> {
    let wrong = || format!("`{pair}` is no limit; write it as members=100");
    let (name, number) = pair.split_once('=').ok_or_else(wrong)?;
    Ok((name.to_owned(), number.parse::<u64>().map_err(|_| wrong())?.into()))
}

/// What to do with the application's roles.
#[derive(Debug, Subcommand)]
pub(super) enum Role {
    /// List the roles.
    List,
    /// Make a role known, or say something else about it.
    Put {
        /// Its name, as the backend gets it.
        name: String,
        /// Its name for people.
        #[arg(long)]
        title: String,
        /// What its holders may do.
        #[arg(long, default_value = "")]
        about: String,
    },
    /// Forget a role. Members keep what they hold until it is taken from them.
    Remove {
        /// Its name.
        name: String,
    },
}

impl Role {
    pub(super) async fn run(self, api: &Api) -> Outcome {
        let of = |name: &str| format!("/v1/platform/roles/{}", escaped(name));
        match self {
            Role::List => {
                print::list(api, &api.get("/v1/platform/roles").await?, &["name", "title", "about"])
            }
            Role::Put { name, title, about } => {
                let answer = api.put(&of(&name), json!({ "title": title, "about": about })).await?;
                print::done(api, &answer, "The role is known.")
            }
            Role::Remove { name } => {
                print::done(api, &api.delete(&of(&name)).await?, "The role is forgotten.")
            }
        }
    }
}

/// What to do with operator tokens.
#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// List the tokens; never their values.
    List,
    /// Make a token; prints its value, once.
    Create {
        /// What it is for.
        name: String,
        /// `read` or `manage`.
        #[arg(long, default_value = "read")]
        rights: String,
        /// For how many days, 90 at most.
        #[arg(long, default_value_t = 30)]
        days: u32,
    },
    /// End a token.
    End {
        /// Its id.
        token: String,
    },
}

impl Token {
    pub(super) async fn run(self, api: &Api) -> Outcome {
        match self {
            Token::List => {
                print::list(api, &api.get("/v1/platform/tokens").await?, &["id", "name", "rights", "ends_at"])
            }
            Token::Create { name, rights, days } => {
                let body = json!({ "name": name, "rights": rights, "days": days });
                print::one(api, &api.post("/v1/platform/tokens", body).await?)
            }
            Token::End { token } => {
                let path = format!("/v1/platform/tokens/{}", escaped(&token));
                print::done(api, &api.delete(&path).await?, "The token has ended.")
            }
        }
    }
}
