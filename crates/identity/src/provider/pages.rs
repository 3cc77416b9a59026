//! The page of a provider: what it is, and whom its owner shares it with.

use super::{
    Ownership, Provider, Published, ReadsConnections, Source, http::MOST_WITH_METADATA, read, replace, share,
    shares, take_back,
};
use crate::{
    Identity,
    asked::{Asked, Told},
};
use access::{ManageConnection, Permit, ReadConnection, ShareProvider};
use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{Cursor, Moment, ProviderId, Right, TenantId};
use serde::Deserialize;
use std::time::Duration;
use web::{
    Allow, Form, Frame, Page, Path, Problem, Query, Routes, Surface,
    limit::Limited,
    parts::{At, Column, Wrong},
    sign_in::see_other,
};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Console)
        .get("/t/{tenant}/providers/{provider}", show)
        .says("One provider, and whom it is shared with.")
        .post("/t/{tenant}/providers/{provider}/shares", post_share)
        .says("Shares a provider.")
        .post("/t/{tenant}/providers/{provider}/metadata", post_metadata)
        .says("Gives a SAML provider other metadata, or has it fetched anew.")
        .post("/t/{tenant}/providers/{provider}/shares/{other}/take-back", post_take_back)
        .says("Takes a share back.")
}

#[derive(Template)]
#[template(path = "provider/show.html")]
struct ProviderPage {
    frame: Frame,
    path: String,
    id: String,
    issuer: String,
    speaks: &'static str,
    published: Option<PublishedLines>,
    since: Option<At>,
    is_own: bool,
    may_share: bool,
    columns: Vec<Column>,
    shares: Vec<Line>,
    next: String,
    typed: String,
    wrong: Wrong,
}

/// What a SAML provider published, for people.
struct PublishedLines {
    sign_in: String,
    url: String,
    read: Option<At>,
    fault: String,
    certificates: Vec<CertificateLine>,
    /// Whether the last of them has ended or soon will.
    tone: &'static str,
}

struct CertificateLine {
    fingerprint: String,
    ends: At,
}

/// How long before its end a certificate is worth a warning.
const SOON: Duration = Duration::from_secs(30 * 24 * 3_600);

impl PublishedLines {
    fn of(published: &Published, now: Moment) -> Self {
        let end = published.metadata.certificates_end();
        PublishedLines {
            sign_in: published.metadata.sign_in.to_string(),
            url: published.url.clone(),
            read: (published.read_at != Moment::NEVER).then(|| published.read_at.into()),
            fault: published.fault.clone(),
            certificates: published
                .metadata
                .certificates
                .iter()
                .map(|one| CertificateLine { fingerprint: one.fingerprint(), ends: one.ends().into() })
                .collect(),
            tone: if end <= now {
                "bad"
            } else if end <= now + SOON {
                "warn"
            } else {
                ""
            },
        }
    }
}

struct Line {
    tenant: String,
    since: At,
    take_back: String,
    label: String,
}

/// What has just been done, in words.
fn words(done: &str) -> Option<&'static str> {
    match done {
        "shared" => Some("The organisation can connect to this provider now."),
        "metadata" => Some("The metadata is read. Its certificates count from now on."),
        "taken-back" => {
            Some("The share is taken back. The other's connections to this provider do not work any more.")
        }
        _ => None,
    }
}

async fn show(
    Allow(permit): Allow<ReadConnection>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ProviderId)>,
    Query(told): Query<Told>,
    frame: Frame,
) -> Result<Page<ProviderPage>, Problem> {
    let frame = match words(&told.done) {
        Some(words) => frame.flash("good", words),
        None => frame,
    };
    Ok(Page::new(page(&room, &permit, id, frame, &Cursor::new(told.after, None)).await?))
}

async fn page<A: ReadsConnections>(
    room: &Identity,
    permit: &Permit<A>,
    id: ProviderId,
    frame: Frame,
    cursor: &Cursor,
) -> Result<ProviderPage, Problem> {
    let provider = read(&room.store, permit, id).await?;
    let (list, path) = (
        format!("/t/{}/connections", permit.tenant_id()),
        format!("/t/{}/providers/{id}", permit.tenant_id()),
    );
    let (lines, next) = match provider.is_own() {
        true => share_lines(room, permit, &provider, &path, cursor).await?,
        false => (Vec::new(), None),
    };
    Ok(ProviderPage {
        frame: frame.title(provider.name.to_string()).under("Connections", list),
        id: id.to_string(),
        since: match provider.ownership {
            Ownership::Own { since, .. } => Some(since.into()),
            Ownership::Shared => None,
        },
        speaks: provider.kind.words(),
        published: provider.published.as_ref().map(|published| PublishedLines::of(published, room.now())),
        is_own: provider.is_own(),
        may_share: provider.is_own() && permit.caller().rights().has(Right::ManageConnections),
        issuer: provider.issuer,
        columns: vec![
            Column::new("Organisation"),
            Column::new("Since").of("time"),
            Column::new("Act").of("acts"),
        ],
        shares: lines,
        next: next.map(|after| format!("{path}?after={after}")).unwrap_or_default(),
        typed: String::new(),
        wrong: Wrong::nothing(),
        path,
    })
}

async fn share_lines<A: ReadsConnections>(
    room: &Identity,
    permit: &Permit<A>,
    provider: &Provider,
    path: &str,
    cursor: &Cursor,
) -> Result<(Vec<Line>, Option<String>), Problem> {
    let shared = shares(&room.store, permit, provider.id, cursor).await?;
    let line = |share: super::Share| Line {
        tenant: share.with.to_string(),
        since: share.since.into(),
        take_back: format!("{path}/shares/{}/take-back", share.with),
        label: format!("Take back the share with {}", share.with),
    };
    Ok((shared.items.into_iter().map(line).collect(), shared.next))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShareWith {
    tenant: String,
}

async fn post_share(
    Allow(permit): Allow<ShareProvider>,
    State(room): State<Identity>,
    Path((tenant, id)): Path<(TenantId, ProviderId)>,
    frame: Frame,
    Form(form): Form<ShareWith>,
) -> Result<Response, Problem> {
    let outcome = match form.tenant.trim().parse::<TenantId>() {
        Ok(with) => share(&room, &permit, id, with).await.map_err(Problem::from),
        Err(_) => Err(Problem::new("input.invalid").at("/tenant", "An organisation's id begins with tnt_.")),
    };
    match outcome {
        Ok(()) => Ok(done(tenant, id, "shared")),
        Err(problem) if problem.code() == "input.invalid" => {
            let mut page = page(&room, &permit, id, frame, &Cursor::default()).await?;
            page.typed = form.tenant;
            page.wrong = problem.into();
            Ok(Page::again(page).into_response())
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OtherMetadata {
    #[serde(default)]
    metadata_url: String,
    #[serde(default)]
    metadata: String,
}

async fn post_metadata(
    Allow(permit): Allow<ManageConnection>,
    State(room): State<Identity>,
    Path((tenant, id)): Path<(TenantId, ProviderId)>,
    asked: Asked,
    frame: Frame,
    Form(form): Form<OtherMetadata, MOST_WITH_METADATA>,
) -> Result<Response, Problem> {
    asked.count(&room, Limited::Outgoing, Some(tenant))?;
    let source = match (form.metadata_url.trim(), form.metadata.trim()) {
        ("", "") => None,
        (url, "") => Some(Source::MetadataUrl(url.to_owned())),
        (_, text) => Some(Source::Metadata(text.to_owned())),
    };
    match replace(&room, &permit, id, source).await.map_err(Problem::from) {
        Ok(_) => Ok(done(tenant, id, "metadata")),
        Err(problem) if problem.code() != "item.unknown" => {
            let mut page = page(&room, &permit, id, frame, &Cursor::default()).await?;
            page.wrong = problem.into();
            Ok(Page::again(page).into_response())
        }
        Err(problem) => Err(problem),
    }
}

async fn post_take_back(
    Allow(permit): Allow<ShareProvider>,
    State(room): State<Identity>,
    Path((tenant, id, other)): Path<(TenantId, ProviderId, TenantId)>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    take_back(&room, &permit, id, other).await?;
    Ok(done(tenant, id, "taken-back"))
}

fn done(tenant: TenantId, id: ProviderId, what: &str) -> Response {
    see_other(&format!("/t/{tenant}/providers/{id}?done={what}"))
}
