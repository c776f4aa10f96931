//! What the pages show of paying: batches with their sums, lines with their reasons, hands, answers and
//! the ledger. Names and cards are masked here; only files for the bank hold them in full.

use super::{Paid, book, found, hands, whole};
use crate::access::{Acting, Right};
use crate::desk::minute;
use crate::office::Office;
use crate::views::{Tone, Word};
use domain::payment::{BatchAct, BatchState, LineState};
use domain::{Fen, Month, PersonId};
use rules::Program;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use store::payments::{self, Batch, Line};
use store::users::UserId;

/// Lines on a page.
const LINES_ON_PAGE: u32 = 50;
/// Lines that came back, on the page of all batches.
const BACK_SHOWN: usize = 50;
/// Batches on a page.
const BATCHES_SHOWN: u32 = 60;

/// A batch in a list.
#[derive(Clone, Debug, Serialize)]
pub struct BatchRow {
    /// Its number.
    pub no: i64,
    /// For which month.
    pub month: String,
    /// Its kind.
    pub kind: String,
    /// How far it has come.
    pub state: Word,
    /// Its lines.
    pub lines: u64,
    /// Their sum, in yuan.
    pub amount: String,
    /// Lines set apart.
    pub apart: u64,
}

/// What a fund's year may spend and has spent.
#[derive(Clone, Debug, Serialize)]
pub struct FundRow {
    /// Fund and year.
    pub fund: String,
    /// 指标.
    pub allotted: String,
    /// Owed and paid.
    pub used: String,
    /// What is left.
    pub left: String,
}

/// 发放批次, all of them.
#[derive(Clone, Debug, Serialize)]
pub struct PaymentList {
    /// Newest first.
    pub batches: Vec<BatchRow>,
    /// The funds.
    pub funds: Vec<FundRow>,
    /// Entitlements in force this month.
    pub entitled: u64,
    /// Lines that came back and wait.
    pub returned: u64,
    /// The first of them: month, batch and line.
    pub back: Vec<(String, i64, LineRow)>,
    /// The month to prepare next.
    pub month: String,
    /// Kinds to choose from: code and name.
    pub kinds: Vec<(String, String)>,
    /// Whether this official may prepare.
    pub prepares: bool,
    /// 即时发放 that is not with the bank yet.
    pub prompt: Vec<super::PromptRow>,
}

/// Whose hands a batch passed through.
#[derive(Clone, Debug, Serialize)]
pub struct HandRow {
    /// 编制、核查 …
    pub what: &'static str,
    /// By whom.
    pub who: String,
    /// When.
    pub at: String,
}

/// A line of a batch.
#[derive(Clone, Debug, Serialize)]
pub struct LineRow {
    /// Its place.
    pub no: u32,
    /// Whose file.
    pub household: i64,
    /// 收款人, masked.
    pub payee: String,
    /// The card, masked.
    pub card: String,
    /// 项目.
    pub programme: String,
    /// In yuan.
    pub amount: String,
    /// 补以前月份: what of it is for which earlier month, in yuan.
    pub arrears: Vec<(String, String)>,
    /// How far it has come.
    pub state: Word,
    /// The first time, the second …
    pub attempt: i64,
    /// Why it was set apart: code, words, whether somebody may answer for it.
    pub reasons: Vec<(String, String, bool)>,
    /// Whether nobody knows if the money arrived.
    pub unknown: bool,
}

/// A row of the ledger.
#[derive(Clone, Debug, Serialize)]
pub struct LedgerRow {
    /// Where it takes from.
    pub from: String,
    /// Where it gives to.
    pub to: String,
    /// In yuan.
    pub amount: String,
    /// What it does.
    pub phase: &'static str,
    /// When.
    pub at: String,
}

/// A file of the bank.
#[derive(Clone, Debug, Serialize)]
pub struct AnswerRow {
    /// Its name.
    pub file: String,
    /// When it came.
    pub at: String,
    /// Rows that moved a line.
    pub applied: u64,
    /// Rows put aside: place and why.
    pub parked: Vec<(u32, String)>,
}

/// A batch.
#[derive(Clone, Debug, Serialize)]
pub struct PaymentBatch {
    /// What the list shows.
    pub row: BatchRow,
    /// Sum of the lines set apart, in yuan.
    pub apart_amount: String,
    /// Lines by state: word, count, sum.
    pub states: Vec<(Word, u64, String)>,
    /// Whose hands it passed through.
    pub hands: Vec<HandRow>,
    /// Reasons for setting apart: words and how many lines.
    pub reasons: Vec<(String, u64)>,
    /// Lines of this page.
    pub lines: Vec<LineRow>,
    /// The state whose lines are shown; empty for all.
    pub shown: String,
    /// The page after this one begins behind this line.
    pub next: Option<u32>,
    /// The ledger.
    pub ledger: Vec<LedgerRow>,
    /// The bank's files.
    pub answers: Vec<AnswerRow>,
    /// Digest of the sealed lines, in hexadecimal.
    pub digest: Option<String>,
    /// Digest of the bank's file, in hexadecimal.
    pub file_digest: Option<String>,
    /// What this official may do now: code and word.
    pub acts: Vec<(&'static str, &'static str)>,
    /// Whether this official may bring the bank's file.
    pub answers_now: bool,
    /// Whether this official may download files.
    pub files: bool,
    /// Whether this official may answer for findings.
    pub confirms: bool,
    /// Whether this official may bring the bank's written word on a line.
    pub settles: bool,
}

/// What is paid and what the rules give, side by side.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RuleGaps {
    /// The month the rules were asked for.
    pub month: String,
    /// Lines compared.
    pub compared: u64,
    /// How many differ.
    pub count: u64,
    /// The first of them.
    pub rows: Vec<GapRow>,
}

/// A line that is not what the rules give.
#[derive(Clone, Debug, Serialize)]
pub struct GapRow {
    /// Its place.
    pub line: u32,
    /// Whose file.
    pub household: i64,
    /// 项目.
    pub programme: String,
    /// What is paid, in yuan.
    pub paid: String,
    /// What the rules give, in words.
    pub rules: String,
}

/// What a page asks of a batch.
#[derive(Clone, Debug, Default)]
pub struct BatchAsk {
    /// Only lines of this state.
    pub state: Option<String>,
    /// Behind this line.
    pub after: u32,
}

/// Every batch, for a page or the terminal.
///
/// # Errors
/// The record cannot be read.
pub async fn batches(office: &Office) -> Paid<Vec<BatchRow>> {
    let book = book(office)?;
    let all = payments::list(&office.store, i64::MAX, BATCHES_SHOWN).await?;
    Ok(all.iter().map(|batch| row(&book, batch)).collect())
}

fn row(book: &super::PayBook, batch: &Batch) -> BatchRow {
    let kind = book
        .kinds
        .iter()
        .find(|kind| kind.code == batch.content.kind);
    BatchRow {
        no: batch.no,
        month: batch.content.month.to_string(),
        kind: kind.map_or_else(|| batch.content.kind.clone(), |kind| kind.title.clone()),
        state: state_word(batch.state),
        lines: batch.lines,
        amount: batch.amount.to_string(),
        apart: batch.apart,
    }
}

fn state_word(state: BatchState) -> Word {
    let tone = match state {
        BatchState::Preparing | BatchState::Void => Tone::Unknown,
        BatchState::Draft | BatchState::Checked | BatchState::Approved => Tone::Notice,
        BatchState::Sealed | BatchState::Released | BatchState::Answered => Tone::Calm,
        BatchState::Closed => Tone::Good,
    };
    Word {
        text: state.word().to_owned(),
        tone,
    }
}

fn line_word(state: LineState) -> Word {
    let tone = match state {
        LineState::Proposed | LineState::Batched | LineState::Sent => Tone::Calm,
        LineState::Apart | LineState::Void => Tone::Notice,
        LineState::Paid => Tone::Good,
        LineState::Returned => Tone::Urgent,
        LineState::Unknown => Tone::Unknown,
    };
    Word {
        text: state.word().to_owned(),
        tone,
    }
}

/// The page of all batches.
///
/// # Errors
/// The right is missing, or the record cannot be read.
pub async fn list(office: &Office, who: &Acting) -> Paid<PaymentList> {
    whole(who, Right::PAYMENT)?;
    let book = book(office)?;
    let store = &office.store;
    let today = Month::containing(office.clock.today());
    let mut funds = Vec::new();
    let fen = |fen: Option<Fen>| fen.map_or_else(|| "超出范围".to_owned(), |fen| fen.to_string());
    let year = format!("/{}", today.year());
    let budgets: Vec<_> = book
        .budgets
        .iter()
        .filter(|budget| budget.fund.ends_with(&year))
        .collect();
    for budget in budgets {
        let account = domain::ledger::Account::new(
            domain::ledger::AccountKind::Allotment,
            budget.fund.as_str(),
        );
        let sums = store::ledger::sums(store, &account).await?;
        let allotted = budget.amount.max(sums.posted_in);
        let used = sums.posted_out.checked_add(sums.pending_out);
        funds.push(FundRow {
            fund: budget.fund.clone(),
            allotted: allotted.to_string(),
            used: fen(used),
            left: fen(used.and_then(|used| allotted.checked_sub(used))),
        });
    }
    let returned = payments::returned(store, 0, 10_000).await?;
    let program = office.program_of(today);
    let first: Vec<Line> = returned.iter().take(BACK_SHOWN).cloned().collect();
    let rows = line_rows(office, &program, &first).await?;
    let back = first.iter().zip(rows);
    let back = back.map(|(line, row)| (line.content.month.to_string(), line.batch, row));
    Ok(PaymentList {
        batches: batches(office).await?,
        funds,
        entitled: store::entitlements::count(store, today).await?,
        returned: u64::try_from(returned.len()).unwrap_or(u64::MAX),
        back: back.collect(),
        month: today.to_string(),
        kinds: book
            .kinds
            .iter()
            .map(|kind| (kind.code.clone(), kind.title.clone()))
            .collect(),
        prepares: who.may(Right::PAYMENT_PREPARE),
        prompt: super::waiting(office, who).await?,
    })
}

/// The page of a batch.
///
/// # Errors
/// The right is missing, there is no such batch, or the record cannot be read.
pub async fn batch(office: &Office, who: &Acting, no: i64, ask: &BatchAsk) -> Paid<PaymentBatch> {
    whole(who, Right::PAYMENT)?;
    let book = book(office)?;
    let store = &office.store;
    let held = found(store, no).await?;
    let findings = payments::findings(store, no, held.round).await?;
    let shown = ask.state.as_deref().and_then(LineState::from_code);
    let lines = match shown {
        Some(state) => payments::lines_in(store, no, state, ask.after, LINES_ON_PAGE).await?,
        None => payments::lines(store, no, ask.after, LINES_ON_PAGE).await?,
    };
    let full = lines.len() == usize::try_from(LINES_ON_PAGE).unwrap_or(usize::MAX);
    let next = lines
        .last()
        .map(|line| line.content.line_no)
        .filter(|_| full);
    let program = office.program_of(held.content.month);
    let mut rows = line_rows(office, &program, &lines).await?;
    for row in &mut rows {
        let of_line = findings.iter().filter(|finding| finding.line_no == row.no);
        row.reasons = of_line
            .map(|finding| {
                let may = book.check(&finding.code).is_some_and(|c| c.may_confirm);
                (finding.code.clone(), finding.says.clone(), may)
            })
            .collect();
    }
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in &findings {
        let title = book.check(&finding.code).map_or("", |c| c.title.as_str());
        let count = reasons.entry(title).or_default();
        *count = count.saturating_add(1);
    }
    let states = payments::totals(store, no).await?;
    Ok(PaymentBatch {
        row: row(&book, &held),
        apart_amount: held.apart_amount.to_string(),
        states: states
            .iter()
            .map(|(state, total)| (line_word(*state), total.lines, total.amount.to_string()))
            .collect(),
        hands: hand_rows(office, &held).await?,
        reasons: reasons
            .into_iter()
            .map(|(title, count)| (title.to_owned(), count))
            .collect(),
        lines: rows,
        shown: shown.map_or("", LineState::code).to_owned(),
        next,
        ledger: ledger_rows(office, no).await?,
        answers: answer_rows(office, no).await?,
        digest: held.digest.map(|digest| store::digest::hex(&digest)),
        file_digest: held.file_digest.map(|digest| store::digest::hex(&digest)),
        acts: acts(office, who, &held).await?,
        answers_now: who.may(Right::PAYMENT_CHECK) && held.state.after(BatchAct::Answer).is_some(),
        files: who.may(Right::PAYMENT_FILE) && held.digest.is_some(),
        confirms: who.may(Right::PAYMENT_APPROVE) && held.state.after(BatchAct::Check).is_some(),
        settles: who.may(Right::PAYMENT_APPROVE),
    })
}

/// What this official may do to a batch now, by right, state and hands.
async fn acts(
    office: &Office,
    who: &Acting,
    batch: &Batch,
) -> Paid<Vec<(&'static str, &'static str)>> {
    const ALL: [(BatchAct, &str, Right); 6] = [
        (BatchAct::Check, "check", Right::PAYMENT_CHECK),
        (BatchAct::Approve, "approve", Right::PAYMENT_APPROVE),
        (BatchAct::Seal, "seal", Right::PAYMENT_APPROVE),
        (BatchAct::Release, "release", Right::PAYMENT_FILE),
        (BatchAct::Close, "close", Right::PAYMENT_CHECK),
        (BatchAct::Void, "void", Right::PAYMENT_PREPARE),
    ];
    let mine = super::accounts_of(&office.store, who).await?;
    let hands = hands(batch);
    let may = |(act, _, right): &&(BatchAct, &str, Right)| {
        who.may(*right) && batch.state.after(*act).is_some() && hands.clash(*act, &mine).is_none()
    };
    let now = ALL.iter().filter(may);
    Ok(now.map(|(act, code, _)| (*code, act.word())).collect())
}

async fn hand_rows(office: &Office, batch: &Batch) -> Paid<Vec<HandRow>> {
    let prepared = payments::Hand {
        user: batch.content.prepared_by,
        at: batch.prepared_at.clone(),
    };
    let all = [
        ("编制", Some(prepared)),
        ("核查", batch.checked.clone()),
        ("批准", batch.approved.clone()),
        ("交银行", batch.released.clone()),
    ];
    let mut names: HashMap<UserId, String> = HashMap::new();
    let mut out = Vec::new();
    for (what, hand) in all {
        let Some(hand) = hand else { continue };
        if let std::collections::hash_map::Entry::Vacant(place) = names.entry(hand.user) {
            let user = store::users::get(&office.store, hand.user).await?;
            place.insert(user.map_or_else(|| hand.user.to_string(), |user| user.name));
        }
        out.push(HandRow {
            what,
            who: names.get(&hand.user).cloned().unwrap_or_default(),
            at: minute(&hand.at),
        });
    }
    Ok(out)
}

async fn ledger_rows(office: &Office, no: i64) -> Paid<Vec<LedgerRow>> {
    let rows = store::ledger::of_batch(&office.store, no).await?;
    Ok(rows
        .iter()
        .map(|posting| LedgerRow {
            from: posting.from.to_string(),
            to: posting.to.to_string(),
            amount: posting.amount.to_string(),
            phase: match posting.phase {
                store::ledger::RowPhase::Posted => "记账",
                store::ledger::RowPhase::Pending => "预留",
                store::ledger::RowPhase::Post => "预留记账",
                store::ledger::RowPhase::Void => "预留撤销",
            },
            at: minute(&posting.at),
        })
        .collect())
}

async fn answer_rows(office: &Office, no: i64) -> Paid<Vec<AnswerRow>> {
    let mut out = Vec::new();
    for answer in payments::answers_of(&office.store, no).await? {
        let rows = payments::answer_rows(&office.store, answer.no).await?;
        let parked = rows.into_iter().filter(|row| !row.parked.is_empty());
        out.push(AnswerRow {
            file: answer.file_name,
            at: minute(&answer.at),
            applied: answer.applied,
            parked: parked.map(|row| (row.row_no, row.parked)).collect(),
        });
    }
    Ok(out)
}

pub(super) async fn line_rows(
    office: &Office,
    program: &Program,
    lines: &[Line],
) -> Paid<Vec<LineRow>> {
    let store = &office.store;
    let persons: Vec<PersonId> = lines.iter().map(|line| line.content.payee).collect();
    let names = store::identity::masked(store, &persons).await?;
    let cards: Vec<i64> = lines
        .iter()
        .filter_map(|line| line.content.account)
        .collect();
    let cards = store::bank_accounts::known(store, &cards).await?;
    let ids: Vec<i64> = lines.iter().map(|line| line.id).collect();
    let brought = store::arrears::of_lines(store, &ids).await?;
    Ok(lines
        .iter()
        .zip(brought)
        .map(|(line, brought)| {
            let content = &line.content;
            let name = names.get(&content.payee).and_then(|m| m.name.clone());
            let card = content.account.and_then(|id| cards.get(&id));
            LineRow {
                no: content.line_no,
                household: content.household.get(),
                payee: name.unwrap_or_else(|| "姓名未登记".to_owned()),
                card: card.map_or_else(|| "没有卡".to_owned(), |card| card.masked.clone()),
                programme: title(program, &content.programme),
                amount: content.amount.to_string(),
                arrears: brought
                    .iter()
                    .map(|one| (one.month.to_string(), one.amount.to_string()))
                    .collect(),
                state: line_word(line.state),
                attempt: content.attempt,
                reasons: Vec::new(),
                unknown: line.state == LineState::Unknown,
            }
        })
        .collect())
}

/// The words of a programme; a festival's programme stands behind its dot.
pub(super) fn title(program: &Program, id: &str) -> String {
    let (prefix, file) = id
        .split_once('.')
        .map_or(("", id), |(_, file)| ("节日慰问 · ", file));
    let found = program.files.iter().find(|plan| plan.id == file);
    format!("{prefix}{}", found.map_or(file, |plan| plan.title.as_str()))
}
