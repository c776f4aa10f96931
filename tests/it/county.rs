//! A county of invented persons in a temporary folder, and the office that receives its files.

use crate::kept;
use domain::Month;
use office::intake::{Intake, Received, workbook};
use office::monitoring::{self, MonthRun};
use office::{Clock, Database, Office, Setting};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

pub(crate) const PERSONS: u64 = 2_000;

/// The demo's moment.
pub(crate) const NOW: &str = "2026-09-14T09:00";

/// The departments' files, and what is true.
pub(crate) struct County {
    pub(crate) folder: TempDir,
}

/// Whether the departments damage their files.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Faults {
    Planted,
    None,
}

impl County {
    /// Invents the county. Workbooks are turned into CSV: the child that opens them is the program's.
    pub(crate) fn new(faults: Faults) -> Self {
        Self::of(PERSONS, faults)
    }

    /// The same with as many persons as a test needs.
    pub(crate) fn of(persons: u64, faults: Faults) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = synth::Config::new(folder.path().join("county"));
        config.persons = persons;
        config.faults = faults == Faults::Planted;
        synth::generate(&config, &mut |_, _, _| {}).unwrap();
        let county = Self { folder };
        for file in county.files("xlsx") {
            workbook::to_csv(&file, File::create(file.with_extension("csv")).unwrap()).unwrap();
            std::fs::remove_file(&file).unwrap();
        }
        county
    }

    pub(crate) fn feeds(&self) -> PathBuf {
        self.folder.path().join("county/feeds")
    }

    /// The feeds' files of an ending, in order.
    pub(crate) fn files(&self, ending: &str) -> Vec<PathBuf> {
        let months = std::fs::read_dir(self.feeds()).unwrap();
        let of_month =
            |month: PathBuf| std::fs::read_dir(month).unwrap().map(|e| e.unwrap().path());
        let all = months.flat_map(|m| of_month(m.unwrap().path()));
        let mut files: Vec<PathBuf> = all
            .filter(|f| f.extension().is_some_and(|e| e == ending))
            .collect();
        files.sort();
        files
    }

    /// A CSV file of the truth, its rows as maps would be too slow to read: header and rows.
    pub(crate) fn truth(&self, name: &str) -> Table {
        Table::read(&self.folder.path().join("county/truth").join(name))
    }

    /// A feed's file of a month.
    pub(crate) fn feed(&self, month: &str, name: &str) -> Table {
        Table::read(&self.feeds().join(month).join(format!("{name}.csv")))
    }

    /// Heads of households of a place who are grown up, well numbered and on no roll: name, number, book.
    pub(crate) fn heads(&self, place: &str) -> Vec<[String; 3]> {
        let roll = self.feed("2026-08", "roll");
        let helped: BTreeSet<&str> = roll.columns(["户编号"]).into_iter().map(|[b]| b).collect();
        let register = self.feed("2026-08", "register");
        let columns = [
            "姓名",
            "身份证号",
            "户号",
            "与户主关系",
            "居住地区",
            "登记状态",
            "出生日期",
        ];
        let rows = register.columns(columns).into_iter();
        let fits = rows.filter(|[_, number, book, relation, area, state, birth]| {
            *relation == "户主"
                && area.starts_with(place)
                && *state == "在册"
                && number.len() == 18
                && *birth < "1990"
                && !helped.contains(book)
        });
        fits.map(|[name, number, book, ..]| [name, number, book].map(str::to_owned))
            .collect()
    }

    /// Writes a feed's file of a month anew, after somebody changed its rows.
    pub(crate) fn rewrite(&self, month: &str, name: &str, edit: impl FnOnce(&mut Table)) {
        let path = self.feeds().join(month).join(format!("{name}.csv"));
        let mut table = Table::read(&path);
        edit(&mut table);
        table.write(&path);
    }

    /// An office in a folder beside the county.
    pub(crate) async fn office(&self, name: &str) -> Office {
        Office::open(self.setting(name)).await.unwrap()
    }

    /// An office that has received everything.
    pub(crate) async fn received(&self, setting: Setting) -> Office {
        let make = async |office: &Arc<Office>, _: &Path| {
            self.receive(office).await;
        };
        kept::office(self, setting, "received", make).await
    }

    /// The same, and every month is judged.
    pub(crate) async fn judged(&self, setting: Setting) -> Office {
        let make = async |office: &Arc<Office>, _: &Path| {
            self.receive(office).await;
            run_months(office).await;
        };
        kept::office(self, setting, "judged", make).await
    }

    /// How an office in a folder beside the county is opened, its clock at the demo's moment.
    pub(crate) fn setting(&self, name: &str) -> Setting {
        setting(&self.folder.path().join(name), Database::Sqlite, NOW)
    }

    /// Receives everything.
    pub(crate) async fn receive(&self, office: &Office) -> Vec<Received> {
        office
            .load_areas(&self.folder.path().join("county/areas.csv"))
            .await
            .unwrap();
        Intake::new(office)
            .receive_folder(&self.feeds(), |_, _, _| {})
            .await
            .unwrap()
    }
}

/// The program's own rules in the demo's county, with a clock that is moved by hand from a moment on.
pub(crate) fn setting(folder: &Path, database: Database, moment: &str) -> Setting {
    Setting {
        folder: folder.to_owned(),
        database,
        rulebook: None,
        locality: "demo".to_owned(),
        clock: Clock::fixed(moment).unwrap().by_hand(),
    }
}

/// An office whose clock stands at the demo's moment.
pub(crate) async fn open(folder: &Path, database: Database) -> Office {
    Office::open(setting(folder, database, NOW)).await.unwrap()
}

/// Runs every month there is a register for.
pub(crate) async fn run_months(office: &Office) -> Vec<(Month, MonthRun)> {
    let mut runs = Vec::new();
    for month in monitoring::months(office).await.unwrap() {
        runs.push((
            month,
            monitoring::run_month(office, month, |_| {}).await.unwrap(),
        ));
    }
    runs
}

/// A table of words.
pub(crate) struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads a file in either of the encodings the departments use.
    pub(crate) fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(other) => encoding_rs::GB18030.decode(other.as_bytes()).0.into_owned(),
        };
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.trim_start_matches('\u{FEFF}').as_bytes());
        let mut rows: Vec<Vec<String>> = reader
            .records()
            .map(|r| r.unwrap().iter().map(str::to_owned).collect())
            .collect();
        let header = rows.remove(0);
        Self { header, rows }
    }

    /// Writes it as a file.
    pub(crate) fn write(&self, path: &Path) {
        let mut writer = csv::Writer::from_path(path).unwrap();
        writer.write_record(&self.header).unwrap();
        for row in &self.rows {
            writer.write_record(row).unwrap();
        }
        writer.flush().unwrap();
    }

    /// Keeps the rows whose cells fit.
    pub(crate) fn keep(&mut self, fits: impl Fn(&[String]) -> bool) {
        self.rows.retain(|row| fits(row));
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    fn place(&self, column: &str) -> usize {
        self.header
            .iter()
            .position(|h| h == column)
            .unwrap_or_else(|| panic!("no column {column}"))
    }

    /// The cells of some columns, row by row.
    pub(crate) fn columns<const N: usize>(&self, names: [&str; N]) -> Vec<[&str; N]> {
        let places = names.map(|n| self.place(n));
        self.rows
            .iter()
            .map(|r| places.map(|p| r.get(p).map_or("", String::as_str)))
            .collect()
    }

    /// Writes a cell by its data row, from 1.
    pub(crate) fn set(&mut self, row: usize, column: &str, word: &str) {
        let place = self.place(column);
        self.rows[row - 1][place] = word.to_owned();
    }

    /// Gives every row a cell under every head.
    pub(crate) fn square(&mut self) {
        let wide = self.header.len();
        for row in &mut self.rows {
            row.resize(wide, String::new());
        }
    }

    /// Leaves out the rows whose cell is one of some words.
    pub(crate) fn leave_out(&mut self, column: &str, words: &BTreeSet<String>) {
        let place = self.place(column);
        self.rows.retain(|row| !words.contains(&row[place]));
    }

    /// Leaves out every row.
    pub(crate) fn keep_only_header(&mut self) {
        self.rows.clear();
    }

    /// One more row: as the first one but for some cells, empty but for them where there is none.
    pub(crate) fn add_row(&mut self, cells: &[(&str, &str)]) {
        let empty = || vec![String::new(); self.header.len()];
        let mut row = self.rows.first().cloned().unwrap_or_else(empty);
        for (column, word) in cells {
            row[self.place(column)] = (*word).to_owned();
        }
        self.rows.push(row);
    }

    /// A cell by its data row, from 1.
    pub(crate) fn cell(&self, row: usize, column: &str) -> &str {
        &self.rows[row - 1][self.place(column)]
    }
}
