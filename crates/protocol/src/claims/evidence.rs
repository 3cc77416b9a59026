//! What no rule may say.

/// Names of claims that say who vouches, for whom, when and how strongly, or at which tenant; and that an address was
/// checked. Rules may read them.
const EVIDENCE: &[&str] = &[
    "acr",
    "act",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "c_hash",
    "client_id",
    "cnf",
    "connection",
    "email_verified",
    "exp",
    "iat",
    "iss",
    "issuer",
    "jti",
    "member",
    "nbf",
    "nonce",
    "phone_number_verified",
    "provider",
    "scope",
    "sid",
    "sub",
    "tenant",
    "tenant_id",
    "tid",
];

/// Claims by which nobody is told apart: their holder or an admin may change them, and somebody else may have them next.
const REASSIGNED: &[&str] = &[
    "email",
    "emailaddress",
    "family_name",
    "given_name",
    "login",
    "mail",
    "name",
    "nickname",
    "phone_number",
    "preferred_username",
    "samaccountname",
    "unique_name",
    "upn",
    "userprincipalname",
    "username",
    "verified_primary_email",
];

/// Whether only the protocol may say this claim. Capitals make no difference.
pub fn is_evidence(name: &str) -> bool {
    let name = name.trim().to_lowercase();
    EVIDENCE.contains(&name.as_str()) || name.starts_with("partywall")
}

/// Whether people may be told apart by this claim.
pub(super) fn tells_apart(name: &str) -> bool {
    let name = name.to_lowercase();
    let last = name.rsplit(['/', ':']).next().unwrap_or_default();
    !REASSIGNED.contains(&last) && (name == "sub" || !is_evidence(&name))
}
