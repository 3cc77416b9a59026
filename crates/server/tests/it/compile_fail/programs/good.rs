//! What the other programs try to get around, said properly. This one compiles.

use access::{
    Credential, FinishSignIn, ListMembers, ManageMember, OperatorPermit, Origin, Permit, PersonPermit,
    ReadOwnTenants, ReadTenants, Resolved, SweepTenant, Warden,
};
use domain::{MemberId, ProviderId, TenantId, UserId};
use store::{FromRow, Row, Store, StoreError, operator_sql, person_sql, sql, values};

pub struct Found(pub MemberId);

impl FromRow for Found {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.parse("id").map(Found)
    }
}

pub async fn list(store: &Store, permit: &Permit<ListMembers>) -> Result<Vec<Found>, StoreError> {
    store
        .read(permit, async |tx| tx.rows(sql!("SELECT id FROM member WHERE tenant_id = $1"), &[]).await)
        .await
}

pub async fn suspend(store: &Store, permit: &Permit<ManageMember>, who: MemberId) -> Result<u64, StoreError> {
    let suspend = sql!("UPDATE member SET standing = 'suspended' WHERE tenant_id = $1 AND id = $2");
    store.write(permit, async |tx| tx.run(suspend, values![who]).await).await
}

pub async fn mine(store: &Store, permit: &PersonPermit<ReadOwnTenants>) -> Result<Vec<Found>, StoreError> {
    let own = person_sql!("SELECT id FROM person_session WHERE user_id = $1");
    store.read_person(permit, async |tx| tx.rows(own, &[]).await).await
}

pub async fn tenants(store: &Store, permit: &OperatorPermit<ReadTenants>) -> Result<i64, StoreError> {
    let count = operator_sql!("SELECT count(*) AS n FROM tenant");
    store.survey(permit, async |tx| tx.number(count, &[]).await).await
}

pub async fn ask(
    warden: &Warden,
    at: &Resolved,
    credential: &Credential,
    origin: Origin,
) -> Option<MemberId> {
    let permit: Permit<ListMembers> = warden.permit(at, credential, origin).await.ok()?;
    permit.caller().person().map(|person| person.member)
}

pub fn sweep(warden: &Warden, tenant: TenantId, origin: Origin) -> Permit<SweepTenant> {
    warden.background(tenant, origin)
}

pub async fn assume(
    warden: &Warden,
    operator: &Credential,
    tenant: TenantId,
    origin: Origin,
) -> Option<Permit<ListMembers>> {
    warden.assume(operator, tenant, "a reason of some length", origin).await.ok()
}

pub async fn introduce(
    store: &Store,
    permit: &Permit<FinishSignIn>,
    user: UserId,
    by: ProviderId,
) -> Result<(), StoreError> {
    let subject = domain::Digest::of(b"subject");
    store.write(permit, async |tx| tx.introduce(permit, user, "local", by, subject).await).await
}

pub async fn routed(_: web::Allow<ListMembers>) {}

pub fn route(routes: web::Routes<web::Web>) -> web::Routes<web::Web> {
    routes.get("/v1/tenants/{tenant}/members", routed)
}
