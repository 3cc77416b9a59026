//! A certificate authority asks over HTTP for what it told us to show (RFC 8555, section 8.3). Whatever else lies at
//! such an address is the application's.

use super::body::Reply;
use crate::assemble::Node;
use gateway::Authority;
use http::{Method, header::CONTENT_TYPE};
use hyper::{Request, Response, body::Incoming};

const PREFIX: &str = "/.well-known/acme-challenge/";

/// What it is told; none for anybody else.
pub(super) fn answer(node: &Node, request: &Request<Incoming>) -> Option<Response<Reply>> {
    let token = request.uri().path().strip_prefix(PREFIX)?;
    if request.method() != Method::GET {
        return None;
    }
    let host = Authority::of_request(request).ok()?.host;
    let answer = node.certificates.answer(&host, token)?;
    let response = Response::builder().header(CONTENT_TYPE, "application/octet-stream");
    response.body(Reply::Site(answer.into())).ok()
}
