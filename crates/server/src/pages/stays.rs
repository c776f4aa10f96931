//! 滞留人员安置: who is at the rescue station and cannot be named, on which day, and what is to be settled.

use askama::Template;
use axum::response::{IntoResponse, Redirect};
use office::casework::Done;
use office::channels::stays::{self, Ended, StayDesk, StayForm, end_name};
use office::portal::{self, Pick};

use crate::desk::{Answered, Desk, Refusal};
use crate::links::Fields;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "channels/stays.html")]
struct StaysPage {
    shell: Shell,
    problem: Option<String>,
    form: StayForm,
    area: Pick,
    ends: [(&'static str, &'static str); 3],
    view: StayDesk,
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let page = page(&desk, StayForm::default(), None).await?;
    desk.show(&page)
}

async fn page(desk: &Desk, form: StayForm, problem: Option<String>) -> Result<StaysPage, Refusal> {
    let office = desk.access.office();
    let area = portal::villages(office, &form.area).await;
    let view = stays::desk(office, &desk.who).await;
    Ok(StaysPage {
        shell: desk.shell("滞留人员安置", Some(Menu::Tickets)),
        problem,
        area: area.map_err(|error| desk.refuse(error.into()))?,
        ends: [Ended::Identified, Ended::Left, Ended::Died].map(|end| (end.word(), end_name(end))),
        view: view.map_err(|error| desk.refuse(error.into()))?,
        form,
    })
}

pub(crate) async fn act(desk: Desk, body: String) -> Answered {
    let fields = Fields::read(&body);
    match acted(&desk, &fields).await {
        Ok(()) => Ok(Redirect::to("/tickets/stays").into_response()),
        Err(error) => {
            let said = desk.slip(error)?;
            let page = page(&desk, form(&fields), Some(said)).await?;
            desk.show_again(&page)
        }
    }
}

fn form(fields: &Fields) -> StayForm {
    let word = |name: &str| fields.get(name).unwrap_or_default();
    StayForm {
        station_no: word("station_no"),
        admitted: word("admitted"),
        area: word("area"),
        ticket: word("ticket"),
    }
}

async fn acted(desk: &Desk, fields: &Fields) -> Done<()> {
    let (office, who) = (desk.access.office(), &desk.who);
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let no = word("no").parse().unwrap_or_default();
    match word("act").as_str() {
        "end" => {
            let outcome = Ended::from_word(&word("outcome"));
            stays::end(office, who, no, (outcome, &word("text"))).await
        }
        "settle" => stays::settle(office, who, no, (&word("task"), &word("text"))).await,
        _ => stays::admit(office, who, &form(fields)).await.map(drop),
    }
}
