//! Presets on the wire.

use super::{PRESETS, Preset};
use crate::Identity;
use access::ReadConnection;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use web::{Allow, Json, Listing, Routes};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .get("/v1/tenants/{tenant}/connection-presets", list_all)
        .says("Lists what is known of vendors' manners: issuers, scopes, and what to do there.")
        .answers::<Listing<PresetView>>(200)
}

/// One vendor's manners.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectionPreset)]
pub(crate) struct PresetView {
    /// Its name.
    name: &'static str,
    /// Its name for people.
    title: &'static str,
    /// What it speaks: `oidc` or `oauth2`.
    kind: &'static str,
    /// Whether it is for everybody's own accounts rather than an organisation's.
    social: bool,
    /// The `issuer` of a new connection; what is each organisation's own stands in braces.
    issuer: &'static str,
    /// The `scopes` of a new connection.
    scopes: &'static str,
    /// The `parameters` of a new connection.
    parameters: BTreeMap<&'static str, &'static str>,
    /// What to do at the vendor.
    steps: &'static [&'static str],
    /// What to look out for.
    quirks: &'static [&'static str],
}

impl From<&'static Preset> for PresetView {
    fn from(preset: &'static Preset) -> Self {
        PresetView {
            name: preset.name,
            title: preset.title,
            kind: preset.kind,
            social: preset.is_social,
            issuer: preset.issuer,
            scopes: preset.scopes,
            parameters: preset.parameters.iter().copied().collect(),
            steps: preset.steps,
            quirks: preset.quirks,
        }
    }
}

async fn list_all(_: Allow<ReadConnection>) -> Json<Listing<PresetView>> {
    Json(Listing { items: PRESETS.iter().map(PresetView::from).collect(), next: None })
}
