//! Looking over the shoulder of a request on its way: who wants to know why it was let through. Requests that are
//! served have nobody looking on, and pay nothing for it.

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use std::net::IpAddr;

/// Somebody who looks on.
pub(crate) trait Onlooker: Send {
    /// Whether it is only played through: nothing is counted, held or noted.
    fn is_rehearsal(&self) -> bool;
    /// A step was passed.
    fn passed(&mut self, step: &'static str, how: impl FnOnce() -> String);
    /// Whether it is handed on where it is for another region.
    fn hands_on(&self) -> bool {
        false
    }
}

/// Nobody looks on, and what is for another region is handed on.
pub(crate) struct AtTheDoor;

impl Onlooker for AtTheDoor {
    fn is_rehearsal(&self) -> bool {
        false
    }

    fn passed(&mut self, _: &'static str, _: impl FnOnce() -> String) {}

    fn hands_on(&self) -> bool {
        true
    }
}

/// Nobody looks on.
pub(crate) struct Nobody;

impl Onlooker for Nobody {
    fn is_rehearsal(&self) -> bool {
        false
    }

    fn passed(&mut self, _: &'static str, _: impl FnOnce() -> String) {}
}

/// A request that might be sent.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Its method.
    pub method: Method,
    /// The whole address.
    pub uri: Uri,
    /// Its header.
    pub headers: HeaderMap,
    /// From where it would come.
    pub address: IpAddr,
    /// Its body.
    pub body: Bytes,
}

/// One step of its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was asked.
    pub step: &'static str,
    /// Whether it was passed.
    pub passed: bool,
    /// How, or why not.
    pub how: String,
}

/// What would become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehearsal {
    /// The steps that it took.
    pub steps: Vec<Step>,
    /// The status that it would be answered with; none where a backend answers.
    pub status: Option<u16>,
    /// The problem's code, where there is one.
    pub code: Option<&'static str>,
}

/// Somebody who writes down every step.
#[derive(Debug, Default)]
pub(crate) struct Notebook(pub(crate) Vec<Step>);

impl Onlooker for Notebook {
    fn is_rehearsal(&self) -> bool {
        true
    }

    fn passed(&mut self, step: &'static str, how: impl FnOnce() -> String) {
        self.0.push(Step { step, passed: true, how: how() });
    }
}
