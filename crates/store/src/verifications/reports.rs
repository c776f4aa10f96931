//! 说明和报告: what the applicant explains, the report as it was issued, and which case used it.

use super::day_value;
use crate::at::At;
use crate::digest::of_bytes;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, words};
use domain::{ApplicationNo, CaseNo, Day, PersonId};

statements! {
    ADD_EXPLANATION = "insert into verification_explanations (explanation_no, verification_no,
            application_no, person_id, fact, kind, due, says, at, actor)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    EXPLANATIONS = "select explanation_no, person_id, fact, kind, due, says, at, actor
        from verification_explanations where verification_no = $1 and application_no = $2
        order by explanation_no";
    NEXT_REPORT = "select coalesce(max(report_no), 0) + 1 from verification_reports";
    ADD_REPORT = "insert into verification_reports (report_no, number, verification_no, application_no,
            version, day, at, actor, content, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    FIND_REPORT = "select report_no, number, verification_no, application_no, version, day, at, actor,
            content, digest
        from verification_reports where report_no = $1";
    REPORT_OF = "select report_no, number, verification_no, application_no, version, day, at, actor,
            content, digest
        from verification_reports where verification_no = $1 and application_no = $2";
    OF_APPLICATION = "select report_no, number, verification_no, application_no, version, day, at,
            actor, content, digest
        from verification_reports where application_no = $1 order by version desc";
    USE_REPORT = "insert into verification_uses (report_no, case_no, step, at, actor)
        values ($1, $2, $3, $4, $5) on conflict (report_no, case_no, step) do nothing";
    USES_OF_REPORT = "select report_no, case_no, step, at, actor from verification_uses
        where report_no = $1 order by at, case_no";
    USES_OF_CASE = "select report_no, case_no, step, at, actor from verification_uses
        where case_no = $1 order by at, report_no";
}

words! {
    /// What happened about a difference.
    ExplanationKind {
        /// 请说明.
        Asked = "asked",
        /// 已说明.
        Explained = "explained",
        /// 说明不予采信.
        NotAccepted = "not-accepted",
    }
}

/// Something about a difference, to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewExplanation {
    /// Of whom.
    pub person: PersonId,
    /// Which fact.
    pub fact: String,
    /// What happened.
    pub kind: ExplanationKind,
    /// By when it is to be explained, where it is asked.
    pub due: Option<Day>,
    /// What was said.
    pub says: String,
}

/// 说明.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What.
    pub content: NewExplanation,
    /// When.
    pub at: At,
    /// Who wrote it down.
    pub actor: String,
}

/// A report to be issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReport {
    /// The batch it rests on.
    pub verification: i64,
    /// The application.
    pub application: ApplicationNo,
    /// Which time it was verified.
    pub version: i64,
    /// On which day.
    pub day: Day,
}

/// 核对报告.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its number in the record.
    pub no: i64,
    /// 报告编号, as printed.
    pub number: String,
    /// What it is of.
    pub content: NewReport,
    /// When it was issued.
    pub at: At,
    /// By whom.
    pub actor: String,
    /// Its text.
    pub text: String,
    /// Digest of the text.
    pub digest: [u8; 32],
}

/// 互认: a case that used a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The report.
    pub report: i64,
    /// The case.
    pub case: CaseNo,
    /// By which step.
    pub step: String,
    /// When.
    pub at: At,
    /// Who.
    pub actor: String,
}

/// Keeps what is asked or said about a difference.
pub async fn explain(
    tx: &mut JournalTx,
    at: &At,
    actor: &str,
    (verification, application): (i64, ApplicationNo),
    new: &NewExplanation,
) -> Result<()> {
    let no = tx.take_numbers("verification_explanation", 1).await?;
    let values = vec![
        no.into(),
        verification.into(),
        application.get().into(),
        new.person.get().into(),
        new.fact.as_str().into(),
        new.kind.into(),
        day_value(new.due),
        new.says.as_str().into(),
        at.into(),
        actor.into(),
    ];
    tx.execute(ADD_EXPLANATION, values).await?;
    Ok(())
}

/// What was asked and said about the differences of an application in a batch, oldest first.
pub async fn explanations(
    on: &impl Reads,
    (verification, application): (i64, ApplicationNo),
) -> Result<Vec<Explanation>> {
    let values = vec![verification.into(), application.get().into()];
    let rows = on.rows(EXPLANATIONS, values).await?;
    rows.iter()
        .map(|row| {
            Ok(Explanation {
                content: NewExplanation {
                    person: PersonId::new(row.int(1)?),
                    fact: row.text(2)?,
                    kind: row.word(3, ExplanationKind::from_word)?,
                    due: row.day_opt(4)?,
                    says: row.text(5)?,
                },
                at: row.at(6)?,
                actor: row.text(7)?,
            })
        })
        .collect()
}

/// Issues a report: `written` makes its printed number and text from its number in the record.
pub async fn issue(
    tx: &mut JournalTx,
    at: &At,
    actor: &str,
    new: &NewReport,
    written: impl Fn(i64) -> (String, String) + Send,
) -> Result<Report> {
    let rows = tx.rows(NEXT_REPORT, vec![]).await?;
    let no = rows.first().ok_or(StoreError::WriteBroken)?.int(0)?;
    let (number, text) = written(no);
    let digest = of_bytes(text.as_bytes());
    let values = vec![
        no.into(),
        number.as_str().into(),
        new.verification.into(),
        new.application.get().into(),
        new.version.into(),
        new.day.to_string().into(),
        at.into(),
        actor.into(),
        text.as_str().into(),
        digest.into(),
    ];
    tx.execute(ADD_REPORT, values).await?;
    Ok(Report {
        no,
        number,
        content: new.clone(),
        at: at.clone(),
        actor: actor.to_owned(),
        text,
        digest,
    })
}

/// One report; one whose text was changed is told, not read over.
pub async fn find_report(on: &impl Reads, no: i64) -> Result<Option<Report>> {
    let rows = on.rows(FIND_REPORT, vec![no.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// The report of an application in a batch, where it is issued.
pub async fn report_of(
    on: &impl Reads,
    (verification, application): (i64, ApplicationNo),
) -> Result<Option<Report>> {
    let values = vec![verification.into(), application.get().into()];
    let rows = on.rows(REPORT_OF, values).await?;
    rows.first().map(from_row).transpose()
}

/// The reports of an application, newest version first.
pub async fn reports_of_application(on: &impl Reads, no: ApplicationNo) -> Result<Vec<Report>> {
    let rows = on.rows(OF_APPLICATION, vec![no.get().into()]).await?;
    rows.iter().map(from_row).collect()
}

/// The newest report of an application.
pub async fn newest_report(on: &impl Reads, no: ApplicationNo) -> Result<Option<Report>> {
    Ok(reports_of_application(on, no).await?.into_iter().next())
}

/// Keeps that a case used a report; once a step.
pub async fn use_report(tx: &mut JournalTx, used: &Use) -> Result<()> {
    let values = vec![
        used.report.into(),
        used.case.get().into(),
        used.step.as_str().into(),
        (&used.at).into(),
        used.actor.as_str().into(),
    ];
    tx.execute(USE_REPORT, values).await?;
    Ok(())
}

/// The cases that used a report.
pub async fn uses_of_report(on: &impl Reads, report: i64) -> Result<Vec<Use>> {
    let rows = on.rows(USES_OF_REPORT, vec![report.into()]).await?;
    rows.iter().map(a_use).collect()
}

/// The reports a case used.
pub async fn uses_of_case(on: &impl Reads, case: CaseNo) -> Result<Vec<Use>> {
    let rows = on.rows(USES_OF_CASE, vec![case.get().into()]).await?;
    rows.iter().map(a_use).collect()
}

fn a_use(row: &Row) -> Result<Use> {
    Ok(Use {
        report: row.int(0)?,
        case: CaseNo::new(row.int(1)?),
        step: row.text(2)?,
        at: row.at(3)?,
        actor: row.text(4)?,
    })
}

fn from_row(row: &Row) -> Result<Report> {
    let number = row.text(1)?;
    let text = row.text(8)?;
    let digest: [u8; 32] = row.array(9)?;
    if digest != of_bytes(text.as_bytes()) {
        return Err(StoreError::BadValue {
            what: format!("核对报告 {number} 的内容与摘要不符"),
        });
    }
    Ok(Report {
        no: row.int(0)?,
        number,
        content: NewReport {
            verification: row.int(2)?,
            application: ApplicationNo::new(row.int(3)?),
            version: row.int(4)?,
            day: row.day(5)?,
        },
        at: row.at(6)?,
        actor: row.text(7)?,
        text,
        digest,
    })
}
