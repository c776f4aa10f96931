//! 联席会议: meetings, what each item settled, and the search for what was settled before. Circumstances and
//! words are kept without a name, so that a precedent may be read by whoever handles the like.

use crate::areas::range;
use crate::at::At;
use crate::error::Result;
use crate::notices::add;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, words};
use domain::{AreaCode, CaseNo, Day};

statements! {
    HOLD = "insert into conferences (conference_no, area, day, title, offices, attendees, by_login, at,
            digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    FIND = "select conference_no, area, day, title, offices, attendees, by_login, at
        from conferences where conference_no = $1";
    LIST = "select conference_no, area, day, title, offices, attendees, by_login, at
        from conferences where area >= $1 and area < $2 order by conference_no desc limit $3";
    ADD_ITEM = "insert into conference_items (item_no, conference_no, case_no, programme, circumstances,
            question, resolution, departs, because, articles, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    ITEMS = "select item_no, conference_no, case_no, programme, circumstances, question, resolution, departs,
            because, articles
        from conference_items where conference_no = $1 order by item_no";
    OF_CASE = "select item_no, conference_no, case_no, programme, circumstances, question, resolution, departs,
            because, articles
        from conference_items where case_no = $1 order by item_no";
    // An empty programme or word is any; a word is looked for as it is written.
    SEARCH = "select i.item_no, i.conference_no, i.case_no, i.programme, i.circumstances, i.question,
            i.resolution, i.departs, i.because, i.articles, c.day, c.area
        from conference_items i join conferences c on c.conference_no = i.conference_no
        where ($1 = '' or i.programme = $1)
          and ($2 = '' or i.circumstances like $3 escape '!' or i.question like $3 escape '!'
            or i.resolution like $3 escape '!' or i.because like $3 escape '!')
        order by i.item_no desc limit $4";
}

words! {
    /// Whether an item departs from the rule.
    Departs {
        /// 按规定.
        No = "no",
        /// 与规定不同.
        Yes = "yes",
    }
}

/// A meeting to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewConference {
    /// Of which place.
    pub area: AreaCode,
    /// On which day.
    pub day: Day,
    /// What it is called.
    pub title: String,
    /// Which offices took part.
    pub offices: String,
    /// How many persons.
    pub attendees: u32,
    /// Who keeps the minutes.
    pub by: String,
}

/// 联席会议.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conference {
    /// Its number.
    pub no: i64,
    /// What it is.
    pub content: NewConference,
    /// When it was written down.
    pub at: At,
}

/// An item to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewItem {
    /// Of which meeting.
    pub conference: i64,
    /// About which case; none for a question by itself.
    pub case: Option<CaseNo>,
    /// In which programme.
    pub programme: String,
    /// The circumstances, without a name.
    pub circumstances: String,
    /// What was asked.
    pub question: String,
    /// What was settled.
    pub resolution: String,
    /// Whether it departs from the rule.
    pub departs: Departs,
    /// Why it departs.
    pub because: String,
    /// On which articles, one a line.
    pub articles: String,
}

/// 议题.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its number.
    pub no: i64,
    /// What it says.
    pub content: NewItem,
}

/// Keeps a meeting; answers its number.
pub async fn hold(tx: &mut JournalTx, at: &At, new: &NewConference) -> Result<i64> {
    let no = tx.take_numbers("conference", 1).await?;
    let columns = [
        ("conference_no", Value::from(no)),
        ("area", new.area.full().into()),
        ("day", new.day.to_string().into()),
        ("title", new.title.as_str().into()),
        ("offices", new.offices.as_str().into()),
        ("attendees", new.attendees.into()),
        ("by_login", new.by.as_str().into()),
        ("at", at.into()),
    ];
    add(tx, HOLD, "conferences", &columns).await?;
    Ok(no)
}

/// One meeting.
pub async fn find(on: &impl Reads, no: i64) -> Result<Option<Conference>> {
    let rows = on.rows(FIND, vec![no.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// The meetings of a place and all inside it, newest first.
pub async fn list(on: &impl Reads, area: Option<&AreaCode>, limit: u32) -> Result<Vec<Conference>> {
    let (from, below) = range(area);
    let rows = on.rows(LIST, vec![from, below, limit.into()]).await?;
    rows.iter().map(from_row).collect()
}

/// Keeps an item; answers its number.
pub async fn add_item(tx: &mut JournalTx, new: &NewItem) -> Result<i64> {
    let no = tx.take_numbers("conference_item", 1).await?;
    let columns = [
        ("item_no", Value::from(no)),
        ("conference_no", new.conference.into()),
        ("case_no", new.case.map(CaseNo::get).into()),
        ("programme", new.programme.as_str().into()),
        ("circumstances", new.circumstances.as_str().into()),
        ("question", new.question.as_str().into()),
        ("resolution", new.resolution.as_str().into()),
        ("departs", new.departs.into()),
        ("because", new.because.as_str().into()),
        ("articles", new.articles.as_str().into()),
    ];
    add(tx, ADD_ITEM, "conference_items", &columns).await?;
    Ok(no)
}

/// The items of a meeting, in order.
pub async fn items(on: &impl Reads, conference: i64) -> Result<Vec<Item>> {
    let rows = on.rows(ITEMS, vec![conference.into()]).await?;
    rows.iter().map(item).collect()
}

/// The items about a case.
pub async fn of_case(on: &impl Reads, case: CaseNo) -> Result<Vec<Item>> {
    let rows = on.rows(OF_CASE, vec![case.get().into()]).await?;
    rows.iter().map(item).collect()
}

/// What was settled before, newest first, each with its day and place.
pub async fn search(
    on: &impl Reads,
    programme: &str,
    word: &str,
    limit: u32,
) -> Result<Vec<(Item, Day, AreaCode)>> {
    let plain: String = word
        .chars()
        .flat_map(|c| match c {
            '%' | '_' | '!' => vec!['!', c],
            _ => vec![c],
        })
        .collect();
    let values = vec![
        programme.into(),
        word.into(),
        format!("%{plain}%").into(),
        limit.into(),
    ];
    let rows = on.rows(SEARCH, values).await?;
    rows.iter()
        .map(|row| Ok((item(row)?, row.day(10)?, row.area(11)?)))
        .collect()
}

fn from_row(row: &Row) -> Result<Conference> {
    Ok(Conference {
        no: row.int(0)?,
        content: NewConference {
            area: row.area(1)?,
            day: row.day(2)?,
            title: row.text(3)?,
            offices: row.text(4)?,
            attendees: u32::try_from(row.int(5)?).unwrap_or(0),
            by: row.text(6)?,
        },
        at: row.at(7)?,
    })
}

fn item(row: &Row) -> Result<Item> {
    Ok(Item {
        no: row.int(0)?,
        content: NewItem {
            conference: row.int(1)?,
            case: row.int_opt(2)?.map(CaseNo::new),
            programme: row.text(3)?,
            circumstances: row.text(4)?,
            question: row.text(5)?,
            resolution: row.text(6)?,
            departs: row.word(7, Departs::from_word)?,
            because: row.text(8)?,
            articles: row.text(9)?,
        },
    })
}
