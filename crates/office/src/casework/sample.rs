//! 抽查: which cases the county looks into before it decides, and what it found there.
//!
//! A case is drawn by the entry of the audit chain with which it first came to the step: SHA-256 of that
//! entry's digest, a colon and the case's number. Whoever sends it there learns the digest only once it stands in
//! the chain, and nobody sends it there twice, so there is no seed to be chosen or tried; whoever has the chain
//! computes it again. Every case has its lot at the moment it comes, so none is drawn too late. A seed told
//! beforehand would tell everybody which numbers will never be looked into.
//!
//! The share of the rulebook is a floor: where the lots alone would leave fewer than that of those that came in
//! the month so far, the next one is looked into too. What is looked into is not decided before its result stands
//! in the record. Near relatives of staff are all looked into besides, without a lot of others changing by it.

use super::near::RELATIVE;
use super::{Case, CaseError, Done, Writing, guard, without_numbers};
use crate::access::{Acting, Right};
use crate::office::Office;
use domain::casework::{Standing, What};
use domain::{CaseNo, Month};
use std::collections::BTreeMap;
use store::cases::EventKind;
use store::digest::{hex, of_bytes};
use store::samples::{self, CheckFound, Lot, LotWhy, NewArrival, NewCheck};
use store::{Act, JournalTx, Reads};

/// Parts of a share: hundredths of a percent.
const WHOLE: u128 = 10_000;
/// Characters of a result.
const SAYS_MAX: usize = 400;

/// One case of a month, or whatever else is drawn this way, with what it was drawn by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket<N = CaseNo> {
    /// The case.
    pub no: N,
    /// Its place among those of the month, from 1.
    pub place: u64,
    /// The entry of the chain it came with; none while the chain does not have it.
    pub entry: Option<i64>,
    /// The digest of that entry, in hexadecimal.
    pub seed: String,
    /// SHA-256 of the digest, a colon and the number.
    pub lot: String,
    /// Why it is looked into, or that it is not.
    pub why: LotWhy,
}

/// A case of a month as the record has it.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it was drawn by, computed anew.
    pub ticket: Ticket,
    /// Why it is looked into, in words.
    pub why: String,
    /// What was found, in words; empty while nothing was written down.
    pub found: String,
    /// Whether it is decided.
    pub is_decided: bool,
    /// How the lot kept with the decision differs from the one computed anew; empty where it is the same.
    pub differs: String,
}

/// A programme's cases of a month.
#[derive(Clone, Debug)]
pub struct Draw {
    /// The programme.
    pub programme: String,
    /// Of which month.
    pub month: Month,
    /// The share, in hundredths of a percent.
    pub share: u32,
    /// The cases in the order in which they came.
    pub rows: Vec<Row>,
}

impl Draw {
    /// How many of them are looked into.
    #[must_use]
    pub fn drawn(&self) -> usize {
        let rows = self.rows.iter();
        rows.filter(|row| row.why != why_word(LotWhy::None)).count()
    }
}

/// What comes to be drawn: its number, the share, and entry and digest of the chain.
pub type Comes<N = CaseNo> = (N, u32, Option<(i64, Vec<u8>)>);

/// Draws cases in the order in which they came in a month. One whose entry the chain does not have is looked into.
#[must_use]
pub fn draw<N: Copy + std::fmt::Display>(all: &[Comes<N>]) -> Vec<Ticket<N>> {
    let mut out = Vec::with_capacity(all.len());
    let mut drawn = 0_u128;
    for (place, (case, share, entry)) in (1_u64..).zip(all) {
        let (no, seed) = match entry {
            Some((no, digest)) => (Some(*no), hex(digest)),
            None => (None, String::new()),
        };
        let digest = of_bytes(format!("{seed}:{case}").as_bytes());
        let first = digest.iter().take(8);
        let lot = first.fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte));
        let share = u128::from(*share);
        let wanted = (u128::from(place).saturating_mul(share)).div_ceil(WHOLE);
        let by_lot = lot.saturating_mul(WHOLE) < share << 64;
        let why = if by_lot {
            LotWhy::Lot
        } else if drawn < wanted || no.is_none() {
            LotWhy::Share
        } else {
            LotWhy::None
        };
        drawn = drawn.saturating_add(u128::from(why != LotWhy::None));
        out.push(Ticket {
            no: *case,
            place,
            entry: no,
            seed,
            lot: hex(&digest),
            why,
        });
    }
    out
}

/// The share of a step that decides by lot.
fn share_of(case: &Case) -> Option<u32> {
    let step = case.open_step().filter(|step| guard::is_decision(step))?;
    step.sample
}

/// Writes down that a case has come to a step that is drawn from, in the write with which it comes.
pub(super) async fn arrived(
    office: &Office,
    tx: &JournalTx,
    (case, before): (&Case, &Standing),
    (what, act, authority): (&What, &str, &str),
) -> Done<()> {
    let Some(share) = share_of(case) else {
        return Ok(());
    };
    let open = |standing: &Standing| standing.open.as_ref().map(|open| open.name.clone());
    let comes = matches!(what, What::Completed { .. }) && open(before) != open(&case.standing);
    if !comes || samples::arrival(tx, case.no()).await?.is_some() {
        return Ok(());
    }
    let new = NewArrival {
        case: case.no(),
        programme: case.row.content.programme.clone(),
        month: Month::containing(office.clock.today()),
        share,
        act: act.to_owned(),
        authority: authority.to_owned(),
        at: office.clock.at(),
    };
    samples::arrive(tx, &new).await?;
    Ok(())
}

/// Draws those of a programme and month anew.
async fn tickets(on: &impl Reads, (programme, month): (&str, Month)) -> Done<Vec<Ticket>> {
    let all = samples::arrivals(on, programme, month).await?;
    let entries = samples::entries(on, &all).await?;
    let comes = all.iter().zip(entries);
    let comes = comes.map(|(one, entry)| (one.content.case, one.content.share, entry));
    Ok(draw(&comes.collect::<Vec<_>>()))
}

/// Lots of several cases, each month drawn once.
#[derive(Default)]
pub(super) struct Lots(BTreeMap<(String, Month), Vec<Ticket>>);

impl Lots {
    /// The lot of a case; none for one that is not drawn from, or came before lots were drawn this way.
    async fn of(&mut self, on: &impl Reads, case: CaseNo) -> Done<Option<Ticket>> {
        let Some(came) = samples::arrival(on, case).await? else {
            return Ok(None);
        };
        let key = (came.content.programme, came.content.month);
        if !self.0.contains_key(&key) {
            let drawn = tickets(on, (&key.0, key.1)).await?;
            self.0.insert(key.clone(), drawn);
        }
        let mut all = self.0.get(&key).into_iter().flatten();
        Ok(all.find(|ticket| ticket.no == case).cloned())
    }

    /// Whether an open case is to be looked into, and what was found.
    pub(super) async fn asked(&mut self, on: &impl Reads, case: &Case) -> Done<Asked> {
        let since = guard::opened(case);
        let checks = samples::checks(on, case.no()).await?;
        Ok(Asked {
            ticket: self.of(on, case.no()).await?,
            check: checks.into_iter().rev().find(|one| Some(&one.at) >= since),
        })
    }
}

/// What is asked of somebody before a case may be decided.
pub(super) struct Asked {
    /// Its lot; none for a case that came before lots were drawn.
    pub(super) ticket: Option<Ticket>,
    /// What was found since the step opened.
    pub(super) check: Option<samples::Check>,
}

impl Asked {
    /// Why it is looked into, in words; none where it is not.
    pub(super) fn because(&self, case: &Case) -> Option<&'static str> {
        let near = case.standing.told.contains(RELATIVE);
        match self.ticket.as_ref().map(|ticket| ticket.why) {
            _ if near => Some("涉及近亲属,全部抽查"),
            Some(LotWhy::Lot) => Some("抽中了抽查"),
            Some(LotWhy::Share) => Some("按抽查比例补抽"),
            Some(LotWhy::Relative | LotWhy::None) | None => None,
        }
    }
}

/// Refuses a decision on what was to be looked into and was not; what differed wants words.
pub(super) async fn before(tx: &Writing, case: &Case, because: &str) -> Done<Asked> {
    let asked = Lots::default().asked(tx, case).await?;
    let Some(why) = asked.because(case) else {
        return Ok(asked);
    };
    match &asked.check {
        None => {
            let said =
                format!("这一件{why},还没有抽查结果,不能作决定;请先核实,在“审核”页登记抽查结果");
            Err(CaseError::Refused(said))
        }
        Some(one) if one.content.found == CheckFound::Differs && because.is_empty() => {
            let said = "抽查核实有出入;请退回补充调查,或者写明按什么情况作决定";
            Err(CaseError::Refused(said.to_owned()))
        }
        Some(_) => Ok(asked),
    }
}

/// Keeps the lot of a case with its decision.
pub(super) async fn keep(tx: &Writing, case: &Case, decision: i64, asked: &Asked) -> Done<()> {
    let Some(ticket) = &asked.ticket else {
        return Ok(());
    };
    let Some(entry) = ticket.entry else {
        let said =
            "审计链里找不到这一件送到这一步的记录,不能作决定;请管理员运行 doudi audit verify";
        return Err(CaseError::Refused(said.to_owned()));
    };
    let near = case.standing.told.contains(RELATIVE);
    let lot = Lot {
        decision,
        case: ticket.no,
        entry,
        seed: ticket.seed.clone(),
        why: match near {
            true => LotWhy::Relative,
            false => ticket.why,
        },
        check: asked.check.as_ref().map(|one| one.no),
    };
    samples::keep(tx, &lot).await?;
    Ok(())
}

/// What somebody found in a case they looked into.
#[derive(Clone, Debug)]
pub struct Looked {
    /// Whether it agrees with the file.
    pub found: CheckFound,
    /// What was asked and seen.
    pub says: String,
}

/// Why a case that waits for a decision still has to be looked into; none where it has not, or was.
///
/// # Errors
/// No such case, or no right.
pub async fn wanted(office: &Office, who: &Acting, no: CaseNo) -> Done<Option<&'static str>> {
    let case = super::load_with(office, who, Right::DECISION, no).await?;
    let asked = Lots::default().asked(&office.store, &case).await?;
    Ok(asked.because(&case).filter(|_| asked.check.is_none()))
}

/// A result out of a form.
///
/// # Errors
/// It is none.
pub fn found(word: &str) -> Done<CheckFound> {
    let none = || CaseError::Refused("请选属实或者有出入".to_owned());
    CheckFound::from_word(word).ok_or_else(none)
}

/// Writes down what was found in a case before it is decided. Whoever investigated does not check it.
///
/// # Errors
/// The case is not at the step, this person took part in the investigation, or nothing was said.
pub async fn record(office: &Office, who: &Acting, no: CaseNo, looked: &Looked) -> Done<i64> {
    let case = super::load_with(office, who, Right::DECISION, no).await?;
    super::is_own(who, &case)?;
    if !case.open_step().is_some_and(guard::is_decision) {
        let said = "现在不到作决定这一步,不用登记抽查结果;请刷新页面";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let says = looked.says.trim();
    if says.is_empty() || says.chars().count() > SAYS_MAX {
        let said = format!("请写明怎样核实的、看到什么,最多 {SAYS_MAX} 字");
        return Err(CaseError::Refused(said));
    }
    without_numbers(says)?;
    let mut tx = office.begin().await?;
    super::decision::not_an_investigator(&tx, who, &case).await?;
    let at = office.clock.at();
    let new = NewCheck {
        case: no,
        found: looked.found,
        says: says.to_owned(),
        by: who.login().to_owned(),
        day: office.clock.today().max(case.standing.newest),
    };
    let check = samples::check(&tx, &at, &new).await?;
    tx.record(
        Act::new(&at, who.login(), "case.sample-check")
            .on("case", no)
            .because(found_word(looked.found))
            .under(format!("sample-check:{check}")),
    );
    office.end(tx).await?;
    Ok(check)
}

/// 属实 or 有出入.
#[must_use]
pub fn found_word(found: CheckFound) -> &'static str {
    match found {
        CheckFound::Agrees => "属实",
        CheckFound::Differs => "有出入",
    }
}

/// Why a case is looked into, as a list shows it.
#[must_use]
pub fn why_word(why: LotWhy) -> &'static str {
    match why {
        LotWhy::Lot => "抽中",
        LotWhy::Share => "按比例补抽",
        LotWhy::Relative => "近亲属,必查",
        LotWhy::None => "—",
    }
}

/// The cases that came in a month, drawn anew from the chain and compared with what was kept when they were
/// decided. For whoever decides within their place, and for auditors.
///
/// # Errors
/// No right, or the record.
pub async fn look(office: &Office, who: &Acting, month: Month) -> Done<Vec<Draw>> {
    let scope = match who.scope(Right::AUDIT) {
        Ok(scope) => scope,
        Err(_) => who.scope(Right::DECISION)?,
    };
    let on = &office.store;
    let mut out = Vec::new();
    for programme in samples::programmes(on, month).await? {
        let all = samples::arrivals(on, &programme, month).await?;
        let share = all.first().map_or(0, |one| one.content.share);
        let mut rows = Vec::new();
        for ticket in tickets(on, (&programme, month)).await? {
            let Some(row) = store::cases::find(on, ticket.no).await? else {
                continue;
            };
            if !scope.contains(&row.current.area) {
                continue;
            }
            rows.push(seen(on, ticket).await?);
        }
        if !rows.is_empty() {
            out.push(Draw {
                programme,
                month,
                share,
                rows,
            });
        }
    }
    Ok(out)
}

async fn seen(on: &impl Reads, ticket: Ticket) -> Done<Row> {
    let checks = samples::checks(on, ticket.no).await?;
    let found = checks.iter().map(|one| {
        let content = &one.content;
        let word = found_word(content.found);
        format!("{} {word}:{}({})", content.day, content.says, content.by)
    });
    let found: Vec<String> = found.collect();
    let kept = samples::lots(on, ticket.no).await?;
    let differs = kept.last().map_or_else(String::new, |kept| {
        if Some(kept.entry) != ticket.entry || kept.seed != ticket.seed {
            format!("决定时是审计链第 {} 条,现在算出来不是", kept.entry)
        } else if kept.why != ticket.why && kept.why != LotWhy::Relative {
            format!("决定时是“{}”,现在算出来不是", why_word(kept.why))
        } else {
            String::new()
        }
    });
    let mut near = false;
    for event in store::cases::events(on, ticket.no).await? {
        let content = &event.content;
        if content.kind == EventKind::Circumstance && content.name == RELATIVE {
            near = content.outcome.is_empty();
        }
    }
    let why = if near { LotWhy::Relative } else { ticket.why };
    Ok(Row {
        why: why_word(why).to_owned(),
        ticket,
        found: found.join(";"),
        is_decided: !kept.is_empty(),
        differs,
    })
}
