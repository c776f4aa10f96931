//! 联席会议: minutes with their items, and the search for what was settled before.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use office::access::Right;
use office::casework::afterwards::{
    self, Came, ConferenceLine, Entrust, Minutes, MinutesItem, NewMinutes, Precedent, TaskLine,
};
use office::casework::{self, CaseError, Done};
use office::views::Choice;

use crate::desk::{Answered, Desk, Refusal};
use crate::links::Fields;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "conference.html")]
struct ConferencePage {
    shell: Shell,
    problem: Option<String>,
    rows: Vec<ConferenceLine>,
    found: Vec<Precedent>,
    programmes: Vec<Choice>,
    programme: String,
    word: String,
    /// The place and day to begin with.
    area: String,
    today: String,
    holds: bool,
}

#[derive(Template)]
#[template(path = "minutes.html")]
struct MinutesPage {
    shell: Shell,
    problem: Option<String>,
    programmes: Vec<Choice>,
    view: Minutes,
}

#[derive(Template)]
#[template(path = "entrusted.html")]
struct EntrustedPage {
    shell: Shell,
    problem: Option<String>,
    tasks: Vec<TaskLine>,
}

/// What meetings entrusted to whoever asks.
pub(crate) async fn own(desk: Desk) -> Answered {
    let page = own_page(&desk, None).await?;
    desk.show(&page)
}

async fn own_page(desk: &Desk, problem: Option<String>) -> Result<EntrustedPage, Refusal> {
    let tasks = afterwards::own_tasks(desk.access.office(), &desk.who).await;
    Ok(EntrustedPage {
        shell: desk.shell("会议交办", None),
        problem,
        tasks: tasks.map_err(|error| desk.refuse(error.into()))?,
    })
}

/// What came of a task.
pub(crate) async fn finish(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let no = desk.id(&no, "交办事项")?;
    let result = Fields::read(&body).get("result").unwrap_or_default();
    match afterwards::finish(desk.access.office(), &desk.who, no, &result).await {
        Ok(()) => Ok(Redirect::to("/conference/tasks").into_response()),
        Err(error) => {
            let said = desk.slip(error)?;
            let page = own_page(&desk, Some(said)).await?;
            desk.show_again(&page)
        }
    }
}

pub(crate) async fn list(desk: Desk) -> Answered {
    let page = page(&desk, None).await?;
    desk.show(&page)
}

async fn page(desk: &Desk, problem: Option<String>) -> Result<ConferencePage, Refusal> {
    let (office, who) = (desk.access.office(), &desk.who);
    let refuse = |error: CaseError| desk.refuse(error.into());
    let programme = desk.fields.get("programme").unwrap_or_default();
    let word = desk.fields.get("q").unwrap_or_default();
    let found = afterwards::precedents(office, who, (&programme, &word))
        .await
        .map_err(refuse)?;
    let start = who
        .scope(Right::CONFERENCE)
        .ok()
        .and_then(|scope| scope.start());
    Ok(ConferencePage {
        shell: desk.shell("联席会议", Some(Menu::Reviews)),
        problem,
        rows: afterwards::conferences(office, who).await.map_err(refuse)?,
        found,
        programmes: office::visits::programmes(office),
        programme,
        word,
        area: start.map_or_else(String::new, |area| area.as_str().to_owned()),
        today: office.clock().today().to_string(),
        holds: who.may(Right::CONFERENCE),
    })
}

/// Writes a meeting down.
pub(crate) async fn hold(desk: Desk, body: String) -> Answered {
    let fields = Fields::read(&body);
    match held(&desk, &fields).await {
        Ok(no) => Ok(Redirect::to(&format!("/conference/{no}")).into_response()),
        Err(CaseError::Refused(said) | CaseError::Forbidden(said)) => {
            let page = page(&desk, Some(said)).await?;
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error.into())),
    }
}

async fn held(desk: &Desk, fields: &Fields) -> Done<i64> {
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let minutes = NewMinutes {
        area: casework::area(&word("area"))?,
        day: afterwards::day("会议日期", &word("day"))?,
        title: word("title"),
        offices: word("offices"),
        attendees: word("attendees").parse().unwrap_or(0),
    };
    afterwards::hold(desk.access.office(), &desk.who, &minutes).await
}

pub(crate) async fn show(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "联席会议")?;
    let page = minutes_page(&desk, no, None).await?;
    desk.show(&page)
}

async fn minutes_page(
    desk: &Desk,
    no: i64,
    problem: Option<String>,
) -> Result<MinutesPage, Refusal> {
    let office = desk.access.office();
    let view = afterwards::minutes(office, &desk.who, no).await;
    Ok(MinutesPage {
        shell: desk.shell("会议纪要", Some(Menu::Reviews)),
        problem,
        programmes: office::visits::programmes(office),
        view: view.map_err(|error| desk.refuse(error.into()))?,
    })
}

/// Adds an item.
pub(crate) async fn add(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let no = desk.id(&no, "联席会议")?;
    let fields = Fields::read(&body);
    match added(&desk, no, &fields).await {
        Ok(()) => Ok(Redirect::to(&format!("/conference/{no}")).into_response()),
        // The number of a case is typed: one that is not there is a slip.
        Err(CaseError::Refused(said) | CaseError::Forbidden(said) | CaseError::NotFound(said)) => {
            let page = minutes_page(&desk, no, Some(said)).await?;
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error.into())),
    }
}

async fn added(desk: &Desk, no: i64, fields: &Fields) -> Done<()> {
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let (office, who) = (desk.access.office(), &desk.who);
    match word("act").as_str() {
        "member" => {
            let came = match word("came").as_str() {
                "yes" => Came::Yes,
                "no" => Came::No,
                _ => return Err(CaseError::Refused("请选到会还是缺席".to_owned())),
            };
            let (of, login) = (word("office"), word("login"));
            return afterwards::take_part(office, who, no, (&of, &login, came)).await;
        }
        "task" => {
            let task = Entrust {
                item: match word("item").trim() {
                    "" => None,
                    no => Some(no.parse().map_err(|_| {
                        CaseError::Refused("交办的是哪一项没有看懂;请从名单里重新选".to_owned())
                    })?),
                },
                login: word("login"),
                what: word("what"),
                due: afterwards::day("哪一天以前", &word("due"))?,
            };
            afterwards::entrust(office, who, no, &task).await?;
            return Ok(());
        }
        _ => {}
    }
    let case = match word("case").trim() {
        "" => None,
        text => Some(casework::case_no(text)?),
    };
    let departs = (word("departs") == "yes").then(|| word("because"));
    let item = MinutesItem {
        case,
        programme: word("programme"),
        circumstances: word("circumstances"),
        question: word("question"),
        resolution: word("resolution"),
        departs,
        articles: word("articles"),
    };
    afterwards::add_item(desk.access.office(), &desk.who, no, &item).await?;
    Ok(())
}
