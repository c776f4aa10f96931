//! The rows of a file by the feed's description: values, identities, refusals.

mod no_row;

use super::REGISTER;
use super::block::{Block, Head, Layout};
use super::cells::{Cell, Noted, PII, Reader, Refused, mask};
use super::digests::RowDigest;
use super::owner::{self, Gap};
use super::records::Written;
use super::totals::Totals;
use crate::error::{OfficeError, Result};
use crate::office::Office;
use domain::{IdNumber, Month, PrefixHistory, Sex};
use rules::Program;
use rules::eval::Evaluator;
use rules::feed::{ColumnKind, FeedPlan};
use rules::plan::{Body, Expr, ExprKind, ItemId, Type};
use rules::situation::{Moments, Situation};
use rules::value::{Ratio, Value};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;
use store::batches::{Refusal, Remark};

/// Rows judged by one evaluator: enough to share its set-up, few enough to stay in the cache.
const ROWS_AT_ONCE: usize = 512;

/// What of a block's rows goes back to its sender.
#[derive(Default)]
pub(crate) struct SentBack {
    /// Cells and rows, by row.
    pub refusals: Vec<Refusal>,
    /// How many rows (a row may be refused for several cells).
    pub rows: u64,
    /// Whose they were.
    pub gaps: Vec<Gap>,
    /// What was noticed in rows that are taken, by row.
    pub remarks: Vec<Remark>,
    /// Rows with more or fewer cells than the header.
    pub damaged: u64,
    /// Why the whole file goes back.
    pub condemned: Option<String>,
}

/// Reads the rows below a header.
pub(crate) struct Table<'a> {
    program: &'a Program,
    feed: &'a FeedPlan,
    moments: Moments,
    readers: Vec<Reader<'a>>,
    /// Where each column of the feed stands in the file.
    places: Vec<Option<usize>>,
    /// 归属, by the feed's columns.
    owners: Vec<usize>,
    header: Vec<String>,
    layout: Arc<Layout>,
    /// First digits of identity numbers there ever were; none where the record does not hold the country's.
    prefixes: Option<PrefixHistory>,
    /// Whether they hold those that are no more, so that one may be said never to have been.
    holds_the_past: bool,
    /// What the row under way says, to be digested.
    said: Vec<u8>,
    /// What is noticed in a cell of it.
    noted: Vec<Noted>,
    /// What the rows so far add up to.
    totals: Totals,
}

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
                "表头{}出现两次:第 {} 列和第 {} 列;请删去或者改名一列",
                names(feed, name).map_or(String::new(), |known| format!(" `{known}` ")),
                first.saturating_add(1),
                at.saturating_add(1)
            );
            return Err(OfficeError::FileRefused(said));
        }
    }
    let units: Vec<String> = folded.iter().filter_map(|h| other_unit(feed, h)).collect();
    if !units.is_empty() {
        // Sums are never multiplied on a guess, and never left out in silence.
        return Err(OfficeError::FileRefused(format!(
            "表头写的单位不是元:{};请把这些列换算成元,表头照报送页写",
            units.join("、")
        )));
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
    let known: Vec<&str> = folded.iter().filter_map(|h| names(feed, h)).collect();
    let rest = match known.is_empty() {
        true => "没有一列认得出:第一行应当是表头,上面的标题行请删去;列之间用半角逗号;打开是乱码的另存为 CSV(UTF-8)".to_owned(),
        false => format!("认得出的有:{};请对照报送页写的列名改表头", known.join("、")),
    };
    let said = format!(
        "表头缺少:{};文件有 {} 列,{rest}",
        missing.join("、"),
        header.len()
    );
    Err(OfficeError::FileRefused(said))
}

/// A header of a sum with another unit than yuan behind it, such as `申报工资(万元)`.
fn other_unit(feed: &FeedPlan, folded: &str) -> Option<String> {
    let (name, unit) = folded.trim_end_matches(')').split_once('(').or_else(|| {
        let at = folded.find(['万', '千', '百', '亿'])?;
        folded.split_at_checked(at)
    })?;
    let other = unit.ends_with('元') && unit != "元" && unit != "人民币元";
    let sums = feed
        .columns
        .iter()
        .filter(|c| matches!(c.kind, ColumnKind::Number(unit) if unit.money_power() == 1));
    let known = sums.flat_map(|c| &c.headers).find(|h| fold(h) == name);
    known
        .filter(|_| other)
        .map(|header| format!("`{header}` 写着 {unit}"))
}

/// Columns nothing is read of: which they are is told by their places, for their names may be anybody's words.
pub(super) fn unread(feed: &FeedPlan, header: &[String]) -> Option<Remark> {
    let places: Vec<String> = (1_usize..)
        .zip(header)
        .filter(|(_, h)| !fold(h).is_empty() && names(feed, &fold(h)).is_none())
        .map(|(place, _)| place.to_string())
        .collect();
    (!places.is_empty()).then(|| Remark {
        row_no: 0,
        column: String::new(),
        code: "unread".to_owned(),
        message: format!(
            "第 {} 列的表头不在来文说明里,这些列没有读;如果其中有要报的内容,请改成报送页写的列名重新报送",
            places.join("、")
        ),
    })
}

/// A header as the feed writes it. Any other first row may be somebody's, and is never repeated.
fn names<'f>(feed: &'f FeedPlan, folded: &str) -> Option<&'f str> {
    let mut all = feed.columns.iter().flat_map(|c| &c.headers);
    let found = all.find(|h| fold(h) == folded)?;
    Some(found.as_str())
}

impl<'a> Table<'a> {
    /// Finds the feed's columns in the header.
    ///
    /// # Errors
    /// A header that stands twice, or that is missing.
    pub(crate) fn new(
        office: &Office,
        program: &'a Program,
        feed: &'a FeedPlan,
        period: Month,
        (header, prefixes): (&[String], Option<PrefixHistory>),
    ) -> Result<Self> {
        let places = places(feed, header)?;
        let today = office.clock.today();
        let readers = feed.columns.iter().map(|c| {
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
        });
        let of_households = program.dict.entity("家庭") == Some(feed.entity);
        let layout = Layout::new(feed, of_households);
        let owners = feed.owner.iter().filter_map(|name| layout.place(name));
        Ok(Self {
            program,
            feed,
            moments: Moments::monthly(period),
            readers: readers.collect(),
            places,
            owners: owners.collect(),
            totals: Totals::of(feed.columns.len(), program.dict.entity_name(feed.entity)),
            header: header.iter().map(|h| fold(h)).collect(),
            layout: Arc::new(layout),
            holds_the_past: prefixes.as_ref().is_some_and(PrefixHistory::holds_the_past),
            prefixes,
            said: Vec::new(),
            noted: Vec::new(),
        })
    }

    /// The columns.
    pub(crate) fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// Takes a row into the block, or sends it back.
    pub(crate) fn row(&mut self, written: &Written<'_>, block: &mut Block, back: &mut SentBack) {
        if let Some((code, message)) = self.no_row(written, back) {
            back.rows = back.rows.saturating_add(1);
            back.refusals.push(Refusal {
                row_no: written.number,
                column: String::new(),
                code: code.to_owned(),
                message,
                masked: String::new(),
            });
            return;
        }
        self.totals.row();
        let mut totals = std::mem::take(&mut self.totals);
        let mut said = std::mem::take(&mut self.said);
        said.clear();
        let mut noted = std::mem::take(&mut self.noted);
        let (before, remarked) = (back.refusals.len(), back.remarks.len());
        let mut head = Head {
            number: written.number,
            ..Head::default()
        };
        for (place, reader) in self.readers.iter().enumerate() {
            let text = self.places.get(place).copied().flatten();
            let text = text.and_then(|p| written.cell(p)).unwrap_or("");
            noted.clear();
            let told = back.refusals.len();
            let cell = self.cell(reader, text, &mut head, (&mut back.refusals, &mut noted));
            back.remarks
                .extend(noted.iter().map(|n| remark(head.number, reader, n)));
            if is_sum(reader.column) {
                match &cell {
                    Cell::Int(fen) => {
                        let added = totals.add(place, *fen);
                        back.condemned = back.condemned.take().or(added.err());
                    }
                    _ if back.refusals.len() > told => totals.lose(place, head.number),
                    _ => {}
                }
            }
            match (reader.column.kind, cell) {
                (ColumnKind::IdNumber, Cell::Id(id)) => {
                    Cell::Id(id).digested(&mut said);
                    let slot = if head.id.is_none() && head.spoilt.is_none() {
                        &mut head.id
                    } else {
                        &mut head.second_id
                    };
                    *slot = Some(id);
                }
                (ColumnKind::PersonName, Cell::Text(name)) => {
                    if head.name.is_none() {
                        Cell::Text(name.as_ref().into()).digested(&mut said);
                        head.name = Some(name);
                    }
                }
                (ColumnKind::Card, Cell::Text(card)) => {
                    Cell::Text(card.as_ref().into()).digested(&mut said);
                    head.card = Some(card);
                }
                (_, cell) => {
                    cell.digested(&mut said);
                    if noted.iter().any(|n| n.code == PII) {
                        // Two numbers hidden the same way are still two.
                        Cell::Text(text.into()).digested(&mut said);
                    }
                    block.push_cell(place, &cell);
                }
            }
        }
        if back.refusals.len() == before
            && let Some(id) = &head.id
        {
            self.compare(id, head.number, block, &mut back.remarks);
        } else {
            // What goes back is told as that.
            back.remarks.truncate(remarked);
        }
        self.end(head, &said, before, block, back);
        (self.said, self.noted, self.totals) = (said, noted, totals);
    }

    /// What the rows that were read add up to.
    pub(crate) fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The codes a number's first digits are compared with; none for those no place of the country gave.
    fn history_for(&self, id: &IdNumber) -> Option<&PrefixHistory> {
        // 99 is no province: synthetic people live there.
        let given = id.kind() == domain::IdKind::Citizen && !id.area6().starts_with("99");
        self.prefixes.as_ref().filter(|_| given)
    }

    /// Whether a number begins with a code that never was. One abolished before its holder's birth is told, and
    /// one whose past the record does not hold is not judged.
    fn of_no_place(&self, id: &IdNumber) -> bool {
        let history = self.history_for(id).filter(|_| self.holds_the_past);
        history.is_some_and(|known| !known.ever(id.area6()))
    }

    /// What a number says against what the row under way says beside it.
    fn compare(&self, id: &IdNumber, number: u32, block: &Block, remarks: &mut Vec<Remark>) {
        let at = block.len();
        let sex = block.text_of("性别", at).and_then(Sex::parse);
        let birth = block.day_of("出生日期", at);
        let history = self.history_for(id);
        let unknown = |known: &PrefixHistory| !known.knows(id.area6(), id.birth());
        let found = [
            (
                sex.is_some_and(|sex| sex != id.sex()),
                ("性别", "sex", "性别与证件号第17位不符,请核对"),
            ),
            (
                birth.is_some_and(|birth| birth != id.birth()),
                ("出生日期", "birth", "出生日期与证件号里的不符,请核对"),
            ),
            (
                history.is_some_and(unknown),
                (
                    "",
                    "id-prefix",
                    "证件号前六位不是本人出生以来任何一年的行政区划代码,请核对",
                ),
            ),
        ];
        let found = found.into_iter().filter(|(found, _)| *found);
        remarks.extend(found.map(|(_, (column, code, message))| Remark {
            row_no: number,
            column: column.to_owned(),
            code: code.to_owned(),
            message: message.to_owned(),
        }));
    }

    /// A cell's value; what is wrong with it is added to the refusals.
    fn cell<'c>(
        &'c self,
        reader: &'c Reader<'_>,
        text: &'c str,
        head: &mut Head<'c>,
        (refusals, noted): (&mut Vec<Refusal>, &mut Vec<Noted>),
    ) -> Cell<'c> {
        let column = reader.column;
        let header = column.headers.first().map_or("", String::as_str);
        let mut refuse = |refused: Refused| {
            refusals.push(Refusal {
                row_no: head.number,
                column: header.to_owned(),
                code: refused.code.to_owned(),
                message: refused.message,
                masked: refused.masked,
            });
        };
        match reader.read(text, noted) {
            Err(refused) => {
                refuse(refused);
                if column.kind == ColumnKind::IdNumber && head.id.is_none() {
                    head.spoilt.get_or_insert(text);
                }
                Cell::Missing
            }
            Ok(Cell::Id(id)) if self.of_no_place(&id) => {
                refuse(Refused {
                    code: "id-prefix",
                    message: "证件号前六位从来不是行政区划代码,请按身份证核对".to_owned(),
                    masked: mask(id.as_str()),
                });
                if head.id.is_none() {
                    head.spoilt.get_or_insert(text);
                }
                Cell::Missing
            }
            Ok(Cell::Missing) => {
                // In the register a person may have no number yet: newborns, the unidentified.
                let is_number = column.kind == ColumnKind::IdNumber;
                if column.required && !(is_number && self.feed.id == REGISTER) {
                    refuse(Refused {
                        code: "missing",
                        message: format!("`{header}` 必填,这一格是空的,请补填"),
                        masked: String::new(),
                    });
                    if is_number && self.feed.known_by.is_some() {
                        head.spoilt.get_or_insert("");
                    }
                }
                Cell::Missing
            }
            Ok(cell) => cell,
        }
    }

    /// The row's cells are put: takes it, or sends it back.
    fn end(
        &self,
        head: Head<'_>,
        said: &[u8],
        before: usize,
        block: &mut Block,
        back: &mut SentBack,
    ) {
        let refused = back.refusals.len().saturating_sub(before);
        let key = owner::key(&self.owners, block, block.len());
        if refused > 0 {
            back.rows = back.rows.saturating_add(1);
        }
        // Only the number cannot be read: it is told, and the name may still say whose the row may be.
        let only_number = head.spoilt.is_some() && refused == 1 && self.feed.id != REGISTER;
        if refused == 0 || (only_number && head.name.is_some()) {
            let digest: RowDigest = Sha256::digest(said).into();
            block.take(head, key.as_deref(), digest);
        } else {
            let gap = owner::gap(self.feed, block, block.len(), head.id, key);
            back.gaps.push(gap);
            block.give_up();
        }
    }

    /// 拒收 of the feed's file, by the same evaluator that judges households.
    pub(crate) fn refuse_by_rules(&self, block: &mut Block, back: &mut SentBack) {
        let (Some(relation), false) = (self.feed.rows, self.feed.refusals.is_empty()) else {
            return;
        };
        let mut broken: Vec<Option<&(ItemId, String)>> = Vec::with_capacity(block.len());
        while broken.len() < block.len() {
            let first = broken.len();
            let rows = first..first.saturating_add(ROWS_AT_ONCE).min(block.len());
            let mut situation = Situation::new();
            let at = situation.add(self.feed.entity, 0);
            let list = situation.add_list(at, relation, true);
            for row in rows.clone() {
                let place = situation.add_row(list, None);
                for (column, of) in self.feed.columns.iter().enumerate() {
                    if let Some(item) = of.item {
                        let value = value(self.program, item, &block.cell(column, row));
                        situation.set_in_row(list, place, item, value);
                    }
                }
            }
            let mut eval = Evaluator::new(self.program, &situation, self.moments);
            broken.extend((0..rows.len()).map(|place| {
                let mut refusals = self.feed.refusals.iter();
                refusals.find(|(item, _)| eval.row_value(*item, list, place) == Value::Bool(true))
            }));
        }
        let program = self.program;
        refuse(self.feed, block, back, |block, at| {
            let (item, said) = broken.get(at).copied().flatten()?;
            Some(Refusal {
                row_no: block.number(at),
                column: header_of(program, self.feed, *item),
                code: "rule".to_owned(),
                message: said.clone(),
                masked: String::new(),
            })
        });
    }
}

fn remark(row_no: u32, reader: &Reader<'_>, noted: &Noted) -> Remark {
    let header = reader.column.headers.first();
    Remark {
        row_no,
        column: header.cloned().unwrap_or_default(),
        code: noted.code.to_owned(),
        message: noted.message.to_owned(),
    }
}

/// Sends rows of a block back; `why` answers for each that goes.
pub(super) fn refuse(
    feed: &FeedPlan,
    block: &mut Block,
    back: &mut SentBack,
    why: impl Fn(&Block, usize) -> Option<Refusal>,
) {
    let mut kept = Vec::with_capacity(block.len());
    for at in 0..block.len() {
        let refusal = why(block, at);
        kept.push(refusal.is_none());
        let Some(refusal) = refusal else { continue };
        let (id, key) = (block.id(at).copied(), block.key(at).map(str::to_owned));
        back.gaps.push(owner::gap(feed, block, at, id, key));
        back.refusals.push(refusal);
        // One whose number cannot be read was counted then.
        if block.spoilt(at).is_none() {
            back.rows = back.rows.saturating_add(1);
        }
    }
    block.retain(&kept);
}

/// Whether a column holds sums of money, which a file may add up.
fn is_sum(column: &rules::feed::FeedColumn) -> bool {
    matches!(column.kind, ColumnKind::Number(unit) if unit.money_power() == 1)
}

fn codes(office: &Office, file: Option<&str>) -> HashMap<String, String> {
    // A place's own table goes before the national one of that name.
    let own = |f: &str| office.book.path_in(&office.locality, &format!("codes/{f}"));
    let table = |path: String| crate::rulebook::table(&office.book, &path);
    let found = file.and_then(|f| table(own(f)).or_else(|| table(format!("codes/{f}"))));
    let Some(text) = found else {
        return HashMap::new();
    };
    let rows = text.lines().skip(1).map(rules::params::split);
    rows.filter_map(|r| Some((r.first()?.clone(), r.get(1)?.clone())))
        .collect()
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
pub(crate) fn value(program: &Program, item: ItemId, cell: &Cell<'_>) -> Value {
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
