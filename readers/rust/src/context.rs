//! What a backend learns about a request.

use serde::{Deserialize, Serialize};

/// Who is asking, and in which tenant. Only a [`Reader`](crate::Reader) makes one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Context {
    /// The tenant the request belongs to. Key your data by its id.
    pub tenant: Tenant,
    /// The signed-in user; none for an anonymous request.
    pub user: Option<User>,
    /// The program that calls with an API key; none where a person or nobody does.
    pub subscriber: Option<Subscriber>,
    /// The caller by the bearer token of a registered issuer; none where it is somebody else.
    pub workload: Option<Workload>,
    /// The caller by a client certificate; none where it is somebody else.
    pub device: Option<Device>,
    /// What the user is in this tenant, sorted. Empty for an anonymous request.
    pub roles: Vec<String>,
    /// Tells two sessions of one user apart.
    pub session: Option<String>,
    /// The request's id in the gateway's log, for yours.
    pub request_id: Option<String>,
}

impl Context {
    /// Does the user have this role in this tenant?
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|held| held == role)
    }

    /// Is the API key, the bearer token or the certificate that was presented good for this? A person's session has no scopes.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes().iter().any(|held| held == scope)
    }

    /// What the API key, the bearer token or the certificate that was presented is good for.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        let of_key = self.subscriber.as_ref().map(|caller| caller.scopes.as_slice());
        let of_token = || self.workload.as_ref().map(|caller| caller.scopes.as_slice());
        let of_certificate = || self.device.as_ref().map(|caller| caller.scopes.as_slice());
        of_key.or_else(of_token).or_else(of_certificate).unwrap_or_default()
    }
}

/// An organisation that subscribes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// Never changes: `tnt_…`.
    pub id: String,
    /// The short name in addresses; it may change.
    pub slug: String,
    /// The name to show people.
    pub name: String,
}

/// A program or partner of the tenant that calls with an API key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscriber {
    /// Its id in this tenant: `sub_…`.
    pub id: String,
    /// Which of its keys: `apk_…`.
    pub key: String,
    /// What the key is good for, sorted.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// A caller by the bearer token of an issuer that the operator has registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workload {
    /// The issuer: `iss_…`.
    pub issuer: String,
    /// Its name for the caller.
    pub subject: String,
    /// Whether it speaks of a person, in whose name a program calls.
    pub person: bool,
    /// What the token is good for, sorted.
    pub scopes: Vec<String>,
}

/// A caller by a client certificate that the tenant's trust anchor vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The trust anchor: `anc_…`.
    pub anchor: String,
    /// What the certificate calls it.
    pub subject: String,
    /// Whether it is a program rather than a thing.
    pub workload: bool,
    /// SHA-256 of the certificate, in base64url.
    pub fingerprint: String,
    /// What it is good for, sorted.
    pub scopes: Vec<String>,
}

/// A person, as this tenant knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct User {
    /// The person's id, the same in every tenant: `usr_…`.
    pub id: String,
    /// The id of their membership in this tenant: `mbr_…`.
    pub member: Option<String>,
    /// The name this tenant's provider gave.
    pub name: Option<String>,
    /// The address this tenant's provider gave.
    pub email: Option<String>,
}

impl User {
    /// What to call this person on a page: the name, else the address, else the id.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.name.as_deref().or(self.email.as_deref()).unwrap_or(&self.id)
    }
}
