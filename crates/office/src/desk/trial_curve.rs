//! Help along the income axis as the page shows it: all households together, those chosen one by
//! one, and where the cliffs are.

use super::Told;
use super::trial::{Sight, Subjects, money};
use crate::simulate::{Bucket, CliffArea, CliffRow, Cliffs, Curve, DoorId};
use crate::views::{Cliff, CliffBucket, CurvePoint, WhatIfCliffs, WhatIfCurve};

/// Cliffs shown, the deepest first.
const CLIFFS_SHOWN: usize = 20;

pub(super) async fn cliffs(sight: &Sight<'_>, of: &Cliffs) -> Told<WhatIfCliffs> {
    let shown = of.cliffs.get(..CLIFFS_SHOWN).unwrap_or(&of.cliffs);
    let mut doors: Vec<DoorId> = shown.iter().map(CliffRow::door).collect();
    doors.extend(of.chosen.iter().map(|c| DoorId::Household(c.household)));
    let subjects = sight.subjects(&doors).await?;
    let first = [
        (
            "救助不少,多挣的 1 元归自己",
            of.first_now.keeps,
            of.first_then.keeps,
        ),
        ("救助少不到 1 元", of.first_now.part, of.first_then.part),
        (
            "救助正好少 1 元,多挣等于没挣",
            of.first_now.all,
            of.first_then.all,
        ),
        (
            "救助少了不止 1 元,反而吃亏",
            of.first_now.more,
            of.first_then.more,
        ),
    ];
    Ok(WhatIfCliffs {
        households: of.households,
        curve: points(&of.raises, &of.now, &of.then),
        chosen: of
            .chosen
            .iter()
            .map(|c| chosen(&of.raises, c, &subjects))
            .collect(),
        first: first
            .into_iter()
            .map(|(words, now, then)| (words.to_owned(), now, then))
            .collect(),
        cliffs_now: of.cliffs_now,
        cliffs_then: super::paging::count(of.cliffs.len()),
        rows: shown.iter().map(|row| cliff(row, &subjects)).collect(),
        histogram: of.histogram.iter().map(bucket).collect(),
        areas: of.areas.iter().map(area).collect(),
    })
}

fn points(raises: &[i64], now: &[i64], then: &[i64]) -> Vec<CurvePoint> {
    let pairs = now.iter().zip(then);
    raises
        .iter()
        .zip(pairs)
        .map(|(raise, (before, after))| CurvePoint {
            income_fen: *raise,
            before_fen: *before,
            after_fen: *after,
        })
        .collect()
}

fn chosen(raises: &[i64], curve: &Curve, subjects: &Subjects) -> WhatIfCurve {
    let door = DoorId::Household(curve.household);
    WhatIfCurve {
        subject: subjects.name(door),
        about: subjects.behind(door),
        points: if curve.known {
            points(raises, &curve.now, &curve.then)
        } else {
            Vec::new()
        },
    }
}

fn cliff(row: &CliffRow, subjects: &Subjects) -> Cliff {
    let income = row.per_head.map_or_else(
        || "人均月收入未知".to_owned(),
        |fen| format!("人均月收入 {}", money(fen)),
    );
    let more = money(row.to.saturating_sub(row.from));
    Cliff {
        subject: subjects.name(row.door()),
        about: subjects.behind(row.door()),
        place: row.place.clone(),
        at: format!("{income} 时,再多挣 {more}"),
        drop: format!("到手每月少 {}", money(row.lost)),
        parts: row
            .parts
            .iter()
            .map(|(title, was, is)| format!("{title} {} → {}", money(*was), money(*is)))
            .collect(),
    }
}

fn bucket(of: &Bucket) -> CliffBucket {
    CliffBucket {
        name: format!("{} 到 {} 元", whole_yuan(of.from), whole_yuan(of.to)),
        households: of.households,
        cliffs: of.cliffs,
        lost: format!("最多少 {}", money(of.lost_max)),
    }
}

/// The ends of a stretch are whole yuan.
fn whole_yuan(fen: i64) -> String {
    super::paging::grouped(fen.max(0).unsigned_abs() / 100)
}

fn area(of: &CliffArea) -> CliffBucket {
    CliffBucket {
        name: of.name.clone(),
        households: of.households,
        cliffs: of.cliffs,
        lost: format!("合计少 {}", money(of.lost)),
    }
}
