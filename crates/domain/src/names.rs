//! 姓名: how two spellings of one name are recognised, and which cells are hardly a name.
//!
//! Never changes a stored name: a name is kept and shown exactly as it came.

mod twins;

use crate::text;

/// Dots people put between the parts of a minority or foreign name.
const DOTS: &[char] = &[
    '·', '•', '・', '･', '．', '.', '‧', '∙', '⋅', '●', '。', '｡', '‐', '﹒', '᛫', '⸱', '꞉',
];

/// The one dot banks and the national register write: U+00B7.
const STANDARD_DOT: char = '·';

/// The folded form of a name: equal for two spellings of the same name, never shown and never stored as the name.
///
/// Drops listed blanks, dots and variation selectors, folds full-width letters and twin characters, upper-cases
/// Latin. Traditional and simplified characters stay apart: only a person may say they are one.
#[must_use]
pub fn match_key(name: &str) -> String {
    name.chars()
        .filter(|c| !text::is_blank(*c) && !DOTS.contains(c) && !is_variation_selector(*c))
        .map(text::fold_width)
        .map(twins::folded)
        .flat_map(char::to_uppercase)
        .collect()
}

/// The name with the dot banks can write in place of its look-alikes; everything else as it is.
#[must_use]
pub fn with_standard_dots(name: &str) -> String {
    name.chars()
        .map(|c| if DOTS.contains(&c) { STANDARD_DOT } else { c })
        .collect()
}

/// What makes a cell doubtful or impossible as a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameProblem {
    /// Nothing is written.
    Missing,
    /// A control character or a place no character has.
    Control,
    /// A picture instead of a character.
    Emoji,
    /// Text read in the wrong encoding.
    Mojibake,
    /// `NULL`, `N/A`: perhaps a name, perhaps a program's word for nothing.
    LooksMissing,
    /// One character only.
    Single,
    /// Digits, brackets, labels, or two people in one cell.
    NotOnlyName,
    /// Blanks inside a Chinese name.
    InnerBlanks,
    /// Full-width letters or digits.
    FullWidth,
    /// Cyrillic or Greek letters, which look like Latin ones.
    MixedScript,
}

impl NameProblem {
    /// Must the row be set apart, or is it taken with a warning?
    #[must_use]
    pub const fn refuses(self) -> bool {
        matches!(
            self,
            Self::Missing | Self::Control | Self::Emoji | Self::Mojibake
        )
    }

    /// What is wrong and what to do, for the official who sent the file.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Missing => "姓名为空",
            Self::Control => "姓名含控制字符,请重新录入",
            Self::Emoji => "姓名含表情符号,请重新录入",
            Self::Mojibake => "编码错误,疑似UTF-8被当作GBK,请按正确编码重新导出",
            Self::LooksMissing => "姓名像是程序写的空值,请核对",
            Self::Single => "姓名只有一个字,请核对",
            Self::NotOnlyName => "姓名含数字、括号、标签或不止一人,请核对",
            Self::InnerBlanks => "姓名内有空格,请核对",
            Self::FullWidth => "姓名含全角字母或数字,请核对",
            Self::MixedScript => "姓名混有外形相似的外文字母,请核对",
        }
    }
}

/// Everything an official should know about a name cell; empty when it is an ordinary name.
#[must_use]
pub fn review(cell: &str) -> Vec<NameProblem> {
    let name = text::trimmed(cell);
    let mut problems = Vec::new();
    if name.is_empty() {
        return vec![NameProblem::Missing];
    }
    let any = |test: fn(char) -> bool| name.chars().any(test);
    let visible = name.chars().filter(|c| !is_variation_selector(*c)).count();
    let mut note = |found: bool, problem| {
        if found {
            problems.push(problem);
        }
    };
    note(
        any(|c| c.is_control() && !text::is_blank(c)) || any(is_noncharacter),
        NameProblem::Control,
    );
    note(any(is_emoji), NameProblem::Emoji);
    note(is_mojibake(name), NameProblem::Mojibake);
    note(looks_missing(name), NameProblem::LooksMissing);
    note(visible == 1, NameProblem::Single);
    note(
        any(says_more) || name.contains("之妻") || name.contains("之子"),
        NameProblem::NotOnlyName,
    );
    note(any(text::is_blank) && any(is_han), NameProblem::InnerBlanks);
    note(
        any(|c| text::fold_width(c).is_ascii_alphanumeric() && !c.is_ascii()),
        NameProblem::FullWidth,
    );
    note(any(is_look_alike), NameProblem::MixedScript);
    problems
}

fn is_variation_selector(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

fn is_noncharacter(c: char) -> bool {
    matches!(u32::from(c) & 0xFFFF, 0xFFFE | 0xFFFF) || matches!(c, '\u{FDD0}'..='\u{FDEF}')
}

fn is_emoji(c: char) -> bool {
    matches!(c, '\u{1F000}'..='\u{1FAFF}' | '\u{2600}'..='\u{27BF}' | '\u{2B00}'..='\u{2BFF}')
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

fn is_look_alike(c: char) -> bool {
    matches!(c, '\u{0370}'..='\u{052F}')
}

fn says_more(c: char) -> bool {
    text::fold_width(c).is_ascii_digit()
        || "()()[]【】<>:;、,,/\\{}=\"".contains(text::fold_width(c))
}

fn looks_missing(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "null", "n/a", "#n/a", "na", "nan", "none", "true", "false", "无", "不详", "-", "/",
    ];
    WORDS.contains(&name.to_lowercase().as_str())
}

/// The replacement character, its famous GBK reading, and what Chinese bytes look like as Latin or as GBK.
fn is_mojibake(name: &str) -> bool {
    // 寮犱笁 is 张三, å¼ is 张: the second half of a UTF-8 character read as if it were a whole one.
    const SIGNS: &[&str] = &[
        "\u{FFFD}", "锟斤", "斤拷", "寮犱", "鏉庡", "鐜嬩", "鍒樹", "笁",
    ];
    let latin = name
        .chars()
        .filter(|c| matches!(c, '\u{80}'..='\u{FF}') && *c != STANDARD_DOT)
        .count();
    SIGNS.iter().any(|sign| name.contains(sign)) || latin >= 2
}
