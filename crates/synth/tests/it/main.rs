//! The generator against its promises: same bytes, published shares, faults that can be found.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected should stop there"
)]

mod files;
mod programmes;
mod services;
mod shares;

use std::path::Path;

use synth::{Config, Summary, generate};

/// Generates a small county into a folder.
fn county(out: &Path, persons: u64, faults: bool) -> Summary {
    let config = Config {
        persons,
        faults,
        ..Config::new(out.to_path_buf())
    };
    generate(&config, &mut |_, _, _| {}).unwrap()
}
