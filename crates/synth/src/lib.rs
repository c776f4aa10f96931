//! A synthetic county with known truth, and its departments' feeds.
//!
//! Built from published aggregate figures, family by family, so that ten million persons need no
//! more memory than one. The same seed gives the same bytes. Never reads the rules of the product:
//! what is entitled and what is not stands in the truth files as facts, not as verdicts.

mod areas;
mod assets;
mod bank;
mod calendar;
mod compare;
mod departments;
mod dice;
mod error;
mod events;
mod family;
mod faults;
mod feeds;
mod figures;
mod health;
mod income;
mod local;
mod names;
mod numbers;
mod official;
mod people;
mod programmes;
mod services;
mod sink;
mod truth;

use std::path::PathBuf;

use domain::Month;

pub use bank::{BankFault, BankReply, bank_answer};
pub use compare::Comparison;
pub use departments::department_answer;
pub use error::Error;
pub use local::local;

use areas::{Areas, county_code};
use dice::{Dice, Stream};
use family::World;
use feeds::Pen;
use people::Family;

/// Vehicles come as a workbook up to so many persons, about 500,000 rows; a sheet ends at 1,048,576.
const WORKBOOK_PERSONS: u64 = 2_400_000;
/// Every feed of every month is an open file; systems allow about a thousand.
const MONTHS_MAX: usize = 40;

/// What writes what some departments know of a family in a month.
type Department = fn(&mut Pen<'_>, &Family) -> Result<(), Error>;
/// Those who write, each with a stream of damage of its own: a new one changes no file of the others.
const DEPARTMENTS: [(Stream, Department); 3] = [
    (Stream::Faults, feeds::write),
    (Stream::ServiceFaults, feeds::write_services),
    (Stream::ProgrammeFaults, feeds::write_programmes),
];

/// What to generate.
#[derive(Clone, Debug)]
pub struct Config {
    /// Living residents at the beginning of the first month.
    pub persons: u64,
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// The observed months, in order.
    pub months: Vec<Month>,
    /// Folder for `feeds`, `truth` and `areas.csv`.
    pub out: PathBuf,
    /// Whether the departments damage their files.
    pub faults: bool,
    /// In how many counties they live; without it a county is begun for every 120,000.
    pub counties: Option<u64>,
}

impl Config {
    /// The demo county: 20,000 persons, June to August 2026, with faults.
    #[must_use]
    pub fn new(out: PathBuf) -> Self {
        let months = (6..=8).filter_map(|m| Month::new(2026, m)).collect();
        Self {
            persons: 20_000,
            seed: 990_101,
            months,
            out,
            faults: true,
            counties: None,
        }
    }
}

/// What was generated.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Living residents at the end of the first month.
    pub persons: u64,
    /// Households with a living member.
    pub households: u64,
    /// Rows by feed id and month.
    pub rows: Vec<(String, Month, u64)>,
    /// Planted faults by kind.
    pub faults: Vec<(String, u64)>,
    /// Planted situations by name: the dead still paid, the never found, and so on.
    pub situations: Vec<(String, u64)>,
    /// Figures against published ones, as in truth/comparison.md.
    pub comparison: Vec<Comparison>,
}

/// 生成合成数据: writes the county under `config.out`.
///
/// `progress` hears what is being done, how far it is and how far it goes.
///
/// # Errors
///
/// When the months are not in order, the persons too many, the counties too few or too many for them, or a
/// file cannot be written.
pub fn generate(
    config: &Config,
    progress: &mut dyn FnMut(&str, u64, u64),
) -> Result<Summary, Error> {
    let months: Vec<i32> = config.months.iter().map(|m| m.index()).collect();
    if months.is_empty()
        || months.len() > MONTHS_MAX
        || months.windows(2).any(|w| matches!(w, [a, b] if a >= b))
    {
        return Err(Error::Months);
    }
    let most = 99 * 89 * figures::COUNTY_PERSONS;
    if config.persons == 0 || config.persons > most {
        return Err(Error::Persons {
            given: config.persons,
            most,
        });
    }
    let counties = counties(config)?;
    sink::make_dir(&config.out)?;
    let areas = Areas::load();
    let path = config.out.join("areas.csv");
    std::fs::write(&path, areas.table(counties)).map_err(|e| Error::io(&path, e))?;
    let mut world = World {
        names: names::Names::load(),
        areas,
        issuer: numbers::Issuer::new(county_code(0)),
        months,
        next_person: 1,
        next_household: 1,
        namesake: None,
    };
    let mut sink = sink::Sink::open(
        &config.out,
        &world.months,
        config.faults,
        config.persons <= WORKBOOK_PERSONS,
    )?;
    write_prices(&world, &mut sink, counties)?;
    let tally = populate(config, &mut world, &mut sink, counties, progress)?;
    let written = sink.close()?;
    progress("写出文件", 1, 1);
    let summary = Summary {
        persons: tally.persons(),
        households: tally.households(),
        rows: written
            .rows
            .into_iter()
            .filter_map(|(feed, m, n)| Some((feed.to_owned(), Month::from_index(m)?, n)))
            .collect(),
        faults: written
            .faults
            .into_iter()
            .map(|(k, n)| (k.to_owned(), n))
            .collect(),
        situations: tally.situations(),
        comparison: tally.compare(),
    };
    let path = config.out.join("truth").join("comparison.md");
    std::fs::write(&path, compare::page(&summary)).map_err(|e| Error::io(&path, e))?;
    Ok(summary)
}

/// In how many counties the persons live.
fn counties(config: &Config) -> Result<u64, Error> {
    let usual = config.persons.div_ceil(figures::COUNTY_PERSONS);
    let given = config.counties.unwrap_or(usual);
    let fewest = config.persons.div_ceil(figures::LARGE_COUNTY_PERSONS);
    let most = (99 * 89).min(config.persons);
    if (fewest..=most).contains(&given) {
        Ok(given)
    } else {
        Err(Error::Counties {
            given,
            fewest,
            most,
        })
    }
}

/// Generates family after family until the county is full, writing each at once.
fn populate(
    config: &Config,
    world: &mut World,
    sink: &mut sink::Sink,
    counties: u64,
    progress: &mut dyn FnMut(&str, u64, u64),
) -> Result<compare::Tally, Error> {
    let mut truth = truth::Truth::open(&config.out)?;
    let mut tally = compare::Tally::default();
    let row = &mut sink::Row::default();
    let share = config.persons.div_ceil(counties);
    let (mut number, mut county) = (0u64, 0u64);
    while tally.persons() < config.persons {
        if tally.persons() >= share * (county + 1) {
            county += 1;
            world.issuer.enter(county_code(county));
        }
        let family = live(world, config.seed, number, county_code(county));
        tally.add(&family, world.first_month(), world.last_month());
        truth.write(&family, &world.months)?;
        for (stream, write) in DEPARTMENTS {
            let dice = &mut Dice::new(config.seed, stream, number);
            months(world, sink, (dice, row), |pen| write(pen, &family))?;
        }
        number += 1;
        if number.is_multiple_of(500) {
            progress(
                "生成家庭",
                tally.persons().min(config.persons),
                config.persons,
            );
        }
    }
    progress("生成家庭", config.persons, config.persons);
    truth.close()?;
    Ok(tally)
}

/// One family's whole story: structure, fate, health, income, property, roll, changes, bills.
fn live(world: &mut World, seed: u64, number: u64, county: i32) -> Family {
    let dice = &mut Dice::new(seed, Stream::Truth, number);
    let mut family = family::build(world, dice, county);
    health::befall(world, dice, &mut family);
    events::fate(world, dice, &mut family);
    income::provide(world, dice, &mut family);
    assets::endow(world, dice, &mut family);
    health::settle(world, dice, &mut family);
    official::decide(world, dice, &mut family);
    events::changes(world, dice, &mut family);
    official::close(dice, &mut family);
    services::serve(world, seed, number, &mut family);
    programmes::keep(world, seed, number, &mut family);
    family
}

fn write_prices(world: &World, sink: &mut sink::Sink, counties: u64) -> Result<(), Error> {
    let dice = &mut Dice::new(0, Stream::Faults, u64::MAX);
    let row = &mut sink::Row::default();
    months(world, sink, (dice, row), |pen| {
        feeds::price_index(pen, counties)
    })
}

/// Writes with one stream of damage, month after month.
fn months(
    world: &World,
    sink: &mut sink::Sink,
    (dice, row): (&mut Dice, &mut sink::Row),
    mut write: impl FnMut(&mut Pen<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    for (at, month) in world.months.iter().copied().enumerate() {
        write(&mut Pen {
            world,
            sink,
            dice,
            row,
            at,
            month,
        })?;
    }
    Ok(())
}
