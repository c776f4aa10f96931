//! 上报线索: somebody may need help. The same person told of again joins the clue that is open.

use askama::Template;
use axum::extract::{Path, Request};
use axum::response::{IntoResponse, Redirect};
use office::access::Right;
use office::casework::{self, CaseError, CluePhoto, ClueSource, ClueView, Done, Report, Reported};

use crate::desk::{Answered, Desk, Refusal};
use crate::links::Fields;
use crate::shell::{Menu, Shell};
use crate::upload;

#[derive(Template)]
#[template(path = "clue_new.html")]
struct CluePage {
    shell: Shell,
    problem: Option<String>,
    /// What became of the one reported before.
    told: Option<String>,
    name: String,
    number: String,
    text: String,
    source: String,
    urgent: bool,
    sources: [(&'static str, &'static str); 4],
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let number = |name: &str| desk.fields.get(name).and_then(|no| no.parse::<i64>().ok());
    let told = match (number("no"), number("into")) {
        (Some(no), Some(into)) => Some(format!(
            "已有线索 #{into},第 {no} 号并入;两次说的窗口都看得到,不用再报"
        )),
        (Some(no), None) => Some(format!(
            "已登记线索 #{no},乡镇窗口的待办里已经看得到;还有别家可以接着报"
        )),
        (None, _) => None,
    };
    let page = page(&desk, &Fields::default(), (told, None));
    desk.show(&page)
}

fn page(
    desk: &Desk,
    fields: &Fields,
    (told, problem): (Option<String>, Option<String>),
) -> CluePage {
    let word = |name: &str| fields.get(name).unwrap_or_default();
    CluePage {
        shell: desk.shell("上报线索", Some(Menu::Inbox)),
        problem,
        told,
        name: word("name"),
        number: word("number"),
        text: word("text"),
        source: word("source"),
        urgent: fields.get("urgent").is_some(),
        sources: [
            (ClueSource::Worker.word(), "走访看到的"),
            (ClueSource::Resident.word(), "居民说的"),
            (ClueSource::Hotline.word(), "热线转来的"),
            (ClueSource::Department.word(), "部门转来的"),
        ],
    }
}

pub(crate) async fn send(desk: Desk, request: Request) -> Answered {
    let sent = match upload::read(request).await {
        Ok(sent) => sent,
        Err((status, said)) => {
            let page = page(&desk, &Fields::default(), (None, Some(said)));
            return Ok((status, desk.show(&page)?).into_response());
        }
    };
    let fields = sent.fields;
    let photos = sent.files.into_iter().map(|file| CluePhoto {
        name: file.name,
        bytes: file.bytes,
    });
    match reported(&desk, &fields, photos.collect()).await {
        Ok(Reported::New(no)) => Ok(Redirect::to(&format!("/clues/new?no={no}")).into_response()),
        Ok(Reported::Joined { no, into }) => {
            let place = format!("/clues/new?no={no}&into={into}");
            Ok(Redirect::to(&place).into_response())
        }
        Err(CaseError::Refused(said) | CaseError::NotFound(said)) => {
            let page = page(&desk, &fields, (None, Some(said)));
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error.into())),
    }
}

async fn reported(desk: &Desk, fields: &Fields, photos: Vec<CluePhoto>) -> Done<Reported> {
    let (office, who) = (desk.access.office(), &desk.who);
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let (name, number) = (word("name"), word("number"));
    let found =
        casework::people::find_with(office, who, Right::CLUE_REPORT, (&name, &number)).await?;
    let none = || {
        let said = "登记里没有这个人;请陪同到窗口直接收件,或者先核对证件号";
        CaseError::Refused(said.to_owned())
    };
    let source = ClueSource::from_word(&word("source"));
    let unsaid = || CaseError::Refused("请选是谁说的".to_owned());
    let report = Report {
        person: found.ok_or_else(none)?,
        area: None,
        source: source.ok_or_else(unsaid)?,
        urgent: fields.get("urgent").is_some(),
        text: word("text"),
    };
    casework::report_with(office, who, &report, photos).await
}

#[derive(Template)]
#[template(path = "clue.html")]
struct OnePage {
    shell: Shell,
    problem: Option<String>,
    view: ClueView,
    /// Whether its day is over.
    late: bool,
}

pub(crate) async fn one(desk: Desk, Path(no): Path<String>) -> Answered {
    let page = one_page(&desk, &no, None).await?;
    desk.show(&page)
}

async fn one_page(desk: &Desk, no: &str, problem: Option<String>) -> Result<OnePage, Refusal> {
    let refuse = |error: CaseError| desk.refuse(error.into());
    let view = casework::clue_view(
        desk.access.office(),
        &desk.who,
        clue_no(no).map_err(refuse)?,
    );
    let view = view.await.map_err(refuse)?;
    Ok(OnePage {
        shell: desk.shell(format!("线索 № {}", view.no), Some(Menu::Inbox)),
        problem,
        late: view.due.is_some_and(|(_, late)| late),
        view,
    })
}

/// Brings it to an end without an application.
pub(crate) async fn close(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let fields = Fields::read(&body);
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let (reason, said) = (word("reason"), word("said"));
    let done = match clue_no(&no) {
        Ok(no) => casework::close_clue(desk.access.office(), &desk.who, no, (&reason, &said)).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/clues/{no}")).into_response()),
        Err(error) => {
            let slip = desk.slip(error)?;
            let page = one_page(&desk, &no, Some(slip)).await?;
            desk.show_again(&page)
        }
    }
}

fn clue_no(word: &str) -> Done<i64> {
    let none = || CaseError::NotFound(format!("没有编号为 {word} 的线索;请核对编号"));
    word.parse().map_err(|_| none())
}
