//! What a SAML provider publishes of itself. It is kept, so that nobody who signs in waits for it, and so that a
//! provider that is away can still be believed.

use super::{Kind, Provider, ProviderError, Source, rows};
use crate::Identity;
use access::{ManageConnection, Permit};
use domain::{Change, Event, Moment, ProviderId, TenantId, event::names};
use outbound::Call;
use protocol::saml::{MOST_METADATA, ProviderMetadata};
use serde_json::{Value, json};
use store::{Row, StoreError};

/// Metadata, and how the last look at it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// What was read.
    pub metadata: ProviderMetadata,
    /// Where it is fetched from; empty where somebody pasted it.
    pub url: String,
    /// When it was read.
    pub read_at: Moment,
    /// When it is fetched next; never for what was pasted.
    pub due_at: Moment,
    /// How often in a row it could not be fetched.
    pub failures: i64,
    /// Why it could not be; empty where it could.
    pub fault: String,
}

impl Published {
    pub(super) fn of(row: &Row) -> Result<Option<Self>, StoreError> {
        let Some(metadata) = read(&row.text("metadata")?)? else { return Ok(None) };
        Ok(Some(Published {
            metadata,
            url: row.text("metadata_url")?,
            read_at: row.moment("metadata_at")?,
            due_at: row.moment("metadata_due_at")?,
            failures: row.int("metadata_failures")?,
            fault: row.text("metadata_fault")?,
        }))
    }

    /// As one with whom another tenant shares its provider sees it.
    pub(super) fn of_another(text: &str) -> Result<Option<Self>, StoreError> {
        let of = |metadata| Published {
            metadata,
            url: String::new(),
            read_at: Moment::NEVER,
            due_at: Moment::NEVER,
            failures: 0,
            fault: String::new(),
        };
        Ok(read(text)?.map(of))
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string(&self.metadata).expect("metadata is plain data")
    }

    /// For the audit trail: what decides whom is believed.
    pub(super) fn facts(&self) -> Value {
        let marks: Vec<String> = self.metadata.certificates.iter().map(|one| one.fingerprint()).collect();
        json!({ "metadata_url": self.url, "sign_in": self.metadata.sign_in.as_str(), "certificates": marks, "fault": self.fault })
    }
}

/// Metadata as it is kept; none for providers of which nothing is.
pub(crate) fn read(text: &str) -> Result<Option<ProviderMetadata>, StoreError> {
    let unreadable =
        |why: serde_json::Error| StoreError::Unreadable { column: "metadata".into(), why: why.to_string() };
    if text.is_empty() { Ok(None) } else { serde_json::from_str(text).map(Some).map_err(unreadable) }
}

/// Fetches or reads metadata; of several providers' that of `wanted`.
pub(super) async fn learn(
    room: &Identity,
    tenant: TenantId,
    source: &Source,
    wanted: Option<&str>,
) -> Result<Published, ProviderError> {
    let now = room.now();
    let (text, url) = match source {
        Source::Issuer(_) => return Err(ProviderError::OtherKind),
        Source::Metadata(text) => (text.clone().into_bytes(), String::new()),
        Source::MetadataUrl(url) => (fetch(room, tenant, url.trim()).await?, url.trim().to_owned()),
    };
    let metadata = ProviderMetadata::parse(&text, wanted, room.transport(), now)?;
    let next = now + room.settings.provider_memory;
    let due_at = if url.is_empty() { Moment::NEVER } else { next };
    Ok(Published { metadata, url, read_at: now, due_at, failures: 0, fault: String::new() })
}

async fn fetch(room: &Identity, tenant: TenantId, url: &str) -> Result<Vec<u8>, ProviderError> {
    let address = room.outbound.admit(url)?;
    let call =
        Call::get(address).for_tenant(tenant).within(room.settings.provider_patience).at_most(MOST_METADATA);
    let answer = room.outbound.send(call).await?;
    match answer.status.as_u16() {
        200 => Ok(answer.body.to_vec()),
        status => Err(crate::sign_in::DiscoverError::Status { status, what: "metadata" }.into()),
    }
}

/// Replaces the metadata of one of the tenant's own providers, by an address or a text, or fetches it anew where
/// nothing is given. It must be the same entity's.
///
/// # Errors
/// [`ProviderError::Saml`] and its like; then everything stays as it was.
pub async fn replace(
    room: &Identity,
    permit: &Permit<ManageConnection>,
    id: ProviderId,
    source: Option<Source>,
) -> Result<Provider, ProviderError> {
    let known = room.store.read(permit, async |tx| rows::find(tx, id).await).await?;
    let known = known.ok_or(ProviderError::Unknown)?;
    let old = known.published.filter(|_| known.kind == Kind::Saml).ok_or(ProviderError::OtherKind)?;
    let source = source.unwrap_or_else(|| Source::MetadataUrl(old.url.clone()));
    let new = learn(room, permit.tenant_id(), &source, Some(&known.issuer)).await?;
    room.in_turn(permit, async |tx| {
        rows::put_published(tx, id, &new).await?;
        tx.changed(Change::new(id, old.facts(), new.facts()));
        tx.emit(Event::new(names::CONNECTION_CHANGED, id)).await?;
        rows::find(tx, id).await?.ok_or(ProviderError::Unknown)
    })
    .await
}
