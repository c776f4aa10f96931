//! Who needs us: the warnings that fire, rule by rule.
//!
//! It lists; it sends nobody and stops nothing. A trigger fires only when it is true: what nobody
//! knows is no reason to knock.

use crate::judged::{Judged, JudgedTable};
use rules::Program;
use rules::plan::{EntityId, FileId, FileKind, ItemId};
use rules::value::{Ratio, Value};

/// 预警: a warning that fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raised {
    /// The warning file.
    pub file: FileId,
    /// The trigger.
    pub trigger: ItemId,
    /// Its place in the file's dispatches.
    pub dispatch: usize,
    /// What the id is of.
    pub entity: EntityId,
    /// Of whom.
    pub id: i64,
    /// 紧急, in 分值; none when it is not written or unknown.
    pub urgency: Option<Ratio>,
}

/// The warnings that fire: file by file, trigger by trigger, by rising id.
pub fn screen(program: &Program, judged: &Judged) -> Vec<Raised> {
    let mut raised = Vec::new();
    for (file, plan) in (0..).map(FileId).zip(&program.files) {
        if plan.kind != FileKind::Warning {
            continue;
        }
        let Some(table) = judged.table(&plan.id) else {
            continue;
        };
        for (dispatch, said) in plan.dispatches.iter().enumerate() {
            let name = program.item(said.trigger).map_or("", |i| i.name.as_str());
            let Some(answers) = table.answers(name) else {
                continue;
            };
            let urgency = format!("{name}.紧急");
            let rows = table.ids().iter().zip(answers.iter()).enumerate();
            for (row, (id, _)) in rows.filter(|(_, (_, answer))| *answer == Some(true)) {
                raised.push(Raised {
                    file,
                    trigger: said.trigger,
                    dispatch,
                    entity: plan.entity,
                    id: *id,
                    urgency: number(table, &urgency, row),
                });
            }
        }
    }
    raised
}

fn number(table: &JudgedTable, name: &str, row: usize) -> Option<Ratio> {
    match table.named(name, row) {
        Some(Value::Num(number)) => Some(number),
        _ => None,
    }
}
