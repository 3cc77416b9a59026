//! Presets: what each vendor calls things, where its settings lie, and what to look out for, in one table. A preset only
//! fills in a form; what is connected is checked as ever.

pub(crate) mod http;
mod table;

pub use table::PRESETS;

/// One vendor's manners.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Its name in addresses and in the API.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it speaks: `oidc` or `oauth2`.
    pub kind: &'static str,
    /// Whether it is for everybody's own accounts rather than an organisation's.
    pub is_social: bool,
    /// Its issuer; what is each organisation's own stands in braces.
    pub issuer: &'static str,
    /// Scopes to ask for, beside `openid` where there is one.
    pub scopes: &'static str,
    /// Parameters to send along, names and values.
    pub parameters: &'static [(&'static str, &'static str)],
    /// What to do there.
    pub steps: &'static [&'static str],
    /// What to look out for.
    pub quirks: &'static [&'static str],
}

impl Preset {
    /// The one of this name.
    pub fn named(name: &str) -> Option<&'static Preset> {
        PRESETS.iter().find(|preset| preset.name == name)
    }

    /// The parameters as they are typed into the form, one a line.
    pub fn parameter_lines(&self) -> String {
        let lines: Vec<String> =
            self.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{
        oauth2::Plain,
        oidc::{ExtraParameters, Issuer, Transport},
    };
    use std::collections::BTreeSet;

    #[test]
    fn every_preset_can_be_connected_as_it_stands() {
        let names: BTreeSet<&str> = PRESETS.iter().map(|preset| preset.name).collect();
        assert_eq!(names.len(), PRESETS.len());
        for preset in PRESETS {
            let issuer = preset.issuer.replace(['{', '}'], "");
            match preset.kind {
                "oidc" => drop(Issuer::parse(&issuer, Transport::Https).expect(preset.name)),
                "oauth2" => assert_eq!(Plain::parse(&issuer, Transport::Https).unwrap().issuer(), issuer),
                other => panic!("{other}"),
            }
            assert!(preset.scopes.parse::<crate::connection::Scopes>().is_ok(), "{}", preset.name);
            let pairs = preset.parameters.iter().map(|(name, value)| (name.to_string(), value.to_string()));
            assert!(ExtraParameters::parse(pairs).is_ok(), "{}", preset.name);
            assert!(!preset.steps.is_empty() && preset.steps.iter().all(|step| step.ends_with('.')));
        }
    }

    #[test]
    fn the_named_vendors_are_all_there() {
        for name in [
            "entra",
            "okta",
            "google-workspace",
            "auth0",
            "adfs",
            "keycloak",
            "ping",
            "onelogin",
            "jumpcloud",
            "google",
            "microsoft",
            "facebook",
            "github",
            "apple",
            "yahoo",
        ] {
            assert!(Preset::named(name).is_some(), "{name}");
        }
    }
}
