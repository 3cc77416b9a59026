//! The console's pages as a list, from which the navigation is drawn. Each room names its own; a reader
//! sees those whose action they may do.

use access::{Action, Needs, OperatorAction, TenantAction};
use domain::{RightSet, TenantId};

/// Where in the navigation a page stands; sections stand in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// At the top, without a title.
    Top,
    /// Who belongs to the tenant.
    People,
    /// How they sign in.
    SignIn,
    /// What happened.
    Activity,
    /// The tenant's own settings.
    Settings,
    /// The operator's work.
    Platform,
}

impl Section {
    /// Its title.
    pub const fn title(self) -> &'static str {
        match self {
            Section::Top => "",
            Section::People => "People",
            Section::SignIn => "Sign-in",
            Section::Activity => "Activity",
            Section::Settings => "Settings",
            Section::Platform => "Platform",
        }
    }
}

/// One page of the navigation.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its path, with `{tenant}` where it is inside one.
    pub path: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Where it stands.
    pub section: Section,
    /// Its icon (`docs/design-system.md`).
    pub icon: &'static str,
    /// What its reader needs.
    pub needs: Needs,
}

/// The list.
#[derive(Clone, Debug, Default)]
pub struct Pages(Vec<Entry>);

impl Pages {
    /// No pages yet.
    pub const fn new() -> Self {
        Pages(Vec::new())
    }

    /// A page inside a tenant, whose path holds `{tenant}`, for those who may do `A` there.
    pub fn tenant<A: TenantAction>(
        self,
        path: &'static str,
        title: &'static str,
        section: Section,
        icon: &'static str,
    ) -> Self {
        self.with::<A>(path, title, section, icon)
    }

    /// A page of the platform, for operators who may do `A`.
    pub fn platform<A: OperatorAction>(
        self,
        path: &'static str,
        title: &'static str,
        icon: &'static str,
    ) -> Self {
        self.with::<A>(path, title, Section::Platform, icon)
    }

    fn with<A: Action>(
        mut self,
        path: &'static str,
        title: &'static str,
        section: Section,
        icon: &'static str,
    ) -> Self {
        self.0.push(Entry { path, title, section, icon, needs: A::NEEDS });
        self
    }

    /// Both lists together.
    pub fn merge(mut self, other: Pages) -> Self {
        self.0.extend(other.0);
        self
    }

    /// All pages, by section.
    pub fn list(&self) -> &[Entry] {
        &self.0
    }

    /// The navigation for a reader who holds `rights` in `tenant` and stands at `here`.
    pub(crate) fn navigation(
        &self,
        tenant: Option<TenantId>,
        rights: RightSet,
        here: &str,
    ) -> Vec<NavSection> {
        let seen = |entry: &&Entry| match entry.needs {
            Needs::Right(right) => rights.has(right),
            Needs::Nothing | Needs::Membership | Needs::Known => true,
            Needs::Platform => false,
        };
        let mut pages: Vec<(Section, NavPage)> = self
            .0
            .iter()
            .filter(seen)
            .filter_map(|entry| Some((entry.section, NavPage::of(entry, tenant)?)))
            .collect();
        // The page with the longest path that the reader is at or beneath is the current one.
        let longest = pages.iter().map(|(_, page)| page.path.as_str()).filter(|path| is_within(here, path));
        let current = longest.max_by_key(|path| path.len()).map(str::to_owned);
        for (_, page) in &mut pages {
            page.current = Some(&page.path) == current.as_ref();
        }
        pages.sort_by_key(|(section, _)| *section);
        let mut sections: Vec<NavSection> = Vec::new();
        for (section, page) in pages {
            match sections.last_mut().filter(|last| last.title == section.title()) {
                Some(last) => last.pages.push(page),
                None => sections.push(NavSection { title: section.title(), pages: vec![page] }),
            }
        }
        sections
    }
}

/// A section of the navigation as one reader sees it.
#[derive(Clone, Debug)]
pub struct NavSection {
    /// Its title; may be empty.
    pub title: &'static str,
    /// Its pages.
    pub pages: Vec<NavPage>,
}

/// A page of the navigation as one reader sees it.
#[derive(Clone, Debug)]
pub struct NavPage {
    /// Its title.
    pub title: &'static str,
    /// Where it is.
    pub path: String,
    /// Its icon.
    pub icon: &'static str,
    /// Whether the reader is there.
    pub current: bool,
}

impl NavPage {
    /// None for a page inside a tenant where there is no tenant.
    fn of(entry: &Entry, tenant: Option<TenantId>) -> Option<Self> {
        let path = match (entry.path.contains("{tenant}"), tenant) {
            (false, _) => entry.path.to_owned(),
            (true, Some(tenant)) => entry.path.replace("{tenant}", &tenant.to_string()),
            (true, None) => return None,
        };
        Some(NavPage { title: entry.title, path, icon: entry.icon, current: false })
    }
}

fn is_within(here: &str, path: &str) -> bool {
    here.strip_prefix(path.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use access::{ListMembers, ReadAuditTrail, ReadTenantHome, ReadTenants};
    use domain::PlatformRole;

    fn pages() -> Pages {
        Pages::new()
            .platform::<ReadTenants>("/platform/tenants", "Tenants", "tenants")
            .tenant::<ReadAuditTrail>("/t/{tenant}/audit", "Audit", Section::Activity, "audit")
            .tenant::<ListMembers>("/t/{tenant}/members", "Members", Section::People, "members")
            .tenant::<ReadTenantHome>("/t/{tenant}", "Overview", Section::Top, "overview")
    }

    fn titles(rights: RightSet, here: &str) -> Vec<(&'static str, bool)> {
        let sections = pages().navigation(Some(TenantId::from_bits(1)), rights, here);
        let pages = sections.into_iter().flat_map(|section| section.pages);
        pages.map(|page| (page.title, page.current)).collect()
    }

    #[test]
    fn a_reader_sees_the_pages_of_their_actions_and_where_they_are() {
        let tenant = TenantId::from_bits(1);
        let admin = PlatformRole::Admin.rights();
        assert_eq!(
            titles(admin, &format!("/t/{tenant}/members/mbr_1")),
            [("Overview", false), ("Members", true), ("Audit", false)]
        );
        assert_eq!(titles(RightSet::default(), &format!("/t/{tenant}")), [("Overview", true)]);
        let operator = PlatformRole::Operator.rights();
        assert_eq!(titles(operator, "/platform/tenants"), [("Overview", false), ("Tenants", true)]);
    }

    #[test]
    fn outside_tenants_there_are_no_pages_inside_one() {
        let seen = pages().navigation(None, PlatformRole::Operator.rights(), "/platform/tenants");
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].title, "Platform");
    }
}
