//! Geometry of the small charts, drawn on the server as SVG; every chart's numbers also stand beside it as text.

use office::views::{CurvePoint, Distance, Mark};

/// A part of a bar.
pub(crate) struct Segment {
    pub(crate) x: String,
    pub(crate) y: u64,
    pub(crate) width: String,
    pub(crate) class: String,
    pub(crate) title: String,
}

/// A bar whose parts follow each other on one line; `parts` are value, class and title.
pub(crate) fn stacked(parts: Vec<(u64, String, String)>, max: u64) -> Vec<Segment> {
    let mut from = 0;
    let mut segments = Vec::with_capacity(parts.len());
    for (value, class, title) in parts {
        if value > 0 {
            let (x, width) = (share(from, max), share(value, max));
            segments.push(Segment {
                x,
                y: 0,
                width,
                class,
                title,
            });
        }
        from = u64::saturating_add(from, value);
    }
    segments
}

/// Bars that stand below each other, `step` apart.
pub(crate) fn grouped(bars: Vec<(u64, String, String)>, max: u64, step: u64) -> Vec<Segment> {
    (0..)
        .zip(bars)
        .map(|(line, (value, class, title))| Segment {
            x: "0%".to_owned(),
            y: step * line,
            width: share(value, max),
            class,
            title,
        })
        .collect()
}

/// A part of a whole as a percentage with two places; nothing of nothing is nothing.
pub(crate) fn share(value: u64, whole: u64) -> String {
    let parts = value
        .saturating_mul(10_000)
        .checked_div(whole)
        .unwrap_or(0)
        .min(10_000);
    format!("{}.{:02}%", parts / 100, parts % 100)
}

/// How full a threshold is; the threshold stands at two thirds of the width.
pub(crate) struct Gauge {
    pub(crate) width: String,
    pub(crate) class: &'static str,
}

/// The gauge of a distance, where a percentage makes sense.
pub(crate) fn gauge(distance: &Distance, mark: Option<Mark>) -> Option<Gauge> {
    let width = share(u64::from(distance.percent?), 150);
    let class = match mark {
        Some(Mark::Holds) => "g-holds",
        Some(Mark::Fails) => "g-fails",
        Some(Mark::Unknown) | None => "g-unknown",
    };
    Some(Gauge { width, class })
}

/// Two lines over the income axis, in a box of 1000 by 300.
pub(crate) struct Curve {
    pub(crate) before: String,
    pub(crate) after: String,
    pub(crate) top: String,
    pub(crate) middle: String,
    pub(crate) from: String,
    pub(crate) half: String,
    pub(crate) to: String,
}

/// Draws a curve; with fewer than two points there is nothing to see.
pub(crate) fn curve(points: &[CurvePoint]) -> Option<Curve> {
    let (first, last) = (points.first()?.income_fen, points.last()?.income_fen);
    let span = last.checked_sub(first).filter(|span| *span > 0)?;
    let top = points
        .iter()
        .map(|point| point.before_fen.max(point.after_fen))
        .max()?
        .max(1);
    let line = |height: fn(&CurvePoint) -> i64| -> String {
        let place = |point: &CurvePoint| {
            let x = (point.income_fen - first).saturating_mul(1000) / span;
            let y = 300 - height(point).clamp(0, top).saturating_mul(290) / top;
            format!("{x},{y}")
        };
        points.iter().map(place).collect::<Vec<_>>().join(" ")
    };
    Some(Curve {
        before: line(|point| point.before_fen),
        after: line(|point| point.after_fen),
        top: whole_yuan(top),
        middle: whole_yuan(top / 2),
        from: whole_yuan(first),
        half: whole_yuan(first + span / 2),
        to: whole_yuan(last),
    })
}

/// A label of an axis or a cell beside it: whole yuan.
pub(crate) fn whole_yuan(fen: i64) -> String {
    format!("{} 元", fen / 100)
}
