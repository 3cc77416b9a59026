use super::*;
use crate::{
    Control, Terms,
    desk::{Desk, hosts},
    hostname::Reserved,
    scene::trail,
};
use access::{Identifier, LookAfterDomains, ManageDomains, Source};
use domain::TenantId;
use futures_util::FutureExt;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use testkit::{Town, Village, World, for_each_engine};

/// What the days of real life are here, so that nobody has to sign in anew.
const DAY: Duration = Duration::from_secs(60);
const NAME: &str = "app.acme.test";

/// The records of the world, by name.
#[derive(Clone, Default)]
struct Records(Arc<Mutex<HashMap<String, String>>>);

impl Records {
    fn lay_down(&self, claim: &OwnDomain) {
        self.0.lock().unwrap().insert(claim.record(), claim.value());
    }

    fn take_away(&self) {
        self.0.lock().unwrap().clear();
    }
}

impl Prove for Records {
    fn prove<'a>(&'a self, _: TenantId, claim: &'a OwnDomain) -> Proving<'a> {
        let there = self.0.lock().unwrap().get(&claim.record()) == Some(&claim.value());
        std::future::ready(if there { Ok(Proof::Dns) } else { Err(Missing::OtherRecords) }).boxed()
    }
}

/// Two organisations, and a DNS.
struct Stage<'w> {
    world: &'w World,
    town: Town,
    records: Records,
    room: Control,
}

impl<'w> Stage<'w> {
    async fn build(world: &'w World) -> Self {
        let town = Town::build(world).await;
        let records = Records::default();
        let terms = Terms {
            quarantine: DAY * 30,
            domain_claim: DAY * 7,
            domain_recheck: DAY,
            domain_grace: DAY * 14,
            ..Terms::default()
        };
        let room = Desk::at(world).room().with_prober(Arc::new(records.clone()));
        let room = Control { terms: Arc::new(terms), ..room };
        Stage { world, town, records, room }
    }

    async fn claim(&self, at: &Village, name: &str) -> Result<OwnDomain, OwnDomainError> {
        self.world.pass(Duration::from_millis(1));
        let permit = self.world.permit::<ManageDomains>(at, &at.admin).await;
        claim(&self.world.store, &permit, name, Serves::Requests, &Reserved::by(&hosts()), &self.room.terms)
            .await
    }

    async fn claim_for_people(&self, at: &Village) -> Result<OwnDomain, OwnDomainError> {
        self.world.pass(Duration::from_millis(1));
        let permit = self.world.permit::<ManageDomains>(at, &at.admin).await;
        let reserved = Reserved::by(&hosts());
        claim(&self.world.store, &permit, NAME, Serves::People, &reserved, &self.room.terms).await
    }

    async fn check(&self, at: &Village) -> Result<OwnDomain, OwnDomainError> {
        self.world.pass(Duration::from_millis(1));
        let permit = self.world.permit::<ManageDomains>(at, &at.admin).await;
        check(&self.room, &permit, &NAME.parse().unwrap()).await
    }

    async fn remove(&self, at: &Village) -> Result<(), OwnDomainError> {
        self.world.pass(Duration::from_millis(1));
        let permit = self.world.permit::<ManageDomains>(at, &at.admin).await;
        remove(&self.room, &permit, &NAME.parse().unwrap()).await
    }

    /// Lets time pass, and the platform do its own work.
    async fn pass(&self, span: Duration) {
        self.world.pass(span);
        for claim in due(&self.room, &self.world.upkeep()).await.expect("the database answers") {
            let permit = self.world.warden.background::<LookAfterDomains>(claim.tenant, self.world.origin());
            look_after(&self.room, &permit, &claim).await.expect("the database answers");
        }
    }

    /// Whose requests to the name are.
    fn owner(&self) -> Option<TenantId> {
        let named = Identifier { source: Source::Domain, value: NAME };
        self.world.warden.resolve(&[named], self.world.origin()).ok().map(|at| at.tenant().record.id)
    }

    async fn standing(&self, at: &Village) -> Option<Standing> {
        let permit = self.world.permit::<ManageDomains>(at, &at.admin).await;
        find(&self.world.store, &permit, &NAME.parse().unwrap()).await.ok().map(|claim| claim.standing)
    }
}

#[tokio::test]
async fn a_domain_maps_only_once_it_is_proved() {
    for_each_engine(async |world| {
        let stage = Stage::build(world).await;
        let contoso = &stage.town.contoso;
        let claimed = stage.claim(contoso, "APP.Acme.test.").await.expect("free");
        assert_eq!(
            (claimed.standing, claimed.record().as_str()),
            (Standing::Pending, "_partywall-challenge.app.acme.test")
        );
        assert_eq!(stage.claim(contoso, NAME).await.expect("claimed already"), claimed, "nothing changes");
        let looked = stage.check(contoso).await.expect("a look is no mistake");
        assert!(looked.standing == Standing::Pending && looked.fault.contains("none with this value"));
        assert_eq!(stage.owner(), None);
        stage.records.lay_down(&claimed);
        let proved = stage.check(contoso).await.expect("proved");
        assert_eq!((proved.standing, proved.proof), (Standing::Active, Some(Proof::Dns)));
        assert_eq!(stage.owner(), Some(contoso.id));
        let lines = trail(world, contoso.id).await;
        let line = lines.iter().rfind(|line| line.action == "domain.manage").expect("a line");
        assert_eq!(
            (line.actor.as_str(), line.target.as_str()),
            (contoso.admin.user.to_string().as_str(), NAME)
        );
        assert!(line.after.contains(r#""standing":"active""#), "{line:?}");
    })
    .await;
}

#[tokio::test]
async fn another_tenant_s_claim_learns_nothing_and_gains_nothing_without_proof() {
    for_each_engine(async |world| {
        let stage = Stage::build(world).await;
        let (contoso, fabrikam) = (&stage.town.contoso, &stage.town.fabrikam);
        let ours = stage.claim(contoso, NAME).await.expect("free");
        stage.records.lay_down(&ours);
        stage.check(contoso).await.expect("proved");
        let theirs = stage.claim(fabrikam, NAME).await.expect("as for a name that is free");
        assert_ne!(theirs.token, ours.token);
        let looked = stage.check(fabrikam).await.expect("as for a name that is free");
        assert_eq!(
            (looked.standing, looked.fault.contains("none with this value")),
            (Standing::Pending, true)
        );
        // Whoever rules over the DNS may know that the name is in use here: it leads here.
        stage.records.lay_down(&theirs);
        assert_eq!(stage.check(fabrikam).await.expect_err("held").code(), "domain.held");
        assert_eq!(stage.owner(), Some(contoso.id));
        // The one who lost the record lost the name, after a while, and then it rests.
        for _ in 0..16 {
            stage.pass(DAY).await;
        }
        assert_eq!((stage.owner(), stage.standing(contoso).await), (None, Some(Standing::Inactive)));
        let again = stage.claim(fabrikam, NAME).await.expect("the claim has ended, and is made again");
        stage.records.lay_down(&again);
        assert_eq!(stage.check(fabrikam).await.expect_err("it rests").code(), "domain.held");
        for _ in 0..31 {
            stage.pass(DAY).await;
        }
        let again = stage.claim(fabrikam, NAME).await.expect("free");
        stage.records.lay_down(&again);
        stage.check(fabrikam).await.expect("it has rested");
        assert_eq!(stage.owner(), Some(fabrikam.id));
    })
    .await;
}

#[tokio::test]
async fn a_proof_that_is_lost_is_warned_of_and_comes_back() {
    for_each_engine(async |world| {
        let stage = Stage::build(world).await;
        let contoso = &stage.town.contoso;
        let claimed = stage.claim(contoso, NAME).await.expect("free");
        stage.records.lay_down(&claimed);
        stage.check(contoso).await.expect("proved");
        stage.records.take_away();
        stage.pass(DAY).await;
        assert_eq!(
            (stage.owner(), stage.standing(contoso).await),
            (Some(contoso.id), Some(Standing::Warned))
        );
        stage.records.lay_down(&claimed);
        stage.pass(DAY).await;
        assert_eq!(stage.standing(contoso).await, Some(Standing::Active));
    })
    .await;
}

#[tokio::test]
async fn a_domain_that_was_given_back_rests_and_an_old_record_opens_it_to_nobody() {
    for_each_engine(async |world| {
        let stage = Stage::build(world).await;
        let (contoso, fabrikam) = (&stage.town.contoso, &stage.town.fabrikam);
        let claimed = stage.claim(contoso, NAME).await.expect("free");
        stage.records.lay_down(&claimed);
        stage.check(contoso).await.expect("proved");
        stage.remove(contoso).await.expect("its own");
        assert_eq!((stage.owner(), stage.standing(contoso).await), (None, None));
        // The record was left lying about. It is no proof for another tenant, nor for a new claim of the same.
        stage.claim(fabrikam, NAME).await.expect("anybody may claim");
        assert_eq!(stage.check(fabrikam).await.expect("a look").standing, Standing::Pending);
        let again = stage.claim(contoso, NAME).await.expect("anybody may claim");
        assert_eq!(stage.check(contoso).await.expect("a look").standing, Standing::Pending);
        stage.records.lay_down(&again);
        assert_eq!(stage.check(contoso).await.expect("it rests for others").standing, Standing::Active);
        assert_eq!(stage.remove(fabrikam).await.map_err(|error| error.code()), Ok(()), "its own claim only");
        assert_eq!(stage.owner(), Some(contoso.id));
    })
    .await;
}

#[tokio::test]
async fn claims_are_bounded_and_end() {
    for_each_engine(async |world| {
        let stage = Stage::build(world).await;
        let contoso = &stage.town.contoso;
        for number in 0..10 {
            stage.claim(contoso, &format!("n{number}.acme.test")).await.expect("within the plan");
        }
        assert_eq!(stage.claim(contoso, NAME).await.expect_err("too many").code(), "plan.limit");
        stage.pass(DAY * 8).await;
        assert!(stage.claim(contoso, NAME).await.is_ok(), "the others have ended");
        let events = format!(
            "SELECT COUNT(*) FROM outbox WHERE tenant_id = '{}' AND name = 'domain.changed'",
            contoso.id
        );
        assert_eq!(world.number(&events).await, 21);
    })
    .await;
}

#[tokio::test]
async fn what_is_beneath_another_tenant_s_domain_is_held() {
    for_each_engine(async |world| {
        let stage = Stage::build(world).await;
        let (contoso, fabrikam) = (&stage.town.contoso, &stage.town.fabrikam);
        let permit = world.permit::<ManageDomains>(contoso, &contoso.admin).await;
        let above = stage.claim(contoso, "acme.test").await.expect("free");
        stage.records.lay_down(&above);
        check(&stage.room, &permit, &above.host).await.expect("proved");
        let beneath = stage.claim(fabrikam, NAME).await.expect("anybody may claim");
        stage.records.lay_down(&beneath);
        assert_eq!(stage.check(fabrikam).await.expect_err("beneath contoso's").code(), "domain.held");
        let own = stage.claim(contoso, NAME).await.expect("anybody may claim");
        stage.records.lay_down(&own);
        stage.check(contoso).await.expect("beneath its own");
        assert_eq!(stage.owner(), Some(contoso.id));
    })
    .await;
}

#[tokio::test]
async fn a_domain_for_people_maps_nothing_and_is_one_tenant_s_alone() {
    for_each_engine(async |world| {
        let stage = Stage::build(world).await;
        let (contoso, fabrikam) = (&stage.town.contoso, &stage.town.fabrikam);
        let claimed = stage.claim_for_people(contoso).await.expect("free");
        stage.records.lay_down(&claimed);
        assert_eq!(stage.check(contoso).await.expect("proved").standing, Standing::Active);
        assert_eq!(stage.owner(), None, "requests to it go where they went before");
        assert_eq!(
            stage.claim(contoso, NAME).await.unwrap_err().code(),
            "input.invalid",
            "one use at a time"
        );
        let held = async || {
            world.number(&format!("SELECT COUNT(*) FROM people_domain WHERE domain = '{NAME}'")).await
        };
        assert_eq!(held().await, 1);

        // Another tenant proves the same name, by the same record as it were, for either use.
        let theirs = stage.claim_for_people(fabrikam).await.expect("a claim says nothing");
        stage.records.lay_down(&theirs);
        assert_eq!(stage.check(fabrikam).await.unwrap_err().code(), "domain.held");
        stage.remove(fabrikam).await.expect("theirs to give back");
        let theirs = stage.claim(fabrikam, NAME).await.expect("a claim says nothing");
        stage.records.lay_down(&theirs);
        assert_eq!(stage.check(fabrikam).await.unwrap_err().code(), "domain.held");
        assert_eq!(stage.owner(), None);

        stage.remove(contoso).await.expect("given back");
        assert_eq!(held().await, 0);
        assert_eq!(stage.check(fabrikam).await.unwrap_err().code(), "domain.held", "it rests");
    })
    .await;
}
