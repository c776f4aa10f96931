//! From judgements to lists: who is warned of, who is off the roll, what a change would do.

use crate::differential::{demo, people_of};
use domain::Month;
use engine::screening::{Disagreement, against_roll, holders, screen};
use engine::simulate::{Cliff, Effect, Side, cliffs, compare};
use rules::plan::Body;
use rules::value::{Ratio, Value};

fn august() -> Month {
    Month::new(2026, 8).unwrap()
}

#[test]
fn a_warning_is_listed_exactly_where_its_trigger_is_true() {
    let (program, judged, _) = people_of(demo(august()), august(), 200);
    let raised = screen(&program, &judged);
    assert!(!raised.is_empty());
    for file in program.files.iter().filter(|f| !f.dispatches.is_empty()) {
        let table = judged.table(&file.id).unwrap();
        for dispatch in &file.dispatches {
            let fires = |row: usize| table.value(dispatch.trigger, row) == Some(Value::Bool(true));
            let want: Vec<i64> = table
                .ids()
                .iter()
                .enumerate()
                .filter(|(row, _)| fires(*row))
                .map(|(_, id)| *id)
                .collect();
            let got: Vec<i64> = raised
                .iter()
                .filter(|r| r.trigger == dispatch.trigger)
                .map(|r| r.id)
                .collect();
            assert_eq!(got, want, "{}", file.id);
        }
    }
}

#[test]
fn nobody_pending_is_listed_as_off_the_roll() {
    let (program, judged, frames) = people_of(demo(august()), august(), 200);
    let found = against_roll(&program, &judged, &frames, august().first());
    assert!(
        found
            .iter()
            .any(|f| f.kind == Disagreement::HeldNotEntitled)
    );
    for one in found {
        let table = judged.table(&one.file_id).unwrap();
        let row = table.ids().binary_search(&one.id).unwrap();
        let entitled = one.kind == Disagreement::EntitledNotHeld;
        assert_eq!(table.named("符合", row), Some(Value::Bool(entitled)));
        let held = holders(&frames.statuses[&one.status], august().first()).contains(&one.id);
        assert_eq!(held, !entitled);
    }
}

#[test]
fn rules_compared_with_themselves_change_nothing() {
    let (program, judged, _) = people_of(demo(august()), august(), 100);
    let side = Side {
        program: &program,
        judged: &judged,
    };
    for change in compare(side, side) {
        assert!(change.changed.is_empty(), "{}", change.file_id);
        assert_eq!(change.cost_before, change.cost_after);
    }
}

#[test]
fn a_higher_standard_costs_more_and_nobody_leaves_for_it() {
    let month = august();
    let (before, judged_before, _) = people_of(demo(month), month, 400);
    let mut after = demo(month);
    for item in after.items.iter_mut().filter(|i| i.name == "低保标准") {
        let Body::Param(param) = &mut item.body else {
            continue;
        };
        for value in &mut param.values {
            if let Value::Num(amount) = value.value {
                value.value = Value::Num(amount.mul(Ratio::whole(50)).unwrap());
            }
        }
    }
    let (after, judged_after, _) = people_of(after, month, 400);
    let changes = compare(
        Side {
            program: &before,
            judged: &judged_before,
        },
        Side {
            program: &after,
            judged: &judged_after,
        },
    );
    let dibao = changes.iter().find(|c| c.file_id == "dibao").unwrap();
    assert!(dibao.entitled_after > dibao.entitled_before, "{dibao:?}");
    assert!(dibao.cost_after > dibao.cost_before);
    assert_eq!(dibao.effects.get(&Effect::Leaves), None);
}

#[test]
fn a_cliff_is_a_step_where_earning_more_leaves_less() {
    let n = Ratio::whole;
    let points = [
        (n(0), n(800)),
        (n(100), n(700)),
        (n(200), n(650)),
        (n(300), n(0)),
    ];
    let want = Cliff {
        from: n(200),
        to: n(300),
        lost: n(550),
    };
    assert_eq!(cliffs(&points), vec![want]);
}
