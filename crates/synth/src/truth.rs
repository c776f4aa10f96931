//! What is true, beside what the departments write: persons, households month by month.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::calendar::{MonthNo, day_text, month_text};
use crate::error::Error;
use crate::feeds::household_no;
use crate::people::{Family, Person};
use crate::sink::{make_dir, yuan_text};

/// The truth files.
pub(crate) struct Truth {
    persons: csv::Writer<File>,
    households: csv::Writer<File>,
    folder: PathBuf,
}

/// A household's income in a month as fault-free feeds carry it, fen a year.
#[derive(Default, Clone, Copy)]
pub(crate) struct Means {
    /// Persons.
    pub(crate) members: i64,
    /// Twelve times the month's declared wages.
    pub(crate) wage: i64,
    /// Twelve times the month's pensions.
    pub(crate) pension: i64,
    /// Business.
    pub(crate) business: i64,
    /// Property.
    pub(crate) property: i64,
    /// Farm subsidies.
    pub(crate) subsidy: i64,
    /// Known to nobody.
    pub(crate) hidden: i64,
}

impl Means {
    /// Everything the feeds carry.
    pub(crate) fn known(&self) -> i64 {
        self.wage + self.pension + self.business + self.property + self.subsidy
    }
}

/// Adds up a household in a month.
pub(crate) fn means(family: &Family, home: usize, month: MonthNo) -> Means {
    let mut m = Means::default();
    for (_, p) in family.members(home).filter(|(_, p)| p.counts_in(month)) {
        m.members += 1;
        m.wage += p.job_in(month).map_or(0, |j| j.wage_fen * 12);
        m.pension += p.pension.map_or(0, |x| x.monthly_fen * 12);
        if p.joined.is_none() {
            // The yearly list was sent before newcomers came.
            m.business += p.business_fen;
            m.property += p.property_fen;
            m.subsidy += p.subsidy_fen;
        }
        m.hidden += p.hidden_fen;
    }
    m
}

impl Truth {
    /// Opens the truth files.
    pub(crate) fn open(out: &Path) -> Result<Self, Error> {
        let folder = out.join("truth");
        make_dir(&folder)?;
        let mut truth = Self {
            persons: writer(&folder.join("persons.csv"))?,
            households: writer(&folder.join("households.csv"))?,
            folder,
        };
        truth.person_row([
            "person_no",
            "id_number",
            "name",
            "sex",
            "birth",
            "household_no",
            "relation",
            "father_no",
            "mother_no",
            "spouse_no",
            "death",
            "moved_out",
            "disability",
            "hidden_income",
            "situations",
        ])?;
        truth.household_row([
            "household_no",
            "month",
            "urban",
            "members",
            "wage_year",
            "pension_year",
            "business_year",
            "property_year",
            "subsidy_year",
            "hidden_year",
            "per_capita_month_numerator_fen",
            "per_capita_month_denominator",
        ])?;
        Ok(truth)
    }

    fn person_row(&mut self, cells: [&str; 15]) -> Result<(), Error> {
        self.persons
            .write_record(cells)
            .map_err(|e| Error::csv(&self.folder.join("persons.csv"), e))
    }

    fn household_row(&mut self, cells: [&str; 12]) -> Result<(), Error> {
        let path = || self.folder.join("households.csv");
        self.households
            .write_record(cells)
            .map_err(|e| Error::csv(&path(), e))
    }

    /// Writes a family.
    pub(crate) fn write(&mut self, family: &Family, months: &[MonthNo]) -> Result<(), Error> {
        for p in &family.people {
            self.person(family, p)?;
        }
        for (home, h) in family.households.iter().enumerate() {
            for month in months {
                let m = means(family, home, *month);
                if m.members == 0 {
                    continue;
                }
                self.household_row([
                    &household_no(h.no),
                    &month_text(*month),
                    if h.urban { "1" } else { "0" },
                    &m.members.to_string(),
                    &yuan_text(m.wage),
                    &yuan_text(m.pension),
                    &yuan_text(m.business),
                    &yuan_text(m.property),
                    &yuan_text(m.subsidy),
                    &yuan_text(m.hidden),
                    &m.known().to_string(),
                    &(m.members * 12).to_string(),
                ])?;
            }
        }
        Ok(())
    }

    fn person(&mut self, family: &Family, p: &Person) -> Result<(), Error> {
        let home = p.home.and_then(|home| family.households.get(home));
        let no = |at: Option<usize>| {
            at.and_then(|at| family.person(at))
                .map_or(String::new(), |k| k.no.to_string())
        };
        self.person_row([
            &p.no.to_string(),
            p.id.as_str(),
            &p.name,
            p.sex.word(),
            &day_text(p.birth),
            &home.map_or(String::new(), |h| household_no(h.no)),
            p.relation,
            &no(p.father),
            &no(p.mother),
            &no(p.spouse),
            &p.death.map_or(String::new(), |d| day_text(d.day)),
            &p.moved_out.map_or(String::new(), month_text),
            &p.card
                .map_or(String::new(), |c| format!("{}{}", c.category, c.grade)),
            &yuan_text(p.hidden_fen),
            &p.situations.join(";"),
        ])
    }

    /// Ends the files.
    pub(crate) fn close(mut self) -> Result<(), Error> {
        self.persons
            .flush()
            .map_err(|e| Error::io(&self.folder, e))?;
        self.households
            .flush()
            .map_err(|e| Error::io(&self.folder, e))
    }
}

fn writer(path: &Path) -> Result<csv::Writer<File>, Error> {
    csv::Writer::from_path(path).map_err(|e| Error::csv(path, e))
}
