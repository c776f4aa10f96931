//! 评估结果: what the assessments of a month say of everybody, value by value. A month's run keeps them in
//! the lake, under the same stamp as its figures, so that a list of a million persons is read and not
//! judged. They hold ids, places and members of enumerations; never a name, never an amount.

use crate::error::Result;
use crate::intake::unhex;
use crate::monitoring::MonthData;
use crate::office::Office;
use domain::{AreaCode, Month};
use engine::arrow::array::Array;
use engine::{Column, Judged, JudgedTable, Sheet};
use rules::Program;
use rules::plan::{EntityId, FileKind, FilePlan, Home, ItemId, Period, Type};
use rules::value::Value;
use std::collections::BTreeMap;
use store::manifest::LakeFile;

/// What the lake calls the rows of one assessment: this and the file's id.
const ROWS: &str = "assessed-";
/// What the lake calls how many have which value where.
const COUNTS: &str = "assessed";
/// The county column of a file that is of no one county.
const ALL: &str = "000000";
/// What a row has of a quantity nobody could work out.
const UNKNOWN: i64 = -1;
/// What a page says for it.
pub(crate) const UNSETTLED: &str = "待查";
/// The place of a row whose place is not known.
const NOWHERE: u32 = u32::MAX;

/// Whom an assessment is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Persons,
    Households,
    Places,
}

/// A quantity whose values have lists: 归类 and 是否.
#[derive(Clone, Debug)]
pub(crate) struct Quantity {
    /// Its name.
    pub name: String,
    /// Its values in words, in the order of their declaration.
    pub words: Vec<String>,
    /// Whether one may have several at once.
    pub several: bool,
    /// Whether it is a 归类 and not a mere 是否.
    pub classes: bool,
    /// The quantity itself.
    pub item: ItemId,
}

/// An assessment that has lists.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// The file's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its path.
    pub path: String,
    /// Whom it is about.
    pub about: About,
    /// What has lists.
    pub quantities: Vec<Quantity>,
    entity: EntityId,
}

/// What an assessment says of everybody.
pub(crate) struct Assessed {
    /// The assessment.
    pub shape: Shape,
    /// Whom the rows are about, rising.
    pub ids: Vec<i64>,
    /// The places the rows are in.
    pub places: Vec<AreaCode>,
    place_of: Vec<u32>,
    values: Vec<Vec<i64>>,
}

/// How many have which value where, by assessment, quantity and value.
pub(crate) type Counts = BTreeMap<(String, String, String), BTreeMap<AreaCode, u64>>;

/// The assessments of a month that have lists, in the order of the rulebook.
pub(crate) fn shapes(program: &Program) -> Vec<Shape> {
    let files = program.files.iter();
    // A place's own policy that only classifies is an assessment by another word.
    let classifies = |f: &FilePlan| {
        f.kind == FileKind::Policy && f.verdict.is_none() && f.path.starts_with("localities/")
    };
    let assesses = |f: &FilePlan| f.kind == FileKind::Assessment || classifies(f);
    let monthly = |f: &&FilePlan| assesses(f) && f.period != Period::Occasion;
    files
        .filter(monthly)
        .filter_map(|plan| shape(program, plan))
        .collect()
}

fn shape(program: &Program, plan: &FilePlan) -> Option<Shape> {
    let about = match program.dict.entity_name(plan.entity) {
        "个人" => About::Persons,
        "家庭" => About::Households,
        "地区" => About::Places,
        _ => return None,
    };
    let items = plan
        .items
        .iter()
        .filter_map(|id| quantity(program, plan, *id));
    let quantities: Vec<Quantity> = items.collect();
    (!quantities.is_empty()).then(|| Shape {
        id: plan.id.clone(),
        title: plan.title.clone(),
        path: plan.path.clone(),
        about,
        quantities,
        entity: plan.entity,
    })
}

fn quantity(program: &Program, plan: &FilePlan, id: ItemId) -> Option<Quantity> {
    let item = program.item(id)?;
    if item.home != Home::Entity(plan.entity) || matches!(item.body, rules::plan::Body::Param(_)) {
        return None;
    }
    let members = |of| program.dict.enum_of(of).map(|e| e.members.clone());
    let (words, several) = match item.ty {
        Type::Bool => (vec!["是".to_owned(), "否".to_owned()], false),
        Type::Enum(of) => (members(of)?, false),
        Type::Set(of) => (members(of)?, true),
        Type::Num(_) | Type::Day | Type::Area => return None,
    };
    Some(Quantity {
        name: item.name.clone(),
        words,
        several,
        classes: item.ty != Type::Bool,
        item: id,
    })
}

/// A value as the lake has it: the member's number, a bit each of several, 0 for 是 and 1 for 否.
fn number(value: Option<Value>) -> i64 {
    match value {
        Some(Value::Bool(yes)) => i64::from(!yes),
        Some(Value::Sym(member)) => i64::from(member),
        Some(Value::Set(members)) => i64::try_from(members).unwrap_or(UNKNOWN),
        Some(Value::Unknown | Value::Num(_) | Value::Day(_)) | None => UNKNOWN,
    }
}

impl Quantity {
    /// A value in words; 待查 where it is not known.
    pub fn said(&self, value: Value) -> String {
        self.say(number(Some(value)))
    }

    fn say(&self, value: i64) -> String {
        let Some(members) = self.members(value) else {
            return UNSETTLED.to_owned();
        };
        let named: Vec<&str> = members
            .filter_map(|at| self.words.get(at).map(String::as_str))
            .collect();
        if named.is_empty() {
            "没有".to_owned()
        } else {
            named.join("、")
        }
    }

    /// The places in [`words`](Self::words) of what a row has; none where it is not known.
    fn members(&self, value: i64) -> Option<impl Iterator<Item = usize>> {
        if value == UNKNOWN {
            return None;
        }
        let several = self.several;
        let has = move |at: &usize| {
            let at = u32::try_from(*at).unwrap_or(u32::MAX);
            match several {
                true => value.checked_shr(at).is_some_and(|rest| rest & 1 == 1),
                false => value == i64::from(at),
            }
        };
        Some((0..self.words.len()).filter(has))
    }
}

impl Assessed {
    /// What the judged month says.
    pub fn of(shape: &Shape, judged: &Judged, data: &MonthData) -> Option<Self> {
        let table = judged.table(&shape.id)?;
        let frame = data.frames.entities.get(&shape.entity)?;
        let ids = table.ids().to_vec();
        let areas = frame.areas();
        let code = |row: usize| {
            let known = row < areas.len() && areas.is_valid(row);
            if known { areas.value(row) } else { "" }
        };
        let (places, place_of) = placed((0..ids.len()).map(code));
        let column = |quantity: &Quantity| -> Vec<i64> {
            let rows = 0..ids.len();
            rows.map(|row| number(read(table, quantity, row))).collect()
        };
        let values = shape.quantities.iter().map(column).collect();
        Some(Self {
            shape: shape.clone(),
            ids,
            places,
            place_of,
            values,
        })
    }

    /// The place of a row.
    pub fn place(&self, row: usize) -> Option<AreaCode> {
        let at = usize::try_from(*self.place_of.get(row)?).ok()?;
        self.places.get(at).copied()
    }

    /// Which of the places are wanted, by [`places`](Self::places); the last stands for nowhere.
    pub fn wanted(&self, want: impl Fn(Option<AreaCode>) -> bool) -> Wanted {
        let places = self.places.iter().map(|place| want(Some(*place)));
        Wanted {
            places: places.collect(),
            nowhere: want(None),
        }
    }

    /// Whether a row is in a wanted place.
    pub fn is_in(&self, wanted: &Wanted, row: usize) -> bool {
        match self.place_of.get(row) {
            None | Some(&NOWHERE) => wanted.nowhere,
            Some(at) => usize::try_from(*at)
                .ok()
                .and_then(|at| wanted.places.get(at).copied())
                .unwrap_or(false),
        }
    }

    /// The places in the quantity's words of what a row has; none where it is not known.
    pub fn members(&self, quantity: usize, row: usize) -> Option<impl Iterator<Item = usize>> {
        let value = *self.values.get(quantity)?.get(row)?;
        self.shape.quantities.get(quantity)?.members(value)
    }

    /// What a row has in words; 待查 where it is not known.
    pub fn words(&self, quantity: usize, row: usize) -> String {
        let value = self.values.get(quantity).and_then(|values| values.get(row));
        let quantity = self.shape.quantities.get(quantity);
        let said = quantity
            .zip(value)
            .map(|(quantity, value)| quantity.say(*value));
        said.unwrap_or_else(|| UNSETTLED.to_owned())
    }

    fn sheet(&self) -> Sheet {
        let mut columns = vec![(
            "id".to_owned(),
            Column::Int(self.ids.iter().copied().map(Some).collect()),
        )];
        let area = |row: usize| self.place(row).and_then(|place| place.full().parse().ok());
        let areas = (0..self.ids.len()).map(area).collect();
        columns.push(("area".to_owned(), Column::Int(areas)));
        for (quantity, values) in self.shape.quantities.iter().zip(&self.values) {
            let known = |value: &i64| Some(*value).filter(|value| *value != UNKNOWN);
            let values = values.iter().map(known).collect();
            columns.push((format!("={}", quantity.name), Column::Int(values)));
        }
        Sheet { columns }
    }

    /// Rows of the lake; none where they are not of this shape.
    fn from_sheet(shape: &Shape, sheet: &Sheet) -> Option<Self> {
        let ids: Option<Vec<i64>> = sheet.ints("id").iter().copied().collect();
        let ids = ids?;
        let code = |code: &Option<i64>| code.map_or_else(String::new, |c| format!("{c:012}"));
        let codes: Vec<String> = sheet.ints("area").iter().map(code).collect();
        let (places, place_of) = placed(codes.iter().map(String::as_str));
        let mut values = Vec::new();
        for quantity in &shape.quantities {
            let Some(Column::Int(column)) = sheet.column(&format!("={}", quantity.name)) else {
                return None;
            };
            values.push(column.iter().map(|v| v.unwrap_or(UNKNOWN)).collect());
        }
        Some(Self {
            shape: shape.clone(),
            ids,
            places,
            place_of,
            values,
        })
    }

    /// How many have which value where.
    pub fn count_into(&self, counts: &mut Counts) {
        for (at, quantity) in self.shape.quantities.iter().enumerate() {
            let nowhere = self.places.len();
            let unsettled = quantity.words.len();
            let values = unsettled.saturating_add(1);
            let mut sums = vec![vec![0_u64; nowhere.saturating_add(1)]; values];
            for row in 0..self.ids.len() {
                let place = self.place_of.get(row).copied().unwrap_or(NOWHERE);
                let place = usize::try_from(place).map_or(nowhere, |p| p.min(nowhere));
                let mut add = |member: usize| {
                    let sum = sums.get_mut(member).and_then(|sums| sums.get_mut(place));
                    if let Some(sum) = sum {
                        *sum = sum.saturating_add(1);
                    }
                };
                match self.members(at, row) {
                    Some(members) => members.for_each(add),
                    None => add(unsettled),
                }
            }
            let words = quantity.words.iter().map(String::as_str);
            for (word, sums) in words.chain([UNSETTLED]).zip(sums) {
                let of = (
                    self.shape.id.clone(),
                    quantity.name.clone(),
                    word.to_owned(),
                );
                let placed = self.places.iter().copied().zip(sums);
                let placed = placed.filter(|(_, sum)| *sum > 0);
                counts.insert(of, placed.collect());
            }
        }
    }
}

/// Places somebody asks for.
pub(crate) struct Wanted {
    places: Vec<bool>,
    nowhere: bool,
}

fn read(table: &JudgedTable, quantity: &Quantity, row: usize) -> Option<Value> {
    table.value(quantity.item, row)
}

/// Each code once, and for every row which of them it is.
fn placed<'a>(codes: impl Iterator<Item = &'a str>) -> (Vec<AreaCode>, Vec<u32>) {
    let mut known: BTreeMap<String, u32> = BTreeMap::new();
    let mut places = Vec::new();
    let mut of = Vec::new();
    for code in codes {
        if let Some(at) = known.get(code) {
            of.push(*at);
            continue;
        }
        let at = match AreaCode::parse(code) {
            Ok(place) => {
                let at = u32::try_from(places.len()).unwrap_or(NOWHERE);
                places.push(place);
                at
            }
            Err(_) => NOWHERE,
        };
        known.insert(code.to_owned(), at);
        of.push(at);
    }
    (places, of)
}

/// Writes what the assessments of a judged month say; the files for the manifest.
///
/// # Errors
/// The record; the disk.
pub(crate) async fn keep(office: &Office, data: &MonthData) -> Result<Vec<LakeFile>> {
    let stamp = crate::indicators::stamp(office, data.month).await?;
    let mut out = Vec::new();
    let mut counts = Counts::new();
    let mut write = |kind: &str, sheet: &Sheet| -> Result<()> {
        let written = office.lake.write(kind, data.month, ALL, sheet)?;
        out.push(LakeFile {
            kind: kind.to_owned(),
            month: data.month,
            county: ALL.to_owned(),
            path: written.path,
            rows: written.rows,
            digest: unhex(&written.sha256),
            cause: stamp.clone(),
        });
        Ok(())
    };
    for shape in shapes(&data.program) {
        let Some(assessed) = Assessed::of(&shape, &data.judged, data) else {
            continue;
        };
        assessed.count_into(&mut counts);
        write(&format!("{ROWS}{}", shape.id), &assessed.sheet())?;
    }
    if !counts.is_empty() {
        write(COUNTS, &counted(&counts))?;
    }
    Ok(out)
}

fn counted(counts: &Counts) -> Sheet {
    let mut words: [Vec<Option<String>>; 4] = Default::default();
    let mut sums = Vec::new();
    for ((file, quantity, value), places) in counts {
        for (place, sum) in places {
            let row = [file.as_str(), quantity, value, place.full()];
            let cells = words.iter_mut().zip(row);
            cells.for_each(|(column, cell)| column.push(Some(cell.to_owned())));
            sums.push(i64::try_from(*sum).ok());
        }
    }
    let names = ["file", "quantity", "value", "area"].into_iter().zip(words);
    let words = names.map(|(name, column)| (name.to_owned(), Column::Text(column)));
    let sums = ("sum".to_owned(), Column::Int(sums));
    Sheet {
        columns: words.chain([sums]).collect(),
    }
}

/// The file a run kept of an assessment, where it still rests on the same rules and files.
///
/// # Errors
/// The record.
pub(crate) async fn kept(
    office: &Office,
    shape: &Shape,
    (month, stamp): (Month, &str),
) -> Result<Option<String>> {
    let kept = store::manifest::list(&office.store, &format!("{ROWS}{}", shape.id), month).await?;
    let mut kept = kept.into_iter();
    Ok(kept.find(|file| file.cause == stamp).map(|file| file.path))
}

/// The file the last run of a month kept of an assessment, whatever came since.
///
/// # Errors
/// The record.
pub(crate) async fn kept_last(office: &Office, id: &str, month: Month) -> Result<Option<String>> {
    let kept = store::manifest::list(&office.store, &format!("{ROWS}{id}"), month).await?;
    Ok(kept.into_iter().next_back().map(|file| file.path))
}

/// The rows of such a file; none where they are not of this shape.
///
/// # Errors
/// A lake file that is missing.
pub(crate) fn rows(office: &Office, shape: &Shape, path: &str) -> Result<Option<Assessed>> {
    Ok(Assessed::from_sheet(shape, &office.lake.read(path)?))
}

/// The file a run kept of how many have which value where.
///
/// # Errors
/// The record.
pub(crate) async fn kept_counts(
    office: &Office,
    month: Month,
    stamp: &str,
) -> Result<Option<String>> {
    let mut kept = store::manifest::list(&office.store, COUNTS, month)
        .await?
        .into_iter();
    Ok(kept.find(|file| file.cause == stamp).map(|file| file.path))
}

/// How many have which value where, of such a file.
///
/// # Errors
/// A lake file that is missing.
pub(crate) fn counts(office: &Office, path: &str) -> Result<Counts> {
    let sheet = office.lake.read(path)?;
    let column = |name: &str| match sheet.column(name) {
        Some(Column::Text(words)) => words.as_slice(),
        _ => &[],
    };
    let columns = ["file", "quantity", "value", "area"].map(column);
    let mut out = Counts::new();
    for (row, sum) in sheet.ints("sum").iter().enumerate() {
        let cells = columns.map(|column| column.get(row).cloned().flatten());
        let [Some(file), Some(quantity), Some(value), Some(area)] = cells else {
            continue;
        };
        if let (Ok(area), Some(sum)) = (AreaCode::parse(&area), sum) {
            let of = out.entry((file, quantity, value)).or_default();
            of.insert(area, u64::try_from(*sum).unwrap_or(0));
        }
    }
    Ok(out)
}
