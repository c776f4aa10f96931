//! Whose the rows were linked to, against whose they are: by the number each row would carry had no
//! clerk damaged it.

use super::{columns, plain};
use anyhow::{Context, Result};
use domain::{Day, IdNumber};
use engine::Lake;
use rusqlite::Connection;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Feeds whose rows are persons', with the header of the number. Workbooks are left out.
const NUMBERED: [(&str, &str, &str); 13] = [
    ("register", "register.csv", "身份证号"),
    ("kinship", "kinship.csv", "身份证号"),
    ("deaths", "deaths.csv", "身份证号"),
    ("disability", "disability.csv", "残疾人证号"),
    ("social_insurance", "social-insurance.csv", "身份证号"),
    ("pensions", "pensions.csv", "身份证号"),
    ("income_other", "income-other.csv", "身份证号"),
    ("property", "property.csv", "身份证号"),
    ("business", "business.csv", "身份证号"),
    ("medical_expense", "medical-expense.csv", "身份证号"),
    ("school", "school.csv", "身份证号"),
    ("bank_balance", "bank-balance.csv", "身份证号"),
    ("roll", "roll.csv", "身份证号"),
];

/// What became of a feed's rows.
#[derive(Default)]
struct Line {
    rows: u64,
    certain: u64,
    wrong: u64,
    doubtful: u64,
    /// Doubtful rows whose likeliest candidate is the one.
    first_is_right: u64,
    nobody: u64,
}

/// The damage to numbers: what stood there before, by month, file and row.
struct Faults(HashMap<(String, String, u64), String>);

impl Faults {
    fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("truth/faults.csv");
        let all = columns(&path, ["month", "file", "row", "column", "before"])?;
        let of_number = all
            .into_iter()
            .filter(|[.., column, _]| NUMBERED.iter().any(|(_, _, header)| column == header));
        let keyed = of_number
            .map(|[month, file, row, _, before]| Ok(((month, file, row.parse()?), before)));
        Ok(Self(keyed.collect::<Result<_>>()?))
    }

    /// The number a row is about.
    fn number(&self, month: &str, file: &str, row: u64, cell: &str, today: Day) -> String {
        let key = (month.to_owned(), file.to_owned(), row);
        let written = self.0.get(&key).map_or(cell, String::as_str);
        whole(written, today)
    }
}

/// The number of a card or of fifteen digits as the eighteen it stands for.
fn whole(written: &str, today: Day) -> String {
    let read = IdNumber::parse(written, today).map(|parsed| parsed.number.as_str().to_owned());
    let bare = plain(written);
    read.unwrap_or_else(|_| bare.get(..18).unwrap_or(&bare).to_owned())
}

/// Compares and prints.
pub(super) fn run(record: &Connection, data: &Path) -> Result<()> {
    let folder = data.join("county");
    let lake = Lake::open(data.join("lake"))?;
    let faults = Faults::read(&folder)?;
    let today = Day::parse("2026-09-14").map_err(|e| anyhow::anyhow!(e.to_string()))?;
    let persons = persons(record, &folder, &faults, today)?;
    println!(
        "\n{:<18}{:>9}{:>9}{:>7}{:>10}{:>14}{:>9}",
        "linked, by feed", "rows", "certain", "wrong", "doubtful", "first is it", "nobody"
    );
    let mut sum = Line::default();
    for (feed, _, header) in NUMBERED {
        let line = feed_line(
            record,
            &lake,
            &folder,
            &faults,
            (feed, header),
            &persons,
            today,
        )?;
        line.print(feed);
        sum.add(&line);
    }
    sum.print("all of them");
    Ok(())
}

/// The true number of every person of the record: that of the register's row that made it.
fn persons(
    record: &Connection,
    folder: &Path,
    faults: &Faults,
    today: Day,
) -> Result<HashMap<i64, String>> {
    let mut files: HashMap<i64, (String, String, Vec<String>)> = HashMap::new();
    for (batch, month, file) in batches(record, "register")? {
        let cells = numbers(folder, &month, &file, "身份证号")?;
        files.insert(batch, (month, file, cells));
    }
    let mut find = record.prepare("select person_id, row_id from person")?;
    let mut rows = find.query([])?;
    let mut known = HashMap::new();
    while let Some(row) = rows.next()? {
        let (person, id): (i64, i64) = (row.get(0)?, row.get(1)?);
        let (batch, at) = (id >> 32, u64::try_from(id & 0xFFFF_FFFF)?);
        if let Some((month, file, cells)) = files.get(&batch)
            && let Some(cell) = cells.get(usize::try_from(at.saturating_sub(1))?)
        {
            known.insert(person, faults.number(month, file, at, cell, today));
        }
    }
    Ok(known)
}

fn batches(record: &Connection, feed: &str) -> Result<Vec<(i64, String, String)>> {
    let mut find = record.prepare(
        "select batch_no, period, file_name from feed_batch
         where feed = ?1 and state = 'applied' order by batch_no",
    )?;
    let rows = find.query_map([feed], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.map(|row| row.context("a batch")).collect()
}

/// The cells of the number in a file of the county, wherever it lies.
fn numbers(folder: &Path, month: &str, file: &str, header: &str) -> Result<Vec<String>> {
    let own = folder.join("feeds").join(month).join(file);
    let path = if own.is_file() {
        own
    } else {
        // A late file lies in the folder of the month it came in.
        let all = super::folders(&folder.join("feeds"))?;
        let found = all.into_iter().map(|f| f.join(file)).find(|f| f.is_file());
        found.with_context(|| format!("no {file} of {month}"))?
    };
    let cells = columns(&path, [header])?;
    Ok(cells.into_iter().map(|[cell]| cell).collect())
}

fn feed_line(
    record: &Connection,
    lake: &Lake,
    folder: &Path,
    faults: &Faults,
    (feed, header): (&str, &str),
    persons: &HashMap<i64, String>,
    today: Day,
) -> Result<Line> {
    let doubts = doubts(record)?;
    let mut line = Line::default();
    for (batch, month, file) in batches(record, feed)? {
        let cells = numbers(folder, &month, &file, header)?;
        let truth = |row: i64| -> Option<String> {
            let at = u64::try_from(row & 0xFFFF_FFFF).ok()?;
            let cell = cells.get(usize::try_from(at).ok()?.checked_sub(1)?)?;
            Some(faults.number(&month, &file, at, cell, today))
        };
        let mut find = record.prepare(
            "select path from lake_manifest where kind = ?1 and cause = ?2 and state = 'live'",
        )?;
        let kind = format!("link-{feed}");
        let paths = find.query_map([kind, batch.to_string()], |row| row.get::<_, String>(0))?;
        for path in paths {
            let sheet = lake.read(&path?)?;
            for (row, person) in sheet.ints("row_id").iter().zip(sheet.ints("person_id")) {
                let Some(row) = *row else { continue };
                line.rows = line.rows.saturating_add(1);
                let right = |person: i64| persons.get(&person) == truth(row).as_ref();
                match (person, doubts.get(&row)) {
                    (Some(person), _) => {
                        line.certain = line.certain.saturating_add(1);
                        line.wrong = line.wrong.saturating_add(u64::from(!right(*person)));
                    }
                    (None, Some(first)) => {
                        line.doubtful = line.doubtful.saturating_add(1);
                        let right = u64::from(right(*first));
                        line.first_is_right = line.first_is_right.saturating_add(right);
                    }
                    (None, None) => line.nobody = line.nobody.saturating_add(1),
                }
            }
        }
    }
    Ok(line)
}

/// Rows in doubt with the likeliest person.
fn doubts(record: &Connection) -> Result<BTreeMap<i64, i64>> {
    let mut find = record.prepare("select row_id, candidates from doubtful_link")?;
    let rows = find.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
    let mut all = BTreeMap::new();
    for row in rows {
        let (id, candidates): (i64, String) = row?;
        let first = candidates.split(',').next().and_then(|c| c.parse().ok());
        all.insert(id, first.unwrap_or(0));
    }
    Ok(all)
}

impl Line {
    fn add(&mut self, other: &Self) {
        let sums = [
            (&mut self.rows, other.rows),
            (&mut self.certain, other.certain),
            (&mut self.wrong, other.wrong),
            (&mut self.doubtful, other.doubtful),
            (&mut self.first_is_right, other.first_is_right),
            (&mut self.nobody, other.nobody),
        ];
        for (sum, more) in sums {
            *sum = sum.saturating_add(more);
        }
    }

    fn print(&self, feed: &str) {
        println!(
            "{feed:<18}{:>9}{:>9}{:>7}{:>10}{:>14}{:>9}",
            self.rows, self.certain, self.wrong, self.doubtful, self.first_is_right, self.nobody
        );
    }
}
