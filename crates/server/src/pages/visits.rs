//! 走访: the doors somebody has to go to, and the form at a door. It works without JavaScript; of two
//! answers to one question both are shown, and somebody chooses.

use askama::Template;
use axum::extract::{Path, Request};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect};
use office::access::Right;
use office::casework::{self, CaseError, Done};
use office::photos::{Kept, PhotoError, PhotoRole};
use office::visits::{
    self, About, Ending, PersonId, Said, Saved, TaskId, Typed, VisitList, VisitOutcome, VisitPhoto,
    VisitView, When,
};

use crate::desk::{Answered, Desk, Refusal};
use crate::links::Fields;
use crate::look::Look as _;
use crate::pages::photos::{self, Failed};
use crate::shell::{Menu, Shell};
use crate::upload;

/// What the names of answers and of what they stand on begin with.
const ANSWER: &str = "v:";
const BASE: &str = "b:";

#[derive(Template)]
#[template(path = "visits.html")]
struct ListPage {
    shell: Shell,
    problem: Option<String>,
    /// Which of them are shown, where not all are.
    narrowed: Option<&'static str>,
    /// Whether this person may see the ledger.
    ledger: bool,
    view: VisitList,
}

#[derive(Template)]
#[template(path = "visit.html")]
struct VisitPage {
    shell: Shell,
    problem: Option<String>,
    /// What was just kept, in words.
    kept: Option<String>,
    other: String,
    outcome: String,
    because: String,
    not_signed: String,
    view: VisitView,
}

impl ListPage {
    fn asked(&self, about: &About) -> (&'static str, i64) {
        match about {
            About::Case(no) => ("case", no.get()),
            About::Task(id) => ("task", id.get()),
        }
    }
}

pub(crate) async fn list(desk: Desk) -> Answered {
    let page = list_page(&desk, None).await?;
    desk.show(&page)
}

async fn list_page(desk: &Desk, problem: Option<String>) -> Result<ListPage, Refusal> {
    let view = visits::visit_list(desk.access.office(), &desk.who).await;
    let mut view = view.map_err(|error| desk.refuse(error.into()))?;
    let narrowed = match desk.fields.get("when").as_deref() {
        Some("late") => Some((When::Late, "逾期的")),
        Some("today") => Some((When::Today, "今天到期的")),
        _ => None,
    };
    if let Some((when, _)) = narrowed {
        view.rows.retain(|row| row.when == when);
    }
    Ok(ListPage {
        shell: desk.shell("走访", Some(Menu::Visits)),
        problem,
        narrowed: narrowed.map(|(_, word)| word),
        ledger: desk.who.may(Right::CASE),
        view,
    })
}

/// Begins a visit, or goes on with it.
pub(crate) async fn begin(desk: Desk, body: String) -> Answered {
    let fields = Fields::read(&body);
    match begun(&desk, &fields).await {
        Ok(no) => Ok(Redirect::to(&format!("/visit/{no}")).into_response()),
        Err(CaseError::Refused(said) | CaseError::Forbidden(said)) => {
            let page = list_page(&desk, Some(said)).await?;
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error.into())),
    }
}

async fn begun(desk: &Desk, fields: &Fields) -> Done<i64> {
    let task = fields.get("task").and_then(|id| id.parse().ok());
    let about = match (fields.get("case"), task) {
        (Some(no), _) => About::Case(casework::case_no(&no)?),
        (None, Some(id)) => About::Task(TaskId::new(id)),
        (None, None) => return Err(CaseError::Refused("请从清单里选一家".to_owned())),
    };
    visits::begin(desk.access.office(), &desk.who, about).await
}

pub(crate) async fn show(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "走访")?;
    let page = page(&desk, no, (&Fields::default(), &Typed::default()), None).await?;
    desk.show(&page)
}

async fn page(
    desk: &Desk,
    no: i64,
    (fields, typed): (&Fields, &Typed),
    problem: Option<String>,
) -> Result<VisitPage, Refusal> {
    let view = visits::visit_view(desk.access.office(), &desk.who, no, typed).await;
    let view = view.map_err(|error| desk.refuse(error.into()))?;
    let word = |name: &str| fields.get(name).unwrap_or_default();
    Ok(VisitPage {
        shell: desk.shell(format!("走访 № {no}"), Some(Menu::Visits)),
        problem,
        kept: kept(desk),
        other: word("other"),
        outcome: word("outcome"),
        because: word("because"),
        not_signed: word("not_signed"),
        view,
    })
}

/// What was done just before, in words; only numbers come back from an address.
fn kept(desk: &Desk) -> Option<String> {
    let number = |name: &str| desk.fields.get(name).unwrap_or_default();
    let answers = number("kept").parse::<usize>().ok();
    let answers = answers.map(|many| format!("已保存 {many} 项"));
    let confirmed = desk.fields.get("confirmed");
    let confirmed = confirmed.map(|_| "已确认同去".to_owned());
    let photos = photos::said(&number("photos"), &number("elsewhere"));
    answers.or(confirmed).or(photos)
}

/// Keeps photos and signatures.
pub(crate) async fn add(
    desk: Desk,
    Path(no): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Answered {
    let no = desk.id(&no, "走访")?;
    let script = photos::is_script(&headers);
    match added(&desk, no, request).await {
        Ok(kept) if script => Ok(photos::told(Ok(kept))),
        Ok(kept) => {
            let elsewhere: usize = kept.iter().map(|one| one.elsewhere).sum();
            let many = kept.len();
            let place = format!("/visit/{no}?photos={many}&elsewhere={elsewhere}");
            Ok(Redirect::to(&place).into_response())
        }
        Err(Failed::Unread(status, said)) if script => Ok(photos::told(Err((status, said)))),
        Err(Failed::Unread(status, said)) => {
            let nothing = (&Fields::default(), &Typed::default());
            let page = page(&desk, no, nothing, Some(said)).await?;
            Ok((status, desk.show(&page)?).into_response())
        }
        Err(Failed::Other(error)) => Err(desk.refuse(error.into())),
    }
}

async fn added(desk: &Desk, no: i64, request: Request) -> Result<Vec<Kept>, Failed> {
    let office = desk.access.office();
    // Of a visit that is not there or not theirs nothing is read.
    let seen = visits::may_fill(office, &desk.who, no).await;
    seen.map_err(|error| Failed::from(PhotoError::from(error)))?;
    let sent = upload::read(request).await?;
    let word = |name: &str| sent.fields.get(name).unwrap_or_default();
    let role = PhotoRole::from_word(&word("role")).unwrap_or(PhotoRole::Photo);
    let (label, said_at) = (word("label"), word("said_at"));
    if sent.files.is_empty() {
        return Err(PhotoError::Empty.into());
    }
    let mut kept = Vec::new();
    for file in sent.files {
        let photo = VisitPhoto {
            role,
            label: &label,
            name: &file.name,
            said_at: &said_at,
            bytes: file.bytes,
        };
        kept.push(visits::add_photo(office, &desk.who, no, photo).await?);
    }
    Ok(kept)
}

/// What is not about answers: the second investigator's word, a photo taken back.
async fn other_act(desk: &Desk, no: i64, act: &str, fields: &Fields) -> Option<Done<String>> {
    let office = desk.access.office();
    match act {
        "confirm" => {
            let shown = fields.get("shown").and_then(|shown| shown.parse().ok());
            let done = visits::confirm_seen(office, &desk.who, no, shown.unwrap_or(0)).await;
            Some(done.map(|()| format!("/visit/{no}?confirmed=1")))
        }
        "withdraw" => {
            let photo = fields.get("photo").and_then(|photo| photo.parse().ok());
            let because = fields.get("why").unwrap_or_default();
            let photo = (no, photo.unwrap_or(0));
            let done = visits::withdraw_photo(office, &desk.who, photo, &because).await;
            Some(done.map(|()| format!("/visit/{no}")).map_err(Into::into))
        }
        _ => None,
    }
}

/// Keeps what was answered, or ends the visit with it.
pub(crate) async fn send(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let no = desk.id(&no, "走访")?;
    let fields = Fields::read(&body);
    let said = said(&fields);
    let act = fields.get("act").unwrap_or_default();
    let ends = act == "finish";
    let office = desk.access.office();
    if let Some(done) = other_act(&desk, no, &act, &fields).await {
        return match done {
            Ok(place) => Ok(Redirect::to(&place).into_response()),
            Err(error @ (CaseError::Refused(_) | CaseError::Forbidden(_))) => {
                let nothing = (&fields, &Typed::default());
                let page = page(&desk, no, nothing, Some(error.to_string())).await?;
                desk.show_again(&page)
            }
            Err(error) => Err(desk.refuse(error.into())),
        };
    }
    let done = match ends {
        true => {
            let ending = Ending {
                other: fields.get("other").unwrap_or_default(),
                outcome: fields
                    .get("outcome")
                    .and_then(|word| VisitOutcome::from_word(&word)),
                because: fields.get("because").unwrap_or_default(),
                not_signed: fields.get("not_signed").unwrap_or_default(),
            };
            visits::finish(office, &desk.who, no, (&said, &ending)).await
        }
        false => visits::save(office, &desk.who, no, &said).await,
    };
    let (typed, problem) = match done {
        Ok(Saved { conflicts, .. }) if !conflicts.is_empty() => {
            let problem = format!(
                "有 {} 项别人也填了,两个答案不一样,下面都写出来了;请选好再保存",
                conflicts.len()
            );
            (Typed { said, conflicts }, problem)
        }
        Ok(_) if ends => return Ok(Redirect::to(&format!("/visit/{no}")).into_response()),
        Ok(saved) => {
            let place = format!("/visit/{no}?kept={}", saved.kept);
            return Ok(Redirect::to(&place).into_response());
        }
        Err(error @ (CaseError::Refused(_) | CaseError::Forbidden(_) | CaseError::Refusal(_))) => {
            let conflicts = Vec::new();
            (Typed { said, conflicts }, error.to_string())
        }
        Err(error) => return Err(desk.refuse(error.into())),
    };
    let page = page(&desk, no, (&fields, &typed), Some(problem)).await?;
    desk.show_again(&page)
}

/// The answers of a form; what was left empty says nothing.
fn said(fields: &Fields) -> Vec<Said> {
    let answers = fields.starting_with(ANSWER).into_iter();
    answers
        .filter_map(|(key, value)| {
            let (person, fact) = key.split_once(':')?;
            let person: i64 = person.parse().ok()?;
            let base = fields.get(&format!("{BASE}{key}"));
            Some(Said {
                person: (person != 0).then(|| PersonId::new(person)),
                fact: fact.to_owned(),
                value,
                base: base.and_then(|base| base.parse().ok()).unwrap_or(0),
            })
        })
        .collect()
}
