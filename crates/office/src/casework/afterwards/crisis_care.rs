//! 紧急通道 for those who are helped already: help that would end in the crisis goes on for some months, every
//! 特困 household is swept for its carers, and when the channel is over everybody who came through it or was
//! extended is looked at again. Months and days stand in the rulebook; what a door is asked stands in its
//! procedures. Run twice it changes nothing the second time.

use super::super::{CaseError, Done, without_numbers};
use super::crisis_extend::extend;
use super::due::in_force;
use super::{DECIDED, crisis};
use crate::access::{Acting, Right};
use crate::disbursement;
use crate::office::Office;
use crate::rulebook::tables;
use domain::casework::Outcome;
use domain::{AreaCode, AreaLevel, Day, HouseholdId, Month};
use std::collections::BTreeSet;
use store::audit::About;
use store::crisis::care::{self, CrisisDoor, DoorKind, Extension};
use store::crisis::{Crisis, find, list};
use store::entitlements::{self, Cause, Entitlement};
use store::tasks::{self, NewTask};
use store::{Act, JournalTx, Reads, cases};

/// What help that goes on says it was caused by.
pub(super) const CAUSE: &str = "crisis";
const SWEEPS: &str = "照料人排查";
const RECHECKS: &str = "结束后复核";
/// The procedures of the two visits.
const SWEEP: &str = "carer_sweep";
const RECHECK: &str = "crisis_recheck";
/// Channels looked through.
const CHANNELS_MAX: u32 = 1_000;
/// What the chain calls a printed letter, on which thing, and how many of its entries are looked through: an
/// extension is made and undone once, so that all others are letters.
pub(super) const PRINTED: &str = "crisis.letter";
pub(super) const EXTENSION: &str = "crisis-extension";
const ENTRIES_MAX: u32 = 10;

/// What was done for a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cared {
    /// Help that goes on.
    pub(crate) extended: u64,
    /// Households to be swept.
    pub(crate) swept: u64,
    /// Doors to be looked at again.
    pub(crate) rechecked: u64,
    /// Help that does not go on, and why.
    pub(crate) refused: Vec<String>,
}

impl Cared {
    fn did(&self) -> bool {
        self.extended > 0 || self.swept > 0 || self.rechecked > 0
    }

    fn said(&self) -> String {
        let Self {
            extended,
            swept,
            rechecked,
            ..
        } = self;
        let done = format!("延长 {extended} 项,排查 {swept} 户,复核 {rechecked} 件");
        match self.refused.is_empty() {
            true => done,
            false => format!("{done};没有延长:{}", self.refused.join(";")),
        }
    }
}

/// The first day on which a channel no longer holds.
pub(super) fn over_from(one: &Crisis) -> Day {
    let by_itself = one.content.last.add_days(1).unwrap_or(one.content.last);
    let early = one.ended.as_ref().map(|(day, _)| *day);
    early.map_or(by_itself, |day| day.min(by_itself))
}

/// Does for a channel what is to be done on a day: while it holds, extends and sweeps; afterwards, lists whom to
/// look at again.
pub(super) async fn care(
    office: &Office,
    tx: &mut JournalTx,
    by: &str,
    one: &Crisis,
) -> Done<Cared> {
    let today = office.clock.today();
    let cared = if today >= over_from(one) {
        Cared {
            rechecked: recheck(office, tx, by, one).await?,
            ..Cared::default()
        }
    } else {
        let (extended, refused) = extend(office, tx, by, one).await?;
        Cared {
            extended,
            swept: sweep(office, tx, by, one).await?,
            rechecked: 0,
            refused,
        }
    };
    if cared.did() {
        let act = Act::new(&office.clock.at(), by, "crisis.care").on("crisis", one.no);
        tx.record(act.because(cared.said()).under(&one.content.because));
    }
    Ok(cared)
}

/// The same for every channel, with the month's run. What one of them is refused is told, and the others go on.
pub(crate) async fn keep_up(office: &Office, mut told: impl FnMut(&str)) -> Done<()> {
    for one in list(&office.store, CHANNELS_MAX).await? {
        let mut tx = office.begin().await?;
        match care(office, &mut tx, "system", &one).await {
            Ok(cared) => {
                if cared.did() {
                    office.end(tx).await?;
                }
                for why in &cared.refused {
                    told(&format!("紧急通道 {} 没有延长:{why}", one.no));
                }
            }
            Err(CaseError::Refused(why) | CaseError::NotFound(why)) => {
                tracing::warn!(crisis = one.no, %why, "a crisis channel was not kept up");
                told(&format!("紧急通道 {} 没有办成:{why}", one.no));
            }
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

/// A number the rulebook may say of channels; a version signed before there was one does nothing by it.
pub(super) fn said(office: &Office, name: &str) -> Option<u32> {
    tables::setting(office, crisis::SETTINGS, name)
}

/// Every household of the sweep's programmes in the channel's place, once, whatever help it is of.
async fn sweep(office: &Office, tx: &mut JournalTx, by: &str, one: &Crisis) -> Done<u64> {
    let today = office.clock.today();
    let procedures = office.procedures(today);
    let way = procedures.iter().find(|way| way.id == SWEEP);
    let (Some(way), Some(days)) = (way, said(office, SWEEPS)) else {
        return Ok(0);
    };
    let due = today.add_days(i64::from(days)).unwrap_or(today);
    let mut known = BTreeSet::new();
    for about in listed(tx, one.no, DoorKind::Sweep).await? {
        let help = entitlements::find(tx, about).await?;
        known.extend(help.map(|help| help.household));
    }
    let (mut wanted, mut doors) = (Vec::new(), Vec::new());
    for help in in_force(office).await? {
        let meant =
            one.content.area.contains(&help.area) && way.programmes.contains(&help.programme);
        if !meant || !known.insert(help.household) {
            continue;
        }
        doors.push((DoorKind::Sweep, help.id));
        wanted.push(NewTask {
            summary: format!(
                "紧急通道“{}”:看本人和照料的人在不在、能不能照料",
                one.content.title
            ),
            ..task(office, one, SWEEP, (&help.area, Some(help.household)), due)
        });
    }
    raise(office, tx, by, one, (&doors, &wanted, due)).await
}

/// Those already on a list of a channel.
async fn listed(tx: &JournalTx, no: i64, kind: DoorKind) -> Done<BTreeSet<i64>> {
    let doors = care::doors(tx, no).await?;
    let own = doors.iter().filter(|door| door.kind == kind);
    Ok(own.map(|door| door.about).collect())
}

fn task(
    office: &Office,
    one: &Crisis,
    kind: &str,
    (area, household): (&AreaCode, Option<HouseholdId>),
    due: Day,
) -> NewTask {
    NewTask {
        kind: kind.to_owned(),
        household,
        person: None,
        area: area.at(AreaLevel::Township).unwrap_or(*area),
        worker: None,
        due: Some(due),
        urgency: tables::urgency(office, if kind == SWEEP { SWEEPS } else { RECHECKS }),
        cause_kind: CAUSE.to_owned(),
        cause_id: one.no,
        summary: String::new(),
        warnings: Vec::new(),
    }
}

async fn raise(
    office: &Office,
    tx: &mut JournalTx,
    by: &str,
    one: &Crisis,
    (doors, wanted, due): (&[(DoorKind, i64)], &[NewTask], Day),
) -> Done<u64> {
    let at = office.clock.at();
    let raised = tasks::raise_many(tx, &at, by, wanted).await?;
    for ((kind, about), task) in doors.iter().zip(raised.ids) {
        let door = CrisisDoor {
            kind: *kind,
            about: *about,
            task,
            due,
        };
        care::add_door(tx, &at, one.no, &door).await?;
    }
    Ok(u64::try_from(doors.len()).unwrap_or(u64::MAX))
}

/// Who is looked at again: whoever was admitted through the channel and was not refused since, and whoever's help
/// goes on by it. Where nobody came to it in time, the days are counted from today: nothing is late from the first, and
/// nobody is left out because the month's run came late.
async fn recheck(office: &Office, tx: &mut JournalTx, by: &str, one: &Crisis) -> Done<u64> {
    let Some(days) = said(office, RECHECKS) else {
        return Ok(0);
    };
    let today = office.clock.today();
    let after = |day: Day| day.add_days(i64::from(days)).unwrap_or(day);
    let due = match after(over_from(one)) {
        past if past < today => after(today),
        due => due,
    };
    let (mut wanted, mut doors) = (Vec::new(), Vec::new());
    let known = listed(tx, one.no, DoorKind::Gap).await?;
    for (case, _) in store::crisis::cases(tx, one.no).await? {
        let Some(row) = cases::find(tx, case).await? else {
            continue;
        };
        let outcome = row.current.outcome.as_deref().and_then(Outcome::from_word);
        let left = matches!(
            outcome,
            Some(Outcome::Refused | Outcome::Withdrawn | Outcome::Ended | Outcome::Joined)
        );
        if left || known.contains(&case.get()) {
            continue;
        }
        let home = row.content.household;
        doors.push((DoorKind::Gap, case.get()));
        wanted.push(NewTask {
            person: home.is_none().then_some(row.content.applicant),
            summary: format!(
                "紧急通道“{}”已关闭:办件 № {case} 先受理、后补材料,看材料补齐没有、符不符合",
                one.content.title
            ),
            ..task(office, one, RECHECK, (&row.current.area, home), due)
        });
    }
    let known = listed(tx, one.no, DoorKind::Extended).await?;
    for extension in care::extensions(tx, one.no).await? {
        let over = extension.undone.is_some() || known.contains(&extension.no);
        let help = entitlements::find(tx, extension.content.entitlement).await?;
        let Some(help) = help.filter(|_| !over) else {
            continue;
        };
        doors.push((DoorKind::Extended, extension.no));
        wanted.push(NewTask {
            summary: format!(
                "紧急通道“{}”已关闭:救助延长到 {},看现在还符不符合",
                one.content.title, extension.content.last
            ),
            ..task(
                office,
                one,
                RECHECK,
                (&help.area, Some(help.household)),
                due,
            )
        });
    }
    raise(office, tx, by, one, (&doors, &wanted, due)).await
}

/// An extension with its help, within somebody's places.
pub(super) async fn found(
    office: &Office,
    who: &Acting,
    (right, crisis, no): (Right, i64, i64),
) -> Done<(Crisis, Extension, Entitlement)> {
    let scope = who.scope(right)?;
    let missing = || CaseError::NotFound(format!("紧急通道 {crisis} 没有编号为 {no} 的延长"));
    let one = find(&office.store, crisis).await?.ok_or_else(missing)?;
    let extension = care::extension(&office.store, no).await?;
    let extension = extension.filter(|found| found.content.crisis == crisis);
    let extension = extension.ok_or_else(missing)?;
    let help = entitlements::find(&office.store, extension.content.entitlement).await?;
    let near = |help: &Entitlement| {
        who.is_kept_from(help.household) || who.is_kept_from_person(help.payee)
    };
    let help = help.filter(|help| scope.contains(&help.area) && !near(help));
    Ok((one, extension, help.ok_or_else(missing)?))
}

/// Why an extension cannot be taken back by one person: something of it was paid or is on its way, or the family has
/// its letter. What a family was promised ends by a stop, for which it is heard first.
pub(super) async fn promised(
    on: &impl Reads,
    (no, help): (i64, &Entitlement),
) -> Done<Option<&'static str>> {
    let lines = store::payments::of_entitlement(on, help.id, help.from).await?;
    if lines.iter().any(|line| line.state.holds()) {
        return Ok(Some("延长的救助已经发了或者在发"));
    }
    let amounts = entitlements::amounts(on, help.id).await?;
    if amounts.iter().any(|one| one.cause.kind == DECIDED) {
        return Ok(Some("延长以后又作过决定"));
    }
    let about = About::Object {
        kind: EXTENSION.to_owned(),
        id: no.to_string(),
    };
    let entries = store::audit::list(on, &about, i64::MAX, ENTRIES_MAX).await?;
    let printed = entries.iter().any(|entry| entry.act == PRINTED);
    Ok(printed.then_some("延长救助告知书已经打印送达"))
}

/// 撤销延长, while it is known to nobody but the office: from the next month on nothing is paid by it.
///
/// # Errors
/// No right there, no such extension, no reason, it was taken back before, or it is promised already.
pub async fn undo(
    office: &Office,
    who: &Acting,
    (crisis, no): (i64, i64),
    because: &str,
) -> Done<Month> {
    let (_, extension, help) = found(office, who, (Right::CRISIS, crisis, no)).await?;
    let because = because.trim();
    without_numbers(because)?;
    if because.is_empty() {
        return Err(CaseError::Refused("请写明为什么撤销延长".to_owned()));
    }
    if let Some((day, ..)) = &extension.undone {
        return Err(CaseError::Refused(format!("这一项延长 {day} 已经撤销")));
    }
    let mut tx = office.begin().await?;
    // Whoever prints its letter at this moment is seen below; whoever comes after sees that it is undone.
    care::hold(&mut tx, no).await?;
    if let Some(why) = promised(&tx, (no, &help)).await? {
        let said = format!(
            "{why},不能由一个人撤销;不再符合的,请到“后续管理”(/reviews?household={})登记停发,先听本人说",
            help.household
        );
        return Err(CaseError::Refused(said));
    }
    let today = office.clock.today();
    let mut free = help.from;
    if help.from <= Month::containing(today) {
        free = Month::containing(today).next();
    }
    if help.to.is_some_and(|to| free >= to) {
        let said = "延长的各个月都已经到了,没有可以撤销的;不再符合的请登记停发";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let cause = Cause::new(EXTENSION, no);
    disbursement::stop(office, &mut tx, who.login(), help.id, free, &cause).await?;
    care::undo(&mut tx, no, (today, who.login(), because)).await?;
    tx.record(
        Act::new(&office.clock.at(), who.login(), "crisis.undo")
            .on(EXTENSION, no)
            .because(because)
            .under(format!("crisis:{crisis}")),
    );
    office.end(tx).await?;
    Ok(free)
}

/// Brings a channel's lists up to date; the same as the month's run does.
///
/// # Errors
/// No right there, or no such channel.
pub async fn refresh(office: &Office, who: &Acting, no: i64) -> Done<String> {
    let scope = who.scope(Right::CRISIS)?;
    let mut tx = office.begin().await?;
    let one = find(&tx, no).await?;
    let one = one.filter(|one| scope.contains(&one.content.area));
    let one = one.ok_or_else(|| CaseError::NotFound(format!("没有编号为 {no} 的紧急通道")))?;
    let cared = care(office, &mut tx, who.login(), &one).await?;
    if cared.did() {
        office.end(tx).await?;
    }
    Ok(cared.said())
}
