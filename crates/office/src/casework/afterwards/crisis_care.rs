//! 紧急通道 for those who are helped already: help that would end in the crisis goes on for some months, every
//! 特困 household is swept for its carers, and when the channel is over everybody who came through it or was
//! extended is looked at again. Months and days stand in the rulebook; what a door is asked stands in its
//! procedures. Run twice it changes nothing the second time.

use super::super::{CaseError, Done, without_numbers};
use super::due::{in_force, in_force_of_all};
use super::{amount_in, crisis, setting};
use crate::access::{Acting, Right};
use crate::disbursement::{self, Entitle};
use crate::office::Office;
use crate::rulebook::tables;
use domain::casework::Outcome;
use domain::payment::LineState;
use domain::{AreaCode, AreaLevel, Day, HouseholdId, Month};
use std::collections::BTreeSet;
use store::crisis::care::{self, CrisisDoor, DoorKind, Extension, NewExtension};
use store::crisis::{Crisis, find, list};
use store::entitlements::{self, Cause, Entitlement};
use store::tasks::{self, NewTask};
use store::{Act, JournalTx, cases};

/// What help that goes on says it was caused by.
const CAUSE: &str = "crisis";
const EXTENDS: &str = "到期救助自动延长";
const SWEEPS: &str = "照料人排查";
const RECHECKS: &str = "结束后复核";
/// The procedures of the two visits.
const SWEEP: &str = "carer_sweep";
const RECHECK: &str = "crisis_recheck";
/// Channels looked through.
const CHANNELS_MAX: u32 = 1_000;

/// What was done for a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cared {
    /// Help that goes on.
    pub(crate) extended: u64,
    /// Households to be swept.
    pub(crate) swept: u64,
    /// Doors to be looked at again.
    pub(crate) rechecked: u64,
}

impl Cared {
    fn plus(self, other: Self) -> Self {
        Self {
            extended: self.extended.saturating_add(other.extended),
            swept: self.swept.saturating_add(other.swept),
            rechecked: self.rechecked.saturating_add(other.rechecked),
        }
    }

    fn said(self) -> String {
        let Self {
            extended,
            swept,
            rechecked,
        } = self;
        format!("延长 {extended} 项,排查 {swept} 户,复核 {rechecked} 件")
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
        Cared {
            extended: extend(office, tx, by, one).await?,
            swept: sweep(office, tx, by, one).await?,
            rechecked: 0,
        }
    };
    if cared != Cared::default() {
        let act = Act::new(&office.clock.at(), by, "crisis.care").on("crisis", one.no);
        tx.record(act.because(cared.said()).under(&one.content.because));
    }
    Ok(cared)
}

/// The same for every channel, with the month's run.
pub(crate) async fn keep_up(office: &Office) -> Done<Cared> {
    let mut all = Cared::default();
    for one in list(&office.store, CHANNELS_MAX).await? {
        let mut tx = office.begin().await?;
        let cared = care(office, &mut tx, "system", &one).await?;
        if cared != Cared::default() {
            office.end(tx).await?;
        }
        all = all.plus(cared);
    }
    Ok(all)
}

/// Monthly help of the channel's programmes and places that would end while it holds, of itself and not by a
/// decision to stop it.
async fn extend(office: &Office, tx: &mut JournalTx, by: &str, one: &Crisis) -> Done<u64> {
    let months = setting(office, crisis::SETTINGS, EXTENDS)?;
    let further = i32::try_from(months).unwrap_or(0).saturating_sub(1);
    if further < 0 {
        return Ok(0);
    }
    let book = disbursement::book(office)?;
    let known = care::extended(tx).await?;
    let content = &one.content;
    let today = office.clock.today();
    let mut count = 0_u64;
    for help in in_force_of_all(office).await? {
        let Some(to) = help.to else { continue };
        let meant = content.area.contains(&help.area)
            && content.programmes.contains(&help.programme)
            && book.at_once(&help.programme).is_none();
        // Given for one month by a decision, it was never to go on.
        let once = help.cause.kind != "row" && help.from.next() == to;
        let last_day = to.add(-1).last();
        if !meant || once || last_day > content.last || known.contains(&help.id) {
            continue;
        }
        let stopped = !help.stopped_cause.is_empty();
        let subject = help.subject;
        let all = entitlements::of_subject(tx, &help.programme, &help.component, subject).await?;
        let goes_on = all.iter().any(|other| {
            other.from <= to && other.to.is_none_or(|end| to < end) && other.id != help.id
        });
        if stopped || goes_on {
            continue;
        }
        let last = to.add(further);
        let entitle = Entitle {
            programme: help.programme.clone(),
            component: Some(help.component.clone()),
            subject,
            household: help.household,
            payee: help.payee,
            amount: amount_in(tx, &help, to.add(-1)).await?,
            from: to,
            last: Some(last),
            card: None,
            cause: Cause::new(CAUSE, one.no),
        };
        let entitlement = disbursement::entitle(office, tx, by, &entitle).await?;
        let new = NewExtension {
            crisis: one.no,
            ended: help.id,
            entitlement,
            from: to,
            last,
            day: today,
            by: by.to_owned(),
        };
        let no = care::extend(tx, &office.clock.at(), &new).await?;
        tx.record(
            Act::new(&office.clock.at(), by, "crisis.extend")
                .on("crisis-extension", no)
                .because(format!("{} 到期,接着发到 {last}", to.add(-1)))
                .under(format!("crisis:{}", one.no)),
        );
        count = count.saturating_add(1);
    }
    Ok(count)
}

/// Every household of the sweep's programmes in the channel's place, once.
async fn sweep(office: &Office, tx: &mut JournalTx, by: &str, one: &Crisis) -> Done<u64> {
    let today = office.clock.today();
    let procedures = office.procedures(today);
    let Some(way) = procedures.iter().find(|way| way.id == SWEEP) else {
        return Ok(0);
    };
    let days = i64::from(setting(office, crisis::SETTINGS, SWEEPS)?);
    let due = today.add_days(days).unwrap_or(today);
    let known = listed(tx, one.no, DoorKind::Sweep).await?;
    let (mut wanted, mut doors) = (Vec::new(), Vec::new());
    for help in in_force(office).await? {
        let meant = one.content.area.contains(&help.area)
            && way.programmes.contains(&help.programme)
            && !known.contains(&help.id);
        if !meant {
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
/// goes on by it.
async fn recheck(office: &Office, tx: &mut JournalTx, by: &str, one: &Crisis) -> Done<u64> {
    let days = i64::from(setting(office, crisis::SETTINGS, RECHECKS)?);
    let due = over_from(one).add_days(days).unwrap_or(one.content.last);
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

/// 撤销延长: from the next month on that is not on its way, nothing more is paid by it; what was paid stays.
///
/// # Errors
/// No right there, no such extension, no reason, it was taken back before, or all of it is on its way.
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
    let today = office.clock.today();
    let mut free = help.from;
    if help.from <= Month::containing(today) {
        free = Month::containing(today).next();
    }
    for line in store::payments::of_entitlement(&tx, help.id, help.from).await? {
        if !matches!(line.state, LineState::Apart | LineState::Void) {
            free = free.max(line.content.month.next());
        }
    }
    if help.to.is_some_and(|to| free >= to) {
        let said = "延长的各个月都已经发了或者在发,没有可以撤销的;不再符合的请登记停发";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let cause = Cause::new("crisis-extension", no);
    disbursement::stop(office, &mut tx, who.login(), help.id, free, &cause).await?;
    care::undo(&mut tx, no, (today, who.login(), because)).await?;
    tx.record(
        Act::new(&office.clock.at(), who.login(), "crisis.undo")
            .on("crisis-extension", no)
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
    if cared != Cared::default() {
        office.end(tx).await?;
    }
    Ok(cared.said())
}
