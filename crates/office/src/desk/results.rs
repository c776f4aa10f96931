//! What each programme says about a household and its members, with the rules' own reasons.

use super::explained;
use super::month::{Judgement, has};
use super::names::Names;
use super::paging::word;
use crate::assessed::{About, UNSETTLED};
use crate::views::{
    AssessmentResult, Behind, LineKind, Mark, ProgrammeResult, Tone, Verdict, Word,
};
use engine::differential::Sides;
use rules::eval::{self, Evaluator};
use rules::explain::{Detail, explain};
use rules::plan::{FileId, FileKind, FilePlan};
use rules::situation::{InstanceId, Moments};
use rules::value::Value;
use std::sync::Arc;

/// What a result of the household is about.
const WHOLE: &str = "全户";

/// Judges a household and persons by every policy in force: 符合 first, then 待查.
pub(super) fn all(
    judgement: &Arc<Judgement>,
    sides: &Sides,
    household: Option<i64>,
    persons: &[i64],
    names: &Names,
) -> Vec<ProgrammeResult> {
    let program = &judgement.data.program;
    let mut eval = Evaluator::new(
        program,
        &sides.situation,
        Moments::monthly(judgement.data.month),
    );
    let mut out = Vec::new();
    for (at, file) in (0..).map(FileId).zip(&program.files) {
        if file.kind != FileKind::Policy || file.verdict.is_none() {
            continue;
        }
        match program.dict.entity_name(file.entity) {
            "家庭" => out.extend(household.and_then(|id| {
                one(
                    judgement,
                    sides,
                    &mut eval,
                    (at, file),
                    id,
                    WHOLE.to_owned(),
                    names,
                )
            })),
            "个人" => out.extend(persons.iter().filter_map(|id| {
                one(
                    judgement,
                    sides,
                    &mut eval,
                    (at, file),
                    *id,
                    names.name(*id),
                    names,
                )
            })),
            _ => {}
        }
    }
    // The household's own results before those of its members.
    out.sort_by_key(|r| match (r.verdict, r.subject == WHOLE) {
        (Verdict::Met, true) => 0_u8,
        (Verdict::Met, false) => 1,
        (Verdict::Unsettled, true) => 2,
        (Verdict::Unsettled, false) => 3,
        (Verdict::NotMet, true) => 4,
        (Verdict::NotMet, false) => 5,
    });
    out
}

fn one(
    judgement: &Arc<Judgement>,
    sides: &Sides,
    eval: &mut Evaluator<'_>,
    (at, file): (FileId, &FilePlan),
    id: i64,
    subject: String,
    names: &Names,
) -> Option<ProgrammeResult> {
    let program = &judgement.data.program;
    let instance = sides.situation.find(file.entity, id)?;
    let told = explain(eval, at, instance, Detail::File)?;
    let verdict = match told.outcome.verdict? {
        eval::Verdict::Eligible => Verdict::Met,
        eval::Verdict::Ineligible => Verdict::NotMet,
        eval::Verdict::Pending => Verdict::Unsettled,
    };
    let benefit = (verdict == Verdict::Met)
        .then(|| benefit(judgement, file, &told.outcome))
        .flatten();
    let reasons = reasons(eval, &told.outcome, instance);
    let mut lines = explained::lines(program, &sides.situation, &told, names);
    if verdict == Verdict::NotMet && subject != WHOLE {
        // Of a member who is not meant by a programme the conditions say enough.
        lines.retain(|line| line.kind == LineKind::Condition);
    }
    let on_roll = judgement
        .sums
        .programme(&file.id)
        .is_some_and(|p| has(&p.on_roll, id));
    Some(ProgrammeResult {
        id: file.id.clone(),
        title: file.title.clone(),
        person: (subject != WHOLE).then_some(id),
        subject,
        verdict,
        on_roll,
        benefit,
        reasons,
        ask: told.missing.clone(),
        rule: Behind::Rule(file.path.clone()),
        version: format!("{} 起施行", file.from),
        lines,
    })
}

/// What the assessments of a month say of a household and persons, each with its steps; the place's own
/// first.
pub(super) fn assessments(
    judgement: &Arc<Judgement>,
    sides: &Sides,
    (household, persons): (Option<i64>, &[i64]),
    names: &Names,
    own: &[String],
) -> Vec<AssessmentResult> {
    let program = &judgement.data.program;
    let month = judgement.data.month;
    let mut eval = Evaluator::new(program, &sides.situation, Moments::monthly(month));
    let mut shapes = crate::assessed::shapes(program);
    shapes.sort_by_key(|s| own.iter().position(|id| *id == s.id).unwrap_or(usize::MAX));
    let mut out = Vec::new();
    for shape in &shapes {
        let subjects: Vec<(i64, String)> = match shape.about {
            About::Households => household
                .map(|id| (id, WHOLE.to_owned()))
                .into_iter()
                .collect(),
            About::Persons => persons.iter().map(|id| (*id, names.name(*id))).collect(),
            About::Places => Vec::new(),
        };
        let Some((at, file)) = program.file(&shape.id) else {
            continue;
        };
        for (id, subject) in subjects {
            let Some(instance) = sides.situation.find(file.entity, id) else {
                continue;
            };
            let Some(told) = explain(&mut eval, at, instance, Detail::File) else {
                continue;
            };
            let mut answers = Vec::new();
            for quantity in shape.quantities.iter().filter(|q| q.classes) {
                let value = eval.value(quantity.item, instance);
                answers.push((quantity.name.clone(), quantity.said(value)));
            }
            let unsettled = answers.iter().any(|(_, said)| said == UNSETTLED);
            out.push(AssessmentResult {
                id: shape.id.clone(),
                title: shape.title.clone(),
                subject,
                unsettled,
                answers,
                ask: told.missing.clone(),
                rule: Behind::Rule(shape.path.clone()),
                version: format!("{} 起施行", file.from),
                lines: explained::lines(program, &sides.situation, &told, names),
            });
        }
    }
    out
}

fn benefit(judgement: &Arc<Judgement>, file: &FilePlan, outcome: &eval::Outcome) -> Option<String> {
    let program = &judgement.data.program;
    let told: Vec<String> = file
        .benefits
        .iter()
        .filter_map(|(item, _)| {
            let value = outcome.benefits.iter().find(|(b, _)| b == item)?.1;
            let ty = program.item(*item)?.ty;
            Some(if value.is_known() {
                rules::show::value(value, ty, &program.dict)
            } else {
                "金额待查".to_owned()
            })
        })
        .collect();
    (!told.is_empty()).then(|| told.join("、"))
}

/// Every reason of a refusal, each with its article.
fn reasons(eval: &mut Evaluator<'_>, outcome: &eval::Outcome, at: InstanceId) -> Vec<String> {
    let program = eval.program();
    outcome
        .failing()
        .map(|condition| {
            let item = program.item(condition);
            let name = item.map_or("", |i| i.name.as_str());
            let said = eval
                .reason(condition, at)
                .unwrap_or_else(|| name.to_owned());
            let cites = match item.map(|i| &i.body) {
                Some(rules::plan::Body::Condition { cites, .. }) => cites.join("、"),
                _ => String::new(),
            };
            if cites.is_empty() {
                said
            } else {
                format!("{said}({cites})")
            }
        })
        .collect()
}

/// Whether a member counts, by the rules of composition when the place has them.
pub(super) fn counted(
    judgement: &Arc<Judgement>,
    sides: &Sides,
    household: Option<i64>,
    member: i64,
) -> (Mark, String) {
    let program = &judgement.data.program;
    let unknown = |why: &str| (Mark::Unknown, why.to_owned());
    let Some(household) = household else {
        return unknown("没有家庭");
    };
    let found = program
        .dict
        .entity("家庭")
        .zip(program.dict.relation("成员"));
    let Some((home, relation)) = found else {
        return unknown("规则没有家庭成员");
    };
    let list = sides
        .situation
        .find(home, household)
        .and_then(|at| sides.situation.list_of(at, relation));
    let Some(list) = list else {
        return unknown("名单没有");
    };
    let place = sides.situation.list(list).and_then(|l| {
        l.rows.iter().position(|row| {
            row.target
                .and_then(|t| sides.situation.instance(t))
                .is_some_and(|i| i.key == member)
        })
    });
    let (Some(place), Some(counts)) = (place, program.find("composition.成员.计入")) else {
        return unknown("是否计入未判断");
    };
    let mut eval = Evaluator::new(
        program,
        &sides.situation,
        Moments::monthly(judgement.data.month),
    );
    let answer = eval.row_value(counts, list, place).truth();
    let class = program.find("composition.成员.计入类别");
    let class = class.and_then(|item| {
        let value = eval.row_value(item, list, place);
        let ty = program.item(item)?.ty;
        matches!(value, Value::Sym(_)).then(|| rules::show::value(value, ty, &program.dict))
    });
    let because = class.map_or(String::new(), |c| format!(":{c}"));
    match answer {
        Some(true) => (Mark::Holds, format!("计入{because}")),
        Some(false) => (Mark::Fails, format!("不计入{because}")),
        None => unknown("是否计入还没有查清"),
    }
}

/// What a household receives and how it stands, in a few words.
pub(super) fn marks(results: &[ProgrammeResult], warnings: usize) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::new();
    for result in results.iter().filter(|r| r.on_roll) {
        let text = format!("{}在册", result.title);
        if !out.iter().any(|w| w.text == text) {
            out.push(word(text, Tone::Good));
        }
    }
    let asked = results
        .iter()
        .filter(|r| r.verdict == Verdict::Unsettled)
        .count();
    if asked > 0 {
        out.push(word(format!("待查 {asked} 项"), Tone::Unknown));
    }
    if warnings > 0 {
        out.push(word(format!("预警 {warnings} 条"), Tone::Notice));
    }
    out
}
