//! 请求文件: names and numbers in full for one source, in its template, after the entry that says who
//! exports what. Who withdrew meanwhile is not in it.

use super::book::{Content, VerifyBook};
use super::found;
use crate::access::{Acting, Right};
use crate::casework::{CaseError, Done};
use crate::exports::{self, Leaving, Mark};
use crate::intake::workbook::FILLED_IN;
use crate::office::Office;
use crate::views::ViewError;
use domain::PersonId;
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};
use std::collections::BTreeMap;
use store::consents::{self, Consent};
use store::identity::{self, Field, Grant, Revealed};
use store::verifications::{self, Request};

/// Why names leave, as the chain keeps it.
const PURPOSE: &str = "信息核对";

/// What goes to a source.
struct Sheet {
    mark: Mark,
    /// The name of its file, without the ending.
    stem: String,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    /// The table of answers, with what we know filled in.
    answer_header: Vec<String>,
    answer_rows: Vec<Vec<String>>,
}

/// 请求表 as a workbook: the requests, and the table of answers to be filled in. Its name and bytes.
///
/// # Errors
/// The right is missing, no such batch or source, nothing is left to ask, or another person has to agree first.
pub async fn request_workbook(
    office: &Office,
    who: &Acting,
    no: i64,
    source: &str,
) -> Done<(String, Vec<u8>)> {
    let sheet = sheet(office, who, no, source).await?;
    let name = sheet.mark.named(&sheet.stem, "xlsx");
    let written = tokio::task::spawn_blocking(move || workbook(&sheet)).await;
    let bytes = written.map_err(|error| ViewError::Failed(error.to_string()))?;
    let bytes = bytes.map_err(|error| ViewError::Failed(error.to_string()))?;
    Ok((name, bytes))
}

/// The same requests as CSV.
///
/// # Errors
/// As [`request_workbook`].
pub async fn request_csv(
    office: &Office,
    who: &Acting,
    no: i64,
    source: &str,
) -> Done<(String, Vec<u8>)> {
    let sheet = sheet(office, who, no, source).await?;
    let mut writer = csv::Writer::from_writer("\u{FEFF}".as_bytes().to_vec());
    let failed = |error: csv::Error| ViewError::Failed(error.to_string());
    writer.write_record(&sheet.header).map_err(failed)?;
    for row in &sheet.rows {
        writer.write_record(row).map_err(failed)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| ViewError::Failed(error.to_string()))?;
    Ok((sheet.mark.named(&sheet.stem, "csv"), bytes))
}

/// The same requests for a program: the header of the template, and each row under it.
///
/// # Errors
/// As [`request_workbook`].
pub async fn request_rows(
    office: &Office,
    who: &Acting,
    no: i64,
    source: &str,
) -> Done<(Vec<String>, Vec<Vec<String>>)> {
    let sheet = sheet(office, who, no, source).await?;
    Ok((sheet.header, sheet.rows))
}

async fn sheet(office: &Office, who: &Acting, no: i64, source: &str) -> Done<Sheet> {
    let scope = who.scope(Right::VERIFY_EXPORT)?;
    let book = super::book(office)?;
    let rule = book.source(source)?;
    found(office, &scope, no).await?;
    let today = office.clock.today();
    let all = verifications::requests_to(&office.store, no, source).await?;
    let persons: Vec<PersonId> = all.iter().map(|request| request.person).collect();
    if persons
        .iter()
        .any(|person| who.is_kept_from_person(*person))
    {
        return Err(ViewError::kept_from().into());
    }
    let held = consents::of_persons(&office.store, &persons).await?;
    let held: BTreeMap<i64, Consent> = held.into_iter().map(|c| (c.no, c)).collect();
    let mut live: Vec<Request> = all
        .into_iter()
        .filter(|request| request.stopped_at.is_none())
        .filter(|request| held.get(&request.consent).is_some_and(|c| c.holds(today)))
        .collect();
    if live.is_empty() {
        let said = format!(
            "第 {no} 批向“{}”没有可以查的人:授权都撤回或者过期了",
            rule.title
        );
        return Err(CaseError::Refused(said));
    }
    let leaving = Leaving {
        kind: "requests",
        subject: format!("{no}/{source}"),
        words: format!("第 {no} 批、{}", rule.title),
        rows: live.len(),
    };
    // Before a single name is opened.
    let mark = exports::leave(office, who, leaving).await?;
    mark.order(&mut live, |request| request.no.to_string());
    let grant = Grant {
        at: office.clock.at(),
        actor: who.login().to_owned(),
        purpose: PURPOSE.to_owned(),
        authority: format!("verification:{no}/{source}"),
        channel: "export".to_owned(),
        fields: vec![Field::Name, Field::IdNumber],
    };
    let persons: Vec<PersonId> = live.iter().map(|request| request.person).collect();
    let sealed = identity::sealed(&office.store, &persons).await?;
    let opened = identity::reveal(&office.store, &grant, sealed).await?;
    let opened: BTreeMap<PersonId, Revealed> =
        opened.into_iter().map(|one| (one.person, one)).collect();
    let stem = format!("核对请求-第{no}批-{}", rule.title);
    filled(&book, source, (mark, stem), &live, &held, &opened)
}

fn filled(
    book: &VerifyBook,
    source: &str,
    (mark, stem): (Mark, String),
    live: &[Request],
    held: &BTreeMap<i64, Consent>,
    opened: &BTreeMap<PersonId, Revealed>,
) -> Done<Sheet> {
    let of = |request: &Request, place: usize, content: Content| {
        let one = opened.get(&request.person);
        let consent = held.get(&request.consent);
        match content {
            Content::Place => place.to_string(),
            Content::Request => request.no.to_string(),
            Content::Name => one.and_then(|o| o.name.clone()).unwrap_or_default(),
            Content::IdNumber => one.and_then(|o| o.id_number.clone()).unwrap_or_default(),
            Content::Consent => request.consent.to_string(),
            Content::ConsentDay => consent.map_or(String::new(), |c| c.content.given.to_string()),
            Content::Due => request.due.to_string(),
        }
    };
    let row = |(place, request): (usize, &Request)| {
        let cells = book.template.iter();
        cells
            .map(|(_, content)| of(request, place, *content))
            .collect()
    };
    let feed = book.feed(source)?;
    let answer_header: Vec<String> = feed
        .columns
        .iter()
        .map(|column| column.headers.first().cloned().unwrap_or_default())
        .collect();
    let answer = |(place, request): (usize, &Request)| {
        let known = |header: &String| {
            let content = book.template.iter().find(|(column, _)| column == header);
            content.map_or(String::new(), |(_, content)| of(request, place, *content))
        };
        answer_header.iter().map(known).collect()
    };
    Ok(Sheet {
        mark,
        stem,
        header: book
            .template
            .iter()
            .map(|(column, _)| column.clone())
            .collect(),
        rows: (1..).zip(live).map(row).collect(),
        answer_rows: (1..).zip(live).map(answer).collect(),
        answer_header,
    })
}

fn workbook(sheet: &Sheet) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let mark = &sheet.mark;
    table(
        book.add_worksheet(),
        "请求",
        (&sheet.header, &sheet.rows),
        mark,
    )?;
    let answers = (&sheet.answer_header, &sheet.answer_rows);
    table(book.add_worksheet(), FILLED_IN, answers, mark)?;
    mark.stamp(&mut book)?;
    book.save_to_buffer()
}

fn table(
    sheet: &mut Worksheet,
    name: &str,
    (header, rows): (&Vec<String>, &Vec<Vec<String>>),
    mark: &Mark,
) -> Result<(), XlsxError> {
    // Every cell a text: no program turns a number of eighteen digits into something else.
    let text = Format::new().set_num_format("@");
    let bold = Format::new().set_bold();
    sheet.set_name(name)?;
    mark.foot(sheet);
    for (column, word) in (0_u16..).zip(header) {
        sheet.set_column_width(column, 20.0)?;
        sheet.write_string_with_format(0, column, word, &bold)?;
    }
    for (at, row) in (1_u32..).zip(rows) {
        for (column, cell) in (0_u16..).zip(row) {
            sheet.write_string_with_format(at, column, cell, &text)?;
        }
    }
    Ok(())
}
