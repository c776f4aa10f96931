//! 认人: rows of departments' files whose person is in doubt, for those who can find out. An answer is
//! appended with its reason; the row's link is written anew beside the old one, which stays in the
//! lake. Nothing is ever linked here by itself.

use crate::access::{Acting, Right, Scope};
use crate::error::{OfficeError, Result};
use crate::intake::unhex;
use crate::office::Office;
use crate::views::{Tone, ViewError, Word};
use domain::{Month, PersonId};
use engine::{Column, Sheet};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use store::batches::DoubtState;
use store::doubts::{self, Compared, NewAnswer, Question, Verdict};
use store::manifest::{self, LakeFile};
use store::tasks::{self, TaskEnd};
use store::{Act, At, JournalTx, RowId};

/// Rows of one page.
const ROWS_ON_PAGE: u32 = 50;
/// The longest reason that is kept, in characters.
const REASON_CHARS_MAX: usize = 200;

/// A question in the list.
#[derive(Clone, Debug)]
pub struct DoubtRow {
    /// Number of the row, as its address carries it.
    pub row: i64,
    /// The department's list and month, e.g. 医疗费用结算 2026-08.
    pub feed: String,
    /// Line of the file; the header is the first.
    pub number: u32,
    /// The name of the row, masked.
    pub name: String,
    /// What agrees and what does not, in words.
    pub why: String,
    /// How many persons it may be.
    pub candidates: usize,
    /// Where.
    pub place: String,
    /// When it was raised.
    pub raised: String,
}

/// One page of questions.
#[derive(Clone, Debug)]
pub struct DoubtList {
    /// The rows.
    pub rows: Vec<DoubtRow>,
    /// How many questions are open in all.
    pub total: u64,
    /// The key of the page after this one.
    pub next: Option<i64>,
}

/// One part of the two sides.
#[derive(Clone, Debug)]
pub struct PartView {
    /// 姓名, 出生日期 or 证件号.
    pub part: &'static str,
    /// What the row says, masked.
    pub ours: String,
    /// What the record says, masked.
    pub theirs: String,
    /// How they compare.
    pub word: Word,
}

/// Somebody a row may be.
#[derive(Clone, Debug)]
pub struct CandidateView {
    /// The person.
    pub person: i64,
    /// Where they live.
    pub place: String,
    /// 性别, as far as it is known.
    pub sex: &'static str,
    /// The parts side by side.
    pub parts: Vec<PartView>,
}

/// An answer given before.
#[derive(Clone, Debug)]
pub struct PastAnswer {
    /// When, by whom.
    pub when: String,
    /// Who answered.
    pub actor: String,
    /// What was answered.
    pub said: String,
    /// Why.
    pub reason: String,
}

/// One question with its two sides.
#[derive(Clone, Debug)]
pub struct DoubtView {
    /// Its line in the list.
    pub line: DoubtRow,
    /// The batch it came with.
    pub batch: i64,
    /// What else the row says, without name and number.
    pub says: String,
    /// How many rows of other months ask the same and are answered together.
    pub same: usize,
    /// Whom it may be, the likeliest first.
    pub candidates: Vec<CandidateView>,
    /// What was answered before, newest first.
    pub answers: Vec<PastAnswer>,
    /// Whether it is still asked.
    pub open: bool,
}

/// What somebody answers.
#[derive(Clone, Debug, Default)]
pub struct DoubtAnswer {
    /// `same`, `other` or `new`.
    pub verdict: String,
    /// Whose the row is, for `same`.
    pub person: Option<i64>,
    /// Why.
    pub reason: String,
}

type Told<T> = std::result::Result<T, ViewError>;

/// The open questions within somebody's places, after a row (0 for the first page).
///
/// # Errors
/// The right is missing; the record.
pub async fn list(office: &Office, who: &Acting, after: i64) -> Told<DoubtList> {
    let scope = who.scope(Right::DOUBT)?;
    let mut found = Vec::new();
    let mut total = 0_u64;
    let after = Some(RowId::from_get(after));
    for place in places(&scope) {
        let open = DoubtState::Open;
        let store = &office.store;
        found.extend(doubts::list(store, open, place.as_ref(), after, ROWS_ON_PAGE).await?);
        total = total.saturating_add(doubts::count_all(store, open, place.as_ref()).await?);
    }
    found.sort_by_key(|q| q.row);
    found.truncate(usize::try_from(ROWS_ON_PAGE).unwrap_or(usize::MAX));
    // The page goes on after the last row read, whether or not it may be shown.
    let full = u32::try_from(found.len()).is_ok_and(|n| n == ROWS_ON_PAGE);
    let next = found.last().filter(|_| full).map(|q| q.row.get());
    found.retain(|q| !q.candidates.iter().any(|p| who.is_kept_from_person(*p)));
    let words = Words::of(office);
    let mut rows = Vec::new();
    for question in &found {
        rows.push(words.line(question).await?);
    }
    Ok(DoubtList { rows, total, next })
}

/// One question.
///
/// # Errors
/// The right is missing, it is none of theirs, or somebody it asks about is kept from them.
pub async fn one(office: &Office, who: &Acting, row: i64) -> Told<DoubtView> {
    let question = within(office, who, row).await?;
    let words = Words::of(office);
    let store = &office.store;
    let masked = store::identity::masked(store, &question.candidates).await?;
    let persons = store::persons::get_many(store, &question.candidates).await?;
    let mut candidates = Vec::new();
    for person in persons {
        let shown = masked.get(&person.id).cloned().unwrap_or_default();
        let compared = doubts::compare(store, question.row, person.id).await?;
        let none = || "没有".to_owned();
        let day = |day: Option<domain::Day>| day.map(|d| d.to_string());
        let mut number = word(compared.number);
        if let (Compared::Other, Some(n)) = (compared.number, compared.digits) {
            number.text = format!("有 {n} 位不同");
        }
        let part = |part, ours: Option<String>, theirs: Option<String>, word| PartView {
            part,
            ours: ours.filter(|t| !t.is_empty()).unwrap_or_else(none),
            theirs: theirs.unwrap_or_else(none),
            word,
        };
        let (name, birth) = (word(compared.name), word(compared.birth));
        let written = question.masked_number.clone();
        candidates.push(CandidateView {
            person: person.id.get(),
            place: words.place(person.area.or(person.registered_area)).await?,
            sex: person.sex.map_or("不知道", domain::Sex::name),
            parts: vec![
                part("姓名", question.masked_name.clone(), shown.name, name),
                part("出生日期", day(question.birth), day(person.birth), birth),
                part("证件号", written, shown.id_number, number),
            ],
        });
    }
    candidates.sort_by_key(|c| question.candidates.iter().position(|p| p.get() == c.person));
    let same = doubts::list_asked(store, question.asked).await?;
    let answers = doubts::answers_to(store, question.asked).await?;
    let past = |answer: &doubts::Answer| PastAnswer {
        when: crate::desk::minute(&answer.at),
        actor: answer.content.actor.clone(),
        said: match (answer.content.verdict, answer.content.person) {
            (Verdict::Same, Some(person)) => format!("是同一人(人员 {person})"),
            (Verdict::New, Some(person)) => format!("建新(人员 {person})"),
            _ => "都不是".to_owned(),
        },
        reason: answer.content.reason.clone(),
    };
    Ok(DoubtView {
        line: words.line(&question).await?,
        batch: question.row.batch_no(),
        says: words.says(&question).await?,
        same: same.len().saturating_sub(1),
        candidates,
        answers: answers.iter().rev().map(past).collect(),
        open: question.state == DoubtState::Open,
    })
}

/// Answers a question, and with it every row that asks the same. Answers whose the rows now are.
///
/// # Errors
/// The right is missing, it is none of theirs, the answer names nobody it asks about, or the record.
pub async fn answer(
    office: &Office,
    who: &Acting,
    row: i64,
    said: &DoubtAnswer,
) -> Told<Option<PersonId>> {
    let question = within(office, who, row).await?;
    let wrong = |said: &str| ViewError::NotAnswerable(said.to_owned());
    let verdict = Verdict::from_word(&said.verdict);
    let verdict = verdict.ok_or_else(|| wrong("请选一项:是同一人、都不是,或者建新"))?;
    let reason = said.reason.trim();
    if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX {
        return Err(wrong("请写明理由,二百字以内,如:已打电话向单位核实"));
    }
    crate::casework::without_numbers(reason)?;
    let chosen = said.person.map(PersonId::new);
    if verdict == Verdict::Same && !chosen.is_some_and(|p| question.candidates.contains(&p)) {
        return Err(wrong("请选是哪一个人"));
    }
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    let person = match verdict {
        Verdict::Same => chosen,
        Verdict::Other => None,
        Verdict::New => {
            // The same form sent twice, or the same question asked again, is one new person.
            let earlier = doubts::answers_to(&tx, question.asked).await?;
            let mut made = earlier.iter().rev();
            let made = made.find(|a| a.content.verdict == Verdict::New);
            match made.and_then(|a| a.content.person) {
                Some(known) => Some(known),
                None => {
                    let today = office.clock.today();
                    Some(doubts::found(&mut tx, &at, question.row, question.area, today).await?)
                }
            }
        }
    };
    if let (Verdict::Same, Some(person)) = (verdict, person) {
        let today = office.clock.today();
        doubts::adopt_number(&mut tx, &at, question.row, person, today).await?;
    }
    let new = NewAnswer {
        asked: question.asked,
        row: question.row,
        verdict,
        person,
        candidates: question.candidates.clone(),
        actor: who.login().to_owned(),
        reason: reason.to_owned(),
    };
    let number = doubts::answer(&mut tx, &at, &new).await?;
    let mut all = doubts::list_asked(&tx, question.asked).await?;
    let scope = who.scope(Right::DOUBT)?;
    all.retain(|q| {
        let about = q.candidates.iter().all(|c| question.candidates.contains(c));
        about && scope.contains(&q.area)
    });
    relink(office, &mut tx, &at, &all, person).await?;
    for one in &all {
        doubts::settle(&mut tx, &at, one, person).await?;
    }
    close_tasks(&mut tx, &at, who, &all).await?;
    tx.record(
        Act::new(&at, who.login(), "doubt.answer")
            .on("row", row)
            .because(reason)
            .under(format!("answer:{number} {}", verdict.word())),
    );
    tx.commit().await?;
    crate::audit::keep(office).await?;
    Ok(person)
}

/// A question somebody may answer: within their places, and about nobody they are kept from.
async fn within(office: &Office, who: &Acting, row: i64) -> Told<Question> {
    let scope = who.scope(Right::DOUBT)?;
    let found = doubts::find(&office.store, RowId::from_get(row)).await?;
    let found = found.filter(|q| scope.contains(&q.area));
    let missing = || ViewError::NotFound(format!("没有编号为 {row} 的待认人记录;请从清单里打开"));
    let question = found.ok_or_else(missing)?;
    let kept = |p: &PersonId| who.is_kept_from_person(*p);
    if question.candidates.iter().any(kept) {
        return Err(ViewError::kept_from());
    }
    Ok(question)
}

/// The places of a scope; one that is everywhere stands for all.
fn places(scope: &Scope) -> Vec<Option<domain::AreaCode>> {
    match scope.places() {
        None => vec![None],
        Some(places) => places.iter().copied().map(Some).collect(),
    }
}

/// Writes the links of the batches anew with the answer in them; the files before stay in the lake,
/// out of use.
async fn relink(
    office: &Office,
    tx: &mut JournalTx,
    at: &At,
    rows: &[Question],
    person: Option<PersonId>,
) -> Result<()> {
    let mut batches: BTreeMap<i64, Vec<&Question>> = BTreeMap::new();
    for question in rows {
        let of_batch = batches.entry(question.row.batch_no()).or_default();
        of_batch.push(question);
    }
    for (batch, questions) in batches {
        let Some(first) = questions.first() else {
            continue;
        };
        let kind = format!("link-{}", first.feed);
        let files = manifest::list(tx, &kind, first.month).await?;
        let cause = batch.to_string();
        // A file of the lake may hold a part of a batch only.
        for file in files.iter().filter(|f| f.cause == cause) {
            let sheet = office.lake.read(&file.path)?;
            let ids: Vec<i64> = questions.iter().map(|q| q.row.get()).collect();
            let Some(sheet) = linked_anew(sheet, &ids, person) else {
                continue;
            };
            let written = office.lake.write(&kind, file.month, &file.county, &sheet)?;
            manifest::supersede(tx, &file.path).await?;
            let anew = LakeFile {
                path: written.path,
                rows: written.rows,
                digest: unhex(&written.sha256),
                ..file.clone()
            };
            manifest::append(tx, &[anew], at).await?;
        }
    }
    Ok(())
}

/// The same links with the person of some rows; none when none of the rows is there.
fn linked_anew(sheet: Sheet, rows: &[i64], person: Option<PersonId>) -> Option<Sheet> {
    let ids = sheet.ints("row_id");
    let there: Vec<bool> = ids
        .iter()
        .map(|id| id.is_some_and(|id| rows.contains(&id)))
        .collect();
    if !there.contains(&true) {
        return None;
    }
    let columns = sheet.columns.into_iter().map(|(name, column)| {
        let column = match (name.as_str(), column) {
            ("person_id", Column::Int(persons)) => {
                let of = |(there, was): (&bool, Option<i64>)| {
                    if *there { person.map(|p| p.get()) } else { was }
                };
                Column::Int(there.iter().zip(persons).map(of).collect())
            }
            (_, column) => column,
        };
        (name, column)
    });
    Some(Sheet {
        columns: columns.collect(),
    })
}

/// Tasks that ask nothing more are done.
async fn close_tasks(tx: &mut JournalTx, at: &At, who: &Acting, rows: &[Question]) -> Result<()> {
    let mut asked: Vec<_> = rows.iter().filter_map(|q| q.task).collect();
    asked.sort_unstable();
    asked.dedup();
    for task in asked {
        let found = tasks::find(tx, task).await?;
        let open = found.is_some_and(|t| t.state == tasks::TaskState::Open);
        if open && doubts::count_of_task(tx, task).await? == 0 {
            tasks::close(tx, at, who.login(), task, TaskEnd::Done, "已认人").await?;
        }
    }
    Ok(())
}

/// What agrees and what does not, in words.
pub(crate) fn why(question: &Question) -> &'static str {
    match (question.number, question.name) {
        (Compared::Same, Compared::Other) => "证件号一致,姓名不一致",
        (Compared::Same, Compared::Same | Compared::Missing) => "同一个证件号有几个人在用",
        (Compared::Other, _) => "姓名、出生日期、地区一致,证件号不一致",
        (Compared::Missing, _) => "姓名、出生日期、地区一致,证件号没有或者写坏了",
    }
}

fn word(compared: Compared) -> Word {
    let (text, tone) = match compared {
        Compared::Same => ("一致", Tone::Good),
        Compared::Other => ("不一致", Tone::Notice),
        Compared::Missing => ("有一边没有", Tone::Unknown),
    };
    Word {
        text: text.to_owned(),
        tone,
    }
}

/// What turns records into words.
struct Words<'a> {
    office: &'a Office,
    /// Titles of the feeds by month: the rules of a day are put together once, not for every row.
    titles: Mutex<HashMap<Month, HashMap<String, String>>>,
}

impl<'a> Words<'a> {
    fn of(office: &'a Office) -> Self {
        Self {
            office,
            titles: Mutex::default(),
        }
    }

    /// What a feed was called in a month.
    fn title(&self, feed: &str, month: Month) -> String {
        let mut titles = self.titles.lock().unwrap_or_else(PoisonError::into_inner);
        let of_month = titles.entry(month).or_insert_with(|| {
            let feeds = self.office.program_of(month).feeds;
            feeds
                .iter()
                .map(|f| (f.id.clone(), f.title.clone()))
                .collect()
        });
        of_month
            .get(feed)
            .map_or_else(|| feed.to_owned(), Clone::clone)
    }

    async fn line(&self, question: &Question) -> Told<DoubtRow> {
        let title = self.title(&question.feed, question.month);
        Ok(DoubtRow {
            row: question.row.get(),
            feed: format!("{title} {}", question.month),
            // The header is the first line of the file.
            number: question.row.row_no().saturating_add(1),
            name: question
                .masked_name
                .clone()
                .unwrap_or_else(|| "没有姓名".to_owned()),
            why: why(question).to_owned(),
            candidates: question.candidates.len(),
            place: self.place(Some(question.area)).await?,
            raised: crate::desk::minute(&question.raised_at),
        })
    }

    async fn place(&self, area: Option<domain::AreaCode>) -> Told<String> {
        let Some(area) = area else {
            return Ok("没有登记".to_owned());
        };
        let today = self.office.clock.today();
        let found = store::areas::find(&self.office.store, &area, today).await?;
        Ok(found.map_or_else(|| area.full().to_owned(), |area| area.name))
    }

    /// What the row says besides name and number.
    async fn says(&self, question: &Question) -> Told<String> {
        let program = self.office.program_of(question.month);
        let gone = || "这一行的内容不在本机".to_owned();
        let Some(feed) = program.feeds.iter().find(|f| f.id == question.feed) else {
            return Ok(gone());
        };
        let kind = format!("row-{}", question.feed);
        let files = manifest::list(&self.office.store, &kind, question.month).await?;
        let cause = question.row.batch_no().to_string();
        for file in files.iter().filter(|f| f.cause == cause) {
            let lake = self.office.lake.clone();
            let path = file.path.clone();
            let read = tokio::task::spawn_blocking(move || lake.read(&path)).await;
            let sheet = read.map_err(|e| OfficeError::Other(e.to_string()))??;
            let wanted = Some(question.row.get());
            let at = sheet.ints("row_id").iter().position(|id| *id == wanted);
            if let Some(at) = at {
                return Ok(crate::desk::row_words(&program, feed, &sheet, at));
            }
        }
        Ok(gone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_changes_the_links_of_its_rows_and_of_no_other() {
        let ints = |v: &[i64]| Column::Int(v.iter().map(|n| (*n > 0).then_some(*n)).collect());
        let sheet = || Sheet {
            columns: vec![
                ("row_id".to_owned(), ints(&[11, 12, 13])),
                ("person_id".to_owned(), ints(&[1, 0, 3])),
                ("target_id".to_owned(), ints(&[0, 9, 0])),
            ],
        };
        let told = |rows: &[i64], person: Option<i64>| {
            let anew = linked_anew(sheet(), rows, person.map(PersonId::new))?;
            let persons = anew.ints("person_id").to_vec();
            assert_eq!(anew.ints("target_id"), sheet().ints("target_id"));
            Some(persons)
        };
        assert_eq!(told(&[12], Some(7)), Some(vec![Some(1), Some(7), Some(3)]));
        assert_eq!(told(&[12, 13], None), Some(vec![Some(1), None, None]));
        assert_eq!(told(&[99], Some(7)), None);
    }
}
