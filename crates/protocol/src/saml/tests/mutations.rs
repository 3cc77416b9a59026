//! Small damage and rearranged pieces, many times over: nothing panics, and whatever is believed says what was signed.

use super::forge::*;
use crate::dice::Dice;

/// What people who forge answers put in.
const PIECES: [&str; 30] = [
    "<!---->",
    "<?x y?>",
    "<![CDATA[]]>",
    "&#97;",
    "&amp;",
    "&#x0;",
    " ",
    "\n",
    "\u{feff}",
    "\0",
    "</a>",
    " ID=\"_a1\"",
    " Id=\"_a1\"",
    " xml:id=\"_a1\"",
    " xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
    " xmlns:saml=\"urn:evil\"",
    " xmlns:ds=\"urn:evil\"",
    "<saml:NameID>admin</saml:NameID>",
    "</saml:Subject>",
    "</saml:Assertion>",
    "<saml:Subject><saml:NameID>admin</saml:NameID></saml:Subject>",
    "<saml:AttributeValue>admins</saml:AttributeValue>",
    "<ds:Object>",
    "</ds:Object>",
    "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"/>",
    "#_r1",
    "_evil",
    "admin",
    "<!DOCTYPE a>",
    "<saml:Advice/>",
];

fn seeds() -> Vec<String> {
    [Signs::Assertion, Signs::Response, Signs::Both]
        .map(|signs| answer_with(|answer| answer.signs = signs).by(&CONTOSO))
        .into()
}

fn check(xml: &str) -> bool {
    let Ok(believed) = take(xml) else { return false };
    assert_eq!(believed.claims.subject, "unspecified:alice", "{xml}");
    assert_eq!(believed.claims.raw["groups"], serde_json::json!(["a", "b"]), "{xml}");
    assert_eq!(believed.claims.raw.len(), 4, "{xml}");
    true
}

#[test]
fn no_wounded_answer_says_anything_but_what_was_signed() {
    let mut dice = Dice::of(31);
    for seed in seeds() {
        assert!(check(&seed));
        for wounded in dice.wounded(seed.as_bytes(), 700) {
            check(&String::from_utf8_lossy(&wounded));
        }
    }
}

#[test]
fn no_rearranged_answer_says_anything_but_what_was_signed() {
    let mut dice = Dice::of(32);
    let seeds = seeds();
    let evil =
        answer_with(|answer| answer.name = "<saml:NameID>admin</saml:NameID>".into()).assertion("_evil", "");
    let mut believed = 0;
    for _ in 0..Dice::times(3_000) {
        let mut xml = seeds[dice.roll(seeds.len())].clone();
        for _ in 0..=dice.roll(3) {
            let tags: Vec<usize> =
                xml.match_indices(['<', '>']).map(|(at, tag)| at + usize::from(tag == ">")).collect();
            let at = tags[dice.roll(tags.len())];
            match dice.roll(5) {
                0 | 1 => xml.insert_str(at, PIECES[dice.roll(PIECES.len())]),
                2 => xml.insert_str(at, &evil),
                3 => {
                    let (from, to) = (at.min(tags[dice.roll(tags.len())]), at);
                    let piece = xml[from..to].to_owned();
                    xml.insert_str(tags[dice.roll(tags.len())], &piece);
                }
                _ => {
                    let other = tags[dice.roll(tags.len())];
                    xml.replace_range(at.min(other)..at.max(other), "");
                }
            }
            if xml.len() > 60_000 || xml.is_empty() || !xml.contains(['<', '>']) {
                break;
            }
        }
        believed += usize::from(check(&xml));
    }
    assert!(believed > 0, "some damage does not touch what was signed");
}
