//! 走访台账: who is to be visited when, by township, and who was not visited in time.

use askama::Template;
use office::casework::{self, CaseError, Done};
use office::visits::{self, Ledger, LedgerAsk, LedgerShows};

use crate::desk::{Answered, Desk};
use crate::look::Look as _;
use crate::pages::{exports, file};
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "visit_ledger.html")]
struct LedgerPage {
    shell: Shell,
    problem: Option<String>,
    township: String,
    shows: &'static str,
    choices: [(&'static str, &'static str); 4],
    view: Ledger,
}

fn ask(desk: &Desk) -> Done<LedgerAsk> {
    let word = |name: &str| desk.fields.get(name).unwrap_or_default();
    let township = match word("township").trim() {
        "" => None,
        code => Some(casework::area(code)?),
    };
    Ok(LedgerAsk {
        township,
        shows: LedgerShows::from_word(&word("shows")),
    })
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let (asked, problem) = match ask(&desk) {
        Ok(asked) => (asked, None),
        Err(CaseError::Refused(said)) => (LedgerAsk::default(), Some(said)),
        Err(error) => return Err(desk.refuse(error.into())),
    };
    let view = visits::ledger(desk.access.office(), &desk.who, asked).await;
    let page = LedgerPage {
        shell: desk.shell("走访台账", Some(Menu::Visits)),
        township: asked
            .township
            .map_or_else(String::new, |code| code.as_str().to_owned()),
        shows: asked.shows.word().0,
        choices: LedgerShows::ALL.map(LedgerShows::word),
        view: view.map_err(|error| desk.refuse(error.into()))?,
        problem,
    };
    match page.problem {
        None => desk.show(&page),
        Some(_) => desk.show_again(&page),
    }
}

/// The same as a workbook.
pub(crate) async fn workbook(desk: Desk) -> Answered {
    let asked = ask(&desk).map_err(|error| desk.refuse(error.into()))?;
    match visits::ledger_workbook(desk.access.office(), &desk.who, asked).await {
        Ok((name, bytes)) => Ok(file::saved(file::WORKBOOK, ("visits.xlsx", &name), bytes)),
        Err(error) => exports::stopped(&desk, error.into()).await,
    }
}
