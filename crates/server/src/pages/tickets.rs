//! 工单: the one queue whatever channel somebody came by, one ticket, and the form of the window and the hotline.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use office::access::Right;
use office::casework::{CaseError, Done};
use office::channels::tickets::{self, Queue, TicketForm, TicketLine, TicketView, state_name};
use office::channels::{self, ABOUT_CHILD, ABOUT_ELDER, Choices, For, stays};
use office::portal::{self, Pick};

use crate::desk::{Answered, Desk, Refusal};
use crate::links::Fields;
use crate::shell::{Menu, Shell};

/// About whom, as a form asks.
pub(crate) const ABOUT: [(&str, &str); 3] = [
    ("", "都不是,或者不清楚"),
    (ABOUT_CHILD, "未成年人"),
    (ABOUT_ELDER, "老年人"),
];

#[derive(Template)]
#[template(path = "channels/tickets.html")]
struct QueuePage {
    shell: Shell,
    /// What waits, and what is answered: title, id and rows.
    parts: [(&'static str, &'static str, Vec<TicketLine>); 2],
    /// The most a part shows.
    most: usize,
    takes: bool,
    /// 安置任务 that are open.
    settling: usize,
}

#[derive(Template)]
#[template(path = "channels/ticket.html")]
struct TicketPage {
    shell: Shell,
    problem: Option<String>,
    view: TicketView,
    state: &'static str,
    choices: Choices,
    about: [(&'static str, &'static str); 3],
    /// Whether the open step is an answer, a closing, or nothing any more.
    answers: bool,
    closes: bool,
    /// Whether this official may hand it on as a clue, and take a clue in as an application.
    clues: bool,
    accepts: bool,
}

#[derive(Template)]
#[template(path = "channels/ticket_new.html")]
struct NewPage {
    shell: Shell,
    problem: Option<String>,
    form: TicketForm,
    choices: Choices,
    about: [(&'static str, &'static str); 3],
    area: Pick,
}

#[derive(Template)]
#[template(path = "channels/ticket_taken.html")]
struct TakenPage {
    shell: Shell,
    no: i64,
    receipt: Option<String>,
}

pub(crate) async fn list(desk: Desk) -> Answered {
    let view = tickets::queue(desk.access.office(), &desk.who).await;
    let view: Queue = view.map_err(|error| desk.refuse(error.into()))?;
    let settling = stays::desk(desk.access.office(), &desk.who).await;
    let page = QueuePage {
        shell: desk.shell("工单", Some(Menu::Tickets)),
        parts: [
            ("待办", "open", view.open),
            ("已答复,等办结", "answered", view.answered),
        ],
        most: tickets::SHOWN_MAX,
        takes: desk.who.may(Right::TICKET_TAKE),
        settling: settling.map_err(|error| desk.refuse(error.into()))?.open,
    };
    desk.show(&page)
}

pub(crate) async fn show(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "工单")?;
    let page = page(&desk, no, None).await?;
    desk.show(&page)
}

async fn page(desk: &Desk, no: i64, problem: Option<String>) -> Result<TicketPage, Refusal> {
    let office = desk.access.office();
    let refuse = |error: CaseError| desk.refuse(error.into());
    let view = tickets::ticket(office, &desk.who, no)
        .await
        .map_err(refuse)?;
    let choices = channels::choices(office, For::Officials).map_err(refuse)?;
    let own = view.line.mine && view.source.is_none();
    let state = state_name(view.state);
    Ok(TicketPage {
        shell: desk.shell(format!("工单 {no}"), Some(Menu::Tickets)),
        problem,
        answers: own && state == "待办",
        closes: own && state == "已答复",
        clues: view.line.mine && view.clue.is_none() && desk.who.may(Right::CLUE_REPORT),
        accepts: desk.who.may(Right::CASE_ACCEPT),
        state,
        choices,
        about: ABOUT,
        view,
    })
}

pub(crate) async fn act(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let no = desk.id(&no, "工单")?;
    let fields = Fields::read(&body);
    match acted(&desk, no, &fields).await {
        Ok(place) => Ok(Redirect::to(&place).into_response()),
        Err(error) => {
            let said = desk.slip(error)?;
            let page = page(&desk, no, Some(said)).await?;
            desk.show_again(&page)
        }
    }
}

async fn acted(desk: &Desk, no: i64, fields: &Fields) -> Done<String> {
    let (office, who) = (desk.access.office(), &desk.who);
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let here = format!("/tickets/{no}");
    match word("act").as_str() {
        "answer" => tickets::answer(office, who, no, &word("text")).await?,
        "close" => tickets::close(office, who, no).await?,
        "refer" => {
            let (kind, about, because) = (word("kind"), word("about"), word("because"));
            tickets::refer(office, who, no, (&kind, &about, &because)).await?;
        }
        "clue" => {
            let (name, number) = (word("name"), word("number"));
            tickets::to_clue(office, who, no, (&name, &number)).await?;
        }
        _ => {
            // Whoever may not see it is told so before anything else.
            tickets::ticket(office, who, no).await?;
            return Err(CaseError::Refused(
                "请选答复、转办、办结或者转为线索".to_owned(),
            ));
        }
    }
    Ok(here)
}

pub(crate) async fn form(desk: Desk) -> Answered {
    let key = portal::fresh_word().map_err(|error| desk.refuse(error.into()))?;
    let form = TicketForm {
        form_key: key,
        channel: desk
            .fields
            .get("channel")
            .unwrap_or_else(|| "hotline".to_owned()),
        ..TicketForm::default()
    };
    let page = new_page(&desk, form, None).await?;
    desk.show(&page)
}

async fn new_page(
    desk: &Desk,
    form: TicketForm,
    problem: Option<String>,
) -> Result<NewPage, Refusal> {
    let office = desk.access.office();
    let refuse = |error: CaseError| desk.refuse(error.into());
    Ok(NewPage {
        shell: desk.shell("登记工单", Some(Menu::Tickets)),
        problem,
        area: portal::villages(office, &form.area).await.map_err(refuse)?,
        choices: channels::choices(office, For::Officials).map_err(refuse)?,
        about: ABOUT,
        form,
    })
}

/// A form as it was sent.
pub(crate) fn read(fields: &Fields) -> TicketForm {
    let word = |name: &str| fields.get(name).unwrap_or_default();
    TicketForm {
        form_key: word("form_key"),
        kind: word("kind"),
        channel: word("channel"),
        line: word("line"),
        about: word("about"),
        urgent: fields.get("urgent").is_some(),
        area: word("area"),
        place: word("place"),
        text: word("text"),
        name: word("name"),
        number: word("number"),
        reporter: word("reporter"),
        phone: word("phone"),
    }
}

pub(crate) async fn take(desk: Desk, body: String) -> Answered {
    let form = read(&Fields::read(&body));
    match tickets::take(desk.access.office(), &desk.who, &form).await {
        Ok(taken) => {
            let page = TakenPage {
                shell: desk.shell("已经登记", Some(Menu::Tickets)),
                no: taken.no,
                receipt: taken.receipt,
            };
            desk.show(&page)
        }
        Err(error) => {
            let said = desk.slip(error)?;
            let page = new_page(&desk, form, Some(said)).await?;
            desk.show_again(&page)
        }
    }
}
