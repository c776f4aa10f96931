//! Looking places up: by code, by the beginning of a name, and level by level, a page at a time.

use super::{first_day, from_row, level_from, level_word, range};
use crate::error::Result;
use crate::sql::statements;
use crate::tx::Reads;
use crate::value::{Row, Value, count as counted};
use domain::{Area, AreaCode, AreaLevel, Day, PrefixHistory};
use std::collections::{BTreeMap, BTreeSet};

statements! {
    HISTORY = "select code, name, level, urban_rural, valid_from, valid_to from area
        where code = $1 order by valid_from";
    NEWEST_NAME = "select name from area where code = $1 order by valid_from desc limit 1";
    CODED = "select code, name, level, urban_rural, valid_from, valid_to from area
        where code >= $1 and code < $2 and (code, valid_from) > ($3, $4)
        order by code, valid_from limit $5";
    NAMED = "select code, name, level, urban_rural, valid_from, valid_to from area
        where name >= $1 and name < $2 and (name, code, valid_from) > ($3, $4, $5)
        order by name, code, valid_from limit $6";
    // A place whose parent is not there stands directly below the place around its parent: the
    // counties a province governs without a city, and what is left under an abolished county.
    BELOW = "select code, name, level, urban_rural, valid_from, valid_to from area
        where parent = $1 and code > $2
          and valid_from <= $3 and (valid_to is null or valid_to > $3)
        union all
        select a.code, a.name, a.level, a.urban_rural, a.valid_from, a.valid_to from area a
        where a.level = $4 and a.code >= $5 and a.code < $6 and a.code > $2 and a.parent <> $1
          and a.valid_from <= $3 and (a.valid_to is null or a.valid_to > $3)
          and not exists (select 1 from area p where p.code = a.parent
              and p.valid_from <= $3 and (p.valid_to is null or p.valid_to > $3))
        order by code limit $7";
    COUNT_BELOW = "select
        (select count(*) from area where parent = $1
          and valid_from <= $2 and (valid_to is null or valid_to > $2))
        + (select count(*) from area a
            where a.level = $3 and a.code >= $4 and a.code < $5 and a.parent <> $1
              and a.valid_from <= $2 and (a.valid_to is null or a.valid_to > $2)
              and not exists (select 1 from area p where p.code = a.parent
                  and p.valid_from <= $2 and (p.valid_to is null or p.valid_to > $2)))";
    COUNT = "select level, count(*) from area
        where valid_from <= $1 and (valid_to is null or valid_to > $1) group by level";
    SAME_NAME = "select code, name, level, urban_rural, valid_from, valid_to from area
        where name = $1 and valid_from = $2 and code >= $3 and code < $4 and code <> $5
        order by code";
    PREFIXES = "select code, valid_to from area where level in ('province', 'city', 'county')
        order by code, valid_from";
    WIDE = "select code, name, level, urban_rural, valid_from, valid_to from area
        where level in ('province', 'city', 'county')
          and valid_from <= $1 and (valid_to is null or valid_to > $1) order by code";
    HOUSEHOLDS = "select substr(area, 1, 6), count(*) from household group by substr(area, 1, 6)";
    ELSEWHERE = "select area from household where area < $1 or area >= $2
        union select area from person where area < $1 or area >= $2 order by area";
    COUNTIES = "select code from area where level = 'county'
          and valid_from <= $1 and (valid_to is null or valid_to > $1)
        order by code limit 2";
}

/// Follows every name that begins with the words before it.
const LAST: char = '\u{10FFFF}';

/// The place a page of found places ended with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct After {
    /// Its name; not looked at where places are listed by code.
    pub name: String,
    /// Its 12 digits.
    pub code: String,
    /// The first day of its validity as the record writes it.
    pub valid_from: String,
}

impl After {
    /// The key of a place, for the page that follows it.
    #[must_use]
    pub fn of(area: &Area) -> Self {
        Self {
            name: area.name.clone(),
            code: area.code.full().to_owned(),
            valid_from: first_day(area.valid_from),
        }
    }
}

/// Every name a code had, the oldest first.
pub async fn history(on: &impl Reads, code: &AreaCode) -> Result<Vec<Area>> {
    let rows = on.rows(HISTORY, vec![code.full().into()]).await?;
    rows.iter().map(from_row).collect()
}

/// The newest name of each of these codes; a code nobody named is left out.
pub async fn names(
    on: &impl Reads,
    codes: impl IntoIterator<Item = AreaCode>,
) -> Result<BTreeMap<AreaCode, String>> {
    let codes: BTreeSet<AreaCode> = codes.into_iter().collect();
    let sets = codes.iter().map(|code| vec![code.full().into()]).collect();
    let answers = on.rows_each(NEWEST_NAME, sets).await?;
    let mut out = BTreeMap::new();
    for (code, rows) in codes.into_iter().zip(answers) {
        if let Some(row) = rows.first() {
            out.insert(code, row.text(0)?);
        }
    }
    Ok(out)
}

/// What each of these codes stood for on a day; one that stood for nothing is left out.
pub async fn find_many(
    on: &impl Reads,
    codes: impl IntoIterator<Item = AreaCode>,
    day: Day,
) -> Result<BTreeMap<AreaCode, Area>> {
    let codes: BTreeSet<AreaCode> = codes.into_iter().collect();
    let day = day.to_string();
    let set = |code: &AreaCode| vec![code.full().into(), day.as_str().into()];
    let answers = on
        .rows_each(super::FIND, codes.iter().map(set).collect())
        .await?;
    let rows = codes.into_iter().zip(answers);
    rows.filter_map(|(code, rows)| Some((code, from_row(rows.first()?))))
        .map(|(code, area)| Ok((code, area?)))
        .collect()
}

/// Places, also abolished ones, whose code begins with the digits, by code.
pub async fn coded(on: &impl Reads, digits: &str, after: &After, limit: u32) -> Result<Vec<Area>> {
    let values = vec![
        // The page is sought where the last one ended, not walked to from the first place.
        digits.max(after.code.as_str()).into(),
        format!("{digits}:").into(),
        after.code.as_str().into(),
        after.valid_from.as_str().into(),
        limit.into(),
    ];
    on.rows(CODED, values).await?.iter().map(from_row).collect()
}

/// Places, also abolished ones, whose name begins with the words, by name and code.
pub async fn named(on: &impl Reads, words: &str, after: &After, limit: u32) -> Result<Vec<Area>> {
    let values = vec![
        words.max(after.name.as_str()).into(),
        format!("{words}{LAST}").into(),
        after.name.as_str().into(),
        after.code.as_str().into(),
        after.valid_from.as_str().into(),
        limit.into(),
    ];
    on.rows(NAMED, values).await?.iter().map(from_row).collect()
}

/// The places directly below another in force on a day, by code: a page after a code.
pub async fn below(
    on: &impl Reads,
    around: &AreaCode,
    day: Day,
    after: &str,
    limit: u32,
) -> Result<Vec<Area>> {
    let (from, to) = range(Some(around));
    let values = vec![
        around.full().into(),
        after.into(),
        day.to_string().into(),
        two_below(around.level()).into(),
        from,
        to,
        limit.into(),
    ];
    on.rows(BELOW, values).await?.iter().map(from_row).collect()
}

/// The provinces in force on a day, by code.
pub async fn provinces(on: &impl Reads, day: Day) -> Result<Vec<Area>> {
    let (from, to) = range(None);
    let level = level_word(AreaLevel::Province);
    let values = vec![from, to, level.into(), day.to_string().into()];
    let rows = on.rows(super::LIST_WITHIN, values).await?;
    rows.iter().map(from_row).collect()
}

/// How many places stand directly below each of these on a day.
pub async fn count_below(on: &impl Reads, around: &[AreaCode], day: Day) -> Result<Vec<u64>> {
    let set = |code: &AreaCode| {
        let (from, to) = range(Some(code));
        let two_below = two_below(code.level());
        vec![
            code.full().into(),
            day.to_string().into(),
            two_below.into(),
            from,
            to,
        ]
    };
    let sets: Vec<Vec<Value>> = around.iter().map(set).collect();
    let answers = on.rows_each(COUNT_BELOW, sets).await?;
    let first = |rows: &Vec<Row>| rows.first().map_or(Ok(0), |row| row.int(0).map(counted));
    answers.iter().map(first).collect()
}

/// The word of the level where places stand whose parent is not there.
fn two_below(level: AreaLevel) -> &'static str {
    let mut lower = AreaLevel::ALL.into_iter().filter(|l| *l > level);
    lower.nth(1).map_or("", level_word)
}

/// How many places of each level are in force on a day.
pub async fn count(on: &impl Reads, day: Day) -> Result<Vec<(AreaLevel, u64)>> {
    let rows = on.rows(COUNT, vec![day.to_string().into()]).await?;
    let of_row = |row: &Row| Ok((row.word(0, level_from)?, counted(row.int(1)?)));
    let mut counts: Vec<_> = rows.iter().map(of_row).collect::<Result<_>>()?;
    counts.sort_unstable();
    Ok(counts)
}

/// Places of the same province that took a name on the very day another gave it up: its likely
/// successors, for the lists name none.
pub async fn same_name_from(on: &impl Reads, ended: &Area) -> Result<Vec<Area>> {
    let Some(day) = ended.valid_to else {
        return Ok(Vec::new());
    };
    let (from, to) = range(ended.code.at(AreaLevel::Province).as_ref());
    let values = vec![
        ended.name.as_str().into(),
        day.to_string().into(),
        from,
        to,
        ended.code.full().into(),
    ];
    let rows = on.rows(SAME_NAME, values).await?;
    rows.iter().map(from_row).collect()
}

/// Every code of six digits that was ever in force, with its last year: abolished ones stay in the
/// first digits of identity numbers. One still in force has the year of `today`.
pub async fn prefixes(on: &impl Reads, today: Day) -> Result<PrefixHistory> {
    let rows = on.rows(PREFIXES, vec![]).await?;
    let of_row = |row: &Row| {
        let six = row.area(0)?.full().get(..6).unwrap_or_default().to_owned();
        let last = row.day_opt(1)?.and_then(|without| without.add_days(-1));
        Ok((six, last.unwrap_or(today).year()))
    };
    let rows: Vec<(String, i32)> = rows.iter().map(of_row).collect::<Result<_>>()?;
    Ok(PrefixHistory::from_rows(rows))
}

/// Provinces, cities and counties in force on a day, by code: a few thousand in a whole country.
pub async fn wide(on: &impl Reads, day: Day) -> Result<Vec<Area>> {
    let rows = on.rows(WIDE, vec![day.to_string().into()]).await?;
    rows.iter().map(from_row).collect()
}

/// The narrowest area, from a county up, in which more than half of all households live; without
/// any household, the only county there is.
pub async fn home(on: &impl Reads, day: Day) -> Result<Option<AreaCode>> {
    let rows = on.rows(HOUSEHOLDS, vec![]).await?;
    let of_row = |row: &Row| Ok((row.area(0)?, [counted(row.int(1)?)]));
    let by_county: Vec<_> = rows.iter().map(of_row).collect::<Result<_>>()?;
    let all: u64 = by_county.iter().map(|(_, [households])| households).sum();
    if all > 0 {
        let sums = domain::roll_up(by_county);
        let most = sums
            .iter()
            .filter(|(_, [inside])| inside.saturating_mul(2) > all);
        return Ok(most
            .max_by_key(|(code, _)| code.level())
            .map(|(code, _)| *code));
    }
    let counties = on.rows(COUNTIES, vec![day.to_string().into()]).await?;
    match counties.as_slice() {
        [only] => Ok(Some(only.area(0)?)),
        _ => Ok(None),
    }
}

/// The places outside another where some of the record's people live, and those around them, as
/// they are on a day.
pub async fn lived_in_outside(on: &impl Reads, home: &AreaCode, day: Day) -> Result<Vec<Area>> {
    let (from, below) = range(Some(home));
    let rows = on.rows(ELSEWHERE, vec![from, below]).await?;
    let mut codes = BTreeSet::new();
    for row in &rows {
        let lived_in = row.area(0)?;
        codes.extend(std::iter::successors(Some(lived_in), AreaCode::parent));
    }
    codes.retain(|code| !code.contains(home));
    let sets = codes
        .iter()
        .map(|code| vec![code.full().into(), day.to_string().into()])
        .collect();
    let answers = on.rows_each(super::FIND, sets).await?;
    answers.iter().flatten().map(from_row).collect()
}
