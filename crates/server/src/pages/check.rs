//! 我能申请什么: one question a page. All answers travel in the page's own hidden fields; nothing is
//! kept here, in a cookie, an address or a log.

use askama::Template;
use axum::http::header::{RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use office::guide::{Answers, Asking, Finding, Guide, NOT_SURE, Slip, Standing, State};

use std::time::Duration;
use tokio::sync::Semaphore;

use super::guide::open;
use crate::desk::Porch;
use crate::shell::Shell;

/// The hidden field with the questions answered, in order.
const ASKED: &str = "asked";
/// The hidden field with the questions of the page.
const NOW: &str = "now";
/// The hidden field with the fields of the page.
const SHOWN: &str = "shown";
/// Which button was pressed.
const GO: &str = "go";
/// Most fields a form of ours can have; more come from no page of ours.
const FIELDS_MAX: usize = 600;

#[derive(Template)]
#[template(path = "check.html")]
struct CheckPage {
    shell: Shell,
    /// The questions of the page.
    pages: Vec<Page>,
    /// Fields carried along.
    carried: Vec<(String, String)>,
    slips: Vec<Slip>,
    number: usize,
    can_go_back: bool,
    /// What is possible so far.
    possible: Vec<String>,
    decided: usize,
    programmes: usize,
}

#[derive(Template)]
#[template(path = "check_result.html")]
struct ResultPage {
    shell: Shell,
    carried: Vec<(String, String)>,
    possible: Vec<Finding>,
    wants: Vec<Finding>,
    refused: Vec<Finding>,
    finished: bool,
    answered: usize,
}

/// A question with what was filled in before.
struct Page {
    asking: Asking,
    fields: Vec<Filled>,
}

/// A field of a question, as it stands in the form.
struct Filled {
    name: String,
    whom: String,
    words: String,
    help: String,
    choices: Vec<Chosen>,
    /// Whether the choices stand in a list that opens.
    listed: bool,
    number: bool,
    value: String,
    slip: String,
    /// Whether a new member begins here.
    first: bool,
}

/// A choice, as it stands in the form.
struct Chosen {
    value: String,
    label: String,
    on: bool,
}

/// Choices beyond so many stand in a list that opens.
const CHOICES_OPEN: usize = 6;

/// Families judged at once: this page needs no account, and must not take the office's own time.
static BENCH: Semaphore = Semaphore::const_new(1);
/// How long somebody waits for their turn.
const TURN: Duration = Duration::from_secs(5);

/// Judges beside the threads that answer everybody else, one family at a time.
async fn apart(work: impl FnOnce() -> Response + Send + 'static) -> Response {
    let Ok(Ok(turn)) = tokio::time::timeout(TURN, BENCH.acquire()).await else {
        return busy();
    };
    let done = tokio::task::spawn_blocking(move || {
        let response = work();
        drop(turn);
        response
    });
    done.await.unwrap_or_else(|_| busy())
}

fn busy() -> Response {
    let said = "现在查的人多,请过一会儿按浏览器的“后退”,再按一次“下一题”。填过的都还在。";
    let wait = [(RETRY_AFTER, "10")];
    (StatusCode::SERVICE_UNAVAILABLE, wait, said).into_response()
}

pub(crate) async fn show(porch: Porch) -> Response {
    apart(move || first(&porch)).await
}

pub(crate) async fn answer(porch: Porch, body: String) -> Response {
    apart(move || answered(porch, &body)).await
}

fn first(porch: &Porch) -> Response {
    match open(porch) {
        Ok(guide) => next(porch, &guide, Answers::default(), Vec::new(), None),
        Err(response) => *response,
    }
}

fn answered(mut porch: Porch, body: &str) -> Response {
    let guide = match open(&porch) {
        Ok(guide) => guide,
        Err(response) => return *response,
    };
    let form = Form::read(body);
    let mut answers = form.answers;
    match form.go.as_str() {
        "back" => {
            let last = answers.asked.pop();
            for question in &form.now {
                guide.forget(question, &mut answers);
            }
            let again = last
                .as_deref()
                .map(|last| again(&guide, &mut answers, last));
            next(&porch, &guide, answers, Vec::new(), again)
        }
        "size" => {
            let cookie = porch.resize();
            let mut response = match form.now.is_empty() {
                true => result(&porch, &guide, &answers),
                false => {
                    let pages = same_pages(&guide, &answers, &form.now, &[]);
                    next(&porch, &guide, answers, Vec::new(), Some(pages))
                }
            };
            if let Ok(cookie) = HeaderValue::from_str(&cookie) {
                response.headers_mut().append(SET_COOKIE, cookie);
            }
            response
        }
        "result" => {
            // What was not sent by “下一题” is not answered yet.
            for question in &form.now {
                guide.forget(question, &mut answers);
            }
            result(&porch, &guide, &answers)
        }
        "restart" => next(&porch, &guide, Answers::default(), Vec::new(), None),
        _ => {
            let of = |question: &String| guide.slips(question, &form.shown, &answers);
            let slips: Vec<Slip> = form.now.iter().flat_map(of).collect();
            if slips.is_empty() {
                for question in form.now {
                    answers = answers.done(&question);
                }
                return next(&porch, &guide, answers, Vec::new(), None);
            }
            let pages = same_pages(&guide, &answers, &form.now, &form.shown);
            next(&porch, &guide, answers, slips, Some(pages))
        }
    }
}

/// What came with the form.
struct Form {
    answers: Answers,
    now: Vec<String>,
    shown: Vec<String>,
    go: String,
}

impl Form {
    fn read(body: &str) -> Self {
        let mut form = Self {
            answers: Answers::default(),
            now: Vec::new(),
            shown: Vec::new(),
            go: String::new(),
        };
        for (name, value) in form_urlencoded::parse(body.as_bytes()).take(FIELDS_MAX) {
            let value = value.trim().to_owned();
            match name.as_ref() {
                crate::guard::FORM_WORD => {}
                GO => form.go = value,
                NOW => form.now.push(value),
                SHOWN => form.shown.push(value),
                ASKED => form.answers = form.answers.done(&value),
                _ if value.is_empty() => {}
                name => form.answers = form.answers.with(name, &value),
            }
        }
        form
    }
}

/// The pages of a question that is asked again: what it was answered is taken out for judging and
/// shown in the form.
fn again(guide: &Guide, answers: &mut Answers, question: &str) -> Vec<Page> {
    // The opening page asks several at once; going back to one goes back to all of them.
    let standing = guide.check(&Answers::default());
    let opening: Vec<String> = standing.next.iter().map(|a| a.id.clone()).collect();
    if opening.iter().any(|id| id == question) {
        answers.asked.retain(|id| !opening.contains(id));
    }
    let mut without = answers.clone();
    let held = answers.clone();
    guide.forget(question, &mut without);
    for id in &opening {
        if opening.iter().any(|of| of == question) {
            guide.forget(id, &mut without);
        }
    }
    let pages = guide.check(&without).next;
    *answers = without;
    pages
        .into_iter()
        .map(|asking| filled(asking, &held, &[]))
        .collect()
}

/// The pages as they were shown, with what is wrong.
fn same_pages(guide: &Guide, answers: &Answers, now: &[String], shown: &[String]) -> Vec<Page> {
    let mut without = answers.clone();
    for question in now {
        guide.forget(question, &mut without);
    }
    let slips: Vec<Slip> = now
        .iter()
        .flat_map(|question| guide.slips(question, shown, answers))
        .collect();
    guide
        .check(&without)
        .next
        .into_iter()
        .map(|asking| filled(asking, answers, &slips))
        .collect()
}

fn filled(asking: Asking, answers: &Answers, slips: &[Slip]) -> Page {
    let mut last = None;
    let fields = asking.fields.iter().map(|field| {
        let held = answers.filled.get(&field.name);
        let has = |value: &str| held.is_some_and(|h| h.iter().any(|v| v == value));
        let first = last.as_ref() != Some(&field.whom);
        last = Some(field.whom.clone());
        let option = |value: &str, label: &str| Chosen {
            value: value.to_owned(),
            label: label.to_owned(),
            on: has(value),
        };
        let mut choices: Vec<Chosen> = field.choices.iter().map(|c| option(c, c)).collect();
        if !asking.ticks {
            choices.push(option(NOT_SURE, "不清楚"));
        }
        Filled {
            name: field.name.clone(),
            whom: field.whom.clone(),
            words: field.words.clone(),
            help: field.help.clone(),
            listed: !asking.ticks && choices.len() > CHOICES_OPEN,
            choices,
            number: field.number,
            value: held.and_then(|h| h.first().cloned()).unwrap_or_default(),
            slip: slips
                .iter()
                .find(|s| s.field == field.name)
                .map_or_else(String::new, |s| s.said.clone()),
            first: first && !field.whom.is_empty(),
        }
    });
    Page {
        fields: fields.collect(),
        asking,
    }
}

/// Everything answered so far but what the page itself asks.
fn carried(answers: &Answers, pages: &[Page]) -> Vec<(String, String)> {
    let here = |name: &str| pages.iter().flat_map(|p| &p.fields).any(|f| f.name == name);
    let asked = answers.asked.iter().map(|q| (ASKED.to_owned(), q.clone()));
    let filled = answers.filled.iter().filter(|(name, _)| !here(name));
    let filled =
        filled.flat_map(|(name, values)| values.iter().map(|value| (name.clone(), value.clone())));
    asked.chain(filled).collect()
}

fn next(
    porch: &Porch,
    guide: &Guide,
    answers: Answers,
    slips: Vec<Slip>,
    pages: Option<Vec<Page>>,
) -> Response {
    let standing = guide.check(&answers);
    let pages = pages.unwrap_or_else(|| {
        let next = standing.next.iter().cloned();
        next.map(|asking| filled(asking, &answers, &[])).collect()
    });
    if pages.is_empty() {
        return shown(porch, &answers, standing);
    }
    let (possible, decided) = so_far(&standing);
    let status = match slips.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = CheckPage {
        shell: porch.shell_at("我能申请什么", "/check"),
        carried: carried(&answers, &pages),
        slips,
        number: answers.asked.len().saturating_add(1),
        can_go_back: !answers.asked.is_empty(),
        possible,
        decided,
        programmes: standing.findings.len(),
        pages,
    };
    porch.show(status, &page)
}

fn so_far(standing: &Standing) -> (Vec<String>, usize) {
    let possible = standing
        .findings
        .iter()
        .filter(|f| f.state == State::Possible);
    let decided = standing.findings.iter().filter(|f| f.state != State::Wants);
    (
        possible.map(|f| f.called.clone()).collect(),
        decided.count(),
    )
}

fn result(porch: &Porch, guide: &Guide, answers: &Answers) -> Response {
    let standing = guide.check(answers);
    shown(porch, answers, standing)
}

fn shown(porch: &Porch, answers: &Answers, standing: Standing) -> Response {
    let finished = standing.next.is_empty();
    let by = |state: State| -> Vec<Finding> {
        let of = standing.findings.iter().filter(|f| f.state == state);
        of.cloned().collect()
    };
    let page = ResultPage {
        shell: porch.shell_at("我能申请什么", "/check"),
        carried: carried(answers, &[]),
        possible: by(State::Possible),
        wants: by(State::Wants),
        refused: by(State::Refused),
        finished,
        answered: answers.asked.len(),
    };
    porch.show(StatusCode::OK, &page)
}
