//! 残疾人证: the identity number, one digit of category, one of grade, and sometimes a suffix of re-issue.
//!
//! Never says which disabilities 多重 is made of: that is in the assessment, not in the number.

use std::fmt;

use crate::id_number::{IdError, IdNote, IdNumber};
use crate::{Day, text};

/// 残疾类别, in the order of the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DisabilityCategory {
    /// 视力
    Visual,
    /// 听力
    Hearing,
    /// 言语
    Speech,
    /// 肢体
    Physical,
    /// 智力
    Intellectual,
    /// 精神
    Mental,
    /// 多重
    Multiple,
}

/// 残疾等级; the first is the most severe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DisabilityGrade {
    /// 一级
    First,
    /// 二级
    Second,
    /// 三级
    Third,
    /// 四级
    Fourth,
}

impl DisabilityCategory {
    /// Every category, in the order of its code from 1.
    pub const ALL: [Self; 7] = [
        Self::Visual,
        Self::Hearing,
        Self::Speech,
        Self::Physical,
        Self::Intellectual,
        Self::Mental,
        Self::Multiple,
    ];

    /// What officials write.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Visual => "视力",
            Self::Hearing => "听力",
            Self::Speech => "言语",
            Self::Physical => "肢体",
            Self::Intellectual => "智力",
            Self::Mental => "精神",
            Self::Multiple => "多重",
        }
    }

    /// The category written in a cell, in words or as its code.
    #[must_use]
    pub fn parse(cell: &str) -> Option<Self> {
        let cell = text::without_blanks(cell);
        let word = cell.strip_suffix("残疾").unwrap_or(&cell);
        let coded = ('1'..='7')
            .zip(Self::ALL)
            .find(|(code, _)| word.chars().eq([*code]));
        Self::ALL
            .into_iter()
            .find(|c| c.name() == word)
            .or(coded.map(|(_, category)| category))
    }
}

impl DisabilityGrade {
    /// Every grade, in the order of its code from 1.
    pub const ALL: [Self; 4] = [Self::First, Self::Second, Self::Third, Self::Fourth];

    /// What officials write.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "一级",
            Self::Second => "二级",
            Self::Third => "三级",
            Self::Fourth => "四级",
        }
    }

    /// The grade written in a cell, in words or as its code.
    #[must_use]
    pub fn parse(cell: &str) -> Option<Self> {
        let word = text::without_blanks(cell);
        let coded = ('1'..='4')
            .zip(Self::ALL)
            .find(|(code, _)| word.trim_end_matches('级').chars().eq([*code]));
        Self::ALL
            .into_iter()
            .find(|g| g.name() == word)
            .or(coded.map(|(_, grade)| grade))
    }
}

/// 残疾人证号.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DisabilityCard {
    number: String,
    holder: IdNumber,
    category: DisabilityCategory,
    grade: DisabilityGrade,
}

/// A card that was read, and what an official should know about how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedDisabilityCard {
    /// 残疾人证号
    pub card: DisabilityCard,
    /// What was tidied in the identity number within it.
    pub notes: Vec<IdNote>,
}

/// Why a cell is not a disability card number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DisabilityCardError {
    /// Nothing is written.
    Missing,
    /// Fewer than 20 characters.
    Length(usize),
    /// The identity number within it is not one.
    Holder(IdError),
    /// The 19th character is not 1 to 7.
    Category,
    /// The 20th character is not 1 to 4.
    Grade,
    /// What follows the 20th is no suffix of re-issue.
    Suffix,
}

impl fmt::Display for DisabilityCardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("残疾人证号为空"),
            Self::Length(found) => write!(f, "残疾人证号应为20位,实为{found}位"),
            Self::Holder(error) => write!(f, "残疾人证号中的身份证号有误:{error}"),
            Self::Category => f.write_str("残疾人证号第19位应为残疾类别1至7"),
            Self::Grade => f.write_str("残疾人证号第20位应为残疾等级1至4"),
            Self::Suffix => f.write_str("残疾人证号第20位以后只能是补发换发标记"),
        }
    }
}

impl std::error::Error for DisabilityCardError {}

impl DisabilityCard {
    /// The card number written in a cell.
    ///
    /// # Errors
    /// A [`DisabilityCardError`] whose message the official can act on, without the number in it.
    pub fn parse(cell: &str, today: Day) -> Result<ParsedDisabilityCard, DisabilityCardError> {
        let number = text::without_blanks(cell).to_ascii_uppercase();
        if number.is_empty() {
            return Err(DisabilityCardError::Missing);
        }
        if text::is_scientific(&number) {
            return Err(DisabilityCardError::Holder(IdError::Scientific));
        }
        let length = DisabilityCardError::Length(number.chars().count());
        let (holder, rest) = number.split_at_checked(18).ok_or(length)?;
        let (category, rest) = rest.split_at_checked(1).ok_or(length)?;
        let (grade, suffix) = rest.split_at_checked(1).ok_or(length)?;
        let holder = IdNumber::parse(holder, today).map_err(DisabilityCardError::Holder)?;
        let category = DisabilityCategory::parse(category).ok_or(DisabilityCardError::Category)?;
        let grade = DisabilityGrade::parse(grade).ok_or(DisabilityCardError::Grade)?;
        if suffix.len() > 4 || !suffix.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(DisabilityCardError::Suffix);
        }
        let card = Self {
            holder: holder.number,
            category,
            grade,
            number: number.clone(),
        };
        Ok(ParsedDisabilityCard {
            card,
            notes: holder.notes,
        })
    }

    /// The number, for the store only.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.number
    }

    /// 身份证号 of the holder.
    #[must_use]
    pub const fn holder(&self) -> &IdNumber {
        &self.holder
    }

    /// 残疾类别.
    #[must_use]
    pub const fn category(&self) -> DisabilityCategory {
        self.category
    }

    /// 残疾等级.
    #[must_use]
    pub const fn grade(&self) -> DisabilityGrade {
        self.grade
    }

    /// The form a page may show.
    #[must_use]
    pub fn masked(&self) -> String {
        format!(
            "{}{}",
            self.holder.masked(),
            self.number.get(18..).unwrap_or_default()
        )
    }
}

/// Never the number itself: it would end in a log.
impl fmt::Debug for DisabilityCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DisabilityCard(**)")
    }
}

/// The masked form, never the number itself.
impl fmt::Display for DisabilityCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.masked())
    }
}
