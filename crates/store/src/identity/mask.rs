//! How much of a name or number a page may show.

/// 王*英: the first and the last character; of two characters only the first.
#[must_use]
pub fn mask_name(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    match letters.as_slice() {
        [] => String::new(),
        [_] => "*".to_owned(),
        [first, _] => format!("{first}*"),
        [first, between @ .., last] => format!("{first}{}{last}", stars(between.len())),
    }
}

/// 990101********128X: the area and the last four characters.
#[must_use]
pub fn mask_number(number: &str) -> String {
    keep_ends(number, 6, 4)
}

/// 138****8000: the first three and the last four.
#[must_use]
pub fn mask_phone(number: &str) -> String {
    keep_ends(number, 3, 4)
}

/// 6299*******1234: the first four and the last four.
#[must_use]
pub fn mask_card(number: &str) -> String {
    keep_ends(number, 4, 4)
}

/// Both ends of a number; of one too short to hide anything, nothing.
fn keep_ends(number: &str, head: usize, tail: usize) -> String {
    let letters: Vec<char> = number.chars().collect();
    let hidden = letters.len().saturating_sub(head).saturating_sub(tail);
    if hidden < 4 {
        return stars(letters.len());
    }
    let (head, rest) = letters.split_at(head);
    let tail = rest.iter().skip(hidden);
    head.iter().collect::<String>() + &stars(hidden) + &tail.collect::<String>()
}

fn stars(many: usize) -> String {
    "*".repeat(many)
}
