//! What a caller may present, and the signed cookie that carries a session.

use crate::permit::{CertificateHolder, ExchangedToken, GrantedToken, TokenHolder};
use domain::{DeploymentId, Digest, Moment, Secret, SignedKey, TenantId, UserId, digest::MacKey};
use std::sync::Arc;

/// What a caller presents. Parsed, not yet believed.
#[derive(Clone, Debug)]
pub enum Credential {
    /// Nothing.
    None,
    /// A session cookie whose signed part was sound.
    Session(Cookie),
    /// An API key whose text has the form of one.
    Key(PresentedKey),
    /// A bearer token of a registered issuer, after it was verified.
    Token(Arc<TokenHolder>),
    /// A token of ours that an API key was exchanged for, after it was verified.
    Exchanged(Arc<ExchangedToken>),
    /// A token of ours that an application was given, after it was verified.
    Granted(Arc<GrantedToken>),
    /// A client certificate that an anchor vouches for, by the rule that fits at one tenant.
    Certificate(Arc<CertificateHolder>),
    /// An operator token.
    OperatorToken(Secret<String>),
    /// The machine's own socket of mode 0600.
    Socket,
}

/// An API key as it was presented: the hash of its text, and what a signed one says of itself, whose code was
/// sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentedKey {
    /// The hash under which a key is stored.
    pub digest: Digest,
    /// What a signed key says.
    pub says: Option<Arc<SignedKey>>,
}

/// A session cookie after its signature was checked: the hash of the opaque id, and the mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// A session at a tenant's host.
    Tenant {
        /// The hash under which the session is stored.
        digest: Digest,
        /// The tenant it is for.
        tenant: TenantId,
        /// The deployment that hosted the tenant when the cookie was written.
        deployment: DeploymentId,
        /// When it ends.
        ends: Moment,
    },
    /// A person's session at `id.` or in the console.
    Person {
        /// The hash under which the session is stored.
        digest: Digest,
        /// Whose it is.
        user: UserId,
        /// When it ends.
        ends: Moment,
    },
}

/// The keys that cookies are signed with: one that signs, earlier ones that are still believed.
#[derive(Clone, Debug)]
pub struct CookieKeys {
    current: MacKey,
    previous: Vec<MacKey>,
}

const TENANT: &[u8] = b"partywall cookie tenant\n";
const SHARED: &[u8] = b"partywall cookie tenant on a shared host\n";
const PERSON: &[u8] = b"partywall cookie person\n";

/// At what kind of host a tenant's session was begun. Its cookie is worth nothing at the other kind: what one application
/// on a shared host could get hold of opens no tenant's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostOf {
    /// One of the tenant's own.
    Tenant,
    /// One that tenants share.
    Several,
}

impl HostOf {
    const fn label(self) -> &'static [u8] {
        match self {
            HostOf::Tenant => TENANT,
            HostOf::Several => SHARED,
        }
    }
}

impl CookieKeys {
    /// Signs with `current`, believes `previous` as well.
    pub fn new(current: MacKey, previous: Vec<MacKey>) -> Self {
        CookieKeys { current, previous }
    }

    /// The value of a tenant session's cookie. `id` is the opaque id, 43 characters of base64url.
    pub fn tenant_cookie(
        &self,
        host: HostOf,
        id: &str,
        tenant: TenantId,
        deployment: DeploymentId,
        ends: Moment,
    ) -> String {
        self.signed(host.label(), format!("{id}.{tenant}.{deployment}.{}", ends.seconds()))
    }

    /// The value of a person session's cookie. `host` is `id` or `console`: a cookie of one is not
    /// believed at the other.
    pub fn person_cookie(&self, host: &str, id: &str, user: UserId, ends: Moment) -> String {
        self.signed(&[PERSON, host.as_bytes(), b"\n"].concat(), format!("{id}.{user}.{}", ends.seconds()))
    }

    /// Reads a tenant session's cookie; none if it is malformed, altered or ended.
    pub fn read_tenant(&self, host: HostOf, value: &str, now: Moment) -> Option<Cookie> {
        let body = self.checked(host.label(), value)?;
        let [id, tenant, deployment, ends] = split::<4>(body)?;
        let (digest, ends) = (session_digest(id)?, ending(ends, now)?);
        Some(Cookie::Tenant {
            digest,
            tenant: tenant.parse().ok()?,
            deployment: deployment.parse().ok()?,
            ends,
        })
    }

    /// Reads a person session's cookie of `host`; none if it is malformed, altered or ended.
    pub fn read_person(&self, host: &str, value: &str, now: Moment) -> Option<Cookie> {
        let body = self.checked(&[PERSON, host.as_bytes(), b"\n"].concat(), value)?;
        let [id, user, ends] = split::<3>(body)?;
        Some(Cookie::Person {
            digest: session_digest(id)?,
            user: user.parse().ok()?,
            ends: ending(ends, now)?,
        })
    }

    fn signed(&self, label: &[u8], body: String) -> String {
        let code = self.current.sign(&[label, body.as_bytes()]);
        format!("{body}.{code}")
    }

    fn checked<'v>(&self, label: &[u8], value: &'v str) -> Option<&'v str> {
        let (body, code) = value.rsplit_once('.')?;
        let code = Digest::parse(code)?;
        let parts: [&[u8]; 2] = [label, body.as_bytes()];
        std::iter::once(&self.current)
            .chain(&self.previous)
            .any(|key| key.verifies(&parts, &code))
            .then_some(body)
    }
}

/// The hash under which a session is stored; none for a text that is no session id.
pub fn session_digest(id: &str) -> Option<Digest> {
    (id.len() == 43 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'))
        .then(|| Digest::of_parts(&[b"partywall session\n", id.as_bytes()]))
}

fn ending(seconds: &str, now: Moment) -> Option<Moment> {
    let ends = Moment::from_seconds(seconds.parse().ok()?);
    (now < ends).then_some(ends)
}

fn split<const N: usize>(text: &str) -> Option<[&str; N]> {
    let mut pieces = text.split('.');
    let mut parts = [""; N];
    for part in &mut parts {
        *part = pieces.next()?;
    }
    pieces.next().is_none().then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Chance;

    const NOW: Moment = Moment::from_seconds(1_000);
    const LATER: Moment = Moment::from_seconds(2_000);

    fn keys(name: &[u8]) -> CookieKeys {
        CookieKeys::new(MacKey::new(name), vec![])
    }

    #[test]
    fn a_cookie_says_what_was_put_into_it() {
        let (tenant, deployment) = (TenantId::from_bits(1), DeploymentId::from_bits(2));
        let id = Chance::system().token();
        let value = keys(b"k").tenant_cookie(HostOf::Tenant, &id, tenant, deployment, LATER);
        let digest = session_digest(&id).expect("a token is a session id");
        assert_eq!(
            keys(b"k").read_tenant(HostOf::Tenant, &value, NOW),
            Some(Cookie::Tenant { digest, tenant, deployment, ends: LATER })
        );
    }

    #[test]
    fn an_altered_stale_or_foreign_cookie_is_nothing() {
        let id = Chance::system().token();
        let value = keys(b"k").tenant_cookie(
            HostOf::Tenant,
            &id,
            TenantId::from_bits(1),
            DeploymentId::from_bits(2),
            LATER,
        );
        for at in 0..value.len() {
            let mut altered = value.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).expect("still ASCII");
            assert_eq!(keys(b"k").read_tenant(HostOf::Tenant, &altered, NOW), None, "byte {at}");
        }
        assert_eq!(keys(b"k").read_tenant(HostOf::Tenant, &value, LATER), None);
        assert_eq!(keys(b"other").read_tenant(HostOf::Tenant, &value, NOW), None);
        assert_eq!(keys(b"k").read_tenant(HostOf::Several, &value, NOW), None, "another kind of host");
        assert_eq!(keys(b"k").read_person("id", &value, NOW), None);
    }

    #[test]
    fn the_cookie_of_one_platform_host_is_nothing_at_the_other() {
        let value = keys(b"k").person_cookie("id", &Chance::system().token(), UserId::from_bits(1), LATER);
        assert!(keys(b"k").read_person("id", &value, NOW).is_some());
        assert_eq!(keys(b"k").read_person("console", &value, NOW), None);
    }
}
