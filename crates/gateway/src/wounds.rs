//! Small damage to what strangers send, many times over: nothing panics, and what is let through is what it seems to
//! be. `docs/bad-input.md` says how to do more of it.

use crate::{
    Authority, Fronts, Hosts, Routes, Signing,
    cookie::{forward_without_ours, has_session, keep_harmless, presented},
    credential::key_on,
    dice::Dice,
    policy::{attack::AttackSpec, attack::Attacks},
    resolve::parameters,
    target,
    token::{Issuers, OwnTokens},
};
use domain::{
    ApiKeyText, Chance, Moment, SignedKey, SigningKey, SubscriberId, TenantId, api_key, digest::MacKey,
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use protocol::{JwkSet, Signer, jose::published_key_set};
use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

fn hosts() -> Hosts {
    Hosts { base: "base.test".parse().unwrap(), platform: vec![] }
}

fn map(name: &HeaderName, values: &[Vec<u8>]) -> HeaderMap {
    let values = values.iter().filter_map(|value| HeaderValue::from_bytes(value).ok());
    values.map(|value| (name.clone(), value)).collect()
}

#[test]
fn of_wounded_cookies_none_of_ours_goes_on() {
    let mut dice = Dice::of(11);
    let sound = b"theme=dark; pw_session=abc.def.1; __Host-pw_session_tnt_x=a; __Secure-pw_bind_q=\"b\"; x";
    let set = b"pw_session=abc; Path=/; Domain=base.test; HttpOnly; SameSite=Lax";
    let wounded: Vec<_> = dice.wounded(sound, 3_000).collect();
    for pair in wounded.chunks(2) {
        let mut headers = map(&header::COOKIE, pair);
        let _ = presented(&headers, "pw_session");
        forward_without_ours(&mut headers);
        assert!(!has_session(&headers), "{pair:?}");
    }
    for wounded in dice.wounded(set, 3_000) {
        let mut headers = map(&header::SET_COOKIE, &[wounded]);
        keep_harmless(&mut headers, "acme.base.test");
        let kept = headers.get(header::SET_COOKIE).map(|value| value.as_bytes().to_ascii_lowercase());
        let begins = |kept: &[u8]| kept.trim_ascii().starts_with(b"pw_session=");
        assert!(!kept.as_deref().is_some_and(begins), "{kept:?}");
    }
}

#[test]
fn no_wounded_key_is_a_key() {
    let mut dice = Dice::of(12);
    let secret = MacKey::new(b"keys");
    let signed = SignedKey {
        key: domain::ApiKeyId::from_bits(1),
        tenant: TenantId::from_bits(2),
        subscriber: SubscriberId::from_bits(3),
        ends: Moment::from_seconds(4),
        scopes: vec!["a".parse().unwrap()],
        networks: vec!["10.0.0.0/8".parse().unwrap()],
    };
    let signed = signed.sign(&secret).unwrap();
    let random = api_key::random(&Chance::system());
    for sound in [signed.reveal(), random.reveal()] {
        let digest = ApiKeyText::parse(sound).unwrap().digest();
        for wounded in dice.wounded(sound.as_bytes(), 3_000) {
            let text = String::from_utf8_lossy(&wounded);
            if let Some(key) = ApiKeyText::parse(&text) {
                assert!(key.digest() != digest && SignedKey::read(key, [&secret]).is_none(), "{text}");
            }
            for found in api_key::find(&wounded) {
                assert!(found.at + found.length <= wounded.len());
            }
        }
    }
}

fn signing() -> Signing {
    let signer = Signer::new("key_1", SigningKey::generate(&Chance::system()));
    let published = published_key_set([(signer.kid(), signer.public())]).to_string();
    let published = JwkSet::parse(published.as_bytes()).unwrap();
    Signing { signer: Arc::new(signer), issuer: "x".into(), published }
}

#[test]
fn wounded_headers_of_credentials_bring_nothing_down() {
    let mut dice = Dice::of(13);
    let routes = r#"[{"name": "a", "host": "api.base.test", "map_by": ["header"], "audience": "api",
                      "credentials": ["api_key", "token"]}]"#;
    let routes = Routes::parse(routes, &hosts()).unwrap();
    let route = routes.pick("api.base.test", "/").unwrap();
    let (issuers, own) = (Issuers::default(), OwnTokens::of(&signing()));
    for sound in [&b"Bearer eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln"[..], b"Bearer pwk_0000", b"Basic YTpi"]
    {
        let wounded: Vec<_> = dice.wounded(sound, 2_000).collect();
        for pair in wounded.chunks(2) {
            let headers = map(&header::AUTHORIZATION, pair);
            let (_, _) = (issuers.token_on(&own, &headers, route).is_ok(), key_on(&headers, route).is_ok());
        }
    }
}

#[test]
fn what_proxies_say_in_wounded_headers_is_read_in_one_way_or_not_at_all() {
    let mut dice = Dice::of(14);
    let trusted = vec!["10.0.0.0/8".parse().unwrap()];
    let peer = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
    let standard = b"for=\"[2001:db8::17]:80\";host=a.base.test;proto=https, for=10.0.0.2;by=10.0.0.1";
    let lists = b"203.0.113.7, 10.0.0.9:443, [2001:db8::1]";
    let fronts = Fronts::new(trusted.clone(), header::FORWARDED);
    for wounded in dice.wounded(standard, 5_000) {
        let headers = map(&header::FORWARDED, &[wounded]);
        if let Ok(original) = fronts.original(peer, &headers) {
            assert!(
                original.host.is_none_or(
                    |host| !host.contains([',', ';', '"', ' ']) || Authority::parse(&host).is_err()
                )
            );
        }
    }
    let name = HeaderName::from_static("x-forwarded-host");
    let fronts = Fronts::new(trusted, name.clone());
    for wounded in dice.wounded(lists, 5_000) {
        let mut headers = map(&HeaderName::from_static("x-forwarded-for"), std::slice::from_ref(&wounded));
        headers.extend(map(&name, &[wounded]));
        let _ = fronts.original(peer, &headers);
        let _ = fronts.client(peer, &headers);
    }
}

#[test]
fn a_wounded_host_is_plain_or_refused() {
    let mut dice = Dice::of(15);
    for sound in [&b"acme.base.test:8080"[..], b"[2001:db8::1]:443", b"127.0.0.1"] {
        for wounded in dice.wounded(sound, 3_000) {
            let text = String::from_utf8_lossy(&wounded);
            if let Ok(authority) = Authority::parse(&text) {
                let plain = |letter: char| {
                    letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-._[]:".contains(letter)
                };
                assert!(authority.host.chars().all(plain), "{text}: {}", authority.host);
            }
        }
    }
}

/// What a server makes of a path that undoes escapes as often as any does, and then folds.
fn leaves(path: &str) -> bool {
    let mut bytes = path.as_bytes().to_vec();
    (0..3).any(|_| {
        let mut plain = Vec::new();
        let mut rest = &bytes[..];
        while let Some(&first) = rest.first() {
            let (byte, length) = target::escape(rest).map_or((first, 1), |meant| (meant, 3));
            plain.push(byte);
            rest = &rest[length..];
        }
        bytes = plain;
        bytes.split(|byte| matches!(byte, b'/' | b'\\')).any(|segment| segment == b"..")
    })
}

#[test]
fn no_wounded_path_that_passes_leaves_its_place() {
    let mut dice = Dice::of(16);
    for sound in
        [&b"/t1/%2e%2e/t2/%252e%252e;x/..\\y"[..], b"/a/b/..%2f.partywall/x", b"/./%2E/%5c..%5c/a?b=c"]
    {
        for wounded in dice.wounded(sound, 5_000) {
            let text = String::from_utf8_lossy(&wounded);
            if target::check(&text).is_ok() {
                assert!(!leaves(&text), "{text}");
            }
            let _ = parameters(&text, "tenant").count();
        }
    }
}

#[test]
fn wounded_documents_of_routes_are_refused_or_sound() {
    let mut dice = Dice::of(17);
    let sound = r#"[{"name": "a", "host": "api.base.test", "path": "/v1", "map_by": ["header", "expression"], "audience": "api",
        "when": "method == 'GET'", "tenant": "query.t", "credentials": ["api_key", "token"], "scopes": ["a.b"],
        "product": "orders", "version": {"name": "1", "sunset": "2027-01-01T00:00:00Z"},
        "write_tenant": {"into": "path", "prefix": "/in", "as": "slug"}, "policies": {
          "limits": [{"name": "m", "per": "user", "window": 60, "limit": {"plan": "api_requests_per_day"}, "when": "true"}],
          "addresses": {"deny": ["192.0.2.0/24"]}, "cors": {"origins": ["https://a.test"], "max_age": 5},
          "request_headers": [{"set": "X-A", "expression": "rest"}], "answer_headers": [{"remove": "Server"}],
          "rewrite": {"path": "rest"}, "cache": {"share": "tenant"},
          "screen": {"most_parameters": 5, "content_types": ["application/json"], "attacks": {"except": ["sql"]}}}}]"#;
    assert!(Routes::parse(sound, &hosts()).is_ok(), "{:?}", Routes::parse(sound, &hosts()).err());
    for wounded in dice.wounded(sound.as_bytes(), 400) {
        match Routes::parse(&String::from_utf8_lossy(&wounded), &hosts()) {
            Ok(_) => {}
            Err(faults) => assert!(faults.iter().all(|fault| !fault.what.is_empty())),
        }
    }
}

#[test]
fn screening_wounded_attacks_brings_nothing_down() {
    let mut dice = Dice::of(18);
    let spec: AttackSpec = serde_json::from_str("{}").unwrap();
    let attacks = Attacks::of(&spec, 1, &mut |_, what| panic!("{what}"));
    let sound = b"/a%c0%ae?q=%u003c&#x3c;\\x3c/*!5*/un/**/ion%00+select&&lt;%E0%80%BE=\xef\xbc\x9c";
    for wounded in dice.wounded(sound, 3_000) {
        let text: String = wounded
            .iter()
            .map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '%' })
            .collect();
        let mut request = Request::new(());
        request.headers_mut().extend(map(&HeaderName::from_static("x-note"), &[wounded]));
        if let Ok(uri) = format!("/{}", text.trim_start_matches('/')).parse() {
            *request.uri_mut() = uri;
        }
        let _ = attacks.finds(&request.into_parts().0);
    }
}
