//! 后续管理: what is due and open, one case after the decision with its acts, the history of a household's help,
//! and the supervisor's view of who handled what.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use office::access::Right;
use office::casework::afterwards::{
    self, AfterFile, AfterKind, AfterOverview, AfterPurpose, Begin, Finding, GoodFaith, Heard,
    HeardAnswer, HeardAs, HistoryView, Ruling, RunningHelp, Told, WorkLine, WorkView,
};
use office::casework::{self, CaseError, DeliveryWay, Done, Holds, SignedBy};

use super::{Pager, pager};
use crate::desk::{Answered, Desk, Refusal};
use crate::links::Fields;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "reviews.html")]
struct ReviewsPage {
    shell: Shell,
    problem: Option<String>,
    said: Option<String>,
    purposes: Vec<(&'static str, &'static str)>,
    /// The household something is begun for, and what it is given now.
    home: Option<(i64, Vec<RunningHelp>)>,
    view: AfterOverview,
    pager: Pager,
}

#[derive(Template)]
#[template(path = "review_case.html")]
struct CasePage {
    shell: Shell,
    problem: Option<String>,
    view: AfterFile,
}

#[derive(Template)]
#[template(path = "household_history.html")]
struct HistoryPage {
    shell: Shell,
    /// Whether this person may begin something about it.
    handles: bool,
    view: HistoryView,
}

#[derive(Template)]
#[template(path = "workers.html")]
struct WorkersPage {
    shell: Shell,
    problem: Option<String>,
    month: String,
    lines: Vec<WorkLine>,
    one: Option<WorkView>,
}

pub(crate) async fn list(desk: Desk) -> Answered {
    let said = match desk.fields.get("opened") {
        Some(number) if number.chars().all(|c| c.is_ascii_digit()) => {
            Some(format!("列入核查 {number} 件;已经在办的没有重复"))
        }
        _ => None,
    };
    let asked = desk.fields.get("household").unwrap_or_default();
    let page = match asked.trim() {
        "" => list_page(&desk, desk.fields.get("month"), (None, said)).await?,
        asked => home_page(&desk, asked, None).await?,
    };
    desk.show(&page)
}

/// The list with what a household is given now, to choose from; one that is not there is told.
async fn home_page(
    desk: &Desk,
    asked: &str,
    problem: Option<String>,
) -> Result<ReviewsPage, Refusal> {
    let found = match asked.trim().parse() {
        Ok(id) => afterwards::running_of(desk.access.office(), &desk.who, id)
            .await
            .map(|all| (id, all)),
        Err(_) => {
            let said =
                format!("`{asked}` 不是家庭编号;从家庭档案的享受历史点“登记变更、渐退或者停发”");
            Err(CaseError::Refused(said))
        }
    };
    let (home, told) = match found {
        Ok(home) => (Some(home), None),
        Err(CaseError::Office(error)) => return Err(desk.refuse(error.into())),
        Err(why) => (None, Some(why.to_string())),
    };
    let mut page = list_page(desk, None, (problem.or(told), None)).await?;
    page.home = home;
    Ok(page)
}

async fn list_page(
    desk: &Desk,
    month: Option<String>,
    (problem, said): (Option<String>, Option<String>),
) -> Result<ReviewsPage, Refusal> {
    let refuse = |error: CaseError| desk.refuse(error.into());
    let month = afterwards::month(desk.access.office(), month.as_deref()).map_err(refuse)?;
    let key = desk.fields.get("cursor").unwrap_or_default();
    let view = afterwards::overview(desk.access.office(), &desk.who, month, &key).await;
    let view = view.map_err(refuse)?;
    let pager = pager(&view.due, "件", |key| {
        format!("/reviews?month={}&cursor={key}#due", view.month)
    });
    Ok(ReviewsPage {
        shell: desk.shell("后续管理", Some(Menu::Reviews)),
        problem,
        said,
        purposes: afterwards::purposes(),
        home: None,
        view,
        pager,
    })
}

/// Opens what is due.
pub(crate) async fn open(desk: Desk, body: String) -> Answered {
    let fields = Fields::read(&body);
    let office = desk.access.office();
    let done = match afterwards::month(office, fields.get("month").as_deref()) {
        Ok(month) => afterwards::open_due(office, &desk.who, month).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(done) => Ok(Redirect::to(&format!("/reviews?opened={}", done.reviews)).into_response()),
        Err(error) => list_again(&desk, error, "").await,
    }
}

/// The list with what is wrong on top; for a household, with what it is given.
async fn list_again(desk: &Desk, error: CaseError, home: &str) -> Answered {
    match error {
        CaseError::Refused(said) | CaseError::Forbidden(said) => {
            let page = match home {
                "" => list_page(desk, None, (Some(said), None)).await?,
                home => home_page(desk, home, Some(said)).await?,
            };
            desk.show_again(&page)
        }
        error => Err(desk.refuse(error.into())),
    }
}

/// Opens one case by hand, or those of recoveries that have none.
pub(crate) async fn begin(desk: Desk, body: String) -> Answered {
    let fields = Fields::read(&body);
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let (office, who) = (desk.access.office(), &desk.who);
    if word("act") == "recoveries" {
        return match afterwards::open_recoveries(office, who).await {
            Ok(_) => Ok(Redirect::to("/reviews").into_response()),
            Err(error) => list_again(&desk, error, "").await,
        };
    }
    let new = match (
        AfterPurpose::from_word(&word("purpose")),
        word("entitlement").parse(),
    ) {
        (Some(purpose), Ok(entitlement)) => Ok(Begin {
            purpose,
            entitlement,
            recovery: None,
            cause: afterwards::by_hand(office),
            because: word("said"),
        }),
        _ => Err(CaseError::Refused(
            "请选办什么,并选是哪一项在发的待遇".to_owned(),
        )),
    };
    let opened = match new {
        Ok(new) => afterwards::begin(office, who, &new).await,
        Err(error) => Err(error),
    };
    match opened {
        Ok(no) => Ok(Redirect::to(&format!("/reviews/{no}")).into_response()),
        Err(error) => list_again(&desk, error, &word("household")).await,
    }
}

/// 预警转办.
pub(crate) async fn from_warning(desk: Desk, Path(id): Path<String>, body: String) -> Answered {
    let warning = desk.id(&id, "预警")?;
    let purpose = Fields::read(&body).get("purpose");
    let purpose = purpose.and_then(|word| AfterPurpose::from_word(&word));
    let id = office::visits::WarningId::new(warning);
    let opened = afterwards::from_warning(desk.access.office(), &desk.who, id, purpose).await;
    let place = match opened {
        Ok(opened) => opened.first().map(|no| format!("/reviews/{no}")),
        Err(error) => {
            let slip = desk.slip(error)?;
            let page = super::warnings::page(&desk, warning, Some(slip)).await?;
            return desk.show_again(&page);
        }
    };
    let place = place.unwrap_or_else(|| "/reviews".to_owned());
    Ok(Redirect::to(&place).into_response())
}

pub(crate) async fn show(desk: Desk, Path(no): Path<String>) -> Answered {
    let page = page(&desk, &no, None).await?;
    desk.show(&page)
}

async fn page(desk: &Desk, no: &str, problem: Option<String>) -> Result<CasePage, Refusal> {
    let refuse = |error: CaseError| desk.refuse(error.into());
    let number = casework::case_no(no).map_err(refuse)?;
    let view = afterwards::after_file(desk.access.office(), &desk.who, number).await;
    Ok(CasePage {
        shell: desk.shell(format!("后续 № {no}"), Some(Menu::Reviews)),
        problem,
        view: view.map_err(refuse)?,
    })
}

/// Tells, hears, states a circumstance, does a plain step or hands the decision over.
pub(crate) async fn act(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let fields = Fields::read(&body);
    let done = done(&desk, &no, &fields).await;
    after(&desk, &no, done).await
}

/// Signs.
pub(crate) async fn decide(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let fields = Fields::read(&body);
    let done = sign(&desk, &no, &fields).await;
    after(&desk, &no, done).await
}

async fn after(desk: &Desk, no: &str, done: Done<()>) -> Answered {
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/reviews/{no}")).into_response()),
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
    let number = casework::case_no(no)?;
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    let way =
        || DeliveryWay::from_word(&word("way")).ok_or_else(|| refused("请选当面、邮寄还是公告"));
    match word("act").as_str() {
        "tell" => {
            let told = Told {
                way: way()?,
                words: word("said"),
                from: afterwards::month_written(&word("from"))?,
                amount: afterwards::yuan_written(&word("amount"))?,
            };
            afterwards::tell(office, who, number, &told).await?;
        }
        "hear" => {
            let form = HeardAs::from_word(&word("heard"));
            let answer = HeardAnswer::from_word(&word("answer"));
            let heard = Heard {
                form: form.ok_or_else(|| refused("请选怎样听取的"))?,
                answer: answer.ok_or_else(|| refused("请选本人同意还是不同意"))?,
                words: word("said"),
                with: word("other"),
                follows: fields.all("follows"),
            };
            afterwards::hear(office, who, number, &heard).await?;
        }
        "circumstance" => {
            let mut case = casework::load(office, who, number).await?;
            let mut tx = office.begin().await?;
            let holds = match word("holds").as_str() {
                "no" => Holds::No,
                _ => Holds::Yes,
            };
            let name = word("name");
            let told = (name.as_str(), holds);
            casework::circumstance(office, &mut tx, who, &mut case, told, &word("said")).await?;
            office.end(tx).await?;
        }
        "deliver" => {
            let (who_signs, why, witness) = (word("receiver"), word("why"), word("witness"));
            let to = SignedBy {
                who: &who_signs,
                because: &why,
                witness: &witness,
            };
            afterwards::deliver(office, who, number, (way()?, to)).await?;
        }
        _ => {
            casework::load(office, who, number).await?;
            return Err(refused("没有选要办什么"));
        }
    }
    Ok(())
}

async fn sign(desk: &Desk, no: &str, fields: &Fields) -> Done<()> {
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let number = casework::case_no(no)?;
    let office = desk.access.office();
    casework::load_with(office, &desk.who, Right::DECISION, number).await?;
    let refused = |said: String| CaseError::Refused(said);
    let month = afterwards::month_written(&word("from"))?;
    let amount = afterwards::yuan_written(&word("amount"))?;
    let kind = AfterKind::from_word(&word("kind"));
    let ruling = Ruling {
        kind: kind.ok_or_else(|| refused("请选怎样决定".to_owned()))?,
        amount,
        from: month,
        because: word("said"),
        articles: word("articles").lines().map(str::to_owned).collect(),
    };
    afterwards::sign(office, &desk.who, number, &ruling).await?;
    Ok(())
}

/// What a household was given, period by period.
pub(crate) async fn history(desk: Desk, Path(id): Path<String>) -> Answered {
    let id = desk.id(&id, "家庭")?;
    let view = afterwards::history(desk.access.office(), &desk.who, id).await;
    let page = HistoryPage {
        shell: desk.shell("享受历史", None),
        handles: desk.who.may(Right::CASE_HANDLE),
        view: view.map_err(|error| desk.refuse(error.into()))?,
    };
    desk.show(&page)
}

/// Who handled what.
pub(crate) async fn workers(desk: Desk) -> Answered {
    let (month, login) = (desk.fields.get("month"), desk.fields.get("login"));
    let page = workers_page(&desk, (month, login), None).await?;
    desk.show(&page)
}

async fn workers_page(
    desk: &Desk,
    (month, login): (Option<String>, Option<String>),
    problem: Option<String>,
) -> Result<WorkersPage, Refusal> {
    let refuse = |error: CaseError| desk.refuse(error.into());
    let month = afterwards::month(desk.access.office(), month.as_deref()).map_err(refuse)?;
    let (office, who) = (desk.access.office(), &desk.who);
    let lines = afterwards::workers(office, who, month)
        .await
        .map_err(refuse)?;
    let one = match login {
        None => None,
        Some(login) => {
            let view = afterwards::work(office, who, &login, month).await;
            Some(view.map_err(refuse)?)
        }
    };
    Ok(WorkersPage {
        shell: desk.shell("经办情况", Some(Menu::Reviews)),
        problem,
        month: month.to_string(),
        lines,
        one,
    })
}

/// 责任认定.
pub(crate) async fn find_fault(desk: Desk, body: String) -> Answered {
    let fields = Fields::read(&body);
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    let finding = (|| {
        let corrected = match word("corrected").trim() {
            "" => None,
            day => Some(afterwards::day("改正日期", day)?),
        };
        let faith = GoodFaith::from_word(&word("faith"));
        Ok(Finding {
            case: casework::case_no(&word("case"))?,
            login: word("login"),
            what: word("what"),
            good_faith: faith.ok_or_else(|| refused("请选有没有故意或者重大过失"))?,
            corrected,
            because: word("said"),
        })
    })();
    let login = fields.get("login");
    let done = match finding {
        Ok(finding) => afterwards::find_fault(desk.access.office(), &desk.who, &finding).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => Ok(Redirect::to("/reviews/workers").into_response()),
        Err(error) => {
            let slip = desk.slip(error)?;
            let page = workers_page(&desk, (None, login), Some(slip)).await?;
            desk.show_again(&page)
        }
    }
}
