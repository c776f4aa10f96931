//! 参数与标准: the numbers of a place on a day, with their sources and history; out as a workbook for the next
//! year, and back as a proposal that two persons sign.

use askama::Template;
use axum::extract::Request;
use axum::response::{IntoResponse, Redirect};
use office::parameters::{self as numbers, ParamAsk, ParamPage};
use office::rulebook::{self as changing, ChangeError, Proposal};
use office::views::ViewError;

use super::changes::{lines, uploaded};
use crate::desk::{Answered, Desk, Refusal};
use crate::look::Grouped as _;
use crate::pages::file;
use crate::shell::{Menu, Shell};

/// Years a sheet may be asked for.
const YEARS: std::ops::RangeInclusive<u16> = 2000..=2100;

#[derive(Template)]
#[template(path = "admin_params.html")]
struct Page {
    shell: Shell,
    problems: Vec<String>,
    why: String,
    count: u64,
    view: ParamPage,
}

fn page(desk: &Desk, (problems, why): (Vec<String>, String)) -> Result<Page, Refusal> {
    let ask = ParamAsk {
        day: desk.fields.get("day"),
        place: desk.fields.get("place"),
        area: desk.fields.get("area"),
        words: desk.fields.get("words"),
    };
    let view = numbers::page(desk.access.office(), &desk.who, &ask);
    let view = view.map_err(|error| desk.refuse(error))?;
    Ok(Page {
        shell: desk.shell("参数与标准", Some(Menu::Rulebook)),
        problems,
        why,
        count: u64::try_from(view.count).unwrap_or(u64::MAX),
        view,
    })
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let page = page(&desk, (Vec::new(), String::new()))?;
    desk.show(&page)
}

/// The sheet of a year.
pub(crate) async fn sheet(desk: Desk) -> Answered {
    let office = desk.access.office();
    let next = numbers::page(office, &desk.who, &ParamAsk::default());
    let next = next.map_err(|error| desk.refuse(error))?.year;
    let asked = desk.fields.get("year").unwrap_or_else(|| next.to_string());
    let year: Option<u16> = asked.parse().ok().filter(|year| YEARS.contains(year));
    let Some(year) = year else {
        let said = format!("年份 `{asked}` 读不懂,请写成 {next}");
        return Err(desk.refuse(ViewError::NotAnswerable(said)));
    };
    let bytes = numbers::export(office, year).map_err(|error| desk.refuse(error.into()))?;
    let (plain, name) = (format!("numbers-{year}.xlsx"), format!("调标{year}.xlsx"));
    Ok(file::saved(file::WORKBOOK, (&plain, &name), bytes))
}

/// Takes a filled-in sheet: a mistake sends it back with its cells, a good one becomes a proposal.
pub(crate) async fn take(desk: Desk, request: Request) -> Answered {
    let upload = match uploaded(request).await {
        Ok(upload) => upload,
        Err((status, said)) => {
            let page = page(&desk, (vec![said], String::new()))?;
            return Ok((status, desk.show(&page)?).into_response());
        }
    };
    let why = upload.fields.get("why").unwrap_or_default();
    let mut files = upload
        .files
        .into_iter()
        .filter(|file| !file.bytes.is_empty());
    let Some(file) = files.next() else {
        let said = "没有选文件;请选填好的调标表".to_owned();
        return desk.show_again(&page(&desk, (vec![said], why))?);
    };
    let office = desk.access.office();
    let text = match numbers::read_bytes(office, file.bytes).await {
        Ok(Ok(text)) => text,
        Ok(Err(cells)) => {
            let told = cells.iter().map(ToString::to_string).collect();
            return desk.show_again(&page(&desk, (told, why))?);
        }
        Err(office::OfficeError::FileRefused(said)) => {
            return desk.show_again(&page(&desk, (lines(&said), why))?);
        }
        Err(error) => return Err(desk.refuse(error.into())),
    };
    let proposal = Proposal {
        texts: vec![text],
        remove: Vec::new(),
        because: why.clone(),
        no: None,
    };
    match changing::propose(office, &desk.who, proposal).await {
        Ok((row, _)) => {
            Ok(Redirect::to(&format!("/rulebook/changes/{}?done=propose", row.no)).into_response())
        }
        Err(ChangeError::Refused(said)) => desk.show_again(&page(&desk, (lines(&said), why))?),
        Err(error) => Err(desk.refuse(error.into())),
    }
}
