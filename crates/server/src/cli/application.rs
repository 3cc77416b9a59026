//! Applications that receive our tokens: binding one by what it publishes, return addresses, secrets.

use super::{
    Outcome,
    api::{Api, escaped},
    print,
};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use std::{
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

const PATH: &str = "/v1/platform/applications";

/// What to do with applications.
#[derive(Debug, Subcommand)]
pub(super) enum Application {
    /// Register an application. Its secret is printed once.
    Add {
        /// Its name for people.
        name: String,
        #[command(flatten)]
        said: Said,
    },
    /// Bind an application by the metadata that it publishes (RFC 7591).
    Bind {
        /// Where the metadata lies: an address, or a file.
        #[arg(long, value_name = "URL|FILE")]
        metadata: String,
        /// The application that it is about, if that is registered already.
        #[arg(long, value_name = "ID")]
        known: Option<String>,
        /// Write what the application must be told into this file, readable by its owner only.
        #[arg(long, value_name = "FILE")]
        env: Option<PathBuf>,
    },
    /// Change what is registered of an application: its return addresses, say.
    Change {
        /// Its id.
        application: String,
        /// Its name for people.
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        said: Said,
    },
    /// Give an application a new secret, which is printed once.
    Secret {
        /// Its id.
        application: String,
        /// For how many seconds the secret before goes on.
        #[arg(long, default_value_t = 24 * 3_600)]
        overlap: u64,
    },
    /// List applications.
    List,
    /// Show an application.
    Show {
        /// Its id.
        application: String,
    },
    /// Remove an application. Whatever it holds is good for nothing any more.
    Remove {
        /// Its id.
        application: String,
    },
}

/// What is said of an application; what is not said is the usual, or stays as it is.
#[derive(Debug, Args)]
pub(super) struct Said {
    /// Where codes may be sent, letter for letter; may be given several times.
    #[arg(long = "redirect", value_name = "URI")]
    redirects: Vec<String>,
    /// Where people may be sent after signing out; may be given several times.
    #[arg(long = "after-logout", value_name = "URI")]
    after_logout: Vec<String>,
    /// Its realm: the audience of tokens for its API.
    #[arg(long, value_name = "URI")]
    realm: Option<String>,
    /// What it may show for a token: authorization_code, refresh_token, client_credentials; may be given several times.
    #[arg(long = "grant")]
    grants: Vec<String>,
    /// How it proves itself: client_secret_basic, client_secret_post, private_key_jwt, self_signed_tls_client_auth, none.
    #[arg(long)]
    auth: Option<String>,
    /// A declared scope that it may ask for; may be given several times.
    #[arg(long = "scope")]
    scopes: Vec<String>,
    /// Whether every tenant has it, without its admin's consent.
    #[arg(long)]
    all_tenants: bool,
    /// web, native or service.
    #[arg(long)]
    kind: Option<String>,
    /// The product family that it belongs to.
    #[arg(long)]
    family: Option<String>,
    /// A file with its public keys, as a JWK set.
    #[arg(long, value_name = "FILE", conflicts_with = "jwks_uri")]
    jwks: Option<PathBuf>,
    /// Where its public keys lie.
    #[arg(long, value_name = "URL")]
    jwks_uri: Option<String>,
    /// SHA-256 of its certificate, in base64url.
    #[arg(long, value_name = "HASH")]
    thumbprint: Option<String>,
    /// Where it wants to be told that a session ended.
    #[arg(long, value_name = "URL")]
    backchannel_logout: Option<String>,
}

impl Said {
    fn body(self) -> Result<Map<String, Value>, String> {
        let mut body = Map::new();
        let mut put = |name: &str, value: Value| {
            let is_empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty) || value == "";
            if !is_empty {
                body.insert(name.to_owned(), value);
            }
        };
        put("redirect_uris", json!(self.redirects));
        put("post_logout_redirect_uris", json!(self.after_logout));
        put("resource", json!(self.realm));
        put("grant_types", json!(self.grants));
        put("token_endpoint_auth_method", json!(self.auth));
        put("scope", json!(self.scopes.join(" ")));
        put("application_type", json!(self.kind));
        put("family", json!(self.family));
        put("jwks_uri", json!(self.jwks_uri));
        put("tls_client_certificate_thumbprint", json!(self.thumbprint));
        put("backchannel_logout_uri", json!(self.backchannel_logout));
        if self.all_tenants {
            put("reach", json!("all"));
        }
        if let Some(file) = self.jwks {
            put("jwks", read(&file)?);
        }
        Ok(body)
    }
}

fn read(file: &Path) -> Result<Value, String> {
    let text = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", file.display()))
}

impl Application {
    pub(super) async fn run(self, api: &Api) -> Outcome {
        let of = |id: &str| format!("{PATH}/{}", escaped(id));
        match self {
            Application::Add { name, said } => {
                let mut body = said.body()?;
                body.insert("client_name".to_owned(), name.into());
                print::one(api, &api.post(PATH, Value::Object(body)).await?)
            }
            Application::Bind { metadata, known, env } => bind(api, &metadata, known, env.as_deref()).await,
            Application::Change { application, name, said } => {
                let mut body = said.body()?;
                body.extend(name.map(|name| ("client_name".to_owned(), name.into())));
                print::one(api, &api.patch(&of(&application), Value::Object(body)).await?)
            }
            Application::Secret { application, overlap } => {
                let path = format!("{}/secret", of(&application));
                print::one(api, &api.post(&path, json!({ "overlap_seconds": overlap })).await?)
            }
            Application::List => {
                let columns = ["client_id", "client_name", "token_endpoint_auth_method", "reach", "resource"];
                print::list(api, &api.get(PATH).await?, &columns)
            }
            Application::Show { application } => print::one(api, &api.get(&of(&application)).await?),
            Application::Remove { application } => {
                print::done(api, &api.delete(&of(&application)).await?, "The application is removed.")
            }
        }
    }
}

async fn bind(api: &Api, metadata: &str, known: Option<String>, env: Option<&Path>) -> Outcome {
    let mut body = match metadata.contains("://") {
        true => json!({ "metadata_url": metadata }),
        false => json!({ "metadata": read(Path::new(metadata))? }),
    };
    if let Some(known) = known {
        body["client_id"] = known.into();
    }
    let bound = api.post(&format!("{PATH}/bind"), body).await?;
    if let Some(file) = env {
        write(file, &bound).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    print::one(api, &bound)
}

/// What an application must be told, for its environment.
fn write(file: &Path, bound: &Value) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(file)?;
    let text = |name: &str| bound[name].as_str().unwrap_or_default().to_owned();
    for (name, value) in [
        ("OIDC_ISSUER", text("issuer")),
        ("OIDC_CLIENT_ID", text("client_id")),
        ("OIDC_CLIENT_SECRET", text("client_secret")),
    ] {
        if !value.is_empty() {
            writeln!(file, "{name}={value}")?;
        }
    }
    Ok(())
}
