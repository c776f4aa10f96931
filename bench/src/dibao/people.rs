//! The peers' persons and households as the engine's tables: a month, some households at a time.

use super::input::Table;
use anyhow::{Context, Result, bail};
use datafusion::arrow::array::{
    ArrayRef, AsArray, BooleanArray, Int8Array, Int64Array, StringArray, UInt16Array, UInt32Array,
};
use datafusion::arrow::compute::{cast, max, min, take};
use datafusion::arrow::datatypes::{DataType, Int8Type, Int32Type, Int64Type};
use engine::situation::Cluster;
use engine::{Complete, EntityFrame, Frames, RelationFrame};
use rules::Program;
use rules::plan::{EntityId, Home, ItemId, RelId};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Facts of persons: our name, the peers' column.
const PERSON: [(&str, &str); 18] = [
    ("出生日期", "birth"),
    ("残疾等级", "disability"),
    ("患重病", "serious_illness"),
    ("在校", "student"),
    ("自理", "selfcare"),
    ("不在家", "absent"),
    ("工资", "wage"),
    ("经营收入", "business"),
    ("种养收入", "farm"),
    ("养老金", "pension"),
    ("财产收入", "property_income"),
    ("转移收入", "transfer"),
    ("赡养费", "alimony"),
    ("不计收入", "exempt"),
    ("医疗支出", "medical"),
    ("教育支出", "education"),
    ("康复支出", "rehab"),
    ("存款", "deposit"),
];

/// Facts of households.
const HOUSEHOLD: [(&str, &str); 6] = [
    ("机动车", "cars"),
    ("住房套数", "houses"),
    ("住房面积", "area"),
    ("办企业", "enterprise"),
    ("义务人有能力", "supporter_able"),
    ("房租", "rent"),
];

/// Everybody in the folder.
pub struct People {
    /// Persons, by household.
    pub persons: Table,
    /// Households.
    pub households: Table,
}

/// Some households of one month, as rows of the two tables.
pub struct Part {
    /// Their month: 202501.
    pub month: i32,
    /// Rows of the households.
    pub households: UInt32Array,
    /// Rows of their persons.
    pub persons: UInt32Array,
}

impl People {
    /// Reads what the rules need.
    pub fn read(folder: &Path, threads: usize) -> Result<Self> {
        let mut persons = vec!["person_id", "household_id"];
        persons.extend(PERSON.iter().map(|(_, column)| *column));
        let mut households = vec!["household_id", "district", "month", "rural"];
        households.extend(HOUSEHOLD.iter().map(|(_, column)| *column));
        Ok(Self {
            persons: Table::read(&folder.join("persons.parquet"), &persons, threads)?,
            households: Table::read(&folder.join("households.parquet"), &households, threads)?,
        })
    }

    /// Everybody by month, at most `households` households at a time.
    pub fn parts(&self, households: usize) -> Result<Vec<Part>> {
        let months = self.households.numbers::<Int32Type>("month")?;
        let ids = self.households.numbers::<Int64Type>("household_id")?;
        let of = self.persons.numbers::<Int64Type>("household_id")?.values();
        let mut open: BTreeMap<i32, (Vec<u32>, Vec<u32>)> = BTreeMap::new();
        let mut parts = Vec::new();
        let mut person = 0_usize;
        for (row, (id, month)) in (0_u32..).zip(ids.values().iter().zip(months.values())) {
            let (homes, people) = open.entry(*month).or_default();
            homes.push(row);
            while of.get(person) == Some(id) {
                people.push(u32::try_from(person)?);
                person = person.saturating_add(1);
            }
            if homes.len() >= households {
                let full = open.remove(month).unwrap_or_default();
                parts.push(part(*month, full));
            }
        }
        if person != self.persons.rows() {
            bail!("persons are not sorted by household");
        }
        parts.extend(open.into_iter().map(|(month, rest)| part(month, rest)));
        Ok(parts)
    }

    /// The tables of a part.
    pub fn frames(&self, names: &Names, part: &Part) -> Result<Frames> {
        let home = |column: &str| -> Result<ArrayRef> {
            Ok(take(
                self.households.column(column)?,
                &part.households,
                None,
            )?)
        };
        let person = |column: &str| -> Result<ArrayRef> {
            Ok(take(self.persons.column(column)?, &part.persons, None)?)
        };
        let mut households = EntityFrame::new(ids(&home("household_id")?)?)?
            .with_areas(area_codes(&home("district")?)?);
        households.set(names.class, small(&home("rural")?, |v| u16::from(v == 1))?);
        for ((_, column), fact) in HOUSEHOLD.iter().zip(&names.household) {
            households.set(fact.item, shaped(column, &home(column)?, fact.den)?);
        }
        let mut persons = EntityFrame::new(ids(&person("person_id")?)?)?;
        for ((_, column), fact) in PERSON.iter().zip(&names.person) {
            persons.set(fact.item, shaped(column, &person(column)?, fact.den)?);
        }
        let owners = ids(&person("household_id")?)?;
        let members = RelationFrame::new(
            Int64Array::from(owners),
            Int64Array::from(ids(&person("person_id")?)?),
            Complete::Everybody,
        )?;
        Ok(Frames {
            entities: [(names.home, households), (names.one, persons)].into(),
            relations: [(names.members, members)].into(),
            statuses: BTreeMap::new(),
        })
    }
}

fn part(month: i32, (households, persons): (Vec<u32>, Vec<u32>)) -> Part {
    Part {
        month,
        households: UInt32Array::from(households),
        persons: UInt32Array::from(persons),
    }
}

/// Where the facts stand in a program.
pub struct Names {
    home: EntityId,
    one: EntityId,
    /// 成员.
    pub members: RelId,
    class: ItemId,
    person: Vec<Fact>,
    household: Vec<Fact>,
}

/// A fact, and over what its numerators stand: 1 for money, more for what may have decimals.
struct Fact {
    item: ItemId,
    den: i64,
}

impl Names {
    /// Looks the facts up.
    pub fn of(program: &Program) -> Result<Self> {
        let entity = |name: &str| program.dict.entity(name).with_context(|| name.to_owned());
        let home = entity("家庭")?;
        let fact = |name: &str| {
            let item = program.find(name).with_context(|| name.to_owned())?;
            let bounds = program.item(item).and_then(|item| item.bounds);
            let den = bounds.map_or(Ok(1), |bounds| i64::try_from(bounds.den_max))?;
            Ok(Fact { item, den })
        };
        let class = program
            .items
            .iter()
            .position(|i| i.file.is_none() && i.name == "城乡" && i.home == Home::Entity(home));
        let all = |facts: &[(&str, &str)]| {
            let items = facts.iter().map(|(name, _)| fact(name));
            items.collect::<Result<Vec<Fact>>>()
        };
        Ok(Self {
            home,
            one: entity("个人")?,
            members: program.dict.relation("成员").context("成员")?,
            class: ItemId(u32::try_from(class.context("城乡")?)?),
            person: all(&PERSON)?,
            household: all(&HOUSEHOLD)?,
        })
    }
}

impl Names {
    /// Each household with its members, of those whose id is below a number.
    pub fn clusters(&self, frames: &Frames, below: usize) -> Vec<Cluster> {
        let mut clusters: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        let below = i64::try_from(below).unwrap_or(i64::MAX);
        if let Some(members) = frames.relations.get(&self.members) {
            let pairs = members
                .owners()
                .values()
                .iter()
                .zip(members.targets().values());
            for (home, person) in pairs.filter(|(home, _)| **home < below) {
                clusters.entry(*home).or_default().push(*person);
            }
        }
        let cluster = |(home, persons): (i64, Vec<i64>)| Cluster {
            ids: [(self.home, vec![home]), (self.one, persons)].into(),
        };
        clusters.into_iter().map(cluster).collect()
    }
}

fn ids(column: &ArrayRef) -> Result<Vec<i64>> {
    let ids = column.as_primitive_opt::<Int64Type>().context("ids")?;
    Ok(ids.values().to_vec())
}

/// Area codes as text; each is written once.
fn area_codes(districts: &ArrayRef) -> Result<StringArray> {
    let districts = districts
        .as_primitive_opt::<Int32Type>()
        .context("district")?;
    let (Some(first), Some(last)) = (min(districts), max(districts)) else {
        return Ok(StringArray::new_null(districts.len()));
    };
    let codes: Vec<String> = (first..=last).map(|code| code.to_string()).collect();
    let code = |district: &i32| {
        let at = usize::try_from(district.saturating_sub(first)).ok()?;
        codes.get(at)
    };
    Ok(districts.values().iter().map(code).collect())
}

/// A column in the shape of its fact.
fn shaped(name: &str, column: &ArrayRef, den: i64) -> Result<ArrayRef> {
    Ok(match name {
        // The peers write 0 for none and 1 to 4 for the grades; ours are 一级 to 四级, then 无.
        "disability" => small(column, |grade| match u16::try_from(grade) {
            Ok(grade @ 1..=4) => grade.saturating_sub(1),
            _ => 4,
        })?,
        "selfcare" => small(column, |need| u16::try_from(need).unwrap_or(0))?,
        "serious_illness" | "student" | "absent" | "enterprise" | "supporter_able" => {
            let answers = BooleanArray::from_unary(tiny(column)?, |v| v == 1);
            Arc::new(answers)
        }
        _ if den != 1 => {
            let numbers = cast(column, &DataType::Int64)?;
            let numbers = numbers.as_primitive_opt::<Int64Type>().context("numbers")?;
            let scaled = numbers.values().iter().map(|n| n.saturating_mul(den));
            Arc::new(Int64Array::from_iter_values(scaled))
        }
        _ => Arc::clone(column),
    })
}

fn tiny(column: &ArrayRef) -> Result<&Int8Array> {
    column
        .as_primitive_opt::<Int8Type>()
        .context("an Int8 column")
}

fn small(column: &ArrayRef, of: impl Fn(i8) -> u16) -> Result<ArrayRef> {
    let values = tiny(column)?.values().iter();
    Ok(Arc::new(UInt16Array::from_iter_values(
        values.map(|v| of(*v)),
    )))
}
