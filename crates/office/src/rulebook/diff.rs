//! What a proposal changes, so that a person can read it: rules statement by statement, numbers row by
//! row, cases by their names, prose by lines; and the first day on which anything is otherwise.

use domain::Day;
use rules::Rulebook;
use rules::ast::Stmt;
use rules::check::Parsed;
use rules::params::Row;
use std::collections::{BTreeMap, BTreeSet};

/// What happens to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFate {
    /// 新增.
    Added,
    /// 修改.
    Changed,
    /// 删除.
    Removed,
}

impl FileFate {
    /// The word officials read.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "新增",
            Self::Changed => "修改",
            Self::Removed => "删除",
        }
    }
}

/// One thing that is otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What: 规则, 数, 案例, 说明.
    pub kind: &'static str,
    /// Of what.
    pub what: String,
    /// As it was; empty when it is new.
    pub was: String,
    /// As it is to be; empty when it goes.
    pub is: String,
}

/// A file that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Its path.
    pub path: String,
    /// What happens to it.
    pub fate: FileFate,
    /// What is otherwise in it.
    pub differences: Vec<Difference>,
}

/// Everything that changes, by file.
pub fn changes(old: &Rulebook, new: &Rulebook) -> Vec<FileChange> {
    let paths: BTreeSet<&String> = old.texts().keys().chain(new.texts().keys()).collect();
    let mut out = Vec::new();
    for path in paths {
        let fate = match (old.texts().get(path), new.texts().get(path)) {
            (Some(was), Some(is)) if was == is => continue,
            (Some(_), Some(_)) => FileFate::Changed,
            (None, _) => FileFate::Added,
            (Some(_), None) => FileFate::Removed,
        };
        let differences = if path.ends_with("/parameters.csv") {
            numbers(old, new, path)
        } else {
            let mut all = paired("规则", statements(old, path), statements(new, path));
            all.extend(paired("案例", cases(old, path), cases(new, path)));
            all.extend(prose(old, new, path));
            all
        };
        out.push(FileChange {
            path: path.clone(),
            fate,
            differences,
        });
    }
    out
}

fn text<'a>(book: &'a Rulebook, path: &str) -> &'a str {
    book.texts().get(path).map_or("", String::as_str)
}

fn parsed<'a>(book: &'a Rulebook, path: &str) -> Option<&'a Parsed> {
    book.parsed().iter().find(|p| p.path == path)
}

/// Pairs of a name and what stands under it; the same name may stand there several times.
fn paired(
    kind: &'static str,
    was: Vec<(String, String)>,
    is: Vec<(String, String)>,
) -> Vec<Difference> {
    let mut gone: Vec<(String, String)> = Vec::new();
    let mut come = is.clone();
    for one in was {
        match come.iter().position(|other| *other == one) {
            Some(at) => {
                come.remove(at);
            }
            None => gone.push(one),
        }
    }
    let mut out = Vec::new();
    for (what, was) in gone {
        let at = come.iter().position(|(name, _)| *name == what);
        let is = at.map_or_else(String::new, |at| come.remove(at).1);
        out.push(Difference {
            kind,
            what,
            was,
            is,
        });
    }
    out.extend(come.into_iter().map(|(what, is)| Difference {
        kind,
        what,
        was: String::new(),
        is,
    }));
    out
}

/// The statements of a text, each under its first two words.
fn statements(book: &Rulebook, path: &str) -> Vec<(String, String)> {
    let whole = text(book, path);
    let Some(parsed) = parsed(book, path) else {
        return Vec::new();
    };
    let statements = parsed.file.statements.iter();
    statements
        .map(|s| {
            let said = whole
                .get(s.span.start..s.span.end)
                .unwrap_or_default()
                .trim();
            let mut words = said.split_whitespace();
            let name = [words.next(), words.next()];
            let name: Vec<&str> = name.into_iter().flatten().collect();
            (name.join(" "), said.to_owned())
        })
        .collect()
}

/// The cases of a text, each under its name.
fn cases(book: &Rulebook, path: &str) -> Vec<(String, String)> {
    let tables = book.document(path).map_or(&[][..], |d| d.tables.as_slice());
    let mut out = Vec::new();
    for table in tables {
        if table.header.first().is_none_or(|c| c.text != "案例") {
            continue;
        }
        for row in &table.rows {
            let cells = table.header.iter().zip(row).skip(1);
            let said: Vec<String> = cells
                .filter(|(_, cell)| !cell.text.is_empty())
                .map(|(head, cell)| format!("{} {}", head.text, cell.text))
                .collect();
            let name = row.first().map_or_else(String::new, |c| c.text.clone());
            out.push((name, said.join(";")));
        }
    }
    out
}

/// Lines of prose: what no machine reads but a person relies on, and tables that are no cases.
fn prose(old: &Rulebook, new: &Rulebook, path: &str) -> Vec<Difference> {
    let (was, is) = (lines(old, path), lines(new, path));
    let named = |lines: Vec<String>| lines.into_iter().map(|l| (String::new(), l)).collect();
    paired("说明", named(was), named(is))
}

fn lines(book: &Rulebook, path: &str) -> Vec<String> {
    let whole = text(book, path);
    let document = book.document(path);
    let blocks = document.map_or(&[][..], |d| d.blocks.as_slice());
    let tables = document.map_or(&[][..], |d| d.tables.as_slice());
    let cases = tables
        .iter()
        .filter(|t| t.header.first().is_some_and(|c| c.text == "案例"));
    let taken: Vec<_> = blocks
        .iter()
        .copied()
        .chain(cases.map(|t| t.span))
        .collect();
    let mut at = 0_usize;
    let mut out = Vec::new();
    for line in whole.split_inclusive('\n') {
        let start = at;
        at = at.saturating_add(line.len());
        let inside = taken.iter().any(|s| s.start <= start && start < s.end);
        if !inside && !line.trim().is_empty() && !line.starts_with("```") {
            out.push(line.trim_end().to_owned());
        }
    }
    out
}

/// What a number is of: everything but its days and its value.
type Of = (String, String, String, Vec<(String, String)>);

fn of(row: &Row) -> Of {
    let mut keys = row.keys.clone();
    keys.sort();
    (row.file.clone(), row.name.clone(), row.area.clone(), keys)
}

fn filled<'a>(book: &'a Rulebook, path: &str) -> &'a [Row] {
    let mut places = book.localities().iter();
    let place = places.find(|l| l.filled.path == path);
    place.map_or(&[][..], |l| l.filled.rows.as_slice())
}

fn numbers(old: &Rulebook, new: &Rulebook, path: &str) -> Vec<Difference> {
    let named = |rows: &[Row]| {
        let row = |row: &Row| {
            let keys: Vec<String> = row.keys.iter().map(|(k, v)| format!("{k}={v}")).collect();
            let name = format!("{}.{} {} {}", row.file, row.name, row.area, keys.join(";"));
            let from = row.from.map_or_else(|| "?".to_owned(), |d| d.to_string());
            let to = row.to.map_or_else(String::new, |d| format!(" 止 {d}"));
            let said = format!("{from} 起{to} {} {}({})", row.value, row.unit, row.source);
            (format!("{} · {from} 起", name.trim()), said)
        };
        rows.iter().map(row).collect::<Vec<_>>()
    };
    paired("数", named(filled(old, path)), named(filled(new, path)))
}

/// From when a proposal matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    /// The first day on which a rule or number is otherwise.
    pub day: Option<Day>,
    /// Whether something changes that has no day: it is otherwise from the signature on.
    pub at_once: bool,
}

/// The first day on which something is otherwise: of a rule, a number or the work calendar.
pub fn since(old: &Rulebook, new: &Rulebook, changes: &[FileChange]) -> Since {
    let (mut days, at_once) = days(old, new, changes);
    days.extend(
        changes
            .iter()
            .filter_map(|change| year_begins(&change.path)),
    );
    Since {
        day: days.into_iter().next(),
        at_once,
    }
}

/// The first day of the year whose work calendar a path is.
fn year_begins(path: &str) -> Option<Day> {
    let year = path.strip_prefix("calendars/")?.strip_suffix(".csv")?;
    Day::new(year.parse().ok()?, 1, 1)
}

/// Whether nothing changes but work calendars: they move deadlines and judge nobody.
pub fn only_calendars(changes: &[FileChange]) -> bool {
    !changes.is_empty()
        && changes
            .iter()
            .all(|change| year_begins(&change.path).is_some())
}

/// Every day on which a rule or number begins to be otherwise, and whether something without a day is.
pub fn days(old: &Rulebook, new: &Rulebook, changes: &[FileChange]) -> (BTreeSet<Day>, bool) {
    let mut days: BTreeSet<Day> = BTreeSet::new();
    let mut at_once = false;
    for change in changes.iter().filter(|c| year_begins(&c.path).is_none()) {
        if change.path.ends_with("/parameters.csv") {
            days.extend(numbers_since(
                filled(old, &change.path),
                filled(new, &change.path),
            ));
            continue;
        }
        let ruled = change.differences.iter().any(|d| d.kind == "规则");
        let (was, is) = (parsed(old, &change.path), parsed(new, &change.path));
        match (was.and_then(Parsed::head), is.and_then(Parsed::head)) {
            (None, None) => at_once |= ruled || !change.path.ends_with(".md"),
            _ if ruled => days.extend(file_since(was, is, change)),
            _ => {}
        }
    }
    (days, at_once)
}

/// Whether what is known of people may come out otherwise: a feed, the dictionary or a code table changes,
/// or a number a feed reads.
pub fn touches_facts(new: &Rulebook, changes: &[FileChange]) -> bool {
    let feeds: BTreeSet<&str> = new
        .parsed()
        .iter()
        .filter_map(|p| p.head())
        .filter(|h| h.keyword.text == "来文")
        .map(|h| h.id.text.as_str())
        .collect();
    let of_feed = |d: &Difference| {
        d.what
            .split('.')
            .next()
            .is_some_and(|id| feeds.contains(id))
    };
    changes.iter().any(|change| {
        let path = change.path.as_str();
        let folder = |name: &str| path.starts_with(name) || path.contains(&format!("/{name}"));
        folder("feeds/")
            || folder("facts")
            || folder("codes/")
            || folder("areas/")
            || path.ends_with("/parameters.csv") && change.differences.iter().any(of_feed)
    })
}

fn file_since(was: Option<&Parsed>, is: Option<&Parsed>, change: &FileChange) -> Option<Day> {
    let day = |name: &rules::ast::Name| Day::parse(&name.text).ok();
    let heads = || [was, is].into_iter().flatten().filter_map(Parsed::head);
    let froms = heads().filter_map(|h| h.from.as_ref().and_then(day));
    let only_head = change
        .differences
        .iter()
        .filter(|d| d.kind == "规则")
        .all(|d| {
            let head = |of: Option<&Parsed>| {
                of.and_then(Parsed::head)
                    .is_some_and(|h| d.what == format!("{} {}", h.keyword.text, h.id.text))
            };
            head(was) && head(is)
        });
    let same_from = {
        let froms: BTreeSet<Option<Day>> = heads().map(|h| h.from.as_ref().and_then(day)).collect();
        froms.len() == 1
    };
    // Only its last day was moved: until the earlier of the two nothing is otherwise.
    if only_head && same_from && was.is_some() && is.is_some() {
        let last = heads().filter_map(|h| h.to.as_ref().and_then(day)).min();
        return last.and_then(|d| d.add_days(1));
    }
    froms.min()
}

/// The days on which a number begins to be otherwise.
fn numbers_since(was: &[Row], is: &[Row]) -> BTreeSet<Day> {
    let mut groups: BTreeMap<Of, (Vec<&Row>, Vec<&Row>)> = BTreeMap::new();
    for row in was {
        groups.entry(of(row)).or_default().0.push(row);
    }
    for row in is {
        groups.entry(of(row)).or_default().1.push(row);
    }
    // The list is sorted by first day, and an open row ends where the next begins.
    let value = |rows: &[&Row], day: Day| {
        let begun = rows
            .iter()
            .filter(|r| r.from.is_some_and(|from| from <= day));
        let newest = begun.max_by_key(|r| r.from)?;
        let over = newest.to.is_some_and(|to| to < day);
        (!over).then(|| (newest.value.clone(), newest.unit.clone()))
    };
    let mut out = BTreeSet::new();
    for (was, is) in groups.values() {
        let turning = was.iter().chain(is).flat_map(|row| {
            let next = row.to.and_then(|to| to.add_days(1));
            [row.from, next].into_iter().flatten()
        });
        let turning: BTreeSet<Day> = turning.collect();
        let differs = turning.into_iter();
        out.extend(differs.filter(|day| value(was, *day) != value(is, *day)));
    }
    out
}

/// Files of one rule in one place between whose days of force a gap stands, in words.
pub fn gaps(book: &Rulebook) -> Vec<String> {
    let day = |name: &Option<rules::ast::Name>| {
        name.as_ref().and_then(|name| Day::parse(&name.text).ok())
    };
    type Spans<'t> = Vec<(Day, Option<Day>, &'t str)>;
    let mut spans: BTreeMap<(String, &str), Spans<'_>> = BTreeMap::new();
    for file in book.parsed() {
        let Some(head) = file.head() else { continue };
        let place = file.path.strip_prefix("localities/");
        let place = place.and_then(|p| p.split('/').next()).unwrap_or_default();
        if let Some(from) = day(&head.from) {
            let span = (from, day(&head.to), file.path.as_str());
            spans
                .entry((place.to_owned(), &head.id.text))
                .or_default()
                .push(span);
        }
    }
    let mut out = Vec::new();
    for ((_, id), mut files) in spans {
        files.sort_unstable();
        for pair in files.windows(2) {
            let [(_, to, path), (from, _, next)] = pair else {
                continue;
            };
            let after = to.and_then(|to| to.add_days(1));
            if let Some(after) = after.filter(|after| after < from) {
                out.push(format!(
                    "{path}: `{id}` 从 {after} 起没有规则,到 {from} 才由 {next} 接上;把 止 和 起施行 写成相连的两天"
                ));
            }
        }
    }
    out
}

/// Rule files that changed and have no case of their own.
pub fn untried(new: &Rulebook, changes: &[FileChange]) -> Vec<String> {
    let mut out = Vec::new();
    for change in changes.iter().filter(|c| c.fate != FileFate::Removed) {
        let judges = parsed(new, &change.path)
            .and_then(Parsed::head)
            .is_some_and(|h| ["政策", "预警", "评估"].contains(&h.keyword.text.as_str()));
        let ruled = change.differences.iter().any(|d| d.kind == "规则");
        if judges && ruled && cases(new, &change.path).is_empty() {
            out.push(format!(
                "{}: 改了规则,却没有一个案例;写上新旧两边的案例再提出",
                change.path
            ));
        }
    }
    out
}

/// How many numbers and citations a rulebook has.
pub fn counted(book: &Rulebook) -> (usize, usize) {
    let rows = book.localities().iter().map(|l| l.filled.rows.len());
    let files = book.parsed().iter();
    let params = files.flat_map(|p| &p.file.statements);
    let params = params.filter(|s| matches!(s.kind, Stmt::Param(_))).count();
    let cited = book.parsed().iter().map(|p| {
        let whole = text(book, &p.path);
        let said = p.file.statements.iter();
        said.filter_map(|s| whole.get(s.span.start..s.span.end))
            .map(|said| said.matches("依据").count())
            .sum::<usize>()
    });
    (rows.sum::<usize>().saturating_add(params), cited.sum())
}
