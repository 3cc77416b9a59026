//! Tokens are made, of a grant that stands.

use super::{
    Denied,
    rows::Grant,
    sender::Bound,
    voucher::{Kind, Voucher},
};
use crate::{
    Identity,
    application::{Application, GrantType},
};
use access::{Credential, GrantedToken, Origin, Person};
use domain::{Digest, Moment, ScopeName, TenantId};
use protocol::{
    JwkSet, Signer,
    application_token::{ApplicationToken, at_hash},
    jose::published_key_set,
};
use serde_json::{Map, Value, json};
use std::{sync::Arc, time::Duration};

/// Tokens to be made.
pub(crate) struct Issue<'a> {
    pub(crate) room: &'a Identity,
    pub(crate) tenant: TenantId,
    pub(crate) application: &'a Application,
    pub(crate) grant: &'a Grant,
    /// What the access token is good for, of what the grant is.
    pub(crate) scopes: Vec<ScopeName>,
    /// Whom it is for, if not whom the grant is for.
    pub(crate) audience: Option<String>,
    /// The key that it is bound to.
    pub(crate) bound: Bound,
    pub(crate) origin: Origin,
}

/// What a token endpoint answers.
pub(crate) struct Tokens(pub(crate) Map<String, Value>);

impl Identity {
    /// Signs what applications get.
    pub(crate) fn signer(&self) -> Result<Signer, Denied> {
        let keyring = self.keyring.load();
        let (id, key) = keyring
            .context
            .first()
            .ok_or_else(|| Denied::new("server_error", "There is no key to sign tokens with."))?;
        Ok(Signer::new(id.to_string(), key.clone()))
    }

    /// The keys that what we sign is verified with.
    pub(crate) fn own_keys(&self) -> Option<JwkSet> {
        let keyring = self.keyring.load();
        let keys: Vec<_> = keyring.context.iter().map(|(id, key)| (id.to_string(), key.public())).collect();
        let set = published_key_set(keys.iter().map(|(id, key)| (id.as_str(), *key))).to_string();
        JwkSet::parse(set.as_bytes()).ok()
    }

    /// What codes and refresh tokens are made under.
    pub(crate) fn vouchers(&self) -> domain::digest::MacKey {
        self.keyring.load().pending.derive_mac("vouchers")
    }
}

impl Issue<'_> {
    /// An access token, and what belongs with it. The warden is asked whether what is behind it stands, just as it will
    /// be asked when the token is used.
    pub(crate) async fn tokens(self, generation: Option<i64>) -> Result<Tokens, Denied> {
        let Issue { room, tenant, application, grant, .. } = &self;
        let now = Moment::from_seconds(room.now().seconds());
        let life = application.metadata.access_token_seconds.map(Duration::from_secs);
        let ends = (now + life.unwrap_or(room.settings.token_life)).min(grant.ends);
        let mut scopes = self.scopes.clone();
        scopes.sort_unstable();
        scopes.dedup();
        let body = &grant.body;
        let token = ApplicationToken {
            id: format!("{}-{}", self.origin.request, room.web.chance.token().split_at(8).0),
            grant: grant.id,
            tenant: *tenant,
            application: application.id,
            who: grant.who.zip(body.user).map(|((member, _), user)| (user, member)),
            audience: self.audience.clone().unwrap_or_else(|| body.audience.clone()),
            scopes,
            words: body.words.clone(),
            proof: body.proof(),
            bound_to: self.bound.confirmation(),
            actor: body.act.clone(),
            issued: now,
            ends,
        };
        let person = self.standing(&token).await?;
        let (signer, issuer) = (room.signer()?, room.web.hosts.id.origin());
        let text = token.sign(&signer, issuer);
        let words = token.words.iter().map(String::as_str);
        let scope: Vec<&str> = words.chain(token.scopes.iter().map(AsRef::as_ref)).collect();
        let mut told = Map::new();
        told.insert("access_token".into(), json!(text));
        told.insert("token_type".into(), json!(self.bound.token_type()));
        told.insert("expires_in".into(), json!(ends.seconds() - now.seconds()));
        told.insert("scope".into(), json!(scope.join(" ")));
        if let Some(generation) = generation
            && application.metadata.grant_types.contains(&GrantType::RefreshToken)
        {
            let refresh = Voucher { kind: Kind::Refresh, tenant: *tenant, grant: grant.id, generation };
            told.insert("refresh_token".into(), json!(refresh.write(&room.vouchers())));
        }
        if body.is_openid()
            && let Some(person) = person
        {
            told.insert("id_token".into(), json!(self.id_token(&person, &text, now, &signer)));
        }
        Ok(Tokens(told))
    }

    /// Who is behind the token, as the warden sees them now.
    async fn standing(&self, token: &ApplicationToken) -> Result<Option<Arc<Person>>, Denied> {
        let warden = &self.room.web.warden;
        let at = warden.resolve_id(self.tenant)?;
        let credential = unbound(token);
        let caller = warden.caller_at(&at, &credential, self.origin).await?;
        if caller.application().is_none() || caller.person().is_some() != token.who.is_some() {
            return Err(Denied::grant());
        }
        Ok(caller.person().cloned())
    }

    fn id_token(&self, person: &Person, access_token: &str, now: Moment, signer: &Signer) -> String {
        let body = &self.grant.body;
        let mut claims = json!({
            "iss": self.room.web.hosts.id.origin(),
            "sub": person.user,
            "aud": self.application.id,
            "azp": self.application.id,
            "iat": now.seconds(),
            "exp": (now + self.room.settings.id_token_life).seconds(),
            "at_hash": at_hash(access_token),
            "tenant": self.tenant,
        });
        if let Some(nonce) = &body.nonce {
            claims["nonce"] = json!(nonce);
        }
        if let Some(sid) = &body.sid {
            claims["sid"] = json!(sid);
        }
        if let Some(proof) = body.proof() {
            proof.write(&mut claims);
        }
        for (name, value) in about(person, &body.words) {
            claims[name] = value;
        }
        signer.sign("JWT", &claims)
    }
}

/// What the words of OpenID Connect open of a person (OpenID Connect Core 1.0 section 5.4): the same claims, whatever
/// their provider spoke. What the provider did not give is absent.
pub(crate) fn about(person: &Person, words: &[String]) -> Vec<(&'static str, Value)> {
    let has = |word: &str| words.iter().any(|one| one == word);
    let mut all = Vec::new();
    if has("profile") {
        all.extend(person.name.as_ref().map(|name| ("name", json!(&**name))));
    }
    if has("email") {
        all.extend(person.email.as_ref().map(|email| ("email", json!(&**email))));
    }
    if has("roles") {
        let mut roles: Vec<&str> = person.roles.iter().map(AsRef::as_ref).collect();
        roles.sort_unstable();
        all.push(("roles", json!(roles)));
    }
    all
}

/// An application's name for a person's session, the same every time and good to nobody else.
pub(crate) fn sid(application: &Application, session: Digest) -> String {
    let id = application.id.to_string();
    Digest::of_parts(&[b"partywall sid\n", id.as_bytes(), b"\n", session.bytes()]).to_string()
}

/// A token as the warden is asked about it, whoever shows it: whether what is behind it stands, not who holds its key.
pub(super) fn unbound(token: &ApplicationToken) -> Credential {
    Credential::Granted(Arc::new(GrantedToken {
        grant: token.grant,
        tenant: token.tenant,
        application: token.application,
        audience: token.audience.as_str().into(),
        scopes: token.scopes.as_slice().into(),
        jkt: None,
        x5t: None,
        ends: token.ends,
    }))
}
