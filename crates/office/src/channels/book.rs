//! What `rulebook/channels/` says: the channels, the lines merged into one, which desk handles what about whom,
//! and which department owns a programme. A place's own file stands before the general one.

use crate::casework::{CaseError, Done};
use crate::office::Office;
use domain::Day;
use rules::Rulebook;
use std::collections::BTreeMap;

const CHANNELS: &str = "channels/channels.md";
/// Organisations of the place's departments: 部门,机构.
const OFFICES: &str = "channels.csv";
/// The words of 关于 and 谁登记.
const ANYBODY: &str = "不限";
const YES: &str = "是";
const BY_RESIDENTS: &str = "居民";

/// 关于 somebody under age.
pub const ABOUT_CHILD: &str = "未成年人";
/// 关于 somebody old.
pub const ABOUT_ELDER: &str = "老年人";

/// One line of 事项.
#[derive(Clone, Debug, Default)]
pub(super) struct Kind {
    pub code: String,
    pub title: String,
    about: String,
    pub desk: String,
    pub role: String,
    pub days: u32,
    pub urgent_days: u32,
    open_to_residents: bool,
}

/// One line of 渠道.
#[derive(Clone, Debug)]
struct Way {
    code: String,
    title: String,
    by_residents: bool,
}

/// One line of 热线.
#[derive(Clone, Debug)]
struct Line {
    title: String,
    into: String,
    kind: String,
}

/// 渠道和工单, read.
pub(super) struct ChannelBook {
    ways: Vec<Way>,
    lines: Vec<Line>,
    kinds: Vec<Kind>,
    settings: BTreeMap<String, String>,
}

/// What a form can choose from: word and label.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    /// 事项.
    pub kinds: Vec<(String, String)>,
    /// 渠道.
    pub ways: Vec<(String, String)>,
    /// 热线.
    pub lines: Vec<(String, String)>,
}

/// The rows of a table, cut to named columns; the place's own text before the general one.
pub(crate) fn table<const N: usize>(
    (book, place): (&Rulebook, &str),
    path: &str,
    heading: &str,
    columns: [&str; N],
) -> Done<Vec<[String; N]>> {
    let own = book.path_in(place, path);
    let document = book.document(&own).or_else(|| book.document(path));
    let none =
        |what: &str| CaseError::Refused(format!("规则手册 {path} 没有{what};请管理规则的人补上"));
    let document = document.ok_or_else(|| none("这份文件"))?;
    let table = document.tables.iter().find(|t| t.heading == heading);
    let table = table.ok_or_else(|| none(&format!("“{heading}”这张表")))?;
    let mut places = [0; N];
    for (place, name) in places.iter_mut().zip(columns) {
        let found = table.header.iter().position(|cell| cell.text == name);
        *place = found.ok_or_else(|| none(&format!("“{heading}”里的“{name}”这一列")))?;
    }
    let rows = table.rows.iter();
    Ok(rows
        .map(|row| {
            places.map(|at| {
                row.get(at)
                    .map_or_else(String::new, |cell| cell.text.clone())
            })
        })
        .collect())
}

/// The rulebook of an office and its place.
pub(crate) fn here(office: &Office) -> (&Rulebook, &str) {
    (office.book(), &office.locality)
}

/// A whole number out of a cell; `what` names the cell.
pub(crate) fn number<T: std::str::FromStr>(path: &str, what: &str, cell: &str) -> Done<T> {
    let said = || CaseError::Refused(format!("规则手册 {path}:{what}的值 `{cell}` 应是一个数"));
    cell.parse().map_err(|_| said())
}

impl ChannelBook {
    /// That of the office's place.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn of(office: &Office) -> Done<Self> {
        Self::read(here(office))
    }

    /// Reads it.
    ///
    /// # Errors
    /// A table is missing, or a value is no number.
    pub fn read(from: (&Rulebook, &str)) -> Done<Self> {
        let ways = table(from, CHANNELS, "渠道", ["代号", "渠道", "谁登记"])?;
        let lines = table(from, CHANNELS, "热线", ["热线", "并入", "默认事项"])?;
        let columns = [
            "代号",
            "事项",
            "关于",
            "承办岗",
            "角色",
            "工作日",
            "紧急",
            "居民可选",
        ];
        let mut kinds = Vec::new();
        for [code, title, about, desk, role, days, urgent, open] in
            table(from, CHANNELS, "事项", columns)?
        {
            kinds.push(Kind {
                days: number(CHANNELS, &format!("事项“{title}”工作日"), &days)?,
                urgent_days: number(CHANNELS, &format!("事项“{title}”紧急"), &urgent)?,
                open_to_residents: open == YES,
                code,
                title,
                about,
                desk,
                role,
            });
        }
        let settings = table(from, CHANNELS, "设置", ["设置", "值"])?;
        Ok(Self {
            ways: ways
                .into_iter()
                .map(|[code, title, who]| Way {
                    code,
                    title,
                    by_residents: who == BY_RESIDENTS,
                })
                .collect(),
            lines: lines
                .into_iter()
                .map(|[title, into, kind]| Line { title, into, kind })
                .collect(),
            kinds,
            settings: settings
                .into_iter()
                .map(|[name, value]| (name, value))
                .collect(),
        })
    }

    /// A setting in words; empty where it is not there.
    pub fn setting(&self, name: &str) -> &str {
        self.settings.get(name).map_or("", String::as_str)
    }

    /// A setting that is a number.
    pub fn count<T: std::str::FromStr>(&self, name: &str) -> Done<T> {
        number(CHANNELS, &format!("设置“{name}”"), self.setting(name))
    }

    /// Which desk handles a kind about somebody.
    pub fn route(&self, kind: &str, about: &str) -> Option<&Kind> {
        let of = |wanted: &str| {
            let mut rows = self.kinds.iter();
            rows.find(|row| row.code == kind && row.about == wanted)
        };
        of(about).or_else(|| of(ANYBODY))
    }

    /// The same for a resident, who may not choose every kind.
    pub fn route_for_residents(&self, kind: &str, about: &str) -> Option<&Kind> {
        self.route(kind, about).filter(|row| row.open_to_residents)
    }

    /// What a kind is called.
    pub fn title(&self, kind: &str) -> String {
        let row = self.kinds.iter().find(|row| row.code == kind);
        row.map_or_else(|| kind.to_owned(), |row| row.title.clone())
    }

    /// What a channel is called; none for one there is not, or that these may not use.
    pub fn way(&self, code: &str, by_residents: bool) -> Option<&str> {
        let way = self.ways.iter().find(|way| way.code == code)?;
        (way.by_residents == by_residents).then_some(way.title.as_str())
    }

    /// What a channel is called, whoever uses it.
    pub fn way_title(&self, code: &str) -> String {
        let way = self.ways.iter().find(|way| way.code == code);
        way.map_or_else(|| code.to_owned(), |way| way.title.clone())
    }

    /// The line that answers a line, and the kind of what is said on it; a line merged into another is
    /// answered there.
    pub fn line(&self, title: &str) -> Option<(&str, &str)> {
        let line = self.lines.iter().find(|line| line.title == title)?;
        let answers = match line.into.as_str() {
            "" => &line.title,
            into => into,
        };
        Some((answers, line.kind.as_str()))
    }

    /// What a form can choose from.
    fn choices(&self, by_residents: bool) -> Choices {
        let mut kinds: Vec<(String, String)> = Vec::new();
        for row in &self.kinds {
            let shown = !by_residents || row.open_to_residents;
            if shown && !kinds.iter().any(|(code, _)| *code == row.code) {
                kinds.push((row.code.clone(), row.title.clone()));
            }
        }
        let ways = self
            .ways
            .iter()
            .filter(|way| way.by_residents == by_residents);
        let label = |line: &Line| match line.into.as_str() {
            "" => line.title.clone(),
            into => format!("{}(并入 {into})", line.title),
        };
        Choices {
            kinds,
            ways: ways
                .map(|way| (way.code.clone(), way.title.clone()))
                .collect(),
            lines: self
                .lines
                .iter()
                .map(|line| (line.title.clone(), label(line)))
                .collect(),
        }
    }
}

/// What a form can choose from, for officials or for residents.
///
/// # Errors
/// The rulebook lacks a table.
pub fn choices(office: &Office, by_residents: For) -> Done<Choices> {
    Ok(ChannelBook::of(office)?.choices(by_residents == For::Residents))
}

/// Who fills a form in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// Whoever comes.
    Residents,
    /// Somebody at a window or on the telephone.
    Officials,
}

/// The organisation of a department here; empty where it has none.
pub(super) fn office_of(office: &Office, department: &str) -> String {
    let path = office.book().path_in(&office.locality, OFFICES);
    let text = office.book().texts().get(&path).map_or("", String::as_str);
    let mut rows = text.lines().skip(1).map(rules::params::split);
    let row = rows.find(|row| row.first().is_some_and(|name| name.trim() == department));
    row.and_then(|row| row.get(1).map(|code| code.trim().to_owned()))
        .unwrap_or_default()
}

/// The department of an organisation; its name there where it has none of ours.
pub(super) fn department_of(office: &Office, code: &str) -> Option<String> {
    let path = office.book().path_in(&office.locality, OFFICES);
    let text = office.book().texts().get(&path)?;
    let mut rows = text.lines().skip(1).map(rules::params::split);
    let row = rows.find(|row| row.get(1).is_some_and(|one| one.trim() == code))?;
    row.first().map(|name| name.trim().to_owned())
}

/// By which day something is due after so many working days, counted from a day; none where the calendar of
/// that year is not there yet.
pub(crate) fn due(office: &Office, from: Day, days: u32) -> Option<Day> {
    if days == 0 {
        return Some(from);
    }
    let calendar = office.calendar().ok()?;
    let due = calendar.add_workdays(from, days).ok()?;
    Some(due.0)
}
