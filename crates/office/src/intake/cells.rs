//! One cell of a department's file → a value, or why it is refused. Never guesses money, ids, dates.

use super::readings;
use super::workbook::UNREADABLE;
use domain::{
    BankCard, CardNote, Day, DisabilityCard, Fen, IdNote, IdNumber, MoneyNote, Month,
    UnifiedSocialCreditCode,
};
use engine::Shape;
use rules::dict::Dict;
use rules::feed::{ColumnKind, FeedColumn};
use std::borrow::Cow;
use std::collections::HashMap;

/// The code of a name that was read in a wrong encoding.
pub(super) const GARBLED: &str = "garbled";

/// The code of words that hold somebody's number.
pub(super) const PII: &str = "pii";

/// The most characters of free words.
const WORDS_CHARS_MAX: usize = 4_000;

/// A value as the lake or the identity table takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell<'a> {
    /// Empty: unknown, never zero.
    Missing,
    Int(i64),
    Day(i32),
    Bool(bool),
    Text(Cow<'a, str>),
    Id(IdNumber),
}

impl Cell<'_> {
    /// Its bytes for a digest: the kind and the length go before, so that no two rows of different
    /// cells give the same.
    pub(super) fn digested(&self, into: &mut Vec<u8>) {
        let mut part = |kind: u8, bytes: &[u8]| {
            into.push(kind);
            into.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
            into.extend_from_slice(bytes);
        };
        match self {
            Self::Missing => into.push(0),
            Self::Int(n) => part(1, &n.to_le_bytes()),
            Self::Day(d) => part(2, &d.to_le_bytes()),
            Self::Bool(b) => part(3, &[u8::from(*b)]),
            Self::Text(t) => part(4, t.as_bytes()),
            Self::Id(id) => part(5, id.as_str().as_bytes()),
        }
    }

    fn into_owned(self) -> Cell<'static> {
        match self {
            Self::Missing => Cell::Missing,
            Self::Int(n) => Cell::Int(n),
            Self::Day(d) => Cell::Day(d),
            Self::Bool(b) => Cell::Bool(b),
            Self::Text(t) => Cell::Text(Cow::Owned(t.into_owned())),
            Self::Id(id) => Cell::Id(id),
        }
    }
}

/// Why a cell is not taken.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub code: &'static str,
    pub message: String,
    /// What stood there, masked where it identifies somebody.
    pub masked: String,
}

/// What was noticed in a cell that is taken as it came: a stable code and the words for its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Noted {
    pub code: &'static str,
    pub message: &'static str,
}

/// Reads the cells of one column.
pub(crate) struct Reader<'a> {
    pub column: &'a FeedColumn,
    dict: &'a Dict,
    codes: HashMap<String, String>,
    today: Day,
    /// Denominator of numbers: 1, or the constant of units with decimals.
    den: i64,
    /// The greatest numerator the checker reckoned with; past it no sum is proven to fit.
    most: i64,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(
        column: &'a FeedColumn,
        dict: &'a Dict,
        codes: HashMap<String, String>,
        today: Day,
        den: i64,
        most: i64,
    ) -> Self {
        Self {
            column,
            dict,
            codes,
            today,
            den,
            most,
        }
    }

    /// The value of a cell; a number past all reason is refused. What deserves a look is added to `noted`.
    pub(crate) fn read<'c>(
        &'c self,
        cell: &'c str,
        noted: &mut Vec<Noted>,
    ) -> Result<Cell<'c>, Refused> {
        let read = self.plain(cell, noted)?;
        match read {
            Cell::Int(n) if n.checked_abs().is_none_or(|n| n > self.most) => Err(Refused {
                code: "range",
                message: "这个数大得不合情理,请核对单位和小数点".to_owned(),
                masked: short(cell.trim()),
            }),
            read => Ok(read),
        }
    }

    fn plain<'c>(&'c self, cell: &'c str, noted: &mut Vec<Noted>) -> Result<Cell<'c>, Refused> {
        if let Some(said) = cell.strip_prefix(UNREADABLE) {
            return Err(Refused {
                code: "cell",
                message: said.to_owned(),
                masked: String::new(),
            });
        }
        let text = trimmed(cell);
        let whole = self.column.scientific.then(|| written_out(text)).flatten();
        match whole {
            Some(whole) => self.of_text(cell, &whole, noted).map(Cell::into_owned),
            None => self.of_text(cell, text, noted),
        }
    }

    fn of_text<'c>(
        &'c self,
        cell: &'c str,
        text: &'c str,
        noted: &mut Vec<Noted>,
    ) -> Result<Cell<'c>, Refused> {
        if text.is_empty() {
            return Ok(Cell::Missing);
        }
        let refused = |code, message: String| Refused {
            code,
            message,
            masked: short(text),
        };
        match self.column.kind {
            ColumnKind::IdNumber => self.id(cell, noted),
            ColumnKind::PersonName => name(cell, noted),
            // A code table of a text column is complete: what it does not name is a mistake.
            ColumnKind::Text if !self.codes.is_empty() => match self.codes.get(text) {
                Some(word) => Ok(Cell::Text(word.as_str().into())),
                None => Err(refused("code", format!("码表里没有 `{}`", short(text)))),
            },
            ColumnKind::Text => self.words(cell.trim(), noted),
            ColumnKind::Card => match BankCard::parse(text) {
                Ok(card) => {
                    noted.extend(card.notes.iter().filter_map(of_card));
                    Ok(Cell::Text(card.card.as_str().to_owned().into()))
                }
                Err(e) => Err(Refused {
                    code: "card",
                    message: e.to_string(),
                    masked: "****".to_owned(),
                }),
            },
            ColumnKind::Integer => text
                .parse()
                .map(Cell::Int)
                .map_err(|_| refused("integer", format!("`{}` 不是整数", short(text)))),
            ColumnKind::Number(unit) if unit.money_power() == 1 => {
                let (fen, notes) =
                    Fen::parse_with_notes(text).map_err(|e| refused("money", e.to_string()))?;
                noted.extend(notes.iter().filter_map(of_money));
                Ok(Cell::Int(fen.get()))
            }
            ColumnKind::Number(unit) => decimal(text, self.den)
                .map(Cell::Int)
                .ok_or_else(|| refused("number", format!("`{}` 不是 {unit} 的数", short(text)))),
            ColumnKind::Bool => match text {
                "是" | "有" | "1" | "Y" => Ok(Cell::Bool(true)),
                "否" | "无" | "0" | "N" => Ok(Cell::Bool(false)),
                _ => Err(refused("bool", format!("`{}` 不是 是 或 否", short(text)))),
            },
            ColumnKind::Day => Day::parse(text)
                .map(|d| Cell::Day(d.epoch_days()))
                .map_err(|e| refused("date", e.to_string())),
            ColumnKind::Month => Month::parse(text)
                .or_else(|e| Day::parse(text).map(Month::containing).map_err(|_| e))
                .map(|m| Cell::Day(m.first().epoch_days()))
                .map_err(|e| refused("month", e.to_string())),
            ColumnKind::Enum(e) => {
                let word = self.codes.get(text).map_or(text, String::as_str);
                if self.dict.member(e, word).is_some() {
                    return Ok(Cell::Text(word.into()));
                }
                let members = self
                    .dict
                    .enum_of(e)
                    .map_or(String::new(), |e| e.members.join("、"));
                Err(refused(
                    "code",
                    format!("`{}` 不是 {members} 之一", short(text)),
                ))
            }
        }
    }

    /// Free words as they came.
    fn words<'c>(&self, cell: &'c str, noted: &mut Vec<Noted>) -> Result<Cell<'c>, Refused> {
        let refused = |code, message: String| Refused {
            code,
            message,
            masked: short(cell),
        };
        if self.column.credit_code {
            // Older papers carry the fifteen digits of a licence, which has no check of this kind.
            let licence = cell.len() == 15 && cell.bytes().all(|b| b.is_ascii_digit());
            if !licence && let Err(error) = UnifiedSocialCreditCode::parse(cell) {
                return Err(refused("credit-code", error.to_string()));
            }
            return Ok(Cell::Text(cell.into()));
        }
        if cell.len() > WORDS_CHARS_MAX && cell.chars().count() > WORDS_CHARS_MAX {
            let said = format!("这一格超过 {WORDS_CHARS_MAX} 个字;请只留要报的内容");
            return Err(refused("long", said));
        }
        let Some(hidden) = without_ids(cell, self.today) else {
            return Ok(Cell::Text(cell.into()));
        };
        if self.column.tells_apart {
            // Two numbers hidden the same way would make one row, or one household, of two.
            let said = "这一列用来分清是哪一行、哪一户,不能写证件号;请改写编号,证件号填在专门的列";
            return Err(refused(PII, said.to_owned()));
        }
        noted.push(Noted {
            code: PII,
            message: "文字里写着证件号,已经遮盖,没有照原样入库;请移入专门的列",
        });
        Ok(Cell::Text(hidden.into()))
    }

    fn id(&self, cell: &str, noted: &mut Vec<Noted>) -> Result<Cell<'static>, Refused> {
        let said = |message: String| Refused {
            code: "id-number",
            message,
            masked: mask(cell),
        };
        // A disability card's number is its holder's number and two digits more.
        if cell.chars().filter(char::is_ascii_alphanumeric).count() >= 20 {
            return DisabilityCard::parse(cell, self.today)
                .map(|p| Cell::Id(*p.card.holder()))
                .map_err(|e| said(e.to_string()));
        }
        match IdNumber::parse(cell, self.today) {
            Ok(parsed) => {
                noted.extend(parsed.notes.iter().filter_map(of_id));
                Ok(Cell::Id(parsed.number))
            }
            Err(domain::IdError::Missing) => Ok(Cell::Missing),
            Err(e) => Err(said(e.to_string())),
        }
    }
}

/// What deserves a look in a number; what was only tidied does not.
fn of_id(note: &IdNote) -> Option<Noted> {
    let code = match note {
        IdNote::Cleaned | IdNote::LowerX => return None,
        IdNote::From15 => "id-15",
        IdNote::VeryOld => "id-old",
    };
    let message = note.message();
    Some(Noted { code, message })
}

fn of_money(note: &MoneyNote) -> Option<Noted> {
    match note {
        MoneyNote::Cleaned => None,
        MoneyNote::NegativeZero => Some(Noted {
            code: "negative-zero",
            message: "写着负的零,按零入库;请核对是不是漏了数",
        }),
    }
}

fn of_card(note: &CardNote) -> Option<Noted> {
    let message = note.message();
    match note {
        CardNote::Cleaned => None,
        CardNote::CheckDigit => Some(Noted {
            code: "card-check",
            message,
        }),
    }
}

/// A name as received; one with control characters, emoji or a wrong encoding is refused.
fn name<'c>(cell: &'c str, noted: &mut Vec<Noted>) -> Result<Cell<'c>, Refused> {
    let problems = domain::names::review(cell);
    if let Some(other) = readings::undone(cell.trim()) {
        let (one, other) = (readings::hinted(cell.trim()), readings::hinted(&other));
        return Err(Refused {
            code: GARBLED,
            message: format!(
                "编码错误:照文件写的读是 `{one}`,按另一种编码读是 `{other}`;没有替您选,请按正确编码重新导出"
            ),
            masked: String::new(),
        });
    }
    match problems.iter().find(|p| p.refuses()) {
        None => {
            noted.extend(problems.iter().map(|problem| Noted {
                code: "name-odd",
                message: problem.message(),
            }));
            Ok(Cell::Text(cell.trim().into()))
        }
        Some(problem) => Err(Refused {
            code: match problem {
                domain::names::NameProblem::Mojibake => GARBLED,
                _ => "name",
            },
            message: problem.message().to_owned(),
            masked: String::new(),
        }),
    }
}

/// What stood in a cell, so that its sender finds it and nobody else learns anything: a shifted row
/// puts names and numbers under any header.
fn short(text: &str) -> String {
    if text.is_ascii() && text.len() <= 10 {
        return text.to_owned();
    }
    if text.is_ascii() {
        return mask(text);
    }
    let first: String = text.chars().take(1).collect();
    format!(
        "{first}{}",
        "*".repeat(text.chars().count().saturating_sub(1).min(8))
    )
}

/// Signs of an identity number.
const ID_SIGNS: usize = 18;

/// The words with every identity number in them hidden but for its ends; none where they hold none. Blanks,
/// strokes and full width between or of its signs hide no number, nor do digits in front of it or behind it.
fn without_ids(words: &str, today: Day) -> Option<String> {
    let signs = words.chars().filter(|c| sign_of_id(*c).is_some()).count();
    if signs < ID_SIGNS {
        return None;
    }
    let chars: Vec<char> = words.chars().collect();
    let mut hidden: Vec<usize> = Vec::new();
    // Where the signs of the run under way stand, and what they are.
    let mut run: Vec<(usize, char)> = Vec::new();
    for (at, c) in chars.iter().enumerate() {
        match sign_of_id(*c) {
            Some(sign) => run.push((at, sign)),
            None if c.is_whitespace() || "-－·\u{200B}".contains(*c) => continue,
            None => run.clear(),
        }
        let Some(last) = run
            .len()
            .checked_sub(ID_SIGNS)
            .and_then(|from| run.get(from..))
        else {
            continue;
        };
        let number: String = last.iter().map(|(_, sign)| sign).collect();
        if IdNumber::parse(&number, today).is_ok() {
            let middle = last.iter().skip(3).take(ID_SIGNS.saturating_sub(5));
            hidden.extend(middle.map(|(at, _)| *at));
            run.clear();
        }
    }
    if hidden.is_empty() {
        return None;
    }
    let shown = |(at, c): (usize, &char)| match hidden.binary_search(&at) {
        Ok(_) => '*',
        Err(_) => *c,
    };
    Some(chars.iter().enumerate().map(shown).collect())
}

/// A digit or X in any width.
fn sign_of_id(c: char) -> Option<char> {
    let narrow = match c {
        '\u{FF10}'..='\u{FF19}' | 'Ｘ' | 'ｘ' => {
            char::from_u32(u32::from(c).saturating_sub(0xFEE0)).unwrap_or(c)
        }
        c => c,
    };
    (narrow.is_ascii_digit() || matches!(narrow, 'X' | 'x')).then_some(narrow)
}

/// A damaged number with all but its ends hidden.
pub(super) fn mask(text: &str) -> String {
    let chars: Vec<char> = text.trim().chars().collect();
    let len = chars.len();
    chars
        .iter()
        .enumerate()
        .map(|(i, c)| {
            if i < 3 || i.saturating_add(2) >= len {
                *c
            } else {
                '*'
            }
        })
        .collect()
}

/// `1e+05` as `100000`; `None` for what has no exponent or is no whole number.
fn written_out(text: &str) -> Option<String> {
    let (mantissa, exponent) = text.split_once(['e', 'E'])?;
    let places: usize = exponent
        .strip_prefix('+')
        .unwrap_or(exponent)
        .parse()
        .ok()?;
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    let zeros = places.checked_sub(part.len())?;
    // Nineteen digits are more than any number here may have.
    (!whole.is_empty() && digits(whole) && digits(part) && places < 19)
        .then(|| format!("{whole}{part}{}", "0".repeat(zeros)))
}

/// A decimal number over a denominator; `None` when it has more decimals than that.
fn decimal(text: &str, den: i64) -> Option<i64> {
    let clean: String = text.chars().filter(|c| *c != ',').collect();
    let (sign, digits) = clean
        .strip_prefix('-')
        .map_or((1, clean.as_str()), |d| (-1, d));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let whole: i64 = whole.parse().ok()?;
    let mut out = whole.checked_mul(den)?;
    if !part.is_empty() {
        let scale = 10_i64.checked_pow(u32::try_from(part.len()).ok()?)?;
        let scaled = part.parse::<i64>().ok()?.checked_mul(den)?;
        if scaled.checked_rem(scale)? != 0 {
            return None;
        }
        out = out.checked_add(scaled.checked_div(scale)?)?;
    }
    out.checked_mul(sign)
}

/// The text without blanks and invisible marks at its ends.
fn trimmed(cell: &str) -> &str {
    let bytes = cell.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    if ends.iter().all(|b| b.is_some_and(u8::is_ascii_graphic)) {
        return cell;
    }
    cell.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{FEFF}' | '\u{200B}'))
}

/// The lake column of a kind; none for what stays home.
pub(crate) fn shape(kind: ColumnKind) -> Option<Shape> {
    Some(match kind {
        ColumnKind::IdNumber | ColumnKind::PersonName | ColumnKind::Card => return None,
        ColumnKind::Text | ColumnKind::Enum(_) => Shape::Text,
        ColumnKind::Integer | ColumnKind::Number(_) => Shape::Int,
        ColumnKind::Bool => Shape::Bool,
        ColumnKind::Day | ColumnKind::Month => Shape::Day,
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_number_in_words_is_hidden_however_it_is_written_and_other_numbers_stay() {
        let today = Day::parse("2026-09-14").unwrap();
        let check = |words: &str, expected: Option<&str>| {
            let hidden = without_ids(words, today);
            assert_eq!(hidden.as_deref(), expected, "{words}");
        };
        check("990101195403121282", Some("990*************82"));
        check(
            "户主990101195403121282,电话另报",
            Some("户主990*************82,电话另报"),
        );
        check("990101 19540312-1282", Some("990*** ********-**82"));
        check(
            "９９０１０１１９５４０３１２１２８２",
            Some("９９０*************８２"),
        );
        // A telephone behind it, another number behind that.
        check(
            "990101195403121282 13800008000",
            Some("990*************82 13800008000"),
        );
        check(
            "990101195403121282、990101195403121282",
            Some("990*************82、990*************82"),
        );
        // A disability card is its holder's number and two digits more.
        check("99010119540312128241", Some("990*************8241"));
        check("990101195403121283", None);
        check("单据 202609140000123456789", None);
        check("示例厂", None);
    }
}
