//! 演示: reviews that are due, opened by the same job as any other; one of them on its way, a change and a gradual
//! exit with somebody to hear, a channel, and a meeting
//! with what it entrusted to whom. The clock ends where it stood.

use super::super::{CaseError, Completion, Done, complete, load};
use super::{
    AfterPurpose, Begin, Came, Entrust, MinutesItem, NewMinutes, Switch, add_item, begin, due,
    entrust, finish, hold, open_due, switch_on, take_part,
};
use crate::access::{Access, Acting, Right};
use crate::office::Office;
use domain::{CaseNo, Month};
use store::entitlements::Cause;

/// What is reviewed and changed.
const PROGRAMME: &str = "dibao";

/// Makes them; answers how many reviews were opened.
///
/// # Errors
/// The record, or an act that the procedures do not allow.
pub async fn fill(access: &Access, now: &str) -> Done<usize> {
    let office = access.office();
    let made = made(access, now).await;
    office.clock.set(now);
    made
}

async fn made(access: &Access, now: &str) -> Done<usize> {
    let office = access.office();
    let (Some(window), Some(county)) = (
        super::super::demo::acting(access, "wang", now).await?,
        super::super::demo::acting(access, "chen", now).await?,
    ) else {
        return Ok(0);
    };
    let month = Month::containing(office.clock.today());
    let lines = due(office, &window, month).await?;
    // Two of them become other cases; the rest are opened by the job.
    let mut own = lines
        .iter()
        .filter(|line| line.programme == PROGRAMME && line.open.is_none());
    let kinds = [AfterPurpose::Change, AfterPurpose::GradualExit];
    for (purpose, line) in kinds.into_iter().zip(own.by_ref()) {
        office.clock.set("2026-09-09T09:10");
        let new = Begin {
            purpose,
            entitlement: line.entitlement,
            recovery: None,
            cause: Cause::new("act", format!("demo-{}", purpose.word())),
            because: String::new(),
        };
        match begin(office, &window, &new).await {
            Ok(no) => first_step(office, &window, no).await?,
            Err(CaseError::Refused(_) | CaseError::Forbidden(_)) => {}
            Err(error) => return Err(error),
        }
    }
    office.clock.set("2026-09-10T08:40");
    let opened = open_due(office, &window, month).await?;
    office.clock.set("2026-09-11T10:00");
    channel(office, &county).await?;
    Ok(opened.reviews)
}

async fn first_step(office: &Office, who: &Acting, no: CaseNo) -> Done<()> {
    let mut case = load(office, who, no).await?;
    let Some(step) = case.open_step().cloned() else {
        return Ok(());
    };
    let completion = Completion {
        step: &step.name,
        gave: step.gives.first().map_or("", String::as_str),
        ..Completion::default()
    };
    let mut tx = office.begin().await?;
    complete(office, &mut tx, who, &mut case, completion).await?;
    office.end(tx).await
}

async fn channel(office: &Office, county: &Acting) -> Done<()> {
    let scope = county.scope(Right::CRISIS)?;
    let Some(area) = scope.start() else {
        return Ok(());
    };
    let today = office.clock.today();
    let switch = Switch {
        title: "示例洪涝灾害".to_owned(),
        area,
        programmes: vec!["temporary_relief".to_owned()],
        because: "示例县应急响应通知".to_owned(),
        last: today.add_days(20).unwrap_or(today),
    };
    switch_on(office, county, &switch).await?;
    let minutes = NewMinutes {
        area,
        day: today,
        title: "九月社会救助联席会议".to_owned(),
        offices: "民政局、医保局、教育局、残联".to_owned(),
        attendees: 6,
    };
    let no = hold(office, county, &minutes).await?;
    let item = MinutesItem {
        case: None,
        programme: PROGRAMME.to_owned(),
        circumstances: "独生子女在外服刑,老人独居、名下有一辆报废没有注销的车".to_owned(),
        question: "报废没有注销的车算不算财产".to_owned(),
        resolution: "已经不能使用、正在办注销的,不算家庭财产,先保障后补注销证明".to_owned(),
        departs: Some("车辆登记还在,规则按登记判断;实际没有价值,不能因此断了生活".to_owned()),
        articles: "社会救助法 第十四条".to_owned(),
    };
    let item = add_item(office, county, no, &item).await?;
    entrusted(office, county, (no, item)).await
}

/// What the demo's officials were entrusted with: what, whether it is about the item, and days until it is due; the
/// first is done, one is late when the demo opens, the others wait.
const TASKS: [(&str, &str, bool, i64); 4] = [
    ("zhao", "向车管所书面核实报废车辆的状态", true, 1),
    ("wang", "上门问清老人的照料和探视,报下次会议", false, 1),
    ("li", "陪老人到车管所补办注销证明", true, 7),
    (
        "yibao",
        "把独居重病老人的医疗费用清单给县民政局一份",
        false,
        10,
    ),
];
/// Offices that came, with the account of who came.
const CAME: [(&str, &str, Came); 4] = [
    ("民政局", "chen", Came::Yes),
    ("医保局", "yibao", Came::Yes),
    ("街道民政办", "wang", Came::Yes),
    ("残联", "", Came::No),
];

/// Who took part, what was entrusted to whom, and what came of the first.
async fn entrusted(office: &Office, county: &Acting, (no, item): (i64, i64)) -> Done<()> {
    for (of, login, came) in CAME {
        match take_part(office, county, no, (of, login, came)).await {
            // Where an account has another name the office came without one.
            Ok(()) | Err(CaseError::Refused(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let today = office.clock.today();
    let mut first = None;
    for (login, what, of_item, days) in TASKS {
        let task = Entrust {
            item: of_item.then_some(item),
            login: login.to_owned(),
            what: what.to_owned(),
            due: today.add_days(days).unwrap_or(today),
        };
        match entrust(office, county, no, &task).await {
            Ok(task) => first = first.or(Some(task)),
            Err(CaseError::Refused(_)) => {}
            Err(error) => return Err(error),
        }
    }
    if let Some(task) = first {
        let said = "车管所书面答复:车辆已达报废年限,正在办注销";
        finish(office, county, task, said).await?;
    }
    Ok(())
}
