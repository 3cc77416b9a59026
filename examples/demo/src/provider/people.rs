//! The organisations of the demonstration and who works there.

use crate::provider::Algorithm;

/// An organisation with an identity provider of its own.
#[derive(Clone, Debug)]
pub struct Organisation {
    /// The name on its pages.
    pub name: &'static str,
    /// The name in cookies and file names.
    pub slug: &'static str,
    /// What it does, for its pages.
    pub trade: &'static str,
    /// The colour of its pages, light and dark.
    pub colours: (&'static str, &'static str),
    /// What its tokens are signed with. They differ, because in real life they do.
    pub algorithm: Algorithm,
    /// Who works there.
    pub people: Vec<Person>,
}

/// Somebody who works at an organisation.
#[derive(Clone, Debug)]
pub struct Person {
    /// The provider's own key for the person: says nothing and never changes.
    pub subject: &'static str,
    /// How they are called.
    pub given_name: &'static str,
    /// Their family's name.
    pub family_name: &'static str,
    /// What they type to sign in.
    pub email: &'static str,
    /// What they type after that.
    pub password: &'static str,
    /// What they are there, for the list on the login page.
    pub job: &'static str,
}

impl Person {
    /// The whole name.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.given_name, self.family_name)
    }
}

impl Organisation {
    /// Who signs in with this address.
    #[must_use]
    pub fn person(&self, email: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.email.eq_ignore_ascii_case(email.trim()))
    }
}

/// A customer: makes bicycles.
#[must_use]
pub fn contoso() -> Organisation {
    Organisation {
        name: "Contoso",
        slug: "contoso",
        trade: "Bicycles since 1911",
        colours: ("#0b5fa5", "#6cb8f5"),
        algorithm: Algorithm::Rs256,
        people: vec![
            Person {
                subject: "c-7d1f0a52",
                given_name: "Alice",
                family_name: "Adams",
                email: "alice@contoso.test",
                password: "alice-rides-a-tandem",
                job: "Head of IT; admin of Contoso in Surveys",
            },
            Person {
                subject: "c-19c4be77",
                given_name: "Aaron",
                family_name: "Aziz",
                email: "aaron@contoso.test",
                password: "aaron-trues-wheels",
                job: "Wheel builder; reader in Surveys",
            },
            Person {
                subject: "c-5e20d3f8",
                given_name: "Carol",
                family_name: "Castillo",
                email: "carol@contoso.test",
                password: "carol-paints-frames",
                job: "Trainer; works in Contoso and in its training organisation",
            },
        ],
    }
}

/// Another customer: builds furniture, and has no business in the first one's surveys.
#[must_use]
pub fn fabrikam() -> Organisation {
    Organisation {
        name: "Fabrikam",
        slug: "fabrikam",
        trade: "Furniture that stands",
        colours: ("#2d6a3e", "#7fd197"),
        algorithm: Algorithm::Es256,
        people: vec![
            Person {
                subject: "0001",
                given_name: "Bob",
                family_name: "Brandt",
                email: "bob@fabrikam.test",
                password: "bob-planes-oak",
                job: "Office manager; admin of Fabrikam in Surveys",
            },
            Person {
                subject: "0002",
                given_name: "Frida",
                family_name: "Falk",
                email: "frida@fabrikam.test",
                password: "frida-sands-chairs",
                job: "Designer; reader in Surveys",
            },
        ],
    }
}

/// The company that makes Surveys and runs Partywall.
#[must_use]
pub fn tailspin() -> Organisation {
    Organisation {
        name: "Tailspin",
        slug: "tailspin",
        trade: "The makers of Surveys",
        colours: ("#a63f1c", "#f29a74"),
        algorithm: Algorithm::Es256,
        people: vec![Person {
            subject: "t-42",
            given_name: "Olivia",
            family_name: "Ortega",
            email: "olivia@tailspin.test",
            password: "olivia-keeps-it-running",
            job: "Operator of Partywall",
        }],
    }
}
