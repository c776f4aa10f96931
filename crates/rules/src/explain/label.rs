//! What instances and rows are called in an explanation: by number, never by name.

use crate::eval::{Evaluator, Gap};
use crate::situation::{InstanceId, ListId, Situation};

/// `成员 2`, `本户`, `本地`: an instance seen from the one explained; empty for itself.
pub(super) fn of_instance(eval: &Evaluator<'_>, main: InstanceId, at: InstanceId) -> String {
    if at == main {
        return String::new();
    }
    if let Some(label) = among_rows(eval, main, at) {
        return label;
    }
    let situation = eval.situation();
    let here = situation.instance(main);
    let household = here.and_then(|i| i.household);
    if household == Some(at) {
        return "本户".to_owned();
    }
    if here.and_then(|i| i.home_area) == Some(at) {
        return "本地".to_owned();
    }
    if let Some(label) = household.and_then(|h| among_rows(eval, h, at)) {
        return format!("本户{label}");
    }
    let entity = situation.instance(at).map(|i| i.entity);
    let name = entity.map_or("", |e| eval.program().dict.entity_name(e));
    format!("另一{name}")
}

fn among_rows(eval: &Evaluator<'_>, owner: InstanceId, at: InstanceId) -> Option<String> {
    let situation: &Situation = eval.situation();
    situation
        .lists()
        .iter()
        .filter(|l| l.owner == owner)
        .find_map(|list| {
            let row = list.rows.iter().position(|r| r.target == Some(at))?;
            let relation = eval.program().dict.relation_of(list.relation)?;
            Some(format!("{} {}", relation.name, row.saturating_add(1)))
        })
}

/// `成员 2`: a row of a list, with its owner when that is not the instance explained.
pub(super) fn of_row(eval: &Evaluator<'_>, main: InstanceId, list: ListId, row: u32) -> String {
    let Some(rows) = eval.situation().list(list) else {
        return String::new();
    };
    let relation = eval.program().dict.relation_of(rows.relation);
    let owner = of_instance(eval, main, rows.owner);
    let name = relation.map_or("", |r| r.name.as_str());
    let number = u64::from(row).saturating_add(1);
    if owner.is_empty() {
        format!("{name} {number}")
    } else {
        format!("{owner} 的{name} {number}")
    }
}

/// One thing to ask for, in words: `成员 2 的存款余额`.
pub fn gap_text(eval: &Evaluator<'_>, main: InstanceId, gap: &Gap) -> String {
    let name = gap.name(eval.program());
    let whose = match gap {
        Gap::Cell { list, row, .. } | Gap::Target { list, row } => of_row(eval, main, *list, *row),
        _ => gap
            .at()
            .map_or_else(String::new, |at| of_instance(eval, main, at)),
    };
    if whose.is_empty() {
        name
    } else {
        format!("{whose} 的{name}")
    }
}
