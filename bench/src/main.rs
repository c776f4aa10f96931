//! Measures what the product does in bulk, as ratios against other programs in the same run.
//!
//! A subcommand a question; every contender is a child process, so that processor time and memory
//! are its own. It judges nothing itself and is no part of the product.

mod county;
mod dibao;
mod differential;
mod first_run;
mod household;
mod import;
mod load;
mod measure;
mod payments;
mod phases;
mod programmes;
mod simulate;
mod texts;
mod truth;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Measures the product against other programs, in the same run.")]
struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The peers' fixed rule set, written in the rule language, file to file or in memory.
    Dibao(dibao::Options),
    /// A department's file through the product's intake, against DuckDB's CSV reader.
    Import(import::Options),
    /// One household judged and explained; files parsed and checked; against ZEN.
    Household(household::Options),
    /// Both evaluators on very many random persons.
    Differential(differential::Options),
    /// Every programme for a whole county, results with reasons to Parquet.
    AllProgrammes(programmes::Options),
    /// A trial of two scenarios on everybody of a county.
    Simulate(simulate::Options),
    /// A month of payments: 100,000 lines prepared, checked, sealed.
    Payments(payments::Options),
    /// The pages of a county at work: 300 officials, 50 pages a second.
    Load(load::Options),
    /// What the warnings of a demo folder found of what was planted.
    Truth(truth::Options),
    /// From a clean clone to the first page.
    FirstRun(first_run::Options),
}

fn main() -> anyhow::Result<()> {
    match Bench::parse().what {
        What::Dibao(options) => dibao::run(&options),
        What::Import(options) => import::run(&options),
        What::Household(options) => household::run(&options),
        What::Differential(options) => differential::run(&options),
        What::AllProgrammes(options) => programmes::run(&options),
        What::Simulate(options) => simulate::run(&options),
        What::Payments(options) => payments::run(&options),
        What::Load(options) => load::run(&options),
        What::Truth(options) => truth::run(&options),
        What::FirstRun(options) => first_run::run(&options),
    }
}
