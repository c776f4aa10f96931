//! 办件: where a case stands, by when, with what; and the acts of whoever may do the open step.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use office::access::{Acting, Right};
use office::casework::endings::{self, EndingView};
use office::casework::{
    self, Case, CaseError, CaseNo, Completion, DeliveryWay, Done, For, Holds, Outcome, Paper,
    PaperState, SignedBy,
};
use office::photos::{self, PhotoView};
use office::portal;
use office::verification::{self, Unsigned};
use office::views::casework::CaseView;

use crate::desk::{Answered, Desk};
use crate::links::{Fields, Link as _};
use crate::look::Look as _;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "case.html")]
pub(super) struct CasePage {
    shell: Shell,
    problem: Option<String>,
    /// Whether this person may write consents down.
    consents: bool,
    /// What was just taken in, in words.
    kept: Option<String>,
    photos: Vec<PhotoView>,
    /// What was complained of, where this case handles a complaint.
    complaint: Option<portal::ComplaintView>,
    /// Reports of verification: number in the record, printed number, which time.
    reports: Vec<(i64, String, i64)>,
    /// The letter of a case that was ended.
    ending: EndingView,
    view: CaseView,
}

/// 案卷目录.
#[derive(Template)]
#[template(path = "contents.html")]
struct ContentsPage {
    shell: Shell,
    view: casework::Contents,
}

/// What the file of a case holds, to be printed.
pub(crate) async fn contents(desk: Desk, Path(no): Path<String>) -> Answered {
    let refuse = |error: CaseError| desk.refuse(error.into());
    let no = casework::case_no(&no).map_err(refuse)?;
    let view = casework::contents(desk.access.office(), &desk.who, no).await;
    desk.show(&ContentsPage {
        shell: desk.shell(format!("案卷目录 · 办件 № {no}"), Some(Menu::Inbox)),
        view: view.map_err(refuse)?,
    })
}

pub(crate) async fn show(desk: Desk, Path(no): Path<String>) -> Answered {
    let page = page(&desk, &no, None).await?;
    desk.show(&page)
}

pub(super) async fn page(
    desk: &Desk,
    no: &str,
    problem: Option<String>,
) -> Result<CasePage, crate::desk::Refusal> {
    let refuse = |error: CaseError| desk.refuse(error.into());
    let no = casework::case_no(no).map_err(refuse)?;
    let view = casework::case_file(&desk.access, &desk.who, no).await;
    let view = view.map_err(refuse)?;
    let photos = photos::shown_of_case(desk.access.office(), &desk.who, no).await;
    let complaint = portal::complaint(desk.access.office(), &desk.who, no).await;
    let reports = verification::reports_of_case(desk.access.office(), &desk.who, no).await;
    let ending = endings::view(desk.access.office(), &desk.who, no).await;
    let word = |name: &str| desk.fields.get(name).unwrap_or_default();
    Ok(CasePage {
        ending: ending.map_err(refuse)?,
        shell: desk.shell(format!("办件 № {no}"), Some(Menu::Inbox)),
        problem,
        consents: desk.who.may(Right::VERIFY_CONSENT),
        kept: super::photos::said(&word("scans"), &word("elsewhere")),
        photos: photos.map_err(refuse)?,
        complaint: complaint.map_err(refuse)?,
        reports: reports.map_err(refuse)?,
        view,
    })
}

/// One act, then the case as it stands after it; or the case with what is wrong on top.
pub(crate) async fn act(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let fields = Fields::read(&body);
    let parsed = casework::case_no(&no).map_err(|error| desk.refuse(error.into()))?;
    match done(&desk, parsed, &fields).await {
        Ok(()) => {
            let (office, number) = (desk.access.office(), parsed.get());
            let seen = casework::load(office, &desk.who, parsed).await.is_ok();
            let place = match seen {
                true => format!("/case/{number}"),
                false => format!("/inbox?moved={number}"),
            };
            Ok(Redirect::to(&place).into_response())
        }
        Err(error) => {
            let slip = desk.slip(error)?;
            let page = page(&desk, &no, Some(slip)).await?;
            desk.show_again(&page)
        }
    }
}

async fn done(desk: &Desk, no: CaseNo, fields: &Fields) -> Done<()> {
    let office = desk.access.office();
    let mut case = casework::load(office, &desk.who, no).await?;
    let mut tx = office.begin().await?;
    step(office, &mut tx, &desk.who, &mut case, fields).await?;
    office.end(tx).await
}

async fn step(
    office: &office::Office,
    tx: &mut casework::Writing,
    who: &Acting,
    case: &mut Case,
    fields: &Fields,
) -> Done<()> {
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let said = word("said");
    match word("act").as_str() {
        "complete" => {
            let others: Vec<String> = fields.get("other").into_iter().collect();
            // A step that ends the procedure is done for a reason of the list.
            let said = match word("reason").as_str() {
                "" => said,
                reason => casework::because(office, For::Ending, reason, &said)?,
            };
            let completion = Completion {
                step: &word("step"),
                gave: &word("gave"),
                others: &others,
                because: &said,
                unsigned: unsigned(fields.get("rest").is_some()),
                articles: &word("articles"),
                ..Completion::default()
            };
            casework::complete(office, tx, who, case, completion).await?;
        }
        "deliver" => {
            let way = DeliveryWay::from_word(&word("way"));
            let way = way.ok_or_else(|| CaseError::Refused("请选送达方式".to_owned()))?;
            let (signs, why, witness) = (word("receiver"), word("why"), word("witness"));
            let to = SignedBy {
                who: &signs,
                because: &why,
                witness: &witness,
            };
            endings::deliver(office, tx, who, case, (way, to)).await?;
        }
        "papers" => {
            let papers = papers(fields);
            casework::hand_in(office, tx, who, case, &papers).await?;
        }
        "correct" => casework::correct(office, tx, who, case).await?,
        "send-back" => {
            let why = casework::because(office, For::SendBack, &word("reason"), &said)?;
            casework::send_back(office, tx, who, case, &word("to"), &why).await?;
        }
        "pause" => {
            casework::pause(office, tx, who, case, &word("reason"), &said).await?;
        }
        "resume" => {
            casework::resume(office, tx, who, case, &said).await?;
        }
        "tell" => {
            let name = word("name");
            casework::circumstance(office, tx, who, case, (&name, Holds::Yes), &said).await?;
        }
        "untell" => {
            let name = word("name");
            casework::circumstance(office, tx, who, case, (&name, Holds::No), &said).await?;
        }
        "transfer" => {
            let why = casework::because(office, For::Transfer, &word("reason"), &said)?;
            let to = casework::area(&word("area"))?;
            casework::transfer(office, tx, who, case, to, &why).await?;
        }
        "hand-over" => {
            casework::hand_over(office, tx, who, case, &word("to"), &said).await?;
        }
        "close" => {
            let ending = word("ending");
            let (outcome, reason) = ending.split_once(':').unwrap_or_default();
            let none = || CaseError::Refused("请选终止办理或者撤回的理由".to_owned());
            let outcome = Outcome::from_word(outcome).ok_or_else(none)?;
            let what = match outcome {
                Outcome::Withdrawn => For::Withdrawal,
                Outcome::Ended | Outcome::Joined => For::Ending,
                Outcome::Granted | Outcome::Refused | Outcome::Done => {
                    let said = "终止办理不能代替决定;请走完流程";
                    return Err(CaseError::Refused(said.to_owned()));
                }
            };
            let why = casework::because(office, what, reason, &said)?;
            let rests = (why.as_str(), word("articles"));
            casework::close(office, tx, who, case, outcome, (rests.0, &rests.1)).await?;
        }
        _ => return Err(CaseError::Refused("没有选要办什么".to_owned())),
    }
    Ok(())
}

/// What becomes of a step that sends questions on their way while somebody has not consented.
pub(crate) fn unsigned(rest: bool) -> Unsigned {
    match rest {
        true => Unsigned::AskTheOthers,
        false => Unsigned::Stop,
    }
}

/// The papers ticked, each handed in or to follow.
fn papers(fields: &Fields) -> Vec<Paper> {
    let why = fields.get("why").unwrap_or_default();
    let of = |field: &'static str, state: PaperState| {
        let why = why.clone();
        fields.all(field).into_iter().map(move |name| Paper {
            name,
            state,
            because: match state {
                PaperState::Later => why.clone(),
                PaperState::Given | PaperState::Missing => String::new(),
            },
        })
    };
    of("given", PaperState::Given)
        .chain(of("later", PaperState::Later))
        .collect()
}
