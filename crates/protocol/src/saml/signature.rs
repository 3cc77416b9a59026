//! Believing a signature. The cryptography, canonicalisation and references are bergshamra's; what kind of signature is
//! looked at in the first place stands here: one that is a child of the very element that it signs as a whole, with
//! one reference, one of a few algorithms, and nothing in it that a reader could take for something else.

use super::{Certificate, SamlError, xml::Element};
use bergshamra_dsig::{DsigContext, VerifyResult, verify::verify_all_document_with_source};

pub(super) const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
pub(super) const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
pub(super) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// RSA and ECDSA over SHA-2. HMAC, DSA and SHA-1 are none.
const SIGNATURES: [&str; 6] = [
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
];
const DIGESTS: [&str; 3] = [
    "http://www.w3.org/2001/04/xmlenc#sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512",
];
/// What a signature may say about its key. It is a hint that nobody follows.
const KEY_HINTS: [&str; 3] = ["KeyName", "KeyValue", "X509Data"];

/// An element that a believed signature covers, with everything below it. There is no other way to one.
#[derive(Clone, Copy)]
pub(super) struct Signed<'t>(Element<'t>);

impl<'t> Signed<'t> {
    /// What was signed.
    pub(super) fn element(self) -> Element<'t> {
        self.0
    }

    /// What was opened of something encrypted that stood below `around`, in a way that shows whether it was altered.
    pub(super) fn opened(inside: Element<'t>, around: Signed<'_>) -> Signed<'t> {
        let Signed(_) = around;
        Signed(inside)
    }

    /// An element below it, which is signed with it.
    pub(super) fn child(self, namespace: &'t str, name: &'t str) -> Result<Option<Signed<'t>>, SamlError> {
        Ok(self.0.only(namespace, name)?.map(Signed))
    }
}

/// Whether somebody signed this element for itself.
pub(super) fn is_signed(element: Element<'_>) -> bool {
    element.all(DSIG, "Signature").next().is_some()
}

/// No signature stands anywhere but as a child of one of `places`.
///
/// # Errors
/// [`SamlError::Signature`].
pub(super) fn nowhere_else(root: Element<'_>, places: &[Element<'_>]) -> Result<(), SamlError> {
    let of_places: usize = places.iter().map(|place| place.all(DSIG, "Signature").count()).sum();
    let everywhere = root.descendants().filter(|element| element.local_name() == "Signature").count();
    if of_places == everywhere { Ok(()) } else { Err(SamlError::Signature("one stands where none belongs")) }
}

/// Believes the signature of `element`, which is `id`ed by this attribute, by one of the certificates.
///
/// # Errors
/// [`SamlError::Signature`], and [`SamlError::UnknownKey`] where it may be good under another key.
pub(super) fn verify<'t>(
    element: Element<'t>,
    id: &str,
    certificates: &[Certificate],
) -> Result<Signed<'t>, SamlError> {
    let signature = element.only(DSIG, "Signature")?.ok_or(SamlError::Signature("there is none"))?;
    check_shape(element, signature, id)?;
    let source = element.document.input_text();
    for certificate in certificates {
        // One key at a time: which of them it is must not be for the message to choose.
        let context = DsigContext::new(certificate.keys()?).with_insecure(true);
        let results = verify_all_document_with_source(&context, element.document, Some(source))
            .map_err(|_| SamlError::Signature("the document cannot be referred to"))?;
        if results.iter().any(|result| covers(result, element, signature, certificate)) {
            return Ok(Signed(element));
        }
    }
    Err(SamlError::UnknownKey)
}

/// Whether this is the result for our signature, under the certificate's own key, over the whole element.
fn covers(result: &VerifyResult, element: Element<'_>, signature: Element<'_>, by: &Certificate) -> bool {
    let VerifyResult::Valid { signature_node, references, key_info, .. } = result else { return false };
    let [reference] = references.as_slice() else { return false };
    *signature_node == signature.id
        && reference.digest_verified
        && reference.resolved_node == Some(element.id)
        && (key_info.x509_chain.is_empty() || key_info.x509_chain == [by.der()])
}

fn check_shape(element: Element<'_>, signature: Element<'_>, id: &str) -> Result<(), SamlError> {
    let odd = SamlError::Signature("it is not built as signatures of SAML are");
    let parts = signature.descendants();
    if parts.into_iter().any(Element::has_foreign_attributes) {
        return Err(odd);
    }
    let mut parts: Vec<&str> = signature.children().map(Element::local_name).collect();
    parts.retain(|part| *part != "KeyInfo");
    if parts != ["SignedInfo", "SignatureValue"] {
        return Err(odd);
    }
    if let Some(hints) = signature.only(DSIG, "KeyInfo")? {
        let is_hint = |child: Element<'_>| KEY_HINTS.iter().any(|hint| child.is(DSIG, hint));
        if !hints.children().all(is_hint) {
            return Err(odd);
        }
    }
    let info = signature.must(DSIG, "SignedInfo", "a signature signs nothing")?;
    let names: Vec<&str> = info.children().map(Element::local_name).collect();
    if names != ["CanonicalizationMethod", "SignatureMethod", "Reference"] {
        return Err(SamlError::Signature("it does not sign exactly one thing"));
    }
    let algorithm = |of: Element<'_>| of.attribute("Algorithm").unwrap_or_default().to_owned();
    let method = info.must(DSIG, "CanonicalizationMethod", "a signature has no canonicalisation")?;
    if algorithm(method) != EXCLUSIVE {
        return Err(SamlError::Signature("its canonicalisation is not the exclusive one"));
    }
    let method = info.must(DSIG, "SignatureMethod", "a signature has no method")?;
    if !SIGNATURES.contains(&algorithm(method).as_str()) || method.children().next().is_some() {
        return Err(SamlError::Signature(
            "its algorithm is not accepted; RSA or ECDSA with SHA-256 or more is",
        ));
    }
    let reference = info.must(DSIG, "Reference", "a signature refers to nothing")?;
    check_reference(element, reference, id)
}

fn check_reference(element: Element<'_>, reference: Element<'_>, id: &str) -> Result<(), SamlError> {
    let own = element.attribute(id).filter(|own| !own.is_empty());
    let own = own.ok_or(SamlError::Signature("what it should sign has no identifier"))?;
    if reference.attribute("URI").and_then(|uri| uri.strip_prefix('#')) != Some(own) {
        return Err(SamlError::Signature("it refers to something else than where it stands"));
    }
    let digest = reference.must(DSIG, "DigestMethod", "a signature has no digest method")?;
    if !DIGESTS.contains(&digest.attribute("Algorithm").unwrap_or_default()) {
        return Err(SamlError::Signature("its digest is not accepted; SHA-256 or more is"));
    }
    let known = |transform: Element<'_>| {
        let algorithm = transform.attribute("Algorithm").unwrap_or_default();
        let prefixes = |child: Element<'_>| child.is(EXCLUSIVE, "InclusiveNamespaces");
        transform.is(DSIG, "Transform")
            && ((algorithm == ENVELOPED && transform.children().next().is_none())
                || (algorithm == EXCLUSIVE && transform.children().all(prefixes)))
    };
    match reference.only(DSIG, "Transforms")? {
        Some(transforms) if transforms.children().all(known) => Ok(()),
        _ => Err(SamlError::Signature("it transforms what it signs in a way that is not accepted")),
    }
}
