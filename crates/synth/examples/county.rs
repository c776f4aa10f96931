//! 合成一个县: `cargo run -p synth --example county -- <out> [persons] [seed] [months] [faults 1/0]`.
//! Months count from June 2026.

use std::path::PathBuf;
use std::time::Instant;

fn main() -> Result<(), synth::Error> {
    let mut args = std::env::args().skip(1);
    let out = PathBuf::from(args.next().unwrap_or_else(|| "county".to_owned()));
    let mut number = |other: u64| args.next().and_then(|a| a.parse().ok()).unwrap_or(other);
    let mut config = synth::Config::new(out);
    config.persons = number(20_000);
    config.seed = number(990_101);
    let months = i32::try_from(number(3)).unwrap_or(3);
    config.months = (0..months)
        .filter_map(|m| domain::Month::from_index(2026 * 12 + 5 + m))
        .collect();
    config.faults = number(1) == 1;
    let start = Instant::now();
    let summary = synth::generate(&config, &mut |_, _, _| {})?;
    println!(
        "{} 人 {} 户, {:.1?}",
        summary.persons,
        summary.households,
        start.elapsed()
    );
    for (feed, month, rows) in &summary.rows {
        println!("{month} {feed:20} {rows}");
    }
    println!(
        "faults {:?}\nsituations {:?}",
        summary.faults, summary.situations
    );
    for c in &summary.comparison {
        println!(
            "{:44} {:>12.2} {:>12} {}",
            c.figure,
            c.generated,
            format!("{:.2}", c.published),
            c.unit
        );
    }
    Ok(())
}
