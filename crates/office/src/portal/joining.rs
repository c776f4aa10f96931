//! 并入: a member somebody typed on their telephone belongs to the application once an official has seen the
//! papers. Until then a name and a number attach nobody.

use super::claim::read;
use super::draft::Member;
use crate::access::{Acting, Right};
use crate::casework::people::{self, KnownBy, Line};
use crate::casework::{CaseError, Done, found, kin, near, without_numbers};
use crate::office::Office;
use crate::views::ViewError;
use domain::{IdNumber, Relation};
use store::applications::{self, Flag};
use store::cases::CaseState;
use store::portal::{self, Doubt};
use store::{Act, cases};

/// A typed member within the places of whoever handles residents' matters.
pub(super) async fn doubt(office: &Office, who: &Acting, no: i64) -> Done<Doubt> {
    let scope = who.scope(Right::RESIDENT_HANDLE)?;
    let mut open = Vec::new();
    for place in scope.each_place() {
        open.extend(portal::doubts(&office.store, place.as_ref(), u32::MAX).await?);
    }
    let none = || CaseError::NotFound(format!("没有编号为 {no} 的待核对成员"));
    open.into_iter().find(|one| one.no == no).ok_or_else(none)
}

/// How a typed member is told from others, as the official has seen it: by the number of the card, which must be the
/// one that was said. Whoever had none is seen by the day of birth, or by a number they have by now.
fn seen(office: &Office, member: &Member, typed: &str) -> Done<KnownBy> {
    let today = office.clock.today();
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    if let ("", "") = (member.number.as_str(), typed.trim()) {
        return Err(refused(
            "这一位还没有身份证号:请看出生医学证明或者户口簿,写上面的出生日期;已经有号码的写号码",
        ));
    }
    let again = "证件上的号码和网上写的不一样,不能并入;写明不并入的理由,请本人重新写";
    match (member.number.as_str(), IdNumber::parse(typed, today)) {
        ("", Ok(parsed)) => {
            let number = parsed.number;
            let born = number.birth().to_string();
            match member.birth == people::NOT_KNOWN || member.birth == born {
                true => Ok(KnownBy::Number(number)),
                false => Err(refused(
                    "这个号码的出生日期和网上写的不一样,不能并入;请对照证件",
                )),
            }
        }
        ("", Err(_)) => {
            let day = typed.trim();
            let known = people::known_by(("无", day), today);
            let known = known.map_err(|(_, said)| CaseError::Refused(said))?;
            match day == member.birth {
                true => Ok(known),
                false => Err(refused(
                    "出生日期和网上写的不一样,不能并入;请对照证明,或者请本人重新写",
                )),
            }
        }
        (said, Ok(parsed)) if said == parsed.number.as_str() => Ok(KnownBy::Number(parsed.number)),
        (_, Ok(_)) => Err(refused(again)),
        (_, Err(error)) => Err(CaseError::Refused(format!("身份证号:{error}"))),
    }
}

/// The official saw the card of a typed member: the person joins the application and its cases, found in the
/// register by number and name or taken into it. `number` is typed from the card and must be the one that was
/// said; `because` says how it was seen.
///
/// # Errors
/// No right, another place, another number or name, a near relative, nothing said, or nothing goes on any more.
pub async fn join_member(
    office: &Office,
    who: &Acting,
    no: i64,
    (number, because): (&str, &str),
) -> Done<()> {
    let held = doubt(office, who, no).await?;
    let member: Member = read(&held.content)?;
    let because = because.trim();
    without_numbers(because)?;
    if because.is_empty() {
        let said = "请写明怎么核对的,如“看过户口簿和身份证”";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let line = Line {
        row: 1,
        name: member.name.clone(),
        known_by: seen(office, &member, number)?,
        relation: Relation::parse(&member.relation).unwrap_or(Relation::Other),
    };
    let known = applications::find(&office.store, held.application).await?;
    let home = known.and_then(|known| known.content.household);
    if home.is_some_and(|home| who.is_kept_from(home)) {
        return Err(ViewError::kept_from().into());
    }
    if member.outside {
        return name_kin(office, who, (&held, because), &line).await;
    }
    let at = office.clock.at();
    let application = held.application;
    let mut tx = office.store.write().await?;
    let rows = cases::of_application(&tx, application).await?;
    let open: Vec<_> = rows
        .iter()
        .filter(|row| row.state == CaseState::Open)
        .map(|row| row.no)
        .collect();
    if open.is_empty() {
        let said = "这份申请的办件都已经办结,不能再并入;请写明不并入的理由";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let lines = std::slice::from_ref(&line);
    let right = Right::RESIDENT_HANDLE;
    let taken = people::take_with(office, &mut tx, who, right, (lines, held.area)).await?;
    let taken = taken.map_err(|wrong| {
        let said = wrong.into_iter().next().map(|wrong| wrong.said);
        CaseError::Refused(said.unwrap_or_else(|| "这一位登记不了,请对照证件".to_owned()))
    })?;
    let first = taken.first().copied();
    let (person, relation) =
        first.ok_or_else(|| CaseError::Refused("没有登记成,请再试一次".to_owned()))?;
    if who.is_kept_from_person(person) {
        return Err(ViewError::kept_from().into());
    }
    let elsewhere = found::elsewhere(office, &tx, &[person], home).await?;
    let flags: Vec<Flag> = elsewhere
        .iter()
        .filter(|one| one.case.is_none_or(|case| !open.contains(&case)))
        .map(|one| Flag {
            person: one.person,
            kind: one.kind,
            programme: one.programme.clone(),
            case: one.case,
            because: because.to_owned(),
        })
        .collect();
    if !applications::join(&mut tx, application, (person, relation)).await? {
        let said = "这一位已经在这份申请里;请写明核对过了";
        return Err(CaseError::Refused(said.to_owned()));
    }
    applications::add_flags(&mut tx, &at, who.login(), application, &flags).await?;
    near::mark(office, &mut tx, &open).await?;
    portal::settle_doubt(&mut tx, &at, who.login(), no, because).await?;
    let act = Act::new(&at, who.login(), "application.join").on("application", application);
    tx.record(act.under(format!("person:{person}")).because(because));
    tx.commit().await?;
    Ok(())
}

/// Somebody who does not live with the family becomes kin of whom the open cases are about.
async fn name_kin(
    office: &Office,
    who: &Acting,
    (held, because): (&Doubt, &str),
    line: &Line,
) -> Done<()> {
    let mut tx = office.store.write().await?;
    let rows = cases::of_application(&tx, held.application).await?;
    let open = rows.iter().filter(|row| row.state == CaseState::Open);
    let open: Vec<_> = open.map(|row| row.no).collect();
    let known = applications::find(&tx, held.application).await?;
    let members = known.map_or_else(Vec::new, |known| known.content.members);
    let members: Vec<_> = members.into_iter().map(|(person, _)| person).collect();
    let row = kin::KinRow {
        line: line.clone(),
        whose: Vec::new(),
    };
    kin::name_all(office, &mut tx, who, (&open, &members), (&[row], &[])).await?;
    let at = office.clock.at();
    portal::settle_doubt(&mut tx, &at, who.login(), held.no, because).await?;
    let act = Act::new(&at, who.login(), "application.kin").on("application", held.application);
    tx.record(act.because(because));
    tx.commit().await?;
    Ok(())
}
