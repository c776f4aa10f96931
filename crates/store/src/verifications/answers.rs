//! 回复: files of answers, taken whole or sent back whole, and the facts they give.

use crate::at::At;
use crate::digest::of_row;
use crate::error::{Result, StoreError};
use crate::sql::{Kind, Table, statements};
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, words};
use domain::Day;
use std::collections::BTreeMap;

statements! {
    ADD_FILE = "insert into verification_files (file_no, verification_no, source, file_name, digest,
            state, lines, mistakes, at, actor)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    FIND_FILE = "select file_no, verification_no, source, file_name, state, lines, mistakes, at, actor,
            digest
        from verification_files where file_no = $1";
    BY_DIGEST = "select file_no, verification_no, source, file_name, state, lines, mistakes, at, actor,
            digest
        from verification_files where verification_no = $1 and source = $2 and digest = $3";
    FILES = "select file_no, verification_no, source, file_name, state, lines, mistakes, at, actor,
            digest
        from verification_files where verification_no = $1 order by file_no";
    MISTAKES = "select line, field, code, message, masked from verification_mistakes
        where file_no = $1 order by seq";
    ADD_ANSWER = "insert into verification_answers (answer_no, request_no, file_no, state, as_of, digest)
        values ($1, $2, $3, $4, $5, $6)";
    ANSWERS = "select a.answer_no, a.request_no, a.file_no, a.state, a.as_of, a.digest
        from verification_answers a
        join verification_requests r on r.request_no = a.request_no
        where r.verification_no = $1 order by a.answer_no";
    FOUND = "select f.answer_no, f.fact, f.value, f.digest from verification_found f
        join verification_answers a on a.answer_no = f.answer_no
        join verification_requests r on r.request_no = a.request_no
        where r.verification_no = $1 order by f.answer_no, f.fact";
}

const MISTAKE_ROWS: Table = Table {
    name: "verification_mistakes",
    columns: &[
        ("file_no", Kind::Int),
        ("seq", Kind::Int),
        ("line", Kind::Int),
        ("field", Kind::Text),
        ("code", Kind::Text),
        ("message", Kind::Text),
        ("masked", Kind::Text),
    ],
};
const FOUND_ROWS: Table = Table {
    name: "verification_found",
    columns: &[
        ("answer_no", Kind::Int),
        ("fact", Kind::Text),
        ("value", Kind::Text),
        ("digest", Kind::Bytes),
    ],
};
pub(crate) const TABLES: &[Table] = &[MISTAKE_ROWS, FOUND_ROWS];

words! {
    /// What became of a file.
    FileState {
        /// 已导入.
        Taken = "taken",
        /// 已退回.
        SentBack = "sent-back",
    }
}

words! {
    /// What a source says.
    AnswerState {
        /// 查得.
        Found = "found",
        /// 查无.
        None = "none",
    }
}

/// A file to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// The batch it answers.
    pub verification: i64,
    /// From which source.
    pub source: String,
    /// Its name.
    pub file_name: String,
    /// Digest of its bytes.
    pub digest: [u8; 32],
    /// Rows below the header.
    pub lines: i64,
    /// What is wrong with it; with one mistake nothing of it is taken.
    pub mistakes: Vec<Mistake>,
}

/// What is wrong with a cell or row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Row below the header, from 1.
    pub line: i64,
    /// The header of the column.
    pub field: String,
    /// Kind of mistake.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// What stood there, masked.
    pub masked: String,
}

/// 回复文件.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerFile {
    /// 文件编号.
    pub no: i64,
    /// The batch it answers.
    pub verification: i64,
    /// From which source.
    pub source: String,
    /// Its name.
    pub file_name: String,
    /// What became of it.
    pub state: FileState,
    /// Rows below the header.
    pub lines: i64,
    /// How many mistakes.
    pub mistakes: i64,
    /// When it came.
    pub at: At,
    /// Who handed it in.
    pub actor: String,
    /// Digest of its bytes.
    pub digest: [u8; 32],
}

/// An answer to be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAnswer {
    /// To which request.
    pub request: i64,
    /// What it says.
    pub state: AnswerState,
    /// Of which day it speaks.
    pub as_of: Day,
    /// The facts it gives: name and value.
    pub found: Vec<(String, String)>,
}

/// 回复.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// 回复编号.
    pub no: i64,
    /// The file it came in.
    pub file: i64,
    /// What it says.
    pub content: NewAnswer,
}

/// A fact of an answer, as [`Answer`] holds it.
pub type Found = (String, String);

/// Keeps a file, with what is wrong with it.
pub async fn add_file(tx: &mut JournalTx, at: &At, actor: &str, new: &NewFile) -> Result<i64> {
    let no = tx.take_numbers("verification_file", 1).await?;
    let mistakes = i64::try_from(new.mistakes.len()).unwrap_or(i64::MAX);
    let state = match new.mistakes.is_empty() {
        true => FileState::Taken,
        false => FileState::SentBack,
    };
    let values = vec![
        no.into(),
        new.verification.into(),
        new.source.as_str().into(),
        new.file_name.as_str().into(),
        new.digest.into(),
        state.into(),
        new.lines.into(),
        mistakes.into(),
        at.into(),
        actor.into(),
    ];
    tx.execute(ADD_FILE, values).await?;
    let rows = (1_i64..).zip(&new.mistakes).map(|(seq, mistake)| {
        vec![
            no.into(),
            seq.into(),
            mistake.line.into(),
            mistake.field.as_str().into(),
            mistake.code.as_str().into(),
            mistake.message.as_str().into(),
            mistake.masked.as_str().into(),
        ]
    });
    tx.insert(MISTAKE_ROWS, rows.collect()).await?;
    Ok(no)
}

/// Keeps the answers of a file that was taken.
pub async fn take_answers(tx: &mut JournalTx, file: i64, answers: &[NewAnswer]) -> Result<()> {
    let first = tx
        .take_numbers("verification_answer", answers.len())
        .await?;
    let sets = (first..).zip(answers).map(|(no, answer)| {
        let mut values: Vec<Value> = digested(no, file, answer)
            .into_iter()
            .map(|(_, value)| value)
            .collect();
        values.push(of_row("verification_answers", &digested(no, file, answer)).into());
        values
    });
    tx.execute_each(ADD_ANSWER, sets.collect()).await?;
    let rows = (first..).zip(answers).flat_map(|(no, answer)| {
        answer.found.iter().map(move |(fact, value)| {
            let row = found_digested(no, fact, value);
            let digest = of_row("verification_found", &row);
            let mut values: Vec<Value> = row.into_iter().map(|(_, value)| value).collect();
            values.push(digest.into());
            values
        })
    });
    tx.insert(FOUND_ROWS, rows.collect()).await
}

/// One file.
pub async fn file(on: &impl Reads, no: i64) -> Result<Option<AnswerFile>> {
    let rows = on.rows(FIND_FILE, vec![no.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// The file of the same bytes, where it came before.
pub async fn file_by_digest(
    on: &impl Reads,
    verification: i64,
    source: &str,
    digest: [u8; 32],
) -> Result<Option<AnswerFile>> {
    let values = vec![verification.into(), source.into(), digest.into()];
    let rows = on.rows(BY_DIGEST, values).await?;
    rows.first().map(from_row).transpose()
}

/// The files that answered a batch, oldest first.
pub async fn files_of(on: &impl Reads, verification: i64) -> Result<Vec<AnswerFile>> {
    let rows = on.rows(FILES, vec![verification.into()]).await?;
    rows.iter().map(from_row).collect()
}

/// What is wrong with a file, in its order.
pub async fn mistakes(on: &impl Reads, file: i64) -> Result<Vec<Mistake>> {
    let rows = on.rows(MISTAKES, vec![file.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Mistake {
                line: row.int(0)?,
                field: row.text(1)?,
                code: row.text(2)?,
                message: row.text(3)?,
                masked: row.text(4)?,
            })
        })
        .collect()
}

/// The newest answer to each request of a batch; a changed row is told, not read over.
pub async fn answers_of(on: &impl Reads, verification: i64) -> Result<BTreeMap<i64, Answer>> {
    let mut found: BTreeMap<i64, Vec<Found>> = BTreeMap::new();
    for row in &on.rows(FOUND, vec![verification.into()]).await? {
        let (no, fact, value) = (row.int(0)?, row.text(1)?, row.text(2)?);
        let digest: [u8; 32] = row.array(3)?;
        if digest != of_row("verification_found", &found_digested(no, &fact, &value)) {
            return Err(changed(no));
        }
        found.entry(no).or_default().push((fact, value));
    }
    let mut out = BTreeMap::new();
    for row in &on.rows(ANSWERS, vec![verification.into()]).await? {
        let no = row.int(0)?;
        let answer = Answer {
            no,
            file: row.int(2)?,
            content: NewAnswer {
                request: row.int(1)?,
                state: row.word(3, AnswerState::from_word)?,
                as_of: row.day(4)?,
                found: found.remove(&no).unwrap_or_default(),
            },
        };
        let digest: [u8; 32] = row.array(5)?;
        let said = digested(no, answer.file, &answer.content);
        if digest != of_row("verification_answers", &said) {
            return Err(changed(no));
        }
        out.insert(answer.content.request, answer);
    }
    Ok(out)
}

fn changed(no: i64) -> StoreError {
    StoreError::BadValue {
        what: format!("核对回复 {no} 的内容与摘要不符"),
    }
}

fn digested(no: i64, file: i64, answer: &NewAnswer) -> Vec<(&'static str, Value)> {
    vec![
        ("answer_no", no.into()),
        ("request_no", answer.request.into()),
        ("file_no", file.into()),
        ("state", answer.state.into()),
        ("as_of", answer.as_of.to_string().into()),
    ]
}

fn found_digested(no: i64, fact: &str, value: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("answer_no", no.into()),
        ("fact", fact.into()),
        ("value", value.into()),
    ]
}

fn from_row(row: &Row) -> Result<AnswerFile> {
    Ok(AnswerFile {
        no: row.int(0)?,
        verification: row.int(1)?,
        source: row.text(2)?,
        file_name: row.text(3)?,
        state: row.word(4, FileState::from_word)?,
        lines: row.int(5)?,
        mistakes: row.int(6)?,
        at: row.at(7)?,
        actor: row.text(8)?,
        digest: row.array(9)?,
    })
}
