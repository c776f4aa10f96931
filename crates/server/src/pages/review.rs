//! 审核: facts left, the rules' answer right, and the acts from the first opinion to making it public; the
//! county's list; letters to be printed; the draw.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use office::casework::opinion::{Proposed, look_into};
use office::casework::review::{Review, Waiting};
use office::casework::sample::{self, Draw};
use office::casework::{
    self, CaseError, CaseNo, DecidedAs, DeliveryWay, Done, ObjectionState, Proposal, SignedBy,
    decision, first_help, letters, notice, objection, opinion, review,
};
use office::views::{Block, markdown};

use crate::desk::{Answered, Desk, Refusal};
use crate::links::{Fields, Link as _};
use crate::look::Part as _;
use crate::pages::file;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewPage {
    shell: Shell,
    problem: Option<String>,
    view: Review,
}

#[derive(Template)]
#[template(path = "review2.html")]
struct WaitingPage {
    shell: Shell,
    rows: Vec<Waiting>,
}

#[derive(Template)]
#[template(path = "letter.html")]
struct LetterPage {
    shell: Shell,
    no: String,
    /// Whether it is of a decision after the first, which has a page of its own.
    later: bool,
    blocks: Vec<Block>,
}

#[derive(Template)]
#[template(path = "sample.html")]
struct SamplePage {
    shell: Shell,
    problem: Option<String>,
    month: String,
    /// The page's own address, and the one before it.
    here: &'static str,
    back: &'static str,
    /// Whether the reader may open the cases.
    linked: bool,
    draws: Vec<Draw>,
}

pub(crate) async fn show(desk: Desk, Path(no): Path<String>) -> Answered {
    let page = page(&desk, &no, None).await?;
    desk.show(&page)
}

async fn page(desk: &Desk, no: &str, problem: Option<String>) -> Result<ReviewPage, Refusal> {
    let refuse = |error: CaseError| desk.refuse(error.into());
    let number = casework::case_no(no).map_err(refuse)?;
    let view = review::review(&desk.access, &desk.who, number).await;
    let view = view.map_err(refuse)?;
    Ok(ReviewPage {
        shell: desk.shell(format!("审核 № {no}"), Some(Menu::Inbox)),
        problem,
        view,
    })
}

/// One act of the township or the county's clerk, then the case as it stands after it.
pub(crate) async fn act(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let fields = Fields::read(&body);
    let done = done(&desk, &no, &fields).await;
    after(&desk, &no, done).await
}

/// Signs the decision.
pub(crate) async fn decide(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let fields = Fields::read(&body);
    let done = sign(&desk, &no, &fields).await;
    after(&desk, &no, done).await
}

/// Signs the help before the papers.
pub(crate) async fn help_first(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let fields = Fields::read(&body);
    let done = sign_first(&desk, &no, &fields).await;
    after(&desk, &no, done).await
}

async fn sign_first(desk: &Desk, no: &str, fields: &Fields) -> Done<()> {
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let amount = match word("amount").trim() {
        "" => None,
        yuan => Some(casework::yuan(yuan)?),
    };
    let signing = first_help::HelpingFirst {
        because: word("said"),
        amount,
    };
    let number = casework::case_no(no)?;
    first_help::sign(desk.access.office(), &desk.who, number, &signing).await?;
    Ok(())
}

async fn after(desk: &Desk, no: &str, done: Done<()>) -> Answered {
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/case/{no}/review")).into_response()),
        Err(error) => {
            let slip = desk.slip(error)?;
            let page = page(desk, no, Some(slip)).await?;
            desk.show_again(&page)
        }
    }
}

async fn done(desk: &Desk, no: &str, fields: &Fields) -> Done<()> {
    let (office, who) = (desk.access.office(), &desk.who);
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let mut case = casework::load(office, who, casework::case_no(no)?).await?;
    match word("act").as_str() {
        "opinion" => {
            let judged = look_into(office, &case).await?;
            let proposed = Proposed {
                proposes: Proposal::from_word(&word("proposes"))
                    .ok_or_else(|| CaseError::Refused("请选拟同意或者拟不予".to_owned()))?,
                because: word("said"),
            };
            let mut tx = office.begin().await?;
            opinion::give(office, &mut tx, who, &mut case, (&judged, &proposed)).await?;
            office.end(tx).await
        }
        "post" => {
            let worked_out = notice::worked_out(office, &case).await?;
            let mut tx = office.begin().await?;
            notice::post(office, &mut tx, who, (&case, worked_out)).await?;
            office.end(tx).await
        }
        "take-down" => {
            let mut tx = office.begin().await?;
            notice::take_down(office, &mut tx, who, &case, &word("said")).await?;
            office.end(tx).await
        }
        "finish" => {
            let mut tx = office.begin().await?;
            notice::finish(office, &mut tx, who, &mut case).await?;
            office.end(tx).await
        }
        "object" => {
            let mut tx = office.begin().await?;
            objection::object(office, &mut tx, who, &mut case, &word("said")).await?;
            office.end(tx).await
        }
        "settle" => {
            let with = word("other");
            let because = word("said");
            let settled = objection::Settled {
                no: word("objection").parse().unwrap_or(0),
                state: ObjectionState::from_word(&word("state"))
                    .ok_or_else(|| CaseError::Refused("请选属实或者不属实".to_owned()))?,
                with: with.trim(),
                because: &because,
            };
            let mut tx = office.begin().await?;
            objection::settle(office, &mut tx, who, &mut case, settled).await?;
            office.end(tx).await
        }
        "deliver" => {
            let way = DeliveryWay::from_word(&word("way"));
            let way = way.ok_or_else(|| CaseError::Refused("请选送达方式".to_owned()))?;
            let (who_signs, why, witness) = (word("receiver"), word("why"), word("witness"));
            let to = SignedBy {
                who: &who_signs,
                because: &why,
                witness: &witness,
            };
            let mut tx = office.begin().await?;
            decision::deliver(office, &mut tx, who, &mut case, (way, to)).await?;
            office.end(tx).await
        }
        "publish" => {
            let mut tx = office.begin().await?;
            decision::publish(office, &mut tx, who, &mut case).await?;
            office.end(tx).await
        }
        _ => Err(CaseError::Refused("没有选要办什么".to_owned())),
    }
}

async fn sign(desk: &Desk, no: &str, fields: &Fields) -> Done<()> {
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let amount = match word("amount").trim() {
        "" => None,
        yuan => Some(casework::yuan(yuan)?),
    };
    let outcome = DecidedAs::from_word(&word("outcome"));
    let signing = decision::Signing {
        outcome: outcome.ok_or_else(|| CaseError::Refused("请选同意或者不予".to_owned()))?,
        because: word("said"),
        amount,
        articles: word("articles").lines().map(str::to_owned).collect(),
    };
    let number = casework::case_no(no)?;
    decision::sign(desk.access.office(), &desk.who, number, &signing).await?;
    Ok(())
}

/// What waits for a decision.
pub(crate) async fn list(desk: Desk) -> Answered {
    let rows = review::waiting(&desk.access, &desk.who).await;
    let rows = rows.map_err(|error| desk.refuse(error.into()))?;
    let shell = desk.shell("审核确认", Some(Menu::Inbox));
    desk.show(&WaitingPage { shell, rows })
}

/// One letter, to be printed.
pub(crate) async fn letter(desk: Desk, Path((no, title)): Path<(String, String)>) -> Answered {
    let refuse = |error: CaseError| desk.refuse(error.into());
    let number = casework::case_no(&no).map_err(refuse)?;
    let office = desk.access.office();
    let letter = letters::letter(office, &desk.who, number, &title).await;
    let letter = letter.map_err(refuse)?;
    desk.show(&LetterPage {
        shell: desk.shell(letter.title, None),
        no,
        later: letter.later,
        blocks: markdown::blocks(&letter.text),
    })
}

/// The same as PDF.
pub(crate) async fn pdf(desk: Desk, Path((no, title)): Path<(String, String)>) -> Answered {
    let refuse = |error: CaseError| desk.refuse(error.into());
    let number = casework::case_no(&no).map_err(refuse)?;
    let office = desk.access.office();
    let letter = letters::letter(office, &desk.who, number, &title).await;
    let bytes = letter.map_err(refuse)?.pdf().await.map_err(refuse)?;
    Ok(as_pdf(number, bytes))
}

/// A letter as PDF, kept by no browser.
pub(crate) fn as_pdf(number: CaseNo, bytes: Vec<u8>) -> Response {
    file::letter(&format!("letter-{}.pdf", number.get()), bytes)
}

/// Writes down what was found in a case that is looked into.
pub(crate) async fn check(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let fields = Fields::read(&body);
    let done = checked(&desk, &no, &fields).await;
    after(&desk, &no, done).await
}

async fn checked(desk: &Desk, no: &str, fields: &Fields) -> Done<()> {
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let looked = sample::Looked {
        found: sample::found(&word("found"))?,
        says: word("said"),
    };
    let number = casework::case_no(no)?;
    sample::record(desk.access.office(), &desk.who, number, &looked).await?;
    Ok(())
}

/// The cases of a month that are looked into, drawn anew, for whoever decides.
pub(crate) async fn sample(desk: Desk) -> Answered {
    drawn(&desk, ("/sample", "/review2"), Linked::Yes).await
}

/// The same for auditors, who open no case.
pub(crate) async fn audited_sample(desk: Desk) -> Answered {
    drawn(&desk, ("/audit/sample", "/audit"), Linked::No).await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Linked {
    Yes,
    No,
}

async fn drawn(
    desk: &Desk,
    (here, back): (&'static str, &'static str),
    linked: Linked,
) -> Answered {
    let office = desk.access.office();
    let month = desk.fields.get("month").unwrap_or_default();
    let mut page = SamplePage {
        shell: desk.shell("抽查", Some(Menu::Inbox)),
        problem: None,
        month: month.clone(),
        here,
        back,
        linked: linked == Linked::Yes,
        draws: Vec::new(),
    };
    if month.is_empty() {
        return desk.show(&page);
    }
    match office::disbursement::month(&month) {
        None => page.problem = Some(format!("`{month}` 不是月份,写成 2026-09")),
        Some(month) => {
            let draws = sample::look(office, &desk.who, month).await;
            page.draws = draws.map_err(|error| desk.refuse(error.into()))?;
        }
    }
    desk.show(&page)
}
