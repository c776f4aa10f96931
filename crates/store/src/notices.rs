//! 初审意见, 公示, 异议 and 抽查: what stands between the investigation and the decision.
//!
//! What a notice showed is kept as it was shown. It is found by its days, so that after the last of them
//! nothing answers it; no timer has to remember.

use crate::areas::range;
use crate::at::At;
use crate::digest::of_row;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, words};
use domain::{AreaCode, CaseNo, Day, Fen, Month};

statements! {
    ADD_OPINION = "insert into opinions (opinion_no, case_no, step, result, proposes, amount, because,
            by_login, day, at, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    OPINIONS = "select opinion_no, case_no, step, result, proposes, amount, because, by_login, day, at
        from opinions where case_no = $1 order by opinion_no";
    POST = "insert into notices (notice_no, case_no, opinion_no, step, area, from_day, last_day,
            document, shown, posted_by, at, taken_because, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', $12)";
    NOTICES = "select notice_no, case_no, opinion_no, step, area, from_day, last_day, document, shown,
            posted_by, at, taken_at, taken_because
        from notices where case_no = $1 order by notice_no";
    NOTICE = "select notice_no, case_no, opinion_no, step, area, from_day, last_day, document, shown,
            posted_by, at, taken_at, taken_because
        from notices where notice_no = $1";
    HANGING = "select notice_no, case_no, opinion_no, step, area, from_day, last_day, document, shown,
            posted_by, at, taken_at, taken_because
        from notices
        where from_day <= $1 and last_day >= $1 and taken_at is null and area >= $2 and area < $3
        order by area, notice_no limit $4 offset $5";
    COUNT_HANGING = "select count(*) from notices
        where from_day <= $1 and last_day >= $1 and taken_at is null and area >= $2 and area < $3";
    HANGING_AREAS = "select distinct area from notices
        where from_day <= $1 and last_day >= $1 and taken_at is null order by area";
    TAKE_DOWN = "update notices set taken_at = $1, taken_because = $2
        where notice_no = $3 and taken_at is null";
    OBJECT = "insert into objections (objection_no, case_no, notice_no, channel, text, day, at, told_by,
            state, settled_because, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, 'open', '', $9)";
    OBJECTIONS = "select objection_no, case_no, notice_no, channel, text, day, at, told_by, state,
            settled_by, settled_with, settled_because, settled_at
        from objections where case_no = $1 order by objection_no";
    COUNT_OBJECTIONS = "select count(*) from objections where notice_no = $1 and channel = $2";
    SETTLE = "update objections set state = $1, settled_by = $2, settled_with = $3,
            settled_because = $4, settled_at = $5
        where objection_no = $6 and state = 'open'";
    ADD_SAMPLE = "insert into samples (sample_no, month, programme, seed, share, numbers, at, actor, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    ADD_SAMPLE_CASE = "insert into sample_cases (sample_no, case_no, why) values ($1, $2, $3)";
    SAMPLES = "select sample_no, month, programme, seed, share, numbers, at, actor
        from samples order by sample_no desc";
    SAMPLE_CASES = "select case_no, why from sample_cases where sample_no = $1 order by case_no";
    SAMPLED = "select s.month from sample_cases c join samples s on s.sample_no = c.sample_no
        where c.case_no = $1 order by s.sample_no";
}

words! {
    /// What the rules said.
    RuleResult {
        /// 符合.
        Eligible = "eligible",
        /// 不符合.
        Ineligible = "ineligible",
        /// 待查.
        Pending = "pending",
    }
}

words! {
    /// What an opinion proposes.
    Proposal {
        /// 拟同意.
        Grant = "grant",
        /// 拟不予.
        Refuse = "refuse",
    }
}

words! {
    /// How an objection came.
    ObjectionChannel {
        /// At the window.
        Window = "window",
        /// On the public page.
        Page = "page",
    }
}

words! {
    /// 异议的状态.
    ObjectionState {
        /// Not settled.
        Open = "open",
        /// 属实.
        Upheld = "upheld",
        /// 不属实.
        Dismissed = "dismissed",
    }
}

words! {
    /// Why a case is looked into.
    SampleWhy {
        /// 随机抽中.
        Drawn = "drawn",
        /// 近亲属备案.
        Relative = "relative",
    }
}

/// An opinion to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOpinion {
    /// Of which case.
    pub case: CaseNo,
    /// In which step.
    pub step: String,
    /// What the rules said.
    pub result: RuleResult,
    /// What its writer proposes.
    pub proposes: Proposal,
    /// How much a month, where it is known.
    pub amount: Option<Fen>,
    /// Why.
    pub because: String,
    /// Who.
    pub by: String,
    /// On which day.
    pub day: Day,
}

/// 初审意见.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opinion {
    /// Its number.
    pub no: i64,
    /// What it says.
    pub content: NewOpinion,
    /// When it was written.
    pub at: At,
}

/// A notice to be posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNotice {
    /// Of which case.
    pub case: CaseNo,
    /// The opinion it makes known.
    pub opinion: i64,
    /// In which step.
    pub step: String,
    /// Where it hangs.
    pub area: AreaCode,
    /// From which day.
    pub from: Day,
    /// To which day, that day included.
    pub last: Day,
    /// The letter by whose template it reads.
    pub document: String,
    /// Field and value as shown, as JSON.
    pub shown: String,
    /// Who.
    pub posted_by: String,
}

/// 公示.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its number.
    pub no: i64,
    /// What it is.
    pub content: NewNotice,
    /// When it was posted.
    pub at: At,
    /// When it was taken down before its time, and why.
    pub taken: Option<(At, String)>,
}

/// An objection to be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewObjection {
    /// Against which case.
    pub case: CaseNo,
    /// Against which notice.
    pub notice: i64,
    /// How it came.
    pub channel: ObjectionChannel,
    /// What it says.
    pub text: String,
    /// On which day.
    pub day: Day,
    /// Who took it; the word for nobody by name from the public page.
    pub told_by: String,
}

/// 异议.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// Its number.
    pub no: i64,
    /// What it says.
    pub content: NewObjection,
    /// When it came.
    pub at: At,
    /// Whether it is settled, and how.
    pub state: ObjectionState,
    /// Who settled it.
    pub settled_by: Vec<String>,
    /// Why it was settled so.
    pub settled_because: String,
    /// When.
    pub settled_at: Option<At>,
}

/// A draw to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSample {
    /// Of which month.
    pub month: Month,
    /// Of which programme.
    pub programme: String,
    /// The seed told to everybody.
    pub seed: String,
    /// The share, in hundredths of a percent.
    pub share: u32,
    /// The cases drawn from, as JSON.
    pub numbers: String,
    /// Who.
    pub actor: String,
    /// The cases to be looked into.
    pub cases: Vec<(CaseNo, SampleWhy)>,
}

/// 抽查.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Its number.
    pub no: i64,
    /// What was drawn; its cases stand in [`sample_cases`].
    pub content: NewSample,
    /// When.
    pub at: At,
}

/// Writes an opinion down; answers its number.
pub async fn add_opinion(tx: &mut JournalTx, at: &At, new: &NewOpinion) -> Result<i64> {
    let no = tx.take_numbers("opinion", 1).await?;
    let columns = [
        ("opinion_no", Value::from(no)),
        ("case_no", new.case.get().into()),
        ("step", new.step.as_str().into()),
        ("result", new.result.into()),
        ("proposes", new.proposes.into()),
        ("amount", new.amount.map(Fen::get).into()),
        ("because", new.because.as_str().into()),
        ("by_login", new.by.as_str().into()),
        ("day", new.day.to_string().into()),
        ("at", at.into()),
    ];
    add(tx, ADD_OPINION, "opinions", &columns).await?;
    Ok(no)
}

/// Adds a row whose last column is the digest of the others.
pub(crate) async fn add(
    tx: &JournalTx,
    sql: crate::sql::Sql,
    table: &str,
    columns: &[(&str, Value)],
) -> Result<()> {
    let mut values: Vec<Value> = columns.iter().map(|(_, value)| value.clone()).collect();
    values.push(of_row(table, columns).into());
    tx.execute(sql, values).await?;
    Ok(())
}

/// The opinions of a case, oldest first.
pub async fn opinions(on: &impl Reads, case: CaseNo) -> Result<Vec<Opinion>> {
    let rows = on.rows(OPINIONS, vec![case.get().into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Opinion {
                no: row.int(0)?,
                content: NewOpinion {
                    case: CaseNo::new(row.int(1)?),
                    step: row.text(2)?,
                    result: row.word(3, RuleResult::from_word)?,
                    proposes: row.word(4, Proposal::from_word)?,
                    amount: row.int_opt(5)?.map(Fen::new),
                    because: row.text(6)?,
                    by: row.text(7)?,
                    day: row.day(8)?,
                },
                at: row.at(9)?,
            })
        })
        .collect()
}

/// Posts a notice; answers its number.
pub async fn post(tx: &mut JournalTx, at: &At, new: &NewNotice) -> Result<i64> {
    let no = tx.take_numbers("notice", 1).await?;
    let columns = [
        ("notice_no", Value::from(no)),
        ("case_no", new.case.get().into()),
        ("opinion_no", new.opinion.into()),
        ("step", new.step.as_str().into()),
        ("area", new.area.full().into()),
        ("from_day", new.from.to_string().into()),
        ("last_day", new.last.to_string().into()),
        ("document", new.document.as_str().into()),
        ("shown", new.shown.as_str().into()),
        ("posted_by", new.posted_by.as_str().into()),
        ("at", at.into()),
    ];
    add(tx, POST, "notices", &columns).await?;
    Ok(no)
}

/// The notices of a case, oldest first.
pub async fn of_case(on: &impl Reads, case: CaseNo) -> Result<Vec<Notice>> {
    let rows = on.rows(NOTICES, vec![case.get().into()]).await?;
    rows.iter().map(notice_row).collect()
}

/// One notice.
pub async fn find(on: &impl Reads, no: i64) -> Result<Option<Notice>> {
    let rows = on.rows(NOTICE, vec![no.into()]).await?;
    rows.first().map(notice_row).transpose()
}

/// The notices that hang on a day, in a place and all inside it: so many, past the first ones.
pub async fn hanging(
    on: &impl Reads,
    day: Day,
    area: Option<&AreaCode>,
    (limit, past): (u32, u32),
) -> Result<Vec<Notice>> {
    let (from, below) = range(area);
    let values = vec![
        day.to_string().into(),
        from,
        below,
        limit.into(),
        past.into(),
    ];
    let rows = on.rows(HANGING, values).await?;
    rows.iter().map(notice_row).collect()
}

/// How many hang on a day, in a place and all inside it.
pub async fn count_hanging(on: &impl Reads, day: Day, area: Option<&AreaCode>) -> Result<u64> {
    let (from, below) = range(area);
    let values = vec![day.to_string().into(), from, below];
    let rows = on.rows(COUNT_HANGING, values).await?;
    rows.first()
        .map_or(Ok(0), |row| Ok(crate::value::count(row.int(0)?)))
}

/// Where any hang on a day.
pub async fn hanging_areas(on: &impl Reads, day: Day) -> Result<Vec<AreaCode>> {
    let rows = on.rows(HANGING_AREAS, vec![day.to_string().into()]).await?;
    rows.iter().map(|row| row.area(0)).collect()
}

fn notice_row(row: &Row) -> Result<Notice> {
    let because = row.text(12)?;
    Ok(Notice {
        no: row.int(0)?,
        content: NewNotice {
            case: CaseNo::new(row.int(1)?),
            opinion: row.int(2)?,
            step: row.text(3)?,
            area: row.area(4)?,
            from: row.day(5)?,
            last: row.day(6)?,
            document: row.text(7)?,
            shown: row.text(8)?,
            posted_by: row.text(9)?,
        },
        at: row.at(10)?,
        taken: row.at_opt(11)?.map(|at| (at, because)),
    })
}

/// Takes a notice down before its time.
pub async fn take_down(tx: &mut JournalTx, at: &At, no: i64, because: &str) -> Result<()> {
    let values = vec![at.into(), because.into(), no.into()];
    once(tx.execute(TAKE_DOWN, values).await?, "挂着的公示", no)
}

pub(crate) fn once(changed: u64, what: &'static str, id: i64) -> Result<()> {
    match changed {
        1 => Ok(()),
        _ => Err(StoreError::NotThere { what, id }),
    }
}

/// Takes an objection; answers its number.
pub async fn object(tx: &mut JournalTx, at: &At, new: &NewObjection) -> Result<i64> {
    let no = tx.take_numbers("objection", 1).await?;
    let columns = [
        ("objection_no", Value::from(no)),
        ("case_no", new.case.get().into()),
        ("notice_no", new.notice.into()),
        ("channel", new.channel.into()),
        ("text", new.text.as_str().into()),
        ("day", new.day.to_string().into()),
        ("at", at.into()),
        ("told_by", new.told_by.as_str().into()),
    ];
    add(tx, OBJECT, "objections", &columns).await?;
    Ok(no)
}

/// The objections against a case, oldest first.
pub async fn objections(on: &impl Reads, case: CaseNo) -> Result<Vec<Objection>> {
    let rows = on.rows(OBJECTIONS, vec![case.get().into()]).await?;
    rows.iter()
        .map(|row| {
            let settled = [row.text_opt(9)?, row.text_opt(10)?];
            Ok(Objection {
                no: row.int(0)?,
                content: NewObjection {
                    case: CaseNo::new(row.int(1)?),
                    notice: row.int(2)?,
                    channel: row.word(3, ObjectionChannel::from_word)?,
                    text: row.text(4)?,
                    day: row.day(5)?,
                    told_by: row.text(7)?,
                },
                at: row.at(6)?,
                state: row.word(8, ObjectionState::from_word)?,
                settled_by: settled.into_iter().flatten().collect(),
                settled_because: row.text(11)?,
                settled_at: row.at_opt(12)?,
            })
        })
        .collect()
}

/// How many objections came against a notice one way.
pub async fn count_objections(
    on: &impl Reads,
    notice: i64,
    channel: ObjectionChannel,
) -> Result<u64> {
    let values = vec![notice.into(), channel.into()];
    let rows = on.rows(COUNT_OBJECTIONS, values).await?;
    rows.first()
        .map_or(Ok(0), |row| Ok(crate::value::count(row.int(0)?)))
}

/// Settles an objection, by two persons.
pub async fn settle(
    tx: &mut JournalTx,
    at: &At,
    no: i64,
    state: ObjectionState,
    (by, with): (&str, &str),
    because: &str,
) -> Result<()> {
    let values = vec![
        state.into(),
        by.into(),
        with.into(),
        because.into(),
        at.into(),
        no.into(),
    ];
    once(tx.execute(SETTLE, values).await?, "没有办结的异议", no)
}

/// Keeps a draw; a month and programme are drawn once. Answers its number.
pub async fn add_sample(tx: &mut JournalTx, at: &At, new: &NewSample) -> Result<i64> {
    let no = tx.take_numbers("sample", 1).await?;
    let columns = [
        ("sample_no", Value::from(no)),
        ("month", new.month.to_string().into()),
        ("programme", new.programme.as_str().into()),
        ("seed", new.seed.as_str().into()),
        ("share", i64::from(new.share).into()),
        ("numbers", new.numbers.as_str().into()),
        ("at", at.into()),
        ("actor", new.actor.as_str().into()),
    ];
    add(tx, ADD_SAMPLE, "samples", &columns).await?;
    let row = |(case, why): &(CaseNo, SampleWhy)| vec![no.into(), case.get().into(), (*why).into()];
    let rows = new.cases.iter().map(row).collect();
    tx.execute_each(ADD_SAMPLE_CASE, rows).await?;
    Ok(no)
}

/// All draws, newest first, without their cases.
pub async fn samples(on: &impl Reads) -> Result<Vec<Sample>> {
    let rows = on.rows(SAMPLES, vec![]).await?;
    rows.iter()
        .map(|row| {
            let bad = || StoreError::BadValue {
                what: "抽查".to_owned(),
            };
            Ok(Sample {
                no: row.int(0)?,
                content: NewSample {
                    month: Month::parse(&row.text(1)?).map_err(|_| bad())?,
                    programme: row.text(2)?,
                    seed: row.text(3)?,
                    share: u32::try_from(row.int(4)?).map_err(|_| bad())?,
                    numbers: row.text(5)?,
                    actor: row.text(7)?,
                    cases: Vec::new(),
                },
                at: row.at(6)?,
            })
        })
        .collect()
}

/// The cases of a draw.
pub async fn sample_cases(on: &impl Reads, no: i64) -> Result<Vec<(CaseNo, SampleWhy)>> {
    let rows = on.rows(SAMPLE_CASES, vec![no.into()]).await?;
    let read = |row: &Row| Ok((CaseNo::new(row.int(0)?), row.word(1, SampleWhy::from_word)?));
    rows.iter().map(read).collect()
}

/// The months in whose draw a case is.
pub async fn sampled(on: &impl Reads, case: CaseNo) -> Result<Vec<String>> {
    let rows = on.rows(SAMPLED, vec![case.get().into()]).await?;
    rows.iter().map(|row| row.text(0)).collect()
}
