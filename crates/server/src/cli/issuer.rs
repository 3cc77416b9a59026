//! Issuers of bearer tokens: whom the gateway believes, about which tenants, and why a token is believed or not.

use super::{
    Outcome,
    api::{Api, escaped},
    print,
};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

const PATH: &str = "/v1/platform/issuers";

/// What to do with issuers of bearer tokens.
#[derive(Debug, Subcommand)]
pub(super) enum Issuer {
    /// Register an issuer.
    Add(Rules),
    /// Put an issuer's rules in place of those before.
    Change {
        /// Its id.
        issuer: String,
        #[command(flatten)]
        rules: Rules,
    },
    /// List issuers.
    List,
    /// Show an issuer, with how its keys stand on the node that answers.
    Show {
        /// Its id.
        issuer: String,
    },
    /// Remove an issuer. Its tokens are believed no more.
    Remove {
        /// Its id.
        issuer: String,
    },
    /// Assign a user whom the issuer only names to a tenant.
    Assign(Place),
    /// Take a user off a tenant.
    Unassign(Place),
    /// Say step by step what becomes of a token; fails if it is not believed.
    Test {
        /// The token.
        token: String,
    },
}

/// What is asked of an issuer's tokens.
#[derive(Debug, Args)]
pub(super) struct Rules {
    /// Its name, letter for letter as `iss` has it.
    url: String,
    /// One of these must be in `aud`; may be given several times.
    #[arg(long = "audience", required = true)]
    audiences: Vec<String>,
    /// The claim that names the tenant, by id, slug or alias.
    #[arg(long, conflicts_with = "user_claim", required_unless_present = "user_claim")]
    tenant_claim: Option<String>,
    /// The claim that names the user, who is assigned to tenants here; `email` counts only where it is verified.
    #[arg(long)]
    user_claim: Option<String>,
    /// A tenant that it may speak for, by id or slug; may be given several times.
    #[arg(long = "tenant", required_unless_present = "all_tenants", conflicts_with = "all_tenants")]
    tenants: Vec<String>,
    /// It may speak for every tenant.
    #[arg(long)]
    all_tenants: bool,
    /// A name that it has for a tenant; may be given several times.
    #[arg(long = "alias", value_name = "NAME=TENANT")]
    aliases: Vec<String>,
    /// What its tokens may be signed with: RS256, PS256, ES256, EdDSA; all of these if nothing is said.
    #[arg(long = "algorithm")]
    algorithms: Vec<String>,
    /// What the header's `typ` must be, such as at+jwt.
    #[arg(long)]
    typ: Option<String>,
    /// Where its keys lie, if it publishes no metadata.
    #[arg(long)]
    jwks_uri: Option<String>,
    /// The claim that holds the scopes.
    #[arg(long, default_value = "scope")]
    scope_claim: String,
    /// Whom its tokens are about: workload or user.
    #[arg(long, default_value = "workload")]
    caller: String,
}

/// A user whom an issuer names, and a tenant.
#[derive(Debug, Args)]
pub(super) struct Place {
    /// The issuer's id.
    issuer: String,
    /// The user, as the issuer's claim has it.
    user: String,
    /// The tenant's id or slug.
    tenant: String,
}

impl Rules {
    fn body(self) -> Result<Value, String> {
        let mut aliases = Map::new();
        for pair in &self.aliases {
            let (name, tenant) =
                pair.split_once('=').ok_or(format!("`{pair}` is no alias; write it as NAME=TENANT"))?;
            aliases.insert(name.to_owned(), tenant.into());
        }
        let mut body = json!({
            "issuer": self.url, "audiences": self.audiences, "tenant_claim": self.tenant_claim,
            "user_claim": self.user_claim, "tenants": self.tenants, "all_tenants": self.all_tenants,
            "aliases": aliases, "typ": self.typ, "jwks_uri": self.jwks_uri, "scope_claim": self.scope_claim,
            "caller": self.caller,
        });
        if !self.algorithms.is_empty() {
            body["algorithms"] = json!(self.algorithms);
        }
        Ok(body)
    }
}

impl Place {
    async fn put(self, api: &Api, rest: &str, done: &str) -> Outcome {
        let path = format!("{PATH}/{}/users{rest}", escaped(&self.issuer));
        let body = json!({ "user": self.user, "tenant": self.tenant });
        print::done(api, &api.post(&path, body).await?, done)
    }
}

impl Issuer {
    pub(super) async fn run(self, api: &Api) -> Outcome {
        let of = |id: &str| format!("{PATH}/{}", escaped(id));
        match self {
            Issuer::Add(rules) => print::one(api, &api.post(PATH, rules.body()?).await?),
            Issuer::Change { issuer, rules } => print::one(api, &api.put(&of(&issuer), rules.body()?).await?),
            Issuer::List => {
                let columns = ["id", "issuer", "tenant_claim", "user_claim", "keys", "keys_failure"];
                print::list(api, &api.get(PATH).await?, &columns)
            }
            Issuer::Show { issuer } => print::one(api, &api.get(&of(&issuer)).await?),
            Issuer::Remove { issuer } => {
                print::done(api, &api.delete(&of(&issuer)).await?, "The issuer is removed.")
            }
            Issuer::Assign(place) => place.put(api, "", "The user is at that tenant.").await,
            Issuer::Unassign(place) => place.put(api, "/remove", "The user is off that tenant.").await,
            Issuer::Test { token } => test(api, &token).await,
        }
    }
}

async fn test(api: &Api, token: &str) -> Outcome {
    let answer = api.post("/v1/platform/token-test", json!({ "token": token })).await?;
    if api.json() {
        print::json(&answer)?;
    } else {
        for step in answer["steps"].as_array().into_iter().flatten() {
            let text = |name: &str| step[name].as_str().unwrap_or_default().to_owned();
            say!(
                "{:7} {}: {}",
                if step["passed"] == true { "passed" } else { "stopped" },
                text("step"),
                text("how")
            );
        }
    }
    if answer["believed"] == true { Ok(()) } else { Err("the token is not believed".to_owned()) }
}
