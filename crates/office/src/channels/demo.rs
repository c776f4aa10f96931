//! 演示: tickets by every channel and somebody at the rescue station, through the same acts as any other, by the
//! demo's own accounts. Only where all people are invented.

use super::stays::{self, StayForm};
use super::tickets::{self, TicketForm};
use super::{ABOUT_CHILD, ABOUT_ELDER};
use crate::access::{Access, Acting, Right};
use crate::casework::{CaseError, Done};

/// Where the demo's reports come from.
const ORIGIN: &str = "demo";
/// Calls and visits: who takes them, by which channel, on which line, as what, about whom, and what was said.
const TAKEN: [[&str; 6]; 4] = [
    [
        "wang",
        "hotline",
        "养老服务热线",
        "",
        ABOUT_ELDER,
        "老人独居,灶台坏了,三天没有生火",
    ],
    [
        "wang",
        "window",
        "",
        "policy",
        "",
        "问孩子上大学有没有补助,要带什么材料",
    ],
    [
        "chen",
        "hotline",
        "12349 民政服务热线",
        "",
        ABOUT_CHILD,
        "两个孩子跟着奶奶过,奶奶住院没有人做饭",
    ],
    [
        "wang",
        "hall",
        "",
        "homeless",
        "",
        "车站旁有人睡了几天,说不清家在哪里",
    ],
];
/// What residents tell without signing in.
const TOLD: [[&str; 3]; 2] = [
    ["web", "complaint", "补助迟发了一个月,打电话没有人接"],
    ["board", "help", "隔壁人家屋顶漏雨,下雨天没法住"],
];
/// Somebody nobody can name: the station's number, and the day of admission.
const STAYS: [(&str, &str); 2] = [("演示-07", "2026-06-10"), ("演示-11", "2026-08-20")];

/// Makes what is not there yet; answers how many.
///
/// # Errors
/// The record, or the rulebook lacks a table.
pub async fn fill(access: &Access, now: &str) -> Done<usize> {
    let office = access.office();
    let mut made: usize = 0;
    for (at, [login, channel, line, kind, about, text]) in TAKEN.iter().enumerate() {
        let Some(who) = acting(access, login, now).await? else {
            continue;
        };
        let form = TicketForm {
            form_key: format!("demo-taken-{at}"),
            channel: (*channel).to_owned(),
            line: (*line).to_owned(),
            kind: (*kind).to_owned(),
            about: (*about).to_owned(),
            urgent: *about == ABOUT_CHILD,
            text: (*text).to_owned(),
            ..TicketForm::default()
        };
        let taken = tickets::take(office, &who, &form).await?;
        made = made.saturating_add(usize::from(taken.receipt.is_some()));
        if taken.receipt.is_some() && *kind == "policy" {
            let said = "高中、大学在读的可以申请教育救助,带录取或者在读证明到窗口";
            tickets::answer(office, &who, taken.no, said).await?;
        }
    }
    let Some(wang) = acting(access, "wang", now).await? else {
        return Ok(made);
    };
    let area = wang.scope(Right::TICKET)?.start();
    for (at, [channel, kind, text]) in TOLD.iter().enumerate() {
        let form = TicketForm {
            form_key: format!("demo-told-{at}"),
            channel: (*channel).to_owned(),
            kind: (*kind).to_owned(),
            area: area.map_or_else(String::new, |area| area.full().to_owned()),
            text: (*text).to_owned(),
            ..TicketForm::default()
        };
        let taken = tickets::report(access, &form, ORIGIN).await?;
        made = made.saturating_add(usize::from(taken.receipt.is_some()));
    }
    for (station_no, admitted) in STAYS {
        let form = StayForm {
            station_no: station_no.to_owned(),
            admitted: admitted.to_owned(),
            ..StayForm::default()
        };
        match stays::admit(office, &wang, &form).await {
            // The number stands there from before.
            Ok(_) | Err(CaseError::Refused(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(made)
}

async fn acting(access: &Access, login: &str, now: &str) -> Done<Option<Acting>> {
    crate::casework::demo::acting(access, login, now).await
}
