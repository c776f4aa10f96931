//! 抽查: cases in the order in which they came to the step their county looks into by lot, what was found in
//! those that were drawn, and the lot as it held when they were decided.

use crate::at::At;
use crate::error::Result;
use crate::notices::add;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, words};
use domain::{CaseNo, Day, Month};

statements! {
    ARRIVE = "insert into sample_arrivals (place_no, case_no, programme, month, share, act, authority, at, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    ARRIVAL = "select place_no, case_no, programme, month, share, act, authority, at
        from sample_arrivals where case_no = $1";
    ARRIVALS = "select place_no, case_no, programme, month, share, act, authority, at
        from sample_arrivals where programme = $1 and month = $2 order by place_no";
    PROGRAMMES = "select distinct programme from sample_arrivals where month = $1 order by programme";
    MONTHS = "select distinct month from sample_arrivals order by month desc";
    // The first act of the case that says so: whoever comes again is not drawn again.
    ENTRY = "select seq, digest from audit
        where object_kind = 'case' and object_id = $1 and act = $2 and authority = $3 and at = $4
        order by seq limit 1";
    CHECK = "insert into sample_checks (check_no, case_no, found, says, by_login, day, at, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
    CHECKS = "select check_no, case_no, found, says, by_login, day, at
        from sample_checks where case_no = $1 order by check_no";
    KEEP_LOT = "insert into sample_lots (decision_no, case_no, entry_no, seed, why, check_no, digest)
        values ($1, $2, $3, $4, $5, $6, $7)";
    LOTS = "select decision_no, case_no, entry_no, seed, why, check_no
        from sample_lots where case_no = $1 order by decision_no";
}

words! {
    /// Why a case is looked into, or that it is not.
    LotWhy {
        /// Its own lot.
        Lot = "lot",
        /// Without it fewer would be looked into than the share says.
        Share = "share",
        /// 涉及近亲属.
        Relative = "relative",
        /// It is not.
        None = "none",
    }
}

words! {
    /// What was found.
    CheckFound {
        /// 属实.
        Agrees = "agrees",
        /// 有出入.
        Differs = "differs",
    }
}

/// A case as it came to the step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewArrival {
    /// Which.
    pub case: CaseNo,
    /// Its programme.
    pub programme: String,
    /// In which month.
    pub month: Month,
    /// The share as the procedure says it, in hundredths of a percent.
    pub share: u32,
    /// The act with which it came, as the chain names it.
    pub act: String,
    /// Under what, as the chain names it.
    pub authority: String,
    /// When.
    pub at: At,
}

/// One that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Its place among all that came.
    pub place: i64,
    /// What came.
    pub content: NewArrival,
}

/// What was found in a case that was looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCheck {
    /// Which.
    pub case: CaseNo,
    /// What was found.
    pub found: CheckFound,
    /// In words.
    pub says: String,
    /// By whom.
    pub by: String,
    /// On which day.
    pub day: Day,
}

/// A kept one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its number.
    pub no: i64,
    /// What it says.
    pub content: NewCheck,
    /// When it was written down.
    pub at: At,
}

/// The lot of a case as it held when it was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lot {
    /// The decision.
    pub decision: i64,
    /// The case.
    pub case: CaseNo,
    /// The entry of the chain.
    pub entry: i64,
    /// Its digest, in hexadecimal.
    pub seed: String,
    /// Why it was looked into, or that it was not.
    pub why: LotWhy,
    /// What was found.
    pub check: Option<i64>,
}

/// Writes down that a case came; answers its place. A case comes once.
pub async fn arrive(tx: &JournalTx, new: &NewArrival) -> Result<i64> {
    let place = tx.take_numbers("sample-place", 1).await?;
    let columns = [
        ("place_no", Value::from(place)),
        ("case_no", new.case.get().into()),
        ("programme", new.programme.as_str().into()),
        ("month", new.month.to_string().into()),
        ("share", i64::from(new.share).into()),
        ("act", new.act.as_str().into()),
        ("authority", new.authority.as_str().into()),
        ("at", (&new.at).into()),
    ];
    add(tx, ARRIVE, "sample_arrivals", &columns).await?;
    Ok(place)
}

/// When and how a case came; none while it has not.
pub async fn arrival(on: &impl Reads, case: CaseNo) -> Result<Option<Arrival>> {
    let rows = on.rows(ARRIVAL, vec![case.get().into()]).await?;
    rows.first().map(arrival_row).transpose()
}

/// All of a programme that came in a month, in order.
pub async fn arrivals(on: &impl Reads, programme: &str, month: Month) -> Result<Vec<Arrival>> {
    let values = vec![programme.into(), month.to_string().into()];
    let rows = on.rows(ARRIVALS, values).await?;
    rows.iter().map(arrival_row).collect()
}

/// The programmes of which something came in a month.
pub async fn programmes(on: &impl Reads, month: Month) -> Result<Vec<String>> {
    let rows = on.rows(PROGRAMMES, vec![month.to_string().into()]).await?;
    rows.iter().map(|row| row.text(0)).collect()
}

/// The months in which something came, newest first.
pub async fn months(on: &impl Reads) -> Result<Vec<Month>> {
    let rows = on.rows(MONTHS, Vec::new()).await?;
    rows.iter().map(|row| row.month(0)).collect()
}

fn arrival_row(row: &Row) -> Result<Arrival> {
    Ok(Arrival {
        place: row.int(0)?,
        content: NewArrival {
            case: CaseNo::new(row.int(1)?),
            programme: row.text(2)?,
            month: row.month(3)?,
            share: u32::try_from(row.int(4)?).unwrap_or(u32::MAX),
            act: row.text(5)?,
            authority: row.text(6)?,
            at: row.at(7)?,
        },
    })
}

/// The entries of the chain with which cases came: number and digest; none for one whose entry is not there.
pub async fn entries(on: &impl Reads, all: &[Arrival]) -> Result<Vec<Option<(i64, Vec<u8>)>>> {
    let set = |one: &Arrival| {
        let content = &one.content;
        vec![
            content.case.to_string().into(),
            content.act.as_str().into(),
            content.authority.as_str().into(),
            (&content.at).into(),
        ]
    };
    let answers = on.rows_each(ENTRY, all.iter().map(set).collect()).await?;
    let read = |rows: &Vec<Row>| {
        let row = rows.first();
        row.map(|row| Ok((row.int(0)?, row.bytes(1)?))).transpose()
    };
    answers.iter().map(read).collect()
}

/// Writes down what was found; answers its number.
pub async fn check(tx: &JournalTx, at: &At, new: &NewCheck) -> Result<i64> {
    let no = tx.take_numbers("sample-check", 1).await?;
    let columns = [
        ("check_no", Value::from(no)),
        ("case_no", new.case.get().into()),
        ("found", new.found.into()),
        ("says", new.says.as_str().into()),
        ("by_login", new.by.as_str().into()),
        ("day", new.day.to_string().into()),
        ("at", at.into()),
    ];
    add(tx, CHECK, "sample_checks", &columns).await?;
    Ok(no)
}

/// What was found in a case, oldest first.
pub async fn checks(on: &impl Reads, case: CaseNo) -> Result<Vec<Check>> {
    let rows = on.rows(CHECKS, vec![case.get().into()]).await?;
    let read = |row: &Row| {
        Ok(Check {
            no: row.int(0)?,
            content: NewCheck {
                case: CaseNo::new(row.int(1)?),
                found: row.word(2, CheckFound::from_word)?,
                says: row.text(3)?,
                by: row.text(4)?,
                day: row.day(5)?,
            },
            at: row.at(6)?,
        })
    };
    rows.iter().map(read).collect()
}

/// Keeps the lot of a case with its decision.
pub async fn keep(tx: &JournalTx, lot: &Lot) -> Result<()> {
    let columns = [
        ("decision_no", Value::from(lot.decision)),
        ("case_no", lot.case.get().into()),
        ("entry_no", lot.entry.into()),
        ("seed", lot.seed.as_str().into()),
        ("why", lot.why.into()),
        ("check_no", lot.check.into()),
    ];
    add(tx, KEEP_LOT, "sample_lots", &columns).await
}

/// The lots kept of a case, oldest first.
pub async fn lots(on: &impl Reads, case: CaseNo) -> Result<Vec<Lot>> {
    let rows = on.rows(LOTS, vec![case.get().into()]).await?;
    let read = |row: &Row| {
        Ok(Lot {
            decision: row.int(0)?,
            case: CaseNo::new(row.int(1)?),
            entry: row.int(2)?,
            seed: row.text(3)?,
            why: row.word(4, LotWhy::from_word)?,
            check: row.int_opt(5)?,
        })
    };
    rows.iter().map(read).collect()
}
