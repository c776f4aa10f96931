//! Files of the lake: whole or not at all, named by what is in them.

use domain::{Day, Month};
use engine::arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use engine::arrow::datatypes::Int64Type;
use engine::{Column, EngineError, Lake, LakeFile, Sheet, lake};
use std::path::PathBuf;
use std::sync::Arc;

/// A folder of its own that goes away again.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("doudi-lake-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn august() -> Month {
    Month::new(2026, 8).unwrap()
}

fn numbers(from: i64, count: i64) -> RecordBatch {
    let ids = Int64Array::from_iter_values(from..from + count);
    let ids: ArrayRef = Arc::new(ids);
    RecordBatch::try_from_iter([("id", ids)]).unwrap()
}

fn written(folder: &Folder, batches: &[RecordBatch]) -> LakeFile {
    lake::write(&folder.0, "fact", august(), "990101", batches)
        .unwrap()
        .unwrap()
}

#[test]
fn the_same_rows_written_twice_are_one_file_that_reads_back() {
    let folder = Folder::new("twice");
    let batches = [numbers(1, 100_000), numbers(100_001, 50)];
    let file = written(&folder, &batches);
    assert_eq!(file, written(&folder, &batches));
    assert_eq!(file.rows, 100_050);
    assert_eq!(
        file.path,
        format!("fact/2026-08/990101/{}.parquet", file.sha256)
    );
    lake::verify(&folder.0, &file).unwrap();
    let back = lake::read(&folder.0, std::slice::from_ref(&file)).unwrap();
    let ids: Vec<i64> = back
        .iter()
        .flat_map(|b| b.column(0).as_primitive::<Int64Type>().values().to_vec())
        .collect();
    assert_eq!(ids, (1..=100_050).collect::<Vec<i64>>());
}

#[test]
fn a_file_that_was_changed_is_found_out() {
    let folder = Folder::new("changed");
    let file = written(&folder, &[numbers(1, 10)]);
    std::fs::write(folder.0.join(&file.path), b"PAR1 something else").unwrap();
    assert!(matches!(
        lake::verify(&folder.0, &file),
        Err(EngineError::Altered { .. })
    ));
}

#[test]
fn a_writer_that_is_killed_leaves_no_file_and_its_rest_is_swept() {
    let folder = Folder::new("killed");
    let file = written(&folder, &[numbers(1, 10)]);
    let rest = folder.0.join("fact/2026-08/990101/7-0.part");
    std::fs::write(&rest, b"half").unwrap();
    let given_up = lake::LakeWriter::create(
        &folder.0,
        "fact",
        august(),
        "990101",
        numbers(1, 1).schema(),
    );
    drop(given_up);
    assert_eq!(lake::sweep(&folder.0).unwrap(), 1);
    lake::verify(&folder.0, &file).unwrap();
}

#[test]
fn a_kind_cannot_lead_out_of_the_lake() {
    let folder = Folder::new("out");
    for kind in ["../x", "a/b", "", ".hidden"] {
        assert!(
            lake::write(&folder.0, kind, august(), "990101", &[numbers(1, 1)]).is_err(),
            "{kind}"
        );
    }
}

/// A table with a column of every kind, every third row empty.
fn sheet(rows: i64) -> Sheet {
    fn or_empty<T>(rows: i64, value: impl Fn(i64) -> T) -> Vec<Option<T>> {
        (0..rows)
            .map(|id| (id % 3 != 0).then(|| value(id)))
            .collect()
    }
    let day = Day::new(2026, 8, 3).unwrap().epoch_days();
    let columns = [
        ("row_id", Column::Int((0..rows).map(Some).collect())),
        ("结算日", Column::Day(or_empty(rows, |_| day))),
        ("自付", Column::Int(or_empty(rows, |id| id * 100))),
        ("住院", Column::Bool(or_empty(rows, |_| true))),
        ("单号", Column::Text(or_empty(rows, |id| format!("S{id}")))),
    ];
    Sheet {
        columns: columns
            .into_iter()
            .map(|(name, column)| (name.to_owned(), column))
            .collect(),
    }
}

#[test]
fn rows_of_a_feed_arrive_typed_and_what_is_empty_stays_unknown() {
    let folder = Folder::new("rows");
    let lake = Lake::open(&folder.0).unwrap();
    let written = lake
        .write("rows", august(), "990101", &sheet(40_000))
        .unwrap();
    assert_eq!(written.rows, 40_000);
    let back = lake.read(&written.path).unwrap();
    assert_eq!(back, sheet(40_000));
    let unknown = back.ints("自付").iter().filter(|v| v.is_none()).count();
    assert_eq!(unknown, 13_334);
}

#[test]
fn a_table_with_a_gap_in_it_is_refused_whole() {
    let folder = Folder::new("refused");
    let lake = Lake::open(&folder.0).unwrap();
    let mut wrong = sheet(10);
    wrong
        .columns
        .push(("短列".to_owned(), Column::Int(vec![Some(1)])));
    assert!(lake.write("rows", august(), "990101", &wrong).is_err());
    assert!(!folder.0.join("rows").exists());
}

#[test]
fn a_file_without_rows_reads_as_no_rows() {
    let folder = Folder::new("empty");
    let file = written(&folder, &[numbers(1, 0)]);
    assert_eq!(file.rows, 0);
    let lake = Lake::open(&folder.0).unwrap();
    assert!(lake.read(&file.path).unwrap().is_empty());
    assert_eq!(
        lake.read_columns(&file.path, &["id"])
            .unwrap()
            .num_columns(),
        1
    );
}
