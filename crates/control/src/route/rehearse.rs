//! A sample request is played through the gateway, which says step by step why it would be let through or not.
//! Nothing is forwarded, counted or written. The gateway does it; this room shows it to operators.

use super::RouteError;
use access::{OperatorPermit, ReadPlatformSettings};
use serde_json::Value;
use std::{future::Future, pin::Pin, sync::Arc};

/// A request that might be sent.
#[derive(Clone, Debug, Default)]
pub struct SampleRequest {
    /// Its method.
    pub method: String,
    /// Its whole address.
    pub url: String,
    /// Its header, in order.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
    /// From where it would come; from this machine if it is empty.
    pub address: String,
    /// The routes to be tried; those in force if there are none.
    pub document: Option<Value>,
}

/// What would become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehearsed {
    /// The steps that it took.
    pub steps: Vec<RehearsedStep>,
    /// The status of the gateway's own answer; none where a backend answers.
    pub status: Option<u16>,
    /// The problem's code, where there is one.
    pub code: Option<String>,
}

/// One step of its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RehearsedStep {
    /// What was asked.
    pub step: String,
    /// Whether it was passed.
    pub passed: bool,
    /// How, or why not.
    pub how: String,
}

/// What comes of playing one through: or else everything that is wrong with the sample or the routes.
pub type Played = Pin<Box<dyn Future<Output = Result<Rehearsed, Vec<String>>> + Send>>;

/// What plays requests through. `server` hands it in, because rooms do not know each other.
pub type Rehearse = Arc<dyn Fn(SampleRequest) -> Played + Send + Sync>;

/// For where nobody forwards anything.
pub(crate) fn nobody() -> Rehearse {
    Arc::new(|_| Box::pin(async { Err(vec!["nothing is forwarded here".to_owned()]) }))
}

/// Plays a request through.
///
/// # Errors
/// [`RouteError::Refused`] with everything that is wrong with the sample or the routes.
pub async fn rehearse(
    _permit: &OperatorPermit<ReadPlatformSettings>,
    rehearse: &Rehearse,
    sample: SampleRequest,
) -> Result<Rehearsed, RouteError> {
    rehearse(sample).await.map_err(RouteError::Refused)
}
