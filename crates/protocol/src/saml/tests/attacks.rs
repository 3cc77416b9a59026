//! Every published way to make a service provider believe what no provider said. Each story begins with an answer that
//! is believed, so that a refusal says something.

use super::forge::*;
use crate::saml::SamlError;

const ASSERTION_NS: &str = "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"";
const GCM: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
const OAEP: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";

/// An answer with a signed assertion, and its pieces.
struct Pieces {
    whole: String,
    assertion: String,
    signature: String,
    bare: String,
    evil: String,
}

fn pieces() -> Pieces {
    let answer = Answer::default();
    let assertion = answer.signed_assertion(&CONTOSO);
    let from = assertion.find("<ds:Signature").unwrap();
    let to = assertion.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let signature = assertion[from..to].to_owned();
    let whole = answer.response(&assertion, "");
    assert!(take(&whole).is_ok());
    Pieces { whole, bare: assertion.replace(&signature, ""), signature, assertion, evil: evil("") }
}

/// An assertion about somebody else, with something after its issuer.
fn evil(inside: &str) -> String {
    answer_with(|answer| answer.name = "<saml:NameID>admin</saml:NameID>".into()).assertion("_evil", inside)
}

fn refused(xml: &str) -> SamlError {
    match take(xml) {
        Err(error) => error,
        Ok(believed) => panic!("believed: {} in {xml}", believed.claims.subject),
    }
}

fn answer_of(inside: &str) -> String {
    Answer::default().response(inside, "")
}

/// S1: the eight ways of wrapping that SAMLRaider knows.
#[test]
fn s1_signature_wrapping_one_to_eight() {
    let Pieces { assertion, signature, bare, evil: forged, .. } = pieces();
    let object = |what: &str| {
        signature.replace("</ds:Signature>", &format!("<ds:Object>{what}</ds:Object></ds:Signature>"))
    };
    let signed = answer_with(|answer| answer.signs = Signs::Response);
    let response = signed.by(&CONTOSO);
    assert!(take(&response).is_ok());
    let from = response.find("<ds:Signature").unwrap();
    let to = response.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let of_response = response[from..to].to_owned();
    let original = response.replace(&of_response, "");
    let around = |inside: &str, signature: &str| {
        signed.response(inside, signature).replace("ID=\"_r1\"", "ID=\"_evil_response\"")
    };
    let with_original =
        of_response.replace("</ds:Signature>", &format!("<ds:Object>{original}</ds:Object></ds:Signature>"));
    for (name, xml) in [
        ("1", around(&forged, &with_original)),
        ("2", around(&forged, &format!("{original}{of_response}"))),
        ("3", answer_of(&format!("{forged}{assertion}"))),
        ("3, after", answer_of(&format!("{assertion}{forged}"))),
        ("4", answer_of(&forged.replace("</saml:Assertion>", &format!("{assertion}</saml:Assertion>")))),
        ("5", answer_of(&format!("{}{bare}", evil(&signature)))),
        ("6", answer_of(&evil(&signature.replace("</ds:Signature>", &format!("{bare}</ds:Signature>"))))),
        ("7", answer_of(&format!("<samlp:Extensions>{forged}</samlp:Extensions>{assertion}"))),
        ("8", answer_of(&evil(&object(&bare)))),
    ] {
        let error = refused(&xml);
        assert!(
            matches!(error, SamlError::Answer(_) | SamlError::Signature(_) | SamlError::Xml(_)),
            "XSW {name}: {error}"
        );
    }
}

/// S2 and S4: an assertion that nobody signed beside one that somebody did, in every place.
#[test]
fn s2_s4_an_unsigned_assertion_beside_a_signed_one() {
    let Pieces { assertion, evil: forged, .. } = pieces();
    let bare_evil = forged.replace("saml:Conditions", "saml:Advice");
    for xml in [
        answer_of(&format!("{forged}{assertion}")),
        answer_of(&format!("{assertion}{forged}")),
        answer_of(&format!("{assertion}{bare_evil}")),
        answer_of(&assertion.replace("<saml:AuthnStatement", &format!("<saml:Advice>{forged}</saml:Advice><saml:AuthnStatement"))),
        answer_of(&forged.replace("<saml:AuthnStatement", &format!("<saml:Advice>{assertion}</saml:Advice><saml:AuthnStatement"))),
        answer_of(&format!("<decoy xmlns=\"urn:x\">{assertion}</decoy>{forged}")),
        answer_of(&forged.replace("<saml:SubjectConfirmationData", &format!("<saml:SubjectConfirmationData>{assertion}</saml:SubjectConfirmationData><saml:SubjectConfirmationData"))),
    ] {
        refused(&xml);
    }
}

/// S3: a good signature is moved to where it signs nothing of what is read.
#[test]
fn s3_a_relocated_signature() {
    let Pieces { signature, bare, .. } = pieces();
    let at_response = Answer::default().response(&bare, &signature);
    assert!(matches!(refused(&at_response), SamlError::Signature(_)));
    let at_response = Answer::default().response(&evil(""), &signature);
    assert!(matches!(refused(&at_response), SamlError::Signature(_)));
    let in_statement =
        bare.replace("<saml:AttributeStatement>", &format!("<saml:AttributeStatement>{signature}"));
    assert!(matches!(refused(&answer_of(&in_statement)), SamlError::Signature(_)));
    let whole = answer_with(|answer| answer.signs = Signs::Response).by(&CONTOSO);
    let moved = whole.replace("<samlp:Status>", "<samlp:Status><x xmlns=\"urn:x\"/>");
    assert!(matches!(refused(&moved), SamlError::UnknownKey | SamlError::Signature(_)));
}

/// S5 and S20: a remark in a name, and other things that some readers skip.
#[test]
fn s5_s20_comments_instructions_and_mixed_content_in_a_name() {
    for inside in [
        "alice<!-- x -->.evil",
        "<!---->alice",
        "alice<?x y?>",
        "<![CDATA[alice]]>",
        "al<b xmlns=\"\">i</b>ce",
    ] {
        let answer = answer_with(|answer| answer.name = format!("<saml:NameID>{inside}</saml:NameID>"));
        refused(&answer.by(&CONTOSO));
    }
    let Pieces { whole, .. } = pieces();
    for xml in [
        whole.replace(">alice<", "><!-- -->alice<"),
        whole.replace(">alice<", ">alice<!-- -->admin<"),
        format!("{whole}<!-- -->"),
        format!("<?x y?>{whole}"),
    ] {
        assert!(matches!(refused(&xml), SamlError::Xml(_)));
    }
}

/// S6, S9 and S11: what two readers would see differently never reaches one.
#[test]
fn s6_s9_s11_what_readers_differ_in() {
    let Pieces { whole, evil: forged, .. } = pieces();
    for xml in [
        format!("<!DOCTYPE samlp:Response [<!ATTLIST saml:Assertion ID ID #IMPLIED>]>{whole}"),
        format!("<?xml version=\"1.0\" encoding=\"UTF-16\"?>{whole}"),
        format!("<?xml version=\"1.0\" encoding=\"UTF-7\"?>{whole}"),
        whole.replace("<samlp:Status>", &format!("<![CDATA[{forged}]]><samlp:Status>")),
        whole.replace(" ID=\"_a1\"", " ID=\"_a1\" samlp:ID=\"_a1\""),
        whole.replace(
            "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_a1\"",
            "xmlns:saml=\"urn:evil\" ID=\"_a1\"",
        ),
        format!("{whole}{whole}"),
        whole.replace("</samlp:Response>", ""),
    ] {
        refused(&xml);
    }
    // A declaration that says what is so anyway is no attack.
    assert!(take(&format!("\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{whole}")).is_ok());
}

/// S7 and S8: more than one digest, reference or list of what is signed.
#[test]
fn s7_s8_several_references_digests_or_signed_infos() {
    let Pieces { whole, signature, .. } = pieces();
    let part = |from: &str, to: &str| {
        let start = signature.find(from).unwrap();
        signature[start..signature.find(to).unwrap() + to.len()].to_owned()
    };
    let reference = part("<ds:Reference", "</ds:Reference>");
    let digest = part("<ds:DigestValue", "</ds:DigestValue>");
    let info = part("<ds:SignedInfo", "</ds:SignedInfo>");
    for (was, is) in [
        (&reference, format!("{reference}{reference}")),
        (&reference, format!("{}{reference}", reference.replace("#_a1", "#_r1"))),
        (&digest, format!("{digest}{digest}")),
        (&digest, "<ds:DigestValue><!--x-->AAAA</ds:DigestValue>".to_owned()),
        (&info, format!("{info}{info}")),
        (&info, format!("{}{info}", info.replace("_a1", "_evil"))),
        (&signature, format!("{signature}{signature}")),
    ] {
        refused(&whole.replacen(was.as_str(), &is, 1));
    }
}

/// S10: whoever can sign for one person at the provider changes into another.
#[test]
fn s10_a_user_of_the_provider_becomes_another() {
    let Pieces { whole, .. } = pieces();
    assert_eq!(refused(&whole.replace(">alice<", ">admin<")), SamlError::UnknownKey);
    assert_eq!(refused(&whole.replace(">a<", ">admins<")), SamlError::UnknownKey);
}

/// S12: identifiers that stand there twice, or under another name.
#[test]
fn s12_duplicate_and_foreign_identifiers() {
    let Pieces { whole, assertion, .. } = pieces();
    for xml in [
        whole.replace("ID=\"_r1\"", "ID=\"_a1\""),
        whole.replace("<samlp:Status>", "<samlp:Status xml:id=\"_a1\">"),
        whole.replace("<samlp:Status>", "<samlp:Status Id=\"_a1\">"),
        whole.replace("<samlp:Status>", "<samlp:Status xmlns:x=\"urn:x\" x:ID=\"_a1\">"),
        answer_of(&assertion.replace(" ID=\"_a1\"", " AssertionID=\"_a1\"")),
        answer_of(&assertion.replace(" ID=\"_a1\"", " xml:id=\"_a1\"")),
        answer_of(&assertion.replace(" ID=\"_a1\"", "")),
    ] {
        refused(&xml);
    }
}

/// S13: what is signed is first made into something else.
#[test]
fn s13_transforms_xpointers_and_objects() {
    let signs = |change: &dyn Fn(String) -> String| {
        let answer = Answer::default();
        let template = change(answer.template("_a1"));
        signed(&answer.assertion("_a1", &template), &CONTOSO)
    };
    let exclusive = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
    let xpath = "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"><ds:XPath>self::node()</ds:XPath></ds:Transform>";
    for change in [
        &|text: String| text.replacen(exclusive, &format!("{xpath}{exclusive}"), 1) as String,
        &|text: String| text.replace("URI=\"#_a1\"", "URI=\"\""),
        &|text: String| text.replace("URI=\"#_a1\"", "URI=\"#xpointer(id('_a1'))\""),
        &|text: String| text.replace("xml-exc-c14n#\"", "xml-exc-c14n#WithComments\""),
        &|text: String| {
            text.replace(
                "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>",
                "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"/>",
            )
        },
        &|text: String| text.replace("</ds:Signature>", "<ds:Object>x</ds:Object></ds:Signature>"),
    ] as [&dyn Fn(String) -> String; 6]
    {
        // Some of these the signer itself refuses to make.
        let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| signs(change)));
        if let Ok(assertion) = made {
            let error = refused(&answer_of(&assertion));
            assert!(matches!(error, SamlError::Signature(_)), "{error}");
        }
    }
    let Pieces { whole, .. } = pieces();
    for uri in ["http://evil.test/x", "file:///etc/passwd", "cid:x", "#_r1", "#", "_a1"] {
        assert!(matches!(
            refused(&whole.replace("URI=\"#_a1\"", &format!("URI=\"{uri}\""))),
            SamlError::Signature(_)
        ));
    }
}

/// S14: the provider's public key taken for a shared secret, and hashes that are broken.
#[test]
fn s14_hmac_with_the_public_key_and_sha1() {
    let hmac =
        answer_with(|answer| answer.method = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256".into());
    let by_certificate =
        signed_with_secret(&hmac.assertion("_a1", &hmac.template("_a1")), &CONTOSO.certificate().der());
    let xml = answer_of(by_certificate.split_once("?>").map_or(by_certificate.as_str(), |(_, rest)| rest));
    assert!(matches!(refused(&xml), SamlError::Signature(_)));
    let Pieces { whole, .. } = pieces();
    for (was, is) in [
        ("xmldsig-more#rsa-sha256", "xmldsig#rsa-sha1"),
        ("2001/04/xmldsig-more#rsa-sha256", "2000/09/xmldsig#hmac-sha1"),
        ("2001/04/xmldsig-more#rsa-sha256", "2000/09/xmldsig#dsa-sha1"),
        ("2001/04/xmlenc#sha256", "2000/09/xmldsig#sha1"),
        ("2001/04/xmldsig-more#rsa-sha256", "2007/05/xmldsig-more#md5"),
    ] {
        assert!(whole.contains(was));
        assert!(matches!(refused(&whole.replace(was, is)), SamlError::Signature(_)));
    }
}

/// S15: documents that grow.
#[test]
fn s15_entity_bombs_and_sheer_size() {
    let Pieces { whole, .. } = pieces();
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>";
    assert!(matches!(refused(&format!("{bomb}{}", whole.replace(">alice<", ">&b;<"))), SamlError::Xml(_)));
    let external = "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>";
    assert!(matches!(
        refused(&format!("{external}{}", whole.replace(">alice<", ">&a;<"))),
        SamlError::Xml(_)
    ));
    assert!(matches!(refused(&whole.replace(">alice<", ">&a;<")), SamlError::Xml(_)));
    let deep = format!("{}{}", "<a>".repeat(2_000), "</a>".repeat(2_000));
    assert!(matches!(refused(&answer_of(&deep)), SamlError::Xml(_)));
    assert!(matches!(refused(&answer_of(&" ".repeat(300_000))), SamlError::Xml(_)));
    let attributes = attribute("x", &["y"]).repeat(501);
    assert!(matches!(
        refused(&answer_with(|answer| answer.attributes = attributes).by(&CONTOSO)),
        SamlError::Answer(_)
    ));
}

/// S16: anybody can encrypt for us; that proves nothing.
#[test]
fn s16_an_encrypted_assertion_that_nobody_signed() {
    let unsigned = answer_with(|answer| answer.signs = Signs::Nothing);
    assert!(matches!(refused(&encrypted(&unsigned, GCM, OAEP)), SamlError::Signature(_)));
    let forged = hidden(&evil(""), GCM, OAEP);
    let Pieces { assertion, signature, .. } = pieces();
    for xml in [
        answer_of(&format!("{assertion}{forged}")),
        answer_of(&format!("{forged}{assertion}")),
        Answer::default().response(&forged, &signature),
        answer_of(&hidden(&format!("{assertion}{}", evil("")), GCM, OAEP)),
        answer_of(&hidden(&evil(&signature), GCM, OAEP)),
        answer_of(&hidden(&forged, GCM, OAEP)),
        answer_of(&hidden(&format!("<x {ASSERTION_NS}>{assertion}</x>"), GCM, OAEP)),
    ] {
        refused(&xml);
    }
    // A good answer, in which the ciphertext is exchanged.
    let whole = encrypted(&answer_with(|answer| answer.signs = Signs::Response), GCM, OAEP);
    assert!(take(&whole).is_ok());
    let start = whole.find("<saml:EncryptedAssertion").unwrap();
    let end = whole.find("</saml:EncryptedAssertion>").unwrap() + "</saml:EncryptedAssertion>".len();
    assert!(matches!(refused(&whole.replace(&whole[start..end], &forged)), SamlError::UnknownKey));
}

/// S16: ciphers whose plain text can be found out by asking.
#[test]
fn s16_cbc_and_rsa_1_5_are_refused_before_anything_is_opened() {
    let sound = encrypted(&Answer::default(), GCM, OAEP);
    assert!(take(&sound).is_ok());
    for (was, is) in [
        (GCM, "http://www.w3.org/2001/04/xmlenc#aes256-cbc"),
        (GCM, "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"),
        (OAEP, "http://www.w3.org/2001/04/xmlenc#rsa-1_5"),
        (OAEP, "http://www.w3.org/2001/04/xmlenc#kw-aes256"),
    ] {
        assert!(matches!(refused(&sound.replace(was, is)), SamlError::Encrypted(_)));
    }
}

/// S19: without a certificate nothing is believed.
#[test]
fn s19_no_certificate_is_no_permission() {
    assert_eq!(take_by(&Answer::default().by(&CONTOSO), &[], |_| {}).unwrap_err(), SamlError::UnknownKey);
    let unsigned = answer_with(|answer| answer.signs = Signs::Nothing).by(&CONTOSO);
    assert!(matches!(refused(&unsigned), SamlError::Signature(_)));
    let Pieces { whole, signature, .. } = pieces();
    assert!(matches!(refused(&whole.replace(&signature, "")), SamlError::Signature(_)));
    let empty = "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/>";
    assert!(matches!(refused(&whole.replace(&signature, empty)), SamlError::Signature(_)));
}

/// S19: a stranger's own certificate in the message is no reason to believe it.
#[test]
fn s19_a_key_that_the_message_brings_along_is_not_used() {
    let answer = Answer::default();
    let hint = |key: &crate::saml::OwnKey| {
        format!(
            "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>",
            key.certificate().as_str()
        )
    };
    for brought in [&*STRANGER, &*CONTOSO] {
        let template = answer.template("_a1").replace("</ds:Signature>", &hint(brought));
        let forged = signed(&answer.assertion("_a1", &template), &STRANGER);
        assert_eq!(refused(&answer_of(&forged)), SamlError::UnknownKey);
        let sound = signed(&answer.assertion("_a1", &template), &CONTOSO);
        assert!(take(&answer_of(&sound)).is_ok(), "what it says of its key is a hint that nobody follows");
    }
}
