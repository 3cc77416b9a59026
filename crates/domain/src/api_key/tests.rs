//! What a key's text shows, and what it does not.

use super::*;
use std::collections::HashSet;

fn secret(name: &[u8]) -> MacKey {
    MacKey::new(name)
}

fn signed() -> SignedKey {
    SignedKey {
        key: ApiKeyId::from_bits(1),
        tenant: TenantId::from_bits(2),
        subscriber: SubscriberId::from_bits(3),
        ends: Moment::from_seconds(2_000_000_000),
        scopes: vec!["surveys.read".parse().unwrap(), "surveys.write".parse().unwrap()],
        networks: vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()],
    }
}

fn text(key: &SignedKey, name: &[u8]) -> String {
    key.sign(&secret(name)).unwrap().reveal().clone()
}

fn read(text: &str, names: &[&[u8]]) -> Option<SignedKey> {
    let secrets: Vec<_> = names.iter().map(|name| secret(name)).collect();
    SignedKey::read(ApiKeyText::parse(text)?, &secrets)
}

#[test]
fn the_checksum_is_that_of_the_standard() {
    // The check value that every description of CRC-32 gives: 0xCBF43926 for the nine digits.
    let mut value = 0xCBF4_3926_u32;
    let mut letters = [b'0'; 6];
    for letter in letters.iter_mut().rev() {
        *letter = BASE62[value as usize % 62];
        value /= 62;
    }
    assert_eq!(checksum(b"123456789"), letters);
}

#[test]
fn random_keys_are_of_256_bits_and_never_the_same() {
    let chance = Chance::system();
    let keys: HashSet<String> = (0..10_000).map(|_| random(&chance).reveal().clone()).collect();
    assert_eq!(keys.len(), 10_000);
    assert!(62_f64.log2() * 43.0 > 256.0);
    let mut counts = [0_u32; 256];
    for key in &keys {
        assert_eq!(key.len(), 4 + 43 + 6);
        assert_eq!(ApiKeyText::parse(key).unwrap().kind(), ApiKeyKind::Random);
        key.as_bytes()[4..47].iter().for_each(|letter| counts[usize::from(*letter)] += 1);
    }
    // 430,000 letters, 6,935 of each expected, give or take 83: eight times that does not happen.
    for letter in BASE62 {
        assert!((6_270..7_600).contains(&counts[usize::from(*letter)]), "{}", char::from(*letter));
    }
}

#[test]
fn a_slip_in_one_letter_is_seen_before_anybody_is_asked() {
    let key = random(&Chance::system()).reveal().clone();
    for at in 4..key.len() {
        let mut slip = key.clone().into_bytes();
        slip[at] = if slip[at] == b'x' { b'y' } else { b'x' };
        assert_eq!(ApiKeyText::parse(std::str::from_utf8(&slip).unwrap()), None, "letter {at}");
    }
    for bad in ["", "pwk_", "pwk_abc", "pws_abc", "pwo_abc", &key[1..], &format!("{key}x"), "pwk_é"] {
        assert_eq!(ApiKeyText::parse(bad), None, "{bad}");
    }
}

#[test]
fn a_signed_key_says_what_was_put_into_it() {
    assert_eq!(read(&text(&signed(), b"now"), &[b"now"]), Some(signed()));
    let bare = SignedKey { scopes: vec![], networks: vec![], ..signed() };
    assert_eq!(read(&text(&bare, b"now"), &[b"now"]), Some(bare));
    let far = SignedKey { scopes: vec![], ..signed() };
    assert_eq!(read(&text(&far, b"now"), &[b"now"]), Some(far));
}

#[test]
fn a_signed_key_outlives_its_secret_for_as_long_as_that_is_believed() {
    let old = text(&signed(), b"before");
    assert!(read(&old, &[b"now", b"before"]).is_some());
    assert_eq!(read(&old, &[b"now"]), None);
}

#[test]
fn a_signed_key_with_any_bit_changed_is_nothing() {
    let key = text(&signed(), b"now");
    let body = ApiKeyText::parse(&key).unwrap().body().to_owned();
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(&body).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut altered = bytes.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        // Whoever alters a key can make its checksum right.
        let altered = checked(format!("{SIGNED}{}", BASE64_URL_SAFE_NO_PAD.encode(altered)));
        assert!(ApiKeyText::parse(&altered).is_some());
        assert_eq!(read(&altered, &[b"now"]), None, "bit {bit}");
    }
    let other_tenant = SignedKey { tenant: TenantId::from_bits(9), ..signed() };
    assert_eq!(read(&text(&other_tenant, b"forged"), &[b"now"]), None);
}

#[test]
fn a_random_key_is_no_signed_one() {
    let key = random(&Chance::system()).reveal().clone();
    assert_eq!(read(&key, &[b"now"]), None);
}

#[test]
fn a_key_that_says_too_much_is_not_made() {
    let scopes = (0..60).map(|at| format!("a.rather.long.scope.number.{at}").parse().unwrap()).collect();
    assert!(SignedKey { scopes, ..signed() }.sign(&secret(b"now")).is_none());
}

#[test]
fn a_key_is_found_in_whatever_surrounds_it() {
    let (one, two) = (random(&Chance::system()).reveal().clone(), text(&signed(), b"now"));
    let file = format!("password = {one}\n{{\"key\":\"{two}\"}} pwk_{} pws_nothing", "a".repeat(49));
    let found = find(file.as_bytes());
    assert_eq!(found.len(), 2);
    assert_eq!(&file[found[0].at..found[0].at + found[0].length], one);
    assert_eq!(&file[found[1].at..found[1].at + found[1].length], two);
    assert_eq!(found[1].kind, ApiKeyKind::Signed);
    assert_eq!(find(b"pwk"), []);
    assert_eq!(find(&[0xff; 100]), []);
}

#[test]
fn reading_what_is_no_key_never_panics() {
    let key = text(&signed(), b"now");
    for end in 0..key.len() {
        assert_eq!(read(&key[..end], &[b"now"]), None);
        let body = &key[..end.max(4)];
        let _ = read(&checked(body.to_owned()), &[b"now"]);
    }
}
