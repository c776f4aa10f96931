//! The trial as PDF: what the page shows, on paper, for the file of the meeting that decides. It names nobody.

use crate::pdf::{self, Part};
use crate::views::{ViewError, WhatIfCliffs, WhatIfGroup, WhatIfResult, WhatIfScenario};

/// Writes what a trial came to; the same bytes for the same result.
///
/// # Errors
/// No font is installed, or it lacks a character.
pub fn trial_pdf(result: &WhatIfResult) -> Result<Vec<u8>, ViewError> {
    let written = pdf::report(&parts(result));
    written.map_err(|error| match error {
        pdf::PdfError::Refused(said) => ViewError::NotAnswerable(said),
        pdf::PdfError::Broken(said) => ViewError::Failed(said),
    })
}

fn parts(result: &WhatIfResult) -> Vec<Part> {
    let mut out = vec![
        Part::Title("试算".to_owned()),
        Part::Text(result.about.clone()),
    ];
    if result.scenarios.len() > 1 {
        out.push(Part::Heading("方案比较".to_owned()));
        let names = result.scenarios.iter().map(|one| one.name.clone());
        let rows = result.compared.iter().map(|(title, cells)| {
            let title = std::iter::once(title.clone());
            title.chain(cells.iter().cloned()).collect()
        });
        out.push(table(
            std::iter::once("指标".to_owned()).chain(names).collect(),
            rows.collect(),
            1,
        ));
    }
    for one in &result.scenarios {
        scenario(one, &mut out);
    }
    if !result.months.is_empty() {
        out.push(Part::Heading("逐月".to_owned()));
        let names = [
            "月份",
            "方案",
            "现行",
            "试算",
            "变化",
            "得到更多",
            "失去或减少",
        ];
        let rows = result.months.iter().map(|row| {
            let named = match row.why.as_str() {
                "" => &row.scenario,
                why => why,
            };
            let cells = [
                &row.month,
                named,
                &row.before,
                &row.after,
                &row.change,
                &row.gain,
                &row.lose,
            ];
            cells.map(|cell| cell.to_owned()).to_vec()
        });
        out.push(table(head(&names), rows.collect(), 2));
    }
    out.push(Part::Heading("怎么算的".to_owned()));
    out.extend(
        result
            .notes
            .iter()
            .map(|note| Part::Text(format!("· {note}"))),
    );
    out
}

/// A table whose first columns are words and the others numbers.
fn table(head: Vec<String>, rows: Vec<Vec<String>>, words: usize) -> Part {
    let right = (0..head.len()).map(|at| at >= words).collect();
    Part::Table { head, rows, right }
}

fn head(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn scenario(one: &WhatIfScenario, out: &mut Vec<Part>) {
    out.push(Part::Heading(one.name.clone()));
    out.extend(
        one.changes
            .iter()
            .map(|change| Part::Text(format!("· {change}"))),
    );
    out.push(Part::Text(format!(
        "每月支出 {} → {},变化 {}",
        one.cost_before, one.cost_after, one.cost_change
    )));
    out.push(Part::Text(format!(
        "得到更多 {} 户,其中新得到 {} 户;失去或减少 {} 户,其中不再得到 {} 户;没有变化 {} 户;事实不全、有待查的 {} 户",
        one.gain, one.enter, one.lose, one.leave, one.same, one.unsettled
    )));
    out.push(Part::Heading("各项救助".to_owned()));
    let rows = one.programmes.iter().map(|row| {
        vec![
            row.title.clone(),
            format!(
                "{} → {} {}",
                row.entitled_before, row.entitled_after, row.unit
            ),
            row.enter.to_string(),
            row.leave.to_string(),
            if row.cost_after.is_empty() {
                "不按月发钱".to_owned()
            } else {
                format!("{} → {}", row.cost_before, row.cost_after)
            },
            row.cost_change.clone(),
        ]
    });
    let names = ["项目", "符合", "新进入", "退出", "每月支出", "变化"];
    out.push(table(head(&names), rows.collect(), 1));
    if !one.funds.is_empty() {
        out.push(Part::Heading("按资金".to_owned()));
        let rows = one.funds.iter().map(|row| {
            vec![
                row.name.clone(),
                row.before.clone(),
                row.after.clone(),
                row.change.clone(),
            ]
        });
        out.push(table(
            head(&["资金", "现行", "试算", "变化"]),
            rows.collect(),
            1,
        ));
    }
    for (title, rows) in &one.groups {
        out.push(Part::Heading(format!("按{title}")));
        out.push(groups(title, rows));
    }
    poverty(one, out);
    if let Some(found) = &one.cliffs {
        cliffs(found, out);
    }
    people(one, out);
}

fn groups(title: &str, rows: &[WhatIfGroup]) -> Part {
    let names = [
        title,
        "有救助的户",
        "得到更多",
        "失去或减少",
        "现行",
        "试算",
        "变化",
    ];
    let rows = rows.iter().map(|row| {
        vec![
            row.name.clone(),
            row.doors.to_string(),
            row.gain.to_string(),
            row.lose.to_string(),
            row.before.clone(),
            row.after.clone(),
            row.change.clone(),
        ]
    });
    table(head(&names), rows.collect(), 1)
}

fn poverty(one: &WhatIfScenario, out: &mut Vec<Part>) {
    let Some(poor) = &one.poverty else { return };
    out.push(Part::Heading(format!("贫困和不平等 · 线:{}", poor.line)));
    let counts = vec![
        "贫困人数".to_owned(),
        poor.without_help.to_string(),
        poor.before.to_string(),
        poor.after.to_string(),
    ];
    let gaps = vec![
        "离线合计差(每月)".to_owned(),
        String::new(),
        poor.gap_before.clone(),
        poor.gap_after.clone(),
    ];
    let measures = poor.measures.iter();
    let measures = measures.map(|(name, alone, before, after)| {
        vec![name.clone(), alone.clone(), before.clone(), after.clone()]
    });
    let rows = [counts, gaps].into_iter().chain(measures);
    let names = ["算法", "没有救助", "现行", "试算"];
    out.push(table(head(&names), rows.collect(), 1));
    out.push(Part::Text(format!(
        "算得清的 {} 人;收入不清的 {} 人另列,不算贫困,也不算不贫困。",
        poor.persons, poor.unknown
    )));
}

fn cliffs(found: &WhatIfCliffs, out: &mut Vec<Part>) {
    out.push(Part::Heading(format!(
        "悬崖 {} → {} 处({} 户沿收入轴走过)",
        found.cliffs_now, found.cliffs_then, found.households
    )));
    let first = found.first.iter();
    let first =
        first.map(|(what, now, then)| vec![what.clone(), now.to_string(), then.to_string()]);
    let names = ["多挣第一个 1 元", "现行(户)", "试算(户)"];
    out.push(table(head(&names), first.collect(), 1));
    for (title, buckets) in [("人均月收入", &found.histogram), ("乡镇", &found.areas)] {
        if buckets.is_empty() {
            continue;
        }
        let rows = buckets.iter().map(|row| {
            vec![
                row.name.clone(),
                row.households.to_string(),
                row.cliffs.to_string(),
                row.lost.clone(),
            ]
        });
        out.push(table(
            head(&[title, "家庭", "悬崖", "少得"]),
            rows.collect(),
            1,
        ));
    }
    if !found.rows.is_empty() {
        let rows = found.rows.iter().map(|row| {
            vec![
                row.subject.clone(),
                row.place.clone(),
                row.at.clone(),
                row.drop.clone(),
                row.parts.join(";"),
            ]
        });
        let names = ["最深的悬崖", "地点", "在哪里", "结果", "哪些项目"];
        out.push(table(head(&names), rows.collect(), names.len()));
    }
}

fn people(one: &WhatIfScenario, out: &mut Vec<Part>) {
    if let Some(cap) = &one.cap {
        out.push(Part::Heading(format!("预算上限:{}", cap.title)));
        out.push(Part::Text(format!(
            "从人均月收入最低的家庭起依次满足,够 {} 户,用 {};其余 {} 户落在外面,还差 {}。先后次序是试算的假定,手册没有规定。",
            cap.covered, cap.spent, cap.excluded, cap.excluded_cost
        )));
        let rows = cap.rows.iter().map(|row| {
            vec![
                row.rank.to_string(),
                row.subject.clone(),
                row.place.clone(),
                row.per_head.clone(),
                row.amount.clone(),
            ]
        });
        let names = ["次序", "落在外面的家庭", "地点", "人均月收入", "应得"];
        out.push(table(head(&names), rows.collect(), 3));
    }
    out.push(Part::Heading(format!(
        "变化最大的家庭(共 {} 户有变化,先列 {} 户;全部在工作簿里)",
        one.changed,
        one.households.len()
    )));
    let rows = one.households.iter().map(|row| {
        vec![
            row.subject.clone(),
            row.place.clone(),
            row.change.clone(),
            row.reasons.join(";"),
        ]
    });
    let names = ["家庭", "地点", "变化", "原因"];
    out.push(table(head(&names), rows.collect(), names.len()));
}
