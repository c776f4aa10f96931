//! 部门来文: what arrived, how good it was, which rows were refused and why.

use serde::Serialize;

use super::{Behind, Page, Word};

/// Every feed with its months.
#[derive(Clone, Debug, Serialize)]
pub struct FeedList {
    /// The months shown, oldest first.
    pub months: Vec<String>,
    /// All feeds of the newest month together.
    pub totals: FeedCounts,
    /// One line a feed.
    pub feeds: Vec<FeedRow>,
}

/// One feed.
#[derive(Clone, Debug, Serialize)]
pub struct FeedRow {
    /// Its id, e.g. `deaths`.
    pub id: String,
    /// Its name, e.g. 死亡登记.
    pub title: String,
    /// Who sends it, e.g. 公安局.
    pub department: String,
    /// How often, e.g. 每月.
    pub cycle: String,
    /// Its description in the rulebook.
    pub rule: Behind,
    /// One cell a month, in the order of [`FeedList::months`].
    pub cells: Vec<FeedCell>,
}

/// What came of a feed in a month.
#[derive(Clone, Debug, Serialize)]
pub struct FeedCell {
    /// Its state.
    pub state: BatchState,
    /// The batch, where something came.
    pub batch: Option<i64>,
    /// Its rows.
    pub counts: FeedCounts,
}

/// Where a batch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchState {
    /// 未到.
    Missing,
    /// 已入库.
    Applied,
    /// 重复文件: nothing changed.
    Repeated,
    /// 待人工确认: it would change too much.
    Waiting,
    /// 整批退回: it could not be read.
    Refused,
    /// 已撤回: it was taken by mistake and counts no longer.
    Undone,
}

/// Rows of a batch by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FeedCounts {
    /// Rows received.
    pub received: u64,
    /// Rows that brought something new.
    pub applied: u64,
    /// Rows already known.
    pub unchanged: u64,
    /// Rows refused.
    pub refused: u64,
    /// Rows whose person is doubtful.
    pub doubtful: u64,
}

/// One batch.
#[derive(Clone, Debug, Serialize)]
pub struct FeedBatchView {
    /// Its number.
    pub id: i64,
    /// The feed's name.
    pub title: String,
    /// Who sent it.
    pub department: String,
    /// The month it is about.
    pub month: String,
    /// Where it stands.
    pub state: BatchState,
    /// What to do about it, where something is to be done.
    pub advice: Option<String>,
    /// Why it waits for a person, or did before somebody confirmed it.
    pub asked: Vec<String>,
    /// The file's name.
    pub file: String,
    /// Format and encoding, e.g. CSV · GB18030.
    pub format: String,
    /// SHA-256 of the file.
    pub hash: String,
    /// When it arrived.
    pub received_at: String,
    /// Until when its rows are kept, or when they were destroyed.
    pub kept: String,
    /// The feed's description in the rulebook.
    pub rule: Behind,
    /// Its rows.
    pub counts: FeedCounts,
    /// Columns with how well they are filled.
    pub columns: Vec<ColumnQuality>,
    /// Refusals by reason, most first.
    pub reasons: Vec<ReasonCount>,
    /// One page of refusals.
    pub refusals: Page<RefusalRow>,
    /// 提醒: what was noticed in rows that were taken, by what it is, most first.
    pub remarks: Vec<ReasonCount>,
    /// The first of them, row by row.
    pub remarked: Vec<RemarkRow>,
    /// Rows whose person is doubtful, the first few.
    pub doubtful: Vec<DoubtfulRow>,
}

/// What was noticed in a row that was taken.
#[derive(Clone, Debug, Serialize)]
pub struct RemarkRow {
    /// Row of the file as a spreadsheet counts it, headers included.
    pub row: u64,
    /// Header of the column; empty for the whole row.
    pub column: String,
    /// What was noticed.
    pub message: String,
}

/// How well a column is filled.
#[derive(Clone, Debug, Serialize)]
pub struct ColumnQuality {
    /// Header in the file.
    pub header: String,
    /// The fact it yields.
    pub fact: String,
    /// Rows with a value, in tenths of a percent.
    pub filled_per_mille: u32,
    /// Cells refused.
    pub refused: u64,
}

/// Refusals of one reason.
#[derive(Clone, Debug, Serialize)]
pub struct ReasonCount {
    /// The reason, e.g. 身份证号校验位不对.
    pub reason: String,
    /// How many rows.
    pub rows: u64,
}

/// A refused row.
#[derive(Clone, Debug, Serialize)]
pub struct RefusalRow {
    /// Row of the file as a spreadsheet counts it, headers included.
    pub row: u64,
    /// Header of the column.
    pub column: String,
    /// What stood there, masked where it identifies somebody.
    pub value: String,
    /// Why it was refused.
    pub reason: String,
    /// What the department should do.
    pub advice: String,
}

/// A row whose person is doubtful.
#[derive(Clone, Debug, Serialize)]
pub struct DoubtfulRow {
    /// Row of the file.
    pub row: u64,
    /// What the row says, masked.
    pub says: String,
    /// Who it may be, masked.
    pub candidate: String,
    /// Their file.
    pub about: Behind,
    /// What agrees and what does not.
    pub evidence: String,
    /// How sure.
    pub degree: Word,
}

/// A file to save.
#[derive(Clone, Debug)]
pub struct Download {
    /// Its name, e.g. 死亡登记-2026-08-退回明细.xlsx.
    pub file_name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl BatchState {
    /// The office's word.
    pub fn word(self) -> &'static str {
        match self {
            BatchState::Missing => "未到",
            BatchState::Applied => "已入库",
            BatchState::Repeated => "重复文件",
            BatchState::Waiting => "待人工确认",
            BatchState::Refused => "整批退回",
            BatchState::Undone => "已撤回",
        }
    }
}
