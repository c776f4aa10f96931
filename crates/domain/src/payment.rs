//! 发放: how a batch and its lines move, whose hands they pass through, and what a bank's answer means.
//!
//! Nothing here knows an amount that is too high or a card that is doubtful: the rulebook says what is
//! checked. A line whose outcome is not known is never sent again.

use std::collections::BTreeMap;
use std::fmt;

use crate::Fen;

/// How far a batch has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BatchState {
    /// Its lines are still being drawn up; nobody works on it yet.
    Preparing,
    /// 待核查.
    Draft,
    /// 已核查.
    Checked,
    /// 已批准.
    Approved,
    /// 已封存: nothing of it can change.
    Sealed,
    /// 已交银行.
    Released,
    /// 已回盘.
    Answered,
    /// 已办结.
    Closed,
    /// 已作废, before the bank had it.
    Void,
}

/// What is done to a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BatchAct {
    /// 编制.
    Prepare,
    /// 核查, as often as needed until it is approved.
    Check,
    /// 批准.
    Approve,
    /// 封存.
    Seal,
    /// 交银行.
    Release,
    /// 回盘, as often as the bank answers.
    Answer,
    /// 办结.
    Close,
    /// 作废.
    Void,
}

impl BatchState {
    /// Every state, in order.
    pub const ALL: [Self; 9] = [
        Self::Preparing,
        Self::Draft,
        Self::Checked,
        Self::Approved,
        Self::Sealed,
        Self::Released,
        Self::Answered,
        Self::Closed,
        Self::Void,
    ];

    /// The word the record keeps.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Draft => "draft",
            Self::Checked => "checked",
            Self::Approved => "approved",
            Self::Sealed => "sealed",
            Self::Released => "released",
            Self::Answered => "answered",
            Self::Closed => "closed",
            Self::Void => "void",
        }
    }

    /// The state of a word of the record.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// The office's own word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Preparing => "编制中",
            Self::Draft => "待核查",
            Self::Checked => "已核查",
            Self::Approved => "已批准",
            Self::Sealed => "已封存",
            Self::Released => "已交银行",
            Self::Answered => "已回盘",
            Self::Closed => "已办结",
            Self::Void => "已作废",
        }
    }

    /// The state after an act; none where it cannot be done.
    #[must_use]
    pub const fn after(self, act: BatchAct) -> Option<Self> {
        match (self, act) {
            (Self::Preparing, BatchAct::Prepare) => Some(Self::Draft),
            (Self::Draft | Self::Checked, BatchAct::Check) => Some(Self::Checked),
            (Self::Checked, BatchAct::Approve) => Some(Self::Approved),
            (Self::Approved, BatchAct::Seal) => Some(Self::Sealed),
            (Self::Sealed, BatchAct::Release) => Some(Self::Released),
            (Self::Released | Self::Answered, BatchAct::Answer) => Some(Self::Answered),
            (Self::Answered, BatchAct::Close) => Some(Self::Closed),
            // What came back late still comes in after the batch is closed.
            (Self::Closed, BatchAct::Answer) => Some(Self::Closed),
            (Self::Preparing | Self::Draft | Self::Checked | Self::Approved, BatchAct::Void) => {
                Some(Self::Void)
            }
            _ => None,
        }
    }
}

impl BatchAct {
    /// The office's own word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Prepare => "编制",
            Self::Check => "核查",
            Self::Approve => "批准",
            Self::Seal => "封存",
            Self::Release => "交银行",
            Self::Answer => "回盘",
            Self::Close => "办结",
            Self::Void => "作废",
        }
    }
}

/// Whose hands a batch has passed through, by account number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Hands {
    /// Who prepared it.
    pub prepared: Option<i64>,
    /// Who checked it.
    pub checked: Option<i64>,
    /// Who approved it.
    pub approved: Option<i64>,
}

impl Hands {
    /// Who of the earlier hands keeps these from an act: preparing, checking and approving want three
    /// persons, and who hands the file to the bank has neither prepared nor checked it. `mine` are all
    /// accounts of the person who acts.
    #[must_use]
    pub fn clash(&self, act: BatchAct, mine: &[i64]) -> Option<BatchAct> {
        let held = |hand: Option<i64>| hand.is_some_and(|user| mine.contains(&user));
        let prepared = held(self.prepared).then_some(BatchAct::Prepare);
        let checked = held(self.checked).then_some(BatchAct::Check);
        match act {
            BatchAct::Check => prepared,
            BatchAct::Approve | BatchAct::Seal | BatchAct::Release => prepared.or(checked),
            BatchAct::Prepare | BatchAct::Answer | BatchAct::Close | BatchAct::Void => None,
        }
    }
}

/// How far a line has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineState {
    /// 拟发.
    Proposed,
    /// 剔出, with its reasons.
    Apart,
    /// 入批: sealed with its batch.
    Batched,
    /// 已交银行, not answered yet.
    Sent,
    /// 已发.
    Paid,
    /// 退票; it may be issued again by a new line.
    Returned,
    /// 未知: the bank did not say; only the bank's word or a proof ends it.
    Unknown,
    /// Its batch was voided.
    Void,
}

/// What happens to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineEvent {
    /// A check found something.
    SetApart,
    /// The checks found nothing any more.
    TakeBack,
    /// Its batch was sealed.
    Seal,
    /// Its batch went to the bank.
    Send,
    /// The bank paid it.
    Pay,
    /// The bank gave it back.
    Return,
    /// The bank answered the batch and said nothing of it.
    Silence,
    /// Its batch was voided.
    Void,
}

impl LineState {
    /// Whether it holds its month: what was set apart or voided left it free.
    #[must_use]
    pub const fn holds(self) -> bool {
        !matches!(self, Self::Apart | Self::Void)
    }

    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Proposed,
        Self::Apart,
        Self::Batched,
        Self::Sent,
        Self::Paid,
        Self::Returned,
        Self::Unknown,
        Self::Void,
    ];

    /// The word the record keeps.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Apart => "apart",
            Self::Batched => "batched",
            Self::Sent => "sent",
            Self::Paid => "paid",
            Self::Returned => "returned",
            Self::Unknown => "unknown",
            Self::Void => "void",
        }
    }

    /// The state of a word of the record.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// The office's own word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Proposed => "拟发",
            Self::Apart => "剔出",
            Self::Batched => "入批",
            Self::Sent => "已交银行",
            Self::Paid => "已发",
            Self::Returned => "退票",
            Self::Unknown => "结果不明",
            Self::Void => "作废",
        }
    }

    /// The state after an event; none where it cannot happen.
    #[must_use]
    pub const fn after(self, event: LineEvent) -> Option<Self> {
        match (self, event) {
            (Self::Proposed, LineEvent::SetApart) => Some(Self::Apart),
            (Self::Apart, LineEvent::TakeBack) => Some(Self::Proposed),
            (Self::Proposed, LineEvent::Seal) => Some(Self::Batched),
            (Self::Batched, LineEvent::Send) => Some(Self::Sent),
            (Self::Sent | Self::Unknown, LineEvent::Pay) => Some(Self::Paid),
            (Self::Sent | Self::Unknown | Self::Paid, LineEvent::Return) => Some(Self::Returned),
            (Self::Sent, LineEvent::Silence) => Some(Self::Unknown),
            (Self::Proposed | Self::Apart, LineEvent::Void) => Some(Self::Void),
            _ => None,
        }
    }

    /// Whether the same month may be put into another batch: it certainly did not arrive.
    #[must_use]
    pub const fn may_be_issued_again(self) -> bool {
        match self {
            Self::Apart | Self::Returned | Self::Void => true,
            Self::Proposed | Self::Batched | Self::Sent | Self::Paid | Self::Unknown => false,
        }
    }
}

/// What the bank says of a line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// 成功.
    Paid,
    /// 退票, with the bank's code.
    Returned(String),
}

impl Outcome {
    /// The word the record keeps.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Returned(_) => "returned",
        }
    }

    const fn event(&self) -> LineEvent {
        match self {
            Self::Paid => LineEvent::Pay,
            Self::Returned(_) => LineEvent::Return,
        }
    }
}

/// A line as the bank has it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SentLine {
    /// How far it has come.
    pub state: LineState,
    /// How much.
    pub amount: Fen,
    /// Keyed digest of the card.
    pub account: [u8; 16],
}

/// A row of the bank's file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AnswerRow {
    /// Its place in the file, from 1.
    pub row: u32,
    /// Which line it is about; none when it could not be read.
    pub line: Option<u32>,
    /// How much; none when it could not be read.
    pub amount: Option<Fen>,
    /// Keyed digest of the card.
    pub account: [u8; 16],
    /// What the bank says; none when the code is not known.
    pub outcome: Option<Outcome>,
}

/// Why a row of the bank's file is put aside and changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Parked {
    /// It cannot be read.
    Unreadable,
    /// The batch has no such line.
    NoSuchLine,
    /// Another amount than was sent.
    OtherAmount,
    /// Another card than was sent.
    OtherAccount,
    /// The code is not one of the bank's description.
    OtherCode,
    /// The same row stands in the file before.
    Again,
    /// The file says both that it was paid and that it came back.
    Contradicts,
    /// The line has been answered so before.
    AnsweredBefore,
    /// The line is not with the bank.
    NotSent,
}

impl Parked {
    /// The word the record keeps and the official reads.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "读不懂",
            Self::NoSuchLine => "本批没有这一行",
            Self::OtherAmount => "金额与送盘不一致",
            Self::OtherAccount => "账号与送盘不一致",
            Self::OtherCode => "结果码不在约定里",
            Self::Again => "文件里重复",
            Self::Contradicts => "文件里前后矛盾",
            Self::AnsweredBefore => "已经回过盘",
            Self::NotSent => "这一行没有送过银行",
        }
    }
}

/// What becomes of a bank's file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matched {
    /// Lines that move, with the row that moves them.
    pub applied: BTreeMap<u32, (u32, Outcome)>,
    /// Rows put aside.
    pub parked: Vec<(u32, Parked)>,
    /// Lines with the bank of which the file says nothing that counts.
    pub silent: Vec<u32>,
}

/// Matches a bank's file with the lines it was sent, by line, amount and card, never by name.
#[must_use]
pub fn match_answer(lines: &BTreeMap<u32, SentLine>, rows: &[AnswerRow]) -> Matched {
    let mut said: BTreeMap<u32, Vec<&AnswerRow>> = BTreeMap::new();
    let mut matched = Matched::default();
    for row in rows {
        match judge(lines, row) {
            Ok(line) => said.entry(line).or_default().push(row),
            Err(why) => matched.parked.push((row.row, why)),
        }
    }
    for (line, rows) in said {
        let Some((first, others)) = rows.split_first() else {
            continue;
        };
        let agree = others.iter().all(|row| {
            row.outcome.as_ref().map(Outcome::code) == first.outcome.as_ref().map(Outcome::code)
        });
        if !agree {
            let all = rows.iter().map(|row| (row.row, Parked::Contradicts));
            matched.parked.extend(all);
            continue;
        }
        matched
            .parked
            .extend(others.iter().map(|row| (row.row, Parked::Again)));
        if let Some(outcome) = first.outcome.clone() {
            matched.applied.insert(line, (first.row, outcome));
        }
    }
    matched.parked.sort_unstable();
    matched.silent = lines
        .iter()
        .filter(|(line, sent)| sent.state == LineState::Sent && !matched.applied.contains_key(line))
        .map(|(line, _)| *line)
        .collect();
    matched
}

/// The line a row moves.
fn judge(lines: &BTreeMap<u32, SentLine>, row: &AnswerRow) -> Result<u32, Parked> {
    let line = row.line.ok_or(Parked::Unreadable)?;
    let sent = lines.get(&line).ok_or(Parked::NoSuchLine)?;
    let amount = row.amount.ok_or(Parked::Unreadable)?;
    if amount != sent.amount {
        return Err(Parked::OtherAmount);
    }
    if row.account != sent.account {
        return Err(Parked::OtherAccount);
    }
    let outcome = row.outcome.as_ref().ok_or(Parked::OtherCode)?;
    if sent.state.after(outcome.event()).is_some() {
        return Ok(line);
    }
    match sent.state {
        LineState::Paid | LineState::Returned => Err(Parked::AnsweredBefore),
        LineState::Proposed
        | LineState::Apart
        | LineState::Batched
        | LineState::Sent
        | LineState::Unknown
        | LineState::Void => Err(Parked::NotSent),
    }
}

impl fmt::Display for BatchState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl fmt::Display for LineState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
