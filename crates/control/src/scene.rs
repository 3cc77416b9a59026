//! Where this room's stories are told: an installation after its first start, with somebody at the
//! machine's own socket.

use crate::{
    Terms,
    house::{FirstStart, bootstrap},
    tenant::{self, Created, NewTenant, Tenant, TenantError},
};
use access::{OperatorAction, OperatorPermit};
use domain::{Slug, TenantId};
use std::time::Duration;
use store::Store;
use testkit::World;

/// An installation after its first start.
pub(crate) struct Scene<'w> {
    pub(crate) world: &'w World,
    pub(crate) house: TenantId,
    pub(crate) terms: Terms,
}

/// One line of a trail, as far as stories look at it.
#[derive(Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) target: String,
    pub(crate) outcome: String,
    pub(crate) before: String,
    pub(crate) after: String,
}

impl<'w> Scene<'w> {
    pub(crate) async fn open(world: &'w World) -> Self {
        let terms = Terms::default();
        let first = bootstrap(&world.store, &world.upkeep(), &terms).await.expect("the first start");
        let FirstStart::LinkMade(invitation) = first else { panic!("{first:?}") };
        world.warden.fill().await.expect("the directory answers");
        Scene { world, house: invitation.tenant, terms }
    }

    pub(crate) fn store(&self) -> &'w Store {
        &self.world.store
    }

    /// A permit for the next act, a moment after the one before: what was written in one and the same
    /// moment has no order.
    pub(crate) async fn may<A: OperatorAction>(&self) -> OperatorPermit<A> {
        self.world.pass(Duration::from_millis(1));
        self.world.operator().await
    }

    pub(crate) async fn create(&self, slug: &str) -> Result<Created, TenantError> {
        let name = format!("Tenant {slug}").parse().expect("a name");
        let new = NewTenant::named(slug.parse().expect("a slug"), name);
        tenant::create(self.store(), &self.may().await, &new, &self.terms).await
    }

    pub(crate) async fn tenant(&self, slug: &str) -> TenantId {
        self.create(slug).await.expect("a free slug").tenant.id
    }

    pub(crate) async fn change_slug(&self, id: TenantId, slug: &str) -> Result<Tenant, TenantError> {
        let slug: Slug = slug.parse().expect("a slug");
        let changes = tenant::Changes { slug: Some(slug), ..Default::default() };
        tenant::change(self.store(), &self.may().await, id, &changes, &self.terms).await
    }

    pub(crate) async fn trail(&self, tenant: TenantId) -> Vec<Line> {
        trail(self.world, tenant).await
    }

    pub(crate) async fn events(&self, tenant: TenantId) -> Vec<String> {
        let sql = format!("SELECT name FROM outbox WHERE tenant_id = '{tenant}' ORDER BY seq");
        self.world.raw(&sql).await.into_iter().flatten().collect()
    }
}

/// A tenant's trail, the oldest line first.
pub(crate) async fn trail(world: &World, tenant: TenantId) -> Vec<Line> {
    let sql = format!(
        "SELECT actor, action, target, outcome, before_values, after_values FROM audit_line
         WHERE tenant_id = '{tenant}' ORDER BY id"
    );
    let rows = world.raw(&sql).await.into_iter();
    rows.map(|row| {
        let [actor, action, target, outcome, before, after] = row.try_into().expect("six columns");
        Line { actor, action, target, outcome, before, after }
    })
    .collect()
}
