//! What people type into the forms of a connection, read once. Everything that is wrong is said at once,
//! each at its field.

use super::{Changes, Choice, Client, NewConnection, SecretChange, parameters_of};
use crate::provider::{Kind, Source};
use domain::{NameError, RoleName};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};
use web::Problem;

/// The fields of a form, as they were sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Fields {
    pub(super) reservation: String,
    /// A provider's id, or empty for the one with `issuer`.
    pub(super) provider: String,
    pub(super) issuer: String,
    pub(super) name: String,
    pub(super) client_id: String,
    /// Never sent back to the page.
    pub(super) client_secret: String,
    /// Whether the secret is to be taken away.
    pub(super) forget_secret: String,
    pub(super) client_authentication: String,
    pub(super) scopes: String,
    /// One a line, `name=value`.
    pub(super) parameters: String,
    pub(super) default_roles: Vec<String>,
    /// `saml` for the forms of SAML connections.
    pub(super) kind: String,
    pub(super) metadata_url: String,
    pub(super) metadata: String,
    pub(super) sign_requests: String,
    pub(super) idp_initiated: String,
}

impl Fields {
    /// The fields of a connection as it is.
    pub(super) fn of(connection: &super::Connection) -> Self {
        let parameters = parameters_of(&connection.settings);
        let lines: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Fields {
            provider: connection.provider.to_string(),
            issuer: connection.issuer.clone(),
            name: connection.name.to_string(),
            client_id: connection.client_id.to_string(),
            client_authentication: connection.settings.client_authentication.to_string(),
            scopes: connection.settings.scopes.clone(),
            parameters: lines.join("\n"),
            default_roles: connection.settings.default_roles.iter().map(RoleName::to_string).collect(),
            kind: connection.kind.to_string(),
            sign_requests: tick(connection.settings.sign_requests),
            idp_initiated: tick(connection.settings.idp_initiated),
            ..Fields::default()
        }
    }

    /// What a new connection is to be.
    pub(super) fn read_new(&self) -> Result<NewConnection, Problem> {
        let mut wrong = Wrongs::default();
        if self.is_saml() {
            return self.read_new_saml();
        }
        let provider = match self.provider.as_str() {
            "" if self.issuer.trim().is_empty() => {
                wrong.say("issuer", "Give the issuer, or choose a provider.")
            }
            "" => Some(Choice::New(Source::Issuer(self.issuer.trim().to_owned()))),
            id => match id.parse() {
                Ok(id) => Some(Choice::Known(id)),
                Err(_) => wrong.say("provider", "Choose one of these."),
            },
        };
        let reservation = (!self.reservation.is_empty()).then(|| self.reservation.clone());
        let name = wrong.maybe("name", &self.name);
        let client_id = wrong.must("client_id", &self.client_id);
        let client_secret = wrong.maybe("client_secret", &self.client_secret);
        let client_authentication = wrong.maybe("client_authentication", &self.client_authentication);
        let scopes = wrong.must("scopes", &self.scopes);
        let parameters = wrong.parameters(&self.parameters);
        let default_roles = wrong.roles(&self.default_roles);
        match (provider, client_id, wrong.0) {
            (Some(provider), Some(client_id), None) => Ok(NewConnection {
                reservation,
                provider,
                name,
                client: Some(Client {
                    id: client_id,
                    secret: client_secret,
                    authentication: client_authentication,
                    scopes,
                    parameters,
                }),
                sign_requests: false,
                idp_initiated: false,
                default_roles,
            }),
            (_, _, wrong) => Err(wrong.unwrap_or_else(|| Problem::new("input.invalid"))),
        }
    }

    /// Whether this is the form of a SAML connection.
    pub(super) fn is_saml(&self) -> bool {
        self.kind == Kind::Saml.name()
    }

    fn read_new_saml(&self) -> Result<NewConnection, Problem> {
        let mut wrong = Wrongs::default();
        let given = (self.provider.as_str(), self.metadata_url.trim(), self.metadata.trim());
        let provider = match given {
            ("", "", "") => {
                wrong.say("metadata_url", "Give the address of the metadata, or the metadata itself.")
            }
            ("", url, "") => Some(Choice::New(Source::MetadataUrl(url.to_owned()))),
            ("", _, text) => Some(Choice::New(Source::Metadata(text.to_owned()))),
            (id, ..) => match id.parse() {
                Ok(id) => Some(Choice::Known(id)),
                Err(_) => wrong.say("provider", "Choose one of these."),
            },
        };
        let reservation = (!self.reservation.is_empty()).then(|| self.reservation.clone());
        let name = wrong.maybe("name", &self.name);
        let default_roles = wrong.roles(&self.default_roles);
        match (provider, wrong.0) {
            (Some(provider), None) => Ok(NewConnection {
                reservation,
                provider,
                name,
                client: None,
                sign_requests: !self.sign_requests.is_empty(),
                idp_initiated: !self.idp_initiated.is_empty(),
                default_roles,
            }),
            (_, wrong) => Err(wrong.unwrap_or_else(|| Problem::new("input.invalid"))),
        }
    }

    /// What is to be different about a connection. An empty secret means that it stays.
    pub(super) fn read_changes(&self) -> Result<Changes, Problem> {
        let mut wrong = Wrongs::default();
        if self.is_saml() {
            let changes = Changes {
                name: wrong.must("name", &self.name),
                default_roles: Some(wrong.roles(&self.default_roles)),
                sign_requests: Some(!self.sign_requests.is_empty()),
                idp_initiated: Some(!self.idp_initiated.is_empty()),
                ..Changes::default()
            };
            return wrong.0.map_or(Ok(changes), Err);
        }
        let secret = wrong.maybe("client_secret", &self.client_secret);
        let changes = Changes {
            name: wrong.must("name", &self.name),
            client_id: wrong.must("client_id", &self.client_id),
            client_secret: match secret {
                Some(secret) => SecretChange::Set(secret),
                None if !self.forget_secret.is_empty() => SecretChange::Clear,
                None => SecretChange::Keep,
            },
            client_authentication: wrong.maybe("client_authentication", &self.client_authentication),
            scopes: wrong.must("scopes", &self.scopes),
            parameters: Some(wrong.parameters(&self.parameters)),
            default_roles: Some(wrong.roles(&self.default_roles)),
            sign_requests: None,
            idp_initiated: None,
        };
        wrong.0.map_or(Ok(changes), Err)
    }
}

/// The value of a tick box.
fn tick(on: bool) -> String {
    if on { "on".to_owned() } else { String::new() }
}

/// What is wrong so far.
#[derive(Default)]
struct Wrongs(Option<Problem>);

impl Wrongs {
    fn say<T>(&mut self, field: &str, why: &str) -> Option<T> {
        let problem = self.0.take().unwrap_or_else(|| Problem::new("input.invalid"));
        self.0 = Some(problem.at(format!("/{field}"), why));
        None
    }

    fn must<T: FromStr<Err = NameError>>(&mut self, field: &str, text: &str) -> Option<T> {
        match text.parse() {
            Ok(value) => Some(value),
            Err(NameError(why)) => self.say(field, why),
        }
    }

    fn maybe<T: FromStr<Err = NameError>>(&mut self, field: &str, text: &str) -> Option<T> {
        if text.trim().is_empty() { None } else { self.must(field, text) }
    }

    fn parameters(&mut self, text: &str) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            match line.split_once('=') {
                Some((name, value)) => {
                    all.insert(name.trim().to_owned(), value.trim().to_owned());
                }
                None => {
                    self.say::<()>("parameters", "Write one a line, as name=value.");
                }
            }
        }
        all
    }

    fn roles(&mut self, names: &[String]) -> BTreeSet<RoleName> {
        names.iter().filter_map(|name| self.must("default_roles", name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointers(problem: &Problem) -> Vec<&str> {
        problem.errors().iter().map(|error| error.pointer.as_str()).collect()
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let fields = Fields { parameters: "domain_hint".into(), scopes: "a\"b".into(), ..Fields::default() };
        let problem = fields.read_new().expect_err("nothing is right");
        assert_eq!(pointers(&problem), ["/issuer", "/client_id", "/scopes", "/parameters"]);
    }

    #[test]
    fn a_secret_that_is_left_empty_stays() {
        let fields = Fields { name: "N".into(), client_id: "c".into(), ..Fields::default() };
        assert_eq!(fields.read_changes().unwrap().client_secret, SecretChange::Keep);
        let cleared = Fields { forget_secret: "on".into(), ..fields.clone() };
        assert_eq!(cleared.read_changes().unwrap().client_secret, SecretChange::Clear);
        let set = Fields { client_secret: "s".into(), ..cleared };
        assert_eq!(set.read_changes().unwrap().client_secret, SecretChange::Set("s".parse().unwrap()));
    }

    #[test]
    fn parameters_are_written_one_a_line() {
        let fields = Fields {
            issuer: "https://a.test".into(),
            client_id: "c".into(),
            parameters: "domain_hint = contoso.com\n\norganization=org_1=x".into(),
            ..Fields::default()
        };
        let parameters = fields.read_new().unwrap().client.unwrap().parameters;
        assert_eq!(parameters["domain_hint"], "contoso.com");
        assert_eq!(parameters["organization"], "org_1=x");
    }
}
