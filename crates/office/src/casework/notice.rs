//! 公示: made from the fields the procedure lists and from nothing else, never from a file or a typed text.
//! Names are masked; of minors nothing is shown. It hangs by its days and is gone after them, without
//! anybody having to take it down.

use super::fields::{self, Office as OfficeWords};
use super::guard;
use super::{Case, CaseError, Completion, Done, Writing, complete};
use crate::access::Acting;
use crate::office::Office;
use domain::{AreaCode, CaseNo, Day, PersonId};
use std::collections::BTreeMap;
use store::notices::{self, NewNotice, Notice, Objection, Opinion, Proposal};
use store::{Act, Reads};

/// Notices read at once.
const SHOWN_MAX: u32 = 500;

/// One notice as anybody may read it.
#[derive(Clone, Debug)]
pub struct Hanging {
    /// Its number.
    pub no: i64,
    /// Where it hangs, in words.
    pub place: String,
    /// The first and the last day.
    pub from: Day,
    /// The last day.
    pub last: Day,
    /// Field and value, in the order of the procedure.
    pub shown: Vec<(String, String)>,
}

/// What stands in the record of a case about its notice.
#[derive(Clone, Debug)]
pub struct State {
    /// The opinions, oldest first.
    pub opinions: Vec<Opinion>,
    /// The notices, oldest first.
    pub notices: Vec<Notice>,
    /// The objections, oldest first.
    pub objections: Vec<Objection>,
}

/// Reads it.
///
/// # Errors
/// The record.
pub async fn state(on: &impl Reads, case: CaseNo) -> Done<State> {
    Ok(State {
        opinions: notices::opinions(on, case).await?,
        notices: notices::of_case(on, case).await?,
        objections: notices::objections(on, case).await?,
    })
}

/// Refuses a case of which nothing may be shown: an applicant under age, or children only.
///
/// Who has no birth date in the register counts as a child: nothing is shown of somebody who may be one.
async fn not_of_children(office: &Office, on: &impl Reads, case: &Case, today: Day) -> Done<()> {
    let Some(years) = fields::grown_up_years(&office.book) else {
        let said =
            "规则手册 procedures/ages.csv 没有写明“成年”是多少周岁,不能公示;请县级管理员补上";
        return Err(CaseError::Refused(said.to_owned()));
    };
    let content = &case.application.content;
    let mut ids: Vec<PersonId> = content.members.iter().map(|(person, _)| *person).collect();
    ids.push(content.applicant);
    let mut grown = 0_usize;
    let mut applicant_grown = false;
    for person in store::persons::get_many(on, &ids).await? {
        let age = person.birth.map(|birth| domain::age_in_years(birth, today));
        if age.is_some_and(|age| age >= years) {
            grown = grown.saturating_add(1);
            applicant_grown |= person.id == content.applicant;
        }
    }
    if grown == 0 || !applicant_grown {
        let said = format!(
            "申请人不满{years}周岁或者没有登记出生日期,未成年人一律不公示;请登记“只涉及儿童”,或者由监护人申请"
        );
        return Err(CaseError::Refused(said));
    }
    Ok(())
}

/// What a notice names of what the rules work out. It is asked for before the write begins: judging may read the
/// whole month, and nobody waits for that.
///
/// # Errors
/// The case cannot be judged.
pub async fn worked_out(office: &Office, case: &Case) -> Done<BTreeMap<String, String>> {
    let mut out = BTreeMap::new();
    let allowed = fields::Allowed::read(&office.book);
    let mut wanted = case.procedure.notice.iter().flat_map(|one| &one.fields);
    if wanted.any(|name| allowed.is_worked_out(name)) {
        let judged = super::opinion::look_into(office, case).await?;
        allowed.worked_out(&judged.found, &mut out);
    }
    Ok(out)
}

/// Posts the notice of the open step, with what the rules [`worked_out`].
///
/// # Errors
/// The step has no notice, one hangs already, no opinion was written, or the case is of children.
pub async fn post(
    office: &Office,
    tx: &mut Writing,
    who: &Acting,
    (case, worked_out): (&Case, BTreeMap<String, String>),
) -> Done<i64> {
    let step = case
        .open_step()
        .filter(|step| guard::is_notice(&case.procedure, step));
    let (Some(step), Some(wanted)) = (step, &case.procedure.notice) else {
        return Err(CaseError::Refused(
            "现在不公示;请刷新页面,看看办到了哪一步".to_owned(),
        ));
    };
    super::is_own(who, case)?;
    if wanted.unless.is_met(&case.standing.told) {
        return Err(CaseError::Refused(format!(
            "这一件不公示:{}",
            wanted.unless.any_of.join("、")
        )));
    }
    let state = state(tx, case.no()).await?;
    if guard::of_open_step(case, &state.notices).is_some() {
        return Err(CaseError::Refused("已经在公示,不用再贴".to_owned()));
    }
    let opinion = state
        .opinions
        .last()
        .ok_or_else(|| CaseError::Refused("还没有初审意见,不能公示".to_owned()))?;
    let today = office.clock.today().max(case.standing.newest);
    not_of_children(office, tx, case, today).await?;
    let length = step.limit.as_ref().map(|limit| limit.length);
    let length = length.ok_or_else(|| {
        let said = format!("流程没有写“{}”几天;请管理规则的人补上", step.name);
        CaseError::Refused(said)
    })?;
    // From the day after it was posted, whenever the opinion was written.
    let due = length.due(today, office.calendar()?, &[]);
    let last = due
        .map_err(|none| CaseError::Refused(none.to_string()))?
        .day;
    let document = step
        .gives
        .iter()
        .find_map(|gives| case.procedure.document(gives));
    let words = OfficeWords::of(office, &case.standing.area);
    let place = fields::place(office, &case.standing.area).await?;
    let mut known = fields::of_case(office, tx, case).await?;
    known.extend(words.all());
    let amount = match (opinion.content.proposes, opinion.content.amount) {
        (Proposal::Grant, Some(amount)) => format!("{amount} 元"),
        (Proposal::Grant, None) => "待审核".to_owned(),
        (Proposal::Refuse, _) => "拟不予确认".to_owned(),
    };
    for name in ["拟保障金额", "救助金额"] {
        known.insert(name.to_owned(), amount.clone());
    }
    known.insert("公示范围".to_owned(), place);
    known.insert("公示起始日".to_owned(), today.to_string());
    known.insert("公示截止日".to_owned(), last.to_string());
    let allowed = fields::Allowed::read(&office.book);
    known.extend(worked_out);
    let mut shown: Vec<(String, String)> = Vec::new();
    let plain = document.map(|d| d.fields.as_slice()).unwrap_or_default();
    let more = plain.iter().filter(|name| !allowed.is_personal(name));
    for name in wanted.fields.iter().chain(more) {
        if shown.iter().any(|(known, _)| known == name) {
            continue;
        }
        if !allowed.is_public(name) {
            let said = format!("“{name}”不许公开,公示单不能写;请管理规则的人改流程");
            return Err(CaseError::Refused(said));
        }
        let value = known.get(name).cloned().unwrap_or_else(|| "—".to_owned());
        shown.push((name.clone(), value));
    }
    fields::no_leak(&shown)?;
    let new = NewNotice {
        case: case.no(),
        opinion: opinion.no,
        step: step.name.clone(),
        area: case.standing.area,
        from: today,
        last,
        document: document.map_or_else(|| step.name.clone(), |d| d.title.clone()),
        shown: fields::kept(&shown)?,
        posted_by: who.login().to_owned(),
    };
    let at = office.clock.at();
    let no = notices::post(tx, &at, &new).await?;
    tx.record(
        Act::new(&at, who.login(), "notice.post")
            .on("notice", no)
            .because(format!("公示到 {last}"))
            .under(format!("case:{}", case.no())),
    );
    Ok(no)
}

/// Completes the step of the notice once it hung its time, or once somebody objected.
///
/// # Errors
/// Its time has not run, or the step is not this person's.
pub async fn finish(office: &Office, tx: &mut Writing, who: &Acting, case: &mut Case) -> Done<()> {
    let step = case
        .open_step()
        .filter(|step| guard::is_notice(&case.procedure, step));
    let step = step
        .cloned()
        .ok_or_else(|| CaseError::Refused("现在没有公示要办结".to_owned()))?;
    let completion = Completion {
        step: &step.name,
        gave: step.gives.first().map_or("", String::as_str),
        ..Completion::default()
    };
    complete(office, tx, who, case, completion).await?;
    Ok(())
}

/// Takes a notice down before its time; the case has to be posted again.
///
/// # Errors
/// It hangs no longer, or the step is not this person's.
pub async fn take_down(
    office: &Office,
    tx: &mut Writing,
    who: &Acting,
    case: &Case,
    because: &str,
) -> Done<()> {
    super::is_own(who, case)?;
    let because = because.trim();
    if because.is_empty() {
        return Err(CaseError::Refused("请写明为什么提前撤下".to_owned()));
    }
    super::without_numbers(because)?;
    let all = notices::of_case(tx, case.no()).await?;
    let hung = guard::of_open_step(case, &all)
        .ok_or_else(|| CaseError::Refused("没有挂着的公示".to_owned()))?;
    let at = office.clock.at();
    notices::take_down(tx, &at, hung.no, because).await?;
    tx.record(
        Act::new(&at, who.login(), "notice.take-down")
            .on("notice", hung.no)
            .because(because)
            .under(format!("case:{}", case.no())),
    );
    Ok(())
}

/// What hangs today in a place, as anybody may read it, all of it. A notice past its last day is not among it, by
/// the clock alone.
///
/// # Errors
/// The record.
pub async fn hanging(office: &Office, area: Option<&AreaCode>) -> Done<Vec<Hanging>> {
    let mut out = Vec::new();
    loop {
        let past = u32::try_from(out.len()).unwrap_or(u32::MAX);
        let some = hanging_page(office, area, (SHOWN_MAX, past)).await?;
        let last = some.len() < usize::try_from(SHOWN_MAX).unwrap_or(usize::MAX);
        out.extend(some);
        if last {
            return Ok(out);
        }
    }
}

/// So many of what hangs today, past the first ones.
pub(super) async fn hanging_page(
    office: &Office,
    area: Option<&AreaCode>,
    page: (u32, u32),
) -> Done<Vec<Hanging>> {
    let today = office.clock.today();
    let all = notices::hanging(&office.store, today, area, page).await?;
    let mut places: BTreeMap<AreaCode, String> = BTreeMap::new();
    let mut out = Vec::new();
    for notice in all {
        let at = notice.content.area;
        if let std::collections::btree_map::Entry::Vacant(place) = places.entry(at) {
            place.insert(fields::place(office, &at).await?);
        }
        out.push(Hanging {
            no: notice.no,
            place: places.get(&at).cloned().unwrap_or_default(),
            from: notice.content.from,
            last: notice.content.last,
            shown: fields::read(&notice.content.shown),
        });
    }
    Ok(out)
}
