//! The path of a request: what may be forwarded at all.
//!
//! Whoever reads a path after us may decode it and fold its dots away. So a path that would then be
//! another one is refused rather than guessed at: otherwise a request could be mapped to one tenant by
//! us and end in another tenant's part of a backend, or in the prefix that is ours.

use std::borrow::Cow;

/// The path segment that belongs to Partywall on every tenant host.
pub const RESERVED: &str = ".partywall";

/// Why a path is not forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadTarget {
    /// It does not begin with a slash, as that of `OPTIONS *`, or holds an encoded NUL.
    Odd,
    /// It has a segment that is one or two dots, in any spelling.
    Dots,
    /// It lies in the reserved prefix, in any spelling.
    Reserved,
}

/// How often a path is decoded while it still changes: backends have been seen to do it twice.
const MOST_DECODINGS: usize = 3;

/// Whether this path may be forwarded.
pub(crate) fn check(path: &str) -> Result<(), BadTarget> {
    if !path.starts_with('/') {
        return Err(BadTarget::Odd);
    }
    if is_plain(path.as_bytes()) {
        return Ok(());
    }
    let mut path = Cow::Borrowed(path.as_bytes());
    for _ in 0..MOST_DECODINGS {
        check_decoded(&path)?;
        match decoded(&path) {
            Some(next) => path = Cow::Owned(next),
            None => return Ok(()),
        }
    }
    check_decoded(&path)
}

/// Nothing in it could be read as anything else: the common case, in one pass.
fn is_plain(path: &[u8]) -> bool {
    let mut last = 0;
    path.iter().all(|&byte| {
        let plain = match byte {
            b'%' | b'\\' | b';' | 0 => false,
            b'.' => last != b'/',
            _ => true,
        };
        last = byte;
        plain
    })
}

fn check_decoded(path: &[u8]) -> Result<(), BadTarget> {
    if path.contains(&0) {
        return Err(BadTarget::Odd);
    }
    // What follows a semicolon is a parameter to some servers, and what remains the segment.
    let segments = || {
        path.split(|byte| matches!(byte, b'/' | b'\\'))
            .map(|segment| segment.split(|byte| *byte == b';').next().unwrap_or_default())
    };
    if segments().any(|segment| segment == b"." || segment == b"..") {
        return Err(BadTarget::Dots);
    }
    match segments().find(|segment| !segment.is_empty()) {
        Some(first) if first.eq_ignore_ascii_case(RESERVED.as_bytes()) => Err(BadTarget::Reserved),
        _ => Ok(()),
    }
}

/// The path with its percent-encoding undone once; none if there is nothing to undo.
fn decoded(path: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(path.len());
    let mut rest = path;
    let mut changed = false;
    while let Some((&byte, after)) = rest.split_first() {
        match (byte, escape(rest)) {
            (b'%', Some(meant)) => {
                plain.push(meant);
                rest = &rest[3..];
                changed = true;
            }
            _ => {
                plain.push(byte);
                rest = after;
            }
        }
    }
    changed.then_some(plain)
}

/// A parameter's value with its escapes undone and `+` read as a blank; none if that is no text.
pub(crate) fn unescaped(value: &str) -> Option<Cow<'_, str>> {
    if !value.contains(['%', '+']) {
        return Some(Cow::Borrowed(value));
    }
    let plain = value.replace('+', " ");
    let plain = decoded(plain.as_bytes()).unwrap_or_else(|| plain.into_bytes());
    String::from_utf8(plain).ok().map(Cow::Owned)
}

/// The byte that a `%xx` at the beginning of `text` means.
pub(crate) fn escape(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else { return None };
    let digit = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| digit as u8);
    Some(digit(high)? << 4 | digit(low)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_paths_are_forwarded() {
        for good in [
            "/",
            "/a/b.c",
            "/a//b",
            "/100%",
            "/a%20b",
            "/a%2Fb",
            "/...",
            "/a;v=1/b",
            "/.well-known/x",
            "/x/.partywall",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn a_path_with_dot_segments_is_refused_in_every_spelling() {
        for bad in [
            "/t1/../t2/x",
            "/t1/./x",
            "/t1/..",
            "/t1/%2e%2e/t2",
            "/t1/.%2E/t2",
            "/t1/..%2ft2",
            "/t1/..\\t2",
            "/t1/..%5ct2",
            "/t1/..;a=b/t2",
            "/t1/%252e%252e/t2",
        ] {
            assert_eq!(check(bad), Err(BadTarget::Dots), "{bad}");
        }
    }

    #[test]
    fn the_reserved_prefix_is_never_forwarded_in_any_spelling() {
        for bad in [
            "/.partywall",
            "/.partywall/sign-in",
            "/%2Epartywall/",
            "/.PartyWall/x",
            "//.partywall/x",
            "/\\.partywall/x",
            "/.partywall%2fsign-in",
            "/.partywall;x/sign-in",
            "/%252epartywall/",
            "/%2e%70artywall",
        ] {
            assert_eq!(check(bad), Err(BadTarget::Reserved), "{bad}");
        }
        assert_eq!(check("/./.partywall/"), Err(BadTarget::Dots));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for bad in ["*", "", "a", "/a%00b"] {
            assert_eq!(check(bad), Err(BadTarget::Odd), "{bad}");
        }
    }
}
