//! 立案: a case about help that is given already, with the family as the register has it today. One is open at
//! a time for a programme and subject, whatever it is for; the same cause opens it once.

use super::super::open::{Begun, begin as begin_case};
use super::super::{CaseError, Done, Wanted};
use super::{AfterPurpose, procedure, purpose_name};
use crate::access::{Acting, Right};
use crate::office::Office;
use crate::views::ViewError;
use domain::{CaseNo, PersonId, Relation, WarningId};
use store::applications::{self, Application, Cause as From, NewApplication, Taken};
use store::cases::{self, Subject};
use store::entitlements::{self, Cause, Entitlement, SubjectKind};
use store::reviews::{self, AfterKind, AfterState, NewAfter};
use store::warnings::{self, WarningState};
use store::{Act, JournalTx, Reads};

/// Recoveries read at a time.
const RECOVERIES_READ: u32 = 200;

/// What is to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begin {
    /// What for.
    pub purpose: AfterPurpose,
    /// About which help.
    pub entitlement: i64,
    /// About which recovery.
    pub recovery: Option<i64>,
    /// What it comes from: `due`, `warning`, `case`, `recovery` or `act`, with its number.
    pub cause: Cause,
    /// Why, without a name or number; may be empty.
    pub because: String,
}

/// Opens one in a write of its own; answers its number, and nothing new where the same cause opened it before.
///
/// # Errors
/// As [`begin_in`].
pub async fn begin(office: &Office, who: &Acting, new: &Begin) -> Done<CaseNo> {
    let mut tx = office.begin().await?;
    let before = known(&tx, new).await?;
    if let Some(no) = before {
        return Ok(no);
    }
    let no = begin_in(office, &mut tx, who, (Right::CASE_HANDLE, new)).await?;
    office.end(tx).await?;
    Ok(no)
}

async fn known(on: &impl Reads, new: &Begin) -> Done<Option<CaseNo>> {
    match applications::find_by_form(on, &form_key(new)).await? {
        None => Ok(None),
        Some(no) => Ok(cases::of_application(on, no)
            .await?
            .first()
            .map(|one| one.no)),
    }
}

fn form_key(new: &Begin) -> String {
    let Cause { kind, id } = &new.cause;
    format!(
        "after:{}:{}:{kind}:{id}",
        new.purpose.word(),
        new.entitlement
    )
}

/// The subject of help, as cases name it.
pub(super) fn subject(help: &Entitlement) -> Subject {
    match help.subject.kind {
        SubjectKind::Person => Subject::Person(PersonId::new(help.subject.id)),
        SubjectKind::Household => Subject::Household(domain::HouseholdId::new(help.subject.id)),
    }
}

/// Opens one inside a write of the office, within a right of that work.
///
/// # Errors
/// No right there, a near relative, no such help, a programme without such a procedure, or a case of it that
/// is open already.
pub async fn begin_in(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    (right, new): (Right, &Begin),
) -> Done<CaseNo> {
    let scope = who.scope(right)?;
    super::super::without_numbers(&new.because)?;
    let help = entitlements::find(tx, new.entitlement).await?;
    let none = || CaseError::NotFound(format!("没有编号为 {} 的待遇", new.entitlement));
    let help = help
        .filter(|one| scope.contains(&one.area))
        .ok_or_else(none)?;
    if who.is_kept_from(help.household) || who.is_kept_from_person(help.payee) {
        return Err(ViewError::kept_from().into());
    }
    let today = office.clock.today();
    let way = procedure(office, new.purpose, &help.programme, today).ok_or_else(|| {
        CaseError::Refused(format!(
            "`{}` 没有“{}”的流程,不能立案;请管理规则的人补上",
            help.programme,
            purpose_name(new.purpose)
        ))
    })?;
    let first = way.first().map_or(&[][..], |step| &step.who);
    let opens_for_all = right == Right::REVIEW_OPEN;
    if !opens_for_all && !first.iter().any(|role| who.holds_role(role, &help.area)) {
        let said = format!("“{}”由{}登记", way.title, first.join("、"));
        return Err(CaseError::Forbidden(said));
    }
    let about = subject(&help);
    if let Some(open) = cases::open_of(tx, &help.programme, about).await?
        && !give_way(office, tx, who, open.no, Some(new.purpose)).await?
    {
        let said = format!(
            "这一户的这一项已经有在办的办件 № {};请先办完那一件",
            open.no
        );
        return Err(CaseError::Refused(said));
    }
    let application = application(office, tx, who, (&help, new)).await?;
    let begun = Begun {
        application: &application,
        papers: &[],
        procedure: &way,
        subject: about,
        rules_day: today,
    };
    let wanted = Wanted {
        programme: help.programme.clone(),
        person: None,
    };
    let no = begin_case(office, tx, who, &wanted, begun).await?;
    let at = office.clock.at();
    let kept = NewAfter {
        case: no,
        purpose: new.purpose,
        entitlement: help.id,
        recovery: new.recovery,
        cause: new.cause.clone(),
        actor: who.login().to_owned(),
    };
    reviews::add_case(tx, &at, &kept).await?;
    tx.record(
        Act::new(&at, who.login(), "after.open")
            .on("case", no)
            .because(match new.because.trim() {
                "" => purpose_name(new.purpose),
                why => why,
            })
            .under(format!("{}:{}", new.cause.kind, new.cause.id)),
    );
    super::super::near::mark(office, tx, &[no]).await?;
    Ok(no)
}

/// Whether a case whose decision has taken effect, and that only waits for months to pass, makes room for
/// another: it is joined to it in the same write. A recovery goes on in the money book whatever is opened; a
/// gradual exit makes room for a change and for an ending. `purpose` is none for an application.
///
/// # Errors
/// A near relative's, or the record.
pub(in super::super) async fn give_way(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    no: CaseNo,
    purpose: Option<AfterPurpose>,
) -> Done<bool> {
    let Some(after) = makes_room(tx, no, purpose).await? else {
        return Ok(false);
    };
    let missing = || CaseError::NotFound(format!("没有编号为 {no} 的办件;请核对编号"));
    let case = super::super::read(office, tx, no).await?;
    let mut case = case.ok_or_else(missing)?;
    let because = match after.purpose {
        AfterPurpose::Recovery => "追回决定已经送达,退款在追回账上继续登记",
        AfterPurpose::Review
        | AfterPurpose::Change
        | AfterPurpose::GradualExit
        | AfterPurpose::Ending => "渐退决定已经送达,由新立的办件接着办",
    };
    let told = super::super::Told::plain("case.close", because);
    let outcome = super::super::Outcome::Joined;
    let what = super::super::What::Closed { outcome };
    super::super::happen(office, tx, who, &mut case, what, told).await?;
    Ok(true)
}

/// The case, where it only waits for months to pass and a new one of a purpose may take its place.
pub(super) async fn makes_room(
    on: &impl Reads,
    no: CaseNo,
    purpose: Option<AfterPurpose>,
) -> Done<Option<NewAfter>> {
    let Some(after) = reviews::of_case(on, no).await? else {
        return Ok(None);
    };
    let changes = matches!(purpose, Some(AfterPurpose::Change | AfterPurpose::Ending));
    let kind = match after.purpose {
        AfterPurpose::Recovery => AfterKind::Recover,
        AfterPurpose::GradualExit if changes => AfterKind::Exit,
        AfterPurpose::GradualExit
        | AfterPurpose::Review
        | AfterPurpose::Change
        | AfterPurpose::Ending => return Ok(None),
    };
    let decided = reviews::decisions(on, no).await?;
    let newest = decided
        .iter()
        .rev()
        .find(|one| one.state != AfterState::Replaced);
    let holds =
        newest.is_some_and(|one| one.content.kind == kind && one.state == AfterState::Effective);
    Ok(holds.then_some(after))
}

/// The family of the help as it lives together today.
async fn application(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    (help, new): (&Entitlement, &Begin),
) -> Done<Application> {
    let today = office.clock.today();
    let all = store::households::members(tx, help.household).await?;
    let now = all.iter().filter(|member| member.span.contains(today));
    let mut members: Vec<(PersonId, Relation)> =
        now.map(|member| (member.person, member.relation)).collect();
    if !members.iter().any(|(person, _)| *person == help.payee) {
        members.insert(0, (help.payee, Relation::Head));
    }
    let warning = (new.cause.kind == From::Warning.word())
        .then(|| new.cause.id.parse().ok())
        .flatten();
    let home = store::households::get_many(tx, &[help.household])
        .await?
        .pop();
    let area = home.map_or(help.area, |home| home.area);
    let content = NewApplication {
        form_key: form_key(new),
        cause: match warning {
            Some(_) => From::Warning,
            None => From::Found,
        },
        cause_id: warning,
        applicant: help.payee,
        helper: None,
        household: Some(help.household),
        area,
        taken_area: area,
        received_at: office.clock.at(),
        received_day: today,
        taken_by: who.login().to_owned(),
        members,
    };
    match applications::add(tx, &content).await? {
        Taken::New(no) => Ok(Application { no, content }),
        Taken::Before(_) => {
            let said = "同一个来由已经立过案;请从后续清单打开那一件";
            Err(CaseError::Refused(said.to_owned()))
        }
    }
}

/// 预警转办: a case for every help of the warning's household or person that has such a procedure; the warning
/// is settled by it. What the rules now give stands in each case by itself.
///
/// # Errors
/// No right, no such open warning here, a near relative, or no help it could be about.
pub async fn from_warning(
    office: &Office,
    who: &Acting,
    id: WarningId,
    purpose: Option<AfterPurpose>,
) -> Done<Vec<CaseNo>> {
    let scope = who.scope(Right::CASE_HANDLE)?;
    let mut tx = office.begin().await?;
    let missing = || CaseError::NotFound(format!("没有编号为 {id} 的预警;请从预警清单打开"));
    let warning = warnings::find(&tx, id).await?;
    let warning = warning.filter(|one| scope.contains(&one.content.area));
    let warning = warning.ok_or_else(missing)?;
    if warning.state != WarningState::Open {
        return Err(CaseError::Refused("这条预警已经处置".to_owned()));
    }
    let none = || CaseError::Refused("请选转成变更、渐退还是停发".to_owned());
    let purpose = purpose.ok_or_else(none)?;
    let home = warning.content.household;
    let home = home.ok_or_else(|| CaseError::Refused("这条预警没有住户,不能转办".to_owned()))?;
    let month = domain::Month::containing(office.clock.today());
    let mut opened = Vec::new();
    for help in entitlements::of_household(&tx, home).await? {
        let runs = help.to.is_none_or(|to| month < to) && super::is_main(&help);
        let own = match (help.subject.kind, warning.content.person) {
            (SubjectKind::Person, Some(person)) => help.subject.id == person.get(),
            (SubjectKind::Person | SubjectKind::Household, _) => true,
        };
        let way = procedure(office, purpose, &help.programme, office.clock.today());
        let busy = match cases::open_of(&tx, &help.programme, subject(&help)).await? {
            None => false,
            Some(open) => makes_room(&tx, open.no, Some(purpose)).await?.is_none(),
        };
        if !runs || !own || way.is_none() || busy {
            continue;
        }
        let new = Begin {
            purpose,
            entitlement: help.id,
            recovery: None,
            cause: Cause::new(From::Warning.word(), id),
            because: String::new(),
        };
        opened.push(begin_in(office, &mut tx, who, (Right::CASE_HANDLE, &new)).await?);
    }
    if opened.is_empty() {
        let said = format!(
            "这一户没有可以转{}的在发待遇,或者都有在办的办件",
            purpose_name(purpose)
        );
        return Err(CaseError::Refused(said));
    }
    let at = office.clock.at();
    let numbers: Vec<String> = opened.iter().map(|no| format!("№ {no}")).collect();
    let why = format!(
        "核实属实,转{}:{}",
        purpose_name(purpose),
        numbers.join("、")
    );
    warnings::close_many(&mut tx, &at, &[id], &why).await?;
    crate::visits::being_handled(office, &mut tx, who, &warning).await?;
    store::tasks::close_answered(&mut tx, &at, who.login(), "要核实的预警都已处置").await?;
    tx.record(
        Act::new(&at, who.login(), "warning.change")
            .on("warning", id)
            .because(why),
    );
    office.end(tx).await?;
    Ok(opened)
}

/// 多领立案: every open recovery that has no case gets one, once the case before it is done. Answers how many.
///
/// # Errors
/// No right, or the record.
pub async fn open_recoveries(office: &Office, who: &Acting) -> Done<usize> {
    let scope = who.scope(Right::CASE_HANDLE)?;
    let store = &office.store;
    let mut made = 0_usize;
    for place in scope.each_place() {
        let mut after = 0;
        loop {
            let read = RECOVERIES_READ;
            let page = reviews::recoveries_without_case(store, place.as_ref(), after, read).await?;
            let Some((last, _)) = page.last() else { break };
            after = *last;
            for about in page {
                match begin_recovery(office, who, about).await {
                    Ok(_) => made = made.saturating_add(1),
                    // A relative's, or another case of it still open: it stays on the list, and nothing of
                    // the attempt is kept.
                    Err(
                        CaseError::NotFound(_) | CaseError::Refused(_) | CaseError::Forbidden(_),
                    ) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
    Ok(made)
}

/// The case of a recovery, by its number and the help it is about.
///
/// # Errors
/// As [`begin_in`].
pub(crate) async fn begin_recovery(
    office: &Office,
    who: &Acting,
    (recovery, entitlement): (i64, i64),
) -> Done<CaseNo> {
    let new = Begin {
        purpose: AfterPurpose::Recovery,
        entitlement,
        recovery: Some(recovery),
        cause: Cause::new("recovery", recovery),
        because: String::new(),
    };
    begin(office, who, &new).await
}

/// Nothing is owed any more on a recovery: its case, where it is open, is done, in whichever step it waited.
pub(crate) async fn settled(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    recovery: i64,
    because: &str,
) -> Done<()> {
    let Some(after) = reviews::of_recovery(tx, recovery).await? else {
        return Ok(());
    };
    let case = super::super::read(office, tx, after.case).await?;
    let Some(mut case) = case.filter(|case| case.standing.closed.is_none()) else {
        return Ok(());
    };
    let told = super::super::Told::plain("case.close", because);
    let outcome = super::super::Outcome::Done;
    let what = super::super::What::Closed { outcome };
    super::super::happen(office, tx, who, &mut case, what, told).await?;
    Ok(())
}
