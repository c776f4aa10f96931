//! 银行卡号: a number money is sent to. A card that fails its check is doubtful, not wrong.
//!
//! Rural credit books and social security cards carry no check digit, so the failure is a note.

use std::fmt;

use crate::text;

/// 银行卡号: 15 to 21 digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BankCard(String);

/// A card that was read, and what an official should know about how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedCard {
    /// 银行卡号
    pub card: BankCard,
    /// What was tidied, and what deserves a look.
    pub notes: Vec<CardNote>,
}

/// What was tidied in a card number, or deserves a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CardNote {
    /// Blanks or dashes were dropped.
    Cleaned,
    /// The last digit does not fit; set apart at payment until a person confirms it.
    CheckDigit,
}

impl CardNote {
    /// The note in the import report.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Cleaned => "已去除空格或短横",
            Self::CheckDigit => "银行卡号校验位不符,发放前请核对",
        }
    }
}

/// Why a cell is not a card number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CardError {
    /// Nothing is written.
    Missing,
    /// A spreadsheet wrote it as `6.299E+18`.
    Scientific,
    /// Something other than digits.
    NotDigits,
    /// Stars instead of digits.
    Masked,
    /// Not 15 to 21 digits.
    Length(usize),
}

impl fmt::Display for CardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = match self {
            Self::Missing => "银行卡号为空",
            Self::Scientific => "长数字被表格软件改成科学计数法,后几位已丢失,请按文本格式重新导出",
            Self::NotDigits => "银行卡号只能是数字",
            Self::Masked => "已脱敏卡号不能用于发放,请提供完整卡号",
            Self::Length(found) => return write!(f, "银行卡号应为15至21位,实为{found}位"),
        };
        f.write_str(message)
    }
}

impl std::error::Error for CardError {}

impl BankCard {
    /// The card number written in a cell.
    ///
    /// # Errors
    /// A [`CardError`] whose message the official can act on, without the number in it.
    pub fn parse(cell: &str) -> Result<ParsedCard, CardError> {
        let digits: String = text::without_blanks(cell)
            .chars()
            .filter(|c| !"-－—".contains(*c))
            .collect();
        if digits.is_empty() {
            return Err(CardError::Missing);
        }
        if digits.contains('*') {
            return Err(CardError::Masked);
        }
        if text::is_scientific(text::trimmed(cell)) {
            return Err(CardError::Scientific);
        }
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(CardError::NotDigits);
        }
        if !(15..=21).contains(&digits.len()) {
            return Err(CardError::Length(digits.len()));
        }
        let mut notes = Vec::new();
        if digits != cell {
            notes.push(CardNote::Cleaned);
        }
        if !luhn_sum(&digits).is_multiple_of(10) {
            notes.push(CardNote::CheckDigit);
        }
        Ok(ParsedCard {
            card: Self(digits),
            notes,
        })
    }

    /// The number, for the store and the bank file only.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form a page may show: `6299***********0010`.
    #[must_use]
    pub fn masked(&self) -> String {
        let (head, rest) = self.0.split_at_checked(4).unwrap_or_default();
        let (hidden, tail) = rest
            .split_at_checked(rest.len().saturating_sub(4))
            .unwrap_or_default();
        format!("{head}{}{tail}", "*".repeat(hidden.len()))
    }

    /// Does the last digit fit (Luhn)?
    #[must_use]
    pub fn check_digit_fits(&self) -> bool {
        luhn_sum(&self.0).is_multiple_of(10)
    }
}

/// The digit that must follow a card number without its last one (Luhn).
#[must_use]
pub fn card_check_digit(without_last: &str) -> Option<char> {
    if without_last.is_empty() || !without_last.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let sum = luhn_sum(&format!("{without_last}0"));
    char::from_digit((10 - sum % 10) % 10, 10)
}

/// Never the number itself: it would end in a log.
impl fmt::Debug for BankCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BankCard(**)")
    }
}

/// The masked form, never the number itself.
impl fmt::Display for BankCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.masked())
    }
}

fn luhn_sum(digits: &str) -> u32 {
    let value = |(place, digit): (usize, char)| {
        let digit = text::digit(digit).unwrap_or(0);
        let doubled = if place % 2 == 1 { digit * 2 } else { digit };
        doubled / 10 + doubled % 10
    };
    digits.chars().rev().enumerate().map(value).sum()
}
