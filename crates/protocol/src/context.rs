//! The context token: user and tenant as two values in one signed, short-lived text that the gateway
//! hands to a backend (`docs/wire.md`, "The context token").
//!
//! What a backend does is here too ([`Context::verify`]), so that our own parts and our tests read it
//! as the reader libraries do.

use crate::jose::{Expect, JwkSet, Signer, TokenError, Typ, verify};
use domain::{
    AnchorId, ApiKeyId, ApplicationId, DeploymentId, Digest, DisplayName, EmailAddress, IssuerId, MemberId,
    Moment, RoleName, ScopeName, SubscriberId, TenantId, UserId,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The header `typ`: no other token of ours passes for a context, nor a context for another token.
pub const TYP: &str = "partywall-context+jwt";

/// What a backend learns about a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Context {
    /// Whose request it is.
    pub tenant: ContextTenant,
    /// Who makes it; none for an anonymous request.
    pub caller: Option<ContextCaller>,
}

/// The tenant of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContextTenant {
    /// Its immutable id: what data is keyed by.
    pub id: TenantId,
    /// Its slug, for display only; it may change.
    pub slug: String,
    /// Its name, for display only.
    pub name: String,
}

/// The caller of a request. More kinds may come; what reads this must not take one for another.
#[derive(Clone, Debug, PartialEq)]
pub enum ContextCaller {
    /// A person.
    User(ContextUser),
    /// A program, by an API key.
    Subscriber(ContextSubscriber),
    /// Whomever a registered issuer's token speaks of.
    Workload(ContextWorkload),
    /// A device or program, by a client certificate.
    Device(ContextDevice),
    /// An application in its own name.
    Application(ContextApplication),
}

/// A person who calls.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextUser {
    /// The person, the same at every tenant.
    pub user: UserId,
    /// The person as this tenant's member.
    pub member: ContextMember,
    /// The member's roles in this tenant.
    pub roles: Vec<RoleName>,
    /// The hash of the session, to tell two sessions apart.
    pub session: Option<Digest>,
    /// The application that calls in their name, if they do not call themselves.
    pub application: Option<ContextApplication>,
}

/// An application that calls with a token of ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContextApplication {
    /// Its id.
    pub id: ApplicationId,
    /// What the token is good for, sorted.
    pub scopes: Vec<ScopeName>,
}

/// A subscriber that calls with an API key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContextSubscriber {
    /// The subscriber's id within the tenant.
    pub id: SubscriberId,
    /// Which of its keys.
    pub key: ApiKeyId,
    /// What the key is good for, sorted.
    pub scopes: Vec<ScopeName>,
}

/// A caller by the bearer token of a registered issuer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContextWorkload {
    /// The registered issuer.
    pub issuer: IssuerId,
    /// Its name for the caller: the token's `sub`.
    pub subject: String,
    /// Whether the issuer speaks of a person, in whose name a program calls.
    pub person: bool,
    /// What the token is good for, sorted.
    pub scopes: Vec<ScopeName>,
}

/// A caller by a client certificate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContextDevice {
    /// The trust anchor that vouches for it.
    pub anchor: AnchorId,
    /// What the certificate calls it, by the anchor's rule.
    pub subject: String,
    /// Whether it is a program rather than a thing.
    pub workload: bool,
    /// SHA-256 of the certificate, in base64url.
    pub fingerprint: String,
    /// What it is good for, sorted.
    pub scopes: Vec<ScopeName>,
}

/// A member's profile as this tenant's provider gave it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContextMember {
    /// The member's id.
    pub id: MemberId,
    /// The name, if the provider gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<DisplayName>,
    /// The address, if the provider gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailAddress>,
    /// Whether the address may be relied upon: it is at a domain that the tenant has proved.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub email_verified: bool,
    /// What else the tenant's claim rules keep of the provider's words.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub attributes: Map<String, Value>,
}

/// The claims that are neither times nor the issuer's and audience's, as they stand on the wire.
#[derive(Serialize, Deserialize)]
struct Wire {
    tenant: ContextTenant,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sub: Option<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    member: Option<ContextMember>,
    #[serde(default)]
    roles: Vec<RoleName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subscriber: Option<ContextSubscriber>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    workload: Option<ContextWorkload>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device: Option<ContextDevice>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    application: Option<ContextApplication>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
}

/// Which kind of caller.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    User,
    Subscriber,
    Workload,
    Device,
    Application,
}

/// Between whom a context token passes.
#[derive(Clone, Copy, Debug)]
pub struct Parties<'a> {
    /// The public URL of `id.`.
    pub issuer: &'a str,
    /// The deployment whose backends may believe it.
    pub audience: DeploymentId,
}

impl Context {
    /// The token, valid from `now` for `life`.
    pub fn sign(&self, signer: &Signer, parties: &Parties<'_>, now: Moment, life: Duration) -> String {
        signer.sign(TYP, &self.claims(parties, now, life))
    }

    /// The claims of the token.
    pub fn claims(&self, parties: &Parties<'_>, now: Moment, life: Duration) -> Value {
        let mut claims = serde_json::to_value(self.wire()).expect("ids and names are plain JSON");
        for (name, value) in [
            ("iss", json!(parties.issuer)),
            ("aud", json!(parties.audience)),
            ("iat", json!(now.seconds())),
            ("nbf", json!(now.seconds())),
            ("exp", json!((now + life).seconds())),
        ] {
            claims[name] = value;
        }
        claims
    }

    /// Believes a context token as a backend of the deployment does, or says why not.
    ///
    /// # Errors
    /// As [`TokenError`] says.
    pub fn verify(
        token: &str,
        keys: &JwkSet,
        parties: &Parties<'_>,
        now: Moment,
        leeway: Duration,
    ) -> Result<Self, TokenError> {
        let audience = parties.audience.to_string();
        let expect = Expect { issuer: parties.issuer, audience: &audience, typ: Typ::Named(TYP) };
        let claims = verify(token, keys, &expect, now, leeway)?;
        serde_json::from_value(Value::Object(claims.into_members()))
            .ok()
            .and_then(Self::of_wire)
            .ok_or(TokenError::Malformed("its claims are not those of a context"))
    }

    fn wire(&self) -> Wire {
        let tenant = self.tenant.clone();
        let (sub, member, roles, sid) = (None, None, Vec::new(), None);
        let (subscriber, workload, device, application, kind) = (None, None, None, None, None);
        let nobody =
            Wire { tenant, sub, member, roles, sid, subscriber, workload, device, application, kind };
        match self.caller.clone() {
            None => nobody,
            Some(ContextCaller::User(user)) => Wire {
                sub: Some(user.user),
                member: Some(user.member),
                roles: user.roles,
                sid: user.session.map(|session| session.to_string()),
                application: user.application,
                kind: Some(Kind::User),
                ..nobody
            },
            Some(ContextCaller::Subscriber(subscriber)) => {
                Wire { subscriber: Some(subscriber), kind: Some(Kind::Subscriber), ..nobody }
            }
            Some(ContextCaller::Workload(workload)) => {
                Wire { workload: Some(workload), kind: Some(Kind::Workload), ..nobody }
            }
            Some(ContextCaller::Device(device)) => {
                Wire { device: Some(device), kind: Some(Kind::Device), ..nobody }
            }
            Some(ContextCaller::Application(application)) => {
                Wire { application: Some(application), kind: Some(Kind::Application), ..nobody }
            }
        }
    }

    /// A caller that is of two kinds, a user without a member, or roles without a user, is nothing that we would have said.
    fn of_wire(wire: Wire) -> Option<Self> {
        let session = match &wire.sid {
            None => None,
            Some(text) => Some(Digest::parse(text)?),
        };
        let is = |kind| wire.kind.is_none_or(|said| said == kind);
        let caller = match (wire.sub, wire.member, wire.subscriber) {
            (Some(user), Some(member), None)
                if is(Kind::User) && wire.workload.is_none() && wire.device.is_none() =>
            {
                let (roles, application) = (wire.roles, wire.application);
                Some(ContextCaller::User(ContextUser { user, member, roles, session, application }))
            }
            (None, None, subscriber) if wire.roles.is_empty() && session.is_none() => {
                match (subscriber, wire.workload, wire.device, wire.application) {
                    (Some(subscriber), None, None, None) if is(Kind::Subscriber) => {
                        Some(ContextCaller::Subscriber(subscriber))
                    }
                    (None, Some(workload), None, None) if is(Kind::Workload) => {
                        Some(ContextCaller::Workload(workload))
                    }
                    (None, None, Some(device), None) if is(Kind::Device) => {
                        Some(ContextCaller::Device(device))
                    }
                    (None, None, None, Some(application)) if wire.kind == Some(Kind::Application) => {
                        Some(ContextCaller::Application(application))
                    }
                    (None, None, None, None) if wire.kind.is_none() => None,
                    _ => return None,
                }
            }
            _ => return None,
        };
        Some(Context { tenant: wire.tenant, caller })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{forge::NOW, jose::published_key_set};
    use domain::{Chance, SigningKey};

    const LIFE: Duration = Duration::from_secs(60);
    const ISSUER: &str = "https://id.example.test";

    fn gateway() -> (Signer, JwkSet) {
        let signer = Signer::new("key_1", SigningKey::generate(&Chance::system()));
        let published = published_key_set([(signer.kid(), signer.public())]).to_string();
        (signer, JwkSet::parse(published.as_bytes()).unwrap())
    }

    fn parties() -> Parties<'static> {
        Parties { issuer: ISSUER, audience: DeploymentId::from_bits(1) }
    }

    fn anonymous() -> Context {
        let id = TenantId::from_bits(2);
        Context { tenant: ContextTenant { id, slug: "contoso".into(), name: "Contoso".into() }, caller: None }
    }

    fn alice() -> Context {
        let member = ContextMember {
            id: MemberId::from_bits(4),
            name: "Alice".parse().ok(),
            email: None,
            email_verified: false,
            attributes: Map::new(),
        };
        let roles = vec!["creator".parse().unwrap(), "reader".parse().unwrap()];
        let session = Some(Digest::of(b"session"));
        let user = ContextUser { user: UserId::from_bits(3), member, roles, session, application: None };
        Context { caller: Some(ContextCaller::User(user)), ..anonymous() }
    }

    fn robot() -> Context {
        let scopes = vec!["surveys.read".parse().unwrap()];
        let (id, key) = (SubscriberId::from_bits(5), ApiKeyId::from_bits(6));
        let caller = ContextCaller::Subscriber(ContextSubscriber { id, key, scopes });
        Context { caller: Some(caller), ..anonymous() }
    }

    fn workload() -> Context {
        let scopes = vec!["surveys.read".parse().unwrap()];
        let (issuer, subject) = (IssuerId::from_bits(7), "reports".to_owned());
        let caller = ContextCaller::Workload(ContextWorkload { issuer, subject, person: false, scopes });
        Context { caller: Some(caller), ..anonymous() }
    }

    fn device() -> Context {
        let scopes = vec!["surveys.read".parse().unwrap()];
        let (anchor, subject) = (AnchorId::from_bits(8), "kiosk-1".to_owned());
        let fingerprint = Digest::of(b"certificate").to_string();
        let device = ContextDevice { anchor, subject, workload: false, fingerprint, scopes };
        Context { caller: Some(ContextCaller::Device(device)), ..anonymous() }
    }

    fn read(token: &str, keys: &JwkSet, parties: &Parties<'_>, now: Moment) -> Result<Context, TokenError> {
        Context::verify(token, keys, parties, now, Duration::ZERO)
    }

    #[test]
    fn a_backend_reads_the_tenant_and_the_user_that_the_gateway_wrote() {
        let (signer, keys) = gateway();
        for context in [alice(), robot(), workload(), device(), anonymous()] {
            let token = context.sign(&signer, &parties(), NOW, LIFE);
            assert_eq!(read(&token, &keys, &parties(), NOW), Ok(context));
        }
    }

    #[test]
    fn the_claims_are_those_of_the_wire_page_and_what_is_not_known_is_absent() {
        let claims = alice().claims(&parties(), NOW, LIFE);
        let expected = json!({
            "iss": ISSUER,
            "aud": DeploymentId::from_bits(1).to_string(),
            "iat": 1_800_000_000,
            "nbf": 1_800_000_000,
            "exp": 1_800_000_060,
            "tenant": { "id": TenantId::from_bits(2).to_string(), "slug": "contoso", "name": "Contoso" },
            "sub": UserId::from_bits(3).to_string(),
            "member": { "id": MemberId::from_bits(4).to_string(), "name": "Alice" },
            "roles": ["creator", "reader"],
            "sid": Digest::of(b"session").to_string(),
            "kind": "user",
        });
        assert_eq!(claims, expected);
        let claims = robot().claims(&parties(), NOW, LIFE);
        assert_eq!((&claims["kind"], claims.get("sub")), (&json!("subscriber"), None), "it is no user");
        let (id, key) = (SubscriberId::from_bits(5).to_string(), ApiKeyId::from_bits(6).to_string());
        assert_eq!(claims["subscriber"], json!({ "id": id, "key": key, "scopes": ["surveys.read"] }));
        let claims = workload().claims(&parties(), NOW, LIFE);
        assert_eq!((&claims["kind"], claims.get("sub")), (&json!("workload"), None), "nor is this");
        let issuer = IssuerId::from_bits(7).to_string();
        let said =
            json!({ "issuer": issuer, "subject": "reports", "person": false, "scopes": ["surveys.read"] });
        assert_eq!(claims["workload"], said);
        let claims = device().claims(&parties(), NOW, LIFE);
        assert_eq!((&claims["kind"], claims.get("sub")), (&json!("device"), None), "nor is this");
        let (anchor, fingerprint) =
            (AnchorId::from_bits(8).to_string(), Digest::of(b"certificate").to_string());
        let said = json!({
            "anchor": anchor, "subject": "kiosk-1", "workload": false, "fingerprint": fingerprint,
            "scopes": ["surveys.read"],
        });
        assert_eq!(claims["device"], said);
        let nobody = anonymous().claims(&parties(), NOW, LIFE);
        for absent in ["sub", "member", "sid", "kind", "subscriber", "workload", "device"] {
            assert_eq!(nobody.get(absent), None);
        }
    }

    #[test]
    fn a_context_for_another_deployment_or_from_another_issuer_is_refused() {
        let (signer, keys) = gateway();
        let token = alice().sign(&signer, &parties(), NOW, LIFE);
        let elsewhere = Parties { audience: DeploymentId::from_bits(9), ..parties() };
        assert_eq!(read(&token, &keys, &elsewhere, NOW), Err(TokenError::Audience));
        let stranger = Parties { issuer: "https://id.other.test", ..parties() };
        assert_eq!(read(&token, &keys, &stranger, NOW), Err(TokenError::Issuer));
    }

    #[test]
    fn a_context_is_stale_after_its_minute() {
        let (signer, keys) = gateway();
        let token = alice().sign(&signer, &parties(), NOW, LIFE);
        assert_eq!(read(&token, &keys, &parties(), NOW + LIFE), Err(TokenError::Expired));
    }

    #[test]
    fn a_forged_context_is_refused() {
        let ((eve, _), (_, keys)) = (gateway(), gateway());
        let token = alice().sign(&eve, &parties(), NOW, LIFE);
        assert_eq!(read(&token, &keys, &parties(), NOW), Err(TokenError::Signature));
    }

    #[test]
    fn another_token_of_ours_is_no_context() {
        let (signer, keys) = gateway();
        let token = signer.sign("at+jwt", &alice().claims(&parties(), NOW, LIFE));
        assert_eq!(read(&token, &keys, &parties(), NOW), Err(TokenError::Type));
    }

    #[test]
    fn nobody_is_two_kinds_of_caller_at_once() {
        let (signer, keys) = gateway();
        let robots = robot().claims(&parties(), NOW, LIFE);
        for (name, value) in [
            ("subscriber", robots["subscriber"].clone()),
            ("workload", workload().claims(&parties(), NOW, LIFE)["workload"].clone()),
            ("device", device().claims(&parties(), NOW, LIFE)["device"].clone()),
            ("kind", json!("subscriber")),
            ("kind", json!("workload")),
        ] {
            let mut claims = alice().claims(&parties(), NOW, LIFE);
            claims[name] = value;
            let token = signer.sign(TYP, &claims);
            assert!(matches!(read(&token, &keys, &parties(), NOW), Err(TokenError::Malformed(_))), "{name}");
        }
    }

    #[test]
    fn a_user_without_a_member_and_roles_without_a_user_are_refused() {
        let (signer, keys) = gateway();
        for missing in [&["member"][..], &["sub"], &["sub", "member"], &["sub", "member", "kind"]] {
            let mut claims = alice().claims(&parties(), NOW, LIFE);
            claims.as_object_mut().unwrap().retain(|name, _| !missing.contains(&name.as_str()));
            let token = signer.sign(TYP, &claims);
            assert!(matches!(read(&token, &keys, &parties(), NOW), Err(TokenError::Malformed(_))));
        }
    }
}
