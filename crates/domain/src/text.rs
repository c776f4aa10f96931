//! Cells as they really come: blanks of every kind, full-width digits, control characters.

/// Blanks that may be dropped without changing what was written; anything else stays and is judged.
const BLANKS: &[char] = &[
    ' ', '\t', '\r', '\n', '\u{00A0}', '\u{2002}', '\u{2003}', '\u{2009}', '\u{200B}', '\u{200C}',
    '\u{200D}', '\u{200E}', '\u{200F}', '\u{202A}', '\u{202B}', '\u{202C}', '\u{202D}', '\u{202E}',
    '\u{2060}', '\u{3000}', '\u{FEFF}',
];

/// Is this one of the listed blanks?
pub(crate) fn is_blank(c: char) -> bool {
    BLANKS.contains(&c)
}

/// The text without listed blanks anywhere.
pub(crate) fn without_blanks(text: &str) -> String {
    text.chars().filter(|c| !is_blank(*c)).collect()
}

/// The text without listed blanks at its ends.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// Full-width Latin letters, digits and signs as their plain forms; every other character as it is.
pub(crate) fn fold_width(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '\u{3000}' => ' ',
        _ => c,
    }
}

/// The value of a plain decimal digit.
pub(crate) fn digit(c: char) -> Option<u32> {
    c.is_ascii().then(|| c.to_digit(10)).flatten()
}

/// The digits of a short plain decimal number.
pub(crate) fn number(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// A number a spreadsheet has turned into scientific notation, such as `1.10105E+17`.
pub(crate) fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return false;
    };
    let exponent = exponent.trim_start_matches(['+', '-']);
    let mantissa = mantissa.replacen('.', "", 1);
    number(exponent).is_some()
        && !mantissa.is_empty()
        && mantissa.bytes().all(|b| b.is_ascii_digit())
}
