//! A tenant types an address of ours, in every way there is to write one.

use crate::provider::*;
use domain::Fault;
use outbound::OutboundError;

/// The special ranges, each by its first, its last or a well-known address.
const SPECIAL: &[&str] = &[
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.127.255.255",
    "100.100.100.200",
    "127.0.0.0",
    "127.0.0.1",
    "127.255.255.255",
    "168.63.129.16",
    "169.254.0.0",
    "169.254.169.254",
    "169.254.170.2",
    "169.254.255.255",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.0",
    "192.0.0.192",
    "192.0.0.255",
    "192.0.2.0",
    "192.0.2.255",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.175.48.1",
    "192.168.0.0",
    "192.168.255.255",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.0",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[::2]",
    "[::127.0.0.1]",
    "[::8.8.8.8]",
    "[::ffff:127.0.0.1]",
    "[::ffff:10.0.0.1]",
    "[::ffff:169.254.169.254]",
    "[::ffff:8.8.8.8]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b::8.8.8.8]",
    "[64:ff9b:1::10.0.0.1]",
    "[100::]",
    "[100::ffff:ffff:ffff:ffff]",
    "[100:0:0:1::]",
    "[2001::]",
    "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
    "[2001:1::1]",
    "[2001:2::1]",
    "[2001:10::1]",
    "[2001:20::1]",
    "[2001:1ff:ffff::]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[3fff:fff:ffff::]",
    "[2002:7f00:1::]",
    "[2002:a00:1::]",
    "[2002:808:808::]",
    "[2620:4f:8000::1]",
    "[5f00::1]",
    "[fc00::]",
    "[fd00::1]",
    "[fd00:ec2::254]",
    "[fd20:ce::254]",
    "[fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]",
    "[fe80::1]",
    "[febf::1]",
    "[fec0::1]",
    "[feff::1]",
    "[ff00::]",
    "[ff02::1]",
    "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]",
    "[1::1]",
    "[4000::1]",
    "[8000::1]",
    "[e000::1]",
];

/// One address in the ways that parsers of URLs understand, and what it really is.
const SPELLINGS: &[(&str, &str)] = &[
    ("127.0.0.1", "2130706433"),
    ("127.0.0.1", "0x7f000001"),
    ("127.0.0.1", "0X7F.1"),
    ("127.0.0.1", "017700000001"),
    ("127.0.0.1", "0177.0.0.1"),
    ("127.0.0.1", "0177.0x0.0.01"),
    ("127.0.0.1", "127.1"),
    ("127.0.0.1", "127.0.1"),
    ("127.0.0.1", "127.0.0.1."),
    ("127.0.0.1", "127.0.0.0x1"),
    ("127.0.0.1", "%31%32%37.0.0.1"),
    ("127.0.0.1", "127%2e0%2e0%2e1"),
    ("127.0.0.1", "127。0。0。1"),
    ("127.0.0.1", "127.0.0.1"),
    ("127.0.0.1", "①②⑦.⓪.⓪.①"),
    ("169.254.169.254", "2852039166"),
    ("169.254.169.254", "0xa9fea9fe"),
    ("169.254.169.254", "0xA9.0xFE.0xA9.0xFE"),
    ("169.254.169.254", "0251.0376.0251.0376"),
    ("169.254.169.254", "169.254.43518"),
    ("169.254.169.254", "169.16689662"),
    ("0.0.0.0", "0"),
    ("0.0.0.0", "0x0"),
    ("10.0.0.1", "10.1"),
    ("192.168.0.1", "0xc0a80001"),
    ("::1", "[0:0:0:0:0:0:0:1]"),
    ("::1", "[0000::0001]"),
    ("::ffff:127.0.0.1", "[::FFFF:7f00:1]"),
    ("::ffff:169.254.169.254", "[0:0:0:0:0:ffff:a9fe:a9fe]"),
    ("fd00:ec2::254", "[FD00:EC2:0:0::254]"),
];

#[tokio::test]
async fn no_special_address_is_called_with_or_without_a_port() {
    let client = client(production(), &[]);
    for address in SPECIAL {
        for url in [
            format!("https://{address}/"),
            format!("https://{address}:8443/.well-known/openid-configuration"),
        ] {
            assert_eq!(outcome(&client, &url).await, "outbound.forbidden-address", "{url}");
            assert!(client.admit(&url).is_err(), "a form refuses {url} before anybody calls it");
        }
    }
}

#[tokio::test]
async fn no_spelling_makes_an_address_another_one() {
    let client = client(production(), &[]);
    for (meant, spelling) in SPELLINGS {
        let url = format!("https://{spelling}/");
        let refusal = get(&client, &url).await.unwrap_err();
        let OutboundError::ForbiddenAddress { address, .. } = refusal else { panic!("{url}: {refusal:?}") };
        assert_eq!(address, meant.parse::<std::net::IpAddr>().unwrap(), "{url}");
    }
}

#[tokio::test]
async fn a_listener_on_this_machine_never_notices_that_somebody_tried() {
    let provider = Provider::answering("secret").await;
    let client = client(production(), &["127.0.0.1"]);
    let spellings = SPELLINGS.iter().map(|(_, spelling)| *spelling);
    for host in spellings.chain(["localhost", "idp.localhost", "idp.example"]) {
        assert_eq!(
            outcome(&client, &provider.at("https", host)).await,
            "outbound.forbidden-address",
            "{host}"
        );
    }
    assert_eq!(provider.visits(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_same_addresses_behind_a_name_are_not_called_either() {
    for address in SPECIAL {
        let client = client(production(), &[address.trim_matches(['[', ']'])]);
        assert_eq!(outcome(&client, "https://idp.example/").await, "outbound.forbidden-address", "{address}");
    }
}

#[test]
fn an_address_that_is_none_is_refused_by_the_form() {
    let client = client(development(), &[]);
    for (text, said) in [
        ("", "it is not a URL"),
        ("idp.example", "it is not a URL"),
        ("https://", "it is not a URL"),
        ("https://1.2.3.4.5/", "it is not a URL"),
        ("https://256.0.0.1/", "it is not a URL"),
        ("https://[fe80::1%25eth0]/", "it is not a URL"),
        ("https://idp.example:99999/", "it is not a URL"),
        ("ftp://idp.example/", "it does not begin with https://"),
        ("file:///etc/passwd", "it does not begin with https://"),
        ("gopher://127.0.0.1/", "it does not begin with https://"),
        ("unix:/run/docker.sock", "it does not begin with https://"),
        ("https://user@idp.example/", "it holds a user name or password"),
        ("https://idp.example:pass@127.0.0.1/", "it holds a user name or password"),
        ("https://:pass@idp.example/", "it holds a user name or password"),
        ("https://idp.example./", "its host is not a usable name"),
        ("https://localhost./", "its host is not a usable name"),
        ("https://idp.example:0/", "its port is not one that is called"),
        ("https://idp.example:22/", "its port is not one that is called"),
        ("https://idp.example:25/", "its port is not one that is called"),
    ] {
        let refusal = client.admit(text).unwrap_err();
        assert_eq!(refusal.code(), "outbound.url", "{text}");
        assert_eq!(refusal.to_string(), format!("this address cannot be called: {said}"), "{text}");
    }
}

#[test]
fn an_ordinary_address_passes_the_form() {
    let client = client(production(), &[]);
    for text in [
        "https://idp.example",
        "https://idp.example:8443/realms/a?b=c",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
    ] {
        assert!(client.admit(text).is_ok(), "{text}");
    }
}

#[tokio::test]
async fn plain_http_is_refused_without_the_development_setting_even_where_a_rule_allows_the_address() {
    let provider = Provider::answering("secret").await;
    let url = provider.at("http", "127.0.0.1");
    assert_eq!(outcome(&client(production(), &[]), &url).await, "outbound.insecure");
    assert_eq!(outcome(&client(allowing("127.0.0.1"), &[]), &url).await, "outbound.insecure");
    assert_eq!(provider.visits(), 0);
}

#[tokio::test]
async fn a_developer_may_call_a_provider_on_this_machine_by_address_or_by_name() {
    let provider = Provider::answering("hello").await;
    let client = client(development(), &[]);
    for host in ["127.0.0.1", "localhost", "idp.contoso.localhost"] {
        let answer = get(&client, &provider.at("http", host)).await.unwrap();
        assert_eq!(answer.body, "hello", "{host}");
    }
}

#[tokio::test]
async fn a_developer_may_call_nothing_else_in_the_private_ranges() {
    let client = client(development(), &["10.0.0.1"]);
    for url in [
        "http://10.0.0.1/",
        "https://10.0.0.1/",
        "http://idp.example/",
        "http://169.254.169.254/",
        "http://0.0.0.0/",
    ] {
        assert_eq!(outcome(&client, url).await, "outbound.forbidden-address", "{url}");
    }
}

#[tokio::test]
async fn even_a_developer_speaks_to_the_world_in_secret_only() {
    let client = client(development(), &["8.8.8.8"]);
    for url in ["http://8.8.8.8/", "http://idp.example/"] {
        assert_eq!(outcome(&client, url).await, "outbound.insecure", "{url}");
    }
}

#[tokio::test]
async fn the_operators_own_public_addresses_can_be_refused_too() {
    let mut policy = production();
    policy.refuse = vec!["8.8.8.0/24".parse().unwrap()];
    let client = client(policy, &["8.8.8.8"]);
    for url in ["https://8.8.8.8/", "https://idp.example/"] {
        assert_eq!(outcome(&client, url).await, "outbound.forbidden-address", "{url}");
    }
}

#[tokio::test]
async fn the_tenant_does_not_learn_which_address_a_name_has_but_the_log_does() {
    let refusal = get(&client(production(), &["10.20.30.40"]), "https://vault.internal/").await.unwrap_err();
    let told = format!("{refusal} {:?}", refusal.detail());
    assert!(!told.contains("10.20") && !told.contains("private"), "{told}");
    assert_eq!(
        refusal.for_log().to_string(),
        "outbound.forbidden-address: its name was not found, or leads to a network that may not be called \
         (vault.internal is 10.20.30.40, private)"
    );
}
