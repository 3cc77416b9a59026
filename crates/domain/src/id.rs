//! Typed ids from one registry. An id is a UUIDv7 written in TypeID form: a prefix that says what it
//! names, an underscore, and 26 characters of lower-case Crockford base 32
//! (TypeID specification 0.3; RFC 9562 section 5.7).
//!
//! Ids carry no authority: parsing one from text reaches nobody's rows.

use crate::{Chance, Moment};
use std::{cmp::Ordering, fmt, hash, marker::PhantomData, str::FromStr};

/// What an id names; one empty enum for each, all made in the registry below.
pub trait Kind: 'static {
    /// The text before the underscore.
    const PREFIX: &'static str;
}

/// The id of one `K`. Ordered by time of making.
pub struct Id<K>(u128, PhantomData<fn() -> K>);

/// The text was not an id of the kind that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not an id that begins with `{expected}_`")]
pub struct BadId {
    /// The prefix that was expected.
    pub expected: &'static str,
}

macro_rules! registry {
    ($($(#[$doc:meta])* $alias:ident = $kind:ident $prefix:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub enum $kind {}
            impl Kind for $kind { const PREFIX: &'static str = $prefix; }
            const _: () = assert!($prefix.len() == PREFIX);
            $(#[$doc])*
            pub type $alias = Id<$kind>;
        )*
        /// Every prefix in use, for `docs/wire.md` and its test.
        pub const PREFIXES: &[&str] = &[$($prefix),*];
    };
}

registry! {
    /// An authority whose client certificates are believed.
    AnchorId = AnchorKind "anc";
    /// An API key.
    ApiKeyId = ApiKeyIdKind "apk";
    /// A relying party that receives our tokens.
    ApplicationId = ApplicationKind "app";
    /// One line of a tenant's audit trail.
    AuditLineId = AuditLineKind "aud";
    /// A tenant's use of a provider.
    ConnectionId = ConnectionKind "con";
    /// A set of backends that hosts tenants.
    DeploymentId = DeploymentKind "dep";
    /// One event in the outbox.
    EventId = EventKind "evt";
    /// What an application may do at a tenant, in somebody's name or in its own.
    GrantId = GrantKind "gnt";
    /// An issuer of bearer tokens.
    IssuerId = IssuerKind "iss";
    /// A piece of background work.
    JobId = JobKind "job";
    /// A signing key.
    KeyId = KeyKind "key";
    /// A user in a tenant.
    MemberId = MemberKind "mbr";
    /// One running process of the product.
    NodeId = NodeKind "nod";
    /// A plan.
    PlanId = PlanKind "pln";
    /// An issuer with its keys.
    ProviderId = ProviderKind "prv";
    /// One request on its way through.
    RequestId = RequestKind "req";
    /// One recorded sign-in.
    SignInId = SignInKind "sig";
    /// A program or partner of a tenant that calls with keys.
    SubscriberId = SubscriberKind "sub";
    /// An organisation that subscribes.
    TenantId = TenantKind "tnt";
    /// An operator token.
    TokenId = TokenKind "tok";
    /// One person, across all tenants.
    UserId = UserKind "usr";
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LETTERS: usize = 26;
/// How many letters every prefix has.
const PREFIX: usize = 3;

impl<K: Kind> Id<K> {
    /// A fresh id: 48 bits of milliseconds, 74 bits of chance.
    pub fn new(now: Moment, chance: &Chance) -> Self {
        let millis = (now.micros() / 1_000).max(0) as u128 & 0xffff_ffff_ffff;
        let random = u128::from_be_bytes(chance.fresh());
        let low = random & 0x0fff_3fff_ffff_ffff_ffff;
        Id((millis << 80) | (0x7 << 76) | (0x2 << 62) | low, PhantomData)
    }

    /// The bare number.
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// An id from a bare number; the inverse of [`Id::bits`].
    pub const fn from_bits(bits: u128) -> Self {
        Id(bits, PhantomData)
    }
}

/// In one piece: ids are written several times for each request that passes through.
impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [b'_'; PREFIX + 1 + LETTERS];
        text[..PREFIX].copy_from_slice(K::PREFIX.as_bytes());
        for (place, letter) in text[PREFIX + 1..].iter_mut().rev().enumerate() {
            *letter = ALPHABET[(self.0 >> (5 * place)) as usize & 31];
        }
        f.write_str(std::str::from_utf8(&text).expect("prefixes and the alphabet are ASCII"))
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = BadId { expected: K::PREFIX };
        let letters = text.strip_prefix(K::PREFIX).and_then(|rest| rest.strip_prefix('_')).ok_or(bad)?;
        // The first letter holds three bits: more would not fit into 128.
        if letters.len() != LETTERS || letters.as_bytes()[0] > b'7' {
            return Err(bad);
        }
        letters
            .bytes()
            .try_fold(0u128, |bits, letter| Some((bits << 5) | value_of(letter)?))
            .map(Self::from_bits)
            .ok_or(bad)
    }
}

fn value_of(letter: u8) -> Option<u128> {
    match VALUES[usize::from(letter)] {
        NONE => None,
        value => Some(u128::from(value)),
    }
}

const NONE: u8 = u8::MAX;

/// What each byte is worth as a letter of [`ALPHABET`].
static VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
};

// Derives would ask the same of `K`, which is never a value.
impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> hash::Hash for Id<K> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<K: Kind> serde::Serialize for Id<K> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de, K: Kind> serde::Deserialize<'de> for Id<K> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_the_way_through_text() {
        let id = TenantId::new(Moment::from_micros(1_795_000_000_000_000), &Chance::system());
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().len(), "tnt_".len() + LETTERS);
    }

    #[test]
    fn the_text_form_is_the_one_of_the_typeid_specification() {
        let bits = 0x0188_bac7_4afa_78aa_bc3b_bd1e_ef28_d881;
        assert_eq!(UserId::from_bits(bits).to_string(), "usr_01h2xcejqtf2nbrexx3vqjhp41");
    }

    #[test]
    fn later_ids_sort_after_earlier_ones() {
        let chance = Chance::system();
        let [early, late] =
            [1, 2].map(|second| UserId::new(Moment::from_micros(second * 1_000_000), &chance));
        assert!(early < late && early.to_string() < late.to_string());
    }

    #[test]
    fn what_is_not_an_id_of_this_kind_is_refused() {
        let user = UserId::from_bits(7).to_string();
        let long = format!("{user}0");
        for text in [
            "",
            "tnt_",
            "usr-",
            &user[1..],
            &long,
            "usr_80000000000000000000000000",
            "usr_0000000000000000000000000I",
        ] {
            assert_eq!(text.parse::<UserId>(), Err(BadId { expected: "usr" }), "{text}");
        }
        assert!(user.parse::<TenantId>().is_err());
    }

    #[test]
    fn no_two_kinds_share_a_prefix() {
        let mut seen = PREFIXES.to_vec();
        seen.dedup();
        assert_eq!(seen.len(), PREFIXES.len(), "the registry is alphabetical and free of doubles");
        assert!(PREFIXES.is_sorted());
    }
}
