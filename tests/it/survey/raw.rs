//! The survey's own files, read and counted without any code of the product.

use flate2::read::GzDecoder;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// The folder of the survey's files, or none, said loudly, where it is absent.
pub(crate) fn folder() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let shared = std::env::var("DOUDI_SHARED").unwrap_or_else(|_| "../shared".to_owned());
    let folder = root.join(shared).join("data/microdata");
    if folder.join("pslm2015_members.csv.gz").exists() {
        return folder.canonicalize().ok();
    }
    eprintln!("SKIPPED: {} is absent; set DOUDI_SHARED", folder.display());
    None
}

/// A household as its files tell of it; money in rupees.
#[derive(Default)]
pub(crate) struct Household {
    pub(crate) row: u32,
    pub(crate) province: String,
    pub(crate) spending: i64,
    pub(crate) members: Vec<Member>,
}

pub(crate) struct Member {
    pub(crate) row: u32,
    age: i64,
    birth_year: i64,
    work: Option<i64>,
    pension: Option<i64>,
}

impl Member {
    /// Age and year of birth contradict one another; 99 stands for all who are older.
    pub(crate) fn contradicts(&self) -> bool {
        self.age < 99 && !(2014..=2016).contains(&(self.age + self.birth_year))
    }

    /// Nobody asked under ten, so nothing is missing there.
    fn income_known(&self) -> bool {
        self.age < 10 || self.work.is_some()
    }
}

impl Household {
    /// A row of a member went back: who belongs to the household is not all known.
    pub(crate) fn has_gap(&self) -> bool {
        self.members.iter().any(Member::contradicts)
    }

    pub(crate) fn income_known(&self) -> bool {
        self.members.iter().all(Member::income_known)
    }

    pub(crate) fn declared(&self) -> i64 {
        let of = |m: &Member| m.work.unwrap_or(0) + m.pension.unwrap_or(0);
        self.members.iter().map(of).sum()
    }

    pub(crate) fn spends_over_declared(&self) -> bool {
        2 * self.spending > 3 * self.declared()
    }

    /// A yearly sum of rupees at 6 fen, a head and month, below 181.82 yuan.
    pub(crate) fn is_below_line(&self, rupees: i64) -> bool {
        let heads = i64::try_from(self.members.len()).unwrap();
        rupees * 6 < 18_182 * 12 * heads
    }
}

/// Every household by its number.
pub(crate) fn households(folder: &Path) -> BTreeMap<String, Household> {
    let mut out: BTreeMap<String, Household> = BTreeMap::new();
    for (row, cells) in table(
        folder,
        "pslm2015_households.csv.gz",
        ["hh", "province", "exp_nondurable_total"],
    ) {
        let [number, province, spending] = cells;
        let household = out.entry(number).or_default();
        household.row = row;
        household.province = province;
        household.spending = whole(&spending).unwrap();
    }
    let columns = [
        "hh",
        "age",
        "birth_year",
        "work_income_year",
        "pension_benefit_year",
    ];
    for (row, cells) in table(folder, "pslm2015_members.csv.gz", columns) {
        let [number, age, birth_year, work, pension] = cells;
        out.get_mut(&number).unwrap().members.push(Member {
            row,
            age: whole(&age).unwrap(),
            birth_year: whole(&birth_year).unwrap(),
            work: whole(&work),
            pension: whole(&pension),
        });
    }
    out
}

/// The files write round numbers as `3e+05`; nothing written is no number.
fn whole(text: &str) -> Option<i64> {
    let number: f64 = text.parse().ok()?;
    format!("{number:.0}").parse().ok()
}

fn table<const N: usize>(folder: &Path, name: &str, columns: [&str; N]) -> Vec<(u32, [String; N])> {
    let mut reader =
        csv::Reader::from_reader(GzDecoder::new(File::open(folder.join(name)).unwrap()));
    let header = reader.headers().unwrap().clone();
    let places = columns.map(|c| header.iter().position(|h| h == c).unwrap());
    let cells = |record: csv::StringRecord| places.map(|p| record[p].to_owned());
    (1..)
        .zip(reader.records().map(|r| cells(r.unwrap())))
        .collect()
}
