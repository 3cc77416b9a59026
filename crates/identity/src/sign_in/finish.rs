//! The one write of somebody's coming in: the person is recognised or introduced, becomes a member if they
//! are new, and gets what they came for. All of it, or nothing.

use crate::{
    Identity,
    hand_over::{self, Gift},
    invitation,
    sign_in::{
        Connection, ConnectionStanding, SignInError, connection,
        gate::Gate,
        pending::{Aim, Pending},
        rows,
    },
    state::is_house,
};
use access::{FinishSignIn, Permit, Tenant};
use domain::{Change, Digest, Event, Limit, MemberId, RoleName, Secret, UserId, event::names};
use protocol::IdentityClaims;
use serde_json::{Map, Value, json};
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
    let subject = room.keyring.load().subject_hash(provider, &arrival.claims.subject);
    let attempt = async || {
        let known = room.store.directory().identity(permit, provider, subject).await?;
        let work = Admission { room, permit, tenant, arrival, subject, known };
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
    subject: Digest,
    known: Option<UserId>,
}

impl Admission<'_> {
    /// Gives who was let in, and whether anything changed that sessions rest on.
    async fn admit(&self, tx: &mut TenantWrite) -> Result<(Admitted, bool), SignInError> {
        let Arrival { connection, claims, .. } = self.arrival;
        self.check_connection(tx).await?;
        let user = self.person(tx).await?;
        let (member, is_new) = self.member(tx, user).await?;
        let mut changed = is_new;
        changed |= self.write_profile(tx, member, claims).await?;
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
        claims: &IdentityClaims,
    ) -> Result<bool, SignInError> {
        let mut profile = Map::new();
        for (field, value) in profile_fields(claims) {
            profile.insert(field.to_owned(), Value::String(value));
        }
        if rows::profile_of(tx, member).await? == profile {
            return Ok(false);
        }
        rows::put_profile(tx, member, &profile).await?;
        let fields: Vec<&String> = profile.keys().collect();
        let mut change = Change::new(member, Value::Null, json!({ "profile": fields }));
        for (field, value) in profile_fields(claims) {
            change = change.personal(field, member, value);
        }
        tx.changed(change);
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

/// Name and address, as far as the provider gave them.
pub(crate) fn profile_fields(claims: &IdentityClaims) -> impl Iterator<Item = (&'static str, String)> {
    let name = claims.name.as_ref().map(|name| ("name", name.to_string()));
    let email = claims.email.as_ref().map(|email| ("email", email.to_string()));
    name.into_iter().chain(email)
}

fn listed(roles: &[RoleName]) -> Value {
    json!({ "roles": roles.iter().map(RoleName::as_str).collect::<Vec<_>>() })
}
