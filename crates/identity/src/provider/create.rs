//! A provider is added: it is asked first, then it is written down.

use super::{Kind, MOST, Ownership, Provider, ProviderError, Published, published::learn, rows};
use crate::{Identity, sign_in::discover::Question};
use access::{ManageConnection, Permit};
use domain::{Change, DisplayName, Event, ProviderId, TenantId, event::names};
use protocol::{
    oauth2::Plain,
    oidc::{Issuer, ProviderError as Discovered},
};
use serde_json::{Value, json};
use store::{StoreError, TenantWrite};
use url::Url;

/// How a provider that is to be is found.
#[derive(Clone, Debug)]
pub enum Source {
    /// OpenID Connect, by its issuer.
    Issuer(String),
    /// SAML, by the address of its metadata.
    MetadataUrl(String),
    /// SAML, by its metadata itself.
    Metadata(String),
}

/// A provider that is to be, which has been asked.
#[derive(Clone, Debug)]
pub(crate) struct NewProvider {
    issuer: String,
    kind: Kind,
    name: DisplayName,
    published: Option<Published>,
}

/// Adds a provider of this tenant's own.
///
/// # Errors
/// [`ProviderError::Exists`] and its like.
pub async fn create(
    room: &Identity,
    permit: &Permit<ManageConnection>,
    source: &Source,
    name: Option<DisplayName>,
) -> Result<Provider, ProviderError> {
    let new = check(room, permit.tenant_id(), source, name).await?;
    room.in_turn(permit, async |tx| {
        if rows::by_issuer(tx, &new.issuer).await?.is_some() {
            return Err(ProviderError::Exists);
        }
        let id = add(tx, &new).await?;
        rows::find(tx, id).await?.ok_or(ProviderError::Unknown)
    })
    .await
}

/// Asks a provider whether it can be used at all: whether its address may be called, and whether what it publishes
/// makes sense.
pub(crate) async fn check(
    room: &Identity,
    tenant: TenantId,
    source: &Source,
    name: Option<DisplayName>,
) -> Result<NewProvider, ProviderError> {
    let Source::Issuer(issuer) = source else {
        let published = learn(room, tenant, source, None).await?;
        let name = named(name, &published.metadata.sign_in)?;
        let issuer = published.metadata.entity_id.clone();
        return Ok(NewProvider { issuer, kind: Kind::Saml, name, published: Some(published) });
    };
    let issuer = issuer.trim();
    if Plain::names(issuer) {
        return check_plain(room, issuer, name);
    }
    let url = room.outbound.admit(issuer)?;
    let transport = room.transport();
    let issuer = Issuer::parse(issuer, transport)?;
    let question = Question { issuer: &issuer, tenant, transport, patience: room.settings.provider_patience };
    question.ask(&room.outbound).await?;
    Ok(NewProvider {
        issuer: issuer.as_str().to_owned(),
        kind: Kind::Oidc,
        name: named(name, &url)?,
        published: None,
    })
}

/// A plain OAuth 2.0 provider publishes nothing that could be asked for; everywhere that it is asked must be an address
/// that may be called.
fn check_plain(
    room: &Identity,
    issuer: &str,
    name: Option<DisplayName>,
) -> Result<NewProvider, ProviderError> {
    let plain = Plain::parse(issuer, room.transport())?;
    for endpoint in plain.endpoints() {
        room.outbound.admit(endpoint.as_str())?;
    }
    Ok(NewProvider {
        issuer: plain.issuer(),
        kind: Kind::OAuth2,
        name: named(name, &plain.authorization)?,
        published: None,
    })
}

/// The host is a name that people know the provider by, until somebody gives it a better one.
fn named(name: Option<DisplayName>, url: &Url) -> Result<DisplayName, ProviderError> {
    let host = url.host_str().and_then(|host| host.chars().take(120).collect::<String>().parse().ok());
    name.or(host).ok_or(ProviderError::Issuer(Discovered::Metadata("the issuer's address has no host")))
}

/// The provider with this issuer, made if the tenant has none. Its turn has been taken.
pub(crate) async fn settle(tx: &mut TenantWrite, new: &NewProvider) -> Result<ProviderId, ProviderError> {
    match rows::by_issuer(tx, &new.issuer).await? {
        Some(provider) if provider.kind == new.kind() => Ok(provider.id),
        Some(_) => Err(ProviderError::Exists),
        None => add(tx, new).await,
    }
}

impl NewProvider {
    /// The issuer, letter for letter.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What it speaks.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Its name for people.
    pub(crate) fn name(&self) -> &DisplayName {
        &self.name
    }
}

async fn add(tx: &mut TenantWrite, new: &NewProvider) -> Result<ProviderId, ProviderError> {
    if rows::count(tx).await? >= MOST {
        return Err(ProviderError::TooMany);
    }
    let id: ProviderId = tx.new_id();
    rows::add(tx, id, &new.name, new.kind(), &new.issuer).await.map_err(taken_meanwhile)?;
    let mut after = json!({ "issuer": new.issuer, "name": new.name, "kind": new.kind().name() });
    if let Some(published) = &new.published {
        rows::put_published(tx, id, published).await?;
        after["published"] = published.facts();
    }
    tx.changed(Change::new(id, Value::Null, after));
    tx.emit(Event::new(names::CONNECTION_CHANGED, id)).await?;
    Ok(id)
}

/// The turn is taken before, so only a writer that does not take turns could be quicker.
fn taken_meanwhile(error: StoreError) -> ProviderError {
    match error {
        StoreError::Conflict(_) => ProviderError::Exists,
        other => ProviderError::Store(other),
    }
}

impl Provider {
    /// A provider of another tenant, as the one that it is shared with sees it.
    pub(super) fn of_another(shared: store::SharedProvider) -> Result<Self, StoreError> {
        let unreadable = |column: &str, why: domain::NameError| StoreError::Unreadable {
            column: column.to_owned(),
            why: why.to_string(),
        };
        Ok(Provider {
            id: shared.id,
            name: shared.name.parse().map_err(|why| unreadable("name", why))?,
            kind: shared.kind.parse().map_err(|why| unreadable("kind", why))?,
            issuer: shared.issuer,
            published: Published::of_another(&shared.metadata)?,
            ownership: Ownership::Shared,
        })
    }
}
