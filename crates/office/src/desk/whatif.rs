//! 试算: one number of the place changed, the same people judged again; nothing is kept.

use super::month::Judgement;
use super::paging::choice;
use super::trial::{self, Trial};
use super::{Desk, Told, trial_curve};
use crate::views::{ParameterChoice, ViewError, WhatIf, WhatIfAsk};
use domain::{Day, Month};
use engine::{Judged, compile};
use rules::params::{COLUMNS, Row, split};
use rules::plan::{FileKind, FilePlan};
use rules::situation::Moments;
use rules::{Program, Rulebook, Severity, SourceText};
use std::sync::Arc;

/// A number of the place: all rows that say it, in whichever file.
struct Parameter<'a> {
    id: String,
    title: String,
    rows: Vec<&'a Row>,
}

pub(super) async fn whatif(desk: &Desk, ask: Option<WhatIfAsk>) -> Told<WhatIf> {
    let months = desk.month_list().await?;
    let newest = months.first().copied();
    let chosen = ask
        .as_ref()
        .and_then(|a| Month::parse(&a.month).ok())
        .filter(|m| months.contains(m));
    let month = chosen.or(newest).ok_or_else(|| {
        ViewError::NotAnswerable("还没有任何月份的户籍登记来文,不能试算".to_owned())
    })?;
    let parameters = parameters(desk, month.first());
    let mut view = WhatIf {
        parameters: parameters.iter().filter_map(shown).collect(),
        months: months
            .iter()
            .map(|m| choice(m.to_string(), m.to_string()))
            .collect(),
        ask: ask.clone(),
        problems: Vec::new(),
        result: None,
    };
    let Some(ask) = ask else { return Ok(view) };
    if chosen.is_none() {
        view.problems
            .push(format!("“月份” `{}` 没有数据,请重新选择", ask.month));
    }
    let Some(parameter) = parameters.iter().find(|p| p.id == ask.parameter) else {
        view.problems.push("“参数” 请在清单里选择一个".to_owned());
        return Ok(view);
    };
    let judgement = desk.judgement(month).await?;
    match changed(desk, parameter, &ask.value, month) {
        Err(problem) => view.problems.push(problem),
        Ok(_) if !view.problems.is_empty() => {}
        Ok(program) => {
            view.result = Some(run(desk, judgement, program, parameter, ask.value.trim()).await?)
        }
    }
    Ok(view)
}

async fn run(
    desk: &Desk,
    judgement: Arc<Judgement>,
    program: Program,
    parameter: &Parameter<'_>,
    value: &str,
) -> Told<crate::views::WhatIfResult> {
    let first = parameter.rows.first();
    let (was, unit) = first.map_or(("", ""), |r| (r.value.as_str(), r.unit.as_str()));
    let summary = format!("{} 由 {was} 调到 {value} {unit}", parameter.title);
    let started = desk.office.clock.now();
    let worker = Arc::clone(&judgement);
    let worked = tokio::task::spawn_blocking(move || {
        let judged = judge(&program, &worker)?;
        let trial = Trial::of(&worker, &program, &judged);
        let curve = trial_curve::curve(&worker, &program, &judged);
        Ok::<_, engine::EngineError>((trial, curve))
    });
    let (outcome, curve) = worked
        .await
        .map_err(|e| ViewError::Failed(e.to_string()))??;
    let took = desk
        .office
        .clock
        .now()
        .as_second()
        .saturating_sub(started.as_second());
    let note = format!(
        "按 {} 的事实重新判断,用时 {took} 秒;只算不存。费用是符合而金额算得出的合计,没有扣除不并给;缺事实的不猜",
        judgement.data.month
    );
    trial::result(desk, &judgement, outcome, curve, summary, note).await
}

fn judge(program: &Program, judgement: &Judgement) -> engine::Result<Judged> {
    let rules = program.only(|f: &FilePlan| f.kind != FileKind::Feed);
    compile(&rules, Moments::monthly(judgement.data.month))?.run(&judgement.data.frames)
}

/// The place's numbers on a day; rows that say one number for several files are one choice.
fn parameters(desk: &Desk, day: Day) -> Vec<Parameter<'_>> {
    let book = &desk.office.book;
    let locality = book
        .localities()
        .iter()
        .find(|l| l.id == desk.office.locality);
    let rows = locality.map_or(&[][..], |l| l.filled.rows.as_slice());
    let mut out: Vec<Parameter<'_>> = Vec::new();
    for row in rows {
        let in_force = row.from.is_none_or(|f| f <= day) && row.to.is_none_or(|t| day <= t);
        if !in_force || !row.value.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let keys: Vec<&str> = row.keys.iter().map(|(_, value)| value.as_str()).collect();
        let suffix = |mark: &str| {
            if keys.is_empty() {
                String::new()
            } else {
                format!("{mark}{}", keys.join("·"))
            }
        };
        let id = format!("{}{}", row.name, suffix("@"));
        let same = out
            .iter_mut()
            .find(|p| p.id == id && p.rows.iter().all(|r| r.area == row.area));
        match same {
            Some(parameter) => parameter.rows.push(row),
            None => out.push(Parameter {
                title: format!("{}{}", row.name, suffix(" · ")),
                id,
                rows: vec![row],
            }),
        }
    }
    out
}

fn shown(parameter: &Parameter<'_>) -> Option<ParameterChoice> {
    let row = parameter.rows.first()?;
    let since = row.from.map_or(String::new(), |d| format!("{d} 起 · "));
    Some(ParameterChoice {
        id: parameter.id.clone(),
        title: parameter.title.clone(),
        now: format!("{} {}", row.value, row.unit),
        unit: row.unit.clone(),
        source: format!("{since}{}", row.source),
    })
}

/// The rules with the number changed; what is wrong with it in the checker's words.
fn changed(
    desk: &Desk,
    parameter: &Parameter<'_>,
    value: &str,
    month: Month,
) -> Result<Program, String> {
    let value = value.trim().replace(['，', ','], "");
    let number = value.trim_end_matches(['%', '％']);
    if number.is_empty() || !number.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return Err("“改为” 应是一个数,如 1260".to_owned());
    }
    let book = &desk.office.book;
    let path = format!("localities/{}/parameters.csv", desk.office.locality);
    let mut texts: Vec<SourceText> = Vec::new();
    for (at, text) in book.texts() {
        let text = if *at == path {
            rewritten(text, parameter, &value)
        } else {
            text.clone()
        };
        texts.push(SourceText {
            path: at.clone(),
            text,
        });
    }
    let (program, problems) = Rulebook::read(texts).program(&desk.office.locality, month.first());
    match problems.iter().find(|p| p.severity == Severity::Error) {
        Some(problem) => Err(format!("“改为” 不能这样写:{}", problem.message)),
        None => Ok(program),
    }
}

/// The table's text with the value of the rows replaced.
fn rewritten(text: &str, parameter: &Parameter<'_>, value: &str) -> String {
    let mut spans: Vec<rules::Span> = parameter.rows.iter().map(|r| r.span).collect();
    spans.sort_by_key(|s| s.start);
    let header = text
        .lines()
        .next()
        .unwrap_or_default()
        .trim_start_matches('\u{FEFF}');
    let column = split(header)
        .iter()
        .position(|c| c == "值")
        .or_else(|| COLUMNS.iter().position(|c| *c == "值"));
    // Places are counted without the mark some editors put at the very beginning.
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut out = String::new();
    let mut done = 0;
    for span in spans {
        let (Some(before), Some(line)) =
            (text.get(done..span.start), text.get(span.start..span.end))
        else {
            continue;
        };
        out.push_str(before);
        let cells = split(line);
        let written = cells
            .iter()
            .enumerate()
            .map(|(at, cell)| quoted(if Some(at) == column { value } else { cell }));
        out.push_str(&written.collect::<Vec<_>>().join(","));
        done = span.end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_value_of_the_chosen_rows_changes() {
        let text = "文件,参数,地区,键,起,止,值,单位,来源,说明\na,标准,990101,,2026-07-01,,820,元,文件,\"示例值;一,二\"\nb,别的,990101,,2026-07-01,,5,元,文件,\n";
        let (filled, _) = rules::params::read("p.csv", text);
        let rows = filled.rows.iter().take(1).collect();
        let parameter = Parameter {
            id: String::new(),
            title: String::new(),
            rows,
        };
        assert_eq!(
            rewritten(text, &parameter, "900"),
            text.replace(",820,", ",900,")
        );
    }
}
