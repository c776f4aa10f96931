//! A feed's rows, column by column: tied to their owners, the newest of each key, and the facts the
//! newest row of an owner gives. A row that is nobody's is no fact of anybody.

use super::area_id;
use crate::error::Result;
use domain::AreaCode;
use engine::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray,
    UInt16Array, UInt32Array,
};
use engine::arrow::compute::{cast, concat, filter, take};
use engine::arrow::datatypes::{DataType, Date32Type, Int64Type};
use engine::arrow::error::ArrowError;
use engine::{Complete, EngineError, Lake, RelationFrame};
use rules::Program;
use rules::feed::{ColumnKind, FeedColumn, FeedPlan};
use rules::plan::{EnumId, ItemId, RelId, Type};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

/// Owners of more rows than this are looked through by a table of their keys.
const FEW_ROWS: usize = 16;

/// Whose rows a feed has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Persons,
    Households,
    Areas,
}

impl About {
    pub(super) fn of(program: &Program, feed: &FeedPlan) -> Self {
        match program.dict.entity_name(feed.entity) {
            "地区" => Self::Areas,
            "家庭" => Self::Households,
            _ => Self::Persons,
        }
    }
}

/// Which quantities are wanted; all without.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a>(pub Option<&'a BTreeSet<ItemId>>);

impl Wanted<'_> {
    pub(super) fn has(&self, item: ItemId) -> bool {
        self.0.is_none_or(|wanted| wanted.contains(&item))
    }
}

/// The rows of a feed, those of one owner together, in the order they came.
pub(super) struct Rows<'a> {
    program: &'a Program,
    feed: &'a FeedPlan,
    owners: Int64Array,
    targets: Int64Array,
    row_ids: Int64Array,
    /// The day that dates each row; none where the feed has no such column.
    days: Option<Date32Array>,
    /// The words of the key, where the list has one.
    keys: Option<Keys>,
    /// Columns of the list, and of facts where these are of another type, by the quantity's type.
    columns: Vec<Typed>,
}

/// What tells the rows of one owner apart.
struct Keys {
    by_target: bool,
    words: Vec<StringArray>,
}

/// A column of a feed under the type of one of its quantities.
struct Typed {
    /// Its place among the feed's columns.
    at: usize,
    item: ItemId,
    values: ArrayRef,
}

/// The rows of one file.
struct Part {
    owners: ArrayRef,
    targets: ArrayRef,
    row_ids: ArrayRef,
    days: ArrayRef,
    words: Vec<ArrayRef>,
    columns: Vec<ArrayRef>,
}

/// What is read of each file of a feed.
struct Reading<'a> {
    program: &'a Program,
    feed: &'a FeedPlan,
    about: About,
    /// Places of the columns whose words make the key.
    words: Vec<Option<usize>>,
    date: Option<usize>,
    /// Columns under a quantity's type.
    typed: Vec<(usize, ItemId)>,
    members: HashMap<EnumId, HashMap<&'a str, u16>>,
}

impl<'a> Rows<'a> {
    /// Reads the files of a feed, oldest first.
    pub(super) fn read(
        program: &'a Program,
        feed: &'a FeedPlan,
        relation: RelId,
        (lake, files): (&Lake, &[(String, String)]),
        wanted: Wanted<'_>,
    ) -> Result<Self> {
        let place = |name: &str| feed.columns.iter().position(|c| c.name == name);
        let key = program
            .dict
            .relation_of(relation)
            .map(|r| r.key_columns.as_slice());
        let key = key.filter(|k| !k.is_empty());
        let is_number = |name: &String| {
            let mut columns = feed.columns.iter();
            columns.any(|c| c.name == *name && c.kind == ColumnKind::IdNumber)
        };
        let words = key.into_iter().flatten().filter(|name| !is_number(name));
        let mut reading = Reading {
            program,
            feed,
            about: About::of(program, feed),
            words: words.map(|name| place(name)).collect(),
            date: feed.date_column.as_deref().and_then(place),
            typed: Vec::new(),
            members: HashMap::new(),
        };
        reading.choose(wanted);
        let mut parts = Vec::with_capacity(files.len());
        for (row, link) in files {
            parts.push(reading.part(lake, row, link)?);
        }
        let mut rows = reading.whole(parts)?;
        if let Some(key) = key {
            if let Some(keys) = &mut rows.keys {
                keys.by_target = key.iter().any(is_number);
            }
            rows.keep_newest()?;
        } else {
            rows.keys = None;
        }
        Ok(rows)
    }

    /// Owners of the rows, rising.
    pub(super) fn owners(&self) -> &[i64] {
        self.owners.values()
    }

    /// Rows of one owner and one key are one: the one that came last.
    fn keep_newest(&mut self) -> Result<()> {
        let Some(keys) = &self.keys else {
            return Ok(());
        };
        let mut keep = vec![true; self.owners.len()];
        let mut dropped = false;
        for rows in groups(self.owners.values()) {
            if rows.len() < 2 {
                continue;
            }
            let mut few: Vec<Key<'_>> = Vec::new();
            let mut many: HashSet<Key<'_>> = HashSet::new();
            let long = rows.len() > FEW_ROWS;
            for at in rows.rev() {
                let key = self.key(keys, at);
                let new = if long {
                    many.insert(key)
                } else if few.contains(&key) {
                    false
                } else {
                    few.push(key);
                    true
                };
                if !new && let Some(keep) = keep.get_mut(at) {
                    *keep = false;
                    dropped = true;
                }
            }
        }
        self.keys = None;
        if dropped {
            let keep = BooleanArray::from(keep);
            self.each(|array| filter(array, &keep))?;
        }
        Ok(())
    }

    fn key<'k>(&self, keys: &'k Keys, at: usize) -> Key<'k> {
        let target = self.targets.is_valid(at).then(|| self.targets.value(at));
        // A row with a gap in its key is like no other.
        let words = keys.words.iter().map(|words| {
            let there = at < words.len() && words.is_valid(at);
            there.then(|| words.value(at))
        });
        let words: Option<Vec<&str>> = words.collect();
        let what = match (words, keys.by_target, target) {
            (Some(words), true, Some(target)) => What::Words(Some(target), words),
            (Some(words), false, _) => What::Words(None, words),
            _ => What::Row(self.row_ids.is_valid(at).then(|| self.row_ids.value(at))),
        };
        // Two rows under one key but of different days are two events, unless the list is whole.
        let day = if self.feed.whole { None } else { self.day(at) };
        Key { what, day }
    }

    fn day(&self, at: usize) -> Option<i32> {
        let days = self.days.as_ref()?;
        days.is_valid(at).then(|| days.value(at))
    }

    /// Facts given straight by a column: the value of the owner's newest row, for each of `ids`,
    /// which rise.
    pub(super) fn newest_facts(
        &self,
        ids: &Int64Array,
        wanted: Wanted<'_>,
    ) -> Result<Vec<(ItemId, ArrayRef)>> {
        let given = |c: &FeedColumn| Some((c.fact?, c.item?));
        let facts: Vec<_> = self
            .feed
            .columns
            .iter()
            .enumerate()
            .filter_map(|(at, column)| Some((at, given(column)?)))
            .filter(|(_, (fact, _))| self.program.item(*fact).is_some() && wanted.has(*fact))
            .collect();
        if facts.is_empty() {
            return Ok(vec![]);
        }
        let places = self.newest(ids);
        let mut out = Vec::new();
        for (at, (fact, column)) in facts {
            let Some(typed) = self.column(at, fact) else {
                continue;
            };
            let values = take(&typed.values, &places, None).map_err(arrow)?;
            out.push((fact, recorded(self.program, fact, column, values)));
        }
        Ok(out)
    }

    /// The row that came last of those with the latest day, for each of the ids.
    fn newest(&self, ids: &Int64Array) -> UInt32Array {
        let mut groups = groups(self.owners.values()).peekable();
        let owners = self.owners.values();
        let when = |at: usize| self.day(at).unwrap_or(i32::MIN);
        let newest = |rows: Range<usize>| rows.max_by_key(|at| (when(*at), *at));
        let owner_of = |rows: &Range<usize>| owners.get(rows.start).copied();
        let place = |id: &i64| {
            while groups.next_if(|rows| owner_of(rows) < Some(*id)).is_some() {}
            let rows = groups.next_if(|rows| owner_of(rows) == Some(*id))?;
            u32::try_from(newest(rows)?).ok()
        };
        ids.values().iter().map(place).collect()
    }

    /// The column at a place under a quantity's type.
    fn column(&self, at: usize, item: ItemId) -> Option<&Typed> {
        let ty = |item: ItemId| self.program.item(item).map(|i| i.ty);
        let mut columns = self.columns.iter();
        columns.find(|typed| typed.at == at && ty(typed.item) == ty(item))
    }

    /// The list with its columns.
    pub(super) fn relation(&self, complete: Complete, wanted: Wanted<'_>) -> Result<RelationFrame> {
        let (owners, targets) = (self.owners.clone(), self.targets.clone());
        let mut frame = RelationFrame::new(owners, targets, complete)?;
        for (at, column) in self.feed.columns.iter().enumerate() {
            let item = column.item.filter(|item| wanted.has(*item));
            if let Some(item) = item
                && let Some(typed) = self.column(at, item)
            {
                frame.set(item, Arc::clone(&typed.values));
            }
        }
        Ok(frame)
    }

    /// The same rows chosen of every column.
    fn each(
        &mut self,
        choose: impl Fn(&dyn Array) -> std::result::Result<ArrayRef, ArrowError>,
    ) -> Result<()> {
        let ints = |array: &Int64Array| -> Result<Int64Array> {
            let chosen = choose(array).map_err(arrow)?;
            Ok(chosen.as_primitive::<Int64Type>().clone())
        };
        self.owners = ints(&self.owners)?;
        self.targets = ints(&self.targets)?;
        self.row_ids = ints(&self.row_ids)?;
        if let Some(days) = &self.days {
            let chosen = choose(days).map_err(arrow)?;
            self.days = Some(chosen.as_primitive::<Date32Type>().clone());
        }
        for words in self.keys.iter_mut().flat_map(|keys| &mut keys.words) {
            *words = choose(words).map_err(arrow)?.as_string::<i32>().clone();
        }
        for typed in &mut self.columns {
            typed.values = choose(&typed.values).map_err(arrow)?;
        }
        Ok(())
    }
}

/// What makes two rows of an owner one.
#[derive(PartialEq, Eq, Hash)]
struct Key<'k> {
    what: What<'k>,
    day: Option<i32>,
}

#[derive(PartialEq, Eq, Hash)]
enum What<'k> {
    Words(Option<i64>, Vec<&'k str>),
    Row(Option<i64>),
}

impl<'a> Reading<'a> {
    /// Which columns are read, and under which types.
    fn choose(&mut self, wanted: Wanted<'_>) {
        let program = self.program;
        let ty = |item: ItemId| program.item(item).map(|i| i.ty);
        for (at, column) in self.feed.columns.iter().enumerate() {
            let of_list = column.item.filter(|item| wanted.has(*item));
            let fact = column.fact.filter(|fact| wanted.has(*fact));
            self.typed.extend(of_list.map(|item| (at, item)));
            if let Some(fact) = fact
                && of_list.is_none_or(|item| ty(item) != ty(fact))
            {
                self.typed.push((at, fact));
            }
        }
        for (_, item) in &self.typed {
            if let Some(Type::Enum(of)) = ty(*item) {
                let members = program.dict.enum_of(of).map(|e| e.members.as_slice());
                let words = members.unwrap_or_default().iter().map(String::as_str);
                let numbered =
                    words.filter_map(|word| Some((word, program.dict.member(of, word)?)));
                self.members.insert(of, numbered.collect());
            }
        }
    }

    fn name(&self, at: usize) -> &'a str {
        self.feed.columns.get(at).map_or("", |c| c.name.as_str())
    }

    fn part(&self, lake: &Lake, row: &str, link: &str) -> Result<Part> {
        let owner = match self.about {
            About::Households => "household_id",
            About::Persons | About::Areas => "person_id",
        };
        let link = lake.read_columns(link, &[owner, "target_id"])?;
        let sheet = self.sheet(lake, row)?;
        let count = sheet.num_rows();
        let whole = |array: Option<&ArrayRef>| of_type(array, &DataType::Int64, count);
        let owners = match self.about {
            About::Areas => Arc::new(self.places(&sheet)),
            About::Persons | About::Households => whole(link.column_by_name(owner)),
        };
        let known = owners
            .nulls()
            .map(|nulls| BooleanArray::new(nulls.inner().clone(), None));
        let kept = |array: ArrayRef| -> Result<ArrayRef> {
            match &known {
                Some(known) => Ok(filter(&array, known).map_err(arrow)?),
                None => Ok(array),
            }
        };
        let column = |at: usize| sheet.column_by_name(self.name(at));
        let words = self.words.iter().map(|at| {
            let text = at
                .and_then(column)
                .map(|array| cast(array, &DataType::Utf8));
            let text = text.transpose().map_err(arrow)?;
            kept(of_type(text.as_ref(), &DataType::Utf8, count))
        });
        let typed = self.typed.iter().map(|(at, item)| {
            let array = self.typed(*item, column(*at), count);
            kept(array)
        });
        Ok(Part {
            targets: kept(whole(link.column_by_name("target_id")))?,
            row_ids: kept(whole(sheet.column_by_name("row_id")))?,
            days: kept(of_type(
                self.date.and_then(column),
                &DataType::Date32,
                count,
            ))?,
            words: words.collect::<Result<_>>()?,
            columns: typed.collect::<Result<_>>()?,
            owners: kept(owners)?,
        })
    }

    fn sheet(&self, lake: &Lake, path: &str) -> Result<RecordBatch> {
        // The row of a place is found by whichever of its words is a code.
        if self.about == About::Areas {
            return Ok(lake.read_batch(path)?);
        }
        let typed = self.typed.iter().map(|(at, _)| *at);
        let keys = self.words.iter().flatten().chain(&self.date).copied();
        let mut names = vec!["row_id"];
        names.extend(typed.chain(keys).map(|at| self.name(at)));
        Ok(lake.read_columns(path, &names)?)
    }

    /// The place each row is about, by the code in the first column that has one.
    fn places(&self, sheet: &RecordBatch) -> Int64Array {
        let columns = self.feed.columns.iter();
        let words = columns.filter_map(|c| sheet.column_by_name(&c.name)?.as_string_opt::<i32>());
        let words: Vec<&StringArray> = words.collect();
        let code = |at: usize| {
            let mut there = words.iter().filter(|words| words.is_valid(at));
            let code = there.find_map(|words| AreaCode::parse(words.value(at)).ok())?;
            Some(area_id(&code))
        };
        (0..sheet.num_rows()).map(code).collect()
    }

    /// A column under the type of a quantity; what does not fit is unknown.
    fn typed(&self, item: ItemId, array: Option<&ArrayRef>, count: usize) -> ArrayRef {
        let plain = |data_type: DataType| of_type(array, &data_type, count);
        match self.program.item(item).map(|i| i.ty) {
            Some(Type::Bool) => plain(DataType::Boolean),
            Some(Type::Day) => plain(DataType::Date32),
            Some(Type::Enum(of)) => {
                let words = array.and_then(|array| array.as_string_opt::<i32>());
                let (Some(words), Some(members)) = (words, self.members.get(&of)) else {
                    return Arc::new(UInt16Array::new_null(count));
                };
                let member = |word: Option<&str>| members.get(word?).copied();
                Arc::new(words.iter().map(member).collect::<UInt16Array>())
            }
            Some(Type::Num(_) | Type::Set(_) | Type::Area) | None => plain(DataType::Int64),
        }
    }

    /// The files' rows one after another, then by owner.
    fn whole(self, parts: Vec<Part>) -> Result<Rows<'a>> {
        let empty = |data_type: &DataType| engine::arrow::array::new_empty_array(data_type);
        let join = |data_type: &DataType, pick: &dyn Fn(&Part) -> Option<&ArrayRef>| {
            let all: Vec<&dyn Array> = parts.iter().filter_map(pick).map(AsRef::as_ref).collect();
            match all.as_slice() {
                [] => Ok(empty(data_type)),
                all => concat(all).map_err(arrow),
            }
        };
        let ints = |pick: &dyn Fn(&Part) -> Option<&ArrayRef>| -> Result<Int64Array> {
            Ok(join(&DataType::Int64, pick)?
                .as_primitive::<Int64Type>()
                .clone())
        };
        let mut words = Vec::new();
        for at in 0..self.words.len() {
            let joined = join(&DataType::Utf8, &|part| part.words.get(at))?;
            words.push(joined.as_string::<i32>().clone());
        }
        let days = join(&DataType::Date32, &|part| Some(&part.days))?;
        let mut columns = Vec::new();
        for (at, (place, item)) in self.typed.iter().enumerate() {
            let none = self.typed(*item, None, 0);
            columns.push(Typed {
                at: *place,
                item: *item,
                values: join(none.data_type(), &|part| part.columns.get(at))?,
            });
        }
        let mut rows = Rows {
            program: self.program,
            feed: self.feed,
            owners: ints(&|part| Some(&part.owners))?,
            targets: ints(&|part| Some(&part.targets))?,
            row_ids: ints(&|part| Some(&part.row_ids))?,
            days: self.date.map(|_| days.as_primitive::<Date32Type>().clone()),
            keys: Some(Keys {
                by_target: false,
                words,
            }),
            columns,
        };
        drop(parts);
        let owners = rows.owners.values();
        if !owners.is_sorted() {
            let mut order: Vec<u32> =
                (0..u32::try_from(owners.len()).unwrap_or(u32::MAX)).collect();
            order.sort_by_key(|at| {
                usize::try_from(*at)
                    .ok()
                    .and_then(|at| owners.get(at).copied())
            });
            let order = UInt32Array::from(order);
            rows.each(|array| take(array, &order, None))?;
        }
        Ok(rows)
    }
}

/// A column of so many rows, where it is of the type; else unknown throughout.
fn of_type(array: Option<&ArrayRef>, data_type: &DataType, count: usize) -> ArrayRef {
    match array {
        Some(array) if array.data_type() == data_type && array.len() >= count => {
            array.slice(0, count)
        }
        Some(_) | None => engine::arrow::array::new_null_array(data_type, count),
    }
}

/// The rows of each owner.
pub(super) fn groups(owners: &[i64]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0_usize;
    owners.chunk_by(|a, b| a == b).map(move |rows| {
        let end = start.saturating_add(rows.len());
        let range = start..end;
        start = end;
        range
    })
}

/// Cells over the denominator of their fact: a column counts in finer steps than a fact of that unit
/// may. What the fact cannot hold is unknown.
fn recorded(program: &Program, fact: ItemId, column: ItemId, values: ArrayRef) -> ArrayRef {
    let den = |item: ItemId| {
        let bounds = program.item(item).and_then(|i| i.bounds);
        bounds.map_or(1, |b| b.den_min)
    };
    let (to, from) = (den(fact), den(column));
    let Some(numbers) = values
        .as_primitive_opt::<Int64Type>()
        .filter(|_| to != from)
    else {
        return values;
    };
    let scaled = |n: Option<i64>| {
        let scaled = i128::from(n?).checked_mul(to)?;
        let whole = scaled.checked_div(from)?;
        (scaled.checked_rem(from)? == 0).then(|| i64::try_from(whole).ok())?
    };
    Arc::new(numbers.iter().map(scaled).collect::<Int64Array>())
}

fn arrow(error: ArrowError) -> crate::OfficeError {
    EngineError::from(error).into()
}
