//! 材料: what the open step needs, 一次性补正 (everything missing is told once), and 容缺受理 (it goes on,
//! the paper follows).

use super::{Case, CaseError, Done, Refusal, Told, What, events, happen, is_own, without_numbers};
use crate::access::Acting;
use crate::office::Office;
use domain::Day;
use domain::procedure::{Document, Procedure, Step};
use store::applications::{self, Paper, PaperState};
use store::cases;
use store::{Act, JournalTx};

/// What the event that tells an applicant what is missing begins with.
const LACKS: &str = "缺 ";

/// A paper of the open step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// Its name.
    pub name: String,
    /// Whether it is there; none while nobody said.
    pub state: Option<PaperState>,
    /// Why it may follow later.
    pub because: String,
}

impl Case {
    /// The papers the open step needs, with what is known of each.
    #[must_use]
    pub fn needed(&self) -> Vec<Needed> {
        let names = self.open_step().into_iter().flat_map(|step| &step.papers);
        let needed = |name: &String| {
            let known = self.papers.iter().find(|paper| paper.name == *name);
            Needed {
                name: name.clone(),
                state: known.map(|paper| paper.state),
                because: known.map_or_else(String::new, |paper| paper.because.clone()),
            }
        };
        names.map(needed).collect()
    }

    /// The papers that stand against the open step being done: those it asks for itself, of which a later
    /// step's nobody has spoken of yet, and, where it waits for what the applicant was told to bring, all
    /// that are missing.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let Some(step) = self.open_step() else {
            return Vec::new();
        };
        let is_missing = |paper: &&Paper| paper.state == PaperState::Missing;
        let own = self.needed().into_iter();
        let own = own.filter(|paper| matches!(paper.state, None | Some(PaperState::Missing)));
        let mut missing: Vec<String> = own.map(|paper| paper.name).collect();
        let otherwise = step
            .next
            .iter()
            .any(|next| next.when.is_met(&self.standing.told));
        if waits_for_papers(&self.procedure, &step.name) && !otherwise {
            for paper in self.papers.iter().filter(is_missing) {
                if !missing.contains(&paper.name) {
                    missing.push(paper.name.clone());
                }
            }
        }
        missing
    }

    /// The way from the open step to telling the applicant what is missing: the circumstance it wants and the
    /// step that tells; none where the procedure has no such way here.
    #[must_use]
    pub fn correction(&self) -> Option<(&str, &Step)> {
        tells(&self.procedure, self.open_step()?)
    }
}

/// The step that tells what is missing, from a step that asks for papers: its first way with a condition.
fn tells<'a>(procedure: &'a Procedure, step: &'a Step) -> Option<(&'a str, &'a Step)> {
    let mut ways = step.next.iter().filter(|_| !step.papers.is_empty());
    let next = ways.find(|next| !next.when.any_of.is_empty())?;
    let circumstance = next.when.any_of.first()?;
    Some((circumstance.as_str(), procedure.step(&next.step)?))
}

/// Whether a step waits for papers the applicant was told to bring.
pub(super) fn waits_for_papers(procedure: &Procedure, name: &str) -> bool {
    let telling = procedure
        .steps
        .iter()
        .filter_map(|step| tells(procedure, step));
    let mut after = telling.flat_map(|(_, tells)| &tells.next);
    after.any(|next| next.step == name)
}

/// What the applicant was told to bring, and until when, where a letter says it.
pub(super) fn asked(
    office: &Office,
    case: &Case,
    document: &Document,
) -> Done<Option<(Vec<String>, Day)>> {
    let gives = |step: &&Step| step.gives.contains(&document.title);
    let way = &case.procedure;
    let Some(telling) = way.steps.iter().find(gives) else {
        return Ok(None);
    };
    let mut newest = case.events.iter().rev().map(|event| &event.content);
    let said = newest.find_map(|event| event.because.strip_prefix(LACKS));
    let wait = way.next_of(&telling.name, &case.standing.told);
    let limit = wait.and_then(|step| step.limit.as_ref());
    let (Some(said), Some(limit)) = (said, limit) else {
        return Ok(None);
    };
    let told = case.standing.last_done(&telling.name).map(|done| done.day);
    let told = told.unwrap_or_else(|| office.clock.today());
    let due = limit.length.due(told, office.calendar()?, &[]);
    let due = due.map_err(|none| CaseError::Refused(none.to_string()))?;
    let missing = said.split('、').map(str::to_owned).collect();
    Ok(Some((missing, due.day)))
}

/// Papers that were handed in, or may follow later.
///
/// # Errors
/// The open step is not this person's, or 容缺 stands without a reason.
pub async fn hand_in(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    case: &mut Case,
    papers: &[Paper],
) -> Done<()> {
    is_own(who, case)?;
    bring(office, tx, who, case, papers).await
}

/// The same for the applicant, whose case it is was asked by the caller.
pub(super) async fn bring(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    case: &mut Case,
    papers: &[Paper],
) -> Done<()> {
    if let Some((outcome, _)) = case.standing.closed {
        return Err(Refusal::Closed(outcome).into());
    }
    for paper in papers {
        without_numbers(&paper.because)?;
        if paper.state == PaperState::Later && paper.because.trim().is_empty() {
            let said = format!("“{}”容缺后补,要写明理由", paper.name);
            return Err(CaseError::Refused(said));
        }
    }
    let at = office.clock.at();
    let no = case.application.no;
    applications::keep_papers(tx, &at, who.login(), no, papers).await?;
    tx.record(
        Act::new(&at, who.login(), "case.papers")
            .on("case", case.no())
            .under(format!("application:{no}")),
    );
    case.papers = applications::papers(tx, no).await?;
    // What lists mark the case with follows its papers.
    let handed = (&case.application, case.papers.as_slice());
    let current = events::current(&case.procedure, &case.standing, office.calendar()?, handed);
    cases::rederive(tx, case.no(), case.row.last_seq, &current).await?;
    case.row.current = current;
    Ok(())
}

/// 一次性补正: everything that is missing goes to the applicant at once; the step that tells it opens. The
/// procedure has the way once, so nobody is told twice.
///
/// # Errors
/// Nothing is missing, or the procedure has no way to tell here.
pub async fn correct(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    case: &mut Case,
) -> Done<()> {
    is_own(who, case)?;
    let refused = |said: String| CaseError::Refused(said);
    let missing = case.missing();
    if missing.is_empty() {
        return Err(refused("没有登记为缺的材料,不用补正".to_owned()));
    }
    let here = case
        .open_step()
        .map(|step| step.name.clone())
        .unwrap_or_default();
    let way = case.correction().map(|(name, _)| name.to_owned());
    let Some(circumstance) = way else {
        let said = format!(
            "流程的“{here}”不能再让申请人补正:要补的材料只告知一次;可以容缺受理,或者按现有材料办"
        );
        return Err(refused(said));
    };
    let because = format!("{LACKS}{}", missing.join("、"));
    let words = || Told::plain("case.correct", &because);
    if !case.standing.told.contains(&circumstance) {
        let told = What::Told { circumstance };
        happen(office, tx, who, case, told, words()).await?;
    }
    let done = What::Completed {
        step: here,
        gave: String::new(),
        others: Vec::new(),
        decided: None,
    };
    happen(office, tx, who, case, done, words()).await?;
    crate::portal::lacks_papers(office, tx, case).await
}
