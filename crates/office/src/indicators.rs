//! 指标: every figure of `rulebook/indicators/` for a month, as somebody may see it.
//!
//! It reads what the month's rules said of everybody and what the record itself knows of places; it
//! decides nothing. A month's run keeps what it counted, so that a page need not judge anybody. Outside one's own places small figures are hidden, with so many
//! more that none can be found by subtraction (`engine::indicators::disclosure`).

mod kept;
mod shown;
mod table;
mod truth;
mod workload;

use crate::error::{OfficeError, Result};
use crate::monitoring::MonthData;
use crate::office::Office;
use crate::views::{IndicatorList, IndicatorView};
use domain::{AreaCode, Month};
use engine::indicators::Figure;
use rules::Program;
use rules::plan::Body;
use rules::value::Value;
use serde::Serialize;
use std::collections::BTreeMap;

pub(crate) use shown::{Sheet, part_of};
pub use truth::{Truth, against_truth};
pub(crate) use workload::{OwnDesk, desks};

/// The parameter that says how few may not be told.
const LEAST: &str = "disclosure.公布下限";

/// The figures of a month.
#[derive(Clone)]
pub(crate) struct Figures {
    /// The month.
    pub month: Month,
    /// Its figures, in the order of the rulebook.
    pub all: Vec<Figure>,
    /// How few may not be told.
    pub least: u64,
}

/// Whose eyes the figures are for.
#[derive(Clone, Debug)]
pub enum Seen {
    /// Somebody who answers for the whole place.
    Everything,
    /// Somebody who answers for these places.
    Places(Vec<AreaCode>),
}

impl Seen {
    /// Whether a place is their own.
    pub(crate) fn covers(&self, code: &AreaCode) -> bool {
        match self {
            Self::Everything => true,
            Self::Places(own) => own.iter().any(|wide| wide.contains(code)),
        }
    }
}

/// Names of places, the whole place first.
pub(crate) struct PlaceNames<'a> {
    /// The whole place.
    pub home: AreaCode,
    /// Names by twelve digits.
    pub names: &'a BTreeMap<String, String>,
}

impl PlaceNames<'_> {
    /// The name of a place; its code where nobody named it.
    pub(crate) fn of(&self, code: &AreaCode) -> String {
        let name = self.names.get(code.full());
        name.map_or_else(|| code.as_str().to_owned(), Clone::clone)
    }
}

/// The figures of a month with the rules they were counted by.
pub(crate) struct Counted {
    /// The rules.
    pub program: Program,
    /// The figures.
    pub figures: Figures,
}

/// What the figures of a month rest on, as one word: while it is the same, so are they.
///
/// # Errors
/// The record.
pub(crate) async fn stamp(office: &Office, month: Month) -> Result<String> {
    kept::stamp(office, month).await
}

/// The figures of a month: those its run kept, where nothing they rest on has changed; else counted
/// anew. Figures of places are those of the run, for the newest month those of now.
///
/// # Errors
/// No register for the month; the record.
pub(crate) async fn counted(office: &Office, month: Month, stamp: &str) -> Result<Counted> {
    let program = office.program_of(month);
    let kept = kept::read(office, &program, month, stamp).await?;
    let (program, all) = match kept {
        Some(all) => (program, all),
        None => {
            let data = MonthData::for_figures(office, month).await?;
            let all = of_people(&data);
            (data.program, all)
        }
    };
    let least = least(&program, month)?;
    Ok(Counted {
        program,
        figures: Figures { month, all, least },
    })
}

/// The figures of places as they stand now, in the place of those a month's run kept.
///
/// # Errors
/// The record.
pub(crate) async fn with_places(office: &Office, counted: &Counted) -> Result<Figures> {
    let area = counted.program.dict.entity("地区");
    let figures = &counted.figures;
    let people = figures.all.iter().filter(|f| Some(f.entity) != area);
    let mut all: Vec<Figure> = people.cloned().collect();
    all.extend(of_places(office, &counted.program, figures.month).await?);
    Ok(Figures {
        month: figures.month,
        all,
        least: figures.least,
    })
}

/// Counts every figure of a judged month and writes them into the lake; the file for the manifest.
///
/// # Errors
/// The record; the disk.
pub(crate) async fn keep(
    office: &Office,
    data: &MonthData,
) -> Result<Option<store::manifest::LakeFile>> {
    let stamp = kept::stamp(office, data.month).await?;
    let mut all = of_people(data);
    all.extend(of_places(office, &data.program, data.month).await?);
    let figures = Figures {
        month: data.month,
        all,
        least: least(&data.program, data.month)?,
    };
    kept::write(office, &data.program, &figures, stamp)
}

/// Figures of households and persons.
fn of_people(data: &MonthData) -> Vec<Figure> {
    let area = data.program.dict.entity("地区");
    let mut all = engine::indicators::figures(&data.program, &data.judged, &data.frames);
    all.retain(|figure| Some(figure.entity) != area);
    all
}

/// Figures of places: what the record itself knows of them.
async fn of_places(office: &Office, program: &Program, month: Month) -> Result<Vec<Figure>> {
    let frames = workload::frames(office, program, month).await?;
    let judged = workload::judge(program, month, &frames)?;
    let area = program.dict.entity("地区");
    let mut all = engine::indicators::figures(program, &judged, &frames);
    all.retain(|figure| Some(figure.entity) == area);
    Ok(all)
}

/// How few may not be told outside one's own places.
fn least(program: &Program, month: Month) -> Result<u64> {
    let param = program.find(LEAST).and_then(|item| program.item(item));
    let Some(Body::Param(param)) = param.map(|i| &i.body) else {
        // Without the file no figure is told to others, rather than all of them.
        return Ok(u64::MAX);
    };
    let value = param.lookup("", &[], month.first()).map(|v| v.value);
    let Some(Value::Num(number)) = value else {
        let said = format!(
            "指标公布的下限 `{LEAST}` 在 {month} 没有数;请在 indicators/disclosure.md 里补上"
        );
        return Err(OfficeError::Other(said));
    };
    let whole = number.num().div_euclid(number.den());
    Ok(u64::try_from(whole).unwrap_or(0))
}

/// All figures of a month with their areas and groups, for a program that reads them.
#[derive(Clone, Debug, Serialize)]
pub struct IndicatorReport {
    /// The list.
    pub list: IndicatorList,
    /// Every figure with its areas and groups.
    pub views: Vec<IndicatorView>,
}

/// Every figure of a month, compared with the month before and the same month a year ago where those
/// were judged.
///
/// # Errors
/// No register for the month; the record.
pub async fn report(
    office: &Office,
    month: Month,
    seen: &Seen,
    mut told: impl FnMut(&str),
) -> Result<IndicatorReport> {
    let months = crate::monitoring::months(office).await?;
    if !months.contains(&month) {
        return Err(OfficeError::NoRegister(month));
    }
    let mut others = Vec::new();
    for back in [1, 12] {
        let then = month.add(-back);
        if !months.contains(&then) {
            others.push(None);
            continue;
        }
        told(&format!("数 {then},用来比较"));
        let stamp = stamp(office, then).await?;
        others.push(Some(counted(office, then, &stamp).await?.figures));
    }
    told(&format!("数 {month}"));
    let stamp = stamp(office, month).await?;
    let mut counted = counted(office, month, &stamp).await?;
    if months.last() == Some(&month) {
        counted.figures = with_places(office, &counted).await?;
    }
    let areas = crate::areas::own(office, month.first()).await?;
    let names: BTreeMap<String, String> = areas
        .iter()
        .map(|a| (a.code.full().to_owned(), a.name.clone()))
        .collect();
    let home = office.home().await?.map(|area| area.code);
    let home = home.ok_or_else(|| {
        OfficeError::Other(
            "还没有导入区划,不知道数的是哪个地方;先用 doudi areas import 导入".to_owned(),
        )
    })?;
    let mut others = others.into_iter();
    let (last_month, last_year) = (others.next().flatten(), others.next().flatten());
    let sheet = Sheet {
        program: &counted.program,
        now: &counted.figures,
        last_month: last_month.as_ref(),
        last_year: last_year.as_ref(),
        seen,
        places: PlaceNames {
            home,
            names: &names,
        },
    };
    let list = sheet.list(&months);
    let ids: Vec<String> = list
        .files
        .iter()
        .flat_map(|f| f.rows.iter().map(|r| r.id.clone()))
        .collect();
    let views = ids
        .iter()
        .filter_map(|id| sheet.view(id, &months))
        .collect();
    Ok(IndicatorReport { list, views })
}
