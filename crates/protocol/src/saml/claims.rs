//! Who a signed assertion is about, and what it says of them.

use super::{
    Expect, SamlError,
    assertion::{ASSERTION, moment},
    xml::Element,
};
use crate::IdentityClaims;
use domain::{Digest, DisplayName, EmailAddress, Moment};
use serde_json::{Map, Value};

/// The most attributes, and values of one, that are read.
const MOST_ATTRIBUTES: usize = 500;
const MOST_VALUES: usize = 2_000;
/// The most bytes of a name identifier (saml-core 8.3.7).
const MOST_NAME: usize = 256;

const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";

/// Under which names providers give a person's whole name, the surest first.
const NAMES: [&str; 7] = [
    "http://schemas.microsoft.com/identity/claims/displayname",
    "urn:oid:2.16.840.1.113730.3.1.241",
    "displayName",
    "displayname",
    "name",
    "urn:oid:2.5.4.3",
    "cn",
];
/// In two parts.
const PARTS: [(&str, &str); 6] = [
    (
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
    ),
    ("urn:oid:2.5.4.42", "urn:oid:2.5.4.4"),
    ("givenName", "sn"),
    ("firstName", "lastName"),
    ("FirstName", "LastName"),
    ("User.FirstName", "User.LastName"),
];
/// Under which names they give an address.
const ADDRESSES: [&str; 10] = [
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    "urn:oid:0.9.2342.19200300.100.1.3",
    "email",
    "mail",
    "Email",
    "emailAddress",
    "EmailAddress",
    "User.Email",
    "user.email",
    "emailaddress",
];

pub(super) fn read(
    assertion: Element<'_>,
    subject: Element<'_>,
    expect: &Expect<'_>,
) -> Result<IdentityClaims, SamlError> {
    let name = NameId::read(subject)?;
    let statement = Statement::read(assertion, expect)?;
    let mut raw = attributes(assertion)?;
    let whole = NAMES.iter().find_map(|known| text(&raw, known)?.parse().ok());
    let said = ADDRESSES.iter().find_map(|known| text(&raw, known)?.parse().ok());
    let address =
        || name.as_ref().filter(|name| name.format == EMAIL).and_then(|name| name.value.parse().ok());
    let (full, email): (Option<DisplayName>, Option<EmailAddress>) =
        (whole.or_else(|| in_parts(&raw)), said.or_else(address));
    let subject = match expect.subject {
        Some(attribute) => named_by(&raw, attribute)?,
        None => name.as_ref().ok_or(SamlError::Subject("there is no name identifier"))?.subject(expect)?,
    };
    if let Some(name) = &name {
        raw.insert("NameID".to_owned(), Value::String(name.value.clone()));
        raw.insert("NameIDFormat".to_owned(), Value::String(name.format.clone()));
    }
    Ok(IdentityClaims {
        subject,
        name: full,
        email,
        email_verified: false,
        acr: statement.context,
        amr: Vec::new(),
        auth_time: statement.at,
        sid: statement.session,
        raw,
    })
}

/// The provider's own name for somebody.
struct NameId {
    value: String,
    format: String,
    by: Option<String>,
    at: Option<String>,
}

impl NameId {
    fn read(subject: Element<'_>) -> Result<Option<Self>, SamlError> {
        let Some(element) = subject.only(ASSERTION, "NameID")? else { return Ok(None) };
        let (exact, value) = (element.exact_text()?, element.text()?);
        // Line breaks around it are a pretty printer's; blanks on its line are part of somebody's name, perhaps.
        if exact != value && !exact.contains('\n') {
            return Err(SamlError::Subject("its name identifier begins or ends with a blank"));
        }
        if !(1..=MOST_NAME).contains(&value.len()) || value.contains(char::is_control) {
            return Err(SamlError::Subject("its name identifier is empty, too long or not readable"));
        }
        let said = |name: &str| element.attribute(name).filter(|text| !text.is_empty()).map(str::to_owned);
        let format = said("Format").unwrap_or_else(|| UNSPECIFIED.to_owned());
        Ok(Some(NameId { value, format, by: said("NameQualifier"), at: said("SPNameQualifier") }))
    }

    /// The subject: the name, and everything without which it would be another's as well. A persistent name is one for
    /// each pair of provider and service; where the pair is not written down, it is this one (saml-core 8.3.7).
    fn subject(&self, expect: &Expect<'_>) -> Result<String, SamlError> {
        let kind = match self.format.as_str() {
            TRANSIENT => {
                return Err(SamlError::Subject(
                    "its name identifier is transient, another one at each sign-in; name an attribute in its place",
                ));
            }
            PERSISTENT => "persistent",
            EMAIL => "email",
            UNSPECIFIED => "unspecified",
            other => other,
        };
        if kind != "persistent" && self.by.is_none() && self.at.is_none() {
            return Ok(format!("{kind}:{}", self.value));
        }
        let by = self.by.as_deref().unwrap_or(expect.provider);
        let at = self.at.as_deref().unwrap_or(expect.entity_id);
        let pair = Digest::of_parts(&[b"partywall name\n", by.as_bytes(), b"\n", at.as_bytes()]);
        Ok(format!("{kind} {pair}:{}", self.value))
    }
}

/// The one value of the attribute that an admin has named.
fn named_by(raw: &Map<String, Value>, attribute: &str) -> Result<String, SamlError> {
    match text(raw, attribute) {
        Some(value) if value.len() <= MOST_NAME && !value.contains(char::is_control) => {
            Ok(format!("attribute {attribute}:{value}"))
        }
        _ => Err(SamlError::Subject(
            "the attribute that should name people is missing, or has not one short value",
        )),
    }
}

/// Every attribute by its name, and by its friendly name where nothing else is called so.
fn attributes(assertion: Element<'_>) -> Result<Map<String, Value>, SamlError> {
    let (mut raw, mut friendly) = (Map::new(), Map::new());
    let mut count = 0;
    for statement in assertion.all(ASSERTION, "AttributeStatement") {
        for attribute in statement.all(ASSERTION, "Attribute") {
            count += 1;
            if count > MOST_ATTRIBUTES {
                return Err(SamlError::Answer("it holds more than 500 attributes"));
            }
            let Some(name) = attribute.attribute("Name").filter(|name| !name.is_empty()) else { continue };
            let values = values(attribute)?;
            if let Some(other) = attribute.attribute("FriendlyName").filter(|other| !other.is_empty()) {
                merge(&mut friendly, other, values.clone());
            }
            merge(&mut raw, name, values);
        }
    }
    for (name, value) in friendly {
        raw.entry(name).or_insert(value);
    }
    Ok(raw)
}

fn values(attribute: Element<'_>) -> Result<Vec<Value>, SamlError> {
    let mut values = Vec::new();
    for value in attribute.all(ASSERTION, "AttributeValue").take(MOST_VALUES + 1) {
        // Values that are built of elements, such as eduPersonTargetedID, mean nothing here.
        if value.children().next().is_none() {
            values.push(Value::String(value.text()?));
        }
    }
    if values.len() > MOST_VALUES {
        Err(SamlError::Answer("an attribute has too many values"))
    } else {
        Ok(values)
    }
}

/// An attribute that stands there twice has the values of both.
fn merge(into: &mut Map<String, Value>, name: &str, mut values: Vec<Value>) {
    let mut all = match into.remove(name) {
        Some(Value::Array(known)) => known,
        Some(known) => vec![known],
        None => Vec::new(),
    };
    all.append(&mut values);
    let value = if all.len() == 1 { all.remove(0) } else { Value::Array(all) };
    into.insert(name.to_owned(), value);
}

fn text<'r>(raw: &'r Map<String, Value>, name: &str) -> Option<&'r str> {
    raw.get(name)?.as_str().filter(|text| !text.is_empty())
}

fn in_parts(raw: &Map<String, Value>) -> Option<DisplayName> {
    PARTS.iter().find_map(|(first, last)| format!("{} {}", text(raw, first)?, text(raw, last)?).parse().ok())
}

/// How and when somebody signed in at the provider.
struct Statement {
    context: Option<String>,
    at: Option<Moment>,
    session: Option<String>,
}

impl Statement {
    fn read(assertion: Element<'_>, expect: &Expect<'_>) -> Result<Self, SamlError> {
        let mut all = assertion.all(ASSERTION, "AuthnStatement");
        let first = all.next().ok_or(SamlError::Answer("it does not say that anybody signed in"))?;
        let ends = moment(first, "SessionNotOnOrAfter")?;
        if ends.is_some_and(|ends| expect.now >= ends + expect.leeway) {
            return Err(SamlError::Time("the session at the provider is over"));
        }
        let context = match first.only(ASSERTION, "AuthnContext")? {
            Some(context) => {
                context.only(ASSERTION, "AuthnContextClassRef")?.map(Element::text).transpose()?
            }
            None => None,
        };
        Ok(Statement {
            context: context.filter(|context| !context.is_empty()),
            at: moment(first, "AuthnInstant")?,
            session: first.attribute("SessionIndex").map(str::to_owned),
        })
    }
}
