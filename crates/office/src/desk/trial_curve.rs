//! Help along the income axis: a real household of three whose income alone is varied, judged by the
//! same evaluator as a case. Where one yuan more costs more than one yuan there is a cliff.

use super::clusters;
use super::month::Judgement;
use super::paging::{count, yuan};
use super::trial::paying;
use crate::views::{Cliff, CurvePoint};
use engine::{Judged, JudgedTable};
use rules::eval::Evaluator;
use rules::plan::{EntityId, FileId, FilePlan, ItemId, Type};
use rules::situation::{InstanceId, Moments, Situation};
use rules::value::Value;
use rules::{Program, Ratio};

/// Persons of the example household.
const PERSONS: i128 = 3;
/// Points on the axis and the distance between them in 分: a matter of drawing, not of policy.
const POINTS: i64 = 60;
const STEP_FEN: i64 = 4_000;

/// Quantities of the rulebook that carry a household's income and its size.
const YEARLY: &str = "household_means.认定年收入";
const PER_HEAD: &str = "household_means.人均月收入";
const COUNTED: &str = "composition.计入人数";

/// The curve, where a household to draw it for was found.
#[derive(Default)]
pub(super) struct Curve {
    pub points: Vec<CurvePoint>,
    pub cliffs: Vec<Cliff>,
    pub title: String,
}

pub(super) fn curve(judgement: &Judgement, program: &Program, judged: &Judged) -> Option<Curve> {
    let before = &judgement.data.program;
    let (household, place) = example(judgement, program, judged)?;
    let entity = program.dict.entity("家庭")?;
    let sides = clusters::around(judgement, Some(household), None);
    let at = sides.situation.find(entity, household)?;
    let mut points = Vec::new();
    for step in 0..=POINTS {
        let income_fen = step.saturating_mul(STEP_FEN);
        let situation = |program: &Program| with_income(program, &sides.situation, at, income_fen);
        let help = |program: &Program| help(program, judgement, &situation(program)?, entity, at);
        points.push(CurvePoint {
            income_fen,
            before_fen: help(before)?,
            after_fen: help(program)?,
        });
    }
    let cliffs = cliffs(&points, judged);
    Some(Curve {
        points,
        cliffs,
        title: format!("一户三口之家({place})的实际情况,只改收入"),
    })
}

/// A household of three that 符合 a paying programme, so that everything else about it is known;
/// one whom the change reaches, where there is one.
fn example(
    judgement: &Judgement,
    program: &Program,
    judged: &Judged,
) -> Option<(i64, &'static str)> {
    let before = &judgement.data.program;
    let household = before.dict.entity("家庭")?;
    let counted = before.find(COUNTED)?;
    let sizes = judgement.data.judged.table_of(counted)?;
    let mut first = None;
    for file in paying(before).filter(|f| f.entity == household) {
        let (Some(was), Some(is)) = (
            judgement.data.judged.table(&file.id),
            judged.table(&file.id),
        ) else {
            continue;
        };
        let Some(verdicts) = was.verdicts() else {
            continue;
        };
        let after = program.file(&file.id).map(|(_, plan)| plan);
        for (row, (id, verdict)) in was.ids().iter().zip(verdicts.iter()).enumerate() {
            let at = sizes.ids().binary_search(id).ok();
            let size = at.and_then(|at| sizes.value(counted, at));
            if verdict != Some(true) || size != Some(Value::Num(Ratio::whole(PERSONS))) {
                continue;
            }
            let paid = |plan: &FilePlan, table: &JudgedTable| {
                let (item, _) = plan.benefits.first()?;
                table.value(*item, row)
            };
            if after.and_then(|plan| paid(plan, is)) != paid(file, was) {
                return Some((*id, urban_rural(judgement, *id)));
            }
            first = first.or(Some(*id));
        }
    }
    first.map(|id| (id, urban_rural(judgement, id)))
}

fn urban_rural(judgement: &Judgement, household: i64) -> &'static str {
    let program = &judgement.data.program;
    let column = program
        .dict
        .entity("家庭")
        .zip(judgement.frame("家庭"))
        .and_then(|(entity, frame)| {
            let named = |i: &rules::plan::Item| {
                i.name == "城乡" && i.home == rules::plan::Home::Entity(entity)
            };
            let at = program.items.iter().position(named)?;
            let column = frame.column(ItemId(u32::try_from(at).ok()?))?;
            let row = usize::try_from(frame.position(household)?).ok()?;
            let words = column
                .as_any()
                .downcast_ref::<engine::arrow::array::UInt16Array>()?;
            engine::arrow::array::Array::is_valid(words, row).then(|| words.value(row))
        });
    match column {
        Some(0) => "城镇",
        Some(1) => "农村",
        _ => "城乡未知",
    }
}

fn with_income(
    program: &Program,
    known: &Situation,
    at: InstanceId,
    income_fen: i64,
) -> Option<Situation> {
    let mut situation = known.clone();
    let per_head = Ratio::whole(i128::from(income_fen));
    let yearly = per_head.mul(Ratio::whole(PERSONS))?.mul(Ratio::whole(12))?;
    situation.set(at, program.find(PER_HEAD)?, Value::Num(per_head));
    situation.set(at, program.find(YEARLY)?, Value::Num(yearly));
    Some(situation)
}

/// What the household's own programmes give it together.
fn help(
    program: &Program,
    judgement: &Judgement,
    situation: &Situation,
    household: EntityId,
    at: InstanceId,
) -> Option<i64> {
    let mut eval = Evaluator::new(program, situation, Moments::monthly(judgement.data.month));
    let mut sum = Ratio::ZERO;
    for (file, plan) in (0..).map(FileId).zip(&program.files) {
        if plan.entity != household
            || plan.verdict.is_none()
            || eval.verdict(file, at) != Some(true)
        {
            continue;
        }
        for (item, _) in &plan.benefits {
            let money = matches!(program.item(*item).map(|i| i.ty), Some(Type::Num(u)) if u.money_power() == 1);
            if let (true, Value::Num(amount)) = (money, eval.value(*item, at)) {
                sum = sum.add(amount)?;
            }
        }
    }
    i64::try_from(sum.num().checked_div(sum.den())?).ok()
}

/// Steps at which income and help together fall, with how many households stand there.
fn cliffs(points: &[CurvePoint], judged: &Judged) -> Vec<Cliff> {
    let persons = i64::try_from(PERSONS).unwrap_or(1);
    let total = |p: &CurvePoint| {
        p.income_fen
            .saturating_mul(persons)
            .saturating_add(p.after_fen)
    };
    let mut out = Vec::new();
    for (a, b) in points.iter().zip(points.iter().skip(1)) {
        let lost = total(a).saturating_sub(total(b));
        if lost > 0 {
            let money = |fen: i64| yuan(Ratio::whole(i128::from(fen)));
            out.push(Cliff {
                at: format!(
                    "人均月收入 {} 到 {} 之间",
                    money(a.income_fen),
                    money(b.income_fen)
                ),
                drop: format!("收入加救助每月少 {}", money(lost)),
                households: near(judged, a.income_fen, b.income_fen),
            });
        }
    }
    out
}

fn near(judged: &Judged, from: i64, to: i64) -> u64 {
    let file = PER_HEAD.split_once('.').map_or("", |(file, _)| file);
    let name = PER_HEAD.split_once('.').map_or("", |(_, name)| name);
    let Some(table) = judged.table(file) else {
        return 0;
    };
    let (from, to) = (Ratio::whole(i128::from(from)), Ratio::whole(i128::from(to)));
    let inside =
        |row: &usize| matches!(table.named(name, *row), Some(Value::Num(n)) if from <= n && n < to);
    count((0..table.ids().len()).filter(inside).count())
}
