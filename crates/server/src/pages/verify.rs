//! 信息核对: batches, one batch with its sources and files, declared beside found, reports, consents.

use askama::Template;
use axum::extract::{Path, Request};
use axum::response::{Html, IntoResponse, Redirect};
use office::casework::{self, CaseError, Done};
use office::verification::{
    self, ApplicationNo, BatchView, CaseNo, ConsentView, DiffView, Given, Imported, ListView,
    MistakeRow, PersonId, ReportView, Signed,
};

use super::case::unsigned;
use super::changes::uploaded;
use crate::desk::{Answered, Desk, Refusal};
use crate::links::Fields;
use crate::look::{Grouped as _, Look as _};
use crate::pages::{exports, file};
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "verify.html")]
struct ListPage {
    shell: Shell,
    problem: Option<String>,
    /// The cases that were ticked; none before anything was sent.
    ticked: Option<Vec<i64>>,
    /// Whether the others are asked about while somebody has not consented.
    rest: bool,
    view: ListView,
}

impl ListPage {
    fn on(&self, case: &i64) -> bool {
        self.ticked.as_ref().is_none_or(|all| all.contains(case))
    }
}

#[derive(Template)]
#[template(path = "verify_batch.html")]
struct BatchPage {
    shell: Shell,
    problem: Option<String>,
    said: Option<String>,
    view: BatchView,
}

#[derive(Template)]
#[template(path = "verify_mistakes.html")]
struct MistakesPage {
    shell: Shell,
    batch: i64,
    file: i64,
    rows: Vec<MistakeRow>,
}

#[derive(Template)]
#[template(path = "verify_diff.html")]
struct DiffPage {
    shell: Shell,
    problem: Option<String>,
    view: DiffView,
}

#[derive(Template)]
#[template(path = "verify_report.html")]
struct ReportPage {
    shell: Shell,
    view: ReportView,
}

#[derive(Template)]
#[template(path = "verify_consents.html")]
struct ConsentPage {
    shell: Shell,
    problem: Option<String>,
    view: ConsentView,
}

/// Whether what was refused is told on the page it was asked from.
fn on_page(error: &CaseError) -> bool {
    match error {
        CaseError::Refused(_) | CaseError::Refusal(_) | CaseError::Forbidden(_) => true,
        CaseError::Denied(_) | CaseError::NotFound(_) | CaseError::Office(_) => false,
    }
}

pub(crate) async fn list(desk: Desk) -> Answered {
    let page = list_page(&desk, None).await?;
    desk.show(&page)
}

async fn list_page(desk: &Desk, problem: Option<String>) -> Result<ListPage, Refusal> {
    let office = desk.access.office();
    let view = verification::list_view(office, &desk.who).await;
    Ok(ListPage {
        shell: desk.shell("信息核对", Some(Menu::Verify)),
        problem,
        ticked: None,
        rest: false,
        view: view.map_err(|error| desk.refuse(error.into()))?,
    })
}

/// Opens a batch over the ticked cases.
pub(crate) async fn open(desk: Desk, body: String) -> Answered {
    let fields = Fields::read(&body);
    let key = fields.get("form_key").unwrap_or_default();
    let ticked = fields.all("case");
    let cases: Vec<CaseNo> = ticked
        .iter()
        .filter_map(|no| no.parse().ok().map(CaseNo::new))
        .collect();
    let office = desk.access.office();
    let rest = fields.get("rest").is_some();
    let unsigned = unsigned(rest);
    match verification::open(office, &desk.who, &key, &cases, unsigned).await {
        Ok(opened) => Ok(Redirect::to(&format!("/verify/{}?done=open", opened.no)).into_response()),
        Err(error) if on_page(&error) => {
            let page = ListPage {
                ticked: Some(cases.iter().map(|case| case.get()).collect()),
                rest,
                ..list_page(&desk, Some(error.to_string())).await?
            };
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error.into())),
    }
}

pub(crate) async fn show(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "核对批次")?;
    let page = batch_page(&desk, no, None).await?;
    desk.show(&page)
}

async fn batch_page(desk: &Desk, no: i64, problem: Option<String>) -> Result<BatchPage, Refusal> {
    let view = verification::batch_view(desk.access.office(), &desk.who, no).await;
    let said = desk.fields.get("done").and_then(|act| done(&act));
    Ok(BatchPage {
        shell: desk.shell(format!("核对第 {no} 批"), Some(Menu::Verify)),
        problem,
        said,
        view: view.map_err(|error| desk.refuse(error.into()))?,
    })
}

/// What was done, in words; only words we know come back.
fn done(act: &str) -> Option<String> {
    let said = match act {
        "open" => "批次已经建好;没有列入的人和原因在下面",
        "taken" => "答复已导入",
        "repeated" => "这个文件以前交过,什么都没有改动",
        "urged" => "已催办,记在下面",
        _ => return None,
    };
    Some(said.to_owned())
}

/// Urges a source that is late.
pub(crate) async fn urge(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let no = desk.id(&no, "核对批次")?;
    let source = Fields::read(&body).get("source").unwrap_or_default();
    let urged = verification::urge(desk.access.office(), &desk.who, no, &source).await;
    after(&desk, no, urged.map(|_| format!("/verify/{no}?done=urged"))).await
}

/// Takes a department's answers, pasted as text.
pub(crate) async fn answers(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let no = desk.id(&no, "核对批次")?;
    let fields = Fields::read(&body);
    let source = fields.get("source").unwrap_or_default();
    let text = fields.get("file").unwrap_or_default();
    let office = desk.access.office();
    let taken = verification::import_text(office, &desk.who, no, &source, &text).await;
    after(&desk, no, taken.map(|taken| place_of(no, &taken))).await
}

/// Takes a department's answers as the file it filled in.
pub(crate) async fn answers_file(desk: Desk, Path(no): Path<String>, request: Request) -> Answered {
    let no = desk.id(&no, "核对批次")?;
    let upload = match uploaded(request).await {
        Ok(upload) => upload,
        Err((status, said)) => {
            let page = batch_page(&desk, no, Some(said)).await?;
            return Ok((status, desk.show(&page)?).into_response());
        }
    };
    let source = upload.fields.get("source").unwrap_or_default();
    let (office, who) = (desk.access.office(), &desk.who);
    let taken = match upload.files.as_slice() {
        [only] => {
            let file = (only.name.as_str(), only.bytes.as_slice());
            verification::import_bytes(office, who, (no, &source), file).await
        }
        [] => Err(CaseError::Refused(
            "没有选文件;请选填好的答复表再交".to_owned(),
        )),
        _ => Err(CaseError::Refused("一次交一份答复表;请分开交".to_owned())),
    };
    after(&desk, no, taken.map(|taken| place_of(no, &taken))).await
}

/// Where it is told what became of a file.
fn place_of(no: i64, taken: &Imported) -> String {
    match (taken.mistakes, taken.repeated) {
        (0, false) => format!("/verify/{no}?done=taken"),
        (0, true) => format!("/verify/{no}?done=repeated"),
        _ => format!("/verify/{no}/files/{}", taken.file),
    }
}

async fn after(desk: &Desk, no: i64, done: Done<String>) -> Answered {
    match done {
        Ok(place) => Ok(Redirect::to(&place).into_response()),
        Err(error) if on_page(&error) => {
            let page = batch_page(desk, no, Some(error.to_string())).await?;
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error.into())),
    }
}

/// The requests of a source, with names and numbers in full.
pub(crate) async fn request(desk: Desk, Path((no, source)): Path<(String, String)>) -> Answered {
    let no = desk.id(&no, "核对批次")?;
    let office = desk.access.office();
    if desk.fields.get("as").as_deref() == Some("csv") {
        let plain = format!("verify-{no}.csv");
        return match verification::request_csv(office, &desk.who, no, &source).await {
            Ok((name, bytes)) => Ok(file::saved(file::CSV, (&plain, &name), bytes)),
            Err(error) => exports::stopped(&desk, error.into()).await,
        };
    }
    let plain = format!("verify-{no}.xlsx");
    match verification::request_workbook(office, &desk.who, no, &source).await {
        Ok((name, bytes)) => Ok(file::saved(file::WORKBOOK, (&plain, &name), bytes)),
        Err(error) => exports::stopped(&desk, error.into()).await,
    }
}

/// What is wrong with a file.
pub(crate) async fn mistakes(desk: Desk, Path((no, file)): Path<(String, String)>) -> Answered {
    let (batch, file) = (desk.id(&no, "核对批次")?, desk.id(&file, "答复文件")?);
    let office = desk.access.office();
    let rows = verification::mistakes_view(office, &desk.who, batch, file).await;
    let page = MistakesPage {
        shell: desk.shell(format!("答复文件 № {file}"), Some(Menu::Verify)),
        batch,
        file,
        rows: rows.map_err(|error| desk.refuse(error.into()))?,
    };
    desk.show(&page)
}

/// The same as a workbook for the department.
pub(crate) async fn mistakes_book(
    desk: Desk,
    Path((no, file)): Path<(String, String)>,
) -> Answered {
    let (batch, of) = (desk.id(&no, "核对批次")?, desk.id(&file, "答复文件")?);
    let made = verification::mistakes_book(desk.access.office(), &desk.who, batch, of).await;
    let (name, bytes) = made.map_err(|error| desk.refuse(error.into()))?;
    let plain = format!("verify-{of}.xlsx");
    Ok(file::saved(file::WORKBOOK, (&plain, &name), bytes))
}

pub(crate) async fn diff(desk: Desk, Path((no, of)): Path<(String, String)>) -> Answered {
    let (no, of) = (desk.id(&no, "核对批次")?, desk.id(&of, "申请")?);
    let page = diff_page(&desk, no, of, None).await?;
    desk.show(&page)
}

async fn diff_page(
    desk: &Desk,
    no: i64,
    of: i64,
    problem: Option<String>,
) -> Result<DiffPage, Refusal> {
    let application = ApplicationNo::new(of);
    let view = verification::diff_view(desk.access.office(), &desk.who, no, application).await;
    Ok(DiffPage {
        shell: desk.shell(format!("申请 {of} 的核对差异"), Some(Menu::Verify)),
        problem,
        view: view.map_err(|error| desk.refuse(error.into()))?,
    })
}

/// Asks for explanations, writes them down, or issues the report.
pub(crate) async fn settle(
    desk: Desk,
    Path((no, of)): Path<(String, String)>,
    body: String,
) -> Answered {
    let (no, of) = (desk.id(&no, "核对批次")?, desk.id(&of, "申请")?);
    match settled(&desk, no, of, &Fields::read(&body)).await {
        Ok(place) => Ok(Redirect::to(&place).into_response()),
        Err(error) if on_page(&error) => {
            let page = diff_page(&desk, no, of, Some(error.to_string())).await?;
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error.into())),
    }
}

async fn settled(desk: &Desk, no: i64, of: i64, fields: &Fields) -> Done<String> {
    let (office, who) = (desk.access.office(), &desk.who);
    let application = ApplicationNo::new(of);
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let person = PersonId::new(word("person").parse().unwrap_or(0));
    let (fact, says) = (word("fact"), word("says"));
    let (key, about) = ((no, application), (person, fact.as_str()));
    match word("act").as_str() {
        "ask" => {
            verification::ask_to_explain(office, who, no, application).await?;
        }
        "explain" => verification::explained(office, who, key, about, &says).await?,
        "not-accept" => verification::accept_not(office, who, key, about, &says).await?,
        "report" => {
            let issued = verification::issue(office, who, no, application).await?;
            return Ok(format!("/verify/reports/{}", issued.report.no));
        }
        _ => return Err(CaseError::Refused("请选一件事来办".to_owned())),
    }
    Ok(format!("/verify/{no}/diff/{of}"))
}

pub(crate) async fn report(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "核对报告")?;
    let view = verification::report_view(desk.access.office(), &desk.who, no).await;
    let view = view.map_err(|error| desk.refuse(error.into()))?;
    let page = ReportPage {
        shell: desk.shell(view.number.clone(), Some(Menu::Verify)),
        view,
    };
    desk.show(&page)
}

/// The report to be printed: the same bytes every time.
pub(crate) async fn print(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "核对报告")?;
    let page = verification::report_printed(desk.access.office(), &desk.who, no).await;
    let page = page.map_err(|error| desk.refuse(error.into()))?;
    Ok(Html(page).into_response())
}

/// The report as PDF: the same bytes every time.
pub(crate) async fn pdf(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "核对报告")?;
    let made = verification::report_pdf(desk.access.office(), &desk.who, no).await;
    let (name, bytes) = made.map_err(|error| desk.refuse(error.into()))?;
    let plain = format!("verify-{no}.pdf");
    Ok(file::saved(file::PDF, (&plain, &name), bytes))
}

pub(crate) async fn consents(desk: Desk, Path(no): Path<String>) -> Answered {
    let page = consent_page(&desk, &no, None).await?;
    desk.show(&page)
}

async fn consent_page(
    desk: &Desk,
    no: &str,
    problem: Option<String>,
) -> Result<ConsentPage, Refusal> {
    let refuse = |error: CaseError| desk.refuse(error.into());
    let no = casework::case_no(no).map_err(refuse)?;
    let view = verification::consent_view(desk.access.office(), &desk.who, no).await;
    Ok(ConsentPage {
        shell: desk.shell(format!("办件 № {no} 的核对授权"), Some(Menu::Inbox)),
        problem,
        view: view.map_err(refuse)?,
    })
}

/// Writes consents down, or withdraws them.
pub(crate) async fn consent(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    match consented(&desk, &no, &Fields::read(&body)).await {
        Ok(()) => Ok(Redirect::to(&format!("/verify/consents/{no}")).into_response()),
        Err(error) if on_page(&error) => {
            let page = consent_page(&desk, &no, Some(error.to_string())).await?;
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error.into())),
    }
}

async fn consented(desk: &Desk, no: &str, fields: &Fields) -> Done<()> {
    let (office, who) = (desk.access.office(), &desk.who);
    let no = casework::case_no(no)?;
    if fields.get("act").as_deref() == Some("withdraw") {
        let ticked = fields.all("consent");
        let numbers: Vec<i64> = ticked.iter().filter_map(|no| no.parse().ok()).collect();
        let why = fields.get("why").unwrap_or_default();
        verification::withdraw(office, who, no, &numbers, &why).await?;
        return Ok(());
    }
    let signed = fields.get("signed").and_then(|way| Signed::from_word(&way));
    let signed = signed.ok_or_else(|| CaseError::Refused("请选怎样签的".to_owned()))?;
    let persons = fields.all("person");
    let given: Vec<Given> = persons
        .iter()
        .filter_map(|person| person.parse().ok().map(PersonId::new))
        .map(|person| Given {
            person,
            sources: fields.all("source"),
            signed,
            text: None,
        })
        .collect();
    if given.is_empty() {
        return Err(CaseError::Refused("请勾选签字的人".to_owned()));
    }
    verification::give(office, who, no, &given).await?;
    Ok(())
}

/// Lets a case go on with a report that is there.
pub(crate) async fn recognise(desk: Desk, Path(no): Path<String>) -> Answered {
    let refuse = |error: CaseError| desk.refuse(error.into());
    let no = casework::case_no(&no).map_err(refuse)?;
    match verification::recognise(desk.access.office(), &desk.who, no).await {
        Ok(used) => {
            let place = format!("/verify/reports/{}", used.report.no);
            Ok(Redirect::to(&place).into_response())
        }
        Err(error) if on_page(&error) => {
            let page = list_page(&desk, Some(error.to_string())).await?;
            desk.show_again(&page)
        }
        Err(error) => Err(refuse(error)),
    }
}
