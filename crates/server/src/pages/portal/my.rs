//! 我的: one's own cases, papers that are missing, consents, data and who looked, complaints.

use askama::Template;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use office::casework::{CaseError, case_no};
use office::portal::{
    self, ConsentLine, CorrectionKind, Filled, FixView, MyCase, MyView, OwnData, Pick, Resident,
};

use super::{refused, resident, told};
use crate::links::Fields;
use crate::resident::Caller;
use crate::shell::Shell;
use crate::upload;

#[derive(Template)]
#[template(path = "portal/my.html")]
struct MyPage {
    shell: Shell,
    view: MyView,
}

#[derive(Template)]
#[template(path = "portal/who.html")]
struct WhoPage {
    shell: Shell,
    name: String,
    area: Pick,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "portal/case.html")]
struct CasePage {
    shell: Shell,
    view: MyCase,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "portal/fix.html")]
struct FixPage {
    shell: Shell,
    view: FixView,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "portal/consent.html")]
struct ConsentPage {
    shell: Shell,
    rows: Vec<ConsentLine>,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "portal/data.html")]
struct DataPage {
    shell: Shell,
    view: OwnData,
    /// The fact that is said to be wrong.
    fact: String,
    kinds: Vec<(&'static str, &'static str)>,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "portal/complaint.html")]
struct ComplaintPage {
    shell: Shell,
    form_key: String,
    case: String,
    text: String,
    problem: Option<String>,
}

/// The resident, or the answer that says there is none.
macro_rules! own {
    ($caller:expr) => {
        match resident(&$caller) {
            Ok(who) => who,
            Err(response) => return *response,
        }
    };
}

/// Whether a refusal is shown on the page it came from.
fn is_slip(error: &CaseError) -> bool {
    matches!(error, CaseError::Refused(_) | CaseError::Refusal(_))
}

pub(crate) async fn show(caller: Caller) -> Response {
    let who = own!(caller);
    match portal::my(&caller.porch.app.access, &who).await {
        Ok(view) => {
            let page = MyPage {
                shell: caller.shell("我的办件"),
                view,
            };
            caller.porch.show(StatusCode::OK, &page)
        }
        Err(error) => refused(&caller, error),
    }
}

pub(crate) async fn who(caller: Caller) -> Response {
    who_page(
        &caller,
        (String::new(), String::new()),
        (StatusCode::OK, None),
    )
    .await
}

async fn who_page(
    caller: &Caller,
    (name, area): (String, String),
    (status, problem): (StatusCode, Option<String>),
) -> Response {
    let area = portal::villages(caller.porch.app.access.office(), &area).await;
    match area {
        Ok(area) => {
            let page = WhoPage {
                shell: caller.shell("核对您是谁"),
                name,
                area,
                problem,
            };
            caller.porch.show(status, &page)
        }
        Err(error) => refused(caller, error),
    }
}

pub(crate) async fn claim(caller: Caller, body: String) -> Response {
    let who = own!(caller);
    let fields = Fields::read(&body);
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let (name, number, area) = (word("name"), word("number"), word("area"));
    let access = &caller.porch.app.access;
    match portal::claim(access, &who, (&name, &number, &area)).await {
        Ok(()) => Redirect::to("/my").into_response(),
        Err(error) if is_slip(&error) => {
            let (status, said) = told(error);
            who_page(&caller, (name, area), (status, Some(said))).await
        }
        Err(error) => refused(&caller, error),
    }
}

pub(crate) async fn case(caller: Caller, Path(no): Path<String>) -> Response {
    let who = own!(caller);
    case_page(&caller, &who, &no, (StatusCode::OK, None)).await
}

async fn case_page(
    caller: &Caller,
    who: &Resident,
    no: &str,
    (status, problem): (StatusCode, Option<String>),
) -> Response {
    let found = match case_no(no) {
        Ok(no) => portal::my_case(&caller.porch.app.access, who, no).await,
        Err(error) => Err(error),
    };
    match found {
        Ok(view) => {
            let page = CasePage {
                shell: caller.shell(&format!("办件 № {}", view.line.no)),
                view,
                problem,
            };
            caller.porch.show(status, &page)
        }
        Err(error) => refused(caller, error),
    }
}

/// Shows the case again with what was wrong, or why nothing is shown.
pub(super) async fn not_done(
    caller: &Caller,
    who: &Resident,
    no: &str,
    error: CaseError,
) -> Response {
    match is_slip(&error) {
        true => {
            let (status, said) = told(error);
            case_page(caller, who, no, (status, Some(said))).await
        }
        false => refused(caller, error),
    }
}

/// Sends those who have not signed another link.
pub(crate) async fn sign(caller: Caller, Path(no): Path<String>) -> Response {
    let who = own!(caller);
    let sent = match case_no(&no) {
        Ok(no) => portal::send_links_again(&caller.porch.app.access, &who, no).await,
        Err(error) => Err(error),
    };
    match sent {
        Ok(_) => Redirect::to(&format!("/my/{no}")).into_response(),
        Err(error) => not_done(&caller, &who, &no, error).await,
    }
}

/// Leads to the page to rate a closed case.
pub(crate) async fn rate(caller: Caller, Path(no): Path<String>) -> Response {
    let who = own!(caller);
    let made = match case_no(&no) {
        Ok(no) => portal::rating_token(&caller.porch.app.access, &who, no).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(token) => Redirect::to(&format!("/r/{token}")).into_response(),
        Err(error) => not_done(&caller, &who, &no, error).await,
    }
}

pub(crate) async fn fix(caller: Caller, Path(no): Path<String>) -> Response {
    let who = own!(caller);
    fix_page(&caller, &who, &no, (StatusCode::OK, None)).await
}

async fn fix_page(
    caller: &Caller,
    who: &Resident,
    no: &str,
    (status, problem): (StatusCode, Option<String>),
) -> Response {
    let found = match case_no(no) {
        Ok(no) => portal::fix_view(&caller.porch.app.access, who, no).await,
        Err(error) => Err(error),
    };
    match found {
        Ok(view) => {
            let page = FixPage {
                shell: caller.shell("补材料"),
                view,
                problem,
            };
            caller.porch.show(status, &page)
        }
        Err(error) => refused(caller, error),
    }
}

pub(crate) async fn bring(caller: Caller, Path(no): Path<String>, request: Request) -> Response {
    let who = own!(caller);
    let read = match upload::read(request).await {
        Ok(read) => read,
        Err((status, said)) => return fix_page(&caller, &who, &no, (status, Some(said))).await,
    };
    let paper = read.fields.get("paper").unwrap_or_default();
    let files: Vec<Filled> = read
        .files
        .into_iter()
        .map(|file| Filled {
            name: file.name,
            bytes: file.bytes,
        })
        .collect();
    let access = &caller.porch.app.access;
    let done = match case_no(&no) {
        Ok(no) => portal::fix(access, &who, no, (&paper, files)).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => Redirect::to(&format!("/my/{no}/fix")).into_response(),
        Err(error) if is_slip(&error) => {
            let (status, said) = told(error);
            fix_page(&caller, &who, &no, (status, Some(said))).await
        }
        Err(error) => refused(&caller, error),
    }
}

/// The applicant's words and photos about a difference.
pub(crate) async fn explain(caller: Caller, Path(no): Path<String>, request: Request) -> Response {
    let who = own!(caller);
    let read = match upload::read(request).await {
        Ok(read) => read,
        Err((status, said)) => return case_page(&caller, &who, &no, (status, Some(said))).await,
    };
    let word = |name: &str| read.fields.get(name).unwrap_or_default();
    let (about, says) = (word("about"), word("says"));
    let files: Vec<Filled> = read
        .files
        .into_iter()
        .map(|file| Filled {
            name: file.name,
            bytes: file.bytes,
        })
        .collect();
    let access = &caller.porch.app.access;
    let done = match case_no(&no) {
        Ok(no) => portal::explain(access, &who, no, (&about, &says, files)).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => Redirect::to(&format!("/my/{no}")).into_response(),
        Err(error) => not_done(&caller, &who, &no, error).await,
    }
}

pub(crate) async fn consent(caller: Caller) -> Response {
    let who = own!(caller);
    consent_page(&caller, &who, (StatusCode::OK, None)).await
}

async fn consent_page(
    caller: &Caller,
    who: &Resident,
    (status, problem): (StatusCode, Option<String>),
) -> Response {
    let office = caller.porch.app.access.office();
    match portal::consents(office, who).await {
        Ok(rows) => {
            let page = ConsentPage {
                shell: caller.shell("授权与撤回"),
                rows,
                problem,
            };
            caller.porch.show(status, &page)
        }
        Err(error) => refused(caller, error),
    }
}

pub(crate) async fn withdraw(caller: Caller, body: String) -> Response {
    let who = own!(caller);
    let fields = Fields::read(&body);
    let numbers = fields.all("no");
    let numbers: Vec<i64> = numbers.iter().filter_map(|no| no.parse().ok()).collect();
    let office = caller.porch.app.access.office();
    match portal::withdraw(office, &who, &numbers).await {
        Ok(()) => Redirect::to("/my/consent").into_response(),
        Err(error) if is_slip(&error) => {
            let (status, said) = told(error);
            consent_page(&caller, &who, (status, Some(said))).await
        }
        Err(error) => refused(&caller, error),
    }
}

pub(crate) async fn data(caller: Caller) -> Response {
    let who = own!(caller);
    let fact = caller.porch.fields.get("fact").unwrap_or_default();
    data_page(&caller, &who, fact, (StatusCode::OK, None)).await
}

async fn data_page(
    caller: &Caller,
    who: &Resident,
    fact: String,
    (status, problem): (StatusCode, Option<String>),
) -> Response {
    match portal::own_data(&caller.porch.app.access, who).await {
        Ok(view) => {
            let page = DataPage {
                shell: caller.shell("我的数据"),
                view,
                fact,
                kinds: CorrectionKind::ALL
                    .map(|one| (one.word(), one.name()))
                    .to_vec(),
                problem,
            };
            caller.porch.show(status, &page)
        }
        Err(error) => refused(caller, error),
    }
}

pub(crate) async fn correct(caller: Caller, body: String) -> Response {
    let who = own!(caller);
    let fields = Fields::read(&body);
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let (fact, kind, says) = (word("fact"), word("kind"), word("says"));
    let access = &caller.porch.app.access;
    match portal::ask_correction(access, &who, (&fact, &kind, &says)).await {
        Ok(_) => Redirect::to("/my/data").into_response(),
        Err(error) if is_slip(&error) => {
            let (status, said) = told(error);
            data_page(&caller, &who, fact, (status, Some(said))).await
        }
        Err(error) => refused(&caller, error),
    }
}

pub(crate) async fn complaint(caller: Caller) -> Response {
    let case = caller.porch.fields.get("case").unwrap_or_default();
    let key = portal::fresh_word().unwrap_or_default();
    complaint_page(&caller, (key, case, String::new()), (StatusCode::OK, None))
}

fn complaint_page(
    caller: &Caller,
    (form_key, case, text): (String, String, String),
    (status, problem): (StatusCode, Option<String>),
) -> Response {
    let page = ComplaintPage {
        shell: caller.shell("投诉"),
        form_key,
        case,
        text,
        problem,
    };
    caller.porch.show(status, &page)
}

pub(crate) async fn complain(caller: Caller, body: String) -> Response {
    let who = own!(caller);
    let fields = Fields::read(&body);
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let (key, case, text) = (word("form_key"), word("case"), word("text"));
    let about = match case.as_str() {
        "" => None,
        text => match case_no(text) {
            Ok(no) => Some(no),
            Err(error) => return refused(&caller, error),
        },
    };
    let access = &caller.porch.app.access;
    match portal::complain(access, &who, (&key, about, &text)).await {
        Ok(no) => Redirect::to(&format!("/my/{}", no.get())).into_response(),
        Err(error) if is_slip(&error) => {
            let (status, said) = told(error);
            complaint_page(&caller, (key, case, text), (status, Some(said)))
        }
        Err(error) => refused(&caller, error),
    }
}
