//! A tenant's connections. An operator reaches into a tenant only by break-glass, so that every command
//! here needs a reason, which the tenant's admins can read.

use super::{
    Outcome,
    api::{Api, escaped},
    print,
    tenant::given,
};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// Whose connections, and why an operator looks at them.
#[derive(Debug, Args)]
pub(super) struct Within {
    /// The tenant's id.
    #[arg(long)]
    tenant: String,
    /// Why; stands in the tenant's audit trail and in the operator's.
    #[arg(long)]
    reason: String,
}

/// What to do with a tenant's connections.
#[derive(Debug, Subcommand)]
pub(super) enum Connection {
    /// List connections.
    List {
        #[command(flatten)]
        within: Within,
    },
    /// Show a connection.
    Show {
        /// Its id.
        connection: String,
        #[command(flatten)]
        within: Within,
    },
    /// List what is known of vendors: issuers, scopes, and what to do there.
    Presets {
        #[command(flatten)]
        within: Within,
    },
    /// Create a connection as a draft; prints the redirect URI, or of SAML the assertion consumer, to register.
    Create {
        /// The issuer of an OpenID provider.
        #[arg(long)]
        issuer: Option<String>,
        /// As whom we are registered there.
        #[arg(long)]
        client_id: Option<String>,
        /// Where the metadata of a SAML provider is fetched.
        #[arg(long, conflicts_with = "issuer")]
        metadata_url: Option<String>,
        /// A file with the metadata of a SAML provider.
        #[arg(long, conflicts_with_all = ["issuer", "metadata_url"])]
        metadata: Option<PathBuf>,
        /// Our secret there; left out for a public client.
        #[arg(long)]
        client_secret: Option<String>,
        /// How the secret is shown: automatic, client_secret_basic or client_secret_post.
        #[arg(long)]
        client_authentication: Option<String>,
        /// Its name for people.
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        within: Within,
    },
    /// Change a connection; what is left out stays.
    Change {
        /// Its id.
        connection: String,
        /// Another client id.
        #[arg(long)]
        client_id: Option<String>,
        /// Another secret.
        #[arg(long)]
        client_secret: Option<String>,
        /// How the secret is shown: automatic, client_secret_basic or client_secret_post.
        #[arg(long)]
        client_authentication: Option<String>,
        /// Another name.
        #[arg(long)]
        name: Option<String>,
        /// Of SAML: whether requests are signed even where the provider does not ask for it.
        #[arg(long)]
        sign_requests: Option<bool>,
        /// Of SAML: whether a sign-in may begin at the provider.
        #[arg(long)]
        idp_initiated: Option<bool>,
        #[command(flatten)]
        within: Within,
    },
    /// Take a tested draft into use.
    Activate {
        /// Its id.
        connection: String,
        #[command(flatten)]
        within: Within,
    },
    /// Take a connection out of use; sessions by it end.
    SwitchOff {
        /// Its id.
        connection: String,
        #[command(flatten)]
        within: Within,
    },
    /// Take a connection into use again.
    SwitchOn {
        /// Its id.
        connection: String,
        #[command(flatten)]
        within: Within,
    },
    /// Show the claim rules of a connection, set them, or try them.
    Rules {
        /// Its id.
        connection: String,
        /// A JSON file with the list of rules: set these, or with --try see what they would do.
        #[arg(long)]
        file: Option<PathBuf>,
        /// Explain what the rules do, and change nothing.
        #[arg(long = "try")]
        tries: bool,
        /// A JSON file with claims to try them on; those of the last test sign-in if nothing is said.
        #[arg(long, requires = "tries")]
        claims: Option<PathBuf>,
        #[command(flatten)]
        within: Within,
    },
    /// Remove a connection that is out of use.
    Remove {
        /// Its id.
        connection: String,
        #[command(flatten)]
        within: Within,
    },
}

impl Connection {
    pub(super) async fn run(self, api: &Api) -> Outcome {
        match self {
            Connection::List { within } => {
                let answer = api.inside(&within.reason).get(&within.path("")).await?;
                print::list(api, &answer, &["id", "name", "standing", "issuer", "client_id", "client_secret"])
            }
            Connection::Show { connection, within } => {
                print::one(api, &api.inside(&within.reason).get(&within.path(&of(&connection))).await?)
            }
            Connection::Presets { within } => {
                let path = format!("/v1/tenants/{}/connection-presets", escaped(&within.tenant));
                let answer = api.inside(&within.reason).get(&path).await?;
                print::list(api, &answer, &["name", "title", "kind", "issuer", "scopes"])
            }
            Connection::Create {
                issuer,
                client_id,
                metadata_url,
                metadata,
                client_secret,
                client_authentication,
                name,
                within,
            } => {
                let body = given(&[
                    ("name", name),
                    ("issuer", issuer),
                    ("client_id", client_id),
                    ("metadata_url", metadata_url),
                    ("metadata", metadata.map(text_of).transpose()?),
                    ("client_secret", client_secret),
                    ("client_authentication", client_authentication),
                ]);
                print::one(
                    api,
                    &api.inside(&within.reason).post(&within.path(""), Value::Object(body)).await?,
                )
            }
            Connection::Change {
                connection,
                client_id,
                client_secret,
                client_authentication,
                name,
                sign_requests,
                idp_initiated,
                within,
            } => {
                let mut body = given(&[
                    ("client_id", client_id),
                    ("client_secret", client_secret),
                    ("client_authentication", client_authentication),
                    ("name", name),
                ]);
                body.extend(sign_requests.map(|on| ("sign_requests".to_owned(), on.into())));
                body.extend(idp_initiated.map(|on| ("idp_initiated".to_owned(), on.into())));
                let path = within.path(&of(&connection));
                print::one(api, &api.inside(&within.reason).patch(&path, Value::Object(body)).await?)
            }
            Connection::Activate { connection, within } => {
                act(api, &within, &connection, "activate", json!({})).await
            }
            Connection::SwitchOff { connection, within } => {
                act(api, &within, &connection, "switch-off", json!({ "confirm": true })).await
            }
            Connection::SwitchOn { connection, within } => {
                act(api, &within, &connection, "switch-on", json!({})).await
            }
            Connection::Rules { connection, file, tries, claims, within } => {
                let path = within.path(&format!("{}/claim-rules", of(&connection)));
                let (file, claims) = (file.map(document).transpose()?, claims.map(document).transpose()?);
                let api = &api.inside(&within.reason);
                match (tries, file) {
                    (true, rules) => {
                        let mut body = Map::new();
                        body.extend(rules.map(|rules| ("rules".to_owned(), rules)));
                        body.extend(claims.map(|claims| ("claims".to_owned(), claims)));
                        print::json(&api.post(&format!("{path}/try"), Value::Object(body)).await?)
                    }
                    (false, Some(rules)) => print::json(&api.put(&path, json!({ "rules": rules })).await?),
                    (false, None) => print::json(&api.get(&path).await?),
                }
            }
            Connection::Remove { connection, within } => {
                let answer = api.inside(&within.reason).delete(&within.path(&of(&connection))).await?;
                print::done(api, &answer, "The connection is gone, and its secret with it.")
            }
        }
    }
}

impl Within {
    fn path(&self, rest: &str) -> String {
        format!("/v1/tenants/{}/connections{rest}", escaped(&self.tenant))
    }
}

fn document(path: PathBuf) -> Result<Value, String> {
    let shown = path.display().to_string();
    serde_json::from_str(&text_of(path)?).map_err(|error| format!("{shown}: {error}"))
}

fn text_of(path: PathBuf) -> Result<String, String> {
    std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
}

fn of(connection: &str) -> String {
    format!("/{}", escaped(connection))
}

async fn act(api: &Api, within: &Within, connection: &str, act: &str, body: Value) -> Outcome {
    let path = within.path(&format!("{}/{act}", of(connection)));
    print::one(api, &api.inside(&within.reason).post(&path, body).await?)
}
