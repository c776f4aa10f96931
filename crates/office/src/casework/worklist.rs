//! 待办: what somebody has to do now, what nobody can do, and what is late. One question decides all three
//! lists — may this person do this step — so that no open case can fall between them.

use super::decision::REMEDY;
use super::events::{self, mark};
use super::open_cases::each_open;
use super::team::{Member, Team};
use super::{Case, CaseError, Done};
use crate::access::{Access, Acting, Right, Scope};
use crate::channels::assists;
use crate::office::Office;
use crate::views::Choice;
use domain::procedure::{Ground, Procedure, Step};
use domain::{AreaCode, CaseNo, Day, HouseholdId, PersonId};
use std::collections::BTreeMap;
use store::Reads;
use store::cases::{self, CaseRow, Wait};

/// Rows a role's list is read up to; more is told as more.
const ROWS_MAX: u32 = 2_000;

/// 分组 of a work list, the first needs somebody first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// 逾期
    Overdue,
    /// 今日到期
    DueToday,
    /// 暂停期满
    PauseOver,
    /// 公示期满
    NoticeOver,
    /// 退回件
    SentBack,
    /// 在办
    Ready,
    /// 公示中
    Notice,
    /// 补正和暂停
    Paused,
}

impl Group {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::Overdue,
        Self::DueToday,
        Self::PauseOver,
        Self::NoticeOver,
        Self::SentBack,
        Self::Ready,
        Self::Notice,
        Self::Paused,
    ];

    /// What officials call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Overdue => "逾期",
            Self::DueToday => "今日到期",
            Self::PauseOver => "暂停期满",
            Self::NoticeOver => "公示期满",
            Self::SentBack => "退回件",
            Self::Ready => "在办",
            Self::Notice => "公示中",
            Self::Paused => "补正和暂停",
        }
    }

    /// Its word in an address.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::DueToday => "today",
            Self::PauseOver => "pause-over",
            Self::NoticeOver => "notice-over",
            Self::SentBack => "sent-back",
            Self::Ready => "ready",
            Self::Notice => "notice",
            Self::Paused => "paused",
        }
    }

    /// The group a word in an address names.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.code() == code)
    }
}

/// One line of a work list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// 办件编号.
    pub case: CaseNo,
    /// The programme, by its policy's name.
    pub programme: String,
    /// Who applied.
    pub applicant: PersonId,
    /// The household.
    pub household: Option<HouseholdId>,
    /// Where it is handled.
    pub area: AreaCode,
    /// The open step.
    pub step: String,
    /// Since when.
    pub since: Day,
    /// By when the next of its times is over.
    pub due: Option<Day>,
    /// The year whose calendar is missing for that.
    pub no_calendar: Option<i32>,
    /// Why it is paused; empty when it is not.
    pub paused: String,
    /// What it is marked with, with 、 between.
    pub marks: String,
    /// Whom it was handed to; empty for nobody by name.
    pub owner: String,
    /// In which group it stands today.
    pub group: Group,
    /// Whether its step hands a letter over that tells what one may do against it.
    pub hands_over: bool,
}

/// 待办
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Worklist {
    /// The lines, the most pressing group first, within it the first due first.
    pub items: Vec<Item>,
    /// Whether there are more than were read.
    pub more: bool,
}

impl Worklist {
    /// How many lines a group has.
    #[must_use]
    pub fn count(&self, group: Group) -> usize {
        self.items.iter().filter(|item| item.group == group).count()
    }

    fn of(mut items: Vec<Item>, more: bool) -> Self {
        items.sort_by_key(|item| (item.group, item.due.is_none(), item.due, item.case));
        Self { items, more }
    }
}

/// Everything whose open step this person may do, here and now.
///
/// # Errors
/// No right, or the record.
pub async fn worklist(access: &Access, who: &Acting) -> Done<Worklist> {
    let office = access.office();
    let scope = who.scope(Right::CASE_HANDLE)?;
    let team = Team::read(office, &office.store, access.book(), |_| true).await?;
    let own = Member::of_acting(office, who).await?;
    let mut steps = Steps::default();
    let today = office.clock.today();
    let mut found: BTreeMap<CaseNo, Item> = BTreeMap::new();
    let mut more = false;
    for role in who.role_titles() {
        let places: Vec<Option<AreaCode>> = match scope.places() {
            Some(places) => places.iter().copied().map(Some).collect(),
            None => vec![None],
        };
        for place in places {
            let rows = cases::waiting(&office.store, &role, place.as_ref(), ROWS_MAX).await?;
            more |= rows.len() >= usize::try_from(ROWS_MAX).unwrap_or(usize::MAX);
            for (row, wait) in rows {
                let by = steps.doers(office, &row, &wait)?;
                if team.gives(&own, &row, &wait, &by) {
                    found.entry(row.no).or_insert_with(|| Item {
                        hands_over: by.hands_over,
                        ..item(&row, &wait, today)
                    });
                }
            }
        }
    }
    Ok(Worklist::of(found.into_values().collect(), more))
}

/// 无人承办: open cases that stand in nobody's list, within the overseer's places; and 督办: all that are late.
///
/// # Errors
/// No right, or the record.
pub async fn unowned(access: &Access, who: &Acting) -> Done<(Worklist, Worklist)> {
    let scope = who.scope(Right::CASE_OVERSEE)?;
    let office = access.office();
    let team = Team::read(office, &office.store, access.book(), |_| true).await?;
    let today = office.clock.today();
    let mut late = Vec::new();
    let (mut nobodys, mut steps) = (Vec::new(), Steps::default());
    each_open(office, &scope, |row, waits| {
        let mut has_somebody = false;
        for wait in waits {
            has_somebody |= team.has_for(row, wait, &steps.doers(office, row, wait)?);
        }
        if !has_somebody {
            nobodys.push(item(row, waits.first().unwrap_or(&nobody(row)), today));
        }
        late.extend(late_item(who, (row, waits), today));
        Ok(())
    })
    .await?;
    Ok((Worklist::of(nobodys, false), Worklist::of(late, false)))
}

/// 逾期: every open case within a scope that is late, whatever it waits for, but what somebody must stay away from.
///
/// # Errors
/// The record.
pub(super) async fn late_in(office: &Office, who: &Acting, scope: &Scope) -> Done<Vec<Item>> {
    let today = office.clock.today();
    let mut late = Vec::new();
    each_open(office, scope, |row, waits| {
        late.extend(late_item(who, (row, waits), today));
        Ok(())
    })
    .await?;
    late.sort_by_key(|item| (item.due.is_none(), item.due, item.case));
    Ok(late)
}

/// An open case as a line of what is late; none where it is not, or where somebody must stay away from it.
fn late_item(who: &Acting, (row, waits): (&CaseRow, &[Wait]), today: Day) -> Option<Item> {
    let content = &row.content;
    let near = who.is_kept_from_person(content.applicant)
        || content.household.is_some_and(|home| who.is_kept_from(home));
    let late = !near && group(row, today) == Group::Overdue;
    late.then(|| item(row, waits.first().unwrap_or(&nobody(row)), today))
}

/// Whether an account could do the open step of a case: it is in use, has a role for it here, must not stay
/// away from the case and is not kept from the step by what it did before.
pub(super) async fn could(
    office: &Office,
    on: &impl Reads,
    who: &Acting,
    case: &Case,
    login: &str,
) -> Done<bool> {
    let team = Team::read(office, on, who.book(), |one| one == login).await?;
    let handed = (&case.application, case.papers.as_slice());
    let calendar = office.calendar()?;
    let waits = events::current(&case.procedure, &case.standing, calendar, handed).waits;
    let member = team.0.get(login);
    let by = doers(office, case.procedure.as_ref(), case.open_step())?;
    Ok(member.is_some_and(|member| waits.iter().any(|wait| member.could(&case.row, wait, &by))))
}

/// Whether an account may stand by at a case: it is in use, works here and must not stay away from it.
pub(super) async fn stands_by(
    office: &Office,
    on: &impl Reads,
    who: &Acting,
    case: &Case,
    login: &str,
) -> Done<bool> {
    let team = Team::read(office, on, who.book(), |one| one == login).await?;
    let area = &case.standing.area;
    Ok(team.0.get(login).is_some_and(|member| {
        let here = member.roles.iter().any(|held| held.area.contains(area));
        here && !member.kept.contains(&case.no())
    }))
}

/// Those who could do the open step of a case together with somebody: account and name.
pub(super) async fn seconds(office: &Office, who: &Acting, case: &Case) -> Done<Vec<Choice>> {
    let on = &office.store;
    let team = Team::read(office, on, who.book(), |login| login != who.login()).await?;
    let handed = (&case.application, case.papers.as_slice());
    let calendar = office.calendar()?;
    let waits = events::current(&case.procedure, &case.standing, calendar, handed).waits;
    let by = doers(office, case.procedure.as_ref(), case.open_step())?;
    let could = |login: &str| {
        let member = team.0.get(login);
        member.is_some_and(|member| waits.iter().any(|wait| member.could(&case.row, wait, &by)))
    };
    let users = store::users::list(on).await?.into_iter();
    let able = users.filter(|user| could(&user.login));
    Ok(able
        .map(|user| Choice {
            label: user.name,
            value: user.login,
        })
        .collect())
}

/// A case whose step no role may do at all.
fn nobody(row: &CaseRow) -> Wait {
    Wait {
        step: row.current.step.clone(),
        role: String::new(),
        area: row.current.area,
        owner: String::new(),
        not_by: String::new(),
    }
}

fn item(row: &CaseRow, wait: &Wait, today: Day) -> Item {
    let current = &row.current;
    Item {
        case: row.no,
        programme: row.content.programme.clone(),
        applicant: row.content.applicant,
        household: row.content.household,
        area: current.area,
        step: wait.step.clone(),
        since: current.since,
        due: current.due,
        no_calendar: current.no_calendar,
        paused: current.paused.clone(),
        marks: current.marks.clone(),
        owner: wait.owner.clone(),
        group: group(row, today),
        hands_over: false,
    }
}

fn group(row: &CaseRow, today: Day) -> Group {
    let current = &row.current;
    let marked = |mark: &str| current.marks.split('、').any(|one| one == mark);
    let paused = !current.paused.is_empty();
    let over = paused && current.pause_ends.is_some_and(|last| last < today);
    if paused && !over {
        return Group::Paused;
    }
    if current.overall_due.is_some_and(|due| due < today) {
        return Group::Overdue;
    }
    let late = current.due.is_some_and(|due| due < today);
    let hangs = marked(mark::NOTICE);
    if late && !hangs {
        return Group::Overdue;
    }
    // The clock runs again although nobody came back to the case.
    if over {
        return Group::PauseOver;
    }
    if hangs {
        return if late {
            Group::NoticeOver
        } else {
            Group::Notice
        };
    }
    if marked(mark::PAPERS) {
        return Group::Paused;
    }
    if current.due == Some(today) || current.overall_due == Some(today) {
        return Group::DueToday;
    }
    if marked(mark::SENT_BACK) {
        return Group::SentBack;
    }
    Group::Ready
}

/// By which rights a step stands in somebody's list, and in which organisation they have to be.
#[derive(Clone, Debug)]
pub(super) struct Doers {
    pub(super) rights: &'static [Right],
    /// The department's own for a step that it answers; none where the organisation does not matter.
    pub(super) organisation: Option<String>,
    /// Whether the step hands over a letter that tells what one may do against it.
    hands_over: bool,
}

/// Who finds a step in a list: of a department's answer its own people, of a visit those too who only report.
fn doers(office: &Office, procedure: &Procedure, step: Option<&Step>) -> Done<Doers> {
    let ground = step.and_then(|step| step.ground);
    let gives = step.map_or(&[][..], |step| step.gives.as_slice());
    let mut letters = gives.iter().filter_map(|title| procedure.document(title));
    let hands_over = letters.any(|letter| letter.template.contains(REMEDY));
    let together = step.is_some_and(|step| step.persons > 1);
    if let Some(step) = step.filter(|_| ground == Some(Ground::Assist)) {
        let organisation = assists::office_for(office, &procedure.id, &step.name)?;
        let organisation = organisation.filter(|code| !code.is_empty());
        return Ok(Doers {
            rights: match organisation {
                Some(_) => &[Right::ASSIST],
                // On paper: whoever keeps the case writes down what came.
                None => &[Right::CASE_HANDLE],
            },
            organisation,
            hands_over,
        });
    }
    Ok(Doers {
        rights: match ground == Some(Ground::Visit) || together {
            true => &[Right::CASE_HANDLE, Right::VISIT_REPORT],
            false => &[Right::CASE_HANDLE],
        },
        organisation: None,
        hands_over,
    })
}

/// The same for many rows: each step of each procedure is looked up once.
#[derive(Default)]
struct Steps(BTreeMap<(String, Day, String), Doers>);

impl Steps {
    fn doers(&mut self, office: &Office, row: &CaseRow, wait: &Wait) -> Done<Doers> {
        let content = &row.content;
        let key = (
            content.procedure.clone(),
            content.rules_day,
            wait.step.clone(),
        );
        if let Some(known) = self.0.get(&key) {
            return Ok(known.clone());
        }
        let procedure = office.procedure(&content.procedure, content.rules_day)?;
        let found = doers(office, &procedure, procedure.step(&wait.step))?;
        self.0.insert(key, found.clone());
        Ok(found)
    }
}

impl From<CaseError> for crate::OfficeError {
    fn from(error: CaseError) -> Self {
        match error {
            CaseError::Office(error) => error,
            other => Self::Other(other.to_string()),
        }
    }
}
