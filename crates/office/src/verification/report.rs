//! 核对报告: what was checked, what was not and why, with dates and the consents it rests on. Its text is
//! kept as issued, so that it is the same bytes for ever. The case goes on in the same write.

use super::batch::step_of;
use super::book::VerifyBook;
use super::differences::{Difference, FoundWas, Side, Verdict, not_issued};
use super::{found, not_a_relative, subject};
use crate::access::{Acting, Right};
use crate::casework::{self, CaseError, Completion, Done, Holds, circumstance, complete};
use crate::office::Office;
use crate::pdf::Part;
use crate::views::ViewError;
use domain::{ApplicationNo, CaseNo};
use std::fmt::Write as _;
use store::applications::Application;
use store::verifications::{
    self, AnswerState, ExplanationKind, NewReport, Report, Subject, Use, Verification,
};
use store::{Act, cases};

/// A report as it was issued.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The report.
    pub report: Report,
    /// The cases that went on with it.
    pub cases: Vec<CaseNo>,
}

/// Issues the report of an application in a batch; every case of it that waits for verification goes on.
///
/// # Errors
/// The right is missing, a near relative's, it is issued already, or a case refuses.
pub async fn issue(
    office: &Office,
    who: &Acting,
    no: i64,
    application: ApplicationNo,
) -> Done<Issued> {
    let scope = who.scope(Right::VERIFY)?;
    let batch = found(office, &scope, no).await?;
    let book = super::book(office)?;
    let mut tx = office.begin().await?;
    let (time, held) = subject(&tx, no, application).await?;
    not_a_relative(who, &held)?;
    not_issued(office, no, application).await?;
    let side = Side::gather(&tx, &book, no, &held).await?;
    let all = side.compare();
    let today = office.clock.today();
    let new = NewReport {
        verification: no,
        application,
        version: time.version,
        day: today,
    };
    let written = |number: i64| {
        let number = format!("{}〔{}〕{number:06}号", book.prefix, today.year());
        let text = text(&book, &number, &batch, (&time, &held), &all, who.login());
        (number, text)
    };
    let at = office.clock.at();
    let report = verifications::issue(&mut tx, &at, who.login(), &new, written).await?;
    tx.record(
        Act::new(&at, who.login(), "verification.report")
            .on("report", report.no)
            .under(format!("application:{application}"))
            .carrying(format!(
                "{{\"sha256\":\"{}\"}}",
                store::digest::hex(&report.digest)
            )),
    );
    let differs = all.iter().any(Difference::stands);
    let cases = go_on(office, &mut tx, who, &book, &report, differs).await?;
    office.end(tx).await?;
    Ok(Issued { report, cases })
}

/// The cases of the application that wait for verification go on; each use is kept.
async fn go_on(
    office: &Office,
    tx: &mut store::JournalTx,
    who: &Acting,
    book: &VerifyBook,
    report: &Report,
    differs: bool,
) -> Done<Vec<CaseNo>> {
    let mut out = Vec::new();
    for row in cases::of_application(tx, report.content.application).await? {
        if row.state != cases::CaseState::Open {
            continue;
        }
        let missing = || CaseError::NotFound(format!("没有编号为 {} 的办件", row.no));
        let mut case = casework::read(office, tx, row.no)
            .await?
            .ok_or_else(missing)?;
        let Some((step, paper)) = step_of(book, &case) else {
            continue;
        };
        let (step, paper) = (step.to_owned(), paper.to_owned());
        use_in(
            office,
            tx,
            who,
            &mut case,
            (report, &step, &paper),
            (book, differs),
        )
        .await?;
        out.push(row.no);
    }
    Ok(out)
}

/// A case goes on with a report, by the act of its open step.
pub(super) async fn use_in(
    office: &Office,
    tx: &mut store::JournalTx,
    who: &Acting,
    case: &mut casework::Case,
    (report, step, paper): (&Report, &str, &str),
    (book, differs): (&VerifyBook, bool),
) -> Done<()> {
    let knows = case
        .procedure
        .circumstances
        .iter()
        .any(|c| c.name == book.mismatch);
    if differs && knows && !case.standing.told.contains(&book.mismatch) {
        let because = format!("{} 有未说明的不一致", report.number);
        let told = (book.mismatch.as_str(), Holds::Yes);
        circumstance(office, tx, who, case, told, &because).await?;
    }
    let detail = format!("{{\"report\":{}}}", report.no);
    let done = Completion {
        step,
        gave: paper,
        because: &report.number,
        detail: &detail,
        ..Completion::default()
    };
    let used = Use {
        report: report.no,
        case: case.no(),
        step: step.to_owned(),
        at: office.clock.at(),
        actor: who.login().to_owned(),
    };
    // First: the step may only be done on a report that is used for it.
    verifications::use_report(tx, &used).await?;
    complete(office, tx, who, case, done).await?;
    Ok(())
}

/// One report, for whoever may see a case that used it or verifies there.
///
/// # Errors
/// The right is missing, or no such report within the scope.
pub async fn report(office: &Office, who: &Acting, no: i64) -> Done<Report> {
    let scope = who.scope(Right::VERIFY_REPORT)?;
    let missing = || CaseError::NotFound(format!("没有编号为 {no} 的核对报告"));
    let found = verifications::find_report(&office.store, no).await?;
    let report = found.ok_or_else(missing)?;
    let held = store::applications::find(&office.store, report.content.application).await?;
    let held = held.ok_or_else(missing)?;
    not_a_relative(who, &held)?;
    // The place where a case of it is handled now counts, not only where it was handed in.
    let cases = cases::of_application(&office.store, held.no).await?;
    let mut places = cases.iter().map(|case| case.current.area);
    match places.any(|place| scope.contains(&place)) {
        true => Ok(report),
        false => Err(missing()),
    }
}

/// The reports of a case's application, newest first: number in the record, printed number and which time it was;
/// none for whoever may not read reports.
///
/// # Errors
/// The record.
pub async fn reports_of_case(
    office: &Office,
    who: &Acting,
    no: CaseNo,
) -> Done<Vec<(i64, String, i64)>> {
    if !who.may(Right::VERIFY_REPORT) {
        return Ok(Vec::new());
    }
    let Some(row) = cases::find(&office.store, no).await? else {
        return Ok(Vec::new());
    };
    let application = row.content.application;
    let all = verifications::reports_of_application(&office.store, application).await?;
    let line = |report: Report| (report.no, report.number, report.content.version);
    Ok(all.into_iter().map(line).collect())
}

/// The same as PDF, page by page, the same bytes every time: its name and bytes. The look is in the chain before
/// it leaves.
///
/// # Errors
/// As [`report`]; no font is installed.
pub async fn pdf(office: &Office, who: &Acting, no: i64) -> Done<(String, Vec<u8>)> {
    let report = report(office, who, no).await?;
    let seen = Act::new(&office.clock.at(), who.login(), "read.verification-report");
    office.store.record_alone(seen.on("report", no)).await?;
    let name = format!("{}.pdf", report.number);
    let written = tokio::task::spawn_blocking(move || crate::pdf::report(&parts(&report))).await;
    let bytes = written.map_err(|error| ViewError::Failed(error.to_string()))??;
    Ok((name, bytes))
}

/// A report as a page to print, the same bytes every time; the reading is in the chain before they leave.
///
/// # Errors
/// As [`report`].
pub async fn printed(office: &Office, who: &Acting, no: i64) -> Done<String> {
    let report = report(office, who, no).await?;
    let seen = Act::new(&office.clock.at(), who.login(), "read.verification-report");
    office.store.record_alone(seen.on("report", no)).await?;
    Ok(page(&report))
}

/// The text of a report as it is printed: its first line above, a member a section.
fn parts(report: &Report) -> Vec<Part> {
    let lines = report.text.lines().enumerate();
    let part = |(at, line): (usize, &str)| match at {
        0 => Part::Title(line.to_owned()),
        _ if line.starts_with("成员 ") || line == "合计" => Part::Heading(line.to_owned()),
        _ => Part::Text(line.to_owned()),
    };
    let mut out: Vec<Part> = lines.map(part).collect();
    let digest = store::digest::hex(&report.digest);
    out.push(Part::Text(format!("摘要 sha256:{digest}")));
    out
}

/// The text of a report: plain lines, the same for the same matter.
fn text(
    book: &VerifyBook,
    number: &str,
    batch: &Verification,
    (time, held): (&Subject, &Application),
    all: &[Difference],
    login: &str,
) -> String {
    let mut out = String::new();
    let mut line = |text: &str| {
        out.push_str(text);
        out.push('\n');
    };
    line("家庭经济状况核对报告");
    line(&format!("编号:{number}"));
    line(&format!(
        "申请:{}(第 {} 次核对,第 {} 批,请求日 {})",
        held.no, time.version, batch.no, batch.day
    ));
    line(&format!("核对人:{login}"));
    line("成员以登记编号表示,不写姓名和证件号。");
    for (person, relation) in &held.content.members {
        line("");
        line(&format!("成员 {person}({})", relation.name()));
        for one in all.iter().filter(|d| d.person == *person) {
            line(&item(book, one));
        }
    }
    line("");
    line("合计");
    let count = |verdicts: &[Verdict]| all.iter().filter(|d| verdicts.contains(&d.verdict)).count();
    line(&format!(
        "已核对 {} 项,其中不一致 {} 项(未说明或说明未采信 {} 项);待查 {} 项;未查 {} 项。",
        count(&[
            Verdict::Same,
            Verdict::Differs,
            Verdict::Undeclared,
            Verdict::Nothing
        ]),
        count(&[Verdict::Differs, Verdict::Undeclared]),
        all.iter().filter(|d| d.stands()).count(),
        count(&[Verdict::Unknown]),
        count(&[Verdict::NotChecked]),
    ));
    line("待查和未查的项目,既不能据以给予,也不能据以不予。");
    out
}

fn item(book: &VerifyBook, one: &Difference) -> String {
    let mut out = format!("  {} · {}:", one.source_title, one.fact);
    // Writing to a text does not fail.
    let mut put = |text: std::fmt::Arguments<'_>| {
        let _ = out.write_fmt(text);
    };
    match &one.declared {
        None => put(format_args!("未申报")),
        Some(said) => {
            put(format_args!("申报 {}", book.shown(&said.value, &one.fact)));
            if !said.period.is_empty() {
                put(format_args!("({})", said.period));
            }
        }
    }
    match &one.found {
        FoundWas::NotAsked(why) => put(format_args!(";未查({why})")),
        FoundWas::Stopped => put(format_args!(";未查(答复前撤回授权)")),
        FoundWas::Waiting(due) => put(format_args!(";待查(应于 {due} 前答复,未答复)")),
        FoundWas::Answered {
            state,
            as_of,
            value,
        } => {
            let word = match state {
                AnswerState::Found => "查得",
                AnswerState::None => "查无",
            };
            match value {
                Some(value) => {
                    put(format_args!(
                        ";{word} {}({as_of})",
                        book.shown(value, &one.fact)
                    ));
                }
                None => put(format_args!(";{word},但答复没有写全,待查({as_of})")),
            }
        }
    }
    put(format_args!(";{}", one.verdict.name()));
    if let Some(consent) = one.consent {
        put(format_args!(";授权 {consent}"));
    }
    for said in &one.said {
        match said.content.kind {
            ExplanationKind::Asked => {
                let due = said
                    .content
                    .due
                    .map_or(String::new(), |due| due.to_string());
                put(format_args!("\n    请申请人 {due} 前说明"));
            }
            ExplanationKind::Explained => {
                put(format_args!("\n    申请人说明:{}", said.content.says));
            }
            ExplanationKind::NotAccepted => {
                put(format_args!("\n    未采信:{}", said.content.says));
            }
        }
    }
    out
}

/// The report as a page to be printed, made from its kept text alone: the same bytes every time.
#[must_use]
pub fn page(report: &Report) -> String {
    let escaped = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
    };
    // Without a style sheet the lines must still fit a phone: no line that cannot break.
    let line = |line: &str| {
        let text = line.trim_start_matches(' ');
        let indent = "\u{2003}".repeat(line.len().saturating_sub(text.len()).div_euclid(2));
        format!("{indent}{}<br>\n", escaped(text))
    };
    let lines: String = report.text.lines().map(line).collect();
    let digest = store::digest::hex(&report.digest);
    let digest: Vec<&str> = digest
        .as_bytes()
        .chunks(8)
        .filter_map(|part| std::str::from_utf8(part).ok())
        .collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{}</title></head>\n<body><main><h1>{}</h1>\n<p>{lines}</p>\n<p>摘要 sha256:<wbr>{}</p></main></body></html>\n",
        escaped(&report.number),
        escaped(&report.number),
        digest.join("<wbr>")
    )
}
