//! Ids and numbers as pages write them.

/// An id with its middle left out, "usr_…7rjq1h"; other texts as they are. The whole stands in a title
/// beside it.
pub(crate) fn abbreviated(text: &str) -> String {
    match text.split_once('_') {
        Some((kind, rest)) if kind.len() == 3 && rest.len() == 26 => format!("{kind}_…{}", &rest[20..]),
        _ => text.to_owned(),
    }
}

/// A number with its thousands apart: "100,000".
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::UserId;

    #[test]
    fn ids_are_abbreviated_and_words_are_not() {
        let id = UserId::from_bits(7).to_string();
        assert_eq!(abbreviated(&id), "usr_…000007");
        assert_eq!(abbreviated("command line"), "command line");
        assert_eq!(abbreviated("operator usr_x"), "operator usr_x");
    }

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
