//! What the rulebook says about residents' own affairs: how long, how often, by when.

use crate::casework::{CaseError, Done};
use crate::office::Office;
use std::collections::BTreeMap;

/// Where it stands, unless the place has its own.
const PATH: &str = "portal/portal.md";
const HEADING: &str = "居民设置";

/// 居民设置, read.
#[derive(Clone, Debug, Default)]
pub struct PortalBook {
    /// 验证码有效, in seconds.
    pub code_seconds: i64,
    /// 验证码试错.
    pub code_tries: i64,
    /// 每号验证码, an hour.
    pub codes_each: i64,
    /// 每处验证码, an hour.
    pub codes_here: i64,
    /// 全部验证码, an hour.
    pub codes_all: i64,
    /// 居民登录, in seconds.
    pub session_seconds: i64,
    /// 草稿保留, in days.
    pub draft_days: i64,
    /// 签字链接有效, in days.
    pub invite_days: i64,
    /// 签字链接试错.
    pub invite_tries: i64,
    /// 评价有效, in days.
    pub rating_days: i64,
    /// 不满意整改, in working days.
    pub rectify_days: u32,
    /// 网上阅读, in working days; none where the rulebook has no delivery by reading.
    pub reading_days: Option<u32>,
    /// 更正答复, in working days.
    pub correction_days: u32,
    /// 每处求助, an hour.
    pub helps_here: i64,
    /// The papers that filling in and sending are.
    pub form_papers: Vec<String>,
    /// The paper that signing is.
    pub consent_paper: String,
    /// The procedure of complaints.
    pub complaint: String,
    /// The text that is signed, in full.
    pub consent_text: String,
}

impl PortalBook {
    /// Reads it.
    ///
    /// # Errors
    /// It is missing, or a value is no number.
    pub fn of(office: &Office) -> Done<Self> {
        let book = office.book();
        let own = book.path_in(&office.locality, PATH);
        let document = book.document(&own).or_else(|| book.document(PATH));
        let none = || CaseError::Refused(format!("规则手册里没有 {PATH},网上不能办"));
        let document = document.ok_or_else(none)?;
        let table = document.tables.iter().find(|t| t.heading == HEADING);
        let table = table.ok_or_else(none)?;
        let column = |name: &str| table.header.iter().position(|cell| cell.text == name);
        let (Some(name), Some(value)) = (column("设置"), column("值")) else {
            return Err(none());
        };
        let cell = |row: &[rules::markdown::Cell], at: usize| {
            row.get(at).map_or(String::new(), |cell| cell.text.clone())
        };
        let rows: BTreeMap<String, String> = table
            .rows
            .iter()
            .map(|row| (cell(row, name), cell(row, value)))
            .collect();
        let text = |name: &str| rows.get(name).cloned().unwrap_or_default();
        let number = |name: &str| -> Done<i64> {
            let value = text(name);
            value.parse().map_err(|_| {
                CaseError::Refused(format!("{PATH}:“{name}”的值 `{value}` 应是一个数"))
            })
        };
        let days = |name: &str| -> Done<u32> {
            let value = number(name)?;
            u32::try_from(value).map_err(|_| CaseError::Refused(format!("{PATH}:“{name}”应是天数")))
        };
        let minutes = |name: &str| Ok::<i64, CaseError>(number(name)?.saturating_mul(60));
        Ok(Self {
            code_seconds: minutes("验证码有效")?,
            code_tries: number("验证码试错")?,
            codes_each: number("每号验证码")?,
            codes_here: number("每处验证码")?,
            codes_all: number("全部验证码")?,
            session_seconds: minutes("居民登录")?,
            draft_days: number("草稿保留")?,
            invite_days: number("签字链接有效")?,
            invite_tries: number("签字链接试错")?,
            rating_days: number("评价有效")?,
            rectify_days: days("不满意整改")?,
            // A version signed before this line delivers nothing by reading.
            reading_days: text("网上阅读").parse().ok(),
            correction_days: days("更正答复")?,
            helps_here: number("每处求助")?,
            form_papers: text("在线申请书").split('、').map(str::to_owned).collect(),
            consent_paper: text("在线授权"),
            complaint: text("投诉流程"),
            consent_text: text("授权文本"),
        })
    }

    /// The paragraphs of the text that is signed, without its title, blanks and marks.
    #[must_use]
    pub fn consent_paragraphs(&self, office: &Office) -> Vec<String> {
        let text = office.book().texts().get(&self.consent_text);
        let text = text.map_or("", String::as_str);
        let body = text.split("## 正文").nth(1).unwrap_or(text);
        let lines = body.lines().map(str::trim);
        let spoken = lines.filter(|line| {
            !line.is_empty()
                && !line.starts_with("**")
                && !line.contains("{{")
                && !line.contains("____")
        });
        spoken.map(str::to_owned).collect()
    }
}

/// By which day something is due after so many working days; none where the calendar is missing.
pub(crate) fn due(office: &Office, days: u32) -> Option<domain::Day> {
    let calendar = office.calendar().ok()?;
    let due = calendar.add_workdays(office.clock.today(), days).ok()?;
    Some(due.0)
}
