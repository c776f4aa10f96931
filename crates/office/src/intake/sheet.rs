//! The rows of a decoded file by the feed's description: values, identities, refusals.

use super::cells::{self, Cell, Reader, Refused};
use super::decode::Cells;
use super::owner::{self, Gap};
use super::{Links, row_id};
use crate::error::{OfficeError, Result};
use crate::office::Office;
use domain::{AreaCode, IdNumber, Month};
use engine::{Column, Sheet};
use rules::Program;
use rules::eval::Evaluator;
use rules::feed::{ColumnKind, FeedPlan};
use rules::plan::{Body, Expr, ExprKind, ItemId, Type};
use rules::situation::{Moments, Situation};
use rules::value::{Ratio, Value};
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap};
use store::batches::Refusal;

/// A row that was taken.
pub(crate) struct Row {
    /// Row number in the file, 1 for the first below the header.
    pub number: u32,
    /// The holder's number.
    pub id: Option<IdNumber>,
    /// A second person's number, for feeds that tie two.
    pub second_id: Option<IdNumber>,
    /// The name, as received.
    pub name: Option<String>,
    /// A bank card.
    pub card: Option<String>,
    /// 归属: what the row's owner is known by, where the feed says so.
    pub key: Option<String>,
    /// The other cells, by the feed's columns.
    pub cells: Vec<Cell>,
}

/// A file's rows.
pub(crate) struct Parsed {
    /// Rows in the file.
    pub received: u32,
    pub rows: Vec<Row>,
    pub refusals: Vec<Refusal>,
    /// Whose rows were refused.
    pub gaps: Vec<Gap>,
    /// Digest of the rows whatever their order and encoding.
    pub canonical: [u8; 32],
    /// Six digits, or 000000 when the file does not say.
    pub county: String,
    /// Whether each row is a household's.
    pub of_households: bool,
    names: Vec<String>,
    kinds: Vec<ColumnKind>,
    digests: Vec<[u8; 32]>,
}

impl Parsed {
    /// How many rows were refused (a row may be refused for several cells).
    pub(crate) fn refused_rows(&self) -> u64 {
        let rows: BTreeSet<u32> = self.refusals.iter().map(|r| r.row_no).collect();
        u64::try_from(rows.len()).unwrap_or(u64::MAX)
    }

    /// Sends rows back that the record cannot place; `why` answers for each that goes.
    pub(crate) fn refuse(&mut self, feed: &FeedPlan, why: impl Fn(&Self, &Row) -> Option<Refusal>) {
        let told: Vec<Option<Refusal>> = self.rows.iter().map(|row| why(self, row)).collect();
        if told.iter().all(Option::is_none) {
            return;
        }
        let mut digests = std::mem::take(&mut self.digests).into_iter();
        let rows = std::mem::take(&mut self.rows);
        for (row, told) in rows.into_iter().zip(told) {
            let digest = digests.next().unwrap_or_default();
            if let Some(refusal) = told {
                self.gaps.push(owner::gap(feed, &row));
                self.refusals.push(refusal);
            } else {
                self.rows.push(row);
                self.digests.push(digest);
            }
        }
        self.refusals.sort_by_key(|r| r.row_no);
    }

    /// Digest of a row's content.
    pub(crate) fn row_digest(&self, at: usize) -> [u8; 32] {
        self.digests.get(at).copied().unwrap_or_default()
    }

    /// A cell of a row by column name.
    pub(crate) fn cell<'a>(&self, row: &'a Row, name: &str) -> Option<&'a Cell> {
        let at = self.names.iter().position(|n| n == name)?;
        row.cells.get(at)
    }

    /// The header of a column, as its sender prints it.
    pub(crate) fn header(&self, feed: &FeedPlan, name: &str) -> String {
        let column = feed.columns.iter().find(|c| c.name == name);
        column
            .and_then(|c| c.headers.first())
            .cloned()
            .unwrap_or_default()
    }

    /// A text cell of a row.
    pub(crate) fn text<'a>(&self, row: &'a Row, name: &str) -> Option<&'a str> {
        match self.cell(row, name)? {
            Cell::Text(t) => Some(t),
            _ => None,
        }
    }

    /// Rows and links as lake sheets, without what stays home.
    pub(crate) fn sheets(&self, batch_no: i64, links: &Links) -> (Sheet, Sheet) {
        let dropped: BTreeSet<usize> = links.dropped.iter().copied().collect();
        let kept = || {
            self.rows
                .iter()
                .enumerate()
                .filter(|(at, _)| !dropped.contains(at))
        };
        let ids = || {
            Column::Int(
                kept()
                    .map(|(_, r)| Some(row_id(batch_no, r.number).get()))
                    .collect(),
            )
        };
        let mut rows = Sheet {
            columns: vec![("row_id".to_owned(), ids())],
        };
        for (at, (name, kind)) in self.names.iter().zip(&self.kinds).enumerate() {
            let Some(mut column) = cells::lake_column(*kind) else {
                continue;
            };
            kept().for_each(|(_, r)| cells::push(&mut column, r.cells.get(at)));
            rows.columns.push((name.clone(), column));
        }
        let person = |list: &[Option<domain::PersonId>]| {
            Column::Int(
                kept()
                    .map(|(at, _)| list.get(at).copied().flatten().map(|p| p.get()))
                    .collect(),
            )
        };
        let mut link = Sheet {
            columns: vec![
                ("row_id".to_owned(), ids()),
                ("person_id".to_owned(), person(&links.persons)),
            ],
        };
        link.columns
            .push(("target_id".to_owned(), person(&links.targets)));
        if !links.households.is_empty() {
            let homes = kept().map(|(at, _)| links.households.get(at).copied().flatten());
            let homes = Column::Int(homes.map(|h| h.map(|h| h.get())).collect());
            link.columns.push(("household_id".to_owned(), homes));
        }
        (rows, link)
    }
}

/// Rows judged by one evaluator: enough to share its set-up, few enough to stay in the cache.
const ROWS_AT_ONCE: usize = 512;

/// Header without blanks, width and brackets folded.
fn fold(header: &str) -> String {
    header
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '\u{FEFF}' | '\u{200B}'))
        .map(|c| match c {
            '（' => '(',
            '）' => ')',
            '\u{FF01}'..='\u{FF5E}' => {
                char::from_u32(u32::from(c).saturating_sub(0xFEE0)).unwrap_or(c)
            }
            _ => c,
        })
        .collect()
}

/// Where each column of the feed stands in the file.
fn places(feed: &FeedPlan, header: &[String]) -> Result<Vec<Option<usize>>> {
    let folded: Vec<String> = header.iter().map(|h| fold(h)).collect();
    for (at, name) in folded.iter().enumerate() {
        if !name.is_empty()
            && let Some(first) = folded.iter().take(at).position(|n| n == name)
        {
            let said = format!(
                "表头 `{name}` 出现两次:第 {} 列和第 {} 列",
                first.saturating_add(1),
                at.saturating_add(1)
            );
            return Err(OfficeError::FileRefused(said));
        }
    }
    let mut missing = Vec::new();
    let out = feed
        .columns
        .iter()
        .map(|c| {
            let at = folded
                .iter()
                .position(|h| c.headers.iter().any(|x| fold(x) == *h));
            if at.is_none() && c.required {
                missing.push(c.headers.first().cloned().unwrap_or_default());
            }
            at
        })
        .collect();
    if missing.is_empty() {
        return Ok(out);
    }
    let said = format!(
        "表头缺少:{};文件的表头是:{}",
        missing.join("、"),
        header.join("、")
    );
    Err(OfficeError::FileRefused(said))
}

/// Reads all rows of a file.
pub(crate) fn parse(
    office: &Office,
    program: &Program,
    feed: &FeedPlan,
    period: Month,
    cells: Cells,
) -> Result<Parsed> {
    let places = places(feed, &cells.header)?;
    let today = office.clock.today();
    let readers: Vec<Reader<'_>> = feed
        .columns
        .iter()
        .map(|c| {
            let bounds = c.item.and_then(|i| program.item(i)).and_then(|i| i.bounds);
            let den = bounds.map_or(1, |b| b.den_min);
            let most = bounds.map_or(i128::from(i64::MAX), |b| b.num_max);
            Reader::new(
                c,
                &program.dict,
                codes(office, c.codes.as_deref()),
                today,
                i64::try_from(den).unwrap_or(1),
                i64::try_from(most).unwrap_or(i64::MAX),
            )
        })
        .collect();
    let mut parsed = Parsed {
        received: 0,
        rows: vec![],
        refusals: vec![],
        gaps: vec![],
        canonical: [0; 32],
        county: String::new(),
        of_households: program.dict.entity("家庭") == Some(feed.entity),
        names: feed.columns.iter().map(|c| c.name.clone()).collect(),
        kinds: feed.columns.iter().map(|c| c.kind).collect(),
        digests: vec![],
    };
    let width = cells.header.len();
    for (number, written) in cells.rows {
        parsed.received = parsed.received.saturating_add(1);
        match one_row(feed, &readers, &places, number, &written, width) {
            Ok(row) => parsed.rows.push(row),
            Err((gap, refusals)) => {
                parsed.gaps.extend(gap);
                parsed.refusals.extend(refusals);
            }
        }
    }
    refuse_by_rules(program, feed, period, &mut parsed);
    digest(&mut parsed);
    parsed.county = county(&parsed);
    Ok(parsed)
}

fn codes(office: &Office, file: Option<&str>) -> HashMap<String, String> {
    // A place's own table goes before the national one of that name.
    let own = |f: &str| format!("localities/{}/codes/{f}", office.locality);
    let table = |path: String| crate::rulebook::table(&office.book, &path);
    let found = file.and_then(|f| table(own(f)).or_else(|| table(format!("codes/{f}"))));
    let Some(text) = found else {
        return HashMap::new();
    };
    let rows = text.lines().skip(1).map(rules::params::split);
    rows.filter_map(|r| Some((r.first()?.clone(), r.get(1)?.clone())))
        .collect()
}

fn one_row(
    feed: &FeedPlan,
    readers: &[Reader<'_>],
    places: &[Option<usize>],
    number: u32,
    written: &[String],
    width: usize,
) -> std::result::Result<Row, (Option<Gap>, Vec<Refusal>)> {
    let refusal = |column: &str, r: Refused| Refusal {
        row_no: number,
        column: column.to_owned(),
        code: r.code.to_owned(),
        message: r.message,
        masked: r.masked,
    };
    let said = |code, message: String| Refused {
        code,
        message,
        masked: String::new(),
    };
    let whole = |code, message: String| vec![refusal("", said(code, message))];
    let first = written
        .iter()
        .find(|c| !c.trim().is_empty())
        .map_or("", |c| c.trim());
    if ["合计", "总计", "小计", "制表人", "填表人"]
        .iter()
        .any(|w| first.starts_with(w))
    {
        return Err((
            None,
            whole("total-row", format!("`{first}` 这一行不是数据,已跳过")),
        ));
    }
    if written.len() != width {
        return Err((
            None,
            whole(
                "columns",
                format!("这一行有 {} 格,表头有 {width} 格", written.len()),
            ),
        ));
    }
    let mut row = Row {
        number,
        id: None,
        second_id: None,
        name: None,
        card: None,
        key: None,
        cells: Vec::with_capacity(readers.len()),
    };
    let mut refusals = Vec::new();
    let mut named = false;
    for (reader, place) in readers.iter().zip(places) {
        let column = reader.column;
        let header = column.headers.first().map_or("", String::as_str);
        let text = place
            .and_then(|p| written.get(p))
            .map_or("", String::as_str);
        let cell = match reader.read(text) {
            Ok(cell) => cell,
            Err(refused) => {
                refusals.push(refusal(header, refused));
                Cell::Missing
            }
        };
        // In the register a person may have no number yet: newborns, the unidentified.
        let may_lack = feed.id == super::REGISTER && column.kind == ColumnKind::IdNumber;
        let told = refusals.last().is_some_and(|r| r.column == header);
        if cell == Cell::Missing && column.required && !may_lack && !told {
            let message = format!("`{header}` 必填,这一格是空的");
            refusals.push(refusal(header, said("missing", message)));
        }
        match (column.kind, cell) {
            (ColumnKind::IdNumber, Cell::Id(id)) => {
                let slot = if row.id.is_none() {
                    &mut row.id
                } else {
                    &mut row.second_id
                };
                *slot = Some(id);
                row.cells.push(Cell::Missing);
            }
            (ColumnKind::PersonName, Cell::Text(name)) => {
                if !named {
                    row.name = Some(name);
                    named = true;
                }
                row.cells.push(Cell::Missing);
            }
            (ColumnKind::Card, Cell::Text(card)) => {
                row.card = Some(card);
                row.cells.push(Cell::Missing);
            }
            (_, cell) => row.cells.push(cell),
        }
    }
    row.key = owner::key(feed, &row);
    if refusals.is_empty() {
        Ok(row)
    } else {
        Err((Some(owner::gap(feed, &row)), refusals))
    }
}

/// 拒收 of the feed's file, by the same evaluator that judges households.
fn refuse_by_rules(program: &Program, feed: &FeedPlan, period: Month, parsed: &mut Parsed) {
    let (Some(relation), false) = (feed.rows, feed.refusals.is_empty()) else {
        return;
    };
    let moments = Moments::monthly(period);
    let mut refused: HashMap<u32, (ItemId, &str)> = HashMap::new();
    for chunk in parsed.rows.chunks(ROWS_AT_ONCE) {
        let mut situation = Situation::new();
        let at = situation.add(feed.entity, 0);
        let list = situation.add_list(at, relation, true);
        for row in chunk {
            let place = situation.add_row(list, None);
            for (column, cell) in feed.columns.iter().zip(&row.cells) {
                if let Some(item) = column.item {
                    situation.set_in_row(list, place, item, value(program, item, cell));
                }
            }
        }
        let mut eval = Evaluator::new(program, &situation, moments);
        for (place, row) in chunk.iter().enumerate() {
            let broken = feed
                .refusals
                .iter()
                .find(|(item, _)| eval.row_value(*item, list, place) == Value::Bool(true));
            if let Some((item, said)) = broken {
                refused.insert(row.number, (*item, said.as_str()));
            }
        }
    }
    let gone = parsed
        .rows
        .iter()
        .filter(|row| refused.contains_key(&row.number));
    parsed.gaps.extend(gone.map(|row| owner::gap(feed, row)));
    parsed.rows.retain(|row| !refused.contains_key(&row.number));
    let refusals = refused.into_iter().map(|(row_no, (item, said))| Refusal {
        row_no,
        column: header_of(program, feed, item),
        code: "rule".to_owned(),
        message: said.to_owned(),
        masked: String::new(),
    });
    parsed.refusals.extend(refusals);
    parsed.refusals.sort_by_key(|r| r.row_no);
}

/// The header of the first column a 拒收 looks at: where its sender should look.
fn header_of(program: &Program, feed: &FeedPlan, item: ItemId) -> String {
    let Some(Body::Formula { expr, .. }) = program.item(item).map(|i| &i.body) else {
        return String::new();
    };
    let column = first_read(expr).and_then(|id| feed.columns.iter().find(|c| c.item == Some(id)));
    column
        .and_then(|c| c.headers.first())
        .cloned()
        .unwrap_or_default()
}

fn first_read(expr: &Expr) -> Option<ItemId> {
    match &expr.kind {
        ExprKind::Ref(id, _) => Some(*id),
        ExprKind::Not(inner) | ExprKind::Negate(inner) | ExprKind::Known(inner) => {
            first_read(inner)
        }
        ExprKind::Compare(_, a, b) | ExprKind::Arith(_, a, b) => {
            first_read(a).or_else(|| first_read(b))
        }
        ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().find_map(first_read),
        _ => None,
    }
}

/// A cell as a value of the rules.
pub(crate) fn value(program: &Program, item: ItemId, cell: &Cell) -> Value {
    let Some(it) = program.item(item) else {
        return Value::Unknown;
    };
    match (cell, it.ty) {
        (Cell::Int(n), _) => {
            let den = it.bounds.map_or(1, |b| b.den_min);
            Ratio::new(i128::from(*n), den).map_or(Value::Unknown, Value::Num)
        }
        (Cell::Day(d), _) => domain::Day::from_epoch_days(*d).map_or(Value::Unknown, Value::Day),
        (Cell::Bool(b), _) => Value::Bool(*b),
        (Cell::Text(t), Type::Enum(e)) => {
            program.dict.member(e, t).map_or(Value::Unknown, Value::Sym)
        }
        _ => Value::Unknown,
    }
}

fn digest(parsed: &mut Parsed) {
    let digests: Vec<[u8; 32]> = parsed
        .rows
        .iter()
        .map(|row| {
            let mut sha = Sha256::new();
            for id in [&row.id, &row.second_id] {
                sha.update(id.as_ref().map_or("", |i| i.as_str()));
                sha.update([0]);
            }
            for text in [&row.name, &row.card] {
                sha.update(text.as_deref().unwrap_or(""));
                sha.update([0]);
            }
            for cell in &row.cells {
                match cell {
                    Cell::Missing | Cell::Id(_) => sha.update([1]),
                    Cell::Int(n) => sha.update(n.to_le_bytes()),
                    Cell::Day(d) => sha.update(d.to_le_bytes()),
                    Cell::Bool(b) => sha.update([u8::from(*b)]),
                    Cell::Text(t) => sha.update(t.as_bytes()),
                }
                sha.update([0]);
            }
            sha.finalize().into()
        })
        .collect();
    let mut sorted = digests.clone();
    sorted.sort_unstable();
    let mut sha = Sha256::new();
    sorted.iter().for_each(|d| sha.update(d));
    // Refused rows count too: a file with one of them mended is another file.
    parsed
        .refusals
        .iter()
        .for_each(|r| sha.update(format!("{}{}{}", r.column, r.code, r.masked)));
    parsed.canonical = sha.finalize().into();
    parsed.digests = digests;
}

/// The county most rows name; areas stand in columns of text.
fn county(parsed: &Parsed) -> String {
    let columns = ["居住地区", "户籍地区", "发放地区", "发布地区"];
    let mut counts: HashMap<String, u32> = HashMap::new();
    for row in parsed.rows.iter().take(1_000) {
        let text = columns.iter().find_map(|c| parsed.text(row, c));
        if let Some(code) = text
            .and_then(|t| AreaCode::parse(t).ok())
            .and_then(|a| a.at(domain::AreaLevel::County))
        {
            let count = counts.entry(code.as_str().to_owned()).or_default();
            *count = count.saturating_add(1);
        }
    }
    counts
        .into_iter()
        .max_by_key(|(_, n)| *n)
        .map_or_else(|| "000000".to_owned(), |(c, _)| c)
}
