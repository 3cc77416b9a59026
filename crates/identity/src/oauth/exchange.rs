//! A token for a token (RFC 8693): an API that was called with one calls the next in the same name. What comes of it is
//! good for no more, at the same tenant, for no longer, and says who acts.

use super::{
    Denied, Params,
    body::Body,
    http::token::TokenAsk,
    issue::{Issue, Tokens},
    request,
    rows::{self, Grant},
    show::Shown,
};
use crate::{Identity, application::consent};
use access::{Permit, UseGrant};
use domain::{Change, ScopeName};
use serde_json::{Value, json};

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// How many may act one for the other.
const LONGEST_CHAIN: usize = 5;

/// The token that is to be exchanged.
pub(super) fn subject(room: &Identity, params: &Params) -> Result<Shown, Denied> {
    if params.need("subject_token_type")? != ACCESS_TOKEN {
        return Err(Denied::request("The subject_token is an access token of ours."));
    }
    if params.get("requested_token_type").is_some_and(|wanted| wanted != ACCESS_TOKEN) {
        return Err(Denied::request("What is given is an access token."));
    }
    if params.has("actor_token") {
        return Err(Denied::request("Who acts is the application that asks; send no actor_token."));
    }
    Shown::read(room, params.need("subject_token")?).ok_or_else(Denied::grant)
}

/// Exchanges a token that is for the application's own API, or was given to it.
pub(super) async fn exchange(
    ask: &TokenAsk,
    permit: &Permit<UseGrant>,
    shown: &Shown,
) -> Result<Tokens, Denied> {
    let (room, application, subject) = (&ask.room, &ask.application, &shown.token);
    let is_its_own = subject.application == application.id;
    let is_for_it = application.metadata.resource.as_deref() == Some(subject.audience.as_str());
    // Whoever got hold of a token that is meant for another gets nothing for it. One that is bound to a key is worth
    // nothing without that.
    if !is_its_own && !is_for_it || subject.bound_to.is_some() {
        return Err(Denied::grant());
    }
    shown.standing(room, permit.caller().request()).await.ok_or_else(Denied::grant)?;
    let named = ask.params.get("resource").or_else(|| ask.params.get("audience"));
    let audience = room.audience(application, named, subject.tenant)?;
    let (_, wanted) = request::scopes(application, &ask.params)?;
    let act = acting(&subject.actor, application.id.to_string())?;
    let issued = room.store.write(permit, async |tx| {
        let allowed = consent::allowed(tx, application).await?;
        let allowed = allowed.ok_or_else(|| {
            Denied::new("unauthorized_client", "The organisation has not put this application into use.")
        })?;
        let may = |scope: &ScopeName| subject.scopes.contains(scope) && allowed.contains(scope);
        let scopes: Vec<ScopeName> = match ask.params.has("scope") {
            true if wanted.iter().all(may) => wanted.clone(),
            true => return Err(Denied::new("invalid_scope", "That is more than the token is good for.")),
            false => subject.scopes.iter().filter(|scope| may(scope)).cloned().collect(),
        };
        let before = rows::find(tx, subject.grant).await?.ok_or_else(Denied::grant)?;
        let grant = Grant {
            id: tx.new_id(),
            application: application.id,
            who: before.who,
            session: before.session,
            body: Body {
                scopes: scopes.clone(),
                audience: audience.clone(),
                user: subject.who.map(|(user, _)| user),
                auth_time: before.body.auth_time,
                acr: before.body.acr.clone(),
                amr: before.body.amr.clone(),
                act: Some(act.clone()),
                ..Body::default()
            },
            generation: 0,
            rotated_at: tx.now(),
            ends: subject.ends.min(before.ends),
            is_ended: false,
        };
        if !before.stands(tx.now()) {
            return Err(Denied::grant());
        }
        rows::add(tx, &grant).await?;
        let facts =
            json!({ "application": application.id, "exchanged": subject.grant, "audience": audience });
        tx.changed(Change::new(grant.id, Value::Null, facts));
        Ok::<_, Denied>((grant, scopes))
    });
    let (grant, scopes) = issued.await?;
    let issue: Issue<'_> = ask.issue(&grant, scopes);
    let mut tokens = issue.tokens(None).await?;
    tokens.0.insert("issued_token_type".into(), json!(ACCESS_TOKEN));
    Ok(tokens)
}

/// Who acts, with whoever acted before (RFC 8693 section 4.1).
fn acting(before: &Option<Value>, application: String) -> Result<Value, Denied> {
    let mut depth = 1;
    let mut link = before.as_ref();
    while let Some(earlier) = link {
        depth += 1;
        link = earlier.get("act");
    }
    if depth > LONGEST_CHAIN {
        return Err(Denied::request("Too many act one for the other."));
    }
    Ok(match before {
        Some(earlier) => json!({ "sub": application, "act": earlier }),
        None => json!({ "sub": application }),
    })
}
