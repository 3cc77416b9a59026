//! Requests are played through before they are sent (ledger H06), and what is said of them is what happens.

use crate::{
    house::{ACME, BETA, House},
    wire::get,
};
use gateway::{Rehearsal, Sample};
use http::{HeaderMap, HeaderName};

const ROUTES: &str = r#"[
    {"name": "limited", "host": "*.base.test", "path": "/limited", "audience": "api", "policies": {
        "limits": [{"name": "day", "window": 86400, "limit": 1}]}},
    {"name": "elsewhere", "host": "*.base.test", "path": "/elsewhere", "audience": "api", "policies": {
        "addresses": {"allow": ["10.0.0.0/8"]}}},
    {"name": "screened", "host": "*.base.test", "path": "/screened", "audience": "api", "policies": {
        "screen": {"most_parameters": 1}}},
    {"name": "rest", "host": "*.base.test", "audience": "api"}
]"#;

async fn rehearse(house: &House, host: &str, target: &str, fields: &[(&str, &str)]) -> Rehearsal {
    let headers: HeaderMap = fields
        .iter()
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
        .collect();
    let uri = format!("http://{host}{target}").parse().unwrap();
    let (address, body) = ([127, 0, 0, 1].into(), Default::default());
    let sample = Sample { method: "GET".parse().unwrap(), uri, headers, address, body };
    house.gateway.rehearse(sample, None).await.unwrap()
}

#[tokio::test]
async fn what_is_said_of_a_request_is_what_happens_to_it() {
    let house = House::routed(ROUTES).await;
    let (acme, beta) = (house.carol_at(ACME), house.carol_at(BETA));
    for (host, target, cookie, status) in [
        ("acme.base.test", "/limited", &acme, 200),
        ("acme.base.test", "/limited", &acme, 429),
        ("beta.base.test", "/limited", &beta, 200),
        ("acme.base.test", "/elsewhere", &acme, 403),
        ("acme.base.test", "/screened?a&b", &acme, 400),
        ("acme.base.test", "/screened?a", &acme, 200),
        ("acme.base.test", "/x", &beta, 403),
        ("nosuch.base.test", "/x", &acme, 403),
        ("acme.base.test", "/x", &String::new(), 401),
        ("acme.base.test", "/x/%2e%2e/y", &acme, 400),
    ] {
        let fields = [("cookie", cookie.as_str())];
        let noted = house.refused().len();
        let said = rehearse(&house, host, target, &fields).await;
        assert_eq!(rehearse(&house, host, target, &fields).await, said, "nothing is counted: {target}");
        assert_eq!(house.refused().len(), noted, "nothing is written: {target}");
        let told = get(host, target).with("cookie", cookie).at(house.address).await;
        assert_eq!(
            (told.status.as_u16(), said.status.unwrap_or(200)),
            (status, status),
            "{host}{target}: {said:?}"
        );
        if status != 200 {
            assert_eq!(Some(told.code().as_str()), said.code, "{host}{target}");
        }
    }
}

#[tokio::test]
async fn each_step_says_how_it_was_passed() {
    let house = House::routed(ROUTES).await;
    let carol = house.carol_at(ACME);
    let said = rehearse(&house, "acme.base.test", "/limited", &[("cookie", &carol)]).await;
    let steps: Vec<_> = said.steps.iter().map(|step| (step.step, step.how.as_str())).collect();
    let names: Vec<_> = steps.iter().map(|(step, _)| *step).collect();
    assert_eq!(
        names,
        [
            "shape",
            "route",
            "addresses",
            "tenant",
            "caller",
            "standing",
            "in flight",
            "limit",
            "target",
            "backend"
        ]
    );
    assert_eq!(steps[1].1, "`limited`");
    assert!(steps[7].1.starts_with("`day` per Tenant: 1 of 1 in 86400 s are left"), "{steps:?}");
    assert_eq!(house.backend.hits(), 0);
}

#[tokio::test]
async fn routes_can_be_tried_before_they_are_put() {
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    let headers = HeaderMap::from_iter([(http::header::COOKIE, carol.parse().unwrap())]);
    let uri: http::Uri = "http://acme.base.test/elsewhere".parse().unwrap();
    let (address, body) = ([127, 0, 0, 1].into(), Default::default());
    let sample = Sample { method: "GET".parse().unwrap(), uri, headers, address, body };
    assert_eq!(house.gateway.rehearse(sample.clone(), None).await.unwrap().status, None);
    let tried = house.gateway.rehearse(sample.clone(), Some(ROUTES)).await.unwrap();
    assert_eq!(tried.code, Some("address.refused"));
    assert!(house.gateway.rehearse(sample, Some(r#"[{"name": "a"}]"#)).await.is_err());
    assert_eq!(
        get("acme.base.test", "/elsewhere").with("cookie", &carol).at(house.address).await.status,
        200
    );
}
