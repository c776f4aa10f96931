//! 查一查: everything that stands in the way of a proposal, and everything a signer should have read.
//! Pure: two rulebooks in, a review out. What was wrong before and is no business of the proposal does
//! not stand in its way; it is told.

use super::diff::{self, FileChange, Since};
use crate::access::AccessBook;
use domain::{Day, Month};
use rules::cases::CaseResult;
use rules::rulebook::each;
use rules::{Problem, Rulebook, Severity};
use std::collections::BTreeSet;

/// What came of looking at a proposal.
#[derive(Clone, Debug)]
pub struct Review {
    /// Why it cannot be signed; empty when it can.
    pub blockers: Vec<String>,
    /// What a signer should know besides.
    pub reminders: Vec<String>,
    /// What changes, file by file.
    pub changes: Vec<FileChange>,
    /// From when.
    pub since: Since,
    /// Whether months that were judged already would come out otherwise.
    pub retroactive: bool,
    /// How many files the whole rulebook has.
    pub files: usize,
    /// How many cases were run.
    pub cases: usize,
}

/// Runs the cases of all places, or of one, each with its place.
pub fn try_all(book: &Rulebook, only: Option<&str>) -> Vec<(String, CaseResult)> {
    let known = book.localities().iter().map(|l| l.id.as_str());
    let places: Vec<&str> = known.filter(|l| only.is_none_or(|o| o == *l)).collect();
    let places = if places.is_empty() { vec![""] } else { places };
    let ran = each(&places, |place| rules::cases::run_all(book, place));
    let named = places.iter().zip(ran).flat_map(|(place, results)| {
        let named = results.into_iter().map(|one| ((*place).to_owned(), one));
        named.collect::<Vec<_>>()
    });
    named.collect()
}

/// What is wrong with the tables the office itself reads, who may do what and what is alike, each in one sentence.
#[must_use]
pub fn own_findings(book: &Rulebook) -> Vec<String> {
    let mut all = AccessBook::findings(book);
    all.extend(crate::casework::afterwards::precedent_findings(book));
    all
}

/// Looks at a proposal made from a rulebook, for the place of this office; `judged` is the newest month
/// that was judged.
pub fn review(old: &Rulebook, new: &Rulebook, place: &str, judged: Option<Month>) -> Review {
    let changes = diff::changes(old, new);
    let mut blockers = Vec::new();
    let mut reminders = Vec::new();
    if changes.is_empty() {
        blockers.push("和现在运行的一版一个字也没有差别".to_owned());
    }
    found(old, new, place, &mut blockers, &mut reminders);
    let before: BTreeSet<String> = own_findings(old).into_iter().collect();
    let access = own_findings(new).into_iter();
    blockers.extend(access.filter(|said| !before.contains(said)));
    let cases = tried(old, new, place, &mut blockers, &mut reminders);
    let before: BTreeSet<String> = diff::gaps(old).into_iter().collect();
    let gaps = diff::gaps(new).into_iter();
    blockers.extend(gaps.filter(|said| !before.contains(said)));
    blockers.extend(diff::untried(new, &changes));
    blockers.extend(readers(old, new, place));
    let since = diff::since(old, new, &changes);
    let last = judged.map(Month::last);
    let retroactive = since
        .day
        .is_some_and(|day| last.is_some_and(|last| day <= last));
    reminders.extend(when(since, retroactive, judged));
    Review {
        blockers,
        reminders,
        changes,
        since,
        retroactive,
        files: new.texts().len(),
        cases,
    }
}

fn when(since: Since, retroactive: bool, judged: Option<Month>) -> Vec<String> {
    let mut out = Vec::new();
    if let (Some(day), Some(month), true) = (since.day, judged, retroactive) {
        out.push(format!(
            "往回改:从 {day} 起就不同了,而 {month} 已经判断过;判断过的月份保留原来的结果,重判才用新的一版"
        ));
    }
    if since.at_once {
        out.push("改动里有不分日期的内容(词典、来文、程序、权限这一类),签发后立刻不同".to_owned());
    }
    out
}

fn key(problem: &Problem) -> (String, &'static str, String) {
    (problem.path.clone(), problem.code, problem.message.clone())
}

/// Errors the proposal brings, and all that touch this place.
fn found(
    old: &Rulebook,
    new: &Rulebook,
    place: &str,
    blockers: &mut Vec<String>,
    reminders: &mut Vec<String>,
) {
    let before: BTreeSet<_> = old.check().iter().map(key).collect();
    let here: BTreeSet<_> = new.check_in(place).iter().map(key).collect();
    for problem in new.check() {
        let text = new.texts().get(&problem.path).map_or("", String::as_str);
        let said = problem.show(text);
        let ours = !before.contains(&key(&problem)) || here.contains(&key(&problem));
        match problem.severity {
            Severity::Error if ours => blockers.push(said),
            Severity::Error | Severity::Warning => reminders.push(said),
        }
    }
}

/// Runs all cases of all places; answers how many.
fn tried(
    old: &Rulebook,
    new: &Rulebook,
    place: &str,
    blockers: &mut Vec<String>,
    reminders: &mut Vec<String>,
) -> usize {
    let ran = try_all(new, None);
    let failed = || ran.iter().filter(|(_, case)| !case.passed());
    if failed().next().is_none() {
        return ran.len();
    }
    let told = |book: &Rulebook, at: &str, case: &CaseResult| {
        let text = book.texts().get(&case.path).map_or("", String::as_str);
        let (line, _) = rules::problem::line_column(text, case.span.start);
        let failures = case.failures.join(";");
        let said = format!("案例 `{}`({at})不符:{failures}", case.name);
        (format!("{}:{line}", case.path), said)
    };
    let before: BTreeSet<(String, String)> = try_all(old, None)
        .iter()
        .filter(|(_, case)| !case.passed())
        .map(|(at, case)| (case.path.clone(), told(old, at, case).1))
        .collect();
    for (at, case) in failed() {
        let (where_, said) = told(new, at, case);
        let known = before.contains(&(case.path.clone(), said.clone()));
        let line = format!("{where_}: {said}");
        if known && at != place {
            reminders.push(line);
        } else {
            blockers.push(line);
        }
    }
    ran.len()
}

/// Parts of the rulebook that other readers than the rules' own take in: what they could read before,
/// they must be able to read.
fn readers(old: &Rulebook, new: &Rulebook, place: &str) -> Vec<String> {
    let mut out = Vec::new();
    let calendar = |book: &Rulebook| crate::calendar::read(book);
    if let (Ok(_), Err(error)) = (calendar(old), calendar(new)) {
        out.push(error.to_string());
    }
    let paying = |book: &Rulebook| crate::disbursement::PayBook::read(book, place);
    if let (Ok(_), Err(error)) = (paying(old), paying(new)) {
        out.push(error.to_string());
    }
    let channels = |book: &Rulebook| crate::channels::read(book, place);
    if let (Ok(()), Err(error)) = (channels(old), channels(new)) {
        out.push(error.to_string());
    }
    let exports = |book: &Rulebook| crate::exports::read((book, place));
    if let (Ok(()), Err(error)) = (exports(old), exports(new)) {
        out.push(error.to_string());
    }
    out
}

/// What a rulebook holds, counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// 政策 files.
    pub programmes: usize,
    /// 预警 files.
    pub warnings: usize,
    /// Files.
    pub files: usize,
    /// Citations in rules.
    pub citations: usize,
    /// Numbers: parameters of rules and rows of the places.
    pub parameters: usize,
    /// Places.
    pub localities: usize,
}

/// Counts what a rulebook holds.
pub fn totals(book: &Rulebook) -> Totals {
    let heads = |keyword: &str| {
        let ids = book.parsed().iter().filter_map(|p| p.head());
        let ids = ids.filter(|h| h.keyword.text == keyword);
        ids.map(|h| h.id.text.as_str())
            .collect::<BTreeSet<_>>()
            .len()
    };
    let (parameters, citations) = diff::counted(book);
    Totals {
        programmes: heads("政策"),
        warnings: heads("预警"),
        files: book.texts().len(),
        citations,
        parameters,
        localities: book.localities().len(),
    }
}

/// The first day from which a review's change matters, in words.
#[must_use]
pub fn since_words(day: Option<Day>) -> String {
    day.map_or_else(
        || "没有分日期的改动".to_owned(),
        |day| format!("从 {day} 起"),
    )
}
