//! 总览: the first row says what must be done now; every number opens the list it counts.

use askama::Template;
use office::views::{Overview, ProgrammeRow, TownshipRow};

use crate::chart::{self, Segment, share};
use crate::desk::{Answered, Desk};
use crate::links::{Link as _, with_field};
use crate::look::{Grouped as _, Look as _};
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    shell: Shell,
    months: Vec<(String, String)>,
    townships: Vec<Vec<Segment>>,
    programmes: Vec<ProgrammeChart>,
    month_names: Vec<String>,
    view: Overview,
}

struct ProgrammeChart {
    bars: Vec<Segment>,
    entitled_at: Option<String>,
    height: u64,
}

/// Distance between the bars of two months.
const STEP: u64 = 9;

pub(crate) async fn show(desk: Desk) -> Answered {
    let month = desk.fields.get("month");
    let view = desk.views.overview(&desk.who, month).await;
    let view = view.map_err(|error| desk.refuse(error))?;
    let months = view
        .months
        .iter()
        .map(|m| (m.clone(), with_field("/", "month", m)))
        .collect();
    let page = OverviewPage {
        shell: desk.shell("总览", Some(Menu::Overview)),
        months,
        townships: township_bars(&view),
        programmes: programme_bars(&view.programmes),
        month_names: view
            .programmes
            .first()
            .map(|row| row.months.iter().map(|m| m.month.clone()).collect())
            .unwrap_or_default(),
        view,
    };
    desk.show(&page)
}

fn township_bars(view: &Overview) -> Vec<Vec<Segment>> {
    let max = view
        .townships
        .iter()
        .map(|row| row.count.value)
        .max()
        .unwrap_or(0);
    let bar = |row: &TownshipRow| {
        let parts = row.parts.iter().zip(&view.kinds).enumerate();
        let parts = parts.map(|(index, (part, kind))| {
            let title = format!("{} {} 条", kind.kind.title, part.value.grouped());
            (part.value, format!("c{}", index % 8), title)
        });
        chart::stacked(parts.collect(), max)
    };
    view.townships.iter().map(bar).collect()
}

fn programme_bars(rows: &[ProgrammeRow]) -> Vec<ProgrammeChart> {
    let all = rows.iter().flat_map(|row| &row.months);
    let max = all
        .map(|m| m.on_roll.value.max(m.entitled.value))
        .max()
        .unwrap_or(0);
    let draw = |row: &ProgrammeRow| {
        let newest = row.months.len().saturating_sub(1);
        let bars = row.months.iter().enumerate().map(|(index, month)| {
            let age = newest.saturating_sub(index).min(3);
            let title = format!(
                "{} 在册 {} {}",
                month.month,
                month.on_roll.value.grouped(),
                row.unit
            );
            (month.on_roll.value, format!("m{age}"), title)
        });
        let bars = chart::grouped(bars.collect(), max, STEP);
        let height = STEP * u64::try_from(row.months.len()).unwrap_or(1);
        let entitled_at = row
            .months
            .last()
            .map(|month| share(month.entitled.value, max));
        ProgrammeChart {
            bars,
            entitled_at,
            height,
        }
    };
    rows.iter().map(draw).collect()
}
