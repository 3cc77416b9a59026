//! Where the proof of a name is looked for.

use super::{FILES, OwnDomain, Proof};
use domain::TenantId;
use futures_util::{FutureExt, future::BoxFuture};
use outbound::{Call, Outbound, TxtError, TxtResolver};
use std::time::Duration;
use url::Url;

/// How long a web server may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The file holds one line.
const MOST_BYTES: usize = 1_024;

/// What the look for a proof comes to.
pub type Proving<'a> = BoxFuture<'a, Result<Proof, Missing>>;

/// Whoever looks: the network, or a story in a test.
pub trait Prove: Send + Sync {
    /// Looks for the proof of this claim of the tenant's.
    fn prove<'a>(&'a self, tenant: TenantId, claim: &'a OwnDomain) -> Proving<'a>;
}

/// What was missed. The words are for the tenant, and say only what its own name servers and web server said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// Neither is there.
    #[error("There is no such TXT record, and no such file.")]
    Nothing,
    /// There are records, and none is it.
    #[error("There are TXT records at that name, but none with this value.")]
    OtherRecords,
    /// Too many to look at.
    #[error("There are more TXT records at that name than are read; leave only this one.")]
    TooManyRecords,
    /// The file is at another place.
    #[error("The web server leads elsewhere, which proves nothing; answer at the name itself.")]
    Redirect,
    /// The file says something else.
    #[error("The web server answers at that address, but not with this value.")]
    OtherFile,
    /// No answer from the DNS.
    #[error("The name servers gave no answer, and there is no such file; try again later.")]
    NoAnswer,
    /// The proof is there, and does not help.
    #[error("It is proved, but cannot be used yet.")]
    Held,
}

/// Nobody looks.
#[derive(Clone, Copy, Debug)]
pub struct NoProof;

impl Prove for NoProof {
    fn prove<'a>(&'a self, _: TenantId, _: &'a OwnDomain) -> Proving<'a> {
        std::future::ready(Err(Missing::Nothing)).boxed()
    }
}

/// Looks by the DNS, and then at the name's own web server.
pub struct FromAfar {
    /// Makes the calls.
    pub outbound: Outbound,
    /// Asks the DNS.
    pub texts: TxtResolver,
    /// In development, the port of plain HTTP that is looked at too.
    pub plain_port: Option<u16>,
}

impl Prove for FromAfar {
    fn prove<'a>(&'a self, tenant: TenantId, claim: &'a OwnDomain) -> Proving<'a> {
        async move {
            let by_record = match self.by_record(claim).await {
                Ok(()) => return Ok(Proof::Dns),
                Err(missing) => missing,
            };
            match self.by_file(tenant, claim).await {
                Ok(()) => Ok(Proof::Http),
                // What was nearest to a proof is what helps.
                Err(Missing::Nothing) => Err(by_record),
                Err(missing) => Err(missing),
            }
        }
        .boxed()
    }
}

impl FromAfar {
    async fn by_record(&self, claim: &OwnDomain) -> Result<(), Missing> {
        let texts = self.texts.texts(&claim.record()).await.map_err(|error| match error {
            TxtError::NoAnswer => Missing::NoAnswer,
            TxtError::TooLarge => Missing::TooManyRecords,
            TxtError::Name => Missing::Nothing,
        })?;
        let value = claim.value();
        match texts.as_slice() {
            texts if texts.iter().any(|text| text.trim() == value) => Ok(()),
            [] => Err(Missing::Nothing),
            _ => Err(Missing::OtherRecords),
        }
    }

    async fn by_file(&self, tenant: TenantId, claim: &OwnDomain) -> Result<(), Missing> {
        let plain = self.plain_port.map(|port| format!("http://{}:{port}{FILES}{}", claim.host, claim.token));
        let mut missing = Missing::Nothing;
        for address in [Some(claim.file()), plain].into_iter().flatten() {
            let Ok(url) = Url::parse(&address) else { continue };
            match self.fetch(tenant, url, &claim.value()).await {
                Ok(()) => return Ok(()),
                Err(Missing::Nothing) => {}
                Err(other) => missing = other,
            }
        }
        Err(missing)
    }

    async fn fetch(&self, tenant: TenantId, url: Url, value: &str) -> Result<(), Missing> {
        let call = Call::get(url).for_tenant(tenant).within(PATIENCE).at_most(MOST_BYTES);
        match self.outbound.send(call).await {
            Ok(answer) if answer.status.is_redirection() => Err(Missing::Redirect),
            Ok(answer) if !answer.is_success() => Err(Missing::Nothing),
            Ok(answer) if answer.body.trim_ascii() == value.as_bytes() => Ok(()),
            Ok(_) => Err(Missing::OtherFile),
            // Where a name leads, and whether it may be called, is told to nobody.
            Err(_) => Err(Missing::Nothing),
        }
    }
}
