//! 办件: the only door through which something happens to a case. Whoever does the work of a step — a
//! check, a visit, a decision, a payment — says here that the step is done, in the same transaction.
//! A case is loaded by somebody who may see it; each act asks the procedure whether it may happen now,
//! asks whether this person may do it, appends the event with its entry in the chain, and writes where
//! the case stands. No step, day, paper or letter is named here.

mod able;
pub mod afterwards;
pub mod audited;
mod brought;
pub mod capsule;
mod clues;
pub mod decided_demo;
pub mod decision;
pub mod demo;
pub mod duties;
pub mod endings;
mod error;
mod events;
mod facts;
mod fields;
pub mod first_help;
pub mod flags;
mod forms;
pub(crate) mod found;
mod gather;
mod guard;
mod guardians;
mod health;
pub mod kept;
pub mod kin;
pub mod letters;
mod looks;
pub(crate) mod near;
pub mod notice;
pub mod objection;
pub(crate) mod online;
mod open;
mod open_cases;
pub mod opinion;
mod overdue;
mod papers;
mod parts;
mod passing;
mod paying;
pub mod people;
mod places;
mod procedures;
pub mod publicity;
mod reasons;
mod receivers;
pub(crate) mod recognised;
pub mod recorded;
mod recusal;
pub(crate) mod residents;
pub mod review;
pub mod sample;
mod shown;
mod stands;
pub mod targets;
mod team;
pub mod urging;
pub(crate) mod whom;
mod window;
mod worklist;
mod writing;

pub use clues::{
    CluePhoto, ClueSource, ClueView, Report, Reported, close_clue, clue_view, open_clues, report,
    report_with,
};
pub use domain::CaseNo;
pub use domain::casework::{Clock, Outcome, Refusal, Standing, What};
pub use error::{CaseError, Done};
pub(crate) use facts::{Brought, Source, Thing, Whose};
pub use fields::leaks;
pub(crate) use fields::without_numbers;
pub use forms::{Holds, area, yuan};
pub use found::{Found, Where};
pub use health::{end_rightly, unsound};
pub(crate) use kin::{KIN, kin_facts};
use looks::note_look;
pub use open::{Cause, Opened, Opening, Wanted, open, open_in};
pub use overdue::{LateMatter, late_matters};
pub(crate) use overdue::{RETURNED, due as due_of_other};
pub use papers::{Needed, correct, hand_in};
pub use passing::{hand_over, transfer};
pub(crate) use places::{place_name, place_names};
pub use procedures::Procedures;
pub use reasons::{For, Reason, because, reasons};
pub(crate) use receivers::way_word;
pub use receivers::{Receiver, SignedBy};
pub(crate) use recorded::of_household as found_of_household;
pub use shown::{Contents, all_cases, case_file, case_no, contents, inbox, listed};
pub use store::applications::{Clue, Declared, Paper, PaperState};
pub use store::decisions::{DecidedAs, DeliveryWay};
pub use store::notices::{ObjectionState, Proposal};
pub use window::{Looked, Window, from_clue, look, take_in};
pub use worklist::{Group, Item, Worklist, unowned, worklist};
pub use writing::Writing;

use crate::access::{Acting, Right};
use crate::office::Office;
use crate::verification::Unsigned;
use crate::views::ViewError;
use domain::casework::{self as machine, Event, clocks};
use domain::procedure::{Procedure, Step};
use std::sync::Arc;
use store::applications::{self, Application};
use store::cases::{self, CaseRow};
use store::{Act, JournalTx, Reads};

/// 办件: one case with the way it goes and where it stands.
#[derive(Clone, Debug)]
pub struct Case {
    /// What the record keeps of it.
    pub row: CaseRow,
    /// The application it came from, with its members.
    pub application: Application,
    /// The papers of the application as they stand.
    pub papers: Vec<Paper>,
    /// The procedure it follows, as on the day it was handed in.
    pub procedure: Arc<Procedure>,
    /// What happened, oldest first.
    pub events: Vec<cases::Event>,
    /// Where it stands.
    pub standing: Standing,
    /// By when what is due, as of today.
    pub clock: Clock,
}

impl Case {
    /// 办件编号.
    #[must_use]
    pub fn no(&self) -> CaseNo {
        self.row.no
    }

    /// The open step with what the procedure says of it; none when the case is closed.
    #[must_use]
    pub fn open_step(&self) -> Option<&Step> {
        let open = self.standing.open.as_ref()?;
        self.procedure.step(&open.name)
    }

    /// Whether a role of this person may do the open step here. Says nothing of recusal.
    #[must_use]
    pub fn is_for(&self, who: &Acting) -> bool {
        let step = self.open_step();
        let area = &self.standing.area;
        step.is_some_and(|step| step.who.iter().any(|role| who.holds_role(role, area)))
    }
}

/// 步骤完成, as its doer says it.
#[derive(Clone, Debug, Default)]
pub struct Completion<'a> {
    /// Which step; it must be the open one.
    pub step: &'a str,
    /// What it gave: a record or a letter the procedure names.
    pub gave: &'a str,
    /// Accounts that did it too, where it takes two.
    pub others: &'a [String],
    /// What was decided by it.
    pub decided: Option<Outcome>,
    /// Why, without a name or number; may be empty.
    pub because: &'a str,
    /// What belongs to it, as JSON without a name or number; may be empty.
    pub detail: &'a str,
    /// What becomes of it where it sends questions on their way and somebody has not consented.
    pub unsigned: Unsigned,
    /// The articles it rests on, where the step ends the procedure; empty for those of the list of reasons.
    pub articles: &'a str,
}

/// One case that somebody may see.
///
/// # Errors
/// No right, no such case within the scope, or a near relative's.
pub async fn load(office: &Office, who: &Acting, no: CaseNo) -> Done<Case> {
    load_with(office, who, Right::CASE, no).await
}

/// One case for a work of its own right.
///
/// # Errors
/// As [`load`].
pub async fn load_with(office: &Office, who: &Acting, right: Right, no: CaseNo) -> Done<Case> {
    let scope = who.scope(right)?;
    let missing = || CaseError::NotFound(format!("没有编号为 {no} 的办件;请核对编号"));
    let case = read(office, &office.store, no).await?.ok_or_else(missing)?;
    if !scope.contains(&case.standing.area) {
        return Err(missing());
    }
    not_a_relative(who, &case)?;
    Ok(case)
}

/// One case, for work inside the office that shows nothing to anybody.
///
/// # Errors
/// The record, or a procedure that is gone.
pub(crate) async fn read(office: &Office, on: &impl Reads, no: CaseNo) -> Done<Option<Case>> {
    let Some(row) = cases::find(on, no).await? else {
        return Ok(None);
    };
    let application = applications::find(on, row.content.application).await?;
    let application = application.ok_or_else(|| broken(no, "申请不在了"))?;
    let papers = applications::papers(on, application.no).await?;
    let events = cases::events(on, no).await?;
    let (id, day) = (&row.content.procedure, row.content.rules_day);
    let procedure = office.procedure_at(id, day, &application.content.area)?;
    let past = events::read(&events).ok_or_else(|| broken(no, "有一条经过读不懂"))?;
    let standing = machine::stand(&procedure, application.content.area, &past)
        .map_err(|(at, why)| broken(no, &format!("第 {} 条经过与流程不符:{why}", at + 1)))?;
    let clock = clocks(
        &standing,
        &procedure,
        office.calendar()?,
        office.clock.today(),
    );
    Ok(Some(Case {
        row,
        application,
        papers,
        procedure,
        events,
        standing,
        clock,
    }))
}

fn broken(no: CaseNo, why: &str) -> CaseError {
    let said = format!("办件 {no} 读不出来:{why};请管理员运行 doudi doctor");
    CaseError::Office(crate::OfficeError::Other(said))
}

/// Own cases and those of near relatives are neither seen nor handled.
fn not_a_relative(who: &Acting, case: &Case) -> Done<()> {
    let content = &case.application.content;
    let home = case.row.content.household;
    let mut persons = content.members.iter().map(|(person, _)| *person);
    let near = who.is_kept_from_person(content.applicant)
        || home.is_some_and(|home| who.is_kept_from(home))
        || persons.any(|person| who.is_kept_from_person(person));
    match near {
        true => Err(ViewError::kept_from().into()),
        false => Ok(()),
    }
}

/// The open step is this person's to do.
fn is_own(who: &Acting, case: &Case) -> Done<()> {
    not_a_relative(who, case)?;
    let Some(open) = &case.standing.open else {
        return Ok(());
    };
    if !case.is_for(who) {
        let roles = case.open_step().map(|step| step.who.join("、"));
        let said = format!(
            "“{}”由{}办,您的角色或者辖区不办这一步",
            open.name,
            roles.unwrap_or_default()
        );
        return Err(CaseError::Forbidden(said));
    }
    if let Some(owner) = open.owner.as_deref().filter(|owner| *owner != who.login()) {
        let said = format!("“{}”已经移交给 {owner};要自己办,请先移交过来", open.name);
        return Err(CaseError::Forbidden(said));
    }
    Ok(())
}

/// 步骤完成: the open step is done and the next one opens; the last one closes the case.
///
/// # Errors
/// The step is not open, not this person's, paused, or somebody else must do it.
pub async fn complete<'c>(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    case: &'c mut Case,
    done: Completion<'_>,
) -> Done<&'c Standing> {
    is_own(who, case)?;
    finish(office, tx, who, case, done).await
}

/// The same of a step that is done by what the applicant did.
async fn finish<'c>(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    case: &'c mut Case,
    done: Completion<'_>,
) -> Done<&'c Standing> {
    let missing = case.missing();
    if !missing.is_empty() && case.open_step().is_some_and(|step| step.name == done.step) {
        let said = format!(
            "还缺材料:{};请补登记、写明理由容缺后补,或者一次性告知申请人补正",
            missing.join("、")
        );
        return Err(CaseError::Refused(said));
    }
    able::together(office, tx, who, case, &done).await?;
    guard::before(office, tx, case, &done).await?;
    let what = What::Completed {
        step: done.step.to_owned(),
        gave: done.gave.to_owned(),
        others: done.others.to_vec(),
        decided: done.decided,
    };
    let rests = match case.open_step() {
        Some(step) if domain::letters::ends(&case.procedure, step) => {
            reasons::rests_on(office, done.because, done.articles)?
        }
        _ => done.detail.to_owned(),
    };
    let told = Told {
        act: "case.complete",
        because: done.because,
        detail: &rests,
    };
    happen(office, tx, who, case, what, told).await?;
    first_help::papers_came(office, tx, who, (case, done.step)).await?;
    afterwards::ended(office, tx, who, (case, done.step)).await?;
    Ok(&case.standing)
}

/// 退回 to a step done before, with a reason of the place's list.
///
/// # Errors
/// The reason is not listed, the step was not done, or the open step is not this person's.
pub async fn send_back<'c>(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    case: &'c mut Case,
    to: &str,
    because: &str,
) -> Done<&'c Standing> {
    is_own(who, case)?;
    let what = What::SentBack { to: to.to_owned() };
    let told = Told::plain("case.send-back", because);
    happen(office, tx, who, case, what, told).await
}

/// 暂停 for a reason the procedure lists.
///
/// # Errors
/// The reason is not listed, or it is paused already.
pub async fn pause<'c>(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    case: &'c mut Case,
    reason: &str,
    because: &str,
) -> Done<&'c Standing> {
    is_own(who, case)?;
    if case.is_pause_used_up(office, reason)? {
        return Err(Refusal::PauseUsedUp(reason.to_owned()).into());
    }
    let what = What::Paused {
        reason: reason.to_owned(),
    };
    let told = Told::plain("case.pause", because);
    happen(office, tx, who, case, what, told).await
}

/// 恢复 after a pause.
///
/// # Errors
/// It is not paused.
pub async fn resume<'c>(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    case: &'c mut Case,
    because: &str,
) -> Done<&'c Standing> {
    is_own(who, case)?;
    let told = Told::plain("case.resume", because);
    happen(office, tx, who, case, What::Resumed, told).await
}

/// 情形: says that something is true of a case, or no longer. Who may say it stands in the procedure.
///
/// # Errors
/// The procedure does not know it, leaves it to the place, or to other roles.
pub async fn circumstance<'c>(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    case: &'c mut Case,
    (name, holds): (&str, Holds),
    because: &str,
) -> Done<&'c Standing> {
    not_a_relative(who, case)?;
    if because.trim().is_empty() {
        return Err(Refusal::NoReason.into());
    }
    let known = case.procedure.circumstances.iter().find(|c| c.name == name);
    let area = &case.standing.area;
    if let Some(known) = known
        && !known.who.is_empty()
        && !known.who.iter().any(|role| who.holds_role(role, area))
    {
        let said = format!("“{name}”由{}登记", known.who.join("、"));
        return Err(CaseError::Forbidden(said));
    }
    let notice = case.procedure.notice.as_ref();
    let hides = notice.is_some_and(|notice| notice.unless.any_of.iter().any(|one| one == name));
    if hides && holds == Holds::Yes {
        able::of_children_only(office, tx, case, name).await?;
    }
    if name == near::RELATIVE && holds == Holds::No && near::is_declared(office, tx, case).await? {
        let said = "经办人员备案了近亲属关系,“涉及近亲属”不能取消";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let circumstance = name.to_owned();
    let what = match holds {
        Holds::Yes => What::Told { circumstance },
        Holds::No => What::Untold { circumstance },
    };
    let told = Told::plain("case.circumstance", because);
    happen(office, tx, who, case, what, told).await
}

/// 办结 before the last step, with a reason: ended, withdrawn or joined. What is decided comes with the last
/// step only. Ended, it names the articles too, for the applicant's letter.
///
/// # Errors
/// Another outcome, no reason or article, it is closed, or the open step is not this person's.
pub async fn close<'c>(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    case: &'c mut Case,
    outcome: Outcome,
    (because, articles): (&str, &str),
) -> Done<&'c Standing> {
    is_own(who, case)?;
    if !outcome.is_early() {
        let said = "终止办理不能代替决定;请走完流程";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let tells = outcome == Outcome::Ended && domain::letters::ending(&case.procedure).is_some();
    let detail = match tells {
        true => reasons::rests_on(office, because, articles)?,
        false => String::new(),
    };
    let told = Told {
        act: "case.close",
        because,
        detail: &detail,
    };
    happen(office, tx, who, case, What::Closed { outcome }, told).await
}

/// What is written down with an event.
struct Told<'a> {
    act: &'a str,
    because: &'a str,
    detail: &'a str,
}

impl<'a> Told<'a> {
    fn plain(act: &'a str, because: &'a str) -> Self {
        Self {
            act,
            because,
            detail: "",
        }
    }
}

/// Asks the procedure, then appends the event, the standing and the entry of the chain.
async fn happen<'c>(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    case: &'c mut Case,
    what: What,
    told: Told<'_>,
) -> Done<&'c Standing> {
    happen_as(office, tx, who.login(), case, what, told).await
}

/// The same under a name of the chain.
async fn happen_as<'c>(
    office: &Office,
    tx: &mut JournalTx,
    actor: &str,
    case: &'c mut Case,
    what: What,
    told: Told<'_>,
) -> Done<&'c Standing> {
    let because = told.because.trim();
    for text in [because, told.detail] {
        without_numbers(text)?;
    }
    let today = office.clock.today();
    let step = case.standing.open.as_ref().map(|open| open.name.clone());
    let event = Event {
        day: today.max(case.standing.newest),
        actor: actor.to_owned(),
        what,
        because: because.to_owned(),
    };
    let standing = case.standing.clone().after(&case.procedure, &event)?;
    let clock = clocks(&standing, &case.procedure, office.calendar()?, today);
    let kept = events::write(
        &event,
        step.as_deref().unwrap_or_default(),
        told.detail,
        office,
    );
    let handed = (&case.application, case.papers.as_slice());
    let current = events::current(&case.procedure, &standing, office.calendar()?, handed);
    let seen = case.row.last_seq;
    cases::append(tx, case.no(), seen, std::slice::from_ref(&kept), &current).await?;
    let authority = format!("{}:{}", case.procedure.id, kept.step);
    let mut act = Act::new(&office.clock.at(), actor, told.act)
        .on("case", case.no())
        .under(&authority)
        .because(because);
    if !told.detail.is_empty() {
        act = act.carrying(told.detail);
    }
    tx.record(act);
    case.row.last_seq = seen.saturating_add(1);
    case.row.current = current;
    case.events.push(cases::Event {
        seq: case.row.last_seq,
        content: kept,
    });
    let before = std::mem::replace(&mut case.standing, standing);
    case.clock = clock;
    let came = (&event.what, told.act, authority.as_str());
    sample::arrived(office, tx, (case, &before), came).await?;
    let since = guard::opened(case).cloned();
    crate::channels::assists::opened(office, tx, actor, case, since.as_ref()).await?;
    if case.standing.closed.is_some() {
        case.row.state = cases::CaseState::Closed;
        case.row.closed_at = Some(office.clock.at());
        crate::portal::closed(office, tx, case).await?;
    }
    Ok(&case.standing)
}
