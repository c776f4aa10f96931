//! 统一社会信用代码 (GB 32100): who employs, sells, builds or helps.

use std::fmt;

use crate::text;

/// The standard leaves out I, O, S, V and Z: they look like digits and other letters.
const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";

/// 统一社会信用代码: 18 characters whose check character holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnifiedSocialCreditCode([u8; 18]);

/// Why a cell is not a credit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CreditCodeError {
    /// Nothing is written.
    Missing,
    /// Not 18 characters.
    Length(usize),
    /// A character the standard does not use.
    Character(char),
    /// The last character does not fit.
    CheckCharacter,
}

impl fmt::Display for CreditCodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("统一社会信用代码为空"),
            Self::Length(found) => write!(f, "统一社会信用代码应为18位,实为{found}位"),
            Self::Character(c) => write!(f, "统一社会信用代码不使用字符`{c}`,请核对"),
            Self::CheckCharacter => f.write_str("统一社会信用代码校验位不符,请与证照核对"),
        }
    }
}

impl std::error::Error for CreditCodeError {}

impl UnifiedSocialCreditCode {
    /// The code written in a cell; small letters are read as capitals.
    ///
    /// # Errors
    /// A [`CreditCodeError`] whose message the official can act on.
    pub fn parse(cell: &str) -> Result<Self, CreditCodeError> {
        let code = text::without_blanks(cell).to_ascii_uppercase();
        if code.is_empty() {
            return Err(CreditCodeError::Missing);
        }
        if let Some(foreign) = code.chars().find(|c| !ALPHABET.contains(*c)) {
            return Err(CreditCodeError::Character(foreign));
        }
        let bytes = <[u8; 18]>::try_from(code.as_bytes())
            .map_err(|_| CreditCodeError::Length(code.len()))?;
        let fits = credit_check_character(&code).is_some_and(|expected| code.ends_with(expected));
        fits.then_some(Self(bytes))
            .ok_or(CreditCodeError::CheckCharacter)
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// 登记管理部门: the first character; 1 institutions, 5 civil affairs, 9 market entities, N rural collectives.
    #[must_use]
    pub fn registered_by(&self) -> char {
        self.as_str().chars().next().unwrap_or('0')
    }
}

impl fmt::Display for UnifiedSocialCreditCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The character that must follow the first 17.
#[must_use]
pub fn credit_check_character(first17: &str) -> Option<char> {
    let mut weight = 1;
    let mut sum = 0;
    let mut characters = first17.chars();
    for _ in 0..17 {
        let character = characters.next()?;
        sum += ALPHABET.chars().position(|c| c == character)? * weight;
        weight = weight * 3 % 31;
    }
    ALPHABET.chars().nth((31 - sum % 31) % 31)
}
