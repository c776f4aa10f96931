//! 认定: recognition without money — 低保边缘, 刚性支出困难 — stands beside the help that is paid, without an amount, so
//! that it can be reviewed, changed and ended like it. From when until when it holds the policy says with 给予; what was
//! decided since ends it earlier.

use super::capsule::{self, Capsule};
use super::{Case, CaseError, DecidedAs, Done, Writing, decision};
use crate::access::Acting;
use crate::office::Office;
use domain::{AreaCode, Day, Fen, HouseholdId, Month, PersonId};
use rules::eval::Evaluator;
use rules::situation::Moments;
use store::cases::{self, Subject};
use store::entitlements::{self, Cause, Entitlement, NewEntitlement};
use store::{Act, Reads, decisions};

/// The component of a recognition, and what stands in the place of its fund.
pub(crate) const COMPONENT: &str = "认定";
const NO_FUND: &str = "不发钱";

/// Whether something somebody is entitled to is a recognition that gives no money.
pub(crate) fn is_one(help: &Entitlement) -> bool {
    help.component == COMPONENT
}

/// What a family is recognised as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recognised {
    /// The programme, by its policy's name.
    pub(crate) programme: String,
    /// What officials call it.
    pub(crate) title: String,
    /// Whom: the household, or one of its members by number.
    pub(crate) subject: Subject,
    /// The decision.
    pub(crate) decision: i64,
    /// From which day.
    pub(crate) from: Day,
    /// Until which day, that one included; none while no rule ends it.
    pub(crate) to: Option<Day>,
}

impl Recognised {
    /// Whether it holds on a day.
    pub(crate) fn holds(&self, day: Day) -> bool {
        self.from <= day && self.to.is_none_or(|to| day <= to)
    }
}

/// What a household and its members are recognised as by decisions that stand and give no money, newest first;
/// those that are over too.
pub(crate) async fn of_household(
    office: &Office,
    on: &impl Reads,
    household: HouseholdId,
) -> Done<Vec<Recognised>> {
    let held = entitlements::of_household(on, household).await?;
    let mut out: Vec<Recognised> = Vec::new();
    for row in cases::of_household(on, household).await? {
        let Some(decided) = decision::newest(on, row.no).await? else {
            continue;
        };
        let content = &decided.content;
        let Some(month) = content
            .from
            .filter(|_| content.outcome == DecidedAs::Granted && content.amount.is_none())
        else {
            continue;
        };
        let again = |one: &Recognised| {
            one.programme == content.programme && one.subject == row.content.subject
        };
        // A later decision of the same stands for the earlier ones.
        if out.iter().any(again) {
            continue;
        }
        let program = office.rules_on(row.content.rules_day);
        let title = program.file(&content.programme);
        let (from, to) = span(office, &decided)?.unwrap_or((None, None));
        let by = Cause::new("decision", decided.no);
        let of = (content.programme.as_str(), row.content.subject);
        let to = until(&held, of, &by, to);
        out.push(Recognised {
            programme: content.programme.clone(),
            title: title.map_or_else(|| content.programme.clone(), |(_, plan)| plan.title.clone()),
            subject: row.content.subject,
            decision: decided.no,
            from: from.unwrap_or_else(|| month.first()),
            to,
        });
    }
    Ok(out)
}

/// Until which day it holds after what was decided since. Where something else than the decision began the newest that
/// is kept, that one's end is the answer; where the decision did, an ending stands for the day the policy says.
fn until(
    held: &[Entitlement],
    (programme, of): (&str, Subject),
    by: &Cause,
    to: Option<Day>,
) -> Option<Day> {
    let own = held
        .iter()
        .filter(|one| is_one(one) && one.programme == programme && one.subject == paid_to(of));
    let Some(newest) = own.max_by_key(|one| one.id) else {
        return to;
    };
    let last = newest.to.map(|to| to.prev().last());
    if newest.cause != *by {
        return last;
    }
    match (to, last.filter(|_| !newest.stopped_cause.is_empty())) {
        (Some(to), Some(ended)) => Some(to.min(ended)),
        (to, ended) => to.or(ended),
    }
}

fn paid_to(of: Subject) -> entitlements::Subject {
    match of {
        Subject::Household(id) => id.into(),
        Subject::Person(id) => id.into(),
    }
}

/// Keeps the recognition of a decision, inside its write: it takes the place of one that runs already. A family that
/// stands in no household of the register has nothing kept beside the decision.
pub(super) async fn keep(
    office: &Office,
    tx: &mut Writing,
    who: &Acting,
    case: &Case,
    (decision, from): (i64, Month),
) -> Done<()> {
    let content = &case.row.content;
    let Some(household) = content.household else {
        return Ok(());
    };
    let decided = decisions::find(tx, decision).await?;
    let to = match &decided {
        Some(decided) => span(office, decided)?.and_then(|(_, to)| to),
        None => None,
    };
    let new = New {
        programme: content.programme.clone(),
        subject: paid_to(content.subject),
        household,
        payee: content.applicant,
        area: case.standing.area,
        from,
        to: to.map(|to| Month::containing(to).next()),
    };
    let cause = Cause::new("decision", decision);
    let old = entitlements::of_subject(tx, &new.programme, COMPONENT, new.subject).await?;
    for one in old.iter().filter(|one| one.to.is_none_or(|to| from < to)) {
        let at = from.max(one.from);
        let why = format!("{}:{}", cause.kind, cause.id);
        entitlements::stop(tx, &office.clock.at(), one.id, at, &why).await?;
    }
    begin(office, tx, who.login(), new, &cause).await?;
    Ok(())
}

/// A recognition to be kept.
pub(super) struct New {
    pub programme: String,
    pub subject: entitlements::Subject,
    pub household: HouseholdId,
    pub payee: PersonId,
    pub area: AreaCode,
    pub from: Month,
    /// The first month it no longer holds.
    pub to: Option<Month>,
}

impl New {
    /// The same recognition, held from another month on.
    pub(super) fn after(help: &Entitlement, from: Month, to: Option<Month>) -> Self {
        Self {
            programme: help.programme.clone(),
            subject: help.subject,
            household: help.household,
            payee: help.payee,
            area: help.area,
            from,
            to,
        }
    }
}

/// Whether the newest that is kept of the same recognition holds in a month already.
pub(super) async fn covers(on: &impl Reads, help: &Entitlement, month: Month) -> Done<bool> {
    let all = entitlements::of_subject(on, &help.programme, COMPONENT, help.subject).await?;
    let newest = all.iter().max_by_key(|one| one.id);
    Ok(newest.is_some_and(|one| one.id != help.id && one.covers(month)))
}

/// Keeps one, because of something; answers its number.
pub(super) async fn begin(
    office: &Office,
    tx: &mut Writing,
    by: &str,
    new: New,
    cause: &Cause,
) -> Done<i64> {
    let at = office.clock.at();
    let row = NewEntitlement {
        programme: new.programme,
        component: COMPONENT.to_owned(),
        subject: new.subject,
        household: new.household,
        payee: new.payee,
        fund: NO_FUND.to_owned(),
        area: new.area,
        from: new.from,
        to: new.to.map(|to| to.max(new.from)),
        amount: Fen::ZERO,
        account: None,
        cause: cause.clone(),
    };
    let ids = entitlements::add_many(tx, &at, by, &[row]).await?;
    let id = ids
        .first()
        .copied()
        .ok_or_else(|| CaseError::Refused("认定没有写进记录".to_owned()))?;
    tx.record(
        Act::new(&at, by, "recognition.keep")
            .on("entitlement", id)
            .because(format!("{} 起认定", new.from))
            .under(format!("{}:{}", cause.kind, cause.id)),
    );
    Ok(id)
}

/// From which day until which the policy gives what was decided; none where its rules do not say so, as when it
/// departs from them.
fn span(office: &Office, decided: &decisions::Decision) -> Done<Option<Span>> {
    spanned(office, &capsule::of_decision(decided)?)
}

/// From which day until which something is given, that one included.
pub(super) type Span = (Option<Day>, Option<Day>);

/// The same by the facts any decision kept.
pub(super) fn spanned(office: &Office, kept: &Capsule) -> Done<Option<Span>> {
    let day = |text: &str| {
        Day::parse(text).map_err(|error| {
            let said = format!("办件 № {} 的决定日期读不懂:{error}", kept.case);
            CaseError::Office(crate::OfficeError::Other(said))
        })
    };
    let program = office.rules_on(day(&kept.rules_day)?);
    let (situation, _) = kept.facts.situation(&program);
    let entity = program.dict.entity(&kept.subject.0);
    let at = entity.and_then(|entity| situation.find(entity, kept.subject.1));
    let (Some(at), Some((file, _))) = (at, program.file(&kept.programme)) else {
        return Ok(None);
    };
    let moments = Moments::case(day(&kept.acceptance)?, Some(day(&kept.decision)?));
    let mut eval = Evaluator::new(&program, &situation, moments);
    let outcome = eval.outcome(file, at);
    let mut given = outcome.into_iter().flat_map(|outcome| outcome.grants);
    Ok(given
        .find(|grant| grant.at == at)
        .map(|one| (one.from, one.to)))
}
