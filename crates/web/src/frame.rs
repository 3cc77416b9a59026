//! The console's frame as a value: a handler takes it as an argument after its permit, says what its page
//! is called, and gives it to its template, whose field `frame` it becomes (`docs/design-system.md`).

use crate::{HostKind, Problem, Visitor, Web, assets, origin_of, pages::NavSection};
use access::Tenant;
use axum::{
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
};
use domain::TenantId;

/// Everything that `frame.html` reads.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The window's title.
    pub window: String,
    /// The address of the assets, without a slash at the end.
    pub assets: &'static str,
    /// Where the mark leads.
    pub home: String,
    /// The organisation whose pages these are.
    pub organisation: Organisation,
    /// The navigation.
    pub sections: Vec<NavSection>,
    /// Who is signed in.
    pub person: Option<FramePerson>,
    /// The hidden value of every form on the page.
    pub csrf: String,
    /// What holds over all pages for now.
    pub notices: Vec<Notice>,
    /// The pages above this one.
    pub trail: Vec<Link>,
    /// The heading.
    pub title: String,
    /// A tenant's standing beside the heading, by name, or empty.
    pub standing: &'static str,
    /// One sentence beneath the heading, or empty.
    pub description: String,
    /// Buttons beside the heading.
    pub actions: Vec<Button>,
    /// The pages beside this one.
    pub tabs: Vec<Tab>,
    /// What has just happened.
    pub flashes: Vec<Flash>,
    /// The request's id.
    pub request_id: String,
}

/// The organisation whose pages these are.
#[derive(Clone, Debug)]
pub struct Organisation {
    /// Its name.
    pub name: String,
    /// Its slug, or `Operator`.
    pub note: String,
    /// One or two letters.
    pub letters: String,
    /// Its colour's class.
    pub brand: &'static str,
    /// All organisations of the person; empty if there is only one.
    pub others: Vec<OtherOrganisation>,
}

/// One organisation of the person.
#[derive(Clone, Debug)]
pub struct OtherOrganisation {
    /// Where its pages begin.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Its slug.
    pub note: String,
    /// One or two letters.
    pub letters: String,
    /// Its colour's class.
    pub brand: &'static str,
    /// Whether the reader is there.
    pub current: bool,
}

/// Who is signed in.
#[derive(Clone, Debug)]
pub struct FramePerson {
    /// Their name, as this tenant's provider gave it.
    pub name: String,
    /// Their address, or empty.
    pub email: String,
    /// Their own pages.
    pub links: Vec<Link>,
    /// Where the form that signs out posts.
    pub sign_out: &'static str,
}

/// A title and where it leads.
#[derive(Clone, Debug)]
pub struct Link {
    /// The title.
    pub title: String,
    /// Where it leads.
    pub path: String,
}

/// What holds over all pages for now.
#[derive(Clone, Debug)]
pub struct Notice {
    /// `info`, `warn` or `bad`.
    pub tone: &'static str,
    /// What holds.
    pub text: String,
    /// Where to do something about it; may be empty.
    pub path: String,
    /// The words of that link.
    pub link: String,
}

/// A button beside the heading.
#[derive(Clone, Debug)]
pub struct Button {
    /// Its words.
    pub title: String,
    /// Where it leads or posts.
    pub path: String,
    /// `primary`, `danger` or empty.
    pub tone: &'static str,
    /// Whether it posts.
    pub post: bool,
}

/// A page beside this one.
#[derive(Clone, Debug)]
pub struct Tab {
    /// Its title.
    pub title: String,
    /// Where it is.
    pub path: String,
    /// Whether the reader is there.
    pub current: bool,
}

/// What has just happened.
#[derive(Clone, Debug)]
pub struct Flash {
    /// `good`, `info`, `warn` or `bad`.
    pub tone: &'static str,
    /// What happened.
    pub text: String,
}

/// Where the console's form that signs out posts.
pub const SIGN_OUT: &str = "/sign-out";

impl<S> FromRequestParts<S> for Frame
where
    S: Send + Sync,
    Web: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let web = Web::from_ref(state);
        let request = origin_of(parts)?.request;
        let visitor = parts.extensions.get::<Visitor>().cloned();
        let visitor = visitor.ok_or_else(|| Problem::internal("a frame was asked for before the permit"))?;
        Ok(Frame::for_reader(&web, &visitor, parts.uri.path(), request.to_string()))
    }
}

impl Frame {
    fn for_reader(web: &Web, visitor: &Visitor, here: &str, request_id: String) -> Self {
        let tenant = visitor.tenant.as_ref();
        let id = tenant.map(|tenant| tenant.record.id);
        Frame {
            window: String::new(),
            assets: assets::base(HostKind::Console),
            home: id.map_or("/".to_owned(), |id| format!("/t/{id}")),
            organisation: Organisation::of(tenant.map(|tenant| &**tenant), visitor.is_operator),
            sections: web.pages.navigation(id, visitor.rights, here),
            person: FramePerson::of(visitor),
            csrf: visitor.session.map(|session| web.csrf.token(&session)).unwrap_or_default(),
            notices: notices(web, visitor),
            trail: vec![],
            title: String::new(),
            standing: "",
            description: String::new(),
            actions: vec![],
            tabs: vec![],
            flashes: vec![],
            request_id,
        }
    }

    /// The heading, and with it the window's title.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self.window = format!("{} · {} · Partywall", self.title, self.organisation.name);
        self
    }

    /// One sentence beneath the heading.
    pub fn describe(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// A tenant's standing beside the heading.
    pub fn standing(mut self, standing: domain::Standing) -> Self {
        self.standing = standing.name();
        self
    }

    /// A page above this one; from the top downwards.
    pub fn under(mut self, title: impl Into<String>, path: impl Into<String>) -> Self {
        self.trail.push(Link { title: title.into(), path: path.into() });
        self
    }

    /// A page beside this one.
    pub fn tab(mut self, title: impl Into<String>, path: impl Into<String>, current: bool) -> Self {
        self.tabs.push(Tab { title: title.into(), path: path.into(), current });
        self
    }

    /// A link beside the heading; `tone` is `primary`, `danger` or empty.
    pub fn link(mut self, title: impl Into<String>, path: impl Into<String>, tone: &'static str) -> Self {
        self.actions.push(Button { title: title.into(), path: path.into(), tone, post: false });
        self
    }

    /// A button beside the heading that posts.
    pub fn act(mut self, title: impl Into<String>, path: impl Into<String>, tone: &'static str) -> Self {
        self.actions.push(Button { title: title.into(), path: path.into(), tone, post: true });
        self
    }

    /// What has just happened; `tone` is `good`, `info`, `warn` or `bad`.
    pub fn flash(mut self, tone: &'static str, text: impl Into<String>) -> Self {
        self.flashes.push(Flash { tone, text: text.into() });
        self
    }

    /// The person's organisations, to switch between. One alone is not shown.
    pub fn organisations<'t>(mut self, tenants: impl IntoIterator<Item = &'t Tenant>) -> Self {
        let here = self.home.clone();
        let others: Vec<_> = tenants.into_iter().map(|tenant| OtherOrganisation::of(tenant, &here)).collect();
        self.organisation.others = if others.len() > 1 { others } else { vec![] };
        self
    }
}

fn notices(web: &Web, visitor: &Visitor) -> Vec<Notice> {
    let tell = web.hosts.development && visitor.is_operator;
    let notice = || Notice {
        tone: "warn",
        text: "The development setting is on: plain HTTP to loopback addresses is allowed.".into(),
        path: String::new(),
        link: String::new(),
    };
    tell.then(notice).into_iter().collect()
}

impl Organisation {
    fn of(tenant: Option<&Tenant>, is_operator: bool) -> Self {
        let Some(tenant) = tenant else {
            return Organisation {
                name: "Partywall".into(),
                note: String::new(),
                letters: "P".into(),
                brand: "brand-1",
                others: vec![],
            };
        };
        let note = if is_operator { "Operator".into() } else { tenant.record.slug.to_string() };
        Organisation {
            name: tenant.record.name.to_string(),
            note,
            letters: letters(tenant.record.name.as_str()),
            brand: brand(tenant.record.id),
            others: vec![],
        }
    }
}

impl OtherOrganisation {
    fn of(tenant: &Tenant, home: &str) -> Self {
        let path = format!("/t/{}", tenant.record.id);
        OtherOrganisation {
            name: tenant.record.name.to_string(),
            note: tenant.record.slug.to_string(),
            letters: letters(tenant.record.name.as_str()),
            brand: brand(tenant.record.id),
            current: path == home,
            path,
        }
    }
}

impl FramePerson {
    fn of(visitor: &Visitor) -> Option<Self> {
        visitor.session?;
        let person = visitor.person.as_deref();
        let name = person.and_then(|person| person.name.as_deref().or(person.email.as_deref()));
        let email = person.and_then(|person| person.email.as_deref());
        Some(FramePerson {
            name: name.unwrap_or("Signed in").to_owned(),
            email: email.unwrap_or_default().to_owned(),
            links: vec![Link { title: "Your organisations".into(), path: "/".into() }],
            sign_out: SIGN_OUT,
        })
    }
}

/// The first letters of a name's first and last word.
pub fn letters(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let first = words.next();
    first.into_iter().chain(words.next_back()).flat_map(char::to_uppercase).collect()
}

/// A tenant's colour, which follows from its id and so never changes.
pub fn brand(tenant: TenantId) -> &'static str {
    const BRANDS: [&str; 8] =
        ["brand-1", "brand-2", "brand-3", "brand-4", "brand-5", "brand-6", "brand-7", "brand-8"];
    BRANDS[(tenant.bits() % 8) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_or_two_letters() {
        assert_eq!(letters("Contoso"), "C");
        assert_eq!(letters("the Fabrikam Group"), "TG");
        assert_eq!(letters("(ß)"), "SS");
        assert_eq!(letters("…"), "");
    }
}
