//! Bars for long work: drawn on stderr when a person watches, one quiet line a step otherwise.

use crate::say;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// One step of long work.
pub struct Step {
    bar: Option<ProgressBar>,
    name: String,
    began: Instant,
}

impl Step {
    /// Begins a step.
    pub fn begin(name: &str) -> Self {
        let watched = std::io::stderr().is_terminal();
        let bar = watched.then(|| {
            let bar = ProgressBar::new_spinner().with_message(name.to_owned());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self {
            bar,
            name: name.to_owned(),
            began: Instant::now(),
        }
    }

    /// How far it is, and with what.
    pub fn at(&self, done: u64, all: u64, what: &str) {
        let Some(bar) = &self.bar else { return };
        if bar.length() != Some(all) {
            let style =
                ProgressStyle::with_template("{msg} {wide_bar:.cyan} {human_pos}/{human_len}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_length(all);
        }
        bar.set_position(done);
        let message = if what.is_empty() {
            self.name.clone()
        } else {
            format!("{} {what}", self.name)
        };
        bar.set_message(message);
    }

    /// What it is busy with.
    pub fn with(&self, what: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{} {what}", self.name));
        }
    }

    /// Ends it and says what came of it.
    pub fn done(self, result: &str) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        say::aside(format!(
            "{}  {result}  {:.1} 秒",
            self.name,
            self.began.elapsed().as_secs_f64()
        ));
    }
}
