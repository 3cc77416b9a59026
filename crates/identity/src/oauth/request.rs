//! An authorization request: whose it is and where its answer may go is proven before anything else is looked at, so that
//! nothing is ever sent to an address that an application did not register.

use super::{Denied, Params};
use crate::{
    Identity,
    application::{Application, GrantType},
    ticket::Ticket,
};
use domain::{Digest, Moment, ScopeName, UserId};
use protocol::application_token::WORDS;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use web::Problem;

/// The longest request that a sign-in can carry.
const MOST: usize = 1_900;
/// With what the reference to a pushed request begins (RFC 9126 section 2.2).
pub(crate) const PUSHED: &str = "urn:ietf:params:oauth:request_uri:";
/// The parameter in which a sign-in says that it was for this very request.
pub(crate) const SIGNED_IN: &str = "partywall_signed_in";
/// The parameters that are between us and the person, and no part of what the application asks.
const OURS: [&str; 3] = [SIGNED_IN, "connection", "organisation"];

/// A request whose application and return address are proven.
pub(crate) struct Request {
    pub(crate) application: Arc<Application>,
    pub(crate) redirect_uri: String,
    /// What the application asks.
    pub(crate) params: Params,
    /// The connection that the person chose.
    pub(crate) connection: Option<String>,
    /// What the person typed to find their organisation.
    pub(crate) sought: Option<String>,
    /// Who signed in for this very request.
    pub(crate) signed_in: Option<UserId>,
    was_pushed: bool,
}

/// A request that was pushed, on its way through a browser.
#[derive(Serialize, Deserialize)]
pub(crate) struct Pushed {
    pub(crate) query: String,
    pub(crate) ends: Moment,
}

impl Ticket for Pushed {
    const PURPOSE: &'static str = "pushed authorization request";

    fn ends(&self) -> Moment {
        self.ends
    }
}

/// Word of a sign-in that it was for a request.
#[derive(Serialize, Deserialize)]
pub(crate) struct SignedIn {
    request: String,
    user: UserId,
    was_pushed: bool,
    ends: Moment,
}

impl Ticket for SignedIn {
    const PURPOSE: &'static str = "signed in for an application";

    fn ends(&self) -> Moment {
        self.ends
    }
}

/// What an application may ask for and asks for.
pub(crate) struct Asked {
    pub(crate) words: Vec<String>,
    pub(crate) scopes: Vec<ScopeName>,
    pub(crate) challenge: String,
    pub(crate) max_age: Option<Duration>,
    pub(crate) wants_login: bool,
    pub(crate) is_silent: bool,
}

impl Request {
    /// Whose request this is, and that its answer may go where it says.
    ///
    /// # Errors
    /// A problem for the person's eyes: nothing is sent anywhere.
    pub(crate) fn prove(room: &Identity, mut params: Params) -> Result<Self, Problem> {
        let take = |params: &mut Params, name: &str| {
            let value = params.get(name).map(str::to_owned);
            params.drop(name);
            value
        };
        let [signed_in, connection, sought] = OURS.map(|name| take(&mut params, name));
        let (mut was_pushed, tenant) = (false, params.get("tenant").map(str::to_owned));
        let client_id = params.get("client_id").map(str::to_owned).unwrap_or_default();
        if let Some(pushed) = params.get("request_uri").and_then(|uri| uri.strip_prefix(PUSHED)) {
            let key = &room.keyring.load().pending;
            let pushed = Pushed::open(pushed, key, room.now());
            let pushed = pushed.ok_or_else(|| {
                Problem::new("authorize.request").detail("The pushed request is over or none of ours.")
            })?;
            params = Params::of_query(&pushed.query).map_err(unreadable)?;
            was_pushed = true;
            // Which organisation is between the person and us, where the application left it open.
            if let (None, Some(tenant)) = (params.get("tenant"), tenant) {
                params.set("tenant", tenant);
            }
            if params.get("client_id") != Some(client_id.as_str()) {
                return Err(Problem::new("authorize.application"));
            }
        }
        let application =
            room.application(&client_id).ok_or_else(|| Problem::new("authorize.application"))?;
        let redirect_uri = params.get("redirect_uri").unwrap_or_default().to_owned();
        if !application.metadata.may_redirect_to(&redirect_uri) {
            return Err(Problem::new("authorize.return"));
        }
        let word = signed_in.and_then(|text| SignedIn::open(&text, &room.keyring.load().pending, room.now()));
        let word = word.filter(|word| word.request == digest(&params));
        was_pushed |= word.as_ref().is_some_and(|word| word.was_pushed);
        let signed_in = word.map(|word| word.user);
        Ok(Request { application, redirect_uri, params, connection, sought, signed_in, was_pushed })
    }

    /// What it asks for.
    ///
    /// # Errors
    /// In the words of RFC 6749 section 4.1.2.1.
    pub(crate) fn read(&self) -> Result<Asked, Denied> {
        if self.application.metadata.require_pushed_authorization_requests && !self.was_pushed {
            return Err(Denied::request("This application pushes its requests (RFC 9126)."));
        }
        self.read_pushed()
    }

    /// The same of one that is being pushed.
    pub(crate) fn read_pushed(&self) -> Result<Asked, Denied> {
        let Request { params, application, .. } = self;
        if params.has("request") {
            return Err(Denied::new("request_not_supported", "Push the request instead (RFC 9126)."));
        }
        if params.has("request_uri") {
            let why = "Only what was pushed here is taken, and nothing is fetched.";
            return Err(Denied::new("request_uri_not_supported", why));
        }
        if params.has("registration") {
            return Err(Denied::new(
                "registration_not_supported",
                "Applications are registered by the operator.",
            ));
        }
        if !application.metadata.grant_types.contains(&GrantType::AuthorizationCode) {
            return Err(Denied::new("unauthorized_client", "The application is not registered for codes."));
        }
        if params.need("response_type")? != "code" {
            return Err(Denied::new("unsupported_response_type", "The response_type is code."));
        }
        if !matches!(params.get("response_mode"), None | Some("query" | "form_post")) {
            return Err(Denied::request("The response_mode is query or form_post."));
        }
        let (words, scopes) = scopes(application, params)?;
        let prompts: Vec<&str> = params.words("prompt").collect();
        let has = |prompt: &str| prompts.contains(&prompt);
        if has("none") && prompts.len() > 1 {
            return Err(Denied::request("The prompt none stands alone."));
        }
        if prompts.iter().any(|prompt| !["none", "login", "consent", "select_account"].contains(prompt)) {
            return Err(Denied::request("The prompt is none, login, consent or select_account."));
        }
        let max_age = params.get("max_age").map(str::parse::<u32>).transpose();
        let max_age = max_age.map_err(|_| Denied::request("The max_age is a number of seconds."))?;
        if params.query().len() > MOST {
            return Err(Denied::request("The request is too long."));
        }
        Ok(Asked {
            words,
            scopes,
            challenge: challenge(params)?,
            max_age: max_age.map(|seconds| Duration::from_secs(seconds.into())),
            wants_login: has("login") || has("select_account"),
            is_silent: has("none"),
        })
    }

    /// The address at which this request goes on once `user` has signed in for it.
    pub(crate) fn goes_on(room: &Identity, query: &str, was_pushed: bool, user: UserId) -> String {
        let request = Params::of_query(query).map(|params| digest(&params)).unwrap_or_default();
        let ends = room.now() + room.settings.hand_over;
        let word = SignedIn { request, user, was_pushed, ends };
        let word = word.seal(&room.keyring.load().pending, &room.web.chance);
        let word =
            url::form_urlencoded::Serializer::new(String::new()).append_pair(SIGNED_IN, &word).finish();
        format!("{}/oauth/authorize?{query}&{word}", room.web.hosts.id)
    }

    pub(crate) fn was_pushed(&self) -> bool {
        self.was_pushed
    }

    /// The answer, on its way to the application through the person's browser.
    pub(crate) fn answer(&self, room: &Identity, said: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> =
            said.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        if let Some(state) = self.params.get("state") {
            all.push(("state".to_owned(), state.to_owned()));
        }
        // Who answers (RFC 9207): an application that speaks with several of us is not mixed up.
        all.push(("iss".to_owned(), room.web.hosts.id.origin().to_owned()));
        all
    }
}

fn unreadable(denied: Denied) -> Problem {
    Problem::new("authorize.request").detail(denied.words)
}

fn digest(params: &Params) -> String {
    Digest::of_parts(&[b"partywall authorization request\n", params.query().as_bytes()]).to_string()
}

/// Only S256: a challenge that is the verifier itself protects from nobody who sees the request (RFC 9700 section 2.1.1).
fn challenge(params: &Params) -> Result<String, Denied> {
    let challenge = params
        .get("code_challenge")
        .ok_or_else(|| Denied::request("PKCE is needed: send a code_challenge."))?;
    if params.get("code_challenge_method") != Some("S256") {
        return Err(Denied::request("The code_challenge_method is S256."));
    }
    Digest::parse(challenge)
        .map(|_| challenge.to_owned())
        .ok_or_else(|| Denied::request("The code_challenge is SHA-256 in base64url."))
}

/// Words of OpenID Connect, and scopes of the API that the application may ask for.
pub(crate) fn scopes(
    application: &Application,
    params: &Params,
) -> Result<(Vec<String>, Vec<ScopeName>), Denied> {
    let may_ask: Vec<ScopeName> = application.scopes().collect();
    let (mut words, mut scopes) = (Vec::new(), Vec::new());
    for word in params.words("scope") {
        if WORDS.contains(&word) {
            words.push(word.to_owned());
            continue;
        }
        match word.parse::<ScopeName>().ok().filter(|scope| may_ask.contains(scope)) {
            Some(scope) => scopes.push(scope),
            None => {
                return Err(Denied::new(
                    "invalid_scope",
                    "The application is not registered for one of the scopes.",
                ));
            }
        }
    }
    words.sort_unstable();
    words.dedup();
    scopes.sort_unstable();
    scopes.dedup();
    Ok((words, scopes))
}
