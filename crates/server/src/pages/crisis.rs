//! 紧急通道: what is switched on, where and until when; who came through it.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use office::access::Right;
use office::casework::afterwards::{self, Benefited, CrisisLine, CrisisLists, Switch};
use office::casework::{self, CaseError, Done};
use office::views::Choice;

use crate::desk::{Answered, Desk, Refusal};
use crate::links::Fields;
use crate::pages::{exports, file};
use crate::shell::{Menu, Shell};

/// What a workbook is called on its way.

#[derive(Template)]
#[template(path = "crisis.html")]
struct CrisisPage {
    shell: Shell,
    problem: Option<String>,
    rows: Vec<CrisisLine>,
    programmes: Vec<Choice>,
    /// The place to begin with; empty where there are several.
    area: String,
    switches: bool,
}

#[derive(Template)]
#[template(path = "crisis_list.html")]
struct ListPage {
    shell: Shell,
    problem: Option<String>,
    said: Option<String>,
    no: i64,
    rows: Vec<Benefited>,
    lists: CrisisLists,
    switches: bool,
    /// Whether this person hands letters over.
    handles: bool,
}

pub(crate) async fn list(desk: Desk) -> Answered {
    let page = page(&desk, None).await?;
    desk.show(&page)
}

async fn page(desk: &Desk, problem: Option<String>) -> Result<CrisisPage, Refusal> {
    let office = desk.access.office();
    let rows = afterwards::channels(office, &desk.who).await;
    let start = desk
        .who
        .scope(Right::CRISIS)
        .ok()
        .and_then(|scope| scope.start());
    Ok(CrisisPage {
        shell: desk.shell("紧急通道", Some(Menu::Reviews)),
        problem,
        rows: rows.map_err(|error| desk.refuse(error.into()))?,
        programmes: office::visits::programmes(office),
        area: start.map_or_else(String::new, |area| area.as_str().to_owned()),
        switches: desk.who.may(Right::CRISIS),
    })
}

/// Switches a channel on.
pub(crate) async fn switch_on(desk: Desk, body: String) -> Answered {
    let fields = Fields::read(&body);
    let done = switched(&desk, &fields).await;
    after(&desk, done).await
}

async fn switched(desk: &Desk, fields: &Fields) -> Done<()> {
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let switch = Switch {
        title: word("title"),
        area: casework::area(&word("area"))?,
        programmes: fields.all("programme"),
        because: word("because"),
        last: afterwards::day("截止日", &word("last"))?,
    };
    afterwards::switch_on(desk.access.office(), &desk.who, &switch).await?;
    Ok(())
}

/// Ends a channel early.
pub(crate) async fn end(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let no = desk.id(&no, "紧急通道")?;
    let because = Fields::read(&body).get("because").unwrap_or_default();
    let done = afterwards::end(desk.access.office(), &desk.who, no, &because).await;
    after(&desk, done).await
}

async fn after(desk: &Desk, done: Done<()>) -> Answered {
    match done {
        Ok(()) => Ok(Redirect::to("/crisis").into_response()),
        Err(CaseError::Refused(said) | CaseError::Forbidden(said)) => {
            let page = page(desk, Some(said)).await?;
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error.into())),
    }
}

/// 受益名单.
pub(crate) async fn show(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "紧急通道")?;
    let said = desk.fields.get("done").map(|_| "已经办好。".to_owned());
    let page = list_page(&desk, no, (None, said)).await?;
    desk.show(&page)
}

async fn list_page(
    desk: &Desk,
    no: i64,
    (problem, said): (Option<String>, Option<String>),
) -> Result<ListPage, Refusal> {
    let refuse = |error: CaseError| desk.refuse(error.into());
    let (office, who) = (desk.access.office(), &desk.who);
    let (title, rows) = afterwards::benefited(office, who, no)
        .await
        .map_err(refuse)?;
    let lists = afterwards::crisis_lists(office, who, no).await;
    Ok(ListPage {
        shell: desk.shell(format!("受益名单:{title}"), Some(Menu::Reviews)),
        problem,
        said,
        no,
        rows,
        lists: lists.map_err(refuse)?,
        switches: who.may(Right::CRISIS),
        handles: who.may(Right::CASE_HANDLE),
    })
}

/// Takes an extension back, or brings the lists up to date.
pub(crate) async fn act(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let no = desk.id(&no, "紧急通道")?;
    let fields = Fields::read(&body);
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let (office, who) = (desk.access.office(), &desk.who);
    let refused = |said: &str| Err(CaseError::Refused(said.to_owned()));
    let done = match (word("act").as_str(), word("extension").parse::<i64>()) {
        ("undo", Ok(extension)) => {
            let because = word("because");
            let undone = afterwards::undo(office, who, (no, extension), &because).await;
            undone.map(|_| ())
        }
        ("undo", Err(_)) => refused("撤销的是哪一项延长没有看懂;请从名单里重新选"),
        ("refresh", _) => afterwards::refresh(office, who, no).await.map(|_| ()),
        _ => refused("要办什么没有看懂;请用页面上的按钮办"),
    };
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/crisis/{no}?done=1")).into_response()),
        Err(CaseError::Refused(said) | CaseError::Forbidden(said)) => {
            let page = list_page(&desk, no, (Some(said), None)).await?;
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error.into())),
    }
}

/// The letter of an extension.
pub(crate) async fn letter(desk: Desk, Path((no, extension)): Path<(String, String)>) -> Answered {
    let refuse = |error: CaseError| desk.refuse(error.into());
    let (no, extension) = (desk.id(&no, "紧急通道")?, desk.id(&extension, "延长")?);
    let office = desk.access.office();
    let letter = afterwards::extension_letter(office, &desk.who, (no, extension)).await;
    let bytes = letter.map_err(refuse)?.pdf().await.map_err(refuse)?;
    Ok(file::letter(&format!("extension-{extension}.pdf"), bytes))
}

/// The same as a workbook.
pub(crate) async fn workbook(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "紧急通道")?;
    let plain = format!("crisis-{no}.xlsx");
    match afterwards::crisis_workbook(desk.access.office(), &desk.who, no).await {
        Ok((name, bytes)) => Ok(file::saved(file::WORKBOOK, (&plain, &name), bytes)),
        Err(error) => exports::stopped(&desk, error.into()).await,
    }
}
