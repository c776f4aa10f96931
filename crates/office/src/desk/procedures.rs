//! 流程 on its rulebook page: the steps, the times and the pauses as tables, with the place's numbers in them.

use crate::views::Block;
use domain::procedure::{Ground, Length, Procedure, Step, TimeLimit, When};
use rules::procedure::written;

/// The tables of the procedures of one file, each below a heading with its title.
pub(super) fn tables(procedures: &[&Procedure]) -> Vec<Block> {
    let mut out = Vec::new();
    for procedure in procedures {
        out.push(heading(&format!("一览:{}", procedure.title)));
        out.push(steps(procedure));
        out.extend(limits(procedure));
        out.extend(pauses(procedure));
    }
    out
}

fn heading(text: &str) -> Block {
    Block::Heading {
        level: 2,
        text: text.to_owned(),
    }
}

fn table(header: &[&str], rows: Vec<Vec<String>>) -> Block {
    Block::Table {
        header: header.iter().map(|h| (*h).to_owned()).collect(),
        rows,
    }
}

fn steps(procedure: &Procedure) -> Block {
    let rows = procedure.steps.iter().map(|step| {
        vec![
            step.name.clone(),
            who(step),
            own_limit(step),
            papers(step),
            step.gives.join("、"),
            next(step),
        ]
    });
    let header = ["步骤", "谁", "期限", "材料", "给出", "下一步"];
    table(&header, rows.collect())
}

fn who(step: &Step) -> String {
    let mut out = step.who.join("、");
    if step.persons > 1 {
        out.push_str(&format!(",{} 人", step.persons));
    }
    if !step.other_than.is_empty() {
        out.push_str(&format!(",不能是办 {} 的人", step.other_than.join("、")));
    }
    out
}

/// Papers of the applicant, and what the office must have on record.
fn papers(step: &Step) -> String {
    let ground = step.ground.map(|ground| match ground {
        Ground::Verification => "核对报告",
        Ground::Visit => "走访记录",
        Ground::Opinion => "写明理由的意见",
        Ground::Finding => "写明的核实情况",
        Ground::Decision => "签署的决定",
        Ground::Hearing => "本人的意见记录",
        Ground::Adjustment => "签署的处理决定",
        Ground::Delivery => "决定的送达记录",
        Ground::FirstHelp => "签署的先行救助决定",
        Ground::Payment => "交银行的记录",
        Ground::Assist => "部门的答复",
    });
    let all = step.papers.iter().map(String::as_str).chain(ground);
    all.collect::<Vec<_>>().join("、")
}

fn own_limit(step: &Step) -> String {
    let mut out = match &step.limit {
        None => "随整个时限".to_owned(),
        Some(limit) => match &limit.from {
            None => written(limit.length),
            Some(from) => format!("{},从 {from} 起", written(limit.length)),
        },
    };
    if let Some(sample) = step.sample {
        let (whole, part) = (sample / 100, sample % 100);
        let share = if part == 0 {
            format!("{whole}%")
        } else {
            format!("{whole}.{part:02}%")
        };
        out.push_str(&format!(";抽查不低于 {share}"));
    }
    out
}

fn next(step: &Step) -> String {
    if step.next.is_empty() {
        return "办完".to_owned();
    }
    let ways = step
        .next
        .iter()
        .map(|next| match next.when.any_of.is_empty() {
            true => next.step.clone(),
            false => format!("{} 时到 {}", when(&next.when), next.step),
        });
    ways.collect::<Vec<_>>().join(";")
}

fn when(when: &When) -> String {
    when.any_of.join("或")
}

fn limits(procedure: &Procedure) -> Option<Block> {
    let rows: Vec<Vec<String>> = procedure.limits.iter().map(limit).collect();
    let header = ["时限", "从", "到", "延长和例外", "依据"];
    (!rows.is_empty()).then(|| table(&header, rows))
}

fn limit(limit: &TimeLimit) -> Vec<String> {
    let mut notes = Vec::new();
    if !limit.when.any_of.is_empty() {
        notes.push(format!("只对 {}", when(&limit.when)));
    }
    if let Some((longer, why)) = &limit.extended {
        notes.push(format!("{} 时延至 {}", when(why), written(*longer)));
    }
    if !limit.without.is_empty() {
        notes.push(format!("不计 {}", limit.without.join("、")));
    }
    vec![
        written(limit.length),
        limit.from.clone(),
        limit.to.clone(),
        notes.join(";"),
        limit.cites.join(";"),
    ]
}

fn pauses(procedure: &Procedure) -> Option<Block> {
    let most = |at_most: Option<Length>| at_most.map_or("不限".to_owned(), written);
    let rows: Vec<Vec<String>> = procedure
        .pauses
        .iter()
        .map(|p| vec![p.reason.clone(), most(p.at_most), p.cites.join(";")])
        .collect();
    let header = ["为什么可以停表", "最多", "依据"];
    (!rows.is_empty()).then(|| table(&header, rows))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use rules::{Rulebook, SourceText};

    #[test]
    fn a_step_shows_who_does_it_how_long_it_takes_and_where_it_leads() {
        let text = "# 办\n\n```规则\n流程 a 办理 2026-01-01 起施行  依据 示例办法 第一条  用于 认定\n遇有 有异议  说明 有人反对\n\
            遇有 涉及近亲属  说明 先说明\n\
            步骤 收件  谁 窗口  限 当日  材料 申请书  凭 意见  给出 登记  下一步 复查 当 有异议  下一步 决定\n\
            步骤 复查  谁 窗口 两人  限 3 个工作日 自 收件  下一步 决定\n\
            步骤 决定  谁 领导  不同人 收件  限 5 个工作日  抽查比例 30%  凭 决定\n```\n";
        let law = "# 法规\n\n| 名称 | 起 | 止 | 所依条款 |\n| --- | --- | --- | --- |\n\
            | 示例办法 | 2020-01-01 | | 第一条 |\n";
        let file = |path: &str, text: &str| SourceText {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        let book = Rulebook::read(vec![file("law.md", law), file("procedures/a.md", text)]);
        let day = domain::Day::new(2026, 7, 1).unwrap();
        let (read, told) = rules::procedure::procedures(&book, "demo", day);
        let shown = tables(&read.iter().collect::<Vec<_>>());
        let rows = match shown.get(1) {
            Some(Block::Table { rows, .. }) => rows.iter().map(|r| r.join("|")).collect(),
            other => vec![format!("{other:?} {told:?}")],
        };
        assert_eq!(
            rows,
            [
                "收件|窗口|当日|申请书、写明理由的意见|登记|有异议 时到 复查;决定",
                "复查|窗口,2 人|3 个工作日,从 收件 起|||决定",
                "决定|领导,不能是办 收件 的人|5 个工作日;抽查不低于 30%|签署的决定||办完",
            ]
        );
    }
}
