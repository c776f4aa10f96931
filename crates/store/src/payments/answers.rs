//! 回盘: the bank's files as they came, row by row, and what became of each row. The same file twice
//! changes nothing.

use crate::at::At;
use crate::error::Result;
use crate::sql::{Kind, Table, statements};
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, count, counted};
use domain::Fen;

statements! {
    ADD = "insert into bank_answer (answer_no, batch_no, file_name, file_digest, rows, applied,
            parked, note, by_login, at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    FIND = "select answer_no, batch_no, file_name, file_digest, rows, applied, parked, note, by_login, at
        from bank_answer where batch_no = $1 and file_digest = $2";
    OF_BATCH = "select answer_no, batch_no, file_name, file_digest, rows, applied, parked, note,
            by_login, at
        from bank_answer where batch_no = $1 order by answer_no";
    ROWS = "select answer_no, row_no, line_no, outcome, code, amount, parked from bank_answer_row
        where answer_no = $1 order by row_no";
}

const ROW_TABLE: Table = Table {
    name: "bank_answer_row",
    columns: &[
        ("answer_no", Kind::Int),
        ("row_no", Kind::Int),
        ("batch_no", Kind::Int),
        ("line_no", Kind::Int),
        ("outcome", Kind::Text),
        ("code", Kind::Text),
        ("amount", Kind::Int),
        ("parked", Kind::Text),
    ],
};
pub(crate) const TABLES: &[Table] = &[ROW_TABLE];

/// A row of the bank's file and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerRowKept {
    /// Its place in the file.
    pub row_no: u32,
    /// Which line it is about.
    pub line_no: Option<u32>,
    /// What it says: paid, returned, or nothing that is known.
    pub outcome: String,
    /// The bank's code.
    pub code: String,
    /// How much.
    pub amount: Option<Fen>,
    /// Why it was put aside; empty when it moved its line.
    pub parked: String,
}

/// A file of the bank to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAnswer {
    /// Of which batch.
    pub batch: i64,
    /// Its name.
    pub file_name: String,
    /// Digest of its bytes.
    pub file_digest: [u8; 32],
    /// Its rows.
    pub rows: Vec<AnswerRowKept>,
    /// What is wrong with the file as a whole.
    pub note: String,
    /// Who brought it.
    pub by: String,
}

/// 回盘文件.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its number.
    pub no: i64,
    /// Of which batch.
    pub batch: i64,
    /// Its name.
    pub file_name: String,
    /// Its rows.
    pub rows: u64,
    /// Rows that moved a line.
    pub applied: u64,
    /// Rows put aside.
    pub parked: u64,
    /// What is wrong with the file as a whole.
    pub note: String,
    /// Who brought it.
    pub by: String,
    /// When.
    pub at: At,
}

/// Keeps a file of the bank; answers its number.
pub async fn keep_answer(tx: &mut JournalTx, at: &At, new: &NewAnswer) -> Result<i64> {
    let no = tx.take_numbers("bank_answer", 1).await?;
    let applied = new.rows.iter().filter(|row| row.parked.is_empty()).count();
    let parked = new.rows.len().saturating_sub(applied);
    let values = vec![
        no.into(),
        new.batch.into(),
        new.file_name.as_str().into(),
        new.file_digest.into(),
        counted(new.rows.len(), "行数")?.into(),
        counted(applied, "行数")?.into(),
        counted(parked, "行数")?.into(),
        new.note.as_str().into(),
        new.by.as_str().into(),
        at.into(),
    ];
    tx.execute(ADD, values).await?;
    let rows = new.rows.iter().map(|row| {
        vec![
            no.into(),
            row.row_no.into(),
            new.batch.into(),
            row.line_no.map(i64::from).into(),
            row.outcome.as_str().into(),
            row.code.as_str().into(),
            row.amount.map(Fen::get).into(),
            row.parked.as_str().into(),
        ]
    });
    tx.insert(ROW_TABLE, rows.collect()).await?;
    Ok(no)
}

/// The same file, when it came before.
pub async fn find_answer(
    on: &impl Reads,
    batch: i64,
    file_digest: [u8; 32],
) -> Result<Option<Answer>> {
    let rows = on
        .rows(FIND, vec![batch.into(), file_digest.into()])
        .await?;
    rows.first().map(answer).transpose()
}

/// The bank's files of a batch, oldest first.
pub async fn answers_of(on: &impl Reads, batch: i64) -> Result<Vec<Answer>> {
    let rows = on.rows(OF_BATCH, vec![batch.into()]).await?;
    rows.iter().map(answer).collect()
}

/// The rows of a file.
pub async fn answer_rows(on: &impl Reads, answer: i64) -> Result<Vec<AnswerRowKept>> {
    let rows = on.rows(ROWS, vec![answer.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(AnswerRowKept {
                row_no: super::small(row.int(1)?)?,
                line_no: row.int_opt(2)?.map(super::small).transpose()?,
                outcome: row.text(3)?,
                code: row.text(4)?,
                amount: row.int_opt(5)?.map(Fen::new),
                parked: row.text(6)?,
            })
        })
        .collect()
}

fn answer(row: &Row) -> Result<Answer> {
    Ok(Answer {
        no: row.int(0)?,
        batch: row.int(1)?,
        file_name: row.text(2)?,
        rows: count(row.int(4)?),
        applied: count(row.int(5)?),
        parked: count(row.int(6)?),
        note: row.text(7)?,
        by: row.text(8)?,
        at: row.at(9)?,
    })
}
