//! What the warnings of a demo folder found of what was planted in its county.
//!
//! The truth files say who carries which situation; a person of the record is tied to the truth by
//! the register's row that made the record, a household by its number. A situation that no file
//! tells of cannot be found by any rule, so the dead still paid are also told apart by what came.

mod links;

use anyhow::{Context, Result};
use rusqlite::{Connection, OpenFlags};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// Which folder.
#[derive(clap::Args)]
pub struct Options {
    /// A folder that `doudi demo` made.
    #[arg(long)]
    data: PathBuf,
}

/// What is planted, and the warnings that may find it.
const PLANTED: [(&str, &[&str]); 9] = [
    ("dead-still-paid", &["paid_after_death"]),
    ("never-applied", &["entitled_not_receiving"]),
    ("tekun-never-applied", &["entitled_not_receiving"]),
    ("income-not-seen", &["receiving_not_entitled"]),
    ("new-job", &["receiving_not_entitled", "income_rise"]),
    ("inheritance", &["receiving_not_entitled"]),
    ("new-car", &["receiving_not_entitled", "vehicle_over_limit"]),
    (
        "duplicated-over-two-households",
        &["dibao_in_two_households"],
    ),
    ("regraded", &["disability_grade_changed"]),
];

/// A person of the truth.
struct Person {
    household: String,
    death: String,
    situations: BTreeSet<String>,
}

/// An open warning: its rule, the household's number, the id number of the person.
struct Warning {
    rule: String,
    household: Option<String>,
    person: Option<String>,
}

/// Everything, by id number.
struct County {
    month: String,
    truth: BTreeMap<String, Person>,
    warnings: Vec<Warning>,
    folder: PathBuf,
}

/// Compares and prints.
pub fn run(options: &Options) -> Result<()> {
    let county = County::read(&options.data)?;
    println!(
        "month {}: {} persons in the truth, {} warnings open",
        county.month,
        county.truth.len(),
        county.warnings.len()
    );
    println!(
        "\n{:<32}{:>9}{:>8}{:>9}  by",
        "planted, doors", "planted", "found", "share"
    );
    for (situation, rules) in PLANTED {
        let (planted, found) = county.found(situation, rules);
        let share = share(found, planted);
        let rules = rules.join(" or ");
        println!("{situation:<32}{planted:>9}{found:>8}{share:>9}  {rules}");
    }
    println!(
        "\n{:<26}{:>8}{:>18}{:>9}",
        "warning", "open", "planted cause", "share"
    );
    let rules: BTreeSet<&str> = county.warnings.iter().map(|w| w.rule.as_str()).collect();
    for rule in rules {
        let (open, caused) = county.caused(rule);
        println!("{rule:<26}{open:>8}{caused:>18}{:>9}", share(caused, open));
    }
    county.the_dead()?;
    let path = options.data.join("doudi.db");
    let record = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    links::run(&record, &options.data)
}

fn share(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    let tenths = part.saturating_mul(1_000).div_euclid(whole);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

impl County {
    fn read(data: &Path) -> Result<Self> {
        let folder = data.join("county");
        let mut truth = BTreeMap::new();
        for [number, household, death, situations] in columns(
            &folder.join("truth/persons.csv"),
            ["id_number", "household_no", "death", "situations"],
        )? {
            let situations = situations.split(';').filter(|s| !s.is_empty());
            let person = Person {
                household,
                death,
                situations: situations.map(str::to_owned).collect(),
            };
            truth.insert(number, person);
        }
        let path = data.join("doudi.db");
        let record = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .with_context(|| path.display().to_string())?;
        let numbers = numbers(&record, &folder)?;
        let (month, warnings) = warnings(&record, &numbers)?;
        Ok(Self {
            month,
            truth,
            warnings,
            folder,
        })
    }

    /// How many doors a situation is planted at, and how many of them have one of the warnings.
    fn found(&self, situation: &str, rules: &[&str]) -> (usize, usize) {
        let carries = |p: &&Person| p.situations.contains(situation);
        let carriers = self.truth.values().filter(carries);
        let planted: BTreeSet<&str> = carriers.map(|p| p.household.as_str()).collect();
        let warned = self
            .warnings
            .iter()
            .filter(|w| rules.contains(&w.rule.as_str()));
        let warned: BTreeSet<&str> = warned.filter_map(|w| self.door(w)).collect();
        (planted.len(), planted.intersection(&warned).count())
    }

    fn door<'a>(&'a self, warning: &'a Warning) -> Option<&'a str> {
        let of_person = || {
            let person = self.truth.get(warning.person.as_ref()?)?;
            Some(person.household.as_str())
        };
        warning.household.as_deref().or_else(of_person)
    }

    /// Open warnings of a rule, and those at a door where something was planted that it is for; of
    /// the dead, those who are dead.
    fn caused(&self, rule: &str) -> (usize, usize) {
        let for_it: BTreeSet<&str> = PLANTED
            .iter()
            .filter(|(_, of)| of.contains(&rule))
            .map(|(situation, _)| *situation)
            .collect();
        let doors: BTreeSet<&str> = self
            .truth
            .values()
            .filter(|p| p.situations.iter().any(|s| for_it.contains(s.as_str())))
            .map(|p| p.household.as_str())
            .collect();
        let of_rule: Vec<&Warning> = self.warnings.iter().filter(|w| w.rule == rule).collect();
        let caused = |warning: &&&Warning| match warning.person.as_ref() {
            Some(number) if rule == "paid_after_death" => {
                let person = self.truth.get(number);
                person.is_some_and(|p| !p.death.is_empty() && p.death < self.month)
            }
            _ => self.door(warning).is_some_and(|door| doors.contains(door)),
        };
        (of_rule.len(), of_rule.iter().filter(caused).count())
    }

    /// The dead still paid, by what a rule could know of them in the month.
    fn the_dead(&self) -> Result<()> {
        let mut reported = BTreeSet::new();
        let mut struck = BTreeSet::new();
        for month in folders(&self.folder.join("feeds"))? {
            if month
                .file_name()
                .is_some_and(|m| *m.to_string_lossy() > *self.month)
            {
                continue;
            }
            let deaths = columns(&month.join("deaths.csv"), ["身份证号"]);
            reported.extend(deaths?.into_iter().map(|[number]| number));
            let register = columns(&month.join("register.csv"), ["身份证号", "登记状态"]);
            let dead = register?.into_iter().filter(|[_, s]| s == "死亡注销");
            struck.extend(dead.map(|[number, _]| number));
        }
        let named: BTreeSet<&str> = self
            .warnings
            .iter()
            .filter(|w| w.rule == "paid_after_death")
            .filter_map(|w| w.person.as_deref())
            .collect();
        let mut kinds: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        let planted = self
            .truth
            .iter()
            .filter(|(_, p)| p.situations.contains("dead-still-paid"));
        for (number, person) in planted {
            let kind = if person.death.starts_with(&self.month) || person.death > self.month {
                "died this month: still paid by right"
            } else if reported.contains(number) {
                "a row in the deaths feed"
            } else if struck.contains(number) {
                "struck off the register, no row in the deaths feed"
            } else {
                "no file tells of it yet"
            };
            let (all, found) = kinds.entry(kind).or_default();
            *all = all.saturating_add(1);
            *found = found.saturating_add(usize::from(named.contains(number.as_str())));
        }
        println!(
            "\nthe dead still paid, by what the files say until {}",
            self.month
        );
        for (kind, (all, found)) in kinds {
            println!("{kind:<54}{all:>6}, found {found}");
        }
        Ok(())
    }
}

/// Id numbers by person of the record: what stands in the register's row that made the record.
fn numbers(record: &Connection, folder: &Path) -> Result<HashMap<i64, String>> {
    let mut batches: HashMap<i64, Vec<String>> = HashMap::new();
    let mut find = record.prepare(
        "select batch_no, period, file_name from feed_batch where feed = 'register' and state = 'applied'",
    )?;
    let mut rows = find.query([])?;
    while let Some(row) = rows.next()? {
        let (period, file): (String, String) = (row.get(1)?, row.get(2)?);
        let path = folder.join("feeds").join(period).join(file);
        let cells = columns(&path, ["身份证号"])?;
        let cells = cells.into_iter().map(|[number]| number).collect();
        batches.insert(row.get(0)?, cells);
    }
    let mut find = record.prepare("select person_id, row_id from person")?;
    let mut rows = find.query([])?;
    let mut numbers = HashMap::new();
    while let Some(row) = rows.next()? {
        let (person, cell): (i64, i64) = (row.get(0)?, row.get(1)?);
        // The number of the batch, then that of the row, from 1.
        let (batch, at) = (cell >> 32, usize::try_from(cell & 0xFFFF_FFFF)?);
        let cells = batches.get(&batch);
        if let Some(number) = cells.and_then(|cells| cells.get(at.checked_sub(1)?)) {
            numbers.insert(person, plain(number));
        }
    }
    Ok(numbers)
}

/// An id number without what a department's clerk put around it.
fn plain(number: &str) -> String {
    let kept = number.chars().filter(|c| c.is_ascii_alphanumeric());
    kept.collect::<String>().to_uppercase()
}

fn warnings(record: &Connection, numbers: &HashMap<i64, String>) -> Result<(String, Vec<Warning>)> {
    let months = "select coalesce(max(month), '') from warning_event";
    let month: String = record.query_row(months, [], |row| row.get(0))?;
    let mut find = record.prepare(
        "select w.rule, h.number, w.person_id, w.entity_kind, w.entity_id from warning w
         left join household h on h.household_id = w.household_id where w.state = 'open'",
    )?;
    let mut rows = find.query([])?;
    let mut warnings = Vec::new();
    while let Some(row) = rows.next()? {
        let (kind, entity): (String, i64) = (row.get(3)?, row.get(4)?);
        let person: Option<i64> = row.get(2)?;
        let person = person.or_else(|| (kind == "个人" || kind == "person").then_some(entity));
        warnings.push(Warning {
            rule: row.get(0)?,
            household: row.get(1)?,
            person: person.and_then(|p| numbers.get(&p)).cloned(),
        });
    }
    Ok((month, warnings))
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut found: Vec<PathBuf> = entries.map(|e| Ok(e?.path())).collect::<Result<_>>()?;
    found.sort();
    Ok(found)
}

/// Some columns of a file in either of the encodings the departments use.
fn columns<const N: usize>(path: &Path, names: [&str; N]) -> Result<Vec<[String; N]>> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(other) => encoding_rs::GB18030.decode(other.as_bytes()).0.into_owned(),
    };
    let text = text.trim_start_matches('\u{FEFF}');
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    let header = reader.headers()?.clone();
    let mut places = [0; N];
    for (place, name) in places.iter_mut().zip(names) {
        let same = |h: &str| h.trim() == name || (name == "身份证号" && h.trim() == "证件号码");
        *place = header
            .iter()
            .position(same)
            .with_context(|| format!("no column `{name}` in {}", path.display()))?;
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record?;
        rows.push(places.map(|p| record.get(p).unwrap_or("").trim().to_owned()));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_however_a_clerk_wrote_it() {
        assert_eq!(plain("'990101 19760731 313x"), "99010119760731313X");
    }

    #[test]
    fn a_share_of_nothing_is_no_share() {
        assert_eq!(
            (share(1, 3), share(0, 0)),
            ("33.3 %".to_owned(), "-".to_owned())
        );
    }
}
