//! Casework as pages show it: ready words, names masked. Every look at a case is in the chain before its
//! page leaves.

mod contents;
mod file;
pub mod listed;

pub use contents::{Contents, contents};
pub use file::case_file;

use super::overdue::Limits;
use super::place_names;
use super::worklist::{Group, Item, Worklist, unowned, worklist};
use super::{CaseError, Done};
use crate::access::{Access, Acting, Right};
use crate::desk::minute;
use crate::office::Office;
use crate::views::casework::{CaseLine, ClueLine, GroupView, InboxView};
use crate::views::{Tone, Word};
use domain::casework::Outcome;
use domain::{AreaCode, CaseNo, PersonId};
use std::collections::{BTreeMap, HashMap};
use store::cases::{self, CaseRow, CaseState};
use store::identity::Masked;

/// Masked names, names of places, of programmes and of colleagues, for one page.
pub(super) struct Words {
    people: HashMap<PersonId, Masked>,
    places: BTreeMap<AreaCode, String>,
    programmes: BTreeMap<String, String>,
    colleagues: BTreeMap<String, String>,
}

impl Words {
    pub(super) async fn of(
        office: &Office,
        people: &[PersonId],
        places: &[AreaCode],
    ) -> Done<Self> {
        let today = office.clock.today();
        let store = &office.store;
        let program = office.rules_on(today);
        let files = program.files.iter();
        let users = store::users::list(store).await?;
        Ok(Self {
            people: store::identity::masked(store, people).await?,
            places: place_names(office, places.iter().copied(), today).await?,
            programmes: files.map(|f| (f.id.clone(), f.title.clone())).collect(),
            colleagues: users.into_iter().map(|u| (u.login, u.name)).collect(),
        })
    }

    pub(super) fn person(&self, person: PersonId) -> String {
        let name = self.people.get(&person).and_then(|m| m.name.clone());
        name.unwrap_or_else(|| "姓名未登记".to_owned())
    }

    fn number(&self, person: PersonId) -> String {
        let number = self.people.get(&person).and_then(|m| m.id_number.clone());
        number.unwrap_or_else(|| "没有身份证号".to_owned())
    }

    pub(super) fn place(&self, place: &AreaCode) -> String {
        let name = self.places.get(place);
        name.map_or_else(|| place.as_str().to_owned(), Clone::clone)
    }

    pub(super) fn programme(&self, id: &str) -> String {
        let title = self.programmes.get(id);
        title.map_or_else(|| id.to_owned(), Clone::clone)
    }

    fn colleague(&self, login: &str) -> String {
        match self.colleagues.get(login) {
            Some(name) => format!("{name}({login})"),
            None if login == "system" => "系统".to_owned(),
            None if login.starts_with("resident:") || login.starts_with("person:") => {
                "居民本人".to_owned()
            }
            None => login.to_owned(),
        }
    }

    fn line(&self, item: &Item) -> CaseLine {
        CaseLine {
            no: item.case.get(),
            title: self.programme(&item.programme),
            applicant: self.person(item.applicant),
            place: self.place(&item.area),
            step: item.step.clone(),
            since: item.since.to_string(),
            due: due_words(item),
            group: group_word(item.group),
            marks: split(&item.marks),
            owner: match item.owner.as_str() {
                "" => String::new(),
                login => self.colleague(login),
            },
        }
    }

    fn row(&self, row: &CaseRow) -> CaseLine {
        let current = &row.current;
        CaseLine {
            no: row.no.get(),
            title: self.programme(&row.content.programme),
            applicant: self.person(row.content.applicant),
            place: self.place(&current.area),
            step: current.step.clone(),
            since: current.since.to_string(),
            due: current
                .due
                .map_or_else(|| "—".to_owned(), |due| due.to_string()),
            group: state_word(row),
            marks: split(&current.marks),
            owner: String::new(),
        }
    }
}

fn split(marks: &str) -> Vec<String> {
    let parts = marks.split('、').filter(|mark| !mark.is_empty());
    parts.map(str::to_owned).collect()
}

fn word(text: impl Into<String>, tone: Tone) -> Word {
    Word {
        text: text.into(),
        tone,
    }
}

fn group_word(group: Group) -> Word {
    let tone = match group {
        Group::Overdue => Tone::Urgent,
        Group::DueToday | Group::PauseOver | Group::NoticeOver | Group::SentBack => Tone::Notice,
        Group::Ready | Group::Notice => Tone::Calm,
        Group::Paused => Tone::Unknown,
    };
    word(group.name(), tone)
}

fn state_word(row: &CaseRow) -> Word {
    let outcome = row.current.outcome.as_deref().and_then(Outcome::from_word);
    match (row.state, outcome) {
        (CaseState::Open, _) => word("在办", Tone::Calm),
        (CaseState::Closed, Some(outcome)) => outcome_word(outcome),
        (CaseState::Closed, None) => word("办结", Tone::Good),
    }
}

fn outcome_word(outcome: Outcome) -> Word {
    let tone = match outcome {
        Outcome::Granted | Outcome::Done => Tone::Good,
        Outcome::Refused | Outcome::Ended => Tone::Notice,
        Outcome::Withdrawn | Outcome::Joined => Tone::Calm,
    };
    word(outcome.name(), tone)
}

fn due_words(item: &Item) -> String {
    if !item.paused.is_empty() {
        return format!("暂停:{}", item.paused);
    }
    match (item.due, item.no_calendar) {
        (Some(due), _) => due.to_string(),
        (None, Some(year)) => format!("缺少{year}年工作日历"),
        (None, None) => "不限".to_owned(),
    }
}

/// The work list of somebody, one group or all, with the clues and, for overseers, what nobody has.
///
/// # Errors
/// No right, or the record.
pub async fn inbox(access: &Access, who: &Acting, group: Option<Group>) -> Done<InboxView> {
    let office = access.office();
    let list = worklist(access, who).await?;
    let clues = match who.may(Right::CLUE_REPORT) {
        true => super::open_clues(office, who).await?,
        false => Vec::new(),
    };
    let oversees = who.may(Right::CASE_OVERSEE);
    let (nobodys, late) = match oversees {
        true => unowned(access, who).await?,
        false => (Worklist::default(), Worklist::default()),
    };
    let shown = list
        .items
        .iter()
        .filter(|item| group.is_none_or(|group| item.group == group));
    let shown: Vec<&Item> = shown.collect();
    let all = || {
        shown
            .iter()
            .copied()
            .chain(&nobodys.items)
            .chain(&late.items)
    };
    let mut people: Vec<PersonId> = all().map(|item| item.applicant).collect();
    let mut places: Vec<AreaCode> = all().map(|item| item.area).collect();
    people.extend(clues.iter().map(|clue| clue.content.person));
    places.extend(clues.iter().map(|clue| clue.content.area));
    let words = Words::of(office, &people, &places).await?;
    let groups = Group::ALL.into_iter().map(|one| GroupView {
        code: one.code(),
        word: group_word(one),
        count: list.count(one),
        chosen: group == Some(one),
    });
    let mut unread = unread(office, &shown).await?;
    let mut rows: Vec<CaseLine> = Vec::new();
    for item in &shown {
        let mut line = words.line(item);
        line.marks.extend(unread.remove(&item.case));
        rows.push(line);
    }
    let today = office.clock.today();
    let limits = Limits::of(office);
    Ok(InboxView {
        groups: groups
            .filter(|group| group.count > 0 || group.chosen)
            .collect(),
        rows,
        total: list.items.len(),
        more: list.more,
        clues: clues
            .iter()
            .map(|clue| ClueLine {
                no: clue.no,
                person: words.person(clue.content.person),
                person_id: clue.content.person.get(),
                place: words.place(&clue.content.area),
                text: clue.content.text.clone(),
                at: minute(&clue.at),
                urgent: clue.content.urgent,
                due: limits.of_clue(clue).map(|due| Word::due(Some(due), today)),
            })
            .collect(),
        unowned: nobodys.items.iter().map(|item| words.line(item)).collect(),
        late: late.items.iter().map(|item| words.line(item)).collect(),
        oversees,
        accepts: who.may(Right::CASE_ACCEPT),
    })
}

/// The marks of those whose applicants agreed to read the letter that is to be handed over now. Agreements are asked
/// for once, and a case is opened only where its step hands a letter over.
async fn unread(office: &Office, shown: &[&Item]) -> Done<BTreeMap<CaseNo, String>> {
    let store = &office.store;
    let handing = shown.iter().filter(|item| item.hands_over);
    let handing: Vec<CaseNo> = handing.map(|item| item.case).collect();
    let mut marks = BTreeMap::new();
    for no in store::decisions::agreed_to_read(store, &handing).await? {
        if let Some(case) = super::read(office, store, no).await?
            && let Some(wait) = super::online::waits(office, store, &case).await?
        {
            marks.insert(no, wait.mark().to_owned());
        }
    }
    Ok(marks)
}

/// All cases within somebody's places, newest first, before a number; with the number to go on before, where
/// there are more.
///
/// # Errors
/// No right, or the record.
pub async fn all_cases(
    office: &Office,
    who: &Acting,
    before: Option<i64>,
    limit: u32,
) -> Done<(Vec<CaseLine>, Option<i64>)> {
    let (rows, next) = some_cases(office, who, (before, limit), |_| true).await?;
    let people: Vec<PersonId> = rows.iter().map(|row| row.content.applicant).collect();
    let places: Vec<AreaCode> = rows.iter().map(|row| row.current.area).collect();
    let words = Words::of(office, &people, &places).await?;
    Ok((rows.iter().map(|row| words.row(row)).collect(), next))
}

/// Those of them that are wanted, as the record keeps them. Where few are, a page may be short of rows and
/// still have another behind it.
pub(super) async fn some_cases(
    office: &Office,
    who: &Acting,
    (before, limit): (Option<i64>, u32),
    wanted: impl Fn(&CaseRow) -> bool,
) -> Done<(Vec<CaseRow>, Option<i64>)> {
    /// Rows that are looked at for one page at the most.
    const READ_MAX: usize = 2_000;
    let scope = who.scope(Right::CASE)?;
    let page = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut next = Some(before.unwrap_or(i64::MAX));
    let mut rows: Vec<CaseRow> = Vec::new();
    let mut looked = 0_usize;
    // What is kept from the viewer takes no place on the page, so it is read on until the page is full.
    while let Some(before) = next.filter(|_| rows.len() < page && looked < READ_MAX) {
        let mut read = Vec::new();
        for place in scope.each_place() {
            read.extend(cases::list(&office.store, place.as_ref(), before, limit).await?);
        }
        read.sort_by_key(|row| std::cmp::Reverse(row.no));
        read.truncate(page);
        looked = looked.saturating_add(read.len());
        let full = read.len() >= page;
        next = read.last().filter(|_| full).map(|row| row.no.get());
        for row in read {
            let content = &row.content;
            let near = who.is_kept_from_person(content.applicant)
                || content.household.is_some_and(|home| who.is_kept_from(home));
            match (near || !wanted(&row), rows.len() < page) {
                (true, _) => {}
                (false, true) => rows.push(row),
                (false, false) => {
                    next = rows.last().map(|row| row.no.get());
                    break;
                }
            }
        }
    }
    Ok((rows, next))
}

/// A case number out of an address.
///
/// # Errors
/// It is none.
pub fn case_no(text: &str) -> Done<CaseNo> {
    let number = text.trim().trim_start_matches(['№', ' ']).parse();
    let missing = || CaseError::NotFound(format!("没有编号为 `{text}` 的办件;请核对编号"));
    number.map(CaseNo::new).map_err(|_| missing())
}
