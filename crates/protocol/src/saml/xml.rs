//! The one view of a document. What a signature is checked on and what is read are nodes of the same tree, so that no
//! two readers can disagree about what was signed.
//!
//! Everything in which readers of XML are known to differ is refused before anything is made of it: document types and
//! entities, comments, CDATA and processing instructions, other encodings than UTF-8, and identifiers in namespaces.

use super::SamlError;
use uppsala::{Document, NodeId, NodeKind, Parser};

/// The most bytes of a message.
pub const MOST_MESSAGE: usize = 256 * 1024;
/// The most bytes of metadata; that of a federation's provider holds many languages and logos.
pub const MOST_METADATA: usize = 1024 * 1024;
/// How deep elements may stand in each other.
const MOST_DEPTH: u32 = 48;
/// The names under which an element can be referred to.
const IDENTIFIERS: [&str; 4] = ["ID", "Id", "id", "AssertionID"];

/// Whether people may have written remarks into it. In a message they are how one name is made to look like another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Remarks {
    Refused,
    Allowed,
}

/// A document as text that may be parsed.
pub(super) fn readable(bytes: &[u8], most: usize, remarks: Remarks) -> Result<&str, SamlError> {
    if bytes.len() > most {
        return Err(SamlError::Xml("it is too large"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| SamlError::Xml("it is not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_start();
    let body = without_declaration(text)?;
    // A less-than sign stands in text and attributes only as an entity, so this finds all of these and nothing else.
    let allowed = |rest: &str| remarks == Remarks::Allowed && rest.starts_with("<!--");
    if body.match_indices("<!").any(|(at, _)| !allowed(&body[at..])) {
        return Err(SamlError::Xml("it holds a document type, a comment or CDATA"));
    }
    if body.contains("<?") {
        return Err(SamlError::Xml("it holds a processing instruction"));
    }
    Ok(text)
}

/// What comes after the XML declaration, if that names no other encoding.
fn without_declaration(text: &str) -> Result<&str, SamlError> {
    let Some(rest) = text.strip_prefix("<?xml") else { return Ok(text) };
    let (declaration, body) = rest.split_once("?>").ok_or(SamlError::Xml("its declaration does not end"))?;
    let declaration = declaration.to_ascii_lowercase();
    let other = declaration.contains("encoding") && !declaration.contains("utf-8");
    if other || declaration.contains('<') { Err(SamlError::Xml("it is not UTF-8")) } else { Ok(body) }
}

/// Parses what [`readable`] let through.
pub(super) fn parse(text: &str) -> Result<Document<'_>, SamlError> {
    let parser = Parser::new().with_forbid_dtd(true).with_forbid_entities(true).with_max_depth(MOST_DEPTH);
    let document = parser.parse(text).map_err(|_| SamlError::Xml("it is not well-formed"))?;
    for node in document.descendants(document.root()) {
        let Some(element) = document.element(node) else { continue };
        let misleads = |attribute: &uppsala::Attribute<'_>| {
            attribute.name.namespace_uri.is_some() && IDENTIFIERS.contains(&&*attribute.name.local_name)
        };
        if element.attributes.iter().any(misleads) {
            return Err(SamlError::Xml("an identifier stands in a namespace"));
        }
        if element.attributes.iter().filter(|a| IDENTIFIERS.contains(&&*a.name.local_name)).count() > 1 {
            return Err(SamlError::Xml("an element has several identifiers"));
        }
    }
    Ok(document)
}

/// An element of a document.
#[derive(Clone, Copy)]
pub(super) struct Element<'t> {
    pub(super) document: &'t Document<'t>,
    pub(super) id: NodeId,
}

impl<'t> Element<'t> {
    /// The outermost one.
    pub(super) fn root(document: &'t Document<'t>) -> Result<Self, SamlError> {
        let id = document.document_element().ok_or(SamlError::Xml("it is empty"))?;
        Ok(Element { document, id })
    }

    fn node(self) -> &'t uppsala::Element<'t> {
        self.document.element(self.id).expect("only elements are made into one")
    }

    /// Whether it is called so, in this namespace.
    pub(super) fn is(self, namespace: &str, name: &str) -> bool {
        self.node().matches_name_ns(namespace, name)
    }

    /// Its name, in whatever namespace.
    pub(super) fn local_name(self) -> &'t str {
        &self.node().name.local_name
    }

    /// The attribute of this name that stands in no namespace.
    pub(super) fn attribute(self, name: &str) -> Option<&'t str> {
        let plain = |attribute: &&uppsala::Attribute<'t>| {
            attribute.name.namespace_uri.is_none() && attribute.name.local_name == name
        };
        self.node().attributes.iter().find(plain).map(|attribute| &*attribute.value)
    }

    /// Whether one of its attributes stands in a namespace.
    pub(super) fn has_foreign_attributes(self) -> bool {
        self.node().attributes.iter().any(|attribute| attribute.name.namespace_uri.is_some())
    }

    /// The elements in it.
    pub(super) fn children(self) -> impl Iterator<Item = Element<'t>> {
        let Element { document, id } = self;
        document
            .children_iter(id)
            .filter(move |id| document.element(*id).is_some())
            .map(move |id| Element { document, id })
    }

    /// Those that are called so.
    pub(super) fn all(self, namespace: &'t str, name: &'t str) -> impl Iterator<Item = Element<'t>> {
        self.children().filter(move |child| child.is(namespace, name))
    }

    /// The one that is called so, if there is one; two are one too many.
    pub(super) fn only(self, namespace: &'t str, name: &'t str) -> Result<Option<Element<'t>>, SamlError> {
        let mut all = self.all(namespace, name);
        match (all.next(), all.next()) {
            (found, None) => Ok(found),
            _ => Err(SamlError::Xml("an element stands there twice")),
        }
    }

    /// The one that must be there.
    pub(super) fn must(
        self,
        namespace: &'t str,
        name: &'t str,
        without: &'static str,
    ) -> Result<Element<'t>, SamlError> {
        self.only(namespace, name)?.ok_or(SamlError::Xml(without))
    }

    /// Everything below it.
    pub(super) fn descendants(self) -> impl Iterator<Item = Element<'t>> {
        let Element { document, id } = self;
        let below = document.descendants(id).into_iter();
        below.filter(move |id| document.element(*id).is_some()).map(move |id| Element { document, id })
    }

    /// Its text, without the white space that a pretty printer put around it.
    pub(super) fn text(self) -> Result<String, SamlError> {
        let is_space = |letter: char| matches!(letter, ' ' | '\t' | '\r' | '\n');
        Ok(self.exact_text()?.trim_matches(is_space).to_owned())
    }

    /// Its text, of which all of it consists.
    pub(super) fn exact_text(self) -> Result<String, SamlError> {
        let mut text = String::new();
        for child in self.document.children_iter(self.id) {
            match self.document.node_kind(child) {
                Some(NodeKind::Text(part)) => text.push_str(part),
                // Let through in metadata only.
                Some(NodeKind::Comment(_)) => {}
                _ => return Err(SamlError::Xml("where text was expected there is something else")),
            }
        }
        Ok(text)
    }
}

/// Text for an element or an attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            other => escaped.push(other),
        }
    }
    escaped
}
