//! Rules do what is written, in its order; they end, and they have no say in what only a proof says.

use super::*;
use serde_json::json;

fn rules(list: Value) -> Result<Rules, BadRule> {
    let Value::Array(list) = list else { panic!("a list") };
    Rules::read(&from_values(list)?)
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(members) = value else { panic!("an object") };
    members
}

fn erin() -> Map<String, Value> {
    object(json!({
        "iss": "https://idp.test", "sub": "s-1", "oid": "o-1", "name": "Erin", "mail": "erin@contoso.test",
        "groups": ["42", "7"], "level": 3, "given_name": "Erin", "family_name": "Ames", "acr": "high",
    }))
}

fn done(list: Value) -> Outcome {
    rules(list).unwrap().apply(&erin())
}

fn wrong(list: Value) -> (Option<usize>, String) {
    let bad = rules(list).expect_err("it is refused");
    (bad.rule, bad.what)
}

#[test]
fn claims_are_selected_added_removed_renamed_and_rewritten_in_order() {
    let outcome = done(json!([
        { "rule": "rename", "claim": "mail", "to": "email" },
        { "rule": "add", "claim": "name", "expression": "claims.family_name + ', ' + claims.given_name" },
        { "rule": "add", "claim": "site", "value": "Oslo" },
        { "rule": "rewrite", "claim": "level", "expression": "value + 1" },
        { "rule": "remove", "claims": ["family_name"] },
        { "rule": "select", "claims": ["name", "email", "site", "level", "family_name"] },
    ]));
    let expected = json!({ "name": "Ames, Erin", "email": "erin@contoso.test", "site": "Oslo", "level": 4 });
    assert_eq!(Value::Object(outcome.claims), expected);
    assert_eq!(Value::Object(outcome.attributes), json!({ "site": "Oslo", "level": 4 }));
    assert_eq!((outcome.subject, outcome.roles.len()), (None, 0));
}

#[test]
fn a_claim_that_no_rule_names_is_no_attribute() {
    let outcome = done(json!([{ "rule": "remove", "claims": ["groups"] }]));
    assert!(outcome.attributes.is_empty() && outcome.claims.contains_key("oid"));
}

#[test]
fn values_are_mapped_one_by_one() {
    let map = json!({ "rule": "map", "claim": "groups", "values": { "42": "editors", "9": "others" }, "to": "team" });
    assert_eq!(done(json!([map])).attributes["team"], json!(["editors"]));
    let one = json!({ "rule": "map", "claim": "level", "values": { "3": "gold" } });
    assert_eq!(done(json!([one])).attributes["level"], json!("gold"));
    let none = json!({ "rule": "map", "claim": "level", "values": { "4": "gold" } });
    assert!(!done(json!([none])).claims.contains_key("level"), "what is not named is not let through");
    let none = json!({ "rule": "map", "claim": "level", "values": { "4": "gold" }, "otherwise": "plain" });
    assert_eq!(done(json!([none])).attributes["level"], json!("plain"));
}

#[test]
fn groups_give_roles_and_a_claim_of_that_name_does_not() {
    let roles = |list: Value| done(list).roles.iter().map(|role| role.to_string()).collect::<Vec<_>>();
    let give = json!({ "rule": "roles", "claim": "groups", "values": { "42": ["editor"], "7": ["reader", "editor"] } });
    assert_eq!(roles(json!([give])), ["editor", "reader"]);
    let other =
        json!({ "rule": "roles", "claim": "groups", "values": { "1": ["editor"] }, "otherwise": ["guest"] });
    assert_eq!(roles(json!([other])), ["guest"]);
    let claim = json!({ "rule": "add", "claim": "roles", "value": ["editor"] });
    assert!(roles(json!([claim])).is_empty());
}

#[test]
fn no_rule_says_who_vouches_for_which_tenant_and_how_strongly() {
    for claim in [
        "iss",
        "sub",
        "aud",
        "tenant",
        "Tenant",
        "tid",
        "provider",
        "acr",
        "amr",
        "auth_time",
        "email_verified",
    ] {
        for rule in [
            json!({ "rule": "add", "claim": claim, "value": "x" }),
            json!({ "rule": "rename", "claim": "name", "to": claim }),
            json!({ "rule": "rewrite", "claim": claim, "expression": "'x'" }),
            json!({ "rule": "map", "claim": "name", "values": { "a": "b" }, "to": claim }),
            json!({ "rule": "map", "claim": claim, "values": { "a": "b" } }),
        ] {
            let (rule_number, what) = wrong(json!([{ "rule": "remove", "claims": ["x"] }, rule]));
            assert_eq!(rule_number, Some(2), "{claim}");
            assert!(what.starts_with(&format!("No rule may set {claim}")), "{what}");
        }
    }
    let (rule, what) =
        wrong(json!([{ "rule": "roles", "claim": "g", "values": { "a": ["partywall.admin"] } }]));
    assert!(rule == Some(1) && what.contains("nobody becomes an admin"), "{what}");
}

#[test]
fn people_are_told_apart_by_what_the_provider_says_and_never_by_an_address() {
    let subject = json!({ "rule": "subject", "claim": "oid" });
    let made_up = json!({ "rule": "add", "claim": "oid", "value": "o-2" });
    assert_eq!(done(json!([subject, made_up])).subject.as_deref(), Some("o-1"));
    assert_eq!(wrong(json!([made_up, subject])).0, Some(2));
    for claim in ["email", "preferred_username", "upn", "http://schemas.test/claims/upn", "name", "iss"] {
        assert!(wrong(json!([{ "rule": "subject", "claim": claim }])).1.contains("told apart"), "{claim}");
    }
    assert_eq!(done(json!([{ "rule": "subject", "claim": "missing" }])).subject, None);
    assert_eq!(done(json!([{ "rule": "subject", "claim": "groups" }])).subject, None);
}

#[test]
fn a_list_that_is_wrong_is_refused_whole_with_the_place() {
    let good = json!({ "rule": "remove", "claims": ["x"] });
    for (bad, says) in [
        (json!({ "rule": "delete" }), "unknown variant"),
        (json!({ "rule": "remove", "claims": ["x"], "more": 1 }), "unknown field"),
        (json!({ "rule": "remove", "claims": [] }), "Name 1 to"),
        (json!({ "rule": "remove", "claims": [" x"] }), "A claim's name"),
        (json!({ "rule": "add", "claim": "a" }), "Give either"),
        (json!({ "rule": "add", "claim": "a", "expression": "claims." }), "In the expression, line 1"),
        (json!({ "rule": "add", "claim": "a", "expression": "tenant.slug" }), "In the expression"),
        (json!({ "rule": "add", "claim": "a", "expression": "value" }), "In the expression"),
        (json!("remove"), "invalid type"),
    ] {
        let (rule, what) = wrong(json!([good, bad]));
        assert_eq!(rule, Some(2));
        assert!(what.contains(says), "{what}");
    }
    assert!(parse("[{").unwrap_err().what.contains("line 1"));
    assert!(parse(" ").unwrap().is_empty());
    let many: Vec<Value> = (0..=MOST_RULES).map(|_| good.clone()).collect();
    assert_eq!(wrong(Value::Array(many)), (None, "There may be 50 rules.".into()));
}

#[test]
fn every_step_is_explained() {
    let (_, steps) = rules(json!([
        { "rule": "rename", "claim": "upn", "to": "email" },
        { "rule": "add", "claim": "n", "expression": "claims.missing" },
        { "rule": "rename", "claim": "mail", "to": "email" },
        { "rule": "roles", "claim": "groups", "values": { "42": ["editor"] } },
    ]))
    .unwrap()
    .explain(&erin());
    let told: Vec<_> = steps.iter().map(|step| (step.worked, step.said.as_str())).collect();
    assert_eq!(told[0], (false, "upn was not said."));
    assert!(!told[1].0 && told[1].1.starts_with("n is left out: there is no `missing`"), "{}", told[1].1);
    let moved: Vec<_> =
        steps[2].changed.iter().map(|one| (one.claim.as_str(), one.before.is_some())).collect();
    assert_eq!(moved, [("email", false), ("mail", true)]);
    assert_eq!(steps[3].roles[0].as_str(), "editor");
}

#[test]
fn what_cannot_be_worked_out_leaves_nothing_behind() {
    let outcome = done(json!([{ "rule": "rewrite", "claim": "name", "expression": "value + 1" }]));
    assert!(!outcome.claims.contains_key("name"));
}

#[test]
fn a_claim_is_of_no_use_if_a_rule_drops_it_before_any_reads_it() {
    let uses = |list: Value, claim| {
        let Value::Array(list) = list else { panic!("a list") };
        super::uses(&from_values(list).unwrap(), claim)
    };
    let drop = json!({ "rule": "remove", "claims": ["email"] });
    assert!(!uses(json!([drop]), "email"));
    assert!(!uses(json!([{ "rule": "select", "claims": ["name"] }]), "email"));
    assert!(uses(json!([{ "rule": "rename", "claim": "email", "to": "contact" }, drop]), "email"));
    for text in
        ["claims.email", "claims['email']", "claims['em' + 'ail']", "claims.exists(c, claims[c] == 'x')"]
    {
        let read = json!({ "rule": "add", "claim": "c", "expression": text });
        assert!(uses(json!([read, drop]), "email"), "{text}");
    }
    let other = json!({ "rule": "add", "claim": "c", "expression": "claims.name" });
    assert!(!uses(json!([other, drop]), "email"));
    assert!(uses(json!([]), "email"));
}

#[test]
fn rules_end_and_what_they_make_is_bounded() {
    let slow = "[1,2,3,4,5,6,7,8,9,10].map(a, [1,2,3,4,5,6,7,8,9,10].map(b, a * b)).size() > 0";
    let list: Vec<Value> = (0..MOST_RULES)
        .map(|at| json!({ "rule": "add", "claim": format!("c{at}"), "expression": slow }))
        .collect();
    let (outcome, steps) = rules(Value::Array(list)).unwrap().explain(&erin());
    assert!(outcome.attributes.len() <= MOST_ATTRIBUTES);
    assert!(steps.iter().any(|step| step.said.contains("may take no more")), "{:?}", steps.last());

    let mut said = erin();
    said.insert("groups".into(), json!(vec!["a-group-with-a-long-name"; 500]));
    let keep = rules(json!([{ "rule": "select", "claims": ["groups", "level"] }])).unwrap().apply(&said);
    assert_eq!((keep.left_out, keep.attributes.len()), (vec!["groups".to_owned()], 1));
    let grow = json!([{ "rule": "add", "claim": "g", "expression": "[claims.groups, claims.groups, claims.groups]" }]);
    let (outcome, steps) = rules(grow).unwrap().explain(&said);
    assert!(!outcome.claims.contains_key("g") && steps[0].said.contains("2048 bytes"), "{}", steps[0].said);
}

#[test]
fn a_scope_whose_claims_are_all_dropped_is_not_asked_for() {
    let read = |text: &str| parse(text).unwrap();
    assert_eq!(asked("profile email offline_access", &[]), "profile email offline_access");
    let drop = read(r#"[{"rule": "remove", "claims": ["email"]}]"#);
    assert_eq!(asked("profile email groups", &drop), "profile groups");
    let keep = read(r#"[{"rule": "select", "claims": ["email"]}]"#);
    assert_eq!(asked("profile email address", &keep), "email");
    let both = read(
        r#"[{"rule": "rename", "claim": "email", "to": "contact"}, {"rule": "remove", "claims": ["email"]}]"#,
    );
    assert_eq!(asked("email", &both), "email");
}

#[test]
fn a_sample_is_claims_or_a_token_that_holds_them() {
    assert_eq!(sample(r#" {"sub": "s"} "#).unwrap()["sub"], "s");
    let token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzIn0.";
    assert_eq!(sample(token).unwrap()["sub"], "s");
    for bad in ["", "[]", "a.b", "eyJhbGciOiJub25lIn0.!.", r#"{"a":1,"a":2}"#] {
        assert!(sample(bad).is_err(), "{bad}");
    }
}
