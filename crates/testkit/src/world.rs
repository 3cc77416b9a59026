//! One database, one clock, one warden.

use crate::{Recorder, Village};
use access::{
    Bounds, Credential, OperatorAction, OperatorPermit, Origin, Permit, Resolved, TenantAction, Upkeep,
    Warden, WhileClosed,
};
use domain::{Chance, Clock, MasterKey, Moment, RequestId, seal::SealingKey};
use std::{sync::Arc, time::Duration};
use store::{Database, Engine, Keyring, Store, migrate::migrate, testing};

/// Monday, 5 January 2026, nine in the morning.
const START: Moment = Moment::from_seconds(1_767_603_600);

/// A migrated, empty database and everything that is needed to work on it.
pub struct World {
    /// The store.
    pub store: Store,
    /// The clock of the store and the warden. It stands still until it is moved.
    pub clock: Clock,
    /// The system's randomness.
    pub chance: Chance,
    /// The one mint of permits.
    pub warden: Arc<Warden>,
    /// What the warden told in passing.
    pub witness: Arc<Recorder>,
    /// The database as the product opens it.
    pub database: Database,
    /// The same database for someone with every right: [`World::raw`].
    pub superuser: Database,
    // Removed with the world.
    _folder: Option<tempfile::TempDir>,
}

impl World {
    pub(crate) async fn open(
        database: Database,
        superuser: Database,
        folder: Option<tempfile::TempDir>,
    ) -> Self {
        let chance = Chance::system();
        let master = MasterKey::new(SealingKey::generate(&chance), vec![]);
        let clock = Clock::movable(START);
        let engine = Engine::open(&database).await.expect("a fresh database opens");
        migrate(&engine, &clock).await.expect("a fresh database can be migrated");
        let store = Store::new(engine, clock.clone(), chance.clone(), master);
        let witness = Arc::new(Recorder::default());
        let warden = warden_over(&store, witness.clone());
        World { store, clock, chance, warden, witness, database, superuser, _folder: folder }
    }

    /// A second node: another store with connections of its own over the same database, with the same
    /// clock and master key.
    pub async fn another_store(&self) -> Store {
        let engine = Engine::open(&self.database).await.expect("the database opens once more");
        Store::new(engine, self.clock.clone(), self.chance.clone(), self.store.master().clone())
    }

    /// A warden that knows nothing yet, as after a restart.
    pub fn fresh_warden(&self) -> Arc<Warden> {
        warden_over(&self.store, self.witness.clone())
    }

    /// Lets time pass.
    pub fn pass(&self, span: Duration) {
        self.clock.advance(span);
        self.warden.heard();
    }

    /// A request of its own.
    pub fn origin(&self) -> Origin {
        Origin { request: RequestId::new(self.clock.now(), &self.chance) }
    }

    /// A permit for the platform's own upkeep.
    pub fn upkeep(&self) -> OperatorPermit<Upkeep> {
        self.warden.platform(self.origin()).expect("upkeep is the platform's own")
    }

    /// The platform's keys, opened.
    pub async fn keyring(&self) -> Keyring {
        let opened = self.store.survey(&self.upkeep(), async |tx| Keyring::open(tx).await).await;
        opened.expect("the keys open").expect("the town has made the keys")
    }

    /// A permit for an operator's action, by the machine's own socket.
    pub async fn operator<A: OperatorAction>(&self) -> OperatorPermit<A> {
        self.warden
            .operator(&Credential::Socket, self.origin())
            .await
            .expect("the socket may do what operators may")
    }

    /// A permit for the platform's own work inside a tenant.
    pub fn background<A: TenantAction + WhileClosed>(&self, at: &Village) -> Permit<A> {
        self.warden.background(at.id, self.origin())
    }

    /// The tenant as the warden resolves it.
    pub fn resolved(&self, at: &Village) -> Resolved {
        self.warden.resolve_id(at.id).expect("the warden knows this tenant")
    }

    /// A permit for what the holder of `credential` asks at `at`.
    ///
    /// # Panics
    /// If the warden refuses; ask it yourself where the refusal is the story.
    pub async fn permit<A: TenantAction>(&self, at: &Village, credential: &Credential) -> Permit<A> {
        let permit = self.warden.permit(&self.resolved(at), credential, self.origin()).await;
        permit.unwrap_or_else(|refusal| panic!("{} at {}: {refusal}", A::NAME, at.slug))
    }

    /// Runs statements with every right and around the waist; gives all rows as text.
    ///
    /// # Panics
    /// If the database refuses.
    pub async fn raw(&self, statements: &str) -> Vec<Vec<String>> {
        let rows = testing::raw(&self.superuser, statements).await;
        rows.unwrap_or_else(|error| panic!("`{statements}`: {error}"))
    }

    /// The first column of the first row that `statement` finds, as a number.
    pub async fn number(&self, statement: &str) -> i64 {
        let rows = self.raw(statement).await;
        let first = rows.first().and_then(|row| row.first());
        first.and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("`{statement}` finds no number"))
    }

    /// Lets [`World::raw`] change the audit trail, as someone with every right over the database could.
    pub async fn unlock_audit(&self) {
        if self.is_postgres() {
            return;
        }
        let triggers = [
            "audit_line_keeps",
            "audit_line_says",
            "audit_line_stays",
            "audit_checkpoint_keeps",
            "audit_checkpoint_stays",
        ];
        for trigger in triggers {
            self.raw(&format!("DROP TRIGGER IF EXISTS {trigger}")).await;
        }
    }

    /// Whether this is PostgreSQL, for a test that looks at what only one engine has.
    pub fn is_postgres(&self) -> bool {
        matches!(self.database, Database::Postgres { .. })
    }
}

fn warden_over(store: &Store, witness: Arc<Recorder>) -> Arc<Warden> {
    Arc::new(Warden::new(Arc::new(store.directory()), witness, store.clock().clone(), Bounds::default()))
}
