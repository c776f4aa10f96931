//! 存下来的指标: a month's run keeps the figures it counted in the lake, as kind `figures`, with a stamp
//! of the rules and the files they rest on. As long as the stamp holds, a page reads them back and
//! nobody is judged again.
//!
//! Columns: the figure's file and measure, its group and the group's value, the place, the tally and
//! the measures of a distribution. It holds sums, never a person.

use super::Figures;
use crate::error::Result;
use crate::intake::unhex;
use crate::office::Office;
use domain::{AreaCode, Month};
use engine::indicators::{Figure, Group, Spread, Tally, Told};
use engine::{Column, Sheet};
use rules::{Program, Ratio};
use std::collections::BTreeMap;
use store::manifest::LakeFile;

/// What the lake calls them.
const KIND: &str = "figures";
/// The county column of a file that is of no one county.
const ALL: &str = "000000";

/// What the figures of a month rest on: the rules, the departments' files up to the month, and what
/// earlier months kept.
pub(super) async fn stamp(office: &Office, month: Month) -> Result<String> {
    let mut all: Vec<String> = Vec::new();
    for file in store::manifest::list_all(&office.store).await? {
        let sent = file.kind.starts_with("row-") || file.kind.starts_with("link-");
        let remembered = file.kind.starts_with("fact-");
        if (sent && file.month <= month) || (remembered && file.month < month) {
            all.push(file.path);
        }
    }
    all.sort_unstable();
    all.push(office.locality.clone());
    all.push(store::digest::hex(&office.running.digest));
    let digest = store::digest::of_bytes(all.join("\n").as_bytes());
    Ok(format!("{month} {}", store::digest::hex(&digest)))
}

/// Writes the figures of a month; the file for the manifest. None where a figure is of no measure of the program.
///
/// # Errors
/// The disk.
pub(super) fn write(
    office: &Office,
    program: &Program,
    figures: &Figures,
    stamp: String,
) -> Result<Option<LakeFile>> {
    let Some(sheet) = sheet(program, &figures.all) else {
        return Ok(None);
    };
    let written = office.lake.write(KIND, figures.month, ALL, &sheet)?;
    Ok(Some(LakeFile {
        kind: KIND.to_owned(),
        month: figures.month,
        county: ALL.to_owned(),
        path: written.path,
        rows: written.rows,
        digest: unhex(&written.sha256),
        cause: stamp,
    }))
}

/// The figures a run kept of a month, where they still rest on the same rules and files.
///
/// # Errors
/// The record; a lake file that is missing.
pub(super) async fn read(
    office: &Office,
    program: &Program,
    month: Month,
    stamp: &str,
) -> Result<Option<Vec<Figure>>> {
    let kept = store::manifest::list(&office.store, KIND, month).await?;
    let Some(file) = kept.iter().find(|file| file.cause == stamp) else {
        return Ok(None);
    };
    Ok(figures(program, &office.lake.read(&file.path)?))
}

/// One line of the table.
struct Line<'a> {
    figure: (&'a str, &'a str),
    group: Option<(&'a str, &'a str)>,
    area: Option<AreaCode>,
    tally: Tally,
    spread: Option<Spread>,
}

// Sums are exact fractions of whatever length a large county gives them: as text `2/3`.
const WORDS: [&str; 7] = [
    "file", "measure", "group", "label", "area", "part/", "whole/",
];
const NUMBERS: [&str; 3] = ["counted", "among", "unknown"];
const SPREAD: &str = "spread";

fn sheet(program: &Program, all: &[Figure]) -> Option<Sheet> {
    let mut words: [Vec<Option<String>>; 7] = Default::default();
    let mut numbers: [Vec<Option<i64>>; 3] = Default::default();
    let mut spreads: Vec<Option<String>> = Vec::new();
    let mut push = |line: &Line<'_>| {
        let tally = &line.tally;
        let texts = [
            Some(line.figure.0.to_owned()),
            Some(line.figure.1.to_owned()),
            line.group.map(|(title, _)| title.to_owned()),
            line.group.map(|(_, label)| label.to_owned()),
            line.area.map(|area| area.full().to_owned()),
            Some(fraction_text(tally.part)),
            Some(fraction_text(tally.whole)),
        ];
        let count = |n: u64| i64::try_from(n).ok();
        let sums = [
            count(tally.part_rows)?,
            count(tally.whole_rows)?,
            count(tally.unknown)?,
        ];
        words
            .iter_mut()
            .zip(texts)
            .for_each(|(to, text)| to.push(text));
        numbers
            .iter_mut()
            .zip(sums)
            .for_each(|(to, n)| to.push(Some(n)));
        spreads.push(line.spread.as_ref().map(spread_text));
        Some(())
    };
    for figure in all {
        let (_, plan) = program.file(&figure.file)?;
        let name = (
            figure.file.as_str(),
            plan.measures.get(figure.measure)?.name.as_str(),
        );
        let own = figure.spread.as_ref();
        push(&Line {
            figure: name,
            group: None,
            area: None,
            tally: figure.tally.all,
            spread: own.map(|told| told.all),
        })?;
        for (area, tally) in &figure.tally.areas {
            push(&Line {
                figure: name,
                group: None,
                area: Some(*area),
                tally: *tally,
                spread: own.and_then(|told| told.areas.get(area).copied()),
            })?;
        }
        for group in &figure.groups {
            for (label, told, spread) in &group.rows {
                let of = Some((group.title.as_str(), label.as_str()));
                push(&Line {
                    figure: name,
                    group: of,
                    area: None,
                    tally: told.all,
                    spread: *spread,
                })?;
                for (area, tally) in &told.areas {
                    push(&Line {
                        figure: name,
                        group: of,
                        area: Some(*area),
                        tally: *tally,
                        spread: None,
                    })?;
                }
            }
        }
    }
    let words = WORDS.iter().zip(words);
    let words = words.map(|(name, column)| ((*name).to_owned(), Column::Text(column)));
    let numbers = NUMBERS.iter().zip(numbers);
    let numbers = numbers.map(|(name, column)| ((*name).to_owned(), Column::Int(column)));
    let last = (SPREAD.to_owned(), Column::Text(spreads));
    Some(Sheet {
        columns: words.chain(numbers).chain([last]).collect(),
    })
}

/// The figures of a table; none where it is not one of this program's.
fn figures(program: &Program, sheet: &Sheet) -> Option<Vec<Figure>> {
    let mut out: Vec<Figure> = Vec::new();
    let texts = |name: &str| match sheet.column(name) {
        Some(Column::Text(texts)) => Some(texts.as_slice()),
        _ => None,
    };
    let [files, measures, groups, labels, areas, parts, wholes] = WORDS.map(texts);
    let (files, measures, groups, labels, areas) = (files?, measures?, groups?, labels?, areas?);
    let (parts, wholes) = (parts?, wholes?);
    let numbers = NUMBERS.map(|name| sheet.ints(name));
    let spreads = texts(SPREAD)?;
    for row in 0..sheet.len() {
        let word = |column: &[Option<String>]| column.get(row).cloned().flatten();
        let (file, measure) = (word(files)?, word(measures)?);
        let (_, plan) = program.file(&file)?;
        let at = plan.measures.iter().position(|m| m.name == measure)?;
        let fits = |f: &Figure| f.file == file && f.measure == at;
        if !out.last().is_some_and(fits) {
            out.push(Figure {
                file,
                measure: at,
                entity: plan.entity,
                tally: Told::default(),
                groups: Vec::new(),
                spread: None,
            });
        }
        let figure = out.last_mut()?;
        let sums = (word(parts)?, word(wholes)?);
        let tally = tally(numbers, row, &sums)?;
        let area = match word(areas) {
            None => None,
            Some(code) => Some(AreaCode::parse(&code).ok()?),
        };
        let spread = match word(spreads) {
            None => None,
            Some(text) => Some(spread_of(&text)?),
        };
        match word(groups) {
            None => {
                place(&mut figure.tally, area, tally);
                if let Some(spread) = spread {
                    place(
                        figure.spread.get_or_insert_with(Told::default),
                        area,
                        spread,
                    );
                }
            }
            Some(title) => {
                let label = word(labels)?;
                grouped(&mut figure.groups, (title, label), area, (tally, spread));
            }
        }
    }
    Some(out)
}

fn tally(
    numbers: [&[Option<i64>]; 3],
    row: usize,
    (part, whole): &(String, String),
) -> Option<Tally> {
    let number = |at: usize| numbers.get(at)?.get(row).copied().flatten();
    let count = |at: usize| u64::try_from(number(at)?).ok();
    Some(Tally {
        part: fraction_of(part)?,
        whole: fraction_of(whole)?,
        part_rows: count(0)?,
        whole_rows: count(1)?,
        unknown: count(2)?,
    })
}

fn fraction_text(sum: Ratio) -> String {
    format!("{}/{}", sum.num(), sum.den())
}

fn fraction_of(text: &str) -> Option<Ratio> {
    let (num, den) = text.split_once('/')?;
    Ratio::new(num.parse().ok()?, den.parse().ok()?)
}

fn place<T>(told: &mut Told<T>, area: Option<AreaCode>, value: T) {
    match area {
        None => told.all = value,
        Some(area) => {
            told.areas.insert(area, value);
        }
    }
}

fn grouped(
    groups: &mut Vec<Group>,
    (title, label): (String, String),
    area: Option<AreaCode>,
    (tally, spread): (Tally, Option<Spread>),
) {
    if groups.last().is_none_or(|g| g.title != title) {
        groups.push(Group {
            title,
            rows: Vec::new(),
        });
    }
    let Some(group) = groups.last_mut() else {
        return;
    };
    if group.rows.last().is_none_or(|(last, ..)| *last != label) {
        group.rows.push((
            label,
            Told {
                all: Tally::default(),
                areas: BTreeMap::new(),
            },
            spread,
        ));
    }
    if let Some((_, told, _)) = group.rows.last_mut() {
        place(told, area, tally);
    }
}

/// The parts of a distribution in one cell, each as the shortest text that is read back the same.
fn spread_text(spread: &Spread) -> String {
    let told = |value: Option<f64>| value.map_or_else(String::new, |v| format!("{v:?}"));
    let parts = [
        Some(spread.persons),
        Some(spread.poor),
        spread.mean,
        spread.median,
        spread.headcount,
        spread.gap,
        spread.severity,
        spread.watts,
        spread.sen_1976,
        spread.sen_limit,
        spread.gini,
        spread.quintile_ratio,
        spread.at_risk,
        spread.median_gap,
    ];
    parts.map(told).join(";")
}

fn spread_of(text: &str) -> Option<Spread> {
    let parts: Vec<Option<f64>> = text.split(';').map(|part| part.parse().ok()).collect();
    let [
        persons,
        poor,
        mean,
        median,
        headcount,
        gap,
        severity,
        watts,
        sen_1976,
        sen_limit,
        gini,
        quintile_ratio,
        at_risk,
        median_gap,
    ] = parts.try_into().ok()?;
    Some(Spread {
        persons: persons?,
        poor: poor?,
        mean,
        median,
        headcount,
        gap,
        severity,
        watts,
        sen_1976,
        sen_limit,
        gini,
        quintile_ratio,
        at_risk,
        median_gap,
    })
}

#[cfg(test)]
mod tests {
    use super::{fraction_of, fraction_text};
    use rules::Ratio;

    #[test]
    fn a_sum_longer_than_any_column_of_numbers_is_read_back_the_same() {
        let long = i128::from(i64::MAX) * 1_000_003;
        for (num, den) in [(long, 7), (-long, i128::from(i64::MAX))] {
            let sum = Ratio::new(num, den);
            assert!(sum.is_some());
            assert_eq!(sum.and_then(|sum| fraction_of(&fraction_text(sum))), sum);
        }
        for damaged in ["", "1", "1/0", "a/2", "1/2/3"] {
            assert_eq!(fraction_of(damaged), None, "{damaged}");
        }
    }
}
