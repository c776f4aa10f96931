//! 公民身份号码 (GB 11643) and the residence numbers built like it.
//!
//! Never repairs a number: a wrong check digit is reported, not corrected. Never prints one: see `masked`.

use std::fmt;

use crate::text;
use crate::{Day, age_in_years};

/// 身份证号: 18 characters whose check digit and birth day hold. That a person has it is not proven by this.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdNumber([u8; 18]);

/// 性别.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sex {
    /// 男
    Male,
    /// 女
    Female,
}

impl Sex {
    /// What officials write.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Male => "男",
            Self::Female => "女",
        }
    }

    /// The sex written in a cell, in words or in the code of GB/T 2261.1.
    #[must_use]
    pub fn parse(cell: &str) -> Option<Self> {
        match text::without_blanks(cell).as_str() {
            "男" | "男性" | "1" => Some(Self::Male),
            "女" | "女性" | "2" => Some(Self::Female),
            _ => None,
        }
    }
}

/// 证件种类, told by the number itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdKind {
    /// 居民身份证
    Citizen,
    /// 港澳居民居住证
    HongKongMacao,
    /// 台湾居民居住证
    Taiwan,
    /// 外国人永久居留身份证, 18 digits
    Foreigner,
}

/// A number that was read, and what an official should know about how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedId {
    /// 身份证号
    pub number: IdNumber,
    /// What was tidied, and what deserves a look.
    pub notes: Vec<IdNote>,
}

/// What was tidied in a number, or deserves a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdNote {
    /// Blanks or invisible characters were dropped.
    Cleaned,
    /// The check digit was written `x`.
    LowerX,
    /// Derived from an old number of 15 digits: match with it, do not pay on it alone.
    From15,
    /// Older than anybody known to be alive.
    VeryOld,
}

impl IdNote {
    /// The note in the import report.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Cleaned => "已去除空格或不可见字符",
            Self::LowerX => "末位小写x已改为大写X",
            Self::From15 => "由15位旧号推算,需核对后方可作为发放依据",
            Self::VeryOld => "年龄超过120岁,请核实",
        }
    }
}

/// Why a cell is not an identity number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdError {
    /// Nothing, 无, 不详, or a filler such as eighteen ones: the person has no number yet.
    Missing,
    /// Not 18 characters.
    Length(usize),
    /// A spreadsheet wrote it as `1.10105E+17`.
    Scientific,
    /// A spreadsheet kept 15 digits and filled up with zeros.
    LostDigits,
    /// Full-width digits.
    FullWidth,
    /// A control or other foreign character.
    Character,
    /// Stars instead of digits.
    Masked,
    /// A passport, officer's or other number whose document type is not given.
    KindMissing,
    /// No province ever had these first digits.
    Region,
    /// The birth part is no day of the calendar.
    NoSuchDay,
    /// Born after today.
    Future,
    /// Older than a person can be.
    TooOld,
    /// The check digit does not fit.
    CheckDigit,
    /// 15 digits of somebody over a hundred: the century is not written.
    Century,
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = match self {
            Self::Missing => "暂无身份证号,按缺失处理",
            Self::Length(found) => return write!(f, "身份证号应为18位,实为{found}位"),
            Self::Scientific | Self::LostDigits => {
                "长数字被表格软件改成科学计数法,后几位已丢失,请按文本格式重新导出"
            }
            Self::FullWidth => "身份证号含全角数字,请改为半角",
            Self::Character => "身份证号含不允许的字符,请核对",
            Self::Masked => "已脱敏号码不能比对,请提供完整号码",
            Self::KindMissing => "缺少证件类型,请填写证件类型后重新导入",
            Self::Region => "身份证号前六位不是任何时期的行政区划代码",
            Self::NoSuchDay => "身份证号中的出生日期不存在",
            Self::Future => "身份证号中的出生日期在今天之后",
            Self::TooOld => "身份证号中的出生日期距今超过130年",
            Self::CheckDigit => "身份证号校验位不符,请与证件核对",
            Self::Century => "15位旧号属于百岁以上老人,世纪无法确定,请提供18位号码",
        };
        f.write_str(message)
    }
}

impl std::error::Error for IdError {}

impl IdNumber {
    /// The number written in a cell. `today` is the day it is judged on: nobody is born later.
    ///
    /// # Errors
    /// An [`IdError`] whose message the official can act on, without the number in it.
    pub fn parse(cell: &str, today: Day) -> Result<ParsedId, IdError> {
        let mut notes = Vec::new();
        let mut written = unmarked(&text::without_blanks(cell));
        if written != cell {
            notes.push(IdNote::Cleaned);
        }
        if is_filler(&written) {
            return Err(IdError::Missing);
        }
        if written.ends_with('x') {
            notes.push(IdNote::LowerX);
            written.make_ascii_uppercase();
        }
        check_characters(&written)?;
        if written.len() == 15 {
            written = upgraded(&written)?;
            notes.push(IdNote::From15);
        }
        let number = Self::from_digits(&written)?;
        number.check_birth(today, &mut notes)?;
        Ok(ParsedId { number, notes })
    }

    /// The number, for the store and the matching token only; never for a page, a log or a message.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// 出生日期.
    #[must_use]
    pub fn birth(&self) -> Day {
        self.birth_part().unwrap_or(Day::FALLBACK)
    }

    /// 性别, by the 17th digit.
    #[must_use]
    pub fn sex(&self) -> Sex {
        let odd = self.0.get(16).is_some_and(|digit| digit % 2 == 1);
        if odd { Sex::Male } else { Sex::Female }
    }

    /// The first six digits: where the person was first registered, perhaps abolished long ago.
    #[must_use]
    pub fn area6(&self) -> &str {
        self.as_str().get(..6).unwrap_or_default()
    }

    /// 证件种类.
    #[must_use]
    pub fn kind(&self) -> IdKind {
        kind_of(self.as_str()).unwrap_or(IdKind::Citizen)
    }

    /// The form a page may show: `990101********128X`.
    #[must_use]
    pub fn masked(&self) -> String {
        format!(
            "{}********{}",
            self.area6(),
            self.as_str().get(14..).unwrap_or_default()
        )
    }

    fn from_digits(written: &str) -> Result<Self, IdError> {
        let bytes = <[u8; 18]>::try_from(written.as_bytes())
            .map_err(|_| IdError::Length(written.chars().count()))?;
        kind_of(written).ok_or(IdError::Region)?;
        let fits = id_check_digit(written).is_some_and(|expected| written.ends_with(expected));
        if !fits {
            // Fifteen digits and three zeros is what a numeric cell leaves of an identity number.
            return Err(if written.ends_with("000") {
                IdError::LostDigits
            } else {
                IdError::CheckDigit
            });
        }
        Ok(Self(bytes))
    }

    fn birth_part(&self) -> Option<Day> {
        let number = |from: usize, to: usize| self.as_str().get(from..to).and_then(text::number);
        let year = i32::try_from(number(6, 10)?).ok()?;
        let month = u8::try_from(number(10, 12)?).ok()?;
        let day = u8::try_from(number(12, 14)?).ok()?;
        Day::new(year, month, day)
    }

    fn check_birth(&self, today: Day, notes: &mut Vec<IdNote>) -> Result<(), IdError> {
        let birth = self.birth_part().ok_or(IdError::NoSuchDay)?;
        match age_in_years(birth, today) {
            _ if birth > today => Err(IdError::Future),
            131.. => Err(IdError::TooOld),
            121.. => {
                notes.push(IdNote::VeryOld);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Never the number itself: it would end in a log.
impl fmt::Debug for IdNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdNumber(**)")
    }
}

/// The masked form, never the number itself.
impl fmt::Display for IdNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.masked())
    }
}

/// ISO 7064 MOD 11-2 over the first 17 digits; the character that must follow them.
#[must_use]
pub fn id_check_digit(first17: &str) -> Option<char> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let mut sum = 0;
    let mut digits = first17.chars();
    for weight in WEIGHTS {
        sum += text::digit(digits.next()?)? * weight;
    }
    "10X98765432".chars().nth(usize::try_from(sum % 11).ok()?)
}

/// What clerks write when there is no number.
fn is_filler(written: &str) -> bool {
    const WORDS: &[&str] = &[
        "无",
        "暂无",
        "没有",
        "不详",
        "未知",
        "/",
        "-",
        "--",
        "—",
        "0",
        "123456789012345678",
    ];
    let mut characters = written.chars();
    let repeated = match characters.next() {
        None => true,
        Some(first) => first.is_ascii_digit() && characters.all(|c| c == first),
    };
    repeated || WORDS.contains(&written)
}

/// Without the apostrophe a spreadsheet puts before text, and with full-width digits folded where the
/// check digit still proves the number: one of 15 digits has none, so it is left for the sender.
fn unmarked(written: &str) -> String {
    let bare = written.trim_start_matches(['\'', '\u{2018}', '\u{2019}']);
    if bare.chars().count() == 18 {
        return bare.chars().map(text::fold_width).collect();
    }
    bare.to_owned()
}

fn check_characters(written: &str) -> Result<(), IdError> {
    if written.contains(['*', '＊', '●']) {
        return Err(IdError::Masked);
    }
    if text::is_scientific(written) {
        return Err(IdError::Scientific);
    }
    if written
        .chars()
        .any(|c| text::fold_width(c) != c && text::fold_width(c).is_ascii_alphanumeric())
    {
        return Err(IdError::FullWidth);
    }
    let body = written.strip_suffix('X').unwrap_or(written);
    if body.bytes().all(|b| b.is_ascii_digit()) {
        return match written.len() {
            15 | 18 => Ok(()),
            found => Err(IdError::Length(found)),
        };
    }
    let worded = written.chars().all(|c| c.is_alphanumeric() || c == '-');
    let has_digits = written.contains(|c: char| c.is_ascii_digit());
    Err(if worded && has_digits {
        IdError::KindMissing
    } else {
        IdError::Character
    })
}

/// 15 digits as the 18 they became; only for those surely born in the 1900s.
fn upgraded(written: &str) -> Result<String, IdError> {
    let sequence = written.get(12..).unwrap_or_default();
    // 996 to 999 were kept for people who were over a hundred when the number was given.
    if matches!(sequence, "996" | "997" | "998" | "999") {
        return Err(IdError::Century);
    }
    let (area, rest) = written.split_at_checked(6).ok_or(IdError::Character)?;
    let first17 = format!("{area}19{rest}");
    let check = id_check_digit(&first17).ok_or(IdError::Character)?;
    Ok(format!("{first17}{check}"))
}

/// The kind of document, by the first digits; none when no province ever had them.
fn kind_of(written: &str) -> Option<IdKind> {
    let province = |text: &str| {
        matches!(
            text.as_bytes(),
            [b'1', b'1'..=b'5']
                | [b'2', b'1'..=b'3']
                | [b'3', b'1'..=b'7']
                | [b'4', b'1'..=b'6']
                | [b'5', b'0'..=b'4']
                | [b'6', b'1'..=b'5']
                | [b'7', b'1']
        )
    };
    let first2 = written.get(..2)?;
    match first2 {
        "81" | "82" => Some(IdKind::HongKongMacao),
        "83" => Some(IdKind::Taiwan),
        // 99 is no province: synthetic people live there, so that no number can be a real person's.
        "99" => Some(IdKind::Citizen),
        _ if province(first2) => Some(IdKind::Citizen),
        _ if first2.starts_with('9') && province(written.get(1..3)?) => Some(IdKind::Foreigner),
        _ => None,
    }
}
