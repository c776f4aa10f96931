//! 待认人: whose a doubtful row is. What the row says is sealed like identity; what was answered is
//! appended, and the same question in another month finds its answer.

mod seals;

pub(crate) use seals::{LEFT_SEALS, STATEMENTS as SEAL_STATEMENTS, seal_anew};

use crate::areas::{day_value, range};
use crate::at::At;
use crate::batches::{self, Doubt, DoubtState};
use crate::digest::Keyed;
use crate::error::{Result, StoreError};
use crate::identity::{self, NewIdentity, mask_name, mask_number};
use crate::persons::{self, NewPerson, PersonStatus, RowId};
use crate::sql::{Kind, Table, statements};
use crate::tokens::{TokenField, Tokeniser};
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, count, words};
use domain::{AreaCode, Day, IdNumber, Month, PersonId, TaskId, names};
use seals::Seals;

statements! {
    LIST = "select r.row_id, r.feed, r.month, r.area, r.asked, r.number_part, r.name_part, r.birth,
            r.task_id, r.name, r.number, l.candidates, l.state, l.raised_at
        from doubt_row r join doubtful_link l on l.row_id = r.row_id
        where l.state = $1 and r.area >= $2 and r.area < $3 and r.row_id > $4
        order by r.row_id limit $5";
    FIND = "select r.row_id, r.feed, r.month, r.area, r.asked, r.number_part, r.name_part, r.birth,
            r.task_id, r.name, r.number, l.candidates, l.state, l.raised_at
        from doubt_row r join doubtful_link l on l.row_id = r.row_id where r.row_id = $1";
    LIST_ASKED = "select r.row_id, r.feed, r.month, r.area, r.asked, r.number_part, r.name_part,
            r.birth, r.task_id, r.name, r.number, l.candidates, l.state, l.raised_at
        from doubt_row r join doubtful_link l on l.row_id = r.row_id
        where r.asked = $1 order by r.row_id";
    SETTLE_ANEW = "update doubtful_link set settled_person = $1, settled_at = $2
        where row_id = $3 and state = 'settled'";
    NEWEST_ANSWER = "select coalesce(max(answer_no), 0) from link_answer";
    OPEN_OF_FEED = "select r.row_id, l.candidates
        from doubt_row r join doubtful_link l on l.row_id = r.row_id
        where r.feed = $1 and l.state = 'open' order by r.row_id";
    COUNT = "select count(*) from doubt_row r join doubtful_link l on l.row_id = r.row_id
        where l.state = $1 and r.area >= $2 and r.area < $3";
    COUNT_OF_TASK = "select count(*) from doubt_row r join doubtful_link l on l.row_id = r.row_id
        where r.task_id = $1 and l.state = 'open'";
    ADD_ANSWER = "insert into link_answer (answer_no, asked, row_id, verdict, person_id,
            candidates, actor, reason, at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    LIST_ANSWERS = "select answer_no, asked, row_id, verdict, person_id, candidates, actor, reason,
            at from link_answer order by answer_no";
    ANSWERS_OF = "select answer_no, asked, row_id, verdict, person_id, candidates, actor, reason,
            at from link_answer where asked = $1 order by answer_no";
}

const ROWS: Table = Table {
    name: "doubt_row",
    columns: &[
        ("row_id", Kind::Int),
        ("feed", Kind::Text),
        ("month", Kind::Text),
        ("area", Kind::Text),
        ("asked", Kind::Bytes),
        ("number_part", Kind::Text),
        ("name_part", Kind::Text),
        ("birth", Kind::Text),
        ("task_id", Kind::Int),
        ("key_id", Kind::Int),
        ("name", Kind::Bytes),
        ("number", Kind::Bytes),
    ],
};
const COUNTS: Table = Table {
    name: "link_count",
    columns: &[
        ("batch_no", Kind::Int),
        ("certain", Kind::Int),
        ("doubtful", Kind::Int),
        ("unknown", Kind::Int),
    ],
};
pub(crate) const TABLES: &[Table] = &[ROWS, COUNTS];

/// A keyed digest of a question.
pub type Asked = [u8; 16];

words! {
    /// How one part of an identity compares.
    Compared {
        /// 一致.
        Same = "same",
        /// 不一致.
        Other = "other",
        /// 缺.
        Missing = "missing",
    }
}

words! {
    /// What was answered.
    Verdict {
        /// 是同一人.
        Same = "same",
        /// 不是: nobody of those asked about.
        Other = "other",
        /// 建新: somebody the record did not know.
        New = "new",
    }
}

/// What a row says of its person, in full. Has no printable form.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Side {
    /// 姓名, as received.
    pub name: Option<String>,
    /// The number, as written; it may be damaged.
    pub number: Option<String>,
    /// 出生日期, as far as the row tells it.
    pub birth: Option<Day>,
}

impl std::fmt::Debug for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Side(**)")
    }
}

/// Makes the digests of questions. Holds a key, so it is never shown or sent.
#[derive(Clone)]
pub struct Asker(Keyed);

impl Asker {
    /// The asker of a record.
    #[must_use]
    pub fn of(on: &impl Reads) -> Self {
        Self(on.key_ring().0.token_key("doubt", "asked"))
    }

    /// The same for the same feed, number as written, name and birth date, in whatever month.
    #[must_use]
    pub fn asked(&self, feed: &str, side: &Side) -> Asked {
        let text = |of: &Option<String>| of.clone().unwrap_or_default();
        let name = names::match_key(&text(&side.name));
        let birth = side.birth.map_or(String::new(), |day| day.to_string());
        let number = text(&side.number);
        let parts = [
            feed.as_bytes(),
            number.as_bytes(),
            name.as_bytes(),
            birth.as_bytes(),
        ];
        let digest = self.0.digest(&parts);
        *digest.first_chunk::<16>().unwrap_or(&[0; 16])
    }
}

/// A row whose person is in doubt.
#[derive(Clone, Debug)]
pub struct NewDoubt {
    /// The row.
    pub row: RowId,
    /// Id of its feed.
    pub feed: String,
    /// The month it tells of.
    pub month: Month,
    /// Whose area it concerns.
    pub area: AreaCode,
    /// The digest of the question.
    pub asked: Asked,
    /// Whom it may be, the likeliest first.
    pub candidates: Vec<PersonId>,
    /// How its number compares with the likeliest one's.
    pub number: Compared,
    /// How name, birth date and area compare.
    pub name: Compared,
    /// What it says, in full.
    pub side: Side,
    /// The task that asks.
    pub task: Option<TaskId>,
}

/// A question as pages may show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The row.
    pub row: RowId,
    /// Id of its feed.
    pub feed: String,
    /// The month it tells of.
    pub month: Month,
    /// Whose area it concerns.
    pub area: AreaCode,
    /// The digest of the question.
    pub asked: Asked,
    /// Whom it may be, the likeliest first.
    pub candidates: Vec<PersonId>,
    /// How its number compares with the likeliest one's.
    pub number: Compared,
    /// How name, birth date and area compare.
    pub name: Compared,
    /// 出生日期, as far as the row tells it.
    pub birth: Option<Day>,
    /// The name, masked.
    pub masked_name: Option<String>,
    /// The number as written, masked.
    pub masked_number: Option<String>,
    /// The task that asks.
    pub task: Option<TaskId>,
    /// Whether it is still asked.
    pub state: DoubtState,
    /// When it was raised.
    pub raised_at: At,
}

/// An answer to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAnswer {
    /// The digest of the question.
    pub asked: Asked,
    /// The row it was asked of.
    pub row: RowId,
    /// What was answered.
    pub verdict: Verdict,
    /// Whose the row is; none when it is nobody's of those asked about.
    pub person: Option<PersonId>,
    /// Who was asked about.
    pub candidates: Vec<PersonId>,
    /// Who answered.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// An answer as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its number.
    pub number: i64,
    /// What was answered, by whom and why.
    pub content: NewAnswer,
    /// When.
    pub at: At,
}

/// Adds rows in doubt with what they say.
pub async fn raise_many(tx: &mut JournalTx, at: &At, doubts: &[NewDoubt]) -> Result<()> {
    let links: Vec<Doubt> = doubts
        .iter()
        .map(|new| Doubt {
            row: new.row,
            candidates: joined(&new.candidates),
            settled_person: None,
        })
        .collect();
    batches::doubt_many(tx, &links, at).await?;
    let seals = Seals::of(tx);
    let newest = i64::from(tx.key_ring().0.newest());
    let mut rows = Vec::with_capacity(doubts.len());
    for new in doubts {
        let id = new.row.get();
        let mut row: Vec<Value> = vec![
            id.into(),
            new.feed.as_str().into(),
            new.month.to_string().into(),
            new.area.full().into(),
            new.asked.into(),
            new.number.into(),
            new.name.into(),
            day_value(new.side.birth),
            new.task.map(TaskId::get).into(),
            newest.into(),
        ];
        row.extend(seals.seal(id, &new.side)?);
        rows.push(row);
    }
    tx.insert(ROWS, rows).await
}

/// Adds how the rows of a file were linked.
pub async fn count_links(
    tx: &mut JournalTx,
    batch_no: i64,
    certain: u64,
    doubtful: u64,
    unknown: u64,
) -> Result<()> {
    let of = |n| crate::value::counted::<u64>(n, "行数").map(Value::from);
    let row = vec![batch_no.into(), of(certain)?, of(doubtful)?, of(unknown)?];
    tx.insert(COUNTS, vec![row]).await
}

/// Questions of a place in a state, in order, after a row (`None` from the first).
pub async fn list(
    on: &impl Reads,
    state: DoubtState,
    area: Option<&AreaCode>,
    after: Option<RowId>,
    limit: u32,
) -> Result<Vec<Question>> {
    let (from, below) = range(area);
    let after = after.map_or(0, RowId::get);
    let values = vec![state.into(), from, below, after.into(), limit.into()];
    questions(on, on.rows(LIST, values).await?)
}

/// One question.
pub async fn find(on: &impl Reads, row: RowId) -> Result<Option<Question>> {
    let rows = on.rows(FIND, vec![row.get().into()]).await?;
    Ok(questions(on, rows)?.into_iter().next())
}

/// The rows that ask the same, open or settled.
pub async fn list_asked(on: &impl Reads, asked: Asked) -> Result<Vec<Question>> {
    questions(on, on.rows(LIST_ASKED, vec![asked.into()]).await?)
}

/// The open rows of a feed with those they may be.
pub async fn open_of_feed(on: &impl Reads, feed: &str) -> Result<Vec<(RowId, Vec<PersonId>)>> {
    let rows = on.rows(OPEN_OF_FEED, vec![feed.into()]).await?;
    rows.iter()
        .map(|row| Ok((RowId::from_get(row.int(0)?), parted(&row.text(1)?))))
        .collect()
}

/// How many questions of a place are in a state.
pub async fn count_all(on: &impl Reads, state: DoubtState, area: Option<&AreaCode>) -> Result<u64> {
    let (from, below) = range(area);
    let rows = on.rows(COUNT, vec![state.into(), from, below]).await?;
    rows.first().map_or(Ok(0), |row| Ok(count(row.int(0)?)))
}

/// How many open questions a task still asks.
pub async fn count_of_task(on: &impl Reads, task: TaskId) -> Result<u64> {
    let rows = on.rows(COUNT_OF_TASK, vec![task.get().into()]).await?;
    rows.first().map_or(Ok(0), |row| Ok(count(row.int(0)?)))
}

/// How what a row says compares with somebody of the record, part by part. The seals are opened to
/// compare, and to nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// 姓名, folded.
    pub name: Compared,
    /// 出生日期.
    pub birth: Compared,
    /// 证件号, as written.
    pub number: Compared,
    /// How many characters of two numbers of one length differ.
    pub digits: Option<usize>,
}

/// Compares a row with somebody it may be.
pub async fn compare(on: &impl Reads, row: RowId, person: PersonId) -> Result<Comparison> {
    let rows = on.rows(FIND, vec![row.get().into()]).await?;
    let there = rows.first().ok_or_else(|| missing(row))?;
    let said = Seals::of(on).open(row.get(), there.bytes_opt(9)?, there.bytes_opt(10)?)?;
    let birth = there.day_opt(7)?;
    let life = persons::get_many(on, &[person]).await?;
    let known = identity::opened_within(on, person).await?;
    let name = |name: &str| names::match_key(name);
    let (ours, theirs) = (said.number.as_deref(), known.id_number.as_deref());
    Ok(Comparison {
        name: compared(
            said.name.as_deref().map(name),
            known.name.as_deref().map(name),
        ),
        birth: compared(birth, life.first().and_then(|p| p.birth)),
        number: compared(ours.filter(|n| !n.is_empty()), theirs),
        digits: ours.zip(theirs).and_then(|(a, b)| differing(a, b)),
    })
}

fn compared<T: PartialEq>(ours: Option<T>, theirs: Option<T>) -> Compared {
    match (ours, theirs) {
        (Some(a), Some(b)) if a == b => Compared::Same,
        (Some(_), Some(_)) => Compared::Other,
        _ => Compared::Missing,
    }
}

fn differing(ours: &str, theirs: &str) -> Option<usize> {
    let (a, b) = (ours.chars(), theirs.chars());
    (ours.chars().count() == theirs.chars().count())
        .then(|| a.zip(b).filter(|(a, b)| a != b).count())
}

fn missing(row: RowId) -> StoreError {
    StoreError::NotThere {
        what: "待认人记录",
        id: row.get(),
    }
}

/// Takes the person a row tells of into the record. A number that is damaged or finds somebody
/// already does not become theirs. The seal is opened to nobody.
pub async fn found(
    tx: &mut JournalTx,
    at: &At,
    row: RowId,
    area: AreaCode,
    today: Day,
) -> Result<PersonId> {
    let rows = tx.rows(FIND, vec![row.get().into()]).await?;
    let there = rows.first().ok_or_else(|| missing(row))?;
    let side = Seals::of(tx).open(row.get(), there.bytes_opt(9)?, there.bytes_opt(10)?)?;
    let name = side.name.clone();
    let number = free_number(tx, side, today).await?;
    let person = NewPerson {
        row,
        sex: number.as_ref().map(IdNumber::sex),
        birth: there.day_opt(7)?,
        death: None,
        area: Some(area),
        registered_area: None,
        urban_rural: None,
        status: PersonStatus::NotOnRegister,
        identity: NewIdentity {
            name,
            id_number: number.map(|number| number.as_str().to_owned()),
            ..NewIdentity::default()
        },
    };
    let ids = persons::create_many(tx, at, vec![person]).await?;
    ids.into_iter().next().ok_or(StoreError::WriteBroken)
}

/// Gives somebody without a number that of a row found to be theirs, where it is valid and nobody's.
pub async fn adopt_number(
    tx: &mut JournalTx,
    at: &At,
    row: RowId,
    person: PersonId,
    today: Day,
) -> Result<()> {
    let rows = tx.rows(FIND, vec![row.get().into()]).await?;
    let there = rows.first().ok_or_else(|| missing(row))?;
    let side = Seals::of(tx).open(row.get(), None, there.bytes_opt(10)?)?;
    let Some(number) = free_number(tx, side, today).await? else {
        return Ok(());
    };
    if identity::opened_within(tx, person)
        .await?
        .id_number
        .is_some()
    {
        return Ok(());
    }
    let newer = NewIdentity {
        id_number: Some(number.as_str().to_owned()),
        ..NewIdentity::default()
    };
    identity::update_many(tx, at, vec![(person, row, newer)]).await
}

/// The number of a row, where it is valid and finds nobody.
async fn free_number(on: &impl Reads, side: Side, today: Day) -> Result<Option<IdNumber>> {
    let valid = side.number.and_then(|n| IdNumber::parse(&n, today).ok());
    let Some(number) = valid.map(|parsed| parsed.number) else {
        return Ok(None);
    };
    let token = Tokeniser::of(on).id_number(&number);
    let known = crate::tokens::look_up_many(on, TokenField::IdNumber, &[token]).await?;
    Ok(known.is_empty().then_some(number))
}

/// Says whose a row is, now or anew; the answers keep what was said before.
pub async fn settle(
    tx: &mut JournalTx,
    at: &At,
    question: &Question,
    person: Option<PersonId>,
) -> Result<()> {
    if question.state == DoubtState::Open {
        return batches::settle_doubt(tx, question.row, person, at).await;
    }
    let values = vec![
        person.map(PersonId::get).into(),
        at.into(),
        question.row.get().into(),
    ];
    match tx.execute(SETTLE_ANEW, values).await? {
        1 => Ok(()),
        _ => Err(missing(question.row)),
    }
}

/// Number of the newest answer; 0 while there is none.
pub async fn newest_answer(on: &impl Reads) -> Result<i64> {
    let rows = on.rows(NEWEST_ANSWER, vec![]).await?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}

/// Records an answer; answers its number. The rows it settles are told by [`settle`].
pub async fn answer(tx: &mut JournalTx, at: &At, new: &NewAnswer) -> Result<i64> {
    let number = tx.take_numbers("link_answer", 1).await?;
    let values = vec![
        number.into(),
        new.asked.into(),
        new.row.get().into(),
        new.verdict.into(),
        new.person.map(PersonId::get).into(),
        joined(&new.candidates).into(),
        new.actor.as_str().into(),
        new.reason.as_str().into(),
        at.into(),
    ];
    tx.execute(ADD_ANSWER, values).await?;
    Ok(number)
}

/// Every answer, oldest first.
pub async fn answers(on: &impl Reads) -> Result<Vec<Answer>> {
    let rows = on.rows(LIST_ANSWERS, vec![]).await?;
    rows.iter().map(answer_from).collect()
}

/// The answers to one question, oldest first.
pub async fn answers_to(on: &impl Reads, asked: Asked) -> Result<Vec<Answer>> {
    let rows = on.rows(ANSWERS_OF, vec![asked.into()]).await?;
    rows.iter().map(answer_from).collect()
}

fn answer_from(row: &Row) -> Result<Answer> {
    Ok(Answer {
        number: row.int(0)?,
        content: NewAnswer {
            asked: row.array(1)?,
            row: RowId::from_get(row.int(2)?),
            verdict: row.word(3, Verdict::from_word)?,
            person: row.int_opt(4)?.map(PersonId::new),
            candidates: parted(&row.text(5)?),
            actor: row.text(6)?,
            reason: row.text(7)?,
        },
        at: row.at(8)?,
    })
}

fn questions(on: &impl Reads, rows: Vec<Row>) -> Result<Vec<Question>> {
    let seals = Seals::of(on);
    rows.iter()
        .map(|row| {
            let id = row.int(0)?;
            let side = seals.open(id, row.bytes_opt(9)?, row.bytes_opt(10)?)?;
            Ok(Question {
                row: RowId::from_get(id),
                feed: row.text(1)?,
                month: row.month(2)?,
                area: row.area(3)?,
                asked: row.array(4)?,
                number: row.word(5, Compared::from_word)?,
                name: row.word(6, Compared::from_word)?,
                birth: row.day_opt(7)?,
                task: row.int_opt(8)?.map(TaskId::new),
                masked_name: side.name.as_deref().map(mask_name),
                masked_number: side.number.as_deref().map(mask_number),
                candidates: parted(&row.text(11)?),
                state: row.word(12, DoubtState::from_word)?,
                raised_at: row.at(13)?,
            })
        })
        .collect()
}

fn joined(persons: &[PersonId]) -> String {
    let all: Vec<String> = persons.iter().map(|p| p.get().to_string()).collect();
    all.join(",")
}

fn parted(text: &str) -> Vec<PersonId> {
    let all = text.split(',').filter_map(|id| id.trim().parse().ok());
    all.map(PersonId::new).collect()
}
