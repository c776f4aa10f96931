//! From judgements to figures: B2 and B3 as the sources check them, sums of areas and groups, and the
//! rows behind each.

use crate::differential::{demo, people_of};
use domain::{AreaCode, Day, Month};
use engine::arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int64Array, StringArray, UInt16Array,
};
use engine::indicators::{Behind, Figure, Part, figures, rows};
use engine::{Complete, EntityFrame, Frames, RelationFrame, compile};
use rules::Program;
use rules::plan::{FileKind, Home, ItemId};
use rules::situation::Moments;
use rules::value::Ratio;
use std::sync::Arc;

fn august() -> Month {
    Month::new(2026, 8).unwrap()
}

/// A person with a need: whether supply is near, and whether the service came.
#[derive(Clone, Copy)]
struct Need {
    near: bool,
    received: bool,
}

/// A hundred and ten persons; those with a need have one row each, for meals.
fn needs(program: &Program, of: impl Fn(i64) -> Option<Need>) -> Frames {
    let person = program.dict.entity("个人").unwrap();
    let relation = program.dict.relation("需求").unwrap();
    let ids: Vec<i64> = (1..=110).collect();
    let places: StringArray = ids
        .iter()
        .map(|id| {
            Some(if id % 2 == 0 {
                "990101001001"
            } else {
                "990101002001"
            })
        })
        .collect();
    let mut frames = Frames::default();
    let table = EntityFrame::new(ids.clone()).unwrap().with_areas(places);
    frames.entities.insert(person, table);
    let with: Vec<(i64, Need)> = ids.iter().filter_map(|id| Some((*id, of(*id)?))).collect();
    let owners: Int64Array = with.iter().map(|(id, _)| Some(*id)).collect();
    let nobody: Int64Array = with.iter().map(|_| None).collect();
    let mut list = RelationFrame::new(owners, nobody, Complete::Everybody).unwrap();
    let mut set = |name: &str, values: ArrayRef| {
        let at = program
            .items
            .iter()
            .position(|i| i.home == Home::Rows(relation) && i.file.is_none() && i.name == name);
        list.set(ItemId(u32::try_from(at.unwrap()).unwrap()), values);
    };
    let kind = program.dict.enumeration("服务项目").unwrap();
    let meals = program.dict.member(kind, "助餐").unwrap();
    let day = |text: &str| Day::parse(text).unwrap().epoch_days();
    let all = |day: Option<i32>| Arc::new(with.iter().map(|_| day).collect::<Date32Array>());
    set(
        "服务项目",
        Arc::new(with.iter().map(|_| Some(meals)).collect::<UInt16Array>()),
    );
    set("需求登记日", all(Some(day("2026-06-01"))));
    set("需求撤销日", all(None));
    let near: BooleanArray = with.iter().map(|(_, n)| Some(n.near)).collect();
    set("附近有供给", Arc::new(near));
    let came: Date32Array = with
        .iter()
        .map(|(_, n)| n.received.then(|| day("2026-08-10")))
        .collect();
    set("获得服务日", Arc::new(came));
    frames.relations.insert(relation, list);
    frames
}

fn counted(program: &Program, frames: &Frames) -> Vec<Figure> {
    let wanted = program.only(|f| f.kind == FileKind::Indicator && f.id == "access");
    let judged = compile(&wanted, Moments::monthly(august())).unwrap();
    figures(&wanted, &judged.run(frames).unwrap(), frames)
}

fn rate(program: &Program, all: &[Figure], name: &str) -> (Ratio, u64, u64) {
    let (_, plan) = program.file("access").unwrap();
    let at = plan.measures.iter().position(|m| m.name == name).unwrap();
    let figure = all.iter().find(|f| f.measure == at).unwrap();
    let tally = figure.tally.all;
    (tally.rate().unwrap(), tally.part_rows, tally.whole_rows)
}

/// B2: 100 with need, 40 of them with supply near, is 40 %; 10 without need but with supply do not
/// change it. B3: 15 of the 100 received is 15 %, by the same denominator.
#[test]
fn access_and_attainment_share_one_denominator_of_distinct_persons() {
    let program = demo(august());
    let frames = needs(&program, |id| {
        (id <= 100).then_some(Need {
            near: id <= 40,
            received: id > 85,
        })
    });
    let all = counted(&program, &frames);
    let percent = |n: i128| Ratio::new(n, 100).unwrap();
    assert_eq!(rate(&program, &all, "可及率"), (percent(40), 40, 100));
    assert_eq!(rate(&program, &all, "可得率"), (percent(15), 15, 100));
    assert_eq!(rate(&program, &all, "助餐可及率"), (percent(40), 40, 100));
    // Nobody needs rehabilitation: 不适用, not zero.
    let (_, plan) = program.file("access").unwrap();
    let none = plan
        .measures
        .iter()
        .position(|m| m.name == "康复训练可及率")
        .unwrap();
    let none = all.iter().find(|f| f.measure == none).unwrap();
    assert_eq!((none.tally.all.rate(), none.tally.all.unknown), (None, 0));
}

#[test]
fn a_list_nobody_sent_leaves_everybody_unknown() {
    let program = demo(august());
    let mut frames = needs(&program, |_| None);
    frames.relations.clear();
    let all = counted(&program, &frames);
    for figure in &all {
        let tally = figure.tally.all;
        assert_eq!(
            (tally.unknown, tally.whole_rows, tally.rate()),
            (110, 0, None)
        );
    }
}

/// Over generated people and every indicator: areas hold the sum of what lies in them, groups the sum
/// of all, and each number is the length of the list behind it.
#[test]
fn areas_groups_and_lists_agree_with_every_figure() {
    let (program, judged, frames) = people_of(demo(august()), august(), 300);
    let all = figures(&program, &judged, &frames);
    assert!(all.len() > 30, "{}", all.len());
    let mut groups = 0;
    for figure in &all {
        let key = (figure.file.as_str(), figure.measure);
        let count = |area: Option<AreaCode>, group: Option<(usize, String)>, part: Part| {
            let behind = Behind { part, area, group };
            let found = rows(&program, &judged, &frames, key, &behind);
            u64::try_from(found.len()).unwrap()
        };
        let whole = figure.tally.all;
        assert_eq!(count(None, None, Part::Among), whole.whole_rows);
        assert_eq!(count(None, None, Part::Counted), whole.part_rows);
        assert_eq!(count(None, None, Part::Unknown), whole.unknown);
        for (code, tally) in &figure.tally.areas {
            assert_eq!(
                count(Some(*code), None, Part::Among),
                tally.whole_rows,
                "{key:?} {code}"
            );
        }
        for (at, group) in figure.groups.iter().enumerate() {
            let mut sum = 0;
            for (label, told, _) in &group.rows {
                let here = count(None, Some((at, label.clone())), Part::Among);
                assert_eq!(here, told.all.whole_rows, "{key:?} {label}");
                sum += here;
                groups += 1;
            }
            assert_eq!(sum, whole.whole_rows, "{key:?} {}", group.title);
        }
    }
    assert!(groups > 50, "{groups}");
}
