//! A pending sign-in: everything that must be the same when the provider's answer comes. It travels as a
//! sealed cookie and is no row, so that a sign-in begun on one node ends on another, and one that is never
//! finished leaves nothing behind.

use crate::sign_in::leave::Whither;
use domain::{
    Chance, ConnectionId, Digest, Hostname, Moment, ReturnPath, Sealed, Secret, TenantId, UserId,
    seal::SealingKey,
};
use http::{HeaderMap, HeaderValue};
use protocol::pkce::Verifier;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use web::cookie::{self, Jar};

/// What a pending sign-in is sealed for.
const PURPOSE: &str = "pending sign-in";

/// What is to happen once the person is known.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Aim {
    /// Enter the tenant, at its host or in the console.
    Enter {
        whither: Whither,
        back: ReturnPath,
        #[serde(with = "as_text")]
        bind: Digest,
        /// The hostname where it began, the tenant's own or a shared one; none for its slug's host.
        host: Option<Hostname>,
    },
    /// Go on with what an application asked.
    Application {
        /// The request, as it stood in the address.
        query: String,
        /// Whether the application had pushed it.
        was_pushed: bool,
        /// Whether the person is known and has to prove themselves once more.
        again: bool,
    },
    /// Become what a one-time link makes its holder.
    Invitation {
        /// The hash of the link's secret.
        #[serde(with = "as_text")]
        digest: Digest,
    },
    /// Show what the provider says, and let nobody in.
    Trial {
        /// Who tries.
        by: UserId,
    },
}

/// A sign-in under way.
#[derive(Serialize, Deserialize)]
pub(crate) struct Pending {
    state: String,
    nonce: String,
    verifier: String,
    /// The tenant that is signed in to; nothing in the answer can change it.
    pub(crate) tenant: TenantId,
    /// The connection that was chosen; the answer must come to its own callback.
    pub(crate) connection: ConnectionId,
    /// What then.
    pub(crate) aim: Aim,
    /// When it is too late.
    pub(crate) ends: Moment,
}

impl Pending {
    /// A fresh one.
    pub(crate) fn begin(
        tenant: TenantId,
        connection: ConnectionId,
        aim: Aim,
        ends: Moment,
        chance: &Chance,
    ) -> Self {
        Pending {
            state: chance.token(),
            nonce: chance.token(),
            verifier: Verifier::generate(chance).reveal().to_owned(),
            tenant,
            connection,
            aim,
            ends,
        }
    }

    /// What ties the answer to this sign-in.
    pub(crate) fn state(&self) -> &str {
        &self.state
    }

    /// The same, to be compared in constant time.
    pub(crate) fn secret_state(&self) -> Secret<String> {
        Secret::new(self.state.clone())
    }

    /// What the ID token must repeat.
    pub(crate) fn nonce(&self) -> Secret<String> {
        Secret::new(self.nonce.clone())
    }

    /// What proves to the provider that it was us who left.
    pub(crate) fn verifier(&self) -> Verifier {
        Verifier::parse(&self.verifier).expect("it was made by us and the seal held")
    }

    /// The hash under which its answer is remembered as given.
    pub(crate) fn digest(&self) -> Digest {
        digest_of(&self.state)
    }

    /// The cookie that carries it.
    pub(crate) fn cookie(&self, key: &SealingKey, jar: Jar, life: Duration, chance: &Chance) -> HeaderValue {
        let plain = serde_json::to_vec(self).expect("a pending sign-in is plain data");
        let sealed = key.seal(PURPOSE, &plain, chance);
        jar.set(&cookie_name(&self.state), sealed.as_str(), Some(life))
    }

    /// The one that this browser carries for `state`, if its seal holds and its time is not over.
    pub(crate) fn find(
        state: &str,
        headers: &HeaderMap,
        jar: Jar,
        key: &SealingKey,
        now: Moment,
    ) -> Option<Self> {
        let value = jar.read(headers, &cookie_name(state))?;
        let pending = open(key, value, now)?;
        (Secret::new(pending.state.as_str()) == Secret::new(state)).then_some(pending)
    }
}

/// The `Set-Cookie`s that make room for one more: those of the oldest beyond `most`, and of any that
/// cannot be opened or are over.
pub(crate) fn make_room(
    headers: &HeaderMap,
    jar: Jar,
    key: &SealingKey,
    now: Moment,
    most: usize,
) -> Vec<HeaderValue> {
    let mut alive = Vec::new();
    let mut gone = Vec::new();
    for (name, value) in jar.all(headers, cookie::SIGN_IN) {
        match open(key, value, now) {
            Some(pending) => alive.push((pending.ends, name)),
            None => gone.push(name),
        }
    }
    alive.sort_by_key(|(ends, _)| *ends);
    let surplus = (alive.len() + 1).saturating_sub(most);
    gone.extend(alive.into_iter().take(surplus).map(|(_, name)| name));
    gone.iter().map(|name| jar.remove(name)).collect()
}

/// The name of the cookie of the sign-in with this state.
pub(crate) fn cookie_name(state: &str) -> String {
    format!("{}{}", cookie::SIGN_IN, &digest_of(state).to_string()[..8])
}

fn digest_of(state: &str) -> Digest {
    Digest::of_parts(&[b"partywall state\n", state.as_bytes()])
}

fn open(key: &SealingKey, value: String, now: Moment) -> Option<Pending> {
    let plain = key.open(PURPOSE, &Sealed::from_text(value)).ok()?;
    let pending: Pending = serde_json::from_slice(&plain).ok()?;
    (now < pending.ends).then_some(pending)
}

/// A digest in a sealed document is its text.
pub(crate) mod as_text {
    use domain::Digest;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(digest: &Digest, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(digest)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Digest, D::Error> {
        let text = String::deserialize(from)?;
        Digest::parse(&text).ok_or_else(|| D::Error::custom("not a digest"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_seconds(1_800_000_000);

    fn pending(ends: u64) -> Pending {
        let aim = Aim::Invitation { digest: Digest::of(b"a code") };
        let ends = NOW + Duration::from_secs(ends);
        Pending::begin(TenantId::from_bits(1), ConnectionId::from_bits(2), aim, ends, &Chance::system())
    }

    fn carry(headers: &mut HeaderMap, cookie: &HeaderValue) {
        let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
        headers.append(http::header::COOKIE, HeaderValue::from_str(&pair).unwrap());
    }

    #[test]
    fn a_pending_sign_in_is_found_by_its_own_state_and_in_time_only() {
        let (chance, jar) = (Chance::system(), Jar::new(true));
        let key = SealingKey::generate(&chance);
        let (mine, other) = (pending(600), pending(600));
        let mut headers = HeaderMap::new();
        for pending in [&mine, &other] {
            carry(&mut headers, &pending.cookie(&key, jar, Duration::from_secs(600), &chance));
        }
        let find = |state: &str, now| Pending::find(state, &headers, jar, &key, now);
        assert_eq!(find(mine.state(), NOW).unwrap().digest(), mine.digest());
        assert!(find("another state", NOW).is_none());
        assert!(find(mine.state(), NOW + Duration::from_secs(600)).is_none());
        let foreign = SealingKey::generate(&chance);
        assert!(Pending::find(mine.state(), &headers, jar, &foreign, NOW).is_none());
    }

    #[test]
    fn the_cookie_shows_nothing_of_what_it_holds() {
        let (chance, pending) = (Chance::system(), pending(600));
        let cookie = pending.cookie(&SealingKey::generate(&chance), Jar::new(false), NOW.since(NOW), &chance);
        let text = cookie.to_str().unwrap();
        for secret in [pending.state(), &pending.nonce, &pending.verifier] {
            assert!(!text.contains(secret));
        }
        assert!(text.len() < 4_000, "{} bytes", text.len());
    }

    #[test]
    fn the_oldest_sign_in_makes_room_for_the_fifth() {
        let (chance, jar) = (Chance::system(), Jar::new(true));
        let key = SealingKey::generate(&chance);
        let all: Vec<Pending> = [400, 100, 300, 200].map(pending).into();
        let mut headers = HeaderMap::new();
        for pending in &all {
            carry(&mut headers, &pending.cookie(&key, jar, Duration::from_secs(600), &chance));
        }
        assert_eq!(make_room(&headers, jar, &key, NOW, 5), Vec::<HeaderValue>::new());
        assert_eq!(make_room(&headers, jar, &key, NOW, 4), [jar.remove(&cookie_name(all[1].state()))]);
        let later = NOW + Duration::from_secs(250);
        let ended = make_room(&headers, jar, &key, later, 4);
        assert_eq!(ended.len(), 2, "those that are over go first");
    }
}
