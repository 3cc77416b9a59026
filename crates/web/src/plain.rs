//! The frame for people who are not in the console: sign-in, one-time links, problems, maintenance.

use crate::{
    HostKind, Problem, SharedHost, Web, assets,
    credential::{host_of, presented},
    frame::{brand, letters},
    origin_of,
};
use access::Tenant;
use axum::{
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
};
use domain::TenantId;

/// Everything that `plain.html` reads.
#[derive(Clone, Debug)]
pub struct Plain {
    /// The window's title.
    pub window: String,
    /// The address of the assets, without a slash at the end.
    pub assets: &'static str,
    /// The organisation's name; empty shows our own mark.
    pub name: String,
    /// Its one or two letters.
    pub letters: String,
    /// Its colour's class.
    pub brand: &'static str,
    /// The address of its own colour, or empty.
    pub sheet: String,
    /// The address of its logo, or empty.
    pub logo: String,
    /// What it says to those who sign in, or empty.
    pub greeting: String,
    /// Where it helps who cannot sign in, or empty.
    pub help: String,
    /// The heading.
    pub title: String,
    /// One sentence beneath, or empty.
    pub description: String,
    /// After how many seconds the page asks again; 0 is never.
    pub refresh: u32,
    /// Where the browser goes on to by itself; empty for nowhere. A page that says so has a link there too.
    pub next: String,
    /// The request's id.
    pub request_id: String,
    kind: HostKind,
    /// The tenant that a host shared by several is asked as.
    shared: Option<TenantId>,
}

impl<S: Send + Sync> FromRequestParts<S> for Plain {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let shared = parts.extensions.get::<SharedHost>().map(|shared| shared.tenant);
        Ok(Plain { shared, ..Plain::at(host_of(parts)?, origin_of(parts)?.request.to_string()) })
    }
}

impl Plain {
    /// A page at this kind of host.
    pub fn at(kind: HostKind, request_id: String) -> Self {
        Plain {
            window: "Partywall".into(),
            assets: assets::base(kind),
            name: String::new(),
            letters: String::new(),
            brand: "",
            sheet: String::new(),
            logo: String::new(),
            greeting: String::new(),
            help: String::new(),
            title: String::new(),
            description: String::new(),
            refresh: 0,
            next: String::new(),
            request_id,
            kind,
            shared: None,
        }
    }

    /// The heading, and with it the window's title.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        let whose = if self.name.is_empty() { "Partywall" } else { &self.name };
        self.window = format!("{} · {whose}", self.title);
        self
    }

    /// One sentence beneath the heading.
    pub fn describe(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// In the organisation's name, and as it has said that its pages look. Call it before [`Plain::title`].
    pub fn of(mut self, tenant: &Tenant) -> Self {
        let record = &tenant.record;
        self.name = record.name.to_string();
        self.letters = letters(&self.name);
        self.brand = brand(record.id);
        let Some(own) = &record.brand else { return self };
        let base = match self.kind {
            HostKind::Tenant => format!("/.partywall/brand/{}", own.mark),
            _ => format!("/t/{}/brand/{}", record.id, own.mark),
        };
        let query = self.shared.map(|tenant| format!("?tenant={tenant}")).unwrap_or_default();
        let text = |told: Option<&str>| told.unwrap_or_default().to_owned();
        self.sheet = own.colour.as_ref().map(|_| format!("{base}/colour.css{query}")).unwrap_or_default();
        self.logo = own.logo.map(|_| format!("{base}/logo{query}")).unwrap_or_default();
        self.greeting = text(own.greeting.as_ref().map(AsRef::as_ref));
        self.help = text(own.help.as_ref().map(AsRef::as_ref));
        self
    }

    /// The page asks again after so many seconds.
    pub fn refresh(mut self, seconds: u32) -> Self {
        self.refresh = seconds;
        self
    }

    /// The browser goes on to this address by itself. Unlike a redirect, this leads on from a form of
    /// another's page too, whatever that page's policy says of forms.
    pub fn goes_on_to(mut self, address: impl Into<String>) -> Self {
        self.next = address.into();
        self
    }
}

/// The hidden value for forms on a plain page, empty where there is no session: see [`crate::csrf`].
pub struct FormToken(pub String);

impl<S> FromRequestParts<S> for FormToken
where
    S: Send + Sync,
    Web: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let web = Web::from_ref(state);
        let session = presented(parts, &web)?.session();
        Ok(FormToken(session.map(|session| web.csrf.token(&session)).unwrap_or_default()))
    }
}
