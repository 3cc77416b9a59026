//! Who goes to the same backend again: a browser by a cookie that says which without saying where, everybody of a
//! tenant, or one caller. The backend that is meant is taken as long as it is well.

use super::{Deployment, choose::scatter};
use crate::cookie::{Presented, presented};
use domain::{Affinity, DeploymentId, digest::MacKey};
use http::{HeaderMap, HeaderValue, header::SET_COOKIE};
use web::cookie::BACKEND;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Anybody,
    /// The backend at this place, where it was before.
    Again(usize),
    /// The one that this key leads to.
    Key(u64),
}

/// How long the part of a code is that a cookie says.
const TAG: usize = 16;

/// What the cookie of a backend says: nobody without the secret can say which address it stands for.
pub(super) fn tag(secret: &MacKey, address: &str) -> Box<str> {
    secret.sign(&[b"partywall affinity 1\n", address.as_bytes()]).to_string()[..TAG].into()
}

/// The name of the cookie, by which the backends of this deployment are known.
pub(super) fn cookie_name(secure: bool, deployment: DeploymentId) -> Box<str> {
    let prefix = if secure { "__Host-" } else { "" };
    format!("{prefix}{BACKEND}{deployment}").into()
}

impl Deployment {
    /// What this request asks for. `caller` is asked for a number that is this caller's, where one matters.
    pub(crate) fn wish(&self, headers: &HeaderMap, tenant: u128, caller: impl FnOnce() -> u128) -> Wish {
        if !self.has_several() {
            return Wish::Anybody;
        }
        match self.balancing.affinity {
            Affinity::None => Wish::Anybody,
            Affinity::Tenant => Wish::Key(folded(tenant)),
            Affinity::User => Wish::Key(folded(tenant) ^ folded(caller()).rotate_left(1)),
            Affinity::Cookie => match presented(headers, &self.cookie) {
                Presented::One(tag) => self.tagged(tag).map_or(Wish::Anybody, Wish::Again),
                Presented::Nothing | Presented::Unclear => Wish::Anybody,
            },
        }
    }

    fn tagged(&self, tag: &str) -> Option<usize> {
        self.members.iter().position(|member| &*member.tag == tag)
    }

    /// Lets a browser say the next time where it was, if it did not say just that.
    pub(crate) fn bind(&self, headers: &mut HeaderMap, wish: Wish, at: usize, secure: bool) {
        if self.balancing.affinity != Affinity::Cookie || !self.has_several() || wish == Wish::Again(at) {
            return;
        }
        let (name, tag) = (&self.cookie, &self.members[at].tag);
        let closing = if secure { "; Secure" } else { "" };
        let cookie = format!("{name}={tag}; Path=/; HttpOnly; SameSite=Lax{closing}");
        headers.append(SET_COOKIE, HeaderValue::try_from(cookie).expect("ids and codes are plain ASCII"));
    }
}

fn folded(id: u128) -> u64 {
    scatter(id as u64) ^ scatter((id >> 64) as u64).rotate_left(32)
}
