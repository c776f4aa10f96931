//! 后续: which help a case after the decision is about, what was decided in it and when that took effect, when
//! each household was looked at and visited last, and what was found of workers' work.
//!
//! A decision is effective only with its delivery; the database refuses one that takes away without reasons,
//! remedy and a hearing.

use crate::areas::range;
use crate::at::At;
use crate::digest::of_row;
use crate::error::{Result, StoreError};
use crate::notices::{add, once};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, words};
use domain::{AreaCode, CaseNo, Day, Fen, HouseholdId, Month};

mod findings;

pub use crate::decisions::DeliveryWay;
pub use crate::entitlements::{Cause, Subject, SubjectKind};
pub(crate) use findings::STATEMENTS as FINDING_STATEMENTS;
pub use findings::{GoodFaith, WorkFinding, add_finding, findings};

macro_rules! decisions {
    ($rest:literal) => {
        concat!(
            "select after_decision_no, case_no, entitlement_id, step, kind, day, before_amount, after_amount,
                from_month, last_month, reasons, articles, remedy, looked_by, hearing_no, no_hearing,
                decider, capsule, at, state, delivered_day, delivered_way, delivered_to, delivered_by,
                effective_from, recovery_id, read_at
            from after_decisions ",
            $rest
        )
    };
}

statements! {
    ADD = "insert into after_cases (case_no, purpose, entitlement_id, recovery_id, cause_kind, cause_id, at,
            actor)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
    OF_CASE = "select case_no, purpose, entitlement_id, recovery_id, cause_kind, cause_id, at, actor
        from after_cases where case_no = $1";
    OF_RECOVERY = "select case_no, purpose, entitlement_id, recovery_id, cause_kind, cause_id, at, actor
        from after_cases where recovery_id = $1";
    OF_ENTITLEMENT = "select case_no, purpose, entitlement_id, recovery_id, cause_kind, cause_id, at, actor
        from after_cases where entitlement_id = $1 order by case_no";
    OF_CAUSE = "select case_no, purpose, entitlement_id, recovery_id, cause_kind, cause_id, at, actor
        from after_cases where cause_kind = $1 and cause_id = $2 order by case_no";
    LIST = "select a.case_no, a.purpose, a.entitlement_id, a.recovery_id, a.cause_kind, a.cause_id, a.at,
            a.actor
        from after_cases a join cases c on c.case_no = a.case_no
        where c.state = 'open' and c.area >= $1 and c.area < $2 and a.purpose = $3
        order by coalesce(c.due, '9999'), a.case_no limit $4";
    DECIDE = "insert into after_decisions (after_decision_no, case_no, entitlement_id, step, kind, day,
            before_amount, after_amount, from_month, last_month, reasons, articles, remedy, looked_by,
            hearing_no, no_hearing, decider, capsule, at, state, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
            'signed', $20)";
    FIND = decisions!("where after_decision_no = $1");
    DIGEST = "select digest from after_decisions where after_decision_no = $1";
    DECISIONS = decisions!("where case_no = $1 order by after_decision_no");
    DECISIONS_OF_ENTITLEMENT = decisions!("where entitlement_id = $1 order by after_decision_no");
    EFFECT = "update after_decisions set state = 'effective', delivered_day = $1, delivered_way = $2,
            delivered_to = $3, delivered_by = $4, effective_from = $5, recovery_id = $6,
            read_at = $7
        where after_decision_no = $8 and state = 'signed'";
    REPLACE = "update after_decisions set state = 'replaced'
        where after_decision_no = $1 and state <> 'replaced'";
    // The day a subject was looked at last in a programme: the day its newest review came to its end, or its
    // newest decision. A review that was closed early looked at nobody.
    LOOKED = "select c.programme, c.subject_kind, c.subject_id, max(e.day)
        from cases c
        join case_events e on e.case_no = c.case_no and e.seq = c.last_seq
        left join after_cases a on a.case_no = c.case_no
        where c.state = 'closed'
          and ((a.purpose = 'review' and c.outcome in ('done', 'granted', 'refused'))
            or (a.case_no is null and c.outcome = 'granted'))
        group by c.programme, c.subject_kind, c.subject_id";
    // What the newest closed review of a subject told of it.
    TOLD = "select c.programme, c.subject_kind, c.subject_id, e.name, e.outcome
        from case_events e join cases c on c.case_no = e.case_no
        join after_cases a on a.case_no = c.case_no
        where e.kind = 'circumstance' and a.purpose = 'review'
        order by e.case_no, e.seq";
    ANSWERED = "select v.household_id, a.fact, coalesce(a.person_id, 0), a.value
        from visit_answers a join visits v on v.visit_no = a.visit_no
        where v.household_id is not null and a.fact = $1 and v.outcome <> 'not-met'
        order by a.answer_no";
    VISITED = "select household_id, max(done_day) from visits
        where state = 'done' and outcome <> 'not-met'
          and household_id in (select household_id from entitlement where area >= $1 and area < $2)
        group by household_id";
    RECOVERIES = "select r.recovery_id, r.entitlement_id from recovery r
        left join after_cases a on a.recovery_id = r.recovery_id
        join entitlement e on e.entitlement_id = r.entitlement_id
        where r.state = 'open' and a.case_no is null and e.area >= $1 and e.area < $2 and r.recovery_id > $3
        order by r.recovery_id limit $4";
    // Everything somebody did to cases of a place within some days.
    WORKED = "select distinct e.case_no from case_events e join cases c on c.case_no = e.case_no
        where e.actor = $1 and e.day >= $2 and e.day <= $3 and c.area >= $4 and c.area < $5
        order by e.case_no limit $6";
    WORKERS = "select distinct e.actor from case_events e join cases c on c.case_no = e.case_no
        where e.day >= $1 and e.day <= $2 and c.area >= $3 and c.area < $4 order by e.actor";
}

words! {
    /// What a case after the decision is for.
    AfterPurpose {
        /// 核查.
        Review = "review",
        /// 变更.
        Change = "change",
        /// 渐退.
        GradualExit = "gradual-exit",
        /// 停发.
        Ending = "ending",
        /// 追回.
        Recovery = "recovery",
    }
}

words! {
    /// What was decided.
    AfterKind {
        /// 维持不变.
        Kept = "kept",
        /// 增发.
        Raised = "raised",
        /// 恢复: what was to end, or has ended, goes on.
        Restored = "restored",
        /// 减发.
        Cut = "cut",
        /// 渐退.
        Exit = "exit",
        /// 停发.
        Stopped = "stopped",
        /// 追回.
        Recover = "recover",
    }
}

words! {
    /// How far a decision has come.
    AfterState {
        /// 已签署,没有送达.
        Signed = "signed",
        /// 已送达,生效.
        Effective = "effective",
        /// 被后来的决定代替.
        Replaced = "replaced",
    }
}

/// Which help a case is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAfter {
    /// The case.
    pub case: CaseNo,
    /// What it is for.
    pub purpose: AfterPurpose,
    /// Which help.
    pub entitlement: i64,
    /// Which recovery.
    pub recovery: Option<i64>,
    /// What it came from: due, warning, case, recovery or act.
    pub cause: Cause,
    /// Who opened it.
    pub actor: String,
}

/// What somebody decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAfterDecision {
    /// In which case.
    pub case: CaseNo,
    /// About which help.
    pub entitlement: i64,
    /// In which step.
    pub step: String,
    /// What.
    pub kind: AfterKind,
    /// On which day.
    pub day: Day,
    /// How much a month before.
    pub before: Fen,
    /// How much a month after, or how much is to come back; none for nothing.
    pub after: Option<Fen>,
    /// From which month; of a stop, the first month not paid.
    pub from: Option<Month>,
    /// To which month.
    pub last: Option<Month>,
    /// Every reason, one a line.
    pub reasons: String,
    /// The articles, one a line.
    pub articles: String,
    /// How to ask for review or sue.
    pub remedy: String,
    /// Who looked into it.
    pub looked_by: String,
    /// The hearing it follows, or why the rules spare it.
    pub heard: std::result::Result<i64, String>,
    /// Who decided.
    pub decider: String,
    /// Facts, rules and explanation; empty where no rule was asked.
    pub capsule: String,
}

/// How a decision was handed over and from when it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// On which day.
    pub day: Day,
    /// How.
    pub way: DeliveryWay,
    /// To whom, as a word and never a name.
    pub receiver: String,
    /// Who handed it over.
    pub by: String,
    /// From which month it holds.
    pub from: Option<Month>,
    /// What was opened because of it.
    pub recovery: Option<i64>,
    /// The moment it was read, where reading was the delivery.
    pub read_at: Option<At>,
}

/// 处理决定.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AfterDecision {
    /// Its number.
    pub no: i64,
    /// What it says.
    pub content: NewAfterDecision,
    /// When it was signed.
    pub at: At,
    /// How far it has come.
    pub state: AfterState,
    /// How it was handed over.
    pub effect: Option<Effect>,
}

/// Writes down which help a case is about.
pub async fn add_case(tx: &mut JournalTx, at: &At, new: &NewAfter) -> Result<()> {
    let values = vec![
        new.case.get().into(),
        new.purpose.into(),
        new.entitlement.into(),
        new.recovery.into(),
        new.cause.kind.as_str().into(),
        new.cause.id.as_str().into(),
        at.into(),
        new.actor.as_str().into(),
    ];
    tx.execute(ADD, values).await?;
    Ok(())
}

/// Which help a case is about; none for a case that leads to a first decision.
pub async fn of_case(on: &impl Reads, case: CaseNo) -> Result<Option<NewAfter>> {
    let rows = on.rows(OF_CASE, vec![case.get().into()]).await?;
    rows.first().map(after).transpose()
}

/// The case of a recovery.
pub async fn of_recovery(on: &impl Reads, recovery: i64) -> Result<Option<NewAfter>> {
    let rows = on.rows(OF_RECOVERY, vec![recovery.into()]).await?;
    rows.first().map(after).transpose()
}

/// The cases about some help, oldest first.
pub async fn of_entitlement(on: &impl Reads, entitlement: i64) -> Result<Vec<NewAfter>> {
    let rows = on.rows(OF_ENTITLEMENT, vec![entitlement.into()]).await?;
    rows.iter().map(after).collect()
}

/// The cases something led to, oldest first.
pub async fn of_cause(on: &impl Reads, cause: &Cause) -> Result<Vec<NewAfter>> {
    let values = vec![cause.kind.as_str().into(), cause.id.as_str().into()];
    let rows = on.rows(OF_CAUSE, values).await?;
    rows.iter().map(after).collect()
}

/// The open cases of a purpose in a place and all inside it, the first due first.
pub async fn list_open(
    on: &impl Reads,
    area: Option<&AreaCode>,
    purpose: AfterPurpose,
    limit: u32,
) -> Result<Vec<NewAfter>> {
    let (from, below) = range(area);
    let values = vec![from, below, purpose.into(), limit.into()];
    let rows = on.rows(LIST, values).await?;
    rows.iter().map(after).collect()
}

/// Keeps a decision; answers its number.
pub async fn decide(tx: &mut JournalTx, at: &At, new: &NewAfterDecision) -> Result<i64> {
    let no = tx.take_numbers("after_decision", 1).await?;
    add(tx, DECIDE, "after_decisions", &columns(no, at, new)).await?;
    Ok(no)
}

/// What the digest of a decision covers: all that was signed.
fn columns(no: i64, at: &At, new: &NewAfterDecision) -> Vec<(&'static str, Value)> {
    let (hearing, spared) = match &new.heard {
        Ok(no) => (Some(*no), String::new()),
        Err(why) => (None, why.clone()),
    };
    vec![
        ("after_decision_no", Value::from(no)),
        ("case_no", new.case.get().into()),
        ("entitlement_id", new.entitlement.into()),
        ("step", new.step.as_str().into()),
        ("kind", new.kind.into()),
        ("day", new.day.to_string().into()),
        ("before_amount", new.before.get().into()),
        ("after_amount", new.after.map(Fen::get).into()),
        ("from_month", new.from.map(|m| m.to_string()).into()),
        ("last_month", new.last.map(|m| m.to_string()).into()),
        ("reasons", new.reasons.as_str().into()),
        ("articles", new.articles.as_str().into()),
        ("remedy", new.remedy.as_str().into()),
        ("looked_by", new.looked_by.as_str().into()),
        ("hearing_no", hearing.into()),
        ("no_hearing", spared.into()),
        ("decider", new.decider.as_str().into()),
        ("capsule", new.capsule.as_str().into()),
        ("at", at.into()),
    ]
}

/// Whether a decision is, byte for byte, what was signed.
pub async fn is_whole(on: &impl Reads, no: i64) -> Result<bool> {
    let rows = on.rows(DIGEST, vec![no.into()]).await?;
    let (Some(row), Some(kept)) = (rows.first(), find(on, no).await?) else {
        return Ok(false);
    };
    let digest = of_row("after_decisions", &columns(no, &kept.at, &kept.content));
    Ok(row.bytes(0)?.as_slice() == digest)
}

/// One decision.
pub async fn find(on: &impl Reads, no: i64) -> Result<Option<AfterDecision>> {
    let rows = on.rows(FIND, vec![no.into()]).await?;
    rows.first().map(decision).transpose()
}

/// The decisions of a case, oldest first.
pub async fn decisions(on: &impl Reads, case: CaseNo) -> Result<Vec<AfterDecision>> {
    let rows = on.rows(DECISIONS, vec![case.get().into()]).await?;
    rows.iter().map(decision).collect()
}

/// The decisions about some help, oldest first.
pub async fn decisions_of(on: &impl Reads, entitlement: i64) -> Result<Vec<AfterDecision>> {
    let rows = on
        .rows(DECISIONS_OF_ENTITLEMENT, vec![entitlement.into()])
        .await?;
    rows.iter().map(decision).collect()
}

/// A decision was handed over and holds from now on.
pub async fn effect(tx: &mut JournalTx, no: i64, effect: &Effect) -> Result<()> {
    let values = vec![
        effect.day.to_string().into(),
        effect.way.kept().into(),
        effect.receiver.as_str().into(),
        effect.by.as_str().into(),
        effect.from.map(|month| month.to_string()).into(),
        effect.recovery.into(),
        effect.read_at.as_ref().map(At::as_str).into(),
        no.into(),
    ];
    once(tx.execute(EFFECT, values).await?, "待送达的决定", no)
}

/// A later decision stands in the place of this one.
pub async fn replace(tx: &mut JournalTx, no: i64) -> Result<()> {
    once(tx.execute(REPLACE, vec![no.into()]).await?, "处理决定", no)
}

/// The day each subject was looked at last in a programme, by a closed review or a decision.
pub async fn looked(on: &impl Reads) -> Result<Vec<(String, Subject, Day)>> {
    let rows = on.rows(LOOKED, vec![]).await?;
    rows.iter()
        .map(|row| Ok((row.text(0)?, subject(row)?, row.day(3)?)))
        .collect()
}

/// The circumstances reviews told of each subject, oldest first; whether it held.
pub async fn told(on: &impl Reads) -> Result<Vec<(String, Subject, String, bool)>> {
    let rows = on.rows(TOLD, vec![]).await?;
    rows.iter()
        .map(|row| {
            Ok((
                row.text(0)?,
                subject(row)?,
                row.text(3)?,
                row.text(4)? != "no",
            ))
        })
        .collect()
}

/// What was answered at doors about a fact, oldest first: household, person (0 for the household), value.
pub async fn answered(on: &impl Reads, fact: &str) -> Result<Vec<(HouseholdId, i64, String)>> {
    let rows = on.rows(ANSWERED, vec![fact.into()]).await?;
    rows.iter()
        .map(|row| Ok((HouseholdId::new(row.int(0)?), row.int(2)?, row.text(3)?)))
        .collect()
}

/// The day each household that gets something in a place was met at its door last.
pub async fn visited(on: &impl Reads, area: Option<&AreaCode>) -> Result<Vec<(HouseholdId, Day)>> {
    let (from, below) = range(area);
    let rows = on.rows(VISITED, vec![from, below]).await?;
    rows.iter()
        .map(|row| Ok((HouseholdId::new(row.int(0)?), row.day(1)?)))
        .collect()
}

/// Open recoveries of a place and all inside it that have no case yet, after a number (0 for the first): number
/// and help.
pub async fn recoveries_without_case(
    on: &impl Reads,
    area: Option<&AreaCode>,
    after: i64,
    limit: u32,
) -> Result<Vec<(i64, i64)>> {
    let (from, below) = range(area);
    let values = vec![from, below, after.into(), limit.into()];
    let rows = on.rows(RECOVERIES, values).await?;
    rows.iter()
        .map(|row| Ok((row.int(0)?, row.int(1)?)))
        .collect()
}

/// Cases of a place somebody did something to between two days, both included.
pub async fn worked(
    on: &impl Reads,
    login: &str,
    (from, to): (Day, Day),
    area: Option<&AreaCode>,
    limit: u32,
) -> Result<Vec<CaseNo>> {
    let (first, below) = range(area);
    let values = vec![
        login.into(),
        from.to_string().into(),
        to.to_string().into(),
        first,
        below,
        limit.into(),
    ];
    let rows = on.rows(WORKED, values).await?;
    rows.iter()
        .map(|row| Ok(CaseNo::new(row.int(0)?)))
        .collect()
}

/// Whoever did something to cases of a place between two days, both included.
pub async fn workers(
    on: &impl Reads,
    (from, to): (Day, Day),
    area: Option<&AreaCode>,
) -> Result<Vec<String>> {
    let (first, below) = range(area);
    let values = vec![from.to_string().into(), to.to_string().into(), first, below];
    let rows = on.rows(WORKERS, values).await?;
    rows.iter().map(|row| row.text(0)).collect()
}

fn subject(row: &Row) -> Result<Subject> {
    Ok(Subject {
        kind: row.word(1, SubjectKind::from_word)?,
        id: row.int(2)?,
    })
}

fn after(row: &Row) -> Result<NewAfter> {
    Ok(NewAfter {
        case: CaseNo::new(row.int(0)?),
        purpose: row.word(1, AfterPurpose::from_word)?,
        entitlement: row.int(2)?,
        recovery: row.int_opt(3)?,
        cause: Cause::new(row.text(4)?, row.text(5)?),
        actor: row.text(7)?,
    })
}

pub(crate) fn month_opt(row: &Row, at: usize) -> Result<Option<Month>> {
    let text = row.text_opt(at)?;
    let read = text.map(|text| Month::parse(&text)).transpose();
    read.map_err(|_| StoreError::BadValue {
        what: "处理决定的月份".to_owned(),
    })
}

fn decision(row: &Row) -> Result<AfterDecision> {
    let effect = match row.day_opt(20)? {
        None => None,
        Some(day) => Some(Effect {
            day,
            way: DeliveryWay::of_row(row, (21, 26))?,
            receiver: row.text(22)?,
            by: row.text(23)?,
            read_at: row.text_opt(26)?.map(|_| row.at(26)).transpose()?,
            from: month_opt(row, 24)?,
            recovery: row.int_opt(25)?,
        }),
    };
    Ok(AfterDecision {
        no: row.int(0)?,
        content: NewAfterDecision {
            case: CaseNo::new(row.int(1)?),
            entitlement: row.int(2)?,
            step: row.text(3)?,
            kind: row.word(4, AfterKind::from_word)?,
            day: row.day(5)?,
            before: Fen::new(row.int(6)?),
            after: row.int_opt(7)?.map(Fen::new),
            from: month_opt(row, 8)?,
            last: month_opt(row, 9)?,
            reasons: row.text(10)?,
            articles: row.text(11)?,
            remedy: row.text(12)?,
            looked_by: row.text(13)?,
            heard: match row.int_opt(14)? {
                Some(no) => Ok(no),
                None => Err(row.text(15)?),
            },
            decider: row.text(16)?,
            capsule: row.text(17)?,
        },
        at: row.at(18)?,
        state: row.word(19, AfterState::from_word)?,
        effect,
    })
}
