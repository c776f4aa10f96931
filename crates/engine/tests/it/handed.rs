//! Whatever way a run goes, it says the same: handed over block by block, on the facts it reads
//! alone, or on what an earlier run made.

use super::differential::{demo, people_of};
use domain::Month;
use engine::arrow::array::RecordBatch;
use engine::arrow::compute::concat_batches;
use engine::{EngineError, EntityFrame, Frames, Judged, JudgedTable, Memo, Sink};
use rules::Program;
use rules::plan::Home;
use rules::situation::Moments;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Mutex;

type Tables = BTreeMap<(String, String), RecordBatch>;

fn month() -> Month {
    Month::new(2026, 8).unwrap()
}

fn people(clusters: usize) -> (Program, Judged, Frames) {
    people_of(demo(month()), month(), clusters)
}

fn tables(judged: &Judged) -> Tables {
    let each = judged.tables.iter();
    each.map(|t| {
        (
            (t.file_id.clone(), format!("{:?}", t.home)),
            t.batch.clone(),
        )
    })
    .collect()
}

/// Takes everything, and puts it together at the end.
struct All<'s> {
    key: (String, String),
    parts: Vec<RecordBatch>,
    into: &'s Mutex<Tables>,
}

impl Sink for All<'_> {
    fn take(&mut self, rows: &JudgedTable) -> Result<(), EngineError> {
        self.parts.push(rows.batch.clone());
        Ok(())
    }

    fn end(self: Box<Self>) -> Result<(), EngineError> {
        let whole = concat_batches(&self.parts[0].schema(), &self.parts)?;
        self.into.lock().unwrap().insert(self.key, whole);
        Ok(())
    }
}

#[test]
fn rows_handed_over_block_by_block_are_those_of_the_whole_tables() {
    let (program, judged, frames) = people(60);
    let small = NonZeroUsize::new(7).unwrap();
    let compiled = engine::compile(&program, Moments::monthly(month())).unwrap();
    let compiled = compiled.in_blocks_of(small);
    let into = Mutex::new(Tables::new());
    let open = |file: &str, home: Home| -> Result<Box<dyn Sink + '_>, EngineError> {
        Ok(Box::new(All {
            key: (file.to_owned(), format!("{home:?}")),
            parts: vec![],
            into: &into,
        }))
    };
    let threads = NonZeroUsize::new(3).unwrap();
    compiled.run_into(&frames, threads, &open).unwrap();
    let (handed, whole) = (into.into_inner().unwrap(), tables(&judged));
    assert!(whole.len() > 50, "only {} tables", whole.len());
    assert!(handed == whole, "a table differs from the one held whole");
}

#[test]
fn a_full_disk_under_one_table_stops_the_run() {
    struct Full;
    impl Sink for Full {
        fn take(&mut self, _: &JudgedTable) -> Result<(), EngineError> {
            let column = "disk".to_owned();
            Err(EngineError::Column { column })
        }
        fn end(self: Box<Self>) -> Result<(), EngineError> {
            Ok(())
        }
    }
    let (program, _, frames) = people(5);
    let compiled = engine::compile(&program, Moments::monthly(month())).unwrap();
    let open = |_: &str, _: Home| -> Result<Box<dyn Sink>, EngineError> { Ok(Box::new(Full)) };
    let ended = compiled.run_into(&frames, NonZeroUsize::MIN, &open);
    assert!(matches!(ended, Err(EngineError::Column { column }) if column == "disk"));
}

/// The tables with only some facts of persons and households; of areas all, since whether one
/// speaks depends on them.
fn only(
    program: &Program,
    frames: &Frames,
    wanted: impl Fn(rules::plan::ItemId) -> bool,
) -> Frames {
    let area = program.dict.entity("地区").unwrap();
    let mut out = frames.clone();
    for (entity, frame) in &mut out.entities {
        if *entity == area {
            continue;
        }
        let mut fewer = EntityFrame::new(frame.ids().values().to_vec())
            .unwrap()
            .with_areas(frame.areas().clone())
            .with_households(frame.households().clone());
        for (item, column) in frame.columns().iter().filter(|(item, _)| wanted(**item)) {
            fewer.set(*item, column.clone());
        }
        for record in frame.records() {
            fewer.record(record.clone());
        }
        *frame = fewer;
    }
    out
}

#[test]
fn the_facts_the_rules_read_are_enough_for_them() {
    let (program, _, frames) = people(60);
    let compiled = engine::compile(&program, Moments::monthly(month())).unwrap();
    let compiled = compiled.showing(|file, _| file == "dibao");
    let reads = compiled.reads();
    let fewer = only(&program, &frames, |item| reads.contains(&item));
    let count = |frames: &Frames| -> usize {
        let each = frames.entities.values();
        each.map(|frame| frame.columns().len()).sum()
    };
    assert!(count(&fewer) < count(&frames), "nothing was left out");
    let (whole, cut) = (compiled.run(&frames), compiled.run(&fewer));
    assert!(tables(&whole.unwrap()) == tables(&cut.unwrap()));
    // One fact less, and some answer is another.
    let one = reads.iter().find(|item| {
        let without = only(&program, &frames, |fact| fact != **item);
        tables(&compiled.run(&without).unwrap()) != tables(&compiled.run(&frames).unwrap())
    });
    assert!(one.is_some(), "no fact matters");
}

#[test]
fn what_an_earlier_run_made_is_the_same_for_rules_with_another_number() {
    let (program, judged, frames) = people(60);
    let moments = Moments::monthly(month());
    let compiled = engine::compile(&program, moments).unwrap();
    let mut memo = Memo::default();
    let kept = compiled.run_keeping(&frames, &mut memo).unwrap();
    assert!(tables(&kept) == tables(&judged));
    let other = higher(&program);
    let compiled = engine::compile(&other, moments).unwrap();
    let fresh = compiled.run(&frames).unwrap();
    let after = compiled.run_after(&frames, &memo).unwrap();
    assert!(
        tables(&fresh) != tables(&judged),
        "the number changes nothing"
    );
    assert!(tables(&after) == tables(&fresh));
}

/// The same rules with every 低保标准 a half higher.
fn higher(program: &Program) -> Program {
    use rules::plan::Body;
    use rules::value::{Ratio, Value};
    let mut out = program.clone();
    let standards = out.items.iter_mut().filter(|item| item.name == "低保标准");
    for item in standards {
        let Body::Param(param) = &mut item.body else {
            continue;
        };
        for value in &mut param.values {
            if let Value::Num(number) = value.value {
                let half_more = Ratio::new(3, 2).unwrap();
                value.value = Value::Num(number.mul(half_more).unwrap());
            }
        }
    }
    out
}
