//! 居民事项 on an official's desk.

use askama::Template;
use axum::response::{IntoResponse, Redirect};
use office::casework::{CaseError, Done, case_no};
use office::portal::{self, CorrectionState, ResidentDesk};

use crate::desk::{Answered, Desk};
use crate::links::Fields;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "portal/desk.html")]
struct DeskPage {
    shell: Shell,
    view: ResidentDesk,
    /// What was done.
    told: Option<String>,
    problem: Option<String>,
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let view = portal::resident_desk(&desk.access, &desk.who).await;
    let view = view.map_err(|error| desk.refuse(error.into()))?;
    desk.show(&DeskPage {
        shell: desk.shell("居民事项", Some(Menu::Inbox)),
        view,
        told: None,
        problem: None,
    })
}

pub(crate) async fn act(desk: Desk, body: String) -> Answered {
    let fields = Fields::read(&body);
    let done = done(&desk, &fields).await;
    let (told, problem) = match done {
        Ok(None) => return Ok(Redirect::to("/residents").into_response()),
        Ok(Some(told)) => (Some(told), None),
        // A number that is typed and is nobody's is a slip, too: what was typed stays.
        Err(error @ (CaseError::Refused(_) | CaseError::Refusal(_) | CaseError::NotFound(_))) => {
            (None, Some(error.to_string()))
        }
        Err(error) => return Err(desk.refuse(error.into())),
    };
    let view = portal::resident_desk(&desk.access, &desk.who).await;
    let view = view.map_err(|error| desk.refuse(error.into()))?;
    let refused = problem.is_some();
    let page = DeskPage {
        shell: desk.shell("居民事项", Some(Menu::Inbox)),
        view,
        told,
        problem,
    };
    match refused {
        true => desk.show_again(&page),
        false => desk.show(&page),
    }
}

fn reopened(what: &str, told: bool) -> String {
    match told {
        true => format!("{what}已重新打开,时限从今天重新算,已经用短信告诉本人"),
        false => format!("{what}已重新打开,时限从今天重新算;没有登记手机,请当面或者打电话告诉本人"),
    }
}

/// What there is to tell of an act.
async fn done(desk: &Desk, fields: &Fields) -> Done<Option<String>> {
    let (office, who) = (desk.access.office(), &desk.who);
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let (no, text) = (word("no"), word("text"));
    let number: i64 = no.parse().unwrap_or(0);
    match word("act").as_str() {
        "help" => portal::answer_help(office, who, number, &text).await?,
        "claim" => {
            let shown = (text.as_str(), word("code"));
            portal::confirm_claim(&desk.access, who, number, (shown.0, &shown.1)).await?;
        }
        "claim-code" => {
            portal::claim_code(&desk.access, who, number).await?;
            let told = "验证码已发到这个账户的手机,请当面的人念给您,和证件号一起填";
            return Ok(Some(told.to_owned()));
        }
        "close" => {
            portal::close_account(office, who, &word("closing")).await?;
            return Ok(Some("账户已注销,原来的登录都已退出".to_owned()));
        }
        "links" => {
            let sent = portal::send_links_for(&desk.access, who, case_no(&word("case"))?).await?;
            return Ok(Some(format!("签字链接已重新发给 {sent} 位家人,旧的作废")));
        }
        "claim-no" => portal::refuse_claim(office, who, number, &text).await?,
        "take" => {
            let opened = portal::take_submission(&desk.access, who, number, &text).await?;
            let cases: Vec<String> = opened.cases.iter().map(|no| format!("№ {no}")).collect();
            return Ok(Some(format!("已收件:办件 {}", cases.join("、"))));
        }
        "refuse" => portal::refuse_submission(office, who, number, &text).await?,
        "reopen" => {
            let told = portal::reopen_submission(office, who, number, &text).await?;
            return Ok(Some(reopened("网上申请", told)));
        }
        "reopen-correction" => {
            let told = portal::reopen_correction(office, who, number, &text).await?;
            return Ok(Some(reopened("更正申请", told)));
        }
        "join" => {
            let seen = (word("number"), text.as_str());
            portal::join_member(office, who, number, (&seen.0, seen.1)).await?;
            let told = "已并入申请;成年的要另外登记核对授权";
            return Ok(Some(told.to_owned()));
        }
        "doubt" => portal::settle_doubt(office, who, number, &text).await?,
        "rating" => portal::answer_rating(office, who, case_no(&no)?, &text).await?,
        "accept" => {
            let answer = (CorrectionState::Accepted, text.as_str());
            portal::answer_correction(office, who, number, answer).await?;
        }
        "decline" => {
            let answer = (CorrectionState::Refused, text.as_str());
            portal::answer_correction(office, who, number, answer).await?;
        }
        _ => return Err(CaseError::Refused("没有这个按钮".to_owned())),
    }
    Ok(None)
}
