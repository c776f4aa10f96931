//! 终止办理的送达: a procedure that was ended before a decision has a letter too; who signed for it, and how, is written
//! down once. Until then it stands in the list of whoever hands such letters over.

use super::receivers::{self, Receiver, SignedBy, way_word};
use super::{Case, CaseError, DeliveryWay, Done, Writing, not_a_relative, read};
use crate::access::{Acting, Right, Scope};
use crate::office::Office;
use domain::casework::Outcome;
use domain::{AreaCode, CaseNo};
use std::collections::BTreeSet;
use store::endings::{self, EndingDelivery};
use store::{Act, Reads};

/// Ended cases looked at for the list of one official.
pub const LOOKED_MAX: u32 = 200;

/// The letter of an ended case, as its page shows it.
#[derive(Clone, Debug, Default)]
pub struct EndingView {
    /// What it is called; empty where there is none.
    pub letter: String,
    /// How it was handed over; empty while it was not.
    pub delivered: String,
    /// Who may sign for it; empty where it is not this person's to hand over.
    pub receivers: Vec<Receiver>,
}

/// Letters about endings that somebody has to hand over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndingsWaiting {
    /// Their cases, the newest ended first.
    pub cases: Vec<i64>,
    /// How many cases were looked at.
    pub looked: usize,
    /// Whether there are others, ended before them, that were not.
    pub more: bool,
}

/// The letter about the ending of a case, and the roles that hand it over.
fn letter(case: &Case) -> Option<(&str, &[String])> {
    let ended = case
        .standing
        .closed
        .is_some_and(|(how, _)| how == Outcome::Ended);
    let (step, letter) = domain::letters::ending(&case.procedure).filter(|_| ended)?;
    Some((letter.title.as_str(), step.who.as_slice()))
}

/// Whether somebody hands over the letter of a case.
fn hands_over(who: &Acting, case: &Case, roles: &[String]) -> bool {
    let here = &case.standing.area;
    who.may(Right::CASE_HANDLE) && roles.iter().any(|role| who.holds_role(role, here))
}

/// The letter of an ended case with who may sign for it.
///
/// # Errors
/// The record.
pub async fn view(office: &Office, who: &Acting, no: CaseNo) -> Done<EndingView> {
    let on = &office.store;
    let Some(case) = read(office, on, no).await? else {
        return Ok(EndingView::default());
    };
    let Some((letter, roles)) = letter(&case) else {
        return Ok(EndingView::default());
    };
    let known = endings::delivered(on, no).await?;
    let delivered = known.as_ref().map_or_else(String::new, |one| {
        let way = way_word(one.way);
        format!("{} {way}送达({}),{} 经手", one.day, one.receiver, one.by)
    });
    let mine = known.is_none() && hands_over(who, &case, roles);
    Ok(EndingView {
        letter: letter.to_owned(),
        delivered,
        receivers: match mine && not_a_relative(who, &case).is_ok() {
            true => receivers::choices(office, on, &case).await?,
            false => Vec::new(),
        },
    })
}

/// 送达: writes down how the letter of an ended case was handed over.
///
/// # Errors
/// The case was not ended, or has no letter; it was handed over before; it is not this person's; or whoever signed
/// may not.
pub async fn deliver(
    office: &Office,
    tx: &mut Writing,
    who: &Acting,
    case: &Case,
    (way, to): (DeliveryWay, SignedBy<'_>),
) -> Done<()> {
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    not_a_relative(who, case)?;
    let (letter, roles) =
        letter(case).ok_or_else(|| refused("这一件不是终止办理的,没有终止办理的文书要送达"))?;
    if !hands_over(who, case, roles) {
        let said = format!("“{letter}”由{}送达", roles.join("、"));
        return Err(CaseError::Forbidden(said));
    }
    if endings::delivered(tx, case.no()).await?.is_some() {
        return Err(refused("这份文书已经登记过送达;请刷新页面"));
    }
    let receiver = receivers::named(office, tx, (who, case), (way, to)).await?;
    let at = office.clock.at();
    let new = EndingDelivery {
        case: case.no(),
        document: letter.to_owned(),
        way,
        receiver,
        day: office.clock.today().max(case.standing.newest),
        by: who.login().to_owned(),
    };
    endings::deliver(tx, &at, &new).await?;
    tx.record(
        Act::new(&at, who.login(), "letter.deliver")
            .on("case", case.no())
            .because(letter),
    );
    Ok(())
}

/// Ended cases within somebody's places whose letter is theirs to hand over and was not, the newest ended first; of
/// those whose letter nobody handed over no more are looked at than the caller says, whatever the procedures and
/// places. Who hands over nothing is answered at once.
///
/// # Errors
/// The record.
pub async fn waiting(office: &Office, who: &Acting, looked_max: u32) -> Done<EndingsWaiting> {
    let Ok(scope) = who.scope(Right::CASE_HANDLE) else {
        return Ok(EndingsWaiting::default());
    };
    let held = who.roles_held();
    let mut theirs: BTreeSet<(&str, AreaCode)> = BTreeSet::new();
    for (procedure, roles) in office.ending_letters() {
        let mine = |place: &AreaCode| roles.iter().any(|role| who.holds_role(role, place));
        let places = held.iter().map(|(_, place)| *place).filter(mine);
        theirs.extend(places.map(|place| (procedure.as_str(), place)));
    }
    if theirs.is_empty() {
        return Ok(EndingsWaiting::default());
    }
    let theirs: Vec<(&str, AreaCode)> = theirs.into_iter().collect();
    let on = &office.store;
    // One more than is looked at says whether there are more.
    let found = endings::waiting(on, &theirs, looked_max.saturating_add(1)).await?;
    let looked_max = usize::try_from(looked_max).unwrap_or(usize::MAX);
    let mut out = EndingsWaiting {
        looked: found.len().min(looked_max),
        more: found.len() > looked_max,
        ..EndingsWaiting::default()
    };
    for no in found.into_iter().take(looked_max) {
        if of(office, on, (who, &scope), no).await? {
            out.cases.push(no.get());
        }
    }
    Ok(out)
}

async fn of(
    office: &Office,
    on: &impl Reads,
    (who, scope): (&Acting, &Scope),
    no: CaseNo,
) -> Done<bool> {
    let case = read(office, on, no).await?;
    Ok(case.is_some_and(|case| {
        let theirs = letter(&case).is_some_and(|(_, roles)| hands_over(who, &case, roles));
        theirs && scope.contains(&case.standing.area) && not_a_relative(who, &case).is_ok()
    }))
}
