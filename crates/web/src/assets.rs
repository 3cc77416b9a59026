//! Style, script and icons, compiled in. Their address holds the hash of them all, so that browsers may
//! keep them for ever and never see an old one beside a new page.

use crate::HostKind;
use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::Response,
};
use domain::Digest;
use std::sync::LazyLock;

struct Asset {
    name: &'static str,
    media: &'static str,
    bytes: &'static [u8],
}

macro_rules! assets {
    ($($name:literal $media:literal;)*) => {
        &[$(Asset {
            name: $name,
            media: $media,
            bytes: include_bytes!(concat!("../assets/", $name)),
        }),*]
    };
}

const ASSETS: &[Asset] = assets! {
    "console.css" "text/css; charset=utf-8";
    "console.js" "text/javascript; charset=utf-8";
    "favicon.svg" "image/svg+xml";
    "htmx.min.js" "text/javascript; charset=utf-8";
};

static HASH: LazyLock<String> = LazyLock::new(|| {
    let parts: Vec<&[u8]> = ASSETS.iter().flat_map(|asset| [asset.name.as_bytes(), asset.bytes]).collect();
    Digest::of_parts(&parts).to_string()[..16].to_owned()
});
static AT_HOME: LazyLock<String> = LazyLock::new(|| format!("/assets/{}", *HASH));
static AT_TENANTS: LazyLock<String> = LazyLock::new(|| format!("/.partywall/assets/{}", *HASH));

/// Where the assets are at this kind of host, without a slash at the end.
pub fn base(kind: HostKind) -> &'static str {
    match kind {
        HostKind::Tenant => &AT_TENANTS,
        _ => &AT_HOME,
    }
}

/// One of them; none if there is none of that name. Under another hash than ours, which another release
/// beside us gave out, the file is ours and must not be kept.
pub(crate) fn serve(hash: &str, name: &str) -> Option<Response> {
    let asset = ASSETS.iter().find(|asset| asset.name == name)?;
    let keep = if hash == *HASH { "public, max-age=31536000, immutable" } else { "no-store" };
    let mut response = Response::new(Body::from(asset.bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    Some(response)
}
