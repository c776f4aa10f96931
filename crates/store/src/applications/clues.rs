//! 线索: somebody may need help. The same person told of again joins the open clue.

use crate::areas::range;
use crate::at::At;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, words};
use domain::{ApplicationNo, AreaCode, PersonId};

statements! {
    ADD_CLUE = "insert into clues (clue_no, person_id, area, source, urgent, text, state, into_clue,
            at, actor)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    OPEN_CLUE = "select clue_no from clues where person_id = $1 and state = 'open'";
    FIND_CLUE = "select clue_no, person_id, area, source, urgent, text, state, into_clue,
            application_no, at, actor from clues where clue_no = $1";
    JOINED_CLUES = "select clue_no, person_id, area, source, urgent, text, state, into_clue,
            application_no, at, actor from clues where into_clue = $1 order by clue_no";
    LIST_CLUES = "select clue_no, person_id, area, source, urgent, text, state, into_clue,
            application_no, at, actor from clues
        where state = 'open' and area >= $1 and area < $2
        order by urgent desc, clue_no limit $3";
    OPEN_ABOUT = "select clue_no, person_id, urgent, at from clues where state = 'open' order by clue_no";
    MAKE_URGENT = "update clues set urgent = 1 where clue_no = $1 and state = 'open'";
    USE_CLUE = "update clues set state = 'applied', application_no = $1
        where clue_no = $2 and state = 'open'";
    CLOSE_CLUE = "update clues set state = 'closed' where clue_no = $1 and state = 'open'";
}

words! {
    /// Who told of somebody in need.
    ClueSource {
        /// 网格员、村级协理员.
        Worker = "worker",
        /// 热线.
        Hotline = "hotline",
        /// 居民.
        Resident = "resident",
        /// 部门.
        Department = "department",
    }
}

words! {
    /// What became of a clue.
    ClueState {
        /// 待办.
        Open = "open",
        /// 并入.
        Joined = "joined",
        /// 已转申请.
        Applied = "applied",
        /// 已了结.
        Closed = "closed",
    }
}

/// 线索 to be taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewClue {
    /// Who may need help.
    pub person: PersonId,
    /// Where.
    pub area: AreaCode,
    /// Who told.
    pub source: ClueSource,
    /// Whether it cannot wait.
    pub urgent: bool,
    /// What happened, without a name or number.
    pub text: String,
}

/// 线索.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clue {
    /// 线索编号.
    pub no: i64,
    /// What it says.
    pub content: NewClue,
    /// What became of it.
    pub state: ClueState,
    /// The clue it joined.
    pub into: Option<i64>,
    /// The application it became.
    pub application: Option<ApplicationNo>,
    /// When it came.
    pub at: At,
    /// Who wrote it down.
    pub actor: String,
}

/// An open clue without its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClueMark {
    /// 线索编号.
    pub no: i64,
    /// Whom it is about.
    pub person: PersonId,
    /// Whether it cannot wait.
    pub urgent: bool,
    /// When it came.
    pub at: At,
}

/// Every open clue, without its words.
pub async fn open_marks(on: &impl Reads) -> Result<Vec<ClueMark>> {
    let rows = on.rows(OPEN_ABOUT, vec![]).await?;
    let mark = |row: &Row| {
        Ok(ClueMark {
            no: row.int(0)?,
            person: PersonId::new(row.int(1)?),
            urgent: row.int(2)? != 0,
            at: row.at(3)?,
        })
    };
    rows.iter().map(mark).collect()
}

/// Takes a clue in. One about a person with an open clue joins that; answers both numbers then.
pub async fn add_clue(
    tx: &mut JournalTx,
    at: &At,
    actor: &str,
    new: &NewClue,
) -> Result<(i64, Option<i64>)> {
    let no = tx.take_numbers("clue", 1).await?;
    let open = tx.rows(OPEN_CLUE, vec![new.person.get().into()]).await?;
    let into = open.first().map(|row| row.int(0)).transpose()?;
    let state = match into {
        Some(_) => ClueState::Joined,
        None => ClueState::Open,
    };
    let values = vec![
        no.into(),
        new.person.get().into(),
        new.area.full().into(),
        new.source.into(),
        i64::from(new.urgent).into(),
        new.text.as_str().into(),
        state.into(),
        into.into(),
        at.into(),
        actor.into(),
    ];
    tx.execute(ADD_CLUE, values).await?;
    if let (Some(into), true) = (into, new.urgent) {
        tx.execute(MAKE_URGENT, vec![into.into()]).await?;
    }
    Ok((no, into))
}

/// One clue.
pub async fn find_clue(on: &impl Reads, no: i64) -> Result<Option<Clue>> {
    let rows = on.rows(FIND_CLUE, vec![no.into()]).await?;
    rows.first().map(clue).transpose()
}

/// The clues that joined one.
pub async fn joined_clues(on: &impl Reads, no: i64) -> Result<Vec<Clue>> {
    let rows = on.rows(JOINED_CLUES, vec![no.into()]).await?;
    rows.iter().map(clue).collect()
}

/// The open clues of a place and all inside it, those that cannot wait first.
pub async fn open_clues(on: &impl Reads, area: Option<&AreaCode>, limit: u32) -> Result<Vec<Clue>> {
    let (from, below) = range(area);
    let rows = on.rows(LIST_CLUES, vec![from, below, limit.into()]).await?;
    rows.iter().map(clue).collect()
}

/// A clue has become an application.
pub async fn use_clue(tx: &mut JournalTx, no: i64, application: ApplicationNo) -> Result<()> {
    one(
        tx.execute(USE_CLUE, vec![application.get().into(), no.into()])
            .await?,
        no,
    )
}

/// A clue needs nothing more.
pub async fn close_clue(tx: &mut JournalTx, no: i64) -> Result<()> {
    one(tx.execute(CLOSE_CLUE, vec![no.into()]).await?, no)
}

fn one(changed: u64, id: i64) -> Result<()> {
    match changed {
        1 => Ok(()),
        _ => Err(StoreError::NotThere { what: "线索", id }),
    }
}

fn clue(row: &Row) -> Result<Clue> {
    Ok(Clue {
        no: row.int(0)?,
        content: NewClue {
            person: PersonId::new(row.int(1)?),
            area: row.area(2)?,
            source: row.word(3, ClueSource::from_word)?,
            urgent: row.int(4)? == 1,
            text: row.text(5)?,
        },
        state: row.word(6, ClueState::from_word)?,
        into: row.int_opt(7)?,
        application: row.int_opt(8)?.map(ApplicationNo::new),
        at: row.at(9)?,
        actor: row.text(10)?,
    })
}
