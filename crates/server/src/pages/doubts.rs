//! 认人: rows of departments' files whose person is in doubt, and the form that says whose one is.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use office::doubts::{self, DoubtAnswer, DoubtList, DoubtView};
use office::views::ViewError;

use crate::desk::{Answered, Desk};
use crate::links::Fields;
use crate::look::Look as _;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "doubts.html")]
struct DoubtsPage {
    shell: Shell,
    said: Option<&'static str>,
    view: DoubtList,
}

#[derive(Template)]
#[template(path = "doubt.html")]
struct DoubtPage {
    shell: Shell,
    view: DoubtView,
    given: DoubtAnswer,
    /// The person chosen before; 0 for nobody.
    chosen: i64,
    problem: Option<String>,
}

pub(crate) async fn list(desk: Desk) -> Answered {
    let after = desk.fields.get("cursor").unwrap_or_default();
    let after = if after.is_empty() {
        0
    } else {
        desk.id(&after, "待认人记录")?
    };
    let view = doubts::list(desk.access.office(), &desk.who, after).await;
    let said = desk.fields.get("done").map(|_| {
        "已经记下。这一行从下一次当月监测起按您的回答算;同样的问题以后不再问,答错了可以重新认。"
    });
    let page = DoubtsPage {
        shell: desk.shell("认人", Some(Menu::Feeds)),
        said,
        view: view.map_err(|error| desk.refuse(error))?,
    };
    desk.show(&page)
}

pub(crate) async fn show(desk: Desk, Path(row): Path<String>) -> Answered {
    let row = desk.id(&row, "待认人记录")?;
    let page = page(&desk, row, DoubtAnswer::default(), None).await?;
    desk.show(&page)
}

pub(crate) async fn answer(desk: Desk, Path(row): Path<String>, body: String) -> Answered {
    let row = desk.id(&row, "待认人记录")?;
    let fields = Fields::read(&body);
    // 「是同一人」 carries which: `same:12`.
    let choice = fields.get("answer").unwrap_or_default();
    let (verdict, person) = match choice.split_once(':') {
        Some((verdict, person)) => (verdict.to_owned(), person.parse().ok()),
        None => (choice, None),
    };
    let given = DoubtAnswer {
        verdict,
        person,
        reason: fields.get("reason").unwrap_or_default(),
    };
    match doubts::answer(desk.access.office(), &desk.who, row, &given).await {
        Ok(_) => Ok(Redirect::to("/doubts?done=1").into_response()),
        Err(ViewError::NotAnswerable(said)) => {
            let page = page(&desk, row, given, Some(said)).await?;
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error)),
    }
}

async fn page(
    desk: &Desk,
    row: i64,
    given: DoubtAnswer,
    problem: Option<String>,
) -> Result<DoubtPage, crate::desk::Refusal> {
    let view = doubts::one(desk.access.office(), &desk.who, row).await;
    let view = view.map_err(|error| desk.refuse(error))?;
    Ok(DoubtPage {
        shell: desk.shell(format!("这是谁 · {}", view.line.name), Some(Menu::Feeds)),
        view,
        chosen: given.person.unwrap_or(0),
        given,
        problem,
    })
}
