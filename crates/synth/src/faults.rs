//! How the departments damage their files. One table of kinds and rates; every damage done is
//! recorded, so that a reader of the files can be judged against it.

use crate::dice::Dice;
use crate::names::DOT;
use crate::sink::{Col, Row};

/// A kind of damage and how often it strikes.
pub(crate) struct FaultKind {
    /// The word in truth/faults.csv.
    pub(crate) name: &'static str,
    /// Rows struck per million rows that can be struck.
    pub(crate) ppm: u32,
}

const fn kind(name: &'static str, ppm: u32) -> FaultKind {
    FaultKind { name, ppm }
}

/// Row faults, tried in this order; a row has one at the most.
///
/// | kind | what is written | strikes |
/// |---|---|---|
/// | wrong-check-digit | last character of the number changed | any number |
/// | missing-number | empty cell | any number |
/// | fifteen-digits | the number before 1999 | born before 1966 |
/// | number-spaces | blanks before and after | any number |
/// | full-width-number | full-width digits | any number |
/// | zero-width-prefix | U+200B before the number | any number |
/// | lower-case-x | `x` for `X` | numbers ending in X |
/// | scientific-number | `9.90101E+17` | any number |
/// | dot-variant | another middle dot | names with a dot |
/// | name-space | a blank within the name | any name |
/// | invalid-date | a day that does not exist | any date |
/// | money-with-text | `1200元左右` | any amount |
/// | money-out-of-range | a negative or absurd amount | any amount |
/// | shifted-row | cells moved one column to the right | any row |
/// | duplicate-row | the row twice | any row |
pub(crate) const ROW_FAULTS: [FaultKind; 15] = [
    kind("wrong-check-digit", 250),
    kind("missing-number", 200),
    kind("fifteen-digits", 900),
    kind("number-spaces", 300),
    kind("full-width-number", 150),
    kind("zero-width-prefix", 100),
    kind("lower-case-x", 8_000),
    kind("scientific-number", 80),
    kind("dot-variant", 60_000),
    kind("name-space", 250),
    kind("invalid-date", 150),
    kind("money-with-text", 120),
    kind("money-out-of-range", 80),
    kind("shifted-row", 80),
    kind("duplicate-row", 200),
];

/// File faults: kind, feed, the position of the month they strike; each strikes once.
/// Late and repeated files need a second month.
pub(crate) mod files {
    /// The columns of this feed come in another order.
    pub(crate) const REORDERED: (&str, &str, usize) = ("header-order", "social-insurance", 1);
    /// A sum row ends this feed.
    pub(crate) const TOTAL_ROW: (&str, &str, usize) = ("total-row", "pensions", 1);
    /// This feed of the month lies in the next month's folder under its own period.
    pub(crate) const LATE: (&str, &str, usize) = ("late-file", "housing-fund", 0);
    /// This feed of the month is delivered again a month later.
    pub(crate) const REPEATED: (&str, &str, usize) = ("repeated-file", "pensions", 0);
}

/// The damage done to one row.
pub(crate) struct Damage {
    /// Kind, as in [`ROW_FAULTS`].
    pub(crate) kind: &'static str,
    /// Header of the damaged column; empty for whole rows.
    pub(crate) column: &'static str,
    /// What stood there before.
    pub(crate) before: String,
    /// What stands there now.
    pub(crate) after: String,
    /// The row is written a second time.
    pub(crate) twice: bool,
}

/// Perhaps damages a row in place.
pub(crate) fn strike(
    dice: &mut Dice,
    columns: &[(&'static str, Col)],
    row: &mut Row,
) -> Option<Damage> {
    ROW_FAULTS.iter().find_map(|fault| {
        if !dice.ppm(fault.ppm) {
            return None;
        }
        damage(dice, fault.name, columns, row)
    })
}

fn damage(
    dice: &mut Dice,
    kind: &'static str,
    columns: &[(&'static str, Col)],
    row: &mut Row,
) -> Option<Damage> {
    let whole = |twice| Damage {
        kind,
        column: "",
        before: String::new(),
        after: String::new(),
        twice,
    };
    let wanted = match kind {
        "duplicate-row" => return Some(whole(true)),
        "shifted-row" => {
            row.shift();
            return Some(whole(false));
        }
        "dot-variant" | "name-space" => Col::Name,
        "invalid-date" => Col::Date,
        "money-with-text" | "money-out-of-range" => Col::Money,
        _ => Col::Id,
    };
    let (at, (column, _)) = columns
        .iter()
        .enumerate()
        .find(|(_, (_, col))| *col == wanted)?;
    let before = row.cell(at)?.to_owned();
    if before.is_empty() {
        return None;
    }
    let after = match wanted {
        Col::Id => spoil_number(kind, &before)?,
        Col::Name => spoil_name(dice, kind, &before)?,
        Col::Date => spoil_date(&before)?,
        Col::Money => spoil_money(dice, kind, &before),
        Col::Text => return None,
    };
    row.set(at, &after);
    Some(Damage {
        kind,
        column,
        before,
        after,
        twice: false,
    })
}

fn spoil_number(kind: &str, number: &str) -> Option<String> {
    let year: i32 = number.get(6..10)?.parse().ok()?;
    Some(match kind {
        "missing-number" => String::new(),
        "fifteen-digits" if year < 1966 => {
            format!("{}{}", number.get(..6)?, number.get(8..17)?)
        }
        "number-spaces" => format!(" {number} "),
        "full-width-number" => number.chars().map(wide).collect(),
        "zero-width-prefix" => format!("\u{200b}{number}"),
        "lower-case-x" if number.ends_with('X') => number.to_lowercase(),
        "scientific-number" => format!("{}.{}E+17", number.get(..1)?, number.get(1..6)?),
        "wrong-check-digit" => {
            let last = number.get(17..)?;
            let digit = if last == "X" {
                4
            } else {
                (last.parse::<u32>().ok()? + 3) % 10
            };
            format!("{}{digit}", number.get(..17)?)
        }
        _ => return None,
    })
}

fn wide(c: char) -> char {
    c.to_digit(10)
        .and_then(|d| char::from_u32(0xff10 + d))
        .unwrap_or(c)
}

fn spoil_name(dice: &mut Dice, kind: &str, name: &str) -> Option<String> {
    if kind == "dot-variant" {
        let other = dice.weighted(&[(3, '・'), (3, '•'), (2, '.'), (1, '‧')], '•');
        return name
            .contains(DOT)
            .then(|| name.replace(DOT, &other.to_string()));
    }
    let mut chars = name.chars();
    let first = chars.next()?;
    Some(format!("{first} {}", chars.as_str()))
}

fn spoil_date(date: &str) -> Option<String> {
    Some(format!("{}-02-30", date.get(..4)?))
}

fn spoil_money(dice: &mut Dice, kind: &str, money: &str) -> String {
    match (kind, dice.percent(50)) {
        ("money-with-text", true) => format!("{money}元左右"),
        ("money-with-text", false) => format!("约{money}"),
        (_, true) => format!("-{}", money.trim_start_matches('-')),
        (_, false) => "99999999999.00".to_owned(),
    }
}
