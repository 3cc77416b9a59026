//! What a signed assertion says, and whether it says it to us, here and now (saml-core 2.3 to 2.7).

use super::{
    Expect, SamlError, claims,
    signature::{self, Signed},
    xml::Element,
};
use crate::IdentityClaims;
use domain::{Digest, Moment};
use std::time::Duration;

pub(super) const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
/// How old an assertion may be, whatever it says of itself.
const MOST_AGE: Duration = Duration::from_secs(24 * 3_600);

/// A believed assertion.
#[derive(Clone, Debug, PartialEq)]
pub struct Believed {
    /// Who signed in.
    pub claims: IdentityClaims,
    /// Which request of ours it answers; none where nobody asked.
    pub in_response_to: Option<String>,
    /// What it is remembered by, so that it is good once.
    pub mark: Digest,
    /// Until when it would be believed again.
    pub ends: Moment,
}

/// Reads a signed assertion that came in `response`, whose own signature is checked where it has one.
pub(super) fn read(
    signed: Signed<'_>,
    response: Element<'_>,
    expect: &Expect<'_>,
) -> Result<Believed, SamlError> {
    let assertion = signed.element();
    if assertion.attribute("Version") != Some("2.0") {
        return Err(SamlError::Answer("its assertion is not of SAML 2.0"));
    }
    let id = assertion.attribute("ID").filter(|id| (1..=256).contains(&id.len()));
    let id = id.ok_or(SamlError::Answer("its assertion has no identifier"))?;
    check_issuer(assertion.must(ASSERTION, "Issuer", "the assertion has no issuer")?, expect)?;
    let made =
        moment(assertion, "IssueInstant")?.ok_or(SamlError::Time("it does not say when it was made"))?;
    if made > expect.now + expect.leeway {
        return Err(SamlError::Time("it was made in the future"));
    }
    if expect.now > made + MOST_AGE {
        return Err(SamlError::Time("it was made more than a day ago"));
    }
    check_conditions(assertion, expect)?;
    let subject = assertion.must(ASSERTION, "Subject", "the assertion has no subject")?;
    let confirmation = confirmation(subject, expect)?;
    // The envelope's word counts where it is signed; where it is not, it must at least not say something else.
    let envelope = response.attribute("InResponseTo");
    if let (Some(one), Some(other)) = (envelope, confirmation.in_response_to)
        && one != other
    {
        return Err(SamlError::InResponseTo);
    }
    let vouched = envelope.filter(|_| signature::is_signed(response));
    let in_response_to = confirmation.in_response_to.or(vouched);
    Ok(Believed {
        claims: claims::read(assertion, subject, expect)?,
        in_response_to: in_response_to.map(str::to_owned),
        mark: Digest::of_parts(&[b"partywall assertion\n", expect.provider.as_bytes(), b"\n", id.as_bytes()]),
        ends: confirmation.ends.min(made + MOST_AGE) + expect.leeway,
    })
}

pub(super) fn check_issuer(issuer: Element<'_>, expect: &Expect<'_>) -> Result<(), SamlError> {
    let is_entity = issuer.attribute("Format").is_none_or(|format| format == ENTITY);
    if is_entity && issuer.text()? == expect.provider { Ok(()) } else { Err(SamlError::Issuer) }
}

fn check_conditions(assertion: Element<'_>, expect: &Expect<'_>) -> Result<(), SamlError> {
    let conditions = assertion.must(ASSERTION, "Conditions", "the assertion has no conditions")?;
    check_span(conditions, expect)?;
    let mut audiences = conditions.all(ASSERTION, "AudienceRestriction").peekable();
    if audiences.peek().is_none() {
        return Err(SamlError::Audience);
    }
    for restriction in audiences {
        let mut names = restriction.all(ASSERTION, "Audience").map(Element::text);
        if !names.any(|name| name.is_ok_and(|name| name == expect.entity_id)) {
            return Err(SamlError::Audience);
        }
    }
    let known = ["AudienceRestriction", "OneTimeUse", "ProxyRestriction"];
    if conditions.children().all(|child| known.iter().any(|name| child.is(ASSERTION, name))) {
        Ok(())
    } else {
        // A condition that is not understood is not met (saml-core 2.5.1.1).
        Err(SamlError::Answer("it holds a condition that is not known"))
    }
}

fn check_span(of: Element<'_>, expect: &Expect<'_>) -> Result<(), SamlError> {
    if moment(of, "NotBefore")?.is_some_and(|from| expect.now + expect.leeway < from) {
        return Err(SamlError::Time("it is good only later"));
    }
    if moment(of, "NotOnOrAfter")?.is_some_and(|until| expect.now >= until + expect.leeway) {
        return Err(SamlError::Time("its time is over"));
    }
    Ok(())
}

struct Confirmation<'t> {
    in_response_to: Option<&'t str>,
    ends: Moment,
}

/// The first way to confirm the subject that fits: by whoever bears the assertion, here, in time.
fn confirmation<'t>(subject: Element<'t>, expect: &Expect<'_>) -> Result<Confirmation<'t>, SamlError> {
    let mut refused = SamlError::Answer("nobody who bears it is its subject");
    for way in subject.all(ASSERTION, "SubjectConfirmation") {
        if way.attribute("Method") == Some(BEARER) {
            match confirmed(way, expect) {
                Ok(confirmation) => return Ok(confirmation),
                Err(error) => refused = error,
            }
        }
    }
    Err(refused)
}

fn confirmed<'t>(way: Element<'t>, expect: &Expect<'_>) -> Result<Confirmation<'t>, SamlError> {
    let data = way.must(ASSERTION, "SubjectConfirmationData", "the subject is not confirmed")?;
    if data.attribute("Recipient") != Some(expect.consumer) {
        return Err(SamlError::Recipient);
    }
    check_span(data, expect)?;
    let ends =
        moment(data, "NotOnOrAfter")?.ok_or(SamlError::Time("it does not say until when it is good"))?;
    Ok(Confirmation { in_response_to: data.attribute("InResponseTo"), ends })
}

pub(super) fn moment(of: Element<'_>, name: &str) -> Result<Option<Moment>, SamlError> {
    let parse = |text: &str| text.parse().map_err(|_| SamlError::Time("a date is none"));
    of.attribute(name).map(parse).transpose()
}
