//! The one write of somebody's coming in: the person is recognised or introduced, becomes a member if they
//! are new, and gets what they came for. All of it, or nothing.

use crate::{
    Identity,
    claim_rule::{self, Ruled, ruled},
    hand_over::{self, Gift},
    invitation,
    sign_in::{
        Connection, ConnectionStanding, SignInError, connection,
        gate::Gate,
        pending::{Aim, Pending},
        rows,
    },
    sign_in_domain::{self, domain_of},
    state::is_house,
};
use access::{FinishSignIn, Permit, Tenant};
use domain::{Change, Digest, Event, Limit, MemberId, RoleName, Secret, UserId, event::names};
use protocol::IdentityClaims;
use serde_json::{Value, json};
use store::{StoreError, TenantWrite};

/// Somebody whom a provider has proven.
pub(crate) struct Arrival<'a> {
    /// The connection by which they came.
    pub(crate) connection: &'a Connection,
    /// The sign-in that this ends.
    pub(crate) pending: &'a Pending,
    /// Who they are, in the provider's words.
    pub(crate) claims: &'a IdentityClaims,
}

/// Somebody who was let in.
pub(crate) struct Admitted {
    /// The person.
    pub(crate) user: UserId,
    /// The code of the hand-over, where there is one.
    pub(crate) code: Option<Secret<String>>,
}

/// Lets somebody in.
///
/// # Errors
/// [`SignInError::NoConnection`], [`SignInError::NotAdmitted`],
/// [`SignInError::Full`], [`SignInError::Invitation`], or the database's own trouble.
pub(crate) async fn finish(
    room: &Identity,
    permit: &Permit<FinishSignIn>,
    tenant: &Tenant,
    arrival: &Arrival<'_>,
) -> Result<Admitted, SignInError> {
    let provider = arrival.connection.provider;
    let ruled = &ruled(&arrival.connection.settings, arrival.claims)?;
    let subject = room.keyring.load().subject_hash(provider, &ruled.key);
    let attempt = async || {
        let known = room.store.directory().identity(permit, provider, subject).await?;
        let work = Admission { room, permit, tenant, arrival, ruled, subject, known };
        room.store.write(permit, async |tx| work.admit(tx).await).await
    };
    let (admitted, changed) = match attempt().await {
        // Somebody else introduced the same person first; by now they are known.
        Err(SignInError::Store(StoreError::Conflict(_))) => attempt().await?,
        outcome => outcome?,
    };
    if changed {
        room.forget(tenant.record.id);
    }
    Ok(admitted)
}

struct Admission<'a> {
    room: &'a Identity,
    permit: &'a Permit<FinishSignIn>,
    tenant: &'a Tenant,
    arrival: &'a Arrival<'a>,
    ruled: &'a Ruled,
    subject: Digest,
    known: Option<UserId>,
}

impl Admission<'_> {
    /// Gives who was let in, and whether anything changed that sessions rest on.
    async fn admit(&self, tx: &mut TenantWrite) -> Result<(Admitted, bool), SignInError> {
        let connection = self.arrival.connection;
        self.check_connection(tx).await?;
        let is_verified = sign_in_domain::check(tx, connection, self.arrival.claims, self.ruled).await?;
        let user = self.person(tx).await?;
        let (member, is_new) = self.member(tx, user).await?;
        let mut changed = is_new;
        changed |= self.write_profile(tx, member, is_verified).await?;
        changed |= self.give_by_rules(tx, member).await?;
        changed |= self.use_invitation(tx, member, user).await?;
        let sign_in = rows::note_sign_in(tx, member, connection.id, connection.provider).await?;
        let facts = json!({ "sign_in": sign_in, "user": user, "connection": connection.id, "provider": connection.provider });
        tx.changed(Change::new(member, Value::Null, facts));
        let event = Event::new(names::SIGNED_IN, member).with("user", user).with("connection", connection.id);
        tx.emit(event).await?;
        if changed {
            tx.emit(Event::new(names::MEMBER_CHANGED, member).with("user", user)).await?;
        }
        let code = self.hand_over(tx, member, user).await?;
        Ok((Admitted { user, code }, changed))
    }

    /// The connection may have been switched off while its person was away. One that is not in use yet is
    /// taken into use by the one-time link that set it up, and by nothing else.
    async fn check_connection(&self, tx: &mut TenantWrite) -> Result<(), SignInError> {
        let id = self.arrival.connection.id;
        let now = connection::find(tx, id).await?.ok_or(SignInError::NoConnection)?;
        match (now.standing, &self.arrival.pending.aim) {
            (ConnectionStanding::Active, _) => Ok(()),
            (ConnectionStanding::Draft, Aim::Invitation { digest }) => {
                invitation::take_into_use(tx, id, *digest).await
            }
            _ => Err(SignInError::NoConnection),
        }
    }

    async fn person(&self, tx: &mut TenantWrite) -> Result<UserId, SignInError> {
        if let Some(user) = self.known {
            return Ok(user);
        }
        let (user, region) = (tx.new_id(), self.room.settings.home_region.as_str());
        let provider = self.arrival.connection.provider;
        tx.introduce(self.permit, user, region, provider, self.subject).await?;
        Ok(user)
    }

    async fn member(&self, tx: &mut TenantWrite, user: UserId) -> Result<(MemberId, bool), SignInError> {
        match rows::member_of(tx, user).await? {
            Some(found) if found.is_active => Ok((found.id, false)),
            Some(_) => Err(SignInError::NotAdmitted),
            None => Ok((self.join(tx, user).await?, true)),
        }
    }

    /// First sign-in: a reference to the external identity and the default roles, and no form to fill in.
    async fn join(&self, tx: &mut TenantWrite, user: UserId) -> Result<MemberId, SignInError> {
        if rows::count_seats(tx).await? >= self.tenant.record.limits.of(Limit::Members) {
            return Err(SignInError::Full);
        }
        let source = match self.arrival.pending.aim {
            Aim::Invitation { .. } => "invitation",
            _ => "first-sign-in",
        };
        let member = rows::add_member(tx, user, source).await?;
        let connection = self.arrival.connection;
        let mut roles = Vec::new();
        for role in connection.settings.roles() {
            rows::give_role(tx, member, role, &connection.id.to_string()).await?;
            roles.push(role.as_str());
        }
        let facts = json!({ "user": user, "standing": "active", "source": source, "roles": roles });
        tx.changed(Change::new(member, Value::Null, facts));
        Ok(member)
    }

    /// The profile is what the provider says now: what it does not say any more is gone, and nothing is
    /// made up.
    async fn write_profile(
        &self,
        tx: &mut TenantWrite,
        member: MemberId,
        is_verified: bool,
    ) -> Result<bool, SignInError> {
        let mut profile = self.ruled.profile();
        if is_verified {
            profile.insert("email_verified".to_owned(), Value::Bool(true));
        }
        // In the one spelling, so that it can be held against the tenant's domains later on.
        if let Some(domain) = self.ruled.email.as_ref().and_then(|email| domain_of(email.as_str())) {
            profile.insert("domain".to_owned(), json!(domain));
        }
        if rows::profile_of(tx, member).await? == profile {
            return Ok(false);
        }
        rows::put_profile(tx, member, &profile).await?;
        let fields: Vec<&String> = profile.keys().collect();
        let mut change = Change::new(member, Value::Null, json!({ "profile": fields }));
        for (field, value) in self.ruled.shown() {
            change = change.personal(field, member, value);
        }
        if !self.ruled.attributes.is_empty() {
            change = change.personal("attributes", member, json!(self.ruled.attributes).to_string());
        }
        tx.changed(change);
        Ok(true)
    }

    /// The roles that the connection's rules give now, and no more of those that they gave before. A role that
    /// somebody gave by hand is theirs to take.
    async fn give_by_rules(&self, tx: &mut TenantWrite, member: MemberId) -> Result<bool, SignInError> {
        let source = claim_rule::source_of(self.arrival.connection.id);
        let known = self.room.known_roles.load();
        let wanted: Vec<&RoleName> =
            self.ruled.roles.iter().filter(|role| !role.is_platform() && known.contains_key(*role)).collect();
        let given = claim_rule::rows::roles_given_by(tx, member, &source).await?;
        if given.iter().eq(wanted.iter().copied()) {
            return Ok(false);
        }
        let before = rows::roles_of(tx, member).await?;
        for role in given.iter().filter(|role| !wanted.contains(role)) {
            crate::member::rows::remove_role(tx, member, role).await?;
        }
        for role in wanted {
            rows::give_role(tx, member, role, &source).await?;
        }
        let after = rows::roles_of(tx, member).await?;
        if before == after {
            return Ok(false);
        }
        tx.changed(Change::new(member, listed(&before), listed(&after)));
        Ok(true)
    }

    async fn use_invitation(
        &self,
        tx: &mut TenantWrite,
        member: MemberId,
        user: UserId,
    ) -> Result<bool, SignInError> {
        let Aim::Invitation { digest } = self.arrival.pending.aim else { return Ok(false) };
        let roles = invitation::use_up(tx, digest, user, is_house(self.tenant)).await?;
        let before = rows::roles_of(tx, member).await?;
        for role in &roles {
            rows::give_role(tx, member, role, "invitation").await?;
        }
        let after = rows::roles_of(tx, member).await?;
        tx.changed(Change::new(member, listed(&before), listed(&after)));
        Ok(true)
    }

    async fn hand_over(
        &self,
        tx: &mut TenantWrite,
        member: MemberId,
        user: UserId,
    ) -> Result<Option<Secret<String>>, SignInError> {
        let Aim::Enter { whither, back, bind, host } = &self.arrival.pending.aim else { return Ok(None) };
        let gate = Gate::of(self.room, self.tenant, *whither, host.as_ref()).name();
        let Connection { id: connection, provider, .. } = *self.arrival.connection;
        let life = self.room.settings.hand_over;
        let gift = Gift { gate, member, user, provider, connection, bind: *bind, back, life };
        Ok(Some(hand_over::give(tx, &gift).await?))
    }
}

fn listed(roles: &[RoleName]) -> Value {
    json!({ "roles": roles.iter().map(RoleName::as_str).collect::<Vec<_>>() })
}
