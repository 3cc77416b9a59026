//! The token endpoint (RFC 6749 section 3.2): what an application shows, and what it gets for it.

use crate::oauth::{
    Denied, Params,
    body::Body,
    client::authenticate,
    exchange,
    issue::{Issue, Tokens},
    rows::{self, Grant},
    sender::{self, Bound},
    show::Shown,
    voucher::{Kind, Voucher},
};
use crate::{
    Identity,
    application::{Application, GrantType, consent},
};
use access::{Origin, Permit, Refusal, UseGrant};
use axum::response::{IntoResponse, Response};
use domain::{Change, ScopeName, TenantId};
use protocol::pkce::Verifier;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use web::{
    AllowProgram, Routes, Surface,
    program::{Asks, Sent},
};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Id)
        .post("/oauth/token", post)
        .says("Gives tokens to an application, for a code, a refresh token or its own proof.")
}

/// For how long a grant stands that an application has in its own name, before it is written anew.
const OWN_LIFE: Duration = Duration::from_secs(30 * 24 * 3_600);

/// What an application asks.
pub(crate) struct TokenAsk {
    pub(in crate::oauth) room: Identity,
    pub(in crate::oauth) application: Arc<Application>,
    pub(in crate::oauth) params: Params,
    show: Show,
    tenant: TenantId,
    bound: Bound,
    origin: Origin,
}

/// What it shows.
enum Show {
    Voucher(Voucher),
    Token(Box<Shown>),
    Itself,
}

impl Asks<Identity> for TokenAsk {
    const WHERE: &'static str = "code, refresh token or parameter";

    async fn read(sent: Sent, room: &Identity) -> Result<Self, Response> {
        Self::understand(sent, room).await.map_err(IntoResponse::into_response)
    }

    fn tenant(&self) -> TenantId {
        self.tenant
    }

    fn refuse(refusal: Refusal) -> Response {
        Denied::from(refusal).into_response()
    }
}

impl TokenAsk {
    async fn understand(sent: Sent, room: &Identity) -> Result<Self, Denied> {
        let params = Params::of(sent.fields.clone())?;
        let application = authenticate(room, &sent, &params).await?;
        let grant = params.need("grant_type")?;
        let grant = GrantType::named(grant)
            .ok_or_else(|| Denied::new("unsupported_grant_type", "This kind of grant is not taken here."))?;
        if !application.metadata.grant_types.contains(&grant) {
            return Err(Denied::new(
                "unauthorized_client",
                "The application is not registered for this grant.",
            ));
        }
        let read = |name: &str, kind: Kind| {
            let text = params.need(name)?;
            let voucher = Voucher::read(text, &room.vouchers()).filter(|voucher| voucher.kind == kind);
            voucher.ok_or_else(Denied::grant)
        };
        let (show, tenant) = match grant {
            GrantType::AuthorizationCode => of_voucher(read("code", Kind::Code)?),
            GrantType::RefreshToken => of_voucher(read("refresh_token", Kind::Refresh)?),
            GrantType::ClientCredentials => (Show::Itself, named(room, &params)?),
            GrantType::TokenExchange => {
                let shown = exchange::subject(room, &params)?;
                let tenant = shown.token.tenant;
                (Show::Token(Box::new(shown)), tenant)
            }
            GrantType::DeviceCode => {
                return Err(Denied::new("unsupported_grant_type", "This kind of grant is not taken here."));
            }
        };
        let bound = sender::of_request(room, &sent, &application, None).await?;
        Ok(TokenAsk { room: room.clone(), application, params, show, tenant, bound, origin: sent.origin })
    }
}

fn of_voucher(voucher: Voucher) -> (Show, TenantId) {
    (Show::Voucher(voucher), voucher.tenant)
}

/// The tenant that an application acts at in its own name.
fn named(room: &Identity, params: &Params) -> Result<TenantId, Denied> {
    let prefix = format!("{}/t/", room.web.hosts.id.origin());
    let by_resource = params.get("resource").and_then(|resource| resource.strip_prefix(&prefix));
    let name = params.get("tenant").or(by_resource);
    let name = name.ok_or_else(|| Denied::request("Name the organisation by the parameter tenant."))?;
    // One that is not there is asked about to the end like any other.
    Ok(room.tenant_named(name).map_or(TenantId::from_bits(0), |tenant| tenant.record.id))
}

async fn post(AllowProgram(permit, asked): AllowProgram<UseGrant, TokenAsk>) -> Response {
    match asked.answer(&permit).await {
        Ok(tokens) => tokens.into_response(),
        Err(denied) => denied.into_response(),
    }
}

/// A grant that was used just now, with what it may do still.
struct Used {
    grant: Grant,
    scopes: Vec<ScopeName>,
}

impl TokenAsk {
    async fn answer(self, permit: &Permit<UseGrant>) -> Result<Tokens, Denied> {
        match &self.show {
            Show::Itself => self.itself(permit).await,
            Show::Token(shown) => exchange::exchange(&self, permit, shown).await,
            Show::Voucher(voucher) => {
                let used = match voucher.kind {
                    Kind::Code => self.redeem(permit, *voucher).await?,
                    Kind::Refresh | Kind::Device => self.refresh(permit, *voucher).await?,
                };
                let scopes = self.narrowed(used.scopes)?;
                let generation = used.grant.generation;
                self.issue(&used.grant, scopes).tokens(Some(generation)).await
            }
        }
    }

    pub(in crate::oauth) fn issue<'a>(&'a self, grant: &'a Grant, scopes: Vec<ScopeName>) -> Issue<'a> {
        Issue {
            room: &self.room,
            tenant: self.tenant,
            application: &self.application,
            grant,
            scopes,
            audience: None,
            bound: self.bound.clone(),
            origin: self.origin,
        }
    }

    /// No more than the grant, and no more than is asked for now.
    fn narrowed(&self, scopes: Vec<ScopeName>) -> Result<Vec<ScopeName>, Denied> {
        if !self.params.has("scope") || matches!(self.show, Show::Voucher(Voucher { kind: Kind::Code, .. })) {
            return Ok(scopes);
        }
        let (_, wanted) = crate::oauth::request::scopes(&self.application, &self.params)?;
        match wanted.iter().find(|scope| !scopes.contains(scope)) {
            Some(_) => Err(Denied::new("invalid_scope", "That is more than was granted.")),
            None => Ok(wanted),
        }
    }

    /// Takes a code: once, from the application that it was given to, which knows what it hid in its request. Whatever
    /// is wrong with it, it is burnt; and shown a second time it ends what it was good for.
    async fn redeem(&self, permit: &Permit<UseGrant>, code: Voucher) -> Result<Used, Denied> {
        let (room, life) = (&self.room, self.refresh_life());
        let used = room.store.write(permit, async |tx| {
            let grant = rows::find(tx, code.grant).await?.ok_or_else(Denied::grant)?;
            let wrong = self.wrong_with_code(&grant, code);
            let allowed = consent::allowed(tx, &self.application).await?;
            let ends = tx.now() + life;
            // Somebody who was quicker with the same code is as bad as a second time.
            let is_good = grant.stands(tx.now()) && wrong.is_none() && allowed.is_some();
            if !is_good || !rows::use_once(tx, &grant, ends).await? {
                rows::end(tx, grant.id).await?;
                tx.changed(Change::new(grant.id, json!({ "code": "given" }), json!({ "code": "refused" })));
                return Ok(Err(wrong.unwrap_or_else(Denied::grant)));
            }
            tx.changed(Change::new(grant.id, json!({ "code": "given" }), json!({ "code": "used" })));
            let scopes = still(&grant, &allowed.unwrap_or_default());
            let generation = grant.generation + 1;
            Ok::<_, Denied>(Ok(Used { grant: Grant { generation, ends, ..grant }, scopes }))
        });
        self.told(permit, code, used.await?).await
    }

    /// A refusal has ended the grant; this node need not wait for the feed to hear of it.
    async fn told(
        &self,
        permit: &Permit<UseGrant>,
        voucher: Voucher,
        used: Result<Used, Denied>,
    ) -> Result<Used, Denied> {
        if used.is_err() {
            let ended = domain::Event::new(domain::event::names::GRANT_ENDED, voucher.grant);
            self.room.web.warden.hear_at_once(permit.tenant_id(), ended).await;
        }
        used
    }

    fn wrong_with_code(&self, grant: &Grant, code: Voucher) -> Option<Denied> {
        let body = &grant.body;
        if grant.application != self.application.id || grant.generation != code.generation {
            return Some(Denied::grant());
        }
        if self.params.get("redirect_uri") != body.redirect_uri.as_deref() {
            return Some(Denied::new("invalid_grant", "The redirect_uri is another than in the request."));
        }
        let verifier = self.params.get("code_verifier").and_then(Verifier::parse);
        if verifier.map(|verifier| verifier.challenge()) != body.challenge {
            return Some(Denied::new("invalid_grant", "The code_verifier does not fit the request."));
        }
        if body.jkt.is_some() && body.jkt != self.bound.jkt {
            return Some(Denied::new("invalid_grant", "The code is bound to another key."));
        }
        None
    }

    /// Takes a refresh token, and gives the next. The one before is taken again for a short while, because an answer may
    /// be lost on the way, and is answered with the same next one. Any earlier one was stolen, or this one was.
    async fn refresh(&self, permit: &Permit<UseGrant>, token: Voucher) -> Result<Used, Denied> {
        let (room, grace) = (&self.room, self.room.settings.refresh_grace);
        let used = room.store.write(permit, async |tx| {
            let grant = rows::find(tx, token.grant).await?.ok_or_else(Denied::grant)?;
            let allowed = consent::allowed(tx, &self.application).await?;
            let is_ours =
                grant.application == self.application.id && grant.stands(tx.now()) && self.is_bound(&grant);
            let is_newest = token.generation == grant.generation;
            let is_the_one_before =
                token.generation + 1 == grant.generation && tx.now() <= grant.rotated_at + grace;
            let scopes = allowed.as_ref().map(|allowed| still(&grant, allowed));
            match scopes {
                Some(scopes) if is_ours && is_newest => {
                    let ends = grant.ends;
                    if rows::use_once(tx, &grant, ends).await? {
                        tx.changed(Change::new(
                            grant.id,
                            Value::Null,
                            json!({ "refreshed": grant.generation }),
                        ));
                        let generation = grant.generation + 1;
                        return Ok(Ok(Used { grant: Grant { generation, ..grant }, scopes }));
                    }
                    // Two at once: the other one was quicker, and this one is the one before.
                    tx.changed(Change::new(grant.id, Value::Null, json!({ "refreshed": "twice at once" })));
                    let generation = grant.generation + 1;
                    Ok::<_, Denied>(Ok(Used { grant: Grant { generation, ..grant }, scopes }))
                }
                Some(scopes) if is_ours && is_the_one_before => Ok(Ok(Used { grant, scopes })),
                _ => {
                    rows::end(tx, grant.id).await?;
                    tx.changed(Change::new(grant.id, Value::Null, json!({ "refresh_token": "refused" })));
                    Ok(Err(Denied::grant()))
                }
            }
        });
        self.told(permit, token, used.await?).await
    }

    /// A public client's refresh token is worth nothing without the key that it was bound to (RFC 9449 section 5).
    fn is_bound(&self, grant: &Grant) -> bool {
        grant.body.jkt.is_none() || grant.body.jkt == self.bound.jkt
    }

    fn refresh_life(&self) -> Duration {
        let own = self.application.metadata.refresh_token_seconds.map(Duration::from_secs);
        let life = own.unwrap_or(self.room.settings.refresh_life);
        let refreshes = self.application.metadata.grant_types.contains(&GrantType::RefreshToken);
        if refreshes { life } else { self.room.settings.token_life.max(Duration::from_secs(3_600)) }
    }

    /// An application acts in its own name, at a tenant that has it.
    async fn itself(&self, permit: &Permit<UseGrant>) -> Result<Tokens, Denied> {
        let room = &self.room;
        let audience = room.audience(&self.application, self.params.get("resource"), permit.tenant_id())?;
        let (_, wanted) = crate::oauth::request::scopes(&self.application, &self.params)?;
        let until = room.now() + Duration::from_secs(2 * 3_600);
        let (known, allowed) = room
            .store
            .read(permit, async |tx| {
                let known = rows::own(tx, self.application.id, until).await?;
                Ok::<_, Denied>((known, consent::allowed(tx, &self.application).await?))
            })
            .await?;
        let not_here =
            || Denied::new("unauthorized_client", "The organisation has not put this application into use.");
        let allowed = allowed.ok_or_else(not_here)?;
        let grant = match known {
            Some(grant) => grant,
            None => self.begin_own(permit).await?,
        };
        let scopes = match self.params.has("scope") {
            true => wanted.into_iter().filter(|scope| allowed.contains(scope)).collect(),
            false => allowed,
        };
        let issue = Issue { audience: Some(audience), ..self.issue(&grant, scopes) };
        issue.tokens(None).await
    }

    async fn begin_own(&self, permit: &Permit<UseGrant>) -> Result<Grant, Denied> {
        self.room
            .store
            .write(permit, async |tx| {
                let grant = Grant {
                    id: tx.new_id(),
                    application: self.application.id,
                    who: None,
                    session: None,
                    body: Body::default(),
                    generation: 0,
                    rotated_at: tx.now(),
                    ends: tx.now() + OWN_LIFE,
                    is_ended: false,
                };
                rows::add(tx, &grant).await?;
                let facts = json!({ "application": self.application.id, "in_its_own_name": true });
                tx.changed(Change::new(grant.id, Value::Null, facts));
                Ok::<_, Denied>(grant)
            })
            .await
    }
}

/// What a grant is good for still, of what it was given.
fn still(grant: &Grant, allowed: &[ScopeName]) -> Vec<ScopeName> {
    grant.body.scopes.iter().filter(|scope| allowed.contains(scope)).cloned().collect()
}
