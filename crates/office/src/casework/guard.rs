//! 把关: what must stand in the record before a step of the way to a decision may be called done, whoever
//! says so and through whichever page. Which steps those are, the rulebook says with 凭.

use super::{Case, CaseError, Completion, Done};
use crate::channels::assists;
use crate::office::Office;
use crate::verification;
use domain::Day;
use domain::procedure::{Ground, Procedure, Step};
use std::collections::BTreeSet;
use store::cases::EventKind;
use store::notices::{self, Notice, ObjectionState};
use store::visits::{self, Visit, VisitFor};
use store::{At, JournalTx, Reads, decisions, verifications};

/// Whether a step writes the first opinion.
pub(crate) fn is_opinion(step: &Step) -> bool {
    step.ground == Some(Ground::Opinion)
}

/// Whether a step decides.
pub(crate) fn is_decision(step: &Step) -> bool {
    step.ground == Some(Ground::Decision)
}

/// Whether a notice hangs during a step.
pub(crate) fn is_notice(procedure: &Procedure, step: &Step) -> bool {
    let notice = procedure.notice.as_ref();
    notice.is_some_and(|notice| notice.steps.contains(&step.name))
}

/// When the open step opened: what was written before, in a pass that was sent back, no longer counts.
pub(crate) fn opened(case: &Case) -> Option<&At> {
    let mut newest = case.events.iter().rev().map(|event| &event.content);
    let opens = [
        EventKind::Submitted,
        EventKind::Completed,
        EventKind::SentBack,
    ];
    let by = newest.find(|event| opens.contains(&event.kind))?;
    case.standing.open.as_ref().map(|_| &by.at)
}

/// The notice of the open step, when one was posted since it opened.
pub(crate) fn of_open_step<'n>(case: &Case, all: &'n [Notice]) -> Option<&'n Notice> {
    let open = case.standing.open.as_ref()?;
    let since = opened(case)?;
    all.iter().rev().find(|notice| {
        notice.content.step == open.name && notice.at >= *since && notice.taken.is_none()
    })
}

/// Whether the notice of a case hung its whole time, and nobody's objection is open: the notice that counts,
/// or why a case has none.
pub(crate) async fn heard(
    on: &impl Reads,
    case: &Case,
    today: Day,
) -> Done<Result<(i64, Day), String>> {
    let objections = notices::objections(on, case.no()).await?;
    if let Some(open) = objections
        .iter()
        .find(|one| one.state == ObjectionState::Open)
    {
        let said = format!("异议 {} 还没有查清,不能作决定;请先由两人复查办结", open.no);
        return Err(CaseError::Refused(said));
    }
    // What was right about it has to be in the opinion that is decided on.
    let upheld = objections.iter().rev();
    let mut upheld = upheld.filter(|one| one.state == ObjectionState::Upheld);
    if let Some(upheld) = upheld.next() {
        let all = notices::opinions(on, case.no()).await?;
        let newest = all.last().map(|one| &one.at);
        if newest < upheld.settled_at.as_ref() {
            let said = format!(
                "异议 {} 属实,初审意见还是复查以前的;请退回乡镇,按查明的情况重新出意见",
                upheld.no
            );
            return Err(CaseError::Refused(said));
        }
    }
    let Some(wanted) = &case.procedure.notice else {
        return Ok(Err("流程没有公示".to_owned()));
    };
    if wanted.unless.is_met(&case.standing.told) {
        return Ok(Err(format!("不公示:{}", wanted.unless.any_of.join("、"))));
    }
    let all = notices::of_case(on, case.no()).await?;
    let hung = all.iter().rev().find(|notice| notice.taken.is_none());
    // A step of the notice that was undone by 退回 has to be gone through again.
    let done = |notice: &&Notice| {
        case.standing
            .last_done(&notice.content.step)
            .is_some_and(|done| done.opened <= notice.content.from)
    };
    let Some(hung) = hung.filter(done) else {
        let said = "这一件还没有公示,不能作决定;请乡镇先公示";
        return Err(CaseError::Refused(said.to_owned()));
    };
    if hung.content.last >= today {
        let said = format!("公示到 {} 为止,期满第二天起才能作决定", hung.content.last);
        return Err(CaseError::Refused(said));
    }
    Ok(Ok((hung.no, hung.content.last)))
}

/// Whether the next step no longer leads to a decision: then nothing has to be found out any more. Of a
/// procedure that decides nothing, such as a review, every way rests on what was found out.
pub(super) fn leaves_the_way(case: &Case, step: &Step) -> bool {
    let way = &case.procedure;
    let decides = |one: &Step| is_decision(one) || one.ground == Some(Ground::Adjustment);
    if !way.steps.iter().any(decides) {
        return false;
    }
    let Some(next) = way.next_of(&step.name, &case.standing.told) else {
        return false;
    };
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut ahead = vec![next];
    while let Some(one) = ahead.pop() {
        if decides(one) {
            return false;
        }
        if seen.insert(&one.name) {
            let further = one.next.iter().filter_map(|next| way.step(&next.step));
            ahead.extend(further);
        }
    }
    true
}

/// Whether a step gives the letter a complaint is answered with.
pub(super) fn answers(case: &Case, step: &Step) -> bool {
    let mut letters = step.gives.iter().filter_map(|g| case.procedure.document(g));
    letters.any(|letter| {
        letter
            .fields
            .iter()
            .any(|field| field == domain::letters::REPLY)
    })
}

/// What has to be written down when a step is done, as the form asks for it; empty where nothing has.
pub(super) fn words_wanted(case: &Case, step: &Step) -> &'static str {
    if step.ground == Some(Ground::Finding) && !leaves_the_way(case, step) {
        "核实了什么、看的是哪份材料"
    } else if answers(case, step) {
        "答复内容(照它打印答复书,不写姓名和号码)"
    } else {
        ""
    }
}

/// Refuses a step of finding out that nothing was found out for: no report used, nobody at the door, nothing
/// written down.
async fn found_out(tx: &JournalTx, case: &Case, step: &Step, because: &str) -> Done<()> {
    if leaves_the_way(case, step) {
        return Ok(());
    }
    let since = opened(case);
    match step.ground {
        Some(Ground::Verification) => {
            let uses = verifications::uses_of_case(tx, case.no()).await?;
            let mut uses = uses.iter();
            if uses.any(|used| used.step == step.name && Some(&used.at) >= since) {
                return Ok(());
            }
            let said = format!(
                "“{}”由核对报告办结;请在“核对”页出报告,或者互认已有的报告",
                step.name
            );
            Err(CaseError::Refused(said))
        }
        Some(Ground::Visit) => {
            let all = visits::of_application(tx, case.application.no).await?;
            let here = |visit: &Visit| {
                let of = matches!(visit.content.about, VisitFor::Case(no, _) if no == case.no());
                let late = case.standing.open.as_ref().map(|open| open.since);
                of && visit.content.step == step.name
                    && visit.done.is_some()
                    && (Some(&visit.at) >= since || visit.done > late)
            };
            if all.iter().any(here) {
                return Ok(());
            }
            let said = format!(
                "“{}”由走访记录办结;请在“走访”页填表,由两个人办结",
                step.name
            );
            Err(CaseError::Refused(said))
        }
        Some(Ground::Assist) if !assists::is_answered(tx, case, &step.name, since).await? => {
            let said = format!(
                "“{}”由部门的答复办结;请部门在“协办”页答复,没有账号的由窗口把书面答复记进来",
                step.name
            );
            Err(CaseError::Refused(said))
        }
        Some(Ground::Finding) if because.trim().is_empty() => {
            let said = format!(
                "“{}”要写明核实了什么、看的是哪份材料或者哪条记录,写在“说明”里",
                step.name
            );
            Err(CaseError::Refused(said))
        }
        _ => Ok(()),
    }
}

/// What steps after the decision leave when it is made public.
const PUBLISHED: &str = "公布名单";

/// Whether a step makes a granted decision public.
pub(super) fn is_publication(step: &Step) -> bool {
    step.gives.iter().any(|gives| gives.ends_with(PUBLISHED))
}

/// Refuses to call a granted decision public that is not.
async fn published(tx: &JournalTx, case: &Case, step: &Step) -> Done<()> {
    let granted = super::decision::newest(tx, case.no()).await?;
    let granted = granted.filter(|one| one.content.outcome == decisions::DecidedAs::Granted);
    let Some(granted) = granted.filter(|_| is_publication(step)) else {
        return Ok(());
    };
    match decisions::is_published(tx, granted.no).await? {
        true => Ok(()),
        false => {
            let said = format!("“{}”要先公布;请打开“审核”页公布", step.name);
            Err(CaseError::Refused(said))
        }
    }
}

/// Refuses a completion that lacks the record it stands for.
pub(super) async fn before(
    office: &Office,
    tx: &JournalTx,
    case: &Case,
    done: &Completion<'_>,
) -> Done<()> {
    let Some(step) = case.open_step().filter(|step| step.name == done.step) else {
        return Ok(());
    };
    let today = office.clock.today();
    if !is_notice(&case.procedure, step) {
        // Settled first, by two persons: then this step may be done.
        let objections = notices::objections(tx, case.no()).await?;
        let mut open = objections.iter();
        if let Some(open) = open.find(|one| one.state == ObjectionState::Open) {
            let said = format!("异议 {} 还没有查清;请打开“审核”页,由两人复查办结", open.no);
            return Err(CaseError::Refused(said));
        }
    }
    if answers(case, step) && done.because.trim().is_empty() {
        let said = format!(
            "“{}”要写答复内容:查了什么、结果怎样;写在“说明”里,答复书照它打印",
            step.name
        );
        return Err(CaseError::Refused(said));
    }
    found_out(tx, case, step, done.because).await?;
    if verification::starts(office, step) && !leaves_the_way(case, step) {
        verification::all_signed(office, tx, case, done.unsigned).await?;
    }
    super::afterwards::before(office, tx, case, step).await?;
    if let Some(said) = super::first_help::before(office, tx, case).await? {
        return Err(CaseError::Refused(said));
    }
    published(tx, case, step).await?;
    if is_opinion(step) {
        let all = notices::opinions(tx, case.no()).await?;
        let since = opened(case);
        let newest = all.last().filter(|one| one.content.step == step.name);
        if newest.is_none_or(|one| Some(&one.at) < since) {
            let said = format!("“{}”要先写初审意见;请打开“审核”页写明意见和理由", step.name);
            return Err(CaseError::Refused(said));
        }
    }
    if is_notice(&case.procedure, step) {
        let all = notices::of_case(tx, case.no()).await?;
        let Some(hung) = of_open_step(case, &all) else {
            let said = format!("“{}”还没有张贴;请打开“公示”页张贴", step.name);
            return Err(CaseError::Refused(said));
        };
        let objections = notices::objections(tx, case.no()).await?;
        let objected = objections.iter().any(|one| one.content.notice == hung.no);
        if !objected && hung.content.last >= today {
            let said = format!(
                "公示到 {} 为止,没有期满;期满以后再办结这一步",
                hung.content.last
            );
            return Err(CaseError::Refused(said));
        }
        let open = objections
            .iter()
            .any(|one| one.state == ObjectionState::Open);
        // Told of it, the procedure goes another way than it would without.
        let way = |told| {
            case.procedure
                .next_of(&step.name, told)
                .map(|next| &next.name)
        };
        let plain = case.procedure.always().map(str::to_owned).collect();
        if open && way(&case.standing.told) == way(&plain) {
            let said = "有异议没有查清;请先登记“公示有异议”,转入复查";
            return Err(CaseError::Refused(said.to_owned()));
        }
    }
    if is_decision(step) {
        let all = decisions::of_case(tx, case.no()).await?;
        let since = opened(case);
        let newest = all.last();
        if newest.is_none_or(|one| Some(&one.at) < since) {
            let said = format!("“{}”要有签署的决定;请打开“审核”页签署", step.name);
            return Err(CaseError::Refused(said));
        }
    }
    Ok(())
}
