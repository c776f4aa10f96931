//! 追回: what was paid and must come back, with the lines it was paid by and each step on the way.
//!
//! How much of a line is asked back stands among the steps as a row of its own, `line:` and its number; what of
//! it is let go again as `free:`. Lists of steps leave both out, and neither counts as money that came back. A
//! recovery without such rows is of the time when a line was asked back whole. `ruled:` and the number of a
//! decision stands where it was signed: what stands behind it was added since.

use crate::arrears::first_line;
use crate::at::At;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, words};
use domain::{Fen, HouseholdId, Month};
use std::collections::BTreeMap;

/// Before the number of a line of which so much is asked back.
const OF_LINE: &str = "line:";
/// Before the number of a line of which so much is let go.
const LET_GO: &str = "free:";
/// Before the number of a decision about all that stands before it.
const RULED: &str = "ruled:";

statements! {
    ADD = "insert into recovery (recovery_id, entitlement_id, household_id, programme, amount, state,
            cause, opened_by, opened_at)
        values ($1, $2, $3, $4, $5, 'open', $6, $7, $8)";
    // The rest of a line is asked back where its first part was; only the part is added.
    ADD_LINE = "insert into recovery_line (recovery_id, line_id) values ($1, $2)
        on conflict (line_id) do nothing";
    ADD_STEP = "insert into recovery_step (step_no, recovery_id, step, amount, by_login, at, says)
        values ($1, $2, $3, $4, $5, $6, $7)";
    CLOSE = "update recovery set state = 'closed', closed_at = $1
        where recovery_id = $2 and state = 'open'";
    FIND = "select recovery_id, entitlement_id, household_id, programme, amount, state, cause,
            opened_by, opened_at, closed_at from recovery where recovery_id = $1";
    LIST = "select recovery_id, entitlement_id, household_id, programme, amount, state, cause,
            opened_by, opened_at, closed_at
        from recovery where recovery_id < $1 order by recovery_id desc limit $2";
    OF_HOUSEHOLD = "select recovery_id, entitlement_id, household_id, programme, amount, state, cause,
            opened_by, opened_at, closed_at
        from recovery where household_id = $1 order by recovery_id desc";
    OPEN_OF = "select recovery_id, entitlement_id, household_id, programme, amount, state, cause,
            opened_by, opened_at, closed_at
        from recovery where entitlement_id = $1 and state = 'open'";
    EXTEND = "update recovery set amount = amount + $1 where recovery_id = $2 and state = 'open'";
    LOWER = "update recovery set amount = $1
        where recovery_id = $2 and state = 'open' and amount >= $1";
    ASKED = "select r.recovery_id, r.line_id, l.amount from recovery_line r
        join payment_line l on l.line_id = r.line_id
        where l.entitlement_id = $1 order by r.line_id";
    ASKED_PARTS = "select s.recovery_id, s.step, s.amount from recovery_step s
        join recovery r on r.recovery_id = s.recovery_id
        where r.entitlement_id = $1 and (s.step like 'line:%' or s.step like 'free:%')
        order by s.step_no";
    // Lines of a batch that arrived and were more by themselves than what is now decided for their month, all of it
    // where help has ended by then; and those that brought something for a month that was decided again since.
    MORE_THAN_DUE = concat!(
        "select o.line_id, o.entitlement_id, o.month, o.due
        from (select l.line_id, l.entitlement_id, l.month, l.amount, ",
        first_line!(),
        " as first,
                coalesce((select m.amount from month_due m where m.entitlement_id = l.entitlement_id
                        and m.month = l.month order by m.due_no desc limit 1),
                    case when e.to_month is not null and e.to_month <= l.month then 0
                    else coalesce((select a.amount from entitlement_amount a
                        where a.entitlement_id = l.entitlement_id and a.from_month <= l.month
                        order by a.change_no desc limit 1), 0) end) as due
            from payment_line l join entitlement e on e.entitlement_id = l.entitlement_id
            where l.batch_no = $1 and l.state = 'paid'
              and not exists (select 1 from recovery_line r where r.line_id = l.line_id)) o
        where o.amount - coalesce((select cast(sum(b.amount) as bigint) from arrears b
                where b.line_id = o.first), 0) > o.due
          or exists (select 1 from arrears b
                join month_due m on m.entitlement_id = b.entitlement_id and m.month = b.month
                where b.line_id = o.first group by b.arrears_no having count(*) > 1)
        order by o.line_id"
    );
    STEPS = "select step, amount, by_login, at, says from recovery_step
        where recovery_id = $1 and step not like 'line:%' and step not like 'free:%' and step not like 'ruled:%'
        order by step_no";
    // More came back than is asked.
    TOO_MUCH = "select r.recovery_id, r.amount, cast(sum(s.amount) as bigint) from recovery r
        join recovery_step s on s.recovery_id = r.recovery_id
            and s.step not like 'line:%' and s.step not like 'free:%' and s.step not like 'ruled:%'
        group by r.recovery_id, r.amount having sum(s.amount) > r.amount order by r.recovery_id";
    // What came back on recoveries, and what the ledger has of it.
    CAME_BACK = "select b.programme, b.amount, coalesce((select a.posted_in from ledger_account a
                where a.kind = 'recovered' and a.of_what = b.programme), 0)
        from (select r.programme, cast(coalesce(sum(s.amount), 0) as bigint) as amount
            from recovery r join recovery_step s on s.recovery_id = r.recovery_id
                and s.step not like 'line:%' and s.step not like 'free:%' and s.step not like 'ruled:%'
            group by r.programme) b
        order by b.programme";
    OWN_PARTS = "select step, amount from recovery_step
        where recovery_id = $1 and (step like 'line:%' or step like 'free:%' or step like 'ruled:%')
        order by step_no";
    ALL_PARTS = "select step, amount from recovery_step
        where step like 'line:%' or step like 'free:%' order by step_no";
    LINE_AMOUNTS = "select amount from payment_line where line_id = $1";
}

words! {
    /// How far a recovery has come.
    RecoveryState {
        /// Something is still to come back.
        Open = "open",
        /// All came back, or was given up with its reason.
        Closed = "closed",
    }
}

/// A recovery to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecovery {
    /// Of which entitlement.
    pub entitlement: i64,
    /// Whose file.
    pub household: HouseholdId,
    /// 项目.
    pub programme: String,
    /// How much.
    pub amount: Fen,
    /// Why, with the record it rests on.
    pub cause: String,
    /// Who opened it.
    pub by: String,
    /// The lines it was paid by, and how much of each is asked back.
    pub lines: Vec<(i64, Fen)>,
}

/// 追回.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Its number.
    pub id: i64,
    /// What it is; its lines are asked for apart.
    pub content: NewRecovery,
    /// How far it has come.
    pub state: RecoveryState,
    /// When it was opened.
    pub opened_at: At,
    /// When it was closed.
    pub closed_at: Option<At>,
}

/// A step on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryStep {
    /// Which, by the rulebook.
    pub step: String,
    /// What came back by it.
    pub amount: Option<Fen>,
    /// Who did it.
    pub by: String,
    /// When.
    pub at: At,
    /// In words.
    pub says: String,
}

/// Opens a recovery.
pub async fn add_recovery(tx: &mut JournalTx, at: &At, new: &NewRecovery) -> Result<i64> {
    let id = tx.take_numbers("recovery", 1).await?;
    let values = vec![
        id.into(),
        new.entitlement.into(),
        new.household.get().into(),
        new.programme.as_str().into(),
        new.amount.get().into(),
        new.cause.as_str().into(),
        new.by.as_str().into(),
        at.into(),
    ];
    tx.execute(ADD, values).await?;
    add_parts(tx, (at, &new.by), id, &new.lines).await?;
    Ok(id)
}

/// More is asked back by an open recovery: so much of these lines, so much together.
pub async fn extend_recovery(
    tx: &mut JournalTx,
    hand: (&At, &str),
    recovery: i64,
    (lines, amount): (&[(i64, Fen)], Fen),
) -> Result<()> {
    let extended = tx
        .execute(EXTEND, vec![amount.get().into(), recovery.into()])
        .await?;
    open_one(extended, recovery)?;
    add_parts(tx, hand, recovery, lines).await
}

async fn add_parts(
    tx: &mut JournalTx,
    hand: (&At, &str),
    recovery: i64,
    lines: &[(i64, Fen)],
) -> Result<()> {
    let rows = lines
        .iter()
        .map(|(line, _)| vec![recovery.into(), (*line).into()]);
    tx.execute_each(ADD_LINE, rows.collect()).await?;
    parts(tx, hand, recovery, (OF_LINE, lines)).await
}

/// So much of these lines is no longer asked back.
pub async fn let_go(
    tx: &mut JournalTx,
    hand: (&At, &str),
    recovery: i64,
    lines: &[(i64, Fen)],
) -> Result<()> {
    parts(tx, hand, recovery, (LET_GO, lines)).await
}

async fn parts(
    tx: &mut JournalTx,
    (at, by): (&At, &str),
    recovery: i64,
    (kind, lines): (&str, &[(i64, Fen)]),
) -> Result<()> {
    for (line, amount) in lines {
        let part = RecoveryStep {
            step: format!("{kind}{line}"),
            amount: Some(*amount),
            by: by.to_owned(),
            at: at.clone(),
            says: String::new(),
        };
        note_step(tx, recovery, &part).await?;
    }
    Ok(())
}

/// A decision about a recovery was signed: what is added from here on is not of it. `asked` is how much it was
/// signed about.
pub async fn ruled(
    tx: &mut JournalTx,
    (at, by): (&At, &str),
    recovery: i64,
    (decision, asked): (i64, Fen),
) -> Result<()> {
    let mark = RecoveryStep {
        step: format!("{RULED}{decision}"),
        amount: Some(asked),
        by: by.to_owned(),
        at: at.clone(),
        says: String::new(),
    };
    note_step(tx, recovery, &mark).await
}

/// The lines a recovery was added since a decision was signed, and, where `until` names a later one, before that
/// was; how much of each is asked back, what was let go of them since taken off. None where the record does not
/// say when the first of the two was signed.
pub async fn added_since(
    on: &impl Reads,
    recovery: i64,
    (decision, until): (i64, Option<i64>),
) -> Result<Option<Vec<(i64, Fen)>>> {
    let (from, to) = (
        format!("{RULED}{decision}"),
        until.map(|no| format!("{RULED}{no}")),
    );
    let mut lines: Option<BTreeMap<i64, i64>> = None;
    for row in on.rows(OWN_PARTS, vec![recovery.into()]).await? {
        let step = row.text(0)?;
        if Some(&step) == to.as_ref() {
            break;
        }
        if step == from {
            lines = Some(BTreeMap::new());
        } else if let Some(lines) = &mut lines
            && !step.starts_with(RULED)
        {
            let (line, amount) = part(&step, row.int(1)?)?;
            let sum = lines.entry(line).or_default();
            // What is let go of a line beyond what was added to it was asked before.
            *sum = sum.saturating_add(amount).max(0);
        }
    }
    let amounts = |lines: BTreeMap<i64, i64>| {
        let asked = lines.into_iter().filter(|(_, amount)| *amount > 0);
        asked
            .map(|(line, amount)| (line, Fen::new(amount)))
            .collect()
    };
    Ok(lines.map(amounts))
}

/// So much is asked back by an open recovery and no more; never more than before.
pub async fn lower_recovery(tx: &mut JournalTx, recovery: i64, amount: Fen) -> Result<()> {
    let values = vec![amount.get().into(), recovery.into()];
    open_one(tx.execute(LOWER, values).await?, recovery)
}

fn open_one(changed: u64, recovery: i64) -> Result<()> {
    match changed {
        1 => Ok(()),
        _ => Err(StoreError::NotThere {
            what: "追回",
            id: recovery,
        }),
    }
}

/// The open recovery of an entitlement.
pub async fn open_recovery_of(on: &impl Reads, entitlement: i64) -> Result<Option<Recovery>> {
    let rows = on.rows(OPEN_OF, vec![entitlement.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// How much of a line a recovery asks back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Which recovery.
    pub recovery: i64,
    /// Which line.
    pub line: i64,
    /// How much; nothing where all of it was let go.
    pub amount: Fen,
}

/// How much of each line of an entitlement each recovery asks back.
pub async fn asked_back(on: &impl Reads, entitlement: i64) -> Result<Vec<Asked>> {
    let mut all: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    for row in on.rows(ASKED_PARTS, vec![entitlement.into()]).await? {
        let (recovery, step, amount) = (row.int(0)?, row.text(1)?, row.int(2)?);
        let (line, amount) = part(&step, amount)?;
        let sum = all.entry((recovery, line)).or_default();
        *sum = sum.saturating_add(amount);
    }
    for row in on.rows(ASKED, vec![entitlement.into()]).await? {
        all.entry((row.int(0)?, row.int(1)?)).or_insert(row.int(2)?);
    }
    let asked = all.into_iter().map(|((recovery, line), amount)| Asked {
        recovery,
        line,
        amount: Fen::new(amount),
    });
    Ok(asked.collect())
}

/// The line of a part, and how much it adds to what is asked back.
fn part(step: &str, amount: i64) -> Result<(i64, i64)> {
    let asks = step.strip_prefix(OF_LINE).map(|line| (line, amount));
    let frees = step
        .strip_prefix(LET_GO)
        .map(|line| (line, amount.saturating_neg()));
    let read = asks
        .or(frees)
        .and_then(|(line, amount)| Some((line.parse().ok()?, amount)));
    read.ok_or_else(|| StoreError::BadValue {
        what: "追回的发放行".to_owned(),
    })
}

/// A line that arrived and was more than what is decided for its month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct More {
    /// Which line.
    pub line: i64,
    /// Of which entitlement.
    pub entitlement: i64,
    /// For which month.
    pub month: Month,
    /// How much is decided for it.
    pub due: Fen,
}

/// Lines of a batch that arrived, were more than what is decided for their month, and are in no recovery. What they
/// brought for other months is in them.
pub async fn more_than_due(on: &impl Reads, batch: i64) -> Result<Vec<More>> {
    let rows = on.rows(MORE_THAN_DUE, vec![batch.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(More {
                line: row.int(0)?,
                entitlement: row.int(1)?,
                month: row.month(2)?,
                due: Fen::new(row.int(3)?),
            })
        })
        .collect()
}

/// Notes a step.
pub async fn note_step(tx: &mut JournalTx, recovery: i64, step: &RecoveryStep) -> Result<()> {
    let no = tx.take_numbers("recovery_step", 1).await?;
    let values = vec![
        no.into(),
        recovery.into(),
        step.step.as_str().into(),
        step.amount.map(Fen::get).into(),
        step.by.as_str().into(),
        (&step.at).into(),
        step.says.as_str().into(),
    ];
    tx.execute(ADD_STEP, values).await?;
    Ok(())
}

/// Closes a recovery.
pub async fn close_recovery(tx: &mut JournalTx, recovery: i64, at: &At) -> Result<()> {
    match tx.execute(CLOSE, vec![at.into(), recovery.into()]).await? {
        1 => Ok(()),
        _ => Err(StoreError::NotThere {
            what: "追回",
            id: recovery,
        }),
    }
}

/// One recovery.
pub async fn find_recovery(on: &impl Reads, id: i64) -> Result<Option<Recovery>> {
    let rows = on.rows(FIND, vec![id.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// Recoveries, newest first, before a number (`i64::MAX` for the newest).
pub async fn list_recoveries(on: &impl Reads, before: i64, limit: u32) -> Result<Vec<Recovery>> {
    let rows = on.rows(LIST, vec![before.into(), limit.into()]).await?;
    rows.iter().map(from_row).collect()
}

/// Recoveries of a household, newest first.
pub async fn recoveries_of_household(
    on: &impl Reads,
    household: HouseholdId,
) -> Result<Vec<Recovery>> {
    let rows = on.rows(OF_HOUSEHOLD, vec![household.get().into()]).await?;
    rows.iter().map(from_row).collect()
}

/// The lines a recovery asks back, and how much of each.
pub async fn recovery_lines(on: &impl Reads, recovery: &Recovery) -> Result<Vec<(i64, Fen)>> {
    let all = asked_back(on, recovery.content.entitlement).await?;
    let own = all.into_iter().filter(|one| one.recovery == recovery.id);
    Ok(own.map(|one| (one.line, one.amount)).collect())
}

/// Recoveries on which more came back than is asked, lines of which more is asked than was paid, and programmes
/// whose recoveries do not add up to the ledger.
pub async fn recovery_discrepancies(on: &impl Reads) -> Result<Vec<String>> {
    let mut out = Vec::new();
    for row in on.rows(TOO_MUCH, vec![]).await? {
        out.push(format!(
            "追回 {} 要退 {} 分,已退 {} 分,退多了",
            row.int(0)?,
            row.int(1)?,
            row.int(2)?
        ));
    }
    for row in on.rows(CAME_BACK, vec![]).await? {
        let (back, posted) = (row.int(1)?, row.int(2)?);
        if back != posted {
            let programme = row.text(0)?;
            out.push(format!(
                "`{programme}` 的追回登记退了 {back} 分,总账记了 {posted} 分"
            ));
        }
    }
    let mut lines: BTreeMap<i64, i64> = BTreeMap::new();
    for row in on.rows(ALL_PARTS, vec![]).await? {
        let (line, amount) = part(&row.text(0)?, row.int(1)?)?;
        let sum = lines.entry(line).or_default();
        *sum = sum.saturating_add(amount);
    }
    for (line, asked) in lines {
        let rows = on.rows(LINE_AMOUNTS, vec![line.into()]).await?;
        let paid = rows.first().map_or(Ok(0), |row| row.int(0))?;
        if asked > paid || asked < 0 {
            out.push(format!("发放行 {line} 发了 {paid} 分,追回要了 {asked} 分"));
        }
    }
    Ok(out)
}

/// The steps of a recovery, oldest first.
pub async fn recovery_steps(on: &impl Reads, id: i64) -> Result<Vec<RecoveryStep>> {
    let rows = on.rows(STEPS, vec![id.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(RecoveryStep {
                step: row.text(0)?,
                amount: row.int_opt(1)?.map(Fen::new),
                by: row.text(2)?,
                at: row.at(3)?,
                says: row.text(4)?,
            })
        })
        .collect()
}

fn from_row(row: &Row) -> Result<Recovery> {
    Ok(Recovery {
        id: row.int(0)?,
        content: NewRecovery {
            entitlement: row.int(1)?,
            household: HouseholdId::new(row.int(2)?),
            programme: row.text(3)?,
            amount: Fen::new(row.int(4)?),
            cause: row.text(6)?,
            by: row.text(7)?,
            lines: Vec::new(),
        },
        state: row.word(5, RecoveryState::from_word)?,
        opened_at: row.at(8)?,
        closed_at: row.at_opt(9)?,
    })
}
