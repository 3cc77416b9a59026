//! Which scopes are worth asking for.

use super::{Rule, uses};

/// What a scope asks for (OpenID Connect Core 1.0 section 5.4). Others ask for what is not known here.
const CLAIMS: &[(&str, &[&str])] = &[
    (
        "profile",
        &[
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
    ),
    ("email", &["email"]),
    ("address", &["address"]),
    ("phone", &["phone_number"]),
];

/// These scopes without those whose every claim the rules drop unread: what is not wanted is not asked for.
pub fn asked(scopes: &str, rules: &[Rule]) -> String {
    let is_wanted = |scope: &&str| {
        let claims = CLAIMS.iter().find(|(name, _)| name == scope).map(|(_, claims)| *claims);
        claims.is_none_or(|claims| claims.iter().any(|claim| uses(rules, claim)))
    };
    scopes.split_ascii_whitespace().filter(is_wanted).collect::<Vec<_>>().join(" ")
}
