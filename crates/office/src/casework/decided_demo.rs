//! 演示: cases of an invented county on the way from the first opinion to what is made public, through the
//! same acts as any other: some on notice, one with an objection, some waiting for the county, some decided.

use super::demo::acting;
use super::opinion::{Proposed, look_into};
use super::{
    Case, CaseError, Cause, Completion, Done, Opening, Paper, PaperState, Wanted, complete,
    decision, load, notice, objection, open, opinion, sample,
};
use crate::access::{Access, Acting, Right};
use crate::office::Office;
use crate::verification::Unsigned;
use crate::verification::demo::whole_round;
use crate::visits::{self, About, Ending, Said, Typed};
use domain::procedure::Ground;
use domain::{AreaCode, CaseNo, HouseholdId, Relation};
use store::decisions::{DecidedAs, DeliveryWay};
use store::notices::{Proposal, RuleResult};
use store::samples::CheckFound;

/// Households looked at to find enough cases of each kind.
const HOUSEHOLDS_MAX: u32 = 24;
/// What is applied for.
const PROGRAMME: &str = "dibao";

/// The second investigator.
const SECOND: &str = "li2";
/// What the form of a visit wants of each person.
const LIVES_THERE: &str = "共同生活";
/// When departments were asked, when they answered, and when the reports were issued.
const VERIFIED: [&str; 3] = ["2026-08-25T09:00", "2026-08-27T16:00", "2026-08-28T09:00"];
/// When the visits were.
const VISITED: &str = "2026-08-28T14:00";

/// How far a case goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Far {
    /// Decided, and the letter handed over.
    Decided,
    /// At the county.
    Waiting,
    /// A notice hangs.
    Hanging,
    /// A notice hangs, and somebody objected.
    Objected,
}

/// Of each answer of the rules, how far its cases go, in turn.
const ELIGIBLE: [Far; 6] = [
    Far::Decided,
    Far::Hanging,
    Far::Waiting,
    Far::Objected,
    Far::Decided,
    Far::Hanging,
];
const INELIGIBLE: [Far; 3] = [Far::Decided, Far::Waiting, Far::Hanging];

struct Hands {
    window: Acting,
    second: Acting,
    verifier: Acting,
    county: Acting,
}

/// Makes them; answers how many reached a notice or further. The clock ends where it stood.
///
/// # Errors
/// The record, or an act that the procedures do not allow.
pub async fn fill(
    access: &Access,
    now: &str,
    answer: impl Fn(&str, &[String], &str) -> Option<String> + Send,
) -> Done<usize> {
    let office = access.office();
    let made = made(access, now, &answer).await;
    office.clock.set(now);
    made
}

async fn made(
    access: &Access,
    now: &str,
    answer: &(impl Fn(&str, &[String], &str) -> Option<String> + Send),
) -> Done<usize> {
    let office = access.office();
    let (Some(window), Some(second), Some(verifier), Some(county)) = (
        acting(access, "wang", now).await?,
        acting(access, SECOND, now).await?,
        acting(access, "zhao", now).await?,
        acting(access, "chen", now).await?,
    ) else {
        return Ok(0);
    };
    let hands = Hands {
        window,
        second,
        verifier,
        county,
    };
    let Some(area) = hands.window.scope(Right::CASE_ACCEPT)?.start() else {
        return Ok(0);
    };
    let mut cases = Vec::new();
    for (at, household) in homes(office, &area).await?.into_iter().enumerate() {
        cases.extend(to_verification(office, &hands, at, household).await?);
    }
    let staff = (&hands.window, &hands.verifier, &hands.county);
    let round = ("demo-decide", VERIFIED);
    whole_round(office, staff, round, &cases, answer).await?;
    let (mut yes, mut no, mut made) = (ELIGIBLE.iter(), INELIGIBLE.iter(), 0);
    for case in cases {
        if yes.len() == 0 && no.len() == 0 {
            break;
        }
        if !to_opinion(office, &hands, case).await? {
            continue;
        }
        let judged = look_into(office, &load(office, &hands.window, case).await?).await?;
        let (far, proposes) = match judged.found.result() {
            RuleResult::Eligible => (yes.next(), Proposal::Grant),
            RuleResult::Ineligible => (no.next(), Proposal::Refuse),
            // What is not known waits where it is.
            RuleResult::Pending => continue,
        };
        let Some(far) = far else { continue };
        match onward(office, &hands, case, (*far, proposes)).await {
            Ok(()) => made += 1,
            Err(CaseError::Refused(_) | CaseError::Refusal(_) | CaseError::Forbidden(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(made)
}

/// Households of a place, those on a roll first: their facts are known best.
async fn homes(office: &Office, area: &AreaCode) -> Done<Vec<HouseholdId>> {
    let store = &office.store;
    let month = domain::Month::containing(office.clock.today());
    let mut on_roll = Vec::new();
    let mut others = Vec::new();
    for home in store::households::list(store, Some(area), 0, 400).await? {
        let subject = home.id.into();
        let paid = crate::disbursement::in_force(store, PROGRAMME, subject, month).await?;
        match paid {
            Some(_) => on_roll.push(home.id),
            None => others.push(home.id),
        }
    }
    let half = usize::try_from(HOUSEHOLDS_MAX / 2).unwrap_or(0);
    on_roll.truncate(half);
    others.truncate(half);
    on_roll.extend(others);
    Ok(on_roll)
}

/// A case as far as verification; none where the household has one, or nobody grown up heads it.
async fn to_verification(
    office: &Office,
    hands: &Hands,
    at: usize,
    household: HouseholdId,
) -> Done<Option<CaseNo>> {
    office.clock.set("2026-08-24T09:20");
    let today = office.clock.today();
    let members = store::households::members(&office.store, household).await?;
    let now: Vec<_> = members
        .into_iter()
        .filter(|m| m.span.contains(today))
        .collect();
    let head = now.iter().find(|m| m.relation == Relation::Head);
    let Some(head) = head.map(|head| head.person) else {
        return Ok(None);
    };
    if hands.window.is_kept_from(household) {
        return Ok(None);
    }
    let procedure = office.admission(PROGRAMME, today);
    let papers = procedure.as_ref().and_then(|p| p.first());
    let papers = papers.map_or(&[][..], |step| &step.papers);
    let opening = Opening {
        form_key: format!("demo-decide-{at}"),
        cause: Cause::Apply,
        cause_id: None,
        applicant: head,
        helper: None,
        members: now.iter().map(|m| (m.person, m.relation)).collect(),
        wanted: vec![Wanted {
            programme: PROGRAMME.to_owned(),
            person: None,
        }],
        declared: Vec::new(),
        papers: papers
            .iter()
            .map(|name| Paper {
                name: name.clone(),
                state: PaperState::Given,
                because: String::new(),
            })
            .collect(),
        going_on: "已向对方经办核实,不是同一种救助".to_owned(),
    };
    let opened = match open(office, &hands.window, &opening).await {
        Ok(opened) if !opened.again => opened,
        Ok(_) | Err(CaseError::Refused(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let Some(no) = opened.cases.first().copied() else {
        return Ok(None);
    };
    // Up to verification, each step by whoever may do it.
    for _ in 0..8 {
        let case = load(office, &hands.window, no).await?;
        match case.open_step().map(|step| step.ground) {
            None => return Ok(None),
            Some(Some(Ground::Verification)) => return Ok(Some(no)),
            Some(_) => {}
        }
        if !tried(plain(office, &hands.window, no).await)? {
            return Ok(None);
        }
    }
    Ok(None)
}

/// From verification to the first opinion: two go to the door; whether it came there.
async fn to_opinion(office: &Office, hands: &Hands, no: CaseNo) -> Done<bool> {
    office.clock.set(VISITED);
    for _ in 0..8 {
        let case = load(office, &hands.window, no).await?;
        let Some(step) = case.open_step() else {
            return Ok(false);
        };
        let went = match step.ground {
            Some(Ground::Opinion) => return Ok(true),
            Some(Ground::Visit) => tried(visited(office, hands, &case).await)?,
            // What differs waits for an explanation.
            Some(_) => false,
            None => tried(plain(office, &hands.window, no).await)?,
        };
        if !went {
            return Ok(false);
        }
    }
    Ok(false)
}

/// Whether an act was taken; what the procedure refuses leaves the case where it is.
fn tried(answer: Done<()>) -> Done<bool> {
    match answer {
        Ok(()) => Ok(true),
        Err(CaseError::Refused(_) | CaseError::Refusal(_) | CaseError::Forbidden(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// A visit by two: everybody of the application lives there.
async fn visited(office: &Office, hands: &Hands, case: &Case) -> Done<()> {
    let visit = visits::begin(office, &hands.window, About::Case(case.no())).await?;
    let members = case.application.content.members.iter();
    let said: Vec<Said> = members
        .map(|(person, _)| Said {
            person: Some(*person),
            fact: LIVES_THERE.to_owned(),
            value: "是".to_owned(),
            base: 0,
        })
        .collect();
    let ending = Ending {
        other: SECOND.to_owned(),
        outcome: None,
        because: String::new(),
        not_signed: "不会写字".to_owned(),
    };
    visits::save(office, &hands.window, visit, &said).await?;
    let seen = visits::visit_view(office, &hands.second, visit, &Typed::default()).await?;
    visits::confirm_seen(office, &hands.second, visit, seen.shown).await?;
    visits::finish(office, &hands.window, visit, (&[], &ending)).await?;
    Ok(())
}

/// Completes the open step of a case, with a second official where it takes two.
async fn plain(office: &Office, who: &Acting, no: CaseNo) -> Done<()> {
    let mut case = load(office, who, no).await?;
    let Some(step) = case.open_step().cloned() else {
        return Ok(());
    };
    let others: Vec<String> = match step.persons {
        0 | 1 => Vec::new(),
        _ => vec![SECOND.to_owned()],
    };
    let completion = Completion {
        step: &step.name,
        gave: step.gives.first().map_or("", String::as_str),
        others: &others,
        unsigned: Unsigned::AskTheOthers,
        ..Completion::default()
    };
    let mut tx = office.begin().await?;
    complete(office, &mut tx, who, &mut case, completion).await?;
    office.end(tx).await
}

async fn again(office: &Office, hands: &Hands, no: CaseNo) -> Done<Case> {
    load(office, &hands.window, no).await
}

/// From the opinion as far as the case goes.
async fn onward(
    office: &Office,
    hands: &Hands,
    no: CaseNo,
    (far, proposes): (Far, Proposal),
) -> Done<()> {
    let who = &hands.window;
    // A notice of the tenth hangs on the day the demo opens; one of August has run.
    let hangs = matches!(far, Far::Hanging | Far::Objected);
    let posted = if hangs {
        "2026-09-10T10:00"
    } else {
        "2026-08-31T10:00"
    };
    office.clock.set(posted);
    let mut case = again(office, hands, no).await?;
    let judged = look_into(office, &case).await?;
    let because = match proposes {
        Proposal::Grant => "入户和核对与申报一致",
        Proposal::Refuse => "核对结果不符合规定的条件",
    };
    let proposed = Proposed {
        proposes,
        because: because.to_owned(),
    };
    let worked_out = notice::worked_out(office, &case).await?;
    let mut tx = office.begin().await?;
    opinion::give(office, &mut tx, who, &mut case, (&judged, &proposed)).await?;
    notice::post(office, &mut tx, who, (&case, worked_out)).await?;
    office.end(tx).await?;
    if far == Far::Objected {
        office.clock.set("2026-09-11T16:20");
        let mut case = again(office, hands, no).await?;
        let mut tx = office.begin().await?;
        let text = "这一家的儿子在外打工,收入没有报";
        objection::object(office, &mut tx, who, &mut case, text).await?;
        office.end(tx).await?;
    }
    if hangs {
        return Ok(());
    }
    office.clock.set("2026-09-08T09:00");
    let mut case = again(office, hands, no).await?;
    let mut tx = office.begin().await?;
    notice::finish(office, &mut tx, who, &mut case).await?;
    office.end(tx).await?;
    plain(office, who, no).await?;
    if far == Far::Waiting {
        return Ok(());
    }
    office.clock.set("2026-09-09T15:00");
    let signing = decision::Signing {
        outcome: match proposes {
            Proposal::Grant => DecidedAs::Granted,
            Proposal::Refuse => DecidedAs::Refused,
        },
        because: String::new(),
        amount: None,
        articles: Vec::new(),
    };
    if sample::wanted(office, &hands.county, no).await?.is_some() {
        let looked = sample::Looked {
            found: CheckFound::Agrees,
            says: "到户核对,收入、人口与申报和入户调查表一致".to_owned(),
        };
        sample::record(office, &hands.county, no, &looked).await?;
    }
    decision::sign(office, &hands.county, no, &signing).await?;
    office.clock.set("2026-09-10T09:30");
    let mut case = again(office, hands, no).await?;
    let mut tx = office.begin().await?;
    let way = (DeliveryWay::InPerson, "本人".into());
    decision::deliver(office, &mut tx, who, &mut case, way).await?;
    office.end(tx).await?;
    if proposes == Proposal::Grant {
        office.clock.set("2026-09-11T09:00");
        let mut case = load(office, &hands.county, no).await?;
        let mut tx = office.begin().await?;
        decision::publish(office, &mut tx, &hands.county, &mut case).await?;
        office.end(tx).await?;
    }
    Ok(())
}
