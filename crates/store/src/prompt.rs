//! 即时发放 and 先行救助: months of entitlements that wait for no month's batch, and what was decided before the
//! papers. Rows are added and never changed; how far the money is say the lines.

use crate::at::At;
use crate::digest::of_bytes;
use crate::entitlements::Due;
use crate::error::Result;
use crate::notices::add;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value};
use domain::payment::LineState;
use domain::{CaseNo, Day, Fen, HouseholdId, Month, PersonId};

macro_rules! open {
    ($rest:literal) => {
        concat!(
            "select p.entitlement_id, p.month, p.kind, p.case_no, p.part, p.parts, p.ready_day, e.programme,
                e.fund, e.household_id, e.payee, e.area, a.amount,
                (select c.account_id from entitlement_account c where c.entitlement_id = e.entitlement_id
                    order by c.change_no desc limit 1),
                (select max(i.identity_id) from identity i where i.person_id = e.payee),
                (select max(l.state) from payment_line l where l.entitlement_id = p.entitlement_id
                    and l.month = p.month and l.state not in ('apart', 'void'))
            from prompt_payment p join entitlement e on e.entitlement_id = p.entitlement_id
            join entitlement_amount a on a.change_no =
                (select max(b.change_no) from entitlement_amount b
                    where b.entitlement_id = p.entitlement_id and b.from_month <= p.month)
            where (e.to_month is null or p.month < e.to_month) ",
            $rest
        )
    };
}

statements! {
    ADD = "insert into prompt_payment (entitlement_id, month, kind, case_no, part, parts, ready_day, at, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    // What may be put into a batch: its month has come, and nothing of it is on its way or paid already.
    DUE = open!("and p.kind = $1 and p.month <= $2
          and not exists (select 1 from payment_line l
                where l.entitlement_id = p.entitlement_id and l.month = p.month
                  and l.state in ('proposed', 'batched', 'sent', 'unknown', 'paid', 'returned'))
        order by p.entitlement_id, p.month limit $3");
    // Not with the bank yet, whose month has come.
    WAITING = open!("and p.month <= $1
          and not exists (select 1 from payment_line l
                where l.entitlement_id = p.entitlement_id and l.month = p.month
                  and l.state in ('sent', 'unknown', 'paid', 'returned'))
        order by p.ready_day, p.entitlement_id, p.month limit $2");
    OF_CASE = open!("and p.case_no = $1 order by p.entitlement_id, p.month");
    HELP = "insert into first_help (help_no, case_no, entitlement_id, amount, day, because, articles, decider,
            capsule, capsule_digest, at, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    HELP_OF = "select help_no, case_no, entitlement_id, amount, day, because, articles, decider, capsule,
            capsule_digest, at
        from first_help where case_no = $1";
    HELP_FIND = "select help_no, case_no, entitlement_id, amount, day, because, articles, decider, capsule,
            capsule_digest, at
        from first_help where help_no = $1";
}

/// A month of an entitlement to be paid at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPrompt {
    /// Which entitlement.
    pub entitlement: i64,
    /// Which month of it.
    pub month: Month,
    /// In batches of which kind.
    pub kind: String,
    /// Of which case.
    pub case: CaseNo,
    /// Which of its parts, from 1.
    pub part: u32,
    /// Of how many.
    pub parts: u32,
    /// From which day its working days count.
    pub ready: Day,
}

/// 即时发放 as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// What it is.
    pub content: NewPrompt,
    /// What a batch needs of it.
    pub due: Due,
    /// How far the money of the month is; none while no batch has it.
    pub state: Option<LineState>,
}

/// A first help to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewHelp {
    /// 办件.
    pub case: CaseNo,
    /// What it gave.
    pub entitlement: i64,
    /// How much.
    pub amount: Fen,
    /// On which day.
    pub day: Day,
    /// Why.
    pub because: String,
    /// The articles, one a line.
    pub articles: String,
    /// Who decided.
    pub decider: String,
    /// Facts and rules it rests on.
    pub capsule: String,
}

/// 先行救助.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Help {
    /// Its number.
    pub no: i64,
    /// What it is.
    pub content: NewHelp,
    /// SHA-256 of the capsule.
    pub capsule_digest: [u8; 32],
    /// When it was decided.
    pub at: At,
}

/// Adds months to be paid at once.
///
/// # Errors
/// The month stands already; the record.
pub async fn add_many(tx: &mut JournalTx, at: &At, new: &[NewPrompt]) -> Result<()> {
    for one in new {
        let columns = [
            ("entitlement_id", Value::from(one.entitlement)),
            ("month", one.month.to_string().into()),
            ("kind", one.kind.as_str().into()),
            ("case_no", one.case.get().into()),
            ("part", one.part.into()),
            ("parts", one.parts.into()),
            ("ready_day", one.ready.to_string().into()),
            ("at", at.into()),
        ];
        add(tx, ADD, "prompt_payment", &columns).await?;
    }
    Ok(())
}

/// What of a kind may be put into a batch of a month; what was put into one is not there any more.
///
/// # Errors
/// The record.
pub async fn due(on: &impl Reads, kind: &str, month: Month, limit: u32) -> Result<Vec<Prompt>> {
    let values = vec![kind.into(), month.to_string().into(), limit.into()];
    let rows = on.rows(DUE, values).await?;
    rows.iter().map(from_row).collect()
}

/// What is not with the bank yet and whose month has come, the longest ready first.
///
/// # Errors
/// The record.
pub async fn waiting(on: &impl Reads, month: Month, limit: u32) -> Result<Vec<Prompt>> {
    let values = vec![month.to_string().into(), limit.into()];
    let rows = on.rows(WAITING, values).await?;
    rows.iter().map(from_row).collect()
}

/// All of a case that was not stopped, by entitlement and month.
///
/// # Errors
/// The record.
pub async fn of_case(on: &impl Reads, case: CaseNo) -> Result<Vec<Prompt>> {
    let rows = on.rows(OF_CASE, vec![case.get().into()]).await?;
    rows.iter().map(from_row).collect()
}

/// Keeps a first help; answers its number.
///
/// # Errors
/// The case has one already; the record.
pub async fn help(tx: &mut JournalTx, at: &At, new: &NewHelp) -> Result<i64> {
    let no = tx.take_numbers("first-help", 1).await?;
    let columns = [
        ("help_no", Value::from(no)),
        ("case_no", new.case.get().into()),
        ("entitlement_id", new.entitlement.into()),
        ("amount", new.amount.get().into()),
        ("day", new.day.to_string().into()),
        ("because", new.because.as_str().into()),
        ("articles", new.articles.as_str().into()),
        ("decider", new.decider.as_str().into()),
        ("capsule", new.capsule.as_str().into()),
        ("capsule_digest", of_bytes(new.capsule.as_bytes()).into()),
        ("at", at.into()),
    ];
    add(tx, HELP, "first_help", &columns).await?;
    Ok(no)
}

/// The first help of a case.
///
/// # Errors
/// The record.
pub async fn help_of(on: &impl Reads, case: CaseNo) -> Result<Option<Help>> {
    let rows = on.rows(HELP_OF, vec![case.get().into()]).await?;
    rows.first().map(help_row).transpose()
}

/// A first help by its number.
///
/// # Errors
/// The record.
pub async fn find_help(on: &impl Reads, no: i64) -> Result<Option<Help>> {
    let rows = on.rows(HELP_FIND, vec![no.into()]).await?;
    rows.first().map(help_row).transpose()
}

fn small(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn from_row(row: &Row) -> Result<Prompt> {
    let state = match row.text_opt(15)? {
        None => None,
        Some(_) => Some(row.word(15, LineState::from_code)?),
    };
    Ok(Prompt {
        content: NewPrompt {
            entitlement: row.int(0)?,
            month: row.month(1)?,
            kind: row.text(2)?,
            case: CaseNo::new(row.int(3)?),
            part: small(row.int(4)?),
            parts: small(row.int(5)?),
            ready: row.day(6)?,
        },
        due: Due {
            entitlement: row.int(0)?,
            programme: row.text(7)?,
            fund: row.text(8)?,
            household: HouseholdId::new(row.int(9)?),
            payee: PersonId::new(row.int(10)?),
            area: row.area(11)?,
            amount: Fen::new(row.int(12)?),
            account: row.int_opt(13)?,
            identity: row.int_opt(14)?,
        },
        state,
    })
}

fn help_row(row: &Row) -> Result<Help> {
    Ok(Help {
        no: row.int(0)?,
        content: NewHelp {
            case: CaseNo::new(row.int(1)?),
            entitlement: row.int(2)?,
            amount: Fen::new(row.int(3)?),
            day: row.day(4)?,
            because: row.text(5)?,
            articles: row.text(6)?,
            decider: row.text(7)?,
            capsule: row.text(8)?,
        },
        capsule_digest: row.array(9)?,
        at: row.at(10)?,
    })
}
