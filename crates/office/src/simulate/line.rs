//! 贫困线: one number, or each household's own by a parameter or a quantity of the rules as they are,
//! so that the line stays where it is when a trial moves the standard.

use super::{LINE, WORDS, groups};
use crate::monitoring::MonthData;
use domain::Day;
use engine::arrow::array::Array;
use engine::simulate::Line;
use rules::plan::{Body, EntityId, ItemId, Param, ParamKey};
use rules::value::Value;
use rules::{Program, Ratio};
use std::collections::BTreeMap;

/// The line as stated.
#[derive(Clone, Debug)]
pub(crate) enum Stated {
    /// 分 a head and month.
    Fixed(Ratio),
    /// A quantity or parameter of households, by its whole name.
    Named(String, ItemId),
}

/// Reads the line; the standard now where none is stated.
///
/// # Errors
/// What cannot be understood.
pub(super) fn stated(program: &Program, asked: Option<&str>) -> Result<Stated, String> {
    let text = asked.unwrap_or(LINE).trim();
    if let Ok(fen) = domain::Fen::parse(text) {
        return Ok(Stated::Fixed(Ratio::whole(i128::from(fen.get()))));
    }
    let item = match groups::find(program, text) {
        Some(item) => item,
        None => groups::check(program, text)
            .map_err(|said| format!("贫困线 `{text}` 不是一个数,{said};可以写 850 或 {LINE}"))?,
    };
    let unit = program.item(item).map(|i| i.ty);
    let per_head = rules::unit::Unit::parse("元/人月").map(rules::plan::Type::Num);
    if unit != per_head {
        return Err(format!("贫困线 `{text}` 的单位不是 元/人月"));
    }
    Ok(Stated::Named(text.to_owned(), item))
}

impl Stated {
    /// In words.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Fixed(fen) => format!("人均每月 {}", super::summary::yuan(*fen)),
            Self::Named(path, _) => {
                let name = path.rsplit('.').next().unwrap_or(path);
                format!("各户现行的{name}")
            }
        }
    }

    /// The line of every household of a month.
    pub(super) fn of(&self, data: &MonthData) -> Line {
        let (item, day) = match self {
            Self::Fixed(fen) => return Line::Fixed(*fen),
            Self::Named(_, item) => (*item, data.month.first()),
        };
        let household = data.program.dict.entity(WORDS.household);
        let frame = household.and_then(|e| data.frames.entities.get(&e));
        let (Some(household), Some(frame)) = (household, frame) else {
            return Line::Each(BTreeMap::new());
        };
        let param = match data.program.item(item).map(|i| &i.body) {
            Some(Body::Param(param)) => Some(param),
            _ => None,
        };
        let of = |(row, id): (usize, &i64)| {
            let value = match param {
                None => groups::value(data, household, item, *id),
                Some(param) => {
                    let areas = frame.areas();
                    let area = areas.is_valid(row).then(|| areas.value(row))?;
                    look_up(data, param, (household, *id), area, day)?
                }
            };
            match value {
                Value::Num(line) => Some((*id, line)),
                _ => None,
            }
        };
        let ids = frame.ids().values().iter().enumerate();
        Line::Each(ids.filter_map(of).collect())
    }
}

/// A parameter for one household: its keys are the household's own facts of that name.
fn look_up(
    data: &MonthData,
    param: &Param,
    (household, id): (EntityId, i64),
    area: &str,
    day: Day,
) -> Option<Value> {
    let mut keys = Vec::new();
    for key in &param.keys {
        let ParamKey::Enum(e) = key else { continue };
        let name = &data.program.dict.enum_of(*e)?.name;
        let fact = groups::find(&data.program, name)?;
        keys.push(match groups::value(data, household, fact, id) {
            Value::Sym(member) => Some(member),
            _ => return None,
        });
    }
    param.lookup(area, &keys, day).map(|v| v.value)
}
