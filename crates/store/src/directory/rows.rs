//! What the directory's questions find.

use crate::{FromRow, Row, StoreError};
use access::{CutShort, KeyEnd, KeyGrant, OperatorGrant, PersonGrant, Proof, TenantRecord};
use domain::{
    ApplicationId, Hostname, Limits, MemberId, Moment, PlanId, PlatformRole, ProductName, ProviderId, Right,
    RightSet, RoleName, SubscriberId, TenantId, UserId,
};

pub(super) struct SessionRow {
    pub(super) member: MemberId,
    pub(super) provider: ProviderId,
    pub(super) idle: std::time::Duration,
    pub(super) idle_ends: Moment,
    pub(super) ends: Moment,
}
impl FromRow for SessionRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(SessionRow {
            member: row.parse("member_id")?,
            provider: row.parse("provider_id")?,
            idle: row.span("idle")?,
            idle_ends: row.moment("idle_ends")?,
            ends: row.moment("ends")?,
        })
    }
}

pub(super) struct GrantRow {
    pub(super) application: ApplicationId,
    /// In whose name, and by whom they were proven.
    pub(super) who: Option<(MemberId, ProviderId)>,
    pub(super) ends: Moment,
}
impl FromRow for GrantRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let is_own = row.text("member_id")?.is_empty();
        let who = if is_own { None } else { Some((row.parse("member_id")?, row.parse("provider_id")?)) };
        Ok(GrantRow { application: row.parse("application_id")?, who, ends: row.moment("ends")? })
    }
}

pub(super) struct MemberRow {
    pub(super) id: MemberId,
    pub(super) user: UserId,
}
impl FromRow for MemberRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(MemberRow { id: row.parse("id")?, user: row.parse("user_id")? })
    }
}

pub(super) struct RoleRow(pub(super) RoleName);
impl FromRow for RoleRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.parse("role").map(RoleRow)
    }
}

pub(super) struct SealedRow(pub(super) domain::Sealed);
impl FromRow for SealedRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.sealed("sealed").map(SealedRow)
    }
}

pub(super) struct Found(pub(super) String);
impl Found {
    pub(super) fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(&self) -> Result<T, StoreError> {
        self.0
            .parse()
            .map_err(|why: T::Err| StoreError::Unreadable { column: "id".into(), why: why.to_string() })
    }
}
impl FromRow for Found {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.text("id").map(Found)
    }
}

pub(super) struct HostRow {
    pub(super) tenant: TenantId,
    pub(super) host: Hostname,
}
impl FromRow for HostRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(HostRow { tenant: row.parse("tenant")?, host: row.parse("host")? })
    }
}

pub(super) struct SubscriptionRow {
    pub(super) tenant: TenantId,
    pub(super) product: ProductName,
    pub(super) subscriber: Option<SubscriberId>,
}
impl FromRow for SubscriptionRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let is_for_all = row.text("subscriber_id")?.is_empty();
        Ok(SubscriptionRow {
            tenant: row.parse("tenant_id")?,
            product: row.parse("product")?,
            subscriber: if is_for_all { None } else { Some(row.parse("subscriber_id")?) },
        })
    }
}

/// A tenant without what its plan allows.
pub(super) struct TenantRow {
    pub(super) record: TenantRecord,
    pub(super) plan: PlanId,
}

/// A tenant, and what its plan allows.
pub(super) struct PlannedRow {
    pub(super) tenant: TenantRow,
    pub(super) limits: Limits,
}

#[derive(Default)]
pub(super) struct PlanRow(pub(super) Limits);
impl FromRow for PlanRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.json("body").map(PlanRow)
    }
}

pub(super) struct PersonRow(pub(super) PersonGrant);
impl FromRow for PersonRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(PersonRow(PersonGrant {
            user: row.parse("user_id")?,
            provider: row.parse("provider")?,
            ends: row.moment("ends")?,
            idle_ends: row.moment("idle_ends")?,
            idle: row.span("idle")?,
            digest: row.digest("digest")?,
            since: row.moment("since")?,
            proof: std::sync::Arc::new(proof(row)?),
        }))
    }
}

fn proof(row: &Row) -> Result<Proof, StoreError> {
    let said: serde_json::Value = row.json("proof")?;
    let methods = said["amr"].as_array().into_iter().flatten();
    Ok(Proof {
        at: said["at"].as_i64().map(Moment::from_seconds),
        acr: said["acr"].as_str().map(str::to_owned),
        amr: methods.filter_map(|method| method.as_str().map(str::to_owned)).collect(),
    })
}

pub(super) struct TokenRow(pub(super) OperatorGrant);
impl FromRow for TokenRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let rights = match row.text("rights")?.as_str() {
            "manage" => PlatformRole::Operator.rights(),
            _ => RightSet::of(&[Right::ReadPlatform]),
        };
        Ok(TokenRow(OperatorGrant { token: row.parse("id")?, rights, ends: row.moment("ends_at")? }))
    }
}

pub(super) struct KeyRow(pub(super) KeyGrant);
impl FromRow for KeyRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(KeyRow(KeyGrant {
            key: row.parse("id")?,
            tenant: row.parse("tenant_id")?,
            subscriber: row.parse("subscriber_id")?,
            scopes: row.words("scopes")?,
            networks: row.words("networks")?,
            end: key_end(row)?,
            used: row.moment("used_at")?,
        }))
    }
}

pub(super) struct CutRow(pub(super) CutShort);
impl FromRow for CutRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let said = row.moment("signed_until")?;
        Ok(CutRow(CutShort { key: row.parse("id")?, end: key_end(row)?, said }))
    }
}

fn key_end(row: &Row) -> Result<KeyEnd, StoreError> {
    let revoked = matches!(row.text("ended_because")?.as_str(), "revoked" | "unused");
    Ok(KeyEnd { at: row.moment("ends_at")?, revoked })
}
