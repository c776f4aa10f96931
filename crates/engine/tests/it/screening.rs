//! From judgements to the list of those who are warned of.

use crate::differential::{demo, people_of};
use domain::Month;
use engine::screening::screen;
use rules::value::Value;

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
fn nobody_whose_dibao_is_pending_is_warned_of_as_no_longer_entitled() {
    let (program, judged, _) = people_of(demo(august()), august(), 400);
    let (file, _) = program.file("receiving_not_entitled").unwrap();
    let dibao = judged.table("dibao").unwrap();
    let raised: Vec<i64> = screen(&program, &judged)
        .into_iter()
        .filter(|r| r.file == file)
        .map(|r| r.id)
        .collect();
    assert!(!raised.is_empty());
    for id in raised {
        let row = dibao.ids().binary_search(&id).unwrap();
        assert_eq!(dibao.named("符合", row), Some(Value::Bool(false)), "{id}");
    }
}
