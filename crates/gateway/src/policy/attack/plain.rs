//! What a value says once everything that could hide it is taken away: the many ways in which somebody behind us may
//! read it. What is made is never longer than what was there, and so bounded with the head of a request.

/// How often a value is decoded while it still changes.
const MOST_DECODINGS: usize = 4;

/// A value as it may be read behind us.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plain {
    /// In lower case, decoded to the end, comments of SQL as blanks.
    pub(super) text: Vec<u8>,
    /// The same with comments taken out, where there are any.
    pub(super) joined: Option<Vec<u8>>,
    /// Whether it held a NUL.
    pub(super) holds_nul: bool,
}

/// Whether nothing in a value could be part of an attack: the common case, in one pass.
pub(super) fn is_harmless(value: &[u8]) -> bool {
    let mut last = 0;
    value.iter().all(|&byte| {
        let harmless = byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'~' | b',' | b'@')
            || (byte == b'_' && last != b'_')
            || (byte == b'.' && !matches!(last, b'.' | b'/' | 0))
            || (byte == b'/' && !matches!(last, b'/' | b'.' | 0));
        last = byte;
        harmless
    })
}

impl Plain {
    /// `blank` is whether `+` is read as one, as in a query.
    pub(super) fn of(value: &[u8], blank: bool) -> Self {
        let mut text: Vec<u8> =
            value.iter().map(|byte| if blank && *byte == b'+' { b' ' } else { *byte }).collect();
        for _ in 0..MOST_DECODINGS {
            let next = decoded(&text);
            if next == text {
                break;
            }
            text = next;
        }
        let holds_nul = text.contains(&0);
        text.retain(|byte| *byte != 0);
        text.make_ascii_lowercase();
        for byte in &mut text {
            // Blanks of every kind are one; what begins a line may begin a header or a command.
            if matches!(byte, b'\t' | 0x0b | 0x0c | 0xa0) {
                *byte = b' ';
            }
        }
        let (spaced, joined) = without_comments(&text);
        Plain { text: spaced.unwrap_or(text), joined, holds_nul }
    }
}

/// One way of hiding a letter undone, wherever it stands.
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(&first) = rest.first() {
        let (letter, length) = match first {
            b'%' => escaped(rest),
            b'\\' => backslashed(rest),
            b'&' => entity(rest),
            0x80.. => wide(rest),
            _ => None,
        }
        .unwrap_or((first, 1));
        plain.push(letter);
        rest = &rest[length..];
    }
    plain
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let text = std::str::from_utf8(digits).ok()?;
    if text.is_empty() || !text.bytes().all(|byte| char::from(byte).is_digit(radix)) {
        return None;
    }
    u32::from_str_radix(text, radix).ok()
}

/// The letter of ASCII that a code stands for, or looks like.
fn letter(code: u32) -> Option<u8> {
    Some(match code {
        0..=0x7f => u8::try_from(code).ok()?,
        // Full-width forms.
        0xff01..=0xff5e => u8::try_from(code - 0xff01 + 0x21).ok()?,
        0x2018 | 0x2019 | 0x02b9 | 0x02bc | 0x02c8 | 0x2032 => b'\'',
        0x201c | 0x201d | 0x02ba | 0x2033 => b'"',
        0x2215 | 0x2044 | 0x29f8 => b'/',
        0x2216 | 0x29f9 => b'\\',
        0x2024 => b'.',
        0x2039 | 0x3008 | 0xfe64 => b'<',
        0x203a | 0x3009 | 0xfe65 => b'>',
        0x00a0 | 0x2000..=0x200b | 0x2028 | 0x2029 | 0x3000 | 0xfeff => b' ',
        _ => return None,
    })
}

/// `%xx`, and `%uxxxx` as some servers read it.
fn escaped(text: &[u8]) -> Option<(u8, usize)> {
    if let [b'%', b'u' | b'U', a, b, c, d, ..] = text {
        return letter(number(&[*a, *b, *c, *d], 16)?).map(|letter| (letter, 6));
    }
    let [b'%', high, low, ..] = text else { return None };
    Some((u8::try_from(number(&[*high, *low], 16)?).ok()?, 3))
}

/// `\x41` and `\u0041`, of JavaScript and its like.
fn backslashed(text: &[u8]) -> Option<(u8, usize)> {
    match text {
        [b'\\', b'x', a, b, ..] => letter(number(&[*a, *b], 16)?).map(|letter| (letter, 4)),
        [b'\\', b'u', a, b, c, d, ..] => letter(number(&[*a, *b, *c, *d], 16)?).map(|letter| (letter, 6)),
        _ => None,
    }
}

/// What HTML writes for letters.
fn entity(text: &[u8]) -> Option<(u8, usize)> {
    const NAMED: [(&[u8], u8); 14] = [
        (b"lt", b'<'),
        (b"gt", b'>'),
        (b"quot", b'"'),
        (b"apos", b'\''),
        (b"amp", b'&'),
        (b"colon", b':'),
        (b"sol", b'/'),
        (b"bsol", b'\\'),
        (b"lpar", b'('),
        (b"rpar", b')'),
        (b"tab", b' '),
        (b"newline", b' '),
        (b"period", b'.'),
        (b"grave", b'`'),
    ];
    let body = text.get(1..text.len().min(12))?;
    if let Some(digits) = body.strip_prefix(b"#") {
        let (digits, radix, skip) = match digits {
            [b'x' | b'X', rest @ ..] => (rest, 16, 3),
            _ => (digits, 10, 2),
        };
        let length = digits.iter().take_while(|byte| char::from(**byte).is_digit(radix)).count();
        let code = number(&digits[..length], radix)?;
        let end = usize::from(digits.get(length) == Some(&b';'));
        return letter(code).map(|letter| (letter, skip + length + end));
    }
    let length = body.iter().position(|byte| *byte == b';')?;
    let name = body[..length].to_ascii_lowercase();
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, letter)| (*letter, length + 2))
}

/// Letters in UTF-8: one of ASCII that is written longer than it needs (which no decoder should read, and some do),
/// and those that look like one.
fn wide(text: &[u8]) -> Option<(u8, usize)> {
    let tail = |byte: u8| (byte & 0xc0 == 0x80).then_some(u32::from(byte & 0x3f));
    let (code, length) = match *text {
        // Some readers look at the low bits alone, whatever the byte is.
        [first @ (0xc0 | 0xc1), second, ..] => (u32::from(first & 0x1f) << 6 | u32::from(second & 0x3f), 2),
        [first @ 0xc2..=0xdf, second, ..] => (u32::from(first & 0x1f) << 6 | tail(second)?, 2),
        [first @ 0xe0..=0xef, second, third, ..] => {
            (u32::from(first & 0x0f) << 12 | tail(second)? << 6 | tail(third)?, 3)
        }
        [first @ 0xf0..=0xf7, second, third, fourth, ..] => {
            let high = u32::from(first & 0x07) << 18 | tail(second)? << 12;
            (high | tail(third)? << 6 | tail(fourth)?, 4)
        }
        _ => return None,
    };
    letter(code).map(|letter| (letter, length))
}

/// The text with each comment of SQL as a blank, and with comments taken out; none where there are none. What stands in
/// a comment for one kind of server (`/*!50000 …*/`) is read by that kind, and stays.
fn without_comments(text: &[u8]) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    if !text.windows(2).any(|pair| pair == b"/*") {
        return (None, None);
    }
    let (mut spaced, mut joined) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len()));
    let mut rest = text;
    while let Some(&first) = rest.first() {
        let after = match rest {
            [b'/', b'*', b'!', inside @ ..] => {
                let digits = inside.iter().take_while(|byte| byte.is_ascii_digit()).count();
                Some(&inside[digits..])
            }
            // One that never ends is text to everybody but a database, and to that a sign of its own.
            [b'/', b'*', inside @ ..] => {
                inside.windows(2).position(|pair| pair == b"*/").map(|end| &inside[end + 2..])
            }
            [b'*', b'/', after @ ..] => Some(after),
            _ => None,
        };
        match after {
            Some(after) => {
                spaced.push(b' ');
                rest = after;
            }
            None => {
                spaced.push(first);
                joined.push(first);
                rest = &rest[1..];
            }
        }
    }
    (Some(spaced), Some(joined))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &[u8]) -> String {
        String::from_utf8_lossy(&Plain::of(value, true).text).into_owned()
    }

    #[test]
    fn whatever_hides_a_letter_is_undone() {
        for (hidden, meant) in [
            (&b"%3Cscript%3E"[..], "<script>"),
            (b"%253Cscript%253E", "<script>"),
            (b"%25253Cscript%25253E", "<script>"),
            (b"%u003cscript%u003e", "<script>"),
            (b"\\x3cscript\\u003e", "<script>"),
            (b"&lt;script&#62;&#x2F;&#0000060", "<script>/<"),
            (b"%26lt%3Bscript%26gt%3B", "<script>"),
            (b"%c0%bcscript%e0%80%be", "<script>"),
            (b"..%c0%af..%c1%9c", "../..\\"),
            (b"%ef%bc%9cscript%ef%bc%9e", "<script>"),
            (b"\xef\xbc\x87 or 1=1", "' or 1=1"),
            (b"UNION+SELECT", "union select"),
            (b"un%00ion", "union"),
        ] {
            assert_eq!(text(hidden), meant, "{}", String::from_utf8_lossy(hidden));
        }
        assert!(Plain::of(b"a%00.png", true).holds_nul);
    }

    #[test]
    fn comments_part_words_and_do_not() {
        let plain = Plain::of(b"1/**/union/*x*/select/*!50000 user*/", true);
        assert_eq!(plain.text, b"1 union select  user ");
        assert_eq!(Plain::of(b"un/**/ion sel/*", true).joined.unwrap(), b"union sel/*");
        assert_eq!(Plain::of(b"a/b", true).joined, None);
    }

    #[test]
    fn what_is_plain_is_passed_over() {
        for harmless in ["", "abc-DEF_1.2", "2026-11-22", "a/b/c", "carol@acme.test", "1,2,3"] {
            assert!(is_harmless(harmless.as_bytes()), "{harmless}");
        }
        for other in ["a b", "../x", "a//b", "%41", "a'b", "x=y", "ü", "a..b"] {
            assert!(!is_harmless(other.as_bytes()), "{other}");
        }
    }
}
