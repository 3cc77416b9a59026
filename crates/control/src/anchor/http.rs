//! Trust anchors on the wire.

use super::{
    Anchor, AnchorError, Changed, NewAnchor, Revocation, Verdict, add, change, explain, list, put_list, read,
    remove, restore, revocations, revoke,
};
use crate::Control;
use access::{ManageAnchors, ReadAnchors};
use axum::{extract::State, http::StatusCode};
use domain::{
    AnchorId, AnchorRules, Attribute, CertificateRule, DisplayName, ListPolicy, Machine, RuleTenant,
    TenantId, WhenStale,
};
use protocol::x509::{MOST_LIST, hex};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use web::{Allow, Json, Listing, Path, Problem, Routes};

/// Room for a list in PEM, which is a third longer than its bytes.
const MOST_BODY: usize = MOST_LIST * 3 / 2;

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .get("/v1/tenants/{tenant}/anchors", list_all)
        .says("Lists the authorities whose client certificates are believed here.")
        .answers::<Listing<TrustAnchor>>(200)
        .post("/v1/tenants/{tenant}/anchors", post)
        .says("Lays down a trust anchor: an authority, and whom its certificates are for.")
        .takes::<NewTrustAnchor>()
        .answers::<TrustAnchor>(201)
        .post("/v1/tenants/{tenant}/anchors/test", test)
        .says("Says what each anchor makes of a client certificate. Nothing is kept of it.")
        .takes::<Sample>()
        .answers::<Listing<AnchorVerdict>>(200)
        .get("/v1/tenants/{tenant}/anchors/{anchor}", show)
        .says("Shows a trust anchor.")
        .answers::<TrustAnchor>(200)
        .put("/v1/tenants/{tenant}/anchors/{anchor}", put)
        .says("Puts an anchor's name and rules in place of those before.")
        .takes::<AnchorChange>()
        .answers::<TrustAnchor>(200)
        .delete("/v1/tenants/{tenant}/anchors/{anchor}", delete)
        .says("Takes an anchor away: nobody vouches for its certificates any more.")
        .answers_empty(204)
        .put("/v1/tenants/{tenant}/anchors/{anchor}/list", put_crl)
        .says("Lays down the authority's list of what it took back (CRL), in PEM.")
        .takes::<CertificateList>()
        .answers::<TrustAnchor>(200)
        .get("/v1/tenants/{tenant}/anchors/{anchor}/revocations", list_revocations)
        .says("Lists the certificates that were taken back by hand.")
        .answers::<Listing<RevokedCertificate>>(200)
        .post("/v1/tenants/{tenant}/anchors/{anchor}/revocations", post_revocation)
        .says("Takes a client certificate back, on every node within seconds.")
        .takes::<NewRevocation>()
        .answers::<RevokedCertificate>(201)
        .post("/v1/tenants/{tenant}/anchors/{anchor}/revocations/remove", remove_revocation)
        .says("Gives a client certificate back that was taken back by hand.")
        .takes::<CertificateMark>()
        .answers_empty(204)
}

/// Whom a certificate is for, if it fits.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CertificateRule)]
pub(crate) struct Rule {
    /// What must stand in it, by name: subject.cn, subject.o, subject.ou, subject.serial, issuer.cn, issuer.o, issuer.ou,
    /// san.dns, san.uri, san.email, fingerprint. A `*` at the beginning or the end stands for some text.
    pub(super) when: BTreeMap<String, String>,
    /// What in it names the caller.
    pub(super) identity: String,
    /// `device` or `workload`.
    #[serde(default = "device")]
    pub(super) machine: String,
    /// What it is good for.
    #[serde(default)]
    pub(super) scopes: Vec<String>,
    /// For which tenant, by id or slug; only at anchors of the operator's own organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tenant: Option<String>,
    /// What in it is a tenant's id or slug; only there, in place of `tenant`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tenant_from: Option<String>,
}

fn device() -> String {
    Machine::Device.name().to_owned()
}

/// What is asked of the authority's list of what it took back.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CertificateListPolicy)]
pub(crate) struct Lists {
    /// Where it is fetched from; nowhere where it is laid down.
    #[serde(default)]
    pub(super) url: Option<String>,
    /// For how long after it came it is fresh, in seconds.
    pub(super) fresh_seconds: u64,
    /// What holds while none is fresh: `refuse` or `allow`.
    pub(super) when_stale: String,
}

/// An anchor to lay down.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTrustAnchor {
    /// What it is called; what the authority calls itself where nothing is said.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Option<DisplayName>,
    /// The authority's certificate, in PEM.
    certificate: String,
    /// A certificate that the authority signed to show that you have its key, in PEM. What it must be called is said
    /// where it is missing.
    #[serde(default)]
    proof: Option<String>,
    /// Whom its certificates are for.
    rules: Vec<Rule>,
    /// What is asked of its list of what it took back, if that is looked at.
    #[serde(default)]
    lists: Option<Lists>,
}

/// What an anchor is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnchorChange {
    /// What it is called.
    #[schema(value_type = String)]
    name: DisplayName,
    /// Whom its certificates are for.
    rules: Vec<Rule>,
    /// What is asked of its list of what it took back, if that is looked at.
    #[serde(default)]
    lists: Option<Lists>,
}

/// An authority whose client certificates are believed.
#[derive(Serialize, ToSchema)]
pub(crate) struct TrustAnchor {
    /// Its id.
    id: String,
    /// What it is called.
    name: String,
    /// What the authority calls itself.
    authority: String,
    /// SHA-256 of its certificate.
    fingerprint: String,
    /// Until when its certificate is good.
    ends_at: String,
    /// Whom its certificates are for.
    rules: Vec<Rule>,
    /// What is asked of its list of what it took back.
    lists: Option<Lists>,
    /// The lists that are held.
    held_lists: Vec<HeldCertificateList>,
    /// Why its list could not be fetched the last time.
    list_fault: Option<String>,
    /// How many certificates were taken back by hand.
    revoked: i64,
    /// When it was laid down.
    created_at: String,
    /// When it last changed.
    changed_at: String,
}

/// A list that is held.
#[derive(Serialize, ToSchema)]
pub(crate) struct HeldCertificateList {
    /// When the authority made it.
    made_at: String,
    /// When it says that another should be there.
    ends_at: String,
    /// When it was fetched or laid down.
    fetched_at: String,
    /// How many certificates it names.
    entries: i64,
}

/// A list of what an authority took back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CertificateList {
    /// In PEM.
    list: String,
}

/// A certificate to take back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRevocation {
    /// Its serial number or its SHA-256 fingerprint, in hexadecimal.
    mark: String,
    /// Why.
    #[serde(default)]
    note: String,
}

/// A certificate.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CertificateMark {
    /// Its serial number or its SHA-256 fingerprint, in hexadecimal.
    mark: String,
}

/// A certificate that was taken back by hand.
#[derive(Serialize, ToSchema)]
pub(crate) struct RevokedCertificate {
    /// Its serial number or its fingerprint.
    mark: String,
    /// Why.
    note: String,
    /// By whom.
    revoked_by: String,
    /// When.
    revoked_at: String,
}

/// A client certificate to look at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CertificateSample)]
pub(crate) struct Sample {
    /// In PEM, its own first, then those between it and its authority.
    certificate: String,
}

/// What one anchor makes of a certificate.
#[derive(Serialize, ToSchema)]
pub(crate) struct AnchorVerdict {
    /// The anchor.
    anchor: String,
    /// What it is called.
    name: String,
    /// Whether its authority vouches for it.
    vouches: bool,
    /// Why not; or whom it is for.
    how: String,
}

impl Rule {
    fn read(self, room: &Control) -> Result<CertificateRule, AnchorError> {
        let wrong = |what: String| AnchorError::Rule("rules", what);
        let attribute =
            |name: &str| name.parse::<Attribute>().map_err(|why| wrong(format!("`{name}`: {why}")));
        let when = self.when.into_iter().map(|(name, text)| Ok((attribute(&name)?, text)));
        let tenant = match (self.tenant, self.tenant_from) {
            (None, None) => None,
            (Some(name), None) => Some(RuleTenant::Is(tenant(room, &name)?)),
            (None, Some(name)) => Some(RuleTenant::From(attribute(&name)?)),
            (Some(_), Some(_)) => return Err(wrong("give tenant or tenant_from, and not both".into())),
        };
        let scope = |word: String| word.parse().map_err(|why| wrong(format!("`{word}`: {why}")));
        Ok(CertificateRule {
            when: when.collect::<Result<_, AnchorError>>()?,
            identity: attribute(&self.identity)?,
            machine: Machine::named(&self.machine)
                .ok_or_else(|| wrong("a machine is a device or a workload".into()))?,
            scopes: self.scopes.into_iter().map(scope).collect::<Result<_, _>>()?,
            tenant,
        })
    }
}

impl From<CertificateRule> for Rule {
    fn from(rule: CertificateRule) -> Self {
        let (tenant, tenant_from) = match rule.tenant {
            None => (None, None),
            Some(RuleTenant::Is(id)) => (Some(id.to_string()), None),
            Some(RuleTenant::From(attribute)) => (None, Some(attribute.name().to_owned())),
        };
        Rule {
            when: rule.when.into_iter().map(|(name, text)| (name.name().to_owned(), text)).collect(),
            identity: rule.identity.name().to_owned(),
            machine: rule.machine.name().to_owned(),
            scopes: rule.scopes.iter().map(ToString::to_string).collect(),
            tenant,
            tenant_from,
        }
    }
}

/// The rules and what is asked of lists, from the wire.
pub(super) fn rules(
    room: &Control,
    rules: Vec<Rule>,
    lists: Option<Lists>,
) -> Result<AnchorRules, AnchorError> {
    let lists = lists.map(|lists| {
        let when_stale = WhenStale::named(&lists.when_stale)
            .ok_or_else(|| AnchorError::Rule("lists", "when_stale is refuse or allow".into()))?;
        Ok::<_, AnchorError>(ListPolicy { url: lists.url, fresh_seconds: lists.fresh_seconds, when_stale })
    });
    let rules = rules.into_iter().map(|rule| rule.read(room)).collect::<Result<_, _>>()?;
    Ok(AnchorRules { rules, lists: lists.transpose()? })
}

/// The tenant of this id or slug.
fn tenant(room: &Control, name: &str) -> Result<TenantId, AnchorError> {
    let tenants = room.web.warden.tenants();
    let found = name.parse().map_or_else(|_| tenants.by_slug(name), |id| tenants.by_id(id));
    let found = found.map(|tenant| tenant.record.id);
    found.ok_or_else(|| AnchorError::Rule("rules", format!("there is no tenant `{name}`")))
}

impl From<Anchor> for TrustAnchor {
    fn from(anchor: Anchor) -> Self {
        let authority = anchor.authority();
        let facts = authority.as_ref().map(|authority| authority.facts());
        TrustAnchor {
            id: anchor.id.to_string(),
            name: anchor.name.to_string(),
            authority: authority.as_ref().map(|authority| authority.title()).unwrap_or_default(),
            fingerprint: facts.map(|facts| hex(facts.fingerprint.bytes())).unwrap_or_default(),
            ends_at: facts.map(|facts| facts.ends.to_string()).unwrap_or_default(),
            rules: anchor.rules.rules.into_iter().map(Rule::from).collect(),
            lists: anchor.rules.lists.map(|lists| Lists {
                url: lists.url,
                fresh_seconds: lists.fresh_seconds,
                when_stale: lists.when_stale.name().to_owned(),
            }),
            held_lists: anchor
                .lists
                .into_iter()
                .map(|held| HeldCertificateList {
                    made_at: held.made_at.to_string(),
                    ends_at: held.ends_at.to_string(),
                    fetched_at: held.fetched_at.to_string(),
                    entries: held.entries,
                })
                .collect(),
            list_fault: (!anchor.list_fault.is_empty()).then_some(anchor.list_fault),
            revoked: anchor.revoked,
            created_at: anchor.created_at.to_string(),
            changed_at: anchor.changed_at.to_string(),
        }
    }
}

impl From<Revocation> for RevokedCertificate {
    fn from(revocation: Revocation) -> Self {
        let Revocation { mark, note, revoked_by, revoked_at } = revocation;
        RevokedCertificate { mark, note, revoked_by, revoked_at: revoked_at.to_string() }
    }
}

async fn list_all(
    Allow(permit): Allow<ReadAnchors>,
    State(room): State<Control>,
) -> Result<Json<Listing<TrustAnchor>>, Problem> {
    let anchors = list(&room.store, &permit).await?;
    Ok(Json(Listing { items: anchors.into_iter().map(TrustAnchor::from).collect(), next: None }))
}

async fn post(
    Allow(permit): Allow<ManageAnchors>,
    State(room): State<Control>,
    Json(new): Json<NewTrustAnchor>,
) -> Result<(StatusCode, Json<TrustAnchor>), Problem> {
    let NewTrustAnchor { name, certificate, proof, rules: said, lists } = new;
    let rules = rules(&room, said, lists)?;
    let anchor = add(&room, &permit, NewAnchor { name, certificate, proof, rules }).await?;
    Ok((StatusCode::CREATED, Json(anchor.into())))
}

async fn test(
    Allow(permit): Allow<ReadAnchors>,
    State(room): State<Control>,
    Json(Sample { certificate }): Json<Sample>,
) -> Result<Json<Listing<AnchorVerdict>>, Problem> {
    let verdicts = explain(&room, &permit, &certificate).await?;
    let shown = |verdict: Verdict| {
        let Verdict { anchor, name, vouches, how } = verdict;
        AnchorVerdict { anchor: anchor.to_string(), name, vouches, how }
    };
    Ok(Json(Listing { items: verdicts.into_iter().map(shown).collect(), next: None }))
}

async fn show(
    Allow(permit): Allow<ReadAnchors>,
    State(room): State<Control>,
    Path((_, id)): Path<(TenantId, AnchorId)>,
) -> Result<Json<TrustAnchor>, Problem> {
    Ok(Json(read(&room.store, &permit, id).await?.into()))
}

async fn put(
    Allow(permit): Allow<ManageAnchors>,
    State(room): State<Control>,
    Path((_, id)): Path<(TenantId, AnchorId)>,
    Json(body): Json<AnchorChange>,
) -> Result<Json<TrustAnchor>, Problem> {
    let changed = Changed { name: body.name, rules: rules(&room, body.rules, body.lists)? };
    change(&room, &permit, id, changed).await?;
    Ok(Json(read(&room.store, &permit, id).await?.into()))
}

async fn delete(
    Allow(permit): Allow<ManageAnchors>,
    State(room): State<Control>,
    Path((_, id)): Path<(TenantId, AnchorId)>,
) -> Result<StatusCode, Problem> {
    remove(&room, &permit, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn put_crl(
    Allow(permit): Allow<ManageAnchors>,
    State(room): State<Control>,
    Path((_, id)): Path<(TenantId, AnchorId)>,
    Json(body): Json<CertificateList, MOST_BODY>,
) -> Result<Json<TrustAnchor>, Problem> {
    put_list(&room, &permit, id, body.list.as_bytes()).await?;
    Ok(Json(read(&room.store, &permit, id).await?.into()))
}

async fn list_revocations(
    Allow(permit): Allow<ReadAnchors>,
    State(room): State<Control>,
    Path((_, id)): Path<(TenantId, AnchorId)>,
) -> Result<Json<Listing<RevokedCertificate>>, Problem> {
    let found = revocations(&room.store, &permit, id).await?;
    Ok(Json(Listing { items: found.into_iter().map(RevokedCertificate::from).collect(), next: None }))
}

async fn post_revocation(
    Allow(permit): Allow<ManageAnchors>,
    State(room): State<Control>,
    Path((_, id)): Path<(TenantId, AnchorId)>,
    Json(NewRevocation { mark, note }): Json<NewRevocation>,
) -> Result<(StatusCode, Json<RevokedCertificate>), Problem> {
    let revocation = revoke(&room, &permit, id, &mark, &note).await?;
    Ok((StatusCode::CREATED, Json(revocation.into())))
}

async fn remove_revocation(
    Allow(permit): Allow<ManageAnchors>,
    State(room): State<Control>,
    Path((_, id)): Path<(TenantId, AnchorId)>,
    Json(CertificateMark { mark }): Json<CertificateMark>,
) -> Result<StatusCode, Problem> {
    restore(&room, &permit, id, &mark).await?;
    Ok(StatusCode::NO_CONTENT)
}
