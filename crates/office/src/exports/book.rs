//! What `access/exports.md` says: which lists leave, in full or masked, and when another person has to agree.

use crate::casework::{CaseError, Done};
use crate::channels::{here, number, table};
use crate::office::Office;
use rules::Rulebook;

const PATH: &str = "access/exports.md";

/// When another person has to agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Second {
    /// 每次.
    Always,
    /// 超过 so many rows.
    Over,
    /// 流程: others agreed when the thing itself was made.
    Procedure,
    /// 不用.
    Never,
}

/// A kind of list that leaves.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    /// Its code.
    pub code: String,
    /// What officials call it.
    pub title: String,
    /// Whether names and numbers are in full.
    pub is_plain: bool,
    /// When another person has to agree.
    pub second: Second,
}

/// All of it.
#[derive(Clone, Debug)]
pub(super) struct ExportBook {
    kinds: Vec<Kind>,
    /// Rows of one masked file that need nobody else.
    pub one: u64,
    /// Rows of a day that need nobody else.
    pub day: u64,
    /// Hours for which an agreement holds.
    pub hours: u32,
    /// Pages turned and things looked up in a day.
    pub turns: u32,
    /// The same for programs.
    pub calls: u32,
    /// More rows than this on a day are a doubt.
    pub doubtful: u64,
}

impl ExportBook {
    /// That of the office's place.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(super) fn of(office: &Office) -> Done<Self> {
        Self::read(here(office))
    }

    /// Reads it.
    ///
    /// # Errors
    /// A table, a setting or a word is missing or none the program knows.
    pub(super) fn read(from: (&Rulebook, &str)) -> Done<Self> {
        let rows = table(from, PATH, "导出", ["代号", "导出", "露出", "第二人"])?;
        let mut kinds = Vec::new();
        for [code, title, shows, second] in rows {
            let wrong = |what: &str, cell: &str, known: &str| {
                CaseError::Refused(format!(
                    "规则手册 {PATH}:{title}的“{what}”是 `{cell}`,应是{known}"
                ))
            };
            let is_plain = match shows.as_str() {
                "明文" => true,
                "遮盖" => false,
                _ => return Err(wrong("露出", &shows, "遮盖或者明文")),
            };
            let second = match second.as_str() {
                "每次" => Second::Always,
                "超过" => Second::Over,
                "流程" => Second::Procedure,
                "不用" => Second::Never,
                _ => return Err(wrong("第二人", &second, "每次、超过、流程或者不用")),
            };
            // Names and numbers in full never leave on one person's word.
            if is_plain && matches!(second, Second::Over | Second::Never) {
                return Err(wrong(
                    "第二人",
                    "不要每次",
                    "每次或者流程:明文不能一个人导出",
                ));
            }
            kinds.push(Kind {
                code,
                title,
                is_plain,
                second,
            });
        }
        let settings = table(from, PATH, "设置", ["设置", "值"])?;
        let value = |name: &str| {
            let found = settings.iter().find(|[setting, _]| setting == name);
            found
                .map(|[_, value]| value.as_str())
                .ok_or_else(|| CaseError::Refused(format!("规则手册 {PATH} 没有写“{name}”")))
        };
        let count = |name: &str| number::<u64>(PATH, name, value(name)?);
        let few = |name: &str| number::<u32>(PATH, name, value(name)?);
        Ok(Self {
            kinds,
            one: count("一份不经第二人")?,
            day: count("一天不经第二人")?,
            hours: few("同意有效")?,
            turns: few("一天翻看")?,
            calls: few("接口一天翻看")?,
            doubtful: count("疑点行数")?,
        })
    }

    /// A kind by its code.
    ///
    /// # Errors
    /// The rulebook has none.
    pub(super) fn kind(&self, code: &str) -> Done<&Kind> {
        let found = self.kinds.iter().find(|kind| kind.code == code);
        found.ok_or_else(|| {
            let said =
                format!("规则手册 {PATH} 没有导出 `{code}`;请管理规则的人补上,补上以前不能导出");
            CaseError::Refused(said)
        })
    }

    /// Why another person has to agree to so many rows, after those taken alone today; none where nobody has to.
    pub(super) fn why(&self, kind: &Kind, rows: u64, taken: u64) -> Option<String> {
        let all = taken.saturating_add(rows);
        match kind.second {
            Second::Procedure | Second::Never => None,
            Second::Always => Some("有完整的姓名和号码".to_owned()),
            Second::Over if rows > self.one => {
                Some(format!("有 {rows} 行,一份超过 {} 行", self.one))
            }
            Second::Over if all > self.day => Some(format!(
                "有 {rows} 行,今天已经导出 {taken} 行,一天超过 {} 行",
                self.day
            )),
            Second::Over => None,
        }
    }
}
