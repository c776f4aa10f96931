//! 待办: what somebody has to do now, and for overseers what nobody has and what is late; 办件: all cases.

use askama::Template;
use office::access::Right;
use office::casework::afterwards::{self, TaskLine};
use office::casework::endings::{self, EndingsWaiting};
use office::casework::urging::{self, UrgeLine};
use office::casework::{self, Group, LateMatter};
use office::channels::assists::{self, AssistLine};
use office::portal::{self, ResidentsWaiting};
use office::views::casework::{CaseLine, InboxView};
use office::visits::LateVisits;

use crate::desk::{Answered, Desk};
use crate::look::Look as _;
use crate::shell::{Menu, Shell};

/// Cases on a page of the list of all.
const ROWS_ON_PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "inbox.html")]
struct InboxPage {
    shell: Shell,
    /// What became of a case that is no longer this official's to see.
    said: Option<String>,
    view: InboxView,
    /// How many residents wait; none for whoever does not handle them.
    residents: Option<ResidentsWaiting>,
    /// Whether this person decides, and has a list of what waits for it.
    decides: bool,
    /// How many payments that cannot wait for the month are late.
    late_money: usize,
    /// What departments have not answered in time; empty for whoever oversees nothing.
    assists: Vec<AssistLine>,
    /// Clues, tickets and residents' matters that are late; empty for whoever oversees nothing.
    matters: Vec<LateMatter>,
    /// Ended cases whose letter is still to be handed over.
    endings: EndingsWaiting,
    /// What this person's places were urged to do.
    urged: Vec<UrgeLine>,
    /// Doors of emergency channels past their day.
    late_doors: u64,
    /// Whom nobody visited in time; nobody for whoever oversees nothing.
    late_visits: LateVisits,
    /// What meetings entrusted to this person, and what of it is late for whoever oversees.
    entrusted: Vec<TaskLine>,
    entrusted_late: Vec<TaskLine>,
}

#[derive(Template)]
#[template(path = "cases.html")]
struct CasesPage {
    shell: Shell,
    rows: Vec<CaseLine>,
    next: Option<i64>,
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let group = desk.fields.get("group");
    let group = group.and_then(|code| Group::from_code(&code));
    let view = casework::inbox(&desk.access, &desk.who, group).await;
    let view = view.map_err(|error| desk.refuse(error.into()))?;
    let shell = desk.shell("我的待办", Some(Menu::Inbox));
    let gone = |field: &str| desk.fields.get(field)?.parse::<i64>().ok();
    let said = match (gone("taken"), gone("moved")) {
        (Some(no), _) => Some(format!(
            "已经收件,办件 № {no} 在您的辖区以外,由申请人住地办理(异地收件);这里不再显示。"
        )),
        (None, Some(no)) => Some(format!(
            "已经办好,办件 № {no} 转出了您的辖区,这里不再显示。"
        )),
        (None, None) => None,
    };
    let residents = portal::residents_waiting(desk.access.office(), &desk.who).await;
    let residents = residents.map_err(|error| desk.refuse(error.into()))?;
    let late_money = office::disbursement::late_for(desk.access.office(), &desk.who).await;
    let late_money = late_money.map_err(|error| desk.refuse(error.into()))?;
    let assists = assists::late(desk.access.office(), &desk.who).await;
    let assists = assists.map_err(|error| desk.refuse(error.into()))?;
    let most = endings::LOOKED_MAX;
    let endings = endings::waiting(desk.access.office(), &desk.who, most).await;
    let endings = endings.map_err(|error| desk.refuse(error.into()))?;
    let urged = urging::received(desk.access.office(), &desk.who).await;
    let urged = urged.map_err(|error| desk.refuse(error.into()))?;
    let entrusted = afterwards::own_tasks(desk.access.office(), &desk.who).await;
    let entrusted = entrusted.map_err(|error| desk.refuse(error.into()))?;
    let entrusted_late = afterwards::late_tasks(desk.access.office(), &desk.who).await;
    let entrusted_late = entrusted_late.map_err(|error| desk.refuse(error.into()))?;
    let matters = casework::late_matters(desk.access.office(), &desk.who).await;
    let matters = matters.map_err(|error| desk.refuse(error.into()))?;
    let late_visits = office::visits::late(desk.access.office(), &desk.who).await;
    let late_visits = late_visits.map_err(|error| desk.refuse(error.into()))?;
    let late_doors = afterwards::late_doors(desk.access.office(), &desk.who).await;
    let late_doors = late_doors.map_err(|error| desk.refuse(error.into()))?;
    desk.show(&InboxPage {
        matters,
        endings,
        urged,
        late_doors,
        late_visits,
        entrusted,
        entrusted_late,
        late_money,
        shell,
        said,
        view,
        residents,
        decides: desk.who.may(Right::DECISION),
        assists,
    })
}

/// All cases within one's places, newest first.
pub(crate) async fn all(desk: Desk) -> Answered {
    let before = desk.fields.get("before").and_then(|text| text.parse().ok());
    let office = desk.access.office();
    let rows = casework::all_cases(office, &desk.who, before, ROWS_ON_PAGE).await;
    let (rows, next) = rows.map_err(|error| desk.refuse(error.into()))?;
    let shell = desk.shell("全部办件", Some(Menu::Inbox));
    desk.show(&CasesPage { shell, rows, next })
}
