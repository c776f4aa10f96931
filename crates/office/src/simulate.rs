//! 试算: changed numbers or replaced rules on the real people of a month, before anybody signs them.
//!
//! The page and the command both ask here. It judges with the same engine as the month's run, counts
//! help after 不并给, and keeps nothing. Households are named by their ids; a page masks the rest.

mod book;
mod cap;
mod cliffs;
mod groups;
mod line;
mod months;
mod report;
pub mod setting;
mod summary;
mod whole;
mod workbook;

use crate::error::{OfficeError, Result};
use crate::monitoring::MonthData;
use crate::office::Office;
pub use cap::Cap;
pub use cliffs::{AxisAsk, Bucket, CliffArea, CliffRow, Cliffs, Curve, FirstYuan};
use domain::Month;
use engine::Frames;
pub use engine::simulate::Roll;
use engine::simulate::{Asked, Line, Outcome, Side, Words, against, refit};
pub use months::by_month;
pub(crate) use months::together as months_together;
pub use report::{
    CapReport, CapRow, Change, Counts, DoorId, DoorRow, Group, GroupRow, MonthFigures, MonthRow,
    Poverty, ProgrammeRow, Report, ScenarioReport,
};
use rules::situation::Moments;
use rules::{Program, SourceText};
use std::collections::BTreeSet;
use std::sync::Arc;
pub use summary::yuan_of;
pub(crate) use whole::{Tried, Whole, whole};
pub use workbook::workbook;

/// The rulebook's own names of what a trial reads.
pub const WORDS: Words<'static> = Words {
    household: "家庭",
    person: "个人",
    per_head: "household_means.人均月收入",
    counted: "composition.计入人数",
    counts: "composition.成员.计入",
};

/// The quantity that is the poverty line where none is stated.
pub const LINE: &str = "household_property.低保标准";

/// What is asked.
#[derive(Clone, Debug)]
pub struct Ask {
    /// On the people of which month.
    pub month: Month,
    /// What is tried, side by side.
    pub scenarios: Vec<Scenario>,
    /// 预算上限, if the money may run out.
    pub cap: Option<Cap>,
    /// The poverty line: 元 a head and month, or a quantity of households; [`LINE`] without.
    pub line: Option<String>,
    /// Quantities of households to tell the effects apart by, beside those always told.
    pub by: Vec<String>,
    /// Whether the roll follows those who enter and leave.
    pub roll: Roll,
    /// The income axis, if it is to be walked.
    pub axis: Option<AxisAsk>,
}

/// 方案: what is tried together.
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// Changed numbers: `低保标准@城镇=850`.
    pub settings: Vec<String>,
    /// Rule files in the place of those of the same path, or beside them.
    pub rules: Vec<SourceText>,
}

/// Tries scenarios on a month; `told` hears what is being done.
///
/// # Errors
/// No register for the month; what is asked cannot be understood; rules with mistakes.
pub async fn simulate(office: &Office, ask: &Ask, mut told: impl FnMut(&str)) -> Result<Report> {
    if !crate::monitoring::months(office)
        .await?
        .contains(&ask.month)
    {
        return Err(OfficeError::NoRegister(ask.month));
    }
    let prepared = prepare(office, ask)?;
    told("汇集当月事实,按现行规则判断");
    let data = Arc::new(MonthData::for_trials(office, ask.month).await?);
    run(office, &data, prepared, ask, told).await
}

/// A scenario whose rules are read and checked.
pub(crate) struct Prepared {
    scenario: Scenario,
    book: book::Changed,
    program: Program,
    axis: Option<cliffs::AxisRules>,
}

/// All scenarios, read and checked; nothing is judged yet.
pub(crate) struct Plan {
    scenarios: Vec<Prepared>,
    /// The rules as they are with an income axis.
    axis: Option<cliffs::AxisRules>,
    line: line::Stated,
    cap: Option<Cap>,
}

/// Reads and checks what is asked.
///
/// # Errors
/// The first thing that cannot be understood, said so that it can be written right.
pub(crate) fn prepare(office: &Office, ask: &Ask) -> Result<Plan> {
    let day = ask.month.first();
    let now = office.program(day);
    if ask.scenarios.is_empty() {
        return Err(OfficeError::NotFound(
            "没有写要试什么;用 --set 改一个数,或用 --rules 换规则文件".to_owned(),
        ));
    }
    let mut scenarios = Vec::new();
    for scenario in &ask.scenarios {
        let told = |said: String| OfficeError::NotFound(format!("方案“{}”:{said}", scenario.name));
        let book = book::changed(office, scenario, day).map_err(told)?;
        let program = book::program(office, &book, day)?;
        let axis = match &ask.axis {
            Some(_) => cliffs::rules(&book.texts, &office.locality, day),
            None => None,
        };
        scenarios.push(Prepared {
            scenario: scenario.clone(),
            book,
            program,
            axis,
        });
    }
    let axis = match &ask.axis {
        Some(_) => cliffs::rules(office.book.texts(), &office.locality, day),
        None => None,
    };
    if let Some(cap) = &ask.cap {
        cap.check(&now).map_err(OfficeError::NotFound)?;
    }
    for path in &ask.by {
        groups::check(&now, path).map_err(OfficeError::NotFound)?;
    }
    Ok(Plan {
        scenarios,
        axis,
        line: line::stated(&now, ask.line.as_deref()).map_err(OfficeError::NotFound)?,
        cap: ask.cap.clone(),
    })
}

/// Judges every scenario and tells what came of it.
pub(crate) async fn run(
    office: &Office,
    data: &Arc<MonthData>,
    plan: Plan,
    ask: &Ask,
    mut told: impl FnMut(&str),
) -> Result<Report> {
    let moments = Moments::monthly(ask.month);
    let places = summary::Places::of(office, ask.month).await?;
    let mut report = Report::new(office, data, ask, &plan.line);
    let line = plan.line.of(data);
    let mut now = None;
    for prepared in plan.scenarios {
        told(&format!("逐户试算:{}", prepared.scenario.name));
        let after = tables(office, data, &prepared, ask.month).await?;
        let after = Arc::new(after);
        let outcome = compared(data, &after, (&line, ask.roll)).await?;
        let what = (
            prepared.scenario.name.as_str(),
            prepared.book.changes.as_slice(),
        );
        let mut one = summary::scenario(data, what, &outcome, &places);
        one.groups = groups::groups(data, &outcome, &ask.by);
        one.funds = summary::funds(office, &outcome);
        if let Some(cap) = &plan.cap {
            one.cap = Some(cap::capped(data, &outcome, cap, &places));
        }
        if let (Some(walk), Some(rules)) = (&ask.axis, prepared.axis) {
            told(&format!("沿收入轴找悬崖:{}", prepared.scenario.name));
            let homes: BTreeSet<i64> = cliffs::homes(&outcome, &walk.chosen);
            if now.is_none()
                && let Some(rules) = &plan.axis
            {
                let all = Arc::new(homes.clone());
                let tables = cliffs::Tables::Month(Arc::clone(data));
                let walked = cliffs::walk(tables, rules.clone(), walk.clone(), all, moments);
                now = Some(walked.await?);
            }
            let all = Arc::new(homes);
            let tables = cliffs::Tables::Scenario(Arc::clone(&after));
            let then = cliffs::walk(tables, rules, walk.clone(), all, moments).await?;
            one.cliffs = Some(cliffs::told(data, now.as_ref(), &then, walk, &places));
        } else if ask.axis.is_some() {
            report.notes.push(format!(
                "方案“{}”的规则里没有可以沿着走的家庭年收入,没有找悬崖",
                one.name
            ));
        }
        report.scenarios.push(one);
    }
    Ok(report)
}

/// What other rules do to the people of a month.
async fn compared(
    data: &Arc<MonthData>,
    after: &Arc<(Program, Frames)>,
    (line, roll): (&Line, Roll),
) -> Result<Outcome> {
    let moments = Moments::monthly(data.month);
    let asked = Asked {
        words: WORDS,
        line: Some(line.clone()),
        roll,
    };
    let worker = Arc::clone(data);
    let sides = Arc::clone(after);
    blocking(move || {
        let base = Side::new(&worker.program, &worker.frames, &worker.judged, moments);
        let base = match &worker.made {
            Some(made) => base.remembering(made),
            None => base,
        };
        Ok(against(&base, &sides.0, &sides.1, moments, &asked)?)
    })
    .await
}

/// The rules of a scenario with tables that fit them.
async fn tables(
    office: &Office,
    data: &Arc<MonthData>,
    prepared: &Prepared,
    month: Month,
) -> Result<(Program, Frames)> {
    fitted(
        office,
        data,
        prepared.program.clone(),
        (prepared.book.facts, month),
    )
    .await
}

/// Rules with tables that fit them: the month's own where the change leaves the facts alone, built anew
/// where it does not.
async fn fitted(
    office: &Office,
    data: &Arc<MonthData>,
    program: Program,
    (facts, month): (bool, Month),
) -> Result<(Program, Frames)> {
    if !facts {
        let worker = Arc::clone(data);
        let held = program.clone();
        let found = blocking(move || Ok(refit(&worker.frames, &worker.program, &held)?)).await?;
        if let Some(frames) = found {
            return Ok((program, frames));
        }
    }
    let fresh = MonthData::for_trial(office, program, month).await?;
    Ok((fresh.program, fresh.frames))
}

/// Bulk work on a thread of its own.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| OfficeError::Other(format!("试算中断:{e}")))?
}
