//! 总账: money is never made or lost, only moved. Every transfer takes from one account and gives to
//! another, so that all accounts together are always zero.
//!
//! Transfers of one entry stand together or not at all. A pending transfer holds money back until it is
//! posted or voided, once. Only where money comes from (财政拨款) may go below nothing.

use std::collections::BTreeMap;
use std::fmt;

use crate::Fen;

/// What kind of account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountKind {
    /// 财政拨款: where the money comes from, by fund and year.
    Treasury,
    /// 指标: what a fund may spend in a year.
    Allotment,
    /// 应付, by programme.
    Payable,
    /// 在途, by batch: sealed, not yet with the bank.
    InTransit,
    /// 代发清算, by batch: with the bank, not yet answered.
    Clearing,
    /// 已付, by programme.
    Paid,
    /// 退票, by programme: came back, waits to be issued again.
    Returned,
    /// 追回, by programme: paid wrongly and given back.
    Recovered,
    /// 调整, by fund and year: what leaves a fund otherwise.
    Adjustment,
}

impl AccountKind {
    /// Every kind, in the order of a balance sheet.
    pub const ALL: [Self; 9] = [
        Self::Treasury,
        Self::Allotment,
        Self::Payable,
        Self::InTransit,
        Self::Clearing,
        Self::Paid,
        Self::Returned,
        Self::Recovered,
        Self::Adjustment,
    ];

    /// The word the record keeps.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Treasury => "treasury",
            Self::Allotment => "allotment",
            Self::Payable => "payable",
            Self::InTransit => "in-transit",
            Self::Clearing => "clearing",
            Self::Paid => "paid",
            Self::Returned => "returned",
            Self::Recovered => "recovered",
            Self::Adjustment => "adjustment",
        }
    }

    /// The kind of a word of the record.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The office's own word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Treasury => "财政拨款",
            Self::Allotment => "指标",
            Self::Payable => "应付",
            Self::InTransit => "在途",
            Self::Clearing => "代发清算",
            Self::Paid => "已付",
            Self::Returned => "退票",
            Self::Recovered => "追回",
            Self::Adjustment => "调整",
        }
    }
}

/// 账户: a kind and what it is kept for, such as a programme, a batch or a fund's year.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    /// What kind.
    pub kind: AccountKind,
    /// For what.
    pub of: String,
}

impl Account {
    /// The account of a kind for a thing.
    #[must_use]
    pub fn new(kind: AccountKind, of: impl Into<String>) -> Self {
        Self {
            kind,
            of: of.into(),
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.word(), self.of)
    }
}

/// 转账: takes from one account and gives to another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Transfer {
    from: Account,
    to: Account,
    amount: Fen,
}

impl Transfer {
    /// A transfer of more than nothing between two accounts.
    #[must_use]
    pub fn new(from: Account, to: Account, amount: Fen) -> Option<Self> {
        (amount > Fen::ZERO && from != to).then_some(Self { from, to, amount })
    }

    /// Where it takes from.
    #[must_use]
    pub const fn from(&self) -> &Account {
        &self.from
    }

    /// Where it gives to.
    #[must_use]
    pub const fn to(&self) -> &Account {
        &self.to
    }

    /// How much.
    #[must_use]
    pub const fn amount(&self) -> Fen {
        self.amount
    }
}

/// Whether a transfer has moved money or only holds it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Money has moved.
    Posted,
    /// Money is held back until the transfer is posted or voided.
    Pending,
}

/// How a pending transfer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Settlement {
    /// The money moves.
    Post,
    /// The money stays.
    Void,
}

/// Sums of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Sums {
    /// What came.
    pub posted_in: Fen,
    /// What went.
    pub posted_out: Fen,
    /// What is on its way in.
    pub pending_in: Fen,
    /// What is held back on its way out.
    pub pending_out: Fen,
}

impl Sums {
    /// What the account holds.
    #[must_use]
    pub fn balance(&self) -> Option<Fen> {
        self.posted_in.checked_sub(self.posted_out)
    }

    /// What may still be taken from it.
    #[must_use]
    pub fn available(&self) -> Option<Fen> {
        self.balance()?.checked_sub(self.pending_out)
    }
}

/// Why transfers were not taken; none of their entry was.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LedgerError {
    /// An account has less than is to be taken.
    Short {
        /// Which.
        account: Account,
        /// What it has.
        available: Fen,
        /// What was to be taken.
        wanted: Fen,
    },
    /// A sum cannot be counted.
    TooLarge(Account),
    /// There is no such pending entry, or it is settled.
    NotPending(usize),
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short {
                account,
                available,
                wanted,
            } => write!(f, "{account}只有 {available} 元,要用 {wanted} 元"),
            Self::TooLarge(account) => write!(f, "{account}的合计超出可以计算的范围"),
            Self::NotPending(entry) => write!(f, "第 {entry} 笔不是待记账的,或者已经了结"),
        }
    }
}

impl std::error::Error for LedgerError {}

/// 总账 in memory: what the record's rows add up to, and what the record is checked against.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    accounts: BTreeMap<Account, Sums>,
    /// Entries that hold money back, by number; settled ones are empty.
    pending: BTreeMap<usize, Vec<Transfer>>,
    entries: usize,
}

impl Ledger {
    /// Sums of an account; one nobody used has none.
    #[must_use]
    pub fn sums(&self, account: &Account) -> Sums {
        self.accounts.get(account).copied().unwrap_or_default()
    }

    /// Every account that was used.
    pub fn accounts(&self) -> impl Iterator<Item = (&Account, &Sums)> {
        self.accounts.iter()
    }

    /// All balances together: always zero, unless it cannot be counted.
    #[must_use]
    pub fn total(&self) -> Option<Fen> {
        let balances: Option<Vec<Fen>> = self.accounts.values().map(Sums::balance).collect();
        Fen::total(balances?)
    }

    /// Takes the transfers of one entry, all or none, in their order; answers the entry's number.
    ///
    /// # Errors
    /// An account would go below nothing, or a sum cannot be counted.
    pub fn apply(&mut self, transfers: &[Transfer], phase: Phase) -> Result<usize, LedgerError> {
        let mut next = self.accounts.clone();
        for transfer in transfers {
            take(&mut next, transfer, phase)?;
        }
        self.accounts = next;
        self.entries += 1;
        if phase == Phase::Pending {
            self.pending.insert(self.entries, transfers.to_vec());
        }
        Ok(self.entries)
    }

    /// Ends a pending entry: its money moves, or stays where it was.
    ///
    /// # Errors
    /// It is not pending.
    pub fn settle(&mut self, entry: usize, how: Settlement) -> Result<(), LedgerError> {
        let Some(transfers) = self.pending.remove(&entry) else {
            return Err(LedgerError::NotPending(entry));
        };
        let mut next = self.accounts.clone();
        for transfer in &transfers {
            release(&mut next, transfer)?;
            if how == Settlement::Post {
                take(&mut next, transfer, Phase::Posted)?;
            }
        }
        self.accounts = next;
        Ok(())
    }
}

fn take(
    accounts: &mut BTreeMap<Account, Sums>,
    transfer: &Transfer,
    phase: Phase,
) -> Result<(), LedgerError> {
    let large = |account: &Account| LedgerError::TooLarge(account.clone());
    let amount = transfer.amount;
    let from = accounts.entry(transfer.from.clone()).or_default();
    let available = from.available().ok_or_else(|| large(&transfer.from))?;
    if transfer.from.kind != AccountKind::Treasury && available < amount {
        return Err(LedgerError::Short {
            account: transfer.from.clone(),
            available,
            wanted: amount,
        });
    }
    let out = match phase {
        Phase::Posted => &mut from.posted_out,
        Phase::Pending => &mut from.pending_out,
    };
    *out = out
        .checked_add(amount)
        .ok_or_else(|| large(&transfer.from))?;
    let to = accounts.entry(transfer.to.clone()).or_default();
    let into = match phase {
        Phase::Posted => &mut to.posted_in,
        Phase::Pending => &mut to.pending_in,
    };
    *into = into
        .checked_add(amount)
        .ok_or_else(|| large(&transfer.to))?;
    Ok(())
}

/// Lets go of what a pending transfer held back.
fn release(accounts: &mut BTreeMap<Account, Sums>, transfer: &Transfer) -> Result<(), LedgerError> {
    let large = |account: &Account| LedgerError::TooLarge(account.clone());
    let from = accounts.entry(transfer.from.clone()).or_default();
    let out = from.pending_out.checked_sub(transfer.amount);
    from.pending_out = out.ok_or_else(|| large(&transfer.from))?;
    let to = accounts.entry(transfer.to.clone()).or_default();
    let into = to.pending_in.checked_sub(transfer.amount);
    to.pending_in = into.ok_or_else(|| large(&transfer.to))?;
    Ok(())
}

/// A part of a batch: what one programme pays out of one fund's year.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part {
    /// 项目.
    pub programme: String,
    /// Fund and year, such as `困难群众救助补助资金/2026`.
    pub fund: String,
    /// How much.
    pub amount: Fen,
}

/// Whether a batch pays for the first time or issues again what came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Issue {
    /// For the first time: out of the fund.
    First,
    /// Again: out of what came back.
    Again,
}

fn movement(
    from: (AccountKind, &str),
    to: (AccountKind, &str),
    amount: Fen,
) -> impl Iterator<Item = Transfer> {
    let of = |(kind, what): (AccountKind, &str)| Account::new(kind, what);
    Transfer::new(of(from), of(to), amount).into_iter()
}

/// 下达指标: a fund's year may spend so much.
#[must_use]
pub fn allot(fund: &str, amount: Fen) -> Vec<Transfer> {
    movement(
        (AccountKind::Treasury, fund),
        (AccountKind::Allotment, fund),
        amount,
    )
    .collect()
}

/// 封存, what moves at once: the funds owe the programmes. Nothing moves for what is issued again.
#[must_use]
pub fn commit(parts: &[Part], issue: Issue) -> Vec<Transfer> {
    let first = parts.iter().filter(|_| issue == Issue::First);
    first
        .flat_map(|part| {
            movement(
                (AccountKind::Allotment, &part.fund),
                (AccountKind::Payable, &part.programme),
                part.amount,
            )
        })
        .collect()
}

/// 封存, what is held back until the bank has the file.
#[must_use]
pub fn reserve(batch: &str, parts: &[Part], issue: Issue) -> Vec<Transfer> {
    let kind = match issue {
        Issue::First => AccountKind::Payable,
        Issue::Again => AccountKind::Returned,
    };
    parts
        .iter()
        .flat_map(|part| {
            movement(
                (kind, &part.programme),
                (AccountKind::InTransit, batch),
                part.amount,
            )
        })
        .collect()
}

/// 交银行: what was held back is with the bank.
#[must_use]
pub fn hand_over(batch: &str, total: Fen) -> Vec<Transfer> {
    movement(
        (AccountKind::InTransit, batch),
        (AccountKind::Clearing, batch),
        total,
    )
    .collect()
}

/// 回盘, 成功: it has arrived.
#[must_use]
pub fn arrive(batch: &str, programme: &str, amount: Fen) -> Vec<Transfer> {
    movement(
        (AccountKind::Clearing, batch),
        (AccountKind::Paid, programme),
        amount,
    )
    .collect()
}

/// 回盘, 退票: it came back without having arrived.
#[must_use]
pub fn come_back(batch: &str, programme: &str, amount: Fen) -> Vec<Transfer> {
    movement(
        (AccountKind::Clearing, batch),
        (AccountKind::Returned, programme),
        amount,
    )
    .collect()
}

/// 退票 after 成功, days later.
#[must_use]
pub fn come_back_late(programme: &str, amount: Fen) -> Vec<Transfer> {
    movement(
        (AccountKind::Paid, programme),
        (AccountKind::Returned, programme),
        amount,
    )
    .collect()
}

/// 追回: what was paid wrongly has been given back.
#[must_use]
pub fn give_back(programme: &str, amount: Fen) -> Vec<Transfer> {
    movement(
        (AccountKind::Paid, programme),
        (AccountKind::Recovered, programme),
        amount,
    )
    .collect()
}
