//! 回盘: the bank's file matched line by line, by line number, amount and card. Rows that do not fit are
//! put aside and change nothing; lines of which nothing is said are 结果不明 and never sent again.

use super::{BankBook, Paid, PayError, found, may, note, recover, whole};
use crate::access::{Acting, Right};
use crate::casework::{self, RETURNED as TASK};
use crate::office::Office;
use domain::payment::{
    AnswerRow, BatchAct, LineEvent, LineState, Outcome, Parked, SentLine, match_answer,
};
use domain::{Fen, ledger};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use store::entitlements::Cause;
use store::ledger::{Entry, Pending};
use store::payments::{self, AnswerRowKept, Line, NewAnswer};
use store::tasks::{self, NewTask, TaskEnd, TaskState};
use store::tokens::{Token, Tokeniser};
use store::{At, JournalTx};

/// What became of a file of the bank.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// The same file came before; nothing changed.
    pub repeated: bool,
    /// Lines that arrived.
    pub paid: u64,
    /// Their sum.
    pub paid_amount: Fen,
    /// Lines that came back.
    pub returned: u64,
    /// Their sum.
    pub returned_amount: Fen,
    /// Lines of which the bank says nothing.
    pub unknown: u64,
    /// Rows put aside: place and why.
    pub parked: Vec<(u32, &'static str)>,
}

/// A line and where it goes.
struct Move {
    line: Line,
    to: LineState,
}

/// Takes a file of the bank. The same file twice changes nothing.
///
/// # Errors
/// The right is missing, the batch is not with the bank, the file as a whole cannot be taken.
pub async fn answer(
    office: &Office,
    who: &Acting,
    batch: i64,
    file_name: &str,
    bytes: &[u8],
) -> Paid<Answered> {
    whole(who, Right::PAYMENT_CHECK)?;
    let held = found(&office.store, batch).await?;
    may(&office.store, who, &held, BatchAct::Answer).await?;
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    if payments::find_answer(&office.store, batch, digest)
        .await?
        .is_some()
    {
        return Ok(Answered {
            repeated: true,
            ..Answered::default()
        });
    }
    let bank = BankBook::read(office.book(), &held.content.bank)?;
    let make = Tokeniser::of(&office.store);
    let sent = super::steps::sent_digest(office, who, &held).await?;
    let told = bank.read_answer(batch, &sent, bytes, &make)?;
    let mut tx = office.store.write().await?;
    let lines = with_bank(&tx, batch).await?;
    let known: BTreeMap<u32, SentLine> = sent_lines(&tx, &lines).await?;
    let matched = match_answer(&known, &told.rows);
    let parked: BTreeMap<u32, Parked> = matched.parked.iter().copied().collect();
    let kept = kept(&bank, &told.rows, &told.codes, &parked);
    let new = NewAnswer {
        batch,
        file_name: file_name.to_owned(),
        file_digest: digest,
        rows: kept,
        note: String::new(),
        by: who.login().to_owned(),
    };
    let at = office.clock.at();
    let no = payments::keep_answer(&mut tx, &at, &new).await?;
    let by_no: BTreeMap<u32, &Line> = lines.iter().map(|l| (l.content.line_no, l)).collect();
    let mut moves = Vec::new();
    for (line, (_, outcome)) in &matched.applied {
        let event = match outcome {
            Outcome::Paid => LineEvent::Pay,
            Outcome::Returned(_) => LineEvent::Return,
        };
        moves.extend(step(by_no.get(line).copied(), event));
    }
    for line in &matched.silent {
        moves.extend(step(by_no.get(line).copied(), LineEvent::Silence));
    }
    let mut out = apply(&mut tx, &at, batch, &Cause::new("answer", no), &moves).await?;
    let codes = matched
        .applied
        .iter()
        .filter_map(|(line, (_, outcome))| match outcome {
            Outcome::Returned(code) => Some((*line, bank.word(code).to_owned())),
            Outcome::Paid => None,
        });
    raise(office, &mut tx, who, (batch, &by_no), codes.collect()).await?;
    arrived_after_all(&mut tx, &at, who, &moves).await?;
    beyond(
        &mut tx,
        &at,
        who,
        batch,
        (&moves, &Cause::new("answer", no)),
    )
    .await?;
    payments::answered(&mut tx, batch).await?;
    let says = format!(
        "第 {no} 份回盘:成功 {} 行,退票 {} 行,未答 {} 行,搁置 {} 行",
        out.paid,
        out.returned,
        out.unknown,
        matched.parked.len()
    );
    note(&mut tx, office, who, "payment.answer", batch, &says);
    tx.commit().await?;
    out.parked = matched
        .parked
        .into_iter()
        .map(|(row, why)| (row, why.word()))
        .collect();
    Ok(out)
}

/// The same for a file pasted as text: it is written in the bank's encoding and taken.
///
/// # Errors
/// As [`answer`]; a character the bank's encoding has not.
pub async fn answer_text(office: &Office, who: &Acting, batch: i64, text: &str) -> Paid<Answered> {
    let held = found(&office.store, batch).await?;
    let bank = BankBook::read(office.book(), &held.content.bank)?;
    let bytes = bank.bytes_of(text)?;
    let digest = store::digest::hex(&<[u8; 32]>::from(Sha256::digest(&bytes)));
    let short: String = digest.chars().take(8).collect();
    answer(office, who, batch, &format!("粘贴-{short}.txt"), &bytes).await
}

/// Somebody brings the bank's own word on a line of which its file said nothing.
///
/// # Errors
/// The right is missing, the line is not unknown, or no proof is named.
pub async fn settle_unknown(
    office: &Office,
    who: &Acting,
    (batch, line_no): (i64, u32),
    arrived: Arrived,
    proof: &str,
) -> Paid<()> {
    whole(who, Right::PAYMENT_APPROVE)?;
    if proof.trim().is_empty() {
        let said = "请写明银行的查询回执或者流水凭证编号";
        return Err(PayError::Refused(said.to_owned()));
    }
    let missing = || PayError::NotFound(format!("第 {batch} 批没有第 {line_no} 行"));
    let id = payments::line_id(batch, line_no).ok_or_else(missing)?;
    let mut tx = office.store.write().await?;
    let line = payments::find_line(&tx, id).await?.ok_or_else(missing)?;
    if line.state != LineState::Unknown {
        let said = format!("第 {line_no} 行现在是{},不是结果不明", line.state.word());
        return Err(PayError::Refused(said));
    }
    let event = match arrived {
        Arrived::Yes => LineEvent::Pay,
        Arrived::No => LineEvent::Return,
    };
    let moves: Vec<Move> = step(Some(&line), event).into_iter().collect();
    let at = office.clock.at();
    let cause = Cause::new("inquiry", id);
    apply(&mut tx, &at, batch, &cause, &moves).await?;
    arrived_after_all(&mut tx, &at, who, &moves).await?;
    beyond(&mut tx, &at, who, batch, (&moves, &cause)).await?;
    if line.state.after(event) == Some(LineState::Returned) {
        let lines = BTreeMap::from([(line_no, &line)]);
        let returned = vec![(line_no, "银行书面答复没有到账".to_owned())];
        raise(office, &mut tx, who, (batch, &lines), returned).await?;
    }
    let says = format!("第 {line_no} 行:{}", proof.trim());
    note(&mut tx, office, who, "payment.inquiry", batch, &says);
    tx.commit().await?;
    Ok(())
}

/// What the bank's own word on a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// It arrived.
    Yes,
    /// It came back.
    No,
}

fn step(line: Option<&Line>, event: LineEvent) -> Option<Move> {
    let line = line?;
    let to = line.state.after(event)?;
    Some(Move {
        line: line.clone(),
        to,
    })
}

/// The lines the bank has or had.
async fn with_bank(tx: &JournalTx, batch: i64) -> Paid<Vec<Line>> {
    let mut out: Vec<Line> = Vec::new();
    loop {
        let after = out.last().map_or(0, |line| line.content.line_no);
        let page = payments::lines(tx, batch, after, 50_000).await?;
        if page.is_empty() {
            break;
        }
        out.extend(page);
    }
    Ok(out)
}

async fn sent_lines(tx: &JournalTx, lines: &[Line]) -> Paid<BTreeMap<u32, SentLine>> {
    let ids: Vec<i64> = lines
        .iter()
        .filter_map(|line| line.content.account)
        .collect();
    let tokens = store::bank_accounts::tokens(tx, &ids).await?;
    let token = |line: &Line| -> Token {
        let account = line.content.account;
        account
            .and_then(|id| tokens.get(&id).copied())
            .unwrap_or_default()
    };
    Ok(lines
        .iter()
        .map(|line| {
            let sent = SentLine {
                state: line.state,
                amount: line.content.amount,
                account: token(line),
            };
            (line.content.line_no, sent)
        })
        .collect())
}

fn kept(
    bank: &BankBook,
    rows: &[AnswerRow],
    codes: &[(String, String)],
    parked: &BTreeMap<u32, Parked>,
) -> Vec<AnswerRowKept> {
    rows.iter()
        .zip(codes)
        .map(|(row, (code, _))| AnswerRowKept {
            row_no: row.row,
            line_no: row.line,
            outcome: row.outcome.as_ref().map_or("", Outcome::code).to_owned(),
            // The bank's free words may hold a name: only its code is kept, with our word for it.
            code: format!("{code} {}", bank.word(code)).trim().to_owned(),
            amount: row.amount,
            parked: parked.get(&row.row).map_or("", |why| why.word()).to_owned(),
        })
        .collect()
}

/// Moves lines and the money with them.
async fn apply(
    tx: &mut JournalTx,
    at: &At,
    batch: i64,
    cause: &Cause,
    moves: &[Move],
) -> Paid<Answered> {
    let mut out = Answered::default();
    let mut sums: BTreeMap<(&str, LineState, LineState), Fen> = BTreeMap::new();
    let large = || PayError::Refused("合计超出可以计算的范围".to_owned());
    for one in moves {
        let content = &one.line.content;
        let key = (content.programme.as_str(), one.line.state, one.to);
        let sum = sums.entry(key).or_insert(Fen::ZERO);
        *sum = sum.checked_add(content.amount).ok_or_else(large)?;
        let (count, amount) = match one.to {
            LineState::Paid => (&mut out.paid, Some(&mut out.paid_amount)),
            LineState::Returned => (&mut out.returned, Some(&mut out.returned_amount)),
            LineState::Unknown
            | LineState::Proposed
            | LineState::Apart
            | LineState::Batched
            | LineState::Sent
            | LineState::Void => (&mut out.unknown, None),
        };
        *count = count.saturating_add(1);
        if let Some(amount) = amount {
            *amount = amount.checked_add(content.amount).ok_or_else(large)?;
        }
    }
    let name = batch.to_string();
    for ((programme, from, to), sum) in sums {
        let transfers = match (from, to) {
            (_, LineState::Paid) => ledger::arrive(&name, programme, sum),
            (LineState::Paid, LineState::Returned) => ledger::come_back_late(programme, sum),
            (_, LineState::Returned) => ledger::come_back(&name, programme, sum),
            _ => Vec::new(),
        };
        let entry = Entry {
            transfers: &transfers,
            pending: Pending::No,
            batch: Some(batch),
            cause: cause.clone(),
        };
        store::ledger::apply(tx, at, &entry).await?;
    }
    let steps: Vec<_> = moves
        .iter()
        .map(|one| (one.line.id, one.line.state, one.to))
        .collect();
    payments::move_lines(tx, &steps).await?;
    Ok(out)
}

/// The tasks of lines that came back are done once the money issued again has arrived.
async fn arrived_after_all(tx: &mut JournalTx, at: &At, who: &Acting, moves: &[Move]) -> Paid<()> {
    let paid = moves.iter().filter(|one| one.to == LineState::Paid);
    let again =
        paid.filter_map(|one| Some((one.line.content.household, one.line.content.reissue_of?)));
    for (household, before) in again {
        for task in tasks::of_household(tx, household).await? {
            let content = &task.content;
            let own = content.kind == TASK && content.cause_id == before;
            if own && task.state == TaskState::Open {
                tasks::close(tx, at, who.login(), task.id, TaskEnd::Done, "补发已到账").await?;
            }
        }
    }
    Ok(())
}

/// What was on its way when its help was stopped or cut is asked back as soon as it has arrived.
async fn beyond(
    tx: &mut JournalTx,
    at: &At,
    who: &Acting,
    batch: i64,
    (moves, cause): (&[Move], &Cause),
) -> Paid<()> {
    let paid = moves.iter().filter(|one| one.to == LineState::Paid);
    let arrived: BTreeSet<i64> = paid.map(|one| one.line.id).collect();
    if arrived.is_empty() {
        return Ok(());
    }
    let why = format!("{}:{}", cause.kind, cause.id);
    recover::ask_back_arrived(tx, at, who.login(), (batch, &arrived), &why).await
}

/// One task for each door at which money came back.
async fn raise(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    (batch, lines): (i64, &BTreeMap<u32, &Line>),
    returned: Vec<(u32, String)>,
) -> Paid<()> {
    let due = casework::due_of_other(office, ("退票", ""), office.clock.today());
    let tasks: Vec<NewTask> = returned
        .iter()
        .filter_map(|(line_no, why)| {
            let line = lines.get(line_no)?;
            Some(NewTask {
                kind: TASK.to_owned(),
                household: Some(line.content.household),
                person: None,
                area: line.content.area,
                worker: None,
                due,
                urgency: 0,
                cause_kind: "payment".to_owned(),
                cause_id: line.id,
                summary: format!(
                    "第 {batch} 批第 {line_no} 行退票:{why};请核对账户后换卡或者确认,再补发"
                ),
                warnings: Vec::new(),
            })
        })
        .collect();
    if !tasks.is_empty() {
        tasks::raise_many(tx, &office.clock.at(), who.login(), &tasks).await?;
    }
    Ok(())
}
