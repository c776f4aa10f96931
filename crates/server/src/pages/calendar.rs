//! 工作日历: the years there are, those nobody has imported, and the door by which a year comes in: row by row,
//! then signed by two.

use askama::Template;
use axum::extract::Request;
use axum::response::{IntoResponse, Redirect};
use office::rulebook::{self as changing, ChangeError, YearFile, YearsView};

use super::changes::{lines, uploaded};
use crate::desk::{Answered, Desk, Refusal};
use crate::shell::{Menu, Shell};

/// Years a calendar may be asked for.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2100;

#[derive(Template)]
#[template(path = "admin_calendar.html")]
struct Page {
    shell: Shell,
    problems: Vec<String>,
    why: String,
    view: YearsView,
}

fn year(text: &str) -> Option<i32> {
    let year = text.trim().parse().ok();
    year.filter(|year| YEARS.contains(year))
}

fn page(desk: &Desk, (problems, why): (Vec<String>, String)) -> Result<Page, Refusal> {
    let asked = desk.fields.get("year").and_then(|text| year(&text));
    let view = changing::years(desk.access.office(), &desk.who, asked);
    Ok(Page {
        shell: desk.shell("工作日历", Some(Menu::Rulebook)),
        problems,
        why,
        view: view.map_err(|error| desk.refuse(error.into()))?,
    })
}

pub(crate) async fn show(desk: Desk) -> Answered {
    desk.show(&page(&desk, (Vec::new(), String::new()))?)
}

/// Takes a year: a wrong row sends it back, a whole one becomes a proposal.
pub(crate) async fn take(desk: Desk, request: Request) -> Answered {
    let upload = match uploaded(request).await {
        Ok(upload) => upload,
        Err((status, said)) => {
            let page = page(&desk, (vec![said], String::new()))?;
            return Ok((status, desk.show(&page)?).into_response());
        }
    };
    let why = upload.fields.get("why").unwrap_or_default();
    let asked = upload.fields.get("year").unwrap_or_default();
    let mut files = upload.files.into_iter();
    let file = files.find(|file| !file.bytes.is_empty());
    let (Some(year), Some(file)) = (year(&asked), file) else {
        let said = "请写哪一年(四位数),并选这一年的文件".to_owned();
        return desk.show_again(&page(&desk, (vec![said], why))?);
    };
    let file = YearFile {
        year,
        bytes: file.bytes,
        because: why.clone(),
    };
    match changing::import_year(desk.access.office(), &desk.who, file).await {
        Ok((row, _)) => {
            Ok(Redirect::to(&format!("/rulebook/changes/{}?done=propose", row.no)).into_response())
        }
        Err(ChangeError::Refused(said)) => desk.show_again(&page(&desk, (lines(&said), why))?),
        Err(error) => Err(desk.refuse(error.into())),
    }
}
