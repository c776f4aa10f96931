//! What pages of verification show: ready words and numbers.

use crate::views::Word;

/// 核对批次清单.
#[derive(Clone, Debug)]
pub struct ListView {
    /// Whether a batch may be opened.
    pub opens: bool,
    /// The word of the form that opens one.
    pub form_key: String,
    /// The cases that wait.
    pub waiting: Vec<CandidateRow>,
    /// The batches, newest first.
    pub batches: Vec<BatchRow>,
}

/// A case that waits for verification.
#[derive(Clone, Debug)]
pub struct CandidateRow {
    /// 办件编号.
    pub case: i64,
    /// Which programme.
    pub programme: String,
    /// Who applied, masked.
    pub applicant: String,
    /// The open step.
    pub step: String,
    /// By when it is due.
    pub due: String,
    /// The batch it is in already.
    pub running: Option<i64>,
}

/// A batch in the list.
#[derive(Clone, Debug)]
pub struct BatchRow {
    /// Its number.
    pub no: i64,
    /// On which day it was asked.
    pub day: String,
    /// By whom.
    pub by: String,
    /// Questions, of the sources this person sees.
    pub asked: u64,
    /// Answered.
    pub answered: u64,
    /// Without an answer although it was due.
    pub late: u64,
    /// How it stands.
    pub state: Word,
}

/// One batch.
#[derive(Clone, Debug)]
pub struct BatchView {
    /// Its line in the list.
    pub row: BatchRow,
    /// The sources this person sees.
    pub sources: Vec<SourceRow>,
    /// The applications; none for a liaison.
    pub subjects: Vec<SubjectRow>,
    /// Who was left out: name, sources and why.
    pub left_out: Vec<(String, String, String)>,
    /// Files of answers.
    pub files: Vec<FileRow>,
    /// Whether names may be exported.
    pub exports: bool,
    /// Whether it may be urged and reported on.
    pub handles: bool,
}

/// A source of a batch.
#[derive(Clone, Debug)]
pub struct SourceRow {
    /// Its code.
    pub code: String,
    /// Its name.
    pub title: String,
    /// The department.
    pub department: String,
    /// Questions.
    pub asked: u64,
    /// Answered.
    pub answered: u64,
    /// Stopped by a withdrawn consent.
    pub stopped: u64,
    /// By when answers were due.
    pub due: String,
    /// How it stands.
    pub state: Word,
    /// Whether it may be urged today.
    pub urges: bool,
    /// When it was urged.
    pub urged: Vec<String>,
    /// The header of its table of answers.
    pub header: String,
}

/// An application of a batch.
#[derive(Clone, Debug)]
pub struct SubjectRow {
    /// 申请编号.
    pub application: i64,
    /// Who applied, masked.
    pub applicant: String,
    /// Which time it is verified.
    pub version: i64,
    /// Its cases.
    pub cases: Vec<i64>,
    /// Its report: number in the record and printed number.
    pub report: Option<(i64, String)>,
}

/// A file of answers.
#[derive(Clone, Debug)]
pub struct FileRow {
    /// Its number.
    pub no: i64,
    /// The source's name.
    pub source: String,
    /// Its name.
    pub name: String,
    /// When it came and who brought it.
    pub at: String,
    /// Rows.
    pub lines: i64,
    /// Mistakes.
    pub mistakes: i64,
    /// How it stands.
    pub state: Word,
}

/// A mistake of a file.
#[derive(Clone, Debug)]
pub struct MistakeRow {
    /// Row.
    pub line: i64,
    /// Column.
    pub field: String,
    /// What stood there, masked.
    pub masked: String,
    /// What is wrong.
    pub message: String,
}

/// Declared beside found, of one application.
#[derive(Clone, Debug)]
pub struct DiffView {
    /// The batch.
    pub batch: i64,
    /// 申请编号.
    pub application: i64,
    /// Which time it is verified.
    pub version: i64,
    /// The lines.
    pub rows: Vec<DiffRow>,
    /// Differences that stand.
    pub standing: usize,
    /// Lines nobody knows yet.
    pub unknown: usize,
    /// Lines that were not asked.
    pub unchecked: usize,
    /// Its reports, newest first: number in the record, printed number, version, day.
    pub reports: Vec<(i64, String, i64, String)>,
    /// The report of this batch is issued.
    pub issued: bool,
    /// Photos the applicant sent with an explanation: number and what of.
    pub photos: Vec<(i64, String)>,
}

/// One line of it.
#[derive(Clone, Debug)]
pub struct DiffRow {
    /// Number of the person.
    pub person: i64,
    /// The name, masked, with the relation.
    pub name: String,
    /// The source.
    pub source: String,
    /// The fact.
    pub fact: String,
    /// What was declared.
    pub declared: String,
    /// What was found.
    pub found: String,
    /// How they stand to each other.
    pub verdict: Word,
    /// What was asked and said.
    pub said: Vec<String>,
    /// Whether an explanation may be written down.
    pub explains: bool,
    /// Whether an explanation may be refused.
    pub refuses: bool,
}

/// A report as a page shows it.
#[derive(Clone, Debug)]
pub struct ReportView {
    /// Its number in the record.
    pub no: i64,
    /// 报告编号.
    pub number: String,
    /// Which time.
    pub version: i64,
    /// When it was issued and by whom.
    pub issued: String,
    /// Its text.
    pub text: String,
    /// Digest of the text.
    pub digest: String,
    /// The cases that used it: number, programme, step, when and by whom.
    pub uses: Vec<(i64, String, String, String)>,
}

/// Consents of the members of a case.
#[derive(Clone, Debug)]
pub struct ConsentView {
    /// 办件编号.
    pub case: i64,
    /// The members: number, name masked, relation.
    pub members: Vec<(i64, String, String)>,
    /// The sources: code and name.
    pub sources: Vec<(String, String)>,
    /// How one signs: word and name.
    pub ways: Vec<(&'static str, &'static str)>,
    /// The version of the text.
    pub version: String,
    /// The consents.
    pub rows: Vec<ConsentRow>,
}

/// One consent.
#[derive(Clone, Debug)]
pub struct ConsentRow {
    /// Its number.
    pub no: i64,
    /// Whose, masked.
    pub name: String,
    /// To which source.
    pub source: String,
    /// How it was signed, from when to when.
    pub signed: String,
    /// The version of the text.
    pub version: String,
    /// How it stands.
    pub state: Word,
    /// Whether it may be withdrawn.
    pub stands: bool,
}
