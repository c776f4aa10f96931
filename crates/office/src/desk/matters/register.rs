//! 登记簿: what a matter is judged over is recorded, and not told by whoever asks. The rule's file says under
//! 登记簿 which column of which register gives which fact; a register comes as a whole list.

use super::{Asked, program};
use crate::access::{Acting, Right};
use crate::desk::paging::minute;
use crate::office::Office;
use crate::views::ViewError;
use domain::Day;
use serde::Serialize;
use std::collections::BTreeMap;
use store::Act;
use store::registers::{self, NewList};

/// The heading of the table in the rule's file.
const HEADING: &str = "登记簿";
/// Its columns.
const COLUMNS: [&str; 3] = ["登记簿", "登记项", "事实"];
/// The fact's word of the column things are told apart by.
const KEY: &str = "编号";
/// Most things of a list.
const ROWS_MAX: usize = 5_000;
/// Most characters of a cell.
const CELL_MAX: usize = 60;
/// Mistakes told one by one.
const TOLD_MAX: usize = 8;

/// Which register gives which facts of a matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub register: String,
    /// The column of the code.
    pub key: String,
    /// Column and fact.
    pub columns: Vec<(String, String)>,
}

impl Shape {
    /// As the rule's file says; none where it names no register.
    pub(super) fn of(office: &Office, path: &str) -> Option<Self> {
        let tables = &office.book().document(path)?.tables;
        let table = tables.iter().find(|table| table.heading == HEADING)?;
        let [register, column, fact] =
            COLUMNS.map(|name| table.header.iter().position(|cell| cell.text == name));
        let (register, column, fact) = (register?, column?, fact?);
        let mut shape: Option<Self> = None;
        for row in &table.rows {
            let text = |at: usize| row.get(at).map_or("", |cell| cell.text.as_str());
            let shape = shape.get_or_insert_with(|| Self {
                register: text(register).to_owned(),
                key: String::new(),
                columns: Vec::new(),
            });
            match text(fact) {
                KEY => text(column).clone_into(&mut shape.key),
                fact => shape
                    .columns
                    .push((text(column).to_owned(), fact.to_owned())),
            }
        }
        shape.filter(|shape| !shape.key.is_empty() && !shape.columns.is_empty())
    }

    /// Whether a fact comes from the register.
    pub(super) fn gives(&self, fact: &str) -> bool {
        self.columns.iter().any(|(_, of)| of == fact)
    }

    /// The field of the form in which the thing is chosen.
    pub(super) fn field(&self) -> String {
        format!("登记.{}", self.key)
    }

    fn header(&self) -> Vec<String> {
        let columns = self.columns.iter().map(|(column, _)| column.clone());
        std::iter::once(self.key.clone()).chain(columns).collect()
    }
}

/// A register as the page of a matter shows it.
#[derive(Clone, Debug, Serialize)]
pub struct RegisterView {
    /// Its name.
    pub register: String,
    /// Its columns, that of the code first.
    pub header: Vec<String>,
    /// Its things.
    pub rows: Vec<Vec<String>>,
    /// When it was recorded and by whom; empty before the first list.
    pub told: String,
    /// Whether whoever looks may record a list.
    pub records: bool,
    /// What is wrong with a list just sent.
    pub problem: Option<String>,
    /// The list to begin with: the newest, or one just sent that could not be taken.
    pub list: String,
}

/// The register of a matter with its newest list.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub(super) shape: Shape,
    pub(super) rows: BTreeMap<String, Vec<String>>,
    told: String,
    records: bool,
}

impl Recorded {
    pub(super) fn view(&self) -> RegisterView {
        let rows = self.rows.iter().map(|(key, cells)| {
            let mut row = vec![key.clone()];
            row.extend(cells.iter().cloned());
            row
        });
        let (header, rows): (_, Vec<Vec<String>>) = (self.shape.header(), rows.collect());
        let mut list = csv::Writer::from_writer(Vec::new());
        for row in std::iter::once(&header).chain(&rows) {
            // Memory takes every row.
            drop(list.write_record(row));
        }
        let list = list.into_inner().unwrap_or_default();
        RegisterView {
            register: self.shape.register.clone(),
            header,
            rows,
            told: self.told.clone(),
            records: self.records,
            problem: None,
            list: String::from_utf8(list).unwrap_or_default(),
        }
    }

    /// The facts of a thing by its code.
    pub(super) fn facts(&self, key: &str) -> Option<Vec<(&str, &str)>> {
        let cells = self.rows.get(key)?;
        let facts = self.shape.columns.iter().zip(cells);
        Some(
            facts
                .map(|((_, fact), cell)| (fact.as_str(), cell.as_str()))
                .collect(),
        )
    }
}

/// The path of a matter's rule in force today. Found by its head alone: nothing is linked for it.
fn path_of(office: &Office, (locality, id): (&str, &str)) -> Option<String> {
    let all = super::matters(office);
    let place = all.iter().find(|place| place.locality == locality)?;
    place.matters.iter().find(|matter| matter.id == id)?;
    let (today, folder) = (office.clock().today(), format!("localities/{locality}/"));
    let mut parsed = office.book().parsed().iter().filter(|parsed| {
        let head = parsed.head().filter(|_| super::asks(parsed, today));
        head.is_some_and(|head| head.id.text == id)
    });
    // A place's own rule goes before the one of all.
    let own = parsed
        .clone()
        .find(|parsed| parsed.path.starts_with(&folder));
    let found = own.or_else(|| parsed.find(|parsed| !parsed.path.starts_with("localities/")));
    found.map(|parsed| parsed.path.clone())
}

/// The register a matter is judged over, with its newest list; none where the rule names none.
///
/// # Errors
/// The record cannot be read.
pub async fn recorded(
    office: &Office,
    who: &Acting,
    matter: (&str, &str),
) -> Result<Option<Recorded>, ViewError> {
    let Some(shape) = path_of(office, matter).and_then(|path| Shape::of(office, &path)) else {
        return Ok(None);
    };
    let newest = registers::newest(&office.store, matter.0, &shape.register).await?;
    let (mut rows, mut told) = (BTreeMap::new(), String::new());
    if let Some(list) = newest {
        told = format!(
            "{} 由 {} 登记,{} 条,依据 {}",
            minute(&list.at),
            list.actor,
            list.count,
            list.because
        );
        for (key, cells) in registers::rows(&office.store, list.no).await? {
            let cells: Vec<String> = serde_json::from_str(&cells)
                .map_err(|error| ViewError::Failed(format!("登记簿的一行读不懂:{error}")))?;
            rows.insert(key, cells);
        }
    }
    Ok(Some(Recorded {
        shape,
        rows,
        told,
        records: who.may(Right::FEED_DELIVER),
    }))
}

/// Records a whole list of a matter's register; it counts from now on. Answers how many things it has.
///
/// # Errors
/// The right is missing, the rule names no register, no document is named, or something is wrong with a cell;
/// then nothing is recorded.
pub async fn record(
    office: &Office,
    who: &Acting,
    matter: (&str, &str),
    (text, because): (&str, &str),
) -> Result<u64, ViewError> {
    who.scope(Right::FEED_DELIVER)?;
    let shape = path_of(office, matter).and_then(|path| Shape::of(office, &path));
    let shape = shape.ok_or_else(|| {
        ViewError::NotFound("这件事的规则没有登记簿;请从“问一件事”里选".to_owned())
    })?;
    let because = because.trim();
    if because.is_empty() || because.chars().count() > CELL_MAX {
        let said = format!("写明依据的文件或名单,不超过 {CELL_MAX} 个字");
        return Err(ViewError::NotAnswerable(said));
    }
    let rows = read(office, matter, &shape, text)?;
    let mut kept = Vec::new();
    for (key, cells) in rows {
        let cells =
            serde_json::to_string(&cells).map_err(|error| ViewError::Failed(error.to_string()))?;
        kept.push((key, cells));
    }
    let many = kept.len();
    let at = office.clock().at();
    let new = NewList {
        locality: matter.0.to_owned(),
        register: shape.register.clone(),
        because: because.to_owned(),
        actor: who.login().to_owned(),
        rows: kept,
    };
    let mut tx = office.store.write().await?;
    let no = registers::add(&mut tx, &at, &new).await?;
    tx.record(
        Act::new(&at, who.login(), "register.record")
            .on("register", no)
            .because(format!("{}:{because}", shape.register)),
    );
    tx.commit().await?;
    Ok(u64::try_from(many).unwrap_or(u64::MAX))
}

/// The things of a list; every cell must be what its fact can be.
fn read(
    office: &Office,
    (locality, id): (&str, &str),
    shape: &Shape,
    text: &str,
) -> Result<BTreeMap<String, Vec<String>>, ViewError> {
    let today: Day = office.clock().today();
    let rules = program(office, locality, today);
    let missing = || ViewError::NotAnswerable(format!("`{id}` 在 {today} 没有施行"));
    let (_, plan) = rules.file(id).ok_or_else(missing)?;
    let asked = Asked::of(&rules, plan, office, locality, today);
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text.trim_start_matches('\u{FEFF}').as_bytes());
    let header: Vec<String> = match reader.headers() {
        Ok(header) => header.iter().map(str::to_owned).collect(),
        Err(_) => Vec::new(),
    };
    let wanted = shape.header();
    let places: Vec<Option<usize>> = wanted
        .iter()
        .map(|name| header.iter().position(|cell| cell == name))
        .collect();
    if places.iter().any(Option::is_none) {
        let said = format!("第一行要写列名:{}", wanted.join(","));
        return Err(ViewError::NotAnswerable(said));
    }
    let mut out = BTreeMap::new();
    let mut wrong = Vec::new();
    for (number, record) in (2..).zip(reader.records()).take(ROWS_MAX.saturating_add(1)) {
        let Ok(record) = record else {
            wrong.push(format!("第 {number} 行读不懂"));
            continue;
        };
        let cells = places.iter().map(|at| at.and_then(|at| record.get(at)));
        let mut cells = cells.map(|cell| cell.unwrap_or_default().to_owned());
        let key = cells.next().unwrap_or_default();
        let cells: Vec<String> = cells.collect();
        if let Some(said) = slip_of_key(&key, out.contains_key(&key)) {
            wrong.push(format!("第 {number} 行“{}”:{said}", shape.key));
        }
        for ((column, fact), cell) in shape.columns.iter().zip(&cells) {
            // An empty cell is not known, and the rule says so.
            let known = asked.fact(fact).filter(|_| !cell.is_empty());
            let slip = known.and_then(|(item, _)| asked.read(item, cell).err());
            wrong.extend(slip.map(|said| format!("第 {number} 行“{column}”:{said}")));
        }
        out.insert(key, cells);
    }
    if out.len() > ROWS_MAX {
        wrong.push(format!("一份登记不能超过 {ROWS_MAX} 行"));
    }
    if out.is_empty() && wrong.is_empty() {
        wrong.push("一行也没有".to_owned());
    }
    if wrong.is_empty() {
        return Ok(out);
    }
    let more = wrong.len().saturating_sub(TOLD_MAX);
    wrong.truncate(TOLD_MAX);
    if more > 0 {
        wrong.push(format!("另有 {more} 处"));
    }
    let said = format!("没有登记,请改好再交:{}", wrong.join(";"));
    Err(ViewError::NotAnswerable(said))
}

/// What is wrong with a code. Numbers of persons are kept sealed, and nowhere else.
fn slip_of_key(key: &str, twice: bool) -> Option<String> {
    let long = key.chars().count() > CELL_MAX;
    let digits = key.chars().filter(char::is_ascii_digit).count();
    match (key.is_empty() || long, digits >= 11, twice) {
        (true, ..) => Some(format!("要写,不超过 {CELL_MAX} 个字")),
        (_, true, _) => Some("不能是证件号、电话或卡号,请用登记的编号".to_owned()),
        (_, _, true) => Some("写了两次".to_owned()),
        _ => None,
    }
}
