//! The pages of audit trails.

use super::{http::AuditQuery, shown::Line};
use crate::{Control, form::address};
use access::{ReadAuditTrail, ReadPlatformAudit};
use askama::Template;
use axum::extract::State;
use domain::TenantId;
use store::audit::{AuditLine, Known};
use web::{
    Allow, AllowOperator, Frame, Page, Problem, Query, Routes, Surface,
    parts::{Choice, Column},
};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .on(Surface::Console)
        .get("/t/{tenant}/audit", show)
        .says("The tenant's audit trail.")
        .get("/t/{tenant}/audit/verification", verify)
        .says("Whether the tenant's audit trail is as it was written.")
        .get("/platform/audit", show_house)
        .says("The operators' own trail, and refused attempts to cross into any tenant.")
}

#[derive(Template)]
#[template(path = "audit_view/list.html")]
struct TrailPage {
    frame: Frame,
    path: String,
    query: AuditQuery,
    outcomes: Vec<Choice>,
    columns: Vec<Column>,
    lines: Vec<Line>,
    shown: String,
    first: String,
    next: String,
}

fn page(frame: Frame, path: String, query: AuditQuery, found: domain::Page<AuditLine>) -> TrailPage {
    let at = |after: &str| {
        let pairs = [
            ("actor", query.actor.as_str()),
            ("action", &query.action),
            ("target", &query.target),
            ("outcome", &query.outcome),
            ("from", &query.from),
            ("until", &query.until),
            ("after", after),
        ];
        address(&path, &pairs)
    };
    let outcomes = [("", "Any"), ("done", "Done"), ("failed", "Refused or failed")];
    TrailPage {
        outcomes: outcomes.map(|(value, label)| Choice::new(value, label, query.outcome == value)).into(),
        columns: vec![
            Column::new("When").of("time"),
            Column::new("Who"),
            Column::new("What"),
            Column::new("Changes"),
            Column::new("Outcome"),
        ],
        shown: match found.items.len() {
            1 => "1 line shown".to_owned(),
            many => format!("{many} lines shown"),
        },
        first: if query.after.is_empty() { String::new() } else { at("") },
        next: found.next.as_deref().map(at).unwrap_or_default(),
        lines: found.items.into_iter().map(|line| Line::of(line, &path)).collect(),
        frame,
        path,
        query,
    }
}

fn export_of(tenant: TenantId) -> String {
    format!("/v1/tenants/{tenant}/audit/export")
}

async fn show(
    Allow(permit): Allow<ReadAuditTrail>,
    State(room): State<Control>,
    Query(query): Query<AuditQuery>,
    frame: Frame,
) -> Result<Page<TrailPage>, Problem> {
    let (filter, cursor) = query.read()?;
    let found = room.store.audit_lines(&permit, &filter, &cursor).await?;
    let path = format!("/t/{}/audit", permit.tenant_id());
    let frame = frame
        .title("Audit")
        .describe("Who did what, with the values before and after. Lines are only ever added.")
        .link("Refused attempts", format!("{path}?action=security.cross-tenant"), "")
        .link("Verify", format!("{path}/verification"), "")
        .link("Download", export_of(permit.tenant_id()), "");
    Ok(Page::new(page(frame, path, query, found)))
}

async fn show_house(
    AllowOperator(permit): AllowOperator<ReadPlatformAudit>,
    State(room): State<Control>,
    Query(query): Query<AuditQuery>,
    frame: Frame,
) -> Result<Page<TrailPage>, Problem> {
    let (filter, cursor) = query.read()?;
    let found = room.store.house_lines(&permit, &filter, &cursor).await?;
    let path = "/platform/audit".to_owned();
    let refused = format!("{path}?action=security.cross-tenant");
    let frame = frame
        .title("Audit")
        .describe("What operators did, and every refused attempt to cross from one tenant into another.")
        .link("Refused attempts", refused, "")
        .link("Alerts", format!("{path}?action=security.alert"), "")
        .link("Assumed tenants", format!("{path}?action=tenant.assume"), "");
    Ok(Page::new(page(frame, path, query, found)))
}

#[derive(Template)]
#[template(path = "audit_view/verification.html")]
struct VerificationPage {
    frame: Frame,
    is_sound: bool,
    lines: u64,
    checkpoints: u64,
    findings: Vec<String>,
    head: Option<Known>,
    signers: Vec<String>,
    export: String,
}

async fn verify(
    Allow(permit): Allow<ReadAuditTrail>,
    State(room): State<Control>,
    frame: Frame,
) -> Result<Page<VerificationPage>, Problem> {
    let report = room.store.verify_audit(&permit, vec![]).await?;
    let tenant = permit.tenant_id();
    Ok(Page::new(VerificationPage {
        frame: frame.title("Verification").under("Audit", format!("/t/{tenant}/audit")),
        is_sound: report.is_sound(),
        lines: report.lines,
        checkpoints: report.checkpoints,
        findings: report.findings.iter().map(ToString::to_string).collect(),
        head: report.head,
        signers: report.signers.into_iter().collect(),
        export: export_of(tenant),
    }))
}
