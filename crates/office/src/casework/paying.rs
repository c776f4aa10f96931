//! 给付: what a decision gives, from which month, in how many parts, and what was given before taken off it. The
//! amounts are the rule's; this shares them out and gives them into the entitlements.

use super::opinion::Judged;
use super::{Case, CaseError, Done, Holds, Writing, circumstance};
use crate::access::Acting;
use crate::disbursement::{self, AtOnce, Entitle, Grant};
use crate::office::Office;
use domain::instalments::{instalments, taken_off};
use domain::procedure::PaysFrom;
use domain::{Day, Fen, Month};
use store::entitlements::{Cause, Subject as Paid};

/// What a granted decision gives.
pub(super) enum Plan {
    /// Nothing: it is refused.
    Nothing,
    /// Help with the months' batches from a month on.
    WithTheMonth(Month),
    /// A grant that waits for no month's batch.
    AtOnce(Box<Parts>),
}

/// A grant in its parts.
pub(super) struct Parts {
    once: AtOnce,
    month: Month,
    /// What was decided, part by part.
    parts: Vec<Fen>,
    /// What of it is still owed.
    owed: Vec<Fen>,
    given: Fen,
}

impl Plan {
    /// The first month.
    pub(super) fn from(&self) -> Option<Month> {
        match self {
            Self::Nothing => None,
            Self::WithTheMonth(month) => Some(*month),
            Self::AtOnce(parts) => Some(parts.month),
        }
    }

    /// What the decision says of it beside the amount.
    pub(super) fn says(&self) -> Vec<String> {
        let Self::AtOnce(plan) = self else {
            return Vec::new();
        };
        let mut out = Vec::new();
        if plan.parts.len() > 1 {
            let parts: Vec<String> = plan.parts.iter().map(|fen| format!("{fen} 元")).collect();
            let count = parts.len();
            out.push(format!("分 {count} 期发放:{}", parts.join("、")));
        }
        if plan.given > Fen::ZERO {
            let owed = Fen::total(plan.owed.iter().copied()).unwrap_or(Fen::ZERO);
            out.push(format!(
                "先前已经给的 {} 元从中扣除,还要发 {owed} 元",
                plan.given
            ));
        }
        out
    }
}

/// Shares out what is granted, before it is written.
pub(super) async fn plan(
    office: &Office,
    tx: &mut Writing,
    case: &Case,
    judged: &Judged,
    (granted, amount): (bool, Option<Fen>),
) -> Done<Plan> {
    let today = office.clock.today();
    let book = disbursement::book(office).ok();
    let once = book.and_then(|book| book.at_once(&case.row.content.programme).cloned());
    let once = once.filter(|_| !judged.found.monthly);
    let given = match &once {
        Some(_) => {
            let cause = Cause::new("case", case.no());
            disbursement::cease(office, tx, case.no(), &cause).await?
        }
        None => Fen::ZERO,
    };
    if !granted {
        return Ok(Plan::Nothing);
    }
    let month = Month::containing(today);
    let (Some(once), Some(amount)) = (once, amount) else {
        return Ok(Plan::WithTheMonth(match case.procedure.pays_from {
            Some(PaysFrom::SameMonth) => month,
            Some(PaysFrom::NextMonth) | None => month.next(),
        }));
    };
    let parts = shared(office, judged, &once, amount)?;
    Ok(Plan::AtOnce(Box::new(Parts {
        owed: taken_off(&parts, given),
        parts,
        given,
        once,
        month,
    })))
}

/// The parts of an amount, as the rule shares it out.
fn shared(office: &Office, judged: &Judged, once: &AtOnce, amount: Fen) -> Done<Vec<Fen>> {
    if once.count.is_empty() {
        return Ok(vec![amount]);
    }
    let unread = |name: &str| {
        let said = format!(
            "规则没有给出“{name}”,分不了期;请在“经办查实”登记期数,或者请管理规则的人看规则"
        );
        CaseError::Refused(said)
    };
    let whole = |name: &str| judged.whole(office, name).ok_or_else(|| unread(name));
    let count = u32::try_from(whole(&once.count)?).map_err(|_| unread(&once.count))?;
    let (each, last) = (whole(&once.each)?, whole(&once.last)?);
    let parts = instalments(amount, Fen::new(each), count);
    // Of the rule's own amount the last part is the rule's too.
    let ruled = judged.found.amount() == Some(amount);
    if ruled && parts.last() != Some(&Fen::new(last)) {
        return Err(unread(&once.last));
    }
    Ok(parts)
}

/// Whose the money is, to whom, in whose file.
pub(super) fn entitle_of(case: &Case, (from, amount): (Month, Fen), cause: Cause) -> Done<Entitle> {
    let content = &case.row.content;
    let household = content.household.ok_or_else(|| {
        CaseError::Refused("这一件没有住户,不能发放;请先在收件里登记住户".to_owned())
    })?;
    Ok(Entitle {
        programme: content.programme.clone(),
        component: None,
        subject: subject_of(case),
        household,
        payee: content.applicant,
        amount,
        from,
        last: None,
        card: None,
        cause,
    })
}

fn subject_of(case: &Case) -> Paid {
    match case.row.content.subject {
        store::cases::Subject::Household(id) => Paid::from(id),
        store::cases::Subject::Person(id) => Paid::from(id),
    }
}

/// Gives the entitlement of a decision, or changes the one there is.
pub(super) async fn pay(
    office: &Office,
    tx: &mut Writing,
    who: &Acting,
    case: &mut Case,
    (decision, amount, plan, monthly): (i64, Fen, &Plan, bool),
) -> Done<()> {
    let cause = Cause::new("decision", decision);
    match plan {
        Plan::Nothing => Ok(()),
        Plan::WithTheMonth(from) => {
            let from = *from;
            let programme = case.row.content.programme.as_str();
            let of = (programme, subject_of(case));
            if monthly {
                disbursement::give_way(office, tx, who.login(), of, (from, &cause)).await?;
            }
            let now = disbursement::in_force(tx, of.0, of.1, from).await?;
            if let Some(now) = now.filter(|_| monthly) {
                let by = who.login();
                // A new decision's own terms: without an end, whatever the help it changes was to have.
                let with = disbursement::Amend {
                    from,
                    to: None,
                    amount,
                };
                disbursement::amend(office, tx, by, &now, with, &cause).await?;
                return Ok(());
            }
            let entitle = Entitle {
                last: (!monthly).then_some(from),
                ..entitle_of(case, (from, amount), cause)?
            };
            disbursement::entitle(office, tx, who.login(), &entitle).await?;
            Ok(())
        }
        Plan::AtOnce(parts) => {
            let grant = Grant {
                entitle: entitle_of(case, (parts.month, amount), cause)?,
                kind: parts.once.kind.clone(),
                case: case.no(),
                parts: parts.owed.clone(),
                day: today(office, case),
            };
            disbursement::grant(office, tx, who.login(), &grant).await?;
            let staged = parts.once.staged.as_str();
            let known = case
                .procedure
                .circumstances
                .iter()
                .any(|c| c.name == staged);
            if parts.parts.len() > 1 && known && !case.standing.told.contains(staged) {
                let why = format!("决定 {decision} 分 {} 期", parts.parts.len());
                circumstance(office, tx, who, case, (staged, Holds::Yes), &why).await?;
            }
            Ok(())
        }
    }
}

/// The day something about a case is decided on.
pub(super) fn today(office: &Office, case: &Case) -> Day {
    office.clock.today().max(case.standing.newest)
}
